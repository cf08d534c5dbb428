"""Boxes of whole pixels: other tools see no pixel beyond them; some give each pixel to one sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.banded import Band, BlockSpec, contract
from glimpse.attention.banks import band
from glimpse.attention.layer import read
from glimpse.registration import least_squares
from glimpse.registration.grey import Scene, moved
from glimpse.registration.least_squares import SQUARE, Fit
from glimpse.registration.linearization import Target, basis, blurred, mean_square, project
from glimpse.typing import Floats
from glimpse.window import Window

BLUR = 0.8
"""Blur, in samples, that hides the finest details, which losses have changed most: more hides the place
as well."""

AS_GOOD, SNAP_RATIO = 1.03, 0.85
"""Ratios of squared differences that tell a box of whole pixels from a window between them: where it is
right it is as good after a loss, and better without one. Larger ones move windows onto pixels that were
between them."""

_WHOLE, _BESIDE = 1.5, 0.2
"""How much worse the whole image may be, and the samples between its edges and a box that may be meant
for them: larger ones take a window within the image for all of it, smaller ones lose thumbnails, made in
two steps."""

_ROUNDS = 3
"""Times that a box is looked for from where it was found: more take time, fewer stay on the way."""

Ends = tuple[int, int]
Found = tuple[float, Ends, Ends]
Way = Callable[[Floats, int, Ends, Window], Floats]
_NOTHING: Found = math.inf, (0, 0), (0, 0)


def refine_in_crop(
    image: Floats, target: Target, fit: Fit, steps: int, free: NDArray[np.float64] = SQUARE
) -> Fit:
    """Refine a fit, but for the finest details, to the image's part in the box of whole pixels nearest to it.

    A tool that crops first and resizes then has filters that end at the box.
    """
    for _ in range(_ROUNDS):
        top, bottom, left, right = box = _whole(fit.window, image)
        if top >= bottom or left >= right:  # off the image, where no other tool crops
            break
        part = Scene(image[top:bottom, left:right])
        inside = least_squares.fit(part, target, moved(fit.window, -top, -left), steps, BLUR, free)
        path = tuple(moved(step, top, left) for step in inside.path)
        fit = inside._replace(window=moved(inside.window, top, left), path=fit.path + path)
        if _whole(fit.window, image) == box:
            break
    return fit


def _whole(window: Window, image: Floats) -> tuple[int, int, int, int]:
    """The box of a window at the nearest whole pixels of an image."""
    top, bottom, left, right = map(round, window.box)
    return max(top, 0), min(bottom, image.shape[0]), max(left, 0), min(right, image.shape[1])


def snap_to_pixels(
    image: Floats, target: Target, beyond: Window, inside: Window, ratio: float, *, square: bool = True
) -> Window | None:
    """Return the window at a box of whole pixels, if a crop of it is enough like the target.

    Parameters
    ----------
    image : ndarray
        Grey levels.
    target : Target
        The patch.
    beyond : Window
        The window that resembles the target most, anywhere.
    inside : Window
        The window that does if the image ends at its box; whole boxes are looked for beside it.
    ratio : float
        Largest squared difference to the target that is allowed, relative to that of `beyond`.
    square : bool
        Whether the box has to have the aspect of the samples, to the nearest pixel.
    """
    wanted = target._replace(levels=blurred(target.levels, BLUR))
    there = _unlike(read(image, beyond), wanted)
    look = _square_boxes if square else _boxes
    whole = _whole_image(image, wanted, inside)
    if whole[0] < _WHOLE * ratio * there:
        return _tiling(inside, *whole[1:])
    unlike, rows, cols = min(look(image, wanted, inside, way) for way in _WAYS)
    return _tiling(inside, rows, cols) if unlike < ratio * there else None


def _whole_image(image: Floats, wanted: Target, near: Window) -> Found:
    """The whole image, if the window ends next to its edges: thumbnails are made of it."""
    rows, cols = [(0, size) for size in image.shape]
    apart = [
        abs(edge - end) / stride
        for edge, end, stride in zip(near.box, (*rows, *cols), np.repeat(near.strides, 2), strict=True)
    ]
    if max(apart) > _BESIDE:
        return _NOTHING
    unlike = (_unlike(way(way(image, 0, rows, near), 1, cols, near), wanted) for way in _WAYS)
    return min(unlike), rows, cols


def _square_boxes(image: Floats, wanted: Target, near: Window, way: Way) -> Found:
    """The best whole box with the aspect of the samples, to the nearest pixel."""
    found, (N, M), (top, bottom, left, right) = _NOTHING, near.shape, near.box
    for rows in _near((round(top), round(bottom)), N, image.shape[0]):
        tall = way(image, 0, rows, near)
        for cols in _near((round(left), round(right)), M, image.shape[1]):
            if 2 * abs((rows[1] - rows[0]) * M - (cols[1] - cols[0]) * N) <= max(N, M):
                found = min(found, (_unlike(way(tall, 1, cols, near), wanted), rows, cols))
    return found


def _boxes(image: Floats, wanted: Target, near: Window, way: Way) -> Found:
    """The best whole box nearby: rows, then columns, then rows again, until none is better."""
    top, bottom, left, right = map(round, near.box)
    least, ends = math.inf, [(top, bottom), (left, right)]
    for turn in range(2 * _ROUNDS):
        axis = turn % 2
        start, stop = _clipped(ends[1 - axis], image.shape[1 - axis])
        if start >= stop:  # off the image, where no other tool crops
            return _NOTHING
        part = way(image, 1 - axis, (start, stop), near)
        tried = [
            (_unlike(way(part, axis, pair, near), wanted), pair)
            for pair in _near(ends[axis], near.shape[axis], image.shape[axis])
        ]
        unlike, pair = min(tried, default=(math.inf, ends[axis]))
        if turn > 1 and not unlike < least:
            break
        least, ends[axis] = unlike, pair
    return least, ends[0], ends[1]


def _near(ends: Ends, n: int, size: int) -> Iterator[Ends]:
    """Slices `start:stop` of more than n whole pixels on the axis whose ends are next to these."""
    for start, stop in product(*(range(end - 1, end + 2) for end in ends)):
        if start >= 0 and stop <= size and stop - start > n:
            yield start, stop


def _clipped(ends: Ends, size: int) -> Ends:
    return max(ends[0], 0), min(ends[1], size)


def _tiling(window: Window, rows: Ends, cols: Ends) -> Window:
    """The window moved to a box."""
    down, across = ((stop - start) / n for (start, stop), n in zip((rows, cols), window.shape, strict=True))
    sharp, wide = (
        sigma * new / old
        for sigma, new, old in zip(window.sigmas, (down, across), window.strides, strict=True)
    )
    gx, gy = (sum(rows) - 1) / 2, (sum(cols) - 1) / 2
    return replace(window, gx=gx, gy=gy, delta=(down, across), sigma=(sharp, wide))


def _means(image: Floats, axis: int, ends: Ends, window: Window, origin: int = 1) -> Floats:
    """The means of n groups of neighbouring pixels, each pixel in the one where its middle is.

    Where a stride is not whole, such means lie up to a quarter of a pixel beside their box. A middle that is
    just between two groups falls to either, as the rounding has it: counted as Pillow does, from the start
    of the image, or (an origin of 0) of the crop.
    """
    (start, stop), n = ends, window.shape[axis]
    size, origin = stop - start, origin * start
    stride = size / n
    middles = origin + (np.arange(n)[:, None] + 0.5) * stride
    first = np.clip((middles[:, 0] - 0.5 * stride + 0.5).astype(np.intp) - origin, 0, size - 1)
    width = min(math.ceil(stride) + 1, size)
    first = np.minimum(first, size - width)
    apart = (first[:, None] + np.arange(width) + origin - middles + 0.5) * (1 / stride)
    inside = ((apart > -0.5) & (apart <= 0.5)).astype(image.dtype)
    bank = Band(first, inside / np.maximum(inside.sum(axis=1, keepdims=True), 1))
    samples: Floats = contract(bank, image[start:stop] if axis == 0 else image[:, start:stop], axis)
    return samples


def _filtered(image: Floats, axis: int, ends: Ends, window: Window) -> Floats:
    """The samples of one axis of a crop, filtered as the window does with the pixels of the crop alone."""
    start, stop = ends
    line = window.axes((stop - start, stop - start))[axis]
    delta = (stop - start) / line.n
    bank = band(
        line._replace(center=(stop - start - 1) / 2, delta=delta, sigma=line.sigma * delta / line.delta),
        BlockSpec(image.dtype),
    )
    samples: Floats = contract(bank, image[start:stop] if axis == 0 else image[:, start:stop], axis)
    return samples


_WAYS: tuple[Way, ...] = _filtered, _means, partial(_means, origin=0)


def _unlike(model: Floats, wanted: Target) -> float:
    """The mean squared difference but for the finest details, which may be as strong as they like."""
    weights = None if wanted.weights is None else wanted.weights.ravel()
    *_, left = project(basis(model, BLUR), wanted.levels, weights)
    return mean_square(left, weights)
