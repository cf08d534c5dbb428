"""The meaning of levels: pixels of any mode into grey or RGB, profiles into chunks."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFile

from glimpse.errors import GlimpseError
from glimpse.io.npy import check_finite, scaled
from glimpse.io.pixels import Pixels
from glimpse.typing import Array

GREYS = ("1", "L", "LA", "La")
GREY16 = ("I;16", "I;16B", "I;16L", "I;16N")
TO_SRGB = ("CMYK", "LAB", "YCbCr", "HSV")

_KEPT = {"1": "L", "RGBX": "RGB", "RGBa": "RGBA", "La": "LA", "PA": "RGBA"}
_NUMBERS = {"F": "float32", "I": "int32"}

Convert = Callable[[Image.Image], Image.Image | Array]


def conversion(
    image: ImageFile.ImageFile, levels: tuple[float, float] | None, table: Array | None = None
) -> tuple[Convert, tuple[str, ...]]:
    """Return a function that makes L, LA, RGB, RGBA, 16-bit grey or floats of any part, and notes on it."""
    if image.mode == "I" and image.format == "PPM":  # more than 8 bits, which Pillow scales to 65535
        return lambda part: np.asarray(part).astype(np.uint16), ()
    if table is not None:  # 16-bit grey that lies otherwise in the file
        levels_of = table
        return lambda part: levels_of[np.asarray(part)], ()
    if image.mode in ("F", "I"):
        return _ranged(image, levels), ()
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


def _ranged(image: ImageFile.ImageFile, levels: tuple[float, float] | None) -> Convert:
    if levels is None:
        low, high = image.getextrema()
        raise GlimpseError(
            f"pixels are {_NUMBERS[image.mode]} numbers from {low:g} to {high:g}; "
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


def meaning(image: Image.Image, *, grey: bool) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the meaning of the levels, as contents of PNG chunks, and notes on meaning that was lost."""
    info = image.info
    if image.mode not in (*GREYS, "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", *GREY16):
        return {}, ()
    if isinstance(info.get("icc_profile"), bytes):
        return profile(info["icc_profile"], grey=grey)
    color = {}
    if image.format == "PNG":
        if "srgb" in info:
            color["sRGB"] = bytes([info["srgb"]])
        if "gamma" in info:
            color["gAMA"] = struct.pack(">I", round(info["gamma"] * 100000))
        if "chromaticity" in info:
            color["cHRM"] = struct.pack(">8I", *(round(v * 100000) for v in info["chromaticity"]))
    return color, ()


def profile(data: bytes | None, *, grey: bool) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return a colour profile, unless it is of another kind of colours than the levels, which PNG forbids."""
    if not data:
        return {}, ()
    wanted, found = b"GRAY" if grey else b"RGB ", bytes(data[16:20])
    if found == wanted:
        return {"icc_profile": bytes(data)}, ()
    name = found.decode("ascii", "replace").strip() if found.strip().isalnum() else "unknown"
    return {}, (f"its colour profile is of {name} colours and was left out",)
