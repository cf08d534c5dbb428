"""The work of ``glimpse write``: patches restored where their windows saw them, on one canvas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glimpse.cli.messages import Summary, cut_note, summary
from glimpse.cli.pieces import Piece, Settings, load_base, load_pieces
from glimpse.cli.reporter import FEW, Line
from glimpse.cli.row import Row
from glimpse.errors import GlimpseError, about

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.attention.blending import Layer
    from glimpse.io import Picture, Record
    from glimpse.io.compositing import Ground


def write_canvas(rows: Sequence[Row], output: str, settings: Settings) -> list[Line]:
    """Restore patches onto one canvas, save it, and tell of each. Errors name the patch."""
    base = load_base(settings)
    pieces, shape, faults = load_pieces(rows, base.shape if base else None, settings)
    if not pieces or shape is None:
        return list(faults)
    with about(output if len(pieces) > 1 else pieces[0].place):
        ground = _ground([piece.picture for piece in pieces], base)
    pieces, layers = _layers(pieces, ground, shape, settings, faults)
    if not pieces:
        return list(faults)
    with about(output if len(pieces) > 1 else pieces[0].place):
        notes = _save(pieces, layers, ground, shape, output, settings)
    return [*faults, *_told(pieces, shape, output, notes)]


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

    record, cut = _record(pieces, shape, settings), _Cut()
    strips = cut.watched(_strips(layers, ground, shape, output, settings))
    known = record if record.fits else None
    io.save_strips(output, strips, shape, ground.like, known, overwrite=settings.overwrite)
    pictures = [ground.like, *(piece.picture for piece in pieces)]
    notes = [*dict.fromkeys(note for picture in pictures for note in picture.notes), *cut_note(cut.share)]
    notes += [] if record.fits else ["too many windows for a record"]
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
    from glimpse.io.encode import still_format, unpremultiply
    from glimpse.levels import to_levels

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


def _told(pieces: Sequence[Piece], shape: tuple[int, int], output: str, notes: list[str]) -> list[Line]:
    """A line for each patch, the last one with the notes on the canvas; of many one for all."""
    made = f"{shape[0]} x {shape[1]} canvas"
    if len(pieces) > FEW:
        unseen = sum(not piece.window.sees(shape) for piece in pieces)
        notes = [*([f"{unseen} windows lie wholly beyond the image"] if unseen else []), *notes]
        line = Summary(f"{len(pieces)} patches: {made} -> {output}" + "".join(f"; {note}" for note in notes))
        line.noted = True
        return [line, *[""] * (len(pieces) - 1)]  # which are counted, and tell nothing
    last = pieces[-1]._replace(notes=[*pieces[-1].notes, *notes])
    return [summary(piece.place, made, output, piece.window, piece.notes) for piece in [*pieces[:-1], last]]
