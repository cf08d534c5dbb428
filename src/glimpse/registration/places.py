"""Places of last fits: the best of some, those that fit as well, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from glimpse.registration.coarse_to_fine import TOLD_APART, plausible, ranked
from glimpse.registration.evidence import Evidence, determined, is_straight, slides, weigh
from glimpse.registration.grey import Scene
from glimpse.registration.least_squares import Fit
from glimpse.registration.linearization import Target
from glimpse.registration.repeats import repeats, same_box
from glimpse.registration.trust import without_flats
from glimpse.window import Window

MOST_OTHERS = 20
"""Places that are told beside the first."""

MOST_COUNTED = 200
"""Places that are counted: more take time."""

_CROWDED = 0.5
"""Least sides of the patch from one of more places to the next: less takes a fine pattern for copies, more
takes copies that stand close for a pattern, within which nothing tells the place."""

_STRIPED = 0.015
"""Share of the squared slopes that lies along level lines, up to which other places are of stripes: steep
ones at an angle have 0.01, and one crop of a photograph in 100; more takes slender copies for stripes."""

_AS_WELL = 1.1
"""Ratio of squared residuals up to which another place fits as well: more names likenesses, less misses
copies that were rounded apart."""

_ROUNDED = 1 / 12
"""Squared levels that rounding leaves, and by which two places are not told apart."""

_FEWER = 0.05
"""Share of the samples by which another place may agree less where rounding may make it worse: more takes a
wave aside for a copy, less misses copies."""

_DOUBTED = 0.02
"""Deviation of a corner, in samples, from which neighbours are tried one by one: it only spares the trial."""

_HEAVY, _TAILS = 0.005, 1.5
"""Share of the variance that a smooth residual has, and its ratio to what most samples leave, from which some
samples drag the fit: more leaves edits in it, less takes another tool's filter for an edit."""

_FAR_OFF, _FAR_OFF_WHOLE = 2.0, 5.0
"""That ratio by itself, and at a box of whole pixels: more leaves edits in a fit, less takes time on crops of
other tools, and loses those at whole pixels, of which the ratio is 4.2 at most."""

_AT = 1e-6
"""Pixels within which a corner is at a whole one: rounding of floats."""

_LEAST_EXPLAINED = 0.5
"""Share of a patch's variance that its place has to explain in every sample: more refuses noisy crops,
less believes smooth likenesses of coarse samples."""


class Place(NamedTuple):
    """A last fit and what the samples say of it."""

    fit: Fit
    evidence: Evidence
    confidence: float
    others: tuple[Window, ...] = ()
    places: int = 1
    """Places that fit as well, itself included, of which `others` are the first."""

    def dragged(self, spread: float) -> bool:
        """Whether a few samples are much farther off than most, as where something was painted."""
        tails = math.sqrt(self.evidence.smooth_error) / spread
        whole = all(abs(edge - round(edge)) < _AT for edge in self.fit.window.box)
        far_off = _FAR_OFF_WHOLE if whole else _FAR_OFF
        return tails > far_off or (tails > _TAILS and self.evidence.unlike > _HEAVY)


class _Weighed(NamedTuple):
    """A last fit, the patch as it was mended for that, what the samples say, and what the fit leaves."""

    fit: Fit
    mended: Target
    evidence: Evidence
    cost: float


def chosen(
    scene: Scene,
    target: Target,
    fits: list[tuple[Fit, Target]],
    sure: float,
    slips: Sequence[tuple[Fit, Target]] = (),
) -> Place:
    """Return the best of the places that a search came to, and those that fit as well.

    Parameters
    ----------
    scene : Scene
        The image.
    target : Target
        The patch as it was given.
    fits : list of (Fit, Target)
        Last fits, and the patch as it was mended for each.
    sure : float
        The confidence so far.
    slips : sequence of (Fit, Target)
        Last fits beside these, which count only where one is the best of all.
    """
    places = _weighed(scene, target, [*fits, *slips])
    first = min(places, key=lambda place: place.cost)
    places = [place for place in places if place is first or all(place.fit is not fit for fit, _ in slips)]
    distinct = _distinct(places)
    equal = _equal(distinct)
    start, mended, *_ = min(equal, key=_unusual)
    again = islice(repeats(scene, mended, start, _AS_WELL, _ROUNDED, copied=len(equal) > 1), MOST_COUNTED)
    some = [(fit, mended) for fit in islice(again, MOST_OTHERS + 1)]
    if some:
        fits = [(place.fit, place.mended) for place in places]
        distinct = _distinct(_weighed(scene, target, [*fits, *some]))
        equal = _equal(distinct)
    best, *rest = sorted(equal, key=_unusual)
    others = tuple(place.fit.window for place in rest)
    seen = best.evidence
    if others or seen.deviation > _DOUBTED:
        most = _AS_WELL * seen.error + _ROUNDED
        shift = slides(scene, best.mended, best.fit.window, most, seen.error)
        seen = seen._replace(deviation=max(seen.deviation, shift))
    windows = [place.fit.window for place in equal]
    loose = is_straight(best.mended, _STRIPED if others else 0.0)
    if max(len(some), len(others)) > MOST_OTHERS and not loose:
        more = (fit.window for fit in again)
        windows += [window for window in more if not any(same_box(window, other) for other in windows)]
        loose = _crowded(windows)
    if loose:  # it may be anywhere along its own lines, or within a pattern
        seen = seen._replace(deviation=max(best.fit.window.shape))
    apart, near = 1.0, len(_near(distinct))
    if len(distinct) > near:
        apart = 1 - (distinct[0].cost + _ROUNDED) / (distinct[near].cost + _ROUNDED)
    told_apart = min(1.0, apart / TOLD_APART)
    confidence = sure * told_apart * determined(seen) * sound(scene, best.fit, seen)
    return Place(best.fit, seen, confidence, others[:MOST_OTHERS], min(len(windows), MOST_COUNTED))


def sound(scene: Scene, fit: Fit, seen: Evidence, least: float = _LEAST_EXPLAINED) -> float:
    """Return 1 where a crop may have such levels, stride and place, and explains enough of it, else 0."""
    shape = scene.level(0).shape
    return float(plausible(fit._replace(gain=seen.gain), shape) and seen.explained >= least)


def _weighed(scene: Scene, target: Target, fits: list[tuple[Fit, Target]]) -> list[_Weighed]:
    """The fits that came to rest, with their evidence and costs: squared levels per sample.

    Of robust fits the cost is the loss of all samples, not the residual of those that a fit trusts: a
    likeness trusts what happens to fit. And it is the loss on one scale, the best place's: on its own scale a
    likeness is as good as the place, since the scale grows with its residual.
    """
    # of robust fits, one that still moves is nowhere; a plain one of many samples may end before it rests
    still = [(fit, mended) for fit, mended in fits if fit.settled or mended.weights is None] or fits[:1]
    evidence = [weigh(scene, target, mended, fit.window) for fit, mended in still]
    costs = [seen.error for seen in evidence]
    if fits[0][1].weights is not None:
        steep = without_flats(target).weights
        asked = None if steep is None else steep.ravel()
        left = [
            fit._replace(gain=seen.gain, left=seen.left, asked=asked)
            for (fit, _), seen in zip(still, evidence, strict=True)
        ]
        costs = [fit.error for fit in ranked(left)]
    return [_Weighed(*one, seen, cost) for one, seen, cost in zip(still, evidence, costs, strict=True)]


def _distinct(places: list[_Weighed]) -> list[_Weighed]:
    """The places by cost, and of those with much the same box the best alone."""
    kept: list[_Weighed] = []
    for place in sorted(places, key=lambda place: place.cost):
        if not any(same_box(place.fit.window, better.fit.window) for better in kept):
            kept.append(place)
    return kept


def _near(places: list[_Weighed]) -> list[_Weighed]:
    """The first of the places, and those that rounding may make worse."""
    return [place for place in places if place.cost <= _AS_WELL * places[0].cost + _ROUNDED]


def _equal(places: list[_Weighed]) -> list[_Weighed]:
    """The first of the places, and those that fit as well.

    Where all is exact but for what was painted over, so many samples that are wholly unlike cost no more than
    rounding: there as many have to agree.
    """
    cost, agreement = _AS_WELL * places[0].cost, places[0].evidence.agreement
    return [p for p in _near(places) if p.cost <= cost or p.evidence.agreement >= agreement - _FEWER]


def _crowded(windows: list[Window]) -> bool:
    """Whether two of some windows of one size lie within a part of their sides."""
    (down, across), (n, m) = windows[0].strides, windows[0].shape
    centers = np.array([(window.gx / (down * n), window.gy / (across * m)) for window in windows])
    apart = np.abs(centers[:, None] - centers).max(axis=2) + np.where(np.eye(len(windows)), np.inf, 0)
    return bool(apart.min() < _CROWDED)


def _unusual(place: _Weighed) -> tuple[float, float, float]:
    """Changes that a crop has least of, all else equal: of levels, of the stride from 1."""
    down, across = place.fit.window.strides
    changed = abs(place.evidence.gain - 1) + abs(place.evidence.offset) / 255
    return round(changed, 3), round(abs(math.log(down * across)), 3), place.cost
