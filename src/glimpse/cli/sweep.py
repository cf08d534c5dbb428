"""``glimpse sweep``: animate a window while its numbers change."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from glimpse.batch.films import (
    Film,
    Pace,
    fixations,
    of_fixations,
    of_range,
    panels_of,
    patches_of,
    plain_frames_of,
    save_animation,
    save_stills,
)
from glimpse.batch.names import Template, one_file, plan
from glimpse.batch.outcomes import Outcome
from glimpse.batch.placements import Placement
from glimpse.batch.runner import Run, outcomes
from glimpse.cli.options import (
    TableOptions,
    image_of,
    input_options,
    option,
    output_options,
    table_options,
    window_options,
)
from glimpse.cli.param_types import FileName, between, whole
from glimpse.cli.reporter import report
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.batch.tables import Table
    from glimpse.io import DecodeOptions, Picture

FRAMES, HOLD = 48, 0.6  # of a range: as many frames as make two seconds, and a last one to look at


@click.command()
@click.argument("image", type=FileName(), metavar="IMAGE", required=False)
@window_options(sweep=True)
@table_options
@option("--frames", type=whole(1, 9999), metavar="N", help=f"Frames from first to last. [default: {FRAMES}]")
@option(
    "--fps", type=between(0.1, 50), metavar="N", default="25", show_default=True, help="Frames per second."
)
@option(
    "--saccade",
    type=between(0, 10_000),
    metavar="MS",
    default="60",
    show_default=True,
    help="Milliseconds of each move between the windows of a table; 0 jumps.",
)
@option(
    "--hold",
    type=between(0, 60),
    metavar="SECONDS",
    help="How long the last frame stands, unless it is a boomerang. "
    f"[default: {HOLD}; of a table its duration]",
)
@option("--boomerang", is_flag=True, help="Play there and back.")
@option(
    "--zoom",
    type=whole(1, 512),
    metavar="N",
    help="Enlarge the patch. [default: to about 256 pixels; 1 with --plain]",
)
@option("--plain", is_flag=True, help="The patch alone, without the source and the numbers.")
@input_options
@output_options(
    "Where to: .gif, .webp, .apng, or stills: {stem}-{index:03d}.png (.jpg, .webp, .avif, .tif). "
    "[default: STEM-sweep.gif here]"
)
def sweep(
    image: str | None,
    window: Placement,
    tables: TableOptions,
    output: str | None,
    run: Run,
    **how: Any,
) -> None:
    """Animate the window on IMAGE ('-' is standard input): give one or more numbers as a range.

    --delta 1:8 zooms out, --sigma 0.5:8 blurs, --gx 0:100% moves down. gx and gy change by equal
    steps, delta, sigma and gamma by equal ratios.

    With --table the window goes from row to row, such as fixations: a column duration tells how many
    milliseconds it stands, 300 by default; delta and sigma may be columns too.
    """  # fmt: skip
    name, table = image_of(tables, image, window) if tables.name else (image, None)
    if name is None:
        raise click.UsageError("Missing argument 'IMAGE'.")
    _check(window, table, how["frames"])
    stills = output is not None and not one_file(output) and bool(Template(output).fields)
    protect = [window.like_name, *([tables.name] if tables.name else [])]
    if run.quality and not stills:
        raise click.UsageError("--quality is of stills; leave it out, an animation is as exact as its format")
    target = output if stills else _target(name, output, protect, overwrite=run.overwrite)
    job = _Job(window, table, target or "-", stills=stills, run=run, **how)
    report(outcomes(job, [name], run, lambda name: name), 1, quiet=run.quiet)


def _check(window: Placement, table: Table | None, frames: int | None) -> None:
    if table is not None and frames:
        raise click.UsageError("--frames is about a range; in a table a column duration tells how long")
    if table is not None and window.is_sweep:
        raise click.UsageError("a range and a --table both say how the window moves; leave out one of them")
    if table is None and not window.is_sweep:
        raise click.UsageError(
            "nothing changes; write a number as a range first:last, such as --delta 1:8, or give a --table"
        )


def _target(name: str, output: str | None, protect: list[str], *, overwrite: bool) -> str:
    """The file of the animation."""
    from glimpse.io.animation import FORMATS

    if output and output.lower().endswith(".png"):
        raise click.UsageError(
            f"-o {output}: an animation is .gif, .webp or .apng; stills are {{index:03d}}.png"
        )
    return plan([name], output, default="{stem}-sweep.gif", suffixes=tuple(FORMATS), overwrite=overwrite,
                protect=protect)[0]  # fmt: skip


@dataclass(frozen=True)
class _Job:
    """One sweep: renders it, saves it, and tells of it."""

    window: Placement
    table: Table | None
    output: str
    stills: bool
    run: Run
    decoding: DecodeOptions
    frames: int | None
    fps: float
    saccade: float
    hold: float | None
    boomerang: bool
    zoom: int | None
    plain: bool

    def __call__(self, name: str) -> list[Outcome]:
        """Sweep the image of this name; tell of it, and of the faults of a table's rows."""
        from glimpse.io import as_array, load_picture

        picture = as_array(load_picture(name, self.decoding))
        table = self.table
        film, faults = self._over(name, picture) if table is None else self._along(name, table, picture)
        made, more = self._saved(name, film, picture)
        notes = [*picture.notes, *self.window.notes(film.first, picture.shape), *film.notes, *more]
        told = Outcome(name, self.output, made, film.first, film.last, notes)
        return [told, *(Outcome(name, error=fault) for fault in faults)]

    def _over(self, name: str, picture: Picture) -> tuple[Film, list[GlimpseError]]:
        """The film of a range."""
        first, last = (self.window.window(picture.shape, end) for end in (0, -1))
        pace = Pace(self.fps, HOLD if self.hold is None else self.hold, self.boomerang)
        return of_range(first, last, self.frames or FRAMES, pace, picture.shape, name), []

    def _along(self, name: str, table: Table, picture: Picture) -> tuple[Film, list[GlimpseError]]:
        """The film of a table, and the faults of its rows."""
        found, faults = fixations(table, picture.shape, same_n=True)
        pace = Pace(self.fps, self.hold or 0, self.boomerang)
        return of_fixations(found, self.saccade, pace, picture.shape, name), faults

    def _saved(self, name: str, film: Film, picture: Picture) -> tuple[str, list[str]]:
        bare = self.stills and self.plain and not self.zoom
        if bare:
            frames: Iterator[Any] = patches_of(film, picture)
        elif self.plain:
            frames = plain_frames_of(film, picture, self.zoom or 1)
        else:
            frames = panels_of(film, picture, self.zoom)
        shots = _bar(frames, len(film.windows), quiet=self.run.quiet)
        if self.stills:
            return save_stills(name, self.output, shots, film, picture, self.run, patches=bare), []
        return save_animation(self.output, list(shots), film, overwrite=self.run.overwrite)


def _bar(shots: Iterator[NDArray[Any]], count: int, *, quiet: bool) -> Iterator[NDArray[Any]]:
    hidden = quiet or not sys.stderr.isatty()
    with click.progressbar(shots, length=count, file=sys.stderr, hidden=hidden) as bar:
        yield from bar
