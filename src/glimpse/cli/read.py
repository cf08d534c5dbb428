"""``glimpse read``: crop windows out of images."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from glimpse.cli.options import (
    WindowOptions,
    cluster_option,
    input_options,
    jobs_option,
    option,
    output_options,
    window_options,
)
from glimpse.cli.output_names import plan
from glimpse.cli.read_jobs import Crop, blocks, cut
from glimpse.cli.runner import run
from glimpse.errors import GlimpseError
from glimpse.limits import TABLE_BYTES

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions


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
    decoding: DecodeOptions,
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
    crops = _rows(table, images, window) if table else [Crop(name, name, window) for name in images]
    names = _names(crops, output, decoding, overwrite, protect=[table] if table else [])
    if cluster and "-" in [*names, *(crop.image for crop in crops)]:
        raise click.UsageError("a cluster reads and writes files, not '-'")
    crops = [replace(crop, output=name) for crop, name in zip(crops, names, strict=True)]

    work = blocks(crops, decoding, fast=fast, jobs=0 if cluster else jobs)
    # a worker that died may have written some already; all were free when the work began
    job = functools.partial(cut, overwrite=overwrite or bool(cluster))
    run(job, work, lambda block: block.crops[0].image, quiet=quiet, jobs=jobs,
        cluster=cluster, count=len(crops), noun="windows" if table else "files")  # fmt: skip


def _rows(table: str, images: tuple[str, ...], window: WindowOptions) -> list[Crop]:
    from glimpse.cli.table import read_table
    from glimpse.io.files import open_input

    try:
        with open_input(table) as file:
            return read_table(table, file.read(TABLE_BYTES), images, window)
    except GlimpseError as error:
        raise click.UsageError(f"--table {table}: {error}") from None


def _names(
    crops: Sequence[Crop],
    output: str | None,
    decoding: DecodeOptions,
    overwrite: bool,
    protect: list[str],
) -> list[str]:
    """The output of each crop: its own, or what ``-o`` makes of it."""
    from glimpse import io
    from glimpse.io.encode import FORMATS

    @functools.cache
    def shape(name: str) -> tuple[int, int]:
        return io.load_picture(name, decoding).shape

    def values(index: int) -> dict[str, Any]:
        crop = crops[index]
        if crop.fault:
            raise crop.fault
        return crop.window.window(shape(crop.image)).to_dict()

    table = any(crop.place != crop.image for crop in crops)
    default = "{stem}-{index:05d}.png" if table else "{stem}-patch.png"
    return plan([crop.image for crop in crops], output, default=default, suffixes=tuple(FORMATS),
                overwrite=overwrite, values=values, given=[crop.output for crop in crops],
                protect=protect)  # fmt: skip
