"""The frames of a sweep: the source with the window on it, the enlarged patch, the numbers that change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from glimpse.drawing.grid import draw_grid, every
from glimpse.drawing.ink import TEXT, length, ordinal, said, unusual, write
from glimpse.drawing.scanpath import draw_tail
from glimpse.drawing.viewport import (
    DARK,
    FINEST,
    GAP,
    SHORT,
    STRIP,
    Levels,
    Look,
    Theme,
    Viewport,
    enlarge,
    to_width,
    widest,
)
from glimpse.window import NUMBERS, Window

PATCH_SIDE = 256  # pixels that an enlarged patch about fills
SOURCE_SIDES = 376, 640  # pixels that a source is fitted into: larger ones would make larger files
FILTERS = 8  # most of an axis that are drawn: 16 make the file of a sweep half as large again
BEYOND = 1 / 4  # of an image's size, how far beyond it centres are followed


def default_zoom(n: int) -> int:
    """The whole number with which so many pixels about fill 256."""
    return max(1, round(PATCH_SIDE / n))


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
    theme : Theme
        The colours beside the source.
    width : int, optional
        Pixels that a frame is wide.
    """

    def __init__(
        self,
        image: Levels,
        windows: Sequence[Window],
        zoom: int | None = None,
        shape: tuple[int, int] | None = None,
        *,
        theme: Theme = DARK,
        width: int | None = None,
    ) -> None:
        whole = shape or (image.shape[0], image.shape[1])
        self.windows, self.theme, self.width = windows, theme, width
        if width is not None:
            self.size = self._lay_out(
                whole, zoom, widest(lambda size: self._lay_out(whole, zoom, size)[1], width)
            )
        else:
            self.size = self._lay_out(whole, zoom, 1)
            if min(self.size) < SHORT:
                self.size = self._lay_out(whole, zoom, 2)
        self._blank = np.full((*self.size, 3), theme.background, np.uint8)
        y, x = self.gap + (self.height - self.viewport.height) // 2, self.gap
        self._source = (slice(y, y + self.viewport.height), slice(x, x + self.viewport.width))
        self._blank[self._source] = self.viewport.backdrop(image, whole, theme.background)
        self.size = self.size[0], width or self.size[1]

    def _lay_out(self, shape: tuple[int, int], zoom: int | None, size: float) -> tuple[int, int]:
        """Fix the places of all parts at a size, 1 being the usual one; return that of a frame."""
        self.look, windows = Look(self.theme, max(size, FINEST)), self.windows
        self.gap = gap = self.look.px(GAP)
        # where n changes every patch has a zoom of its own, as large as fits the place of all
        longest = {max(window.shape) for window in windows}
        usual = {n: size * default_zoom(n) if len(longest) == 1 else size * PATCH_SIDE // n for n in longest}
        self.zooms = {n: zoom or max(1, round(usual[n])) for n in longest}
        self.patch = tuple(
            max(window.shape[axis] * self.zooms[max(window.shape)] for window in windows) for axis in (0, 1)
        )
        # the image as large as it fits, and around it at the same scale room for the centres beyond it
        aspect = shape[1] / shape[0]
        tall, wide = min(max(1 / aspect, 1), 2), min(max(aspect / 2, 1), 1.25)  # more where one side is long
        sides = SOURCE_SIDES[0] * tall * size, SOURCE_SIDES[1] * wide * size
        scale = Viewport.spanning((0, shape[0]), (0, shape[1]), *sides).scale
        rows, cols = (
            (min(0, max(min(at), -BEYOND * pixels)), max(pixels, min(max(at), (1 + BEYOND) * pixels)))
            for pixels, at in zip(shape, ([w.gx for w in windows], [w.gy for w in windows]), strict=True)
        )
        self.viewport = Viewport.spanning(
            rows, cols, scale * (rows[1] - rows[0]), scale * (cols[1] - cols[0])
        )
        self.height = max(self.patch[0], self.viewport.height)
        width = self.viewport.width + self.patch[1] + 3 * gap
        self.labels, lines = _labels(windows, self.viewport, self.look, width - gap)
        width = max([width, *(label.left + label.width for label in self.labels)])
        return self.height + 2 * gap + lines * self.look.px(STRIP), width

    def draw(
        self,
        window: Window,
        patch: Levels,
        behind: Sequence[Window] = (),
        durations: Sequence[float] = (),
    ) -> Levels:
        """Draw one frame.

        Parameters
        ----------
        window : Window
            The window of the frame.
        patch : ndarray, uint8, shape (N, M, 3)
            Its patch.
        behind : sequence of Window
            The fixations that have begun before it: the last of them fade behind the window.
        durations : sequence of float
            Milliseconds of all fixations of the film, if they are known.
        """
        frame, unit = self._blank.copy(), self.look.unit
        draw_grid(frame[self._source], self.viewport, window, unit, FILTERS)
        if behind:
            draw_tail(frame[self._source], self.viewport, behind, window, unit, durations)
        grown = enlarge(patch, self.zooms[max(window.shape)])
        y = self.gap + (self.height - grown.shape[0]) // 2
        x = 2 * self.gap + self.viewport.width + (self.patch[1] - grown.shape[1]) // 2
        frame[y : y + grown.shape[0], x : x + grown.shape[1]] = grown
        strips = frame[self.height + 2 * self.gap :]
        for label in self.labels:
            name, value = (_glyphs(text, self.look) for text in (label.name, label.told(window)))
            strip = strips[label.top : label.top + name.shape[0], label.left : label.left + label.width]
            strip[:, : name.shape[1]] = name
            right = label.width - round(16 * unit)
            strip[:, right - value.shape[1] : right] = value
        return to_width(frame, self.width, self.theme.background)


def frames(
    image: Levels, windows: Sequence[Window], patches: Sequence[Levels], zoom: int | None = None
) -> Iterator[Levels]:
    """Yield the panel of each window with its patch."""
    panel = Panel(image, windows, zoom)
    for window, patch in zip(windows, patches, strict=True):
        yield panel.draw(window, patch)


@cache
def _glyphs(text: str, look: Look) -> Levels:
    size = round(TEXT * look.unit)
    tile = np.full((round(STRIP * look.unit), length(text, size) + 1, 3), look.theme.background, np.uint8)
    write(tile, (0, round(2 * look.unit)), text, size, look.theme.ink)
    return tile


class _Label(NamedTuple):
    """A name and, from the right so that the digits stand still, its value."""

    name: str
    told: Callable[[Window], str]
    width: int
    left: int
    top: int


def _labels(
    windows: Sequence[Window], viewport: Viewport, look: Look, right: int
) -> tuple[list[_Label], int]:
    """A label for each number that changes, one for the filters drawn, others for unusual settings.

    They stand side by side, in as many lines as `right` asks for, which is returned too.
    """
    moving = [name for name in NUMBERS if len({getattr(window, name) for window in windows}) > 1]
    told: list[tuple[str, Callable[[Window], str]]] = [(name, _number(name, windows)) for name in moving]
    if len({window.shape for window in windows}) > 1:
        told.append(("n", lambda window: said(window.n, "d")))

    def drawn(window: Window) -> str:
        step = every(viewport, window, look.unit, FILTERS)
        return f"{ordinal(step) if step > 1 else 'every'} filter"

    if any(drawn(window) != "every filter" for window in windows):
        told.append(("drawn", drawn))
    told += [(text, lambda window: "") for text in unusual(windows[0]) if text.split()[0] not in moving]
    labels: list[_Label] = []
    x, line, size, gap = look.px(GAP), 0, look.px(TEXT), look.px(GAP)
    for name, value in told:
        widest = max(length(text, size) for text in {value(window) for window in windows})
        width = length(name, size) + widest + look.px(30 if widest else 18)
        if x > gap and x + width > right:
            x, line = gap, line + 1
        labels.append(_Label(name, value, width, x, line * look.px(STRIP)))
        x += width
    return labels, line + 1


def _number(name: str, windows: Sequence[Window]) -> Callable[[Window], str]:
    """Write a number in a format that shows its digits, and lets them stand still."""
    sizes = np.abs([v for window in windows for v in np.ravel(getattr(window, name))])
    plain = ".1f" if name in ("gx", "gy") else ".2f"
    form = plain if sizes.max() < 1e5 and (sizes.min() >= 0.1 or name in ("gx", "gy")) else ".3g"
    return lambda window: said(getattr(window, name), form)
