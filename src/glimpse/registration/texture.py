"""The texture of a patch that a robust fit trusts, beside that of its place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glimpse.registration.linearization import Target
from glimpse.registration.trust import spread_of, trust_in
from glimpse.typing import Floats

MENDED = 0.25
"""Trust below which a sample is mended, that of a residual of two deviations: more mends noise, less lets
what was painted over a patch spill."""

SLOPE = 1.5
"""Samples over which gradients are taken: fewer see the steps of rounding and noise for a texture."""

_ALONE = 16
"""Power of the share of its own samples by which a slope counts: less lets the texture with which a patch was
mended speak for it, more leaves noisy patches a few samples."""


def mended(target: Target, left: NDArray[np.float64], asked: NDArray[np.float64] | None) -> Target:
    """The target with the samples that a robust fit does not trust as its window reads them.

    So they blur nothing into their neighbours; they count as little as their residuals are trusted. The scale
    is the smaller of two, of the samples that the fit weighed and of all that were given: without the flat
    ones, most of the others may be painted.
    """
    every = None if target.weights is None else target.weights.ravel()
    spread = min(spread_of(left, weights) for weights in (asked, every))
    trust = trust_in(left, spread).reshape(target.levels.shape)
    if target.weights is not None:
        trust *= target.weights
    levels = np.where(trust < MENDED, target.levels - left.reshape(trust.shape), target.levels)
    return Target(levels.astype(np.float32), trust)


def texture(target: Target, left: Floats) -> float:
    """Return the share of the square of a target's slopes that a residual leaves explained, 1 at most.

    A robust fit trusts what happens to agree, and one dark area is as dark as another: levels alone say
    little of a place. The slopes of another picture have nothing to do with the target's: E |t - s|**2 is
    E |t|**2 + E |s|**2, so that the residual has more of them than the target, and the share is below 0. A
    slope beside samples that are not trusted is of what the target was mended with, the window's own levels,
    and counts for nothing.
    """
    from scipy.ndimage import gaussian_filter

    own = np.ones(left.shape) if target.weights is None else target.weights >= MENDED
    trust = gaussian_filter(np.asarray(own, float), SLOPE, mode="nearest") ** _ALONE
    kept, wanted = (
        sum(
            float((trust * gaussian_filter(array, SLOPE, order=way, mode="nearest") ** 2).sum())
            for way in ((1, 0), (0, 1))
        )
        for array in (left, target.levels)
    )
    return 1 - kept / max(wanted, 1e-12)
