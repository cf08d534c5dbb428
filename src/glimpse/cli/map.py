"""``glimpse map``: points and boxes of patches in their source, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from glimpse.batch.runner import Run
from glimpse.cli.options import Sectioned, TableOptions, input_options, option, output_options, table_options
from glimpse.cli.param_types import FileName, Parsed, parse_point
from glimpse.cli.reporter import report
from glimpse.cli.streams import put, say

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions


@click.command(cls=Sectioned)
@click.argument("patches", nargs=-1, type=FileName(), metavar="PATCH...")
@table_options
@option(
    "--point",
    type=Parsed("point", parse_point),
    metavar="X,Y",
    help="One point of the one PATCH: across, down.",
)
@option("--into", is_flag=True, help="The other way: from pixels of the source into the patch.")
@input_options
@output_options("Where to: .csv; printed where it is not given.", pictures=False)
def map(
    patches: tuple[str, ...],
    tables: TableOptions,
    point: tuple[float, float] | None,
    into: bool,
    decoding: DecodeOptions,
    output: str | None,
    run: Run,
) -> None:
    """Move points and boxes that were found on PATCH... into pixels of the image that it was read from.

    Rows of --table name their patch in a column patch, or are all of the one PATCH; their columns are those
    of all tables, and come out under their own names, with a column source.
    """
    from glimpse.batch.names import plan
    from glimpse.batch.points import map_table, move_point, patch_record
    from glimpse.errors import about

    if (point is None) == (tables.name is None):
        raise click.UsageError("give a --table of points or boxes, or one --point X,Y")
    if point is not None:
        if len(patches) != 1 or output:
            raise click.UsageError("--point is of one PATCH, and is printed")
        with about(patches[0]):
            window = patch_record(patches[0], decoding).window
        put(",".join(f"{value:.15g}" for value in move_point(*point, window, into=into)))
        return
    target = ""
    if output and output != "-":
        target = plan([tables.name or ""], output, default="{stem}-map.csv", suffixes=(".csv",),
                      overwrite=run.overwrite, protect=patches)[0]  # fmt: skip
    text, outcomes = map_table(tables.name or "", patches, into=into, columns=tables.renamed(),
                               folder=tables.folder, normalized=tables.normalized,
                               decoding=decoding)  # fmt: skip
    if target:
        from glimpse.io import save_bytes

        save_bytes(target, text.encode(), overwrite=run.overwrite)
    else:
        put(text.rstrip("\n"))
    stale = [outcome for outcome in outcomes if outcome.notes]
    if stale and not run.quiet:
        rows = "1 row names" if len(stale) == 1 else f"{len(stale)} rows name"
        say(f"glimpse: {rows} another source than the patch has, which is written: {stale[0]}")
    report(outcomes, len(outcomes), noun="rows", quiet=run.quiet)
