"""The work of ``glimpse read``: windows grouped by image, so that each image is decoded once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from glimpse.cli.options import WindowOptions
from glimpse.cli.report import beyond, clipped, source_name, summary
from glimpse.errors import GlimpseError
from glimpse.window import Window

if TYPE_CHECKING:
    from glimpse.image import Picture


_MANY = 100  # patches of one image: to wait for the disk after each would double the time


@dataclass(frozen=True)
class Crop:
    """One window of an image, and where its patch goes.

    Parameters
    ----------
    place : str
        What its error lines name: the image, or the file and line of a table.
    image : str
        The image's file name.
    window : WindowOptions
        Where to look.
    output : str
        File of the patch; in a table nothing where the row names none.
    fault : GlimpseError or None
        What is wrong with it already.
    """

    place: str
    image: str
    window: WindowOptions
    output: str = ""
    fault: GlimpseError | None = None


def grouped(crops: Iterable[Crop]) -> list[list[Crop]]:
    """Return the crops of each image together, in the order of their first ones."""
    groups: dict[str, list[Crop]] = {}
    for crop in crops:
        groups.setdefault(crop.image, []).append(crop)
    return list(groups.values())


def cut(
    crops: Sequence[Crop], levels: tuple[float, float] | None, *, overwrite: bool, fast: bool
) -> list[str | GlimpseError]:
    """Decode an image, read and save its crops; return a line or an error for each."""
    from glimpse import image

    try:
        reduce = partial(_reduction, crops) if fast else None
        picture = image.load_picture(crops[0].image, levels, reduce)
    except GlimpseError as error:
        return [_about(crop, crop.fault or _about_image(crop, error)) for crop in crops]
    few = len(crops) < _MANY
    return [_cut(crop, picture, overwrite=overwrite, sync=few) for crop in crops]


def _reduction(crops: Sequence[Crop], shape: tuple[int, int]) -> int:
    """How many times an image may be reduced for all of its crops."""
    from glimpse.image.reduced import reduction

    least = 8
    for crop in crops:
        with suppress(GlimpseError):  # told where the crop is cut
            least = min(least, reduction(crop.window.window(shape), shape))
    return least


def _cut(crop: Crop, picture: Picture, *, overwrite: bool, sync: bool) -> str | GlimpseError:
    from glimpse import attention, image

    try:
        if crop.fault:
            raise crop.fault
        window = crop.window.window(picture.shape)
        patch = attention.read(picture.pixels, _seen(window, picture), channel_axis=picture.channel_axis)
        record = image.Record(window, picture.shape, source_name(crop.image), fast=picture.scale)
        image.save_still(crop.output, patch, picture, record, overwrite=overwrite, sync=sync)
    except GlimpseError as error:
        return _about(crop, error)
    what = f"{window.shape[0]} x {window.shape[1]} patch"
    notes = [*picture.notes, *beyond(window, picture.shape), *clipped(patch, picture.white, crop.output)]
    notes += [f"decoded at 1/{picture.scale}"] if picture.scale > 1 else []
    return summary(crop.place, what, crop.output, window, notes)


def _seen(window: Window, picture: Picture) -> Window:
    """The window on the pixels as they were decoded."""
    if picture.scale == 1:
        return window
    from glimpse.image.reduced import reduced

    return reduced(window, picture.scale)


def _about(crop: Crop, error: GlimpseError) -> GlimpseError:
    return GlimpseError(f"{crop.place}: {error}")


def _about_image(crop: Crop, error: GlimpseError) -> GlimpseError:
    return error if crop.place == crop.image else GlimpseError(f"{crop.image}: {error}")
