"""A window at work, as one picture: the grid over its image, the patch beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from glimpse.drawing.axes import Span, draw_break, draw_rulers, margin, span
from glimpse.drawing.grid import draw_grid, every
from glimpse.drawing.ink import TEXT, arrow, disc, length, said, strip, words_of, write
from glimpse.drawing.viewport import (
    BORDER,
    COL,
    DARK,
    FINEST,
    GAP,
    INK,
    ROW,
    SHADE,
    SHORT,
    SMALL,
    Levels,
    Look,
    Theme,
    Viewport,
    enlarge,
    fitted,
    to_width,
    widest,
)
from glimpse.window import Window

SIDES = 440, 640  # pixels that a source is fitted into
HEAD = 44  # pixels above a source or a patch, for its numbers or its title
AROUND = 0.1  # of a window's sides, what is drawn around it where there is no image
PATCH = 400  # pixels that an enlarged patch about fills


def show(
    image: Levels,
    window: Window,
    patch: Levels,
    shape: tuple[int, int] | None = None,
    *,
    theme: Theme = DARK,
    width: int | None = None,
    tint: str = "",
) -> Levels:
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
    theme : Theme
        The colours beside the image.
    width : int, optional
        Pixels that the picture is wide; its words stay legible.
    tint : str
        What a tint on the patch means, said above it.

    Returns
    -------
    ndarray, uint8, RGB
        Without a width a picture of about 500 x 1000 pixels, twice that where it would be small.
    """
    whole = shape or (image.shape[0], image.shape[1])
    if width is not None:
        size = widest(lambda size: _Figure(whole, window, theme, size, tint, exact=True).size[1], width)
        figure = _Figure(whole, window, theme, size, tint, exact=True)
        return to_width(figure.draw(image, patch), width, theme.background)
    figure = _Figure(whole, window, theme, 1, tint)
    if min(figure.size) < SHORT or max(whole) < SMALL:
        figure = _Figure(whole, window, theme, 2, tint)
    return figure.draw(image, patch)


def sketch(window: Window, theme: Theme = DARK) -> Levels:
    """Draw a window without an image: its filters, its frame, its numbers."""
    top, bottom, left, right = window.box
    rows, cols = (
        Span((low - AROUND * (high - low), high + AROUND * (high - low)))
        for low, high in ((top, bottom), (left, right))
    )
    look = Look(theme)
    viewport = Viewport.spanning(rows.range, cols.range, SIDES[0] / 2, SIDES[1] / 2)
    corner = look.px(HEAD), margin(viewport, rows, look)
    wide = max(viewport.width, SIDES[1] // 2)
    words = [*words_of(window, every(viewport, window), theme), (f"n {said(window.n, 'd')}", theme.ink)]
    below = strip(words, wide, look)
    foot = corner[0] + viewport.height + GAP
    size = foot + below.shape[0] + GAP // 2, corner[1] + wide + GAP
    canvas = np.full((*size, 3), theme.background, np.uint8)
    area = canvas[corner[0] : corner[0] + viewport.height, corner[1] : corner[1] + viewport.width]
    area[...] = theme.faint
    draw_grid(area, viewport, window)
    draw_rulers(canvas, viewport, rows, cols, corner, look)
    place(canvas, below, foot, corner[1])
    return canvas


@dataclass(frozen=True)
class Scene:
    """An image and a window on one drawing; where the window is far off, the axis between them is broken."""

    viewport: Viewport
    rows: Span
    cols: Span
    look: Look

    @classmethod
    def of(cls, shape: tuple[int, int], window: Window, look: Look, size: float) -> Scene:
        """Lay the scene out for an image of this shape."""
        top, bottom, left, right = window.box
        rows, cols = span(shape[0], top, bottom), span(shape[1], left, right)
        return cls(space(rows.range, cols.range, size), rows, cols, look)

    @property
    def far(self) -> Viewport:
        """The viewport that draws the window."""
        return self.viewport.shifted(self.rows.skip, self.cols.skip)

    def draw(
        self, canvas: Levels, corner: tuple[int, int], image: Levels, shape: tuple[int, int], window: Window
    ) -> None:
        """Draw the image with the grid, the breaks, the rulers and the arrows, its corner at (y, x)."""
        viewport, look, (top, left) = self.viewport, self.look, corner
        place(canvas, viewport.backdrop(image, shape, look.theme.background), top, left)
        draw_rulers(canvas, viewport, self.rows, self.cols, corner, look)
        area = canvas[top : top + viewport.height, left : left + viewport.width]
        # the grid is drawn where its axes are: behind the breaks, if there are any
        (up, down), (before, after) = (
            [min(max(round(along(edge - 0.5)), 0), size) for edge in part.beyond] if part.skip else (0, size)
            for along, part, size in zip(
                (viewport.y, viewport.x), (self.rows, self.cols), area.shape[:2], strict=True
            )
        )
        far = self.far.shifted(up / viewport.scale, before / viewport.scale)
        draw_grid(area[up:down, before:after], far, window, look.unit)
        for axis, part in enumerate((self.rows, self.cols)):
            if part.skip:
                draw_break(area, viewport, part, axis, look)
        _arrows(canvas, corner, self, window)


def space(rows: tuple[float, float], cols: tuple[float, float], size: float) -> Viewport:
    """Fit a part of the image plane into the usual space, or up to twice that along a long side."""
    aspect = (cols[1] - cols[0]) / (rows[1] - rows[0])
    tall, wide = (min(max(ratio / 2, 1), 2) for ratio in (1 / aspect, aspect))
    return Viewport.spanning(rows, cols, SIDES[0] * tall * size, SIDES[1] * wide * size)


class _Figure:
    """The parts of the picture and their places; `exact` reduces a patch that is larger than its place."""

    def __init__(
        self,
        shape: tuple[int, int],
        window: Window,
        theme: Theme,
        size: float,
        tint: str,
        *,
        exact: bool = False,
    ) -> None:
        look = Look(theme, max(size, FINEST))
        self.shape, self.window, self.look, self.exact = shape, window, look, exact
        self.scene = Scene.of(shape, window, look, size)
        viewport = self.scene.viewport
        self.side = max(1, int(PATCH * size))
        longer = max(window.shape)
        share = min(1, self.side / longer) if exact else 1
        zoom = max(1, self.side // longer) * share
        tall, across = (max(1, round(n * zoom)) for n in window.shape)
        self.title = f"patch {window.shape[0]} x {window.shape[1]}{tint and ', ' + tint}"
        self.corner = top, left = look.px(HEAD), margin(viewport, self.scene.rows, look)
        wide = max(across, length(self.title, look.px(TEXT)))
        if viewport.height < tall / 2 and viewport.width > 2 * wide:  # below a source that is a wide strip
            self.at = top + viewport.height + look.px(HEAD), left + BORDER
        else:
            self.at = top + BORDER, left + viewport.width + look.px(3 * GAP)
        right = max(self.at[1] + wide, left + viewport.width)
        words = words_of(window, every(self.scene.far, window, look.unit), theme)
        self.below = strip(words, right - left, look)
        self.foot = max(top + viewport.height, self.at[0] + tall) + look.px(GAP)
        self.size = self.foot + self.below.shape[0] + look.px(GAP) // 2, right + look.px(GAP)

    def draw(self, image: Levels, patch: Levels) -> Levels:
        """Draw the picture."""
        canvas = np.full((*self.size, 3), self.look.theme.background, np.uint8)
        self.scene.draw(canvas, self.corner, image, self.shape, self.window)
        grown = (
            fitted(patch, self.side)
            if self.exact
            else enlarge(patch, max(1, self.side // max(patch.shape[:2])))
        )
        place(canvas, grown, *self.at)
        place(canvas, self.below, self.foot, self.corner[1])
        at = self.at[1], self.at[0] - self.look.px(22)
        write(canvas, at, self.title, self.look.px(TEXT), self.look.theme.ink)
        return canvas


def place(canvas: Levels, part: Levels, top: int, left: int) -> None:
    """Put a part of a drawing at its place."""
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part


def _arrows(canvas: Levels, corner: tuple[int, int], scene: Scene, window: Window) -> None:
    """gx from the top edge down to the centre, gy from the left edge across to it, as far as is drawn."""
    far, unit, (down, right) = scene.far, scene.look.unit, corner
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
