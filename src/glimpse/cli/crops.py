"""The work of ``glimpse read``: windows grouped by image, so that each image is decoded once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glimpse.cli.options import WindowOptions
from glimpse.cli.report import source_name, summary
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from glimpse.image import Picture


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


def cut(source: Source, levels: tuple[float, float] | None, overwrite: bool) -> list[str | GlimpseError]:
    """Decode an image, read and save its crops; return a line or an error for each."""
    from glimpse import image

    try:
        picture = image.load_picture(source.image, levels)
    except GlimpseError as error:
        return [_about(crop, crop.fault or _about_image(source, crop, error)) for crop in source.crops]
    return [_cut(source.image, picture, crop, overwrite) for crop in source.crops]


def _cut(name: str, picture: Picture, crop: Crop, overwrite: bool) -> str | GlimpseError:
    from glimpse import attention, image

    try:
        if crop.fault:
            raise crop.fault
        window = crop.window.window(picture.shape)
        patch = attention.read(picture.pixels, window, channel_axis=picture.channel_axis)
        record = image.Record(window, picture.shape, source_name(name))
        image.save_still(crop.output, patch, picture, record, overwrite=overwrite)
    except GlimpseError as error:
        return _about(crop, error)
    what = f"{window.shape[0]} x {window.shape[1]} patch"
    return summary(crop.place, what, crop.output, window, picture.notes)


def _about(crop: Crop, error: GlimpseError) -> GlimpseError:
    return GlimpseError(f"{crop.place}: {error}")


def _about_image(source: Source, crop: Crop, error: GlimpseError) -> GlimpseError:
    return error if crop.place == source.image else GlimpseError(f"{source.image}: {error}")
