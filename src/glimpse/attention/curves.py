"""An edit that is one curve of the levels of each channel: brighter, a negative, posterised.

Such an edit says nothing of places, so the pixels of the picture take the curve, however fine they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glimpse.typing import Array, Floats

BINS = 256  # knots of a curve at most: of 8 bits each level is one
OFF = 2.0
"""Levels by which a sample may lie off its curve, as rounding puts it; more, and faint paint is rounding."""

SHARE = 0.97
"""Of the samples so many lie on the curve. Less, and words over a picture that is brighter get the sharp but
noisy edges of a curve; more, and a few specks of dust make of a picture that is brighter one of paint."""

FEWEST = 32
"""Levels of some channel from which on there is a curve: of fewer, paint on half of a flat picture is one."""

_AGAIN = 4  # samples for each knot on average: with fewer, any edit is a curve
_END = 16  # knots at either end whose slope goes on beyond


class Curve(NamedTuple):
    """Levels of the picture, and what they become; beyond both ends in a straight line, within 0 to white."""

    levels: Floats
    becomes: Floats
    white: float

    def __call__(self, pixels: Floats) -> Floats:
        """Return pixels by the curve."""
        found = np.interp(pixels, self.levels, self.becomes)
        for end, beyond in ((slice(None, _END), np.minimum), (slice(-_END, None), np.maximum)):
            x, y = self.levels[end], self.becomes[end]
            slope = (y[-1] - y[0]) / (x[-1] - x[0]) if len(x) > 1 else 1.0
            edge = x[0] if beyond is np.minimum else x[-1]
            found += slope * (beyond(pixels, edge) - edge)
        return np.clip(found, 0, self.white).astype(np.float32)


class Curves(NamedTuple):
    """The curve of each channel, and where it holds."""

    curves: list[Curve]
    explained: Array  # (N, M), bool: the samples on the curves, touched or not
    inside: Array  # (N, M), bool: the samples of the edit, which the curve may have left as they are


def find_curves(
    seen: Floats, samples: Floats, among: Array, white: float
) -> tuple[list[Curve], Array] | None:
    """Return the curves that most of some samples lie on, and which of all do; None if they lie on none.

    Parameters
    ----------
    seen : ndarray, shape (N, M, C)
        What the picture reads, rounded as it was saved.
    samples : ndarray, shape (N, M, C)
        What it should read.
    among : ndarray of bool, shape (N, M)
        Which samples are to lie on the curves.
    white : float
        The level of white.
    """
    curves: list[Curve] = []
    explained: Array = np.ones(among.shape, bool)
    for R, P in zip(np.moveaxis(seen, 2, 0), np.moveaxis(samples, 2, 0), strict=True):
        x, y = R[among], P[among]
        bins = np.rint(x * ((BINS - 1) / white)).astype(np.intp)
        firsts = np.flatnonzero(np.diff(np.sort(bins), prepend=-1))
        if len(x) < _AGAIN * len(firsts):
            return None
        medians = (firsts + np.append(firsts[1:], len(x))) // 2
        levels, becomes = (each[np.lexsort((each, bins))][medians] for each in (x, y))
        curve = Curve(levels, becomes, white)
        curves.append(curve)
        explained &= np.abs(curve(R) - P) <= OFF
    known = max(len(curve.levels) for curve in curves) >= FEWEST
    return (curves, explained) if known and explained[among].mean() >= SHARE else None
