"""``glimpse show``: draw the filters over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from glimpse.batch.films import fixations
from glimpse.batch.names import plan
from glimpse.batch.outcomes import Outcome, is_left
from glimpse.batch.placements import Placement
from glimpse.batch.runner import Run, outcomes
from glimpse.cli.html_page import SUFFIXES, is_page, save_page
from glimpse.cli.options import (
    TableOptions,
    image_of,
    input_options,
    option,
    output_options,
    table_options,
    window_options,
)
from glimpse.cli.param_types import FileName
from glimpse.cli.reporter import report
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from glimpse.batch.tables import Table
    from glimpse.drawing.viewport import Levels
    from glimpse.io import DecodeOptions, Picture
    from glimpse.window import Window


@click.command()
@click.argument("image", type=FileName(), metavar="IMAGE", required=False)
@window_options()
@table_options
@option("--profile", is_flag=True, help="One row of pixels instead, with filters over it, and resampled.")
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
    profile: bool,
    decoding: DecodeOptions,
    output: str | None,
    run: Run,
) -> None:
    """Draw the grid of filters over IMAGE ('-' is standard input) with the patch beside it.

    -o look.html writes one page instead, which needs no network: drag the window on the image, see the patch,
    the canvas and the filters change, and copy the command. --profile draws one row of pixels: the row under
    the centre, some filters over it, their products, and the row resampled.

    With --table all its windows are numbered on the image, with the path along them and their patches.
    """
    from glimpse.io.encode import DRAWINGS

    if tables.name and profile:
        raise click.UsageError("--profile is of one window, --table of many; leave out one of them")
    name, table = image_of(tables, image, window) if tables.name else (image, None)
    if name is None:
        raise click.UsageError("Missing argument 'IMAGE'.")
    suffixes = DRAWINGS if profile or tables.name else (*DRAWINGS, *SUFFIXES)
    protect = [tables.name or "", window.like_name]
    target = plan([name], output, default="{stem}-show.png", suffixes=suffixes, overwrite=run.overwrite,
                  skip_existing=run.skip_existing, protect=protect,
                  quality=run.quality)[0]  # fmt: skip

    def job(name: str) -> Outcome | list[Outcome]:
        if is_left(target, skip_existing=run.skip_existing):
            return Outcome(name, target, left=True)
        if table is not None:
            return _show_all(name, table, target, decoding, run)
        return _show(name, window, target, decoding, run, profile=profile)

    report(outcomes(job, [name], run, lambda name: name), 1, quiet=run.quiet)


def _show(
    name: str, window: Placement, target: str, decoding: DecodeOptions, run: Run, *, profile: bool
) -> Outcome:
    """Draw one window, or the page of it."""
    from glimpse.io import Picture, load_picture, save_still
    from glimpse.io.encode import still_format

    picture = load_picture(name, decoding)
    here = window.window(picture.shape)
    notes = [*picture.notes, *window.notes(here, picture.shape)]
    if is_page(target):
        save_page(name, picture, here, decoding, target, overwrite=run.overwrite)
        return Outcome(name, target, "page", here, notes=notes)
    drawing = _profile(picture, here) if profile else _figure(picture, here)
    save_still(target, drawing, Picture(drawing), quality=run.quality, overwrite=run.overwrite)
    made = "profile" if profile else f"{here.shape[0]} x {here.shape[1]} window"
    made += still_format(target).remark(run.quality)
    return Outcome(name, target, made, here, notes=notes)


def _show_all(name: str, table: Table, target: str, decoding: DecodeOptions, run: Run) -> list[Outcome]:
    """Draw the windows of a table; tell of the picture, and of the rows that are none."""
    from glimpse.attention.layer import read
    from glimpse.drawing import sheet, viewport
    from glimpse.io import Picture, as_array, load_picture, save_still
    from glimpse.io.encode import still_format
    from glimpse.limits import SHEET_WINDOWS

    if len(table) > SHEET_WINDOWS:
        raise GlimpseError(
            f"the table has {len(table)} rows; one picture shows at most {SHEET_WINDOWS} windows"
        )
    picture = as_array(load_picture(name, decoding))
    found, faults = fixations(table, picture.shape)
    windows = [fixation.window for fixation in found]
    patches = [
        viewport.to_rgb(read(picture.pixels, window, channel_axis=picture.channel_axis), picture.white)
        for window in windows
    ]
    image = viewport.thumbnail(picture.pixels, picture.white)
    drawing = sheet.show_all(image, windows, patches, picture.shape)
    save_still(target, drawing, Picture(drawing), quality=run.quality, overwrite=run.overwrite)
    made = f"{len(windows)} windows{still_format(target).remark(run.quality)}"
    told = Outcome(name, target, made, windows[0], windows[-1], picture.notes)
    return [told, *(Outcome(name, error=fault) for fault in faults)]


def _figure(picture: Picture, window: Window) -> Levels:
    """The window over its image, the patch beside it."""
    from glimpse.attention.layer import read
    from glimpse.drawing import figure, viewport

    patch = read(picture.pixels, window, channel_axis=picture.channel_axis)
    image = viewport.thumbnail(picture.pixels, picture.white)
    return figure.show(image, window, viewport.to_rgb(patch, picture.white), picture.shape)


def _profile(picture: Picture, window: Window) -> Levels:
    """The row of pixels that is nearest to the centre of the window, resampled."""
    from glimpse.drawing import profile, viewport

    row = min(max(round(window.gx), 0), picture.pixels.shape[0] - 1)
    levels = picture.pixels[row : row + 1, 0 : picture.pixels.shape[1]]
    return profile.profile(viewport.to_rgb(levels, picture.white)[0], window)
