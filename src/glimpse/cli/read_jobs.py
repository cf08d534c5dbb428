"""The work of ``glimpse read``: windows grouped by image, so that each image is decoded once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.cli.messages import beyond, clipped, source_name, summary
from glimpse.cli.options import WindowOptions
from glimpse.errors import GlimpseError, prefixed
from glimpse.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.io import DecodeOptions, Picture


_MANY = 100  # patches of one image: to wait for the disk after each would double the time
_BLOCK = 50  # windows of one job: fewer share less of their filters, more keep a thread waiting for the last


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


class Source:
    """An image that several jobs look at: the first of them decodes it.

    Parameters
    ----------
    crops : sequence of Crop
        All windows of the image.
    decoding : DecodeOptions
        As for `glimpse.io.load_picture`.
    fast : bool
        Decode a JPEG file as small as its windows allow.
    """

    def __init__(self, crops: Sequence[Crop], decoding: DecodeOptions, *, fast: bool) -> None:
        self.crops, self._decoding, self._fast = crops, decoding, fast
        self.many = len(crops) >= _MANY
        self._lock = Lock()
        self._picture: Picture | GlimpseError | None = None

    def __reduce__(self) -> Any:
        return partial(Source, fast=self._fast), (self.crops, self._decoding)  # a lock does not travel

    def picture(self) -> Picture:
        """Return the decoded image.

        Raises
        ------
        GlimpseError
            If it cannot be decoded; the same one every time.
        """
        with self._lock:
            if self._picture is None:
                self._picture = self._decoded()
        if isinstance(self._picture, GlimpseError):
            raise self._picture
        return self._picture

    def _decoded(self) -> Picture | GlimpseError:
        from glimpse import io

        try:
            reduce = partial(_reduction, self.crops) if self._fast else None
            picture = io.load_picture(self.crops[0].image, self._decoding, reduce)
            return io.as_array(picture) if self.many else picture
        except GlimpseError as error:
            return error


class Block(NamedTuple):
    """Crops of one image that one job reads."""

    source: Source
    crops: Sequence[Crop]


def blocks(crops: Iterable[Crop], decoding: DecodeOptions, *, fast: bool, jobs: int) -> list[Block]:
    """Return the work on some crops, those of an image one after the other.

    Parameters
    ----------
    crops : iterable of Crop
        The work, in any order.
    decoding, fast
        As for `Source`.
    jobs : int
        Threads that share decoded images; 0 where workers share no memory.
    """
    sources = [Source(group, decoding, fast=fast) for group in _grouped(crops)]
    whole = len(sources) >= 2 * jobs  # enough images for all threads: none waits for the decoding of another
    return [
        Block(source, source.crops[start : start + step])
        for source in sources
        for step in [len(source.crops) if whole else _BLOCK]
        for start in range(0, len(source.crops), step)
    ]


def _grouped(crops: Iterable[Crop]) -> list[list[Crop]]:
    """The crops of each image together, in the order of their first ones."""
    groups: dict[str, list[Crop]] = {}
    for crop in crops:
        groups.setdefault(crop.image, []).append(crop)
    return list(groups.values())


def cut(block: Block, *, overwrite: bool) -> list[str | GlimpseError]:
    """Read and save the patches of a block; return a line or an error for each."""
    try:
        picture = block.source.picture()
    except GlimpseError as error:
        return [prefixed(crop.place, crop.fault or _of_image(crop, error)) for crop in block.crops]
    sync = not block.source.many
    return [_saved(found, picture, overwrite=overwrite, sync=sync) for found in _read(block.crops, picture)]


def _of_image(crop: Crop, error: GlimpseError) -> GlimpseError:
    return error if crop.place == crop.image else prefixed(crop.image, error)


def _reduction(crops: Sequence[Crop], shape: tuple[int, int]) -> int:
    """How many times an image may be reduced for all of its crops."""
    from glimpse.io.shrink_on_load import reduction

    least = 8
    for crop in crops:
        with suppress(GlimpseError):  # told where the crop is cut
            least = min(least, reduction(crop.window.window(shape), shape))
    return least


class _Found(NamedTuple):
    """A crop with its window and patch, or with the error that failed it."""

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


def _saved(found: _Found, picture: Picture, *, overwrite: bool, sync: bool) -> str | GlimpseError:
    from glimpse import io

    crop, window, patch = found.crop, found.window, found.patch
    try:
        if found.error or window is None or patch is None:
            raise found.error or GlimpseError("it was not read")
        record = io.Record(window, picture.shape, source_name(crop.image), fast=picture.scale)
        io.save_still(crop.output, patch, picture, record, overwrite=overwrite, sync=sync)
    except GlimpseError as error:
        return prefixed(crop.place, error)
    size = f"{window.shape[0]} x {window.shape[1]} patch"
    notes = [*picture.notes, *beyond(window, picture.shape), *clipped(patch, picture.white, crop.output)]
    notes += [f"decoded at 1/{picture.scale}"] if picture.scale > 1 else []
    return summary(crop.place, size, crop.output, window, notes)


def _seen(window: Window, picture: Picture) -> Window:
    """The window on the pixels as they were decoded."""
    if picture.scale == 1:
        return window
    from glimpse.scaling import reduced

    return reduced(window, picture.scale)
