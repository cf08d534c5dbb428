"""A decoded still: its pixels and their meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Picture:
    """A decoded still.

    Parameters
    ----------
    pixels : array_like, shape (A, B) or (A, B, C)
        Upright; an ndarray, or `Pixels`, which slices like one.
    white : int
        The level of white, 255 or 65535.
    alpha : bool
        Whether the last channel is alpha and the others are multiplied by it.
    color : mapping
        The meaning of the levels: ``icc_profile``, or PNG's chunks ``gAMA``, ``cHRM``, ``sRGB``.
    text : str or None
        The record, unparsed.
    notes : tuple of str
        Facts for the user: a conversion, or a part that was left out.
    exact : bool
        Whether these are the floating-point numbers of an NPY file.
    scale : int
        How many times smaller than the file the pixels were decoded.
    full : (int, int) or None
        Rows and columns of the file, where the pixels are fewer.
    """

    pixels: Any
    white: int = 255
    alpha: bool = False
    color: Mapping[str, bytes] = field(default_factory=dict)
    text: str | None = None
    notes: tuple[str, ...] = ()
    exact: bool = False
    scale: int = 1
    full: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the file."""
        return self.full or (self.pixels.shape[0], self.pixels.shape[1])

    @property
    def channel_axis(self) -> int | None:
        """The axis of the channels, None for grey."""
        return 2 if self.pixels.ndim == 3 else None
