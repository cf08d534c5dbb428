"""The chunks of a PNG: counted before Pillow reads them, written where Pillow does not write them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from glimpse import limits
from glimpse.errors import GlimpseError

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PIXELS = (b"IDAT", b"fdAT", b"fcTL")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by the number of channels


def count_texts(file: BinaryIO, keyword: str) -> int:
    """Return how many text chunks of a PNG have this keyword; Pillow shows the last one alone.

    Raises
    ------
    GlimpseError
        If the chunks beside the pixels are so many that reading them all would take long.
    """
    wanted = keyword.encode("ascii") + b"\0"
    found = others = 0
    for kind, size, head in _chunks(file, len(wanted)):
        found += kind in _TEXTS and head == wanted
        others += kind not in _PIXELS or size < 8
        if others > limits.CHUNKS:
            raise GlimpseError(f"it has more than {limits.CHUNKS} chunks beside its pixels")
    return found


def _chunks(file: BinaryIO, look: int) -> Iterator[tuple[bytes, int, bytes]]:
    """The name, size and first bytes of each chunk."""
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
        size, kind = struct.unpack(">I4s", head)
        begin = file.read(min(size, look)) if kind in _TEXTS else b""
        yield kind, size, begin
        file.seek(size - len(begin) + 4, 1)


def encode_deep(levels: NDArray[np.uint16], chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Encode 16-bit grey and alpha, RGB or RGBA, shape (A, B, C), which Pillow cannot."""
    rows, cols, bands = levels.shape
    samples = levels.astype(">u2").view(np.uint8).reshape(rows, -1)
    lines = np.ones((rows, samples.shape[1] + 1), np.uint8)  # a line begins with its filter; 1 is "Sub"
    lines[:, 1:] = samples
    lines[:, 1 + 2 * bands :] -= samples[:, : -2 * bands]
    head = struct.pack(">IIBBBBB", cols, rows, 16, _COLOUR_TYPES[bands], 0, 0, 0)
    body = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(lines.data)), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in body)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def profile_chunk(profile: bytes) -> tuple[bytes, bytes]:
    """Return the chunk of a colour profile."""
    return b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)
