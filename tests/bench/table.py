"""Many windows of one picture, from a table: `python tests/bench/table.py`."""

import tempfile
from pathlib import Path

import numpy as np
from bench import SCENE, glimpse, seconds
from PIL import Image

WINDOWS = 10_000


def main() -> None:
    """Print the seconds of the whole command, its 10,000 PNG files included."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        picture, fixations = Path(folder, "picture.jpg"), Path(folder, "fixations.csv")
        Image.open(SCENE).resize((4000, 3000), Image.Resampling.BICUBIC).save(picture, quality=90)
        rows = [f"{row:.2f},{col:.2f}" for row, col in rng.uniform((0, 0), (2999, 3999), (WINDOWS, 2))]
        fixations.write_text("\n".join(["gx,gy", *rows]), encoding="utf-8")
        words = ("--table", fixations, "-n", 25, "--delta", 10, "-o", f"{folder}/patches/", "-q")
        spent = seconds(glimpse("read", picture, *words))
        count = len(list(Path(folder, "patches").iterdir()))
    print(f"{count} windows (n = 25, delta 10, RGB) of 12 MP, one PNG each: {spent:.2f} s")


if __name__ == "__main__":
    main()
