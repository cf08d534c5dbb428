"""``glimpse read``: crop windows out of images."""

from __future__ import annotations

import functools
import os
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
from glimpse.cli.output_names import one_file, plan
from glimpse.cli.param_types import FileName
from glimpse.cli.reporter import left
from glimpse.cli.runner import run
from glimpse.cli.signals import aside
from glimpse.cli.streams import say
from glimpse.cli.table_options import TableOptions, table_options
from glimpse.cli.templates import of_window
from glimpse.cli.window_options import WindowOptions

if TYPE_CHECKING:
    from glimpse.cli.row import Row
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
    "Where to: .png, or .npy for exact numbers; .npz (or of several patches one .npy): all in one file. "
    "[default: STEM-patch.png here]"
)
@skip_option
@jobs_option
@cluster_option
def read(
    images: tuple[str, ...],
    window: WindowOptions,
    tables: TableOptions,
    fast: bool,
    decoding: DecodeOptions,
    exact: bool,
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
    if not images and not tables.name:
        raise click.UsageError("Missing argument 'IMAGE...', or a table of them (--table)")
    if cluster and "-" in (*images, output):
        raise click.UsageError("a cluster reads and writes files, not '-'")
    how: dict[str, Any] = {"fast": fast, "overwrite": overwrite, "skip_existing": skip_existing}
    how |= {"quiet": quiet, "jobs": jobs, "cluster": cluster, "noun": "windows" if tables.name else "files"}
    if output and is_stack(output, several=bool(tables.name) or len(images) > 1):
        _read_stack(images, window, tables, output, decoding, exact=exact, **how)
        return
    if exact:
        raise click.UsageError("--float is about a stack; give -o patches.npz")
    _read_files(images, window, tables, output, decoding, **how)


def is_stack(output: str, *, several: bool) -> bool:
    """Tell whether an output takes all patches, of several or of one."""
    from glimpse.io.stack import SUFFIXES

    suffix = os.path.splitext(output)[1].lower()
    return one_file(output) and (suffix == SUFFIXES[0] or (several and suffix in SUFFIXES))


def _read_files(
    images: tuple[str, ...],
    window: WindowOptions,
    tables: TableOptions,
    output: str | None,
    decoding: DecodeOptions,
    *,
    fast: bool,
    overwrite: bool,
    skip_existing: bool,
    **how: Any,
) -> None:
    """Read each patch into a file of its own."""
    from glimpse.cli.blocks import blocks
    from glimpse.cli.read_jobs import cut

    rows, row = _work(images, window, tables, output, decoding, overwrite, skip_existing)
    _tell_of_none(rows, tables, quiet=how["quiet"])
    work = blocks(rows, decoding, fast=fast, jobs=0 if how["cluster"] else how["jobs"], finished=row)
    job = functools.partial(cut, overwrite=overwrite, skip_existing=skip_existing, quiet=how["quiet"])
    run(job, work, lambda block: block.source.name, count=len(rows), **how)


def _read_stack(
    images: tuple[str, ...],
    window: WindowOptions,
    tables: TableOptions,
    output: str,
    decoding: DecodeOptions,
    *,
    overwrite: bool,
    skip_existing: bool,
    **how: Any,
) -> None:
    """Read all patches into one file."""
    from glimpse.cli.row import Row
    from glimpse.cli.stack_jobs import read_stack
    from glimpse.io.stack import SUFFIXES

    rows: Sequence[Row] = [Row(name, name, window, index=index) for index, name in enumerate(images)]
    if tables.name:
        rows = table = tables.read(images, window)
        if "output" in table.columns.index:
            raise click.UsageError(f"-o {output} is one file, the table has a column output; leave out one")
    protect = [*([tables.name] if tables.name else []), *_sources(rows)]
    plan(protect[:1], output, default="", suffixes=SUFFIXES, overwrite=overwrite, skip_existing=skip_existing,
         protect=protect)  # fmt: skip
    if left(output, skip_existing=skip_existing):
        say(f"glimpse: {output} was there already and was left")
        return
    _tell_of_none(rows, tables, quiet=how["quiet"])
    read_stack(rows, output, decoding, overwrite=overwrite, **how)


def _tell_of_none(rows: Sequence[Row], tables: TableOptions, *, quiet: bool) -> None:
    if not rows and not quiet:
        say(f"glimpse: --table {tables.name} has no rows, so nothing is written")


def _work(
    images: tuple[str, ...],
    window: WindowOptions,
    tables: TableOptions,
    output: str | None,
    decoding: DecodeOptions,
    overwrite: bool,
    skip_existing: bool,
) -> tuple[Sequence[Row], Finish]:
    """The windows that are to be read, and the function that names their outputs."""
    from glimpse.cli.row import Row
    from glimpse.io.encode import FORMATS

    of_row = functools.partial(_fields, functools.cache(aside(functools.partial(_shape, decoding))))
    if tables.name:
        from glimpse.cli.table.outputs import Outputs  # 5 ms that images alone need not pay

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


def _sources(rows: Sequence[Row]) -> list[str]:
    from glimpse.cli.blocks import images_of

    return list(filter(None, dict.fromkeys(images_of(rows))))


def _shape(decoding: DecodeOptions, name: str) -> tuple[int, int]:
    from glimpse import io

    return io.load_picture(name, decoding).shape


def _fields(shape: Callable[[str], tuple[int, int]], row: Row) -> dict[str, Any]:
    """The fields of a template that the window of a row fills."""
    return of_window(row.window.window(shape(row.image)))
