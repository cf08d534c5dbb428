"""16-bit colour, which Pillow reads as 8 bits: PPM by itself, PNG with imagecodecs."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

from glimpse.errors import GlimpseError
from glimpse.typing import Array

HINT = "16 bits per channel were read as 8; pip install 'glimpse-crop[deep]' to keep them"


def codecs() -> Any:
    """Return imagecodecs, None where it is missing."""
    try:
        import imagecodecs  # optional: 80 MB of codecs for two of them
    except ImportError:
        return None
    return imagecodecs


def deep_levels(image: ImageFile.ImageFile, file: BinaryIO) -> NDArray[np.uint16] | None:
    """Return the 16-bit samples (A, B, C) of a PNG or PPM, None where nothing can read them.

    Parameters
    ----------
    image : ImageFile
        The file as Pillow opened it, not decoded yet.
    file : binary file
        The same file.
    """
    name, _, offset, arguments = image.tile[0]
    if image.format == "PPM":
        return _ppm(image, file, offset, int(arguments[1])) if arguments and name == "ppm" else None
    if codecs() is None:
        return None
    file.seek(0)
    array: Array = codecs().png_decode(file.read())
    cols, rows = image.size
    whole = array.ndim == 3 and array.shape[:2] == (rows, cols) and array.shape[2] in (2, 3, 4)
    return array if whole and array.dtype == np.uint16 else None


def _ppm(image: ImageFile.ImageFile, file: BinaryIO, offset: int, white: int) -> NDArray[np.uint16]:
    count = 3 * image.width * image.height
    file.seek(offset)
    samples = np.frombuffer(file.read(2 * count), ">u2")
    if samples.size < count:
        raise GlimpseError("cannot be decoded: image file is truncated")
    array = samples.reshape(image.height, image.width, 3)
    return array if white == 65535 else _stretched(array, white)


def _stretched(array: NDArray[np.uint16], white: int) -> NDArray[np.uint16]:
    scaled = np.empty(array.shape, np.uint16)
    for row, line in zip(scaled, array, strict=True):  # a line at a time: the product is in float64
        row[:] = np.rint(np.minimum(line, white) * (65535 / white))
    return scaled
