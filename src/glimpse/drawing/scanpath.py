"""Where a window has been: the line along fixations, a circle for each, how long each part was looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glimpse.drawing.ink import disc, faded, stroke, write
from glimpse.drawing.viewport import COL, INK, SHADE, Colour, Levels, Viewport
from glimpse.window import Window

Floats = NDArray[np.float64]

MANY = 12  # fixations, from which on lines and circles become smaller
FAINT = 0.55  # opacity of a line that crosses itself many times: more would cover the picture
TAIL = 6  # fixations that a film shows behind the window: more would cover the picture
RADIUS = 9  # pixels of a circle, large enough for two digits
HEAT: tuple[Colour, ...] = ((40, 40, 160), (0, 150, 200), (60, 190, 90), (250, 210, 60), (230, 50, 30))


def draw_path(
    canvas: Levels,
    viewport: Viewport,
    windows: Sequence[Window],
    unit: float = 1,
    durations: Sequence[float] = (),
) -> None:
    """Draw the line through the centres of windows, and a numbered circle on each.

    Parameters
    ----------
    canvas : ndarray, uint8, shape (height, width, 3)
        Drawn upon.
    viewport : Viewport
        Where the image lies on the canvas.
    windows : sequence of Window
        The fixations, in order.
    unit : float
        Pixels of the canvas that the thinnest line is wide, about.
    durations : sequence of float
        Milliseconds of each: the areas of the circles are in their proportion.
    """
    at = _places(viewport, windows)
    thin = min(1.0, max(0.6, math.sqrt(MANY / max(len(windows), 1))))

    def draw_line(area: Levels) -> None:
        for width, colour in ((4, SHADE), (2, COL)):
            stroke(area, at, width * unit * thin, colour)

    faded(canvas, 1 if len(windows) <= MANY else FAINT, draw_line)
    for number, (place, radius) in enumerate(zip(at, _radii(windows, durations), strict=True), 1):
        draw_number(canvas, *place, number, unit * thin, radius)


def draw_tail(
    canvas: Levels,
    viewport: Viewport,
    windows: Sequence[Window],
    now: Window,
    unit: float = 1,
    durations: Sequence[float] = (),
) -> None:
    """Draw the last fixations before a window, the fainter the longer ago, and the line on to it."""
    at = _places(viewport, [*windows, now])
    radii = _radii(windows, durations)
    for back in range(min(TAIL, len(windows)), 0, -1):
        k = len(windows) - back

        def draw(area: Levels, k: int = k) -> None:
            for width, colour in ((3, SHADE), (1.5, COL)):
                stroke(area, at[k : k + 2], width * unit, colour)
            draw_number(area, *at[k], k + 1, 0.8 * unit, radii[k])

        faded(canvas, 1 - (back - 1) / TAIL, draw)


def draw_number(
    canvas: Levels, x: float, y: float, number: int, unit: float = 1, radius: float = RADIUS
) -> None:
    """Write a number on a disc around (x, y), where it fits."""
    text = str(number)
    disc(canvas, x, y, (radius + 1) * unit, SHADE)
    disc(canvas, x, y, radius * unit, INK)
    size = min(12, 2.4 * radius / max(len(text), 1.6)) * unit
    if size >= 6:
        write(canvas, (x, y), text, size, SHADE, "mm")


def heat(viewport: Viewport, windows: Sequence[Window], durations: Sequence[float]) -> Floats:
    """Return how many milliseconds each pixel of a drawing was looked at: each window as a bell over its box.

    Parameters
    ----------
    viewport : Viewport
        Where the image lies on the drawing.
    windows : sequence of Window
        The fixations.
    durations : sequence of float
        Milliseconds of each, the height of its bell; a quarter of its box is its standard deviation.

    Returns
    -------
    ndarray, shape (height, width)
    """
    ys, xs = np.arange(viewport.height) + 0.5, np.arange(viewport.width) + 0.5
    bells = []
    for pixels, centres, sides in (
        (ys, [viewport.y(w.gx) for w in windows], [w.box[1] - w.box[0] for w in windows]),
        (xs, [viewport.x(w.gy) for w in windows], [w.box[3] - w.box[2] for w in windows]),
    ):
        sigmas = np.maximum(np.asarray(sides) * viewport.scale / 4, 1)[:, None]
        bells.append(np.exp(-(((pixels - np.asarray(centres)[:, None]) / sigmas) ** 2) / 2))
    down, across = bells
    times: Floats = (down * np.asarray(durations, float)[:, None]).T @ across
    return times


def draw_heat(canvas: Levels, times: Floats) -> float:
    """Colour a canvas by the milliseconds that its pixels were looked at; return the most of them."""
    most = float(times.max()) or 1.0
    share = times / most
    canvas[...] = np.rint(canvas + (warmth(share) - canvas) * (0.75 * np.sqrt(share))[..., None])
    return most


def warmth(share: Floats) -> Floats:
    """Return the colour of each share, 0 to 1, from blue to red."""
    stops = np.linspace(0, 1, len(HEAT))
    return np.stack([np.interp(share, stops, [colour[k] for colour in HEAT]) for k in range(3)], axis=-1)


def _places(viewport: Viewport, windows: Sequence[Window]) -> list[tuple[float, float]]:
    return [(float(viewport.x(window.gy)), float(viewport.y(window.gx))) for window in windows]


def _radii(windows: Sequence[Window], durations: Sequence[float]) -> list[float]:
    """Radii of the circles: areas in proportion to the durations, from a half to four times the usual."""
    if not len(durations):
        return [RADIUS] * len(windows)
    times = np.asarray(durations, float)
    radii = RADIUS * np.clip(np.sqrt(times / np.median(times)), 0.7, 2)
    return [float(radius) for radius in radii[: len(windows)]]
