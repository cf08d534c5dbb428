"""Patches restored: canvases to look at, of one patch or of many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glimpse.attention import dense
from glimpse.attention.banded import Band
from glimpse.attention.contraction import float_type
from glimpse.attention.coverage import flat_matrix, flattened, least_coverage
from glimpse.attention.layer import expand_cols, expand_rows, spatial, write, write_bands
from glimpse.typing import Array
from glimpse.validation import checked_sides
from glimpse.window import Method, Window


def restore(
    patch: ArrayLike,
    window: Window,
    shape: tuple[int, int],
    *,
    gain: float | None = None,
    method: Method = "transpose",
    channel_axis: int | None = None,
) -> Array:
    """Write a patch at a brightness fit to look at.

    The bare transpose spreads each sample over about ``delta**2`` pixels: it is dark by as much, and has
    a mesh of the filters' centres over it. Here a flat patch comes back flat, at its own level (divided by
    gamma) in the box of the window, and fades outside as the bare transpose does.

    Parameters
    ----------
    patch, window, shape, method, channel_axis
        As for `write`; PyTorch tensors and JAX arrays as well.
    gain : float or None
        Multiply the bare canvas by this number instead. The inverse has a gain of 1 unless told.

    Returns
    -------
    ndarray, shape (..., A, B)
        The canvas, as of `write`.

    Raises
    ------
    GlimpseError
        As `write` does.

    Notes
    -----
    Divided along each axis by ``max(c, b)``: c, the coverage, is the sum of all filters' weights over a
    pixel; b is the smallest coverage of a pixel within the window's box on a lattice without end, and at
    least a tenth of the largest. So filters that leave no dark between them (a Gaussian from sigma = 0.29
    delta on, a box from delta / sqrt(12)) give a flat canvas, others stay dots; and filters that pile up on
    the last row or column, beyond an extended edge, do not shine.

    Examples
    --------
    >>> window = Window(gx=2, gy=2, delta=1, sigma=0.5, n=3)
    >>> restore(np.full((3, 3), 6.0), window, (5, 5))[1:4, 1:4].round(9)
    array([[6., 6., 6.],
           [6., 6., 6.],
           [6., 6., 6.]])
    """
    if gain is not None or method != "transpose":
        canvas = write(patch, window, shape, method=method, channel_axis=channel_axis)
        return canvas if gain is None else gained(canvas, gain)
    shape = checked_sides(shape)
    if dense.involves(patch, window):
        return dense.write(patch, window, shape, method, channel_axis, flat_matrix)
    patch, row, col = spatial(np.asarray(patch), channel_axis)
    dense.check_fit(window, patch.shape[row], patch.shape[col])
    dtype = float_type(patch.dtype)
    rows, cols = flat_bands(window, shape, dtype)
    wide = expand_cols(cols, np.divide(patch, window.gamma, dtype=dtype), col)
    return expand_rows(wide, rows, cols, shape, row, col)


def flat_bands(window: Window, shape: tuple[int, int], dtype: np.dtype[Any]) -> list[Band]:
    """The banks of rows and columns, with which a flat patch is written flat."""
    least = map(least_coverage, window.axes(shape))
    return [flattened(*pair) for pair in zip(write_bands(window, shape, dtype), least, strict=True)]


def gained(canvas: Array, gain: float) -> Array:
    """The canvas times a number, in the canvas's own precision."""
    scaled: Array = canvas * (canvas.dtype.type(gain) if isinstance(canvas, np.ndarray) else gain)
    return scaled
