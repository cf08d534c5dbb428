"""The work of ``glimpse read``: the patches of some windows of one image, read and saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.batch.outcomes import Outcome, clipped, is_left, of_item, source_name
from glimpse.batch.rows import Row
from glimpse.batch.sources import Block
from glimpse.errors import GlimpseError, prefixed
from glimpse.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.batch.runner import Run
    from glimpse.io import Picture
    from glimpse.io.encode import Quality

_LOT = 1 << 16  # samples of patches that are read before they are saved


class Found(NamedTuple):
    """A row with its window and patch, or with the error that failed it."""

    row: Row
    window: Window | None = None
    patch: NDArray[Any] | None = None
    error: GlimpseError | None = None


def cut(block: Block, *, run: Run) -> list[Outcome]:
    """Read and save the patches of a block; return what became of each."""
    with closing(block):
        rows, path = list(block.rows), block.source.path
        left = [is_left(path(row.output), skip_existing=run.skip_existing) for row in rows]
        made = _saved(block, [row for row, there in zip(rows, left, strict=True) if not there], run)
        return [
            Outcome(row.place, row.output, left=True) if there else next(made)
            for row, there in zip(rows, left, strict=True)
        ]


def _saved(block: Block, rows: Sequence[Row], run: Run) -> Iterator[Outcome]:
    for found in chain.from_iterable(_together(read_patches(block, rows))):
        try:
            with of_item():
                picture = _save(found, block, run)
                yield told(found, picture, found.row.output, quality=run.quality)
        except GlimpseError as error:
            yield Outcome(found.row.place, error=prefixed(found.row.place, error))


def _together(patches: Iterator[Found]) -> Iterator[list[Found]]:
    """Yield the patches in lots of about `_LOT` samples.

    One by one in turns, reading and encoding would drive each other out of the cache.
    """
    lot, samples = [], 0
    for found in patches:
        lot.append(found)
        samples += 0 if found.patch is None else found.patch.size
        if samples >= _LOT:
            yield lot
            lot, samples = [], 0
    yield lot


def _save(found: Found, block: Block, run: Run) -> Picture:
    from glimpse import io

    row, window, patch = found.row, found.window, found.patch
    if found.error or window is None or patch is None:
        raise found.error or GlimpseError("it was not read")
    picture, name = block.source.picture(), block.source.path(row.output)
    record = io.Record(window, picture.shape, source_name(row.image), fast=picture.scale)
    io.save_still(name, patch, picture, record, quality=run.quality, overwrite=run.overwrite,
                  sync=not block.source.many, again=block.source.stamp is not None)  # fmt: skip
    return picture


def told(found: Found, picture: Picture, output: str, kind: str = "", quality: Quality = None) -> Outcome:
    """Return the outcome of a patch that was saved, as a file of that ending if not of the output's own."""
    from glimpse.io.encode import still_format

    still, row, window = still_format(kind or output), found.row, found.window
    assert window is not None
    notes = [*picture.notes, *still.notes(picture), *row.placement.notes(window, picture.shape)]
    notes += clipped(found.patch, picture.white, kind or output)
    notes += [f"decoded at 1/{picture.scale}"] if picture.scale > 1 else []
    made = f"{window.shape[0]} x {window.shape[1]} patch{still.remark(quality)}"
    return Outcome(row.place, output, made, window, notes=notes)


def read_patches(block: Block, rows: Sequence[Row]) -> Iterator[Found]:
    """Read the patches of rows of a block, or tell why each cannot be read."""
    if all(row.fault for row in rows):
        yield from (Found(row, error=row.fault) for row in rows)
        return
    try:
        picture = block.source.picture()
    except GlimpseError as error:
        yield from (Found(row, error=row.fault or _of_image(row, error)) for row in rows)
        return
    yield from _read(rows, picture)


def _of_image(row: Row, error: GlimpseError) -> GlimpseError:
    return error if row.place == row.image else prefixed(row.image, error)


def _read(rows: Sequence[Row], picture: Picture) -> Iterator[Found]:
    """Read the patches, those of neighbouring rows together."""
    from glimpse.attention import layer

    placed = [_placed(row, picture.shape) for row in rows]
    done = 0
    while done < len(placed):
        rest = placed[done:]
        windows = (_seen(found.window, picture) for found in rest if found.window)
        patches = layer.read_many(picture.pixels, windows, channel_axis=picture.channel_axis)
        for found in rest:
            done += 1
            try:
                with of_item(alone=len(rows) == 1):
                    patch = next(patches) if found.window else None
            except GlimpseError as error:  # which ends the reading of all
                yield found._replace(error=error)
                break
            yield found._replace(patch=patch)


def _placed(row: Row, shape: tuple[int, int]) -> Found:
    try:
        return Found(row, error=row.fault) if row.fault else Found(row, row.placement.window(shape))
    except GlimpseError as error:
        return Found(row, error=error)


def _seen(window: Window, picture: Picture) -> Window:
    """The window on the pixels as they were decoded."""
    if picture.scale == 1:
        return window
    from glimpse.window.scaling import reduced

    return reduced(window, picture.scale)
