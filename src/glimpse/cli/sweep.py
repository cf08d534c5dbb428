"""``glimpse sweep``: animate a window while its numbers change."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glimpse.cli.messages import source_name, summary
from glimpse.cli.options import input_options, option, output_options, window_options
from glimpse.cli.output_names import check, check_suffixes, one_file, plan
from glimpse.cli.param_types import FileName, between, whole
from glimpse.cli.runner import run
from glimpse.cli.templates import Template, of_name, of_window
from glimpse.cli.window_options import WindowOptions
from glimpse.errors import GlimpseError
from glimpse.limits import ANIMATION_PIXELS
from glimpse.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.drawing.viewport import Levels
    from glimpse.io import DecodeOptions, Picture

LARGE = 5_000_000  # bytes of an animation above which the summary suggests how to make it smaller


@click.command()
@click.argument("image", type=FileName(), metavar="IMAGE")
@window_options(sweep=True)
@option(
    "--frames",
    type=whole(1, 9999),
    metavar="N",
    default="48",
    show_default=True,
    help="Frames from first to last.",
)
@option(
    "--fps", type=between(0.1, 50), metavar="N", default="25", show_default=True, help="Frames per second."
)
@option(
    "--hold",
    type=between(0, 60),
    metavar="SECONDS",
    default="0.6",
    show_default=True,
    help="How long the last frame stands, unless it is a boomerang.",
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
    "Where to: .gif, .webp, .apng, or stills: {stem}-{index:03d}.png. [default: STEM-sweep.gif here]"
)
def sweep(
    image: str, window: WindowOptions, output: str | None, overwrite: bool, quiet: bool, **how: Any
) -> None:
    """Animate the window on IMAGE ('-' is standard input): give one or more numbers as a range.

    --delta 1:8 zooms out, --sigma 0.5:8 blurs, --gx 0:100% moves down. gx and gy change by equal
    steps, delta, sigma and gamma by equal ratios.
    """  # fmt: skip
    from glimpse.io.animation import FORMATS

    if not window.is_sweep:
        raise click.UsageError("nothing changes; write a number as a range first:last, such as --delta 1:8")
    stills = output is not None and not one_file(output) and bool(Template(output).fields)
    if stills:
        target = output
    else:
        if output and output.lower().endswith(".png"):
            raise click.UsageError(
                f"-o {output}: an animation is .gif, .webp or .apng; stills are {{index:03d}}.png"
            )
        suffixes = tuple(FORMATS)
        target = plan([image], output, default="{stem}-sweep.gif", suffixes=suffixes, overwrite=overwrite)[0]

    def job(name: str) -> str:
        return _sweep(name, target or "-", window, stills=stills, quiet=quiet, overwrite=overwrite, **how)

    run(job, [image], lambda name: name, quiet=quiet)


def _sweep(
    name: str,
    output: str,
    options: WindowOptions,
    *,
    stills: bool,
    quiet: bool,
    overwrite: bool,
    decoding: DecodeOptions,
    frames: int,
    fps: float,
    hold: float,
    boomerang: bool,
    zoom: int | None,
    plain: bool,
) -> str:
    """Render the sweep, save it, and tell of it."""
    from glimpse.drawing import paths
    from glimpse.io import Record, as_array, load_picture

    picture = as_array(load_picture(name, decoding))
    first, last = (options.window(picture.shape, end) for end in (0, -1))
    windows = paths.path(first, last, frames)
    windows += windows[-2:0:-1] if boomerang else []
    bare = stills and plain and not zoom
    frames_of = _patches(picture, windows) if bare else _shots(picture, windows, zoom, plain=plain)
    shots = _bar(frames_of, len(windows), quiet=quiet)
    if stills:
        what = _save_stills(name, output, windows, shots, picture, patches=bare, overwrite=overwrite)
    else:
        record = Record(windows[0], picture.shape, source_name(name), last if last != first else None)
        hold = 0 if boomerang else hold
        what = _save_animation(output, list(shots), fps, hold, record.to_json(), overwrite=overwrite)
    notes = [*picture.notes, *options.notes(first, picture.shape)]
    return summary(name, what, output, first, notes, last)


def _bar(shots: Iterator[NDArray[Any]], count: int, *, quiet: bool) -> Iterator[NDArray[Any]]:
    hidden = quiet or not sys.stderr.isatty()
    with click.progressbar(shots, length=count, file=sys.stderr, hidden=hidden) as bar:
        yield from bar


def _shots(picture: Picture, windows: Sequence[Window], zoom: int | None, *, plain: bool) -> Iterator[Levels]:
    """The frames: panels, or patches alone."""
    from glimpse.drawing import panels, viewport

    patches = _patches(picture, windows)
    # the patch alone at first: a panel is drawn in its full size when it is made
    _check_size(windows[0].shape[0] * (zoom or 1), windows[0].shape[1] * (zoom or 1), len(windows))
    if plain:
        for patch in patches:
            levels = viewport.to_rgb(patch, picture.white)
            yield viewport.enlarge(levels[..., 0] if patch.ndim == 2 else levels, zoom or 1)
        return
    image = viewport.thumbnail(picture.pixels, picture.white)
    panel = panels.Panel(image, windows, zoom, picture.shape)
    _check_size(*panel.size, len(windows))
    for window, patch in zip(windows, patches, strict=True):
        yield panel.draw(window, viewport.to_rgb(patch, picture.white))


def _patches(picture: Picture, windows: Sequence[Window]) -> Iterator[NDArray[Any]]:
    """What the windows see, in the picture's own levels."""
    from glimpse.attention.layer import read

    _check_size(*windows[0].shape, len(windows))
    for window in windows:
        yield read(picture.pixels, window, channel_axis=picture.channel_axis)


def _check_size(rows: int, cols: int, frames: int) -> None:
    if rows * cols * frames > ANIMATION_PIXELS:
        raise GlimpseError(
            f"{frames} frames of {rows} x {cols} pixels are more than {ANIMATION_PIXELS} pixels; "
            "give less --frames, --zoom or -n"
        )


def _save_animation(
    output: str, shots: Sequence[Levels], fps: float, hold: float, comment: str, *, overwrite: bool
) -> str:
    from glimpse.drawing.viewport import COLOURS
    from glimpse.io import save_bytes
    from glimpse.io.animation import centiseconds, encode_animation

    delays = centiseconds(len(shots), fps, hold)
    suffix = ".gif" if output == "-" else Path(output).suffix.lower()
    data = encode_animation(
        shots, delays, suffix, comment=comment, exact=COLOURS if shots[0].ndim == 3 else ()
    )
    save_bytes(output, data, overwrite=overwrite)
    rows, cols = shots[0].shape[:2]
    play = f"{sum(delays) / 100:.2f} s"
    if len(set(delays[:-1])) > 1:
        play += f" (pauses of {min(delays[:-1])} and {max(delays[:-1])} hundredths to make {fps:g} fps)"
    large = "; --frames or .webp make it smaller" if len(data) > LARGE else ""
    return f"{len(shots)} frames of {rows} x {cols}, {play}, {len(data) / 1000:.0f} kB{large}"


def _save_stills(
    name: str,
    output: str,
    windows: Sequence[Window],
    shots: Iterator[NDArray[Any]],
    picture: Picture,
    *,
    patches: bool,
    overwrite: bool,
) -> str:
    """Save each frame under its own name; bare patches are those of `glimpse read`, records and all."""
    from glimpse.io import Picture as Still
    from glimpse.io import Record, save_still
    from glimpse.io.encode import DRAWINGS

    template = Template(output)
    targets = [template.fill(of_name(name, i) | of_window(window)) for i, window in enumerate(windows)]
    check_suffixes(targets, DRAWINGS)
    check([name], targets, overwrite)
    for target, shot, window in zip(targets, shots, windows, strict=True):
        if patches:
            record = Record(window, picture.shape, source_name(name))
            save_still(target, shot, picture, record, overwrite=overwrite)
        else:
            save_still(target, shot, Still(shot), overwrite=overwrite)
    return f"{len(targets)} stills"
