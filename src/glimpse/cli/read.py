"""``glimpse read``: crop windows out of images."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from glimpse.batch.names import of_window, one_file, plan
from glimpse.batch.outcomes import is_left
from glimpse.batch.placements import Placement
from glimpse.batch.runner import Run, aside, outcomes
from glimpse.cli.options import (
    input_options,
    option,
    output_options,
    window_options,
)
from glimpse.cli.param_types import FileName
from glimpse.cli.reporter import report
from glimpse.cli.streams import say
from glimpse.cli.table_options import TableOptions, table_options

if TYPE_CHECKING:
    from glimpse.batch.rows import Row
    from glimpse.io import DecodeOptions

Finish = Callable[[int], "Row"]


@click.command()
@click.argument("images", nargs=-1, type=FileName(), metavar="IMAGE...")
@window_options()
@table_options
@option(
    "--fast",
    is_flag=True,
    help="Decode JPEG at 1/2, 1/4 or 1/8 where sigma hides it: within 3 levels of the exact patch.",
)
@input_options
@option("--float", "exact", is_flag=True, help="Exact numbers in a stack, instead of the levels of a PNG.")
@output_options(
    "Where to: .png, .jpg, .webp, .avif or .tif; .npy for exact numbers; .npz (or of several patches "
    "one .npy): all in one file. [default: STEM-patch.png here]",
    skip=True,
    many=True,
)
def read(
    images: tuple[str, ...],
    window: Placement,
    tables: TableOptions,
    fast: bool,
    decoding: DecodeOptions,
    exact: bool,
    output: str | None,
    run: Run,
) -> None:
    """Crop a window out of each IMAGE ('-' is standard input) into a PNG that remembers its window.

    With --table each row of a CSV file is a window; every image is decoded once.
    """  # fmt: skip
    if not images and not tables.name:
        raise click.UsageError("Missing argument 'IMAGE...', or a table of them (--table)")
    if run.cluster and "-" in (*images, output):
        raise click.UsageError("a cluster reads and writes files, not '-'")
    if output and is_stack(output, several=bool(tables.name) or len(images) > 1):
        _read_stack(images, window, tables, output, decoding, run, exact=exact, fast=fast)
        return
    if exact:
        raise click.UsageError("--float is about a stack; give -o patches.npz")
    _read_files(images, window, tables, output, decoding, run, fast=fast)


def is_stack(output: str, *, several: bool) -> bool:
    """Tell whether an output takes all patches, of several or of one."""
    from glimpse.io.stack import SUFFIXES

    suffix = os.path.splitext(output)[1].lower()
    return one_file(output) and (suffix == SUFFIXES[0] or (several and suffix in SUFFIXES))


def _read_files(
    images: tuple[str, ...],
    window: Placement,
    tables: TableOptions,
    output: str | None,
    decoding: DecodeOptions,
    run: Run,
    *,
    fast: bool,
) -> None:
    """Read each patch into a file of its own."""
    from glimpse.batch.patches import cut
    from glimpse.batch.sources import blocks

    rows, row = _work(images, window, tables, output, decoding, run)
    _tell_of_none(rows, tables, quiet=run.quiet)
    work = blocks(rows, decoding, fast=fast, jobs=0 if run.cluster else run.jobs, finished=row)
    job = functools.partial(cut, run=run)
    noun = "windows" if tables.name else "files"
    report(outcomes(job, work, run, lambda block: block.source.name), len(rows), noun=noun, quiet=run.quiet)


def _read_stack(
    images: tuple[str, ...],
    window: Placement,
    tables: TableOptions,
    output: str,
    decoding: DecodeOptions,
    run: Run,
    *,
    fast: bool,
    exact: bool,
) -> None:
    """Read all patches into one file."""
    from glimpse.batch.rows import Row
    from glimpse.batch.stacks import read_stack
    from glimpse.io.stack import SUFFIXES

    rows: Sequence[Row] = [Row(name, name, window, index=index) for index, name in enumerate(images)]
    if tables.name:
        rows = table = tables.read(images, window)
        if "output" in table.columns.index:
            raise click.UsageError(f"-o {output} is one file, the table has a column output; leave out one")
    protect = [*([tables.name] if tables.name else []), *_sources(rows), window.like_name]
    plan(protect[:1], output, default="", suffixes=SUFFIXES, overwrite=run.overwrite,
         skip_existing=run.skip_existing, protect=protect, quality=run.quality)  # fmt: skip
    if is_left(output, skip_existing=run.skip_existing):
        say(f"glimpse: {output} was there already and was left")
        return
    _tell_of_none(rows, tables, quiet=run.quiet)
    noun = "windows" if tables.name else "files"
    found = read_stack(rows, output, decoding, run, fast=fast, exact=exact)
    report(found, len(rows), noun=noun, quiet=run.quiet)


def _tell_of_none(rows: Sequence[Row], tables: TableOptions, *, quiet: bool) -> None:
    if not rows and not quiet:
        say(f"glimpse: --table {tables.name} has no rows, so nothing is written")


def _work(
    images: tuple[str, ...],
    window: Placement,
    tables: TableOptions,
    output: str | None,
    decoding: DecodeOptions,
    run: Run,
) -> tuple[Sequence[Row], Finish]:
    """The windows that are to be read, and the function that names their outputs."""
    from glimpse.batch.rows import Row
    from glimpse.io.encode import FORMATS

    of_row = functools.partial(_fields, functools.cache(aside(functools.partial(_shape, decoding))))
    if tables.name:
        from glimpse.batch.tables.outputs import Outputs  # 5 ms that images alone need not pay

        table = tables.read(images, window)
        outputs = Outputs(
            table, output, default="{stem}-{index:05d}.png", suffixes=tuple(FORMATS), of_window=of_row
        )
        outputs.check(
            replaceable=run.overwrite or run.skip_existing,
            protect=[tables.name, *_sources(table), window.like_name],
        )
        return table, outputs.row
    rows = [Row(name, name, window) for name in images]
    names = plan(images, output, default="{stem}-patch.png", suffixes=tuple(FORMATS), overwrite=run.overwrite,
                 skip_existing=run.skip_existing, values=lambda index: of_row(rows[index]),
                 protect=[window.like_name], quality=run.quality)  # fmt: skip
    rows = [Row(name, name, window, target) for name, target in zip(images, names, strict=True)]
    return rows, rows.__getitem__


def _sources(rows: Sequence[Row]) -> list[str]:
    from glimpse.batch.sources import images_of

    return list(filter(None, dict.fromkeys(images_of(rows))))


def _shape(decoding: DecodeOptions, name: str) -> tuple[int, int]:
    from glimpse import io

    return io.load_picture(name, decoding).shape


def _fields(shape: Callable[[str], tuple[int, int]], row: Row) -> dict[str, Any]:
    """The fields of a template that the window of a row fills."""
    return of_window(row.placement.window(shape(row.image)))
