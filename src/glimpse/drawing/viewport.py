"""Where things are drawn: a rectangle of the image plane at a scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from glimpse.errors import GlimpseError
from glimpse.levels import to_levels
from glimpse.validation import checked_choice, told

Levels = NDArray[np.uint8]
Colour = tuple[int, int, int]

BACKGROUND: Colour = (24, 26, 32)
INK: Colour = (236, 236, 230)
BOX: Colour = (255, 196, 0)
SHADE: Colour = (12, 12, 16)
ROW: Colour = (255, 92, 72)
COL: Colour = (72, 168, 255)


class Theme(NamedTuple):
    """The colours beside an image; on the image they are the same in every theme, with a rim around them."""

    background: Colour
    ink: Colour
    box: Colour
    row: Colour
    col: Colour
    faint: Colour
    curves: tuple[Colour, ...]

    @property
    def colours(self) -> tuple[Colour, ...]:
        """The colours that are drawn, for a palette to keep."""
        return tuple(dict.fromkeys((*self[:3], SHADE, *self[3:5], INK, BOX, ROW, COL)))


DARK = Theme(BACKGROUND, INK, BOX, ROW, COL, (120, 122, 126), (
    ROW, (255, 160, 60), (250, 210, 70), (130, 210, 90), (60, 200, 180), COL, (150, 130, 255), (240, 120, 210)
))  # fmt: skip
LIGHT = Theme((255, 255, 255), (28, 29, 34), (122, 86, 0), (190, 44, 26), (11, 98, 184), (150, 152, 158), (
    (214, 60, 40), (204, 108, 0), (158, 124, 0), (66, 142, 30), (0, 138, 122), (20, 108, 200), (98, 74, 214),
    (186, 52, 150),
))  # fmt: skip
THEMES = {"dark": DARK, "light": LIGHT}
COLOURS = DARK.colours
"""The colours of the usual theme, for a palette to keep."""


def theme_of(name: str) -> Theme:
    """Return the theme of a name, or raise a `GlimpseError`."""
    return THEMES[checked_choice("the theme", name, THEMES)]


class Look(NamedTuple):
    """How a drawing looks: its colours, and how many pixels its thinnest lines are wide, about."""

    theme: Theme = DARK
    unit: float = 1

    def px(self, size: float) -> int:
        """Pixels of a size that is given for a unit of 1."""
        return round(size * self.unit)


GAP = 12  # pixels between the parts of a drawing
STRIP = 26  # height of a line of text
BORDER = 8  # pixels around the image, where the frame of a window that ends with it is seen

NARROWEST, WIDEST = 200, 8192  # pixels that a drawing is wide: letters fit; memory grows with its square
SHORT = 400  # pixels: a picture is drawn twice as large where its shorter side is less, to be readable
FINEST = 0.8  # unit of a drawing: smaller letters cannot be read
SMALL = 256  # pixels: also where the longer side of its source is less: a grid would be finer than its pixels
THUMBNAIL = 2048  # pixels that the longer side of a thumbnail keeps at least, about as many as are drawn
_STRIP = 1 << 18  # pixels of a source that are converted at once


@dataclass(frozen=True)
class Viewport:
    """A rectangle of the image plane and the scale at which it is drawn.

    Parameters
    ----------
    top, left : float
        Its corner, in pixels of the image; the image's own corner is (0, 0).
    height, width : int
        Its size on the drawing.
    scale : float
        Pixels of the drawing per pixel of the image.
    """

    top: float
    left: float
    height: int
    width: int
    scale: float

    @classmethod
    def spanning(
        cls, rows: tuple[float, float], cols: tuple[float, float], height: float, width: float
    ) -> Viewport:
        """Fit a range of rows and one of columns, edges included, into a drawing, its border around them."""
        scale = min(height / (rows[1] - rows[0]), width / (cols[1] - cols[0]))
        scale = int(scale) if scale >= 4 else scale  # every pixel as large as the next one
        tall, wide = (max(1, round((high - low) * scale)) + 2 * BORDER for low, high in (rows, cols))
        return cls(rows[0] - BORDER / scale, cols[0] - BORDER / scale, tall, wide, scale)

    def y(self, row: Any) -> Any:
        """Where the centre of a row, or of each of an array, is drawn."""
        return (row + 0.5 - self.top) * self.scale

    def x(self, col: Any) -> Any:
        """Where the centre of a column, or of each of an array, is drawn."""
        return (col + 0.5 - self.left) * self.scale

    def shifted(self, rows: float, cols: float) -> Viewport:
        """Return the viewport that draws at this place the pixels so many rows and columns further on."""
        return replace(self, top=self.top + rows, left=self.left + cols)

    def backdrop(
        self, image: Levels, shape: tuple[int, int] | None = None, background: Colour = BACKGROUND
    ) -> Levels:
        """Draw the image at its place on a background; image and result are RGB.

        Parameters
        ----------
        image : ndarray, uint8, shape (a, b, 3)
            The image, or a smaller copy of it.
        shape : (int, int), optional
            Rows and columns of the image where `image` is a smaller copy.
        """
        rows, cols = shape or image.shape[:2]
        top, left = round(self.y(-0.5)), round(self.x(-0.5))
        size = max(1, round(self.x(cols - 0.5)) - left), max(1, round(self.y(rows - 0.5)) - top)
        how = Image.Resampling.NEAREST if self.scale >= 2 else Image.Resampling.LANCZOS
        source = Image.fromarray(np.ascontiguousarray(image)).resize(size, how, reducing_gap=3)
        viewport = Image.new("RGB", (self.width, self.height), background)
        viewport.paste(source, (left, top))
        return np.array(viewport)


def enlarge(array: NDArray[Any], zoom: int) -> NDArray[Any]:
    """Repeat each pixel `zoom` times along both axes."""
    return array.repeat(zoom, axis=0).repeat(zoom, axis=1)


def fitted(patch: Levels, side: int) -> Levels:
    """Return a patch as large as fits a side, every pixel as large as the next one, or reduced to it."""
    longer = max(patch.shape[:2])
    if longer <= side:
        return enlarge(patch, side // longer)
    small = Image.fromarray(np.ascontiguousarray(patch))
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(small)


def checked_width(width: Any) -> int:
    """Return the width of a drawing in pixels, if a drawing can be so wide."""
    whole = isinstance(width, Integral) and not isinstance(width, bool)
    if not whole or not NARROWEST <= int(width) <= WIDEST:
        raise GlimpseError(
            f"width must be a whole number of {NARROWEST} to {WIDEST} pixels, got {told(width)}"
        )
    return int(width)


def widest(wide: Callable[[float], int], width: int) -> float:
    """Return the largest size, 1 being the usual one, with which a drawing is no wider than this.

    Raises
    ------
    GlimpseError
        If its words alone are wider.
    """
    checked_width(width)
    low, high = 0.02, 100.0
    if (least := wide(low)) > width:
        raise GlimpseError(f"this drawing is at least {least} pixels wide with letters to read, got {width}")
    for _ in range(16):  # to a ten-thousandth
        middle = (low * high) ** 0.5
        low, high = (middle, high) if wide(middle) <= width else (low, middle)
    return low


def to_width(drawing: Levels, width: int | None, background: Colour) -> Levels:
    """Return a drawing with background on either side, so that it has exactly this width."""
    if width is None or drawing.shape[1] == width:
        return drawing
    beside = max(0, width - drawing.shape[1])
    canvas = np.full((drawing.shape[0], width, 3), background, np.uint8)
    canvas[:, beside // 2 : beside // 2 + drawing.shape[1]] = drawing[:, :width]
    return canvas


def to_rgb(levels: ArrayLike, white: int) -> Levels:
    """Return grey, grey and alpha, RGB or RGBA levels as 8-bit RGB on black.

    Colours are multiplied by their alpha already.
    """
    levels = np.atleast_3d(np.asarray(levels))
    colour = levels[..., :-1] if levels.shape[2] in (2, 4) else levels
    rgb = to_levels(colour if white == 255 else colour * (255 / white), 255)
    return np.broadcast_to(rgb, (*rgb.shape[:2], 3))


def thumbnail(pixels: Any, white: int, side: int = THUMBNAIL) -> Levels:
    """Return an image reduced by a whole number as long as its longer side keeps `side` pixels."""
    return reduced(pixels, white, max(1, max(pixels.shape[:2]) // side))


def reduced(pixels: Any, white: int, factor: int) -> Levels:
    """Return the means of blocks of factor x factor pixels, as `to_rgb` does.

    Parameters
    ----------
    pixels : array_like, shape (A, B) or (A, B, C)
        Anything that slices like an array; it is looked at strip by strip.
    white : int
        The level of white.
    factor : int
        1 is the image itself.

    Returns
    -------
    ndarray, uint8, shape (ceil(A / factor), ceil(B / factor), 3)
    """
    rows, cols = pixels.shape[:2]
    step = factor * max(1, _STRIP // (cols * factor))
    strips = (to_rgb(pixels[row : min(row + step, rows), 0:cols], white) for row in range(0, rows, step))
    if factor == 1:
        return np.concatenate(list(strips))
    return np.concatenate(
        [np.asarray(Image.fromarray(np.ascontiguousarray(strip)).reduce(factor)) for strip in strips]
    )
