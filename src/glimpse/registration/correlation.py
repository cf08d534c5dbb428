"""Normalised cross-correlation of an image with patches, and its peaks."""

from __future__ import annotations

import mmap

import numpy as np

from glimpse.typing import Floats

_ROOM = 1 << 28
"""Bytes of address space that SciPy needs to be imported: with fewer its BLAS waits for memory for ever."""


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
        total, squares = (_sums(table, N, M) for table in (self._sums, self._squares))
        spread = (
            np.maximum(squares - total**2 / (N * M), N * M / 4) * np.square(kernel, dtype=np.float64).sum()
        )
        scores: Floats = product[: A - N + 1, : B - M + 1] / np.sqrt(np.maximum(spread, 1e-12))
        return scores


def _table(array: Floats) -> Floats:
    """The sum of all that lies above and to the left of each corner of an array's pixels."""
    table = np.zeros((array.shape[0] + 1, array.shape[1] + 1))
    table[1:, 1:] = array.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    return table


def _sums(table: Floats, N: int, M: int) -> Floats:
    """The sum of each N x M part of an array, of its `_table`."""
    sums: Floats = table[N:, M:] - table[:-N, M:] - table[N:, :-M] + table[:-N, :-M]
    return sums


def peaks(scores: Floats, most: int) -> list[tuple[int, int]]:
    """Return where positive scores are as large as all of their neighbours, the largest first."""
    from scipy.ndimage import maximum_filter

    found = np.flatnonzero((scores == maximum_filter(scores, 3)) & (scores > 0))
    best = found[np.argsort(-scores.ravel()[found], kind="stable")[:most]]
    return [(int(row), int(col)) for row, col in zip(*np.unravel_index(best, scores.shape), strict=True)]
