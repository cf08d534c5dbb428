"""How many pixels an AVIF file has its decoder hold: those of its pictures within, whatever its header says.

A file of 16 x 16 pixels may hold a picture of 16384 x 16384, which the decoder makes whole and reduces.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from PIL import Image

from glimpse.errors import GlimpseError

_SEQUENCE_HEADER, _FRAMES = (
    1,
    (3, 6, 7),
)  # types of the parts of a picture: what tells its size; headers of frames
_SRGB = (1, 2), (1, 2, 6, 13)  # primaries and curves that are shown as sRGB, or are not told
_ODD = GlimpseError("an AVIF of a kind that cannot be read: only stills that tell their size plainly are")


@dataclass(frozen=True)
class Avif:
    """The picture of a file, as its boxes describe it.

    Parameters
    ----------
    file : binary file
        Without its EXIF, which Pillow would parse.
    rows, cols : int
        As they lie in the file.
    held, decoded : int
        Pixels of all pictures within, at the largest size that each may have; those of all their frames.
    aperture : tuple of int or None
        The part that is the picture (clap): left, top, right, bottom.
    color : mapping
        The coding of its colours as a chunk of PNG, where it is not that of sRGB.
    notes : tuple of str
        What is lost.
    exif : bytes or None
        Its EXIF.
    """

    file: BinaryIO
    rows: int
    cols: int
    held: int
    decoded: int
    aperture: tuple[int, int, int, int] | None
    color: dict[str, bytes]
    notes: tuple[str, ...]
    exif: bytes | None

    def clean(self, image: Image.Image) -> Image.Image:
        """Return the part of a decoded image that its file says is the picture."""
        return image.crop(self.aperture) if self.aperture else image


def read_avif(file: BinaryIO) -> Avif:
    """Return what a file says of its picture; no pixel is decoded.

    Raises
    ------
    GlimpseError
        If the pictures within cannot be told: of an animation, or where one is written unusually.
    """
    file.seek(0)
    data = file.read()
    boxes = dict(_boxes(data, 0, len(data)))
    if b"moov" in boxes or b"meta" not in boxes:
        raise _ODD
    start, end = boxes[b"meta"]
    within = dict(_boxes(data, start + 4, end))
    if b"iloc" not in within or b"iprp" not in within:
        raise _ODD
    base = within.get(b"idat", (0, 0))[0]
    items = list(_items(data, data[slice(*within[b"iloc"])], base))
    sizes = [_frames(item) for _, item in items]
    exif, places = None, _exif_places(data, *within.get(b"iinf", (0, 0)))
    for number, item in items:
        if number in places and exif is None:
            exif = item[4 + int.from_bytes(item[:4]) :]  # its first number says where the TIFF within begins
    told = _properties(data, within)
    cols, rows = struct.unpack(">4xII", told[b"ispe"][:12]) if len(told.get(b"ispe", b"")) >= 12 else (0, 0)
    notes: tuple[str, ...] = ()
    if len(depth := told.get(b"av1C", b"")) > 2 and depth[2] & 0x40:
        notes += ("10 or 12 bits per channel were read as 8",)
    color = {}
    if told.get(b"colr", b"")[:4] == b"nclx" and len(told[b"colr"]) >= 11:
        primaries, transfer = struct.unpack(">HH", told[b"colr"][4:8])
        if primaries not in _SRGB[0] or transfer not in _SRGB[1]:
            color["cICP"] = bytes([primaries & 255, transfer & 255, 0, 1])
    aperture = _aperture(told[b"clap"], rows, cols) if b"clap" in told else None
    held, decoded = sum(most for most, _ in sizes), sum(every for _, every in sizes)
    seen = io.BytesIO(_without(data, places.values())) if places else file
    return Avif(seen, rows, cols, held, decoded, aperture, color, notes, exif)


def _exif_places(data: bytes, start: int, end: int) -> dict[int, int]:
    """Where the type of each item stands that is EXIF, by the item's number (ISO/IEC 14496-12, 8.11.6)."""
    found = {}
    first = start + 4 + (4 if data[start : start + 1] > b"\0" else 2)
    for name, (at, stop) in _boxes(data, first, end):
        size = 2 if data[at : at + 1] == b"\2" else 4
        place = at + 4 + size + 2
        if name == b"infe" and place + 4 <= stop and data[place : place + 4] == b"Exif":
            found[int.from_bytes(data[at + 4 : at + 4 + size])] = place
    return found


def _without(data: bytes, places: Iterable[int]) -> bytes:
    """The file with these items of a type that nobody looks at."""
    changed = bytearray(data)
    for place in places:
        changed[place : place + 4] = b"free"
    return bytes(changed)


def _properties(data: bytes, within: dict[bytes, tuple[int, int]]) -> dict[bytes, bytes]:
    """The properties of the picture that the file is of."""
    parts = dict(_boxes(data, *within[b"iprp"]))
    if b"ipco" not in parts or b"ipma" not in parts or b"pitm" not in within:
        raise _ODD
    listed = [(name, data[slice(*place)]) for name, place in _boxes(data, *parts[b"ipco"])]
    primary = data[slice(*within[b"pitm"])]
    wanted = int.from_bytes(primary[4 : 8 if primary[0] else 6])
    box = io.BytesIO(data[slice(*parts[b"ipma"])])
    version, _, flags = box.read(1)[0], box.read(2), box.read(1)[0]
    for _ in range(min(int.from_bytes(box.read(4)), len(data))):
        item = int.from_bytes(box.read(4 if version else 2))
        count = int.from_bytes(box.read(1))
        size, most = (2, 0x7FFF) if flags & 1 else (1, 0x7F)
        indices = [int.from_bytes(box.read(size)) & most for _ in range(count)]
        if item == wanted:
            return dict(listed[k - 1] for k in indices if 0 < k <= len(listed))
    raise _ODD


def _aperture(box: bytes, rows: int, cols: int) -> tuple[int, int, int, int]:
    """The part of a picture that its clean aperture leaves (ISO/IEC 14496-12, 12.1.4)."""
    values = struct.unpack(">IIIIiIiI", box[:32].ljust(32, b"\0"))
    if 0 in values[1::2]:
        raise GlimpseError("a damaged AVIF: its clean aperture is none")
    shares = zip(values[::2], values[1::2], strict=True)
    wide, tall, across, down = (Fraction(above, below) for above, below in shares)
    # the offset is that of the centre of the part from the centre of the picture
    left, top = across + (cols - wide) / 2, down + (rows - tall) / 2
    right, bottom = left + wide, top + tall
    whole = all(edge.denominator == 1 for edge in (left, top, right, bottom))
    if not (whole and 0 <= left < right <= cols and 0 <= top < bottom <= rows):
        raise GlimpseError(
            "an AVIF of a kind that cannot be read: its clean aperture is no whole pixels of it"
        )
    return int(left), int(top), int(right), int(bottom)


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


def _items(data: bytes, box: bytes, base: int) -> Iterator[tuple[int, bytes]]:
    """The number and contents of each item, pictures and others, whose parts may lie anywhere."""
    reader, version, left = io.BytesIO(box), box[0], 2 * len(data)

    def number(size: int) -> int:
        return int.from_bytes(reader.read(size))

    reader.seek(4)
    sizes = number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    for _ in range(min(number(4 if version == 2 else 2), len(box))):
        name = number(4 if version == 2 else 2)
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
        yield name, b"".join(parts)


def _frames(data: bytes) -> tuple[int, int]:
    """The most pixels of a picture, and those of all its frames; 0 of an item that is no picture."""
    most = every = now = at = 0
    while at < len(data):
        kind, extended, sized = data[at] >> 3 & 15, data[at] >> 2 & 1, data[at] >> 1 & 1
        at += 1 + extended
        size, at = _leb128(data, at) if sized else (len(data) - at, at)
        if kind == _SEQUENCE_HEADER:
            now = _pixels(data[at : at + size])
            most = max(most, now)
        every += now * (kind in _FRAMES)
        at += size
    return most, max(most, every)


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
