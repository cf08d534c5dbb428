"""The last fit: of every sample, with either kernel, at whole pixels where another tool has cropped them."""

from __future__ import annotations

import operator
from dataclasses import replace

from glimpse.registration import least_squares
from glimpse.registration.coarse_to_fine import refits
from glimpse.registration.least_squares import Fit
from glimpse.registration.pixel_boxes import AS_GOOD, BLUR, SNAP_RATIO, refine_in_crop, snap_to_pixels
from glimpse.registration.pyramid import Scene
from glimpse.typing import Floats
from glimpse.window import KERNELS, Kernel

_LARGEST = 256  # samples along the shorter side of a patch that is fitted
_STEPS = 30
_LOSSY = 0.5  # squared levels: rounding leaves less


def finish(scene: Scene, target: Floats, start: Fit, kernel: Kernel | None) -> Fit:
    """Return the fit of every sample, with the kernel that is asked for or fits better."""
    if min(target.shape) > _LARGEST:
        start = (refits(scene, target, [start], _LARGEST, _STEPS) or [start])[0]
    steps = _STEPS if min(target.shape) <= _LARGEST else 3
    begin = replace(start.window, kernel=kernel or KERNELS[0], gamma=1.0)
    best = least_squares.fit(scene, target, begin, steps)
    if kernel is None:
        other = least_squares.fit(scene, target, replace(best.window, kernel=KERNELS[1]), steps)
        best = other._replace(path=best.path + other.path) if other.error < 0.9 * best.error else best
    best = _softly(scene, target, best, steps, whole=kernel is None)
    return best._replace(path=start.path + best.path)


def _softly(scene: Scene, target: Floats, fit: Fit, steps: int, *, whole: bool) -> Fit:
    """The fit where patch and image agree but for the finest details, which a loss has changed most.

    With or without the pixels beyond the box, and at a whole box if it may be one.
    """
    beyond = inside = fit
    lossy = fit.error > _LOSSY
    if lossy:
        beyond = least_squares.fit(scene, target, fit.window, steps, BLUR)
        inside = refine_in_crop(scene.level(0), target, beyond, steps)
    best = inside if AS_GOOD * inside.error < beyond.error else beyond
    ratio = AS_GOOD if lossy else SNAP_RATIO
    there = snap_to_pixels(scene.level(0), target, beyond.window, inside.window, ratio) if whole else None
    gx, gy, delta = operator.attrgetter("gx", "gy", "delta")(there or best.window)
    path = fit.path if best is fit else fit.path + best.path
    return fit._replace(window=replace(fit.window, gx=gx, gy=gy, delta=delta), path=path)
