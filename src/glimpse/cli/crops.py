"""The work of ``glimpse read``: windows grouped by image, so that each image is decoded once."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from glimpse.cli.options import WindowOptions
from glimpse.cli.report import beyond, source_name, summary
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from glimpse.image import Picture


_MANY = 100  # patches of one image: to wait for the disk after each would double the time


@dataclass(frozen=True)
class Crop:
    """One window of an image, and where its patch goes.

    Parameters
    ----------
    place : str
        What its error lines name.
    window : WindowOptions
        Where to look.
    output : str
        File of the patch.
    fault : GlimpseError or None
        What is wrong with it already.
    """

    place: str
    window: WindowOptions
    output: str
    fault: GlimpseError | None = None


@dataclass(frozen=True)
class Source:
    """An image and its crops."""

    image: str
    crops: tuple[Crop, ...]


def grouped(images: Iterable[str], crops: Iterable[Crop]) -> list[Source]:
    """Return the sources in the order of their first crops."""
    groups: dict[str, list[Crop]] = {}
    for image, crop in zip(images, crops, strict=True):
        groups.setdefault(image, []).append(crop)
    return [Source(image, tuple(found)) for image, found in groups.items()]


def cut(
    source: Source, levels: tuple[float, float] | None, *, overwrite: bool, fast: bool
) -> list[str | GlimpseError]:
    """Decode an image, read and save its crops; return a line or an error for each."""
    from glimpse import image

    try:
        picture = image.load_picture(
            source.image, levels, partial(_reduction, source.crops) if fast else None
        )
    except GlimpseError as error:
        return [_about(crop, crop.fault or _about_image(source, crop, error)) for crop in source.crops]
    few = len(source.crops) < _MANY
    return [_cut(source.image, picture, crop, overwrite=overwrite, sync=few) for crop in source.crops]


def _reduction(crops: tuple[Crop, ...], shape: tuple[int, int]) -> int:
    """How many times an image may be reduced for all of its crops."""
    from glimpse.image.reduced import reduction

    least = 8
    for crop in crops:
        with suppress(GlimpseError):  # told where the crop is cut
            least = min(least, reduction(crop.window.window(shape), shape))
    return least


def _cut(name: str, picture: Picture, crop: Crop, *, overwrite: bool, sync: bool) -> str | GlimpseError:
    from glimpse import attention, image
    from glimpse.image.reduced import reduced

    try:
        if crop.fault:
            raise crop.fault
        window = crop.window.window(picture.shape)
        look = reduced(window, picture.scale) if picture.scale > 1 else window
        patch = attention.read(picture.pixels, look, channel_axis=picture.channel_axis)
        record = image.Record(window, picture.shape, source_name(name), fast=picture.scale)
        image.save_still(crop.output, patch, picture, record, overwrite=overwrite, sync=sync)
    except GlimpseError as error:
        return _about(crop, error)
    what = f"{window.shape[0]} x {window.shape[1]} patch"
    notes = [*picture.notes, *beyond(window, picture.shape)]
    notes += [f"decoded at 1/{picture.scale}"] if picture.scale > 1 else []
    return summary(crop.place, what, crop.output, window, notes)


def _about(crop: Crop, error: GlimpseError) -> GlimpseError:
    return GlimpseError(f"{crop.place}: {error}")


def _about_image(source: Source, crop: Crop, error: GlimpseError) -> GlimpseError:
    return error if crop.place == source.image else GlimpseError(f"{source.image}: {error}")
