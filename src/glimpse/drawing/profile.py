"""One row of pixels resampled, as a figure: the row, some filters over it, their products, the new row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glimpse.attention.filters import centers
from glimpse.attention.matrices import filterbank
from glimpse.drawing.axes import Span, draw_columns
from glimpse.drawing.figure import place
from glimpse.drawing.ink import TEXT, disc, strip, stroke, words_of, write
from glimpse.drawing.viewport import BACKGROUND, COL, GAP, INK, ROW, Colour, Levels, Viewport
from glimpse.limits import NUMBER_MAX
from glimpse.window import Window

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 880, 170  # pixels of one graph
LEFT, HEAD, FOOT = 56, 34, 48  # pixels beside, above and below a graph
STRIP = 16  # pixels that a row of colours is high
AT_ONCE = 64  # filters that are made at once, however many there are
SOME = 8  # filters that are drawn: more would hide each other
AROUND = 0.15  # of the window's width, what is seen beside it
STEPS = 3  # pixels of the drawing per pixel of the image from which a curve is drawn as steps

_FAINT: Colour = (120, 122, 126)
_CURVES: tuple[Colour, ...] = (
    ROW, (255, 160, 60), (250, 210, 70), (130, 210, 90), (60, 200, 180), COL, (150, 130, 255), (240, 120, 210)
)  # fmt: skip
_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's convert("L")


@dataclass(frozen=True)
class _Graph:
    """A graph of levels over columns of an image, on a canvas."""

    viewport: Viewport
    top: int
    high: float

    def points(self, columns: ArrayLike, levels: ArrayLike) -> Floats:
        """Where levels at columns are drawn, shape (k, 2)."""
        ys = self.top + HEIGHT * (1 - np.asarray(levels, float) / self.high)
        return np.column_stack([LEFT + self.viewport.x(np.asarray(columns, float)), ys])

    def curve(self, canvas: Levels, levels: Floats, first: int, colour: Colour, width: float) -> None:
        """Draw the levels of pixels from column `first` on."""
        columns = first + np.arange(len(levels), dtype=float)
        if self.viewport.scale >= STEPS:
            columns = np.column_stack([columns - 0.5, columns + 0.5]).ravel()
            levels = np.repeat(levels, 2)
        points = self.points(columns, levels) - (LEFT, 0)
        stroke(canvas[:, LEFT : LEFT + WIDTH], points.tolist(), width, colour)


def profile(row: Levels, window: Window) -> Levels:
    """Draw how the filters along columns resample the row of pixels under the window's centre.

    Parameters
    ----------
    row : ndarray, uint8, shape (B, 3)
        The row.
    window : Window
        Its columns are used: gy, the stride and sigma across, gamma, kernel, edge, filters across.

    Returns
    -------
    ndarray, uint8, RGB
        Three graphs over the same columns: the row with some filters, the filters times the row, and the
        resampled row.
    """
    places = centers(window.shape[1], window.gy, window.strides[1])
    found = np.concatenate(
        [_bank(row, window, some) @ row for some in np.array_split(places, len(places) // AT_ONCE + 1)]
    )
    found *= window.gamma
    low, high = _range(window, len(row))
    words = strip(words_of(window), WIDTH)
    step = HEAD + HEIGHT + FOOT
    canvas = np.full((GAP + 3 * step + words.shape[0], LEFT + WIDTH + 2 * GAP, 3), BACKGROUND, np.uint8)
    viewport = Viewport(0, low, HEIGHT, WIDTH, WIDTH / (high - low))
    tops = [GAP + HEAD + i * step for i in range(3)]
    first, second, third = (_Graph(viewport, top, 255) for top in tops)
    third = replace(third, high=max(255.0, float((found @ _GREY).max())))
    some = places[np.unique(np.rint(np.linspace(0, len(places) - 1, SOME)).astype(int))]
    shown = np.concatenate([_bank(row, window, some[i : i + 1]) for i in range(len(some))])
    for graph, title in zip((first, second, third), _titles(window, len(shown)), strict=True):
        _frame(canvas, graph, title, (low, high))
    _filters(canvas, (first, second), shown, row @ _GREY, (max(0, int(low)), min(len(row), int(high) + 1)))
    _samples(canvas, third, found @ _GREY, window)
    _bar(canvas, first, row, (0, len(row)))
    _bar(canvas, third, np.clip(np.rint(found), 0, 255).astype(np.uint8), window.box[2:])
    place(canvas, words, GAP + 3 * step, LEFT)
    return canvas


def _bank(row: Levels, window: Window, places: Floats) -> Floats:
    """The filters at some places, which are neighbours."""
    centre = float(np.clip(places.mean(), -NUMBER_MAX, NUMBER_MAX))  # farther off it is the edge all the same
    stride, sigma = window.strides[1], window.sigmas[1]
    bank: Floats = filterbank(len(row), len(places), centre, stride, sigma, window.kernel, window.edge)
    return bank


def _titles(window: Window, shown: int) -> tuple[str, str, str]:
    n = window.shape[1]
    some = f"{shown} of the {n} filters" if shown < n else f"all filters ({n})"
    return (
        f"the pixels of row {window.gx:.6g}, and {some} over them",
        "each filter times the pixels",
        f"the sums, one for each of the {n} filters: the row resampled",
    )


def _range(window: Window, size: int) -> tuple[float, float]:
    """The columns that are drawn: the window's and some beside them, as far as half the image beyond it."""
    *_, left, right = window.box
    around = AROUND * (right - left)
    low, high = (float(np.clip(end, -size / 2, 1.5 * size)) for end in (left - around, right + around))
    if right <= 0 or left >= size or high - low < 1:  # the image too
        low, high = min(low, 0), max(high, size)
    return low, high


def _frame(canvas: Levels, graph: _Graph, title: str, span: tuple[float, float]) -> None:
    bottom = graph.top + HEIGHT
    write(canvas, (LEFT, graph.top - 28), title, TEXT)
    stroke(canvas, [(LEFT, graph.top - 4), (LEFT, bottom), (LEFT + WIDTH, bottom)], 1, _FAINT)
    for level in (0, 128, 255):
        y = float(graph.points([0], [level])[0, 1])
        write(canvas, (LEFT - 8, y), str(level), 11, INK, "rm")
    draw_columns(canvas, graph.viewport, Span(span), (bottom + STRIP + 1, LEFT))


def _filters(
    canvas: Levels, graphs: tuple[_Graph, _Graph], shown: Floats, signal: Floats, span: tuple[int, int]
) -> None:
    """Draw the row, and each filter as high as the graph over it and times it."""
    first, last = span
    graphs[0].curve(canvas, signal[first:last], first, INK, 1.6)
    for i, weights in enumerate(shown):
        near = np.flatnonzero(weights[first:last] > 1e-3 * weights.max())
        if not near.size:
            continue
        begin, end = max(first, first + near[0] - 1), min(last, first + near[-1] + 2)
        bell, colour = weights[begin:end] / weights.max(), _CURVES[i % len(_CURVES)]
        graphs[0].curve(canvas, 255 * bell, begin, colour, 1.6)
        graphs[1].curve(canvas, bell * signal[begin:end], begin, colour, 1.6)


def _samples(canvas: Levels, graph: _Graph, values: Floats, window: Window) -> None:
    """Draw each value at the centre of its filter."""
    points = graph.points(centers(window.shape[1], window.gy, window.strides[1]), values)
    points = points[(points[:, 0] >= LEFT) & (points[:, 0] <= LEFT + WIDTH)]
    if len(points) > 1:
        stroke(canvas, points.tolist(), 1, _FAINT)
    for x, y in points:
        disc(canvas, x, y, 2.4, ROW)


def _bar(canvas: Levels, graph: _Graph, colours: Levels, ends: tuple[float, float]) -> None:
    """Draw a row of colours, which share the columns between two edges, along the foot of a graph."""
    columns = (np.arange(WIDTH) + 0.5) / graph.viewport.scale + graph.viewport.left
    at = np.floor((columns - ends[0]) / (ends[1] - ends[0]) * len(colours))
    inside = np.flatnonzero((at >= 0) & (at < len(colours)))
    foot = graph.top + HEIGHT + 1
    canvas[foot : foot + STRIP, LEFT + inside] = colours[at[inside].astype(int)]
