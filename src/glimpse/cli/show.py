"""``glimpse show``: draw the filters over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from glimpse.cli.html_page import SUFFIXES, is_page, save_page
from glimpse.cli.messages import summary
from glimpse.cli.options import input_options, option, output_options, skip_option, window_options
from glimpse.cli.output_names import plan
from glimpse.cli.param_types import FileName
from glimpse.cli.reporter import left
from glimpse.cli.runner import run
from glimpse.cli.window_options import WindowOptions

if TYPE_CHECKING:
    from glimpse.drawing.viewport import Levels
    from glimpse.io import DecodeOptions, Picture
    from glimpse.window import Window


@click.command()
@click.argument("image", type=FileName(), metavar="IMAGE")
@window_options()
@option("--profile", is_flag=True, help="One row of pixels instead, with filters over it, and resampled.")
@input_options
@output_options(
    "Where to: .png, or .html for a page to choose a window by looking. [default: STEM-show.png here]"
)
@skip_option
def show(
    image: str,
    window: WindowOptions,
    profile: bool,
    decoding: DecodeOptions,
    output: str | None,
    overwrite: bool,
    skip_existing: bool,
    quiet: bool,
) -> None:
    """Draw the grid of filters over IMAGE ('-' is standard input) with the patch beside it.

    -o look.html writes one page instead, which needs no network: drag the window on the image, see the patch,
    the canvas and the filters change, and copy the command. --profile draws one row of pixels: the row under
    the centre, some filters over it, their products, and the row resampled.
    """
    from glimpse.io import Picture, load_picture, save_still
    from glimpse.io.encode import DRAWINGS

    def job(item: tuple[str, str]) -> str:
        name, target = item
        if there := left(target, skip_existing=skip_existing):
            return there
        picture = load_picture(name, decoding)
        here = window.window(picture.shape)
        if is_page(target):
            save_page(name, picture, here, decoding, target, overwrite=overwrite)
            return summary(name, "page", target, here, [*picture.notes, *window.notes(here, picture.shape)])
        drawing = _profile(picture, here) if profile else _figure(picture, here)
        save_still(target, drawing, Picture(drawing), overwrite=overwrite)
        what = "profile" if profile else f"{here.shape[0]} x {here.shape[1]} window"
        return summary(name, what, target, here, [*picture.notes, *window.notes(here, picture.shape)])

    suffixes = DRAWINGS if profile else (*DRAWINGS, *SUFFIXES)
    names = plan([image], output, default="{stem}-show.png", suffixes=suffixes, overwrite=overwrite,
                 skip_existing=skip_existing)  # fmt: skip
    run(job, [(image, names[0])], lambda item: item[0], quiet=quiet)


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
