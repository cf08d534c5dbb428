"""Grey levels of an image, and how brightness and contrast change from one patch to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from glimpse.errors import GlimpseError
from glimpse.registration.least_squares import blurred
from glimpse.typing import Array, Floats

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

    Raises
    ------
    GlimpseError
        If the array is no image.
    """
    array = np.asarray(given)
    flat = array.ndim == 2 or (array.ndim == 3 and channel_axis is not None)
    if not flat or not array.size or array.dtype.kind not in "biuf":
        raise GlimpseError(f"an array of shape {array.shape} and type {array.dtype} is no image to locate in")
    if array.ndim == 2 or channel_axis is None:
        return array.astype(np.float32, copy=False)
    return _mixed(np.moveaxis(array, channel_axis, -1))


def _mixed(bands: Array) -> Floats:
    """The colours of an array (A, B, C) mixed to grey, some rows at once."""
    channels = int(bands.shape[-1])
    colours = channels - 1 if channels in (2, 4) else channels
    weights = np.array(_LUMA if colours == 3 else [1 / colours] * colours, np.float32)
    levels = np.empty(bands.shape[:2], np.float32)
    step = max(1, _AT_ONCE // (bands.shape[1] * colours))
    for top in range(0, len(bands), step):
        rows = slice(top, top + step)
        np.matmul(bands[rows, :, :colours].astype(np.float32, copy=False), weights, out=levels[rows])
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
