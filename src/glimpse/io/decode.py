"""Files into pictures: opened within the limits, upright, with notes of what is not as in the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from glimpse.errors import GlimpseError
from glimpse.io.color import GREY16, TO_SRGB, conversion, meaning
from glimpse.io.decode_options import DEFAULT, DecodeOptions
from glimpse.io.npy import read_npy, scaled
from glimpse.io.picture import Picture
from glimpse.io.pillow_patches import forget_texts, load, orientation_of
from glimpse.io.pixels import Pixels
from glimpse.io.png import SIGNATURE, count_texts
from glimpse.io.record import KEYWORD
from glimpse.io.shrink_on_load import FAR_ENDS, draft, whole
from glimpse.io.sixteen_bit import HINT, deep_levels
from glimpse.validation import check_pixels

FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PPM")

Image.MAX_IMAGE_PIXELS = None  # ours is checked instead, and tells what to do

Reduce = Callable[[tuple[int, int]], int]


def decode(file: BinaryIO, options: DecodeOptions = DEFAULT, reduce: Reduce | None = None) -> Picture:
    """Decode the first frame of an image file.

    Parameters
    ----------
    file : binary file
        Its content decides the format: PNG, JPEG, GIF, TIFF, BMP, WebP, PPM or NPY.
    options : DecodeOptions
        What black and white are, how large a file may be.
    reduce : callable or None
        Given rows and columns, says how many times smaller a JPEG file may be decoded: 1, 2, 4 or 8.

    Raises
    ------
    GlimpseError
        Whatever is wrong with the file.
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
        raise GlimpseError(f"cannot be decoded: {_one_line(error)}") from error


def _npy(file: BinaryIO, options: DecodeOptions) -> Picture:
    array = read_npy(file, options.max_pixels)
    array = scaled(array, options.levels) if options.levels else array
    return Picture(array, 65535 if array.dtype == np.uint16 else 255, exact=True)


def _decode_image(file: BinaryIO, options: DecodeOptions, reduce: Reduce | None) -> Picture:
    records = count_texts(file, KEYWORD) if file.read(8) == SIGNATURE else 1
    file.seek(0)
    image = Image.open(file, formats=FORMATS)
    check_pixels(image.height, image.width, options.max_pixels)
    sides = (image.width, image.height) if _orientation_of_jpeg(image) >= 5 else (image.height, image.width)
    scale = _drafted(image, reduce, sides) if reduce and image.format in ("JPEG", "MPO") else 1
    notes = _notes(image)
    deep = deep_levels(image, file) if _is_deep_colour(image) else None
    if deep is None and _is_deep_colour(image):
        notes += (HINT,)
    forget_texts(image, file)
    orientation = load(image)
    # the parser refuses what follows a first record: several are as good as none
    text = "\n".join([_record_text(image) or ""] * records) or None
    forget_texts(image, file)
    color = meaning(image)
    if deep is not None:
        return _picture(Pixels(deep, orientation), color, text, notes)
    convert, more = conversion(image, options.levels)
    picture = _picture(Pixels(image, orientation, convert), color, text, notes + more)
    return picture if scale == 1 else replace(picture, scale=scale, full=sides)


def _drafted(image: ImageFile.ImageFile, reduce: Reduce, sides: tuple[int, int]) -> int:
    """How many times smaller a JPEG file will be decoded."""
    return draft(image, whole(reduce(sides), sides, turned=orientation_of(image) in FAR_ENDS))


def _orientation_of_jpeg(image: ImageFile.ImageFile) -> int:
    # of other formats it must not be asked before the pixels are there: damage would go unseen
    return orientation_of(image) if image.format in ("JPEG", "MPO") else 1


def _picture(pixels: Pixels, color: Mapping[str, bytes], text: str | None, notes: tuple[str, ...]) -> Picture:
    return Picture(pixels, pixels.white, pixels.alpha, color, text, notes)


def _notes(image: ImageFile.ImageFile) -> tuple[str, ...]:
    notes = []
    if getattr(image, "is_animated", False):
        notes.append("it has more than one frame; the first is used")
    if image.mode in GREY16 and "transparency" in image.info:
        notes.append("its transparent level was left out")
    if _is_deep(image) and image.mode in TO_SRGB:
        notes.append("16 bits per channel were read as 8")
    return tuple(notes)


def _is_deep_colour(image: ImageFile.ImageFile) -> bool:
    return image.mode in ("RGB", "RGBA", "LA") and _is_deep(image)


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has more than 8 bits per channel."""
    if image.format == "TIFF":
        tags: Any = image
        return bool(max(tags.tag_v2.get(258, (8,))) > 8)
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
    if image.format not in ("PNG", "GIF", "WEBP"):
        return None
    from glimpse.io.animation import animation_comment  # of the others none carries a record

    comment = animation_comment(image)
    return comment if comment and comment.startswith('{"glimpse"') else None  # others write comments too


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
