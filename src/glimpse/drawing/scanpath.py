"""The line that a window leaves on its way, and numbers along it."""

from __future__ import annotations

from collections.abc import Sequence

from glimpse.drawing.ink import disc, stroke, write
from glimpse.drawing.viewport import COL, INK, SHADE, Levels, Viewport
from glimpse.window import Window


def draw_path(canvas: Levels, viewport: Viewport, windows: Sequence[Window], unit: float = 1) -> None:
    """Draw the line through the centres of windows, a dot on each."""
    at = [(float(viewport.x(window.gy)), float(viewport.y(window.gx))) for window in windows]
    for width, colour in ((4, SHADE), (2, COL)):
        stroke(canvas, at, width * unit, colour)
    for x, y in at:
        disc(canvas, x, y, 4 * unit, SHADE)
        disc(canvas, x, y, 3 * unit, INK)


def draw_number(canvas: Levels, x: float, y: float, number: int, unit: int = 1) -> None:
    """Write a number on a disc around (x, y)."""
    text = str(number)
    radius = (9 + 3 * max(len(text) - 2, 0)) * unit
    disc(canvas, x, y, radius + unit, SHADE)
    disc(canvas, x, y, radius, INK)
    write(canvas, (x, y), text, 12 * unit, SHADE, "mm")
