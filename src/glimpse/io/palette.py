"""The one palette of an animation: 255 colours for all of its frames."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

Frames = Sequence[NDArray[np.uint8]]
Colours = Sequence[tuple[int, int, int]]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


ENTRIES = 255  # of the 256 of a GIF: the last one means "unchanged"
ROUNDS = 10  # of k-means: twice as many gain less than 0.02 levels
_MANY = 4096  # colours of which a palette may be made
_AT_ONCE = 256  # colours, so that their distances stay in the cache


def index_frames(frames: Frames, exact: Colours) -> tuple[bytes, NDArray[np.uint8]]:
    """Choose one palette for all frames and write them in it, each pixel in its nearest colour.

    Parameters
    ----------
    frames : sequence of ndarray, uint8
        All (h, w) grey or all (h, w, 3) colour.
    exact : sequence of (int, int, int)
        Colours to keep, at most 255.

    Returns
    -------
    palette : bytes
        Red, green, blue by turns; the first index after it is free to mean "unchanged".
    indices : ndarray, shape (k, h, w), uint8
    """
    counts = np.zeros(1 << 24, dtype=np.uint32)
    for frame in frames:
        np.add.at(counts, _codes(frame).ravel(), np.uint32(1))
    codes = np.flatnonzero(counts != 0)  # six times as fast as of the counts themselves
    palette = _palette(codes, counts[codes].astype(float), exact)
    index = np.zeros(1 << 24, dtype=np.uint8)
    index[codes] = _nearest(palette, _rgb(codes))
    indices = np.stack([index[_codes(frame)] for frame in frames])
    # Pillow takes the first index after the palette for "unchanged" and pads the table to a power of two.
    size = (1 << len(palette).bit_length()) - 1
    return palette.astype(np.uint8).tobytes().ljust(3 * size, b"\0"), indices


def _codes(frame: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """0xRRGGBB of each pixel (h, w)."""
    red, green, blue = np.moveaxis(frame, 2, 0) if frame.ndim == 3 else (frame, frame, frame)
    return np.left_shift(red, 16, dtype=np.uint32) | np.left_shift(green, 8, dtype=np.uint32) | blue


def _rgb(codes: Indices) -> Floats:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.float64)


def _palette(codes: Indices, weights: Floats, exact: Colours) -> Floats:
    """Choose at most 255 colours (k, 3) for the colours `codes` (m,), which occur `weights` (m,) times."""
    if len(codes) <= ENTRIES:
        return _rgb(codes)
    kept = np.isin(codes, [red << 16 | green << 8 | blue for red, green, blue in exact])
    fixed, points, weights = _rgb(codes[kept]), _rgb(codes[~kept]), weights[~kept]
    rough = _merged(points, weights)
    centres = _split(*rough, ENTRIES - len(fixed))
    for some in [rough] * (ROUNDS - 2) + [(points, weights)] * 2:
        centres = _means(*some, np.vstack([fixed, centres]))[len(fixed) :]
    return np.rint(np.vstack([fixed, centres]))


def _merged(points: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Colours that share all but their last two bits as one, where many remain: it costs 0.01 levels."""
    cells = (points.astype(np.intp) >> 2) @ (1 << 16, 1 << 8, 1)
    _, cells = np.unique(cells, return_inverse=True)
    mass, *sums = (np.bincount(cells, w).astype(np.float64) for w in (weights, *(weights * points.T)))
    return (np.stack(sums, axis=1) / mass[:, None], mass) if len(mass) > _MANY else (points, weights)


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
