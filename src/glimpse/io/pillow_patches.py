"""All that leans on Pillow's private parts, each with the reason; what a new Pillow may break is in here."""

from __future__ import annotations

import contextlib
from typing import BinaryIO

from PIL import ImageFile

from glimpse.io.record import KEYWORD

_ORIENTATION = 0x0112


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


def stored_size(image: ImageFile.ImageFile) -> tuple[int, int]:
    """Return columns and rows as they lie in the file; Pillow tells a TIFF's as they are upright."""
    size: tuple[int, int] = image._tile_size if image.format == "TIFF" else image.size  # type: ignore[attr-defined]
    return size


def forget_texts(image: ImageFile.ImageFile, file: BinaryIO) -> None:
    """Drop the texts of a PNG from `info`, where Pillow keeps facts under names that a text may bear too.

    A text named `transparency` or `bbox` would pass for a fact, and has changed the tiles by now.
    """
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


def orientation_of(image: ImageFile.ImageFile) -> int:
    """Return which way a picture lies, EXIF's number or 1."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF, of which Pillow says this and that
        return 1
    return value if isinstance(value, int) else 1
