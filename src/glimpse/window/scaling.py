"""A window on an image, and the window that sees the same on that image with fewer pixels."""

from __future__ import annotations

import math
from dataclasses import replace

from glimpse.window.window import Window, per_axis


def reduced(window: Window, scale: int, sharpest: float = 0.0) -> Window:
    """Return the window that sees on an image reduced `scale` times what `window` sees on the whole.

    Parameters
    ----------
    window : Window
        On the whole image.
    scale : int
        How many pixels of the whole, per axis, the mean of which is one reduced pixel.
    sharpest : float
        The least sigma of the result, in reduced pixels.

    Examples
    --------
    >>> reduced(Window(gx=9.5, gy=1.5, delta=8, sigma=5), 2).gx
    4.5
    """

    def sharpened(sigma: float) -> float:
        return math.sqrt(max(sigma**2 - _box_variance(scale), (sharpest * scale) ** 2)) / scale

    delta, sigma = per_axis(lambda stride: stride / scale, window.delta), per_axis(sharpened, window.sigma)
    gx, gy = ((g + 0.5) / scale - 0.5 for g in (window.gx, window.gy))
    return replace(window, gx=gx, gy=gy, delta=delta, sigma=sigma)


def enlarged(window: Window, scale: int) -> Window:
    """Undo `reduced`."""

    def softened(sigma: float) -> float:
        return math.sqrt((sigma * scale) ** 2 + _box_variance(scale))

    delta, sigma = per_axis(lambda stride: stride * scale, window.delta), per_axis(softened, window.sigma)
    gx, gy = ((g + 0.5) * scale - 0.5 for g in (window.gx, window.gy))
    return replace(window, gx=gx, gy=gy, delta=delta, sigma=sigma)


def _box_variance(scale: int) -> float:
    """The variance that a mean of so many pixels brings along, so that a filter on the means needs less."""
    return (scale**2 - 1) / 12
