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
from glimpse.registration.pyramid import SHARPEST, Scene, from_level, onto_level
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

FREE = np.eye(6)
SQUARE = np.array([[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1]], float)
EQUAL = np.array([*SQUARE[:2], [0, 0, 1, 1, 0, 0], *FREE[4:]])
STRETCHED = np.array([*SQUARE[:2], [0, 0, 1, 0, 1, 0], [0, 0, 0, 1, 0, 1], SQUARE[3]])
"""Directions that a fit may go, each a step in gx, gy (strides), log strides and log sigmas: all of them;
with both strides alike, and both sigmas; with both strides alike; with either stride, its sigma beside
it."""


class Fit(NamedTuple):
    """A window, the affine levels that go with it, the mean squared residual, and the way there."""

    window: Window
    gain: float
    offset: float
    error: float
    settled: bool = False
    path: tuple[Window, ...] = ()


def fit(
    scene: Scene,
    target: Floats,
    window: Window,
    steps: int,
    blur: float = 0.0,
    free: NDArray[np.float64] = SQUARE,
) -> Fit:
    """Refine a window of the target's samples, at the level of the image that suits its stride.

    A blur, in samples, is for targets that lost details: both sides are blurred by it, and the details may be
    stronger or weaker in the target than the filter says.
    """
    k = scene.level_for(min(window.strides))
    fit = _descended(scene.level(k), target, onto_level(window, k), steps, blur, free)
    return fit._replace(
        window=from_level(fit.window, k), path=tuple(from_level(step, k) for step in fit.path)
    )


def _descended(
    image: Floats, target: Floats, window: Window, steps: int, blur: float, free: NDArray[np.float64]
) -> Fit:
    """Levenberg-Marquardt; of NumPy, since SciPy's takes longer to import than all the fits of a search."""
    target = blurred(target, blur) if blur else target
    here, damping, settled = _Linear(image, target, window, blur), 1e-3, False
    path = [window]
    for _ in range(steps):
        step = here.step(damping, free)
        there = _Linear(image, target, _moved(here.window, step), blur)
        settled = bool(np.abs(step).max() < _STILL)
        if there.error < here.error:
            settled = settled or there.error > (1 - _STILL**1.5) * here.error
            here, damping = there, max(damping / 10, 1e-9)
            path.append(here.window)
        else:
            damping *= 10
            settled = settled or damping > 1e4
        if settled:
            break
    return Fit(here.window, here.gain, here.offset, here.error, settled, tuple(path))


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


class _Linear:
    """The fit near a window: ``target = gain * read + offset`` and its slopes."""

    def __init__(self, image: Floats, target: Floats, window: Window, blur: float) -> None:
        self.window = window
        patch, slopes = jacobian_by_axis(image, window)
        self._slopes = [slopes["gx"], slopes["gy"], *slopes["delta"], *slopes["sigma"]]
        seen, self._blur = basis(patch, blur), blur
        self._mix, self._spreads, means, self._left = project(seen, target)
        self.gain = float(self._mix[0])
        self.offset = float(target.mean() - self._mix @ means)
        self.error = mean_square(self._left)

    @cached_property
    def _columns(self) -> NDArray[np.float64]:
        """How the fit changes with a step in each of the six numbers, then the levels that are solved for."""
        units = [*self.window.strides, *self.window.strides, *self.window.sigmas]
        slopes = np.stack([unit * slope for unit, slope in zip(units, self._slopes, strict=True)])
        mixed = np.tensordot(self._mix, basis(slopes, self._blur), 1)
        return np.array([*mixed, *self._spreads, np.ones(self._left.size)])

    @cached_property
    def _normal(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._columns @ self._columns.T, self._columns @ self._left

    def step(self, damping: float, free: NDArray[np.float64]) -> NDArray[np.float64]:
        """The damped step, in the free directions, to the least residual that the slopes predict."""
        curvature, gradient = self._normal
        some, levels = len(free), len(curvature) - 6
        ways = np.zeros((some + levels, 6 + levels))
        ways[:some, :6], ways[some:, 6:] = free, np.eye(levels)
        curvature, gradient = ways @ curvature @ ways.T, ways @ gradient
        damped = np.arange(some + levels) < some  # not the levels, which are solved for
        ridge = damping * np.diag(curvature) * damped + 1e-12 * np.trace(curvature)
        step = np.linalg.solve(curvature + np.diag(ridge), gradient)
        return np.asarray(step[:some] @ free, np.float64)


def basis(patch: Floats, blur: float) -> NDArray[np.float64]:
    """The rows that are mixed to resemble the target: the patch; or the blurred patch, and its details."""
    rows = np.empty((2 if blur else 1, *patch.shape))
    rows[0] = soft = blurred(patch, blur) if blur else patch
    if blur:
        np.subtract(soft, blurred(soft, _COARSE), out=rows[1])
    return rows.reshape(*rows.shape[:-2], -1)


def project(seen: NDArray[np.float64], target: Floats) -> tuple[Any, ...]:
    """Mix the rows so that they come nearest to the target.

    Returns the factor of each row, the rows without their means (in the place of the rows: large arrays take
    most of their time to be made), the means, and the residual.
    """
    means, wanted = seen.mean(axis=1), np.subtract(target.ravel(), target.mean(), dtype=np.float64)
    seen -= means[:, None]
    power = seen @ seen.T
    ridge = (1e-9 * np.trace(power) + 1e-12) * np.eye(len(power))
    mix = np.linalg.solve(power + ridge, seen @ wanted)
    wanted -= mix @ seen
    return mix, seen, means, wanted


def mean_square(array: NDArray[np.float64]) -> float:
    """The mean of the squares."""
    return float(np.vdot(array, array)) / array.size


def blurred(array: Floats, sigma: float) -> Floats:
    """The samples, the last two axes smoothed by a Gaussian."""
    rows, cols = array.shape[-2:]
    smooth: Floats = read(array, Window((rows - 1) / 2, (cols - 1) / 2, 1, sigma, n=(rows, cols)))
    return smooth
