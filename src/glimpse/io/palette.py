"""The palettes of an animation: an exact one for all frames, or one for the changes of each frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Frames = Sequence[NDArray[np.uint8]]
Colours = Sequence[tuple[int, int, int]]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Codes = NDArray[np.uint32]  # colours, 0xRRGGBB


ENTRIES = 255  # of the 256 of a GIF: the last one means "unchanged"
NEAR = 6  # squared levels: a pixel so near to the colour that stands there keeps it; 20 cost 0.03 levels
FIRST = 20  # rounds of k-means of a palette that has none before it; half of them cost 0.01 levels
LATER = 3  # rounds of one that begins where the palette before it ended; twice as many gain 0.02 levels
_MOVED = 16  # most colours that go elsewhere in a round; none cost 0.07 levels
MANY = 1 << 13  # pixels above which colours that share all but their last two bits are one
_FEW = 1 << 10  # unless they are so few still: then they lie close, and a bit shows
_AT_ONCE = 256  # colours, so that their distances stay in the cache
_LOOKED_AT = 1 << 14  # pixels that are sorted at once: the first may tell that there are too many colours


def few_colours(frames: Frames) -> Indices | None:
    """Return the colours of all frames, 0xRRGGBB, if one palette holds them."""
    seen, found = np.zeros(1 << 24, dtype=bool), np.empty(0, np.uint32)
    for codes in (_codes(frame).ravel() for frame in frames):
        for first in range(0, len(codes), _LOOKED_AT):
            some = codes[first : first + _LOOKED_AT]
            fresh = np.unique(some[~seen[some]])
            seen[fresh] = True
            found = np.concatenate([found, fresh])
            if len(found) > ENTRIES:
                return None
    return np.sort(found).astype(np.intp)


def index_frames(frames: Frames, codes: Indices) -> tuple[bytes, NDArray[np.uint8]]:
    """Write frames in the colours that they have.

    Parameters
    ----------
    frames : sequence of ndarray, uint8
        All (h, w) grey or all (h, w, 3) colour.
    codes : ndarray
        As of `few_colours`.

    Returns
    -------
    palette : bytes
        Red, green, blue by turns; the first index after it is free to mean "unchanged".
    indices : ndarray, shape (k, h, w), uint8
    """
    indices = np.stack([np.searchsorted(codes, _codes(frame)) for frame in frames]).astype(np.uint8)
    # Pillow takes the first index after the palette for "unchanged" and pads the table to a power of two.
    size = (1 << len(codes).bit_length()) - 1
    return _rgb(codes).astype(np.uint8).tobytes().ljust(3 * size, b"\0"), indices


def palettes(frames: Frames, exact: Colours) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield for each frame a palette for the pixels that change in it, and its indices.

    A pixel that stands still keeps its colour. A pixel weighs as much as the frames that it stands, so
    that what stands long is shown best.

    Parameters
    ----------
    frames : sequence of ndarray, uint8
        All (h, w) grey or all (h, w, 3) colour.
    exact : sequence of (int, int, int)
        Colours to keep, at most 255.

    Yields
    ------
    palette : ndarray, uint8, shape (k, 3)
        At most 255 colours.
    indices : ndarray, uint8, shape (h, w)
        Index k means that the pixel shows what it showed before.
    """
    kept = np.unique([red << 16 | green << 8 | blue for red, green, blue in exact]).astype(np.uint32)
    shown, centres = np.empty(0, np.uint32), np.empty((0, 3))
    for frame, stands in zip(frames, _stands(frames), strict=True):
        codes, places = _codes(frame).ravel(), np.flatnonzero(stands)
        changed = codes[places]
        error = _apart(changed, shown[places]) if len(shown) else np.full(len(places), 1 << 20)
        palette, nearest, centres = _fit(changed, error, stands.ravel()[places], kept, centres)
        indices = np.full(len(codes), len(palette), np.uint8)
        indices[places] = nearest
        shown = shown if len(shown) else np.zeros(len(codes), np.uint32)
        fresh = np.flatnonzero(nearest < len(palette))
        shown[places[fresh]] = _codes(palette[None])[0][nearest[fresh]]
        yield palette, indices.reshape(stands.shape)


def _fit(
    codes: Codes, error: NDArray[Any], weights: NDArray[Any], kept: Codes, before: Floats
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Floats]:
    """Fit a palette to pixels.

    Parameters
    ----------
    codes : ndarray, uint32, shape (m,)
        Their colours, 0xRRGGBB.
    error : ndarray, shape (m,)
        Squared levels from them to the colours that they show.
    weights : ndarray, shape (m,)
        How much each pixel counts.
    kept : ndarray, uint32
        Colours to keep, in order.
    before : ndarray, shape (j, 3)
        The means that the palette before this one ended with, if any.

    Returns
    -------
    palette : ndarray, uint8, shape (k, 3)
        At most 255 colours.
    indices : ndarray, uint8, shape (m,)
        Of each pixel; k keeps what it shows.
    means : ndarray, shape (j, 3)
        For the next palette.
    """
    near, is_kept = np.zeros(1 << 18, bool), np.zeros(len(codes), bool)
    near[_cells(kept)] = True
    maybe = np.flatnonzero(near[_cells(codes)])  # those alone that share a cell with a colour that is kept
    is_kept[maybe] = np.isin(codes[maybe], kept)
    asks = (error > NEAR) | (is_kept & (error > 0))
    fixed, free = np.flatnonzero(asks & is_kept), np.flatnonzero(asks & ~is_kept)
    first = np.unique(codes[fixed])
    place, colours, mass = _grouped(codes[free], weights[free])
    means = _means(colours, mass, ENTRIES - len(first), before, _rgb(first))
    palette = np.rint(np.vstack([_rgb(first), means])).astype(np.uint8)
    indices = np.full(len(codes), len(palette), np.uint8)
    indices[fixed] = np.searchsorted(first, codes[fixed])
    if not len(before):  # what stands longest is worth the time: 0.04 levels
        own, place = np.unique(codes[free], return_inverse=True)
        colours = _rgb(own)
    if len(free):
        nearest = _nearest(palette.astype(np.float64), colours).astype(np.uint8)[place]
        closer = np.flatnonzero(_apart(_codes(palette[None])[0][nearest], codes[free]) < error[free])
        indices[free[closer]] = nearest[closer]
    return palette, indices, means if len(means) else before


def _grouped(codes: Codes, weights: NDArray[Any]) -> tuple[Indices, Floats, NDArray[Any]]:
    """The group of each pixel (m,); the mean colours (k, 3) and the weights (k,) of the groups.

    Of few pixels each colour is a group, of many each cell of colours: it costs 0.05 levels.
    """
    cells = _cells(codes)
    counts = np.bincount(cells, minlength=1 << 18)
    if len(codes) <= MANY or np.count_nonzero(counts) <= _FEW:
        own, place = np.unique(codes, return_inverse=True)
        return place, _rgb(own), np.bincount(place, weights, len(own))
    there = np.flatnonzero(counts)
    number = np.zeros(1 << 18, np.intp)
    number[there] = np.arange(len(there))
    place = number[cells]
    levels = (weights * (codes >> shift & 255) for shift in (16, 8, 0))
    mass, *sums = (np.bincount(place, each) for each in (weights, *levels))
    return place, np.stack(sums, axis=1) / mass[:, None], mass


def _cells(codes: Codes) -> NDArray[Any]:
    """The colours without their last two bits."""
    return codes >> 6 & 0x3F000 | codes >> 4 & 0xFC0 | codes >> 2 & 0x3F


def _apart(one: Codes, other: Codes) -> Codes:
    """Squared levels between colours; a difference below zero is right again when it is squared."""
    parts = [(one >> shift & 255) - (other >> shift & 255) for shift in (16, 8, 0)]
    found: Codes = parts[0] * parts[0] + parts[1] * parts[1] + parts[2] * parts[2]
    return found


def _stands(frames: Frames) -> list[NDArray[np.uint16]]:
    """For each pixel that changes how many frames it stands then; 0 for one that does not."""
    stands = [np.ones(frame.shape[:2], np.uint16) for frame in frames]
    codes = pairwise(map(_codes, reversed(frames)))
    for i, (later, earlier) in zip(range(len(frames) - 1, 0, -1), codes, strict=True):
        still = later == earlier
        stands[i - 1][still] += stands[i][still]
        stands[i][still] = 0
    return stands


def _codes(frame: NDArray[np.uint8]) -> Codes:
    """0xRRGGBB of each pixel (h, w)."""
    parts = np.zeros((*frame.shape[:2], 4), np.uint8)
    for k in range(3):
        parts[..., 2 - k] = frame[..., k] if frame.ndim == 3 else frame
    return parts.view("<u4")[..., 0]


def _rgb(codes: NDArray[Any]) -> Floats:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.float64)


def _means(colours: Floats, weights: NDArray[Any], count: int, before: Floats, fixed: Floats) -> Floats:
    """Choose `count` colours by k-means, beside those that are fixed, for colours (m, 3) of weights (m,).

    They begin where those before ended, which is close as long as frames are alike; some go where they save
    more error than they leave.
    """
    if not 0 < count < len(colours):
        return colours[:count]
    begun = len(before) > count // 2
    rounds = LATER if begun else FIRST
    means = np.full((count, 3), 1e4)  # from which every colour is far
    means[: len(before)] = before[:count]
    means = means if begun else _split(colours, weights, count)
    for _ in range(rounds):
        every = np.vstack([fixed, means])
        nearest = _nearest(every, colours)
        wrong = weights * np.square(colours - every[nearest]).sum(axis=1)
        sums = (np.bincount(nearest, w, len(every)) for w in (weights, *(weights * colours.T)))
        mass, *parts = (part[len(fixed) :] for part in sums)
        means = np.stack(parts, axis=1) / np.where(mass > 0, mass, 1)[:, None]
        worst = np.argsort(wrong)[::-1][: max(_MOVED, int((mass == 0).sum()))]
        lost = _missed(means, mass)
        least = np.argsort(lost)[: len(worst)]
        moves = wrong[worst] > lost[least]
        means[least[moves]] = colours[worst[moves]]
    return means


def _missed(means: Floats, mass: NDArray[Any]) -> Floats:
    """The error that each mean would leave to the nearest other one; without end where that is lighter."""
    squares = np.square(means).sum(axis=1)
    apart = squares[:, None] + squares - 2 * means @ means.T
    np.fill_diagonal(apart, np.inf)
    other, own = apart.argmin(axis=1), np.arange(len(means))
    lighter = (mass < mass[other]) | ((mass == mass[other]) & (own > other))
    return np.where(mass > 0, np.where(lighter, mass * apart[own, other], np.inf), 0)


def _split(points: Floats, weights: Floats, count: int) -> Floats:
    """Cut the cell of most squared error across its length until there are `count`; means (count, 3).

    K-means ends 10 to 40 % closer from here than from median cut. 256 greys lose one level to a neighbour.
    """
    heap = [_cell(np.arange(len(points)), points, weights)]
    while len(heap) < count:
        _, _, members, mean, scatter = heappop(heap)
        side = (points[members] - mean) @ np.linalg.eigh(scatter).eigenvectors[:, -1] > 0
        heappush(heap, _cell(members[side], points, weights))
        heappush(heap, _cell(members[~side], points, weights))
    return np.array([mean for *_, mean, _ in heap[:count]]).reshape(-1, 3)


def _cell(members: Indices, points: Floats, weights: Floats) -> tuple[float, int, Indices, Floats, Floats]:
    inside, w = points[members], weights[members]
    mean = w @ inside / w.sum()
    scatter = ((inside - mean).T * w) @ (inside - mean)
    return -float(np.trace(scatter)), int(members[0]), members, mean, scatter  # no two cells share a member


def _nearest(centres: Floats, points: Floats) -> Indices:
    """The nearest centre of each point: that of the largest ``p @ c - |c|^2 / 2``, whole numbers exactly."""
    c = np.vstack([centres.T, np.square(centres, dtype=np.float64).sum(axis=1) / -2]).astype(np.float32)
    p = np.column_stack([points, np.ones(len(points))]).astype(np.float32)
    nearest = np.empty(len(p), np.intp)
    for first in range(0, len(p), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        np.argmax(p[some] @ c, axis=1, out=nearest[some])
    return nearest
