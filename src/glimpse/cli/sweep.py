"""``glimpse sweep``: animate a window while its numbers change."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from glimpse.batch.drawings import PROFILES
from glimpse.batch.films import FPS, FRAMES, HOLD, FilmOptions
from glimpse.batch.films import sweep as animate
from glimpse.batch.placements import Placement
from glimpse.batch.rows import Row
from glimpse.batch.runner import Run
from glimpse.cli.options import (
    Sectioned,
    TableOptions,
    collected,
    input_options,
    linear_option,
    look_options,
    option,
    output_options,
    table_options,
    window_options,
)
from glimpse.cli.param_types import FileName, between, whole
from glimpse.cli.reporter import report

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions

Shot = TypeVar("Shot")

film_options = collected(
    "film", [field.name for field in fields(FilmOptions)], lambda values: FilmOptions(**values), [
        option("--frames", type=whole(1, 9999), metavar="N",
               help=f"Frames from first to last. [default: {FRAMES}]"),
        option("--fps", type=between(0.1, 50), metavar="N",
               help=f"Frames per second. [default: {FPS:g}; with several --page the delays of IMAGE]"),
        option("--saccade", type=between(0, 10_000), metavar="MS", default=FilmOptions.saccade,
               show_default=True,
               help="Milliseconds of each move between the windows of a table; 0 jumps."),
        option("--hold", type=between(0, 60), metavar="SECONDS",
               help="How long the last frame stands, unless it is a boomerang. "
               f"[default: {HOLD}; of a table its duration]"),
        option("--boomerang", is_flag=True, help="Play there and back."),
        option("--zoom", type=whole(1, 512), metavar="N",
               help="Enlarge the patch. [default: to about 256 pixels; 1 with --plain]"),
        option("--plain", is_flag=True, help="The patch alone, without the source and the numbers."),
        *look_options,
    ],
)  # fmt: skip


@click.command(cls=Sectioned)
@click.argument("image", type=FileName(), metavar="IMAGE", required=False)
@window_options(sweep=True)
@table_options
@film_options
@linear_option
@input_options
@output_options(
    "Where to: .gif, .webp, .apng; .mp4 or .webm (pip install 'glimpse-crop[video]'); or stills: "
    "{stem}-{index:03d}.png. [default: STEM-sweep.gif here]"
)
def sweep(
    image: str | None,
    window: Placement,
    tables: TableOptions,
    film: FilmOptions,
    linear: bool,
    decoding: DecodeOptions,
    output: str | None,
    run: Run,
) -> None:
    """Animate the window on IMAGE ('-' is standard input): give one or more numbers as a range.

    --delta 1:8 zooms out, --sigma 0.5:8 blurs, --gx 0:100% moves down. gx and gy change by equal
    steps, delta, sigma and gamma by equal ratios.

    With --table the window goes from row to row, such as fixations: a column duration tells how many
    milliseconds it stands, 300 by default; delta and sigma may be columns too.

    With --page all, or FIRST:LAST, the frames of an animated IMAGE are cropped, and keep their delays.
    """
    if film.profile and film.profile not in PROFILES and image is None:  # `--profile IMAGE`
        image, film = film.profile, replace(film, profile=PROFILES[0])
    rows: Sequence[Row] = [Row(image, image, window)] if image else []
    if tables.name:
        rows = tables.read(window, [image] if image else [])
    elif not image:
        raise click.UsageError("Missing argument 'IMAGE'.")

    def bar(shots: Iterator[Shot], count: int) -> Iterator[Shot]:
        hidden = run.quiet or not sys.stderr.isatty()
        with click.progressbar(shots, length=count, file=sys.stderr, hidden=hidden) as watched:
            yield from watched

    pages: Any = None if isinstance(decoding.page, int) else decoding.page
    decoding = decoding._replace(page=None if pages else decoding.page, linear=linear)
    found = animate(rows, output, run, film=film, decoding=decoding, pages=pages,
                    protect=[window.like_name], watch=bar)  # fmt: skip
    report(found, noun="windows" if tables.name else "files", quiet=run.quiet)
