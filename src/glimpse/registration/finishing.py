"""The last fit: of every sample, with either kernel, at whole pixels where another tool has cropped them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.layer import read
from glimpse.registration import least_squares
from glimpse.registration.coarse_to_fine import refits
from glimpse.registration.grey import Scene
from glimpse.registration.least_squares import EQUAL, FREE, NEAR, SQUARE, STRETCHED, Fit
from glimpse.registration.linearization import Target, mean_square
from glimpse.registration.pixel_boxes import AS_GOOD, BLUR, SNAP_RATIO, refine_in_crop, snap_to_pixels
from glimpse.registration.texture import mended
from glimpse.registration.trust import without_flats
from glimpse.window import KERNELS, Kernel, Window

_LARGEST = 256
"""Samples along the shorter side up to which a patch is fitted to the end; of a larger one this many are,
then all in `_LAST` steps: more take time, fewer do not carry every sample to its place."""

_STEPS, _LAST = 30, 3
"""Most steps of the last fit, and of one of more samples: more take time, fewer end beside the place."""

_LOSSY = 0.5
"""Squared levels, more than rounding leaves: from here on the finest details of a patch are believed
less."""

_OTHER_KERNEL = 0.9
"""Ratio of squared residuals at which the second kernel is believed: a larger one lets chance choose."""

_AS_SQUARE = 1.02
"""Ratio of squared residuals up to which one stride for both axes will do: a larger one takes a crop for
square that was squashed a little, a smaller one takes rounding for a squash."""

_ROUNDING = 1 / 12
"""Squared levels that rounding to whole levels leaves on average."""

_NEARLY = 0.1
"""Logarithm of the strides' ratio up to which one stride is tried at all: it only spares the trial."""

_Steps = NDArray[np.float64]


def finish(scene: Scene, target: Target, start: Fit, kernel: Kernel | None) -> Fit:
    """Return the fit of every sample, with the kernel that is asked for or fits better."""
    steps = _STEPS
    if min(target.levels.shape) > _LARGEST:
        start = (refits(scene, target, [start], _LARGEST, _STEPS) or [start])[0]
        steps = _LAST
    best = _with_kernel(scene, target, start, steps, kernel)
    best, free = _squared(scene, target, best, steps)
    best = _softly(scene, target, best, steps, free, whole=kernel is None)
    return best._replace(path=start.path + best.path)


def finish_robustly(scene: Scene, target: Target, start: Fit, kernel: Kernel | None) -> tuple[Fit, Target]:
    """Return the fit of the samples that a robust fit trusts, and the target with the others mended."""
    steps = _STEPS
    if min(target.levels.shape) > _LARGEST:
        found = refits(scene, target, [start], _LARGEST, _STEPS, robust=NEAR)
        start, steps = (found or [start])[0], _LAST
    shaped = without_flats(target)
    fit = least_squares.fit(scene, shaped, start.window, steps, free=STRETCHED, robust=NEAR)
    freely = least_squares.fit(scene, shaped, fit.window, steps, free=FREE, robust=NEAR)
    apart = np.abs(np.subtract(freely.window.box, fit.window.box)).max()
    if apart < max(fit.window.strides):  # noise lets a free sigma sharpen its way to another place
        fit = freely
    if fit.left is None:
        return start, target
    wanted = mended(target, fit.left, fit.asked)
    return finish(scene, wanted, fit._replace(path=start.path + fit.path, left=None), kernel), wanted


def finish_unmoved(scene: Scene, target: Target, start: Window, kernel: Kernel | None) -> tuple[Fit, Target]:
    """Return a window at which most samples agree to the level as a fit, and the target mended for it."""
    window = start if kernel == KERNELS[0] else replace(start, kernel=KERNELS[1], sigma=None)
    left = np.subtract(target.levels, read(scene.level(0), window), dtype=np.float64)
    wanted = mended(target, left.ravel(), None)
    return Fit(window, 1.0, 0.0, mean_square(left.ravel()), settled=True, path=(window,)), wanted


def _with_kernel(scene: Scene, target: Target, start: Fit, steps: int, kernel: Kernel | None) -> Fit:
    """The fit with the kernel that is asked for; else the first, unless the second is better."""
    begin = replace(start.window, kernel=kernel or KERNELS[0], gamma=1.0)
    best = least_squares.fit(scene, target, begin, steps, free=FREE)
    if kernel is not None:
        return best
    other = least_squares.fit(scene, target, replace(best.window, kernel=KERNELS[1]), steps, free=FREE)
    return _after(best, other) if other.error < _OTHER_KERNEL * best.error else best


def _squared(scene: Scene, target: Target, fit: Fit, steps: int) -> tuple[Fit, _Steps]:
    """The fit with one stride for both axes, and one sigma, if that is as good; and its directions."""
    down, across = fit.window.strides
    if abs(math.log(down / across)) > _NEARLY:
        return fit, FREE
    delta, sigma = math.sqrt(down * across), math.sqrt(math.prod(fit.window.sigmas))
    for free, widths in ((SQUARE, sigma), (EQUAL, fit.window.sigma)):
        begin = replace(fit.window, delta=delta, sigma=widths)
        square = least_squares.fit(scene, target, begin, steps, free=free)
        if square.error + _ROUNDING < _AS_SQUARE * (fit.error + _ROUNDING):
            return _after(fit, square), free
    return fit, FREE


def _after(first: Fit, then: Fit) -> Fit:
    return then._replace(path=first.path + then.path)


def _softly(scene: Scene, target: Target, fit: Fit, steps: int, free: _Steps, *, whole: bool) -> Fit:
    """The fit where patch and image agree but for the finest details, which a loss has changed most.

    With or without the pixels beyond the box, and at a whole box if it may be one.
    """
    image, beyond, inside = scene.level(0), fit, fit
    lossy = fit.error > _LOSSY
    if lossy:
        beyond = least_squares.fit(scene, target, fit.window, steps, BLUR, free)
        inside = refine_in_crop(image, target, beyond, steps, free)
    best = inside if AS_GOOD * inside.error < beyond.error else beyond
    there = None
    if whole:
        ratio, square = AS_GOOD if lossy else SNAP_RATIO, free is not FREE
        there = snap_to_pixels(image, target, beyond.window, inside.window, ratio, square=square)
    found, path = there or best.window, fit.path if best is fit else fit.path + best.path
    window = replace(fit.window, gx=found.gx, gy=found.gy, delta=found.delta)
    if there and not isinstance(there.delta, tuple):  # other tools filter both axes alike
        window = replace(window, sigma=math.sqrt(math.prod(window.sigmas)))
    return fit._replace(window=window, path=path)
