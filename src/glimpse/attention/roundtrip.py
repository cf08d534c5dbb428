"""Read and written again: both products of a window, over the pixels that it touches."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from glimpse.attention.banded import Band, contract, expand
from glimpse.typing import Floats


class Trip(Protocol):
    """A window's products, of NumPy's bands or of whole matrices."""

    def read(self, pixels: Any) -> Any:
        """Return the samples of pixels, at gamma = 1."""

    def write(self, samples: Any) -> Any:
        """Return the pixels of samples, flat where these are flat."""

    def reread(self, samples: Any) -> Any:
        """Return what `read` says of what `write` makes of the samples."""


def inverted(trip: Trip, samples: Any, steps: int) -> Any:
    """Return other samples, which are written so that they read more nearly as these do.

    All gains of `reread` lie between 0 and 1, so each step adds a term of the geometric series of its
    inverse. A few steps sharpen; what hardly comes through is not blown up, as by the whole inverse.
    """
    found = samples
    for _ in range(steps - 1):
        found = found + (samples - trip.reread(found))
    return found


class RoundTrip(NamedTuple):
    """Reading and writing of a window on the pixels that it touches, flat patches flat.

    Parameters
    ----------
    reading, writing : pair of Band
        The banks of rows and columns, and the same divided by their coverage.
    axes : (int, int)
        The axes of rows and columns of all arrays.
    """

    reading: tuple[Band, Band]
    writing: tuple[Band, Band]
    axes: tuple[int, int] = (0, 1)

    def part(self, rows: slice, cols: slice) -> RoundTrip:
        """Return the round trip of some samples only."""
        banks = (
            tuple(
                Band(bank.start[some], bank.weights[some])
                for bank, some in zip(pair, (rows, cols), strict=True)
            )
            for pair in (self.reading, self.writing)
        )
        return RoundTrip(*banks, self.axes)  # type: ignore[arg-type, call-arg]

    @property
    def span(self) -> tuple[slice, slice]:
        """The rows and columns of the pixels."""
        rows, cols = self.reading
        return rows.span, cols.span

    def read(self, pixels: Floats) -> Floats:
        """Return the samples of the pixels of the span."""
        for bank, axis in zip(self.reading, self.axes, strict=True):
            pixels = contract(bank.local, pixels, axis)
        return pixels

    def write(self, samples: Floats) -> Floats:
        """Return the pixels of the span."""
        for bank, axis in zip(self.writing[::-1], self.axes[::-1], strict=True):
            samples = expand(bank.local, samples, axis)
        return samples

    def reread(self, samples: Floats) -> Floats:
        """Return what `read` says of what `write` makes of the samples, without making its pixels."""
        for bank, flat, axis in zip(self.reading, self.writing, self.axes, strict=True):
            samples = contract(bank.local, expand(flat.local, samples, axis), axis)
        return samples

    def reached(self, touched: Floats) -> Floats:
        """Tell of each pixel of the span whether the filter of a touched sample reaches it."""
        samples = touched.astype(np.float32)
        for bank, axis in zip(self.reading, self.axes, strict=True):
            ones = (bank.weights != 0).astype(np.float32)
            samples = expand(bank.local._replace(weights=ones), samples, axis)
        return samples > 0.5  # type: ignore[return-value]
