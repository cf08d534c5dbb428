"""Grey levels of an image, and how brightness and contrast change from one patch to another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glimpse.attention.shapes import spatial
from glimpse.attention.tensors import refuse
from glimpse.errors import GlimpseError
from glimpse.registration.least_squares import Target, blurred, mean_square
from glimpse.typing import Floats

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as other tools turn colour to grey
_AT_ONCE = 1 << 20  # levels turned to grey at once: more take memory, fewer take calls

_SMOOTH = 2.0
"""Samples over which levels are compared: with fewer another filter's sharpness counts as contrast, with
more a small patch has no texture left."""

_UNCHANGED = 0.25
"""Squared levels by which a crop of the same brightness may differ: more hides a change of a level, less
takes rounding for one."""


def grey(given: ArrayLike, channel_axis: int | None) -> Floats:
    """Return grey levels as float32; without the last of two or four channels, which is alpha.

    An array that has a shape, a dtype and slices is only ever converted some rows at once.

    Raises
    ------
    GlimpseError
        If the array is no image, or one of another library's.
    """
    refuse("locate", given)
    colour = np.ndim(given) == 3 and channel_axis is not None
    array, *_ = spatial(given, channel_axis if colour else None)
    if len(array.shape) > 2 + colour:
        raise GlimpseError(
            f"an array of shape {array.shape} is no image to locate in, or wants a channel_axis"
        )
    if channel_axis is None or not colour:
        return np.asarray(array).astype(np.float32, copy=False)
    return _mixed(array, channel_axis % 3)


def _mixed(array: Any, axis: int) -> Floats:
    """The colours along this axis mixed to grey, some rows at once."""
    down, across = (k for k in range(3) if k != axis)
    rows, cols, channels = array.shape[down], array.shape[across], int(array.shape[axis])
    colours = channels - 1 if channels in (2, 4) else channels
    weights = np.array(_LUMA if colours == 3 else [1 / colours] * colours, np.float32)
    levels, step = np.empty((rows, cols), np.float32), max(1, _AT_ONCE // (cols * channels))
    for top in range(0, rows, step):
        part = array[tuple(slice(top, top + step) if k == down else slice(None) for k in range(3))]
        bands = np.moveaxis(np.asarray(part), axis, -1)[..., :colours]
        np.matmul(bands.astype(np.float32, copy=False), weights, out=levels[top : top + step])
    return levels


def opaque(given: ArrayLike, channel_axis: int | None) -> NDArray[np.float64] | None:
    """Return 1 where alpha, the last of two or four channels, is above 0, else 0; None for 1 everywhere."""
    if channel_axis is None or np.ndim(given) != 3:
        return None
    array: Any = given if hasattr(given, "shape") else np.asarray(given)
    if array.shape[channel_axis] not in (2, 4):
        return None
    alpha = np.take(np.asarray(array), -1, axis=channel_axis) > 0
    return None if alpha.all() else alpha.astype(np.float64)


def change_of_levels(seen: Floats, target: Target) -> tuple[float, float, float]:
    """Return the gain and offset that turn one patch into another, and the mean squared residual.

    Gain and offset are 1 and 0 where these fit as well. They are asked of smooth levels: another tool's
    filter may have made the details stronger.
    """
    weights = np.ones(seen.size) if target.weights is None else target.weights.ravel()
    smooth, wanted = (
        blurred(array.astype(np.float64), _SMOOTH).ravel().astype(np.float64, copy=False)
        for array in (seen, target.levels)
    )
    mean = np.average(smooth, weights=weights)
    varied = float(np.average((smooth - mean) ** 2, weights=weights))
    gain = float(np.average((smooth - mean) * wanted, weights=weights)) / max(varied, 1e-12)
    middle = float(np.average(wanted, weights=weights))
    offset = middle - gain * float(mean)
    plain, scaled = (mean_square(wanted - k * smooth - c, weights) for k, c in ((1, 0), (gain, offset)))
    most = min(_UNCHANGED, mean_square(wanted - middle, weights) / 100)
    if plain <= 1.1 * scaled + most:
        gain, offset = 1.0, 0.0
    left = np.subtract(target.levels, gain * seen + offset, dtype=np.float64)
    return gain, offset, mean_square(left.ravel(), target.weights if target.weights is None else weights)
