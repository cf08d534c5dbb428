"""The pixels that a batch of windows touches, cut out of tensors before they are multiplied."""

from __future__ import annotations

import math
from typing import Any

from glimpse.array_api import is_tensor, values_at_hand
from glimpse.attention.kernels import KERNEL_TABLE
from glimpse.window import Axis

_SHARE = 0.5  # of an axis: longer spans cost more to cut out than they save
_PRECISION = 2.0**-56  # of weights, beyond which no precision shows them


def cut(image: Any, axes: list[Axis]) -> tuple[Any, list[Axis]]:
    """Return a batch of images cut to their windows, and the axes over the parts; or both as they are.

    They are cut where the windows' values are at hand, each of shape (B,) or (), for PyTorch's tensors alone.
    """
    for k, axis in zip((-2, -1), axes, strict=True):
        start, length = _span(axis)
        if length and is_tensor(image) and image.ndim > 2 and start.shape == image.shape[:1]:
            steps = start[:, None] + start.new_ones(length).cumsum(0) - 1
            shape = [len(start)] + [1] * (image.ndim - 1)
            shape[k] = length
            wide = list(image.shape)
            wide[k] = length
            image = image.gather(image.ndim + k, steps.long().reshape(shape).expand(wide))
            part = axis._replace(size=length, center=axis.center - start.to(axis.center.dtype))
            axes = [part if one is axis else one for one in axes]
    return image, axes


def _span(axis: Axis) -> tuple[Any, int]:
    """The first pixel of each window, and how many pixels each may touch: 0 if unknown or too many."""
    values: list[Any] = [values_at_hand(x) if is_tensor(x) else None for x in axis[2:5]]
    if any(value is None for value in values) or not axis.center.ndim or not values[0].size:
        return None, 0
    _, delta, sigma = values
    radius = KERNEL_TABLE[axis.kernel].reach(float(sigma.max()), _PRECISION) + 1
    length = math.ceil((axis.n - 1) * float(delta.max()) + 2 * radius) + 2
    if length > _SHARE * axis.size:
        return None, 0
    first = axis.center.detach() - (axis.n - 1) / 2 * axis.delta.detach()
    return (first.clip(0, axis.size - 1) - radius).floor().clip(0, axis.size - length), length
