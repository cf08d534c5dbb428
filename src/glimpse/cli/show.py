"""``glimpse show``: draw the filters over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

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
@output_options("Where to, .png. [default: STEM-show.png here]")
def show(
    image: str,
    window: WindowOptions,
    decoding: DecodeOptions,
    output: str | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Draw the grid of filters over IMAGE ('-' is standard input) with the patch beside it."""
    from glimpse import attention
    from glimpse.drawing import figure, viewport
    from glimpse.io import Picture, load_picture, save_still
    from glimpse.io.encode import DRAWINGS

    def job(item: tuple[str, str]) -> str:
        name, target = item
        picture = load_picture(name, decoding)
        here = window.window(picture.shape)
        patch = attention.read(picture.pixels, here, channel_axis=picture.channel_axis)
        drawing = figure.show(
            viewport.to_rgb(picture.pixels, picture.white), here, viewport.to_rgb(patch, picture.white)
        )
        save_still(target, drawing, Picture(drawing), overwrite=overwrite)
        return summary(name, f"{here.shape[0]} x {here.shape[1]} window", target, here, picture.notes)

    names = plan([image], output, default="{stem}-show.png", suffixes=DRAWINGS, overwrite=overwrite)
    run(job, [(image, names[0])], lambda item: item[0], quiet=quiet)
