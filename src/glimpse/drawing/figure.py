"""A window at work, as one picture: the grid over its image, the patch beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from glimpse.drawing.axes import Span, draw_break, draw_rulers, margin, span
from glimpse.drawing.grid import draw_grid, every
from glimpse.drawing.ink import TEXT, arrow, disc, length, strip, words_of, write
from glimpse.drawing.viewport import (
    BACKGROUND,
    COL,
    GAP,
    INK,
    ROW,
    SHADE,
    SHORT,
    SMALL,
    Levels,
    Viewport,
    enlarge,
)
from glimpse.window import Window

SIDES = 440, 640  # pixels that a source is fitted into
HEAD = 44  # pixels above a source or a patch, for its numbers or its title
PATCH = 400  # pixels that an enlarged patch about fills


def show(image: Levels, window: Window, patch: Levels, shape: tuple[int, int] | None = None) -> Levels:
    """Draw the window over its image, as Gregor et al. 2015, fig. 3, with the patch beside it.

    Parameters
    ----------
    image : ndarray, uint8, shape (a, b, 3)
        The source, or a smaller copy of it.
    window : Window
        Where to look.
    patch : ndarray, uint8, shape (N, M, 3)
        The window's patch.
    shape : (int, int), optional
        Rows and columns of the source where `image` is a smaller copy.

    Returns
    -------
    ndarray, uint8, RGB
        A picture of about 500 x 1000 pixels, twice that where it would be small.
    """
    whole = shape or (image.shape[0], image.shape[1])
    drawing = _figure(image, window, patch, whole, 1)
    small = min(drawing.shape[:2]) < SHORT or max(whole) < SMALL
    return _figure(image, window, patch, whole, 2) if small else drawing


@dataclass(frozen=True)
class Scene:
    """An image and a window on one drawing; where the window is far off, the axis between them is broken."""

    viewport: Viewport
    rows: Span
    cols: Span
    unit: int

    @classmethod
    def of(cls, shape: tuple[int, int], window: Window, unit: int) -> Scene:
        """Lay the scene out for an image of this shape."""
        top, bottom, left, right = window.box
        rows, cols = span(shape[0], top, bottom), span(shape[1], left, right)
        return cls(fitted(rows.range, cols.range, unit), rows, cols, unit)

    @property
    def far(self) -> Viewport:
        """The viewport that draws the window."""
        return self.viewport.shifted(self.rows.skip, self.cols.skip)

    def draw(
        self, canvas: Levels, corner: tuple[int, int], image: Levels, shape: tuple[int, int], window: Window
    ) -> None:
        """Draw the image with the grid, the breaks, the rulers and the arrows, its corner at (y, x)."""
        self.draw_image(canvas, corner, image, shape)
        top, left = corner
        area = canvas[top : top + self.viewport.height, left : left + self.viewport.width]
        self._draw_window(area, window)
        for axis, part in enumerate((self.rows, self.cols)):
            if part.skip:
                draw_break(area, self.viewport, part, axis, self.unit)
        _arrows(canvas, corner, self, window)

    def draw_image(
        self, canvas: Levels, corner: tuple[int, int], image: Levels, shape: tuple[int, int]
    ) -> None:
        """Draw the image and its rulers."""
        place(canvas, self.viewport.backdrop(image, shape), *corner)
        draw_rulers(canvas, self.viewport, self.rows, self.cols, corner, self.unit)

    def _draw_window(self, area: Levels, window: Window) -> None:
        """Draw the grid where its axes are: behind the breaks, if there are any."""
        (top, bottom), (left, right) = (
            [min(max(round(along(edge - 0.5)), 0), size) for edge in part.beyond]
            for along, part, size in zip(
                (self.viewport.y, self.viewport.x), (self.rows, self.cols), area.shape[:2], strict=True
            )
        )
        if self.rows.skip == 0:
            top, bottom = 0, area.shape[0]
        if self.cols.skip == 0:
            left, right = 0, area.shape[1]
        scale = self.viewport.scale
        draw_grid(
            area[top:bottom, left:right], self.far.shifted(top / scale, left / scale), window, self.unit
        )


def fitted(rows: tuple[float, float], cols: tuple[float, float], unit: float) -> Viewport:
    """Fit a part of the image plane into the usual space, or up to twice that along a long side."""
    aspect = (cols[1] - cols[0]) / (rows[1] - rows[0])
    tall, wide = (min(max(ratio / 2, 1), 2) for ratio in (1 / aspect, aspect))
    return Viewport.spanning(rows, cols, SIDES[0] * tall * unit, SIDES[1] * wide * unit)


def _figure(image: Levels, window: Window, patch: Levels, shape: tuple[int, int], unit: int) -> Levels:
    scene = Scene.of(shape, window, unit)
    enlarged = enlarge(patch, max(1, PATCH * unit // max(window.shape)))
    title, gap = f"patch {window.shape[0]} x {window.shape[1]}", GAP * unit
    corner = HEAD * unit, margin(scene.viewport, scene.rows, unit)
    wide = max(enlarged.shape[1], length(title, TEXT * unit))
    y, x = _beside(scene.viewport, corner, enlarged.shape[0], wide, unit)
    right = max(x + wide, corner[1] + scene.viewport.width)
    words = words_of(window, every(scene.far, window, unit))
    below = strip(words, right - corner[1], unit)
    foot = max(corner[0] + scene.viewport.height, y + enlarged.shape[0]) + gap
    canvas = np.full((foot + below.shape[0] + gap // 2, right + gap, 3), BACKGROUND, np.uint8)
    scene.draw(canvas, corner, image, shape, window)
    place(canvas, enlarged, y, x)
    place(canvas, below, foot, corner[1])
    write(canvas, (x, y - 22 * unit), title, TEXT * unit)
    return canvas


def _beside(viewport: Viewport, corner: tuple[int, int], tall: int, wide: int, unit: int) -> tuple[int, int]:
    """Where the patch goes: right of the source, or below it where that is a wide strip."""
    top, left = corner
    if viewport.height < tall / 2 and viewport.width > 2 * wide:
        return top + viewport.height + HEAD * unit, left
    return top, left + viewport.width + 3 * GAP * unit


def place(canvas: Levels, part: Levels, top: int, left: int) -> None:
    """Put a part of a drawing at its place."""
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part


def _arrows(canvas: Levels, corner: tuple[int, int], scene: Scene, window: Window) -> None:
    """gx from the top edge down to the centre, gy from the left edge across to it, as far as is drawn."""
    far, unit, (down, right) = scene.far, scene.unit, corner
    y = down + float(np.clip(far.y(window.gx), 0, far.height - 1))
    x = right + float(np.clip(far.x(window.gy), 0, far.width - 1))
    top, left = down + scene.viewport.y(-0.5), right + scene.viewport.x(-0.5)
    size, big = 16 * unit, 18 * unit
    near = 4 * unit  # from the arrow's tip to the centre
    arrow(canvas, (x, top), (x, y - math.copysign(near, y - top)), size, ROW, SHADE)
    arrow(canvas, (left, y), (x - math.copysign(near, x - left), y), size, COL, SHADE)
    beside = (x + 7 * unit, "lm") if x + 36 * unit < canvas.shape[1] else (x - 7 * unit, "rm")
    write(canvas, (beside[0], (top + y) / 2), "gx", big, ROW, beside[1], SHADE)
    above = (y - 6 * unit, "ms") if y > down + 26 * unit else (y + 6 * unit, "mt")
    write(canvas, ((left + x) / 2, above[0]), "gy", big, COL, above[1], SHADE)
    disc(canvas, x, y, 4.5 * unit, SHADE)
    disc(canvas, x, y, 3.5 * unit, INK)
