"""The meaning of levels: pixels of any mode into grey or RGB, profiles into chunks."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glimpse.errors import GlimpseError
from glimpse.io.picture import Pixels
from glimpse.typing import Array

GREYS = ("1", "L", "LA", "La")
GREY16 = ("I;16", "I;16B", "I;16L", "I;16N")
TO_SRGB = ("CMYK", "LAB", "YCbCr", "HSV")
UNKEPT = (*TO_SRGB, "F", "I")
"""Modes whose levels are made others, so that a colour profile no longer says what they mean."""

HINT = "16 bits per channel were read as 8; pip install 'glimpse-crop[deep]' to keep them"

_KEPT = {"1": "L", "RGBX": "RGB", "RGBa": "RGBA", "La": "LA", "PA": "RGBA"}
_NUMBERS = {"F": "float32", "I": "int32"}

Convert = Callable[[Image.Image], Image.Image | Array]


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
