"""The patches of ``glimpse write``: loaded from files, each with the window where it belongs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from glimpse.cli.faults import of_item
from glimpse.cli.messages import source_name
from glimpse.cli.row import Row
from glimpse.cli.window_options import WindowOptions
from glimpse.errors import GlimpseError, about, prefixed
from glimpse.limits import CANVAS_BYTES, DECODER_BYTES
from glimpse.validation import check_pixels
from glimpse.window import Blend, Method, Window

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions, Picture, Record
    from glimpse.io.stack_input import PatchStack


@dataclass(frozen=True)
class Settings:
    """The options of canvases.

    Parameters
    ----------
    canvas : (int, int), str or None
        Rows and columns, or the name of an image of that size; else that of the patch's source.
    onto : str or None
        The picture below.
    blend, method, gain
        As for `glimpse.restore_many`.
    decoding : DecodeOptions
        For every file.
    overwrite : bool
        Whether an existing canvas is replaced.
    """

    canvas: str | tuple[int, int] | None
    onto: str | None
    blend: Blend
    method: Method
    gain: float | None
    decoding: DecodeOptions
    overwrite: bool


@dataclass(frozen=True)
class StackRow(Row):
    """A patch of a stack."""

    stack: PatchStack | None = None


def stack_rows(name: str, window: WindowOptions, decoding: DecodeOptions) -> list[Row]:
    """Return the patches of a stack, whose own windows `window` changes; of a bad file its fault."""
    from glimpse.io.stack_input import load_stack

    stem = os.path.splitext(os.path.basename(name))[0]
    try:
        stack = load_stack(name, decoding)
    except GlimpseError as error:
        return [Row(name, name, window, fault=error)]
    return [
        StackRow(f"{name}[{index}]", f"{stem}-{index:05d}", window, index=index, stack=stack)
        for index in range(len(stack))
    ]


class Piece(NamedTuple):
    """A patch and where it belongs."""

    place: str  # the name in its lines
    picture: Picture
    window: Window
    source: str
    known: bool  # whether the patch itself tells its source
    alone: bool  # whether its fault costs only itself, as that of a row of a table
    notes: Sequence[str]  # on its window


def load_pieces(
    rows: Sequence[Row], shape: tuple[int, int] | None, settings: Settings
) -> tuple[list[Piece], tuple[int, int] | None, list[GlimpseError]]:
    """Load the patches of one canvas.

    A row of a table that cannot be used costs only itself; a file of the command line ends the work.

    Parameters
    ----------
    rows : sequence of Row
        The patches.
    shape : (int, int) or None
        Rows and columns of the canvas, where a picture below says so.
    settings : Settings
        The options of canvases.

    Returns
    -------
    list of Piece, (int, int) or None, list of GlimpseError
        The patches, the shape of their canvas, and the faults of rows.
    """
    pieces: list[Piece] = []
    faults: list[GlimpseError] = []
    own, told = shape, settings.canvas is not None or shape is not None
    for row in rows:
        try:
            with of_item(alone=len(rows) == 1):
                piece, size = _loaded(row, own if told else None, settings)
                _check_size(own, size)
        except GlimpseError as error:
            if row.place == row.image:
                raise prefixed(row.place, error) from error
            faults.append(prefixed(row.place, error))
        else:
            own = size
            pieces.append(piece)
    return pieces, own, faults


def _check_size(shape: tuple[int, int] | None, own: tuple[int, int]) -> None:
    if shape and own != shape:
        ours, theirs = (f"{rows} x {cols}" for rows, cols in (shape, own))
        raise GlimpseError(f"canvases of {ours} and {theirs} do not go together; give one --canvas")


def load_base(settings: Settings) -> Picture | None:
    """Return the picture that patches are laid on."""
    from glimpse import io

    if settings.onto is None:
        return None
    with about(f"--onto {settings.onto}"):
        return io.load_picture(settings.onto, settings.decoding)


def _loaded(row: Row, shape: tuple[int, int] | None, settings: Settings) -> tuple[Piece, tuple[int, int]]:
    """A patch with its window, and the shape of its canvas."""
    if row.fault:
        raise row.fault
    try:
        patch, found = _load_patch(row, shape, settings)
    except GlimpseError as error:
        alone = row.place == row.image or isinstance(row, StackRow)
        raise error if alone else prefixed(row.image, error) from error
    shape = shape or _canvas_shape(settings, row.window.like or found)
    if settings.canvas is None and settings.onto is None:
        _check_asked(shape, patch, settings)
    options = row.window.or_like(found).or_n(patch.shape)
    source = found.source if found else source_name(row.image)
    window = options.window(shape)
    notes = [*options.notes(window, shape), *_resized(found, shape, settings)]
    return Piece(row.place, patch, window, source, found is not None, row.place != row.image, notes), shape


def _resized(record: Record | None, shape: tuple[int, int], settings: Settings) -> list[str]:
    """A note where the picture below is of another size than the patch's source: pixels are not scaled."""
    if settings.onto is None or record is None or record.shape == shape:
        return []
    ours, theirs = (f"{rows} x {cols}" for rows, cols in (record.shape, shape))
    return [
        f"its source was {ours}, {os.path.basename(settings.onto)} is {theirs}: it lies at the same pixels"
    ]


def _load_patch(row: Row, shape: tuple[int, int] | None, settings: Settings) -> tuple[Picture, Record | None]:
    from glimpse import io

    if isinstance(row, StackRow) and row.stack:
        size = shape or (_canvas_shape(settings, None) if settings.canvas else None)
        return row.stack.picture(row.index), row.stack.record(row.index, size)
    pages_elsewhere = settings.onto is not None or isinstance(settings.canvas, str)
    decoding = settings.decoding._replace(page=None) if pages_elsewhere else settings.decoding
    patch = io.load_picture(row.image, decoding)
    found = io.picture_record(patch, decoding)
    if found and not found.is_patch:
        raise GlimpseError("not a patch: its record is of a canvas or an animation")
    return patch, found


def _check_asked(shape: tuple[int, int], patch: Picture, settings: Settings) -> None:
    """Refuse a canvas that is much work, though a few bytes of a record ask for it."""
    channels = patch.pixels.shape[2] if patch.pixels.ndim == 3 else 1
    work = max(1, channels * CANVAS_BYTES / DECODER_BYTES["plain"])
    kind = f"a canvas of {channels} channels that its record asks for"
    check_pixels(*shape, settings.decoding.max_pixels, work, kind)


def _canvas_shape(settings: Settings, record: Record | None) -> tuple[int, int]:
    from glimpse import io

    canvas = settings.canvas
    if isinstance(canvas, str):
        try:
            return io.load_picture(canvas, settings.decoding).shape
        except GlimpseError as error:
            raise GlimpseError(f"--canvas {canvas}: {error}; write ROWS,COLS or name an image") from error
    if canvas is None and record is None:
        raise GlimpseError("not made by glimpse read; give --canvas ROWS,COLS (or an image), and its window")
    return canvas or record.shape  # type: ignore[union-attr]
