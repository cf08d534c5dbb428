"""``glimpse locate``: where in an image a patch was cropped."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from glimpse.batch.locating import levels, located
from glimpse.batch.names import plan
from glimpse.batch.outcomes import Outcome, source_name
from glimpse.batch.placements import Placement
from glimpse.batch.runner import Run, outcomes
from glimpse.cli.options import Sectioned, input_options, output_options, window_options
from glimpse.cli.param_types import FileName
from glimpse.cli.reporter import report
from glimpse.cli.streams import put
from glimpse.errors import GlimpseError, about

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions, Picture, Record
    from glimpse.registration.location import Location

JSON = ".json"
MOVING = (".gif", ".webp", ".apng")
STEP = 240  # milliseconds that a step of the descent stands
TINT = 255, 0, 160  # of what disagrees
HOLD = 1500


@click.command(cls=Sectioned)
@click.argument("image", type=FileName(), metavar="IMAGE")
@click.argument("patch", type=FileName(), metavar="PATCH")
@window_options(start=True)
@input_options
@output_options(
    "Where to: .json, the window alone, for --like; .png, .jpg, .avif or .tif, the place drawn on the image, "
    "what disagrees tinted; .gif, .webp or .apng, the descent."
)
def locate(
    image: str,
    patch: str,
    window: Placement,
    decoding: DecodeOptions,
    output: str | None,
    run: Run,
) -> None:
    """Find where in IMAGE the PATCH was cropped, and print its window as JSON.

    Any tool may have cropped it, also in grey, with another brightness or as JPEG; upright, not
    enlarged or squashed more than twice. --row, --col and --delta together, --slice, --box or --like are
    a start and skip the search. A patch that is not from the image is told so, with exit
    code 1.
    """
    from glimpse.io import Record, load_picture

    if image == patch == "-":
        raise click.UsageError("standard input can be read once only; give '-' once")
    if "n" in window.typed:
        raise click.UsageError("-n is the size of PATCH; leave it out")
    begins = _begins(window)
    target = _target([image, window.like_name], patch, output, run)

    def job(name: str) -> Outcome:
        with about(image):
            scene = load_picture(image, decoding)
        crop = load_picture(name, decoding._replace(page=None))
        start = window._replace(n=crop.shape).window(scene.shape) if begins else None
        try:
            found = located(scene, crop, start=start, kernel=window.kernel)
        except GlimpseError as error:
            raise _hinted(error) from error
        record = Record(found.window, scene.shape, source_name(image))
        put(json.dumps(record.to_dict() | found.to_dict()))
        if found.offset:  # a window has none, and its gamma alone would only make it brighter
            record = replace(record, window=replace(found.window, gamma=1.0))
        if target:
            _save(target, scene, crop, found, record, run)
        place = f"row {found.window.gx:.6g} (gx), col {found.window.gy:.6g} (gy) of {image}"
        return Outcome(name, target, f"{place}, {found.summary()}", notes=[*scene.notes, *crop.notes])

    report(outcomes(job, [patch], run, lambda name: name), 1, quiet=run.quiet)


def _target(protect: list[str], patch: str, output: str | None, run: Run) -> str:
    """The file that ``-o`` names, if any."""
    from glimpse.io.encode import DRAWINGS

    if output is None:
        return ""
    if output == "-":
        raise click.UsageError("-o -: the JSON goes to standard output anyway; name a file")
    suffixes = tuple(dict.fromkeys((JSON, *DRAWINGS, *MOVING)))
    default = "{stem}-locate.json"
    name = plan([patch], output, default=default, suffixes=suffixes, overwrite=run.overwrite,
                protect=protect, quality=run.quality)[0]  # fmt: skip
    if run.quality and name.lower().endswith(MOVING):
        raise click.UsageError(f"-o {name}: --quality is of stills")
    return name


def _begins(options: Placement) -> bool:
    """Whether the options name a start."""
    given = {key for key in ("gx", "gy", "delta", "sigma") if getattr(options, key) is not None}
    whole = options.slice or options.box or options.like
    begins = bool(whole or given)
    if begins and not (whole or given >= {"gx", "gy", "delta"}):
        raise click.UsageError(
            "a start needs --row, --col and --delta together, or --box, --slice or --like; "
            "without any the whole image is searched"
        )
    return begins


def _hinted(error: GlimpseError) -> GlimpseError:
    """The error of a patch that was not found, with what else can be tried."""
    text = str(error)
    if not text.startswith("no match: its"):
        return error
    return GlimpseError(f"{text}; if you know it better, give it as a start (--row, --col, --delta)")


def _save(target: str, scene: Picture, crop: Picture, found: Location, record: Record, run: Run) -> None:
    import numpy as np

    from glimpse.drawing import figure, viewport
    from glimpse.io import Picture, save_bytes, save_still
    from glimpse.io.encode import DRAWINGS

    suffix = os.path.splitext(target)[1].lower()
    if suffix == JSON:
        save_bytes(target, record.to_json().encode() + b"\n", overwrite=run.overwrite)
    elif suffix in DRAWINGS and suffix not in MOVING:
        image, patch = (viewport.to_rgb(levels(picture), 255) for picture in (scene, crop))
        tint = ""
        if found.agreeing is not None and not found.agreeing.all():
            tint = "what disagrees tinted"
            tinted = np.rint(patch * 0.4 + np.array(TINT) * 0.6).astype(np.uint8)
            patch = np.where(found.agreeing[..., None], patch, tinted)
        drawing = figure.show(image, found.window, patch, tint=tint)
        save_still(target, drawing, Picture(drawing), quality=run.quality, overwrite=run.overwrite)
    else:
        data = _descent(suffix, scene, found, record)
        save_bytes(target, data, overwrite=run.overwrite)


def _descent(suffix: str, scene: Picture, found: Location, record: Record) -> bytes:
    """The windows of the fit on their image, what each reads beside it."""
    from glimpse.attention.layer import read
    from glimpse.drawing import panels, viewport
    from glimpse.io.animation import encode_animation

    pixels, windows = levels(scene), [*found.path, replace(found.window, gamma=1.0)]
    patches = [viewport.to_rgb(read(pixels, window, channel_axis=2), 255) for window in windows]
    shots = list(panels.frames(viewport.to_rgb(pixels, 255), windows, patches))
    from glimpse.drawing.viewport import COLOURS

    delays = [STEP] * (len(shots) - 1) + [HOLD]
    swept = replace(record, window=replace(windows[0], kernel=found.window.kernel), last=windows[-1])
    return encode_animation(shots, delays, suffix, comment=swept.to_json(), exact=COLOURS)
