"""The bank of one axis without its zeros, or of many centres at once; a small one is kept."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from glimpse.attention.banded import Band, BlockSpec
from glimpse.attention.filters import sample_kernel, width_of
from glimpse.typing import Floats
from glimpse.window import Axis

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
    several = max(1, _AT_ONCE // (axis.n * width_of(axis, cut)))
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
