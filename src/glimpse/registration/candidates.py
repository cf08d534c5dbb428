"""Where a patch may lie in an image: normalised cross-correlation over scales and aspects."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from glimpse.attention.layer import read
from glimpse.limits import N_MAX
from glimpse.registration.correlation import CrossCorrelator, DirectionCorrelator, peaks
from glimpse.registration.grey import Scene, onto_level
from glimpse.registration.linearization import Target
from glimpse.typing import Floats
from glimpse.window import Window

BEYOND = 1.12
"""Sides of the largest window over the image's, and the steps to it: more search crops of nothing, less
miss thumbnails, whose sides are rounded."""

SMALLEST = 0.5
"""Stride of the finest scale, in pixels: patches may be enlarged twice; finer ones find smooth
likenesses."""

COARSE_SIGMA = 0.75
"""Sigma per stride of the levels that are correlated, so that half a sample more or less matters little;
more leaves no details to tell places apart."""

SQUARE = (0.0,)
SQUASHED = tuple(sign * step for step in (0.2, 0.4, 0.6) for sign in (1, -1))
"""Logarithms of the stride of rows to that of columns: steps of two scales, to an aspect of 2 and half a
step more."""


class Likeness(NamedTuple):
    """How a patch is compared with an image: by what, and how finely."""

    correlator: Callable[[Floats], CrossCorrelator | DirectionCorrelator]
    ratio: float
    """Of one scale to the next: half a step moves the corners of a coarse patch by half a sample or by one;
    finer steps take time, coarser ones miss places."""

    samples: int
    """Of a coarse patch along its shorter side: more take time and finer scales, fewer look alike."""

    sigma: float
    """Per stride of the levels that are correlated, so that half a sample more or less matters little; more
    leaves no details to tell places apart."""

    pixels: int = 2_000_000
    """Most of a coarse image: more take time and memory, fewer do not show small places in large images."""


LEVELS = Likeness(CrossCorrelator, 1.12, 16, 0.75)
DIRECTIONS = Likeness(DirectionCorrelator, 1.06, 96, 0.5)
VOTES = Likeness(partial(DirectionCorrelator, blocks=4), 1.12, 96, 0.5, 500_000)
COARSE_DIRECTIONS = Likeness(DirectionCorrelator, 1.12, 40, 0.6)

_WHOLLY = 0.5
"""Share of a coarse sample that has to count for it to count: more loses samples beside a mask, less believes
what was filled in."""

_FEWEST = 7
"""Least samples of a coarse patch along its shorter side, in large images: fewer look alike."""

_PEAKS = 8
"""Candidates of one scale: more take time, fewer lose the place among likenesses."""

_BETWEEN, _AROUND = (-0.75, -0.375, 0.0, 0.375, 0.75), 2
"""Steps of the scales, and samples to either side, that are tried near a candidate: more take time, fewer
leave starts from which a fit does not come to the place."""


class Candidate(NamedTuple):
    """A centre and strides, in pixels of the image, and how well the patch correlates there."""

    score: float
    gx: float
    gy: float
    down: float
    across: float

    def same(self, other: Candidate, shape: tuple[int, int]) -> bool:
        """Whether a window of `shape` samples shows much the same at both candidates."""
        return _alike(self.gx - other.gx, self.down, other.down, shape[0]) and _alike(
            self.gy - other.gy, self.across, other.across, shape[1]
        )


def _alike(apart: float, stride: float, other: float, n: int) -> bool:
    return abs(apart) / n < max(stride, other) / 4 and abs(math.log(stride / other)) < 0.3


def shrunk(array: Floats, strides: tuple[float, float], sigmas: tuple[float, float]) -> Floats:
    """Read the whole array with one sample each stride, on a grid with the array's centre."""
    rows, cols = (
        min(max(1, int(size / stride + 1e-9)), N_MAX)
        for size, stride in zip(array.shape, strides, strict=True)
    )
    gx, gy = ((size - 1) / 2 for size in array.shape)
    small: Floats = read(array, Window(gx, gy, strides, sigmas, n=(rows, cols)))
    return small


def coarse(target: Target, factors: tuple[float, float], sigma: float = COARSE_SIGMA) -> Target:
    """Shrink a patch by these factors so that it is as blurred as an image that is shrunk by as much."""
    sharp, wide = (math.sqrt(max((sigma * k) ** 2 - 0.25, 0.04)) for k in factors)
    small = shrunk(target.levels, factors, (sharp, wide))
    if target.weights is None:
        return Target(small)
    weights = shrunk(target.weights, factors, (sharp, wide))
    return Target(small, np.where(weights > _WHOLLY, weights, 0.0))


def find_candidates(
    scene: Scene,
    target: Target,
    most: int,
    aspects: Sequence[float] = SQUARE,
    likeness: Likeness = LEVELS,
) -> list[Candidate]:
    """Return the places where a patch correlates best with a scene, the best first, no two the same.

    Parameters
    ----------
    scene : Scene
        Grey levels.
    target : Target
        The patch, upright.
    most : int
        Places wanted.
    aspects : sequence of float
        Logarithms of the stride of rows to that of columns.
    likeness : Likeness
        By what, and how finely, they are compared.
    """
    found: list[Candidate] = []
    shape = (target.levels.shape[0], target.levels.shape[1])
    for place in sorted(_places(scene, target, aspects, likeness), reverse=True):
        if not any(place.same(other, shape) for other in found):
            found.append(place)
        if len(found) == most:
            break
    return found


def sharpened(scene: Scene, target: Target, place: Candidate, likeness: Likeness) -> Candidate:
    """Return the place near a candidate, between its scales and its pixels, that is most like the patch.

    So near, the levels of a fit are clear from its first step, however much was painted over.
    """
    factor = max(1.0, min(target.levels.shape) / likeness.samples)
    small = coarse(target, (factor, factor), likeness.sigma) if factor > 1 else target
    zooms = (likeness.ratio**step for step in _BETWEEN)
    tried = (place._replace(down=zoom * place.down, across=zoom * place.across) for zoom in zooms)
    return max(_nearby(scene, small, factor, each, likeness) for each in tried)


def _nearby(scene: Scene, small: Target, factor: float, place: Candidate, likeness: Likeness) -> Candidate:
    """The best place within a few samples of this one, of its strides, for a patch shrunk by a factor."""
    strides = place.down * factor, place.across * factor
    sigma = likeness.sigma * strides[0], likeness.sigma * strides[1]
    (rows, cols), k = small.levels.shape, scene.level_for(min(strides))
    down, across = (min(_AROUND, (N_MAX - side) // 2) for side in (rows, cols))
    around = Window(place.gx, place.gy, strides, sigma, n=(rows + 2 * down, cols + 2 * across))
    field = likeness.correlator(read(scene.level(k), onto_level(around, k)))
    scores = _scores(field, small)
    row, col = np.unravel_index(scores.argmax(), scores.shape)
    gx, gy = place.gx + (int(row) - down) * strides[0], place.gy + (int(col) - across) * strides[1]
    return place._replace(score=float(scores[row, col]), gx=gx, gy=gy)


def _places(
    scene: Scene, target: Target, aspects: Sequence[float], likeness: Likeness
) -> Iterator[Candidate]:
    image, patch = scene.level(0), target.levels
    least = _least_stride(image.shape[0], image.shape[1], likeness.pixels)
    side, stride, field = _largest(patch, image), 0.0, None
    while side >= SMALLEST * min(patch.shape):
        for aspect in aspects:
            strides = _strides(side, aspect, patch)
            wanted = max(side / likeness.samples, *strides, least)
            if min(strides) < SMALLEST or side / wanted < _FEWEST or not _fits(strides, patch, image):
                continue
            k = scene.level_for(wanted)
            if field is None or not math.isclose(stride, wanted):  # below this stride images are equally fine
                stride, sigma = wanted, likeness.sigma * wanted / 2**k
                field = likeness.correlator(shrunk(scene.level(k), (stride / 2**k,) * 2, (sigma, sigma)))
            small = coarse(target, (stride / strides[0], stride / strides[1]), likeness.sigma)
            yield from _peaks_of(field, small, scene.center(k), stride, strides)
        side /= likeness.ratio


def _least_stride(rows: int, cols: int, pixels: int) -> float:
    """The pixels of an image for one of its coarse image."""
    return max(1.0, math.sqrt(rows * cols / pixels), rows / N_MAX, cols / N_MAX)


def _largest(patch: Floats, image: Floats) -> float:
    """The shorter side of the largest box, in steps from the largest square one's."""
    square = min(patch.shape) * min(a / n for a, n in zip(image.shape, patch.shape, strict=True))
    steps = math.ceil(math.log(min(image.shape) / square) / math.log(BEYOND))
    return float(square * BEYOND ** max(steps, 0))


def _strides(side: float, aspect: float, patch: Floats) -> tuple[float, float]:
    """The strides whose box has this shorter side."""
    tall = math.exp(aspect)
    across = side / min(patch.shape[0] * tall, patch.shape[1])
    return across * tall, across


def _fits(strides: tuple[float, float], patch: Floats, image: Floats) -> bool:
    return all(k * n <= BEYOND * a for k, n, a in zip(strides, patch.shape, image.shape, strict=True))


def _peaks_of(
    field: CrossCorrelator | DirectionCorrelator,
    small: Target,
    center: tuple[float, float],
    stride: float,
    strides: tuple[float, float],
) -> Iterator[Candidate]:
    spare = [a - n for a, n in zip(field.shape, small.levels.shape, strict=True)]
    if min(spare) < 0:
        return
    scores = _scores(field, small)
    for corner in peaks(scores, _PEAKS):
        gx, gy = (center[k] + (float(corner[k]) - spare[k] / 2) * stride for k in (0, 1))
        yield Candidate(float(scores[corner]), gx, gy, *strides)


def _scores(field: CrossCorrelator | DirectionCorrelator, small: Target) -> Floats:
    """How well each part of an image is like a patch, or like its negative."""
    if isinstance(field, CrossCorrelator):
        return field.correlation(small.levels)
    scores: Floats = np.abs(field.correlation(*small))
    return scores
