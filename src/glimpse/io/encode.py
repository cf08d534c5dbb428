"""Arrays into the bytes of a still: PNG with its record, or NPY for the exact numbers."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from glimpse.errors import GlimpseError
from glimpse.io.picture import Picture
from glimpse.io.png import encode_strips, profile_chunk
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
    if levels.dtype == np.uint16 and levels.ndim == 3:  # which Pillow cannot
        return b"".join(encode_strips([levels], levels.shape[:2], _chunks(record, color)))
    file, (profile, info) = io.BytesIO(), _meaning(record, color)
    file.name = "patch.png"  # told the format instead, Pillow imports the modules of four others
    Image.fromarray(levels).save(file, pnginfo=info, icc_profile=profile)
    return file.getvalue()


def _chunks(record: Record | None, color: Mapping[str, bytes] | None) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG before its pixels."""
    profile, info = _meaning(record, color)
    first = [profile_chunk(profile)] if profile else []
    return [*first, *((kind, data) for kind, data, *_ in info.chunks)]


def _meaning(record: Record | None, color: Mapping[str, bytes] | None) -> tuple[bytes | None, PngInfo]:
    """The colour profile, and the other chunks, as Pillow has them."""
    info, meaning = PngInfo(), dict(color or {})
    profile = meaning.pop("icc_profile", None)
    for name, data in meaning.items():
        info.add(name.encode(), data)
    if record:
        info.add_text(KEYWORD, record.to_json())
    return profile, info


def encode_npy(array: NDArray[Any]) -> bytes:
    """Encode the exact array in NumPy's own format."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


Strips = Iterator[NDArray[Any]]


class Format(NamedTuple):
    """One format of stills: the functions that encode an array in a picture's levels, and its strips."""

    encode: Callable[[NDArray[Any], Picture, Record | None], bytes]
    encode_strips: Callable[[Strips, tuple[int, int], Picture, Record | None], Iterator[bytes]]
    exact: bool


def _png(array: NDArray[Any], like: Picture, record: Record | None) -> bytes:
    _check_channels(array)
    return encode_png(to_levels(array, like.white), record, like.color)


def _png_strips(
    strips: Strips, shape: tuple[int, int], like: Picture, record: Record | None
) -> Iterator[bytes]:
    first = next(strips)
    _check_channels(first)
    levels = (to_levels(strip, like.white) for strip in chain([first], strips))
    return encode_strips(levels, shape, _chunks(record, like.color))


def _check_channels(array: NDArray[Any]) -> None:
    if array.ndim == 3 and array.shape[2] > 4:
        raise GlimpseError(f"PNG holds no {array.shape[2]} channels; write .npy")


def _npy(array: NDArray[Any], like: Picture, record: Record | None) -> bytes:
    return encode_npy(array)


def _npy_strips(
    strips: Strips, shape: tuple[int, int], like: Picture, record: Record | None
) -> Iterator[bytes]:
    first, file = next(strips), io.BytesIO()
    head = {"descr": first.dtype.str, "fortran_order": False, "shape": (*shape, *first.shape[2:])}
    np.lib.format.write_array_header_1_0(file, head)
    yield file.getvalue()
    for strip in chain([first], strips):
        yield strip.tobytes()


FORMATS = {".png": Format(_png, _png_strips, exact=False), ".npy": Format(_npy, _npy_strips, exact=True)}
"""The formats of stills by the ending of a name."""

DRAWINGS = tuple(suffix for suffix, kind in FORMATS.items() if not kind.exact)
"""Endings of the formats for pictures to look at."""


def still_format(name: str) -> Format:
    """Return the format that the ending of a name asks for; standard output is a PNG."""
    return FORMATS.get(os.path.splitext(name)[1].lower(), FORMATS[".png"])
