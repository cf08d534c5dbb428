"""Peak memory of `glimpse read` against the pixels of a picture: `python tests/bench/memory.py`.

A whole-image window, one job. The promise is 5 bytes a pixel and 150 MB.
"""

import tempfile
from pathlib import Path

from bench import SCENE, peak
from PIL import Image


def main() -> None:
    """Print the table."""
    print("  MP   file        peak MB  promised MB")
    with tempfile.TemporaryDirectory() as folder:
        for rows, cols in ((1000, 1500), (3000, 4000), (4000, 6000), (6000, 8000)):
            for suffix in ("jpg", "png"):
                picture = Path(folder, f"picture.{suffix}")
                Image.open(SCENE).resize((cols, rows), Image.Resampling.BICUBIC).save(picture)
                spent = peak("read", picture, "-o", f"{folder}/p.png", "--overwrite", "-q")
                print(
                    f"{rows * cols / 1e6:6.1f} {suffix:8} {spent:10.0f} {5 * rows * cols / 1e6 + 150:10.0f}"
                )


if __name__ == "__main__":
    main()
