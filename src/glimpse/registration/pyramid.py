"""An image and its halves, and windows carried from one level to another."""

from __future__ import annotations

import math

from glimpse.typing import Floats
from glimpse.window import Window
from glimpse.window.scaling import enlarged, reduced

SHARPEST = 0.3
"""Sigma in pixels below which the derivatives vanish between pixels."""


class Scene:
    """An image and its halves: level k has pixels of 2**k."""

    def __init__(self, image: Floats) -> None:
        self.levels = [image]

    def level(self, k: int) -> Floats:
        while len(self.levels) <= k:
            rows, cols = (side // 2 for side in self.levels[-1].shape)
            quads = self.levels[-1][: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2)
            self.levels.append(quads.mean(axis=(1, 3)))
        return self.levels[k]

    def level_for(self, stride: float) -> int:
        """The coarsest level that has four pixels or more to a stride, and 16 pixels or more a side."""
        most = int(math.log2(max(min(self.levels[0].shape) / 16, 1)))
        return min(int(math.log2(max(stride / 4, 1))), most)

    def center(self, k: int) -> tuple[float, float]:
        """The middle of level k, in pixels of the image: an odd last row or column is not in it."""
        rows, cols = self.level(k).shape
        return (rows * 2**k - 1) / 2, (cols * 2**k - 1) / 2


def onto_level(window: Window, k: int) -> Window:
    """The window in pixels of level k."""
    return reduced(window, 2**k, SHARPEST)


def from_level(window: Window, k: int) -> Window:
    """The window of level k in pixels of the image."""
    return enlarged(window, 2**k)
