"""The filters of one axis and their bank without its zeros, or those of many centres at once."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from glimpse import limits
from glimpse.array_api import arange_like, cast, is_not_numpy, namespace
from glimpse.attention.banded import Band, BlockSpec
from glimpse.attention.kernels import KERNEL_TABLE, lattice_slopes, lattice_sum
from glimpse.errors import GlimpseError
from glimpse.typing import Floats
from glimpse.window import Axis

SHARP = 0.5
"""Sigma, in pixels, below which single precision is not enough between two pixels; such filters are short."""

_DUST = 1 << 20  # times the smallest number of full precision
_EXACT = BlockSpec()
_KEPT, _SMALL = 8, 1 << 18  # banks that are kept, and the most weights of one: 16 MB in all at the most
_AT_ONCE = 1 << 15  # weights that are made at once: more would not stay in the cache


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
    several = max(1, _AT_ONCE // (axis.n * extent(axis, cut).block))
    for first in range(0, len(places), several):
        centers = np.array(places[first : first + several])[:, None]
        made = sample_kernel(axis._replace(center=centers), cut).band
        for start, weights in zip(made.start, made.weights, strict=True):
            yield Band(start, weights, cut.block_size)


class Partials(NamedTuple):
    """The slopes of a bank's weights, each of the bank's shape, per pixel of what grows."""

    center: Floats
    delta: Floats
    sigma: Floats


def band_partials(axis: Axis, cut: BlockSpec = _EXACT) -> tuple[Band, Partials]:
    """Return `band` and its derivatives, each of shape (n, K) over the same pixels."""
    placed = sample_kernel(axis, cut)
    bank, (grows, falls, wider) = placed.band, placed.slopes(axis)
    steps = (np.arange(axis.n) - (axis.n - 1) / 2)[:, None]
    spread = steps * np.where(steps < 0, falls, grows)
    return bank, Partials(grows, spread, wider)


def centers(n: int, center: Any, delta: Any) -> Any:
    """Return the filter centres ``center + (i - (n - 1) / 2) * delta``, shape (n,), in pixels.

    Gregor et al. 2015, eqs. 19-20, counted from 0.
    """
    if is_not_numpy(center):
        return center + arange_like(-(n - 1) / 2, n / 2, center) * delta
    return center + (np.arange(n) - (n - 1) / 2) * delta


class Sampled(NamedTuple):
    """The filters of a bank, or of several, over the K pixels that each touches."""

    band: Band
    u: Floats  # (..., n, K), the pixels, counted from the filter's peak
    offset: Floats  # (..., n, 1), of the centre from the peak
    total: Floats  # (..., n, 1), the factor by which the weights of the band were divided

    def slopes(self, axis: Axis) -> list[Floats]:
        """The slopes of the band's weights as mu grows, as mu falls, as sigma grows."""
        shape, weights = KERNEL_TABLE[axis.kernel], self.band.weights
        raw = shape.slopes(self.u, self.offset, axis.sigma)
        if axis.edge == "extend":
            totals = [slope.sum(axis=1, keepdims=True) for slope in raw]
        else:
            moved, wider = lattice_slopes(shape, self.offset, axis.sigma)
            totals = [moved, moved, wider]
        return [(slope - weights * whole) / self.total for slope, whole in zip(raw, totals, strict=True)]


def sample_kernel(axis: Axis, cut: BlockSpec) -> Sampled:
    size, n = axis.size, axis.n
    mu = centers(n, axis.center, axis.delta)
    # beyond the edge weights fall faster than from the edge; np.clip takes longer to begin than for so few
    inside = np.minimum(np.maximum(mu, 0), size - 1)
    radius, one, width = extent(axis, cut)
    if n * width > limits.WEIGHTS:
        raise GlimpseError(
            f"{n} filters of {width} pixels are more than {limits.WEIGHTS} weights; give less -n or --sigma"
        )
    start = np.minimum(np.maximum(np.ceil(inside - radius), 0), size - one)
    if cut.block_size > 1:
        # a block begins where its first filter does, but no block ends beyond the last filter
        blocks = start[..., :: cut.block_size].repeat(cut.block_size, -1)[..., :n]
        start = np.maximum(np.minimum(blocks, start[..., -1:] + one - width), 0)
    peak = np.rint(mu if axis.edge == "black" else inside)
    offset = (mu - peak)[..., None]
    # between two pixels a sharp filter multiplies the rounding of their distances by 1 / sigma**2
    dtype = cut.dtype if axis.sigma >= SHARP else np.dtype(np.float64)
    # the pixels of each filter, the longer of the last two axes side by side in memory
    first, steps = (start - peak).astype(dtype, copy=False), np.arange(width, dtype=dtype)
    if width >= n:
        u = np.add.outer(first, steps)
    else:
        u = np.add.outer(steps, first).transpose(*range(1, first.ndim + 1), 0)
    weights, total = unnormalised(u, offset, axis)
    offset = offset.astype(dtype, copy=False)
    if cut.block_size > 1:
        # far from a filter in its block are numbers so small that they are slow to multiply
        weights = np.where(np.abs(weights) > _DUST * np.finfo(cut.dtype).tiny, weights, 0)
    return Sampled(Band(start.astype(np.intp), weights / total, cut.block_size), u, offset, total)


class Extent(NamedTuple):
    """The pixels of an axis that its filters touch."""

    radius: float  # of one filter, from its peak
    one: int  # pixels of one filter at most
    block: int  # pixels of a block, or of one filter where the bank is not cut into blocks


def extent(axis: Axis, cut: BlockSpec) -> Extent:
    """Return how far the filters of an axis reach, until their weights no longer show in the results."""
    precision = 2.0**-56 if cut.dtype == np.float64 else 2.0**-22  # relative to a filter's largest weight
    # the peak is half a pixel off
    radius = math.hypot(KERNEL_TABLE[axis.kernel].reach(axis.sigma, precision), 0.5)
    one = int(min(axis.size, 2 * radius + 1))
    strides = math.ceil(max(cut.block_size - 1, 0) * axis.delta)
    return Extent(radius, one, int(min(axis.size, one + strides)))


def unnormalised(u: Any, offset: Any, axis: Axis) -> tuple[Any, Any]:
    """Return the weights of pixels u (..., n, K) up to a factor, and that factor (..., n, 1).

    Arrays are those of any library; offset is of shape (..., n, 1), the sigma of the axis is one number or
    (..., 1, 1).
    """
    xp, shape = namespace(offset), KERNEL_TABLE[axis.kernel]
    weights = shape.weigh(u, offset, axis.sigma, xp)
    if axis.edge == "black":
        total = lattice_sum(shape, offset, axis.sigma, xp)
    else:
        total = weights.sum(axis=-1, keepdims=True) if xp is np else xp.sum(weights, axis=-1, keepdims=True)
    if shape.exponent or (axis.edge == "black" and shape.lattice_sum):  # no such total is 0
        return weights, total
    # a filter that ends before the image begins, or falls between two pixels: the nearest one, or two alike
    nothing = total == 0
    if xp is np and not nothing.any():
        return weights, total
    near = cast((u == 0) | (xp.abs(u - cast(offset, u.dtype)) <= 0.5), u.dtype)
    alone = 1.0 + cast(xp.abs(offset) == 0.5, total.dtype) if axis.edge == "black" else None
    alone = xp.sum(near, axis=-1, keepdims=True) if alone is None else alone + 0 * total
    return xp.where(nothing, near, weights), xp.where(nothing, cast(alone, total.dtype), total)
