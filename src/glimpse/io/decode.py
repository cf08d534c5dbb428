"""Files into pictures: opened within the limits, upright, with notes on every change."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError, features
from PIL.PngImagePlugin import PngImageFile

from glimpse.errors import GlimpseError
from glimpse.io.assemble import as_picture, comment_of, converted, frame_notes, one_line
from glimpse.io.avif import is_deep
from glimpse.io.budget import check_image
from glimpse.io.color import GREY16, meaning
from glimpse.io.decode_options import DEFAULT, DecodeOptions
from glimpse.io.npy import read_npy, scaled
from glimpse.io.picture import Picture
from glimpse.io.pillow_patches import forget_texts, load, mend_transparency, orientation_of
from glimpse.io.pixels import Pixels
from glimpse.io.png import SIGNATURE, count_texts
from glimpse.io.record import KEYWORD, as_record
from glimpse.io.shrink_on_load import FAR_ENDS, draft, whole
from glimpse.io.sixteen_bit import HINT, codecs, deep_levels
from glimpse.limits import ANIMATION_PIXELS, TEXT_BYTES

FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "AVIF", "PPM")

_BEGINNINGS = {
    "PNG": rb"\x89PNG",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF....WEBP",
    "AVIF": rb"....ftypavi[fs]",
}

_TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

Image.MAX_IMAGE_PIXELS = None  # the limit of glimpse is checked instead: its message tells what to do

# of profiles too: those of printers have more than the 1 MiB that Pillow takes
PngImagePlugin.MAX_TEXT_CHUNK = TEXT_BYTES
PngImagePlugin.MAX_TEXT_MEMORY = 4 * TEXT_BYTES

Reduce = Callable[[tuple[int, int]], int]


def decode(file: BinaryIO, options: DecodeOptions = DEFAULT, reduce: Reduce | None = None) -> Picture:
    """Decode the first frame of an image file.

    Parameters
    ----------
    file : binary file
        Its content decides the format: PNG, JPEG, GIF, TIFF, BMP, WebP, AVIF, PPM or NPY.
    options : DecodeOptions
        The levels of black and white, the size that a file may have, the page.
    reduce : callable or None
        Given rows and columns, says how many times smaller a JPEG file may be decoded: 1, 2, 4 or 8.

    Raises
    ------
    GlimpseError
        If anything is wrong with the file.
    """
    head = b""
    try:
        head = file.read(6)
        file.seek(0)
        return _npy(file, options) if head == b"\x93NUMPY" else _decode_image(file, options, reduce)
    except GlimpseError:
        raise
    except UnidentifiedImageError:
        what = f"not an image of a known format ({', '.join(FORMATS)}, NPY)" if head else "empty"
        raise GlimpseError(what) from None
    except (Exception, MemoryError) as error:  # decoders raise whatever they like
        raise GlimpseError(f"cannot be decoded: {one_line(error)}") from error


def _npy(file: BinaryIO, options: DecodeOptions) -> Picture:
    array = read_npy(file, options.max_pixels)
    notes: tuple[str, ...] = ()
    if options.levels:
        array = scaled(array, options.levels)
    elif array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        notes = ("its numbers lie in 0 to 1, where 255 is white; --range 0,1 makes 1 white",)
    return Picture(array, 65535 if array.dtype == np.uint16 else 255, notes=notes, exact=True)


def _decode_image(file: BinaryIO, options: DecodeOptions, reduce: Reduce | None) -> Picture:
    head = file.read(16)
    if head[:4] in _TIFFS:
        from glimpse.io.decode_tiff import decode_tiff  # 15 ms that a TIFF alone pays

        return decode_tiff(file, options)
    records = count_texts(file, KEYWORD) if head.startswith(SIGNATURE) else 1
    image = _opened(file, head, options)
    sides = (image.width, image.height) if _orientation_of_jpeg(image) >= 5 else (image.height, image.width)
    scale = _drafted(image, reduce, sides) if reduce and image.format in ("JPEG", "MPO") else 1
    notes = frame_notes(options, more=getattr(image, "is_animated", False)) + _notes(image, file)
    deep = deep_levels(image, file) if _is_deep_colour(image) and _keeps_deep(image, options) else None
    if deep is None and _is_deep_colour(image):
        notes += (HINT,)
    mend_transparency(image)
    forget_texts(image, file)
    _seek(image, options)
    orientation = load(image)
    if image.format in ("JPEG", "MPO") and (options.page or 1) == 1:
        from glimpse.io.jpeg import check_complete

        check_complete(image, file)
    # the parser refuses what follows a first record: several are as good as none
    text = "\n".join([_record_text(image) or ""] * records) or None
    forget_texts(image, file)
    if deep is not None:
        color, more = meaning(image, grey=deep.shape[2] < 3)
        return as_picture(Pixels(deep, orientation), color, text, notes + more)
    picture = converted(image, orientation, options, notes, text=text)
    return picture if scale == 1 else replace(picture, scale=scale, full=sides)


def _opened(file: BinaryIO, head: bytes, options: DecodeOptions) -> ImageFile.ImageFile:
    file.seek(0)
    try:
        # Image.open imports the readers of five formats, which takes as long as reading a small PNG
        image = _png(file) if head.startswith(SIGNATURE) else Image.open(file, formats=FORMATS)
    except Exception as error:
        name = next((name for name, begin in _BEGINNINGS.items() if re.match(begin, head, re.DOTALL)), None)
        if name is None:
            raise
        if name == "AVIF" and not features.check("avif"):
            raise GlimpseError(
                "AVIF is read by a Pillow that was built with libavif, and this one was not"
            ) from None
        why = "" if isinstance(error, UnidentifiedImageError) else f": {one_line(error)}"
        raise GlimpseError(f"a damaged {name}{why}") from None
    check_image(image, file, options.max_pixels, deep=_is_deep_colour(image) and _keeps_deep(image, options))
    return image


def _png(file: BinaryIO) -> PngImageFile:
    try:
        return PngImageFile(file)
    except (SyntaxError, IndexError, TypeError, struct.error):  # as Image.open takes them
        raise UnidentifiedImageError from None


def _seek(image: ImageFile.ImageFile, options: DecodeOptions) -> None:
    """Go to the frame that is asked for."""
    number = options.page or 1
    if number == 1:
        return
    if number * image.width * image.height > ANIMATION_PIXELS:  # to show one, the frames before are decoded
        raise GlimpseError(
            f"{number} frames of {image.height} x {image.width} pixels are too many to look through"
        )
    try:
        image.seek(number - 1)
    except EOFError:
        raise GlimpseError(f"it has no page {number}") from None


def _drafted(image: ImageFile.ImageFile, reduce: Reduce, sides: tuple[int, int]) -> int:
    """How many times smaller a JPEG file will be decoded."""
    return draft(image, whole(reduce(sides), sides, turned=orientation_of(image) in FAR_ENDS))


def _orientation_of_jpeg(image: ImageFile.ImageFile) -> int:
    # of other formats it must not be asked before the pixels are there: damage would go unseen
    return orientation_of(image) if image.format in ("JPEG", "MPO") else 1


def _notes(image: ImageFile.ImageFile, file: BinaryIO) -> tuple[str, ...]:
    if image.format == "AVIF" and is_deep(file):
        return ("10 or 12 bits per channel were read as 8",)
    if image.mode in GREY16 and "transparency" in image.info:
        return ("its transparent level was left out",)
    return ()


def _is_deep_colour(image: ImageFile.ImageFile) -> bool:
    return image.mode in ("RGB", "RGBA", "LA") and _is_deep(image)


def _keeps_deep(image: ImageFile.ImageFile, options: DecodeOptions) -> bool:
    """Whether all bits of the frame that is asked for can be read."""
    return (options.page or 1) == 1 and (image.format == "PPM" or codecs() is not None)


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has more than 8 bits per channel."""
    arguments = image.tile[0].args if image.tile else ()
    if image.format == "PPM":
        return bool(isinstance(arguments, tuple) and len(arguments) > 1 and arguments[1] > 255)
    return bool(image.format == "PNG" and "16B" in str(arguments))


def _record_text(image: ImageFile.ImageFile) -> str | None:
    # of an animation `text` would decode every frame
    file: Any = image
    if image.format == "PNG" and not file.is_animated:
        text = file.text.get(KEYWORD)
        return None if text is None else str(text)
    return as_record(comment_of(image))
