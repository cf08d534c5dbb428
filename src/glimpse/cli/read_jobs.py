"""The work of ``glimpse read``: windows grouped by image, so that each image is decoded once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.cli.messages import beyond, clipped, source_name, summary
from glimpse.cli.options import WindowOptions
from glimpse.errors import GlimpseError
from glimpse.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.io import DecodeOptions, Picture


_MANY = 100  # patches of one image: to wait for the disk after each would double the time
_SAVERS = 2  # threads that save patches while others are read; more would wait for Python


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
    crops: Sequence[Crop], decoding: DecodeOptions, *, overwrite: bool, fast: bool, jobs: int = 1
) -> list[str | GlimpseError]:
    """Decode an image, read and save its crops; return a line or an error for each.

    Where there are many and `jobs` allows it, patches are saved while the next ones are read.
    """
    from glimpse import io, parallel

    try:
        reduce = partial(_reduction, crops) if fast else None
        picture = io.load_picture(crops[0].image, decoding, reduce)
    except GlimpseError as error:
        return [_about(crop, crop.fault or _about_image(crop, error)) for crop in crops]
    if many := len(crops) >= _MANY:
        picture = io.as_array(picture)
    save = partial(_saved, picture=picture, overwrite=overwrite, sync=not many)
    savers = min(jobs, _SAVERS) if many else 1
    return [result for _, result in parallel.run(save, _read(crops, picture), savers)]


def _reduction(crops: Sequence[Crop], shape: tuple[int, int]) -> int:
    """How many times an image may be reduced for all of its crops."""
    from glimpse.io.shrink_on_load import reduction

    least = 8
    for crop in crops:
        with suppress(GlimpseError):  # told where the crop is cut
            least = min(least, reduction(crop.window.window(shape), shape))
    return least


class _Found(NamedTuple):
    """What became of a crop: its window and patch, or what went wrong."""

    crop: Crop
    window: Window | None = None
    patch: NDArray[Any] | None = None
    error: GlimpseError | None = None


def _read(crops: Sequence[Crop], picture: Picture) -> Iterator[_Found]:
    """Read the patches, those of neighbouring crops together."""
    from glimpse import attention

    placed = [_placed(crop, picture.shape) for crop in crops]
    done = 0
    while done < len(placed):
        rest = placed[done:]
        windows = (_seen(found.window, picture) for found in rest if found.window)
        patches = attention.read_many(picture.pixels, windows, channel_axis=picture.channel_axis)
        for found in rest:
            done += 1
            try:
                yield found._replace(patch=next(patches)) if found.window else found
            except GlimpseError as error:  # which ends the reading of all
                yield found._replace(error=error)
                break


def _placed(crop: Crop, shape: tuple[int, int]) -> _Found:
    try:
        return _Found(crop, error=crop.fault) if crop.fault else _Found(crop, crop.window.window(shape))
    except GlimpseError as error:
        return _Found(crop, error=error)


def _saved(found: _Found, *, picture: Picture, overwrite: bool, sync: bool) -> str | GlimpseError:
    from glimpse import io

    crop, window, patch = found.crop, found.window, found.patch
    if found.error or window is None or patch is None:
        return _about(crop, found.error)
    record = io.Record(window, picture.shape, source_name(crop.image), fast=picture.scale)
    try:
        io.save_still(crop.output, patch, picture, record, overwrite=overwrite, sync=sync)
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
    from glimpse.io.shrink_on_load import reduced

    return reduced(window, picture.scale)


def _about(crop: Crop, error: GlimpseError | None) -> GlimpseError:
    return GlimpseError(f"{crop.place}: {error}")


def _about_image(crop: Crop, error: GlimpseError) -> GlimpseError:
    return error if crop.place == crop.image else GlimpseError(f"{crop.image}: {error}")
