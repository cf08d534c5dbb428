"""The window of a patch inside an image: a search over scales, then least squares on the derivatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glimpse.attention.shapes import ChannelAxis
from glimpse.errors import GlimpseError
from glimpse.registration.candidates import (
    COARSE_DIRECTIONS,
    DIRECTIONS,
    SMALLEST,
    SQUARE,
    SQUASHED,
    VOTES,
    Likeness,
)
from glimpse.registration.coarse_to_fine import (
    SURE,
    confidence,
    promising,
    refit_robustly,
    search,
    search_robustly,
    start_at,
    told_apart,
)
from glimpse.registration.evidence import determined, weigh
from glimpse.registration.finishing import finish, finish_robustly, finish_unmoved
from glimpse.registration.grey import Scene, grey, opaque
from glimpse.registration.least_squares import Fit
from glimpse.registration.linearization import Target
from glimpse.registration.places import MOST_COUNTED, MOST_OTHERS, Place, chosen, sound
from glimpse.registration.repeats import likenesses, same_box
from glimpse.registration.votes import cut_out
from glimpse.validation import told
from glimpse.window import Kernel, Window

MIN_CONFIDENCE = 0.3
"""Least confidence of a match: more refuses crops with losses, less accepts patches of other pictures."""

UNFINDABLE = "a patch that was turned, mirrored, enlarged or squashed more than twice is not found"
"""Crops that `locate` does not find."""

ORDER = "the image comes first, then the patch"

FEWEST = 8
"""Fewest samples of a patch along either side: fewer are like many places."""

_FLAT = 1e-6
"""Range of levels, as a share of the largest, that rounding of floats leaves of one colour."""

_LOOSE = 0.25
"""Deviation of a corner, in samples, from which a patch does not determine its place."""

_NEAR = 2.0
"""The same where a start tells the place to a sample or two: less refuses noisy patches, more tells of ramps
and stripes what nothing determines."""

_NOISY = 2.0
"""Deviation of the smooth residual, in levels, from which a sure place is fitted robustly once more, and one
that is not determined is no reason to stop: more leaves a place where half a patch that was blurred draws it,
less takes time on noisy patches."""

_WHOLLY = 0.995
"""Agreement from which it is not worth a word."""

_WELL = 0.95
"""Share of the variance from which a place that is not sure is called undetermined instead of no match."""

_EXACT = 0.5
"""Residual in levels, rounding's or little more, up to which it is so called where a part of it agrees: more
says so of patches of other pictures."""

_SEARCHES = (DIRECTIONS, SQUARE), (VOTES, SQUARE), (COARSE_DIRECTIONS, SQUASHED)
"""Searches for a patch that was painted over, in turn, until one is sure; the first alone where the plain
place is a match: by time."""

_BESIDE = 4
"""Likenesses beside a robust place that are fitted to the end: more take time, fewer leave a place a wave
aside, where some of what was painted over is taken for the patch."""

_RIVALRY, _SLIGHT = 1.5, 0.003
"""Ratio of losses up to which a place of the search is fitted to the end, and share of the patch's variance
beside it: more take time on likenesses, less drop copies for each other."""


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
        Root mean square of the difference that then remains where the patch agrees, in levels.
    confidence : float
        0 to 1: the share of the patch's variance that the place explains, to a power, times how well it is
        told from the next place, times how well the samples determine it: by the curvature of the fit, and by
        neighbours half a sample away or 2 % larger.
    settled : bool
        Whether the fit came to rest.
    path : tuple of Window
        The windows of the last fit, from its start.
    agreement : float
        The share of the samples that agree with the image, 0 to 1, of those that are compared.
    agreeing : ndarray of bool, shape (N, M)
        Which they are; a sample of alpha 0 is not.
    inverted : bool
        Whether the patch is a negative: ``offset - read(image, window)``.
    deviation : float
        Standard deviation of the corners, in pixels, as far as the samples determine them.
    explained : float
        The share of the patch's variance that the window explains, where it agrees.
    others : tuple of Window
        Other places that fit as well, at most 20.
    places : int
        How many fit as well, this one included; counted to 200. Where more fit than are listed, the
        confidence is `MIN_CONFIDENCE` at most.
    """

    window: Window
    offset: float
    residual: float
    confidence: float
    settled: bool
    path: tuple[Window, ...] = field(default=(), repr=False)  # often dozens
    agreement: float = 1.0
    agreeing: NDArray[np.bool_] | None = field(default=None, repr=False, compare=False)
    inverted: bool = False
    deviation: float = 0.0
    explained: float = 1.0
    others: tuple[Window, ...] = ()
    places: int = field(default=1, repr=False)

    @property
    def found(self) -> bool:
        """Whether this is a match: confidence of at least `MIN_CONFIDENCE`."""
        return self.confidence >= MIN_CONFIDENCE

    @property
    def undetermined(self) -> bool:
        """Whether the patch fits as well beside its place: it is flat, a ramp or stripes."""
        loose = self.deviation > _LOOSE * max(self.window.strides)
        # a robust fit explains what it trusts of any patch: all of it has to agree, or some of it exactly
        agrees = self.agreement >= _WELL or self.residual <= _EXACT
        return bool(loose and agrees and self.explained >= _WELL)

    def refusal(self) -> str:
        """Why this is no match, in words; nothing where it is one."""
        if self.found:
            return ""
        if self.undetermined:
            return (
                "undetermined: the patch fits as well beside its likeliest place, as flat areas, ramps, "
                "stripes, fine patterns and single edges do"
            )
        return (
            f"no match: its likeliest place has a confidence of {self.confidence:.2f}, "
            f"less than {MIN_CONFIDENCE} ({UNFINDABLE})"
        )

    def summary(self) -> str:
        """How good the match is, in words."""
        told = f"residual {self.residual:.3g} levels, confidence {self.confidence:.2f}"
        if self.inverted:
            told += ", inverted"
        if self.agreement < _WHOLLY:
            told += f", {self.agreement:.2f} of it agrees"
        or_more = " or more" * (self.places >= MOST_COUNTED)
        return told + (f"; {self.places}{or_more} places fit" if self.others else "")

    def _repr_png_(self) -> bytes | None:
        return self.window._repr_png_()

    def to_dict(self) -> dict[str, Any]:
        """Return the findings beside the window, as plain JSON values; rows and columns as slices."""
        top, bottom, left, right = (round(float(edge), 4) for edge in self.window.box)
        return {
            "rows": [top, bottom],
            "cols": [left, right],
            "offset": round(self.offset, 4),
            "inverted": self.inverted,
            "residual": round(self.residual, 4),
            "confidence": round(self.confidence, 4),
            "agreement": round(self.agreement, 4),
            "settled": self.settled,
            "places": self.places,
            "others": [[round(float(edge), 4) for edge in other.box] for other in self.others],
        }


def locate(
    image: ArrayLike,
    patch: ArrayLike,
    *,
    start: Window | None = None,
    kernel: Kernel | None = None,
    channel_axis: ChannelAxis = "auto",
) -> Location:
    """Find the window with which a patch was read out of an image, by glimpse or by another tool.

    The patch may have been cropped by any tool: with another filter, in grey, with another
    brightness and contrast (up to three times), as a negative, with losses, squashed up to twice along one
    axis, and up to half of it may be painted over; samples of alpha 0 are not compared. It has to
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
    channel_axis : int, "auto" or None
        The axis of the colour channels, of whichever array has three axes. "auto" asks a picture of Pillow's.

    Returns
    -------
    Location
        The best window; ask ``found`` whether it is a match.

    Raises
    ------
    GlimpseError
        If an array is no image, the patch is smaller than 8 x 8 samples, flat, of another size than
        the start, too large for the image or like nothing in it.

    Notes
    -----
    Candidates are peaks of the normalised cross-correlation over scales (Lewis 1995, "Fast normalized
    cross-correlation"), first with one stride for both axes, then, if none is convincing, with two. Each is
    refined by Levenberg-Marquardt in gx, gy, log delta and log sigma of either axis on the derivatives of
    `read`, with gain and offset solved for at each step. Both axes have one stride where that explains the
    patch as well. Other tools crop boxes of whole pixels: where such a box nearby resembles the patch as
    well, the window is set to it.

    Where that explains too little, or a few samples are much farther off than most, the patch may have been
    painted over. Then candidates are peaks of the correlation of directions, gradients of length 1 where
    they are steep, first of the whole patch, then of sixteen blocks that vote by themselves; and the place at
    whole pixels for which details vote that are the same to the level (Ballard 1981, "Generalizing the Hough
    transform to detect arbitrary shapes"), where the window is set to it. Fits begin with
    the levels that bring most samples together (Rousseeuw 1984, "Least median of squares regression") and
    weigh each sample by its residual (Geman and McClure 1987, "Statistical methods for tomographic image
    reconstruction"). The last fit leaves out what they do not trust. A sure place that leaves noise is fitted
    robustly once more.

    Examples
    --------
    >>> from glimpse import read
    >>> image = np.random.default_rng(0).normal(size=(80, 90)).cumsum(axis=0).cumsum(axis=1)
    >>> patch = read(image, Window(gx=40.3, gy=50.7, delta=2.5, sigma=1.25, n=(16, 12)))
    >>> found = locate(image, 2 * patch + 20)
    >>> found.found, round(found.window.gx, 2), round(found.window.gy, 2), round(found.window.gamma, 2)
    (True, 40.3, 50.7, 2.0)
    """
    if start is not None and not isinstance(start, Window):
        raise GlimpseError(f"a start is a glimpse.Window, not {told(start)}")
    scene = Scene(grey(image, channel_axis))
    target = Target(grey(patch, channel_axis), opaque(patch, channel_axis))
    target = _checked(scene, target, start)
    if start is not None:
        return _best(*_from_start(scene, target, start, kernel))
    fits = search(scene, target) if target.weights is None else []
    plain = _plainly(scene, target, fits, kernel)
    if plain is not None:
        quiet = plain.evidence.spread < _NOISY
        if _undisturbed(plain):
            if quiet or plain.others:
                return _location(plain)
            return _best(plain, [_robustly_near(scene, target, plain.fit, kernel)])
        if quiet and plain.evidence.agreement >= _WELL and _location(plain).undetermined:
            return _location(plain)
    likely, robust = plain is not None and plain.confidence >= MIN_CONFIDENCE, []
    whole = cut_out(scene, target)
    for likeness, aspects in _SEARCHES:
        place = _robustly(scene, target, fits, likeness, aspects, kernel, whole)
        robust += [place] if place else []
        if likely or (place and place.confidence >= SURE):
            break
    if plain is None and not robust:
        raise GlimpseError(f"no match: the patch is like no part of the image ({ORDER}; {UNFINDABLE})")
    return _best(plain, robust)


def _location(place: Place) -> Location:
    """Return a place as the `Location` that users see."""
    seen, window = place.evidence, place.fit.window
    # of more places than are listed none is sure
    most = MIN_CONFIDENCE if place.places > 1 + len(place.others) else 1.0
    return Location(
        replace(window, gamma=max(abs(seen.gain), 1e-6)),
        seen.offset,
        math.sqrt(seen.error),
        min(max(0.0, place.confidence), most),
        place.fit.settled,
        place.fit.path,
        seen.agreement,
        seen.agreeing,
        seen.gain < 0,
        seen.deviation * max(window.strides),
        seen.explained,
        place.others,
        place.places,
    )


def _best(plain: Place | None, robust: list[Place]) -> Location:
    """The surest place; every sample counts at one where the patch was not painted over."""
    places = [*filter(None, [plain]), *robust]
    best = max(places, key=lambda place: place.confidence)
    if best.confidence < MIN_CONFIDENCE:  # of two reasons for that the better one
        best = next((place for place in places if _location(place).undetermined), best)
    if plain is not None and plain.confidence >= MIN_CONFIDENCE:
        if not plain.dragged(best.evidence.spread):
            best = plain
        elif sure := [place for place in robust if place.confidence >= SURE]:
            best = sure[0]
    return _location(best)


def _undisturbed(plain: Place) -> bool:
    """Whether a plain place is sure, and no few samples are much farther off than most."""
    return plain.confidence >= SURE and not plain.dragged(plain.evidence.spread)


def _from_start(
    scene: Scene, target: Target, start: Window, kernel: Kernel | None
) -> tuple[Place | None, list[Place]]:
    """The place of a plain fit, and a robust one's unless that is sure, quiet and not dragged."""
    plain = None
    if target.weights is None:
        fit = finish(scene, target, start_at(start), kernel)
        seen = weigh(scene, target, target, fit.window)
        sure = seen.explained * determined(seen, _NEAR) * sound(scene, fit, seen, 0)
        plain = Place(fit, seen, sure)
        if _undisturbed(plain) and seen.spread < _NOISY:
            return plain, []
    near = refit_robustly(scene, target, start_at(start))
    return plain, [_robustly_near(scene, target, near, kernel)]


def _robustly_near(scene: Scene, target: Target, start: Fit, kernel: Kernel | None) -> Place:
    """The place that a robust fit comes to from a start."""
    fit, mended = finish_robustly(scene, target, start, kernel)
    seen = weigh(scene, target, mended, fit.window)
    return Place(fit, seen, seen.share**2 * determined(seen) * sound(scene, fit, seen))


def _plainly(scene: Scene, target: Target, fits: list[Fit], kernel: Kernel | None) -> Place | None:
    """The first place of a search, where every sample counts alike."""
    if not fits:
        return None
    equal = [fit for fit in fits[1:] if fit.error <= _RIVALRY * fits[0].error + _SLIGHT * target.levels.var()]
    rest = [fit for fit in fits if not any(fit is other for other in equal)]
    sure = confidence(rest, target)
    if sure < MIN_CONFIDENCE:
        sure = confidence(fits, target)
        best = fits[0]
        seen = weigh(scene, target, target, best.window)
        return Place(best, seen, min(sure, MIN_CONFIDENCE / 2) * sound(scene, best, seen))
    finished = [finish(scene, target, fit, kernel) for fit in [fits[0], *equal[:MOST_OTHERS]]]
    return chosen(scene, target, [(fit, target) for fit in finished], sure)


def _robustly(
    scene: Scene,
    target: Target,
    before: list[Fit],
    likeness: Likeness,
    aspects: Sequence[float],
    kernel: Kernel | None,
    whole: list[Window],
) -> Place | None:
    """The first place of a search that something painted over the patch does not mislead."""

    def finished(fit: Fit) -> tuple[Fit, Target]:
        for window in whole:
            if same_box(fit.window, window):
                return finish_unmoved(scene, target, window, kernel)
        return finish_robustly(scene, target, fit, kernel)

    fits = search_robustly(scene, target, before, likeness, aspects, whole)
    if not fits:
        return None
    power = 4 if len(aspects) == 1 else 8  # more places are tried, and more are likenesses
    if not promising(fits, target, power):
        return Place(fits[0], weigh(scene, target, target, fits[0].window), 0.0)
    best = finished(fits[0])
    seen = weigh(scene, target, best[1], best[0].window)
    sure = seen.share**power if best[0].settled else 0.0  # a fit that still moves is nowhere
    if sure < MIN_CONFIDENCE:
        return Place(best[0], seen, 0.0)
    equal = [fit for fit in fits[1:] if fit.error <= _RIVALRY * fits[0].error]
    equal = [fit for fit in equal if fit.explained**power >= MIN_CONFIDENCE]  # else no match by itself
    kept = equal[:MOST_OTHERS]
    missed = [window for window in whole if not any(same_box(fit.window, window) for fit in [fits[0], *kept])]
    exact = [finish_unmoved(scene, target, window, kernel) for window in missed]  # fits have left them
    beside = map(start_at, likenesses(scene, best[1], best[0].window)[:_BESIDE])
    slips = [finish_robustly(scene, target, start, kernel) for start in beside]
    # the others are chance: a place that is hardly better than these may be chance, too
    sure *= told_apart([fit for fit in fits if not any(fit is other for other in equal)])
    return chosen(scene, target, [best, *map(finished, kept), *exact], sure, slips)


def _checked(scene: Scene, target: Target, start: Window | None) -> Target:
    """Refuse a patch that cannot be located, or a start of another size; fill what is transparent."""
    rows, cols = target.levels.shape
    if min(rows, cols) < FEWEST:
        raise GlimpseError(f"a patch of {rows} x {cols} samples is too small to be located")
    shape = scene.level(0).shape
    if any(SMALLEST * n > a + 1 for n, a in zip((rows, cols), shape, strict=True)):  # sides are rounded
        raise GlimpseError(
            f"no match: a patch of {rows} x {cols} samples is more than twice as large as the image's "
            f"{shape[0]} x {shape[1]} pixels ({ORDER}; {UNFINDABLE})"
        )
    if target.weights is not None:
        if target.weights.sum() < FEWEST**2:
            raise GlimpseError("the patch is transparent: too little is left of it to be located")
        middle = float(np.average(target.levels, weights=target.weights))
        target = target._replace(levels=np.where(target.weights > 0, target.levels, np.float32(middle)))
    if np.ptp(target.levels) <= _FLAT * np.abs(target.levels).max():
        raise GlimpseError("the patch is flat and could be from anywhere")
    if start is not None and start.shape != target.levels.shape:
        raise GlimpseError(f"the start has n {start.n}, the patch {rows} x {cols} samples")
    return target
