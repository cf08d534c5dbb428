"""``glimpse read``: crop windows out of images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from glimpse.batch import Run
from glimpse.batch.placements import OUTSIDE, Placement, parse_pad
from glimpse.batch.runner import aside
from glimpse.cli.options import (
    Sectioned,
    TableOptions,
    column_option,
    input_options,
    linear_option,
    option,
    output_options,
    table_options,
    window_options,
)
from glimpse.cli.param_types import FileName, Parsed, parse_level, parse_tile, whole
from glimpse.cli.reporter import report
from glimpse.cli.streams import say

if TYPE_CHECKING:
    from glimpse.batch.patches import Outside
    from glimpse.batch.rows import Row
    from glimpse.io import DecodeOptions


@click.command(cls=Sectioned)
@click.argument("images", nargs=-1, type=FileName(), metavar="IMAGE...")
@window_options()
@table_options
@option(
    "--fast",
    is_flag=True,
    help="Decode JPEG at 1/2, 1/4 or 1/8 where sigma hides it: within 3 levels of the exact patch.",
)
@option(
    "--level",
    type=Parsed("level", parse_level),
    metavar="K|auto",
    help="A smaller version within a TIFF, 0 is the picture itself; auto: the smallest where sigma hides it, "
    "of JPEG as with --fast.",
)
@option(
    "--nodata",
    type=click.Choice(["skip"]),
    help="Leave pixels that a TIFF says to hold no data out of the weights; the patch has alpha then.",
)
@option(
    "--nearest",
    is_flag=True,
    help="For label maps and masks: each sample is the nearest pixel, a palette's indices are kept.",
)
@linear_option
@option(
    "--tile",
    type=Parsed("tile", parse_tile),
    metavar="ROWS,COLS",
    help="A window for each tile of each picture, its pixels as they are unless -n says otherwise; the last "
    "of a row is moved inside, or hangs over where --outside is given.",
)
@option(
    "--overlap",
    type=Parsed("overlap", parse_pad),
    metavar="PERCENT|PIXELS",
    help="How much of a tile its neighbour sees too. [default: 0]",
)
@column_option
@input_options
@option("--shard-size", type=whole(1, 10**7), default=10_000, show_default=True, metavar="N",
        help="Patches of one shard.")  # fmt: skip
@option("--float", "exact", is_flag=True, help="Exact numbers in a stack, instead of the levels of a PNG.")
@option(
    "--outside",
    type=click.Choice(OUTSIDE),
    default=OUTSIDE[0],
    show_default=True,
    help="A window partly beyond its image: its edge repeated; its box cut; left out; or failed.",
)
@option(
    "--manifest",
    type=FileName(),
    metavar="FILE",
    help="List the patches with their windows and columns: metadata.csv or .jsonl, beside them.",
)
@output_options(
    "Where to: .png, .jpg, .webp, .avif or .tif; .npy for exact numbers; .npz (or of several patches "
    "one .npy): all in one file; x-{shard:05d}.tar (.jpg.tar, .parquet): shards. "
    "[default: STEM-patch.png here]",
    skip=True,
    many=True,
)
def read(
    images: tuple[str, ...],
    window: Placement,
    tables: TableOptions,
    fast: bool,
    level: int | Literal["auto"] | None,
    nodata: str | None,
    nearest: bool,
    linear: bool,
    tile: tuple[int, int] | None,
    overlap: float | str | None,
    column: str | None,
    decoding: DecodeOptions,
    shard_size: int,
    exact: bool,
    outside: Outside,
    manifest: str | None,
    output: str | None,
    run: Run,
) -> None:
    """Crop a window out of each IMAGE ('-' is standard input) into a patch that remembers its window.

    A folder is all pictures in it, its folders kept under -o; so is a quoted pattern: "trip/**/*.jpg".

    With --table each row is a window; every image is decoded once.
    """  # fmt: skip
    from glimpse.batch.patches import read as read_patches
    from glimpse.batch.rows import Pictures, expanded, paged
    from glimpse.io import load_pages

    if not images and not tables.name:
        raise click.UsageError("Missing argument 'IMAGE...', or a table of them (--table)")
    decoding = decoding._replace(level=level, nodata=nodata is not None, labels=nearest, linear=linear,
                                 column=column)  # fmt: skip
    if nearest and linear:
        raise click.UsageError("--nearest takes labels as they are; leave out --linear")
    if nearest and (fast or level or window.gamma):
        raise click.UsageError("--nearest takes labels as they are; leave out --fast, --level and --gamma")
    pages: Any = None if isinstance(decoding.page, int) else decoding.page
    decoding = decoding._replace(page=None) if pages else decoding
    inputs, others = ([], 0) if tables.name else expanded(images, output)
    rows: Sequence[Row] = Pictures(inputs, window)
    if tables.name:
        rows = tables.read(window, images)
    if pages and tables.name:
        raise click.UsageError("--page takes one page with a table; a column page tells that of each row")
    if pages:
        rows = paged(rows, pages, partial(aside, lambda name: load_pages(name, decoding)))
    if tile:
        rows = _tiles(rows, tile, overlap or 0, decoding, tables)
    elif overlap is not None:
        raise click.UsageError("--overlap is of tiles; give --tile ROWS,COLS")
    found = read_patches(rows, output, run, decoding=decoding, fast=fast, exact=exact,
                       outside=outside, manifest=manifest, protect=[window.like_name],
                       shard_size=shard_size)  # fmt: skip
    if not rows and not run.quiet:
        say(f"glimpse: --table {tables.name} has no rows, so nothing is written")
    if others and not run.quiet:
        say(f"glimpse: {others} files that are no pictures by their names were left out")
    noun = "windows" if tables.name else "tiles" if tile else "pages" if pages else "files"
    report(found, noun=noun, quiet=run.quiet)


def _tiles(
    rows: Sequence[Row],
    size: tuple[int, int],
    overlap: float | str,
    decoding: DecodeOptions,
    tables: TableOptions,
) -> Sequence[Row]:
    """The tiles of each picture."""
    from glimpse.batch.tiles import tiled
    from glimpse.io import shapes

    typed = {"gx", "gy", "delta", "box", "slice", "like"} & (rows[0].placement.typed if rows else set())
    if tables.name or typed:
        other = "--table" if tables.name else f"--{min(typed)}"
        raise click.UsageError(f"--tile says where the windows are; leave out {other}")
    context = click.get_current_context()
    hanging = context.get_parameter_source("outside") == ParameterSource.COMMANDLINE
    looked = partial(aside, shapes(decoding))
    return tiled(rows, size, overlap, lambda place: looked(place)[0], hanging=hanging)
