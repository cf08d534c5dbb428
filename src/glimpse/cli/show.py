"""``glimpse show``: draw the filters over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from glimpse.cli.html_page import SUFFIXES, is_page, save_page
from glimpse.cli.messages import summary
from glimpse.cli.options import WindowOptions, input_options, output_options, window_options
from glimpse.cli.output_names import plan
from glimpse.cli.runner import run

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions


@click.command()
@click.argument("image", metavar="IMAGE")
@window_options()
@input_options
@output_options(
    "Where to: .png, or .html for a page to choose a window by looking. [default: STEM-show.png here]"
)
def show(
    image: str,
    window: WindowOptions,
    decoding: DecodeOptions,
    output: str | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Draw the grid of filters over IMAGE ('-' is standard input) with the patch beside it.

    -o look.html writes one page instead, which needs no network: drag the window on the image, see the patch,
    the canvas and the filters change, and copy the command.
    """
    from glimpse import attention
    from glimpse.drawing import figure, viewport
    from glimpse.io import Picture, load_picture, save_still
    from glimpse.io.encode import DRAWINGS

    def job(item: tuple[str, str]) -> str:
        name, target = item
        picture = load_picture(name, decoding)
        here = window.window(picture.shape)
        if is_page(target):
            save_page(name, picture, here, decoding, target, overwrite=overwrite)
            return summary(name, "page", target, here, picture.notes)
        patch = attention.read(picture.pixels, here, channel_axis=picture.channel_axis)
        image = viewport.thumbnail(picture.pixels, picture.white)
        drawing = figure.show(image, here, viewport.to_rgb(patch, picture.white), picture.shape)
        save_still(target, drawing, Picture(drawing), overwrite=overwrite)
        return summary(name, f"{here.shape[0]} x {here.shape[1]} window", target, here, picture.notes)

    suffixes = (*DRAWINGS, *SUFFIXES)
    names = plan([image], output, default="{stem}-show.png", suffixes=suffixes, overwrite=overwrite)
    run(job, [(image, names[0])], lambda item: item[0], quiet=quiet)
