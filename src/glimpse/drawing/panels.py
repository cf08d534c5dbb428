"""The frames of a sweep: the source with the window on it, the enlarged patch, the numbers that change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from glimpse.drawing.grid import draw_grid, every
from glimpse.drawing.ink import TEXT, length, ordinal, said, unusual, write
from glimpse.drawing.scanpath import draw_path
from glimpse.drawing.viewport import BACKGROUND, GAP, INK, SHORT, STRIP, Levels, Viewport, enlarge
from glimpse.window import NUMBERS, Window

PATCH_SIDE = 256  # pixels that an enlarged patch about fills
SOURCE_SIDES = 376, 640  # pixels that a source is fitted into: larger ones would make larger files
FILTERS = 8  # most of an axis that are drawn: 16 make the file of a sweep half as large again
BEYOND = 1 / 4  # of an image's size, how far beyond it centres are followed


def default_zoom(window: Window) -> int:
    """The whole number with which the patch about fills 256 pixels."""
    return max(1, round(PATCH_SIDE / max(window.shape)))


class Panel:
    """The frames of a sweep: the source with the window's grid, the enlarged patch, the values.

    Parameters
    ----------
    image : ndarray, uint8, shape (a, b, 3)
        The source, or a smaller copy of it.
    windows : sequence of Window
        Every window of the sweep.
    zoom : int or None
        Enlargement of the patch; by default it about fills 256 pixels.
    shape : (int, int), optional
        Rows and columns of the source where `image` is a smaller copy.
    """

    def __init__(
        self,
        image: Levels,
        windows: Sequence[Window],
        zoom: int | None = None,
        shape: tuple[int, int] | None = None,
    ) -> None:
        whole = shape or (image.shape[0], image.shape[1])
        self._lay_out(whole, windows, zoom, 1)
        if min(self.size) < SHORT:
            self._lay_out(whole, windows, zoom, 2)
        self._blank = np.full((*self.size, 3), BACKGROUND, np.uint8)
        y, x = self._corner(self.viewport.height), GAP * self.unit
        self._source = (slice(y, y + self.viewport.height), slice(x, x + self.viewport.width))
        self._blank[self._source] = self.viewport.backdrop(image, whole)

    def _lay_out(
        self, shape: tuple[int, int], windows: Sequence[Window], zoom: int | None, unit: int
    ) -> None:
        self.unit, gap = unit, GAP * unit
        self.zoom = zoom or unit * default_zoom(windows[0])
        self.patch = tuple(side * self.zoom for side in windows[0].shape)
        self.viewport = _viewport(shape, windows, unit)
        self.height = max(self.patch[0], self.viewport.height)
        width = self.viewport.width + self.patch[1] + 3 * gap
        self.labels, lines = _placed(_labels(windows, self.viewport, unit), gap, width - gap)
        width = max([width, *(label.left + label.width for label in self.labels)])
        self.size = self.height + 2 * gap + lines * STRIP * unit, width

    def draw(self, window: Window, patch: Levels, behind: Sequence[Window] = ()) -> Levels:
        """Draw one frame; patch is RGB, shape (N, M, 3); `behind` are the windows before it."""
        frame = self._blank.copy()
        draw_grid(frame[self._source], self.viewport, window, self.unit, FILTERS)
        if behind:
            draw_path(frame[self._source], self.viewport, [*behind, window], self.unit)
        y, x = self._corner(self.patch[0]), 2 * GAP * self.unit + self.viewport.width
        frame[y : y + self.patch[0], x : x + self.patch[1]] = enlarge(patch, self.zoom)
        strips = frame[self.height + 2 * GAP * self.unit :]
        for label in self.labels:
            label.draw(strips, window)
        return frame

    def _corner(self, height: int) -> int:
        return GAP * self.unit + (self.height - height) // 2


def _viewport(shape: tuple[int, int], windows: Sequence[Window], unit: int) -> Viewport:
    """The image as large as it fits, and around it at the same scale room for the centres beyond it."""
    aspect = shape[1] / shape[0]
    tall, wide = min(max(1 / aspect, 1), 2), min(max(aspect / 2, 1), 1.25)  # more room where one side is long
    height, width = SOURCE_SIDES[0] * tall * unit, SOURCE_SIDES[1] * wide * unit
    scale = Viewport.spanning((0, shape[0]), (0, shape[1]), height, width).scale
    rows, cols = (
        (min(0, max(low, -BEYOND * size)), max(size, min(high, (1 + BEYOND) * size)))
        for size, low, high in _centres(shape, windows)
    )
    return Viewport.spanning(rows, cols, scale * (rows[1] - rows[0]), scale * (cols[1] - cols[0]))


def _centres(shape: tuple[int, int], windows: Sequence[Window]) -> list[tuple[int, float, float]]:
    """The size of each axis, and its first and last centre of a window."""
    places = [[window.gx for window in windows], [window.gy for window in windows]]
    return [(size, min(at), max(at)) for size, at in zip(shape, places, strict=True)]


def frames(
    image: Levels, windows: Sequence[Window], patches: Sequence[Levels], zoom: int | None = None
) -> Iterator[Levels]:
    """Yield the panel of each window with its patch."""
    panel = Panel(image, windows, zoom)
    for window, patch in zip(windows, patches, strict=True):
        yield panel.draw(window, patch)


@cache
def _glyphs(text: str, unit: int) -> Levels:
    tile = np.full((STRIP * unit, length(text, TEXT * unit) + 1, 3), BACKGROUND, np.uint8)
    write(tile, (0, 2 * unit), text, TEXT * unit, INK)
    return tile


@dataclass(frozen=True)
class _Label:
    """A name and, from the right so that the digits stand still, its value."""

    name: str
    told: Callable[[Window], str]
    width: int
    unit: int
    left: int = 0
    top: int = 0

    @classmethod
    def of(cls, name: str, told: Callable[[Window], str], windows: Sequence[Window], unit: int) -> _Label:
        """Make a label as wide as the widest of its values."""
        widest = max(length(text, TEXT * unit) for text in {told(window) for window in windows})
        return cls(name, told, length(name, TEXT * unit) + widest + (30 if widest else 18) * unit, unit)

    def draw(self, strips: Levels, window: Window) -> None:
        """Draw the label of a window at its place."""
        name, value = (_glyphs(text, self.unit) for text in (self.name, self.told(window)))
        strip = strips[self.top : self.top + name.shape[0], self.left : self.left + self.width]
        strip[:, : name.shape[1]] = name
        right = self.width - 16 * self.unit
        strip[:, right - value.shape[1] : right] = value


def _labels(windows: Sequence[Window], viewport: Viewport, unit: int) -> list[_Label]:
    """A label for each number that changes, one for the filters drawn, others for unusual settings."""
    moving = [name for name in NUMBERS if len({getattr(window, name) for window in windows}) > 1]
    labels = [_Label.of(name, _number(name, windows), windows, unit) for name in moving]
    if any(every(viewport, window, unit, FILTERS) > 1 for window in windows):
        labels.append(_Label.of("filters", partial(_drawn, viewport, unit), windows, unit))
    still = [text for text in unusual(windows[0]) if text.split()[0] not in moving]
    return labels + [_Label.of(text, lambda window: "", windows, unit) for text in still]


def _number(name: str, windows: Sequence[Window]) -> Callable[[Window], str]:
    """Write a number in a format that shows its digits, and lets them stand still."""
    sizes = np.abs([v for window in windows for v in np.ravel(getattr(window, name))])
    plain = ".1f" if name in ("gx", "gy") else ".2f"
    form = plain if sizes.max() < 1e5 and (sizes.min() >= 0.1 or name in ("gx", "gy")) else ".3g"
    return lambda window: said(getattr(window, name), form)


def _drawn(viewport: Viewport, unit: int, window: Window) -> str:
    step = every(viewport, window, unit, FILTERS)
    return ordinal(step) if step > 1 else "all"


def _placed(labels: Sequence[_Label], left: int, right: int) -> tuple[list[_Label], int]:
    """Set labels side by side from `left`, in as many lines as `right` asks for; also their number."""
    placed, x, line = [], left, 0
    for label in labels:
        if x > left and x + label.width > right:
            x, line = left, line + 1
        placed.append(replace(label, left=x, top=line * STRIP * label.unit))
        x += label.width
    return placed, line + 1
