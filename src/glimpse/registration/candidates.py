"""Where a patch may lie in an image: normalised cross-correlation over scales."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from glimpse.attention.layer import read
from glimpse.limits import N_MAX
from glimpse.registration.correlation import CrossCorrelator, peaks
from glimpse.registration.pyramid import Scene
from glimpse.typing import Floats
from glimpse.window import Window

RATIO = 1.12
"""Ratio of one scale to the next: half a step moves the corners of a coarse patch by half a sample."""

SMALLEST = 0.5
"""Stride of the finest scale, in pixels: patches may be enlarged twice."""

COARSE_SIGMA = 0.75
"""Sigma per stride of the levels that are correlated, so that half a sample more or less matters little."""

_SAMPLES = 16  # samples of a coarse patch along its shorter side
_FEWEST = 7
_PIXELS = 2_000_000  # pixels of a coarse image
_PEAKS = 8  # candidates of one scale


class Candidate(NamedTuple):
    """A centre and a stride, in pixels of the image, and how well the patch correlates there, at most 1."""

    score: float
    gx: float
    gy: float
    delta: float

    def same(self, other: Candidate, shape: tuple[int, int]) -> bool:
        """Whether a window of `shape` samples shows much the same at both candidates."""
        apart = max(abs(self.gx - other.gx) / shape[0], abs(self.gy - other.gy) / shape[1])
        return apart < max(self.delta, other.delta) / 4 and abs(math.log(self.delta / other.delta)) < 0.3


def shrunk(array: Floats, stride: float, sigma: float) -> Floats:
    """Read the whole array with one sample each `stride` pixels, on a grid with the array's centre."""
    n = tuple(min(max(1, int(size / stride + 1e-9)), N_MAX) for size in array.shape)
    center = [(size - 1) / 2 for size in array.shape]
    small: Floats = read(array, Window(center[0], center[1], stride, sigma, n=(n[0], n[1])))
    return small


def coarse(patch: Floats, factor: float) -> Floats:
    """Shrink a patch so that it is as blurred as an image that is shrunk by as much."""
    return shrunk(patch, factor, math.sqrt((COARSE_SIGMA * factor) ** 2 - 0.25))


def find_candidates(scene: Scene, patch: Floats, most: int) -> list[Candidate]:
    """Return the places where a patch correlates best with a scene, the best first, no two the same.

    Parameters
    ----------
    scene : Scene
        Grey levels.
    patch : ndarray, shape (N, M)
        Grey levels, upright.
    most : int
        Places wanted.
    """
    found: list[Candidate] = []
    for place in sorted(_peaks(scene, patch), reverse=True):
        if not any(place.same(other, (patch.shape[0], patch.shape[1])) for other in found):
            found.append(place)
        if len(found) == most:
            break
    return found


def _peaks(scene: Scene, patch: Floats) -> Iterator[Candidate]:
    image, side = scene.level(0), min(patch.shape)
    least = max(1.0, math.sqrt(image.size / _PIXELS), max(image.shape) / N_MAX)  # pixels per sample
    delta = 1.02 * min(a / n for a, n in zip(image.shape, patch.shape, strict=True))
    last, field = 0.0, None
    while delta >= SMALLEST:
        factor = max(1.0, side / _SAMPLES, least / delta)
        if side / factor >= _FEWEST:
            stride = factor * delta
            k = scene.level_for(stride)
            if field is None or not math.isclose(stride, last):  # below this stride images are equally fine
                last, field = (
                    stride,
                    CrossCorrelator(shrunk(scene.level(k), stride / 2**k, COARSE_SIGMA * stride / 2**k)),
                )
            yield from _peaks_of(field, coarse(patch, factor), scene.center(k), stride, delta)
        delta /= RATIO


def _peaks_of(
    field: CrossCorrelator, small: Floats, center: tuple[float, float], stride: float, delta: float
) -> Iterator[Candidate]:
    spare = [a - n for a, n in zip(field.shape, small.shape, strict=True)]
    if min(spare) < 0:
        return
    scores = field.correlation(small)
    for corner in peaks(scores, _PEAKS):
        gx, gy = (center[k] + (float(corner[k]) - spare[k] / 2) * stride for k in (0, 1))
        yield Candidate(float(scores[corner]), gx, gy, delta)
