"""Anti-aliased ink on an array of levels: strokes, shapes, words, and the words below a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from glimpse.drawing.viewport import DARK, INK, STRIP, Colour, Levels, Look, Theme
from glimpse.window import Window

if TYPE_CHECKING:
    from glimpse.window.span import Span

Points = Sequence[tuple[float, float]]
Words = list[tuple[str, Colour]]

TEXT = 15  # pixels that a caption is high

FINE = 4  # an edge is drawn so many times larger and averaged; 8 take four times as long and look the same
_FAR = 20_000.0  # pixels outside a canvas; farther points are moved here, since Pillow counts in 32 bits


def blend(canvas: Levels, coverage: NDArray[Any], colour: Colour) -> None:
    """Paint a colour where `coverage`, shape (h, w), is 1, and mix it in where it is less."""
    for channel, level in enumerate(colour):  # a last axis of three is slow to loop over
        under = canvas[..., channel]
        under[...] = np.rint(under + (np.float32(level) - under) * coverage)


def stroke(canvas: Levels, points: Points, width: float, colour: Colour) -> None:
    """Draw a line of a width through points (x, y)."""
    line = max(1, round(width * FINE))
    _paint(canvas, points, width, colour, lambda pen, at: pen.line(at, 255, line, "curve"))


def polygon(canvas: Levels, points: Points, colour: Colour) -> None:
    """Fill a polygon, corners (x, y)."""
    _paint(canvas, points, 1, colour, lambda pen, at: pen.polygon(at, 255))


def disc(canvas: Levels, x: float, y: float, radius: float, colour: Colour) -> None:
    """Fill a disc."""
    corners = [(x - radius, y - radius), (x + radius, y + radius)]
    _paint(canvas, corners, 1, colour, lambda pen, at: pen.ellipse(at, 255))


def _paint(
    canvas: Levels, points: Points, reach: float, colour: Colour, draw: Callable[[Any, Any], None]
) -> None:
    """Have a shape drawn fine, no farther than `reach` from its points, and blend it in."""
    at = np.clip(np.asarray(points, float), -_FAR, _FAR)
    size = np.array(canvas.shape[1::-1])
    left, top = np.clip(np.floor(at.min(axis=0) - reach), 0, size).astype(int)
    right, bottom = np.clip(np.ceil(at.max(axis=0) + reach), 0, size).astype(int)
    if right <= left or bottom <= top:
        return
    mask = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE))
    fine = np.rint((at - (left, top)) * FINE - 0.5)  # Pillow counts from centres of pixels, and cuts
    draw(ImageDraw.Draw(mask), [tuple(map(float, point)) for point in fine])
    coverage = np.asarray(mask.reduce(FINE), np.float32) / 255
    blend(canvas[top:bottom, left:right], coverage, colour)


def arrow(canvas: Levels, start: tuple[float, float], end: tuple[float, float], size: float, colour: Colour,
          rim: Colour) -> None:  # fmt: skip
    """Draw an arrow from start to end, both (x, y), its head `size` long, with a rim."""
    length = math.dist(start, end)
    if length < 1:
        return
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    base = end[0] - size * ux, end[1] - size * uy
    if length > size:
        stroke(canvas, [start, base], size / 3.2, rim)
        stroke(canvas, [start, base], size / 5.3, colour)
    for grown, shade in ((size / 11, rim), (0.0, colour)):
        tip = end[0] + 1.6 * grown * ux, end[1] + 1.6 * grown * uy
        half, back = 0.4 * size + 1.6 * grown, (base[0] - grown * ux, base[1] - grown * uy)
        polygon(
            canvas,
            [tip, (back[0] - half * uy, back[1] + half * ux), (back[0] + half * uy, back[1] - half * ux)],
            shade,
        )


def faded(canvas: Levels, opacity: float, draw: Callable[[Levels], None]) -> None:
    """Have something drawn on a canvas, as if through a veil."""
    drawn = canvas.copy()
    draw(drawn)
    canvas[...] = np.rint(canvas + opacity * (drawn.astype(np.float32) - canvas))


@cache
def font(size: float) -> Any:
    """Pillow's own font, which looks the same on every machine."""
    return ImageFont.load_default(round(size))


@cache
def length(text: str, size: float) -> int:
    """Pixels that a text is long."""
    return math.ceil(float(font(size).getlength(text)))


def write(
    canvas: Levels, at: tuple[float, float], text: str, size: float, colour: Colour = INK, anchor: str = "la",
    rim: Colour | None = None,
) -> None:  # fmt: skip
    """Write a text at (x, y), Pillow's anchor, with a rim around the letters where a colour is given."""
    edge = int(size // 9) if rim else 0
    box = font(size).getbbox(text, anchor=anchor, stroke_width=edge)
    room = np.array(canvas.shape[1::-1])
    left, top = np.clip(np.floor(np.add(at, box[:2])) - 1, 0, room).astype(int)
    right, bottom = np.clip(np.ceil(np.add(at, box[2:])) + 2, 0, room).astype(int)
    if right <= left or bottom <= top:
        return
    area = canvas[top:bottom, left:right]
    drawing = Image.fromarray(np.ascontiguousarray(area))
    ImageDraw.Draw(drawing).text(
        (at[0] - left, at[1] - top), text, colour, font(size), anchor, stroke_width=edge, stroke_fill=rim
    )
    area[...] = np.asarray(drawing)


def wrapped(
    words: Sequence[tuple[str, Colour]], size: float, width: int
) -> list[list[tuple[int, str, Colour]]]:
    """Set captions side by side, in as many lines as a width asks for: (x, text, colour) of each line."""
    lines: list[list[tuple[int, str, Colour]]] = [[]]
    x = 0
    for text, colour in words:
        wide = length(text, size)
        if lines[-1] and x + wide > width:
            lines.append([])
            x = 0
        lines[-1].append((x, text, colour))
        x += wide + round(1.6 * size)
    return lines


def said(value: Any, form: str = ".4g") -> str:
    """Write a number, or two of rows and columns."""
    return ", ".join(format(v, form) for v in value) if isinstance(value, tuple) else format(value, form)


def unusual(window: Window | Span) -> list[str]:
    """Name gamma, kernel and edge where they are not the default."""
    words = [f"gamma {said(window.gamma)}"] if window.gamma != Window.gamma else []
    words += [f"{window.kernel} kernel"] if window.kernel != Window.kernel else []
    return words + ([f"{window.edge} beyond the edge"] if window.edge != Window.edge else [])


def words_of(window: Window | Span, step: int = 1, theme: Theme = DARK) -> Words:
    """The captions of a window, of whose filters every `step`-th is drawn, or of a span."""
    shown = [f"delta {said(window.delta)}", f"sigma {said(window.sigma)}", *unusual(window)]
    if isinstance(window, Window):
        place = [
            (f"row {window.gx:.6g} (gx) DOWN", theme.row),
            (f"col {window.gy:.6g} (gy) ACROSS", theme.col),
        ]
    else:
        place = [(f"center {window.center:.6g}", theme.col)]
    return [
        *place,
        *((text, theme.box) for text in shown),
        *([(f"{ordinal(step)} filter drawn", theme.ink)] if step > 1 else []),
    ]


def ordinal(step: int) -> str:
    """Every 2nd, every 4th, every 8th."""
    return f"every {step}{'nd' if step in (2, 32) else 'th'}"


def strip(words: Words, width: int, look: Look) -> Levels:
    """Draw captions in as many lines as they need, shape (height, width, 3)."""
    size = look.px(TEXT)
    lines = wrapped(words, size, width)
    area = np.full((len(lines) * look.px(STRIP), width, 3), look.theme.background, np.uint8)
    for line, row in enumerate(lines):
        for x, text, colour in row:
            write(area, (x, line * look.px(STRIP) + look.px(4)), text, size, colour)
    return area
