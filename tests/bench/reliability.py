"""The same mishaps to glimpse, ImageMagick and libvips: who loses a file, who says nothing.

    python tests/bench/reliability.py

prints a table in Markdown. The peers are Debian's `imagemagick` and `libvips-tools`; one that is missing is
left out with a message. Each tool crops 30 x 30 pixels of every input into a PNG, as its manual says.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in (".", "hostile", "cli")]
from hostile_files import SECRET, encoded, is_whole, noise, photo  # noqa: E402
from test_hostile_pixels import kinds, levels, with_thumbnail  # noqa: E402

OLD = encoded(photo("L", 5, 7))
Line = Callable[[str, str], list[str]]

GLIMPSE = [sys.executable, "-m", "glimpse", "read"]
SHARP = ["--gx", "14.5", "--gy", "14.5", "--delta", "1", "--sigma", "0.001", "-n", "30"]


def tools() -> dict[str, Line]:
    """How each tool crops one file; those that are installed."""
    found: dict[str, Line] = {"glimpse": lambda a, b: [*GLIMPSE, a, *SHARP, "-q", "--overwrite", "-o", b]}
    magick = shutil.which("magick") or shutil.which("convert")
    if magick and shutil.which("mogrify"):  # another program may be called convert
        found["ImageMagick"] = lambda a, b: [magick, a, "-crop", "30x30+0+0", "+repage", b]
    if vips := shutil.which("vips"):
        found["libvips"] = lambda a, b: [vips, "crop", a, b, "0", "0", "30", "30"]
    for name in {"ImageMagick", "libvips"} - found.keys():
        print(f"{name} is not installed and is left out", file=sys.stderr)
    return found


def run(command: list[str], **options: object) -> int | None:
    """The exit code; None where it is still at it after five seconds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=5, check=False, **options).returncode  # type: ignore[call-overload, no-any-return]
    except subprocess.TimeoutExpired:
        return None


def cut_files(line: Line, kind: str) -> str:
    """Files cut short: how many come out as a picture, with nothing but success told."""
    data, accepted = encoded(photo("RGB", 200, 300), kind), 0
    for share in np.linspace(0.3, 0.95, 20):
        Path("cut.x").write_bytes(data[: int(len(data) * share)])
        os.rename("cut.x", f"cut.{kind.lower()}")
        Path("out.png").unlink(missing_ok=True)
        accepted += run(line(f"cut.{kind.lower()}", "out.png")) == 0 and Path("out.png").exists()
    return f"{accepted} of 20"


def full_disk(line: Line) -> str:
    """The old file after a write onto a full disk."""
    os.mkdir("disk")
    if run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "disk"]):
        return "needs root"
    try:
        Path("large.png").write_bytes(encoded(Image.fromarray(noise(32, 32, 3))))
        Path("disk/out.png").write_bytes(OLD)
        Path("disk/filler").write_bytes(bytes(65536 - 4096 - 8192))
        with open("disk/more", "wb", 0) as more:
            while True:
                try:
                    more.write(bytes(512))
                except OSError:
                    break
        code = run(line("large.png", "disk/out.png"))
        kept = Path("disk/out.png").exists() and Path("disk/out.png").read_bytes() == OLD
        return f"{'kept' if kept else 'lost'}, exit {code}"
    finally:
        run(["umount", "-l", "disk"])


def killed(tool: str) -> str:
    """Half files under the final name after SIGKILL at 30 moments, of a crop as large as its source."""
    half = 0
    Path("large.png").write_bytes(encoded(Image.fromarray(noise(1500, 1500, 3)), compress_level=1))
    magick, vips = shutil.which("magick") or "convert", "vips"
    command = {
        "glimpse": [
            *GLIMPSE,
            "large.png",
            "--slice",
            ":,:",
            "-n",
            "1500",
            "-q",
            "--overwrite",
            "-o",
            "k.png",
        ],
        "ImageMagick": [magick, "large.png", "-crop", "1490x1490+3+3", "+repage", "k.png"],
        "libvips": [vips, "crop", "large.png", "k.png", "3", "3", "1490", "1490"],
    }[tool]
    start = time.perf_counter()
    run(command)
    whole = time.perf_counter() - start
    for share in np.linspace(0.4, 1.0, 30):
        Path("k.png").write_bytes(OLD)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(whole * share)
            process.send_signal(signal.SIGKILL)
        half += not is_whole(Path("k.png").read_bytes())
    return f"{half} of 30"


def collision(tool: str) -> str:
    """Two inputs whose names give one output."""
    os.makedirs("x", exist_ok=True)
    os.makedirs("y", exist_ok=True)
    os.makedirs("z", exist_ok=True)
    for folder, seed in (("x", 1), ("y", 2)):
        Path(folder, "same.png").write_bytes(encoded(photo("RGB", 40, 50, seed)))
    mogrify = [shutil.which("mogrify") or "mogrify"]
    command = {
        "glimpse": [*GLIMPSE, "x/same.png", "y/same.png", "-o", "z/"],
        "ImageMagick": [*mogrify, "-path", "z", "-crop", "30x30+0+0", "x/same.png", "y/same.png"],
        "libvips": ["vipsthumbnail", "x/same.png", "y/same.png", "-o", f"{os.getcwd()}/z/%s.png"],
    }[tool]
    code = run(command)
    made = len(os.listdir("z"))
    return "refused" if code and not made else f"{made} of 2 come out, exit {code}"


def thumbnails(line: Line) -> str:
    """JPEGs with an EXIF thumbnail of the whole: how many crops carry it along."""
    leaks = 0
    for seed in range(20):
        Path("t.jpg").write_bytes(with_thumbnail(seed))
        assert run(line("t.jpg", "t.png")) == 0
        leaks += SECRET in Path("t.png").read_bytes()
    return f"{leaks} of 20"


def fifo(line: Line) -> str:
    """A pipe under an image's name."""
    os.mkfifo("fifo.png")
    code = run(line("fifo.png", "f.png"))
    return "waits for ever" if code is None else f"exit {code}"


def changed(line: Line) -> str:
    """Kinds of pixels that come out as others with exit 0 and not a word on stderr."""
    upright = {
        name: kind for name, kind in kinds().items() if "orientation" not in name
    }  # peers keep the tag
    silent = 0
    for name, (data, expected, _) in upright.items():
        suffix = "tiff" if data[:2] in (b"II", b"MM") else "ppm" if data[:2] == b"P6" else "png"
        suffix = "gif" if data[:3] == b"GIF" else suffix
        suffix = "jpg" if data[:2] == b"\xff\xd8" else suffix
        Path(f"kind.{suffix}").write_bytes(data)
        Path("k.png").unlink(missing_ok=True)
        command = line(f"kind.{suffix}", "k.png")
        done = subprocess.run([w for w in command if w != "-q"], capture_output=True, check=False)
        if done.returncode or not Path("k.png").exists():
            continue
        found = levels(Path("k.png").read_bytes())
        told = b"converted" in done.stderr or b"read as 8" in done.stderr or b"arning" in done.stderr
        silent += not told and not as_expected(found, expected, name)
    return f"{silent} of {len(upright)}"


def as_expected(found: np.ndarray, expected: np.ndarray | None, name: str) -> bool:
    """The same picture, whatever the mode that it is written in."""
    if expected is None:  # numbers without a black and white were taken for levels, or guessed
        return False
    part = expected[:30, :30]
    found, part = (a[..., None] if a.ndim == 2 else a for a in (found, part))
    if found.dtype == np.uint16 and part.dtype == np.uint8:
        part = part.astype(np.uint16) * 257
    if found.dtype != part.dtype or found.shape[:2] != part.shape[:2]:
        return False
    colour = lambda a: np.broadcast_to(a[..., :1] if a.shape[2] < 3 else a[..., :3], (30, 30, 3)).astype(int)  # noqa: E731
    alpha = lambda a: a[..., -1] if a.shape[2] in (2, 4) else np.full((30, 30), np.iinfo(a.dtype).max)  # noqa: E731
    seen = alpha(part)[..., None] > 0
    off = np.abs(colour(found) - colour(part)) * seen
    near = off.mean() < 3 if "LAB" in name else off.max() <= 2  # 8 bits of LAB are coarse
    return bool(near and np.array_equal(alpha(found), alpha(part)))


def main() -> None:
    rows: dict[str, dict[str, str]] = {}
    for tool, line in tools().items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            rows[tool] = {
                "a JPEG cut short is taken for a picture": cut_files(line, "JPEG"),
                "a PNG cut short is taken for a picture": cut_files(line, "PNG"),
                "half files after SIGKILL": killed(tool),
                "the old file, when the disk is full": full_disk(line),
                "two inputs for one output": collision(tool),
                "kinds of pixels changed without a word": changed(line),
                "crops that carry the EXIF thumbnail": thumbnails(line),
                "a pipe under an image's name": fifo(line),
            }
            os.chdir("/")
    print("| | " + " | ".join(rows) + " |\n| --- |" + " --- |" * len(rows))
    for case in rows["glimpse"]:
        print(f"| {case} | " + " | ".join(found[case] for found in rows.values()) + " |")


if __name__ == "__main__":
    main()
