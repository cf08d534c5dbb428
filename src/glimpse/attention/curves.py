"""An edit that is one curve of the levels of each channel: brighter, a negative, posterised.

Such an edit says nothing of places, so the pixels of the picture take the curve, however fine they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glimpse.typing import Array, Floats

KNOTS = 256  # of a curve: of 8 bits each level is one, of 16 bits as many more as there are samples for
OFF = 0.75, 2 / 65535
"""Levels, or share of white, by which a sample may lie off its curve: the error of rounding, and of 16 bits
that of the lines from knot to knot. More, and faint paint is lost."""

STEP = 4.0
"""The slope from which on a curve has a step; a sample there is anywhere on it."""

SHARE = 0.97
"""Of the samples so many lie on the curve. Less, and words over a picture that is brighter get the sharp but
noisy edges of a curve; more, and a few specks of dust make of a picture that is brighter one of paint."""

FEWEST = 32
"""Levels of some channel from which on there is a curve: of fewer, paint on half of a flat picture is one."""

_AGAIN = 4  # samples for each knot on average: with fewer, any edit is a curve
_END = 16  # knots at either end whose slope goes on beyond
_FLAT = 4  # of these the last: where they are one level, the curve is flat or a step, and goes on so


class Curve(NamedTuple):
    """Levels of the picture, and what they become; beyond both ends they go on in a straight line."""

    levels: Floats
    becomes: Floats

    def __call__(self, pixels: Floats) -> Floats:
        """Return pixels by the curve."""
        found = np.interp(pixels, self.levels, self.becomes)
        for end, beyond in ((slice(None, _END), np.minimum), (slice(-_END, None), np.maximum)):
            x, y = self.levels[end], self.becomes[end]
            edge, last = (0, y[:_FLAT]) if beyond is np.minimum else (-1, y[-_FLAT:])
            slope = (y[-1] - y[0]) / (x[-1] - x[0]) if np.ptp(last) else float(y[edge] == x[edge])
            found += slope * (beyond(pixels, x[edge]) - x[edge])
        return found.astype(np.float32)


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
        for knots in (max(KNOTS, len(x) // (2 * _AGAIN)), len(x) // (2 * _AGAIN)):  # of a small patch fewer
            width = white / max(min(white, knots - 1), 1)
            bins = np.rint(x / width).astype(np.intp)
            order = np.lexsort((y, bins))
            firsts = np.flatnonzero(np.diff(bins[order], prepend=-1))
            if len(x) >= _AGAIN * len(firsts):
                break
        else:
            return None
        medians = order[(firsts + np.append(firsts[1:], len(x))) // 2]
        levels, becomes = x[medians], y[medians]
        becomes = np.where(np.abs(becomes - levels) <= 0.5, levels, becomes)  # rounding is no edit
        curves.append(Curve(levels, becomes))
        explained &= _lie_on(curves[-1], R, P, width, max(OFF[0], OFF[1] * white))
    known = max(len(curve.levels) for curve in curves) >= FEWEST
    return (curves, explained) if known and explained[among].mean() >= SHARE else None


def _lie_on(curve: Curve, R: Floats, P: Floats, width: float, off: float) -> Array:
    """Return the mask of the samples that lie on a curve, or on a step of it, between the next knots."""
    before, after = curve(R - width), curve(R + width)
    height = np.abs(after - before)
    on_step = (height > 2 * STEP * width) & (np.abs(2 * P - before - after) <= height + 2 * off)
    return np.asarray((np.abs(curve(R) - P) <= off) | on_step)
