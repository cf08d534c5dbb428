"""Places where a patch fits as well as at one: of tiles, stripes, waves and ramps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.layer import read
from glimpse.limits import N_MAX
from glimpse.registration import least_squares
from glimpse.registration.candidates import COARSE_SIGMA, coarse
from glimpse.registration.coarse_to_fine import MOST_GAIN
from glimpse.registration.correlation import peaks, sums_of_products
from glimpse.registration.evidence import left_at
from glimpse.registration.grey import Scene, moved
from glimpse.registration.least_squares import FREE, Fit
from glimpse.registration.linearization import Target
from glimpse.typing import Floats
from glimpse.window import Window

_SIDE, _LONG = 64, N_MAX // 4
"""Most samples along the shorter and the longer side of the patch that is slid: more take time, fewer do not
see fine tiles."""

_NEAR = 0.5
"""How far it is slid at first, in sides: more takes time, less misses coarse tiles."""

_REACHES = (512, 2), (1024, 1)
"""Most samples that it is slid then, and the steps of a sample, in turn; the second where there are copies:
more take time and memory, fewer miss repeats that are far apart, or between the steps."""

_MISSES = 25
"""Fits in turn that may be worse: more take time, fewer stop at likenesses that lie on the steps before a
repeat between them."""

_STEPS = 8
"""Most steps of a fit, which comes to rest in four: it has two numbers to find, half a step away."""

_SLID = FREE[:2]  # in gx and gy alone


def repeats(
    scene: Scene, target: Target, start: Fit, as_well: float, rounded: float, *, copied: bool = False
) -> Iterator[Fit]:
    """Yield the fits elsewhere of the same strides and filters that fit as well or better.

    Parameters
    ----------
    scene : Scene
        The image.
    target : Target
        The patch.
    start : Fit
        The place.
    as_well, rounded : float
        Ratio of squared residuals up to which another place fits as well, and squared levels beside it.
    copied : bool
        Whether there is a copy somewhere, so that more are looked for, and farther away, though nothing
        nearby is like it.
    """
    if not copied and not likenesses(scene, target, start.window):
        return
    # a fit of the start moves, too: the filter of the start may be sharper than a fit may take
    here = least_squares.fit(scene, target, start.window, _STEPS, free=_SLID).window
    limit = as_well * left_at(scene, target, start.window) + rounded
    found = [start]
    for reach, split in _REACHES[: 1 + copied]:
        misses = 0
        for window in _likenesses(scene, target, start.window, reach, split):
            if any(same_box(window, fit.window) for fit in found):
                continue
            fit = least_squares.fit(scene, target, window, _STEPS, free=_SLID)
            if any(same_box(fit.window, other.window) for other in found):
                continue
            by = fit.window.gx - here.gx, fit.window.gy - here.gy
            window, error = _pasted(scene, target, start.window, by)
            if error <= limit:
                found.append(fit._replace(window=window, error=error))
                yield found[-1]
                misses = 0
            else:
                misses += 1
            if misses > _MISSES:
                break


def _pasted(scene: Scene, target: Target, window: Window, by: tuple[float, float]) -> tuple[Window, float]:
    """A window moved by so much, or by whole pixels where these fit better, as if pasted; and its error."""
    ways = by, (round(by[0]), round(by[1]))
    windows = [moved(window, *way) for way in ways]
    errors = [left_at(scene, target, each) for each in windows]
    return min(zip(windows, errors, strict=True), key=lambda one: one[1])


def same_box(one: Window, other: Window) -> bool:
    """Whether two windows have the same box to a sample."""
    near = max(*one.strides, *other.strides)
    return bool(max(abs(a - b) for a, b in zip(one.box, other.box, strict=True)) < near)


def likenesses(scene: Scene, target: Target, window: Window) -> list[Window]:
    """Return windows near one, of its strides, that show much the same, the most alike first."""
    return _likenesses(scene, target, window, _NEAR, 1)


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
        most = int(reach * n if reach < 1 else reach) * split
        rooms = low, image.shape[axis] - high
        first, last = (int(min(most, max(0.0, room / stride * split))) for room in rooms)
        shape.append(first + (n - 1) * split + 1 + last)
        before.append(first)
        center.append(middle + (last - first) / 2 * stride / split)
    steps = strides[0] / split, strides[1] / split
    around = read(image, Window(center[0], center[1], steps, sigmas, n=(shape[0], shape[1])))
    left = _left(around, target, split)
    # a repeat between the steps is no worse than the place itself a step aside
    aside = float(left[tuple(slice(max(0, k - 1), k + 2) for k in before)].max())
    likest = peaks(aside - left)
    # the place's own slope is left in: cut out, its rim would look like repeats
    elsewhere = [(row - before[0], col - before[1]) for row, col in likest]
    return [
        moved(window, down * steps[0], across * steps[1])
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
