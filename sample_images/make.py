"""Draw the pictures of this folder, or check that the files still are what this script draws.

python sample_images/make.py                    draw them all
python sample_images/make.py --only scene.png   draw some
python sample_images/make.py --check            compare with the files, exit 1 on a difference
"""

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
from canvases import boxes, foveated
from charts import chart, zone
from digits import digits
from figures import COMMANDS, made_by
from PIL import Image, ImageSequence
from scene import scene
from screenshots import page

FOLDER = Path(__file__).parent


def as_png(painter: Callable[[], Image.Image]) -> Callable[[], bytes]:
    """Return what paints a picture as the maker of its file."""

    def make() -> bytes:
        file = io.BytesIO()
        painter().save(file, "PNG", optimize=True)
        return file.getvalue()

    return make


def sine() -> bytes:
    """Return the article's signal as a column of CSV: two periods in 800 samples."""
    return "".join(f"{y:.6f}\n" for y in np.sin(np.linspace(0, 4 * np.pi, 800))).encode()


# To add a picture, add its file name and a function that makes its bytes, or None
# where what it needs is not installed. A command may read an earlier one.
PICTURES: dict[str, Callable[[], bytes | None]] = {
    "scene.png": as_png(scene),
    "chart.png": as_png(chart),
    "zone.png": as_png(zone),
    "digits.png": as_png(digits),
    "sine.csv": sine,
    **{f"readme/{name}": made_by(name) for name in COMMANDS},
    "readme/foveated.jpg": foveated,
    "readme/boxes.webp": boxes,
    "readme/look.webp": page,
}

# Mean absolute difference in levels. Another Pillow or FreeType rounds the edge of a shape or a letter a
# little differently; the 255 colours of a GIF may then be others.
TOLERANCE = {".png": 1.0, ".jpg": 1.0, ".gif": 3.0, ".webp": 1.0, ".csv": 1e-6}
FONTS = {"readme/look.webp": 8.0}  # another browser has other letters, of other sizes

UNDRAWN = "not drawn here: it needs chromium and pip install -e '.[browser]'"


def draw(name: str) -> str:
    """Write a picture; returns what to say about it."""
    path, drawn = FOLDER / name, PICTURES[name]()
    if drawn is None:
        return f"{name}: {UNDRAWN}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(drawn)
    return f"{name}: drawn, {path.stat().st_size / 1000:.0f} kB"


def difference(drawn: bytes, path: Path, allowed: float) -> str | None:
    """What sets the file apart from the drawing, or None: sizes, frames, their delays, the levels."""
    if not path.exists():
        return "the file is missing"
    worst = 0.0
    for ours, theirs in zip_longest(frames(drawn), frames(path.read_bytes())):
        if ours is None or theirs is None:
            return "the number of frames differs"
        if ours[0] != theirs[0]:
            return f"the drawing is {ours[0]}, the file {theirs[0]}"
        worst = max(worst, float(np.abs(ours[1] - theirs[1]).mean()))
    return None if worst < allowed else f"differs by {worst:.2f} levels on average, allowed {allowed:g}"


def frames(data: bytes) -> list[tuple[tuple[object, ...], np.ndarray]]:
    """Mode, size and delay of each frame, and its levels; of a signal its shape and its numbers."""
    if data.lstrip(b"-")[:1].isdigit():
        signal = np.loadtxt(io.BytesIO(data))
        return [(signal.shape, signal)]
    with Image.open(io.BytesIO(data)) as image:
        return [
            ((image.mode, frame.size, frame.info.get("duration")), np.asarray(frame.convert("RGB"), float))
            for frame in ImageSequence.Iterator(image)
        ]


def check(name: str) -> str | None:
    """Compare a picture with its file and say so; returns the fault, or None."""
    path, drawn = FOLDER / name, PICTURES[name]()
    if drawn is None and path.exists():
        print(f"{name}: {UNDRAWN}")
        return None
    fault = difference(drawn or b"", path, FONTS.get(name, TOLERANCE[path.suffix]))
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
