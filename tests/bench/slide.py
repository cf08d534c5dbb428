"""What a region of a large tiled TIFF costs: `python tests/bench/slide.py`.

A slide of 30208 x 20224 RGB pixels in tiles of 256, with five smaller versions within it, is made by
tifffile in a folder that is removed afterwards; compressed by JPEG where imagecodecs is there, else by
deflate. Told are seconds of CPU and the memory at its peak (medians of three) of `glimpse read --box`
of 512 pixels a side, of a larger box through `--level auto`, and of `glimpse info`, each in a process
of its own.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

ROWS, COLS, TILE, LEVELS = 30208, 20224, 256, 5

MEASURE = """
import os, sys
child = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(child, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss, status >> 8, file=sys.stderr)
"""


def tiles(rows: int, cols: int) -> Iterator[np.ndarray]:
    """Tiles of a picture that is smooth with some noise, as slides are."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 24, (TILE, TILE, 3), dtype=np.uint8)
    for i in range(-(-rows // TILE)):
        for j in range(-(-cols // TILE)):
            yield noise + np.uint8([(40 * i) % 200, (30 * j) % 200, (7 * i * j) % 200])


def make(name: Path) -> str:
    """Write the slide; return how it is compressed."""
    try:
        import imagecodecs  # noqa: F401

        packed: dict[str, object] = {"compression": "jpeg"}
    except ImportError:
        packed = {"compression": "zlib", "compressionargs": {"level": 1}}
    with tifffile.TiffWriter(name, bigtiff=True) as tiff:
        for level in range(LEVELS + 1):
            rows, cols = ROWS >> level, COLS >> level
            more = {"subifds": LEVELS} if level == 0 else {"subfiletype": 1}
            tiff.write(tiles(rows, cols), shape=(rows, cols, 3), dtype=np.uint8, tile=(TILE, TILE),
                       photometric="rgb", **packed, **more)  # fmt: skip
    return str(packed["compression"])


def cost(folder: str, *words: str) -> tuple[float, float, str]:
    """Seconds of CPU, megabytes at the peak, and what was said."""
    command = [sys.executable, "-c", MEASURE, sys.executable, "-m", "glimpse", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    *said, last = done.stderr.splitlines()
    seconds, peak, code = last.split()
    assert code == "0", done.stderr
    return float(seconds), float(peak) / 1024, " ".join([done.stdout.strip(), *said])


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        name = Path(folder, "slide.tif")
        packed = make(name)
        print(f"{ROWS} x {COLS}, {packed}, {os.path.getsize(name) / 1e6:.0f} MB")
        box = ("--box", "9000,14000,512,512")
        for words in (
            ("--version",),
            ("read", "slide.tif", *box, "-o", "crop.png", "--overwrite"),
            (
                "read",
                "slide.tif",
                "--box",
                "4000,6000,8192,8192",
                "-n",
                "256",
                "--level",
                "auto",
                "-o",
                "far.png",
                "--overwrite",
            ),
            ("info", "slide.tif"),
        ):
            runs = sorted(cost(folder, *words) for _ in range(3))
            seconds, peak, said = runs[1]
            print(f"{words[0]:10} {seconds:.2f} s {peak:.0f} MB  {said[:150]}")


if __name__ == "__main__":
    main()
