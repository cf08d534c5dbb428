"""The evidence of a place: which samples agree, how well they determine it, how sure it is."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.layer import read
from glimpse.registration.grey import Scene, moved, onto_level
from glimpse.registration.least_squares import SQUARE, STRETCHED
from glimpse.registration.linearization import Linear, Target, blurred, mean_square, project
from glimpse.registration.texture import SLOPE, texture
from glimpse.registration.trust import spread_of
from glimpse.typing import Floats
from glimpse.window import Window

_AGREES = 3.0
"""Deviations of the residual, and levels at least, within which a sample agrees: more calls faint edits
untouched, less calls noise an edit."""

_FARTHEST, _ZOOM = 3, 0.02
"""Samples that a window is slid, and the share by which it is enlarged: more of the first take time, fewer
take a steep level line for none; a larger share is told apart by any texture, a smaller one by none."""

_WHOLE = range(-_FARTHEST, _FARTHEST + 1)
_HALVES = -0.5, 0.0, 0.5
_SHIFTS = [step for steps in (_WHOLE, _HALVES) for step in product(steps, steps) if any(step)]
_ZOOMS = [step for step in product((-_ZOOM, 0.0, _ZOOM), repeat=2) if any(step)]

_SMOOTH = 1.2
"""Samples over which residuals are smoothed to tell what was painted from another filter's details."""

_ROUNDED = 1 / 12
"""Squared levels of noise expected at least: less is sure of places that rounding alone tells apart."""

_TOLD_APART = 0.25
"""Deviation of a corner, in samples, at which a place is half as sure: more is sure along stripes and ramps,
less doubts smooth crops."""

_STRAIGHT, _FAINT = 0.01, 0.03
"""Squared levels per sample along level lines that rounding may leave, of itself 0.001, and their share of
those across, of slow ramps 0.009: more of either doubts smooth crops of photographs, whose skies have 0.003
and 0.06, less is sure of a place along an edge."""

_MARGIN = 3
"""Samples beside a border that have no gradient of their own: more leave small areas none."""

_ALIKE = 4.0
"""Neighbouring residuals that say the same, so that they count once, at least: more doubts, less takes a
likeness for many findings."""

_ALL_ALIKE = 0.99
"""Correlation of neighbouring residuals at most: it only keeps one from 1."""

_LIKELY = 0.5
"""Log likelihood by which a neighbour may be worse and still be the place, that of one deviation: more
doubts noisy crops, less is sure of a place that noise has chosen."""

_SHAPES = 2.0
"""Samples over which levels are compared: with fewer another filter's sharpness counts as contrast, with
more a small patch has no texture left."""

_SHAPELESS = 0.05
"""Share of the variance that smooth levels need for that: more takes sharp details for contrast, less leaves
fine stripes without a gain."""

_UNCHANGED = 0.25
"""Squared levels by which a crop of the same brightness may differ: more hides a change of a level, less
takes rounding for one."""


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
    left: NDArray[np.float64]
    """Shape (N * M,): the residual of all that was given, in levels."""
    texture: float
    """The share of the slopes that the window explains, where a robust fit trusts the patch; else 1."""

    @property
    def share(self) -> float:
        """The share of levels or of slopes that the window explains, whichever is less, at least 0."""
        return max(0.0, min(self.explained, self.texture))


def weigh(scene: Scene, given: Target, mended: Target, window: Window) -> Evidence:
    """Compare what a window reads with the patch as it was given, and as a robust fit mended it."""
    image = scene.level(0)
    seen = read(image, replace(window, gamma=1.0))
    gain, offset, error = change_of_levels(seen, mended)
    middle = np.average(mended.levels, weights=mended.weights)
    varied = float(np.average((mended.levels - middle) ** 2, weights=mended.weights))
    left = np.subtract(given.levels, gain * seen + offset, dtype=np.float64)
    smooth = blurred(left, _SMOOTH).astype(np.float64)  # another tool's filter changes the details alone
    noise = max(error, min(_ROUNDED, varied * 1e-4)) * _alike(left, mended.weights)
    left = np.abs(left)
    asked = None if given.weights is None else given.weights.ravel()
    spread = spread_of(left.ravel(), asked)
    agreeing = left <= _AGREES * max(spread, min(1.0, math.sqrt(varied) / 30))
    if given.weights is not None:
        agreeing &= given.weights > 0
    agreement = float(np.average(agreeing, weights=given.weights))
    smooth_error = mean_square(smooth.ravel(), asked)
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
        left.ravel(),
        1.0 if mended.weights is None else texture(mended, mended.levels - (gain * seen + offset)),
    )


def change_of_levels(seen: Floats, target: Target) -> tuple[float, float, float]:
    """Return the gain and offset that turn one patch into another, and the mean squared residual.

    Gain and offset are 1 and 0 where these fit as well. They are asked of smooth levels: another tool's
    filter may have made the details stronger.
    """
    weights = np.ones(seen.size) if target.weights is None else target.weights.ravel()
    smooth, wanted = (
        blurred(array.astype(np.float64), _SHAPES).ravel().astype(np.float64, copy=False)
        for array in (seen, target.levels)
    )
    if wanted.var() < _SHAPELESS * target.levels.var():  # such as fine stripes
        smooth, wanted = (array.ravel().astype(np.float64) for array in (seen, target.levels))
    mean = np.average(smooth, weights=weights)
    varied = float(np.average((smooth - mean) ** 2, weights=weights))
    gain = float(np.average((smooth - mean) * wanted, weights=weights)) / max(varied, 1e-12)
    middle = float(np.average(wanted, weights=weights))
    offset = middle - gain * float(mean)
    plain, scaled = (mean_square(wanted - k * smooth - c, weights) for k, c in ((1, 0), (gain, offset)))
    most = min(_UNCHANGED, mean_square(wanted - middle, weights) / 100)
    if plain <= 1.1 * scaled + most:
        gain, offset = 1.0, 0.0
    left = np.subtract(target.levels, gain * seen + offset, dtype=np.float64)
    return gain, offset, mean_square(left.ravel(), target.weights if target.weights is None else weights)


def _deviation(scene: Scene, target: Target, window: Window, noise: float) -> float:
    """The deviation of the corners, in samples, by the curvature of the squared residual.

    The noise is the variance of independent residuals that say as much as all of these.
    """
    k = scene.level_for(min(window.strides))
    here = Linear(scene.level(k), target, onto_level(window, k), 0.0)
    curvature, _ = here.normal
    free = STRETCHED if isinstance(window.delta, tuple) else SQUARE
    some, levels = len(free), len(curvature) - 6
    ways = np.zeros((some + levels, 6 + levels))
    # gain and offset stay among the unknowns: what a change of levels can undo determines no place
    ways[:some, :6], ways[some:, 6:] = free, np.eye(levels)
    curvature = ways @ curvature @ ways.T
    # stripes leave a direction without curvature: the ridge gives it a deviation beyond any limit, no error
    ridge = 1e-9 * np.diag(np.diag(curvature)) + 1e-9 * np.eye(len(curvature))
    # of least squares the covariance is the noise's variance times the inverse of J'J (Gauss-Markov)
    spread = (np.linalg.inv(curvature + ridge) * noise)[:some, :some]
    corners = [np.array([down, across]) @ free.T[[0, 1]] for down, across in ((1.0, 0.0), (0.0, 1.0))]
    n, m = window.shape
    for end in (-1, 1):  # a corner moves with the centre, and by half a side with the stride
        corners.append(free.T[0] + end * n / 2 * free.T[2])
        corners.append(free.T[1] + end * m / 2 * free.T[3])
    return math.sqrt(max(float(way @ spread @ way) for way in corners))


def _alike(left: Floats, weights: NDArray[np.float64] | None) -> float:
    """How many residuals say the same as one: those of noise none, those of a likeness all in a smooth part.

    Of a row of residuals whose neighbours correlate by r, (1 + r) / (1 - r) count as one (Bartlett 1935,
    "Some aspects of the time-correlation problem").
    """
    trust = np.ones(left.shape) if weights is None else weights
    left, alike = left - np.average(left, weights=trust), 1.0
    for rest, own in ((left, trust), (left.T, trust.T)):
        shared = own[1:] * own[:-1]
        power = float((shared * (rest[1:] ** 2 + rest[:-1] ** 2)).sum()) / 2
        r = float((shared * rest[1:] * rest[:-1]).sum()) / max(power, 1e-12)
        r = min(max(r, 0.0), _ALL_ALIKE)
        alike *= (1 + r) / (1 - r)
    return max(_ALIKE, alike)


def slides(scene: Scene, target: Target, window: Window, most: float, error: float) -> float:
    """How far, in samples, corners may move and leave no larger squared residual; 0 if not at all.

    Levels that were rounded make steps of a ramp, which have a curvature; yet along its level lines each
    place is the same. So neighbours are tried one by one: whole samples away, half ones, and larger and
    smaller ones by `_ZOOM`. They may be no farther from the place's own error than noise moves the error of
    as many samples, and whole ones than rounding beside it.
    """
    found = 0.0
    tall, broad = window.strides
    count = target.levels.size if target.weights is None else float(target.weights.sum())
    # the log likelihood of `count` samples falls by count / (2 * _ALIKE) times the share that the error grows
    close = min(most, error * (1 + 2 * _ALIKE * _LIKELY / max(count, 1.0)))
    rounded = min(most, close + _ROUNDED)
    for down, across in _SHIFTS:
        # whole pixels where a step is whole samples: between pixels, a ramp of rounded levels is another one
        rows, cols = (round(k * s) or k if k % 1 == 0 else k * s for k, s in ((down, tall), (across, broad)))
        if left_at(scene, target, moved(window, rows, cols)) <= (
            rounded if max(abs(down), abs(across)) >= 1 else close
        ):
            found = max(found, math.hypot(down, across))
    for down, across in _ZOOMS:
        zoomed = replace(window, delta=(tall * (1 + down), broad * (1 + across)))
        if left_at(scene, target, zoomed) <= close:
            found = max(found, *(abs(k) * n / 2 for k, n in zip((down, across), window.shape, strict=True)))
    return found


def is_straight(target: Target, share: float = 0.0) -> bool:
    """Whether all level lines of a target are straight and of one direction, as those of an edge.

    Those may waver along which the squared slopes are less than this `share` of the squared slopes across.
    Then nothing in it tells a place from those along a line. The smaller eigenvalue of the structure
    tensor is the mean square of the gradient along the lines (Foerstner and Guelch 1987).
    """
    from scipy.ndimage import gaussian_filter

    inner = tuple(slice(_MARGIN, max(_MARGIN, n - _MARGIN)) for n in target.levels.shape)
    slopes = [gaussian_filter(target.levels, SLOPE, order=way)[inner].ravel() for way in ((1, 0), (0, 1))]
    weights = np.ones(slopes[0].size) if target.weights is None else target.weights[inner].ravel()
    if not weights.any():
        return False
    tensor = [[float((weights * a * b).sum() / weights.sum()) for a in slopes] for b in slopes]
    along, across = np.linalg.eigvalsh(tensor)
    return bool(along < max(min(_STRAIGHT, _FAINT * across), share * across))


def left_at(scene: Scene, target: Target, window: Window) -> float:
    """The mean squared residual that a window leaves of a target with the best gain and offset."""
    weights = None if target.weights is None else target.weights.ravel()
    seen = read(scene.level(0), replace(window, gamma=1.0)).reshape(1, -1).astype(np.float64)
    *_, left = project(seen, target.levels, weights)
    return mean_square(left, weights)


def determined(evidence: Evidence, apart: float = _TOLD_APART) -> float:
    """How well the place is determined, 0 to 1; a half where a corner deviates by so many samples."""
    # beyond the limit it falls as the variance grows: a place that is twice as loose counts a quarter
    return 1 / (1 + (evidence.deviation / apart) ** 2)
