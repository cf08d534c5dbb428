"""The window of a patch inside an image: a search over scales, then least squares on the derivatives."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glimpse.attention.layer import read
from glimpse.errors import GlimpseError
from glimpse.registration.coarse_to_fine import confidence, plausible, search, start_at
from glimpse.registration.finishing import finish
from glimpse.registration.grey import change_of_levels, grey
from glimpse.registration.least_squares import Fit
from glimpse.registration.pyramid import Scene
from glimpse.typing import Floats
from glimpse.window import Kernel, Window

MIN_CONFIDENCE = 0.3
"""Least confidence of a match: more refuses crops with losses, less accepts patches of other pictures."""

UNFINDABLE = "a patch that was turned, mirrored, enlarged or squashed more than twice is not found"
"""Crops that are none to `locate`."""

_LEAST_EXPLAINED = 0.5
"""Share of a patch's variance that its place has to explain in every sample: more refuses noisy crops,
less believes smooth likenesses of coarse samples."""

FEWEST = 8
"""Fewest samples of a patch along either side: fewer are like many places."""


@dataclass(frozen=True)
class Location:
    """Where a patch was read.

    Parameters
    ----------
    window : Window
        The window that reads the patch, up to `offset`; its gamma is the gain.
    offset : float
        Levels added to the patch that the window reads.
    residual : float
        Root mean square of the difference that then remains, in levels.
    confidence : float
        0 to 1: the share of the patch's variance that the place explains, squared (to the fourth power where
        it is squashed), times the share of its squared residual by which it beats the best other place.
    settled : bool
        Whether the fit came to rest.
    path : tuple of Window
        The windows of the last fit, from its start.
    """

    window: Window
    offset: float
    residual: float
    confidence: float
    settled: bool
    path: tuple[Window, ...] = field(default=(), repr=False)  # often dozens

    @property
    def found(self) -> bool:
        """Whether this is a match: confidence of at least `MIN_CONFIDENCE`."""
        return self.confidence >= MIN_CONFIDENCE

    def _repr_png_(self) -> bytes | None:
        return self.window._repr_png_()

    def to_dict(self) -> dict[str, Any]:
        """Return the findings beside the window, as plain JSON values; rows and columns as slices."""
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
    """Find the window with which a patch was read out of an image, by glimpse or by another tool.

    The patch may have been cropped by any tool: with another filter, in grey, with another
    brightness and contrast (up to three times), with losses, squashed up to twice along one axis. It has to
    be upright, not mirrored, within the image, blurred by less than two strides, and enlarged at most twice.

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
        The best window; ask ``found`` whether it is a match.

    Raises
    ------
    GlimpseError
        If an array is no image, the patch is smaller than 8 x 8 samples, flat, of another size than
        the start, or like nothing in the image.

    Notes
    -----
    Candidates are peaks of the normalised cross-correlation over scales (Lewis 1995, "Fast normalized
    cross-correlation"), first with one stride for both axes, then, if none is convincing, with two. Each is
    refined by Levenberg-Marquardt in gx, gy, log delta and log sigma of either axis on the derivatives of
    `read`, with gain and offset solved for at each step. Both axes have one stride where that explains the
    patch as well. Other tools crop boxes of whole pixels: where such a box nearby resembles the patch as
    well, the window is set to it.

    Examples
    --------
    >>> image = np.random.default_rng(0).normal(size=(80, 90)).cumsum(axis=0).cumsum(axis=1)
    >>> patch = read(image, Window(gx=40.3, gy=50.7, delta=2.5, sigma=1.25, n=(16, 12)))
    >>> found = locate(image, 2 * patch + 20)
    >>> found.found, round(found.window.gx, 2), round(found.window.gy, 2), round(found.window.gamma, 2)
    (True, 40.3, 50.7, 2.0)
    """
    scene, target = Scene(grey(image, channel_axis)), grey(patch, channel_axis)
    _check(target, start)
    if start is not None:
        return _location(scene, target, finish(scene, target, start_at(start), kernel), None)
    fits = search(scene, target)
    if not fits:
        raise GlimpseError(
            "no match: the patch is like no part of the image (the image comes first, then the patch; "
            f"{UNFINDABLE})"
        )
    sure = confidence(fits, target)
    best = finish(scene, target, fits[0], kernel) if sure >= MIN_CONFIDENCE else fits[0]
    return _location(scene, target, best, sure)


def _check(target: Floats, start: Window | None) -> None:
    """Refuse a patch that cannot be located, or a start of another size."""
    rows, cols = target.shape
    if min(rows, cols) < FEWEST:
        raise GlimpseError(f"a patch of {rows} x {cols} samples is too small to be located")
    if np.ptp(target) == 0:
        raise GlimpseError("the patch is flat and could be from anywhere")
    if start is not None and start.shape != target.shape:
        raise GlimpseError(f"the start has n {start.n}, the patch {rows} x {cols} samples")


def _location(scene: Scene, target: Floats, fit: Fit, sure: float | None) -> Location:
    """The place of the last fit; without a search it is as sure as it explains the patch."""
    image = scene.level(0)
    gain, offset, error = change_of_levels(read(image, fit.window), target)
    explained = 1 - error / float(target.var())
    least = 0.0 if sure is None else _LEAST_EXPLAINED
    sure = explained if sure is None else sure
    sound = plausible(fit._replace(gain=gain), image.shape) and explained >= least
    window = replace(fit.window, gamma=max(gain, 1e-6))
    return Location(window, offset, math.sqrt(error), max(0.0, sure) if sound else 0.0, fit.settled, fit.path)
