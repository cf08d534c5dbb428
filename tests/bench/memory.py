"""Peak memory of `glimpse read` against the pixels of a picture: `python tests/bench/memory.py`.

A whole-image window, one job. The promise is 5 bytes a pixel and 150 MB.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import SCENE
from PIL import Image

CODE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(*words: object) -> float:
    """Megabytes at the peak of a command."""
    line = [sys.executable, "-c", CODE, *map(str, words)]
    unit = 1 if sys.platform == "darwin" else 1024
    return int(subprocess.run(line, check=True, capture_output=True).stdout) * unit / 1e6


def main() -> None:
    """Print the table."""
    assert resource.RUSAGE_CHILDREN
    print("  MP   file        peak MB  promised MB")
    with tempfile.TemporaryDirectory() as folder:
        for rows, cols in ((1000, 1500), (3000, 4000), (4000, 6000), (6000, 8000)):
            for suffix in ("jpg", "png"):
                picture = Path(folder, f"picture.{suffix}")
                Image.open(SCENE).resize((cols, rows), Image.Resampling.BICUBIC).save(picture)
                words = ("-m", "glimpse", "read", picture, "-o", f"{folder}/p.png", "--overwrite", "-q")
                spent = peak(sys.executable, *words)
                print(
                    f"{rows * cols / 1e6:6.1f} {suffix:8} {spent:10.0f} {5 * rows * cols / 1e6 + 150:10.0f}"
                )


if __name__ == "__main__":
    main()
