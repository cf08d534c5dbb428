"""Code that needs Pillow's private parts, each with its reason: a new Pillow may break this module alone."""

from __future__ import annotations

import contextlib

from PIL import Image, ImageFile

_ORIENTATION = 0x0112


def load(image: Image.Image) -> Image.Image:
    """Decode the pixels of an opened image as they lie in the file, and return it."""
    if isinstance(image, ImageFile.ImageFile):
        # in smaller pieces a row of millions of pixels would be put together again and again
        image.decodermaxblock = max(ImageFile.MAXBLOCK, 8 * image.width)
    if image.format != "TIFF":
        image.load()
        return image
    with contextlib.suppress(Exception):  # damaged EXIF, which asks for no turn
        image.getexif().pop(_ORIENTATION, None)  # Pillow would turn a TIFF upright in a second copy
    image.load()
    image._size = image.im.size  # Pillow has set the upright picture's, though it has not turned it
    return image
