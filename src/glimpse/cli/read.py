"""``glimpse read``: crop windows out of images."""

from __future__ import annotations

from typing import Any

import click

from glimpse.cli.boundary import run
from glimpse.cli.options import WindowOptions, input_options, jobs_option, output_options, window_options
from glimpse.cli.outputs import plan
from glimpse.cli.report import source_name, summary


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@window_options()
@input_options
@output_options("Where to: .png, or .npy for exact numbers. [default: STEM-patch.png here]")
@jobs_option
def read(
    images: tuple[str, ...],
    window: WindowOptions,
    levels: tuple[float, float] | None,
    output: str | None,
    overwrite: bool,
    quiet: bool,
    jobs: int,
) -> None:
    """Crop a window out of each IMAGE ('-' is standard input) into a PNG that remembers its window."""
    from glimpse import attention, image
    from glimpse.image.record import Record

    def values(name: str) -> dict[str, Any]:
        return window.window(image.load_picture(name, levels).shape).to_dict()

    def job(item: tuple[str, str]) -> str:
        name, target = item
        picture = image.load_picture(name, levels)
        here = window.window(picture.shape)
        patch = attention.read(picture.pixels, here, channel_axis=picture.channel_axis)
        record = Record(here, picture.shape, source_name(name))
        image.save_still(target, patch, picture, record, overwrite=overwrite)
        return summary(name, f"{here.shape[0]} x {here.shape[1]} patch", target, here, picture.notes)

    suffixes = (".png", ".npy")
    names = plan(
        images, output, default="{stem}-patch.png", suffixes=suffixes, overwrite=overwrite, values=values
    )
    run(job, zip(images, names, strict=True), lambda item: item[0], quiet=quiet, jobs=jobs)
