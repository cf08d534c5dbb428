"""Places where a patch fits as well as at one: of tiles, stripes, waves and ramps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.layer import read
from glimpse.limits import N_MAX
from glimpse.registration import least_squares
from glimpse.registration.candidates import COARSE_SIGMA, coarse
from glimpse.registration.coarse_to_fine import MOST_GAIN
from glimpse.registration.correlation import peaks, sums_of_products
from glimpse.registration.grey import Scene
from glimpse.registration.least_squares import FREE, Fit
from glimpse.registration.linearization import Target
from glimpse.typing import Floats
from glimpse.window import Window

_SIDE, _LONG = 64, N_MAX // 4
"""Most samples along the shorter and the longer side of the patch that is slid: more take time, fewer do not
see fine tiles."""

_NEAR, _FAR = 0.5, 512
"""How far it is slid at first, in sides, and most samples then: more take time, fewer miss coarse tiles, and
repeats that are far apart."""

_MISSES = 25
"""Fits in turn that may be worse: more take time, fewer stop at likenesses that lie on the steps before a
repeat between them."""

_SPLIT = 2
"""Steps of a sample in which it is slid then: more take time, fewer do not see a repeat between the steps."""

_STEPS = 8
"""Most steps of a fit, which comes to rest in four: it has two numbers to find, half a step away."""

_SLID = FREE[:2]  # in gx and gy alone


def repeats(
    scene: Scene,
    target: Target,
    start: Fit,
    most: int,
    as_well: float,
    rounded: float,
    *,
    copied: bool = False,
) -> list[Fit]:
    """Return the fits elsewhere of the same strides and filters that fit as well or better, at most so many.

    Parameters
    ----------
    scene : Scene
        The image.
    target : Target
        The patch.
    start : Fit
        The place.
    most : int
        Fits after which no more are looked for.
    as_well, rounded : float
        Ratio of squared residuals up to which another place fits as well, and squared levels beside it.
    copied : bool
        Whether there is a copy somewhere, so that more are looked for though nothing nearby is like it.
    """
    if not copied and not _likenesses(scene, target, start.window, _NEAR, 1):
        return []
    # the same fit of the start: its own may be of a filter that is sharper than a fit may take
    here = least_squares.fit(scene, target, start.window, _STEPS, free=_SLID)
    limit = as_well * here.error + rounded
    found, misses = [here], 0
    for window in _likenesses(scene, target, start.window, _FAR, _SPLIT):
        if any(same_box(window, fit.window) for fit in found):
            continue
        fit = least_squares.fit(scene, target, window, _STEPS, free=_SLID)
        if any(same_box(fit.window, other.window) for other in found):
            continue
        if fit.error <= limit:
            found.append(fit._replace(window=replace(fit.window, sigma=start.window.sigma)))
            misses = 0
        else:
            misses += 1
        if misses > _MISSES or len(found) > most:
            break
    return found[1:]


def same_box(one: Window, other: Window) -> bool:
    """Whether two windows have the same box to a sample."""
    near = max(*one.strides, *other.strides)
    return bool(max(abs(a - b) for a, b in zip(one.box, other.box, strict=True)) < near)


def _likenesses(scene: Scene, target: Target, window: Window, reach: float, split: int) -> list[Window]:
    """Return windows elsewhere that show much the same, the most alike first.

    They are looked for in steps of one sample, or a part of it, as far as `reach`: in sides below 1, else in
    samples.
    """
    image = scene.level(0)
    factor = max(1.0, min(target.levels.shape) / _SIDE, max(target.levels.shape) / _LONG)
    strides, sigmas = window.strides, window.sigmas
    if factor > 1:
        target = coarse(target, (factor, factor))
        strides = strides[0] * factor, strides[1] * factor
        sigmas = COARSE_SIGMA * strides[0], COARSE_SIGMA * strides[1]
    shape, before, center = list[int](), list[int](), list[float]()
    for axis, middle in enumerate((window.gx, window.gy)):
        n, stride, (low, high) = target.levels.shape[axis], strides[axis], window.box[2 * axis : 2 * axis + 2]
        most = reach * n if reach < 1 else reach
        rooms = low, image.shape[axis] - high
        first, last = (int(min(most, max(0.0, room / stride))) for room in rooms)
        shape.append((first + n + last - 1) * split + 1)
        before.append(first * split)
        center.append(middle + (last - first) / 2 * stride)
    steps = strides[0] / split, strides[1] / split
    around = read(image, Window(center[0], center[1], steps, sigmas, n=(shape[0], shape[1])))
    left = _left(around, target, split)
    # a repeat between the steps is no worse than the place itself a step aside
    aside = float(left[tuple(slice(max(0, k - 1), k + 2) for k in before)].max())
    likest = peaks(aside - left)
    # the place's own slope is left in: cut out, its rim would look like repeats
    elsewhere = [(row - before[0], col - before[1]) for row, col in likest]
    return [
        replace(window, gx=window.gx + down * steps[0], gy=window.gy + across * steps[1])
        for down, across in elsewhere
        if max(abs(down), abs(across)) > split
    ]


def _left(around: Floats, target: Target, split: int) -> NDArray[np.float64]:
    """Return the share of the target's variance that each part leaves with the best gain and offset.

    There are `split` steps of the surroundings to a sample of the target.
    """
    weights = np.ones(target.levels.shape) if target.weights is None else target.weights
    weights = weights / max(float(weights.sum()), 1e-12)
    wanted = target.levels - float((weights * target.levels).sum())
    varied = float((weights * wanted**2).sum())
    apart = np.zeros([(n - 1) * split + 1 for n in weights.shape])  # samples of the target, steps apart
    apart[::split, ::split] = weights
    shared = apart.copy()
    shared[::split, ::split] *= wanted
    around = around - around.mean(dtype=np.float64)
    means, covaried = sums_of_products(around, (apart, shared))
    (squares,) = sums_of_products(around**2, (apart,))
    # of a fit wanted = gain * part + offset, gain is covariance over variance, and what is left of the wanted
    # variance is 1 - correlation**2
    spread = np.maximum(squares - means**2, 1e-6)
    gain = np.abs(covaried) / spread
    left = 1 - covaried**2 / (spread * max(varied, 1e-12))
    return np.where((gain > 1 / MOST_GAIN) & (gain < MOST_GAIN), left, 1.0)
