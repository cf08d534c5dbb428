"""How files are to be decoded; a value that travels with the work, to threads and other machines."""

from __future__ import annotations

from typing import NamedTuple

from glimpse.limits import MAX_PIXELS


class DecodeOptions(NamedTuple):
    """The options of a user for the decoding of files.

    Parameters
    ----------
    levels : (float, float) or None
        The levels of black and white in a file of floating-point or 32-bit numbers.
    max_pixels : int
        Most pixels of an image, or of the canvas that a record names.
    page : int or None
        Which page or frame, from 1; None is the first, with a note where others follow.
    """

    levels: tuple[float, float] | None = None
    max_pixels: int = MAX_PIXELS
    page: int | None = None


DEFAULT = DecodeOptions()
"""The options that hold where none are given."""
