"""Arrays into TIFF: uncompressed strips of 8 or 16 bits, which any reader takes, the tags before them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import accumulate, chain

import numpy as np

from glimpse.errors import GlimpseError
from glimpse.typing import Array

_STRIP = 1 << 18  # bytes, about
_LONGEST = 2**32 - 1  # bytes of a file whose offsets have 32 bits
_ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 2, 3, 4, 5, 7


def encode_tiff(
    strips: Iterator[Array], shape: tuple[int, int], description: str, profile: bytes
) -> Iterator[bytes]:
    """Yield the bytes of a TIFF.

    Parameters
    ----------
    strips : iterator of ndarray, uint8 or uint16, shape (rows, B) or (rows, B, C)
        From the top: grey, grey and alpha, RGB or RGBA.
    shape : (int, int)
        Rows and columns of all together.
    description : str
        ASCII text, the tag ImageDescription; none if empty.
    profile : bytes
        A colour profile; none if empty.
    """
    first = next(strips)
    bands, bits = (first.shape[2] if first.ndim == 3 else 1), 8 * first.itemsize
    line = shape[1] * bands * first.itemsize
    tall = min(shape[0], max(1, _STRIP // line))
    counts = [line * min(tall, shape[0] - row) for row in range(0, shape[0], tall)]
    tags: list[tuple[int, int, bytes]] = [
        (256, _LONG, struct.pack("<I", shape[1])),  # columns
        (257, _LONG, struct.pack("<I", shape[0])),  # rows
        (258, _SHORT, struct.pack(f"<{bands}H", *[bits] * bands)),
        (259, _SHORT, struct.pack("<H", 1)),  # not compressed
        (262, _SHORT, struct.pack("<H", 1 if bands < 3 else 2)),  # black is zero, or RGB
        (270, _ASCII, description.encode("ascii") + b"\0"),
        (273, _LONG, b"\0\0\0\0" * len(counts)),  # where each strip begins, known when all tags are
        (277, _SHORT, struct.pack("<H", bands)),
        (278, _LONG, struct.pack("<I", tall)),  # rows of a strip
        (279, _LONG, struct.pack(f"<{len(counts)}I", *counts)),
        (282, _RATIONAL, struct.pack("<II", 1, 1)),  # resolution, without a unit (296)
        (283, _RATIONAL, struct.pack("<II", 1, 1)),
        (296, _SHORT, struct.pack("<H", 1)),
        (
            338,
            _SHORT,
            struct.pack("<H", 2),
        ),  # the last channel is alpha, colours not multiplied by it
        (34675, _UNDEFINED, profile),
    ]
    left_out = {270: not description, 338: bands % 2 == 1, 34675: not profile}
    tags = [each for each in tags if not left_out.get(each[0])]
    begin = 8 + len(_directory(tags, 8))
    if begin + sum(counts) > _LONGEST:
        raise GlimpseError("TIFF holds at most 4 GB; write .png or .npy")
    offsets = struct.pack(f"<{len(counts)}I", *accumulate(counts[:-1], initial=begin))
    tags = [(tag, kind, offsets if tag == 273 else data) for tag, kind, data in tags]
    yield b"II*\0" + struct.pack("<I", 8) + _directory(tags, 8)
    for strip in chain([first], strips):
        yield np.ascontiguousarray(strip, f"<u{first.itemsize}").tobytes()


def _directory(tags: list[tuple[int, int, bytes]], at: int) -> bytes:
    """The tags, those that take more than 4 bytes behind them, as they lie from a place in the file."""
    sizes = {_ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8, _UNDEFINED: 1}
    entries, behind = struct.pack("<H", len(tags)), b""
    at += 2 + 12 * len(tags) + 4
    for tag, kind, data in tags:
        entries += struct.pack("<HHI", tag, kind, len(data) // sizes[kind])
        entries += data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", at + len(behind))
        behind += b"" if len(data) <= 4 else data + b"\0" * (len(data) % 2)
    return entries + b"\0\0\0\0" + behind
