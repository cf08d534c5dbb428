"""A filterbank without its zeros, and its two products with an array.

The matrix F of a bank is mostly zeros: a filter weighs only the K pixels around its centre, so row i of F
is K weights that begin at column ``start[i]``, further right from row to row.

             pixels -->
    filters  w w w w . . . . . .        the tile of pixels 2 to 5 and the
       |     . . w w w w . . . .        filters that touch them:  w w . .
       v     . . . . w w w w . .                                  w w w w
             . . . . . . w w w w                                  . . w w

Neither product forms F. It is a sum over tiles: the next few pixels of the axis, for all of the other axes,
and the few filters that touch them. The pixels of a tile are converted to floating point as they come,
each of them once, and multiplied by BLAS while they are in the cache. A tile of more pixels wastes less
time on being a tile, and more on zeros; `_step` finds the balance. So the cost follows the pixels that are
touched, hardly the number of filters, and memory holds a tile and the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glimpse.blas import Floats, product

Array = NDArray[Any]

_TILE = 600_000  # products that take as long as Python takes for a tile
_SUM = 20  # products that take as long as a sum
_CACHE = 1 << 20  # bytes of converted pixels that stay in a second-level cache
_LEAST, _MOST = 16, 512  # pixels of a tile
_CUTS = 128  # parts of one filter: the rounding of their sum shows where there are many more


class Band(NamedTuple):
    """A filterbank without its zeros: row i weighs the pixels ``start[i]`` to ``start[i] + K - 1``."""

    start: NDArray[np.intp]  # (n,), never falling
    weights: Floats  # (n, K)

    @property
    def pixels(self) -> NDArray[np.intp]:
        """The pixels that each row weighs, shape (n, K)."""
        return self.start[:, None] + np.arange(self.weights.shape[1])

    @property
    def span(self) -> slice:
        """The pixels from the first to the last that any filter touches."""
        return slice(int(self.start[0]), int(self.start[-1]) + self.weights.shape[1])

    @property
    def local(self) -> Band:
        """The same filters over their span alone."""
        return self._replace(start=self.start - self.start[0])

    @property
    def coverage(self) -> Floats:
        """The sum of all filters' weights over each pixel of the span."""
        pixels = self.pixels - self.start[0]
        total: Floats = np.bincount(pixels.ravel(), self.weights.ravel()).astype(np.float64)
        return total

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


def float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float64 if dtype.kind == "f" and dtype.itemsize >= 8 else np.float32)


def on_axes(array: Array, spans: dict[int, slice]) -> tuple[slice, ...]:
    return tuple(spans.get(axis, slice(None)) for axis in range(array.ndim))


def beside(x: Array, axis: int) -> Array:
    """The array with this axis last: what lies side by side in memory is summed fastest."""
    return np.ascontiguousarray(x.swapaxes(axis, -1))


def aligned(x: Array, axis: int) -> Array:
    """The array as lines along an axis, shape (size, product of the others)."""
    front, _ = _orders(x.ndim, axis)
    return x.transpose(front).reshape(x.shape[axis], -1)


def contract(bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None) -> Array:
    """Return ``F @ x`` along one axis, for the `spans` of the other axes; x is only ever sliced."""
    out, sums = blank(len(bank.start), x, axis, spans)
    for strip in strips(bank, x, axis, spans):
        sums[strip.filters, strip.columns] += product(strip.weights, strip.part)
    return out


def expand(bank: Band, x: Array, axis: int, out: Array | None = None) -> Array:
    """Return ``F.T @ x`` along one axis, the pixels of the bank's span only.

    They are written to `out`, if there is one; where no filter reaches it stays as it is.
    """
    front, _ = _orders(x.ndim, axis)
    samples = aligned(x, axis)
    bank = bank.local
    out = blank(bank.span.stop, x, axis)[0] if out is None else out
    pixels_first = out.transpose(front)
    for filters, pixels, weights in bank.tiles(_step(bank, samples.shape[1], out.itemsize), x.dtype):
        values = product(weights.T, samples[filters])
        pixels_first[pixels] = values.reshape(-1, *pixels_first.shape[1:])
    return out


class Strip(NamedTuple):
    """A few filters over a few pixels: one tile of a bank and a part of an array in floating point."""

    filters: slice
    pixels: slice
    columns: slice  # of the lines that the other axes make in their order
    weights: Floats  # (filters, pixels)
    part: Floats  # (pixels, columns)


def strips(bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None) -> Iterator[Strip]:
    """Walk over the pixels that a bank touches, for the `spans` of the other axes."""
    spans, dtype = spans or {}, float_type(x.dtype)
    front, _ = _orders(x.ndim, axis)
    lengths = _lengths(x, axis, spans)
    row = math.prod(lengths[1:])
    for filters, pixels, weights in bank.tiles(_step(bank, lengths[0] * row, dtype.itemsize), dtype):
        tile = x[on_axes(x, {**spans, axis: pixels})].transpose(front)
        chunk = max(1, _CACHE // (len(tile) * row * dtype.itemsize))
        for first in range(0, lengths[0], chunk):
            part = tile[:, first : first + chunk]
            part = part if part.dtype == dtype else part.astype(dtype, order="C")
            part = part.reshape(len(part), -1)
            columns = slice(first * row, first * row + part.shape[1])
            yield Strip(filters, pixels, columns, weights, part)


def blank(size: int, x: Array, axis: int, spans: dict[int, slice] | None = None) -> tuple[Array, Floats]:
    """Zeros as wide as the `spans` of x, and `size` along one axis; and the same memory as lines along it.

    Where that is the last axis its values stay neighbours in memory.
    """
    _, back = _orders(x.ndim, axis)
    lengths, dtype = _lengths(x, axis, spans or {}), float_type(x.dtype)
    count = math.prod(lengths)
    lines = np.zeros((count, size), dtype).T if axis == x.ndim - 1 else np.zeros((size, count), dtype)
    return lines.reshape(size, *lengths).transpose(back), lines


def _lengths(x: Array, axis: int, spans: dict[int, slice]) -> list[int]:
    """What is taken of the other axes."""
    return [_length(spans.get(k), size) for k, size in enumerate(x.shape) if k != axis]


def _orders(ndim: int, axis: int) -> tuple[list[int], list[int]]:
    """The orders of axes that bring one to the front, and back."""
    others = [k for k in range(ndim) if k != axis]
    return [axis, *others], [*range(1, axis + 1), 0, *range(axis + 1, ndim)]


def _length(span: slice | None, size: int) -> int:
    return size if span is None else int(span.stop) - int(span.start)


def _step(bank: Band, row: int, itemsize: int) -> int:
    """Pixels of a tile: few waste time on each tile, many multiply zeros; the pixels must stay in the cache.

    A tile of s pixels touches (s + K) / delta filters of K pixels, in rows of `row` numbers. Over the axis
    that is 1 / s times the overhead of a tile, (s + K) / s times the sums, and (s + K) times the products:
    they balance at this s.
    """
    n, width = bank.weights.shape
    delta = max(1, int(bank.start[-1] - bank.start[0])) / max(1, n - 1)
    best = min(math.sqrt(_TILE * delta / (2 * row) + _SUM * width), _CACHE // (row * itemsize))
    best = min(max(best, _LEAST, width // _CUTS), _MOST)
    length = _length(bank.span, 0)
    return math.ceil(length / max(1, round(length / float(best))))  # tiles of one size
