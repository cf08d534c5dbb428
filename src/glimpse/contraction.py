"""The two products of a filterbank with an array, along one axis, at the cost of the pixels it touches.

Neither product forms the matrix F. It cuts small dense pieces out of the `Band`, each for BLAS to multiply
while its pixels are in the cache, so that the cost hardly depends on the number of filters.

- By filters, where the pixels are few or are floating-point numbers that lie side by side: they are converted
  at once, and each block of filters gives its samples whole.
- By pixels, where they are many: those of a tile are converted as they come, each of them once, and the
  samples are sums over tiles. Memory holds a tile and the result.

Larger pieces cost less time on being pieces, and more on zeros; `_few` and `_step` find the balance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.band import Band
from glimpse.blas import Floats, product

Array = NDArray[Any]

_PIECE = 600_000  # products that take as long as Python takes for a block or a tile
_SUM = 20  # products that take as long as a sum
_CACHE = 1 << 20  # bytes of converted pixels that stay in a second-level cache
_AT_ONCE = 1 << 22  # bytes of pixels that are converted at once
_LEAST, _MOST = 16, 512  # pixels of a tile, and of a filter or the strides in a block
_GAP = 64  # pixels between filters that a block may hold without being mostly zeros
_CUTS = 128  # parts of one filter: the rounding of their sum shows where there are many more


def contract(bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None) -> Array:
    """Return ``F @ x`` along one axis, for the `spans` of the other axes; x is only ever sliced."""
    out, sums = blank(len(bank.start), x, axis, spans)
    for strip in strips(bank, x, axis, spans):
        add(strip, sums)
    return out


def expand(bank: Band, x: Array, axis: int, out: Array | None = None) -> Array:
    """Return ``F.T @ x`` along one axis, the pixels of the bank's span only.

    They are written to `out`, if there is one; where no filter reaches it stays as it is.
    """
    front, _ = _orders(x.ndim, axis)
    samples = aligned(x, axis)
    bank = bank.local
    out = blank(bank.length, x, axis)[0] if out is None else out
    pixels_first = out.transpose(front)
    for filters, pixels, weights in bank.tiles(_step(bank, samples.shape[1], out.itemsize), x.dtype):
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
    """Add what a strip gives to the samples (n, columns), which were zeros."""
    here = sums[strip.filters, strip.columns]
    if strip.whole:
        product(strip.weights, strip.part, out=here)
    else:
        here += product(strip.weights, strip.part)


def strips(bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None) -> Iterator[Strip]:
    """Walk over the pixels that a bank touches, for the `spans` of the other axes."""
    spans, dtype = spans or {}, float_type(x.dtype)
    pixels = bank.length * math.prod(_lengths(x, axis, spans))
    ready = not spans and axis == x.ndim - 1 and x.dtype == dtype and x.flags.c_contiguous
    # a longer filter would be summed up with too much rounding at once
    short = bank.weights.shape[1] <= _MOST
    # a block is as wide as the widest step from one filter to the next asks
    dense = int(np.diff(bank.start, prepend=bank.start[0]).max()) <= max(_GAP, 2 * bank.stride)
    by = _by_filters if short and dense and (ready or pixels * dtype.itemsize <= _AT_ONCE) else _by_pixels
    return by(bank, x, axis, spans)


def _by_filters(bank: Band, x: Array, axis: int, spans: dict[int, slice]) -> Iterator[Strip]:
    lines = aligned(_converted(x[on_axes(x, {**spans, axis: bank.span})]), axis)
    for filters, pixels, weights in bank.blocks(_few(bank, lines.shape[1]), lines.dtype):
        part = lines[pixels.start - bank.start[0] : pixels.stop - bank.start[0]]
        yield Strip(filters, pixels, slice(None), weights, part, whole=True)


def _by_pixels(bank: Band, x: Array, axis: int, spans: dict[int, slice]) -> Iterator[Strip]:
    dtype, (front, _) = float_type(x.dtype), _orders(x.ndim, axis)
    lengths = _lengths(x, axis, spans)
    row = math.prod(lengths[1:])
    for filters, pixels, weights in bank.tiles(_step(bank, lengths[0] * row, dtype.itemsize), dtype):
        tile = x[on_axes(x, {**spans, axis: pixels})].transpose(front)
        chunk = max(1, _CACHE // (len(tile) * row * dtype.itemsize))
        for first in range(0, lengths[0], chunk):
            part = _converted(tile[:, first : first + chunk]).reshape(len(tile), -1)
            columns = slice(first * row, first * row + part.shape[1])
            yield Strip(filters, pixels, columns, weights, part, whole=False)


def _converted(x: Array) -> Floats:
    dtype = float_type(x.dtype)
    return x if x.dtype == dtype else x.astype(dtype, order="C")


def blank(size: int, x: Array, axis: int, spans: dict[int, slice] | None = None) -> tuple[Array, Floats]:
    """Zeros as wide as the `spans` of x, and `size` along one axis; and the same memory as lines along it.

    Where that is the last axis its values stay neighbours in memory.
    """
    _, back = _orders(x.ndim, axis)
    lengths, dtype = _lengths(x, axis, spans or {}), float_type(x.dtype)
    count = math.prod(lengths)
    lines = np.zeros((count, size), dtype).T if axis == x.ndim - 1 else np.zeros((size, count), dtype)
    return lines.reshape(size, *lengths).transpose(back), lines


def float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float64 if dtype.kind == "f" and dtype.itemsize >= 8 else np.float32)


def on_axes(array: Array, spans: dict[int, slice]) -> tuple[slice, ...]:
    return tuple(spans.get(axis, slice(None)) for axis in range(array.ndim))


def beside(x: Array, axis: int) -> Array:
    """The array with this axis last: what lies side by side in memory is summed fastest."""
    return np.ascontiguousarray(x.swapaxes(axis, -1))


def swapped_back(lines: Floats, axis: int, factor: float = 1.0) -> Floats:
    """Undo `beside`, and multiply by a factor."""
    out = np.empty(lines.swapaxes(axis, -1).shape, lines.dtype)
    # unlike a copy, a product walks along what lies side by side in its first factor
    np.multiply(lines, lines.dtype.type(factor), out=out.swapaxes(axis, -1))
    return out


def aligned(x: Array, axis: int) -> Array:
    """The array as lines along an axis, shape (size, product of the others)."""
    front, _ = _orders(x.ndim, axis)
    return x.transpose(front).reshape(x.shape[axis], -1)


def _lengths(x: Array, axis: int, spans: dict[int, slice]) -> list[int]:
    """What is taken of the other axes."""
    return [_length(spans.get(k), size) for k, size in enumerate(x.shape) if k != axis]


def _orders(ndim: int, axis: int) -> tuple[list[int], list[int]]:
    """The orders of axes that bring one to the front, and back."""
    others = [k for k in range(ndim) if k != axis]
    return [axis, *others], [*range(1, axis + 1), 0, *range(axis + 1, ndim)]


def _length(span: slice | None, size: int) -> int:
    return size if span is None else int(span.stop) - int(span.start)


def _few(bank: Band, row: int) -> int:
    """Filters of a block, in rows of `row` numbers.

    A block of b filters costs its overhead once, and as many products with zeros as b strides are pixels:
    per filter overhead / b and b * stride * row, which balance at this b.
    """
    n, best = len(bank.start), min(math.sqrt(_PIECE / (row * bank.stride)), _MOST / bank.stride)
    return math.ceil(n / max(1, round(n / max(1.0, best))))  # blocks of one size


def _step(bank: Band, row: int, itemsize: int) -> int:
    """Pixels of a tile: few waste time on each tile, many multiply zeros; the pixels must stay in the cache.

    A tile of s pixels touches (s + K) / stride filters of K pixels, in rows of `row` numbers. Over the axis
    that is 1 / s times the overhead of a tile, (s + K) / s times the sums, and (s + K) times the products:
    they balance at this s.
    """
    width = bank.weights.shape[1]
    best = min(math.sqrt(_PIECE * bank.stride / (2 * row) + _SUM * width), _CACHE // (row * itemsize))
    best = min(max(best, _LEAST, width // _CUTS), _MOST)
    return math.ceil(bank.length / max(1, round(bank.length / float(best))))  # tiles of one size
