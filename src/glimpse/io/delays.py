"""How long each frame of an animation stands, out of the headers of its frames; no pixel is decoded."""

from __future__ import annotations

from fractions import Fraction
from typing import BinaryIO

from glimpse import limits
from glimpse.io.gif_input import read_gif
from glimpse.io.png import SIGNATURE
from glimpse.io.png_input import read_png
from glimpse.io.webp_input import frame_delays

_SHOWN = 100  # milliseconds for which browsers show a frame that says 10 or fewer


def delays(file: BinaryIO) -> list[Fraction]:
    """Return the milliseconds of each frame of a GIF, WebP or APNG as browsers show it, else nothing.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> Image.new("L", (3, 2)).save(file := io.BytesIO(), "PNG")
    >>> delays(file)
    []
    """
    file.seek(0)
    head = file.read(16)
    found: list[Fraction] = []
    if head[:4] == b"GIF8":
        found = [Fraction(10 * frame.delay) for frame in read_gif(file, limits.PAGES).frames]
    elif head[:8] == SIGNATURE:
        found = [Fraction(1000 * parts, whole or 100) for parts, whole in read_png(file).delays]
    elif head[8:15] == b"WEBPVP8":
        found = [Fraction(each) for each in frame_delays(file)]
    return [each if each > 10 else Fraction(_SHOWN) for each in found]
