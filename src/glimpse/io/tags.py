"""Directories of tags, as TIFF has for each page and EXIF for a picture; never longer than their file."""

from __future__ import annotations

import io
import re
import struct
from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from glimpse.errors import GlimpseError
from glimpse.io.record import DESCRIPTION

_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_TEXT, _WHOLE = 2, {3: "H", 4: "I", 8: "h", 9: "i", 13: "I", 16: "Q", 18: "Q"}
_ORIENTATION, _XMP_ORIENTATION = 0x0112, re.compile(rb"tiff:Orientation(?:=[\"']|>)\s*([1-8])")
_SLACK = 1 << 16  # bytes that tags may share


class _Value(NamedTuple):
    kind: int
    many: int
    at: int


@dataclass(frozen=True)
class Tags:
    """The tags of one directory.

    Parameters
    ----------
    file : binary file
        Where their values lie.
    order : str
        ``<`` or ``>``, the order of the bytes of a number.
    values : mapping of int to _Value
        Type, count and place of each.
    twice : set of int
        The tags that stand there more than once; readers differ in which they take.
    next : int
        Where the next directory begins, 0 after the last.
    """

    file: BinaryIO
    order: str
    values: dict[int, _Value]
    twice: frozenset[int]
    next: int

    def numbers(self, tag: int, most: int = 1 << 16) -> tuple[int, ...]:
        """Return the first whole numbers of a tag, none where it is missing.

        Raises
        ------
        GlimpseError
            If it holds no whole numbers, stands there twice, or is cut off.
        """
        if tag not in self.values:
            return ()
        kind, count, at = self.values[tag]
        if kind not in _WHOLE or not count:
            raise GlimpseError(f"a damaged TIFF: its tag {tag} is no number")
        if tag in self.twice:
            raise GlimpseError(f"a damaged TIFF: its tag {tag} stands there twice")
        self.file.seek(at)
        count = min(count, most)
        data = self.file.read(count * _SIZES[kind])
        if len(data) < count * _SIZES[kind]:
            raise GlimpseError("a damaged TIFF: its tags are cut off")
        return struct.unpack(f"{self.order}{count}{_WHOLE[kind]}", data)

    def number(self, tag: int, default: int) -> int:
        """Return the largest number of a tag, or the default where it is missing."""
        return max(self.numbers(tag), default=default)

    def data(self, tag: int) -> bytes | None:
        """Return the bytes of a tag, None where it is missing."""
        if tag not in self.values:
            return None
        kind, count, at = self.values[tag]
        self.file.seek(at)
        return self.file.read(count * _SIZES.get(kind, 0))

    def text(self, tag: int) -> str | None:
        """Return the text of a tag, None where it is missing or no text."""
        data = self.data(tag) if tag in self.values and self.values[tag].kind == _TEXT else None
        return None if data is None else data.rstrip(b"\0").decode("utf-8", "replace")


def header(file: BinaryIO) -> tuple[str, bool, int]:
    """Return the order of bytes, whether offsets are of 64 bits, and where the first directory begins."""
    file.seek(0)
    head = file.read(16)
    order, big = "<" if head[:1] == b"I" else ">", b"+" in head[2:4]
    (first,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
    return order, big, first


def entries(file: BinaryIO, at: int) -> tuple[int, int, int]:
    """Return how many tags a directory has, where they begin, and where the next directory begins."""
    order, big, _ = header(file)
    file.seek(at)
    size, entry = (8, 20) if big else (2, 12)
    number = int.from_bytes(_read(file, size), "little" if order == "<" else "big")
    file.seek(at + size + number * entry)
    following = file.read(8 if big else 4)
    return number, at + size, int.from_bytes(following, "little" if order == "<" else "big")


def read_tags(file: BinaryIO, at: int) -> Tags:
    """Return the tags of the directory that begins at this place of a file.

    Raises
    ------
    GlimpseError
        If they are cut off, or claim to be longer than their file: many may share the same bytes.
    """
    order, big, _ = header(file)
    number, start, following = entries(file, at)
    length = file.seek(0, io.SEEK_END)
    form, room = (order + "HHQ8s", 8) if big else (order + "HHI4s", 4)
    entry = struct.calcsize(form)
    if start + number * entry > length:
        raise GlimpseError("a damaged TIFF: its tags are cut off")
    file.seek(start)
    listed = file.read(number * entry)
    values, seen, total = dict[int, _Value](), Counter[int](), 0
    for k, (tag, kind, count, inline) in enumerate(struct.iter_unpack(form, listed)):
        seen[tag] += 1
        size = count * _SIZES.get(kind, 0)
        where = start + k * entry + entry - room
        if size > room:
            where = int.from_bytes(inline, "little" if order == "<" else "big")
            total += size
            if where + size > length:
                raise GlimpseError("a damaged TIFF: its tags are cut off")
        values.setdefault(tag, _Value(kind, count, where))
    if total > length + _SLACK:
        raise GlimpseError("a damaged TIFF: its tags claim more bytes than there are")
    return Tags(file, order, values, frozenset(tag for tag, many in seen.items() if many > 1), following)


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise GlimpseError("a damaged TIFF: its tags are cut off")
    return data


def exif_tags(exif: bytes) -> Tags | None:
    """Return the tags of EXIF, None of damaged EXIF."""
    file = io.BytesIO(exif.removeprefix(b"Exif\0\0"))
    try:
        return read_tags(file, header(file)[2])
    except (GlimpseError, struct.error):
        return None


def orientation(exif: bytes | None, xmp: bytes | None = None) -> int:
    """Return which way a picture lies by its EXIF, or else by its XMP: EXIF's number, or 1."""
    tags = exif_tags(exif) if exif else None
    if tags and _ORIENTATION in tags.values:
        try:
            return tags.numbers(_ORIENTATION, 1)[0]
        except GlimpseError:
            return 1
    told = _XMP_ORIENTATION.search(xmp or b"")
    return int(told[1]) if told else 1


def description(exif: bytes | None) -> str | None:
    """Return what EXIF says of the picture in words."""
    tags = exif_tags(exif) if exif else None
    return tags.text(DESCRIPTION) if tags else None
