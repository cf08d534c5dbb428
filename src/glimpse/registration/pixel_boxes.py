"""Boxes of whole pixels: other tools see no pixel beyond them; some give each pixel to one sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from glimpse.attention.layer import read
from glimpse.registration import least_squares
from glimpse.registration.least_squares import Fit, basis, blurred, project
from glimpse.registration.pyramid import Scene
from glimpse.typing import Floats
from glimpse.window import Window

BLUR = 0.8
"""Blur, in samples, that hides the finest details, which losses have changed most."""

AS_GOOD, SNAP_RATIO = 1.03, 0.85
"""Ratios of squared differences that tell a box of whole pixels from a window between them: where it is right
it is as good after a loss, and better without one."""

_ROUNDS = 3


def refine_in_crop(image: Floats, target: Floats, fit: Fit, steps: int) -> Fit:
    """Refine a fit, but for the finest details, to the image's part in the box of whole pixels nearest to it.

    A tool that crops first and resizes then has filters that end at the box.
    """
    for _ in range(_ROUNDS):
        top, bottom, left, right = box = _whole(fit.window, image)
        if top >= bottom or left >= right:  # off the image, where no other tool crops
            break
        part = Scene(image[top:bottom, left:right])
        inside = least_squares.fit(part, target, _moved(fit.window, -top, -left), steps, BLUR)
        path = tuple(_moved(step, top, left) for step in inside.path)
        fit = inside._replace(window=_moved(inside.window, top, left), path=fit.path + path)
        if _whole(fit.window, image) == box:
            break
    return fit


def _whole(window: Window, image: Floats) -> tuple[int, int, int, int]:
    """The box of a window at the nearest whole pixels of an image."""
    top, bottom, left, right = map(round, window.box)
    return max(top, 0), min(bottom, image.shape[0]), max(left, 0), min(right, image.shape[1])


def _moved(window: Window, down: int, across: int) -> Window:
    return replace(window, gx=window.gx + down, gy=window.gy + across)


def snap_to_pixels(
    image: Floats, target: Floats, beyond: Window, inside: Window, ratio: float
) -> Window | None:
    """Return the window at a box of whole pixels, if a crop of it is enough like the target.

    Parameters
    ----------
    image, target : ndarray
        Grey levels.
    beyond : Window
        The window that resembles the target most, anywhere.
    inside : Window
        The window that does if the image ends at its box; whole boxes are looked for beside it.
    ratio : float
        Largest squared difference to the target that is allowed, relative to that of `beyond`.
    """
    wanted = blurred(target, BLUR)
    found, least = None, ratio * _unlike(read(image, beyond), wanted)
    for window, model in _crops(image, inside):
        left_over = _unlike(model, wanted)
        if left_over < least:
            found, least = window, left_over
    return found


def _crops(image: Floats, near: Window) -> Iterator[tuple[Window, Floats]]:
    """Windows at boxes of whole pixels, and the patches of other tools there: filtered, or plain means.

    Where a stride is not whole, plain means lie up to a quarter of a pixel beside their box.
    """
    (N, M), (top, bottom, left, right) = near.shape, near.box
    for rows in _near(top, bottom, N, image.shape[0]):
        tall = _means(image, rows, N)
        for cols in _near(left, right, M, image.shape[1]):
            if abs((rows[1] - rows[0]) * M - (cols[1] - cols[0]) * N) > max(N, M):  # not square
                continue
            window = _tiling(near, rows, cols)
            yield window, _means(tall.T, cols, M).T
            yield window, read(image[slice(*rows), slice(*cols)], _moved(window, -rows[0], -cols[0]))


def _tiling(window: Window, rows: tuple[int, int], cols: tuple[int, int]) -> Window:
    """The window moved to a box."""
    delta = (rows[1] - rows[0] + cols[1] - cols[0]) / sum(window.shape)
    sigma = window.sigma * delta / window.delta
    return replace(window, gx=(sum(rows) - 1) / 2, gy=(sum(cols) - 1) / 2, delta=delta, sigma=sigma)


def _near(first: float, last: float, n: int, size: int) -> Iterator[tuple[int, int]]:
    """Slices `start:stop` of more than n whole pixels on the axis whose ends are near these."""
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


def _unlike(model: Floats, wanted: Floats) -> float:
    """The mean squared difference but for the finest details, which may be as strong as they like."""
    *_, left = project(basis(model, BLUR), wanted)
    return float(np.square(left).mean())
