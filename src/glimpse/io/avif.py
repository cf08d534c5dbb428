"""How many pixels an AVIF file has its decoder hold: those of its pictures within, whatever its header says.

A file of 16 x 16 pixels may hold a picture of 16384 x 16384, which the decoder makes whole and reduces.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

from glimpse.errors import GlimpseError

_SEQUENCE_HEADER = 1  # type of the part of a picture that tells its size
_ODD = GlimpseError("an AVIF of a kind that cannot be read: only stills that tell their size plainly are")


def held_pixels(file: BinaryIO) -> int:
    """Return the pixels of all pictures within a file, each at the largest size that it may have.

    Raises
    ------
    GlimpseError
        If that cannot be told: of an animation, or where a picture is written unusually.
    """
    file.seek(0)
    data = file.read()
    boxes = dict(_boxes(data, 0, len(data)))
    if b"moov" in boxes or b"meta" not in boxes:
        raise _ODD
    start, end = boxes[b"meta"]
    within = dict(_boxes(data, start + 4, end))
    if b"iloc" not in within:
        raise _ODD
    base = within.get(b"idat", (0, 0))[0]
    return sum(_largest(item) for item in _items(data, data[slice(*within[b"iloc"])], base))


def is_deep(file: BinaryIO) -> bool:
    """Tell whether a picture has more than 8 bits a channel."""
    file.seek(0)
    data = file.read()
    at = data.find(b"av1C")
    return at >= 0 and len(data) > at + 6 and bool(data[at + 6] & 0x40)


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """The name of each box, and where its contents lie."""
    while at + 8 <= end:
        size, name = struct.unpack(">I4s", data[at : at + 8])
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        size = size or end - at
        if size < head or at + size > end:
            return
        yield name, (at + head, at + size)
        at += size


def _items(data: bytes, box: bytes, base: int) -> Iterator[bytes]:
    """The contents of each item, pictures and others, whose parts may lie anywhere."""
    reader, version, left = io.BytesIO(box), box[0], 2 * len(data)

    def number(size: int) -> int:
        return int.from_bytes(reader.read(size))

    reader.seek(4)
    sizes = number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    for _ in range(min(number(4 if version == 2 else 2), len(box))):
        number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        number(2)
        begin, parts = number(base_size) + (base if method == 1 else 0), []
        for _ in range(min(number(2), len(box))):
            number(index_size)
            at, size = begin + number(offset_size), number(length_size)
            parts.append(data[at : at + size] if size else data[at:])
            left -= len(parts[-1])
        if left < 0:  # parts of parts, which no writer makes
            raise _ODD
        yield b"".join(parts)


def _largest(data: bytes) -> int:
    """The most pixels that a picture may have by its sequence headers; 0 of an item that is no picture."""
    most = at = 0
    while at < len(data):
        kind, extended, sized = data[at] >> 3 & 15, data[at] >> 2 & 1, data[at] >> 1 & 1
        at += 1 + extended
        size, at = _leb128(data, at) if sized else (len(data) - at, at)
        if kind == _SEQUENCE_HEADER:
            most = max(most, _pixels(data[at : at + size]))
        at += size
    return most


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for k in range(8):
        byte = data[at + k] if at + k < len(data) else 0
        value |= (byte & 127) << 7 * k
        if byte < 128:
            return value, at + k + 1
    raise _ODD


def _pixels(header: bytes) -> int:
    """The most pixels by a sequence header (AV1 specification, 5.5.1)."""
    bits, place = int.from_bytes(header[:64].ljust(64, b"\0")), 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        return bits >> 512 - place & (1 << count) - 1

    take(4)
    if take(1):  # a still, whose header is short
        take(5)
    else:
        if take(1):  # times
            raise _ODD
        delays = take(1)
        for _ in range(take(5) + 1):
            take(12)
            if take(5) > 7:
                take(1)
            if delays and take(1):
                take(4)
    wide, tall = take(4) + 1, take(4) + 1
    return (take(wide) + 1) * (take(tall) + 1)
