"""The pages of a TIFF file, found and told by their tags; no pixel is decoded."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, Literal

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from glimpse import limits
from glimpse.errors import GlimpseError
from glimpse.io.record import DESCRIPTION
from glimpse.io.tiff import COLOURS, Page

_SUB_PAGES = 330
_TAGS = {254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 320, 322, 323, 324, 325,
         338, 339}  # fmt: skip


def read_page(file: BinaryIO) -> Page:
    """Return the first page of a file."""
    return _page(next(_directories(file)))


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
    found = list(islice(_directories(file), number))
    if len(found) < number:
        raise GlimpseError(f"it has no page {number}, but {len(found)}")
    return _Redirected(file, found[-1].offset)  # type: ignore[return-value]


def thumbnail_note(file: BinaryIO, first: Page) -> tuple[str, ...]:
    """Return a note where the first page is marked as a smaller version of another page."""
    if not first.reduced:
        return ()
    pages = [_page(tags) for tags in islice(_directories(file), limits.PAGES)]
    largest = max(range(len(pages)), key=lambda k: pages[k].rows * pages[k].cols)
    rows, cols = pages[largest].rows, pages[largest].cols
    where = f"; page {largest + 1} has {rows} x {cols} pixels (--page {largest + 1})" if largest else ""
    return (f"its first page is marked as a reduced picture{where}",)


def _directories(file: BinaryIO) -> Iterator[Any]:
    """The tags of the pages along the chain, then of the pages within the first."""
    head = _header(file)
    waiting: list[int] = [ImageFileDirectory_v2(head).next]
    seen = {0}
    while waiting and len(seen) <= limits.PAGES:
        if (at := waiting.pop(0)) in seen:
            continue
        tags = _tags(file, head, at)
        within = tags.get(_SUB_PAGES, ()) if len(seen) == 1 else ()
        waiting = [tags.next, *waiting, *(within if isinstance(within, tuple) else (within,))]
        seen.add(at)
        yield tags


def _tags(file: BinaryIO, head: bytes, at: int) -> Any:
    """The tags at this place, all that are listed there: Pillow passes over those that are cut off."""
    count, entry = (8, 20) if _is_big(head) else (2, 12)
    order: Literal["little", "big"] = "little" if head[:1] == b"I" else "big"
    file.seek(at)
    number = int.from_bytes(file.read(count), order)
    listed = file.read(number * entry)
    tags: Any = ImageFileDirectory_v2(head)
    file.seek(at)
    tags.load(file)
    names = {int.from_bytes(listed[k : k + 2], order) for k in range(0, number * entry, entry)}
    if len(listed) < number * entry or any(name not in tags for name in names & _TAGS):
        raise GlimpseError("a damaged TIFF: its tags are cut off")
    return tags


def _header(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(16)
    return head if _is_big(head) else head[:8]


def _is_big(head: bytes) -> bool:
    """Whether offsets are of 64 bits."""
    return b"+" in head[2:4]


def _number(tags: Any, tag: int, default: int) -> int:
    value = tags.get(tag, default)
    value = max(value) if isinstance(value, tuple) and value else value
    if not isinstance(value, int):
        raise GlimpseError(f"a damaged TIFF: its tag {tag} is no number")
    return value


def _page(tags: Any) -> Page:
    number = partial(_number, tags)
    rows, cols, photometric = number(257, 0), number(256, 0), number(262, 0)
    bands, colours = number(277, 3 if number(259, 1) == 6 else 1), COLOURS.get(photometric)
    extra = tags.get(338, ())
    extra = extra if isinstance(extra, tuple) else (extra,)
    beyond = bands - (colours or bands)
    if min(rows, cols) < 1:
        raise GlimpseError("a damaged TIFF: it says no size")
    strip = max(1, min(number(278, rows), rows)), cols
    return Page(
        rows=rows,
        cols=cols,
        bits=number(258, 1),
        bands=bands,
        kind=number(339, 1),
        photometric=photometric,
        extra=(*extra, *[None] * beyond)[: max(beyond, 0)],
        planar=number(284, 1) == 2,
        orientation=number(274, 1),
        reduced=bool(number(254, 0) & 1) or number(255, 1) == 2,
        color_map=tuple(tags.get(320, ())),
        profile=tags.get(34675),
        segment=(max(1, number(323, rows)), max(1, number(322, cols))) if 322 in tags else strip,
        is_tiled=322 in tags,
        offsets=tuple(tags.get(324 if 322 in tags else 273, ())),
        compression=number(259, 1),
        is_raw=number(259, 1) == 1 and number(266, 1) == 1,
        order="<" if tags.prefix == b"II" else ">",
        last=not tags.next,
        description=tags.get(DESCRIPTION),
    )


class _Redirected(io.RawIOBase):
    """A TIFF file that begins with another of its pages: its header is all that differs."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        head, self._file = _header(file), file
        order, size = "<" if head[:1] == b"I" else ">", "Q" if _is_big(head) else "I"
        self._head = head[: len(head) // 2] + struct.pack(order + size, offset)
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
