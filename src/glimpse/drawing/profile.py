"""A row or a column of pixels resampled: some filters over it, their products, the new pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glimpse.attention.banks import centers
from glimpse.attention.matrices import filterbank
from glimpse.drawing.axes import Span, draw_places
from glimpse.drawing.figure import place
from glimpse.drawing.ink import TEXT, disc, strip, stroke, words_of, write
from glimpse.drawing.viewport import DARK, FINEST, GAP, Colour, Levels, Look, Theme, Viewport, checked_width
from glimpse.limits import NUMBER_MAX
from glimpse.window import Axis, Window

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 880, 170  # pixels of one graph
LEFT, HEAD, FOOT = 56, 34, 48  # pixels beside, above and below a graph
STRIP = 16  # pixels that a row of colours is high
AT_ONCE = 64  # filters that are made at once, however many there are
SOME = 8  # filters that are drawn: more would hide each other
AROUND = 0.15  # of the window's width, what is seen beside it
STEPS = 3  # pixels of the drawing per pixel of the image from which a curve is drawn as steps

_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's convert("L")


@dataclass(frozen=True)
class _Graph:
    """A graph of levels from `low` to `high` over the pixels of one axis of an image, on a canvas."""

    viewport: Viewport
    top: int
    low: float
    high: float
    look: Look

    @property
    def left(self) -> int:
        """Where it begins on the canvas."""
        return self.look.px(LEFT)

    @property
    def foot(self) -> int:
        """Where it ends below."""
        return self.top + self.viewport.height

    def points(self, pixels: ArrayLike, levels: ArrayLike) -> Floats:
        """Where levels at pixels are drawn, shape (k, 2)."""
        shares = (np.asarray(levels, float) - self.low) / (self.high - self.low)
        ys = self.top + self.viewport.height * (1 - shares)
        return np.column_stack([self.left + self.viewport.x(np.asarray(pixels, float)), ys])

    def curve(self, canvas: Levels, levels: Floats, first: int, colour: Colour) -> None:
        """Draw the levels of pixels from pixel `first` on."""
        pixels = first + np.arange(len(levels), dtype=float)
        if self.viewport.scale >= STEPS:
            pixels = np.column_stack([pixels - 0.5, pixels + 0.5]).ravel()
            levels = np.repeat(levels, 2)
        points = self.points(pixels, levels) - (self.left, 0)
        area = canvas[:, self.left : self.left + self.viewport.width]
        stroke(area, points.tolist(), 1.6 * self.look.unit, colour)


def profile(
    pixels: NDArray[Any],
    window: Window,
    axis: int = 1,
    *,
    among: Sequence[Window] = (),
    theme: Theme = DARK,
    width: int | None = None,
) -> Levels:
    """Draw how the filters of one axis resample the pixels under the window's centre.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (size, 3), or a signal of any numbers, shape (size,)
        The row of the image under the centre, or the column.
    window : Window
        Its numbers along the axis are used: centre, stride and sigma, and gamma, kernel, edge.
    axis : {1, 0}
        Along a row (1), or along a column (0).
    among : sequence of Window
        All windows of a film, which share the range of pixels and of levels.
    theme : Theme
        The colours of the drawing.
    width : int, optional
        Pixels that the picture is wide.

    Returns
    -------
    ndarray, uint8, RGB
        Three graphs over the same pixels: they with some filters, the filters times them, and the
        resampled pixels.
    """
    size = 1.0 if width is None else checked_width(width) / (LEFT + WIDTH + 2 * GAP)
    look = Look(theme, max(size, FINEST))
    wide = WIDTH if width is None else max(1, width - look.px(LEFT) - 2 * look.px(GAP))
    signal = pixels.ndim == 1
    filters, grey = window.axes((len(pixels),) * 2)[axis], pixels if signal else pixels @ _GREY
    places = centers(filters.n, filters.center, filters.delta)
    found = np.concatenate(
        [_bank(filters, some) @ pixels for some in np.array_split(places, len(places) // AT_ONCE + 1)]
    )
    found *= window.gamma
    low, high = _range(among or (window,), axis, len(pixels))
    told = replace(window.spans[1], gamma=window.gamma) if signal else window
    words = strip(words_of(told, theme=theme), wide, look)
    tall, head = round(HEIGHT * size), look.px(GAP) + look.px(HEAD)
    step = look.px(HEAD) + tall + look.px(FOOT)
    area = look.px(GAP) + 3 * step + words.shape[0], look.px(LEFT) + wide + 2 * look.px(GAP)
    canvas = np.full((*area, 3), theme.background, np.uint8)
    viewport = Viewport(0, low, tall, wide, wide / (high - low))
    marks = _marks(grey) if signal else (0.0, 128.0, 255.0)
    black, white = marks[0], marks[-1]
    first, second, third = (_Graph(viewport, head + i * step, black, white, look) for i in range(3))
    sums = found if signal else found @ _GREY
    brightest = max([window.gamma, *(one.gamma for one in among)]) if among else 0
    third = replace(third, low=min(black, float(sums.min())) if signal else black,
                    high=max(white, float(sums.max()), white * brightest))  # fmt: skip
    some = places[np.unique(np.rint(np.linspace(0, len(places) - 1, SOME)).astype(int))]
    shown = np.concatenate([_bank(filters, some[i : i + 1]) for i in range(len(some))])
    titles = _titles(window, axis, len(shown), signal=signal)
    strip_below = 0 if signal else look.px(STRIP) + 1
    for graph, title in zip((first, second, third), titles, strict=True):
        _frame(canvas, graph, title, (low, high), (theme.row, theme.col)[axis], marks, strip_below)
    _curves(canvas, (first, second), shown, grey, (max(0, int(low)), min(len(pixels), int(high) + 1)))
    _samples(canvas, third, sums, places)
    if not signal:
        shades = np.clip(np.rint(found), 0, 255).astype(np.uint8)
        _bar(canvas, first, pixels, (0, len(pixels)))
        _bar(canvas, third, shades, window.box[2 * axis : 2 * axis + 2])
    place(canvas, words, look.px(GAP) + 3 * step, look.px(LEFT))
    return canvas


def _bank(filters: Axis, places: Floats) -> Floats:
    """The filters at some places, which are neighbours."""
    centre = float(np.clip(places.mean(), -NUMBER_MAX, NUMBER_MAX))  # farther off it is the edge all the same
    bank: Floats = filterbank(
        filters.size, len(places), centre, filters.delta, filters.sigma, filters.kernel, filters.edge
    )
    return bank


def _marks(signal: Floats) -> Sequence[float]:
    """The numbers beside a graph of a signal, from foot to top; filters stand from 0 to the top."""
    low, high = min(0.0, float(signal.min())), float(np.abs(signal).max()) or 1.0
    return (low, 0.0, high) if low else (0.0, high)


def _titles(window: Window, axis: int, shown: int, *, signal: bool = False) -> tuple[str, str, str]:
    n, line = window.shape[axis], "signal" if signal else ("column", "row")[axis]
    some = f"{shown} of the {n} filters" if shown < n else f"all filters ({n})"
    of = f"pixels of {line} {(window.gy, window.gx)[axis]:.6g}"
    return (
        f"the {line if signal else of}, and {some} over {'it' if signal else 'them'}",
        f"each filter times the {line if signal else 'pixels'}",
        f"the sums, one for each of the {n} filters: the {line} resampled",
    )


def _range(windows: Sequence[Window], axis: int, size: int) -> tuple[float, float]:
    """The pixels that are drawn: the windows' and some beside them, as far as half the image beyond it."""
    boxes = [window.box[2 * axis : 2 * axis + 2] for window in windows]
    first, last = min(box[0] for box in boxes), max(box[1] for box in boxes)
    around = AROUND * (last - first)
    low, high = (float(np.clip(end, -size / 2, 1.5 * size)) for end in (first - around, last + around))
    if last <= 0 or first >= size or high - low < 1:  # the image too
        low, high = min(low, 0), max(high, size)
    return low, high


def _frame(
    canvas: Levels,
    graph: _Graph,
    title: str,
    span: tuple[float, float],
    colour: Colour,
    marks: Sequence[float],
    below: int,
) -> None:
    """Draw the title and the axes of a graph, with numbers at marks and so many pixels below its foot."""
    look, left, right = graph.look, graph.left, graph.left + graph.viewport.width
    write(canvas, (left, graph.top - look.px(28)), title, look.px(TEXT), look.theme.ink)
    corner = [(left, graph.top - 4 * look.unit), (left, graph.foot), (right, graph.foot)]
    stroke(canvas, corner, look.unit, look.theme.faint)
    for level in marks:
        y = float(graph.points([0], [level])[0, 1])
        if graph.low < level == 0:
            stroke(canvas, [(left, y), (right, y)], look.unit, look.theme.faint)
        write(canvas, (left - look.px(8), y), _number(level), look.px(11), look.theme.ink, "rm")
    draw_places(canvas, graph.viewport, Span(span), (graph.foot + below, left), look, colour)


def _number(level: float) -> str:
    """A number that fits beside a graph."""
    text = f"{level:.5g}"
    return text if len(text) <= 7 else f"{level:.2g}"


def _curves(
    canvas: Levels, graphs: tuple[_Graph, _Graph], shown: Floats, signal: Floats, span: tuple[int, int]
) -> None:
    """Draw the pixels, and each filter as high as the graph over them and times them."""
    (first, last), theme = span, graphs[0].look.theme
    graphs[0].curve(canvas, signal[first:last], first, theme.ink)
    for i, weights in enumerate(shown):
        near = np.flatnonzero(np.abs(weights[first:last]) > 1e-3 * weights.max())
        if not near.size:
            continue
        begin, end = max(first, first + near[0] - 1), min(last, first + near[-1] + 2)
        bell, colour = weights[begin:end] / weights.max(), theme.curves[i % len(theme.curves)]
        graphs[0].curve(canvas, graphs[0].high * bell, begin, colour)
        graphs[1].curve(canvas, bell * signal[begin:end], begin, colour)


def _samples(canvas: Levels, graph: _Graph, values: Floats, places: Floats) -> None:
    """Draw each value at the centre of its filter."""
    points = graph.points(places, values)
    points = points[(points[:, 0] >= graph.left) & (points[:, 0] <= graph.left + graph.viewport.width)]
    if len(points) > 1:
        stroke(canvas, points.tolist(), graph.look.unit, graph.look.theme.faint)
    for x, y in points:
        disc(canvas, x, y, 2.4 * graph.look.unit, graph.look.theme.row)


def _bar(canvas: Levels, graph: _Graph, colours: Levels, ends: tuple[float, float]) -> None:
    """Draw a row of colours, which share the pixels between two edges, along the foot of a graph."""
    pixels = (np.arange(graph.viewport.width) + 0.5) / graph.viewport.scale + graph.viewport.left
    at = np.floor((pixels - ends[0]) / (ends[1] - ends[0]) * len(colours))
    inside = np.flatnonzero((at >= 0) & (at < len(colours)))
    canvas[graph.foot + 1 : graph.foot + 1 + graph.look.px(STRIP), graph.left + inside] = colours[
        at[inside].astype(int)
    ]
