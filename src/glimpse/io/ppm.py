"""Netpbm's PBM, PGM and PPM, plain and raw, all their bits."""

from __future__ import annotations

import math
import re
from typing import BinaryIO

import numpy as np

from glimpse.errors import GlimpseError
from glimpse.io.budget import check_ppm
from glimpse.io.picture import Pixels
from glimpse.typing import Array

_HEAD_BYTES = _PIECE = 1 << 20
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(
    rb"P(?:([14])|[2356])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})(?(1)|" + _GAP + rb"(\d{1,9}))\s"
)
_CUT = "cannot be decoded: image file is truncated"


def ppm_pixels(file: BinaryIO, max_pixels: int) -> Pixels:
    """Return the pixels of a file: 8 bits of them up to a white of 255, else 16.

    Raises
    ------
    GlimpseError
        If the header is damaged, or there are more pixels than the limit, or fewer than the header says.
    """
    file.seek(0)
    header = _HEADER.match(head := file.read(_HEAD_BYTES))
    if not header:
        raise GlimpseError("a damaged PPM: its header says no size")
    kind, cols, rows, white = head[1] - ord("0"), int(header[2]), int(header[3]), int(header[4] or 1)
    if not rows * cols or not 0 < white < 65536:
        raise GlimpseError(f"a damaged PPM: it says {rows} x {cols} pixels and a white of {white}")
    shape = (rows, cols, 3) if kind in (3, 6) else (rows, cols)
    check_ppm(rows, cols, max_pixels, samples=math.prod(shape), plain=kind < 4)
    file.seek(header.end())
    samples: Array
    if kind == 4:
        bits = np.frombuffer(_read(file, rows * -(-cols // 8)), np.uint8).reshape(rows, -1)
        samples = np.unpackbits(bits, axis=1, count=cols)
    elif kind > 4:
        dtype = np.dtype(np.uint8 if white < 256 else ">u2")
        samples = np.frombuffer(_read(file, math.prod(shape) * dtype.itemsize), dtype).reshape(shape)
    else:
        samples = _plain(file.read(), shape, white, bits=kind == 1)
    if header[1]:
        return Pixels(samples, convert=lambda part: np.where(part, np.uint8(0), np.uint8(255)))
    if white in (255, 65535):
        return Pixels(samples)
    top, level = (255, np.uint8) if white < 256 else (65535, np.uint16)
    table = np.rint(np.arange(white + 1) * (top / white)).astype(level)
    return Pixels(samples, convert=lambda part: table[np.minimum(part, white)])


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise GlimpseError(_CUT)
    return data


def _plain(text: bytes, shape: tuple[int, ...], white: int, *, bits: bool) -> Array:
    """Samples that are written as text; those of bits need no space between them."""
    text = re.sub(rb"#[^\r\n]*", b"", text)
    if text.translate(None, b"01 \t\n\v\f\r" if bits else b"0123456789 \t\n\v\f\r"):
        raise GlimpseError("a damaged PPM: its pixels are no numbers of its kind")
    samples = np.empty(math.prod(shape), np.uint8 if white < 256 else np.uint16)
    found = at = 0
    while found < samples.size and at < len(text):
        gap = re.compile(rb"\s").search(text, at + _PIECE)
        piece, at = text[at : (end := gap.end() if gap else len(text))], end
        if bits:
            some = np.frombuffer(piece.translate(None, b" \t\n\v\f\r"), np.uint8) - np.uint8(ord("0"))
        else:
            some = np.fromstring(piece, np.uint64, sep=" ") if piece.strip() else np.empty(0, np.uint64)
        some = np.minimum(some, white)[: samples.size - found]
        samples[found : found + some.size] = some
        found += some.size
    if found < samples.size:
        raise GlimpseError(_CUT)
    return samples.reshape(shape)
