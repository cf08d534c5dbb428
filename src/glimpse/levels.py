"""Floating-point levels into whole ones: rounded to the nearest and clipped, once and in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from glimpse.typing import Array


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
