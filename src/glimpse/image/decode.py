"""Files into pictures: what the pixels are, which way is up, what they mean."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from glimpse import limits
from glimpse.image.animation import animation_comment
from glimpse.image.record import KEYWORD
from glimpse.window import GlimpseError

FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PPM")

Image.MAX_IMAGE_PIXELS = None  # ours is checked instead, and tells what to do

_ORIENTATION = 0x0112
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
_KEPT = {"1": "L", "RGBX": "RGB", "RGBa": "RGBA", "La": "LA", "PA": "RGBA"}
_GREY16 = ("I;16", "I;16B", "I;16L", "I;16N")


class Pixels:
    """The pixels of a Pillow image, upright, converted to arrays only where they are sliced.

    Slices like an array of shape (A, B) or (A, B, C). Colours come multiplied by their alpha, as
    float32; without alpha they are the levels themselves.
    """

    def __init__(self, image: Image.Image, orientation: int = 1) -> None:
        self._image = image
        self._turn = _TURNS.get(orientation, (False, False, False))
        sides = image.size if self._turn[0] else image.size[::-1]
        bands = len(image.getbands())
        self.shape: tuple[int, ...] = sides if bands == 1 else (*sides, bands)
        self.ndim = len(self.shape)
        self.alpha = image.mode in ("LA", "RGBA")
        self.white = 65535 if image.mode in _GREY16 else 255
        level = np.uint16 if self.white > 255 else np.uint8
        self.dtype: np.dtype[Any] = np.dtype(np.float32 if self.alpha else level)
        self.size = sides[0] * sides[1] * bands

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        transpose, *flips = self._turn
        spans = [range(size)[part] for size, part in zip(self.shape[:2], index, strict=False)]
        # a range of the upright picture, seen from the other end where that axis is flipped
        ends = [
            (size - s.stop, size - s.start) if flip else (s.start, s.stop)
            for s, flip, size in zip(spans, flips, self.shape[:2], strict=True)
        ]
        (top, bottom), (left, right) = ends[::-1] if transpose else ends
        array = np.asarray(self._image.crop((left, top, right, bottom)))
        array = array.swapaxes(0, 1) if transpose else array
        array = array[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
        return self._premultiplied(array) if self.alpha else array.astype(self.dtype, copy=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = self[(slice(None), slice(None))]
        return array if dtype is None else array.astype(dtype, copy=False)

    def _premultiplied(self, array: NDArray[Any]) -> NDArray[Any]:
        array = array.astype(np.float32)
        array[..., :-1] *= array[..., -1:] / np.float32(self.white)
        return array


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
        What the levels mean, for `encode_png`.
    text : str or None
        The record, unparsed.
    notes : tuple of str
        What the user should know: something was converted, or left out.
    exact : bool
        Whether these are the floating-point numbers of an NPY file.
    """

    pixels: Any
    white: int = 255
    alpha: bool = False
    color: Mapping[str, bytes] = field(default_factory=dict)
    text: str | None = None
    notes: tuple[str, ...] = ()
    exact: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def channel_axis(self) -> int | None:
        """The axis of the channels, None for grey."""
        return 2 if self.pixels.ndim == 3 else None


def decode(file: BinaryIO, levels: tuple[float, float] | None = None) -> Picture:
    """Decode the first frame of an image file.

    Parameters
    ----------
    file : binary file
        Its content decides the format: PNG, JPEG, GIF, TIFF, BMP, WebP, PPM or NPY.
    levels : (float, float) or None
        What black and white are in a file of floating-point or 32-bit numbers.

    Raises
    ------
    GlimpseError
        Whatever is wrong with the file.
    """
    try:
        head = file.read(6)
        file.seek(0)
        return _decode_npy(file, levels) if head == b"\x93NUMPY" else _decode_image(file, levels)
    except GlimpseError:
        raise
    except UnidentifiedImageError:
        raise GlimpseError(f"not an image of a known format ({', '.join(FORMATS)}, NPY)") from None
    except (Exception, MemoryError) as error:  # decoders raise whatever they like
        raise GlimpseError(f"cannot be decoded: {_one_line(error)}") from error


def _decode_image(file: BinaryIO, levels: tuple[float, float] | None) -> Picture:
    image = Image.open(file, formats=FORMATS)
    _check_size(image.height, image.width)
    notes = _notes(image)
    _forget_texts(image, file)
    image.load()
    text, orientation = _record_text(image), _orientation(image)
    _forget_texts(image, file)
    if image.mode in ("F", "I") and not (image.mode == "I" and image.format == "PPM"):
        return Picture(_scaled(np.asarray(image), levels), text=text, notes=notes)
    color = _color(image)
    plain, notes = _plain(image, notes)
    pixels = Pixels(plain, orientation)
    return Picture(pixels, pixels.white, pixels.alpha, color, text, notes)


def _check_size(rows: int, cols: int) -> None:
    if rows * cols > limits.MAX_PIXELS:
        raise GlimpseError(
            f"{rows} x {cols} pixels are more than {limits.MAX_PIXELS}; --max-pixels raises the limit"
        )


def _forget_texts(image: ImageFile.ImageFile, file: BinaryIO) -> None:
    """Text chunks stand among the facts: one named `transparency` or `interlace` would pass for such."""
    texts = [key for key, value in image.info.items() if isinstance(value, str) and key != KEYWORD]
    for key in texts:
        del image.info[key]
    if "interlace" in texts and image.format == "PNG":
        here = file.tell()
        file.seek(28)  # the last byte of the header
        if file.read(1) != b"\0":
            image.info["interlace"] = 1
        file.seek(here)


def _orientation(image: ImageFile.ImageFile) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF, of which Pillow says this and that
        return 1
    return value if isinstance(value, int) else 1


def _decode_npy(file: BinaryIO, levels: tuple[float, float] | None) -> Picture:
    array = np.lib.format.read_array(file, allow_pickle=False, max_header_size=4096)
    array = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if array.ndim not in (2, 3) or not array.size or array.dtype.kind not in "biuf":
        raise GlimpseError(f"an array of shape {array.shape} and type {array.dtype} is no image")
    _check_size(array.shape[0], array.shape[1])
    if not np.isfinite(array).all():
        raise GlimpseError("the array has values that are not finite")
    array = _scaled(array, levels) if levels else array
    return Picture(array, 65535 if array.dtype == np.uint16 else 255, exact=True)


def _scaled(array: NDArray[Any], levels: tuple[float, float] | None) -> NDArray[Any]:
    if levels is None:
        raise GlimpseError(
            f"pixels are {array.dtype} numbers from {array.min():g} to {array.max():g}; "
            "say what black and white are with --range LO,HI"
        )
    if not np.isfinite(array).all():
        raise GlimpseError("the picture has values that are not finite")
    low, high = levels
    return np.clip((array - np.float64(low)) * (255 / (high - low)), 0, 255).astype(np.float32)


def _notes(image: ImageFile.ImageFile) -> tuple[str, ...]:
    notes = []
    if getattr(image, "is_animated", False):
        notes.append("it has more than one frame; the first is used")
    if _deep(image) and image.mode in ("RGB", "RGBA"):
        notes.append("16 bits per channel were read as 8")
    if image.mode in _GREY16 and "transparency" in image.info:
        notes.append("its transparent level was left out")
    return tuple(notes)


def _deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has more than 8 bits per channel."""
    if isinstance(image, TiffImageFile):
        return bool(max(image.tag_v2.get(258, (8,))) > 8)
    arguments = image.tile[0].args if image.tile else ()
    if image.format == "PPM":
        return bool(isinstance(arguments, tuple) and len(arguments) > 1 and arguments[1] > 255)
    return bool(image.format == "PNG" and "16B" in str(arguments))


def _plain(image: ImageFile.ImageFile, notes: tuple[str, ...]) -> tuple[Image.Image, tuple[str, ...]]:
    """The image as L, LA, RGB, RGBA or 16-bit grey."""
    if image.mode in _GREY16:
        return image, notes
    if image.mode == "I":  # a PPM of more than 8 bits, which Pillow scales to 65535
        return Image.fromarray(np.asarray(image).astype(np.uint16)), notes
    if image.has_transparency_data and image.mode in ("P", "L", "RGB", "1"):
        return image.convert("LA" if image.mode in ("L", "1") else "RGBA"), notes
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image, notes
    if image.mode in ("CMYK", "LAB", "YCbCr", "HSV"):
        return _to_srgb(image, notes)
    return image.convert(_KEPT.get(image.mode, "RGB")), notes


def _to_srgb(image: Image.Image, notes: tuple[str, ...]) -> tuple[Image.Image, tuple[str, ...]]:
    if profile := image.info.get("icc_profile"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if turned is not None:
                return turned, notes
        except (ImageCms.PyCMSError, OSError):
            pass
    note = f"{image.mode} was converted to RGB without a colour profile"
    return image.convert("RGB"), (*notes, note)


def _color(image: Image.Image) -> dict[str, bytes]:
    """What the levels mean, as the contents of PNG chunks."""
    info = image.info
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", *_GREY16):
        return {}
    if isinstance(info.get("icc_profile"), bytes):
        return {"icc_profile": info["icc_profile"]}
    color = {}
    if image.format == "PNG":
        if "srgb" in info:
            color["sRGB"] = bytes([info["srgb"]])
        if "gamma" in info:
            color["gAMA"] = struct.pack(">I", round(info["gamma"] * 100000))
        if "chromaticity" in info:
            color["cHRM"] = struct.pack(">8I", *(round(v * 100000) for v in info["chromaticity"]))
    return color


def _record_text(image: ImageFile.ImageFile) -> str | None:
    # of an animation `text` would decode every frame
    if isinstance(image, PngImageFile) and not image.is_animated and KEYWORD in image.text:
        return str(image.text[KEYWORD])
    comment = animation_comment(image)
    return comment if comment and comment.startswith('{"glimpse"') else None  # others write comments too


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
