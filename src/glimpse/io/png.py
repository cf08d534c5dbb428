"""The chunks of a PNG, written where Pillow does not write them: strip by strip, 16 bits of colour."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

import numpy as np

from glimpse.typing import Array

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_FILTERED = 1 << 18  # bytes of lines that are filtered at once, which takes 30 times as many
_PACKED = 1 << 16  # bytes of a chunk of pixels
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by the number of channels


def encode_strips(
    strips: Iterable[Array], shape: tuple[int, int], chunks: Iterable[tuple[bytes, bytes]]
) -> Iterator[bytes]:
    """Encode a PNG strip by strip, so that it is never in memory as a whole; yield its bytes.

    Parameters
    ----------
    strips : iterable of ndarray, uint8 or uint16, shape (rows, B) or (rows, B, C)
        From the top: grey, grey and alpha, RGB or RGBA.
    shape : (int, int)
        Rows and columns of all together.
    chunks : iterable of (name, contents)
        What comes between the header and the pixels.
    """
    packer, above, packed = zlib.compressobj(), None, b""
    for strip in strips:
        bands, size = (strip.shape[2] if strip.ndim == 3 else 1), strip.itemsize
        if above is None:
            head = struct.pack(">IIBBBBB", shape[1], shape[0], 8 * size, _COLOUR_TYPES[bands], 0, 0, 0)
            yield SIGNATURE + b"".join(_chunk(*each) for each in [(b"IHDR", head), *chunks])
            above = np.zeros(shape[1] * bands * size, np.uint8)
        lines = strip.astype(f">u{size}").view(np.uint8).reshape(len(strip), -1)
        step = max(1, _FILTERED // lines.shape[1])
        for row in range(0, len(lines), step):
            some = lines[row : row + step]
            packed += packer.compress(filtered(some, above, bands * size).data)
            above = some[-1]
            if len(packed) > _PACKED:
                yield _chunk(b"IDAT", packed)
                packed = b""
    yield _chunk(b"IDAT", packed + packer.flush()) + _chunk(b"IEND", b"")


def filtered(lines: Array, above: Array, step: int) -> Array:
    """Return lines of bytes, each as the differences that PNG expects to pack best, its filter in front.

    Parameters
    ----------
    lines : ndarray, uint8, shape (k, w)
        The bytes of the pixels.
    above : ndarray, uint8, shape (w,)
        The line before the first one.
    step : int
        Bytes of a pixel.
    """
    up = np.vstack([above[None], lines[:-1]])
    left, corner = np.zeros_like(lines), np.zeros_like(lines)
    left[:, step:], corner[:, step:] = lines[:, :-step], up[:, :-step]
    mean = ((left.astype(np.uint16) + up) >> 1).astype(np.uint8)
    # Paeth's predictor: of the three neighbours the nearest to left + up - corner
    a, b, c = (side.astype(np.int16) for side in (left, up, corner))
    to_left, to_up, to_corner = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest = np.where(to_up <= to_corner, up, corner)
    nearest = np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest)
    kinds = [lines, lines - left, lines - up, lines - mean, lines - nearest]
    sums = [np.abs(kind.view(np.int8).astype(np.int16)).sum(axis=1, dtype=np.int64) for kind in kinds]
    best = np.argmin(sums, axis=0).astype(np.uint8)
    found = np.empty((len(lines), lines.shape[1] + 1), np.uint8)
    found[:, 0] = best
    for number, kind in enumerate(kinds):
        found[best == number, 1:] = kind[best == number]
    return found


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def profile_chunk(profile: bytes) -> tuple[bytes, bytes]:
    """Return the chunk of a colour profile."""
    return b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)
