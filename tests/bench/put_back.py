"""An edited patch put back on its picture, beside a script of Pillow: `python tests/bench/put_back.py`.

Decibels (peak signal-to-noise ratio) within the box, to the same edit made at full size. The script crops the
box, resizes it to the patch and back by LANCZOS, and pastes it. Each tool edits its own patch with the same
strokes; "another picture" is one and the same patch for both, as it comes from another program. `same` says
that every bit of the picture came back. With a folder as an argument it leaves pictures there to look at:
before, the truth, ours, the script's.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bench import SCENE, have
from PIL import Image

from glimpse import Window, read, restore_many

SIZES = (64, 128, 256)
Strokes = Callable[[np.ndarray, np.ndarray], np.ndarray]


def from_middle(region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each pixel is from the middle, down and across: 1 at the border of the box."""
    rows, cols = (np.abs((np.arange(size) + 0.5) / size * 2 - 1) for size in region.shape[:2])
    return rows[:, None, None], cols[None, :, None]


def disc(region: np.ndarray) -> np.ndarray:
    """A soft disc in the middle, 0 to 1."""
    down, across = from_middle(region)
    return np.clip((0.5 - np.hypot(down, across)) / 0.15, 0, 1)


def square(region: np.ndarray) -> np.ndarray:
    """A square in the middle, 0 or 1."""
    down, across = from_middle(region)
    return ((down < 0.5) & (across < 0.5)).astype(float)


def painted(shape: Strokes, color: Strokes) -> Strokes:
    """Strokes of a colour in a shape."""
    return lambda here, other: here + shape(here, other) * (color(here, other) - here)


def slanting(region: np.ndarray) -> np.ndarray:
    """Slanting lines that are thinner than a hundredth of the box, 0 to 1."""
    rows, cols = region.shape[:2]
    along = 8 * ((np.arange(rows)[:, None] + 0.5) / rows + (np.arange(cols) + 0.5) / cols)
    side = min(rows, cols)
    far = np.abs(along - np.rint(along)) * side / (8 * np.sqrt(2))  # pixels from the middle of a line
    half = side / 240
    return np.clip(half + 0.5 - far, 0, min(1, 2 * half))[..., None]


RED, BLUE, YELLOW = np.array([[220.0, 30, 30], [30, 60, 200], [250, 250, 60]])
TINT, WARM = np.array([[1.3, 1.15, 1], [10, 0, -15]])
EDITS: dict[str, Strokes] = {
    "none": lambda here, other: here,
    "soft red disc": painted(lambda here, other: disc(here), lambda here, other: RED),
    "hard-edged square": painted(lambda here, other: square(here), lambda here, other: BLUE),
    "disc of another texture": painted(lambda here, other: disc(here), lambda here, other: other),
    "disc 1.3 x brighter": painted(lambda here, other: disc(here), lambda here, other: 1.3 * here),
    "disc tinted, more contrast": painted(
        lambda here, other: disc(here), lambda here, other: (here - 128) * TINT + 128 + WARM
    ),
    "all 1.15 x brighter": lambda here, other: 1.15 * here,
    "all another picture": lambda here, other: other,
    "all posterised": lambda here, other: np.floor(here / 64) * 64 + 32,
    "all its negative": lambda here, other: 255 - here,
    "all mirrored": lambda here, other: here[:, ::-1],
    "thin slanting lines": painted(lambda here, other: slanting(here), lambda here, other: YELLOW),
}


class Case(NamedTuple):
    """A picture, a box of it (x, y, w, h), and another picture of the box's size."""

    picture: np.ndarray
    box: tuple[int, int, int, int]
    other: np.ndarray

    @property
    def inside(self) -> tuple[slice, slice]:
        x, y, w, h = self.box
        return slice(y, y + h), slice(x, x + w)

    def truth(self, strokes: Strokes) -> np.ndarray:
        canvas = self.picture.copy()
        canvas[self.inside] = edited(strokes, self.picture[self.inside], self.other)
        return canvas

    def ours(self, strokes: Strokes, n: int) -> np.ndarray:
        """Read, edit, put back."""
        window = Window.from_xywh(self.box, n=n)
        patch = edited(strokes, levels(read(self.picture, window, channel_axis=2)), self.small(n))
        return levels(
            restore_many([patch], [window], self.picture.shape[:2], onto=self.picture, channel_axis=2)
        )

    def script(self, strokes: Strokes, n: int) -> np.ndarray:
        """The three lines of Pillow."""
        x, y, w, h = self.box
        image = Image.fromarray(self.picture)
        patch = np.asarray(image.crop((x, y, x + w, y + h)).resize((n, n), Image.Resampling.LANCZOS))
        patch = edited(strokes, patch, self.small(n))
        image.paste(Image.fromarray(patch).resize((w, h), Image.Resampling.LANCZOS), (x, y))
        return np.asarray(image)

    def small(self, n: int) -> np.ndarray:
        """The other picture as a patch."""
        _, _, w, h = self.box
        return levels(read(self.other, Window.from_xywh((0, 0, w, h), n=n), channel_axis=2))


def levels(array: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(array), 0, 255).astype(np.uint8)


def edited(strokes: Strokes, here: np.ndarray, other: np.ndarray) -> np.ndarray:
    return levels(strokes(here.astype(float), other.astype(float)))


def cases() -> dict[str, Case]:
    """The scene and two photographs."""
    from skimage import data

    cat, face, cup = data.chelsea(), data.astronaut(), data.coffee()
    scene = np.asarray(Image.open(SCENE).convert("RGB"))
    return {
        "scene": Case(scene, (140, 225, 165, 180), cat[60:240, 100:265]),
        "astronaut": Case(face, (150, 20, 165, 180), cup[60:240, 100:265]),
        "coffee": Case(cup, (180, 120, 200, 170), cat[60:230, 100:300]),
    }


def psnr(canvas: np.ndarray, truth: np.ndarray) -> float:
    error = np.square(canvas.astype(float) - truth).mean()
    return float(10 * np.log10(255**2 / error)) if error else np.inf


def main() -> None:
    """Print the table: ours and the script's."""
    if not have("skimage"):
        return
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    print(f"{'picture':10}{'edit':27}" + "".join(f"{f'n = {n}':>10}{'script':>8}" for n in SIZES))
    for name, case in cases().items():
        for edit, strokes in EDITS.items():
            truth, line = case.truth(strokes), ""
            for n in SIZES:
                ours, script = case.ours(strokes, n), case.script(strokes, n)
                told = (
                    "same" if (ours == truth).all() else f"{psnr(ours[case.inside], truth[case.inside]):.1f}"
                )
                line += f"{told:>10}{psnr(script[case.inside], truth[case.inside]):8.1f}"
                if folder:
                    x, y, w, h = case.box
                    part = slice(max(y - 20, 0), y + h + 20), slice(max(x - 20, 0), x + w + 20)
                    row = np.hstack([array[part] for array in (case.picture, truth, ours, script)])
                    Image.fromarray(row).save(folder / f"{name}-{edit.replace(' ', '-')}-{n}.png")
            print(f"{name:10}{edit:27}{line}", flush=True)


if __name__ == "__main__":
    main()
