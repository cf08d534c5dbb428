"""From places to fits: coarsely from many, then finely from the best, each by least squares."""

from __future__ import annotations

import math
from dataclasses import replace

from glimpse.registration import least_squares
from glimpse.registration.candidates import COARSE_SIGMA, SMALLEST, Candidate, coarse, find_candidates
from glimpse.registration.least_squares import Fit
from glimpse.registration.pyramid import Scene
from glimpse.typing import Floats
from glimpse.window import Window, default_sigma

_PLACES, _RIVALS = 24, 6  # places that are fitted coarsely, and fits that are compared finely
_ROUGH, _FINE = 16, 40  # samples along the shorter side of a patch that is fitted
_BLURRIEST = 1.9  # sigma in strides: a place that fits only by a larger one is a smooth likeness
_OVERHANG = 0.1  # share of a side that may lie outside the image
_MOST_GAIN = 3.0  # contrast of a patch over that of its place, or the inverse


def search(scene: Scene, target: Floats) -> list[Fit]:
    """The fits to the places of the search, coarse to fine, the best first."""
    shape = (target.shape[0], target.shape[1])
    found = find_candidates(scene, target, _PLACES)
    fits = refits(scene, target, [start_at(_window(place, shape)) for place in found], _ROUGH, 8)
    return refits(scene, target, fits[:_RIVALS], _FINE, 12)


def start_at(window: Window) -> Fit:
    return Fit(window, 1.0, 0.0, math.inf)


def _window(place: Candidate, shape: tuple[int, int]) -> Window:
    return Window(place.gx, place.gy, place.delta, default_sigma(place.delta), n=shape)


def refits(scene: Scene, target: Floats, starts: list[Fit], side: int, steps: int) -> list[Fit]:
    """Fit from each start to the target shrunk to about `side` samples, the best and the sound first."""
    factor = max(1.0, min(target.shape) / side)
    small = coarse(target, factor) if factor > 1 else target
    edge = int(factor > 1)  # there the shrunk patch repeats its last samples
    small = small[edge : small.shape[0] - edge, edge : small.shape[1] - edge]
    fits = [_refit(scene, small, factor, start, steps) for start in starts]
    sound = [fit for fit in fits if plausible(fit, scene.level(0).shape)]
    return _distinct(sorted(sound, key=lambda fit: fit.error), (target.shape[0], target.shape[1]))


def _refit(scene: Scene, small: Floats, factor: float, start: Fit, steps: int) -> Fit:
    """Fit to a target that was shrunk by this factor, in windows of the whole target."""
    window = start.window
    blur = math.hypot(window.sigma, COARSE_SIGMA * factor * window.delta) if factor > 1 else window.sigma
    fit = least_squares.fit(
        scene,
        small,
        replace(window, delta=window.delta * factor, sigma=blur, n=(small.shape[0], small.shape[1])),
        steps,
    )
    path = tuple(_whole(step, factor, window) for step in fit.path)
    return fit._replace(window=_whole(fit.window, factor, window), path=start.path + path)


def _whole(window: Window, factor: float, like: Window) -> Window:
    """The window of a fit to a shrunk target, with a usual sigma."""
    delta = window.delta / factor
    return replace(window, delta=delta, sigma=default_sigma(delta), n=like.n)


def plausible(fit: Fit, shape: tuple[int, ...]) -> bool:
    """Whether a fit's levels, stride and place, inside but for a little, may be those of a crop."""
    top, bottom, left, right = fit.window.box
    over = max(-top / (bottom - top), -left / (right - left))
    over = max(over, (bottom - shape[0]) / (bottom - top), (right - shape[1]) / (right - left))
    contrast = 1 / _MOST_GAIN <= fit.gain <= _MOST_GAIN
    sharp = fit.window.sigma <= _BLURRIEST * fit.window.delta
    return contrast and sharp and over <= _OVERHANG and fit.window.delta >= 0.8 * SMALLEST


def _distinct(fits: list[Fit], shape: tuple[int, int]) -> list[Fit]:
    """The fits that differ from every better one."""
    kept: list[Fit] = []
    for fit in fits:
        place = _place(fit.window)
        if not any(place.same(_place(other.window), shape) for other in kept):
            kept.append(fit)
    return kept


def confidence(fits: list[Fit], target: Floats) -> float:
    """The share of the variance that is explained, squared, times 1 - the best error over the next."""
    variance = float(target.var())
    next_error = fits[1].error if len(fits) > 1 else variance
    return (1 - fits[0].error / next_error) * (1 - fits[0].error / variance) ** 2


def _place(window: Window) -> Candidate:
    return Candidate(0, window.gx, window.gy, window.delta)
