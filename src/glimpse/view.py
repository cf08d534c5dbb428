"""Pictures of a window at work: the grid over its image, the patch beside it, frames of a sweep."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from glimpse.errors import GlimpseError
from glimpse.stage import BACKGROUND, BOX, COL, INK, ROW, SHADE, Colour, Levels, Stage, draw_grid
from glimpse.window import Window

PATCH_SIDE = 256  # pixels that an enlarged patch about fills
_GAP = 12
_STRIP = 26  # height of the label


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
    steps: dict[str, Any] = dict.fromkeys(("gx", "gy"), np.linspace)
    steps |= dict.fromkeys(("delta", "sigma", "gamma"), np.geomspace)
    steps = {
        name: np.linspace if getattr(first, name) == getattr(last, name) else s for name, s in steps.items()
    }
    values = {name: step(getattr(first, name), getattr(last, name), frames) for name, step in steps.items()}
    numbers: list[dict[str, Any]] = [{name: float(v[i]) for name, v in values.items()} for i in range(frames)]
    return [replace(first, **these) for these in numbers]


def enlarge(array: NDArray[Any], zoom: int) -> NDArray[Any]:
    """Repeat each pixel `zoom` times along both axes."""
    return array.repeat(zoom, axis=0).repeat(zoom, axis=1)


def default_zoom(window: Window) -> int:
    """The whole number with which the patch about fills 256 pixels."""
    return max(1, round(PATCH_SIDE / max(window.shape)))


def to_rgb(levels: ArrayLike, white: int) -> Levels:
    """Return grey, grey and alpha, RGB or RGBA levels as 8-bit RGB on black.

    Colours are multiplied by their alpha already.
    """
    levels = np.atleast_3d(np.asarray(levels))
    colour = levels[..., :-1] if levels.shape[2] in (2, 4) else levels
    rgb = np.clip(np.rint(colour * (255 / white)), 0, 255).astype(np.uint8) if white > 255 else colour
    rgb = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return np.broadcast_to(rgb, (*rgb.shape[:2], 3))


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
        self.stage = Stage.around(
            (image.shape[0], image.shape[1]), windows, self.height, max(2 * PATCH_SIDE, 2 * self.patch[1])
        )
        self.labels = _labels(windows)
        width = max(
            self.stage.width + self.patch[1] + 3 * _GAP, _GAP + sum(label.width for label in self.labels)
        )
        self.size = self.height + 2 * _GAP + _STRIP, width
        self._blank = np.full((*self.size, 3), BACKGROUND, np.uint8)
        y, x = self._corner(self.stage.height), _GAP
        self._source = (slice(y, y + self.stage.height), slice(x, x + self.stage.width))
        self._blank[self._source] = self.stage.backdrop(image)

    def draw(self, window: Window, patch: Levels) -> Levels:
        """Draw one frame; patch is RGB, shape (N, M, 3)."""
        frame = self._blank.copy()
        draw_grid(frame[self._source], self.stage, window)
        y, x = self._corner(self.patch[0]), 2 * _GAP + self.stage.width
        frame[y : y + self.patch[0], x : x + self.patch[1]] = enlarge(patch, self.zoom)
        left = _GAP
        for label in self.labels:
            label.draw(frame[-_STRIP:, left : left + label.width], getattr(window, label.name))
            left += label.width
        return frame

    def _corner(self, height: int) -> int:
        return _GAP + (self.height - height) // 2


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
    tile = Image.new("RGB", (width, _STRIP), BACKGROUND)
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
    for name in ("gx", "gy", "delta", "sigma", "gamma"):
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


def show(image: Levels, window: Window, patch: Levels) -> Levels:
    """Draw the window over its image, as Gregor et al. 2015, fig. 3, with the patch beside it.

    Parameters
    ----------
    image : ndarray, uint8, shape (A, B, 3)
        The source.
    window : Window
        Where to look.
    patch : ndarray, uint8, shape (N, M, 3)
        What is seen there.

    Returns
    -------
    ndarray, uint8, RGB
        A picture of about 500 x 1000 pixels.
    """
    stage = Stage.around((image.shape[0], image.shape[1]), [window], 440, 640)
    enlarged = enlarge(patch, max(1, 400 // max(window.shape)))
    captions, title = _captions(window), f"patch {window.shape[0]} x {window.shape[1]}"
    margin, height = 44, max(stage.height, enlarged.shape[0])
    x = margin + max(stage.width + 3 * _GAP, 120)
    right = max(x + enlarged.shape[1], x + _length(title), margin + sum(_length(t) + 24 for t, _ in captions))
    canvas = np.full((margin + height + 2 * _GAP + _STRIP, right + _GAP, 3), BACKGROUND, np.uint8)
    x = right - enlarged.shape[1]
    canvas[margin : margin + stage.height, margin : margin + stage.width] = _scene(image, stage, window)
    canvas[margin : margin + enlarged.shape[0], x:right] = enlarged
    drawing = Image.fromarray(canvas)
    draw = ImageDraw.Draw(drawing)
    _rulers(draw, stage, image.shape[:2], margin)
    draw.text((min(x, right - _length(title)), margin - 22), title, INK, ImageFont.load_default(15))
    left = margin
    for text, colour in captions:
        draw.text((left, margin + height + _GAP), text, colour, ImageFont.load_default(15))
        left += _length(text) + 24
    return np.asarray(drawing)


def _scene(image: Levels, stage: Stage, window: Window) -> Levels:
    """The image with the grid and the arrows on it."""
    area = stage.backdrop(image).copy()
    draw_grid(area, stage, window)
    drawing = Image.fromarray(area)
    _arrows(ImageDraw.Draw(drawing), stage, window)
    return np.asarray(drawing)


def _length(text: str) -> int:
    return math.ceil(ImageFont.load_default(15).getlength(text))


def _captions(window: Window) -> list[tuple[str, Colour]]:
    return [
        (f"row {window.gx:.6g} (gx) DOWN", ROW),
        (f"col {window.gy:.6g} (gy) ACROSS", COL),
        (f"delta {window.delta:.4g}", BOX),
        (f"sigma {window.sigma:.4g}", BOX),
    ]


def _rulers(draw: ImageDraw.ImageDraw, stage: Stage, shape: tuple[int, ...], margin: int) -> None:
    """Ticks with pixel numbers: rows at the left, columns on top."""
    font = ImageFont.load_default(11)
    step = _tick(60 / stage.scale)
    for row in range(0, shape[0], step):
        y = margin + stage.y(row)
        draw.line((margin - 6, y, margin - 1, y), ROW)
        draw.text((margin - 9, y), str(row), ROW, font, "rm")
    for col in range(0, shape[1], step):
        x = margin + stage.x(col)
        draw.line((x, margin - 6, x, margin - 1), COL)
        draw.text((x, margin - 9), str(col), COL, font, "ms")


def _tick(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50... that is no less than `least`."""
    power: int = 10 ** math.floor(math.log10(max(least, 1)))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least)


def _arrows(draw: ImageDraw.ImageDraw, stage: Stage, window: Window) -> None:
    """gx from the top edge down to the centre, gy from the left edge across to it, as far as is drawn."""
    y = float(np.clip(stage.y(window.gx), 0, stage.height - 1))
    x = float(np.clip(stage.x(window.gy), 0, stage.width - 1))
    top, left = stage.y(-0.5), stage.x(-0.5)
    _arrow(draw, (x, top), (x, y), ROW)
    _arrow(draw, (left, y), (x, y), COL)
    font = ImageFont.load_default(18)
    beside = (x + 7, "lm") if x + 32 < stage.width else (x - 7, "rm")
    draw.text((beside[0], (top + y) / 2), "gx", ROW, font, beside[1], stroke_width=2, stroke_fill=SHADE)
    above = (y - 6, "ms") if y > 26 else (y + 6, "mt")
    draw.text(((left + x) / 2, above[0]), "gy", COL, font, above[1], stroke_width=2, stroke_fill=SHADE)
    draw.ellipse((x - 4, y - 4, x + 4, y + 4), INK, SHADE)


def _arrow(
    draw: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float], colour: Colour
) -> None:
    length = math.dist(start, end)
    if length < 1:
        return
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    base = end[0] - 16 * ux, end[1] - 16 * uy
    for width, shade in ((5, SHADE), (3, colour)):
        draw.line((*start, *base), shade, width)
    draw.polygon(
        [
            (end[0] - 4 * ux, end[1] - 4 * uy),
            (base[0] - 6 * uy, base[1] + 6 * ux),
            (base[0] + 6 * uy, base[1] - 6 * ux),
        ],
        colour,
        SHADE,
    )
