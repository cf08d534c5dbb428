"""The grid of a window: its filters as circles of radius sigma, its frame around them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.banks import centers
from glimpse.drawing.ink import arrow, blend
from glimpse.drawing.viewport import BOX, SHADE, Colour, Levels, Viewport
from glimpse.limits import N_MAX
from glimpse.window import Window

Floats = NDArray[np.float64]

DOT = 1.5  # pixels: a circle of a smaller radius is drawn as a dot
LINE = 1.25  # pixels that the line of a circle is wide
NET = 0.26  # share of the picture that lines may cover: with more they hide it, with less they are few
FEW = 8  # filters of an axis, so many are all drawn as long as they are apart
APART = 6.5  # pixels between dots, or between few circles, at least: as much ink


def draw_grid(canvas: Levels, viewport: Viewport, window: Window, unit: float = 1, most: int = N_MAX) -> None:
    """Draw the filters of a window and its frame onto a canvas of the viewport's size.

    Parameters
    ----------
    canvas : ndarray, uint8, shape (height, width, 3)
        Drawn upon.
    viewport : Viewport
        Where the image lies on the canvas.
    window : Window
        The window.
    unit : float
        Pixels of the canvas that the thinnest line is wide, about.
    most : int
        Most filters of an axis that are drawn.
    """
    step = every(viewport, window, unit, most)
    spacings, radii = ([side * viewport.scale for side in sides] for sides in (window.strides, window.sigmas))
    reach = max(*radii, unit * DOT) + 2 * unit
    places = []  # of the filters that are drawn, along each axis
    for place, n, g, d, size in zip((viewport.y, viewport.x), window.shape, (window.gx, window.gy),
                                    window.strides, canvas.shape[:2], strict=True):  # fmt: skip
        at = place(centers(n, g, d))[(n - 1) % step // 2 :: step]
        places.append(at[(at > -reach) & (at < size + reach)])
    if all(map(len, places)):
        (top, bottom), (left, right) = (
            (max(0, math.floor(at[0] - reach)), min(size, math.ceil(at[-1] + reach)))
            for at, size in zip(places, canvas.shape[:2], strict=True)
        )
        ys, xs = (at - low for at, low in zip(places, (top, left), strict=True))
        apart = [step * spacing for spacing in spacings]
        away = _distances(ys, xs, apart, radii, (bottom - top, right - left), unit)
        area = canvas[top:bottom, left:right]
        blend(area, 0.55 * np.clip(unit * (LINE / 2 + 1) + 0.5 - away, 0, 1), SHADE)
        blend(area, np.clip(unit * LINE / 2 + 0.5 - away, 0, 1), BOX)
    draw_frame(canvas, viewport, window, unit)


def every(viewport: Viewport, window: Window, unit: float = 1, most: int = N_MAX) -> int:
    """Return which filters are drawn: every one (1), every 2nd, every 4th... so that they make no net."""
    spacings, radii = ([side * viewport.scale for side in sides] for sides in (window.strides, window.sigmas))
    axes = list(zip(spacings, radii, window.shape, strict=True))
    steps = [unit * APART / spacing for spacing, _, n in axes if n > 1]
    if max(radii) >= unit * DOT and max(window.shape) > FEW:
        ink = math.pi * sum(radii) * unit * LINE
        room = math.prod(spacing if n > 1 else 2 * radius for spacing, radius, n in axes)
        steps.append(math.sqrt(ink / (NET * room)))
    step = max([1.0, max(window.shape) / most, *steps])
    return 1 << math.ceil(math.log2(min(step, max(window.shape))) - 1e-9)


def _distances(
    ys: Floats,
    xs: Floats,
    apart: Sequence[float],
    radii: Sequence[float],
    shape: tuple[int, int],
    unit: float,
) -> NDArray[np.float32]:
    """Pixels from each pixel to the line of the nearest circle; to a short line where circles are dots."""
    dot = max(radii) < unit * DOT
    ry, rx = (unit * LINE / 4,) * 2 if dot else (max(radius, 0.5) for radius in radii)
    away: NDArray[np.float32] = np.full(shape, np.inf, np.float32)
    # circles that overlap are taken by turns, so that a pixel has one nearest centre at a time
    turns = [
        min(len(at), math.ceil((2 * r + 4 * unit) / step))
        for at, r, step in zip((ys, xs), (ry, rx), apart, strict=True)
    ]
    for i in range(turns[0]):
        v = _to_nearest(ys[i :: turns[0]], shape[0])[:, None]
        for j in range(turns[1]):
            u = _to_nearest(xs[j :: turns[1]], shape[1])
            # the distance to an ellipse, to the first order; exactly where it is a circle
            f: NDArray[np.float32] = np.sqrt((v / ry) ** 2 + (u / rx) ** 2)
            off = (f - 1) * np.float32(ry)
            if ry != rx:
                off = (f - 1) * f / np.maximum(np.hypot(v / ry**2, u / rx**2), 1e-6)
            np.minimum(away, np.maximum(off, 0) if dot else np.abs(off), out=away)
    return away


def _to_nearest(places: Floats, size: int) -> NDArray[np.float32]:
    """Distance from the centre of each pixel of an axis to the nearest of the places, which rise evenly."""
    pixels = np.arange(size) + 0.5
    step = (places[-1] - places[0]) / max(len(places) - 1, 1) or 1.0
    nearest = np.clip(np.rint((pixels - places[0]) / step), 0, len(places) - 1).astype(int)
    return np.asarray(pixels - places[nearest], np.float32)


def draw_frame(
    canvas: Levels, viewport: Viewport, window: Window, unit: float = 1, colour: Colour = BOX
) -> None:
    """Draw the frame outside the box of a window; an arrow at the border tells where it goes on beyond."""
    top, bottom, left, right = window.box
    ys = float(viewport.y(top - 0.5)), float(viewport.y(bottom - 0.5))
    xs = float(viewport.x(left - 0.5)), float(viewport.x(right - 0.5))
    (first, last), (before, after) = (
        [min(max(round(end + by), 0), size) for end, by in zip(ends, (-5 * unit, 5 * unit), strict=True)]
        for ends, size in zip((ys, xs), canvas.shape[:2], strict=True)
    )
    area = canvas[first:last, before:after]
    # each pixel's share of a box that is grown by some pixels, of which a frame is the difference of two
    grown = {}
    for by in (0, 1, 3, 4):
        grown[by] = [
            np.clip(
                np.minimum(pixels + 1, ends[1] + unit * by) - np.maximum(pixels, ends[0] - unit * by), 0, 1
            )
            for ends, pixels in ((ys, np.arange(first, last)), (xs, np.arange(before, after)))
        ]
    for rows, cols in _border(len(area), area.shape[1], math.ceil(5 * unit) + 2):
        for inner, outer, shade in ((0, 4, SHADE), (1, 3, colour)):
            large, small = (down[rows, None] * across[cols] for down, across in (grown[outer], grown[inner]))
            blend(area[rows, cols], large - small, shade)
    (height, width), size = canvas.shape[:2], 11 * unit
    middle = []  # of the part of each side that is seen, or the nearest place to it, not in a corner
    for ends, side in ((ys, height), (xs, width)):
        low, high = (min(max(end, 0), side) for end in ends)
        middle.append(min(max((low + high) / 2, size), max(side - size, size)))
    y, x = middle
    for beyond, tip, way in (
        (ys[0] < 0, (x, 1.0), (0, 1)),
        (ys[1] > height, (x, height - 1.0), (0, -1)),
        (xs[0] < 0, (1.0, y), (1, 0)),
        (xs[1] > width, (width - 1.0, y), (-1, 0)),
    ):
        if beyond:
            arrow(canvas, (tip[0] + size * way[0], tip[1] + size * way[1]), tip, size, colour, SHADE)


def _border(height: int, width: int, thick: int) -> list[tuple[slice, slice]]:
    """The four sides of an area, so many pixels thick, as rows and columns; each pixel in one of them."""
    (top, bottom), (left, right) = ((min(thick, size), max(thick, size - thick)) for size in (height, width))
    middle = slice(top, bottom)
    return [
        *((rows, slice(None)) for rows in (slice(0, top), slice(bottom, None))),
        *((middle, cols) for cols in (slice(0, left), slice(right, None))),
    ]
