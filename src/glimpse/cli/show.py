"""``glimpse show``: draw the filters over the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import click

from glimpse.batch import DrawOptions, Placement, Run
from glimpse.batch.drawings import PROFILES, parse_compared
from glimpse.batch.rows import Row
from glimpse.cli.options import (
    Sectioned,
    TableOptions,
    collected,
    column_option,
    input_options,
    linear_option,
    look_options,
    option,
    output_options,
    table_options,
    window_options,
)
from glimpse.cli.param_types import FileName, Parsed
from glimpse.cli.reporter import report

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions

draw_options = collected("draw", [field.name for field in fields(DrawOptions)],
                         lambda values: DrawOptions(**values), [
    look_options[0],
    option("--compare", type=Parsed("comparison", parse_compared), multiple=True, metavar="NAME=VALUE,...",
           help="The window with each value of delta, sigma, n, kernel... side by side, as sigma=1,2,4,8; "
           "twice, one down and one across."),
    option("--heat", is_flag=True,
           help="With --table: how long each part of the image was looked at."),
    *look_options[1:],
])  # fmt: skip


@click.command(cls=Sectioned)
@click.argument("image", type=FileName(), metavar="IMAGE", required=False)
@window_options()
@table_options
@draw_options
@linear_option
@column_option
@input_options
@output_options(
    "Where to: .png, .jpg, .webp, .avif or .tif; .html for a page to choose a window by looking. "
    "[default: STEM-show.png here]",
    skip=True,
)
def show(
    image: str | None,
    window: Placement,
    tables: TableOptions,
    draw: DrawOptions,
    linear: bool,
    column: str | None,
    decoding: DecodeOptions,
    output: str | None,
    run: Run,
) -> None:
    """Draw the grid of filters over IMAGE ('-' is standard input) with the patch beside it.

    -o look.html writes one page instead, which needs no network: draw a box on the image, see the patch,
    the canvas and the filters change, and copy the command. --profile draws one row of pixels: the row under
    the centre, some filters over it, their products, and the row resampled.

    With --table all its windows are numbered on the image, with the path along them and their patches, or as
    --heat; -o look.html goes through its rows, corrects them and saves the table.
    """
    from glimpse import batch

    if draw.profile and draw.profile not in PROFILES and image is None:  # `--profile IMAGE`
        image, draw = draw.profile, replace(draw, profile=PROFILES[0])
    rows: Sequence[Row] = [Row(image, image, window)] if image else []
    if tables.name:
        rows = tables.read(window, [image] if image else [])
    elif not image:
        raise click.UsageError("Missing argument 'IMAGE'.")
    decoding = decoding._replace(column=column, linear=linear)
    found = batch.show(rows, output, run, draw=draw, decoding=decoding, protect=[window.like_name])
    report(found, noun="windows" if tables.name else "files", quiet=run.quiet)
