"""Code that needs Pillow's private parts, each with its reason: a new Pillow may break this module alone."""

from __future__ import annotations

import contextlib
from typing import BinaryIO

from PIL import ImageFile

from glimpse.io.record import KEYWORD

_ORIENTATION = 0x0112
_RAW_EXIF = ("Raw profile type exif", "Raw profile type APP1")  # ImageMagick's, before PNG had a chunk for it


def load(image: ImageFile.ImageFile) -> int:
    """Decode the pixels as they lie in the file, and return which way they lie."""
    if image.format != "TIFF":
        image.load()
        return orientation_of(image)
    orientation = orientation_of(image)
    with contextlib.suppress(Exception):  # damaged EXIF, which asks for no turn
        image.getexif().pop(_ORIENTATION, None)  # Pillow would turn a TIFF upright in a second copy
    image.load()
    image._size = image.im.size  # Pillow has set the upright picture's, though it has not turned it
    return orientation


def mend_transparency(image: ImageFile.ImageFile) -> None:
    """Scale the transparent level of a PNG of 1, 2 or 4 bits as Pillow scales the pixels."""
    scales = {"1": 255, "L;2": 85, "L;4": 17}
    level, mode = image.info.get("transparency"), image.tile[0].args if image.tile else None
    if image.format == "PNG" and isinstance(level, int) and str(mode) in scales:
        image.info["transparency"] = min(level * scales[str(mode)], 255)


def forget_texts(image: ImageFile.ImageFile, file: BinaryIO) -> None:
    """Drop the texts of a PNG from `info`, where Pillow keeps facts under names that a text may bear too.

    A text named `transparency` or `bbox` would pass for a fact, and has changed the tiles by now.
    """
    kept = (KEYWORD, *_RAW_EXIF)
    texts = [key for key, value in image.info.items() if isinstance(value, str) and key not in kept]
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


def orientation_of(image: ImageFile.ImageFile) -> int:
    """Return which way a picture lies, EXIF's number or 1."""
    try:
        _take_exif_out_of_text(image)
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF, for which Pillow raises several errors
        return 1
    return value if isinstance(value, int) else 1


def _take_exif_out_of_text(image: ImageFile.ImageFile) -> None:
    """Move EXIF that lies in a text of a PNG, as hexadecimal digits, to where Pillow looks for it."""
    for name in _RAW_EXIF:
        text = image.info.pop(name, None)
        if isinstance(text, str) and image.format == "PNG" and not isinstance(image.info.get("exif"), bytes):
            data = bytes.fromhex(
                "".join(text.split("\n")[3:])
            )  # a line of its own has the name, the next the size
            image.info["exif"] = data if data.startswith(b"Exif") else b"Exif\0\0" + data
