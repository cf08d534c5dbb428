"""The descent: Levenberg-Marquardt on the derivatives of `read`, on the level of an image that suits it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.derivatives import read_jacobian
from glimpse.attention.layer import read
from glimpse.registration.pyramid import SHARPEST, Scene, from_level, onto_level
from glimpse.typing import Floats
from glimpse.window import Window

_SIGMAS = 0.15, 2.0  # least and largest sigma of a fit, in strides
_COARSE = 1.5  # samples: the blur that hides lost details


class Fit(NamedTuple):
    """A window, the affine levels that go with it, the mean squared residual, and the way there."""

    window: Window
    gain: float
    offset: float
    error: float
    settled: bool = False
    path: tuple[Window, ...] = ()


def fit(scene: Scene, target: Floats, window: Window, steps: int, blur: float = 0.0) -> Fit:
    """Refine a window of the target's samples, at the level of the image that suits its stride.

    A blur, in samples, is for targets that lost details: both sides are blurred by it, and the details may be
    stronger or weaker in the target than the filter says.
    """
    k = scene.level_for(window.delta)
    fit = _descended(scene.level(k), target, onto_level(window, k), steps, blur)
    return fit._replace(
        window=from_level(fit.window, k), path=tuple(from_level(step, k) for step in fit.path)
    )


def _descended(image: Floats, target: Floats, window: Window, steps: int, blur: float) -> Fit:
    """Levenberg-Marquardt in gx, gy, log delta and log sigma."""
    target = blurred(target, blur) if blur else target
    here, damping = _Linear(image, target, window, blur), 1e-3
    path, settled = [window], False
    for _ in range(steps):
        step = here.step(damping)
        there = _Linear(image, target, _moved(here.window, step), blur)
        if not there.error < here.error:
            damping *= 10
            settled = settled or bool(np.abs(step).max() < 1e-4)
            if damping > 1e4 or settled:
                settled = True
                break
            continue
        settled = bool(np.abs(step).max() < 1e-4) or there.error > (1 - 1e-6) * here.error
        here, damping = there, max(damping / 10, 1e-9)
        path.append(here.window)
        if settled:
            break
    return Fit(here.window, here.gain, here.offset, here.error, settled, tuple(path))


def _moved(window: Window, step: NDArray[np.float64]) -> Window:
    """Go a step in gx and gy (strides), log delta and log sigma, at most as far as the model may hold."""
    down, across, zoom, blur = np.clip(step, (-1, -1, -0.1, -0.4), (1, 1, 0.1, 0.4)).tolist()
    delta = window.delta * math.exp(zoom)
    low, high = (share * delta for share in _SIGMAS)
    low = max(low, SHARPEST if window.kernel == "gaussian" else 0.1)
    sigma = min(max(window.sigma * math.exp(blur), low), max(high, low))
    gx, gy = window.gx + down * window.delta, window.gy + across * window.delta
    return replace(window, gx=gx, gy=gy, delta=delta, sigma=sigma)


class _Linear:
    """The fit near a window: ``target = gain * read + offset`` and its slopes."""

    def __init__(self, image: Floats, target: Floats, window: Window, blur: float) -> None:
        self.window = window
        patch, self._jacobian = read_jacobian(image, window)
        seen, self._blur = basis(patch, blur), blur
        self._mix, self._spreads, self._left = project(seen, target)
        self.gain = float(self._mix[0])
        self.offset = float(target.mean() - self._mix @ seen.mean(axis=1))
        self.error = float(np.square(self._left).mean())

    @cached_property
    def _normal(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        window = self.window
        units = {"gx": window.delta, "gy": window.delta, "delta": window.delta, "sigma": window.sigma}
        slopes = np.stack([unit * self._jacobian[name] for name, unit in units.items()])
        columns = np.array(
            [*np.tensordot(self._mix, basis(slopes, self._blur), 1), *self._spreads, np.ones(self._left.size)]
        )
        return columns @ columns.T, columns @ self._left

    def step(self, damping: float) -> NDArray[np.float64]:
        """The damped step to the least residual that the slopes predict."""
        curvature, gradient = self._normal
        damped = np.arange(len(curvature)) < 4  # not the levels, which are solved for
        ridge = damping * np.diag(curvature) * damped + 1e-12 * np.trace(curvature)
        step = np.linalg.solve(curvature + np.diag(ridge), gradient)
        return np.asarray(step[:4], np.float64)


def basis(patch: Floats, blur: float) -> NDArray[np.float64]:
    """The rows that are mixed to resemble the target: the patch; or the blurred patch, and its details."""
    flat = (*patch.shape[:-2], -1)
    if not blur:
        return patch.reshape(1, *flat).astype(np.float64)
    soft = blurred(patch, blur)
    return np.stack([soft, soft - blurred(soft, _COARSE)]).reshape(2, *flat).astype(np.float64)


def project(seen: NDArray[np.float64], target: Floats) -> tuple[NDArray[np.float64], ...]:
    """The factor of each row that comes nearest to the target; the rows without their means; the residual."""
    spreads, wanted = seen - seen.mean(axis=1, keepdims=True), target.ravel() - float(target.mean())
    power = spreads @ spreads.T
    ridge = (1e-9 * np.trace(power) + 1e-12) * np.eye(len(power))
    mix = np.linalg.solve(power + ridge, spreads @ wanted)
    return mix, spreads, wanted - mix @ spreads


def blurred(array: Floats, sigma: float) -> Floats:
    """The samples, the last two axes smoothed by a Gaussian."""
    rows, cols = array.shape[-2:]
    smooth: Floats = read(array, Window((rows - 1) / 2, (cols - 1) / 2, 1, sigma, n=(rows, cols)))
    return smooth
