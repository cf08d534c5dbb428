"""Patches loaded from files, each with the window where it belongs, and restored on one canvas."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.batch.outcomes import FEW, Outcome, cut_note, of_item, source_name
from glimpse.batch.placements import Placement
from glimpse.batch.rows import Row
from glimpse.errors import GlimpseError, about, prefixed
from glimpse.validation import check_pixels, checked_shape
from glimpse.window import Blend, Method, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.attention.blending import Layer
    from glimpse.io import DecodeOptions, Picture, Record
    from glimpse.io.compositing import Ground
    from glimpse.io.encode import Quality
    from glimpse.io.npy import PatchStack


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
    quality : int, "lossless" or None
        As for `glimpse.io.save_still`.
    """

    canvas: str | tuple[int, int] | None
    onto: str | None
    blend: Blend
    method: Method
    gain: float | None
    decoding: DecodeOptions
    overwrite: bool
    quality: Quality = None


@dataclass(frozen=True)
class StackRow(Row):
    """A patch of a stack."""

    stack: PatchStack | None = None


def stack_rows(name: str, window: Placement, decoding: DecodeOptions) -> list[Row]:
    """Return the patches of a stack, whose own windows `window` changes; of a bad file its fault."""
    from glimpse.io.npy import load_stack

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
    shape = shape or _canvas_shape(settings, row.placement.like or found)
    if settings.canvas is None and settings.onto is None:
        _check_asked(shape, patch, settings)
    options = row.placement.or_like(found).or_n(patch.shape)
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
    kind = f"a canvas of {channels} channels that its record asks for"
    check_pixels(*shape, settings.decoding.max_pixels, channels, kind)


def _canvas_shape(settings: Settings, record: Record | None) -> tuple[int, int]:
    from glimpse import io

    canvas = settings.canvas
    if isinstance(canvas, str):
        try:
            return io.load_picture(canvas, settings.decoding).shape
        except GlimpseError as error:
            raise GlimpseError(f"--canvas {canvas}: {error}; write ROWS,COLS or name an image") from error
    if canvas:
        return canvas
    if record is None:
        raise GlimpseError("not made by glimpse read; give --canvas ROWS,COLS (or an image), and its window")
    return checked_shape(record.shape, settings.decoding.max_pixels)


def write_canvas(rows: Sequence[Row], output: str, settings: Settings) -> list[Outcome]:
    """Restore patches onto one canvas, save it, and tell of each. Errors name the patch."""
    base = load_base(settings)
    pieces, shape, faults = load_pieces(rows, base.shape if base else None, settings)
    if not pieces or shape is None:
        return [Outcome(output, error=fault) for fault in faults]
    with about(output if len(pieces) > 1 else pieces[0].place):
        ground = _ground([piece.picture for piece in pieces], base)
    pieces, layers = _layers(pieces, ground, shape, settings, faults)
    if not pieces:
        return [Outcome(output, error=fault) for fault in faults]
    with about(output if len(pieces) > 1 else pieces[0].place):
        notes = _save(pieces, layers, ground, shape, output, settings)
    return [
        *(Outcome(output, error=fault) for fault in faults),
        *_told(pieces, shape, output, notes, settings),
    ]


def _save(
    pieces: Sequence[Piece],
    layers: Sequence[Layer],
    ground: Ground,
    shape: tuple[int, int],
    output: str,
    settings: Settings,
) -> list[str]:
    """Save the canvas while its strips are made, and return the notes on it."""
    from glimpse import io
    from glimpse.io.encode import still_format

    record, cut = _record(pieces, shape, settings), _Cut()
    strips = cut.watched(_strips(layers, ground, shape, output, settings))
    io.save_strips(output, strips, shape, ground.like, record, quality=settings.quality,
                   overwrite=settings.overwrite)  # fmt: skip
    pictures = [ground.like, *(piece.picture for piece in pieces)]
    notes = [*dict.fromkeys(note for picture in pictures for note in picture.notes), *cut_note(cut.share)]
    notes += still_format(output).notes(ground.like, record)
    images = {piece.source for piece in pieces if piece.known}
    return notes + ([f"of {len(images)} images"] if len(images) > 1 else [])


def _ground(pictures: list[Picture], base: Picture | None) -> Ground:
    from glimpse.io.compositing import Ground, Kind

    kind = Kind.of([*pictures, *([base] if base else [])], base or pictures[0])
    return Ground(replace(kind, alpha=any(picture.alpha for picture in pictures)), base)


def _layers(
    pieces: Sequence[Piece],
    ground: Ground,
    shape: tuple[int, int],
    settings: Settings,
    faults: list[GlimpseError],
) -> tuple[list[Piece], list[Layer]]:
    """The pieces that can be laid on the canvas, each with its layer; the faults of others are added."""
    pairs = []
    for piece in pieces:
        try:
            pairs.append((piece, _layer(piece, ground, shape, settings)))
        except GlimpseError as error:
            if not piece.alone:
                raise
            faults.append(error)
    return [piece for piece, _ in pairs], [layer for _, layer in pairs]


def _layer(piece: Piece, ground: Ground, shape: tuple[int, int], settings: Settings) -> Layer:
    from glimpse.attention import blending

    with about(piece.place):
        samples = ground.patches.pixels(piece.picture)
        how: dict[str, Any] = {"gain": settings.gain, "method": settings.method}
        how["channel_axis"] = 2 if samples.ndim == 3 else None
        return blending.layer(samples, piece.window, shape, **how)


class _Cut:
    """How many levels of a canvas had to be cut, counted while its strips go by."""

    def __init__(self) -> None:
        self._beyond = self._all = 0

    def watched(self, strips: Iterator[tuple[NDArray[Any], int]]) -> Iterator[NDArray[Any]]:
        for strip, beyond in strips:
            self._beyond += beyond
            self._all += strip.size
            yield strip

    @property
    def share(self) -> float:
        return self._beyond / self._all


def _strips(
    layers: Sequence[Layer], ground: Ground, shape: tuple[int, int], output: str, settings: Settings
) -> Iterator[tuple[NDArray[Any], int]]:
    """The rows of the canvas from the top, in the levels of the file, and how many levels were cut."""
    from glimpse.attention import blending
    from glimpse.io.encode import still_format
    from glimpse.levels import to_levels, unpremultiply

    white = ground.like.white
    for strip in blending.strips(layers, shape, settings.blend):
        part = ground.under(strip.light, strip.opacity, strip.rows)
        part = unpremultiply(part, white) if ground.like.alpha else part
        if still_format(output).exact:
            yield part, 0
        else:
            cut = int(((part < -0.5) | (part > white + 0.5)).sum())
            yield to_levels(part, white), cut


def _record(pieces: Sequence[Piece], shape: tuple[int, int], settings: Settings) -> Record:
    from glimpse.io import Record

    windows = tuple(piece.window for piece in pieces)
    sources = dict.fromkeys(piece.source for piece in pieces)
    return Record(windows[0], shape, next(iter(sources)), method=settings.method,
                  windows=windows if len(windows) > 1 else ())  # fmt: skip


def _told(
    pieces: Sequence[Piece], shape: tuple[int, int], output: str, notes: list[str], settings: Settings
) -> list[Outcome]:
    """An outcome for each patch, the last one with the notes on the canvas; of many one for all."""
    from glimpse.io.encode import still_format

    made = f"{shape[0]} x {shape[1]} canvas{still_format(output).remark(settings.quality)}"
    if len(pieces) > FEW:
        unseen = sum(not piece.window.sees(shape) for piece in pieces)
        notes = [*([f"{unseen} windows lie wholly beyond the image"] if unseen else []), *notes]
        return [Outcome(f"{len(pieces)} patches", output, made, notes=notes, count=len(pieces))]
    last = pieces[-1]._replace(notes=[*pieces[-1].notes, *notes])
    return [
        Outcome(piece.place, output, made, piece.window, notes=piece.notes) for piece in [*pieces[:-1], last]
    ]
