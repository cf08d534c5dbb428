"""``glimpse write``: restore patches onto a canvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from glimpse.cli.messages import beyond, clipped, source_name, summary
from glimpse.cli.options import WindowOptions, input_options, option, output_options, window_options
from glimpse.cli.output_names import one_file, plan
from glimpse.cli.param_types import Parsed, parse_canvas, parse_gain
from glimpse.cli.runner import run
from glimpse.errors import GlimpseError, about
from glimpse.validation import checked_shape
from glimpse.window import METHODS, Method

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions, Picture, Record
    from glimpse.io.compositing import Layer


@click.command()
@click.argument("patches", nargs=-1, required=True, metavar="PATCH...")
@window_options()
@option(
    "--canvas",
    type=Parsed("canvas", parse_canvas),
    metavar="ROWS,COLS|IMAGE",
    help="Size of the canvas. [default: of the patch's source]",
)
@option("--onto", metavar="IMAGE", help="Add the patch to this picture instead of black.")
@option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="The transpose, a little blurred, or the smallest canvas that reads as the patch.",
)
@option(
    "--gain",
    type=Parsed("gain", parse_gain),
    metavar="auto|FACTOR",
    help="Brightness of the transpose, 1 is bare. [default: auto, a flat patch keeps its level]",
)
@input_options
@output_options("Where to: .png or .npy; several patches in one file add up. [default: STEM-canvas.png here]")
def write(
    patches: tuple[str, ...],
    window: WindowOptions,
    canvas: str | tuple[int, int] | None,
    onto: str | None,
    output: str | None,
    overwrite: bool,
    quiet: bool,
    decoding: DecodeOptions,
    **how: Any,
) -> None:
    """Restore each PATCH ('-' is standard input) where its window saw it.

    A patch of glimpse read needs no numbers. Any other picture needs --canvas or --onto, and a window
    unless it is to span the canvas.
    """  # fmt: skip
    from glimpse.io.encode import FORMATS

    if canvas and onto:
        raise click.UsageError("--onto has a size of its own; leave out --canvas")
    if isinstance(canvas, tuple):
        _check_canvas(canvas, decoding)
    together = len(patches) > 1 and one_file(output)
    names = plan(
        patches[:1] if together else patches,
        output,
        default="{stem}-canvas.png",
        suffixes=tuple(FORMATS),
        overwrite=overwrite,
        protect=[name for name in (*patches, canvas, onto) if isinstance(name, str)],
    )
    groups: list[Sequence[str]] = [patches] if together else [[patch] for patch in patches]

    def job(item: tuple[Sequence[str], str]) -> str:
        return _write(*item, window, canvas=canvas, onto=onto, decoding=decoding, overwrite=overwrite, **how)

    run(job, list(zip(groups, names, strict=True)), lambda item: "", quiet=quiet)


def _check_canvas(canvas: tuple[int, int], decoding: DecodeOptions) -> None:
    try:
        checked_shape(canvas, decoding.max_pixels)
    except GlimpseError as error:
        raise click.BadParameter(str(error), param_hint="'--canvas'") from None


def _write(
    patches: Sequence[str],
    output: str,
    options: WindowOptions,
    *,
    canvas: str | tuple[int, int] | None,
    onto: str | None,
    method: Method,
    gain: float | None,
    decoding: DecodeOptions,
    overwrite: bool,
) -> str:
    """Restore patches onto one canvas, save it, and tell of it. Errors name the patch."""
    from glimpse import attention, io
    from glimpse.io.compositing import Layer

    base = total = _base(onto, decoding)
    for name in patches:
        with about(name):
            patch, found = _load_patch(name, decoding)
            shape = base.shape if base else _canvas_shape(canvas, options.like or found, decoding)
            record = _record(name, options, patch, found, shape, method)
            restored = attention.restore(
                patch.pixels, record.window, shape, gain=gain, method=method, channel_axis=patch.channel_axis
            )
            layer = Layer(restored, patch)
            total = total.plus(layer) if total else layer
    assert total is not None
    with about(output if len(patches) > 1 else patches[0]):
        io.save_still(
            output, total.array, total.like, record if len(patches) == 1 else None, overwrite=overwrite
        )
    what = f"{shape[0]} x {shape[1]} canvas"
    notes = [*total.like.notes, *beyond(record.window, shape)]
    notes += clipped(total.array, total.like.white, output)
    return summary(", ".join(patches), what, output, record.window, notes)


def _base(onto: str | None, decoding: DecodeOptions) -> Layer | None:
    """The picture that patches are added to."""
    import numpy as np

    from glimpse import io
    from glimpse.io.compositing import Layer

    if onto is None:
        return None
    with about(f"--onto {onto}"):
        picture = io.load_picture(onto, decoding)
    return Layer(np.asarray(picture.pixels, np.float32), picture)


def _load_patch(name: str, decoding: DecodeOptions) -> tuple[Picture, Record | None]:
    from glimpse import io

    patch = io.load_picture(name, decoding)
    record = io.picture_record(patch, decoding)
    if record and not record.is_patch:
        raise GlimpseError("not a patch: its record is of a canvas or an animation")
    return patch, record


def _record(
    name: str,
    options: WindowOptions,
    patch: Picture,
    found: Record | None,
    shape: tuple[int, int],
    method: Method,
) -> Record:
    """The record of the canvas, with the window where the patch belongs."""
    from glimpse.io import Record

    options = options.or_like(found)
    options = options.or_n(patch.shape)
    return Record(options.window(shape), shape, found.source if found else source_name(name), method=method)


def _canvas_shape(
    canvas: str | tuple[int, int] | None, record: Record | None, decoding: DecodeOptions
) -> tuple[int, int]:
    from glimpse import io

    if isinstance(canvas, str):
        try:
            return io.load_picture(canvas, decoding).shape
        except GlimpseError as error:
            raise GlimpseError(f"--canvas {canvas}: {error}; write ROWS,COLS or name an image") from error
    if canvas is None and record is None:
        raise GlimpseError("not made by glimpse read; give --canvas ROWS,COLS (or an image), and its window")
    return canvas or record.shape  # type: ignore[union-attr]
