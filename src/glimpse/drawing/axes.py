"""The axes of a drawing: which part of each is drawn, its numbers, and the break before a window far off."""

from __future__ import annotations

import math
from dataclasses import dataclass

from glimpse.drawing.ink import length, stroke, write
from glimpse.drawing.viewport import Colour, Levels, Look, Viewport

REACH = 0.5  # of an image's size: farther beyond it a window is drawn behind a break, or cut
BREAK = 0.15  # of an image's size, the room of a break
LEAST = 0.3  # of an image's size, the least room of a window behind a break

TICK = 11  # pixels that a number is high
APART = 60  # pixels between numbers, at least


@dataclass(frozen=True)
class Span:
    """The part of an axis that is drawn.

    Parameters
    ----------
    range : (float, float)
        The first and last edge on the drawing, in pixels of the image.
    skip : float
        Pixels left out at the break, negative where the window lies before the image; 0 is no break.
    at : float
        Where the break is, in pixels of the image.
    """

    range: tuple[float, float]
    skip: float = 0.0
    at: float = 0.0

    @property
    def parts(self) -> list[tuple[float, float, float]]:
        """First and last edge on the drawing of each unbroken part, and what is added to tell its pixels."""
        low, high = self.range
        if not self.skip:
            return [(low, high, 0.0)]
        return [(low, self.at, min(self.skip, 0.0)), (self.at, high, max(self.skip, 0.0))]

    @property
    def beyond(self) -> tuple[float, float]:
        """The edges between which the window lies: behind the break, if the axis has one."""
        low, high = self.range
        return (low, high) if not self.skip else (self.at, high) if self.skip > 0 else (low, self.at)


def span(size: int, low: float, high: float) -> Span:
    """Return the part of an axis that shows its `size` pixels and a window from edge `low` to edge `high`."""
    if high < 0:  # before the image: as behind it, seen from the other end
        mirrored = span(size, size - high, size - low)
        return Span((size - mirrored.range[1], size - mirrored.range[0]), -mirrored.skip, size - mirrored.at)
    if low > size:
        centre = (low + high) / 2
        half = min(max(high - low, LEAST * size), size) / 2 * 1.1
        skip = centre - half - (1 + BREAK) * size
        if centre + half > (1 + REACH) * size and skip > 0:
            return Span((0, centre + half - skip), skip, (1 + BREAK / 2) * size)
        return Span((0, max(size, centre + half)))
    return Span((min(max(low, -REACH * size), 0), max(min(high, (1 + REACH) * size), size)))


def draw_break(area: Levels, viewport: Viewport, part: Span, axis: int, look: Look) -> None:
    """Draw the zigzag across an axis (0 down, 1 across) where it is broken."""
    middle, size = (viewport.y, viewport.x)[axis](part.at - 0.5), area.shape[1 - axis]
    step, swing, unit = 9 * look.unit, 4 * look.unit, look.unit
    for shift in (-3 * unit, 3 * unit):
        zigzag = [
            (i * step, middle + shift + (swing if i % 2 else -swing))
            for i in range(-1, int(size // step) + 3)
        ]
        points = zigzag if axis == 0 else [(y, x) for x, y in zigzag]
        stroke(area, points, 3.5 * unit, look.theme.background)
        stroke(area, points, 1.5 * unit, look.theme.ink)


def margin(viewport: Viewport, rows: Span, look: Look) -> int:
    """Return the room left of a drawing that the numbers of its rows need."""
    texts = [text for text, _ in _ticks(rows, viewport.scale, look.unit)]
    widest = max([length(text, look.px(TICK)) for text in texts], default=0)
    return max(look.px(44), widest + look.px(16))


def draw_rulers(
    canvas: Levels, viewport: Viewport, rows: Span, cols: Span, corner: tuple[int, int], look: Look
) -> None:
    """Draw ticks with pixel numbers around a viewport at `corner`: rows at the left, columns on top."""
    top, left = corner
    size, mark, room = look.px(TICK), 5 * look.unit, 9 * look.unit
    for text, row in _ticks(rows, viewport.scale, look.unit):
        y = top + viewport.y(row)
        stroke(canvas, [(left - 1 - mark, y), (left - 1, y)], look.unit, look.theme.row)
        write(canvas, (left - room, y), text, size, look.theme.row, "rm")
    for text, col in _ticks(cols, viewport.scale, look.unit):
        x = left + viewport.x(col)
        stroke(canvas, [(x, top - 1 - mark), (x, top - 1)], look.unit, look.theme.col)
        write(canvas, (x, top - room), text, size, look.theme.col, "ms")


def draw_places(
    canvas: Levels, viewport: Viewport, part: Span, corner: tuple[int, int], look: Look, colour: Colour
) -> None:
    """Draw ticks with the numbers of pixels below a graph whose lower left corner is (y, x)."""
    for text, place in _ticks(part, viewport.scale, look.unit):
        x = corner[1] + viewport.x(place)
        stroke(canvas, [(x, corner[0]), (x, corner[0] + 5 * look.unit)], look.unit, colour)
        write(canvas, (x, corner[0] + 8 * look.unit), text, look.px(TICK), colour, "mt")


def _ticks(part: Span, scale: float, unit: float) -> list[tuple[str, float]]:
    """The numbers of an axis, and where in pixels of the image each is drawn."""
    ticks = []
    for low, high, skip in part.parts:
        longest = max(length(f"{end + skip:.0f}", round(TICK * unit)) for end in (low, high))
        step = tick(max(APART * unit, longest + 16 * unit) / scale)
        first, last = math.ceil((low + skip) / step), math.floor((high - 1 + skip) / step)
        ticks += [(str(i * step), i * step - skip) for i in range(first, last + 1)]
    return ticks


def tick(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50... that is no less than `least`."""
    power: int = 10 ** math.floor(math.log10(max(least, 1)))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least)
