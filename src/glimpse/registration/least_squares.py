"""One fit: Levenberg-Marquardt on the derivatives of `read`, on the level of an image that suits it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.layer import read
from glimpse.registration.grey import SHARPEST, Scene, from_level, onto_level
from glimpse.registration.linearization import Linear, Target, blurred, mean_square
from glimpse.registration.trust import Robust
from glimpse.typing import Floats
from glimpse.window import Kernel, Window

_SIGMAS = 0.15, 2.0
"""Sigmas that a fit may take, in strides: a wider range lets it sharpen or blur its way to a likeness
elsewhere, a narrower one does not hold the filters of other tools."""

_STILL = 1e-4
"""Largest step, in its units, at which a fit has come to rest: a smaller one takes more steps and finds
no more."""

_FARTHEST = np.array([1, 1, 0.1, 0.1, 0.4, 0.4])
"""Most of one step: longer ones leave the place, shorter ones do not get there in time."""

FAR, NEAR = 0.5, 0.1
"""Share of the levels' deviation that the scale of a robust fit has at first, half of it after each step,
from a start some samples off and from one nearby: less comes to rest where smooth parts agree, more is
dragged like a plain fit."""

_LONGER, _LONGEST = 1.5, 3.0
"""Growth of the steps of a robust fit as long as its loss falls, and longest ones: weights that the residual
gave hold it back, so that shorter steps do not get there in time; longer ones overshoot."""

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
            return Robust(image, target, window, blur, floor, gain)
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
    if robust:
        # the wide scale that leads to a place from afar leads away from one where most samples agree
        still = Robust(image, target, window, blur, 0.0)
        if still.spread <= here.spread and still.loss(still.spread) <= here.loss(still.spread):
            here, settled, path = still, True, [window]
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
