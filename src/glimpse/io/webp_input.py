"""The chunks of a WebP that is read: whether its levels were kept, how long its frames stand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from glimpse.limits import CHUNKS, PAGES

_FRAME = b"ANMF"  # whose own chunks stand behind its 16 bytes of size, place and delay


def is_lossy(file: BinaryIO) -> bool:
    """Tell whether the first picture of a WebP is a VP8, and no VP8L."""
    for kind, at in islice(_chunks(file), CHUNKS):
        if kind == _FRAME:
            file.seek(at + 24)
            return file.read(4) != b"VP8L"
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8 "
    return True


def frame_delays(file: BinaryIO) -> list[int]:
    """Return the milliseconds that the header of each frame names."""
    found: list[int] = []
    frames = (at for kind, at in _chunks(file) if kind == _FRAME)
    for at in islice(frames, PAGES):
        file.seek(at + 20)
        found.append(int.from_bytes(file.read(3), "little"))
    return found


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The name and the place of each chunk, of frames without those in them."""
    at = 12
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], "little")
        yield head[:4], at
        at += 8 + size + size % 2
