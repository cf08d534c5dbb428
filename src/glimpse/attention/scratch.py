"""Memory for arrays that live no longer than a call, kept for the next one.

The system hands out memory page by page, and takes a freed megabyte back. So arrays of that size, made anew
in every call, cost more than the work that is done in them.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

BYTES = 1 << 22
"""Largest array whose memory is kept; a larger one is made anew."""


class _Kept(threading.local):
    """The memory that a thread has kept and nobody uses."""

    def __init__(self) -> None:
        self.buffers: list[NDArray[np.uint8]] = []


_kept = _Kept()


class Scratch:
    """Uninitialised arrays that end with the `with` statement.

    Examples
    --------
    >>> with Scratch() as scratch:
    ...     squares = scratch.empty((2, 3), np.float32)
    ...     squares[...] = 2
    ...     float(squares.sum())
    12.0
    """

    def __enter__(self) -> Scratch:
        self._lent: list[NDArray[np.uint8]] = []
        return self

    def __exit__(self, *_: object) -> None:
        _kept.buffers += self._lent

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array that nobody else uses before the `with` statement ends."""
        if math.prod(shape) * np.dtype(dtype).itemsize > BYTES:
            return np.empty(shape, dtype)
        buffer = _kept.buffers.pop() if _kept.buffers else np.empty(BYTES, np.uint8)
        self._lent.append(buffer)
        return np.ndarray(shape, dtype, buffer)
