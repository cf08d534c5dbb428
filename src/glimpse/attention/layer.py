"""The attention layer: read a patch out of an image, write it back onto a canvas.

Gregor et al. 2015 (arXiv:1502.04623), section 3.3: ``read`` is ``gamma * Fx @ image @ Fy.T`` and ``write``
is ``Fx.T @ patch @ Fy / gamma``. The products are those of `contraction`, one axis after the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from glimpse.array_api import cast, is_not_numpy, namespace
from glimpse.attention import inverse
from glimpse.attention.banded import (
    Band,
    BlockSpec,
    axis_back,
    axis_last,
    contract,
    expand,
    filters_per_block,
    float_type,
    index,
)
from glimpse.attention.banks import band, bands, extent
from glimpse.attention.matrices import filterbank
from glimpse.attention.shapes import (
    ChannelAxis,
    check_finite,
    involves_tensors,
    refuse_tensors,
    samples_of,
    spatial,
)
from glimpse.attention.signals import Look, along
from glimpse.errors import GlimpseError
from glimpse.levels import to_levels
from glimpse.typing import Array, Plain
from glimpse.validation import checked_choice, checked_sides, told
from glimpse.window import METHODS, Axis, Method, Window

_SHARED = attrgetter("n", "delta", "sigma", "kernel", "edge")  # alike where filters can be made at once
_MANY = 32  # windows that are looked at together
_KEPT = 32  # pairs of axes whose cuts are kept: tens of bytes each, and a tenth of the time of a small read
_BETWEEN = 1 << 21  # bytes between the two products: more leave the cache, fewer are cut into more parts


@overload
def read(
    image: Plain, window: Look, *, channel_axis: ChannelAxis = ..., dtype: DTypeLike | None = ...
) -> Array: ...


@overload
def read(
    image: Any, window: Look, *, channel_axis: ChannelAxis = ..., dtype: DTypeLike | None = ...
) -> Any: ...


def read(
    image: Any, window: Look, *, channel_axis: ChannelAxis = "auto", dtype: DTypeLike | None = None
) -> Any:
    """Read the patch that a window shows: crop and rescale in one step.

    Parameters
    ----------
    image : array_like, shape (..., A, B), with a channel axis anywhere if `channel_axis` names it
        Pixels in any levels; they must be finite. An image that has a shape, a dtype and slices, such
        as a memory map, is only read where the window looks. A PyTorch tensor or JAX array, here or in
        the window, gives a patch of its kind, on its device, with gradients.
    window : Window
        Where to look. Its numbers may be arrays of another library too, of shape () or, for a batch
        of images (B, A, B) or (B, C, A, B), of shape (B,). A `Span` reads signals (..., L), a list of three
        of them volumes (..., L, A, B).
    channel_axis : int, None or "auto"
        The axis of the colour channels. The last two of the other axes are rows and columns, any
        before them are a batch. "auto" takes an array for one without channels, unless its last axis looks
        like them, and a picture of Pillow's for what it says itself; None never asks.
    dtype : "uint8", "uint16" or None
        Whole levels, rounded to the nearest and clipped once, as the command saves them: what
        `Image.fromarray` and `imshow` take. Multiply levels of 0 to 1 by 255 before.

    Returns
    -------
    ndarray, shape (..., N, M)
        The patch, in the levels of the image times gamma, channels where they were. float64 for a
        float64 image, else float32 (within 1e-3 of one 8-bit level of the float64 result).

    Raises
    ------
    GlimpseError
        If the image has too few axes, no pixels or complex ones, or its channel axis does not exist.

    Notes
    -----
    Gregor et al. 2015, eq. 27.

    Examples
    --------
    >>> image = np.arange(12.0).reshape(3, 4)
    >>> read(image, Window(gx=1, gy=2, delta=1, sigma=1e-3, n=1))
    array([[6.]])
    """
    if dtype is not None:
        return whole_levels(read(image, window, channel_axis=channel_axis), dtype)
    if not isinstance(window, Window):
        return along(read, image, window, None, channel_axis)
    if involves_tensors(image, window):
        from glimpse.attention import tensors  # which NumPy's arrays need not wait for

        return tensors.read(image, window, channel_axis)
    image, row, col = spatial(image, channel_axis)
    rows, cols = (band(*bank) for bank in axes_to_read(window, image, row, col))
    return _sampled(image, rows, cols, window.gamma, row, col)


def whole_levels(array: Any, dtype: DTypeLike) -> Array:
    """Return levels rounded to the nearest and clipped once, as uint8 or uint16."""
    try:
        name = str(dtype).rpartition(".")[2] if is_not_numpy(array) else np.dtype(dtype).name
    except (TypeError, ValueError):  # no type of NumPy's
        name = ""
    if name not in ("uint8", "uint16"):
        raise GlimpseError(f"dtype is 'uint8' or 'uint16', for levels rounded and clipped, got {told(dtype)}")
    white = 255 if name == "uint8" else 65535
    if not is_not_numpy(array):
        return to_levels(array, white)
    xp = namespace(array)
    return cast(xp.clip(xp.round(array), 0, white), getattr(xp, name))  # type: ignore[no-any-return]


def read_many(
    image: ArrayLike, windows: Iterable[Window], *, channel_axis: ChannelAxis = "auto"
) -> Iterator[Array]:
    """Read the patches of many windows of one image, one after the other.

    Neighbours in the list that differ in gx, gy and gamma alone share the work on their filters, so this
    is faster than `read` in a loop, and no larger in memory.

    Parameters
    ----------
    image, channel_axis
        As for `read`; an array of NumPy, or anything that NumPy makes one of.
    windows : iterable of Window
        Where to look; drawn up to 32 at a time.

    Yields
    ------
    ndarray, shape (..., N, M)
        As from `read`, to rounding.

    Raises
    ------
    GlimpseError
        As `read` does.

    Examples
    --------
    >>> image = np.arange(12.0).reshape(3, 4)
    >>> windows = [Window(gx=1, gy=column, delta=1, sigma=1e-3, n=1) for column in range(4)]
    >>> [patch.item() for patch in read_many(image, windows)]
    [4.0, 5.0, 6.0, 7.0]
    """
    refuse_tensors("read_many", image)
    if isinstance(windows, (Window, np.ndarray)) or not isinstance(windows, Iterable):
        raise GlimpseError(f"read_many takes a list of windows, got {told(windows)}")
    alone: Iterable[Window] = (refuse_tensors("read_many", image, window) for window in windows)
    if isinstance(windows, Sequence):  # a span is told before an array is found to have an axis too few
        alone = list(alone)
    array, row, col = spatial(image, channel_axis)
    for _, group in groupby(alone, _SHARED):
        while some := list(islice(group, _MANY)):
            rows, cols = (
                bands(axis, [getattr(window, name) for window in some], cut)
                for name, (axis, cut) in zip(
                    ("gx", "gy"), axes_to_read(some[0], array, row, col), strict=True
                )
            )
            for window, down, across in zip(some, rows, cols, strict=True):
                yield _sampled(array, down, across, window.gamma, row, col)


def _sampled(image: Array, rows: Band, cols: Band, gamma: float, row: int, col: int) -> Array:
    """``gamma * Fx @ image @ Fy.T``, by as many rows at once as stay in the cache between the products."""
    if not image.size:  # an empty batch
        sizes = {row: len(rows.start), col: len(cols.start)}
        return np.zeros([sizes.get(k, size) for k, size in enumerate(image.shape)], float_type(image.dtype))
    span = cols.span
    across = image.size // (image.shape[row] * image.shape[col]) * (span.stop - span.start)
    few = _BETWEEN // (across * float_type(image.dtype).itemsize)
    parts = []
    with np.errstate(invalid="ignore", over="ignore"):
        for some in (rows,) if few >= len(rows.start) else rows.parts(few):
            lines = axis_last(contract(some, image, row, {col: span}), col)
            parts.append(axis_back(contract(cols.local, lines, lines.ndim - 1), col, gamma))
        patch = parts[0] if len(parts) == 1 else np.concatenate(parts, row)
        if image.dtype.kind == "f" and not math.isfinite(patch.sum()):
            check_finite(image, {row: rows.span, col: span})
    return patch


@overload
def write(
    patch: Plain, window: Look, shape: Any, *, method: Method = ..., channel_axis: int | None = ...
) -> Array: ...


@overload
def write(
    patch: Any, window: Look, shape: Any, *, method: Method = ..., channel_axis: int | None = ...
) -> Any: ...


def write(
    patch: Any,
    window: Look,
    shape: Any,
    *,
    method: Method = "transpose",
    channel_axis: int | None = None,
) -> Any:
    """Write a patch onto a black canvas, where the window would read it.

    Parameters
    ----------
    patch : array_like, shape (..., N, M), with a channel axis anywhere if `channel_axis` names it
        Samples, as `read` returns them.
    window : Window
        Where the patch belongs; ``window.shape`` is (N, M). A `Span` or a list of them as for `read`.
    shape : (int, int)
        Rows and columns (A, B) of the canvas; as many sizes as there are spans.
    method : {"transpose", "inverse"}
        The transpose spreads each sample over its filter's pixels; it is the exact adjoint of
        `read` at gamma = 1 and the gradient of `read` with respect to the image. The inverse is
        the smallest canvas from which `read` returns the patch.
    channel_axis : int or None
        As for `read`.

    Returns
    -------
    ndarray, shape (..., A, B)
        The canvas, divided by gamma; float64 for a float64 patch, else float32.

    Raises
    ------
    GlimpseError
        If the patch has another shape than the window's, the canvas has none, or the method is unknown.

    Notes
    -----
    Gregor et al. 2015, eq. 28.

    Neighbouring filters overlap. With a Gaussian's sigma at half a stride the inverse is well conditioned
    and ``read(write(P)) == P`` to rounding. As sigma grows the fine components of a patch shrink in
    `read`, at one stride by ten thousand times, and inverting them would ring with rounding noise. So a
    component (a pair of singular vectors of Fx and Fy) with a gain q below ``RIDGE`` = 0.1 of the largest is
    not divided by q but multiplied by q / RIDGE**2: it comes back from `read` times (q / RIDGE)**2. The
    same holds for filters beyond an extended edge, which all see the same pixels.

    Examples
    --------
    >>> window = Window(gx=1, gy=2, delta=1, sigma=1e-3, n=1)
    >>> write(np.array([[6.0]]), window, (3, 4))
    array([[0., 0., 0., 0.],
           [0., 0., 6., 0.],
           [0., 0., 0., 0.]])
    """
    checked_choice("method", method, METHODS)
    if not isinstance(window, Window):
        return along(write, patch, window, shape, channel_axis, method=method)
    shape = checked_sides(shape)
    if involves_tensors(patch, window):
        from glimpse.attention import tensors

        return tensors.write(patch, window, shape, method, channel_axis)
    patch, row, col = samples_of(patch, window, channel_axis)
    dtype = float_type(patch.dtype)
    if method == "inverse":
        banks = [filterbank(*axis) for axis in window.axes(shape)]
        patch = deconvolved(patch, banks, row, col)
    rows, cols = (band(axis, BlockSpec(dtype)) for axis in window.axes(shape))
    wide = expand_cols(cols, np.divide(patch, window.gamma, dtype=dtype), col)
    return expand_rows(wide, rows, cols, shape, row, col)


def expand_cols(cols: Band, samples: Array, col: int) -> Array:
    """Return ``samples @ Fy``, the columns of the bank's span only."""
    return axis_back(expand(cols, axis_last(samples, col), samples.ndim - 1), col)


def expand_rows(wide: Array, rows: Band, cols: Band, shape: tuple[int, int], row: int, col: int) -> Array:
    """Return ``Fx.T @ wide`` on a black canvas of this shape, at the columns that `wide` is of."""
    sizes = {row: shape[0], col: shape[1]}
    canvas = np.zeros([sizes.get(axis, size) for axis, size in enumerate(wide.shape)], wide.dtype)
    expand(rows, wide, row, canvas[index(canvas, {row: rows.span, col: cols.span})])
    return canvas


def axes_to_read(window: Window, image: Array, row: int, col: int) -> list[tuple[Axis, BlockSpec]]:
    """The axes of rows and columns, each with where to cut its bank for the two products of `read`."""
    shape = image.shape[row], image.shape[col]
    axes, others = window.axes(shape), int(image.size // math.prod(shape)) or 1  # none of an empty batch
    return list(zip(axes, _cuts(axes, others, float_type(image.dtype)), strict=True))


@lru_cache(maxsize=_KEPT)
def _cuts(axes: tuple[Axis, Axis], others: int, dtype: np.dtype[Any]) -> tuple[BlockSpec, BlockSpec]:
    """Where to cut the banks of rows and columns, of so many numbers (channels, images) for each pixel."""
    cut = BlockSpec(dtype)
    widths = [extent(axis, cut).one for axis in axes]
    down, across = (
        min(axis.size, math.ceil((axis.n - 1) * axis.delta) + width)
        for axis, width in zip(axes, widths, strict=True)
    )
    rows, cols = axes
    tall = filters_per_block(rows.n, rows.delta, widths[0], across * others, down * dtype.itemsize)
    wide = filters_per_block(cols.n, cols.delta, widths[1], rows.n * others)
    return cut._replace(block_size=tall), cut._replace(block_size=wide)


def deconvolved(patch: Array, banks: list[Array], row: int, col: int) -> Array:
    """Return the samples whose transposed write is the regularised inverse of `read` with these matrices."""
    samples = inverse.deconvolved(np.moveaxis(patch, (row, col), (-2, -1)), *banks)
    return np.moveaxis(samples, (-2, -1), (row, col))
