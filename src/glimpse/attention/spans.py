"""The pixels that windows touch, cut out of arrays of other libraries before they are multiplied."""

from __future__ import annotations

import math
from typing import Any

from glimpse.array_api import is_tensor, namespace, values_at_hand
from glimpse.attention.kernels import KERNEL_TABLE
from glimpse.window import Axis

_SHARE = 0.5  # of an axis: longer spans cost more to cut out of each image than they save
_PRECISION = 2.0**-56  # of weights, beyond which no precision shows them


def cut_all(image: Any, axes: list[Axis], plain: tuple[Axis, Axis]) -> tuple[Any, list[Axis]]:
    """Return the part of all images that one window touches, and its axes over the part.

    The numbers of `axes` are arrays of the image's library; those of `plain`, the same, are Python's.
    """
    slices = []
    for k, (size, n, center, delta, sigma, kernel, _) in enumerate(plain):
        radius = KERNEL_TABLE[kernel].reach(sigma, _PRECISION) + 1
        half = (n - 1) / 2 * delta
        first, last = (min(max(end, 0), size - 1) for end in (center - half, center + half))
        start, stop = max(math.floor(first - radius), 0), min(math.ceil(last + radius) + 1, size)
        slices.append(slice(start, stop))
        axes[k] = axes[k]._replace(size=stop - start, center=axes[k].center - start)
    return image[(..., *slices)], axes


def cut_each(image: Any, axes: list[Axis]) -> tuple[Any, list[Axis]]:
    """Return a batch of images cut to their windows, and the axes over the parts; or both as they are.

    They are cut where the windows' values are at hand, each of shape (B,) or (), for PyTorch's tensors alone.
    """
    if not (is_tensor(image) and image.ndim > 2):
        return image, axes
    spans = [_span(axis) for axis in axes]
    some = [bool(length) and start.shape == image.shape[:1] for start, length in spans]
    if not any(some):
        return image, axes
    slices = []
    for k, (start, length) in enumerate(spans):
        if some[k]:
            axes[k] = axes[k]._replace(size=length, center=axes[k].center - start.to(axes[k].center.dtype))
            slices.append([slice(first, first + length) for first in start.int().tolist()])
        else:
            slices.append([slice(None)] * len(image))
    parts = [one[..., rows, cols] for one, rows, cols in zip(image.unbind(), *slices, strict=True)]
    return namespace(image).stack(parts), axes


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
