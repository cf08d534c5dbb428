"""The work of ``glimpse write``: patches brought back to where their windows saw them, on one canvas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.cli.messages import cut_note, source_name, summary
from glimpse.cli.window_options import WindowOptions
from glimpse.errors import GlimpseError, about
from glimpse.window import Blend, Method, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.attention.blending import Layer
    from glimpse.io import DecodeOptions, Picture, Record
    from glimpse.io.compositing import Ground

_TOLD = 20  # patches of one canvas, each of which has a line: of more the lines would hide what went wrong


@dataclass(frozen=True)
class Settings:
    """What the command line says of canvases.

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


class Piece(NamedTuple):
    """A patch and where it belongs."""

    place: str  # what its lines name
    picture: Picture
    window: Window
    source: str
    notes: Sequence[str]  # on its window


def write_canvas(
    patches: Sequence[str], output: str, options: WindowOptions, settings: Settings
) -> list[str | GlimpseError]:
    """Restore patches onto one canvas, save it, and tell of each. Errors name the patch."""
    base = _base(settings)
    pieces: list[Piece] = []
    shape = base.shape if base else None
    for name in patches:
        with about(name):
            piece, own = _loaded(name, options, shape if base else None, settings)
            if shape and own != shape:
                ours, theirs = (f"{rows} x {cols}" for rows, cols in (shape, own))
                raise GlimpseError(f"canvases of {ours} and {theirs} do not go together; give one --canvas")
            shape = own
            pieces.append(piece)
    assert shape
    with about(output if len(pieces) > 1 else pieces[0].place):
        return _composed(pieces, base, shape, output, settings)


def _base(settings: Settings) -> Picture | None:
    """The picture that patches are laid on."""
    from glimpse import io

    if settings.onto is None:
        return None
    with about(f"--onto {settings.onto}"):
        return io.load_picture(settings.onto, settings.decoding)


def _loaded(
    name: str, options: WindowOptions, shape: tuple[int, int] | None, settings: Settings
) -> tuple[Piece, tuple[int, int]]:
    """A patch with its window, and the shape of its canvas."""
    from glimpse import io

    pages_elsewhere = settings.onto is not None or isinstance(settings.canvas, str)
    decoding = replace(settings.decoding, page=None) if pages_elsewhere else settings.decoding
    patch = io.load_picture(name, decoding)
    found = io.picture_record(patch, decoding)
    if found and not found.is_patch:
        raise GlimpseError("not a patch: its record is of a canvas or an animation")
    shape = shape or _canvas_shape(settings, options.like or found)
    options = options.or_like(found).or_n(patch.shape)
    window = options.window(shape)
    source = found.source if found else source_name(name)
    return Piece(name, patch, window, source, options.notes(window, shape)), shape


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


def _composed(
    pieces: Sequence[Piece], base: Picture | None, shape: tuple[int, int], output: str, settings: Settings
) -> list[str | GlimpseError]:
    """Lay the pieces on their canvas, and save it."""
    from glimpse import io
    from glimpse.io.compositing import Ground, Kind

    pictures = [piece.picture for piece in pieces]
    like = base or pictures[0]
    kind = Kind.of([*pictures, *([base] if base else [])], like)
    ground = Ground(replace(kind, alpha=any(picture.alpha for picture in pictures)), base)
    layers = [_layer(piece, ground, shape, settings) for piece in pieces]
    canvas, share = _laid(layers, ground, shape, output, settings)
    record = _record(pieces, shape, settings)
    # its levels are the file's own by now, and the picture below need not wait for the file
    like = replace(ground.like, pixels=canvas, alpha=False)
    del base, ground, layers
    io.save_still(output, canvas, like, record if record.fits else None, overwrite=settings.overwrite)
    notes = [*dict.fromkeys(note for picture in [like, *pictures] for note in picture.notes)]
    notes += cut_note(share)
    notes += [] if record.fits else ["too many windows for a record"]
    return _told(pieces, shape, output, notes)


def _layer(piece: Piece, ground: Ground, shape: tuple[int, int], settings: Settings) -> Layer:
    from glimpse.attention import blending

    with about(piece.place):
        samples = ground.patches.pixels(piece.picture)
        how: dict[str, Any] = {"gain": settings.gain, "method": settings.method}
        how["channel_axis"] = 2 if samples.ndim == 3 else None
        return blending.layer(samples, piece.window, shape, **how)


def _laid(
    layers: Sequence[Layer], ground: Ground, shape: tuple[int, int], output: str, settings: Settings
) -> tuple[NDArray[Any], float]:
    """The canvas as it goes into the file, and the share of its levels that had to be cut."""
    import numpy as np

    canvas, beyond = None, 0
    for rows, part, cut in _strips(layers, ground, shape, output, settings):
        if canvas is None:
            canvas = np.empty((shape[0], *part.shape[1:]), part.dtype)
        canvas[rows] = part
        beyond += cut
    assert canvas is not None
    return canvas, beyond / canvas.size


def _strips(
    layers: Sequence[Layer], ground: Ground, shape: tuple[int, int], output: str, settings: Settings
) -> Iterator[tuple[slice, NDArray[Any], int]]:
    """The rows of the canvas from the top, in the levels of the file, and how many levels were cut."""
    from glimpse.attention import blending
    from glimpse.io.encode import still_format, unpremultiply
    from glimpse.levels import to_levels

    white = ground.like.white
    for strip in blending.strips(layers, shape, settings.blend):
        part = ground.under(strip.light, strip.opacity, strip.rows)
        part = unpremultiply(part, white) if ground.like.alpha else part
        if still_format(output).exact:
            yield strip.rows, part, 0
        else:
            cut = int(((part < -0.5) | (part > white + 0.5)).sum())
            yield strip.rows, to_levels(part, white), cut


def _record(pieces: Sequence[Piece], shape: tuple[int, int], settings: Settings) -> Record:
    from glimpse.io import Record

    windows = tuple(piece.window for piece in pieces)
    sources = dict.fromkeys(piece.source for piece in pieces)
    return Record(windows[0], shape, next(iter(sources)), method=settings.method,
                  windows=windows if len(windows) > 1 else ())  # fmt: skip


def _told(
    pieces: Sequence[Piece], shape: tuple[int, int], output: str, notes: list[str]
) -> list[str | GlimpseError]:
    """A line for each patch, the last one with the notes on the canvas; of many one for all."""
    what = f"{shape[0]} x {shape[1]} canvas"
    if len(pieces) > _TOLD:
        unseen = sum(not piece.window.sees(shape) for piece in pieces)
        notes = [*([f"{unseen} windows lie wholly beyond the image"] if unseen else []), *notes]
        return [f"{len(pieces)} patches: {what} -> {output}" + "".join(f"; {note}" for note in notes)]
    lines = [
        summary(piece.place, what, output, piece.window, [*piece.notes, *(notes if last else [])])
        for last, piece in ((number == len(pieces) - 1, piece) for number, piece in enumerate(pieces))
    ]
    return list(lines)
