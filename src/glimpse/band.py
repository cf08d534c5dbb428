"""A filterbank without its zeros, and its two products with an array.

Neither product forms the whole matrix: a filter weighs only the pixels around its centre, so each is a sum
over tiles, a few filters times a few pixels. The pixels of a tile are converted to floating point as they
come and multiplied by BLAS while they are in the cache; the cost follows the pixels that are touched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Array = NDArray[Any]

_TILE_BYTES = 1 << 20  # of converted pixels: they stay in a second-level cache
_LEAST, _MOST = 64, 512  # pixels of a tile: fewer waste Python's time, more waste products with zeros
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

    def tiles(self, step: int) -> Iterator[tuple[slice, slice, Floats]]:
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
        width = self.weights.shape[1]
        pixel, end = self.span.start, self.span.stop
        while pixel < end:
            first = int(np.searchsorted(self.start, pixel - width, side="right"))
            pixel = max(pixel, int(self.start[first]))
            stop = min(pixel + step, end)
            last = int(np.searchsorted(self.start, stop, side="left"))
            yield slice(first, last), slice(pixel, stop), self._dense(first, last, pixel, stop)
            pixel = stop

    def _dense(self, first: int, last: int, pixel: int, stop: int) -> Floats:
        offset = np.arange(pixel, stop) - self.start[first:last, None]
        width = self.weights.shape[1]
        tile = np.take_along_axis(self.weights[first:last], np.clip(offset, 0, width - 1), axis=1)
        tile[(offset < 0) | (offset >= width)] = 0
        return tile


def float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float64 if dtype.kind == "f" and dtype.itemsize >= 8 else np.float32)


def on_axes(array: Array, spans: dict[int, slice]) -> tuple[slice, ...]:
    return tuple(spans.get(axis, slice(None)) for axis in range(array.ndim))


def contract(bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None) -> Array:
    """Return ``F @ x`` along one axis, for the `spans` of the other axes; x is only ever sliced."""
    spans, dtype = spans or {}, float_type(x.dtype)
    lengths = [_length(spans.get(k), size) for k, size in enumerate(x.shape) if k != axis]
    out = np.zeros((len(bank.start), math.prod(lengths)), dtype)
    for filters, pixels, weights in bank.tiles(_step(bank, out[0].nbytes)):
        strip = np.moveaxis(x[on_axes(x, {**spans, axis: pixels})], axis, 0)
        strip = np.asarray(strip, dtype, order="C").reshape(weights.shape[1], -1)
        out[filters] += weights.astype(dtype, copy=False) @ strip
    return np.moveaxis(out.reshape(-1, *lengths), 0, axis)


def expand(bank: Band, x: Array, axis: int) -> Array:
    """Return ``F.T @ x`` along one axis, the pixels of the bank's span only."""
    rest = np.moveaxis(x, axis, 0)
    samples = np.ascontiguousarray(rest).reshape(len(bank.start), -1)
    bank = bank.local
    out = np.zeros((bank.span.stop, samples.shape[1]), x.dtype)
    for filters, pixels, weights in bank.tiles(_step(bank, out[0].nbytes)):
        np.matmul(weights.T.astype(x.dtype, copy=False), samples[filters], out=out[pixels])
    return np.moveaxis(out.reshape(-1, *rest.shape[1:]), 0, axis)


def _length(span: slice | None, size: int) -> int:
    return size if span is None else int(span.stop) - int(span.start)


def _step(bank: Band, row_bytes: int) -> int:
    """Pixels of a tile: as many as stay in the cache, in bounds; a long filter is not cut too often."""
    least, most = max(_LEAST, bank.weights.shape[1] // _CUTS), _MOST
    return int(max(least, min(_TILE_BYTES // row_bytes, most)))
