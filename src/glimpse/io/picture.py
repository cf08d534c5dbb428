"""A decoded still: its pixels, converted where somebody looks, what their levels mean; what a user says."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glimpse.errors import GlimpseError
from glimpse.levels import to_levels, unpremultiply
from glimpse.limits import MAX_PIXELS
from glimpse.typing import Array

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

GREYS = ("1", "L", "LA", "La")
GREY16 = ("I;16", "I;16B", "I;16L", "I;16N")
TO_SRGB = ("CMYK", "LAB", "YCbCr", "HSV")
UNKEPT = (*TO_SRGB, "F", "I")
"""Modes whose levels are made others, so that a colour profile no longer says what they mean."""

TAKERS = 'glimpse read -o FILE.npy, or of several -o "{stem}.npy", and show --profile'
"""The commands that look at signals, for messages."""

HINT = "16 bits per channel were read as 8; pip install 'glimpse-crop[deep]' to keep them"

_KEPT = {"1": "L", "RGBX": "RGB", "RGBa": "RGBA", "La": "LA", "PA": "RGBA"}
_NUMBERS = {"F": "float32", "I": "int32"}

Convert = Callable[[Image.Image], Image.Image | Array]


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
    lossy : bool
        Whether the file was packed in a way that does not keep levels.
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
    lossy: bool = False

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
        self.turned = self._turn[0]  # whether rows are columns of the file
        rows, cols = image.size[::-1] if isinstance(image, Image.Image) else image.shape[:2]
        self.shape: tuple[int, ...] = (cols, rows) if self._turn[0] else (rows, cols)
        one = self._upright((slice(0, 1), slice(0, 1)))  # a pixel, which tells the type
        self.shape += one.shape[2:]
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
        if isinstance(self._image, Image.Image):
            part = self._image.crop((left, top, right, bottom))
        else:
            part = self._image[top:bottom, left:right]
        array = np.asarray(self._convert(part))
        array = array.swapaxes(0, 1) if transpose else array
        return array[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = np.empty(self.shape, self.dtype if dtype is None else dtype)
        for row in range(0, self.shape[0], _STRIP):
            array[row : row + _STRIP] = self[row : row + _STRIP, :]
        return array

    def _premultiplied(self, array: NDArray[Any]) -> NDArray[Any]:
        array = array.astype(np.float32)
        if not self._multiplied:
            alpha = array[..., -1] / np.float32(self.white)
            for channel in range(array.shape[-1] - 1):  # three times as fast as over a last axis of three
                array[..., channel] *= alpha
        return array


def codecs() -> Any:
    """Return imagecodecs, which keeps 16 bits of colour, None where it is missing."""
    try:
        import imagecodecs  # optional: 80 MB of codecs for two of them
    except ImportError:
        return None
    return imagecodecs


def conversion(
    image: Image.Image, levels: tuple[float, float] | None, table: Array | None = None, numbers: str = ""
) -> tuple[Convert, tuple[str, ...]]:
    """Return a function that makes L, LA, RGB, RGBA, 16-bit grey or floats of any part, and notes on it."""
    if table is not None:  # 16-bit grey that lies otherwise in the file
        levels_of = table
        return lambda part: levels_of[np.asarray(part)], ()
    if image.mode in ("F", "I"):
        return _ranged(image, levels, numbers or _NUMBERS[image.mode]), ()
    if image.has_transparency_data and image.mode in ("P", "L", "RGB", "1"):
        return _kept_transparency(image), ()
    if image.mode in ("L", "LA", "RGB", "RGBA", *GREY16):
        return lambda part: part, ()
    if image.mode in TO_SRGB:
        return _to_srgb(image)
    return lambda part: part.convert(_KEPT.get(part.mode, "RGB")), ()


def _kept_transparency(image: Image.Image) -> Convert:
    if image.mode == "1":  # straight to LA Pillow forgets which levels are transparent
        return lambda part: part.convert("L").convert("LA")
    mode = "LA" if image.mode == "L" else "RGBA"
    return lambda part: part.convert(mode)


def _ranged(image: Image.Image, levels: tuple[float, float] | None, numbers: str) -> Convert:
    if levels is None:
        low, high = image.getextrema()
        raise GlimpseError(
            f"pixels are {numbers} numbers from {low:g} to {high:g}; "
            "say what black and white are with --range LO,HI"
        )
    check_finite(Pixels(image))
    return lambda part: scaled(np.asarray(part), levels)


def _to_srgb(image: Image.Image) -> tuple[Convert, tuple[str, ...]]:
    from PIL import ImageCms  # costs time, and only CMYK, LAB and YCbCr need it

    if profile := image.info.get("icc_profile"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turn = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
            turned = ImageCms.applyTransform(image.crop((0, 0, 1, 1)), turn)
            if turned is not None:
                return lambda part: ImageCms.applyTransform(part, turn) or part, ()
        except (ImageCms.PyCMSError, OSError):
            pass
    note = f"{image.mode} was converted to RGB without a colour profile"
    return lambda part: part.convert("RGB"), (note,)


def profile(data: bytes | None, *, grey: bool) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return a colour profile, unless it is of another kind of colours than the levels, which PNG forbids."""
    if not data:
        return {}, ()
    wanted, found = b"GRAY" if grey else b"RGB ", bytes(data[16:20])
    if found == wanted:
        return {"icc_profile": bytes(data)}, ()
    name = found.decode("ascii", "replace").strip() if found.strip().isalnum() else "unknown"
    return {}, (f"its colour profile is of {name} colours and was left out",)


def check_finite(array: NDArray[Any] | Pixels) -> None:
    """Refuse a picture with infinities or NaN, and say where the first one is."""
    for row in range(0, array.shape[0], 256):
        finite = np.isfinite(array[row : row + 256, :])
        if not finite.all():
            first = np.argwhere(~finite)[0]
            where = f"row {row + first[0]}, column {first[1]}"
            raise GlimpseError(f"the picture has values that are not finite, the first at {where}")


def scaled(array: NDArray[Any], levels: tuple[float, float]) -> NDArray[Any]:
    """Return levels of 0 to 255 for the numbers from black to white."""
    low, high = levels
    return np.clip((array - np.float64(low)) * (255 / (high - low)), 0, 255).astype(np.float32)
