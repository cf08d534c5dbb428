"""What the data say of a place: which samples agree, how well they determine it, how sure it is."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.layer import read
from glimpse.registration.grey import change_of_levels
from glimpse.registration.least_squares import (
    SQUARE,
    STRETCHED,
    Linear,
    Target,
    blurred,
    mean_square,
    project,
    spread_of,
)
from glimpse.registration.pyramid import Scene, onto_level
from glimpse.window import Window

_AGREES = 3.0
"""Deviations of the residual, and levels at least, within which a sample agrees: more calls faint edits
untouched, less calls noise an edit."""

_FARTHEST = 3
"""Samples that a window is slid: more take time, fewer take a steep level line for none."""

_SMOOTH = 1.2
"""Samples over which residuals are smoothed to tell what was painted from another filter's details."""

_ROUNDED = 1 / 12
"""Squared levels of noise expected at least: less is sure of places that rounding alone tells apart."""

_TOLD_APART = 0.25
"""Deviation of a corner, in samples, at which a place is half as sure: more is sure along stripes and ramps,
less doubts smooth crops."""

_ALIKE = 4.0
"""Neighbouring residuals that say the same, so that they count once: more doubts, less takes a likeness for
many findings."""


class Evidence(NamedTuple):
    """A window beside a patch."""

    gain: float
    offset: float
    error: float
    """Mean squared residual of what counts, in levels."""
    explained: float
    """The share of the variance of what counts that the window explains."""
    agreeing: NDArray[np.bool_]
    """Shape (N, M): where the patch is what the window reads."""
    agreement: float
    """The share of the samples that agree, of those that are compared."""
    smooth_error: float
    """Mean square of the residual of all that was given, but for its details."""
    unlike: float
    """The same as a share of the variance."""
    spread: float
    """The deviation of that residual that most samples tell, in levels."""
    deviation: float
    """Of a corner, in samples: how far the place may be off by what the samples say."""


def weigh(scene: Scene, given: Target, mended: Target, window: Window) -> Evidence:
    """Compare what a window reads with the patch as it was given, and as a robust fit mended it."""
    image = scene.level(0)
    seen = read(image, replace(window, gamma=1.0))
    gain, offset, error = change_of_levels(seen, mended)
    middle = np.average(mended.levels, weights=mended.weights)
    varied = float(np.average((mended.levels - middle) ** 2, weights=mended.weights))
    left = np.subtract(given.levels, gain * seen + offset, dtype=np.float64)
    smooth = blurred(left, _SMOOTH).astype(np.float64)  # another tool's filter changes the details alone
    left = np.abs(left)
    asked = None if given.weights is None else given.weights.ravel()
    spread = spread_of(left.ravel(), asked)
    agreeing = left <= _AGREES * max(spread, min(1.0, math.sqrt(varied) / 30))
    if given.weights is not None:
        agreeing &= given.weights > 0
    agreement = float(np.average(agreeing, weights=given.weights))
    smooth_error = mean_square(smooth.ravel(), asked)
    noise = max(error, min(_ROUNDED, varied * 1e-4))
    return Evidence(
        gain,
        offset,
        error,
        1 - error / max(varied, 1e-12),
        agreeing,
        agreement,
        smooth_error,
        smooth_error / max(float(given.levels.var()), 1e-12),
        spread_of(smooth.ravel(), asked),
        _deviation(scene, mended, window, noise),
    )


def _deviation(scene: Scene, target: Target, window: Window, noise: float) -> float:
    """The deviation of the corners, in samples, by the curvature of the squared residual."""
    k = scene.level_for(min(window.strides))
    here = Linear(scene.level(k), target, onto_level(window, k), 0.0)
    curvature, _ = here.normal
    free = STRETCHED if isinstance(window.delta, tuple) else SQUARE
    some, levels = len(free), len(curvature) - 6
    ways = np.zeros((some + levels, 6 + levels))
    ways[:some, :6], ways[some:, 6:] = free, np.eye(levels)
    curvature = ways @ curvature @ ways.T
    ridge = 1e-9 * np.diag(np.diag(curvature)) + 1e-9 * np.eye(len(curvature))
    # the inverse curvature times the noise is the covariance of the fit's numbers
    spread = (np.linalg.inv(curvature + ridge) * noise * _ALIKE)[:some, :some]
    corners = [np.array([down, across]) @ free.T[[0, 1]] for down, across in ((1.0, 0.0), (0.0, 1.0))]
    n, m = window.shape
    for end in (-1, 1):  # a corner moves with the centre, and by half a side with the stride
        corners.append(free.T[0] + end * n / 2 * free.T[2])
        corners.append(free.T[1] + end * m / 2 * free.T[3])
    return math.sqrt(max(float(way @ spread @ way) for way in corners))


def slides(scene: Scene, target: Target, window: Window, most: float) -> float:
    """How far, in samples, the window may slide and leave no larger squared residual; 0 if not at all.

    Levels that were rounded make steps of a ramp, which have a curvature; yet along its level lines each
    place is the same.
    """
    image, found = scene.level(0), 0.0
    weights = None if target.weights is None else target.weights.ravel()
    steps = range(-_FARTHEST, _FARTHEST + 1)
    for down, across in product(steps, steps):
        pixels = [
            round(stride * step) or step for step, stride in zip((down, across), window.strides, strict=True)
        ]
        moved = replace(window, gx=window.gx + pixels[0], gy=window.gy + pixels[1], gamma=1.0)
        seen = read(image, moved).reshape(1, -1).astype(np.float64)
        *_, left = project(seen, target.levels, weights)
        if (down or across) and mean_square(left, weights) <= most:
            found = max(found, math.hypot(down, across))
    return found


def determined(evidence: Evidence) -> float:
    """How well the place is determined, 0 to 1."""
    return 1 / (1 + (evidence.deviation / _TOLD_APART) ** 2)
