"""The pages of a TIFF file, found and told by their tags; no pixel is decoded."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from glimpse import limits
from glimpse.errors import GlimpseError
from glimpse.io.record import DESCRIPTION
from glimpse.io.tags import Tags, entries, header, orientation, read_tags
from glimpse.io.tiff import COLOURS, Page

_SUB_PAGES, _NODATA = 330, 42113
_TAGS = {254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 320, 322, 323, 324, 325,
         338, 339}  # fmt: skip


def read_page(file: BinaryIO) -> Page:
    """Return the first page of a file."""
    return _page(file, read_tags(file, header(file)[2]))


def at_page(file: BinaryIO, number: int) -> BinaryIO:
    """Return the file as one whose first page is that of this number, from 1.

    The pages are numbered along their chain; the pages within the first one follow.

    Raises
    ------
    GlimpseError
        If the file has fewer pages.
    """
    if number == 1:
        return file
    found, error = _walked_to(file, number)
    if len(found) < number:
        raise error or GlimpseError(f"it has no page {number}, but {len(found)}")
    return _Redirected(file, found[number - 1])  # type: ignore[return-value]


def _walked_to(file: BinaryIO, number: int) -> _Walk:
    """The pages as far as one of this number, and the error that ended the walk."""
    try:
        status = os.fstat(file.fileno())
        identity: Any = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    except OSError:  # no file of the system
        identity = None
    found, error, whole = _last.get(identity, ([], None, False))
    if len(found) < number and not whole:
        found, error = [], None
        try:  # twice as far: a walk for each of many pages would square the work
            found.extend(islice(_places(file), 2 * number))
        except GlimpseError as fault:
            error = fault
        _last.clear()
        if identity:
            _last[identity] = found, error, len(found) < 2 * number
    return found, error


_Walk: TypeAlias = tuple[list[int], GlimpseError | None]
_last: dict[
    Any, tuple[list[int], GlimpseError | None, bool]
] = {}  # of the file whose page was looked for last


class Level(NamedTuple):
    """A version of a picture that is `scale` times smaller; its directory lies at `place`."""

    rows: int
    cols: int
    scale: int
    place: int

    def at(self, file: BinaryIO) -> BinaryIO:
        """Return the file as one that begins with this version."""
        return file if self.scale == 1 else _Redirected(file, self.place)  # type: ignore[return-value]


def levels(file: BinaryIO) -> list[Level]:
    """Return the first page of a file and its smaller versions, the largest first.

    They are the pages, of the chain and within the first one, that are as large divided by a whole number.
    """
    found: dict[int, Level] = {}
    for place in _places(file):
        tags = read_tags(file, place)
        rows, cols = max(tags.number(257, 0), 1), max(tags.number(256, 0), 1)
        full = found[1] if found else Level(rows, cols, 1, place)
        scale = round(full.rows / rows)
        alike = all(abs(most - scale * few) < scale for most, few in ((full.rows, rows), (full.cols, cols)))
        if scale >= 1 and alike and scale not in found:
            found[scale] = Level(rows, cols, scale, place)
    return [found[scale] for scale in sorted(found)]


def page_numbers(file: BinaryIO) -> list[int]:
    """Return the numbers of the pages of a file that are no smaller versions of the first."""
    smaller = {level.place for level in levels(file) if level.scale > 1}
    return [number for number, place in enumerate(_places(file), 1) if place not in smaller]


def thumbnail_note(file: BinaryIO, first: Page) -> tuple[str, ...]:
    """Return a note where the first page is marked as a smaller version of another page."""
    if not first.reduced:
        return ()
    sizes = []
    for at in _places(file):
        tags = read_tags(file, at)
        sizes.append((tags.number(257, 0), tags.number(256, 0)))
    largest = max(range(len(sizes)), key=lambda k: sizes[k][0] * sizes[k][1])
    rows, cols = sizes[largest]
    where = f"; page {largest + 1} has {rows} x {cols} pixels (--page {largest + 1})" if largest else ""
    return (f"its first page is marked as a reduced picture{where}",)


def _places(file: BinaryIO) -> Iterator[int]:
    """Where the directory of each page begins: along the chain, then those within the first."""
    _, _, first = header(file)
    length = file.seek(0, io.SEEK_END)
    waiting, seen, total = [first], {0}, 0
    while waiting and len(seen) <= limits.PAGES:
        if (at := waiting.pop(0)) in seen:
            continue
        number, _, following = entries(file, at)
        total += 12 * number
        if total > length:
            raise GlimpseError("a damaged TIFF: its pages lie upon each other")
        within = () if len(seen) > 1 else read_tags(file, at).numbers(_SUB_PAGES, limits.PAGES)
        waiting = [following, *waiting, *within]
        seen.add(at)
        yield at


def _page(file: BinaryIO, tags: Tags) -> Page:
    number = tags.number
    if doubled := sorted(tags.twice & _TAGS):
        raise GlimpseError(f"a damaged TIFF: its tag {doubled[0]} stands there twice")
    rows, cols, photometric = number(257, 0), number(256, 0), number(262, 0)
    bands, colours = number(277, 3 if number(259, 1) == 6 else 1), COLOURS.get(photometric)
    beyond = bands - (colours or bands)
    if min(rows, cols) < 1:
        raise GlimpseError("a damaged TIFF: it says no size")
    if bands >= 1 << 16:
        raise GlimpseError("a damaged TIFF: it says more samples a pixel than the format has")
    tiled = 322 in tags.values
    segment = (number(323, rows), number(322, cols)) if tiled else (min(number(278, rows), rows), cols)
    tall, wide = max(1, segment[0]), max(1, segment[1])
    planar = number(284, 1) == 2
    needed = -(-rows // tall) * -(-cols // wide) * (bands if planar else 1)
    offsets, counts = (tags.numbers(tag, needed) for tag in ((324, 325) if tiled else (273, 279)))
    return Page(
        rows=rows,
        cols=cols,
        bits=number(258, 1),
        bands=bands,
        kind=number(339, 1),
        photometric=photometric,
        extra=(*tags.numbers(338, 1 << 10), *[None] * beyond)[: max(beyond, 0)],
        planar=planar,
        orientation=number(274, 1) if 274 in tags.values else orientation(None, tags.data(700)),
        reduced=bool(number(254, 0) & 1) or number(255, 1) == 2,
        color_map=tags.numbers(320, 3 << 16),
        profile=tags.data(34675),
        segment=(tall, wide),
        is_tiled=tiled,
        needed=needed,
        surplus=tags.values[324 if tiled else 273].many > needed if offsets else False,
        offsets=offsets,
        counts=counts,
        compression=number(259, 1),
        is_raw=number(259, 1) == 1 and number(266, 1) == 1,
        order=tags.order,
        last=not tags.next,
        description=tags.text(DESCRIPTION),
        predictor=number(317, 1),
        turned_bits=number(266, 1) != 1,
        tables=tags.data(347),
        nodata=tags.text(_NODATA),
    )


class _Redirected(io.RawIOBase):
    """A TIFF file that begins with another of its pages: its header is all that differs."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        order, big, _ = header(file)
        file.seek(0)
        self._head = file.read(8 if big else 4) + struct.pack(order + ("Q" if big else "I"), offset)
        self._file, self.under = file, getattr(file, "under", file)
        file.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        at = self._file.tell()
        data = self._file.read(size)
        return self._head[at : at + len(data)] + data[max(len(self._head) - at, 0) :]
