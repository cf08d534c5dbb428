"""A patch beside what a window reads, to first order: gain, offset, and a step to less of a residual."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.derivatives import jacobian_by_axis
from glimpse.attention.layer import read
from glimpse.typing import Floats
from glimpse.window import Window

_COARSE = 1.5
"""Samples over which an array is smoothed to leave its details: fewer leave noise alone, more leave the
shapes."""


class Target(NamedTuple):
    """The patch that a fit is to resemble, and what each of its samples counts."""

    levels: Floats
    weights: NDArray[np.float64] | None = None
    """Shape (N, M), 0 to 1; None where all samples count alike."""


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
