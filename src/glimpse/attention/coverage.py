"""How full of filters the pixels of a window are, so that a restored patch is flat and fades outside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from glimpse.array_api import arange_like, namespace
from glimpse.attention.banded import Band
from glimpse.attention.banks import band, centers, unnormalised
from glimpse.attention.matrices import filterbank, matrix
from glimpse.typing import Floats
from glimpse.window import Axis

DARK = 0.1
"""Coverage, relative to the largest, below which a pixel of the window's box is shown darker than its patch.

Less, and filters that stand apart light up the gaps between them; more, and the widest stride that a
Gaussian bridges without a mesh falls: with 0.1 it is sigma / 0.23, with 0.2 sigma / 0.28.
"""

_LATTICE = 4096  # pixels of a box that are looked at from either end: more would cost time, and tell no more
_TIE = 1e-6  # pixels: a centre on the border of the box is inside it, however the border was rounded


def flattened(bank: Band, least: float) -> Band:
    """Divide the weights over each pixel by the pixel's coverage, or by the least coverage if it has less."""
    weights = bank.weights / np.maximum(bank.coverage, least)[bank.pixels - bank.start[0]]
    return bank._replace(weights=weights.astype(bank.weights.dtype, copy=False))


def balanced(axis: Axis) -> Floats:
    """Return the filterbank divided by the square root of the divisors of `flattened`.

    With F so divided, ``F @ F.T`` reads with the bank after writing with the flattened one.
    """
    F: Floats = filterbank(*axis)
    balance: Floats = F / np.sqrt(np.maximum(F.sum(axis=0), least_coverage(axis)))
    return balance


def least_coverage(axis: Axis) -> float:
    """Return the smallest sum of the filters' weights over a pixel of the window's box, along one axis.

    The lattice is endless, whatever the size of the axis. Those pixels count whose centres lie in the box;
    where it holds none, the nearest one. The result is at least `DARK` times the largest sum.
    """
    sums = []
    for first, size in _looked_at(axis):
        bank = band(axis._replace(size=size, center=axis.center - first, edge="black"))
        sums.append(np.pad(bank.coverage, (0, size - bank.length)))
    return float(max(min(part.min() for part in sums[:2]), DARK * max(part.max() for part in sums)))


def _looked_at(axis: Axis) -> Iterator[tuple[int, int]]:
    """The pixels of the box, as the first one and how many; of a large box both ends, and a centre's."""
    half = axis.n * axis.delta / 2
    first, last = math.ceil(axis.center - half - _TIE), math.floor(axis.center + half + _TIE)
    if first > last:
        yield round(axis.center), 1
    elif last - first < _LATTICE:
        yield first, last - first + 1
    else:
        yield first, _LATTICE
        yield last + 1 - _LATTICE, _LATTICE
        yield round(axis.center - (axis.n - 1) / 2 * axis.delta) - 1, 3


def flat_matrix(axis: Axis) -> Any:
    """Return the flattened bank of an axis as a matrix, for numbers of any one library."""
    F = matrix(axis)
    return F / _fullness(axis, F)


def balanced_matrix(axis: Axis) -> Any:
    """`balanced` for numbers of any one library."""
    F = matrix(axis)
    return F / _fullness(axis, F) ** 0.5


def _fullness(axis: Axis, F: Any) -> Any:
    """The coverage of each pixel, or the least one."""
    xp = namespace(F)
    return xp.maximum(xp.sum(F, axis=-2, keepdims=True), _least_sum(axis)[..., None, None])


def _least_sum(axis: Axis) -> Any:
    """`least_coverage` for numbers of any one library, each of shape () or (B,), which may be traced.

    It looks at five pixels of each stride, the borders and centres among them, so at all up to a stride of 4.
    """
    xp = namespace(axis.center)
    center, delta = axis.center[..., None], axis.delta[..., None]
    corner = center - axis.n * delta / 2
    first, last = xp.ceil(corner - _TIE), xp.floor(corner + axis.n * delta + _TIE)
    quarters = arange_like(0, 4 * axis.n + 1, center)
    places = xp.floor(corner + quarters * delta / 4 + 0.5)
    pixels = xp.where(first > last, xp.round(center), xp.minimum(xp.maximum(places, first), last))
    mu = centers(axis.n, center, delta)[..., None]
    lattice = axis._replace(sigma=axis.sigma[..., None, None], edge="black")
    weights, total = unnormalised(pixels[..., None, :] - xp.round(mu), mu - xp.round(mu), lattice)
    sums = xp.sum(weights / total, axis=-2)
    least, most = ((getattr(xp, "a" + name, None) or getattr(xp, name)) for name in ("min", "max"))
    return xp.maximum(least(sums, axis=-1), DARK * most(sums, axis=-1))
