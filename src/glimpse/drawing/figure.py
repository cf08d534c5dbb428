"""A window at work, as one picture: the grid over its image, the patch beside it."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from glimpse.drawing.viewport import (
    BACKGROUND,
    BOX,
    COL,
    GAP,
    INK,
    ROW,
    SHADE,
    STRIP,
    Colour,
    Levels,
    Viewport,
    draw_grid,
    enlarge,
)
from glimpse.window import Window


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
    viewport = Viewport.around((image.shape[0], image.shape[1]), [window], 440, 640)
    enlarged = enlarge(patch, max(1, 400 // max(window.shape)))
    captions, title = _captions(window), f"patch {window.shape[0]} x {window.shape[1]}"
    margin, height = 44, max(viewport.height, enlarged.shape[0])
    x = margin + max(viewport.width + 3 * GAP, 120)
    right = max(x + enlarged.shape[1], x + _length(title), margin + sum(_length(t) + 24 for t, _ in captions))
    canvas = np.full((margin + height + 2 * GAP + STRIP, right + GAP, 3), BACKGROUND, np.uint8)
    x = right - enlarged.shape[1]
    canvas[margin : margin + viewport.height, margin : margin + viewport.width] = _scene(
        image, viewport, window
    )
    canvas[margin : margin + enlarged.shape[0], x:right] = enlarged
    drawing = Image.fromarray(canvas)
    draw = ImageDraw.Draw(drawing)
    _rulers(draw, viewport, image.shape[:2], margin)
    draw.text((min(x, right - _length(title)), margin - 22), title, INK, ImageFont.load_default(15))
    left = margin
    for text, colour in captions:
        draw.text((left, margin + height + GAP), text, colour, ImageFont.load_default(15))
        left += _length(text) + 24
    return np.asarray(drawing)


def _scene(image: Levels, viewport: Viewport, window: Window) -> Levels:
    """The image with the grid and the arrows on it."""
    area = viewport.backdrop(image).copy()
    draw_grid(area, viewport, window)
    drawing = Image.fromarray(area)
    _arrows(ImageDraw.Draw(drawing), viewport, window)
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


def _rulers(draw: ImageDraw.ImageDraw, viewport: Viewport, shape: tuple[int, ...], margin: int) -> None:
    """Ticks with pixel numbers: rows at the left, columns on top."""
    font = ImageFont.load_default(11)
    step = _tick(60 / viewport.scale)
    for row in range(0, shape[0], step):
        y = margin + viewport.y(row)
        draw.line((margin - 6, y, margin - 1, y), ROW)
        draw.text((margin - 9, y), str(row), ROW, font, "rm")
    for col in range(0, shape[1], step):
        x = margin + viewport.x(col)
        draw.line((x, margin - 6, x, margin - 1), COL)
        draw.text((x, margin - 9), str(col), COL, font, "ms")


def _tick(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50... that is no less than `least`."""
    power: int = 10 ** math.floor(math.log10(max(least, 1)))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least)


def _arrows(draw: ImageDraw.ImageDraw, viewport: Viewport, window: Window) -> None:
    """gx from the top edge down to the centre, gy from the left edge across to it, as far as is drawn."""
    y = float(np.clip(viewport.y(window.gx), 0, viewport.height - 1))
    x = float(np.clip(viewport.x(window.gy), 0, viewport.width - 1))
    top, left = viewport.y(-0.5), viewport.x(-0.5)
    _arrow(draw, (x, top), (x, y), ROW)
    _arrow(draw, (left, y), (x, y), COL)
    font = ImageFont.load_default(18)
    beside = (x + 7, "lm") if x + 32 < viewport.width else (x - 7, "rm")
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
