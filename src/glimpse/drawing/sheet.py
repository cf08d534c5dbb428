"""Many windows on one picture: numbered over their image, as heat, or compared, their patches beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from glimpse.drawing.axes import REACH, Span, draw_rulers, margin
from glimpse.drawing.figure import HEAD, place, space
from glimpse.drawing.grid import draw_frame, draw_grid
from glimpse.drawing.ink import TEXT, faded, length, write
from glimpse.drawing.scanpath import MANY, draw_heat, draw_path, heat, warmth
from glimpse.drawing.viewport import (
    BORDER,
    DARK,
    FINEST,
    GAP,
    SHORT,
    SMALL,
    STRIP,
    Levels,
    Look,
    Theme,
    Viewport,
    fitted,
    to_width,
    widest,
)
from glimpse.errors import GlimpseError
from glimpse.limits import SHEET_WINDOWS
from glimpse.window import Window

CELL = 128  # pixels that a patch about fills: smaller ones are hard to tell apart, larger ones are few
LARGER = 20  # windows, from which on the image grows with their number, as far as 2.5 times
NUMBER = 26  # pixels above a patch, for its number
COMPARED = 360, 420  # pixels that an image, and its patch, are fitted into where windows are compared
LETTERS = 1.5  # how much larger than usual the words beside compared windows are: they are for a slide
ASPECT = 1.6  # width over height that a sheet of compared windows about has


def show_all(
    image: Levels,
    windows: Sequence[Window],
    patches: Sequence[Levels],
    shape: tuple[int, int] | None = None,
    *,
    durations: Sequence[float] = (),
    theme: Theme = DARK,
    width: int | None = None,
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
    durations : sequence of float
        Milliseconds of each window, if they are known: its circle is as large.
    theme : Theme
        The colours beside the image.
    width : int, optional
        Pixels that the picture is wide; without it the more windows, the larger.

    Returns
    -------
    ndarray, uint8, RGB

    Raises
    ------
    GlimpseError
        If there are no windows, or more than the limit.
    """
    if not 1 <= len(windows) <= SHEET_WINDOWS:
        raise GlimpseError(f"one picture shows 1 to {SHEET_WINDOWS} windows, got {len(windows)}")
    whole = shape or (image.shape[0], image.shape[1])
    rows, cols = (_span(whole, windows, axis) for axis in (0, 1))
    larger = min(max(math.sqrt(len(windows) / LARGER), 1), 2.5)

    def parts(size: float) -> tuple[Look, Viewport, list[tuple[int, int]], tuple[int, int]]:
        """The look, where the image is, the places of the patches, the size of the picture."""
        look = Look(theme, max(size, FINEST))
        viewport = space(rows.range, cols.range, size * larger)
        side = max(1, int(CELL * size))
        tall, wide = (max(_side(patch, side)[axis] for patch in patches) + look.px(GAP) for axis in (0, 1))
        tall += look.px(NUMBER)
        across = max(1, math.ceil(math.sqrt(len(patches) * tall / wide)))
        top, left = look.px(HEAD) + BORDER, margin(viewport, rows, look) + viewport.width + look.px(3 * GAP)
        at = [(top + k // across * tall, left + k % across * wide) for k in range(len(patches))]
        height = max(look.px(HEAD) + viewport.height, at[-1][0] + tall - look.px(NUMBER))
        return look, viewport, at, (height + look.px(2 * GAP), left + across * wide + look.px(GAP))

    size = 1.0 if width is None else widest(lambda size: parts(size)[-1][1], width)
    if width is None and (min(parts(1)[-1]) < SHORT or max(whole) < SMALL):
        size = 2.0
    look, viewport, at, area = parts(size)
    canvas = np.full((*area, 3), theme.background, np.uint8)
    corner = look.px(HEAD), margin(viewport, rows, look)
    scene = viewport.backdrop(image, whole, theme.background)
    many = len(windows) > MANY  # their frames are a hint

    def draw_frames(area: Levels) -> None:
        for window in windows:
            draw_frame(area, viewport, window, look.unit * (0.5 if many else 1))

    faded(scene, 0.5 if many else 1, draw_frames)
    draw_path(scene, viewport, windows, look.unit * math.sqrt(larger), durations)
    place(canvas, scene, *corner)
    draw_rulers(canvas, viewport, rows, cols, corner, look)
    for number, (patch, (y, x)) in enumerate(zip(patches, at, strict=True), 1):
        write(canvas, (x, y - look.px(6)), str(number), look.px(TEXT), theme.ink, "ls")
        place(canvas, fitted(patch, max(1, int(CELL * size))), y, x)
    return to_width(canvas, width, theme.background)


def heat_map(
    image: Levels,
    windows: Sequence[Window],
    durations: Sequence[float],
    shape: tuple[int, int] | None = None,
    *,
    theme: Theme = DARK,
    width: int | None = None,
) -> Levels:
    """Colour the image by how long each part of it was looked at, from blue to red.

    Parameters
    ----------
    image, windows, shape, theme, width
        As for `show_all`, of any number of windows.
    durations : sequence of float
        Milliseconds of each window.
    """
    whole = shape or (image.shape[0], image.shape[1])
    rows, cols = Span((0, whole[0])), Span((0, whole[1]))

    def told(most: float) -> str:
        return f"{most:.0f} ms at most, of {sum(durations) / 1000:.1f} s"

    def parts(size: float) -> tuple[Look, Viewport, tuple[int, int], tuple[int, int]]:
        look = Look(theme, max(size, FINEST))
        viewport = space(rows.range, cols.range, 1.5 * size)
        corner = look.px(HEAD), margin(viewport, rows, look)
        height = corner[0] + viewport.height + look.px(GAP + 2 * STRIP)
        words = BORDER + look.px(150) + length(told(sum(durations)), look.px(TEXT))
        return look, viewport, corner, (height, corner[1] + max(viewport.width, words) + look.px(GAP))

    size = 1.0 if width is None else widest(lambda size: parts(size)[-1][1], width)
    look, viewport, (top, left), area = parts(size)
    canvas = np.full((*area, 3), theme.background, np.uint8)
    scene = viewport.backdrop(image, whole, theme.background)
    inside = scene[BORDER:-BORDER, BORDER:-BORDER]
    most = draw_heat(inside, heat(viewport, windows, durations)[BORDER:-BORDER, BORDER:-BORDER])
    place(canvas, scene, top, left)
    draw_rulers(canvas, viewport, rows, cols, (top, left), look)
    y, x, text = top + viewport.height + look.px(GAP), left + BORDER, look.px(TEXT)
    bar = np.broadcast_to(warmth(np.linspace(0, 1, look.px(140))), (look.px(14), look.px(140), 3))
    place(canvas, np.rint(bar).astype(np.uint8), y, x)
    write(canvas, (x + look.px(150), y - look.px(2)), told(most), text, theme.ink)
    return to_width(canvas, width, theme.background)


def compare(
    image: Levels,
    windows: Sequence[Window],
    patches: Sequence[Levels],
    labels: Sequence[str],
    shape: tuple[int, int] | None = None,
    *,
    across: int | None = None,
    theme: Theme = DARK,
    width: int | None = None,
) -> Levels:
    """Draw each window over the image with its patch below, all of them alike, under a label each.

    Parameters
    ----------
    image, windows, patches, shape, theme, width
        As for `show_all`.
    labels : sequence of str
        The words above each, such as ``sigma 2``.
    across : int, optional
        How many stand side by side; by default as many as make a picture for a slide.
    """
    whole = shape or (image.shape[0], image.shape[1])
    rows, cols = (_span(whole, windows, axis) for axis in (0, 1))
    count = len(windows)
    if not 1 <= count <= SHEET_WINDOWS:
        raise GlimpseError(f"one picture compares 1 to {SHEET_WINDOWS} windows, got {count}")

    def parts(size: float, across: int) -> tuple[Look, Viewport, tuple[int, int], tuple[int, int]]:
        look = Look(theme, max(LETTERS * size, FINEST))
        viewport = Viewport.spanning(rows.range, cols.range, *(side * size for side in COMPARED))
        sides = [_side(patch, max(1, int(COMPARED[1] * size))) for patch in patches]
        tall = viewport.height + max(side[0] for side in sides) + look.px(NUMBER + 2 * GAP)
        words = max(length(label, look.px(TEXT)) for label in labels)
        wide = max(viewport.width, max(side[1] for side in sides) + BORDER, words) + look.px(GAP)
        area = math.ceil(count / across) * tall + look.px(GAP), across * wide + look.px(GAP)
        return look, viewport, (tall, wide), area

    def uneven(across: int) -> float:
        """How far from a slide's the aspect is, and how many cells stay empty."""
        tall, wide = parts(1, across)[-1]
        return abs(math.log(wide / tall / ASPECT)) + (-count % across) / count

    across = across or min(range(1, count + 1), key=uneven)
    size = 1.0 if width is None else widest(lambda size: parts(size, across)[-1][1], width)
    look, viewport, (tall, wide), area = parts(size, across)
    canvas = np.full((*area, 3), theme.background, np.uint8)
    backdrop = viewport.backdrop(image, whole, theme.background)
    for k, (window, patch, label) in enumerate(zip(windows, patches, labels, strict=True)):
        y, x = look.px(GAP) + k // across * tall, look.px(GAP) + k % across * wide
        scene = backdrop.copy()
        draw_grid(scene, viewport, window, look.unit / LETTERS)
        write(canvas, (x + BORDER, y), label, look.px(TEXT), theme.box)
        place(canvas, scene, y + look.px(NUMBER) - BORDER, x)
        grown = fitted(patch, max(1, int(COMPARED[1] * size)))
        place(canvas, grown, y + look.px(NUMBER) - BORDER + viewport.height + look.px(GAP) // 2, x + BORDER)
    return to_width(canvas, width, theme.background)


def grid(
    patches: Sequence[Sequence[Levels]],
    rows: Sequence[str],
    cols: Sequence[str],
    *,
    theme: Theme = DARK,
    width: int | None = None,
) -> Levels:
    """Draw patches as a table of two numbers, one going down and one across, each under its label.

    Parameters
    ----------
    patches : sequence of sequences of ndarray, uint8, shape (N, M, 3)
        Row by row.
    rows, cols : sequence of str
        The words beside each row and above each column.
    theme, width
        As for `show_all`.
    """

    def parts(size: float) -> tuple[Look, tuple[int, int], tuple[int, int], tuple[int, int]]:
        look = Look(theme, max(LETTERS * size, FINEST))
        sides = [_side(patch, max(1, int(1.5 * CELL * size))) for row in patches for patch in row]
        names = max(length(label, look.px(TEXT)) for label in cols)
        tall, wide = (max(side[axis] for side in sides) + look.px(GAP) for axis in (0, 1))
        wide = max(wide, names + look.px(GAP))
        left = max(length(label, look.px(TEXT)) for label in rows) + look.px(2 * GAP)
        top = look.px(NUMBER + GAP)
        return look, (tall, wide), (top, left), (top + len(rows) * tall, left + len(cols) * wide)

    size = 1.0 if width is None else widest(lambda size: parts(size)[-1][1], width)
    look, (tall, wide), (top, left), area = parts(size)
    canvas = np.full((*area, 3), theme.background, np.uint8)
    for k, label in enumerate(cols):
        write(canvas, (left + k * wide, look.px(GAP)), label, look.px(TEXT), theme.col)
    for j, (row, label) in enumerate(zip(patches, rows, strict=True)):
        write(canvas, (look.px(GAP), top + j * tall), label, look.px(TEXT), theme.row)
        for k, patch in enumerate(row):
            place(canvas, fitted(patch, max(1, int(1.5 * CELL * size))), top + j * tall, left + k * wide)
    return to_width(canvas, width, theme.background)


def _span(shape: tuple[int, int], windows: Sequence[Window], axis: int) -> Span:
    """The image and the windows, as far as half the image beyond it."""
    size, boxes = shape[axis], [window.box[2 * axis : 2 * axis + 2] for window in windows]
    low, high = min(box[0] for box in boxes), max(box[1] for box in boxes)
    return Span((max(-REACH * size, min(0, low)), min((1 + REACH) * size, max(size, high))))


def _side(patch: Levels, side: int) -> tuple[int, int]:
    """Rows and columns of a patch that is fitted into a side."""
    rows, cols = patch.shape[:2]
    longer = max(rows, cols)
    if longer <= side:
        return rows * (side // longer), cols * (side // longer)
    return max(1, math.ceil(rows * side / longer)), max(1, math.ceil(cols * side / longer))
