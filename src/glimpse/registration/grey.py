"""Grey levels of an image and its halves, and windows carried from one half to another."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glimpse.attention.shapes import ChannelAxis, check_finite, refuse_tensors, resolved, spatial
from glimpse.errors import GlimpseError
from glimpse.typing import Floats
from glimpse.window import Window
from glimpse.window.scaling import enlarged, reduced

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as other tools turn colour to grey
_AT_ONCE = 1 << 20  # levels turned to grey at once: more take memory, fewer take calls

SHARPEST = 0.3
"""Sigma in pixels below which the derivatives vanish between pixels."""


def moved(window: Window, down: float, across: float) -> Window:
    """The window as many pixels further down and across."""
    return replace(window, gx=window.gx + down, gy=window.gy + across)


def grey(given: ArrayLike, channel_axis: ChannelAxis) -> Floats:
    """Return grey levels as float32; without the last of two or four channels, which is alpha.

    A picture of Pillow's knows its channels itself where the axis is "auto". An array that has a shape, a
    dtype and slices is only ever converted some rows at once.

    Raises
    ------
    GlimpseError
        If the array is no image, or one of another library's.
    """
    refuse_tensors("locate", given)
    pixels, channel_axis = resolved(given, channel_axis)
    colour = pixels.ndim == 3 and channel_axis is not None
    array, *_ = spatial(pixels, channel_axis if colour else None)
    if len(array.shape) > 2 + colour:
        raise GlimpseError(
            f"an array of shape {array.shape} is no image to locate in, or wants a channel_axis"
        )
    if channel_axis is None or not colour:
        levels = np.asarray(array).astype(np.float32, copy=False)
    else:
        levels = _mixed(array, channel_axis % 3)
    if getattr(array.dtype, "kind", "f") == "f":
        check_finite(levels, {})
    return levels


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


def opaque(given: ArrayLike, channel_axis: ChannelAxis) -> NDArray[np.float64] | None:
    """Return 1 where alpha, the last of two or four channels, is above 0, else 0; None for 1 everywhere."""
    array, channel_axis = resolved(given, channel_axis)
    if channel_axis is None or array.ndim != 3:
        return None
    if array.shape[channel_axis] not in (2, 4):
        return None
    alpha = np.take(np.asarray(array), -1, axis=channel_axis) > 0
    return None if alpha.all() else alpha.astype(np.float64)


class Scene:
    """An image and its halves: level k has pixels of 2**k."""

    def __init__(self, image: Floats) -> None:
        self.levels = [image]

    def level(self, k: int) -> Floats:
        while len(self.levels) <= k:
            rows, cols = (side // 2 for side in self.levels[-1].shape)
            quads = self.levels[-1][: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2)
            self.levels.append(quads.mean(axis=(1, 3)))
        return self.levels[k]

    def level_for(self, stride: float) -> int:
        """The coarsest level that has four pixels or more to a stride, and 16 pixels or more a side."""
        most = int(math.log2(max(min(self.levels[0].shape) / 16, 1)))
        return min(int(math.log2(max(stride / 4, 1))), most)

    def center(self, k: int) -> tuple[float, float]:
        """The middle of level k, in pixels of the image: an odd last row or column is not in it."""
        rows, cols = self.level(k).shape
        return (rows * 2**k - 1) / 2, (cols * 2**k - 1) / 2


def onto_level(window: Window, k: int) -> Window:
    """The window in pixels of level k."""
    return reduced(window, 2**k, SHARPEST)


def from_level(window: Window, k: int) -> Window:
    """The window of level k in pixels of the image."""
    return enlarged(window, 2**k)
