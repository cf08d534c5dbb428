"""Parts of a large TIFF: only the tiles or strips under a part are read and unpacked."""

from __future__ import annotations

import io
import lzma
import os
import threading
import weakref
import zlib
from collections import OrderedDict
from collections.abc import Callable
from itertools import product
from typing import Any, BinaryIO

import numpy as np

from glimpse.errors import GlimpseError
from glimpse.io.budget import check_jpeg, check_region
from glimpse.io.jpeg import check_end, read_head
from glimpse.io.picture import codecs
from glimpse.io.tiff import BLACK_IS_ZERO, JPEG, PALETTE, RGB, WHITE_IS_ZERO, YCBCR, Page
from glimpse.limits import REGION_PIXELS
from glimpse.typing import Array
from glimpse.validation import check_pixels

_KEPT = 1 << 26  # bytes of segments that are kept unpacked, for windows that touch the same
_DICTIONARY = 1 << 28  # bytes that LZMA may hold, four times what its highest level asks for
_PIXELS = 100  # for each byte of a file, that a window may see
_EARLY = 4  # part of the limit after which a window on a file of few bytes is weighed to its last row
_BYTES = 6  # of the samples of a pixel, above which it counts more
_PACKED = (5, JPEG, 32773, 50000)  # compressions that imagecodecs unpacks

_NAMES = {1: "raw data", 5: "LZW", JPEG: "JPEG", 8: "deflate", 32946: "deflate", 32773: "PackBits",
          34925: "LZMA", 50000: "Zstandard"}  # fmt: skip

Unpack = Callable[[bytes, int], Any]


def _inflated(data: bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(data, size)


def _unlzma(data: bytes, size: int) -> bytes:
    return lzma.LZMADecompressor(memlimit=_DICTIONARY).decompress(data, size)


_UNPACKERS: dict[int, Unpack] = {
    1: lambda data, size: data,
    5: lambda data, size: codecs().lzw_decode(data, out=size),
    8: _inflated,
    32946: _inflated,
    32773: lambda data, size: codecs().packbits_decode(data, out=size),
    34925: _unlzma,
    50000: lambda data, size: codecs().zstd_decode(data, out=size),
}


def is_parted(page: Page, *, wanted: bool = False) -> bool:
    """Tell whether parts of a page are read as the whole is, and a part is worth it, or `wanted` anyway.

    It is not where the whole rounds its levels on the way.
    """
    (tall, wide), pixels = page.segment, page.rows * page.cols
    worth = pixels > REGION_PIXELS and 2 * tall * wide <= pixels
    turned = page.is_number and page.order == ">" and page.compression != 1  # Pillow swaps their bytes twice
    if not (worth or turned or wanted) or page.turned_bits or page.associated:
        return False
    if min(len(page.offsets), len(page.counts)) < page.needed:
        return False
    # without the extra 16 bits of colour are not to hang on how a file is packed
    if (page.compression in _PACKED or page.bits * page.colours > 32) and codecs() is None:
        return False
    if page.compression == JPEG:
        plain = page.photometric in (BLACK_IS_ZERO, RGB, YCBCR) and not page.extra and not page.planar
        return plain and (page.bits, page.kind, page.predictor) == (8, 1, 1)
    if page.compression not in _UNPACKERS:
        return False
    if page.is_number:
        return page.predictor in (1, 3 if page.kind == 3 else 2)
    known = (8, 16) if page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) else (8,)
    few = len(page.extra) <= (page.photometric != PALETTE)
    whole = page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE) and page.kind == 1
    return whole and few and page.bits in known and page.predictor in (1, 2)


class Regions:
    """The samples of a page, shape (rows, cols, bands), of which a part is unpacked when it is sliced.

    Parameters
    ----------
    file : binary file
        It may be closed afterwards.
    page : Page
        One that `is_parted`.
    max_pixels : int
        Most pixels of a part.
    """

    def __init__(self, file: BinaryIO, page: Page, max_pixels: int) -> None:
        self.shape = page.rows, page.cols, page.bands
        self.dtype = np.dtype(f"{'uif'[page.kind - 1]}{page.bits // 8}")
        self._page, self._most = page, max_pixels
        check_region(page, max_pixels)
        end = file.seek(0, io.SEEK_END)
        if any(at + size > end for at, size in zip(page.offsets, page.counts, strict=False)):
            raise GlimpseError("cannot be decoded: image file is truncated")
        self._bytes = _reader(file)
        self._kept: OrderedDict[int, Array] = OrderedDict()
        self._held = 0  # bytes of those
        size = page.bands * self.dtype.itemsize
        # a part comes strip by strip of rows, each of which meets the same row of segments
        self._most_kept = max(_KEPT, page.segment[0] * (page.cols + page.segment[1]) * size)
        self._weight, self._free = max(1.0, size / _BYTES), _PIXELS * end
        self._run = (0, 0, 0, 0)  # the rows and columns that were asked for without a gap
        self._lock = threading.Lock()

    def __getitem__(self, index: tuple[slice, slice]) -> Array:
        page = self._page
        rows, cols = (range(size)[part] for size, part in zip(self.shape, index, strict=False))
        self._check(rows, cols)
        tall, wide = page.segment
        across, down = -(-page.cols // wide), -(-page.rows // tall)
        planes = page.bands if page.planar else 1
        found = np.empty((len(rows), len(cols), page.bands), self.dtype)
        if not found.size:
            return found
        spots = product(
            range(planes),
            range(rows.start // tall, (rows.stop - 1) // tall + 1),
            range(cols.start // wide, (cols.stop - 1) // wide + 1),
        )
        for plane, row, col in spots:
            part = self._segment((plane * down + row) * across + col, row)
            top, left = row * tall, col * wide
            y, x = max(top - rows.start, 0), max(left - cols.start, 0)
            some = part[rows.start + y - top : rows.stop - top, cols.start + x - left : cols.stop - left]
            channels = slice(plane, plane + 1) if page.planar else slice(None)
            found[y : y + some.shape[0], x : x + some.shape[1], channels] = some
        return found

    def _check(self, rows: range, cols: range) -> None:
        """Weigh a part, and with it those just above: what is read of a window comes in several."""
        check_pixels(max(len(rows), 1), max(len(cols), 1), self._most, self._weight, "samples")
        with self._lock:
            top, bottom, *sides = self._run
            top = top if sides == [cols.start, cols.stop] and top < rows.start <= bottom else rows.start
            self._run = top, max(rows.stop, top), cols.start, cols.stop
        pixels = (rows.stop - top) * len(cols)
        # A window may see as many pixels as its file has reason to hold. Of more, where it ends is not known
        # here: past a quarter of the limit it is taken to go on to the last row.
        if pixels * self._weight > self._most / _EARLY and pixels > self._free:
            check_pixels(self.shape[0] - top, len(cols), self._most, self._weight, "samples")

    def _segment(self, number: int, row: int) -> Array:
        """The samples of one strip or tile, (rows, cols, bands)."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        part = self._unpacked(number, row)
        with self._lock:
            if number not in self._kept:  # another thread may have been quicker
                self._held += part.nbytes
            self._kept[number] = part
            while len(self._kept) > 1 and self._held > self._most_kept:
                self._held -= self._kept.popitem(last=False)[1].nbytes
        return part

    def _unpacked(self, number: int, row: int) -> Array:
        page = self._page
        (tall, wide), depth = page.segment, 1 if page.planar else page.bands
        rows = tall if page.is_tiled else min(tall, page.rows - row * tall)
        size = rows * wide * depth * page.bits // 8
        data = self._bytes(page.offsets[number], page.counts[number])
        try:
            if page.compression == JPEG:
                return self._jpeg(data, rows)
            lines = np.frombuffer(_UNPACKERS[page.compression](data, size), np.uint8)
        except GlimpseError:
            raise
        except Exception as error:  # of any library
            raise GlimpseError(f"a damaged TIFF: a strip or tile is no {_NAMES[page.compression]}") from error
        if lines.size < size:
            raise GlimpseError("cannot be decoded: image file is truncated")
        return _added(lines[:size].reshape(rows, -1), page, depth).reshape(rows, wide, depth)

    def _jpeg(self, data: bytes, rows: int) -> Array:
        page = self._page
        check_end(data)
        spaces = {RGB: ("RGB", "RGB"), YCBCR: ("YCBCR", "RGB"), BLACK_IS_ZERO: ("GRAYSCALE", "GRAYSCALE")}
        one, other = spaces[page.photometric]
        head = read_head(io.BytesIO(data))
        if head.rows > rows or head.cols > page.segment[1]:
            raise GlimpseError("a damaged TIFF: a strip or tile is of another size than it says")
        check_jpeg(head, self._most)
        found: Array = codecs().jpeg8_decode(data, tables=page.tables, colorspace=one, outcolorspace=other)
        found = found.reshape(*found.shape[:2], -1)
        if found.shape != (rows, page.segment[1], page.bands) or found.dtype != np.uint8:
            raise GlimpseError("a damaged TIFF: a strip or tile is of another size than it says")
        return found


def _added(lines: Array, page: Page, depth: int) -> Array:
    """Sum the differences that lie there instead of samples (TIFF 6.0, section 14; its technical note 3)."""
    if page.predictor == 3:
        sums = np.add.accumulate(lines.reshape(len(lines), -1, depth), axis=1, dtype=np.uint8)
        planes = sums.reshape(len(lines), 4, -1)  # the highest bytes of all numbers of the row first
        return np.ascontiguousarray(planes.swapaxes(1, 2)).view(">f4")[..., 0].astype(np.float32)
    samples = lines.view(f"{page.order}{'uif'[page.kind - 1]}{page.bits // 8}").reshape(len(lines), -1, depth)
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    return np.add.accumulate(samples, axis=1, dtype=samples.dtype) if page.predictor == 2 else samples


def _reader(file: BinaryIO) -> Callable[[int, int], bytes]:
    """A function that reads bytes of a file at a place, from any thread, also once the file is closed."""
    file = getattr(file, "under", file)
    if isinstance(file, io.BytesIO):
        data = file.getbuffer()
        return lambda at, size: bytes(data[at : at + size])
    handle, lock, end = os.dup(file.fileno()), threading.Lock(), os.fstat(file.fileno()).st_size

    def read(at: int, size: int) -> bytes:
        found = b""
        with lock:
            os.lseek(handle, min(at, end), os.SEEK_SET)
            while piece := os.read(handle, min(size, end) - len(found)):
                found += piece
        return found

    weakref.finalize(read, os.close, handle)
    return read
