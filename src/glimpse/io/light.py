"""The curve of a picture's levels, out of its profile or its chunks; its pixels as light."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from glimpse.errors import GlimpseError
from glimpse.io.picture import Picture
from glimpse.levels import Curve, from_light, to_light, unpremultiply
from glimpse.typing import Array

_STEPS = 4096  # of a table that is made of a formula
_TRANSFERS: dict[int, Curve] = {4: 2.2, 5: 2.8, 8: 1.0, 13: "srgb"}  # ITU-T H.273


def curve_of(color: Mapping[str, bytes]) -> Curve:
    """Return the curve of levels of this meaning, sRGB's where nothing tells another.

    Raises
    ------
    GlimpseError
        If it is one of high dynamic range.
    """
    if "cICP" in color and len(color["cICP"]) > 1:
        transfer = color["cICP"][1]
        if transfer in (16, 18):
            raise GlimpseError("its levels are of high dynamic range (PQ or HLG); leave out --linear")
        return _TRANSFERS.get(transfer, "srgb")
    if "icc_profile" in color:
        return _of_profile(color["icc_profile"])
    if "gAMA" in color and "sRGB" not in color and len(color["gAMA"]) == 4:
        (gamma,) = struct.unpack(">I", color["gAMA"])
        return 100_000 / gamma if 1000 <= gamma <= 1_000_000 else "srgb"
    return "srgb"


def _of_profile(profile: bytes) -> Curve:
    """The curve of green, or of grey, in a profile (ICC.1, sections 10.6 and 10.18)."""
    try:
        (count,) = struct.unpack_from(">I", profile, 128)
        tags = dict[bytes, int]()
        for k in range(min(count, 100)):
            name, at, _ = struct.unpack_from(">4sII", profile, 132 + 12 * k)
            tags[name] = at
        at = tags.get(b"gTRC", tags.get(b"kTRC", 0))
        kind, number = struct.unpack_from(">4s4xI", profile, at)
        if kind == b"curv":
            if number == 0:
                return 1.0
            values = struct.unpack_from(f">{min(number, 65536)}H", profile, at + 12)
            table: Array = np.maximum.accumulate(np.array(values) / 65535)
            return float(values[0] / 256) if number == 1 else table
        if kind == b"para":
            return _parametric(number >> 16, profile, at + 12)
    except (struct.error, ZeroDivisionError):
        pass
    return "srgb"


def _parametric(form: int, profile: bytes, at: int) -> Curve:
    many = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(form)
    if many is None:
        return "srgb"
    numbers = [value / 65536 for value in struct.unpack_from(f">{many}i", profile, at)]
    if form == 0:
        return float(numbers[0])
    g, a, b, c, d, e, f = [*numbers, *[0.0] * 7][:7]
    if form in (1, 2):  # whose bend lies where the power begins
        e, f, c, d = (c if form == 2 else 0.0), (c if form == 2 else 0.0), 0.0, -b / a
    x = np.linspace(0, 1, _STEPS)
    bent = np.maximum(a * x + b, 0) ** g + e
    table: Array = np.maximum.accumulate(np.clip(np.where(x >= d, bent, c * x + f), 0, 1))
    return table


def lit(picture: Picture) -> Picture:
    """Return a picture whose pixels are light, by the curve of its levels.

    Raises
    ------
    GlimpseError
        If its levels are of high dynamic range.
    """
    return replace(picture, pixels=Light(picture, curve_of(picture.color)))


class Light:
    """The pixels of a picture as light, wherever they are sliced; colours multiplied by alpha as before."""

    def __init__(self, picture: Picture, curve: Curve) -> None:
        self._picture, self._curve = picture, curve
        self.shape, self.ndim = tuple(picture.pixels.shape), picture.pixels.ndim
        self.size, self.dtype = int(np.prod(self.shape)), np.dtype(np.float32)

    def __getitem__(self, index: Any) -> Array:
        return self._turned(np.asarray(self._picture.pixels[index]), to_light)

    def levels(self, patch: Array) -> Array:
        """Return the levels that a patch of light stands for."""
        return self._turned(patch, from_light)

    def _turned(self, part: Array, turn: Any) -> Array:
        white = self._picture.white
        if not self._picture.alpha:
            return np.asarray(turn(part, white, self._curve), np.float32)
        plain = unpremultiply(part, white)
        colour = turn(plain[..., :-1], white, self._curve) * plain[..., -1:] / white
        return np.concatenate([colour, part[..., -1:]], axis=-1).astype(np.float32)
