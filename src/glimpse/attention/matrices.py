"""The bank of one axis as a whole matrix: for users, and for arrays of any library."""

from __future__ import annotations

from typing import Any

import numpy as np

from glimpse.array_api import (
    arange_like,
    cast,
    constant,
    double_type,
    is_not_numpy,
    is_numpy_array,
    namespace,
    promote,
    result_type,
    softmax,
)
from glimpse.attention.banded import Band
from glimpse.attention.banks import Partials, band, band_partials, centers, unnormalised
from glimpse.attention.kernels import KERNEL_TABLE
from glimpse.errors import GlimpseError
from glimpse.typing import Floats
from glimpse.validation import checked, checked_size
from glimpse.window import Axis, Edge, Kernel, Window


def filterbank(
    size: int,
    n: int,
    center: Any,
    delta: Any,
    sigma: Any,
    kernel: Kernel = "gaussian",
    edge: Edge = "extend",
) -> Any:
    """Return the matrix F of n filters over one axis, so that ``F @ y`` samples a signal.

    Parameters
    ----------
    size : int
        Pixels of the axis.
    n : int
        Filters.
    center, delta, sigma : float, or array of another library
        Centre of the grid, stride and standard deviation, in pixels. PyTorch tensors and JAX arrays
        keep their gradients; of shape (B,) they are a batch.
    kernel : {"gaussian", "box"}
        Shape of one filter; the box is ``sigma * sqrt(12)`` wide, so that sigma means the same.
    edge : {"extend", "black"}
        Normalised over the pixels of the axis (each row sums to one), or over the endless lattice
        with zeros outside (a row sums to the share of the filter that lies inside).

    Returns
    -------
    ndarray, shape (n, size), float64
        Weights, >= 0. For arrays of another library an array of that library, shape (..., n, size), in
        their precision.

    Raises
    ------
    GlimpseError
        If a number is out of its range, or a name not in its list.

    Notes
    -----
    Gregor et al. 2015, eqs. 19-26, normalised without an epsilon: rows are finite and sum to one
    however small sigma and however far the centre.

    Examples
    --------
    A sine wave of 800 samples; its part ``ys[100:600]`` in 100 values:

    >>> ys = np.sin(np.linspace(0, 4 * np.pi, 800))
    >>> F = filterbank(800, n=100, center=(100 + 600 - 1) / 2, delta=5, sigma=2.5)
    >>> F.shape, (F @ ys).shape
    ((100, 800), (100,))
    >>> means = ys[100:600].reshape(100, 5).mean(axis=1)
    >>> bool(np.abs(F @ ys - means).max() < 1e-3)
    True
    """
    axis = _checked(Axis(size, n, center, delta, sigma, kernel, edge))
    numbers = axis.center, axis.delta, axis.sigma
    if any(is_not_numpy(number) or is_numpy_array(number) for number in numbers):
        center, delta, sigma = promote(*numbers)
        if is_numpy_array(center):
            center, delta, sigma = np.broadcast_arrays(center, delta, sigma)
        F = matrix(axis._replace(center=center, delta=delta, sigma=sigma))
        return cast(F, result_type(*numbers)) if is_not_numpy(F) else F
    return whole(axis)


def whole(axis: Axis) -> Any:
    """Return the matrix of an axis that is checked already: of plain numbers, or of arrays of one library."""
    if isinstance(axis.center, (float, int)):
        return _spread(band(axis), axis.size)
    return matrix(axis)


def _checked(axis: Axis) -> Axis:
    """The axis with Python's own numbers, checked as those of a window are."""
    size, n, center, delta, sigma, kernel, edge = axis
    window = Window(gx=0, gy=0, delta=delta, sigma=sigma, n=(n, 1), kernel=kernel, edge=edge)
    center = checked("center", center, positive=False)
    return window.axes((checked_size("size", size), 1))[0]._replace(center=center)


def matrix(axis: Axis, dtype: Any = None) -> Any:
    """Return `filterbank` of numbers that are arrays of any one library, each of shape () or (B,).

    Weights are of their type unless `dtype` names another.
    """
    xp, shape, dtype = namespace(axis.center), KERNEL_TABLE[axis.kernel], dtype or axis.center.dtype
    if not shape.exponent:  # the end of a long box is a small difference of large numbers
        wide = (cast(number, double_type(number)) for number in (axis.center, axis.delta, axis.sigma))
        axis = axis._replace(**dict(zip(("center", "delta", "sigma"), wide, strict=True)))
    mu = centers(axis.n, axis.center[..., None], axis.delta[..., None])[..., None]
    # the quotient does not depend on the pixel from which u is counted, so nothing is differentiated by it
    peak = xp.round(constant(mu))
    peak = peak if axis.edge == "black" else xp.clip(peak, 0, axis.size - 1)
    u, sigma = arange_like(0, axis.size, cast(mu, dtype)) - cast(peak, dtype), axis.sigma[..., None, None]
    if shape.exponent and axis.edge == "extend":
        # the quotient of exponentials and their sum, of which none overflows and no sum is zero
        return softmax(shape.exponent(u, mu - peak, sigma))
    weights, total = unnormalised(u, mu - peak, axis._replace(sigma=sigma))
    return weights / cast(total, dtype)


def filterbank_partials(
    size: int,
    n: int,
    center: float,
    delta: float,
    sigma: float,
    kernel: Kernel = "gaussian",
    edge: Edge = "extend",
) -> Partials:
    """Return the derivatives of `filterbank` with respect to center, delta and sigma.

    Parameters
    ----------
    size, n, center, delta, sigma, kernel, edge
        As for `filterbank`.

    Returns
    -------
    Partials
        ``center``, ``delta`` and ``sigma``, ndarrays of shape (n, size), float64. A box filter has
        kinks; there each is the slope towards a growing center, delta or sigma.

    Raises
    ------
    GlimpseError
        If a number is out of its range, or a name not in its list.

    Notes
    -----
    The derivatives of Gregor et al. 2015, eqs. 19-26. Rows of an extended bank sum to one, so the
    rows of its derivatives sum to zero.

    Examples
    --------
    >>> moved = filterbank(9, 3, 4 + 1e-6, 2, 1) - filterbank(9, 3, 4, 2, 1)
    >>> bool(np.allclose(moved / 1e-6, filterbank_partials(9, 3, 4, 2, 1).center, atol=1e-6))
    True
    """
    axis = _checked(Axis(size, n, center, delta, sigma, kernel, edge))
    if any(is_not_numpy(x) or is_numpy_array(x) for x in axis[2:5]):
        raise GlimpseError("filterbank_partials takes plain numbers; differentiate filterbank for tensors")
    bank, partials = band_partials(axis)
    return Partials(*(_spread(Band(bank.start, slopes), axis.size) for slopes in partials))


def _spread(bank: Band, size: int) -> Floats:
    F = np.zeros((len(bank.start), size))
    np.put_along_axis(F, bank.pixels, bank.weights, axis=1)
    return F
