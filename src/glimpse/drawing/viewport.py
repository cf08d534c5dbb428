"""Where things are drawn: a rectangle of the image plane at a scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from glimpse.levels import to_levels

Levels = NDArray[np.uint8]
Colour = tuple[int, int, int]

BACKGROUND: Colour = (24, 26, 32)
INK: Colour = (236, 236, 230)
BOX: Colour = (255, 196, 0)
SHADE: Colour = (12, 12, 16)
ROW: Colour = (255, 92, 72)
COL: Colour = (72, 168, 255)
COLOURS = (BACKGROUND, INK, BOX, SHADE, ROW, COL)
"""The colours that are drawn, for a palette to keep."""

GAP = 12  # pixels between the parts of a drawing
STRIP = 26  # height of a line of text
BORDER = 8  # pixels around the image, where the frame of a window that ends with it is seen

SHORT = 400  # pixels: a picture is drawn twice as large where its shorter side is less, to be readable
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

    def backdrop(self, image: Levels, shape: tuple[int, int] | None = None) -> Levels:
        """Draw the image at its place; image and result are RGB.

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
        viewport = Image.new("RGB", (self.width, self.height), BACKGROUND)
        viewport.paste(source, (left, top))
        return np.array(viewport)


def enlarge(array: NDArray[Any], zoom: int) -> NDArray[Any]:
    """Repeat each pixel `zoom` times along both axes."""
    return array.repeat(zoom, axis=0).repeat(zoom, axis=1)


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
