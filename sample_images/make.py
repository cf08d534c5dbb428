"""Draw the pictures of this folder, or check that the files still are what this script draws.

python sample_images/make.py                    draw them all
python sample_images/make.py --only scene.png   draw some
python sample_images/make.py --check            compare with the files, exit 1 on a difference
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from charts import chart, zone
from digits import digits
from PIL import Image
from scene import scene

FOLDER = Path(__file__).parent

# To add a picture, add its file name and a function that draws it.
PICTURES: dict[str, Callable[[], Image.Image]] = {
    "scene.png": scene,
    "chart.png": chart,
    "zone.png": zone,
    "digits.png": digits,
}

# Another Pillow or FreeType rounds the edge of a shape or a letter a little differently.
TOLERANCE = 1.0  # levels, mean absolute difference


def draw(name: str) -> str:
    """Write a picture; returns what to say about it."""
    path = FOLDER / name
    PICTURES[name]().save(path, optimize=True)
    return f"{name}: drawn, {path.stat().st_size / 1000:.0f} kB"


def difference(drawn: Image.Image, path: Path) -> str | None:
    """What sets the file apart from the drawing, or None."""
    if not path.exists():
        return "the file is missing"
    with Image.open(path) as stored:
        if (stored.mode, stored.size) != (drawn.mode, drawn.size):
            return f"the file is {stored.mode} {stored.size}, the drawing {drawn.mode} {drawn.size}"
        mean = np.abs(np.asarray(stored, float) - np.asarray(drawn, float)).mean()
    return None if mean < TOLERANCE else f"differs by {mean:.2f} levels on average, allowed {TOLERANCE:g}"


def check(name: str) -> str | None:
    """Compare a picture with its file and say so; returns the fault, or None."""
    fault = difference(PICTURES[name](), FOLDER / name)
    print(f"{name}: {fault or 'as drawn'}")
    return fault


def check_all(names: Sequence[str]) -> int:
    faults = [name for name in names if check(name)]
    if faults:
        print(f"Not what make.py draws: {', '.join(faults)}. Run make.py and look at them.", file=sys.stderr)
    return 1 if faults else 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Draw the pictures of this folder.")
    parser.add_argument("--check", action="store_true", help="compare with the files, write nothing")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=PICTURES, help="only these pictures")
    options = parser.parse_args(arguments)
    names = options.only or list(PICTURES)
    if options.check:
        return check_all(names)
    for name in names:
        print(draw(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
