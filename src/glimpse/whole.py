"""Boxes of whole pixels: other tools crop one, and some give each of its pixels to one sample, whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from glimpse.attention import read
from glimpse.blas import Floats
from glimpse.descent import blurred
from glimpse.window import Window

_BETTER = 0.85  # of the squared difference; at a box between pixels no whole one comes near to that

SOFT = 0.8
"""Blur, in samples, that hides the finest details, which losses have changed most."""


def snapped(image: Floats, target: Floats, window: Window) -> Window:
    """Return the window at a box of whole pixels nearby, if its plain means resemble the target more.

    Where the stride is not whole such means lie up to a quarter of a pixel beside their box, and there the
    window is found.

    Parameters
    ----------
    image, target : ndarray
        Grey levels.
    window : Window
        What resembles the target already, its edges within a pixel.
    """
    (N, M), (top, bottom, left, right) = window.shape, window.box
    found = None
    least = np.inf
    for rows in _near(top, bottom, N, image.shape[0]):
        tall = _means(image, rows, N)
        for cols in _near(left, right, M, image.shape[1]):
            means = _means(tall.T, cols, M).T
            left_over = _unlike(means, target)
            if left_over < least:
                found, least = (means, rows, cols), left_over
    if found is None:
        return window
    means, rows, cols = found
    soft = [blurred(array, SOFT) for array in (means, read(image, window), target)]
    if _unlike(soft[0], soft[2]) > _BETTER * _unlike(soft[1], soft[2]):
        return window
    delta = (rows[1] - rows[0] + cols[1] - cols[0]) / (N + M)
    return replace(window, gx=(sum(rows) - 1) / 2, gy=(sum(cols) - 1) / 2, delta=delta)


def _near(first: float, last: float, n: int, size: int) -> Iterator[tuple[int, int]]:
    """Whole pixels `start:stop` on the axis whose ends are near these, and which are more than n."""
    for start, stop in product(*(range(round(end) - 1, round(end) + 2) for end in (first, last))):
        if start >= 0 and stop <= size and stop - start > n:
            yield start, stop


def _means(image: Floats, ends: tuple[int, int], n: int) -> Floats:
    """The means of n groups of neighbouring rows, each row in the one where its middle is."""
    start, stop = ends
    starts = np.floor(np.arange(n) * (stop - start) / n + 0.5).astype(np.intp)
    sums = np.add.reduceat(image[start:stop], starts, axis=0)
    counts = np.diff(starts, append=stop - start)[:, None]
    means: Floats = sums / counts.astype(sums.dtype)
    return means


def _unlike(model: Floats, target: Floats) -> float:
    """The mean squared difference that gain and offset leave."""
    spread, wanted = model - model.mean(), target - target.mean()
    gain = (spread * wanted).sum() / max((spread * spread).sum(), 1e-12)
    return float(np.square(wanted - gain * spread, dtype=np.float64).mean())
