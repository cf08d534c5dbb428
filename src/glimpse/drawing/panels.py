"""The frames of a sweep: the source with the window on it, the enlarged patch, the numbers that change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from glimpse.drawing.viewport import BACKGROUND, GAP, INK, STRIP, Levels, Viewport, draw_grid, enlarge
from glimpse.errors import GlimpseError
from glimpse.window import NUMBERS, Window

PATCH_SIDE = 256  # pixels that an enlarged patch about fills


def path(first: Window, last: Window, frames: int) -> list[Window]:
    """Return the windows of a sweep: equal steps for gx and gy, equal ratios for delta, sigma and gamma.

    Examples
    --------
    >>> first, last = Window(0, 0, delta=1, sigma=1), Window(0, 10, delta=4, sigma=1)
    >>> [(w.gy, w.delta) for w in path(first, last, 3)]
    [(0.0, 1.0), (5.0, 2.0), (10.0, 4.0)]
    """
    if frames < 1:
        raise GlimpseError(f"a sweep needs at least one frame, got {frames}")
    steps: dict[str, Any] = dict.fromkeys(NUMBERS, np.geomspace)
    steps |= dict.fromkeys(("gx", "gy"), np.linspace)
    steps = {
        name: np.linspace if getattr(first, name) == getattr(last, name) else s for name, s in steps.items()
    }
    values = {name: step(getattr(first, name), getattr(last, name), frames) for name, step in steps.items()}
    numbers: list[dict[str, Any]] = [{name: float(v[i]) for name, v in values.items()} for i in range(frames)]
    return [replace(first, **these) for these in numbers]


def default_zoom(window: Window) -> int:
    """The whole number with which the patch about fills 256 pixels."""
    return max(1, round(PATCH_SIDE / max(window.shape)))


class Panel:
    """The frames of a sweep: the source with the window's box, the enlarged patch, the values.

    Parameters
    ----------
    image : ndarray, uint8, shape (A, B, 3)
        The source.
    windows : sequence of Window
        Every window of the sweep.
    zoom : int or None
        Enlargement of the patch; by default it about fills 256 pixels.
    """

    def __init__(self, image: Levels, windows: Sequence[Window], zoom: int | None = None) -> None:
        self.zoom = zoom or default_zoom(windows[0])
        self.patch = tuple(side * self.zoom for side in windows[0].shape)
        self.height = max(self.patch[0], PATCH_SIDE // 2)
        self.viewport = Viewport.around(
            (image.shape[0], image.shape[1]), windows, self.height, max(2 * PATCH_SIDE, 2 * self.patch[1])
        )
        self.labels = _labels(windows)
        width = max(
            self.viewport.width + self.patch[1] + 3 * GAP, GAP + sum(label.width for label in self.labels)
        )
        self.size = self.height + 2 * GAP + STRIP, width
        self._blank = np.full((*self.size, 3), BACKGROUND, np.uint8)
        y, x = self._corner(self.viewport.height), GAP
        self._source = (slice(y, y + self.viewport.height), slice(x, x + self.viewport.width))
        self._blank[self._source] = self.viewport.backdrop(image)

    def draw(self, window: Window, patch: Levels) -> Levels:
        """Draw one frame; patch is RGB, shape (N, M, 3)."""
        frame = self._blank.copy()
        draw_grid(frame[self._source], self.viewport, window)
        y, x = self._corner(self.patch[0]), 2 * GAP + self.viewport.width
        frame[y : y + self.patch[0], x : x + self.patch[1]] = enlarge(patch, self.zoom)
        left = GAP
        for label in self.labels:
            label.draw(frame[-STRIP:, left : left + label.width], getattr(window, label.name))
            left += label.width
        return frame

    def _corner(self, height: int) -> int:
        return GAP + (self.height - height) // 2


def frames(
    image: Levels, windows: Sequence[Window], patches: Sequence[Levels], zoom: int | None = None
) -> Iterator[Levels]:
    """Yield the panel of each window with its patch."""
    panel = Panel(image, windows, zoom)
    for window, patch in zip(windows, patches, strict=True):
        yield panel.draw(window, patch)


@cache
def _glyphs(text: str) -> Levels:
    font = ImageFont.load_default(15)
    width = math.ceil(font.getlength(text)) + 1
    tile = Image.new("RGB", (width, STRIP), BACKGROUND)
    ImageDraw.Draw(tile).text((0, 2), text, INK, font)
    return np.asarray(tile)


@dataclass(frozen=True)
class _Label:
    """A name and, from the right so that the digits stand still, its value."""

    name: str
    form: str
    width: int

    def draw(self, strip: Levels, value: float) -> None:
        name, digits = _glyphs(self.name), _glyphs(format(value, self.form))
        strip[:, : name.shape[1]] = name
        strip[:, self.width - 16 - digits.shape[1] : self.width - 16] = digits


def _labels(windows: Sequence[Window]) -> list[_Label]:
    """A label for each number that changes."""
    labels = []
    for name in NUMBERS:
        ends = [getattr(window, name) for window in (windows[0], windows[-1])]
        if ends[0] != ends[1]:
            low, high = sorted(map(abs, ends))
            plain = ".1f" if name in ("gx", "gy") else ".2f"
            form = plain if high < 1e5 and (low >= 0.1 or name in ("gx", "gy")) else ".3g"
            digits = max(
                _glyphs(format(window_value, form)).shape[1] for window_value in (*ends, -1234.5678e-5)
            )
            labels.append(_Label(name, form, _glyphs(name).shape[1] + 12 + digits + 16))
    return labels
