"""A GIF whose frames have palettes of their own, joined out of pictures that Pillow compresses one by one."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata

Indices = NDArray[np.uint8]

LONGEST = 65535  # hundredths of a second that one picture can stand

_FOR_EVER = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
_STAYS = 1 << 2  # a picture stays where the next one is transparent
_HAS_TABLE = 1 << 7


def join(shots: Iterable[tuple[Indices, Indices]], delays: Sequence[int], comment: str) -> bytes:
    """Join frames into a GIF that loops for ever.

    Parameters
    ----------
    shots : iterable of (ndarray, ndarray)
        Of each frame its palette, shape (k, 3), k at most 255, and its indices into it, shape (h, w);
        the index k means "unchanged". The first frame is whole.
    delays : sequence of int
        Hundredths of a second that each frame stands; a frame that changes nothing lengthens the one before.
    comment : str
        ASCII text, for nobody if it is empty.
    """
    blocks: list[tuple[int, tuple[bytes, bytes]]] = []
    head = b""
    for (palette, indices), delay in zip(shots, delays, strict=True):
        box = _changed(indices, len(palette))
        if not blocks:
            bits, table = _table(palette)
            rows, cols = indices.shape
            head = struct.pack("<HHBBB", cols, rows, _HAS_TABLE | (bits - 1), 0, 0) + table
            blocks.append((delay, _picture(palette, indices, (0, 0), first=True)))
        elif box is None and blocks[-1][0] + delay <= LONGEST:
            blocks[-1] = (blocks[-1][0] + delay, blocks[-1][1])
        else:
            down, across = box or (slice(0, 1), slice(0, 1))
            corner = down.start, across.start
            blocks.append((delay, _picture(palette, indices[down, across], corner, first=False)))
    text = comment.encode("ascii")
    parts = [text[i : i + 255] for i in range(0, len(text), 255)]
    told = b"!\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0" if text else b""
    pictures = b"".join(control + struct.pack("<H", delay) + body for delay, (control, body) in blocks)
    return b"GIF89a" + head + _FOR_EVER + told + pictures + b";"


def _changed(indices: Indices, unchanged: int) -> tuple[slice, slice] | None:
    """The smallest part of a frame that holds what changes, None where nothing does."""
    changes = indices != unchanged
    rows, cols = (np.flatnonzero(changes.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def _table(palette: Indices) -> tuple[int, bytes]:
    """The bits of an index, "unchanged" among them, and the table of a palette."""
    bits = max(1, len(palette).bit_length())
    return bits, palette.tobytes().ljust(3 << bits, b"\0")


def _picture(
    palette: Indices, indices: Indices, corner: tuple[int, int], *, first: bool
) -> tuple[bytes, bytes]:
    """One picture with its control block, in two parts: the delay comes between."""
    bits, table = _table(palette)
    flags, table = (0, b"") if first else (_HAS_TABLE | (bits - 1), table)
    control = b"!\xf9\x04" + bytes([_STAYS | (not first)])
    unchanged = bytes([0 if first else len(palette), 0])
    place = struct.pack("<HHHHB", corner[1], corner[0], indices.shape[1], indices.shape[0], flags)
    alone, at = b"".join(getdata(Image.fromarray(indices))), 0
    while alone[at : at + 1] == b"!":  # blocks before the picture, each in parts that tell their size
        at += 2
        while size := alone[at]:
            at += size + 1
        at += 1
    return control, unchanged + b"," + place + table + alone[at + 10 :]
