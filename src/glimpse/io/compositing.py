"""Canvases added up, whatever their channels and levels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glimpse.errors import GlimpseError
from glimpse.io.picture import Picture


@dataclass(frozen=True)
class Layer:
    """A canvas in floating point and the picture whose levels and colours it has.

    Parameters
    ----------
    array : ndarray, shape (A, B) or (A, B, C)
        Colours multiplied by alpha, where there is one.
    like : Picture
        Says what white is, whether the last channel is alpha, and what the colours mean.
    """

    array: NDArray[Any]
    like: Picture

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.array.shape[0], self.array.shape[1]

    def plus(self, other: Layer) -> Layer:
        """Add another layer's light, in the levels of this one; its alpha counts only if both have one.

        Raises
        ------
        GlimpseError
            If the canvases differ in size.
        """
        if self.shape != other.shape:
            ours, theirs = (f"{rows} x {cols}" for rows, cols in (self.shape, other.shape))
            raise GlimpseError(f"canvases of {ours} and {theirs} do not add up; give one --canvas")
        (colour, alpha), (light, more) = self._split(), other._split()
        total = colour + light * (self.like.white / other.like.white)
        if alpha is None:
            return replace(self, array=total if total.shape[2] > 1 else total[..., 0])
        if more is not None:
            alpha = np.minimum(alpha + more * (self.like.white / other.like.white), self.like.white)
        return replace(self, array=np.concatenate([total, alpha], axis=2))

    def _split(self) -> tuple[NDArray[Any], NDArray[Any] | None]:
        array = self.array if self.array.ndim == 3 else self.array[..., None]
        return (array[..., :-1], array[..., -1:]) if self.like.alpha else (array, None)
