"""Grey levels of an image, and how brightness and contrast change from one patch to another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glimpse.array_api import is_not_numpy
from glimpse.attention.shapes import spatial
from glimpse.errors import GlimpseError
from glimpse.registration.least_squares import blurred
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
    if is_not_numpy(given):
        raise GlimpseError(
            "locate takes NumPy's arrays; for tensors differentiate read with their library "
            "(torch.autograd, jax.grad)"
        )
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


def change_of_levels(seen: Floats, target: Floats) -> tuple[float, float, float]:
    """Return the gain and offset that turn one patch into another, and the mean squared residual.

    Gain and offset are 1 and 0 where these fit as well. They are asked of smooth levels: another tool's
    filter may have made the details stronger.
    """
    smooth, wanted = (blurred(array.astype(np.float64), _SMOOTH) for array in (seen, target))
    gain = float(np.cov(smooth.ravel(), wanted.ravel())[0, 1] / max(float(smooth.var(ddof=1)), 1e-12))
    offset = float(wanted.mean() - gain * smooth.mean())
    plain, scaled = (float(np.square(wanted - k * smooth - c).mean()) for k, c in ((1, 0), (gain, offset)))
    if plain <= 1.1 * scaled + min(_UNCHANGED, float(wanted.var()) / 100):
        gain, offset = 1.0, 0.0
    return gain, offset, float(np.square(target - gain * seen - offset, dtype=np.float64).mean())
