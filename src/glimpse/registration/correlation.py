"""Normalised cross-correlation of an image with patches, and its peaks."""

from __future__ import annotations

import math
import mmap
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from glimpse.typing import Floats

_ROOM = 1 << 28
"""Bytes of address space that SciPy needs to be imported: with fewer its BLAS waits for memory for ever."""

_LEAST_POWER = 0.1
"""Least mean square of a part's directions: less makes chance likenesses of nearly flat parts count."""

_FAINT = 0.01
"""Squared levels per pixel that are no direction: more loses faint textures, less takes rounding for one."""


def _reserve() -> None:
    """Raise MemoryError where a limit of the system leaves SciPy too little address space."""
    try:
        mmap.mmap(-1, _ROOM).close()
    except OSError as error:
        raise MemoryError from error


class CrossCorrelator:
    """An image, ready to be correlated with patches."""

    def __init__(self, image: Floats) -> None:
        _reserve()
        from scipy.fft import next_fast_len, rfft2  # SciPy costs 0.2 s

        self.shape = image.shape
        self._size = [next_fast_len(side, real=True) for side in image.shape]
        plain = (image - image.mean()).astype(np.float32)
        self._spectrum = rfft2(plain, self._size)
        self._sums, self._squares = (_table(power) for power in (plain, np.square(plain, dtype=np.float64)))

    def correlation(self, patch: Floats) -> Floats:
        """Normalised cross-correlation of each part with a patch, shape (A - N + 1, B - M + 1), -1 to 1.

        Parts that vary by less than half a level count as if they varied by as much.
        """
        from scipy.fft import irfft2, rfft2

        (A, B), (N, M) = self.shape, patch.shape
        kernel = (patch - patch.mean()).astype(np.float32)
        product = irfft2(self._spectrum * np.conj(rfft2(kernel, self._size)), self._size)
        # the kernel sums to zero, so that the mean of a part adds nothing to the product; its spread needs it
        total, squares = (_sums(table, N, M) for table in (self._sums, self._squares))
        spread = (
            np.maximum(squares - total**2 / (N * M), N * M / 4) * np.square(kernel, dtype=np.float64).sum()
        )
        scores: Floats = product[: A - N + 1, : B - M + 1] / np.sqrt(np.maximum(spread, 1e-12))
        return scores


class DirectionCorrelator:
    """The directions in which an image grows, ready to be correlated with those of patches.

    How far levels grow matters little, so brightness and contrast drop out, and what was painted over a patch
    has no more weight than its share of the samples.

    Parameters
    ----------
    image : ndarray, shape (A, B)
        Grey levels.
    blocks : int
        Rows and columns of parts into which a patch is cut. Each is compared by itself: what was painted over
        one is noise in its own score alone.
    """

    def __init__(self, image: Floats, blocks: int = 1) -> None:
        _reserve()
        from scipy.fft import fft2, next_fast_len

        self.shape, self._blocks = image.shape, blocks
        self._size = [next_fast_len(side) for side in image.shape]
        arrows = directions(image)
        self._spectrum = fft2(arrows, self._size)
        self._powers = _table(np.abs(arrows) ** 2)

    def correlation(self, patch: Floats, weights: Floats | None = None) -> Floats:
        """Correlation of each part's directions with a patch's, shape (A - N + 1, B - M + 1).

        In deviations of what chance would give, so that parts of any size compare; below 0 where the patch
        is inverted. Of several blocks it is the root of the sum of the squares of one sign.
        """
        (A, B), (N, M) = self.shape, patch.shape
        arrows = directions(patch)
        if weights is not None:
            arrows = arrows * weights.astype(np.float32)
        squares = np.zeros((2, A - N + 1, B - M + 1), np.float32)
        for top, bottom in pairwise(self._cuts(N)):
            for left, right in pairwise(self._cuts(M)):
                scores = self._scores(arrows[top:bottom, left:right])
                scores = scores[top : top + A - N + 1, left : left + B - M + 1]
                squares[0] += np.maximum(scores, 0) ** 2
                squares[1] += np.minimum(scores, 0) ** 2
        alike, inverted = squares
        roots: Floats = np.sqrt(np.maximum(alike, inverted)) * np.where(alike < inverted, -1, 1)
        return roots

    def _cuts(self, n: int) -> list[int]:
        return [round(n * k / self._blocks) for k in range(self._blocks + 1)]

    def _scores(self, arrows: Any) -> Floats:
        """The correlation with one block, at each place of it."""
        from scipy.fft import fft2, ifft2

        (A, B), (N, M) = self.shape, arrows.shape
        # of complex a and b, the real part of a conj(b) is their dot product: both components at once
        product = ifft2(self._spectrum * np.conj(fft2(arrows, self._size))).real
        least = _LEAST_POWER * N * M
        power = max(float((np.abs(arrows) ** 2).sum()), least)
        powers = np.maximum(_sums(self._powers, N, M), least) * power
        # a coefficient of N * M independent samples would deviate by 1 / sqrt(N * M)
        scores: Floats = product[: A - N + 1, : B - M + 1] * math.sqrt(N * M) / np.sqrt(powers)
        return scores


def directions(array: Floats) -> Any:
    """The gradient as complex numbers (down + i across), of length 1 where it is steep and less elsewhere."""
    from scipy.ndimage import gaussian_filter

    down, across = (gaussian_filter(array, 1.0, order, mode="nearest") for order in ((1, 0), (0, 1)))
    steep = down**2 + across**2
    # at the median slope the length is 0.7: slopes of a texture count alike, noise on flat parts less
    length = np.sqrt(steep + np.median(steep) + _FAINT)
    return ((down + 1j * across) / length).astype(np.complex64)


def _table(array: Floats) -> Floats:
    """The sum of all that lies above and to the left of each corner of an array's pixels."""
    table = np.zeros((array.shape[0] + 1, array.shape[1] + 1))
    table[1:, 1:] = array.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    return table


def _sums(table: Floats, N: int, M: int) -> Floats:
    """The sum of each N x M part of an array, of its `_table`."""
    sums: Floats = table[N:, M:] - table[:-N, M:] - table[N:, :-M] + table[:-N, :-M]
    return sums


def peaks(scores: Floats, most: int | None = None) -> list[tuple[int, int]]:
    """Return where positive scores are as large as all of their neighbours, the largest first."""
    from scipy.ndimage import maximum_filter

    found = np.flatnonzero((scores == maximum_filter(scores, 3)) & (scores > 0))
    best = found[np.argsort(-scores.ravel()[found], kind="stable")[:most]]
    return [(int(row), int(col)) for row, col in zip(*np.unravel_index(best, scores.shape), strict=True)]


def sums_of_products(array: Floats, kernels: Sequence[Floats]) -> list[Floats]:
    """The sums of the products of each N x M part of an array with kernels, shape (A - N + 1, B - M + 1)."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    (A, B), (N, M) = array.shape, kernels[0].shape
    size = [next_fast_len(side, real=True) for side in (A, B)]
    spectrum = rfft2(array, size)
    products = (irfft2(spectrum * np.conj(rfft2(kernel, size)), size) for kernel in kernels)
    return [product[: A - N + 1, : B - M + 1] for product in products]
