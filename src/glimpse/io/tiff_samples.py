"""The samples of a TIFF that Pillow cannot read, or reads as 8 bits: plain ones, others with imagecodecs."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import BinaryIO

import numpy as np

from glimpse.errors import GlimpseError
from glimpse.io.pixels import Pixels
from glimpse.io.sixteen_bit import codecs
from glimpse.io.tiff import BLACK_IS_ZERO, Page
from glimpse.typing import Array

_BLOCK = 1 << 18  # samples whose bits are parted at once, 32 times as many bytes; a multiple of 8


def tiff_pixels(file: BinaryIO, page: Page) -> Pixels | None:
    """Return the pixels of a TIFF's first page, all their bits; None where nothing can read them.

    Raises
    ------
    GlimpseError
        If the samples are not as many as the file says.
    """
    if not page.is_plain:
        return None
    samples = _uncompressed(file, page) if page.is_raw else _decompressed(file, page)
    if samples is None:
        return None
    colours, alpha = page.table(), replace(page, photometric=BLACK_IS_ZERO).table()

    def convert(part: Array) -> Array:
        colour = _looked_up(colours, part[..., : page.colours])
        return np.dstack([colour, _looked_up(alpha, part[..., page.colours])]) if page.alpha else colour

    return Pixels(samples, page.orientation, convert, premultiplied=page.associated)


def _looked_up(table: Array | None, samples: Array) -> Array:
    samples = samples[..., 0] if samples.ndim == 3 and samples.shape[2] == 1 else samples
    return samples if table is None else table[samples]


def _decompressed(file: BinaryIO, page: Page) -> Array | None:
    if codecs() is None:
        return None
    file.seek(0)
    array: Array = codecs().tiff_decode(file.read())
    array = np.moveaxis(array, 0, -1) if page.planar and page.bands > 1 and array.ndim == 3 else array
    array = array[..., None] if array.ndim == 2 else array
    if array.shape != (page.rows, page.cols, page.bands) or array.dtype.kind not in "bu":
        raise GlimpseError("a damaged TIFF: its samples are not as many as it says")
    return array.view(np.uint8) if array.dtype == bool else array


def _uncompressed(file: BinaryIO, page: Page) -> Array:
    """The samples, shape (rows, cols, bands), strip by strip or tile by tile."""
    tall, wide = page.segment
    planes, depth = (page.bands, 1) if page.planar else (1, page.bands)
    spots = product(range(planes), range(0, page.rows, tall), range(0, page.cols, wide))
    if len(page.offsets) != planes * -(-page.rows // tall) * -(-page.cols // wide):
        raise GlimpseError("a damaged TIFF: its strips or tiles are not as many as it says")
    found = np.empty((page.rows, page.cols, page.bands), np.uint8 if page.bits <= 8 else np.uint16)
    for (plane, top, left), offset in zip(spots, page.offsets, strict=True):
        rows = tall if page.is_tiled else min(tall, page.rows - top)
        file.seek(offset)
        lines = _unpacked(file.read(rows * _line_bytes(page, wide * depth)), rows, wide * depth, page)
        part = lines.reshape(rows, wide, depth)[: page.rows - top, : page.cols - left]
        channels = slice(plane, plane + 1) if page.planar else slice(None)
        found[top : top + tall, left : left + wide, channels] = part
    return found


def _line_bytes(page: Page, count: int) -> int:
    return -(-count * page.bits // 8)


def _unpacked(data: bytes, rows: int, count: int, page: Page) -> Array:
    """Rows of so many samples, each row of which begins with a new byte."""
    if len(data) < rows * _line_bytes(page, count):
        raise GlimpseError("cannot be decoded: image file is truncated")
    if page.bits in (8, 16):
        return np.frombuffer(data, f"{page.order}u{page.bits // 8}").reshape(rows, count)
    lines, found = np.frombuffer(data, np.uint8).reshape(rows, -1), np.empty((rows, count), np.uint16)
    powers = 1 << np.arange(page.bits - 1, -1, -1, dtype=np.uint16)
    for row, col in product(range(0, rows, max(1, _BLOCK // count)), range(0, count, _BLOCK)):
        part = found[row : row + max(1, _BLOCK // count), col : col + _BLOCK]
        some = lines[row : row + len(part), col * page.bits // 8 :]
        ones = np.unpackbits(some, axis=1, count=part.shape[1] * page.bits)
        part[:] = ones.reshape(*part.shape, page.bits) @ powers
    return found
