"""Banks of filters along one axis, and their derivatives: where filters stand, which pixels they touch."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse import limits
from glimpse.array_api import (
    arange_like,
    cast,
    constant,
    double_type,
    is_not_numpy,
    is_numpy_array,
    namespace,
    promote,
    softmax,
)
from glimpse.attention.banded import Band, BlockSpec
from glimpse.attention.kernels import KERNEL_TABLE
from glimpse.errors import GlimpseError
from glimpse.typing import Floats
from glimpse.validation import checked, checked_size
from glimpse.window import Axis, Edge, Kernel, Window

_EXACT = BlockSpec()
_DUST = 1 << 20  # times the smallest number of full precision
_KEPT, _SMALL = 8, 1 << 18  # banks that are kept, and the most weights of one: 16 MB in all at the most
_AT_ONCE = 1 << 15  # weights that are made at once: more would not stay in the cache


def centers(n: int, center: Any, delta: Any) -> Any:
    """Return the filter centres ``center + (i - (n - 1) / 2) * delta``, shape (n,), in pixels.

    Gregor et al. 2015, eqs. 19-20, counted from 0.
    """
    counts = arange_like(0, n, center) if is_not_numpy(center) else np.arange(n)
    return center + (counts - (n - 1) / 2) * delta


def filterbank(
    size: int,
    n: int,
    center: Any,
    delta: Any,
    sigma: Any,
    kernel: Kernel = "gaussian",
    edge: Edge = "extend",
) -> Any:
    """Return the matrix F of n filters over one axis, so that ``F @ y`` samples a signal.

    Parameters
    ----------
    size : int
        Pixels of the axis.
    n : int
        Filters.
    center, delta, sigma : float, or array of another library
        Centre of the grid, stride and standard deviation, in pixels. PyTorch tensors and JAX arrays
        keep their gradients; of shape (B,) they are a batch.
    kernel : {"gaussian", "box"}
        Shape of one filter; the box is ``sigma * sqrt(12)`` wide, so that sigma means the same.
    edge : {"extend", "black"}
        Normalised over the pixels of the axis (each row sums to one), or over the endless lattice
        with zeros outside (a row sums to the share of the filter that lies inside).

    Returns
    -------
    ndarray, shape (n, size), float64
        Weights, >= 0. For arrays of another library an array of that library, shape (..., n, size), in
        their precision.

    Raises
    ------
    GlimpseError
        If a number is out of its range, or a name not in its list.

    Notes
    -----
    Gregor et al. 2015, eqs. 19-26, normalised without an epsilon: rows are finite and sum to one
    however small sigma and however far the centre.

    Examples
    --------
    A sine wave of 800 samples; its part ``ys[100:600]`` in 100 values:

    >>> ys = np.sin(np.linspace(0, 4 * np.pi, 800))
    >>> F = filterbank(800, n=100, center=(100 + 600 - 1) / 2, delta=5, sigma=2.5)
    >>> F.shape, (F @ ys).shape
    ((100, 800), (100,))
    >>> means = ys[100:600].reshape(100, 5).mean(axis=1)
    >>> bool(np.abs(F @ ys - means).max() < 1e-3)
    True
    """
    axis = _checked(Axis(size, n, center, delta, sigma, kernel, edge))
    numbers = axis.center, axis.delta, axis.sigma
    if any(is_not_numpy(number) or is_numpy_array(number) for number in numbers):
        center, delta, sigma = promote(*numbers)
        return dense(axis._replace(center=center, delta=delta, sigma=sigma))
    return _dense(band(axis), axis.size)


def _checked(axis: Axis) -> Axis:
    """The axis with Python's own numbers, checked as those of a window are."""
    size, n, center, delta, sigma, kernel, edge = axis
    window = Window(gx=0, gy=0, delta=delta, sigma=sigma, n=(n, 1), kernel=kernel, edge=edge)
    center = checked("center", center, positive=False)
    return window.axes((checked_size("size", size), 1))[0]._replace(center=center)


def dense(axis: Axis, dtype: Any = None) -> Any:
    """Return `filterbank` of numbers that are arrays of any one library, each of shape () or (B,).

    Weights are of their type unless `dtype` names another.
    """
    xp, shape, dtype = namespace(axis.center), KERNEL_TABLE[axis.kernel], dtype or axis.center.dtype
    if not shape.exponent:  # the end of a long box is a small difference of large numbers
        wide = (cast(number, double_type(number)) for number in (axis.center, axis.delta, axis.sigma))
        axis = axis._replace(**dict(zip(("center", "delta", "sigma"), wide, strict=True)))
    mu = centers(axis.n, axis.center[..., None], axis.delta[..., None])[..., None]
    peak = constant(xp.round(mu))
    peak = peak if axis.edge == "black" else xp.clip(peak, 0, axis.size - 1)
    u, sigma = arange_like(0, axis.size, cast(mu, dtype)) - cast(peak, dtype), axis.sigma[..., None, None]
    if shape.exponent and axis.edge == "extend":
        return softmax(shape.exponent(u, mu - peak, sigma))
    weights, total = unnormalised(u, mu - peak, axis._replace(sigma=sigma))
    return weights / cast(total, dtype)


class Partials(NamedTuple):
    """The slopes of a bank's weights, each of the bank's shape, per pixel of what grows."""

    center: Floats
    delta: Floats
    sigma: Floats


def filterbank_partials(
    size: int,
    n: int,
    center: float,
    delta: float,
    sigma: float,
    kernel: Kernel = "gaussian",
    edge: Edge = "extend",
) -> Partials:
    """Return the derivatives of `filterbank` with respect to center, delta and sigma.

    Parameters
    ----------
    size, n, center, delta, sigma, kernel, edge
        As for `filterbank`.

    Returns
    -------
    Partials
        ``center``, ``delta`` and ``sigma``, ndarrays of shape (n, size), float64. A box filter has
        kinks; there each is the slope towards a growing center, delta or sigma.

    Raises
    ------
    GlimpseError
        If a number is out of its range, or a name not in its list.

    Notes
    -----
    The derivatives of Gregor et al. 2015, eqs. 19-26. Rows of an extended bank sum to one, so the
    rows of its derivatives sum to zero.

    Examples
    --------
    >>> moved = filterbank(9, 3, 4 + 1e-6, 2, 1) - filterbank(9, 3, 4, 2, 1)
    >>> bool(np.allclose(moved / 1e-6, filterbank_partials(9, 3, 4, 2, 1).center, atol=1e-6))
    True
    """
    axis = _checked(Axis(size, n, center, delta, sigma, kernel, edge))
    if any(is_not_numpy(x) or is_numpy_array(x) for x in axis[2:5]):
        raise GlimpseError("filterbank_partials takes plain numbers; differentiate filterbank for tensors")
    bank, partials = band_partials(axis)
    return Partials(*(_dense(Band(bank.start, slopes), axis.size) for slopes in partials))


def band(axis: Axis, cut: BlockSpec = _EXACT) -> Band:
    """Return `filterbank` as a `Band`, without the weights that do not show; not to be written to.

    A small bank is kept for the next call: one window over many images is the commonest batch.
    """
    return _kept(axis, cut) if axis.n * axis.size <= _SMALL else sample_kernel(axis, cut).band


@functools.lru_cache(maxsize=_KEPT)
def _kept(axis: Axis, cut: BlockSpec) -> Band:
    bank = sample_kernel(axis, cut).band
    bank.start.flags.writeable = bank.weights.flags.writeable = False
    return bank


def bands(axis: Axis, places: Sequence[float], cut: BlockSpec = _EXACT) -> Iterator[Band]:
    """Yield `band` for each of many centres of an axis, several made at once."""
    several = max(1, _AT_ONCE // (axis.n * _width(axis, cut)))
    for first in range(0, len(places), several):
        centers = np.array(places[first : first + several])[:, None]
        made = sample_kernel(axis._replace(center=centers), cut).band
        for start, weights in zip(made.start, made.weights, strict=True):
            yield Band(start, weights, cut.block_size)


def band_partials(axis: Axis, cut: BlockSpec = _EXACT) -> tuple[Band, Partials]:
    """Return `band` and its derivatives, each of shape (n, K) over the same pixels."""
    placed = sample_kernel(axis, cut)
    bank, (grows, falls, wider) = placed.band, placed.slopes(axis)
    steps = (np.arange(axis.n) - (axis.n - 1) / 2)[:, None]
    spread = steps * np.where(steps < 0, falls, grows)
    return bank, Partials(grows, spread, wider)


class _Sampled(NamedTuple):
    """The filters of a bank, or of several, over the K pixels that each touches."""

    start: NDArray[np.intp]  # (..., n)
    u: Floats  # (..., n, K), the pixels, counted from the filter's peak
    offset: Floats  # (..., n, 1), of the centre from the peak
    weights: Floats  # (..., n, K), up to a factor
    total: Floats  # (..., n, 1), that factor
    block_size: int  # filters of a block

    @property
    def band(self) -> Band:
        return Band(self.start, self.weights / self.total, self.block_size)

    def slopes(self, axis: Axis) -> list[Floats]:
        """The slopes of the band's weights as mu grows, as mu falls, as sigma grows."""
        shape, weights = KERNEL_TABLE[axis.kernel], self.weights / self.total
        raw = shape.slopes(self.u, self.offset, axis.sigma)
        if axis.edge == "extend":
            totals = [slope.sum(axis=1, keepdims=True) for slope in raw]
        else:
            moved, wider = shape.lattice_slopes(self.offset, axis.sigma)
            totals = [moved, moved, wider]
        return [(slope - weights * whole) / self.total for slope, whole in zip(raw, totals, strict=True)]


def sample_kernel(axis: Axis, cut: BlockSpec) -> _Sampled:
    size, n = axis.size, axis.n
    mu = centers(n, axis.center, axis.delta)
    inside = _clipped(mu, size - 1)  # beyond the edge weights fall faster than from the edge
    radius, width = _radius(axis, cut), _width(axis, cut)
    if n * width > limits.WEIGHTS:
        raise GlimpseError(
            f"{n} filters of {width} pixels are more than {limits.WEIGHTS} weights; give less -n or --sigma"
        )
    one = reach(axis, cut)
    start = _clipped(np.ceil(inside - radius), size - one)
    if (
        cut.block_size > 1
    ):  # a block begins where its first filter does, but no block ends beyond the last filter
        blocks = start[..., :: cut.block_size].repeat(cut.block_size, -1)[..., :n]
        start = np.maximum(np.minimum(blocks, start[..., -1:] + one - width), 0)
    peak = np.rint(mu if axis.edge == "black" else inside)
    offset = (mu - peak)[..., None]
    u = _counted_on((start - peak).astype(cut.dtype, copy=False), width)
    weights, total = unnormalised(u, offset, axis)
    offset = offset.astype(cut.dtype, copy=False)
    if (
        cut.block_size > 1
    ):  # far from a filter in its block are numbers so small that they are slow to multiply
        weights = np.where(weights > _DUST * np.finfo(cut.dtype).tiny, weights, 0)
    return _Sampled(start.astype(np.intp), u, offset, weights, total, cut.block_size)


def reach(axis: Axis, cut: BlockSpec) -> int:
    """Return how many pixels of an axis one filter touches at most."""
    return int(min(axis.size, 2 * _radius(axis, cut) + 1))


def _width(axis: Axis, cut: BlockSpec) -> int:
    """The pixels of a block, or of one filter where the bank is not cut into blocks."""
    strides = math.ceil(max(cut.block_size - 1, 0) * axis.delta)
    return int(min(axis.size, reach(axis, cut) + strides))


def _radius(axis: Axis, cut: BlockSpec) -> float:
    # the peak is half a pixel off
    return math.hypot(KERNEL_TABLE[axis.kernel].reach(axis.sigma, cut.precision), 0.5)


def _counted_on(first: Floats, width: int) -> Floats:
    """The numbers ``first[..., None] + range(width)``, the longer of the last axes side by side in memory."""
    steps = np.arange(width, dtype=first.dtype)
    if width >= first.shape[-1]:
        return np.add.outer(first, steps)
    return np.add.outer(steps, first).transpose(*range(1, first.ndim + 1), 0)


def _dense(bank: Band, size: int) -> Floats:
    dense = np.zeros((len(bank.start), size))
    np.put_along_axis(dense, bank.pixels, bank.weights, axis=1)
    return dense


def unnormalised(u: Any, offset: Any, axis: Axis) -> tuple[Any, Any]:
    """Return the weights of pixels u (..., n, K) up to a factor, and that factor (..., n, 1).

    Arrays are those of any library; offset is of shape (..., n, 1), the sigma of the axis is one number or
    (..., 1, 1).
    """
    xp, shape = namespace(offset), KERNEL_TABLE[axis.kernel]
    weights = shape.weigh(u, offset, axis.sigma, xp)
    if axis.edge == "black":
        return weights, shape.lattice_sum(offset, axis.sigma, xp)
    total = weights.sum(axis=-1, keepdims=True) if xp is np else xp.sum(weights, axis=-1, keepdims=True)
    if shape.exponent:  # the weight of a peak is 1, so no total is 0
        return weights, total
    nothing = total == 0  # a box that ends before the image begins: the nearest pixel alone
    weights = xp.where(nothing & (u == 0), 1.0, weights)
    return weights, xp.where(nothing, 1.0, total)


def _clipped(places: Floats, most: float) -> Floats:
    # several times faster than np.clip, where there are block_size
    return np.minimum(np.maximum(places, 0), most)
