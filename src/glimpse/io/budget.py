"""The memory and work of a decoder, told from the header, and refused where they are too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL import ImageFile

from glimpse.errors import GlimpseError
from glimpse.io.avif import held_pixels
from glimpse.limits import DECODER_BYTES, SCANS
from glimpse.validation import check_pixels

if TYPE_CHECKING:
    from glimpse.io.tiff import Page

_PIECE = 1 << 20
_SCAN = b"\xff\xda"
_JPEG_IN_TIFF = (6, 7)  # compressions


def check_image(image: ImageFile.ImageFile, file: BinaryIO, max_pixels: int, *, deep: bool) -> None:
    """Refuse an image that would take more than so many plain pixels do.

    Parameters
    ----------
    image : ImageFile
        Opened, not decoded.
    file : binary file
        The same file.
    max_pixels : int
        Most pixels of a plain image.
    deep : bool
        Whether its 16-bit colours will be kept.

    Raises
    ------
    GlimpseError
        If it would; the message names the number.
    """
    kind = "16-bit colour" if deep else _kind(image)
    held = DECODER_BYTES[kind] * image.width * image.height
    if kind == "AVIF":
        held += DECODER_BYTES["pixel within an AVIF"] * held_pixels(file)
    work = held / (DECODER_BYTES["plain"] * image.width * image.height)
    check_pixels(image.height, image.width, max_pixels, work, kind)
    if "progressive" in kind:
        _check_scans(_count(file, _SCAN), image.width * image.height, max_pixels)
    # in smaller pieces a row of millions of pixels would be put together again and again
    image.decodermaxblock = max(ImageFile.MAXBLOCK, 8 * image.width)


def check_page(page: Page, file: BinaryIO, max_pixels: int, *, deep: bool) -> None:
    """Refuse a page of a TIFF that would take more than so many plain pixels do, its strips and tiles too."""
    pixels, (tall, wide) = page.rows * page.cols, page.segment
    check_pixels(page.rows, page.cols, max_pixels)
    held = (DECODER_BYTES["16-bit colour"] if deep else 4) * pixels
    jpeg = page.compression in _JPEG_IN_TIFF
    whole = tall * wide * max(4, page.bands * page.bits // 8) * (3 if jpeg else 1)
    kind = f"TIFF in {'tiles' if page.is_tiled else 'strips'} of {tall} x {wide}"
    work = (held + whole) / (DECODER_BYTES["plain"] * max(pixels, 1))
    check_pixels(page.rows, page.cols, max_pixels, work, kind)
    if jpeg:
        more = max(0, _count(file, _SCAN) - len(page.offsets))
        _check_scans(more, min(tall, page.rows) * min(wide, page.cols), max_pixels)


def _kind(image: ImageFile.ImageFile) -> str:
    if image.format in ("WEBP", "AVIF"):
        return {"WEBP": "WebP"}.get(image.format, image.format)
    if image.info.get("progressive") or image.info.get("progression"):
        return "progressive CMYK JPEG" if image.mode == "CMYK" else "progressive JPEG"
    return "plain"


def _check_scans(count: int, pixels: int, max_pixels: int) -> None:
    if count * pixels > SCANS * max_pixels:
        raise GlimpseError(
            f"{count} scans of {pixels} pixels are more work than {SCANS} of {max_pixels}; "
            "--max-pixels raises the limit"
        )


def _count(file: BinaryIO, marker: bytes) -> int:
    """How often a marker of JPEG stands in a file; among the pixels it never does by chance."""
    here = file.tell()
    file.seek(0)
    found, end = 0, b""
    while piece := file.read(_PIECE):
        found += (end + piece).count(marker)
        end = piece[-1:]
    file.seek(here)
    return found
