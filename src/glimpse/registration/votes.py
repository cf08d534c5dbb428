"""Where a patch was cut out at whole pixels, unchanged but for what was painted over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glimpse.registration.grey import Scene
from glimpse.registration.linearization import Target
from glimpse.typing import Floats
from glimpse.window import Window

_MOST = 1_000_000
"""Pairs of like details that vote, the rarest details first: more take time and memory, fewer lose patches
all of whose details are common."""

_UNHIDDEN = 0.2
"""Share of the details of a place that a patch has to show: more loses patches half of which is painted over,
less believes chance."""

_ALIKE, _PLACES = 0.9, 2
"""Share of the most votes that a copy has at least, and places that are returned: the others are looked for
beside two that fit as well."""

_SHARP = 0.15  # pixels: such a filter sees its own pixel alone

_PRIMES = np.array([1, 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D], np.uint32)
_BITS = 20  # of a hash: so many buckets take a megabyte


def cut_out(scene: Scene, target: Target) -> list[Window]:
    """Return the window of stride 1 at whole pixels that shows most details of a patch exactly, if any.

    A second one is the likeliest copy of it. A detail is a square of 2 x 2 samples that are not all alike.
    Each votes for the places where the image has the same (Ballard 1981, "Generalizing the Hough transform to
    detect arbitrary shapes").
    """
    image, (N, M) = scene.level(0), target.levels.shape
    A, B = image.shape
    if N > A or M > B:
        return []
    there, here = _details(image), _details(target.levels)
    opaque = np.ones(here.shape, bool) if target.weights is None else _all_of(target.weights > 0)
    here = np.where(opaque, here, 0)
    votes, found = _votes(there, here, (A - N + 1, B - M + 1)), list[Window]()
    most = _ALIKE * votes.max()
    while len(found) < _PLACES and votes.max() >= max(most, 1):
        top, left = (int(k) for k in np.unravel_index(votes.argmax(), votes.shape))
        part = there[top : top + N - 1, left : left + M - 1]
        asked = (part > 0) & opaque
        if (part == here)[asked].sum() < _UNHIDDEN * asked.sum():
            break
        found.append(Window(top + (N - 1) / 2, left + (M - 1) / 2, 1.0, _SHARP, n=(N, M)))
        votes[max(top - N // 4, 0) : top + N // 4 + 1, max(left - M // 4, 0) : left + M // 4 + 1] = 0
    return found


def _details(levels: Floats) -> NDArray[np.uint32]:
    """A hash of each square of 2 x 2 samples, shape (A - 1, B - 1); 0 where these are alike."""
    whole = np.rint(levels).astype(np.int32).view(np.uint32)
    squares = whole[:-1, :-1], whole[:-1, 1:], whole[1:, :-1], whole[1:, 1:]
    found = sum(prime * (square + 1) for prime, square in zip(_PRIMES, squares, strict=True))
    found = (found ^ (found >> 15)) * _PRIMES[1]
    alike = [square == squares[0] for square in squares[1:]]
    return np.where(alike[0] & alike[1] & alike[2], 0, np.maximum(found, 1)).astype(np.uint32)


def _all_of(some: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where all of 2 x 2 samples are."""
    found: NDArray[np.bool_] = some[:-1, :-1] & some[:-1, 1:] & some[1:, :-1] & some[1:, 1:]
    return found


def _votes(there: NDArray[np.uint32], here: NDArray[np.uint32], shape: tuple[int, int]) -> Any:
    """How many of a patch's details, as many as may vote, each place has."""
    own = np.flatnonzero(here)
    own = own[np.argsort(here.ravel()[own], kind="stable")]
    kinds, first, many = np.unique(here.ravel()[own], return_index=True, return_counts=True)
    known = np.zeros(1 << _BITS, bool)  # all of a large image's are looked up here, and few of them sought
    known[kinds >> (32 - _BITS)] = True
    seen = np.flatnonzero(known[there >> (32 - _BITS)])
    if not kinds.size or not seen.size:
        return np.zeros(shape, np.intp)
    kind = np.minimum(np.searchsorted(kinds, there.ravel()[seen]), kinds.size - 1)
    like = kinds[kind] == there.ravel()[seen]
    seen, kind = seen[like], kind[like]
    pairs = np.bincount(kind, minlength=kinds.size) * many
    rarest = np.argsort(pairs, kind="stable")
    heard = np.zeros(kinds.size, bool)
    heard[rarest[np.cumsum(pairs[rarest]) <= _MOST]] = True
    seen, kind = seen[heard[kind]], kind[heard[kind]]
    # each detail of the image beside all like it of the patch
    times = many[kind]
    nth = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    mine = own[np.repeat(first[kind], times) + nth]
    rows, cols = (
        np.repeat(a, times) - b
        for a, b in zip(np.divmod(seen, there.shape[1]), np.divmod(mine, here.shape[1]), strict=True)
    )
    inside = (rows >= 0) & (rows < shape[0]) & (cols >= 0) & (cols < shape[1])
    ballot = rows[inside] * shape[1] + cols[inside]
    return np.bincount(ballot, minlength=shape[0] * shape[1]).reshape(shape)
