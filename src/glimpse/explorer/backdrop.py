"""The picture of a page: no larger than it needs to be, in sRGB, without alpha, profile or metadata."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

MOST_PIXELS = 1_500_000
"""Pixels of the picture in a page: more would show more detail, and make a redraw and the file slower."""

_ROUNDING = 2  # levels: a profile that changes no colour by more is sRGB already
_SIDE = 16_383  # pixels, the longest side of a WebP, and of what most browsers draw


def reduction(rows: int, cols: int, most: int = MOST_PIXELS) -> int:
    """Return by which whole number a picture is reduced to have no more than so many pixels."""
    scale = 1
    while -(-rows // scale) * -(-cols // scale) > most or max(rows, cols) > _SIDE * scale:
        scale += 1
    return scale


def in_srgb(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, list[str]]:
    """Return the picture in sRGB, and notes on its conversion."""
    if profile is None:
        return picture, []
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turn = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), picture.mode, "RGB")
        if _changes_nothing(turn, picture.mode):
            return picture, []
        turned = ImageCms.applyTransform(picture, turn) or picture
    except (ImageCms.PyCMSError, OSError):
        return picture, ["The picture's colour profile cannot be used; its colours may be off here."]
    note = "The picture is in sRGB here; the command keeps the levels and profile of the file."
    return turned.convert(picture.mode), [note]


def _changes_nothing(turn: ImageCms.ImageCmsTransform, mode: str) -> bool:
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    colours = Image.fromarray(cube if mode == "RGB" else cube[..., 0])
    turned = np.asarray(ImageCms.applyTransform(colours, turn), int)
    return bool(np.abs(turned - np.asarray(colours.convert("RGB"), int)).max() <= _ROUNDING)


def encoded(picture: Image.Image) -> bytes:
    """Return the bytes of a lossless WebP."""
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=True, quality=50, method=4)
    return file.getvalue()
