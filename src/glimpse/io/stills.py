"""Stills out of files and into files, the record of their window inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse import limits
from glimpse.errors import GlimpseError, about
from glimpse.io.decode import Reduce, count_pages, decode, decode_pages, is_animated, shape_of
from glimpse.io.encode import Quality, encode, encoded, still_format
from glimpse.io.files import Draft, open_input, save_bytes
from glimpse.io.picture import DEFAULT, DecodeOptions, Picture
from glimpse.io.record import Record, parse_record
from glimpse.levels import unpremultiply
from glimpse.typing import Array

if TYPE_CHECKING:
    from fractions import Fraction  # 2 ms that only an animation pays

_ARRAY_BYTES = 1 << 26


def load_picture(name: str, options: DecodeOptions = DEFAULT, reduce: Reduce | None = None) -> Picture:
    """Open and decode a file, or standard input for ``-``, as `decode` does.

    Raises
    ------
    GlimpseError
        Whatever is wrong with it.
    """
    with open_input(name) as file:
        picture = decode(file, options, reduce)
    return replace(picture, labels=True) if options.labels else picture


def load_shape(name: str, options: DecodeOptions = DEFAULT) -> tuple[tuple[int, int], bool]:
    """Return rows and columns of a file, by its header alone where that tells, and whether it is a signal.

    Raises
    ------
    GlimpseError
        If it is damaged, or too large.
    """
    with open_input(name) as file:
        if shape := shape_of(file, options):
            return shape, False
        picture = decode(file, options)
        return picture.shape, picture.signal


def shapes(
    options: DecodeOptions = DEFAULT,
) -> Callable[[tuple[str, int | None]], tuple[tuple[int, int], bool]]:
    """Return a function that tells what `load_shape` does of a file and its page, each looked up once.

    The frames of an animation are as large as the first one.
    """

    @cache
    def has_frames(name: str) -> bool:
        with open_input(name) as file:
            return is_animated(file)

    @cache
    def found(name: str, page: int | None) -> tuple[tuple[int, int], bool]:
        return load_shape(name, options.at(page))

    def shape(place: tuple[str, int | None]) -> tuple[tuple[int, int], bool]:
        name, page = place
        return found(name, 1 if page and page > 1 and has_frames(name) else page)

    return shape


def as_array(picture: Picture) -> Picture:
    """Return a picture with its pixels as an array, if they are few enough to be kept.

    It takes less time to look at many parts of an array than of the decoder's own image.
    """
    pixels = picture.pixels
    if isinstance(pixels, np.ndarray) or pixels.size * pixels.dtype.itemsize > _ARRAY_BYTES:
        return picture
    return replace(picture, pixels=np.asarray(pixels))


def load_record(name: str, options: DecodeOptions = DEFAULT) -> Record:
    """Return the record of a patch, canvas or animation, or of a file of its JSON.

    Raises
    ------
    GlimpseError
        If the file carries no record, or a record that glimpse did not write.
    """
    with open_input(name) as file:
        head = file.read(limits.RECORD_BYTES + 1)
        file.seek(0)
        if head[:1] == b"{":
            return parse_record(head, options.max_pixels)
        record = picture_record(decode(file, options), options)
    if record is None:
        raise GlimpseError(
            "it carries no record: .npy files, drawings and files that other programs saved have none"
        )
    return record


def load_levels(name: str) -> list[tuple[int, int]]:
    """Return rows and columns of a TIFF and of its smaller versions; of any other file nothing.

    Raises
    ------
    GlimpseError
        If the file is damaged.
    """
    from glimpse.io.tiff_pages import levels

    with open_input(name) as file:
        is_tiff = file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
        return [(each.rows, each.cols) for each in levels(file)] if is_tiff else []


def load_pages(name: str, options: DecodeOptions = DEFAULT) -> list[int]:
    """Return the numbers of the pages or frames of a file, from 1, without smaller versions of the first.

    Raises
    ------
    GlimpseError
        If the file is damaged, or has too many.
    """
    with open_input(name) as file:
        return _page_numbers(file, options)


def _page_numbers(file: BinaryIO, options: DecodeOptions) -> list[int]:
    from glimpse.io.tiff_pages import page_numbers

    file.seek(0)
    if file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        found = page_numbers(file)
    else:
        decode(file, options._replace(page=None))  # which refuses what is damaged or asks for too much
        found = list(range(1, count_pages(file) + 1))
    if len(found) > limits.PAGES:
        raise GlimpseError(f"it has more than {limits.PAGES} pages; name some, as --page 1:100")
    return found


class Frames(NamedTuple):
    """The frames of an animation, or the pages of a file.

    Parameters
    ----------
    delays : sequence of Fraction
        Milliseconds that each one stands; 0 of a file that does not tell.
    pictures : iterator of Picture
        Each one as an array, decoded when it is asked for.
    """

    delays: Sequence[Fraction | int]
    pictures: Iterator[Picture]


@contextmanager
def open_frames(
    name: str, pages: tuple[int, int] | Literal["all"], options: DecodeOptions = DEFAULT
) -> Iterator[Frames]:
    """Open the frames of a file, all or from a first to a last one, counted from 1.

    Raises
    ------
    GlimpseError
        If the file is damaged, or has no such frames.
    """
    from glimpse.io.delays import delays

    with open_input(name) as file:
        numbers = _page_numbers(file, options) if pages == "all" else range(pages[0], pages[1] + 1)
        stands = delays(file)
        found = [stands[number - 1] if number <= len(stands) else 0 for number in numbers]
        pictures = decode_pages(file, options, numbers)
        yield Frames(found, (replace(each, pixels=np.asarray(each.pixels)) for each in pictures))


def picture_record(picture: Picture, options: DecodeOptions = DEFAULT) -> Record | None:
    """Return the record of a decoded picture, None where it carries none.

    Raises
    ------
    GlimpseError
        If glimpse did not write the record, or it speaks of other pixels than these.
    """
    if picture.text is None:
        return None
    record = parse_record(picture.text, options.max_pixels)
    size = record.shape if record.method else record.window.shape
    if (record.method or record.is_patch) and picture.shape != size:
        raise GlimpseError(
            f"not a glimpse patch: it has {picture.shape[0]} x {picture.shape[1]} pixels, "
            f"its record says {size[0]} x {size[1]}"
        )
    return record


def save_still(
    name: str,
    array: NDArray[Any],
    like: Picture,
    record: Record | None = None,
    *,
    quality: Quality = None,
    overwrite: bool = False,
    sync: bool = True,
    again: bool = False,
) -> None:
    """Write a patch or canvas in the levels and colours of a picture, in the format of its name.

    Parameters
    ----------
    name : str
        Its ending is one of `glimpse.io.encode.FORMATS`; ``-`` is PNG on standard output.
    array : ndarray, shape (A, B) or (A, B, C)
        In the levels of `like`, colours multiplied by alpha where `like` has one.
    quality : int, "lossless" or None
        How well a lossy format keeps the levels, 1 to 100; None is the format's own.
    overwrite, sync
        As for `save_bytes`.
    again : bool
        Whether a file that has these very bytes is as good: who wrote it may have died before telling.
    """
    if like.signal and not still_format(name).exact:
        raise GlimpseError("what is read of a signal is numbers; give -o a name that ends in .npy")
    array = array[0] if like.signal else array
    array = unpremultiply(array, like.white) if like.alpha else array
    data = encode(still_format(name), array, like, record, quality)
    try:
        save_bytes(name, data, overwrite=overwrite, sync=sync)
    except GlimpseError:
        if not (again and _holds(name, data)):
            raise


def _holds(name: str, data: bytes) -> bool:
    """Tell whether a file has these bytes."""
    try:
        with open_input(name) as file:
            return file.read(len(data) + 1) == data
    except GlimpseError:
        return False


def save_strips(
    name: str,
    strips: Iterator[Array],
    shape: tuple[int, int],
    like: Picture,
    record: Record | None = None,
    *,
    quality: Quality = None,
    overwrite: bool = False,
) -> None:
    """Write a canvas of this shape that comes strip by strip, so that it is never in memory as a whole.

    Parameters
    ----------
    strips : iterator of ndarray, shape (rows, B) or (rows, B, C)
        From the top, in the levels of `like`; colours are not multiplied by alpha.
    name, like, record, quality, overwrite
        As for `save_still`.
    """
    pieces = encoded(still_format(name), strips, shape, like, record, quality)
    with about(f"-o {name}"):
        if name != "-":
            with Draft(name, overwrite=overwrite) as draft:
                for piece in pieces:
                    draft.write(piece)
                draft.publish()
            return
        data = b"".join(pieces)  # half a file would have been handed on before a fault
    save_bytes(name, data)
