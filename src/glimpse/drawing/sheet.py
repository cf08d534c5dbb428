"""Many windows on one picture: numbered over their image, with the path, their patches as a contact sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from glimpse.drawing.axes import REACH, Span, draw_rulers, margin
from glimpse.drawing.figure import HEAD, fitted, place
from glimpse.drawing.grid import draw_frame
from glimpse.drawing.ink import write
from glimpse.drawing.scanpath import draw_number, draw_path
from glimpse.drawing.viewport import BACKGROUND, GAP, SHORT, SMALL, Levels, Viewport, enlarge
from glimpse.errors import GlimpseError
from glimpse.limits import SHEET_WINDOWS
from glimpse.window import Window

CELL = 128  # pixels that a patch about fills: smaller ones are hard to tell apart, larger ones are few
MANY = 20  # windows, from which on the image grows with their number, as far as 2.5 times
NUMBER = 26  # pixels above a patch, for its number


def show_all(
    image: Levels, windows: Sequence[Window], patches: Sequence[Levels], shape: tuple[int, int] | None = None
) -> Levels:
    """Draw windows in their order over the image, and the patch of each under the same number.

    Parameters
    ----------
    image : ndarray, uint8, shape (a, b, 3)
        The source, or a smaller copy of it.
    windows : sequence of Window
        At most `limits.SHEET_WINDOWS`.
    patches : sequence of ndarray, uint8, shape (N, M, 3)
        The patch of each window, of any size.
    shape : (int, int), optional
        Rows and columns of the source where `image` is a smaller copy.

    Returns
    -------
    ndarray, uint8, RGB
        The more windows, the larger.

    Raises
    ------
    GlimpseError
        If there are no windows, or more than the limit.
    """
    if not 1 <= len(windows) <= SHEET_WINDOWS:
        raise GlimpseError(f"one picture shows 1 to {SHEET_WINDOWS} windows, got {len(windows)}")
    whole = shape or (image.shape[0], image.shape[1])
    drawing = _drawn(image, windows, patches, whole, 1)
    small = min(drawing.shape[:2]) < SHORT or max(whole) < SMALL
    return _drawn(image, windows, patches, whole, 2) if small else drawing


def _drawn(
    image: Levels, windows: Sequence[Window], patches: Sequence[Levels], shape: tuple[int, int], unit: int
) -> Levels:
    rows, cols = (_span(shape, windows, axis) for axis in (0, 1))
    larger = min(max(math.sqrt(len(windows) / MANY), 1), 2.5)
    viewport = fitted(rows.range, cols.range, unit * larger)
    sheet = _contact_sheet([_cell(patch, unit) for patch in patches], unit)
    top, left, gap = HEAD * unit, margin(viewport, rows, unit), GAP * unit
    x = left + viewport.width + 3 * gap
    height = top + max(viewport.height, sheet.shape[0] - (HEAD - NUMBER) * unit)
    canvas = np.full((height + 2 * gap, x + sheet.shape[1] + gap, 3), BACKGROUND, np.uint8)
    place(canvas, _scene(image, viewport, windows, shape, unit), top, left)
    draw_rulers(canvas, viewport, rows, cols, (top, left), unit)
    place(canvas, sheet, top - NUMBER * unit, x)
    return canvas


def _span(shape: tuple[int, int], windows: Sequence[Window], axis: int) -> Span:
    """The image and the windows, as far as half the image beyond it."""
    size, boxes = shape[axis], [window.box[2 * axis : 2 * axis + 2] for window in windows]
    low, high = min(box[0] for box in boxes), max(box[1] for box in boxes)
    return Span((max(-REACH * size, min(0, low)), min((1 + REACH) * size, max(size, high))))


def _scene(
    image: Levels, viewport: Viewport, windows: Sequence[Window], shape: tuple[int, int], unit: int
) -> Levels:
    area = viewport.backdrop(image, shape)
    for window in windows:
        draw_frame(area, viewport, window, unit)
    draw_path(area, viewport, windows, unit)
    for number, window in enumerate(windows, 1):
        y = min(max(float(viewport.y(window.gx)), 0), viewport.height)
        x = min(max(float(viewport.x(window.gy)), 0), viewport.width)
        draw_number(area, x, y, number, unit)
    return area


def _cell(patch: Levels, unit: int) -> Levels:
    """A patch about as large as a cell."""
    side = CELL * unit
    if max(patch.shape[:2]) <= side:
        return enlarge(patch, side // max(patch.shape[:2]))
    small = Image.fromarray(np.ascontiguousarray(patch))
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(small)


def _contact_sheet(cells: Sequence[Levels], unit: int) -> Levels:
    """Numbered cells in rows, about as wide as high."""
    gap, head = GAP * unit, NUMBER * unit
    tall, wide = (max(cell.shape[axis] for cell in cells) + gap for axis in (0, 1))
    tall += head
    across = max(1, math.ceil(math.sqrt(len(cells) * tall / wide)))
    down = math.ceil(len(cells) / across)
    sheet = np.full((down * tall, across * wide, 3), BACKGROUND, np.uint8)
    for number, cell in enumerate(cells):
        y, x = number // across * tall, number % across * wide
        write(sheet, (x, y + head - 6 * unit), str(number + 1), 15 * unit, anchor="ls")
        place(sheet, cell, y + head, x)
    return sheet
