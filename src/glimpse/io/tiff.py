"""The pages of a TIFF file by their tags: sizes, samples, tables from samples to levels. Decodes no pixel."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, Literal

import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from glimpse import limits
from glimpse.errors import GlimpseError
from glimpse.typing import Array

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, LAB = 0, 1, 2, 3, 5, 8
COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, 6: 3, LAB: 3}
_EXTRA_MOST = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 0}  # more channels are no picture
_NAMES = {WHITE_IS_ZERO: "grey", BLACK_IS_ZERO: "grey", RGB: "RGB", PALETTE: "palette", CMYK: "CMYK",
          6: "YCbCr", LAB: "Lab", 32803: "colour filter array", 32844: "LogL", 32845: "LogLuv"}  # fmt: skip
_FORMATS = {1: "", 2: "signed ", 3: "float ", 5: "complex ", 6: "complex "}
_ASSOCIATED, _ALPHA = 1, 2  # extra samples: the colours are multiplied by it, or not
_SUB_PAGES = 330
_TAGS = {
    254,
    255,
    256,
    257,
    258,
    259,
    262,
    266,
    273,
    274,
    277,
    278,
    279,
    284,
    320,
    322,
    323,
    324,
    325,
    338,
    339,
}


@dataclass(frozen=True)
class Page:
    """One page.

    Parameters
    ----------
    rows, cols : int
        As they lie in the file.
    bits : int
        Of a sample, the most of any channel.
    bands : int
        Samples of a pixel, extra ones included.
    kind : int
        1 whole numbers, 2 signed ones, 3 floating-point ones.
    photometric : int
        The meaning of the samples, by TIFF's number.
    extra : tuple of int or None
        The meaning of each sample beyond the colours, None where the file does not tell.
    planar : bool
        Whether each channel lies by itself.
    orientation : int
        EXIF's.
    reduced : bool
        Whether the page is marked as a smaller version of another.
    color_map : tuple of int
        Red of all indices, then green, then blue.
    profile : bytes or None
        The colour profile.
    segment : (int, int)
        Rows and columns of a strip or tile.
    is_tiled : bool
        Whether the segments are tiles.
    offsets : tuple of int
        Where they begin in the file.
    compression : int
        How they are compressed, 1 is not at all.
    is_raw : bool
        Whether they are neither compressed nor of turned bits.
    order : str
        ``<`` or ``>``, the order of the bytes of a number.
    last : bool
        Whether no other page follows.
    """

    rows: int
    cols: int
    bits: int
    bands: int
    kind: int
    photometric: int
    extra: tuple[int | None, ...]
    planar: bool
    orientation: int
    reduced: bool
    color_map: tuple[int, ...]
    profile: bytes | None
    segment: tuple[int, int]
    is_tiled: bool
    offsets: tuple[int, ...]
    compression: int
    is_raw: bool
    order: str
    last: bool

    @property
    def name(self) -> str:
        """The kind of the samples, for messages."""
        what = _NAMES.get(self.photometric, f"photometric {self.photometric}")
        packed = f", compression {self.compression}" if self.compression != 1 else ""
        return f"{self.bits}-bit {_FORMATS.get(self.kind, '')}samples ({what}, {self.bands} a pixel{packed})"

    @property
    def is_plain(self) -> bool:
        """Whether the samples are whole numbers of grey, RGB or a palette, with few extra ones."""
        most = _EXTRA_MOST.get(self.photometric)
        return self.kind == 1 and self.bits <= 16 and most is not None and len(self.extra) <= most

    @property
    def is_garbled(self) -> bool:
        """Whether Pillow opens such samples and takes them for others."""
        deep_cmyk = self.photometric == CMYK and self.bits == 16 and self.is_raw
        return self.planar and (deep_cmyk or self.photometric == LAB)

    @property
    def is_common(self) -> bool:
        """Whether Pillow keeps all bits of such samples, if it opens the file."""
        grey16 = self.bits == 16 and self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO)
        planes = self.planar and len(self.extra) > 0
        return (self.bits == 8 and not planes) or (self.bands == 1 and (self.bits in (1, 2, 4) or grey16))

    @property
    def is_known(self) -> bool:
        """Whether Pillow reads such samples, if of 16 bits of colour the upper half."""
        return self.is_common or (self.bits == 16 and self.photometric == RGB and not self.planar)

    @property
    def colours(self) -> int:
        """How many channels are no extra ones."""
        return COLOURS.get(self.photometric, self.bands)

    @property
    def alpha(self) -> bool:
        """Whether the first extra channel is alpha; old writers do not say so of the fourth of RGB."""
        return bool(self.extra) and (self.extra[0] in (_ASSOCIATED, _ALPHA, 999) or self.guessed)

    @property
    def guessed(self) -> bool:
        """Whether alpha is a guess."""
        return self.photometric == RGB and self.extra == (None,)

    @property
    def associated(self) -> bool:
        """Whether the colours are multiplied by alpha already."""
        return self.extra[:1] == (_ASSOCIATED,)

    @property
    def has_small_map(self) -> bool:
        """Whether the colour map is of levels to 255, which the format does not provide for."""
        return self.photometric == PALETTE and 0 < max(self.color_map, default=0) < 256

    def notes(self) -> tuple[str, ...]:
        """Notes on guesses, and on samples that are left out."""
        notes = ["its 4th channel, of no stated meaning, was taken for alpha"] if self.guessed else []
        first, last = self.colours + self.alpha + 1, self.bands
        if first <= last:
            these = f"channel {first}" if first == last else f"channels {first} to {last}"
            notes.append(f"{these} of {last}, of no stated meaning, left out")
        if self.has_small_map:
            notes.append("its colour map holds 8-bit levels, which were taken as such")
        return tuple(notes)

    def table(self) -> Array | None:
        """Return the level (uint8, uint16) of each sample, of a palette its colour; None for itself."""
        white = 2**self.bits - 1
        if self.photometric == PALETTE:
            # writers make 16 bits of 8 by 256 or by 257; the upper byte is right for both
            return (np.array(self.color_map).reshape(3, -1).T >> (0 if self.has_small_map else 8)).astype(
                np.uint8
            )
        scale, dtype = (255, np.uint8) if self.bits <= 8 else (65535, np.uint16)
        if self.photometric != WHITE_IS_ZERO and white == scale:
            return None
        levels: Array = np.rint(np.arange(white + 1) * (scale / white)).astype(dtype)
        return levels[::-1] if self.photometric == WHITE_IS_ZERO else levels


def is_tiff(head: bytes) -> bool:
    """Tell whether a file begins as a TIFF does."""
    return head[:4] in SIGNATURES


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
