"""A GIF that is read: its frames, and each as it stands on the screen, with nothing where none has drawn."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from PIL import Image

from glimpse.errors import GlimpseError
from glimpse.io.pillow_patches import load

_CLEARED, _RESTORED = 2, 3  # what becomes of a frame before the next one


class Frame(NamedTuple):
    """A frame: its place, what becomes of it, its transparent index and delay, where it lies in the file."""

    left: int
    top: int
    cols: int
    rows: int
    disposal: int
    transparent: int | None
    delay: int  # hundredths of a second
    start: int
    stop: int


@dataclass(frozen=True)
class Gif:
    """The frames of a file, as far as they were looked for.

    Parameters
    ----------
    rows, cols : int
        Of the screen; the first frame makes a smaller one larger.
    palette : bytes
        The colours of the frames that have none of their own.
    flags : int
        Of the header, which tell how long the palette is.
    comment : str or None
        What stands before the first frame.
    frames : tuple of Frame
        In their order.
    """

    rows: int
    cols: int
    palette: bytes
    flags: int
    comment: str | None
    frames: tuple[Frame, ...]

    @property
    def is_covered(self) -> bool:
        """Whether the first frame draws on all of the screen."""
        return (self.frames[0].rows, self.frames[0].cols) == (self.rows, self.cols)


def read_gif(file: BinaryIO, most: int) -> Gif:
    """Return the first frames of a file, at most so many; no pixel is decoded."""
    file.seek(0)
    data = file.read()
    if len(data) < 13:
        raise GlimpseError("a damaged GIF")
    cols, rows, flags = struct.unpack("<HHB", data[6:11])
    at = 13 + _palette_size(flags)
    palette, frames, comments = data[13:at], list[Frame](), list[bytes]()
    disposal, transparent, delay = 0, None, 0
    while at < len(data) and len(frames) < most:
        kind, at = data[at], at + 1
        if kind == 0x21 and at < len(data):  # an extension
            label, at = data[at], at + 1
            if label == 0xF9 and len(data) > at + 4:
                disposal = data[at + 1] >> 2 & 7
                (delay,) = struct.unpack_from("<H", data, at + 2)
                transparent = data[at + 4] if data[at + 1] & 1 else None
            begin, at = at, _after_blocks(data, at)
            if label == 0xFE and not frames:
                comments.append(b"".join(_blocks(data[begin:at])))
        elif kind == 0x2C:  # a frame
            if len(data) < at + 10:
                break
            left, top, wide, tall, own = struct.unpack("<HHHHB", data[at : at + 9])
            start, at = at, _after_blocks(data, at + 10 + _palette_size(own))
            frames.append(Frame(left, top, wide, tall, disposal, transparent, delay, start, at))
            disposal, transparent, delay = 0, None, 0
        elif kind == 0x3B:
            break
    if not frames:
        raise GlimpseError("a damaged GIF: it has no frame")
    rows, cols = max(rows, frames[0].top + frames[0].rows), max(cols, frames[0].left + frames[0].cols)
    comment = b"\n".join(comments).decode("utf-8", "replace") or None
    return Gif(rows, cols, palette, flags, comment, tuple(frames))


def _palette_size(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    """The place behind a row of blocks, each of which begins with its length."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return min(at + 1, len(data))


def _blocks(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data) and data[at]:
        found.append(data[at + 1 : at + 1 + data[at]])
        at += data[at] + 1
    return found


def screens(gif: Gif, file: BinaryIO) -> Iterator[Image.Image]:
    """Yield the screen while each frame is shown: RGBA, the same one changed for the next frame."""
    canvas = Image.new("RGBA", (gif.cols, gif.rows))
    for each in gif.frames:
        box = (each.left, each.top, each.left + each.cols, each.top + each.rows)
        before = canvas.crop(box) if each.disposal == _RESTORED else None
        drawn = _alone(gif, each, file)
        canvas.paste(drawn, box[:2], drawn)
        yield canvas
        if each.disposal == _CLEARED:
            canvas.paste((0, 0, 0, 0), box)
        elif before:
            canvas.paste(before, box[:2])


def seen(screen: Image.Image) -> Image.Image:
    """Return a screen as a picture of its own: RGB, or RGBA where something is transparent."""
    opaque = screen.getchannel("A").getextrema() == (255, 255)
    return screen.convert("RGB") if opaque else screen.copy()


def _alone(gif: Gif, each: Frame, file: BinaryIO) -> Image.Image:
    """One frame by itself."""
    file.seek(each.start + 8)
    rest = file.read(each.stop - each.start - 8)
    size = struct.pack("<HH", each.cols, each.rows)
    index = each.transparent
    control = b"" if index is None else b"!\xf9\4\1\0\0" + bytes([index]) + b"\0"
    head = b"GIF89a" + size + bytes([gif.flags, 0, 0]) + gif.palette + control
    data = head + b",\0\0\0\0" + size + rest + b";"
    with Image.open(io.BytesIO(data), formats=["GIF"]) as image:
        return load(image).convert("RGBA")
