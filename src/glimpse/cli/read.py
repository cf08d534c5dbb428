"""``glimpse read``: crop windows out of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from glimpse.cli.boundary import run
from glimpse.cli.crops import Crop, Source, cut, grouped
from glimpse.cli.options import (
    WindowOptions,
    cluster_option,
    input_options,
    jobs_option,
    option,
    output_options,
    window_options,
)
from glimpse.cli.outputs import plan
from glimpse.cli.table import Row, read_table
from glimpse.limits import TABLE_BYTES

SUFFIXES = (".png", ".npy")


@click.command()
@click.argument("images", nargs=-1, metavar="IMAGE...")
@window_options()
@option(
    "--table",
    metavar="FILE.csv",
    help="A window for each row: image, gx, gy, and optionally delta, sigma, gamma, n, output.",
)
@option(
    "--fast",
    is_flag=True,
    help="Decode JPEG at 1/2, 1/4 or 1/8 where sigma hides it: within 3 levels of the exact patch.",
)
@input_options
@output_options("Where to: .png, or .npy for exact numbers. [default: STEM-patch.png here]")
@jobs_option
@cluster_option
def read(
    images: tuple[str, ...],
    window: WindowOptions,
    table: str | None,
    fast: bool,
    levels: tuple[float, float] | None,
    output: str | None,
    overwrite: bool,
    quiet: bool,
    jobs: int,
    cluster: str | None,
) -> None:
    """Crop a window out of each IMAGE ('-' is standard input) into a PNG that remembers its window.

    With --table each row of a CSV file is a window; every image is decoded once.
    """  # fmt: skip
    if not images and not table:
        raise click.UsageError("Missing argument 'IMAGE...', or a table of them (--table)")
    rows = _rows(table, images, window) if table else [Row(name, name, window) for name in images]
    names = _names(rows, output, levels, overwrite, protect=[table] if table else [])
    if cluster and "-" in [*names, *(row.image for row in rows)]:
        raise click.UsageError("a cluster reads and writes files, not '-'")
    crops = [Crop(row.place, row.window, name, row.fault) for row, name in zip(rows, names, strict=True)]

    def job(source: Source) -> Any:
        # a worker that died may have written some already; all were free when the work began
        return cut(source, levels, overwrite=overwrite or bool(cluster), fast=fast)

    run(job, grouped([row.image for row in rows], crops), lambda source: source.image, quiet=quiet, jobs=jobs,
        cluster=cluster, what="windows" if table else "files")  # fmt: skip


def _rows(table: str, images: tuple[str, ...], window: WindowOptions) -> list[Row]:
    from glimpse.errors import GlimpseError
    from glimpse.image.files import open_input

    try:
        with open_input(table) as file:
            return read_table(table, file.read(TABLE_BYTES), images, window)
    except GlimpseError as error:
        raise click.UsageError(f"--table {table}: {error}") from None


def _names(
    rows: Sequence[Row],
    output: str | None,
    levels: tuple[float, float] | None,
    overwrite: bool,
    protect: list[str],
) -> list[str]:
    """The output of each row: its own, or what ``-o`` makes of it."""
    from glimpse import image

    def values(index: int) -> dict[str, Any]:
        row = rows[index]
        if row.fault:
            raise row.fault
        return row.window.window(image.load_picture(row.image, levels).shape).to_dict()

    table = any(row.place != row.image for row in rows)
    default = "{stem}-{index:05d}.png" if table else "{stem}-patch.png"
    return plan([row.image for row in rows], output, default=default, suffixes=SUFFIXES, overwrite=overwrite,
                values=values, given=[row.output for row in rows], protect=protect)  # fmt: skip
