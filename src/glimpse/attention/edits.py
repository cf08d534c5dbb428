"""An edited patch put back on the picture that it was read from, without a loss of the rest.

The picture keeps its bits where nothing was touched, and its own detail follows an edit: over 3 x 3 touched
samples each channel of the patch is a line a R + b of what the picture reads, and the pixels take that line
(He et al. 2010, guided filter; Chen et al. 2016, bilateral guided upsampling). What the line does not explain
is written as differences, P - read(canvas), which is DRAW's own step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np

from glimpse.attention.banded import Band, BlockSpec, float_type
from glimpse.attention.banks import band
from glimpse.attention.coverage import flattened
from glimpse.attention.curves import SHARE, Curve, Curves, find_curves
from glimpse.attention.layer import read
from glimpse.attention.roundtrip import RoundTrip, inverted
from glimpse.attention.shapes import check_fit
from glimpse.errors import GlimpseError
from glimpse.levels import unpremultiply
from glimpse.typing import Array, Floats
from glimpse.window import Axis, Window

NOISE = 4.0
"""Variance, in squared 8-bit levels, that rounding and painting may have: a line over flatter samples only
shifts them. Less, and rounding tilts the lines of flat areas; more, and faint detail does not follow."""

STEEPEST = 4.0
"""The steepest line: more lets an edge that was painted over nothing blow up the grain of the picture."""

FALLING = 0.9
"""The agreement from which on a line may fall, as that of a negative does. Less, and by chance the detail of
another picture is that of the one below turned; more, and a soft negative loses its detail."""

STROKE = 16.0
"""Variances of noise by which a thin stroke stands out, and by which no picture reads as its samples say.
Less, and fine textures are softened; more, and strokes on a patch with more samples than pixels get rims."""

ROUNDS = ((3, False), (6, True), (6, True))
"""Differences are written so many times: each time over steps of the inverse, and whether only as far as the
lines do not explain the patch. More steps sharpen what is painted, and ring where the lines did well."""

_ROUNDING = 2e-4  # 8-bit levels: twice the error of `read` in single precision
_BORDER = 1e-6  # pixels: a border of the box as near to that of a pixel is the same, however it was rounded
_TILE = 1 << 19  # pixels that are worked on at once: more take memory, fewer are seen more often
_HALO = 1  # lengths of a filter around a tile that it depends on
_SINGLE = BlockSpec(np.dtype(np.float32))


class Edit(NamedTuple):
    """The edit of a patch, told from what its picture reads."""

    window: Window
    samples: Floats  # (N, M, C), what the picture should read, in its own levels
    touched: Array  # (N, M), bool
    noise: float  # differences below it are left out, in levels of the picture
    largest: float  # difference of a sample from what the picture reads, in levels of the patch
    saved: tuple[Floats, Floats] | None = None  # before the edit and after, if the patch has other levels

    @property
    def share(self) -> float:
        """The share of the samples that was touched."""
        return float(self.touched.mean())


class Change(NamedTuple):
    """New pixels of a part of a picture."""

    rows: slice
    cols: slice
    pixels: Floats  # (rows, columns, C)


def find_edit(
    patch: Array,
    window: Window,
    picture: Any,
    *,
    white: float | None = None,
    tolerance: Any = 0.5,
    alpha: bool = False,
) -> Edit:
    """Tell which samples of a patch were touched since it was read from a picture.

    Parameters
    ----------
    patch : array, shape (N, M, C)
        Samples in the levels of the picture.
    window : Window
        Where the patch belongs.
    picture : array, or anything that slices like one, shape (A, B, C)
        The picture.
    white : float or None
        The level of white, to which `read` clips what it saves; None for numbers that nobody clipped.
    tolerance : float, or array, shape (N, M, 1)
        A sample is untouched if no channel is further off than so many levels.
    alpha : bool
        Whether the last channel is alpha, by which the others are multiplied; they are compared without it.
    """
    check_fit(window, patch.shape, 0, 1)
    seen = read(picture, window, channel_axis=2).astype(np.float32, copy=False)
    given = np.asarray(patch, np.float32)
    if not np.isfinite(given).all():
        raise GlimpseError("some samples of the patch are no finite numbers")
    off = np.abs(_saved(given, white, alpha=alpha) - _saved(seen, white, alpha=alpha))
    close = off <= tolerance + _ROUNDING * (white or 255) / 255
    if alpha:  # a colour is what it was only under the alpha that it had
        close[..., :-1] &= close[..., -1:]
    samples = np.where(close, seen, given) / np.float32(window.gamma)
    return Edit(
        window,
        samples,
        np.asarray(~close.all(axis=2)),
        min(0.5, np.min(tolerance)) / window.gamma,
        float(off.max()),
    )


def _saved(patch: Floats, white: float | None, *, alpha: bool) -> Floats:
    """The patch as `read` would have saved it, but for the rounding."""
    if white is None:
        return patch
    return np.clip(unpremultiply(patch, white) if alpha else patch, 0, white)


def changes(edit: Edit, picture: Any, white: float | None = None, *, alpha: bool = False) -> Iterator[Change]:
    """Yield the parts of a picture that an edit changes, with their new pixels.

    No pixel changes outside the window's box, nor where no touched sample's filter reaches; one on the
    border of the box changes by the share of it that lies inside.

    Parameters
    ----------
    edit : Edit
        The edit.
    picture : array, or anything that slices like one, shape (A, B, C)
        The picture; it has to stay as it is until the last part is yielded.
    white, alpha
        As for `find_edit`.
    """
    axes = edit.window.axes((picture.shape[0], picture.shape[1]))
    inside = [_share_inside(axis) for axis in axes]
    if not (edit.touched.any() and all(share.any() for share in inside)):
        return
    banks = [band(axis, _SINGLE) for axis in axes]
    flat = list(map(flattened, banks, axes))
    whole = RoundTrip((banks[0], banks[1]), (flat[0], flat[1]))
    areas = _areas(axes) if min(edit.window.strides) < 1 else None
    seen = read(picture, replace(edit.window, gamma=1.0), channel_axis=2).astype(np.float32, copy=False)
    curves = _curves(edit, seen, white, alpha=alpha)
    planes = [
        _Plane.of_curve(edit, seen, channel, curves) if curves else _Plane.of(edit, seen, channel, white)
        for channel in range(seen.shape[2])
    ]
    for tile in product(*_tiles(axes, banks, edit.touched)):
        (down, rows), (across, cols) = tile
        touched = edit.touched[down, across]
        if not touched.any():
            continue
        trip = whole.part(down, across)
        span = trip.span
        core = tuple(slice(p.start - s.start, p.stop - s.start) for (_, p), s in zip(tile, span, strict=True))
        nearest = tuple(map(_nearest, axes, (down, across), span))
        shares = np.multiply.outer(inside[0][rows], inside[1][cols]).astype(np.float32)
        shares *= trip.reached(touched)[core]
        before = np.asarray(picture[span])
        pixels = before[core].astype(float_type(before.dtype))
        for channel, plane in enumerate(planes):
            old = before[..., channel].astype(np.float32)
            part = plane.part(down, across)
            new = part.retouched(old, trip, nearest)
            if areas and part.strokes.any():
                new = part.with_strokes(old, new, trip, areas.part(down, across))
            pixels[..., channel] += shares * (new[core] - old[core])
        if alpha:
            np.clip(pixels[..., -1:], 0, white, out=pixels[..., -1:])
            np.clip(pixels[..., :-1], 0, pixels[..., -1:], out=pixels[..., :-1])
        yield Change(rows, cols, pixels)


def put_back(
    edits: Sequence[Edit], canvas: Array, white: float | None = None, *, alpha: bool = False
) -> None:
    """Lay edits in place on a canvas that holds their picture in floating point, the coarse ones first."""
    for edit in sorted(edits, key=lambda edit: -math.prod(edit.window.strides)):
        for change in list(changes(edit, canvas, white, alpha=alpha)):
            canvas[change.rows, change.cols] = change.pixels


def _areas(axes: tuple[Axis, Axis]) -> RoundTrip:
    """The round trip of samples that are the mean of their share of the area, and no more."""
    boxes = [axis._replace(kernel="box", sigma=axis.delta / math.sqrt(12)) for axis in axes]
    rows, cols = (band(axis, _SINGLE) for axis in boxes)
    return RoundTrip((rows, cols), (flattened(rows, boxes[0]), flattened(cols, boxes[1])))


def _curves(edit: Edit, seen: Floats, white: float | None, *, alpha: bool) -> Curves | None:
    """The curves of an edit, of levels that were rounded; None of colours that are multiplied by an alpha."""
    if white is None or (alpha and min(part[..., -1].min() for part in (seen, edit.samples)) < white - 0.5):
        return None
    gamma = np.float32(edit.window.gamma)
    was, samples = edit.saved or (np.rint(np.clip(seen * gamma, 0, white)), edit.samples * gamma)
    inside = np.ones_like(edit.touched)
    found = find_curves(was, samples, inside, white)
    if not found or found[1][edit.touched].mean() < SHARE:
        found = find_curves(was, samples, edit.touched, white)
        if found is None or all(np.ptp(curve.becomes) <= 1 for curve in found[0]):
            return None  # a line says as well that a part became one colour
        # samples that the curve leaves as they are belong to the edit, but for those beside an unedited one
        unedited = _over_nine(~edit.touched & ~found[1], np.logical_or)
        inside = edit.touched | (found[1] & ~unedited)
        if _over_nine(~inside, np.logical_or)[edit.touched].mean() > 0.5:
            return None  # strokes, which have to be sharpened
    curves, explained = found
    return Curves([Curve(*(part / gamma for part in curve)) for curve in curves], explained, inside)


def _share_inside(axis: Axis) -> Floats:
    """The share of each pixel of an axis that lies inside the window's box."""
    edges = np.arange(axis.size + 1) - 0.5
    half = axis.n * axis.delta / 2
    share: Floats = np.diff(np.clip(edges, axis.center - half, axis.center + half))
    share[share < _BORDER], share[share > 1 - _BORDER] = 0, 1
    return share


def _nearest(axis: Axis, samples: slice, pixels: slice) -> Array:
    """Of each of some pixels the nearest of some samples, counted from the first of them."""
    places = (np.arange(pixels.start, pixels.stop) - axis.center) / axis.delta + (axis.n - 1) / 2
    found: Array = np.clip(np.rint(places) - samples.start, 0, samples.stop - samples.start - 1)
    return found.astype(np.intp)


def _tiles(
    axes: tuple[Axis, Axis], banks: Sequence[Band], touched: Array
) -> Iterator[list[tuple[slice, slice]]]:
    """Cut both axes of the touched part of a window into tiles.

    Each is the samples that are worked on together, and the pixels in their middle that come out; around
    these are as many samples as they depend on.
    """
    ends = [np.flatnonzero(touched.any(axis=other))[[0, -1]].tolist() for other in (1, 0)]
    around = [
        math.ceil(_HALO * bank.weights.shape[1] / axis.delta) for axis, bank in zip(axes, banks, strict=True)
    ]
    few = (
        math.prod(
            (last - first + 1 + 2 * halo) * axis.delta
            for (first, last), halo, axis in zip(ends, around, axes, strict=True)
        )
        <= _TILE
    )
    for axis, bank, (first, last), halo in zip(axes, banks, ends, around, strict=True):
        side = last - first + 1 if few else max(halo, int(math.sqrt(_TILE) / axis.delta) - 2 * halo, 1)
        firsts, width = range(first, last + 1, side), bank.weights.shape[1]
        middles = [int(bank.start[k - 1] + bank.start[k] + width) // 2 for k in firsts[1:]]
        cuts = [int(bank.start[first]), *middles, int(bank.start[last]) + width]
        yield [
            (slice(max(k - halo, 0), min(k + side + halo, axis.n)), slice(a, b))
            for k, (a, b) in zip(firsts, pairwise(cuts), strict=True)
            if a < b
        ]


class _Plane(NamedTuple):
    """One channel of an edit, sample by sample."""

    samples: Floats  # what the picture should read
    slope: Floats  # of the line that the pixels take, less 1
    offset: Floats
    unexplained: Floats  # the share of the samples that the line does not explain, 0 to 1
    least: Floats  # between these a pixel stays, where it was not beyond them before
    most: Floats
    beside: Array  # whether an untouched sample is among its 3 x 3
    strokes: Floats  # how surely a sample is part of a thin stroke, 0 to 1
    loud: float  # the variance from which a stroke is one, in squared levels of the picture
    noise: float
    curve: Curve | None  # that the pixels take instead of a line, by the share `slope`

    @classmethod
    def of(cls, edit: Edit, seen: Floats, channel: int, white: float | None) -> _Plane:
        """Fit a line over 3 x 3 touched samples, everywhere."""
        t, R = edit.touched.astype(np.float32), seen[..., channel]
        P = np.where(edit.touched, edit.samples[..., channel], R)
        noise = NOISE * ((white or 255) / 255) ** 2
        near, wide = (_Neighbourhood(t, rounds) for rounds in (1, 2))
        varied, _, together = near.moments(R, P)
        # least squares, drawn towards a slope of 1 by as much variance as noise has
        slope = np.clip((together + noise) / (varied + noise), -STEEPEST, STEEPEST)
        varied, wanted, together = wide.moments(R, P)  # over 5 x 5, where chance agrees less
        some = noise / 4
        fit = np.abs(together) + some
        # the squared coefficient of correlation: the share of the variance that a line explains
        agreement = np.minimum(fit * fit / ((varied + some) * (wanted + some)), 1)
        # a line through samples that hardly agree would leave the old detail there as a ghost, or enlarge it
        slope = np.where(agreement < FALLING, np.maximum(slope, 0), slope)
        slope = np.minimum(slope, 1 + (slope - 1) * agreement**2) * np.minimum(1.5 * agreement, 1)
        offset = near.mean(P) - slope * near.mean(R)
        slope, offset = (np.where(edit.touched, near.mean(part), 0) for part in (slope - 1, offset))
        unexplained = 1 - (t * near.mean(agreement)) ** 2
        beside = _over_nine(~edit.touched, np.logical_or)
        strokes = _share_of_strokes(P, t, edit.window.strides, STROKE * noise)
        extremes = _reach_of_levels(P, edit.touched)
        return cls(
            P, slope, offset, unexplained, *extremes, beside, strokes, STROKE * noise, edit.noise, None
        )

    @classmethod
    def of_curve(cls, edit: Edit, seen: Floats, channel: int, curves: Curves) -> _Plane:
        """Take the curve of a channel; differences sharpen the edges, and write what is off it."""
        P = np.where(edit.touched, edit.samples[..., channel], seen[..., channel])
        inside, off = curves.inside, ~(curves.explained & curves.inside)
        unexplained, beside = (_over_nine(part, np.logical_or) for part in (off, ~edit.touched))
        parts = (inside.astype(np.float32), np.zeros_like(P), unexplained.astype(np.float32))
        extremes = _reach_of_levels(P, edit.touched)
        none = np.zeros_like(P)
        return cls(P, *parts, *extremes, beside, none, math.inf, edit.noise, curves.curves[channel])

    def part(self, rows: slice, cols: slice) -> _Plane:
        """Return some of the samples."""
        *parts, loud, noise, curve = self
        return _Plane(*(np.ascontiguousarray(part[rows, cols]) for part in parts), loud, noise, curve)  # type: ignore[arg-type, call-arg]

    def retouched(self, old: Floats, trip: RoundTrip, nearest: tuple[Array, ...]) -> Floats:
        """Return the pixels of a part of the picture as the edit wants them.

        Parameters
        ----------
        old : ndarray
            The pixels of the round trip's span.
        trip : RoundTrip
            Of these samples.
        nearest : two arrays of int
            The sample nearest to each row and to each column.
        """
        share = trip.write(self.slope)
        pixels = old + share * (self.curve(old) - old if self.curve else old)
        pixels += trip.write(self.offset)
        rows, cols = nearest
        least, most = (part.take(rows, 0).take(cols, 1) for part in (self.least, self.most))
        if self.beside.any():
            beside = self.beside.take(rows, 0).take(cols, 1)
            np.minimum(least, old, out=least, where=beside)
            np.maximum(most, old, out=most, where=beside)
        for steps, unexplained in ROUNDS:
            left = self.samples - trip.read(pixels)
            left = left * self.unexplained if unexplained or self.curve else left
            left[np.abs(left) < self.noise] = 0
            if not left.any():
                break
            new = trip.write(inverted(trip, left, steps))
            new += pixels
            pixels = np.minimum(np.maximum(new, np.minimum(pixels, least)), np.maximum(pixels, most), out=new)
        return pixels

    def with_strokes(self, old: Floats, new: Floats, trip: RoundTrip, areas: RoundTrip) -> Floats:
        """Return the pixels with thin strokes as they were painted, where no picture reads as they say.

        Samples closer than pixels tell that they are no mean of any pixels; such paint was never blurred by
        filters, and to sharpen it as if it had been makes it too thin and too strong. The mean of the samples
        in its area is the pixel then.
        """
        off = (self.samples - trip.read(new)) ** 2
        rough = _over_nine(off, np.add) / 9
        share = self.strokes * rough / (rough + self.loud)
        seen = trip.read(old)
        left = self.samples - seen - self.slope * seen
        rows, cols = (
            slice(inner.start - outer.start, inner.stop - outer.start)
            for inner, outer in zip(areas.span, trip.span, strict=True)
        )
        before, found = old[rows, cols], new.copy()
        painted = before + areas.write(self.slope) * before + areas.write(left)
        found[rows, cols] += areas.write(share) * (painted - found[rows, cols])
        return found


class _Neighbourhood:
    """The touched samples around each sample: 3 x 3, or 5 x 5 of which the nearest weigh most."""

    def __init__(self, touched: Floats, rounds: int) -> None:
        self._touched, self._rounds = touched, rounds
        self._count = np.maximum(self._sum(touched), 1)

    def _sum(self, x: Floats) -> Floats:
        for _ in range(self._rounds):
            x = _over_nine(x, np.add)
        return x

    def mean(self, x: Floats) -> Floats:
        return self._sum(self._touched * x) / self._count

    def moments(self, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        """The variance of x, that of y, and their covariance."""
        xs, ys = self.mean(x), self.mean(y)
        return (
            np.maximum(self.mean(x * x) - xs * xs, 0),
            np.maximum(self.mean(y * y) - ys * ys, 0),
            self.mean(x * y) - xs * ys,
        )


def _over_nine(samples: Any, merge: Any, mode: Any = "constant") -> Any:
    """The sum, the least or the most of each 3 x 3 samples."""
    for axis in (0, 1):
        before, here, after = _neighbours(samples, axis, mode)
        samples = merge(merge(before, here), after)
    return samples


def _neighbours(samples: Floats, axis: int, mode: Any) -> tuple[Floats, Floats, Floats]:
    """The samples before each along an axis, the samples themselves, and those after."""
    padded = np.pad(samples, [(1, 1) if k == axis else (0, 0) for k in (0, 1)], mode=mode).swapaxes(0, axis)
    return tuple(padded[k : k + samples.shape[axis]].swapaxes(0, axis) for k in range(3))  # type: ignore[return-value]


def _share_of_strokes(P: Floats, touched: Floats, strides: tuple[float, float], least: float) -> Floats:
    """How surely each sample, or one beside it, stands out over those two pixels to either side of it."""
    height = np.zeros_like(P)
    for axis, stride in enumerate(strides):
        far = math.ceil(2 / stride)
        padded = np.pad(P, [(far, far) if k == axis else (0, 0) for k in (0, 1)], mode="edge").swapaxes(
            0, axis
        )
        before, after = padded[: -2 * far].swapaxes(0, axis), padded[2 * far :].swapaxes(0, axis)
        height = np.maximum(height, np.maximum(P - np.maximum(before, after), np.minimum(before, after) - P))
    height = _over_nine(height * touched, np.maximum) ** 2
    return np.asarray(height / (height + least))


def _reach_of_levels(P: Floats, touched: Array) -> tuple[Floats, Floats]:
    """The least and the most of 3 x 3 touched samples; a peak may be higher by as much as it stands out.

    So a blurred line gets its level back, and no rim appears along an edge, whose samples are no peaks.
    """
    peaks, pits = np.zeros_like(P), np.zeros_like(P)
    for axis in (0, 1):
        before, _, after = _neighbours(P, axis, "edge")
        peaks = np.maximum(peaks, P - np.maximum(before, after))
        pits = np.maximum(pits, np.minimum(before, after) - P)
    least, most = np.where(touched, P - pits, np.inf), np.where(touched, P + peaks, -np.inf)
    return _over_nine(least, np.minimum, "edge"), _over_nine(most, np.maximum, "edge")
