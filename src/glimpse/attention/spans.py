"""The pixels that windows touch, cut out of arrays of other libraries before they are multiplied."""

from __future__ import annotations

import math
from typing import Any

from glimpse.array_api import is_tensor, namespace, values_at_hand
from glimpse.attention.kernels import KERNEL_TABLE
from glimpse.window import Axis, Kernel

_SHARE = 0.5  # of an axis: longer spans cost more to cut out of each image than they save
_PRECISION = 2.0**-56  # of weights, beyond which no precision shows them


def cut_all(image: Any, axes: list[Axis], plain: tuple[Axis, Axis]) -> tuple[Any, list[Axis]]:
    """Return the part of all images that one window touches, and its axes over the part.

    The numbers of `axes` are arrays of the image's library; those of `plain`, the same, are Python's.
    """
    slices, parts = [], []
    for axis, (size, n, center, delta, sigma, kernel, _) in zip(axes, plain, strict=True):
        half, radius = (n - 1) / 2 * delta, _radius(kernel, sigma)
        first, last = (min(max(end, 0), size - 1) for end in (center - half, center + half))
        start, stop = max(math.floor(first - radius), 0), min(math.ceil(last + radius) + 1, size)
        slices.append(slice(start, stop))
        parts.append(axis._replace(size=stop - start, center=axis.center - start))
    return image[(..., *slices)], parts


def cut_each(image: Any, axes: list[Axis]) -> tuple[Any, list[Axis]]:
    """Return a batch of images cut to their windows, and the axes over the parts; or both as they are.

    They are cut where the windows' values are at hand, each of shape (B,) or (), for PyTorch's tensors alone.
    """
    if not (is_tensor(image) and image.ndim > 2):
        return image, axes
    spans = [_span(axis, len(image)) for axis in axes]
    if not any(length for _, length in spans):
        return image, axes
    slices, parts = [], []
    for axis, (start, length) in zip(axes, spans, strict=True):
        if length:
            parts.append(axis._replace(size=length, center=axis.center - start.to(axis.center.dtype)))
            slices.append([slice(first, first + length) for first in start.int().tolist()])
        else:
            parts.append(axis)
            slices.append([slice(None)] * len(image))
    cuts = [one[..., rows, cols] for one, rows, cols in zip(image.unbind(), *slices, strict=True)]
    return namespace(image).stack(cuts), parts


def _span(axis: Axis, count: int) -> tuple[Any, int]:
    """The first pixel of each of so many windows, and how many pixels each may touch.

    The pixels are 0 where their number is unknown or too large, or the windows are not so many.
    """
    values: list[Any] = [values_at_hand(x) if is_tensor(x) else None for x in axis[2:5]]
    if any(value is None for value in values) or not axis.center.ndim or not values[0].size:
        return None, 0
    _, delta, sigma = values
    radius = _radius(axis.kernel, float(sigma.max()))
    length = math.ceil((axis.n - 1) * float(delta.max()) + 2 * radius) + 2
    if length > _SHARE * axis.size:
        return None, 0
    first = axis.center.detach() - (axis.n - 1) / 2 * axis.delta.detach()
    if first.shape != (count,):
        return None, 0
    return (first.clip(0, axis.size - 1) - radius).floor().clip(0, axis.size - length), length


def _radius(kernel: Kernel, sigma: float) -> float:
    """How far from its centre a filter touches pixels, a pixel more for the rounding of its peak."""
    return KERNEL_TABLE[kernel].reach(sigma, _PRECISION) + 1
