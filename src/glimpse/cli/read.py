"""``glimpse read``: crop windows out of images."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from glimpse.cli.options import (
    cluster_option,
    input_options,
    jobs_option,
    option,
    output_options,
    skip_option,
    window_options,
)
from glimpse.cli.output_names import plan
from glimpse.cli.param_types import FileName
from glimpse.cli.runner import run
from glimpse.cli.table_options import TableOptions, table_options
from glimpse.cli.templates import of_window
from glimpse.cli.window_options import WindowOptions

if TYPE_CHECKING:
    from glimpse.cli.table import Row, Table
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
@output_options("Where to: .png, or .npy for exact numbers. [default: STEM-patch.png here]")
@skip_option
@jobs_option
@cluster_option
def read(
    images: tuple[str, ...],
    window: WindowOptions,
    tables: TableOptions,
    fast: bool,
    decoding: DecodeOptions,
    output: str | None,
    overwrite: bool,
    skip_existing: bool,
    quiet: bool,
    jobs: int,
    cluster: str | None,
) -> None:
    """Crop a window out of each IMAGE ('-' is standard input) into a PNG that remembers its window.

    With --table each row of a CSV file is a window; every image is decoded once.
    """  # fmt: skip
    from glimpse.cli.blocks import blocks
    from glimpse.cli.read_jobs import cut

    if not images and not tables.name:
        raise click.UsageError("Missing argument 'IMAGE...', or a table of them (--table)")
    if cluster and "-" in (*images, output):
        raise click.UsageError("a cluster reads and writes files, not '-'")
    rows, row = _work(images, window, tables, output, decoding, overwrite, skip_existing)
    work = blocks(rows, decoding, fast=fast, jobs=0 if cluster else jobs, finished=row)
    job = functools.partial(cut, overwrite=overwrite, skip_existing=skip_existing)
    run(job, work, lambda block: block.source.name, quiet=quiet, jobs=jobs,
        cluster=cluster, count=len(rows), noun="windows" if tables.name else "files")  # fmt: skip


def _work(
    images: tuple[str, ...],
    window: WindowOptions,
    tables: TableOptions,
    output: str | None,
    decoding: DecodeOptions,
    overwrite: bool,
    skip_existing: bool,
) -> tuple[Sequence[Row], Finish]:
    """The windows that are to be read, and what gives each its output."""
    from glimpse.cli.table import Row
    from glimpse.cli.table.outputs import Outputs
    from glimpse.io.encode import FORMATS

    of_row = functools.partial(_fields, functools.cache(functools.partial(_shape, decoding)))
    if tables.name:
        table = tables.read(images, window)
        outputs = Outputs(
            table, output, default="{stem}-{index:05d}.png", suffixes=tuple(FORMATS), of_window=of_row
        )
        outputs.check(replaceable=overwrite or skip_existing, protect=[tables.name, *_sources(table)])
        return table, outputs.row
    rows = [Row(name, name, window) for name in images]
    names = plan(images, output, default="{stem}-patch.png", suffixes=tuple(FORMATS), overwrite=overwrite,
                 skip_existing=skip_existing, values=lambda index: of_row(rows[index]))  # fmt: skip
    rows = [Row(name, name, window, target) for name, target in zip(images, names, strict=True)]
    return rows, rows.__getitem__


def _sources(table: Table) -> list[str]:
    return list(dict.fromkeys(row.image for row in table if row.image))


def _shape(decoding: DecodeOptions, name: str) -> tuple[int, int]:
    from glimpse import io

    return io.load_picture(name, decoding).shape


def _fields(shape: Callable[[str], tuple[int, int]], row: Row) -> dict[str, Any]:
    """The fields of a template that the window of a row fills."""
    return of_window(row.window.window(shape(row.image)))
