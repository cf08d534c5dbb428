"""The pixels that windows touch, cut out of arrays of any library before they are multiplied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from glimpse.array_api import is_compiling, is_jax, is_numpy_array, is_tensor, values_at_hand
from glimpse.attention.kernels import KERNEL_TABLE
from glimpse.attention.shapes import broadcast
from glimpse.window import Axis

_SHARE = 0.5  # of an axis: longer spans cost more to cut out of each image than they save
_SMALL = 1 << 12  # pixels of an image, of which no part is worth looking for
_PRECISION = 2.0**-56  # of weights, beyond which no precision shows them

Starts = Any
"""The first pixel of a span: a whole number, or an array of them, one for each window of a batch."""


def cut(
    image: Any, axes: Sequence[Axis], plain: Sequence[Axis], shape: tuple[int, ...]
) -> tuple[Any, list[Axis]]:
    """Return the part of each image that its window touches, and the axes over it; or both as they are.

    Parameters
    ----------
    image : array, shape (..., A, B)
        Batches first.
    axes : pair of Axis
        Whose numbers are arrays of the image's library.
    plain : pair of Axis
        The same with the numbers that the window was given.
    shape : tuple of int
        The shape of the batch of windows.
    """
    if is_compiling() and is_tensor(image):
        return image, list(axes)  # a size may change from call to call
    if shape and (axes[0].size * axes[1].size <= _SMALL or 0 in (*shape, *image.shape[:-2])):
        return image, list(axes)
    spans = [_span(axis, given) for axis, given in zip(axes, plain, strict=True)]
    simple = all(isinstance(start, int) for start, _ in spans)
    if all(length == axis.size for (_, length), axis in zip(spans, axes, strict=True)) or not (
        simple or is_tensor(image) or is_numpy_array(image) or is_jax(image)
    ):
        return image, list(axes)
    cuts = [
        axis._replace(size=length, center=axis.center - _like(start, axis.center))
        for axis, (start, length) in zip(axes, spans, strict=True)
    ]
    (top, height), (left, width) = spans
    if simple:
        if is_tensor(image) and image.requires_grad:
            return _torch_cut().apply(image[None], [0], [top], [left], height, width)[0], cuts
        return image[..., top : top + height, left : left + width], cuts
    return _cut_each(image, top, left, height, width, shape), cuts


def _span(axis: Axis, given: Axis) -> tuple[Starts, int]:
    """The first pixel of each window and how many it touches; all of them where that is unknown or many."""
    whole = 0, axis.size
    delta, sigma, center = map(_known, (given.delta, given.sigma, given.center))
    if delta is None or sigma is None or not delta.size or not sigma.size:
        return whole
    # a pixel more for the rounding of the peak
    radius = KERNEL_TABLE[axis.kernel].reach(float(sigma.max()), _PRECISION) + 1
    if center is not None and center.size and not (center.ndim or delta.ndim or sigma.ndim):
        half = (axis.n - 1) / 2 * float(delta)
        first, last = (
            min(max(end, 0), axis.size - 1) for end in (float(center) - half, float(center) + half)
        )
        start = max(math.floor(first - radius), 0)
        return start, min(math.ceil(last + radius) + 1, axis.size) - start
    length = math.ceil((axis.n - 1) * float(delta.max()) + 2 * radius) + 2
    if length > _SHARE * axis.size or (center is None and is_tensor(axis.center)):
        return whole
    if center is None:  # traced, while the stride is at hand
        center, delta, xp = axis.center, axis.delta, axis.center.__array_namespace__()
    else:
        xp = np
    first = xp.clip(center - (axis.n - 1) / 2 * delta, 0, axis.size - 1)
    starts = xp.clip(xp.floor(first - radius), 0, axis.size - length)
    return starts.astype(int), length


def _known(number: Any) -> Any:
    """The values of a window's number as NumPy's, or None where they are traced or on another device."""
    if is_compiling() and not isinstance(number, float):
        return None
    return np.asarray(number) if isinstance(number, float) else values_at_hand(number)


def _like(start: Starts, center: Any) -> Any:
    """The starts as numbers that go with a centre's."""
    if isinstance(start, int) or is_numpy_array(center) or not is_numpy_array(start):
        return start
    if is_tensor(center):
        return center.new_tensor(start)
    return center.__array_namespace__().asarray(start, dtype=center.dtype)


def _cut_each(image: Any, top: Starts, left: Starts, height: int, width: int, shape: tuple[int, ...]) -> Any:
    """The parts (*shape, ..., height, width), each of the image that its window goes with."""
    lead = (*image.shape[:-2][: len(shape)], *[1] * max(0, len(shape) - image.ndim + 2))
    rest = image.shape[len(shape) : -2]
    whole = broadcast(shape, lead) or shape
    stack = image.reshape(-1, *rest, *image.shape[-2:])
    which = np.broadcast_to(np.arange(len(stack)).reshape(lead), whole).ravel()
    if is_tensor(image) or is_numpy_array(image):
        rows, cols = (np.broadcast_to(start, whole).ravel().tolist() for start in (top, left))
        if is_tensor(image):
            parts = _torch_cut().apply(stack, which.tolist(), rows, cols, height, width)
        else:
            places = zip(which, rows, cols, strict=True)
            parts = np.stack([stack[i, ..., r : r + height, c : c + width] for i, r, c in places])
    else:
        parts = _jax_cut(stack, which, top, left, height, width, whole)
    return parts.reshape(*whole, *rest, height, width)


def _jax_cut(stack: Any, which: Any, top: Starts, left: Starts, height: int, width: int, whole: Any) -> Any:
    """The parts of images of JAX, whose starts may be traced."""
    jax = import_module("jax")
    zeros = [0] * (stack.ndim - 3)
    size = (1, *stack.shape[1:-2], height, width)
    rows, cols = (jax.numpy.broadcast_to(jax.numpy.asarray(start), whole).ravel() for start in (top, left))

    def one(i: Any, r: Any, c: Any) -> Any:
        return jax.lax.dynamic_slice(stack, (i, *zeros, r, c), size)[0]

    return jax.vmap(one)(jax.numpy.asarray(which), rows, cols)


@cache
def _torch_cut() -> Any:
    """The cut as a function of PyTorch's: its gradient adds all parts up in one array of zeros."""
    torch = import_module("torch")

    class Cut(torch.autograd.Function):  # type: ignore[misc, name-defined]
        generate_vmap_rule = True

        @staticmethod
        def forward(stack, which, rows, cols, height, width):  # type: ignore[no-untyped-def]
            places = zip(which, rows, cols, strict=True)
            return torch.stack([stack[i, ..., r : r + height, c : c + width] for i, r, c in places])

        @staticmethod
        def setup_context(ctx, inputs, output):  # type: ignore[no-untyped-def]
            stack, *ctx.places = inputs
            ctx.shape = stack.shape

        @staticmethod
        def backward(ctx, grown):  # type: ignore[no-untyped-def]
            return Paste.apply(grown, ctx.shape, *ctx.places), None, None, None, None, None

        @staticmethod
        def jvp(ctx, moved, *_):  # type: ignore[no-untyped-def]
            return Cut.apply(moved, *ctx.places)

    class Paste(torch.autograd.Function):  # type: ignore[misc, name-defined]
        generate_vmap_rule = True

        @staticmethod
        def forward(parts, shape, which, rows, cols, height, width):  # type: ignore[no-untyped-def]
            stack = parts.new_zeros(shape)
            for part, i, r, c in zip(parts.unbind(), which, rows, cols, strict=True):
                stack[i, ..., r : r + height, c : c + width] += part
            return stack

        @staticmethod
        def setup_context(ctx, inputs, output):  # type: ignore[no-untyped-def]
            _, _, *ctx.places = inputs

        @staticmethod
        def backward(ctx, grown):  # type: ignore[no-untyped-def]
            return Cut.apply(grown, *ctx.places), None, None, None, None, None, None

        @staticmethod
        def jvp(ctx, moved, shape, *_):  # type: ignore[no-untyped-def]
            return Paste.apply(moved, shape, *ctx.places)

    return Cut
