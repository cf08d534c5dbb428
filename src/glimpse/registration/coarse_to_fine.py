"""From places to fits: coarsely from many, then finely from the best, each by least squares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from glimpse.registration import least_squares
from glimpse.registration.candidates import (
    COARSE_SIGMA,
    DIRECTIONS,
    SMALLEST,
    SQUARE,
    SQUASHED,
    Candidate,
    Likeness,
    coarse,
    find_candidates,
    sharpened,
)
from glimpse.registration.grey import Scene
from glimpse.registration.least_squares import FAR, NEAR, Fit
from glimpse.registration.linearization import Target
from glimpse.registration.texture import mended, texture
from glimpse.registration.trust import robust_loss, spread_of, without_flats
from glimpse.window import Window, default_sigma

_RIVALS, _PLACES = 6, 24
"""Places that are fitted finely, and most that are coarsely: more take time, fewer miss the place among
likenesses."""

_LIKE = 8
"""Places of like directions that are fitted: more take time, fewer miss a patch half of which is painted
over."""

_FAR_BEHIND = 0.7
"""Share of the best score below which a place of like directions is chance: more drops places for likenesses,
less fits places for nothing where the best stands out."""

_OUTLIER = 1.25
"""Score of the best squashed place over the middle one's from which these are fitted: more loses squashed
crops that were painted over, less takes half a second on patches of other pictures, which have 1.03 to
1.26."""

_BEHIND = 0.15
"""Correlation behind the best place's at which a place is no rival: less drops the place for a likeness,
more fits places for nothing."""

_ROUGH, _FINE = 16, 40
"""Samples along the shorter side of a patch that is fitted coarsely and finely: more take time, fewer
find likenesses as good."""

_ROBUST = 128
"""The same for a robust fit: fewer mix what was painted over with what was not."""

_KEPT = 3
"""Places of the plain search that are fitted robustly, too: more take time, fewer lose a place that a little
paint moved."""

_BEST_QUARTER = 0.25, 3.139
"""Share of the samples whose residual tells the scale on which robust fits are compared, and deviations to
its quantile: a larger share is spoilt by what was painted over, a smaller one by smooth areas."""

_ROUGH_STEPS, _FINE_STEPS, _ROBUST_STEPS = 8, 12, 20
"""Most steps of such fits: more take time on likenesses, fewer leave a place before its fit is told from
theirs."""

SURE = 0.8
"""Confidence from which no further search is tried: more takes time, less keeps a likeness of another aspect
or of what was painted over."""

_BLURRIEST = 1.9
"""Sigma in strides: a place that fits only by a larger one is a smooth likeness, a smaller limit loses
blurred crops."""

_OVERHANG = 0.1
"""Share of a side that may lie outside the image: more finds likenesses of its repeated edge, less loses
crops there."""

MOST_GAIN = 3.0
"""Contrast of a patch over that of its place, or the inverse: more finds faint likenesses, less loses dim
crops."""

_MOST_SQUASHED = 2.4
"""Largest ratio of the strides: more finds likenesses, less loses crops of the aspects that are
searched."""

_SQUASHED = 1.1
"""Ratio of the strides from which a place has to explain more: a larger one believes likenesses of
another aspect, a smaller one doubts square crops."""

TOLD_APART = 0.2
"""Share of its loss by which a robust fit has to beat the next place: half a patch that was painted over is
half unlike its own place, too."""

_BARE = 0.1
"""Least share of the slopes by which a loss is divided: more ranks flat parts before the place of a noisy
patch, less tells likenesses apart that explain next to nothing."""

_HOPEFUL = 0.15
"""Rough confidence from which a coarse robust fit is fitted to the end: less takes seconds on patches of
other pictures, which seldom have as much, more loses places beneath noise."""

_EXACT = 0.01
"""Share of the patch's variance below which the loss of such a fit is no likeness's: more takes time, less
loses copies."""

_ENLARGED = 0.8
"""Least stride to the smallest that is searched: less finds smooth likenesses, more loses crops that are
enlarged twice."""


def search(scene: Scene, target: Target) -> list[Fit]:
    """The fits to the places of the search, the best first: square places, then squashed ones."""
    fits = _fits(scene, target, SQUARE)
    if confidence(fits, target) < SURE:
        fits = _sorted(scene, target, fits + _fits(scene, target, SQUASHED))
    return fits


def _fits(scene: Scene, target: Target, aspects: Sequence[float]) -> list[Fit]:
    """The fits to the places of one search, coarse to fine."""
    shape = (target.levels.shape[0], target.levels.shape[1])
    found = find_candidates(scene, target, _PLACES, aspects)
    rivals = found[:_RIVALS] + [place for place in found[_RIVALS:] if place.score > found[0].score - _BEHIND]
    starts = [start_at(_window(place, shape)) for place in rivals]
    fits = refits(scene, target, starts, _ROUGH, _ROUGH_STEPS)
    return refits(scene, target, fits[:_RIVALS], _FINE, _FINE_STEPS)


def search_robustly(
    scene: Scene,
    target: Target,
    before: list[Fit],
    likeness: Likeness = DIRECTIONS,
    aspects: Sequence[float] = SQUARE,
    whole: Sequence[Window] = (),
) -> list[Fit]:
    """The robust fits to places of a like texture, and to those that were found before, the best first.

    The places at whole pixels where the patch may have been cut out are among them.
    """
    shape = (target.levels.shape[0], target.levels.shape[1])
    found = find_candidates(scene, target, _LIKE, aspects, likeness)
    if len(aspects) > 1 and not _stands_out(found):
        return []
    found = [place for place in found if place.score > _FAR_BEHIND * found[0].score]
    nearer = [sharpened(scene, target, place, likeness) for place in found]
    starts = before[:_KEPT] + [start_at(_window(place, shape)) for place in nearer]
    starts += map(start_at, whole)
    return refits(scene, target, starts, _ROBUST, _ROBUST_STEPS, robust=NEAR)


def _stands_out(places: list[Candidate]) -> bool:
    """Whether the first place is more like the patch than chance makes the others."""
    return bool(places) and places[0].score >= _OUTLIER * places[len(places) // 2].score


def refit_robustly(scene: Scene, target: Target, start: Fit) -> Fit:
    """The coarse robust fit from a start, or the start where that comes to nothing."""
    return (refits(scene, target, [start], _ROBUST, _ROBUST_STEPS, robust=FAR) or [start])[0]


def start_at(window: Window) -> Fit:
    return Fit(window, 1.0, 0.0, math.inf)


def _window(place: Candidate, shape: tuple[int, int]) -> Window:
    strides = (place.down, place.across)
    return Window(place.gx, place.gy, strides, _usual(strides), n=shape)


def _usual(strides: tuple[float, float]) -> tuple[float, float]:
    return default_sigma(strides[0]), default_sigma(strides[1])


def refits(
    scene: Scene, target: Target, starts: list[Fit], side: int, steps: int, *, robust: float = 0.0
) -> list[Fit]:
    """Fit from each start to the target shrunk to about `side` samples, the best and the sound first."""
    factor = max(1.0, min(target.levels.shape) / side)
    small = coarse(target, (factor, factor)) if factor > 1 else target
    if factor > 1:  # at its edge the shrunk patch repeats its last samples
        inner = slice(1, -1), slice(1, -1)
        small = Target(small.levels[inner], None if small.weights is None else small.weights[inner])
    if small.weights is not None and not small.weights.any():  # of a mask finer than the coarse samples
        return []
    if robust:
        small = without_flats(small)
    fits = [_refit(scene, small, factor, start, steps, robust=robust) for start in starts]
    return _sorted(scene, target, [_with_texture(small, fit) for fit in fits])


def _with_texture(small: Target, fit: Fit) -> Fit:
    """A fit to this target with the texture that it explains, if it is a robust one."""
    if fit.left is None:
        return fit
    explained = texture(mended(small, fit.left, fit.asked), fit.left.reshape(small.levels.shape))
    return fit._replace(texture=explained)


def _sorted(scene: Scene, target: Target, fits: list[Fit]) -> list[Fit]:
    upright = [fit for fit in fits if fit.gain > 0 or fit.left is not None]  # negatives are found robustly
    sound = [fit for fit in upright if plausible(fit, scene.level(0).shape)]
    if any(fit.left is not None for fit in sound):
        sound = ranked(sound)
    shape = (target.levels.shape[0], target.levels.shape[1])
    return _distinct(sorted(sound, key=lambda fit: fit.error), shape)


def ranked(fits: list[Fit]) -> list[Fit]:
    """Robust fits, whose errors are the losses of their residuals on the scale of the best one's.

    A flat colour on a flat part of the image leaves as little as half a patch on its own place, where noise
    hides that it is flat; it explains no texture, and its loss counts the more.
    """
    # in levels of the image, as the fits themselves: a place that fades the image leaves little, too
    sizes = [fit.left / min(abs(fit.gain), 1.0) for fit in fits if fit.left is not None]
    spread = min(spread_of(left, fits[0].asked, _BEST_QUARTER) for left in sizes)
    return [
        fit._replace(error=robust_loss(left, spread, fit.asked) / min(max(fit.texture, _BARE), 1.0))
        for fit, left in zip(fits, sizes, strict=True)
    ]


def _refit(scene: Scene, small: Target, factor: float, start: Fit, steps: int, *, robust: float) -> Fit:
    """Fit to a target that was shrunk by this factor, in windows of the whole target."""
    window, soft = start.window, COARSE_SIGMA * factor if factor > 1 else 0.0
    down, across = (
        (stride * factor, math.hypot(sigma, soft * stride))
        for stride, sigma in zip(window.strides, window.sigmas, strict=True)
    )
    begin = replace(
        window,
        delta=(down[0], across[0]),
        sigma=(down[1], across[1]),
        n=(small.levels.shape[0], small.levels.shape[1]),
    )
    fit = least_squares.fit(scene, small, begin, steps, free=least_squares.STRETCHED, robust=robust)
    path = tuple(_whole(step, factor, window) for step in fit.path)
    return fit._replace(window=_whole(fit.window, factor, window), path=start.path + path)


def _whole(window: Window, factor: float, like: Window) -> Window:
    """The window of a fit to a shrunk target, with a usual sigma."""
    strides = window.strides[0] / factor, window.strides[1] / factor
    return replace(window, delta=strides, sigma=_usual(strides), n=like.n)


def plausible(fit: Fit, shape: tuple[int, ...]) -> bool:
    """Whether a fit's levels, stride and place, inside but for a little, may be those of a crop."""
    top, bottom, left, right = fit.window.box
    over = max(
        *(end / (bottom - top) for end in (-top, bottom - shape[0])),
        *(end / (right - left) for end in (-left, right - shape[1])),
    )
    strides, sigmas = fit.window.strides, fit.window.sigmas
    return (
        1 / MOST_GAIN <= abs(fit.gain) <= MOST_GAIN
        and max(s / stride for s, stride in zip(sigmas, strides, strict=True)) <= _BLURRIEST
        and max(strides) <= _MOST_SQUASHED * min(strides)
        and min(strides) >= _ENLARGED * SMALLEST
        and over <= _OVERHANG
    )


def _distinct(fits: list[Fit], shape: tuple[int, int]) -> list[Fit]:
    """The fits that differ from every better one."""
    kept: list[Fit] = []
    for fit in fits:
        place = _place(fit.window)
        if not any(place.same(_place(other.window), shape) for other in kept):
            kept.append(fit)
    return kept


def confidence(fits: list[Fit], target: Target) -> float:
    """The share of the variance that is explained, to a power, times 1 - the best error over the next."""
    if not fits:
        return 0.0
    variance = float(target.levels.var())
    next_error = fits[1].error if len(fits) > 1 else variance
    strides = fits[0].window.strides
    power = (
        4 if max(strides) > _SQUASHED * min(strides) else 2
    )  # more places are tried, and more are likenesses
    return (1 - fits[0].error / next_error) * (1 - fits[0].error / variance) ** power


def promising(fits: list[Fit], target: Target, power: int) -> bool:
    """Whether the first of coarse robust fits may be the place, so that it is worth a last fit.

    Its rough confidence is made as that of the last fit: the share that it explains of what it trusts, to a
    power, times how far its loss is below the next one's.
    """
    best = fits[0]
    if best.error < _EXACT * float(target.levels.var()):  # a copy elsewhere may be as good
        return True
    return max(best.explained, 0.0) ** power * told_apart(fits) >= _HOPEFUL


def told_apart(fits: list[Fit]) -> float:
    """How far the loss of the first of robust fits is below the next one's, 1 where it is far enough."""
    apart = 1 - fits[0].error / fits[1].error if len(fits) > 1 else 1.0
    return min(1.0, apart / TOLD_APART)


def _place(window: Window) -> Candidate:
    return Candidate(0, window.gx, window.gy, *window.strides)
