"""Floating-point levels into whole ones, rounded and clipped once; levels into light, and back."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from glimpse.errors import GlimpseError
from glimpse.typing import Array
from glimpse.validation import checked_one, told


def to_levels(array: ArrayLike, white: int) -> Array:
    """Round to the nearest level and clip: uint8 where white is 255, uint16 where it is 65535.

    Examples
    --------
    >>> to_levels([-3.0, 99.6, 256.0], 255)
    array([  0, 100, 255], dtype=uint8)
    """
    dtype = np.dtype(np.uint8 if white == 255 else np.uint16)
    if isinstance(array, np.ndarray) and array.dtype == dtype:  # levels already
        return array
    levels: Array = np.clip(np.rint(array), 0, white).astype(dtype)
    return levels


def unpremultiply(array: Array, white: float) -> Array:
    """Undo the premultiplication of the colours, shape (A, B, C) with alpha last; no alpha, no colour."""
    alpha = np.clip(array[..., -1:], 0, white)
    safe = np.where(np.rint(alpha) > 0, alpha, np.inf)
    levels: Array = np.concatenate([array[..., :-1] * white / safe, alpha], axis=-1)
    return levels


Curve = Literal["srgb"] | float | Array
"""How light grows with levels: sRGB's curve, a power, or light at equal steps from black to white."""

_KNEE, _SLOPE, _OFFSET, _POWER = 0.04045, 12.92, 0.055, 2.4  # IEC 61966-2-1


def to_light(levels: ArrayLike, white: float = 255, curve: Curve = "srgb") -> Array:
    """Return the light that levels stand for, in levels too: black and white stay what they are.

    A mean of light is what an eye sees from afar, a mean of levels is darker. Put `to_light` before
    `glimpse.read` and `from_light` after it; the derivatives of `read` are those of the layer in between.

    Parameters
    ----------
    levels : array_like
        Colours or grey, not multiplied by alpha.
    white : float
        The level of white.
    curve : "srgb", float or ndarray
        Of the levels: sRGB's, a power such as 2.2, or a table of light from 0 to 1.

    Returns
    -------
    ndarray
        float64 for float64 levels, else float32.

    Examples
    --------
    >>> to_light([0, 127.5, 255]).round(1)
    array([  0. ,  54.6, 255. ])
    """
    array, white = _numbers(levels, white, curve)
    kind = np.float64 if array.dtype == np.float64 else np.float32
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:  # a table is quicker than a power
        steps = np.arange(np.iinfo(array.dtype).max + 1.0)
        return np.asarray((_light(steps / white, curve) * white).astype(kind)[array])
    return np.asarray((_light(array / white, curve) * white).astype(kind))


def from_light(light: ArrayLike, white: float = 255, curve: Curve = "srgb") -> Array:
    """Return the levels that stand for light: the inverse of `to_light`.

    Examples
    --------
    >>> from_light([0, 127.5, 255]).round(1)
    array([  0. , 187.5, 255. ])
    """
    array, white = _numbers(light, white, curve)
    kind = np.float64 if array.dtype == np.float64 else np.float32
    shares = np.abs(array) / white
    if isinstance(curve, np.ndarray):
        levels = np.interp(shares, curve, np.linspace(0, 1, len(curve)))
    elif curve == "srgb":
        bent = (1 + _OFFSET) * shares ** (1 / _POWER) - _OFFSET
        levels = np.where(shares <= _KNEE / _SLOPE, shares * _SLOPE, bent)
    else:
        levels = shares ** (1 / float(curve))
    return np.asarray((np.sign(array) * levels * white).astype(kind))


def _numbers(levels: ArrayLike, white: object, curve: object) -> tuple[Array, float]:
    """Levels as an array, and the level of white; with a curve that there is."""
    try:
        array = np.asarray(levels)
    except ValueError:
        raise GlimpseError("levels are an array of numbers, whose rows are equally long") from None
    if array.dtype.kind not in "biuf":
        raise GlimpseError(f"levels are real numbers, got {told(levels)}")
    if array.dtype.kind == "b":
        array = array.astype(np.float32)
    if isinstance(curve, np.ndarray):
        if curve.ndim != 1 or len(curve) < 2 or curve.dtype.kind not in "iuf":
            raise GlimpseError(f"a curve is a table of two or more numbers from 0 to 1, got {told(curve)}")
    elif not (isinstance(curve, str) and curve == "srgb"):
        if isinstance(curve, str):
            raise GlimpseError(f"curve must be 'srgb', a power such as 2.2 or a table, got {told(curve)}")
        checked_one("curve", curve)
    return array, checked_one("white", white)


def _light(shares: Array, curve: Curve) -> Array:
    """Light of levels from 0 to 1; below black as above it."""
    sign, size = np.sign(shares), np.abs(shares)
    if isinstance(curve, np.ndarray):
        return np.asarray(sign * np.interp(size, np.linspace(0, 1, len(curve)), curve))
    if curve == "srgb":
        bent = ((size + _OFFSET) / (1 + _OFFSET)) ** _POWER
        return np.asarray(sign * np.where(size <= _KNEE, size / _SLOPE, bent))
    return np.asarray(sign * size ** float(curve))
