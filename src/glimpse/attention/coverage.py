"""How full of filters the pixels of a window are, so that a restored patch is flat and fades outside."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glimpse.array_api import arange_like, namespace
from glimpse.attention.banded import Band
from glimpse.attention.banks import band, centers, unnormalised
from glimpse.attention.matrices import whole
from glimpse.window import Axis

DARK = 0.1
"""Coverage, relative to the largest, below which a pixel of the window's box is shown darker than its patch.

Less, and filters that stand apart light up the gaps between them; more, and the widest stride that a
Gaussian bridges without a mesh falls: with 0.1 it is sigma / 0.23, with 0.2 sigma / 0.28.
"""

_LATTICE = 4096  # pixels of a box that are looked at from either end: more would cost time, and tell no more
_TIE = 1e-6  # pixels: a centre on the border of the box is inside it, however the border was rounded


def flattened(bank: Band, axis: Axis) -> Band:
    """Divide the weights of a bank over each pixel by its coverage, or by the least one if it has less."""
    fullness = np.maximum(bank.coverage, least_coverage(axis))
    weights = bank.weights / fullness[bank.pixels - bank.start[0]]
    return bank._replace(weights=weights.astype(bank.weights.dtype, copy=False))


def flat_matrix(axis: Axis) -> Any:
    """Return the flattened bank of an axis as a matrix, for numbers of any one library."""
    F, fullness = _whole(axis)
    return F / fullness


def balanced(axis: Axis) -> Any:
    """Return the matrix of a bank divided by the square root of the divisors of the flattened one.

    With F so divided, ``F @ F.T`` reads with the bank after writing with the flattened one.
    """
    # (F / d) F.T and (F / sqrt(d)) (F / sqrt(d)).T are the same product; the second form is symmetric
    F, fullness = _whole(axis)
    return F / fullness**0.5


def _whole(axis: Axis) -> tuple[Any, Any]:
    """The matrix of a bank, and what its weights are divided by."""
    F = whole(axis)
    xp = namespace(F)
    return F, xp.maximum(xp.sum(F, axis=-2, keepdims=True), least_coverage(axis))


def least_coverage(axis: Axis) -> Any:
    """Return the smallest sum of the filters' weights over a pixel of the window's box, along one axis.

    The lattice is endless, whatever the size of the axis. Those pixels count whose centres lie in the box;
    where it holds none, the nearest one. The result is at least `DARK` times the largest sum.

    Returns
    -------
    float, or array of shape (..., 1, 1)
        An array where the numbers of the axis are arrays, of any one library.
    """
    if not isinstance(axis.center, (float, int)):
        sums = _sums_of_arrays(axis)
        xp = namespace(sums)
        least, most = ((getattr(xp, "a" + name, None) or getattr(xp, name)) for name in ("min", "max"))
        return xp.maximum(least(sums, axis=-1, keepdims=True), DARK * most(sums, axis=-1, keepdims=True))
    half = axis.n * axis.delta / 2
    first, last = math.ceil(axis.center - half - _TIE), math.floor(axis.center + half + _TIE)
    if first > last:
        parts = [(round(axis.center), 1)]
    elif last - first < _LATTICE:
        parts = [(first, last - first + 1)]
    else:  # both ends, and the first centre
        middle = max(first, round(axis.center - (axis.n - 1) / 2 * axis.delta) - 1)
        parts = [(first, _LATTICE), (last + 1 - _LATTICE, _LATTICE), (middle, 3)]
    found = []
    for begin, size in parts:
        part = band(axis._replace(size=size, center=axis.center - begin, edge="black")).coverage
        found.append(np.pad(part, (0, size - len(part))))
    sums = np.concatenate(found)
    return float(max(sums.min(), DARK * sums.max()))


def _sums_of_arrays(axis: Axis) -> Any:
    """The sums, shape (..., 1, K), of numbers of shape () or (B,), which may be traced.

    Five pixels of each stride are looked at, the borders and centres among them, so all up to a stride of 4.
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
    return xp.sum(weights / total, axis=-2, keepdims=True)
