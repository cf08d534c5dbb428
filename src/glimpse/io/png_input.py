"""The chunks of a PNG that is read: what Pillow is to see of them, and what the others say."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse import limits
from glimpse.errors import GlimpseError
from glimpse.io.files import spliced
from glimpse.io.picture import codecs
from glimpse.io.png import SIGNATURE
from glimpse.io.record import KEYWORD
from glimpse.typing import Array

# texts may bear names under which Pillow keeps facts, and it refuses those that are long
_SEEN_BY_PILLOW = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
_PIXELS = (b"IDAT", b"fdAT", b"fcTL")
_KEPT = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4}  # bytes of each
_RAW_EXIF = (
    b"Raw profile type exif",
    b"Raw profile type APP1",
)  # ImageMagick's, before PNG had a chunk for it
_XMP = b"XML:com.adobe.xmp"
_TEXTS = {KEYWORD.encode(): limits.RECORD_BYTES + 1, **dict.fromkeys((*_RAW_EXIF, _XMP), 1 << 20)}
_DAMAGED = "a damaged PNG"


class Png(NamedTuple):
    """The facts that the chunks of a PNG state.

    Parameters
    ----------
    file : binary file
        The chunks of its pixels alone.
    rows, cols, depth, colour_type, interlaced : int
        Its header.
    frames : tuple of (int, int)
        Rows and columns of each frame of an animation, in their order.
    delays : tuple of (int, int)
        How long each of them stands: so many parts of a second, and how many parts a second has.
    color : mapping
        The meaning of its levels, as contents of PNG chunks.
    profile : bytes or None
        Its colour profile.
    exif, xmp : bytes or None
        What may tell which way it lies.
    record : str or None
        Its record; of several all, which the parser of records refuses.
    notes : tuple of str
        What was left out.
    """

    file: BinaryIO
    rows: int
    cols: int
    depth: int
    colour_type: int
    interlaced: int
    frames: tuple[tuple[int, int], ...]
    delays: tuple[tuple[int, int], ...]
    color: dict[str, bytes]
    profile: bytes | None
    exif: bytes | None
    xmp: bytes | None
    record: str | None
    notes: tuple[str, ...]

    def deep_levels(self, file: BinaryIO) -> NDArray[np.uint16] | None:
        """Return the 16-bit samples (A, B, C) of the whole file, None where nothing can read them."""
        if codecs() is None:
            return None
        file.seek(0)
        array: Array = codecs().png_decode(file.read())
        whole = array.ndim == 3 and array.shape[:2] == (self.rows, self.cols) and array.shape[2] in (2, 3, 4)
        return array if whole and array.dtype == np.uint16 else None


def read_png(file: BinaryIO) -> Png:
    """Return what the chunks of a file say; no pixel is decoded.

    Raises
    ------
    GlimpseError
        If one that is looked at is damaged, or those beside the pixels are too many.
    """
    spans, head, frames = [(0, len(SIGNATURE))], b"", list[tuple[int, int]]()
    delays, others, found, records = list[tuple[int, int]](), 0, dict[bytes, bytes](), list[str]()
    for kind, start, size in _chunks(file):
        if kind in _SEEN_BY_PILLOW:
            spans.append((start, start + size + 12))
        others += kind not in _PIXELS or size < 8
        if others > limits.CHUNKS:
            raise GlimpseError(f"it has more than {limits.CHUNKS} chunks beside its pixels")
        if kind == b"IHDR":
            if head:
                raise GlimpseError(f"{_DAMAGED}: it has two headers")
            head = _checked(file, start, size, 13)
        elif kind == b"fcTL":
            control = _checked(file, start, size, 26)
            frames.append(struct.unpack(">II", control[4:12])[::-1])
            delays.append(struct.unpack(">HH", control[20:24]))
        elif kind in _KEPT:
            found.setdefault(kind, _checked(file, start, size, _KEPT[kind]))
        elif kind in (b"iCCP", b"eXIf"):
            found.setdefault(kind, _checked(file, start, size))
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            file.seek(start + 8)
            word = file.read(min(size, 80)).split(b"\0")[0]
            if word not in _TEXTS or word in found or len(records) > 1:  # of two records none is taken
                continue
            text = _text(kind, _checked(file, start, size), _TEXTS[word])
            if word == KEYWORD.encode():
                records.append(text.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace"))
            else:
                found.setdefault(word, text)
    if len(head) != 13:
        raise GlimpseError(_DAMAGED)
    profile, notes = None, list[str]()
    if b"iCCP" in found:
        profile = _inflated(found[b"iCCP"].partition(b"\0")[2][1:], limits.TEXT_BYTES)
        if len(profile) > limits.TEXT_BYTES:
            profile, notes = None, [f"its colour profile of over {limits.TEXT_BYTES} bytes was left out"]
    exif = found.get(b"eXIf")
    for word in _RAW_EXIF:
        if exif is None and word in found:
            exif = _exif_of_digits(found[word])
    cols, rows, depth, colour_type, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    color = {name.decode(): found[name] for name in _KEPT if name in found}
    return Png(spliced(file, spans), rows, cols, depth, colour_type, interlaced, tuple(frames), tuple(delays),
               color, profile, exif, found.get(_XMP), "\n".join(records) or None, tuple(notes))  # fmt: skip


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """The name, place and size of each chunk."""
    at = len(SIGNATURE)
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        yield kind, at, size
        at += size + 12
        if kind == b"IEND":
            return


def _checked(file: BinaryIO, start: int, size: int, asked: int | None = None) -> bytes:
    """The contents of a chunk, its checksum and its size looked at."""
    file.seek(start + 4)
    data = file.read(size + 8)
    whole = len(data) == size + 8 and zlib.crc32(data[:-4]) == int.from_bytes(data[-4:])
    if not whole or asked not in (None, size):
        raise GlimpseError(f"{_DAMAGED}: its chunk {data[:4].decode('ascii', 'backslashreplace')} is broken")
    return data[4:-4]


def _inflated(data: bytes, most: int) -> bytes:
    """At most so many bytes and one more."""
    try:
        return zlib.decompressobj().decompress(data, most + 1)
    except zlib.error:
        raise GlimpseError(f"{_DAMAGED}: a packed chunk is broken") from None


def _text(kind: bytes, data: bytes, most: int) -> bytes:
    """The text of a chunk, without its keyword."""
    rest = data.partition(b"\0")[2]
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:], most)
    packed, text = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return _inflated(text, most) if packed else text


def _exif_of_digits(text: bytes) -> bytes | None:
    """EXIF that lies in a text as hexadecimal digits, after a line for its name and one for its size."""
    try:
        return bytes.fromhex("".join(text.decode("latin-1").split("\n")[3:]))
    except ValueError:
        return None
