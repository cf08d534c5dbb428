"""What a fit trusts: weights by the residual, so that samples far from the image's do not count."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from glimpse.registration.linearization import Linear, Target, blurred, project
from glimpse.typing import Floats
from glimpse.window import Window

_TURNS = 4
"""Times that a robust fit solves for gain and offset with new weights: more take time, fewer leave them
dragged."""

_ROUNDING = 12**-0.5
"""Deviation that rounding to whole levels leaves: less has every sample of an exact crop disagree."""

_FLAT, _ENOUGH = 0.24, 0.1
"""Squared slope, in squared deviations of the noise, below which a sample is flat, and least share that is
not: a larger slope leaves smooth crops nothing, a smaller one lets a flat colour find a flat part of the
image."""

_QUANTILE = 0.4, 1.907
"""Share of the samples whose residual tells the scale of a robust fit and its first levels, and its factor:
a larger share is spoilt where half of a patch is painted over, a smaller one comes to rest where smooth parts
agree."""

_UNCHANGED = 1.1
"""Ratio of scales up to which levels are taken as they are: more holds a patch that was made a little
brighter to its place's levels, less lets what was painted over most of a patch choose a gain."""

_GAINS = np.array([sign * 3**power for sign in (1, -1) for power in (-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1)])
_SAMPLES = 1000
"""Gains, up to the most that a place may have, of which a robust fit begins with the best, and how many
samples choose: more of either take time, fewer miss the levels of half a patch."""


class Robust(Linear):
    """A linear fit with weights by the residual.

    Geman and McClure 1987: the loss ``r**2 / (1 + (r / c)**2)`` grows no more beyond its scale c, which here
    is twice the deviation that most residuals tell.
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
        gains = _GAINS if self._gain is None else np.array([self._gain])
        starts = [_residual_of_most(seen[0], wanted, self._asked, gains)]
        if self._gain is None:
            starts.append(project(seen.copy(), wanted, self._asked)[3])
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
    """The target without its flat samples: a colour that was painted over it fits flat parts of any image.

    A slope that noise alone would have is flat, too.
    """
    down, across = np.gradient(blurred(target.levels, 1.0))
    steep = np.asarray(down**2 + across**2 > _FLAT * _noise_of(target) ** 2, np.float64)
    if target.weights is not None:
        steep *= target.weights
    return target._replace(weights=steep) if (steep > 0).mean() > _ENOUGH else target


def _noise_of(target: Target) -> float:
    """The deviation of the noise of a patch, at least rounding's, told by its quietest quarter.

    Second differences along both axes have none of slopes and little of what a window has filtered (Immerkaer
    1996, "Fast noise variance estimation"). One that takes in a sample without weight tells nothing.
    """
    details = np.abs(np.diff(np.diff(target.levels, 2, axis=0), 2, axis=1))
    if target.weights is not None:
        from scipy.ndimage import minimum_filter

        own = minimum_filter(target.weights > 0, 3)[1:-1, 1:-1]
        details = details[own] if own.any() else details
    details = details.ravel()
    quarter = float(np.partition(details, details.size // 4)[details.size // 4])
    # noise of deviation 1 has second differences of deviation 6, a quarter of them below 0.3186 of it
    return max(quarter / (6 * 0.3186), _ROUNDING)


def _residual_of_most(
    seen: NDArray[np.float64],
    wanted: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    gains: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The residual of each sample by that gain of these, and that offset, which bring most together.

    Rousseeuw 1984, "Least median of squares regression": half of the samples may be anything. Of a gain the
    offset is the middle of the shortest interval that holds the share of them that tells the scale.
    """
    asked = np.arange(wanted.size) if weights is None else np.flatnonzero(weights)
    # a whole step might fall on the same few columns of every row
    some = asked[np.linspace(0, asked.size - 1, min(asked.size, _SAMPLES)).astype(int)]
    rest = np.sort(wanted[some] - gains[:, None] * seen[some], axis=1)
    held = int(_QUANTILE[0] * some.size)
    widths = rest[:, held:] - rest[:, : rest.shape[1] - held]
    best = int((widths.min(axis=1) / np.minimum(np.abs(gains), 1)).argmin())
    low = int(widths[best].argmin())
    middle = (rest[best, low] + rest[best, low + held]) / 2
    return np.asarray(wanted - gains[best] * seen - middle)
