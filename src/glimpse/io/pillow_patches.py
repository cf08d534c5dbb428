"""Code that needs Pillow's private parts, each with its reason: a new Pillow may break this module alone."""

from __future__ import annotations

import contextlib

from PIL import Image, ImageFile

_ORIENTATION, _WITHIN = 0x0112, (0x8769, 0x8825, 0xA005)  # directories of EXIF within a page


def load(image: Image.Image) -> Image.Image:
    """Decode the pixels of an opened image as they lie in the file, and return it."""
    if isinstance(image, ImageFile.ImageFile):
        # in smaller pieces a row of millions of pixels would be put together again and again
        image.decodermaxblock = max(ImageFile.MAXBLOCK, 8 * image.width)
    if image.format != "TIFF":
        image.load()
        return image
    for tag in (
        _ORIENTATION,
        *_WITHIN,
    ):  # Pillow would turn a TIFF in a second copy, parse the others
        with contextlib.suppress(Exception):  # damaged EXIF, which asks for no turn
            image.getexif().pop(tag, None)
    image.load()
    image._size = image.im.size  # Pillow has set the upright picture's, though it has not turned it
    return image
