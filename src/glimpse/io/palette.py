"""The palettes of an animation: an exact one for all frames, or one for the changes of each frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Frames = Sequence[NDArray[np.uint8]]
Colours = Sequence[tuple[int, int, int]]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


ENTRIES = 255  # of the 256 of a GIF: the last one means "unchanged"
NEAR = 6  # squared levels: a pixel so near to the colour that stands there keeps it; 20 cost 0.03 levels
_AT_ONCE = 256  # colours, so that their distances stay in the cache


class Effort(NamedTuple):
    """How long a palette is improved: rounds of k-means over few colours, then over all of them."""

    rough: int
    fine: int
    many: int


FIRST = Effort(rough=26, fine=4, many=16384)  # which stands longest; a third of it costs 0.01 levels
LATER = Effort(rough=8, fine=2, many=4096)  # half of it costs 0.01 levels, twice as much gains 0.01


def few_colours(frames: Frames) -> Indices | None:
    """Return the colours of all frames, 0xRRGGBB, if one palette holds them."""
    seen = np.zeros(1 << 24, dtype=bool)
    for frame in frames:
        seen[_codes(frame)] = True
        if np.count_nonzero(seen) > ENTRIES:
            return None
    return np.flatnonzero(seen)


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
    shown = np.full((*frames[0].shape[:2], 3), np.nan, np.float32)  # as far from any colour as can be
    for number, (frame, stands) in enumerate(zip(frames, _stands(frames), strict=True)):
        moved = stands > 0
        points = _colour(frame)[moved].astype(np.float32)
        palette, nearest = _fit(points, shown[moved], stands[moved], exact, LATER if number else FIRST)
        indices = np.full(moved.shape, len(palette), np.uint8)
        indices[moved] = nearest
        fresh = indices < len(palette)
        shown[fresh] = palette[indices[fresh]]
        yield palette, indices


def _fit(
    points: NDArray[np.float32],
    shown: NDArray[np.float32],
    weights: NDArray[Any],
    exact: Colours,
    effort: Effort,
) -> tuple[NDArray[np.uint8], Indices]:
    """A palette (k, 3) for pixels (m, 3) that show colours (m, 3), and their indices; k keeps the colour."""
    error = np.square(shown - points).sum(axis=1)
    error[np.isnan(error)] = np.inf
    codes, place = np.unique(points.astype(np.intp) @ (1 << 16, 1 << 8, 1), return_inverse=True)
    kept = np.isin(codes, [red << 16 | green << 8 | blue for red, green, blue in exact])
    asks = (error > NEAR) | (kept[place] & (error > 0))
    mass = np.bincount(place[asks], weights[asks], len(codes)).astype(np.float64)
    asked = mass > 0
    palette = _palette(codes[asked], mass[asked], exact, effort)
    if not len(palette):
        return palette.astype(np.uint8), np.zeros(len(points), np.intp)
    nearest = _nearest(palette, _rgb(codes))[place]
    keeps = error <= np.square(palette[nearest] - points).sum(axis=1)
    return palette.astype(np.uint8), np.where(keeps | ~asks, len(palette), nearest)


def _stands(frames: Frames) -> list[NDArray[np.uint16]]:
    """For each pixel that changes how many frames it stands then; 0 for one that does not."""
    stands = [np.ones(frame.shape[:2], np.uint16) for frame in frames]
    codes = pairwise(map(_codes, reversed(frames)))
    for i, (later, earlier) in zip(range(len(frames) - 1, 0, -1), codes, strict=True):
        still = later == earlier
        stands[i - 1][still] += stands[i][still]
        stands[i][still] = 0
    return stands


def _colour(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return frame if frame.ndim == 3 else np.stack([frame] * 3, axis=-1)


def _codes(frame: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """0xRRGGBB of each pixel (h, w)."""
    red, green, blue = np.moveaxis(frame, 2, 0) if frame.ndim == 3 else (frame, frame, frame)
    return np.left_shift(red, 16, dtype=np.uint32) | np.left_shift(green, 8, dtype=np.uint32) | blue


def _rgb(codes: Indices) -> Floats:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.float64)


def _palette(codes: Indices, weights: Floats, exact: Colours, effort: Effort) -> Floats:
    """Choose at most 255 colours (k, 3) for the colours `codes` (m,), which weigh `weights` (m,)."""
    if len(codes) <= ENTRIES:
        return _rgb(codes)
    kept = np.isin(codes, [red << 16 | green << 8 | blue for red, green, blue in exact])
    fixed, points, weights = _rgb(codes[kept]), _rgb(codes[~kept]), weights[~kept]
    rough = _merged(points, weights, effort.many)
    centres = _split(*rough, ENTRIES - len(fixed))
    for some in [rough] * effort.rough + [(points, weights)] * effort.fine:
        centres = _means(*some, np.vstack([fixed, centres]))[len(fixed) :]
    return np.rint(np.vstack([fixed, centres]))


def _merged(points: Floats, weights: Floats, many: int) -> tuple[Floats, Floats]:
    """Colours that share all but their last two bits as one, where many remain: it costs 0.01 levels."""
    cells = (points.astype(np.intp) >> 2) @ (1 << 16, 1 << 8, 1)
    _, cells = np.unique(cells, return_inverse=True)
    mass, *sums = (np.bincount(cells, w).astype(np.float64) for w in (weights, *(weights * points.T)))
    return (np.stack(sums, axis=1) / mass[:, None], mass) if len(mass) > many else (points, weights)


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


def _means(points: Floats, weights: Floats, centres: Floats) -> Floats:
    """Mean of the points nearest to each centre; black for a centre without any."""
    nearest = _nearest(centres, points)
    mass, *sums = (np.bincount(nearest, w, len(centres)) for w in (weights, *(weights * points.T)))
    means: Floats = np.stack(sums, axis=1) / np.maximum(mass, 1)[:, None]
    return means


def _nearest(centres: Floats, points: Floats) -> Indices:
    """The nearest centre of each point: that of the largest ``p @ c - |c|^2 / 2``, whole numbers exactly."""
    c, p = centres.T.astype(np.float32), points.astype(np.float32)
    half = np.square(c).sum(axis=0) / 2
    nearest = np.empty(len(p), np.intp)
    for first in range(0, len(p), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        np.argmax(p[some] @ c - half, axis=1, out=nearest[some])
    return nearest
