"""Files into pictures: what the pixels are, which way is up, what they mean."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from glimpse.errors import GlimpseError
from glimpse.io.decode_options import DEFAULT, DecodeOptions
from glimpse.io.npy import check_finite, read_npy, scaled
from glimpse.io.picture import Picture
from glimpse.io.pixels import Pixels
from glimpse.io.png import SIGNATURE, count_texts
from glimpse.io.record import KEYWORD
from glimpse.io.shrink_on_load import FAR_ENDS, draft, whole
from glimpse.io.sixteen_bit import HINT, deep_levels
from glimpse.validation import check_pixels

FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PPM")

Image.MAX_IMAGE_PIXELS = None  # ours is checked instead, and tells what to do

_ORIENTATION = 0x0112
_KEPT = {"1": "L", "RGBX": "RGB", "RGBa": "RGBA", "La": "LA", "PA": "RGBA"}
_GREY16 = ("I;16", "I;16B", "I;16L", "I;16N")
_TO_SRGB = ("CMYK", "LAB", "YCbCr", "HSV")
_NUMBERS = {"F": "float32", "I": "int32"}

_Convert = Callable[[Image.Image], Image.Image | NDArray[Any]]


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
    _forget_texts(image, file)
    orientation = _load(image)
    # the parser refuses what follows a first record: several are as good as none
    text = "\n".join([_record_text(image) or ""] * records) or None
    _forget_texts(image, file)
    color = _color(image)
    if deep is not None:
        return _picture(Pixels(deep, orientation), color, text, notes)
    convert, more = _conversion(image, options.levels)
    picture = _picture(Pixels(image, orientation, convert), color, text, notes + more)
    return picture if scale == 1 else replace(picture, scale=scale, full=sides)


def _drafted(image: ImageFile.ImageFile, reduce: Reduce, sides: tuple[int, int]) -> int:
    """How many times smaller a JPEG file will be decoded."""
    return draft(image, whole(reduce(sides), sides, turned=_orientation(image) in FAR_ENDS))


def _orientation_of_jpeg(image: ImageFile.ImageFile) -> int:
    # of other formats it must not be asked before the pixels are there: damage would go unseen
    return _orientation(image) if image.format in ("JPEG", "MPO") else 1


def _picture(pixels: Pixels, color: Mapping[str, bytes], text: str | None, notes: tuple[str, ...]) -> Picture:
    return Picture(pixels, pixels.white, pixels.alpha, color, text, notes)


def _load(image: ImageFile.ImageFile) -> int:
    """Decode the pixels as they lie in the file, and return which way they lie."""
    if image.format != "TIFF":
        image.load()
        return _orientation(image)
    orientation = _orientation(image)
    with contextlib.suppress(Exception):  # damaged EXIF, which asks for no turn
        image.getexif().pop(_ORIENTATION, None)  # Pillow would turn a TIFF upright in a second copy
    image.load()
    image._size = image.im.size
    return orientation


def _forget_texts(image: ImageFile.ImageFile, file: BinaryIO) -> None:
    """Text chunks stand among the facts: one named `transparency` or `bbox` would pass for such."""
    texts = [key for key, value in image.info.items() if isinstance(value, str) and key != KEYWORD]
    for key in texts:
        del image.info[key]
    if "bbox" in texts:
        image.tile = [tile._replace(extents=(0, 0, *image.size)) for tile in image.tile]
    if "interlace" in texts and image.format == "PNG":
        here = file.tell()
        file.seek(28)  # the last byte of the header
        if file.read(1) != b"\0":
            image.info["interlace"] = 1
        file.seek(here)


def _orientation(image: ImageFile.ImageFile) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF, of which Pillow says this and that
        return 1
    return value if isinstance(value, int) else 1


def _notes(image: ImageFile.ImageFile) -> tuple[str, ...]:
    notes = []
    if getattr(image, "is_animated", False):
        notes.append("it has more than one frame; the first is used")
    if image.mode in _GREY16 and "transparency" in image.info:
        notes.append("its transparent level was left out")
    if _is_deep(image) and image.mode in _TO_SRGB:
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


def _conversion(
    image: ImageFile.ImageFile, levels: tuple[float, float] | None
) -> tuple[_Convert, tuple[str, ...]]:
    """What makes L, LA, RGB, RGBA, 16-bit grey or floats of any part of the image, and what to say of it."""
    if image.mode == "I" and image.format == "PPM":  # more than 8 bits, which Pillow scales to 65535
        return lambda part: np.asarray(part).astype(np.uint16), ()
    if image.mode in ("F", "I"):
        return _ranged(image, levels), ()
    if image.has_transparency_data and image.mode in ("P", "L", "RGB", "1"):
        return _kept_transparency(image), ()
    if image.mode in ("L", "LA", "RGB", "RGBA", *_GREY16):
        return lambda part: part, ()
    if image.mode in _TO_SRGB:
        return _to_srgb(image)
    return lambda part: part.convert(_KEPT.get(part.mode, "RGB")), ()


def _kept_transparency(image: Image.Image) -> _Convert:
    mode = "LA" if image.mode in ("L", "1") else "RGBA"
    return lambda part: part.convert(mode)


def _ranged(image: ImageFile.ImageFile, levels: tuple[float, float] | None) -> _Convert:
    if levels is None:
        low, high = image.getextrema()
        raise GlimpseError(
            f"pixels are {_NUMBERS[image.mode]} numbers from {low:g} to {high:g}; "
            "say what black and white are with --range LO,HI"
        )
    check_finite(Pixels(image))
    return lambda part: scaled(np.asarray(part), levels)


def _to_srgb(image: Image.Image) -> tuple[_Convert, tuple[str, ...]]:
    from PIL import ImageCms  # for CMYK and its like alone

    if profile := image.info.get("icc_profile"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turn = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
            turned = ImageCms.applyTransform(image.crop((0, 0, 1, 1)), turn)
            if turned is not None:
                return lambda part: ImageCms.applyTransform(part, turn) or part, ()
        except (ImageCms.PyCMSError, OSError):
            pass
    note = f"{image.mode} was converted to RGB without a colour profile"
    return lambda part: part.convert("RGB"), (note,)


def _color(image: Image.Image) -> dict[str, bytes]:
    """What the levels mean, as the contents of PNG chunks."""
    info = image.info
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", *_GREY16):
        return {}
    if isinstance(info.get("icc_profile"), bytes):
        return {"icc_profile": info["icc_profile"]}
    color = {}
    if image.format == "PNG":
        if "srgb" in info:
            color["sRGB"] = bytes([info["srgb"]])
        if "gamma" in info:
            color["gAMA"] = struct.pack(">I", round(info["gamma"] * 100000))
        if "chromaticity" in info:
            color["cHRM"] = struct.pack(">8I", *(round(v * 100000) for v in info["chromaticity"]))
    return color


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
