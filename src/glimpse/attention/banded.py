"""A filterbank without its zeros, and its two products with an array along one axis.

The matrix F of a bank is mostly zeros: a filter weighs only the pixels around its centre, so row i of F
is K weights that begin at column ``start[i]``, further right from row to row. Where they are cut into
blocks, neighbours begin at the same column, and K is as much longer.

             pixels -->
    filters  w w w w . . . . . .        a block: two filters and the        w w w w . .
       |     . . w w w w . . . .        pixels that they touch              . . w w w w
       v     . . . . w w w w . .
             . . . . . . w w w w        a tile: pixels 2 to 5 and the       w w . .
                                        filters that touch them             w w w w
                                                                            . . w w

Neither product forms the matrix F. It cuts small dense pieces out of the `Band`, each for BLAS to multiply
while its pixels are in the cache, so that the cost hardly depends on the number of filters.

`contract` walks in one of two ways:

- By filters, where the bank is cut into blocks: the pixels that they touch are converted at once, if they
  have to be, and each block gives its samples whole.
- By pixels, where a filter is long or the pixels are many: those of a tile are converted as they come, each
  of them once, and the samples are sums over tiles. Memory holds a tile and the result.

Larger pieces cost less time on being pieces, and more on zeros; `filters_per_block` and `_step` find the
balance.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glimpse.typing import Array, Floats

_REACHES = 8  # of a filter that a part of a bank spans at least: fewer read more of the pixels twice
_BLOCK, _TILE = 200_000, 600_000  # products that take as long as Python takes for a block, or a tile
_WEIGHT, _SUM = 125, 20  # products that take as long as making a weight, or as a sum
_CACHE = 3 << 20  # bytes of converted pixels of a tile: more leave the cache, fewer cut rows into pieces
_CONVERTED = 1 << 22  # bytes of pixels converted at once; memory for more is dearer than tiles
_FILTERS, _LONG = 32, 512  # of a block: filters, and pixels of one filter or of all strides
_LEAST, _MOST = 16, 512  # pixels of a tile
_CUTS = 128  # parts of one filter: the rounding of their sum shows where there are many more
# multiplications of a matrix: the most that OpenBLAS does where it lies, and the most on one of its threads
_AT_ONCE = 1_000_000 if os.environ.get("OPENBLAS_NUM_THREADS") == "1" else 1 << 18


class BlockSpec(NamedTuple):
    """Where a bank is cut, which shows in no result but in how long it takes.

    Parameters
    ----------
    dtype : dtype
        Of the results, and so of the weights: float32 or float64.
    block_size : int
        Filters of a block; 0 for a bank that is not cut into blocks.
    """

    dtype: np.dtype[Any] = np.dtype(np.float64)
    block_size: int = 0


class Band(NamedTuple):
    """A filterbank without its zeros: row i weighs the pixels ``start[i]`` to ``start[i] + K - 1``."""

    start: NDArray[np.intp]  # (n,), never falling
    weights: Floats  # (n, K)
    block_size: int = 0  # filters of a block, which begin at the same pixel; 0 where each has its own

    @property
    def pixels(self) -> NDArray[np.intp]:
        """The pixels that each row weighs, shape (n, K)."""
        return self.start[:, None] + np.arange(self.weights.shape[1])

    @property
    def span(self) -> slice:
        """The pixels from the first to the last that any filter touches."""
        return slice(int(self.start[0]), int(self.start[-1]) + self.weights.shape[1])

    @property
    def stride(self) -> float:
        """Pixels from one filter to the next, at least one for them all."""
        return max(1.0, float(self.start[-1] - self.start[0])) / max(1, len(self.start) - 1)

    @property
    def local(self) -> Band:
        """The same filters over their span alone."""
        return self._replace(start=self.start - self.start[0])

    def parts(self, filters: int) -> Iterator[Band]:
        """Cut the bank into banks of so many filters, or of more where they would read many pixels twice."""
        n, width = self.weights.shape
        lots = max(1, round(n / max(filters, _REACHES * width / self.stride)))
        block = max(1, self.block_size)
        step = math.ceil(n / lots / block) * block
        for first in range(0, n, step):
            some = slice(first, first + step)
            yield self._replace(start=self.start[some], weights=self.weights[some])

    @property
    def coverage(self) -> Floats:
        """The sum of all filters' weights over each pixel of the span."""
        pixels = self.pixels - self.start[0]
        total: Floats = np.bincount(pixels.ravel(), self.weights.ravel()).astype(np.float64)
        return total

    def blocks(self, dtype: DTypeLike = np.float64) -> Iterator[tuple[slice, slice, Floats]]:
        """Cut the bank into its dense blocks, each filter in one of them.

        Yields
        ------
        filters, pixels : slice
            Rows of the bank and the K pixels that they touch, counted from the first of the span.
        weights : ndarray, shape (filters, pixels)
            That part of the dense matrix.
        """
        width, size = self.weights.shape[1], self.block_size
        weights, starts = self.weights.astype(dtype, copy=False), self.start[::size].tolist()
        for first, start in zip(range(0, len(weights), size), starts, strict=True):
            filters, pixel = slice(first, first + size), start - starts[0]
            yield filters, slice(pixel, pixel + width), weights[filters]

    def tiles(self, step: int, dtype: DTypeLike = np.float64) -> Iterator[tuple[slice, slice, Floats]]:
        """Cut the bank into dense tiles, each pixel of the span in at most one of them.

        Walking along the axis, a tile takes the next `step` pixels and the filters that touch
        them; pixels between filters that touch none are jumped over. A filter longer than a tile
        is cut, so a sum over tiles is a sum over its parts.

        Yields
        ------
        filters, pixels : slice
            Rows of the bank and pixels of the axis, not empty.
        weights : ndarray, shape (filters, pixels)
            That part of the dense matrix.
        """
        n, width = self.weights.shape
        padded = np.zeros((n, width + 2 * step), dtype)  # so that a tile is cut out of it, zeros and all
        padded[:, step : step + width] = self.weights
        origin = np.arange(step, padded.size, padded.shape[1]) - self.start
        pixel, end = self.span.start, self.span.stop
        while pixel < end:
            first = int(self.start.searchsorted(pixel - width, side="right"))
            pixel = max(pixel, int(self.start[first]))
            stop = min(pixel + step, end)
            last = int(self.start.searchsorted(stop, side="left"))
            weights = padded.take(origin[first:last, None] + np.arange(pixel, stop))
            yield slice(first, last), slice(pixel, stop), weights
            pixel = stop


def contract(bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None) -> Array:
    """Return ``F @ x`` along one axis, for the `spans` of the other axes; x is only ever sliced."""
    spans = spans or {}
    out, sums = empty_output(len(bank.start), x, axis, spans, zeros=not bank.block_size)
    if bank.block_size:
        seen = x[index(x, {**spans, axis: bank.span})]
        lines = as_matrix(seen, axis, float_type(seen.dtype))
        for filters, pixels, weights in bank.blocks(lines.dtype):
            product(weights, lines[pixels], out=sums[filters])
        return out
    for strip in strips(bank, x, axis, spans):
        add(strip, sums)
    return out


def expand(bank: Band, x: Array, axis: int, out: Array | None = None) -> Array:
    """Return ``F.T @ x`` along one axis, the pixels of the bank's span only.

    They are added to `out`, an array of zeros, if it is given.
    """
    front, _ = _orders(x.ndim, axis)
    samples, local = as_matrix(x, axis), bank.local
    out = empty_output(local.span.stop, x, axis, {}, zeros=True)[0] if out is None else out
    pixels_first = out.transpose(front)
    if bank.block_size:
        for filters, pixels, weights in bank.blocks(x.dtype):
            here = pixels_first[pixels]
            here += product(weights.T, samples[filters]).reshape(here.shape)
        return out
    step = _step(local, samples.shape[1] or 1, out.itemsize)
    for filters, pixels, weights in local.tiles(step, x.dtype):
        here = pixels_first[pixels]
        lines = here.reshape(len(here), -1)
        product(weights.T, samples[filters], out=lines)
        if not np.may_share_memory(lines, here):
            here[...] = lines.reshape(here.shape)
    return out


class Strip(NamedTuple):
    """A few filters over a few pixels: one piece of a bank and a part of an array in floating point."""

    filters: slice
    pixels: slice
    columns: slice  # of the lines that the other axes make in their order
    weights: Floats  # (filters, pixels)
    part: Floats  # (pixels, columns)
    whole: bool  # whether these filters touch no other pixels


def add(strip: Strip, sums: Floats) -> None:
    """Add the products of a strip to the samples (n, columns), which were zeros."""
    here = sums[strip.filters, strip.columns]
    if strip.whole:
        product(strip.weights, strip.part, out=here)
    else:
        here += product(strip.weights, strip.part)


def strips(bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None) -> Iterator[Strip]:
    """Walk over the pixels that a bank touches, for the `spans` of the other axes."""
    return (_by_filters if bank.block_size else _by_pixels)(bank, x, axis, spans or {})


def _by_filters(bank: Band, x: Array, axis: int, spans: dict[int, slice]) -> Iterator[Strip]:
    seen = x[index(x, {**spans, axis: bank.span})]
    lines = as_matrix(seen, axis, float_type(seen.dtype))
    for filters, pixels, weights in bank.blocks(lines.dtype):
        yield Strip(filters, pixels, slice(None), weights, lines[pixels], whole=True)


def _by_pixels(bank: Band, x: Array, axis: int, spans: dict[int, slice]) -> Iterator[Strip]:
    dtype, (front, _) = float_type(x.dtype), _orders(x.ndim, axis)
    lengths = _lengths(x, axis, spans)
    row = math.prod(lengths[1:])
    for filters, pixels, weights in bank.tiles(_step(bank, lengths[0] * row, dtype.itemsize), dtype):
        tile = x[index(x, {**spans, axis: pixels})].transpose(front)
        chunk = max(1, _CACHE // (len(tile) * row * dtype.itemsize))
        for first in range(0, lengths[0], chunk):
            part = as_matrix(tile[:, first : first + chunk], 0, dtype)
            columns = slice(first * row, first * row + part.shape[1])
            yield Strip(filters, pixels, columns, weights, part, whole=False)


def empty_output(
    size: int, x: Array, axis: int, spans: dict[int, slice], *, zeros: bool
) -> tuple[Array, Floats]:
    """Return an array as wide as the `spans` of x, and `size` along one axis; and the same memory as lines.

    The lines are of shape (size, columns), zeros where `add` is to sum in them. Where the axis is the last
    one its values stay neighbours in memory.
    """
    _, back = _orders(x.ndim, axis)
    lengths, dtype = _lengths(x, axis, spans), float_type(x.dtype)
    make, count = np.zeros if zeros else np.empty, math.prod(lengths)
    lines = make((count, size), dtype).T if axis == x.ndim - 1 else make((size, count), dtype)
    return lines.reshape(size, *lengths).transpose(back), lines


def float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float64 if dtype.kind == "f" and dtype.itemsize >= 8 else np.float32)


def index(array: Array, spans: dict[int, slice]) -> tuple[slice, ...]:
    return tuple(spans.get(axis, slice(None)) for axis in range(array.ndim))


def axis_last(x: Array, axis: int) -> Array:
    """The array with this axis last: what lies side by side in memory is summed fastest."""
    return np.ascontiguousarray(x.swapaxes(axis, -1))


def axis_back(lines: Floats, axis: int, factor: float = 1.0) -> Floats:
    """Undo `axis_last`, and multiply by a factor."""
    out = np.empty(lines.swapaxes(axis, -1).shape, lines.dtype)
    # unlike a copy, a product walks along what lies side by side in its first factor
    np.multiply(lines, lines.dtype.type(factor), out=out.swapaxes(axis, -1))
    return out


def as_matrix(x: Array, axis: int, dtype: np.dtype[Any] | None = None) -> Array:
    """The array as lines along an axis, shape (size, product of the others), in its own type or another."""
    turned = x.transpose(_orders(x.ndim, axis)[0])
    if dtype is not None and dtype != x.dtype:
        turned = turned.astype(dtype, order="C")
    return turned.reshape(len(turned), -1)


def _lengths(x: Array, axis: int, spans: dict[int, slice]) -> list[int]:
    """How many pixels the spans take of the other axes."""
    return [len(range(size)[spans.get(k, slice(None))]) for k, size in enumerate(x.shape) if k != axis]


@functools.cache
def _orders(ndim: int, axis: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The orders of axes that bring one to the front, and back."""
    others = [k for k in range(ndim) if k != axis]
    return (axis, *others), (*range(1, axis + 1), 0, *range(axis + 1, ndim))


def filters_per_block(n: int, delta: float, reach: int, row: int, size: int = 0) -> int:
    """Return how many filters a block should hold, or 0 for a bank that had better be cut into tiles.

    A block of b filters costs its overhead once, and b strides of zeros for each of its filters, to make and
    to multiply: per filter 1 / b and b * delta * row, which balance at this b.

    Parameters
    ----------
    n, delta, reach : int, float, int
        Filters, pixels from one to the next, and pixels that each touches.
    row : int
        Numbers of the array for each pixel of the axis.
    size : int
        Bytes of one line along the axis that have to be converted first; 0 if they are floats already.
    """
    if reach > _LONG or size * row > _CONVERTED:
        return 0
    best = min(math.sqrt(_BLOCK / ((row + _WEIGHT) * delta)), _LONG / delta, _FILTERS)
    few = int(best) if best < 4 else 8 * max(1, round(best / 8))  # BLAS is fastest with eights
    return min(max(few, 1), n)


def _step(bank: Band, row: int, itemsize: int) -> int:
    """Pixels of a tile: few waste time on each tile, many multiply zeros; the pixels must stay in the cache.

    A tile of s pixels touches (s + K) / stride filters of K pixels, in rows of `row` numbers. Over the axis
    that is 1 / s times the overhead of a tile, (s + K) / s times the sums, and (s + K) times the products:
    they balance at this s.
    """
    width, length = bank.weights.shape[1], int(bank.span.stop - bank.span.start)
    best = min(math.sqrt(_TILE * bank.stride / (2 * row) + _SUM * width), _CACHE // (row * itemsize))
    best = min(max(best, _LEAST, width // _CUTS), _MOST)
    return math.ceil(length / max(1, round(length / float(best))))  # tiles of one size


def product(a: Floats, b: Floats, out: Floats | None = None) -> Floats:
    """Return ``a @ b``, in `out` or laid out in memory as b is, on the calling thread.

    It is cut into stacks of matrices that NumPy hands over one by one. OpenBLAS multiplies small matrices
    where they lie (on processors with AVX-512), while it copies the parts of large ones first, which takes
    longer than multiplying by a few filters; and it spreads large ones over all cores, where its threads
    stall as soon as a core is busy with something else.
    """
    out = np.empty_like(b, shape=(len(a), b.shape[1])) if out is None else out
    few, whole = _cut(b.shape[1], a.size)
    if few == b.shape[1]:
        return np.matmul(a, b, out=out)
    if whole:
        np.matmul(a, _stack(b[:, :whole], few), out=_stack(out[:, :whole], few))
    if whole < b.shape[1]:
        np.matmul(a, b[:, whole:], out=out[:, whole:])
    return out


def inner(a: Floats, b: Floats) -> Floats:
    """Return ``a @ b.T``."""
    few, whole = _cut(a.shape[1], len(a) * len(b))
    total = a[:, whole:] @ b[:, whole:].T
    if whole:
        total += (_stack(a[:, :whole], few) @ _stack(b[:, :whole], few).swapaxes(1, 2)).sum(axis=0)
    return total


def _cut(columns: int, each: int) -> tuple[int, int]:
    """How many columns to take at once, each `each` multiplications, and how many make whole lots."""
    lots = math.ceil(columns * each / _AT_ONCE) or 1
    few = -(-columns // lots) or 1
    return few, columns // few * few


def _stack(lines: Floats, few: int) -> Floats:
    """A view of the same numbers as matrices of `few` columns."""
    return lines.reshape(len(lines), -1, few).swapaxes(0, 1)
