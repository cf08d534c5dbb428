"""The memory and the work of a decoder, told from the header before it starts, and refused where too much.

The one place that weighs a picture: the page that is asked for and all that is decoded on the way to it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from glimpse.errors import GlimpseError
from glimpse.limits import MAX_PIXELS
from glimpse.validation import check_pixels

if TYPE_CHECKING:
    from glimpse.io.avif import Avif
    from glimpse.io.bmp import Bmp
    from glimpse.io.gif_input import Gif
    from glimpse.io.jpeg import Head
    from glimpse.io.png_input import Png
    from glimpse.io.tiff import Page


class Cost(NamedTuple):
    """The cost of one pixel: bytes that are held at once, nanoseconds of CPU."""

    held: float
    work: float


MOST = Cost(5, 40)
"""The cost that each of the most pixels may have: a picture of a costlier kind has as many times fewer."""

COSTS = {
    "plain": Cost(5, 20),
    "interlaced PNG": Cost(5, 30),
    "16-bit colour": Cost(12, 40),
    "frame of APNG": Cost(8, 20),
    "JPEG": Cost(4, 20),
    "coefficient of JPEG": Cost(2, 1),
    "scan of JPEG": Cost(0, 2),
    "screen of GIF": Cost(10, 20),
    "frame of GIF": Cost(8, 15),
    "WebP": Cost(15, 30),
    "AVIF": Cost(12, 20),
    "pixel within an AVIF": Cost(6, 40),
    "BMP in runs": Cost(2, 10),
    "BMP with masks": Cost(5, 15),
    "sample as text": Cost(8, 40),
    "TIFF": Cost(4, 20),
    "TIFF in samples": Cost(1, 10),
    "sample of TIFF": Cost(2, 5),
    "byte of a strip": Cost(1, 0),
    "strip or tile": Cost(400, 60_000),
    "frame that is written": Cost(15, 110),
    "page with its patch": Cost(0, 1_000_000),
    "page opened anew": Cost(0, 1_000_000),
}
"""Measured by `python tests/bench/decoders.py`, rounded up. Every frame on the way to a page counts;
what lies "within" a file is decoded whole, whatever its header says."""


Part = tuple[str, float, float]
"""A row of `COSTS`, how many of it are held at once, and how many are worked on."""


def check(rows: int, cols: int, max_pixels: int, kind: str, *parts: Part) -> None:
    """Refuse a picture whose parts take more than so many plain pixels do.

    Raises
    ------
    GlimpseError
        If they do; the message names the number that would be enough.
    """
    pixels = max(rows * cols, 1)
    held = sum(COSTS[name].held * count for name, count, _ in parts)
    work = sum(COSTS[name].work * count for name, _, count in parts)
    check_pixels(rows, cols, max_pixels, max(held / MOST.held, work / MOST.work) / pixels, kind)
    if total := _total.get():
        total.spend(work, max_pixels)


class Total:
    """The work for all pages that are read of one file, each of which is weighed for itself too.

    Parameters
    ----------
    size : int
        Bytes of the file: each full MiB of a larger one may take as much as a small file.
    shares : int
        How many share the work, who do not know of one another: this is for one of them.
    """

    def __init__(self, size: int, shares: int = 1) -> None:
        self._most, self._spent = MOST.work * max(1.0, size / (1 << 20)) / shares, 0.0
        self._is_share = shares > 1

    @contextmanager
    def counted(self, max_pixels: int, kind: str = "page with its patch") -> Iterator[None]:
        """Count a page, and what is weighed in a block; `kind` is a row of `COSTS`.

        Raises
        ------
        GlimpseError
            If the pages together take longer than the largest picture.
        """
        self.spend(COSTS[kind].work, max_pixels)
        token = _total.set(self)
        try:
            yield
        finally:
            _total.reset(token)

    def spend(self, work: float, max_pixels: int) -> None:
        """Count nanoseconds of work, as `counted` does; a file's last page may go beyond, a share may not."""
        spent = self._spent + work * self._is_share
        if spent > self._most * max(max_pixels, MAX_PIXELS):
            raise GlimpseError(
                "the pages asked for take longer than the largest picture may; name fewer pages, or raise "
                "--max-pixels"
            )
        self._spent += work


_total: ContextVar[Total | None] = ContextVar("total", default=None)


def affordable(check: Callable[..., None], pages: Sequence[int], max_pixels: int) -> Iterator[int]:
    """Return the pages, which rise, that are within the limit; one beyond it is refused in its turn.

    Raises
    ------
    GlimpseError
        If no page is within it.
    """
    few, many = 0, len(pages)
    while few < many:
        middle = (few + many + 1) // 2
        try:
            check(page=pages[middle - 1], max_pixels=max_pixels)
            few = middle
        except GlimpseError:
            many = middle - 1

    def refused() -> Iterator[int]:
        for page in pages[few : few + 1]:
            check(page=page, max_pixels=max_pixels)
            yield page

    if not few:
        check(page=pages[0], max_pixels=max_pixels)
    return chain(pages[:few], refused()) if few < len(pages) else iter(pages)


def check_plain(rows: int, cols: int, max_pixels: int) -> None:
    """Weigh a picture of a kind that takes no more than others."""
    check(rows, cols, max_pixels, "plain kind", ("plain", rows * cols, rows * cols))


def check_ppm(rows: int, cols: int, max_pixels: int, *, samples: int, plain: bool) -> None:
    """Weigh a PPM of so many samples, which are text where it is a plain one."""
    parts: list[Part] = [("plain", rows * cols, rows * cols)]
    parts += [("sample as text", samples, samples)] if plain else []
    check(rows, cols, max_pixels, "PPM in text" if plain else "PPM", *parts)


def check_png(png: Png, page: int, max_pixels: int, *, deep: bool) -> None:
    """Weigh a PNG, or an APNG up to a page; `deep` where 16 bits of its colours will be kept."""
    pixels, kind = png.rows * png.cols, "interlaced PNG" if png.interlaced else "plain"
    kind = "16-bit colour" if deep else kind
    frames = min(page, len(png.frames) + 1) - 1
    check(png.rows, png.cols, max_pixels, "PNG" if frames or kind == "plain" else kind,
          (kind, pixels, pixels), ("frame of APNG", pixels * (frames > 0), pixels * frames))  # fmt: skip


def check_jpeg(head: Head, max_pixels: int) -> None:
    """Weigh a JPEG, all of whose coefficients are held where they come in several scans."""
    pixels, kind = head.rows * head.cols, "JPEG"
    parts: list[Part] = [("JPEG", pixels, pixels)]
    if head.progressive or head.scans > 1:
        kind = "progressive JPEG" if head.progressive else f"JPEG in {head.scans} scans"
        samples = head.samples * pixels
        parts += [("coefficient of JPEG", samples, samples), ("scan of JPEG", pixels, head.scans * pixels)]
    check(head.rows, head.cols, max_pixels, kind, *parts)


def check_gif(gif: Gif, page: int, max_pixels: int) -> None:
    """Weigh a GIF up to a page: the screen, and each frame whether it lies on the screen or not."""
    pixels, frames = gif.rows * gif.cols, [each.rows * each.cols for each in gif.frames[:page]]
    if page == 1 and gif.is_covered:
        check(gif.rows, gif.cols, max_pixels, "GIF", ("plain", pixels, pixels))
        return
    check(gif.rows, gif.cols, max_pixels, f"GIF of {len(frames)} frames" if page > 1 else "GIF",
          ("screen of GIF", pixels, pixels), ("frame of GIF", max(frames), sum(frames)))  # fmt: skip


def check_webp(file: BinaryIO, page: int, max_pixels: int) -> None:
    """Weigh a WebP up to a page: every frame is made as large as the whole."""
    file.seek(0)
    head = file.read(30).ljust(30, b"\0")
    if head[12:16] == b"VP8X":
        cols, rows = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif head[12:16] == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        cols, rows = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif head[12:16] == b"VP8 " and head[23:26] == b"\x9d\1\x2a":
        cols, rows = (size & 0x3FFF for size in struct.unpack_from("<HH", head, 26))
    else:
        raise GlimpseError("a damaged WebP")
    check(rows, cols, max_pixels, "WebP", ("WebP", rows * cols, page * rows * cols))


def check_avif(avif: Avif, max_pixels: int) -> None:
    """Weigh an AVIF, and the frames within it, which may be larger than it says."""
    pixels = avif.rows * avif.cols
    parts = ("AVIF", pixels, pixels), ("pixel within an AVIF", avif.held, avif.decoded)
    check(avif.rows, avif.cols, max_pixels, "AVIF", *parts)


def check_bmp(bmp: Bmp, max_pixels: int) -> None:
    """Weigh a BMP."""
    kind = "BMP in runs" if bmp.is_runs else "BMP with masks" if bmp.masks else "plain"
    check(bmp.rows, bmp.cols, max_pixels, "BMP", (kind, bmp.rows * bmp.cols, bmp.rows * bmp.cols))


def check_page(page: Page, file: BinaryIO, max_pixels: int, *, samples: bool) -> None:
    """Weigh a page of a TIFF, with the strip or tile that is unpacked; `samples` where all bits are kept."""
    pixels, (tall, wide) = page.rows * page.cols, page.segment
    scans = 0
    if page.is_jpeg:
        scans = max(0, _count(file, b"\xff\xda") - len(page.offsets))
    depth = 1 if page.bits <= 8 else 2
    parts: list[Part] = [("TIFF in samples" if samples else "TIFF", pixels, pixels)]
    parts += [("sample of TIFF", pixels * page.bands * depth / 2 * samples, pixels * page.bands * samples)]
    # a JPEG is unpacked with its coefficients
    whole = tall * wide * max(4, page.bands * page.bits // 8) * (3 if page.is_jpeg else 1)
    parts += [("byte of a strip", whole, 0), ("strip or tile", page.needed, page.needed)]
    parts += [("scan of JPEG", 0, scans * min(tall, page.rows) * min(wide, page.cols))]
    kind = f"TIFF in {'tiles' if page.is_tiled else 'strips'} of {tall} x {wide}"
    check(page.rows, page.cols, max_pixels, kind, *parts)


def check_region(page: Page, max_pixels: int) -> None:
    """Weigh a page of a TIFF whose parts are read: the segments that are held while one is unpacked."""
    (tall, wide), size = page.segment, page.bands * page.bits // 8
    parts = ("byte of a strip", (2 * wide + min(page.cols + wide, page.cols * 2)) * tall * size, 0)
    kind = f"TIFF in {'tiles' if page.is_tiled else 'strips'} of {tall} x {wide}"
    check(tall, wide, max_pixels, kind, parts, ("strip or tile", page.needed, 0))


def most_frames(max_pixels: int) -> int:
    """Return the most pixels of all frames of an animation that is written: they are held to its end."""
    cost = COSTS["frame that is written"]
    return int(max_pixels / max(cost.held / MOST.held, cost.work / MOST.work))


def _count(file: BinaryIO, marker: bytes) -> int:
    """How often a marker of JPEG stands in a file; among the pixels it never does by chance."""
    file.seek(0)
    found, end = 0, b""
    while piece := file.read(1 << 20):
        found += (end + piece).count(marker)
        end = piece[-1:]
    return found
