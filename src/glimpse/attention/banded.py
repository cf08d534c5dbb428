"""A filterbank without its zeros, and the dense pieces that it can be cut into.

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
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glimpse.typing import Floats

_REACHES = 8  # of a filter that a part of a bank spans at least: fewer read more of the pixels twice


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

    @property
    def precision(self) -> float:
        """Weight, relative to a filter's largest, that no longer shows in the results."""
        return 2.0**-56 if self.dtype == np.float64 else 2.0**-22


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
    def length(self) -> int:
        """How many pixels the span is."""
        return int(self.start[-1] - self.start[0] + self.weights.shape[1])

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
