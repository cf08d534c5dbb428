"""Pixels, what they mean and what to say of them, put together as a picture."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import ImageFile

from glimpse.io.color import GREY16, GREYS, conversion, meaning
from glimpse.io.decode_options import DecodeOptions
from glimpse.io.picture import Picture
from glimpse.io.pixels import Pixels
from glimpse.io.record import DESCRIPTION, KEYWORD
from glimpse.typing import Array


def converted(
    image: ImageFile.ImageFile,
    orientation: int,
    options: DecodeOptions,
    notes: tuple[str, ...],
    *,
    text: str | None = None,
    table: Array | None = None,
) -> Picture:
    """Return the picture of a loaded image."""
    color, lost = meaning(image, grey=image.mode in (*GREYS, *GREY16))
    convert, more = conversion(image, options.levels, table)
    return as_picture(Pixels(image, orientation, convert), color, text, notes + lost + more)


def frame_notes(options: DecodeOptions, *, more: bool) -> tuple[str, ...]:
    """Return a note where there are more frames and none was asked for."""
    return ("it has more than one frame; the first is used",) if more and not options.page else ()


def as_picture(
    pixels: Pixels, color: Mapping[str, bytes], text: str | None, notes: tuple[str, ...]
) -> Picture:
    """Return pixels as a picture."""
    return Picture(pixels, pixels.white, pixels.alpha, color, text, notes)


def comment_of(image: ImageFile.ImageFile) -> str | None:
    """Return the comment in the header of an opened picture, untrusted: that of a GIF, our chunk of a PNG."""
    if image.format in ("GIF", "PNG"):  # `text` of an APNG would decode every frame
        found = image.info.get("comment" if image.format == "GIF" else KEYWORD)
    else:
        try:
            found = image.getexif().get(DESCRIPTION)
        except Exception:  # damaged EXIF, for which Pillow raises several errors
            return None
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    return found if isinstance(found, str) else None


def one_line(error: BaseException) -> str:
    """Return what an error of a library says, in one short line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
