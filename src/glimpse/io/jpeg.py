"""JPEG files: their headers and scans, whether pixels are missing, and decoding at a fraction of the size."""

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
from glimpse.io.files import spliced
from glimpse.typing import Array
from glimpse.window import Window

_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)  # none that stands among pixels
_SCAN, _END = 0xDA, 0xD9
_ENTRIES = 0xB002  # the tag of a list of pictures
_FILLER = bytes(range(255)) * 300  # read as pixels where pixels are missing, else passed over
_RESTART, _INTERVAL, _FRAMES = re.compile(rb"\xff[\xd0-\xd7]"), 0xDD, (0xC0, 0xC1)


_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers that a picture begins with
_PROGRESSIVE, _LOSSLESS = {0xC2, 0xC6, 0xCA, 0xCE}, 0xC3
_DIFFERENTIAL = {0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF}
# a second beginning, an end, hierarchical ones, extensions: Pillow takes some for a size, or looks within
_UNREAD = {0xC8, 0xD8, _END, 0xDE, 0xDF, *range(0xF0, 0xFE)}
_WORDS = {*range(0xE0, 0xF0), 0xFE}  # applications and comments, which Pillow would parse, also the EXIF
_SEEN = (b"JFIF", b"ICC_PROFILE\0", b"Adobe")  # what of them says how the pixels are to be read


class Head(NamedTuple):
    """The header of a JPEG, how many scans its pixels come in, and the file as Pillow may see it."""

    file: BinaryIO
    rows: int
    cols: int
    bands: int
    samples: float
    progressive: bool
    lossless: bool
    scans: int
    exif: bytes | None
    xmp: bytes | None
    within: tuple[int, ...]


def read_head(file: BinaryIO) -> Head:
    """Return what a file says before its pixels.

    `samples` counts those of all channels for each pixel, fewer where colours are stored at half the size;
    `within` are the places of all pictures in the file, where a list tells them (MPO).
    """
    data = _bytes(file)
    exif, xmp, within = list[bytes](), None, tuple[int, ...]()
    frame, coding, start, seen = b"", 0, len(data), [(0, 2)]
    for kind, at in _segments(data):
        if kind == _SCAN:
            start = at
            break
        stop = at + 2 + (length := int.from_bytes(data[at + 2 : at + 4]))
        body = data[at + 4 : stop]
        if kind in _UNREAD or (kind in _SIZES and frame) or length < 2:
            raise GlimpseError(f"a damaged JPEG, or of a kind that cannot be read: its marker {kind:02X}")
        if kind in _SIZES:
            frame, coding = body, kind
        elif kind == 0xE1 and body.startswith(b"Exif\0\0"):
            exif.append(body[6:])  # one after the other where it is long
        elif kind == 0xE1 and body.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            xmp = body
        elif kind == 0xE2 and body.startswith(b"MPF\0") and not within:
            within = _places(body[4:], at + 8)
        if kind not in _WORDS or body.startswith(_SEEN):
            seen.append((at, stop))
    if len(frame) < 6 or len(frame) < 6 + 3 * frame[5] or not frame[5]:
        raise GlimpseError("a damaged JPEG")
    unread = f"{frame[0]} bits a sample" if frame[0] != 8 else ""
    unread = f"{frame[5]} channels" if frame[5] not in (1, 3, 4) else unread
    if unread := "hierarchical" if coding in _DIFFERENTIAL else unread:
        raise GlimpseError(f"a JPEG of a kind that cannot be read: {unread}")
    count = data.count(b"\xff\xda", start)  # more than there are where another picture follows
    count = count if count < 2 else sum(kind == _SCAN for kind, _ in _segments(data))
    rows, cols = struct.unpack(">HH", frame[1:5])
    factors = [(frame[7 + 3 * k] >> 4) * (frame[7 + 3 * k] & 15) for k in range(frame[5])]
    samples = sum(factors) / max(1, *factors)
    seen.append((start, len(data)))
    return Head(spliced(file, seen), rows, cols, frame[5], samples, coding in _PROGRESSIVE,
                coding == _LOSSLESS, count, b"".join(exif) or None, xmp, within)  # fmt: skip


def _places(listed: bytes, start: int) -> tuple[int, ...]:
    """Where each of several pictures begins (CIPA DC-007): their list counts places from its own start."""
    from glimpse.io.tags import header, read_tags  # which few pictures need

    try:
        reader = io.BytesIO(listed)
        entries = read_tags(reader, header(reader)[2])
        data = entries.data(_ENTRIES) or b""
        order = entries.order
    except (GlimpseError, struct.error):
        return ()
    offsets = [struct.unpack_from(order + "I", data, k + 8)[0] for k in range(0, len(data) - 15, 16)]
    return tuple(start + offset if offset else 0 for offset in offsets)


def picture_within(file: BinaryIO, number: int) -> BinaryIO:
    """Return the file as one that begins with its picture of this number, from 1.

    Raises
    ------
    GlimpseError
        If it has none.
    """
    if number == 1:
        return file
    within = read_head(file).within
    if number > len(within):
        raise GlimpseError(f"it has no page {number}")
    file.seek(within[number - 1])
    return io.BytesIO(file.read())


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
        at = here + 2 + max(2, int.from_bytes(data[here + 2 : here + 4]))


END_BYTES = 16
"""At the end of a stream, among which the end marker stands; some writers fill up to a whole number."""


def check_end(end: bytes) -> None:
    """Refuse a stream of JPEG that lacks the end marker among its last bytes."""
    if b"\xff\xd9" not in end[-END_BYTES:]:
        raise GlimpseError("cannot be decoded: a strip or tile of JPEG is truncated")


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


LEAST_SIGMA = {8: 12.0, 4: 8.0, 2: 6.0}
"""Sigma, in pixels, from which a picture may be so many times smaller and show the same within 3 levels.

Vivid colours ask for so much: colours that leave the range of RGB are clipped pixel by pixel, and
the means of pixels leave it less. Grey would do with 1.5 reduced pixels."""

FAR_ENDS = (2, 3, 4, 6, 7, 8)
"""EXIF orientations whose last row or column in the file is the picture's first."""

_REACH = 4.0  # sigmas from the box to pixels that no longer show


def reduction(window: Window, shape: tuple[int, int], most: int = 8) -> int:
    """Return by how many times an image may be reduced under a window: 1, 2, 4... up to `most`.

    A wide Gaussian hides that pixels were averaged first. Beyond the edge it would show, and where the last
    reduced pixel stands for less than the others.
    """
    top, bottom, left, right = window.box
    rows, cols = shape
    if window.kernel != "gaussian" or min(top, left, rows - bottom, cols - right) < -1e-6:
        return 1
    tall, wide = window.sigmas
    free = rows - bottom - _REACH * tall, cols - right - _REACH * wide
    scales = (2**k for k in range(most.bit_length() - 1, 0, -1))
    return next((scale for scale in scales if _hidden(scale, min(tall, wide), shape, free)), 1)


def _hidden(scale: int, sigma: float, shape: tuple[int, int], free: tuple[float, float]) -> bool:
    whole = all(size % scale == 0 or gap > scale for size, gap in zip(shape, free, strict=True))
    return whole and sigma >= LEAST_SIGMA.get(scale, 1.5 * scale)


def whole(scale: int, shape: tuple[int, int], *, turned: bool) -> int:
    """Return the scale, or less where the last block of a turned picture, which comes first, is not whole."""
    while turned and any(size % scale for size in shape):
        scale //= 2
    return scale


def draft(image: ImageFile.ImageFile, scale: int) -> int:
    """Have a JPEG file decoded `scale` times smaller; return how many times it will be."""
    cols, rows = image.size
    image.draft(None, (max(1, cols // scale), max(1, rows // scale)))
    found = round(cols / image.size[0])
    return found if image.size == (-(-cols // found), -(-rows // found)) else 1
