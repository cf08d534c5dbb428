"""Patches into shards, each whole or not at all, the same bytes whatever the number of jobs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING

from glimpse.batch.names import Template, check
from glimpse.batch.outcomes import Batch, Outcome, is_there, of_item, source_name
from glimpse.batch.patches import Found, Outside, outcome_of, read_patches
from glimpse.batch.rows import Row, SomeRows
from glimpse.batch.runner import Run, outcomes
from glimpse.batch.runner import run as run_all
from glimpse.batch.sources import Block, Work, images_of
from glimpse.errors import GlimpseError, UsageError, about, prefixed

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions
    from glimpse.io.shards import Member


@dataclass(frozen=True)
class _Task:
    """A shard that is to be written."""

    name: str
    rows: Sequence[Row]
    columns: Sequence[str]
    suffix: str
    packed: str
    jobs: int
    outside: Outside


def read_shards(
    rows: Sequence[Row],
    output: str,
    decoding: DecodeOptions,
    run: Run,
    *,
    fast: bool,
    outside: Outside,
    protect: Sequence[str],
    size: int,
) -> Batch:
    """Read the patches of rows into shards of `size`, in their order; failed rows are absent.

    As `glimpse.batch.read`. ``x-{shard:05d}.tar`` has PNG, ``x-{shard:05d}.jpg.tar`` JPEG, and so on.
    """
    from glimpse.io.encode import DRAWINGS, still_format
    from glimpse.io.shards import SUFFIXES, parquet

    columns = getattr(rows, "columns", None)
    if columns and "output" in columns.index:
        raise UsageError(f"-o {output} is shards, the table has a column output; leave out one")
    stem, packed = os.path.splitext(output)
    inner = os.path.splitext(stem)[1].lower()
    suffix = inner if inner in DRAWINGS else ".png"
    if fault := still_format(suffix).fault(run.quality):
        raise UsageError(f"-o {output}: {fault} (as in x-{{shard:05d}}.jpg.tar)")
    if packed.lower() == ".parquet":
        parquet()
    template = Template(output, ["shard"])
    if other := set(template.fields) - {"shard"}:
        raise UsageError(
            f"-o {output}: a shard has many patches and no {{{min(other)}}}; there is {{shard:05d}}"
        )
    count = max(1, -(-len(rows) // size))
    if count > 1 and not template.fields:
        raise UsageError(
            f"-o {output} is one shard for {len(rows)} patches; write {stem}-{{shard:05d}}{packed}, "
            f"or --shard-size {len(rows)}"
        )
    names = [template.fill({"shard": number}) for number in range(count)]
    sources = [*filter(None, [*protect, *dict.fromkeys(images_of(rows))])]
    check(sources[:1], names, SUFFIXES, overwrite=run.overwrite,
          skip_existing=run.skip_existing or run.part is not None, protect=sources)  # fmt: skip
    mine = range(count)[slice(run.part[0] - 1, None, run.part[1])] if run.part else range(count)
    header = list(columns.header) if columns else []
    jobs = 1 if run.cluster else max(1, run.jobs // len(mine)) if mine else 1
    tasks = [
        _Task(names[k], SomeRows(rows.__getitem__, range(k * size, min((k + 1) * size, len(rows)))), header,
              suffix, packed.lower(), jobs, outside)
        for k in mine
    ]  # fmt: skip
    if run.cluster:
        tasks = [_absolute(task) for task in tasks]
    job = partial(_written, decoding=decoding, run=run, fast=fast)
    return Batch(sum(len(task.rows) for task in tasks), outcomes(job, tasks, run, lambda task: task.name))


def _absolute(task: _Task) -> _Task:
    """The same for a worker in another folder."""
    rows = [replace(row, image=os.path.abspath(row.image)) for row in task.rows]
    return replace(task, name=os.path.abspath(task.name), rows=rows)


def _written(task: _Task, *, decoding: DecodeOptions, run: Run, fast: bool) -> list[Outcome]:
    """Write a shard; return what became of each of its rows."""
    from glimpse.io.files import Draft
    from glimpse.io.shards import write_shard

    if run.skip_existing and is_there(task.name):
        return [Outcome(task.name, task.name, left=True, count=len(task.rows))]
    told: dict[int, Outcome] = {}
    folder = os.path.dirname(task.name) or "."
    try:
        with (
            about(f"-o {task.name}"),
            Draft(task.name, overwrite=run.overwrite) as draft,
            of_item(),
            tempfile.TemporaryFile(dir=folder) as scratch,
        ):
            members = _in_order(task, scratch, told, decoding=decoding, run=run, fast=fast)
            write_shard(draft.file, members, suffix=task.suffix, columns=task.columns, packed=task.packed)
            if any(not (outcome.error or outcome.left) for outcome in told.values()):
                draft.publish()
    except GlimpseError as error:
        if run.skip_existing and is_there(task.name):  # another run made it meanwhile
            return [Outcome(task.name, task.name, left=True, count=len(task.rows))]
        failed = [outcome for outcome in told.values() if outcome.error]
        return [*failed, Outcome(task.name, error=error, count=len(task.rows) - len(failed))]
    return [told[index] for index in sorted(told)]


def _in_order(
    task: _Task,
    scratch: IO[bytes],
    told: dict[int, Outcome],
    *,
    decoding: DecodeOptions,
    run: Run,
    fast: bool,
) -> Iterator[Member]:
    """Yield the patches of a shard in the order of its rows, and tell the outcome of each row.

    Patches come image by image; those before their turn wait in a file, for they are so many.
    """
    waiting: dict[int, tuple[Member, int, int]] = {}
    work = Work(task.rows, decoding, fast=fast, jobs=task.jobs)
    turn = task.rows[0].index if len(task.rows) else 0
    for block, found in run_all(partial(_cut, task=task, run=run), work, task.jobs):
        if isinstance(found, GlimpseError):
            named = prefixed(block.source.name, found)
            found = [(row.index, Outcome(row.place, error=named), None) for row in block.rows]
        for index, outcome, member in found:
            told[index] = outcome
            if member and index == turn:
                yield member
            elif member:
                at = scratch.seek(0, os.SEEK_END)
                waiting[index] = member._replace(image=b""), at, scratch.write(member.image)
            while turn in told:
                if turn in waiting:
                    member, at, size = waiting.pop(turn)
                    scratch.seek(at)
                    yield member._replace(image=scratch.read(size))
                turn += 1


def _cut(block: Block, *, task: _Task, run: Run) -> list[tuple[int, Outcome, Member | None]]:
    found: list[tuple[int, Outcome, Member | None]] = []
    try:
        for each in read_patches(block, list(block.rows), task.outside):
            if each.left:
                left = Outcome(each.row.place, left=True, outside=each.outside)
                found.append((each.row.index, left, None))
                continue
            try:
                with of_item():
                    found.append(_member(each, block, task, run))
            except GlimpseError as error:
                found.append(
                    (each.row.index, Outcome(each.row.place, error=prefixed(each.row.place, error)), None)
                )
    finally:
        block.source.leave(len(block.rows))
    return found


def _member(found: Found, block: Block, task: _Task, run: Run) -> tuple[int, Outcome, Member]:
    from glimpse import io
    from glimpse.io.encode import encode, still_format
    from glimpse.io.shards import Member
    from glimpse.levels import unpremultiply

    row = found.row
    if found.error or found.window is None or found.patch is None:
        raise found.error or GlimpseError("it was not read")
    picture = block.source.picture()
    record = io.Record(found.window, picture.shape, source_name(row.image), fast=picture.scale,
                       nearest=picture.labels, linear=block.source.linear)  # fmt: skip
    patch = unpremultiply(found.patch, picture.white) if picture.alpha else found.patch
    data = encode(still_format(task.suffix), patch, picture, record, run.quality)
    outcome = outcome_of(found, found.window, picture, task.name, task.suffix, run.quality)
    return row.index, outcome, Member(f"{row.index:06d}", data, record, row.cells)
