"""A decoded still: its pixels, converted where somebody looks, and their meaning; what a user says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glimpse.levels import to_levels, unpremultiply
from glimpse.limits import MAX_PIXELS

# EXIF orientation: (transpose, then flip rows, flip columns) makes the picture upright
_TURNS = {
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
_STRIP = 256  # rows that are converted at once where all are wanted


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
    exif : {"apply", "ignore"}
        Whether pictures are turned as their EXIF says, or taken as they are stored.
    level : int, "auto" or None
        Which of the smaller versions of a TIFF, 0 is the picture itself; "auto" is the smallest that the
        caller of `decode` allows.
    nodata : bool
        Whether pixels that a TIFF says to hold no data become transparent.
    linear : bool
        Whether light is filtered, and not levels.
    labels : bool
        Whether pixels are labels: a palette's indices are kept, and the palette beside them.
    signals : bool
        Whether samples along one axis are taken too, as a picture of one row.
    column : str or None
        Which column of a CSV file is the signal, by its name or its number from 1.
    """

    levels: tuple[float, float] | None = None
    max_pixels: int = MAX_PIXELS
    page: int | None = None
    exif: str = "apply"
    level: int | Literal["auto"] | None = None
    nodata: bool = False
    linear: bool = False
    labels: bool = False
    signals: bool = False
    column: str | None = None

    def at(self, page: int | None) -> DecodeOptions:
        """Return the same for another page, or for the same one."""
        return self if page is None else self._replace(page=page)


DEFAULT = DecodeOptions()
"""The options that hold where none are given."""


@dataclass(frozen=True)
class Picture:
    """A decoded still.

    Parameters
    ----------
    pixels : array_like, shape (A, B) or (A, B, C)
        Upright; an ndarray, or `Pixels`, which slices like one.
    white : int
        The level of white, 255 or 65535.
    alpha : bool
        Whether the last channel is alpha and the others are multiplied by it.
    color : mapping
        The meaning of the levels: ``icc_profile``, or PNG's chunks ``gAMA``, ``cHRM``, ``sRGB``.
    text : str or None
        The record, unparsed.
    notes : tuple of str
        Facts for the user: a conversion, or a part that was left out.
    exact : bool
        Whether these are the floating-point numbers of an NPY file.
    scale : int
        How many times smaller than the file the pixels were decoded.
    full : (int, int) or None
        Rows and columns of the file, where the pixels are fewer.
    labels : bool
        Whether the pixels are labels, of which no mean may be taken.
    palette : bytes
        Red, green and blue of each label by turns, where the file has a palette.
    signal : bool
        Whether the one row of pixels is a signal.
    """

    pixels: Any
    white: int = 255
    alpha: bool = False
    color: Mapping[str, bytes] = field(default_factory=dict)
    text: str | None = None
    notes: tuple[str, ...] = ()
    exact: bool = False
    scale: int = 1
    full: tuple[int, int] | None = None
    labels: bool = False
    palette: bytes = b""
    signal: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the file."""
        return self.full or (self.pixels.shape[0], self.pixels.shape[1])

    @property
    def channel_axis(self) -> int | None:
        """The axis of the channels, None for grey."""
        return 2 if self.pixels.ndim == 3 else None


class Pixels:
    """The pixels of an image, upright, converted to arrays only where they are sliced.

    Slices like an array of shape (A, B) or (A, B, C). Colours come multiplied by their alpha, as
    float32; without alpha they are the levels themselves.

    Parameters
    ----------
    image : Image, ndarray, or anything that has a shape and slices like one
        As it lies in the file.
    orientation : int
        EXIF's.
    convert : callable
        Makes L, LA, RGB, RGBA, 16-bit grey or an array of floats of a part of the image.
    premultiplied : bool
        Whether colours lie in the file multiplied by their alpha.
    """

    def __init__(
        self,
        image: Any,
        orientation: int = 1,
        convert: Callable[[Any], Image.Image | NDArray[Any]] = lambda part: part,
        *,
        premultiplied: bool = False,
    ) -> None:
        self._image, self._convert, self._multiplied = image, convert, premultiplied
        self._turn = _TURNS.get(orientation, (False, False, False))
        rows, cols = image.size[::-1] if isinstance(image, Image.Image) else image.shape[:2]
        sides = (cols, rows) if self._turn[0] else (rows, cols)
        one = self._part(0, 0, 1, 1)
        self.shape: tuple[int, ...] = (*sides, *one.shape[2:])
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape))
        self.alpha = one.shape[2:] in ((2,), (4,))
        self.white = 65535 if one.dtype.kind == "u" and one.dtype.itemsize == 2 else 255
        level = one.dtype.newbyteorder("=") if one.dtype != bool else np.dtype(np.uint8)
        self.dtype: np.dtype[Any] = np.dtype(np.float32) if self.alpha else level

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        array = self._upright(index)
        return self._premultiplied(array) if self.alpha else array.astype(self.dtype, copy=False)

    def levels(self) -> NDArray[Any]:
        """Return all levels as an array, colours as they are under their alpha."""
        first = self._upright((slice(0, 1), slice(0, 1)))
        dtype = first.dtype.newbyteorder("=") if first.dtype != bool else np.dtype(np.uint8)
        array = np.empty(self.shape, dtype)
        for row in range(0, self.shape[0], _STRIP):
            part = self._upright((slice(row, row + _STRIP), slice(None)))
            if self.alpha and self._multiplied:
                part = to_levels(unpremultiply(part.astype(np.float32), self.white), self.white)
            array[row : row + _STRIP] = part
        return array

    def _upright(self, index: tuple[slice, ...]) -> NDArray[Any]:
        """A part of the upright picture, as it lies in the file."""
        transpose, *flips = self._turn
        spans = [range(size)[part] for size, part in zip(self.shape[:2], index, strict=False)]
        # a range of the upright picture, seen from the other end where that axis is flipped
        ends = [
            (size - s.stop, size - s.start) if flip else (s.start, s.stop)
            for s, flip, size in zip(spans, flips, self.shape[:2], strict=True)
        ]
        (top, bottom), (left, right) = ends[::-1] if transpose else ends
        array = self._part(left, top, right, bottom)
        array = array.swapaxes(0, 1) if transpose else array
        return array[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = np.empty(self.shape, self.dtype if dtype is None else dtype)
        for row in range(0, self.shape[0], _STRIP):
            array[row : row + _STRIP] = self[row : row + _STRIP, :]
        return array

    def _part(self, left: int, top: int, right: int, bottom: int) -> NDArray[Any]:
        if isinstance(self._image, Image.Image):
            return np.asarray(self._convert(self._image.crop((left, top, right, bottom))))
        return np.asarray(self._convert(self._image[top:bottom, left:right]))

    def _premultiplied(self, array: NDArray[Any]) -> NDArray[Any]:
        array = array.astype(np.float32)
        if not self._multiplied:
            array[..., :-1] *= array[..., -1:] / np.float32(self.white)
        return array
