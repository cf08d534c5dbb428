"""The scans of a JPEG file, and whether pixels are missing that a decoder fills in without a word."""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageFile

from glimpse.errors import GlimpseError
from glimpse.typing import Array

_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)  # none that stands among pixels
_SCAN, _END = 0xDA, 0xD9
_FILLER = bytes(range(255)) * 300  # read as pixels where pixels are missing, else passed over
_RESTART, _INTERVAL, _FRAMES = re.compile(rb"\xff[\xd0-\xd7]"), 0xDD, (0xC0, 0xC1)


class Scan(NamedTuple):
    """One scan: whose coefficients it has, from which to which, and how many of their bits still lack."""

    components: tuple[int, ...]
    first: int
    last: int
    lacking: int


def scans(data: bytes) -> tuple[list[Scan], int]:
    """Return the scans of the first picture in a file, and where it ends."""
    found, end = [], len(data)
    for kind, at in _segments(data):
        if kind == _SCAN:
            count = data[at + 4]
            components = tuple(data[at + 5 : at + 5 + 2 * count : 2])
            first, last, bits = data[at + 5 + 2 * count : at + 8 + 2 * count]
            found.append(Scan(components, first, last, bits & 15))
        elif kind == _END:
            end = at
            break
    return found, end


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Each marker and its place, up to the end of the first picture."""
    at = 2
    while marker := _MARKER.search(data, at):
        kind, here = marker[1][0], marker.start()
        yield kind, here
        if kind == _END or len(data) < here + 4:
            return
        at = here + 2 + struct.unpack(">H", data[here + 2 : here + 4])[0]


def check_complete(image: ImageFile.ImageFile, file: BinaryIO) -> None:
    """Refuse a JPEG file that was cut and closed with an end marker, as far as a short look can tell.

    Missing blocks are decoded as the middle of every channel, so only a picture whose last pixel is that is
    looked at twice. Of a progressive one the headers say whether the last scans are there.

    Raises
    ------
    GlimpseError
        If pixels are missing.
    """
    if image.info.get("progressive") or image.info.get("progression"):
        whole = _has_all_bits(scans(_bytes(file))[0])
    else:
        whole = any(level not in (127, 128) for level in _last_pixel(image)) or _is_whole(_bytes(file))
    if not whole:
        raise GlimpseError("cannot be decoded: image file is truncated, though it has an end marker")


def _is_whole(data: bytes) -> bool:
    """Whether more data at the end of a picture would change nothing."""
    end = scans(data)[1]
    more = data[:end] + _FILLER + data[end:]
    return not _lacks_restarts(data[:end]) and np.array_equal(_small(data), _small(more))


def _has_all_bits(found: list[Scan]) -> bool:
    """Whether the last scan of every coefficient leaves no bit out."""
    lacking = {(component, k): 14 for scan in found for component in scan.components for k in range(64)}
    for scan in found:
        lacking |= {(c, k): scan.lacking for c in scan.components for k in range(scan.first, scan.last + 1)}
    return not any(lacking.values())


def _lacks_restarts(data: bytes) -> bool:
    """Whether a picture of one scan has fewer restart markers than its size asks for."""
    interval = blocks = 0
    for kind, at in _segments(data):
        if kind == _INTERVAL:
            (interval,) = struct.unpack(">H", data[at + 4 : at + 6])
        elif kind in _FRAMES:
            blocks = _blocks(data[at + 5 : at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]])
        elif kind == _SCAN and interval:
            asked = -(-blocks // interval) - 1
            return len(scans(data)[0]) == 1 and len(_RESTART.findall(data, at)) < asked
    return False


def _blocks(frame: bytes) -> int:
    """How many blocks that belong together a picture has, from its frame header."""
    rows, cols = int.from_bytes(frame[:2]), int.from_bytes(frame[2:4])
    factors = [frame[6 + 3 * k] for k in range(frame[4])] if frame[4] > 1 else [0x11]
    tall, wide = 8 * max(factor & 15 for factor in factors), 8 * max(factor >> 4 for factor in factors)
    return math.ceil(rows / tall) * math.ceil(cols / wide)


def _last_pixel(image: Image.Image) -> tuple[int, ...]:
    pixel = image.getpixel((image.width - 1, image.height - 1))
    return pixel if isinstance(pixel, tuple) else (int(pixel or 0),)


def _bytes(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _small(data: bytes) -> Array:
    """The picture at an eighth of its size."""
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
        return np.asarray(image)
