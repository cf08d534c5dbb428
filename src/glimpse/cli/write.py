"""``glimpse write``: restore patches onto a canvas."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from glimpse.batch.canvases import CanvasOptions, stack_rows
from glimpse.batch.canvases import write as write_patches
from glimpse.batch.placements import Placement
from glimpse.batch.rows import Row
from glimpse.batch.runner import Run
from glimpse.cli.options import (
    Sectioned,
    TableOptions,
    input_options,
    linear_option,
    option,
    output_options,
    table_options,
    window_options,
)
from glimpse.cli.param_types import FileName, Parsed, parse_canvas, parse_gain, parse_tolerance
from glimpse.cli.reporter import report
from glimpse.errors import GlimpseError, counted
from glimpse.validation import checked_shape
from glimpse.window import BLENDS, METHODS, Blend, Method

if TYPE_CHECKING:
    from glimpse.batch.tables import Table
    from glimpse.io import DecodeOptions


@click.command(cls=Sectioned)
@click.argument("patches", nargs=-1, type=FileName(), metavar="PATCH...")
@window_options()
@table_options
@option(
    "--canvas",
    type=Parsed("canvas", parse_canvas, file=True),
    metavar="ROWS,COLS|IMAGE",
    help="Size of the canvas. [default: of the patch's source]",
)
@option(
    "--onto",
    type=FileName(),
    metavar="IMAGE",
    help="Put edited patches back on this picture, which keeps the rest bit for bit.",
)
@option(
    "--tolerance",
    type=Parsed("tolerance", parse_tolerance),
    metavar="LEVELS",
    help="How near to what the picture of --onto reads a sample is untouched. [default: 0.5, lossy files 3]",
)
@option(
    "--locate",
    is_flag=True,
    help="Look for the place of each patch on --onto, as glimpse locate does; from that of --like if given.",
)
@option(
    "--blend",
    type=click.Choice(BLENDS),
    help="Of several patches: each adds what coarser ones do not say; their mean, in which the finer win; "
    "or their sum. [default: refine]",
)
@option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="The transpose, a little blurred, or the inverse, which reads as the patch again.",
)
@option(
    "--gain",
    type=Parsed("gain", parse_gain),
    metavar="auto|FACTOR",
    help="Brightness of the bare canvas, 1 is the equation's; several add up. "
    "[default: auto, a flat patch keeps its level]",
)
@linear_option
@input_options
@output_options(
    "Where to: .png, .jpg, .webp, .avif, .tif or .npy; several patches in one file share a canvas. "
    "[default: STEM-canvas.png here]",
    skip=True,
)
def write(
    patches: tuple[str, ...],
    window: Placement,
    tables: TableOptions,
    canvas: str | tuple[int, int] | None,
    onto: str | None,
    tolerance: float | None,
    locate: bool,
    blend: Blend | None,
    method: Method,
    gain: float | None,
    linear: bool,
    output: str | None,
    run: Run,
    decoding: DecodeOptions,
) -> None:
    """Put each PATCH ('-' is standard input) back where its window saw it; an .npz is a stack of many.

    With --onto an edited patch goes onto its picture, which keeps all that was not edited; without, a patch
    is restored on black.

    A patch of glimpse read needs no numbers. Any other picture needs --canvas or --onto, and its window, or
    --like the patch that it was. With --table each row is a patch, all on one canvas.
    """  # fmt: skip
    if isinstance(canvas, tuple):
        try:
            checked_shape(canvas, decoding.max_pixels)
        except GlimpseError as error:
            raise click.BadParameter(str(error), param_hint="'--canvas'") from None
    options = CanvasOptions(canvas, onto, blend, method, gain, tolerance, locate, linear)
    if locate and (typed := window.typed & {"gx", "gy", "delta", "sigma", "gamma", "n", "slice", "box"}):
        raise click.UsageError(
            f"--locate finds the window; leave out --{min(typed)}, or give --like, the crop to start from"
        )
    if not (patches or tables.name):
        raise click.UsageError("Missing argument 'PATCH...', or a table of them (--table)")
    # a table alone names its patches; with patches it has a row for each, in order
    archives = (".npz", ".npy", ".tar") if tables.name and len(patches) == 1 else (".npz", ".tar")
    rows: list[Row] = []
    for name in patches:
        many = name.lower().endswith(archives)
        rows += stack_rows(name, window, decoding) if many else [Row(name, name, window)]
    if tables.name:
        table = tables.read(window, patches[:1], noun="patch")
        if rows and len(rows) != len(table):
            raise click.UsageError(
                f"--table {tables.name} has {counted(len(table), 'row')} for {len(rows)} patches"
            )
        rows = [replace(one, place=row.place, placement=row.placement, fault=row.fault)
                for one, row in zip(rows, table, strict=True)
                ] if rows else [_of_output(row, table, tables.folder) for row in table]  # fmt: skip
    one = tables.name or (patches[0] if len(patches) == 1 else "")
    found = write_patches(rows, output, run, options=options, decoding=decoding, one=one,
                          protect=[*patches, tables.name or "", window.like_name])  # fmt: skip
    report(found, noun="patches", quiet=run.quiet)


def _of_output(row: Row, table: Table, folder: str) -> Row:
    """The row of a table that was read by: its patch is that row's output, if no column says otherwise."""
    named = {name.casefold() for name in table.columns.header}
    return (
        replace(row, image=os.path.join(folder, row.output)) if row.output and "patch" not in named else row
    )
