"""One fit: Levenberg-Marquardt on the derivatives of `read`, on the level of an image that suits it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.derivatives import jacobian_by_axis
from glimpse.attention.layer import read
from glimpse.registration.grey import SHARPEST, Scene, from_level, onto_level
from glimpse.typing import Floats
from glimpse.window import Kernel, Window

_SIGMAS = 0.15, 2.0
"""Sigmas that a fit may take, in strides: a wider range lets it sharpen or blur its way to a likeness
elsewhere, a narrower one does not hold the filters of other tools."""

_COARSE = 1.5
"""Samples over which an array is smoothed to leave its details: fewer leave noise alone, more leave the
shapes."""

_STILL = 1e-4
"""Largest step, in its units, at which a fit has come to rest: a smaller one takes more steps and finds
no more."""

_FARTHEST = np.array([1, 1, 0.1, 0.1, 0.4, 0.4])
"""Most of one step: longer ones leave the place, shorter ones do not get there in time."""

_TURNS = 4
"""Times that a robust fit solves for gain and offset with new weights: more take time, fewer leave them
dragged."""

_ROUNDING = 12**-0.5
"""Deviation that rounding to whole levels leaves: less has every sample of an exact crop disagree."""

_FLAT, _ENOUGH = 0.24, 0.1
"""Squared slope, in levels per sample, below which a sample is flat, and least share that is not: a larger
slope leaves smooth crops nothing, a smaller one lets a flat colour find a flat part of the image."""

FAR, NEAR = 0.5, 0.1
"""Share of the levels' deviation that the scale of a robust fit has at first, half of it after each step,
from a start some samples off and from one nearby: less comes to rest where smooth parts agree, more is
dragged like a plain fit."""

_QUANTILE = 0.4, 1.907
"""Share of the samples whose residual tells the scale of a robust fit, and its factor: a larger share is
spoilt where half of a patch is painted over, a smaller one comes to rest where smooth parts agree."""

_UNCHANGED = 1.1
"""Ratio of scales up to which levels are taken as they are: more holds a patch that was made a little
brighter to its place's levels, less lets what was painted over most of a patch choose a gain."""

_LONGER, _LONGEST = 1.5, 3.0
"""Growth of the steps of a robust fit as long as its loss falls, and longest ones: weights that the residual
gave hold it back, so that shorter steps do not get there in time; longer ones overshoot."""

_GAINS = np.array([sign * 3**power for sign in (1, -1) for power in (-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1)])
_SAMPLES = 1000
"""Gains of which the first levels of a robust fit are the best, and about how many samples choose: more of
either take time, fewer miss the levels of half a patch."""

FREE = np.eye(6)
SQUARE = np.array([[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1]], float)
EQUAL = np.array([*SQUARE[:2], [0, 0, 1, 1, 0, 0], *FREE[4:]])
STRETCHED = np.array([*SQUARE[:2], [0, 0, 1, 0, 1, 0], [0, 0, 0, 1, 0, 1], SQUARE[3]])
"""Directions that a fit may go, each a step in gx, gy (strides), log strides and log sigmas: all of them;
with both strides alike, and both sigmas; with both strides alike; with either stride, its sigma beside
it."""


class Target(NamedTuple):
    """The patch that a fit is to resemble, and what each of its samples counts."""

    levels: Floats
    weights: NDArray[np.float64] | None = None
    """Shape (N, M), 0 to 1; None where all samples count alike."""


class Fit(NamedTuple):
    """A window, the affine levels that go with it, the mean squared residual, and the way there."""

    window: Window
    gain: float
    offset: float
    error: float
    settled: bool = False
    path: tuple[Window, ...] = ()
    left: NDArray[np.float64] | None = None
    """The residual of each sample, of a robust fit."""
    asked: NDArray[np.float64] | None = None
    """The weight of each sample."""
    explained: float = 1.0
    """The share of the variance of what a robust fit trusts that it explains."""
    texture: float = 1.0
    """The same of its slopes."""


def fit(
    scene: Scene,
    target: Target,
    window: Window,
    steps: int,
    blur: float = 0.0,
    free: NDArray[np.float64] = SQUARE,
    *,
    robust: float = 0.0,
) -> Fit:
    """Refine a window of the target's samples, at the level of the image that suits its stride.

    A blur, in samples, is for targets that lost details: both sides are blurred by it, and the details may be
    stronger or weaker in the target than the filter says. A robust fit is not dragged by samples that have
    nothing to do with the image; `robust` is its first scale, `FAR` or `NEAR`, and 0 for a plain fit.
    """
    k = scene.level_for(min(window.strides))
    start = onto_level(window, k)
    fit = _descended(scene.level(k), target, start, steps, blur, free, robust=robust)
    return fit._replace(
        window=from_level(fit.window, k), path=tuple(from_level(step, k) for step in fit.path)
    )


def _descended(
    image: Floats,
    target: Target,
    window: Window,
    steps: int,
    blur: float,
    free: NDArray[np.float64],
    *,
    robust: float,
) -> Fit:
    """Levenberg-Marquardt; of NumPy, since SciPy's takes longer to import than all the fits of a search."""
    target = target._replace(levels=blurred(target.levels, blur)) if blur else target
    # of the image's deviation, too: black paint on a bright patch deviates more than all else in it
    floor = robust * float(min(target.levels.std(), read(image, window).std())) if robust else 0.0

    def near(window: Window, gain: float | None = None) -> Linear:
        if robust:
            return _Robust(image, target, window, blur, floor, gain)
        return Linear(image, target, window, blur)

    here, damping, settled, reach = near(window), 1e-3, False, 1.0
    path = [window]
    for _ in range(steps):
        step = reach * here.step(damping, free)
        floor /= 2  # a wide scale first, so that the fit does not stop at the first part that agrees
        there = near(_moved(here.window, step), here.gain)
        settled = bool(np.abs(step).max() < _STILL) and floor <= here.spread
        # both on one scale: each on its own could let a loss fall because the scale fell
        now, then = here.loss(here.spread), there.loss(here.spread)
        if then < now:
            settled = settled or (then > (1 - _STILL**1.5) * now and floor <= there.spread)
            here, damping = there, max(damping / 10, 1e-9)
            path.append(here.window)
            # a robust step falls short: its weights are those of the residual before it
            reach = min(_LONGER * reach, _LONGEST) if robust else 1.0
        else:
            damping *= 1 if reach > 1 else 10
            reach = 1.0
            settled = settled or damping > 1e4
            here.widen(floor)
        if settled:
            break
    found = Fit(here.window, here.gain, here.offset, here.error, settled, tuple(path))
    if not robust:
        return found
    asked = None if target.weights is None else target.weights.ravel()
    levels = target.levels.ravel().astype(np.float64)
    levels -= np.average(levels, weights=here.weights)
    varied = mean_square(levels, here.weights)
    explained = 1 - mean_square(here.left, here.weights) / max(varied, 1e-12)
    return found._replace(left=here.left, asked=asked, explained=explained)


def _moved(window: Window, step: NDArray[np.float64]) -> Window:
    """Go a step, at most as far as the model may hold."""
    down, across, *zooms = np.clip(step, -_FARTHEST, _FARTHEST).tolist()
    tall, broad, sharp, wide = map(math.exp, zooms)
    (rows, cols), sigmas = window.strides, window.sigmas
    delta = rows * tall, cols * broad
    sigma = (
        _within(sigmas[0] * sharp, delta[0], window.kernel),
        _within(sigmas[1] * wide, delta[1], window.kernel),
    )
    return replace(window, gx=window.gx + down * rows, gy=window.gy + across * cols, delta=delta, sigma=sigma)


def _within(sigma: float, stride: float, kernel: Kernel) -> float:
    """A sigma that a fit may take; below the least the derivatives vanish between pixels."""
    low, high = (share * stride for share in _SIGMAS)
    low = max(low, SHARPEST if kernel == "gaussian" else SHARPEST / 3)
    return min(max(sigma, low), max(high, low))


class Linear:
    """The fit near a window: ``target = gain * read + offset`` and its slopes."""

    spread = 0.0

    def __init__(self, image: Floats, target: Target, window: Window, blur: float) -> None:
        self.window, self._blur = window, blur
        patch, slopes = jacobian_by_axis(image, window)
        self._slopes = [slopes["gx"], slopes["gy"], *slopes["delta"], *slopes["sigma"]]
        self._wanted = target.levels
        self.weights = None if target.weights is None else target.weights.ravel()
        self._mix_levels(basis(patch, blur))
        self.gain = float(self._mix[0])
        self.error = mean_square(self.left, self.weights)

    def _mix_levels(self, seen: NDArray[np.float64]) -> None:
        self._mix, self._spreads, self.offset, self.left = project(seen, self._wanted, self.weights)

    def loss(self, spread: float) -> float:
        """The error that a descent makes small."""
        return self.error

    def widen(self, floor: float) -> None:
        """Nothing: a squared residual has no scale."""

    @cached_property
    def _columns(self) -> NDArray[np.float64]:
        """How the fit changes with a step in each of the six numbers, then the levels that are solved for."""
        units = [*self.window.strides, *self.window.strides, *self.window.sigmas]
        slopes = np.stack([unit * slope for unit, slope in zip(units, self._slopes, strict=True)])
        rows = basis(slopes, self._blur)
        mixed = sum(share * row for share, row in zip(self._mix, rows, strict=True))
        return np.array([*mixed, *self._spreads, np.ones(self.left.size)])

    @cached_property
    def normal(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The curvature of half the squared residual in each direction and its slope, downhill."""
        columns = self._columns
        weighted = columns if self.weights is None else columns * self.weights
        return weighted @ columns.T, weighted @ self.left

    def step(self, damping: float, free: NDArray[np.float64]) -> NDArray[np.float64]:
        """The damped step, in the free directions, to the least residual that the slopes predict."""
        # Gauss-Newton: J'J for the second derivatives, damped along its own diagonal (Marquardt 1963), so
        # that a step does not depend on the units of its numbers
        curvature, gradient = self.normal
        some, levels = len(free), len(curvature) - 6
        ways = np.zeros((some + levels, 6 + levels))
        ways[:some, :6], ways[some:, 6:] = free, np.eye(levels)
        curvature, gradient = ways @ curvature @ ways.T, ways @ gradient
        damped = np.arange(some + levels) < some  # not the levels, which are solved for
        ridge = damping * np.diag(curvature) * damped + 1e-12 * np.trace(curvature)
        step = np.linalg.solve(curvature + np.diag(ridge), gradient)
        return np.asarray(step[:some] @ free, np.float64)


class _Robust(Linear):
    """The same with weights by the residual, so that samples far from the image's do not count.

    Geman and McClure 1987: the loss ``r**2 / (1 + (r / c)**2)`` grows no more beyond its scale c, which here
    is twice the deviation that the median residual tells.
    """

    def __init__(
        self,
        image: Floats,
        target: Target,
        window: Window,
        blur: float,
        floor: float,
        gain: float | None = None,
    ) -> None:
        self._floor, self._gain = floor, gain
        super().__init__(image, target, window, blur)

    def _mix_levels(self, seen: NDArray[np.float64]) -> None:
        wanted, self._asked = self._wanted.ravel().astype(np.float64), self.weights
        if self._gain is None:
            # least squares may be dragged to no contrast at all: the levels of most samples are tried, too
            starts = [_affine(seen, wanted, self._asked, None), _levels_of_most(seen[0], wanted, self._asked)]
        else:
            starts = [_affine(seen, wanted, self._asked, self._gain)]
        tried = [self._reweighted(seen, start) for start in starts]
        self.spread, self.weights = min(tried, key=lambda one: one[0])
        gain, self.offset, self.left = matched(seen, wanted, self.weights)
        # who paints over a crop seldom changes its levels, too: one number less for paint to choose
        unchanged = wanted - seen[0]
        if spread_of(unchanged, self._asked) <= _UNCHANGED * self.spread:
            gain, self.offset, self.left = 1.0, 0.0, unchanged
        self._mix, self._spreads = (
            np.array([gain]),
            seen - seen @ self.weights / max(self.weights.sum(), 1e-12),
        )
        self.widen(self._floor)

    def widen(self, floor: float) -> None:
        """Let the scale of the loss be the residual's own, but no less than this."""
        self.spread = max(spread_of(self.left, self._asked), floor)
        self.weights = self._trust(self.left, self.spread)
        self.__dict__.pop("normal", None)

    def _reweighted(
        self, seen: NDArray[np.float64], left: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """Gain and offset solved for with the weights of the residual, in turns, from a first residual."""
        for _ in range(_TURNS):
            weights = self._trust(left, max(spread_of(left, self._asked), self._floor))
            gain, _, left = matched(seen, self._wanted, weights)
        spread = spread_of(left, self._asked)
        return spread / min(abs(gain) + 1e-3, 1.0), weights

    def _trust(self, left: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
        trust = trust_in(left, spread)
        return trust if self._asked is None else trust * self._asked

    def loss(self, spread: float) -> float:
        # in levels of the image: a fit that fades everything to one level would leave no residual
        return robust_loss(self.left / min(abs(self.gain) + 1e-3, 1.0), spread, self._asked)


def matched(
    seen: NDArray[np.float64], wanted: Floats, weights: NDArray[np.float64]
) -> tuple[float, float, NDArray[np.float64]]:
    """Return the gain and offset that give samples the mean and deviation that are wanted, and the residual.

    Least squares would make the contrast fade as long as the two lie beside each other, and with it the
    slopes that lead to the place.
    """
    total = max(float(weights.sum()), 1e-12)
    wanted = wanted.ravel().astype(np.float64)
    means = float(seen[0] @ weights) / total, float(wanted @ weights) / total
    here, there = seen[0] - means[0], wanted - means[1]
    power, shared = float(here**2 @ weights), float(here * there @ weights)
    gain = math.copysign(math.sqrt(float(there**2 @ weights) / max(power, 1e-9)), shared)
    return gain, means[1] - gain * means[0], there - gain * here


def robust_loss(left: NDArray[np.float64], spread: float, weights: NDArray[np.float64] | None) -> float:
    """The mean of Geman and McClure's loss."""
    return float(np.average(left**2 / (1 + (left / (2 * spread)) ** 2), weights=weights))


def trust_in(left: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """The weights of residuals in a robust fit: one for none, a quarter for twice the spread."""
    # a weight is the loss's derivative over 2 r: d/dr r**2 / (1 + (r/c)**2) = 2 r / (1 + (r/c)**2)**2
    return 1 / (1 + (left / (2 * spread)) ** 2) ** 2


def spread_of(
    left: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    quantile: tuple[float, float] = _QUANTILE,
) -> float:
    """The deviation that a quantile of the residual's sizes tells, at least rounding's."""
    sizes = np.abs(left if weights is None else left[weights > 0])
    place = int(quantile[0] * sizes.size)
    return max(float(np.partition(sizes, place)[place]) * quantile[1], _ROUNDING)


def without_flats(target: Target) -> Target:
    """The target without its flat samples: a colour that was painted over it fits flat parts of any image."""
    down, across = np.gradient(blurred(target.levels, 1.0))
    steep = np.asarray(down**2 + across**2 > _FLAT * _noise_of(target.levels) ** 2, np.float64)
    if target.weights is not None:
        steep *= target.weights
    return target._replace(weights=steep) if (steep > 0).mean() > _ENOUGH else target


def _noise_of(levels: Floats) -> float:
    """The deviation of the noise of a patch, at least rounding's, told by its quietest quarter.

    Second differences along both axes have none of slopes and little of what a window has filtered (Immerkaer
    1996, "Fast noise variance estimation").
    """
    details = np.abs(np.diff(np.diff(levels, 2, axis=0), 2, axis=1)).ravel()
    quarter = float(np.partition(details, details.size // 4)[details.size // 4])
    return max(quarter / (6 * 0.3186), _ROUNDING)  # of the deviation that a normal one's quartile is


def _affine(
    seen: NDArray[np.float64],
    wanted: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    gain: float | None,
) -> NDArray[np.float64]:
    """The residual of a gain, None for that of least squares, and of the offset in the middle."""
    if gain is None:
        return np.asarray(project(seen.copy(), wanted, weights)[3])
    left = wanted - gain * seen[0]
    return np.asarray(left - float(np.median(left if weights is None else left[weights > 0])))


def _levels_of_most(
    seen: NDArray[np.float64], wanted: NDArray[np.float64], weights: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """The residual of the gain and the offset that bring most samples together.

    Rousseeuw 1984, "Least median of squares regression", on a grid of gains: half of the samples may be
    anything. Of a gain the offset is the middle of the shortest interval that holds `_QUANTILE` of them.
    """
    asked = np.arange(wanted.size) if weights is None else np.flatnonzero(weights)
    some = asked[:: max(1, asked.size // _SAMPLES)]
    rest = np.sort(wanted[some] - _GAINS[:, None] * seen[some], axis=1)
    held = int(_QUANTILE[0] * some.size)
    widths = rest[:, held:] - rest[:, : rest.shape[1] - held]
    place = widths.argmin(axis=1)
    each = np.arange(len(_GAINS))
    best = int((widths[each, place] / np.minimum(np.abs(_GAINS), 1)).argmin())
    offset = (rest[best, place[best]] + rest[best, place[best] + held]) / 2
    return np.asarray(wanted - _GAINS[best] * seen - offset)


def basis(patch: Floats, blur: float) -> NDArray[np.float64]:
    """The rows that are mixed to resemble the target: the patch; or the blurred patch, and its details."""
    rows = np.empty((2 if blur else 1, *patch.shape))
    rows[0] = soft = blurred(patch, blur) if blur else patch
    if blur:
        np.subtract(soft, blurred(soft, _COARSE), out=rows[1])
    return rows.reshape(*rows.shape[:-2], -1)


def project(
    seen: NDArray[np.float64], wanted: Floats, weights: NDArray[np.float64] | None = None
) -> tuple[Any, ...]:
    """Mix the rows so that they come nearest to what is wanted.

    Returns the factor of each row, the rows without their means (in the place of the rows: large arrays take
    most of their time to be made), the offset, and the residual.
    """
    wanted = wanted.ravel()
    if weights is None:
        means, middle = seen.mean(axis=1), wanted.mean()
    else:
        total = max(float(weights.sum()), 1e-12)
        means, middle = seen @ weights / total, float(wanted @ weights) / total
    left = np.subtract(wanted, middle, dtype=np.float64)
    seen -= means[:, None]
    weighted = seen if weights is None else seen * weights
    power = weighted @ seen.T
    ridge = (1e-9 * np.trace(power) + 1e-12) * np.eye(len(power))
    mix = np.linalg.solve(power + ridge, weighted @ left)
    left -= mix @ seen
    return mix, seen, float(middle - mix @ means), left


def mean_square(array: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> float:
    """The mean of the squares."""
    if weights is not None:
        return float(np.average(np.square(array), weights=weights))
    return float(np.vdot(array, array)) / array.size


def blurred(array: Floats, sigma: float) -> Floats:
    """The samples, the last two axes smoothed by a Gaussian."""
    rows, cols = array.shape[-2:]
    smooth: Floats = read(array, Window((rows - 1) / 2, (cols - 1) / 2, 1, sigma, n=(rows, cols)))
    return smooth
