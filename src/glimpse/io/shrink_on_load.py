"""A JPEG file decoded at a fraction of its size, where a window hides it."""

from __future__ import annotations

from PIL import ImageFile

from glimpse.window import Window

LEAST_SIGMA = {8: 12.0, 4: 8.0, 2: 6.0}
"""Sigma, in pixels, from which a picture may be so many times smaller and show the same within 3 levels.

Vivid colours ask for so much: colours that leave the range of RGB are clipped pixel by pixel, and
the means of pixels leave it less. Grey would do with 1.5 reduced pixels."""

FAR_ENDS = (2, 3, 4, 6, 7, 8)
"""EXIF orientations whose last row or column in the file is the picture's first."""

_REACH = 4.0  # sigmas from the box to pixels that no longer show


def reduction(window: Window, shape: tuple[int, int]) -> int:
    """Return by how many times an image may be reduced under a window: 1, 2, 4 or 8.

    A wide Gaussian hides that pixels were averaged first. Beyond the edge it would show, and where the last
    reduced pixel stands for less than the others.
    """
    top, bottom, left, right = window.box
    rows, cols = shape
    if window.kernel != "gaussian" or min(top, left, rows - bottom, cols - right) < -1e-6:
        return 1
    tall, wide = window.sigmas
    free = rows - bottom - _REACH * tall, cols - right - _REACH * wide
    return next((scale for scale in LEAST_SIGMA if _hidden(scale, min(tall, wide), shape, free)), 1)


def _hidden(scale: int, sigma: float, shape: tuple[int, int], free: tuple[float, float]) -> bool:
    whole = all(size % scale == 0 or gap > scale for size, gap in zip(shape, free, strict=True))
    return whole and sigma >= LEAST_SIGMA[scale]


def whole(scale: int, shape: tuple[int, int], *, turned: bool) -> int:
    """Return the scale, or less where the last block of a turned picture, which comes first, is not whole."""
    while turned and any(size % scale for size in shape):
        scale //= 2
    return scale


def draft(image: ImageFile.ImageFile, scale: int) -> int:
    """Have a JPEG file decoded `scale` times smaller; return how many times it will be."""
    cols, rows = image.size
    image.draft(None, (max(1, cols // scale), max(1, rows // scale)))
    found = round(cols / image.size[0])
    return found if image.size == (-(-cols // found), -(-rows // found)) else 1
