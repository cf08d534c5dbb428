"""The window of a patch inside an image: a search over scales, then least squares on the derivatives."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glimpse.attention.layer import read
from glimpse.errors import GlimpseError
from glimpse.registration import least_squares
from glimpse.registration.candidates import COARSE_SIGMA, SMALLEST, Candidate, coarse, find_candidates
from glimpse.registration.least_squares import Fit, blurred
from glimpse.registration.pixel_boxes import AS_GOOD, BLUR, SNAP_RATIO, refine_in_crop, snap_to_pixels
from glimpse.registration.pyramid import Scene
from glimpse.typing import Floats
from glimpse.window import KERNELS, Kernel, Window, default_sigma

MIN_CONFIDENCE = 0.3
"""Least confidence of a match."""

FEWEST = 8
"""Fewest samples of a patch along either side."""

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as other tools turn colour to grey
_PLACES, _RIVALS = 24, 6  # fitted coarsely, and compared finely
_ROUGH, _FINE, _LARGEST = 16, 40, 256  # samples along the shorter side of a patch that is fitted
_BLURRIEST = 1.9  # sigma in strides: what fits only by a larger one is a smooth likeness
_OVERHANG = 0.1  # share of a side that may lie outside the image
_MOST_GAIN = 3.0  # contrast of a patch to that of its place, or its inverse
_STEPS = 30
_LOSSY = 0.5  # squared levels, more than rounding leaves
_SMOOTH, _UNCHANGED = 2.0, 0.25  # samples, and squared levels that a crop without another brightness leaves


@dataclass(frozen=True)
class Location:
    """Where a patch was read.

    Parameters
    ----------
    window : Window
        What reads the patch, up to `offset`; its gamma is the gain.
    offset : float
        Levels added to what the window reads.
    residual : float
        What then remains between the two, root mean square, in levels.
    confidence : float
        0 to 1: the share of the patch's variance that the place explains, squared, times the share of
        its squared residual by which it beats the best other place.
    settled : bool
        Whether the fit came to rest.
    path : tuple of Window
        The way there, from the start of the last fit.
    """

    window: Window
    offset: float
    residual: float
    confidence: float
    settled: bool
    path: tuple[Window, ...] = ()

    @property
    def found(self) -> bool:
        """Whether this is a match: confidence of at least `MIN_CONFIDENCE`."""
        return self.confidence >= MIN_CONFIDENCE

    def to_dict(self) -> dict[str, Any]:
        """Return what is told beside the window, as plain JSON values; rows and columns as slices."""
        top, bottom, left, right = (round(float(edge), 4) for edge in self.window.box)
        return {
            "rows": [top, bottom],
            "cols": [left, right],
            "offset": round(self.offset, 4),
            "residual": round(self.residual, 4),
            "confidence": round(self.confidence, 4),
            "settled": self.settled,
        }


def locate(
    image: ArrayLike,
    patch: ArrayLike,
    *,
    start: Window | None = None,
    kernel: Kernel | None = None,
    channel_axis: int | None = None,
) -> Location:
    """Find the window with which a patch was read out of an image, or the like of it.

    The patch may have been cropped by any tool: with another filter, in grey, with another
    brightness and contrast (up to three times), with losses. It has to be upright, its pixels square,
    within the image, blurred by less than two strides, and enlarged at most twice.

    Parameters
    ----------
    image : array_like, shape (A, B), or with a channel axis
        Grey or colour, in levels.
    patch : array_like, shape (N, M), or with a channel axis
        Grey or colour, in the same levels.
    start : Window or None
        A place to start from instead of a search. It has to be near: the corners within a sample or two.
    kernel : {"gaussian", "box"} or None
        The kernel of the window; None takes the one that fits better.
    channel_axis : int or None
        The axis of the colour channels, of whichever array has three axes.

    Returns
    -------
    Location
        With the best window that there is; ask ``found`` whether it is one.

    Raises
    ------
    GlimpseError
        If an array is no image, the patch is smaller than 8 x 8 samples, flat, of another size than
        the start, or like nothing in the image.

    Notes
    -----
    Candidates are peaks of the normalised cross-correlation over scales (Lewis 1995, "Fast normalized
    cross-correlation"); each is refined by Levenberg-Marquardt in gx, gy, log delta and log sigma on the
    derivatives of `read`, with gain and offset solved for at each step. Other tools crop boxes of whole
    pixels: where such a box nearby resembles the patch as well, the window is set to it.

    Examples
    --------
    >>> image = np.random.default_rng(0).normal(size=(80, 90)).cumsum(axis=0).cumsum(axis=1)
    >>> patch = read(image, Window(gx=40.3, gy=50.7, delta=2.5, sigma=1.25, n=(16, 12)))
    >>> found = locate(image, 2 * patch + 20)
    >>> found.found, round(found.window.gx, 2), round(found.window.gy, 2), round(found.window.gamma, 2)
    (True, 40.3, 50.7, 2.0)
    """
    scene, target = Scene(_grey(image, channel_axis)), _grey(patch, channel_axis)
    if min(target.shape) < FEWEST:
        raise GlimpseError(
            f"a patch of {target.shape[0]} x {target.shape[1]} samples is too small to be located"
        )
    if np.ptp(target) == 0:
        raise GlimpseError("the patch is flat and could be from anywhere")
    if start is not None and start.shape != target.shape:
        raise GlimpseError(
            f"the start has n {start.n}, the patch {target.shape[0]} x {target.shape[1]} samples"
        )
    if start is None:
        fits = _searched(scene, target)
        if not fits:
            raise GlimpseError(
                "no match: the patch is like no part of the image (the image comes first, then the patch)"
            )
        confidence = _confidence(fits, target)
        best = fits[0]
    else:
        confidence, best = math.nan, _start(start)
    return _finished(scene, target, best, confidence, kernel)


def _grey(given: ArrayLike, channel_axis: int | None) -> Floats:
    """Grey levels as float32; without the last of two or four channels, which is alpha."""
    array = np.asarray(given)
    if array.ndim == 3 and channel_axis is not None:
        bands = np.moveaxis(array, channel_axis, -1).astype(np.float32, copy=False)
        bands = bands[..., : {2: 1, 4: 3}.get(bands.shape[-1], bands.shape[-1])]
        weights = _LUMA if bands.shape[-1] == 3 else np.full(bands.shape[-1], 1 / bands.shape[-1])
        array = bands @ np.asarray(weights, np.float32)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "biuf":
        raise GlimpseError(f"an array of shape {array.shape} and type {array.dtype} is no image to locate in")
    return array.astype(np.float32, copy=False)


def _searched(scene: Scene, target: Floats) -> list[Fit]:
    """Fits of the places that the search finds, coarse to fine, the best first."""
    shape = (target.shape[0], target.shape[1])
    found = find_candidates(scene, target, _PLACES)
    fits = _refits(scene, target, [_start(_window(place, shape)) for place in found], _ROUGH, 8)
    return _refits(scene, target, fits[:_RIVALS], _FINE, 12)


def _start(window: Window) -> Fit:
    return Fit(window, 1.0, 0.0, math.inf)


def _window(place: Candidate, shape: tuple[int, int]) -> Window:
    return Window(place.gx, place.gy, place.delta, default_sigma(place.delta), n=shape)


def _refits(scene: Scene, target: Floats, starts: list[Fit], side: int, steps: int) -> list[Fit]:
    """Fit from each start to the target shrunk to about `side` samples, the best and the sound first."""
    factor = max(1.0, min(target.shape) / side)
    small = coarse(target, factor) if factor > 1 else target
    edge = int(factor > 1)  # there the shrunk patch repeats its last samples
    small = small[edge : small.shape[0] - edge, edge : small.shape[1] - edge]
    fits = [_refit(scene, small, factor, start, steps) for start in starts]
    sound = [fit for fit in fits if _plausible(fit, scene.level(0).shape)]
    return _distinct(sorted(sound, key=lambda fit: fit.error), (target.shape[0], target.shape[1]))


def _refit(scene: Scene, small: Floats, factor: float, start: Fit, steps: int) -> Fit:
    """Fit to a target that was shrunk by this factor, and tell in windows of the whole one."""
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


def _plausible(fit: Fit, shape: tuple[int, ...]) -> bool:
    """Whether a crop may have such levels, such a stride, and lie there: inside but for a little."""
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


def _confidence(fits: list[Fit], target: Floats) -> float:
    """The share of the variance that is explained, squared, times 1 - the best error over the next."""
    variance = float(target.var())
    next_error = fits[1].error if len(fits) > 1 else variance
    return (1 - fits[0].error / next_error) * (1 - fits[0].error / variance) ** 2


def _place(window: Window) -> Candidate:
    return Candidate(0, window.gx, window.gy, window.delta)


def _finished(scene: Scene, target: Floats, start: Fit, confidence: float, kernel: Kernel | None) -> Location:
    """The last fit, of every sample, with the kernel that is asked for or fits better."""
    if min(target.shape) > _LARGEST:
        start = (_refits(scene, target, [start], _LARGEST, _STEPS) or [start])[0]
    steps = _STEPS if min(target.shape) <= _LARGEST else 3
    begin = replace(start.window, kernel=kernel or KERNELS[0], gamma=1.0)
    best = least_squares.fit(scene, target, begin, steps)
    if kernel is None:
        other = least_squares.fit(scene, target, replace(best.window, kernel=KERNELS[1]), steps)
        best = other._replace(path=best.path + other.path) if other.error < 0.9 * best.error else best
    best = _softly(scene, target, best, steps, whole=kernel is None)
    gain, offset, error = _levels_of(read(scene.level(0), best.window), target)
    explained = 1 - error / float(target.var())
    sure = explained if math.isnan(confidence) else confidence
    return Location(
        replace(best.window, gamma=max(gain, 1e-6)),
        offset,
        math.sqrt(error),
        max(0.0, sure) if _plausible(best._replace(gain=gain), scene.level(0).shape) else 0.0,
        best.settled,
        start.path + best.path,
    )


def _softly(scene: Scene, target: Floats, fit: Fit, steps: int, *, whole: bool) -> Fit:
    """The fit at the place where both agree but for the finest details, which a loss has changed most.

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


def _levels_of(model: Floats, target: Floats) -> tuple[float, float, float]:
    """The gain and offset of the target, 1 and 0 where these do, and the mean squared residual.

    They are asked of smooth levels: another tool's filter may have made the details stronger.
    """
    seen, wanted = (blurred(array.astype(np.float64), _SMOOTH) for array in (model, target))
    gain = float(np.cov(seen.ravel(), wanted.ravel())[0, 1] / max(float(seen.var(ddof=1)), 1e-12))
    offset = float(wanted.mean() - gain * seen.mean())
    plain, scaled = (float(np.square(wanted - k * seen - c).mean()) for k, c in ((1, 0), (gain, offset)))
    if plain <= 1.1 * scaled + min(_UNCHANGED, float(wanted.var()) / 100):
        gain, offset = 1.0, 0.0
    return gain, offset, float(np.square(target - gain * model - offset, dtype=np.float64).mean())
