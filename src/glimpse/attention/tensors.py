"""Read and write by whole matrices: tensors, JAX arrays and NumPy's batches, with the library's gradients.

A batch of windows has numbers of shape S: (B,), or (B, K) for K glimpses of each image. Its axes go with the
first of an image, S + (channels) + (A, B), so a bank (*S, n, A) gets axes of one where channels are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glimpse.array_api import (
    asarray_like,
    cast,
    double_type,
    is_exporting,
    is_jax,
    is_not_numpy,
    namespace,
    native,
    promote,
    result_type,
)
from glimpse.attention import shapes
from glimpse.attention.banded import float_type
from glimpse.attention.banks import SHARP
from glimpse.attention.cuts import cut
from glimpse.attention.inverse import deconvolved
from glimpse.attention.matrices import matrix
from glimpse.attention.shapes import (
    ChannelAxis,
    batch_shape,
    broadcast,
    check_batch,
    check_fit,
    numbers,
    resolved,
)
from glimpse.typing import Array
from glimpse.window import Axis, Method, Window


def read(image: Any, window: Window, channel_axis: ChannelAxis) -> Array:
    """`glimpse.read` by whole matrices."""
    given, channel_axis = resolved(image, channel_axis)
    image = spatial(given, window, channel_axis)
    shape = (image.shape[-2], image.shape[-1])
    like, axes, gamma = _of_one_kind(image, window, shape)
    pixels, axes = cut(image, axes, window.axes(shape), batch_shape(window))
    pixels = cast(pixels, like)
    Fx, Fy = (cast(matrix(axis, _matrix_type(image, axis, like)), like) for axis in axes)
    patch = _contracted(pixels, Fx, Fy)
    if window.gamma != 1 if isinstance(window.gamma, float) else True:
        patch = aligned(_per_patch(cast(gamma, like)), pixels.ndim) * patch
    return _as_precise(channels_back(patch, channel_axis, given.ndim), image, window)  # type: ignore[no-any-return]


def write(
    patch: Any,
    window: Window,
    shape: tuple[int, int],
    method: Method,
    channel_axis: int | None,
    bank: Callable[[Axis], Any] = matrix,
    inverted: Callable[[Axis], Any] = matrix,
) -> Array:
    """`glimpse.write` by the matrices that `bank` makes of the axes; its inverse is that of `inverted`."""
    patch = spatial(patch, window, channel_axis)
    check_fit(window, tuple(patch.shape), patch.ndim - 2, patch.ndim - 1)
    samples, Fx, Fy, gamma = matrices(patch, window, shape, bank)
    if method == "inverse":
        banks = (Fx, Fy) if inverted is bank else matrices(patch, window, shape, inverted)[1:3]
        samples = deconvolved(samples, *banks)
    canvas = channels_back(Fx.mT @ (samples / gamma) @ Fy, channel_axis, patch.ndim)
    return _as_precise(canvas, patch, window)  # type: ignore[no-any-return]


def matrices(
    array: Any, window: Window, shape: tuple[int, int], bank: Callable[[Axis], Any] = matrix
) -> tuple[Any, Any, Any, Any]:
    """Return the array, Fx, Fy and gamma, of one kind and with axes that fit: batches come first.

    Banks are made in single precision or better, whatever the type of the image; so are the products.
    """
    like, axes, gamma = _of_one_kind(array, window, shape)
    made = (matrix(axis, _matrix_type(array, axis, like)) if bank is matrix else bank(axis) for axis in axes)
    Fx, Fy, gamma = (aligned(cast(part, like), array.ndim) for part in (*made, _per_patch(gamma)))
    return cast(array, like), Fx, Fy, gamma


def _of_one_kind(array: Any, window: Window, shape: tuple[int, int]) -> tuple[Any, list[Axis], Any]:
    """The type of the products, and the window's axes and gamma as arrays of one library and of one rank.

    Positions are in double precision where nobody rounded them: plain numbers, and NumPy's.
    """
    given = numbers(window)
    if not any(map(is_not_numpy, (array, *given))):
        like, values = float_type(array.dtype), promote(*given)
    else:
        like = result_type(array, *given, least=True)
        if any(map(is_not_numpy, given)):
            values = promote(array[..., :0, :0], *given)[1:]
        else:
            values = [asarray_like(number, array, double_type(array)) for number in given]
    rank = max(value.ndim for value in values)
    gx, gy, down, across, tall, wide, gamma = (
        value[(None,) * (rank - value.ndim) + (...,)] if 0 < value.ndim < rank else value for value in values
    )
    rows, cols = window.axes(shape)
    axes = [
        rows._replace(center=gx, delta=down, sigma=tall),
        cols._replace(center=gy, delta=across, sigma=wide),
    ]
    return like, axes, gamma


def _matrix_type(array: Any, axis: Axis, like: Any) -> Any:
    """The type in which NumPy's matrices are made: that of the products, unless a filter is sharp."""
    if is_not_numpy(axis.center):
        return None
    return like if axis.sigma.size and axis.sigma.min() >= SHARP else None


def _contracted(pixels: Any, Fx: Any, Fy: Any) -> Any:
    """``Fx @ pixels @ Fy.T`` of banks (*S, n, size), where axes of S meet images alone or all the same one.

    Several windows of one image are so many more rows of one matrix Fx: the image is multiplied once and as
    it is, and its gradient is one sum.
    """
    shape = broadcast(Fx.shape[:-2], Fy.shape[:-2]) or ()
    missing = len(shape) + 2 - pixels.ndim
    pixels = pixels[(None,) * missing + (...,)] if missing > 0 else pixels
    lead = pixels.shape[:-2]
    folded = [k for k, size in enumerate(shape) if size != 1 and lead[k] == 1]
    if not folded or is_exporting():  # which cannot tell the layout of folded matrices of unknown size
        rows, cols = aligned(Fx, pixels.ndim), aligned(Fy, pixels.ndim).mT
        # XLA multiplies many rows by few columns seven times as fast as few rows by many columns
        return rows @ (pixels @ cols) if is_jax(pixels) else rows @ pixels @ cols
    xp, counts, channels = namespace(Fx, pixels), [shape[k] for k in folded], len(lead) - len(shape)
    Fx, Fy = (_folded(xp, bank, folded, counts, len(shape), channels) for bank in (Fx, Fy))
    pixels = pixels[(*(0 if k in folded else slice(None) for k in range(len(lead))), ...)]
    K, n, size = Fx.shape[-3:]
    lines = xp.reshape(Fx, (*Fx.shape[:-3], K * n, size)) @ pixels
    lines = xp.reshape(lines, (*lines.shape[:-2], K, n, lines.shape[-1]))
    patch = lines @ Fy.mT  # (*what is not folded, K, n, m)
    rest = list(patch.shape[:-3])
    patch = xp.reshape(patch, (*rest, *counts, *patch.shape[-2:]))
    return xp.moveaxis(patch, tuple(range(len(rest), len(rest) + len(folded))), tuple(folded))


def _folded(xp: Any, bank: Any, folded: list[int], counts: list[int], rank: int, channels: int) -> Any:
    """A bank (*S, n, size) with its folded axes as one: (*what is not folded, *ones, K, n, size)."""
    bank = bank if bank.ndim > 2 else bank[(None,) * rank + (...,)]
    sizes, (n, size) = list(bank.shape[:-2]), bank.shape[-2:]
    if any(sizes[k] != 1 for k in folded):  # a bank that is the same for all stays one
        for k, count in zip(folded, counts, strict=True):
            sizes[k] = count
    bank = xp.broadcast_to(bank, (*sizes, n, size))
    last = list(range(rank - len(folded), rank))
    bank = bank if folded == last else xp.moveaxis(bank, tuple(folded), tuple(last))
    rest = [size for k, size in enumerate(sizes) if k not in folded]
    bank = xp.reshape(bank, (*rest, math.prod([sizes[k] for k in folded]), n, size))
    return bank[(slice(None),) * len(rest) + (None,) * channels + (...,)]


def spatial(array: Any, window: Window, channel_axis: ChannelAxis) -> Any:
    """The array, as one of the window's kind, with its channels in front of rows and columns.

    An image whose channels are named may lack the axes that a batch of windows has: all look at it.
    """
    xp = namespace(array, *numbers(window))
    array = shapes.spatial(array, channel_axis)[0]
    named = isinstance(channel_axis, int)
    array = array if is_not_numpy(array) or xp is np else xp.asarray(native(array))
    array = xp.moveaxis(array, channel_axis, -3) if named else array
    shape, images = batch_shape(window), array.ndim - 2 - named
    if named and images < len(shape):
        array = array[(slice(None),) * images + (None,) * (len(shape) - images) + (...,)]
    check_batch(shape, tuple(array.shape[: array.ndim - 2 - named]))
    return array


def channels_back(array: Any, channel_axis: int | None, ndim: int) -> Any:
    """Undo `spatial` for a result; `ndim` is that of the argument."""
    if channel_axis is None:
        return array
    return namespace(array).moveaxis(array, -3, channel_axis - ndim if channel_axis >= 0 else channel_axis)


def _as_precise(result: Any, array: Any, window: Window) -> Any:
    """The result in the type that the arrays add up to: half precision where nothing else is given."""
    if not is_not_numpy(result):
        return result
    return cast(result, result_type(array, *numbers(window)))


def _per_patch(gamma: Any) -> Any:
    return gamma[..., None, None] if gamma.ndim else gamma


def aligned(matrix: Any, ndim: int) -> Any:
    """A batch (*S, n, size) of matrices with axes of one, so that S goes with an array's first axes."""
    batch = matrix.ndim - 2
    between = (None,) * max(0, ndim - 2 - batch)
    return matrix[(slice(None),) * batch + between + (...,)] if batch > 0 else matrix
