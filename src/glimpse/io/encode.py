"""Arrays into the bytes of a still: PNG with its record, or NPY for the exact numbers."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from glimpse.errors import GlimpseError
from glimpse.io.picture import Picture
from glimpse.io.png import encode_deep, profile_chunk
from glimpse.io.record import KEYWORD, Record
from glimpse.levels import to_levels


def unpremultiply(array: NDArray[Any], white: int) -> NDArray[Any]:
    """Undo the premultiplication of the colours, shape (A, B, C) with alpha last; no alpha, no colour."""
    alpha = np.clip(array[..., -1:], 0, white)
    safe = np.where(np.rint(alpha) > 0, alpha, np.inf)
    return np.concatenate([array[..., :-1] * white / safe, alpha], axis=-1)


def encode_png(
    levels: NDArray[Any], record: Record | None = None, color: Mapping[str, bytes] | None = None
) -> bytes:
    """Encode a PNG.

    Parameters
    ----------
    levels : ndarray, uint8 or uint16, shape (A, B) or (A, B, C)
        Grey, grey and alpha, RGB or RGBA.
    record : Record or None
        Goes into one text chunk, ``glimpse``.
    color : mapping of str to bytes
        Their meaning: ``icc_profile``, or the contents of the chunks ``gAMA``, ``cHRM``, ``sRGB``.
    """
    chunks, meaning = PngInfo(), dict(color or {})
    profile = meaning.pop("icc_profile", None)
    for name, data in meaning.items():
        chunks.add(name.encode(), data)
    if record:
        chunks.add_text(KEYWORD, record.to_json())
    if levels.dtype == np.uint16 and levels.ndim == 3:
        first = [profile_chunk(profile)] if profile else []
        return encode_deep(levels, [*first, *((kind, data) for kind, data, *_ in chunks.chunks)])
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG", pnginfo=chunks, icc_profile=profile)
    return file.getvalue()


def encode_npy(array: NDArray[Any]) -> bytes:
    """Encode the exact array in NumPy's own format."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


class Format(NamedTuple):
    """One format of stills: the function that encodes an array in a picture's levels; exact or not."""

    encode: Callable[[NDArray[Any], Picture, Record | None], bytes]
    exact: bool


def _png(array: NDArray[Any], like: Picture, record: Record | None) -> bytes:
    if array.ndim == 3 and array.shape[2] > 4:
        raise GlimpseError(f"PNG holds no {array.shape[2]} channels; write .npy")
    return encode_png(to_levels(array, like.white), record, like.color)


def _npy(array: NDArray[Any], like: Picture, record: Record | None) -> bytes:
    return encode_npy(array)


FORMATS = {".png": Format(_png, exact=False), ".npy": Format(_npy, exact=True)}
"""The formats of stills by the ending of a name."""

DRAWINGS = tuple(suffix for suffix, kind in FORMATS.items() if not kind.exact)
"""Endings of the formats for pictures to look at."""


def still_format(name: str) -> Format:
    """Return the format that the ending of a name asks for; standard output is a PNG."""
    return FORMATS.get(Path(name).suffix.lower(), FORMATS[".png"])
