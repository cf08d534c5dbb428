"""``glimpse write``: restore patches onto a canvas."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from glimpse.batch.canvases import Settings, stack_rows, write_canvas
from glimpse.batch.names import one_file, plan
from glimpse.batch.outcomes import Outcome, is_left
from glimpse.batch.placements import Placement
from glimpse.batch.rows import Row
from glimpse.batch.runner import Run, outcomes
from glimpse.cli.options import (
    TableOptions,
    input_options,
    option,
    output_options,
    table_options,
    window_options,
)
from glimpse.cli.param_types import FileName, Parsed, parse_canvas, parse_gain
from glimpse.cli.reporter import report
from glimpse.errors import GlimpseError
from glimpse.validation import checked_shape
from glimpse.window import BLENDS, METHODS, Blend, Method

if TYPE_CHECKING:
    from glimpse.batch.tables import Table
    from glimpse.io import DecodeOptions


@click.command()
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
    "--onto", type=FileName(), metavar="IMAGE", help="Lay the patches over this picture instead of black."
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
    blend: Blend | None,
    method: Method,
    gain: float | None,
    output: str | None,
    run: Run,
    decoding: DecodeOptions,
) -> None:
    """Restore each PATCH ('-' is standard input) where its window saw it; an .npz is a stack of many.

    A patch of glimpse read needs no numbers. Any other picture needs --canvas or --onto, and a window
    unless it is to span the canvas. With --table each row is a patch, all on one canvas.
    """  # fmt: skip
    from glimpse.io.encode import FORMATS

    _check_clashes(canvas, onto, blend, gain)
    if isinstance(canvas, tuple):
        _check_canvas(canvas, decoding)
    mixed = blend or ("add" if gain is not None else "mean" if onto else "refine")
    settings = Settings(canvas, onto, mixed, method, gain, decoding, run.overwrite, run.quality)
    rows = _rows(patches, window, tables, decoding)
    whole = bool(tables.name) or len(patches) == 1  # one input, which names its canvas
    together = (len(rows) > 1 and one_file(output)) or (whole and output is None)
    inputs = [row.image for row in rows]
    _check_output(output, patches, whole)
    names = plan(
        [tables.name or patches[0]] if together else inputs,
        output,
        default="{stem}-canvas.png",
        suffixes=tuple(FORMATS),
        overwrite=run.overwrite,
        skip_existing=run.skip_existing,
        quality=run.quality,
        protect=[
            name
            for name in (*patches, *inputs, canvas, onto, tables.name, window.like_name)
            if isinstance(name, str)
        ],
    )
    groups = [rows] if together else [[row] for row in rows]

    def job(item: tuple[Sequence[Row], str]) -> list[Outcome]:
        if is_left(item[1], skip_existing=run.skip_existing):
            return [Outcome(item[1], item[1], left=True)]
        return write_canvas(*item, settings)

    work = list(zip(groups, names, strict=True))
    report(outcomes(job, work, run, lambda item: ""), len(rows), noun="patches", quiet=run.quiet)


def _rows(
    patches: tuple[str, ...], window: Placement, tables: TableOptions, decoding: DecodeOptions
) -> list[Row]:
    """The patches of the command line, of a table, or of both: then a row for each patch, in order."""
    if not (patches or tables.name):
        raise click.UsageError("Missing argument 'PATCH...', or a table of them (--table)")
    stacks = [(bool(tables.name) and len(patches) == 1) or _is_archive(name) for name in patches]
    pairs = zip(patches, stacks, strict=True)
    found = [row for name, stack in pairs for row in _files(name, window, decoding, stack=stack)]
    if not tables.name:
        return found
    table = tables.read(window, patches[:1], noun="patch")
    if not found:
        return [_of_output(row, table, tables.folder) for row in table]
    if len(found) != len(table):
        raise click.UsageError(f"--table {tables.name} has {len(table)} rows for {len(found)} patches")
    return [replace(one, place=row.place, placement=row.placement, fault=row.fault)
            for one, row in zip(found, table, strict=True)]  # fmt: skip


def _is_archive(name: str) -> bool:
    return name.lower().endswith(".npz")


def _files(name: str, window: Placement, decoding: DecodeOptions, *, stack: bool) -> list[Row]:
    """The patches of a file: one, or all of a stack."""
    many = stack and name.lower().endswith((".npz", ".npy"))
    return stack_rows(name, window, decoding) if many else [Row(name, name, window)]


def _of_output(row: Row, table: Table, folder: str) -> Row:
    """The row of a table that was read by: its patch is that row's output, if no column says otherwise."""
    named = {name.casefold() for name in table.columns.header}
    return (
        replace(row, image=os.path.join(folder, row.output)) if row.output and "patch" not in named else row
    )


def _check_clashes(
    canvas: str | tuple[int, int] | None, onto: str | None, blend: Blend | None, gain: float | None
) -> None:
    if canvas and onto:
        raise click.UsageError("--onto has a size of its own; leave out --canvas")
    if blend not in (None, "add") and gain is not None:
        raise click.UsageError(f"--gain is of bare canvases, which add up; leave out --blend {blend}")


def _check_output(output: str | None, patches: tuple[str, ...], whole: bool) -> None:
    if output is None and not whole:
        raise click.UsageError(
            f"{len(patches)} patches need -o: a file (all.png) for one canvas, "
            "a folder (out/) for one of each"
        )


def _check_canvas(canvas: tuple[int, int], decoding: DecodeOptions) -> None:
    try:
        checked_shape(canvas, decoding.max_pixels)
    except GlimpseError as error:
        raise click.BadParameter(str(error), param_hint="'--canvas'") from None
