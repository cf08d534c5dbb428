"""The two products of a filterbank with an array, along one axis, at the cost of the pixels it touches.

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
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from glimpse.attention.banded import Band
from glimpse.attention.matmul import product
from glimpse.typing import Array, Floats

_BLOCK, _TILE = 200_000, 600_000  # products that take as long as Python takes for a block, or a tile
_WEIGHT, _SUM = 125, 20  # products that take as long as making a weight, or as a sum
_CACHE = 3 << 20  # bytes of converted pixels of a tile: more leave the cache, fewer cut rows into pieces
_CONVERTED = 1 << 22  # bytes of pixels converted at once; memory for more is dearer than tiles
_FILTERS, _LONG = 32, 512  # of a block: filters, and pixels of one filter or of all strides
_LEAST, _MOST = 16, 512  # pixels of a tile
_CUTS = 128  # parts of one filter: the rounding of their sum shows where there are many more


def contract(bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None) -> Array:
    """Return ``F @ x`` along one axis, for the `spans` of the other axes; x is only ever sliced."""
    out, sums = empty_output(bank, x, axis, spans)
    if bank.block_size:
        lines = _converted(x[index(x, {**(spans or {}), axis: bank.span})], axis)
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
    samples = as_matrix(x, axis)
    out = _empty(bank.length, x, axis, {}, np.zeros)[0] if out is None else out
    pixels_first = out.transpose(front)
    if bank.block_size:
        for filters, pixels, weights in bank.blocks(x.dtype):
            here = pixels_first[pixels]
            here += product(weights.T, samples[filters]).reshape(here.shape)
        return out
    for filters, pixels, weights in bank.local.tiles(
        _step(bank, samples.shape[1] or 1, out.itemsize), x.dtype
    ):
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
    lines = _converted(x[index(x, {**spans, axis: bank.span})], axis)
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
            part = _converted(tile[:, first : first + chunk], 0)
            columns = slice(first * row, first * row + part.shape[1])
            yield Strip(filters, pixels, columns, weights, part, whole=False)


def _converted(x: Array, axis: int) -> Floats:
    """The array as lines along an axis, in floating point."""
    dtype = float_type(x.dtype)
    if x.dtype == dtype:
        return as_matrix(x, axis)
    turned = x.transpose(_orders(x.ndim, axis)[0])
    return turned.astype(dtype, order="C").reshape(len(turned), -1)


def empty_output(
    bank: Band, x: Array, axis: int, spans: dict[int, slice] | None = None
) -> tuple[Array, Floats]:
    """An array for ``F @ x``, ready for `add`, and the same memory as lines (n, columns) along the axis."""
    make = np.empty if bank.block_size else np.zeros  # fresh zeros cost nothing until they are touched
    return _empty(len(bank.start), x, axis, spans or {}, make)


def _empty(
    size: int, x: Array, axis: int, spans: dict[int, slice], make: Any = np.empty
) -> tuple[Array, Floats]:
    """An array as wide as the `spans` of x, and `size` along one axis; and the same memory as lines.

    Where that is the last axis its values stay neighbours in memory.
    """
    _, back = _orders(x.ndim, axis)
    lengths, dtype = _lengths(x, axis, spans), float_type(x.dtype)
    count = math.prod(lengths)
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


def as_matrix(x: Array, axis: int) -> Array:
    """The array as lines along an axis, shape (size, product of the others)."""
    front, _ = _orders(x.ndim, axis)
    return x.transpose(front).reshape(x.shape[axis], -1)


def _lengths(x: Array, axis: int, spans: dict[int, slice]) -> list[int]:
    """How many pixels the spans take of the other axes."""
    return [_length(spans.get(k), size) for k, size in enumerate(x.shape) if k != axis]


@functools.cache
def _orders(ndim: int, axis: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The orders of axes that bring one to the front, and back."""
    others = [k for k in range(ndim) if k != axis]
    return (axis, *others), (*range(1, axis + 1), 0, *range(axis + 1, ndim))


def _length(span: slice | None, size: int) -> int:
    return size if span is None else int(span.stop) - int(span.start)


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
    width = bank.weights.shape[1]
    best = min(math.sqrt(_TILE * bank.stride / (2 * row) + _SUM * width), _CACHE // (row * itemsize))
    best = min(max(best, _LEAST, width // _CUTS), _MOST)
    return math.ceil(bank.length / max(1, round(bank.length / float(best))))  # tiles of one size
