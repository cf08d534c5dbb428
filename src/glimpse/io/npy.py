"""Pictures in NumPy's own format, and numbers of which only the user knows black and white."""

from __future__ import annotations

import io
import math
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from glimpse.errors import GlimpseError
from glimpse.io.pixels import Pixels
from glimpse.limits import DECODER_BYTES
from glimpse.validation import check_pixels

_HEADER = 4096  # bytes of the header


def read_npy(file: BinaryIO, max_pixels: int) -> NDArray[Any]:
    """Return the picture of an NPY file, its header checked before its numbers are read.

    Raises
    ------
    GlimpseError
        If it is not a picture, too large, cut short, or has values that are not finite.
    """
    shape, _, dtype = npy_header(file)
    if len(shape) not in (2, 3) or 0 in shape or dtype.kind not in "biuf":
        raise GlimpseError(f"an array of shape {shape} and type {dtype} is no image")
    check_pixels(shape[0], shape[1], max_pixels)
    start, end = file.tell(), file.seek(0, io.SEEK_END)
    if math.prod(shape) * dtype.itemsize > end - start:
        raise GlimpseError("cannot be decoded: the file is shorter than its header says")
    bands = shape[2] if len(shape) == 3 else 1
    work = max(1, bands * dtype.itemsize / DECODER_BYTES["16-bit colour"])
    check_pixels(shape[0], shape[1], max_pixels, work, f"{bands} channels of {dtype}")
    file.seek(0)
    array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False, max_header_size=_HEADER)
    array = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    check_finite(array)
    return array


def npy_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether columns come first, and type of an array; the file then stands at its numbers."""
    first = np.lib.format.read_magic(file) == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file, max_header_size=_HEADER)
    return header


def check_finite(array: NDArray[Any] | Pixels) -> None:
    """Refuse a picture with infinities or NaN."""
    for row in range(0, array.shape[0], 256):
        if not np.isfinite(array[row : row + 256, :]).all():
            raise GlimpseError("the picture has values that are not finite")


def scaled(array: NDArray[Any], levels: tuple[float, float]) -> NDArray[Any]:
    """Return levels of 0 to 255 for the numbers from black to white."""
    low, high = levels
    return np.clip((array - np.float64(low)) * (255 / (high - low)), 0, 255).astype(np.float32)
