"""Where things are drawn: a rectangle of the image plane at a scale, and the grid of a window on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from glimpse.attention.filterbank import centers
from glimpse.levels import to_levels
from glimpse.window import Window

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
    def around(
        cls, shape: tuple[int, int], windows: Sequence[Window], height: float, width: float
    ) -> Viewport:
        """Fit the image and, as far as half its size beyond it, the windows into a drawing."""
        boxes = np.array([window.box for window in windows]).reshape(-1, 2, 2)
        sizes = np.array(shape, float)
        low = np.clip(boxes[:, :, 0].min(axis=0), -sizes / 2, 0)
        high = np.clip(boxes[:, :, 1].max(axis=0), sizes, 1.5 * sizes)
        scale = min(height / (high - low)[0], width / (high - low)[1])
        rows, cols = (max(1, round(float(side) * scale)) for side in high - low)
        return cls(float(low[0]), float(low[1]), rows, cols, scale)

    def y(self, row: Any) -> Any:
        """Where the centre of a row, or of each of an array, is drawn."""
        return (row + 0.5 - self.top) * self.scale

    def x(self, col: Any) -> Any:
        """Where the centre of a column, or of each of an array, is drawn."""
        return (col + 0.5 - self.left) * self.scale

    def backdrop(self, image: Levels) -> Levels:
        """Draw the image at its place; image and result are RGB."""
        rows, cols = image.shape[:2]
        top, left = round(self.y(-0.5)), round(self.x(-0.5))
        size = max(1, round(self.x(cols - 0.5)) - left), max(1, round(self.y(rows - 0.5)) - top)
        how = Image.Resampling.NEAREST if self.scale >= 2 else Image.Resampling.LANCZOS
        source = Image.fromarray(np.ascontiguousarray(image)).resize(size, how, reducing_gap=3)
        viewport = Image.new("RGB", (self.width, self.height), BACKGROUND)
        viewport.paste(source, (left, top))
        return np.asarray(viewport)


def draw_grid(canvas: Levels, viewport: Viewport, window: Window) -> None:
    """Draw the box of a window, its line as wide as sigma, and the filter centres, onto a canvas."""
    top, bottom, left, right = window.box
    # an edge beyond the drawing is drawn at its border
    ys = [int(np.clip(round(viewport.y(edge - 0.5)), 0, viewport.height)) for edge in (top, bottom)]
    xs = [int(np.clip(round(viewport.x(edge - 0.5)), 0, viewport.width)) for edge in (left, right)]
    line = int(np.clip(round(window.sigma * viewport.scale), 1, 8))
    _frame(canvas, ys, xs, line + 2, SHADE)
    _frame(canvas, [ys[0] + 1, ys[1] - 1], [xs[0] + 1, xs[1] - 1], line, BOX)
    spacing = window.delta * viewport.scale
    if spacing >= 4:
        _dots(canvas, viewport, window, 2 if spacing >= 8 else 1)


def _frame(canvas: Levels, ys: list[int], xs: list[int], line: int, colour: Colour) -> None:
    y0, y1, x0, x1 = ys[0], max(ys[1], ys[0] + 1), xs[0], max(xs[1], xs[0] + 1)
    for top, bottom, left, right in (
        (y0, y0 + line, x0, x1),
        (y1 - line, y1, x0, x1),
        (y0, y1, x0, x0 + line),
        (y0, y1, x1 - line, x1),
    ):
        canvas[
            max(max(top, y0), 0) : max(min(bottom, y1), 0), max(max(left, x0), 0) : max(min(right, x1), 0)
        ] = colour


def _dots(canvas: Levels, viewport: Viewport, window: Window, side: int) -> None:
    rows, cols = (
        centers(n, g, window.delta) for n, g in zip(window.shape, (window.gx, window.gy), strict=True)
    )
    ys, xs = np.floor(viewport.y(rows) - side / 2 + 0.5), np.floor(viewport.x(cols) - side / 2 + 0.5)
    for dy in range(side):
        for dx in range(side):
            y, x = ys + dy, xs + dx
            y, x = y[(y >= 0) & (y < viewport.height)], x[(x >= 0) & (x < viewport.width)]
            canvas[np.ix_(y.astype(int), x.astype(int))] = BOX


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
