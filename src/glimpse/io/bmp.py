"""BMP files: their header, and the kinds of pixels that Pillow reads slowly, wrongly or not at all."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from glimpse.errors import GlimpseError
from glimpse.io.picture import Pixels
from glimpse.typing import Array

RAW, RLE8, RLE4, BITFIELDS, ALPHA_BITFIELDS = 0, 1, 2, 3, 6
_OS2 = 64  # bytes of a header whose numbers of compressions are others
_CALIBRATED, _LINKED, _EMBEDDED = 0, b"KNIL", b"DEBM"
_CUT = "cannot be decoded: image file is truncated"


@dataclass(frozen=True)
class Bmp:
    """The header of a file.

    Parameters
    ----------
    rows, cols, bits, compression : int
        Bits are those of a pixel.
    upright : bool
        Whether the first row in the file is the top one.
    offset : int
        Where the pixels begin.
    masks : tuple of int
        The bits of red, green, blue and alpha in a pixel, where the file tells them.
    palette : bytes
        Blue, green, red and nothing of each index.
    profile : bytes or None
        The colour profile.
    notes : tuple of str
        Meaning of colours that is left out.
    """

    rows: int
    cols: int
    bits: int
    compression: int
    upright: bool
    offset: int
    masks: tuple[int, ...]
    palette: bytes
    profile: bytes | None
    notes: tuple[str, ...]

    @property
    def is_runs(self) -> bool:
        """Whether the pixels are coded as runs of equal ones."""
        return self.compression in (RLE8, RLE4)


def read_head(file: BinaryIO) -> Bmp:
    """Return the header of a file.

    Raises
    ------
    GlimpseError
        If it is cut off, or says no size.
    """
    file.seek(0)
    first = file.read(18)
    if len(first) < 18:
        raise GlimpseError("a damaged BMP")
    offset, size = struct.unpack("<10xII", first)
    head = file.read(min(size, 124) - 4) if size > 4 else b""
    if len(head) < min(size, 124) - 4 or size < 12:
        raise GlimpseError("a damaged BMP: its header is cut off")
    if size < 40:
        cols, rows, _, bits = struct.unpack_from("<HHHH", head)
        return Bmp(rows, cols, bits, RAW, False, offset, (), b"", None, ())
    cols, rows, _, bits, compression, _, _, _, colours, _ = struct.unpack_from("<iiHHIIiiII", head)
    if size == _OS2 and compression in (BITFIELDS, 4):
        raise GlimpseError("a BMP of a kind that cannot be read: of OS/2, packed")
    masks: tuple[int, ...] = ()
    after = 14 + size
    if compression in (BITFIELDS, ALPHA_BITFIELDS) and bits in (16, 32):
        count = 4 if size >= 56 or compression == ALPHA_BITFIELDS else 3
        told = head[36 : 36 + 4 * count] if size >= 52 else file.read(4 * count)
        masks = struct.unpack(f"<{count}I", told.ljust(4 * count, b"\0"))
        masks = masks if any(masks) else ((0xFF0000, 0xFF00, 0xFF) if bits == 32 else (0x7C00, 0x3E0, 0x1F))
    elif bits <= 8:
        file.seek(after)
    palette = file.read(4 * min(colours or 1 << bits, 256)) if bits <= 8 else b""
    profile, notes = _meaning(file, head, size)
    return Bmp(abs(rows), cols, bits, compression, rows < 0, offset, masks, palette, profile, notes)


def _meaning(file: BinaryIO, head: bytes, size: int) -> tuple[bytes | None, tuple[str, ...]]:
    """The colour profile, and a note on colours that are told otherwise."""
    if size < 108:
        return None, ()
    kind = head[52:56]
    if size >= 124 and kind == _EMBEDDED:
        at, length = struct.unpack_from("<II", head, 108)
        file.seek(14 + at)
        return file.read(length), ()
    told = kind == _LINKED or (int.from_bytes(kind, "little") == _CALIBRATED and any(head[56:104]))
    return None, ("its colours are told in a way that was left out",) if told else ()


def bmp_pixels(bmp: Bmp, file: BinaryIO) -> tuple[Pixels, tuple[str, ...]]:
    """Return the pixels of a file whose header tells masks or runs, and notes on them.

    Raises
    ------
    GlimpseError
        If there are fewer than the header says.
    """
    file.seek(bmp.offset)
    step = 1 if bmp.upright else -1
    if not bmp.masks:
        samples = _runs(file.read(), bmp)[::step]
        colours = np.frombuffer(bmp.palette.ljust(1024, b"\0"), np.uint8).reshape(256, 4)[:, 2::-1]
        used = colours[: len(bmp.palette) // 4]
        if bmp.bits == 8 and (used == np.arange(len(used))[:, None]).all():  # the levels themselves
            return Pixels(samples), ()
        return Pixels(samples, convert=lambda part: colours[part]), ()
    line = -(-bmp.cols * bmp.bits // 32) * 4
    data = file.read(line * bmp.rows)
    if len(data) < line * bmp.rows:
        raise GlimpseError(_CUT)
    samples = np.frombuffer(data, f"<u{bmp.bits // 8}").reshape(bmp.rows, -1)[::step, : bmp.cols]
    masks, notes = [mask for mask in bmp.masks[3:] if mask], list[str]()
    if masks and not any((samples[row] & masks[0]).any() for row in range(bmp.rows)):
        masks, notes = [], ["its alpha is 0 everywhere and was left out"]  # as browsers do
    masks = [*bmp.masks[:3], *masks]

    def convert(part: Array) -> Array:
        return np.stack([_levels(part, mask) for mask in masks], axis=-1)

    return Pixels(samples, convert=convert), tuple(notes)


def _levels(pixels: Array, mask: int) -> Array:
    """The levels of the channel that these bits are of, their own white made 255."""
    low = (mask & -mask).bit_length() - 1 if mask else 0
    white = mask >> low
    shares = ((pixels & pixels.dtype.type(mask)) >> low) * (255 / max(white, 1))
    levels: Array = np.rint(shares).astype(np.uint8)
    return levels


def _runs(data: bytes, bmp: Bmp) -> Array:
    """The indices of pixels that are coded as runs; those that are jumped over are 0."""
    found = np.zeros((bmp.rows, bmp.cols), np.uint8)
    half = bmp.compression == RLE4
    row = col = at = 0
    while row < bmp.rows:
        if at + 2 > len(data):
            raise GlimpseError(_CUT)
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            run = found[row, col : col + count]
            run[0::2], run[1::2] = (value >> 4, value & 15) if half else (value, value)
            col += count
        elif value == 0:
            row, col = row + 1, 0
        elif value == 1:
            break
        elif value == 2:
            if at + 2 > len(data):
                raise GlimpseError(_CUT)
            row, col, at = row + data[at + 1], col + data[at], at + 2
        else:
            size = -(-value // 2) if half else value
            literal = np.frombuffer(data[at : at + size], np.uint8)
            if len(literal) < size:
                raise GlimpseError(_CUT)
            literal = np.stack([literal >> 4, literal & 15], axis=1).ravel()[:value] if half else literal
            room = found[row, col : col + value]
            room[:] = literal[: len(room)]
            col, at = col + value, at + size + size % 2
    return found
