"""Annotations as a table of boxes, beside a script of Pillow and libvips: `python tests/bench/boxes.py`.

1,000 boxes of random aspect on 20 photographs of 3 MP, each to 64 x 64 pixels, as PNG files. The Pillow
script is what people write: each photograph decoded once, `resize` with the same box and BOX, its filter that
means the same as `--kernel box`. The difference is in 8-bit levels between the patches of both.
"""

import csv
import sys
import tempfile
from pathlib import Path

import numpy as np
from bench import SCENE, command, glimpse, have, interleaved, table
from PIL import Image

PHOTOGRAPHS, BOXES, N, SHAPE = 20, 1000, 64, (1500, 2000)

PEER = """
import csv, itertools, sys
from pathlib import Path
from PIL import Image
out, n = Path(sys.argv[2]), int(sys.argv[3])
out.mkdir()
rows = list(csv.DictReader(open(sys.argv[1])))
for index, row in enumerate(rows):
    if not index or row["image"] != rows[index - 1]["image"]:
        image = Image.open(row["image"]).convert("RGB")
    x, y, w, h = (float(row[name]) for name in ("x", "y", "w", "h"))
    patch = image.resize((n, n), Image.Resampling.BOX, box=(x, y, x + w, y + h))
    patch.save(out / f"{index:05d}.png")
"""
VIPS = """
import csv, subprocess, sys
from pathlib import Path
out, n = Path(sys.argv[2]), sys.argv[3]
out.mkdir()
for index, row in enumerate(csv.DictReader(open(sys.argv[1]))):
    box = [str(round(float(row[name]))) for name in ("x", "y", "w", "h")]
    crop = str(out / "crop.v")
    subprocess.run(["vips", "crop", row["image"], crop, *box], check=True)
    size = [n, "--height", n, "--size", "force"]
    subprocess.run(["vips", "thumbnail", crop, f"{out}/{index:05d}.png", *size], check=True)
"""


def photographs(folder: Path) -> list[Path]:
    """The sample scene, enlarged, with grain, each file another."""
    scene = Image.open(SCENE).convert("RGB").resize(SHAPE[::-1], Image.Resampling.BICUBIC)
    rng = np.random.default_rng(0)
    files = [folder / f"photo{number:02}.jpg" for number in range(PHOTOGRAPHS)]
    for path in files:
        levels = np.asarray(scene) + rng.normal(0, 6, (*SHAPE, 1))
        Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)).save(path, quality=90)
    return files


def boxes(files: list[Path]) -> list[tuple[str, float, float, float, float]]:
    """Boxes of 64 to 1,000 pixels a side, within their photograph, those of a photograph together."""
    rng = np.random.default_rng(1)
    rows = []
    for index in range(BOXES):
        w, h = np.exp(rng.uniform(np.log(64), np.log(1000), 2))
        x, y = rng.uniform(0, SHAPE[1] - w), rng.uniform(0, SHAPE[0] - h)
        rows.append((str(files[index * PHOTOGRAPHS // BOXES]), *(round(float(v), 2) for v in (x, y, w, h))))
    return rows


def difference(ours: Path, theirs: Path) -> str:
    """The mean and the largest difference of the patches, in levels."""
    mean, most = 0.0, 0
    for index in range(BOXES):
        one, other = (np.asarray(Image.open(path / f"{index:05d}.png"), int) for path in (ours, theirs))
        gap = np.abs(one - other)
        mean, most = mean + gap.mean() / BOXES, max(most, int(gap.max()))
    return f"mean {mean:.2f}, at most {most} levels from glimpse's --kernel box"


def main() -> None:
    """Print the time of the whole commands, and how far their patches are apart."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        listed = folder / "boxes.csv"
        with listed.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("image", "x", "y", "w", "h"), *boxes(photographs(folder))])
        count = iter(range(1000))
        last: dict[str, Path] = {}

        def out(key: str) -> Path:
            last[key] = folder / f"out{next(count)}"
            return last[key]

        def ours(key: str, *more: object) -> None:
            words = ("read", "--table", listed, "-n", N, "-q", "-o", f"{out(key)}/{{index:05d}}.png", *more)
            glimpse(*words)()

        calls = {
            "glimpse read --table": lambda: ours("glimpse read --table"),
            "the same, --kernel box": lambda: ours("box", "--kernel", "box"),
            "the same, one .npz": lambda: glimpse(
                "read", "--table", listed, "-n", N, "-q", "-o", f"{out('npz')}.npz"
            )(),
            "Pillow BOX, a script": lambda: command(sys.executable, "-c", PEER, listed, out("pillow"), N)(),
        }
        if have("vips"):
            calls["vips crop and thumbnail"] = lambda: command(
                sys.executable, "-c", VIPS, listed, out("vips"), N
            )()
        times = interleaved(calls, rounds=3)
        notes = {"Pillow BOX, a script": difference(last["box"], last["pillow"])}
        if "vips" in last:
            notes["vips crop and thumbnail"] = difference(last["box"], last["vips"])
    table(
        f"{BOXES:,} boxes of {PHOTOGRAPHS} photographs, {N} x {N} each", times, "glimpse read --table", notes
    )


if __name__ == "__main__":
    main()
