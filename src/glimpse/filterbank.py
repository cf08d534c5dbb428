"""Banks of filters along one axis: where they stand, what they weigh, which pixels they touch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.band import Band, Floats
from glimpse.window import Edge, Kernel, Window, checked

_LATTICE = 4096


def centers(n: int, center: float, delta: float) -> Floats:
    """Return the filter centres ``center + (i - (n - 1) / 2) * delta``, shape (n,), in pixels.

    Gregor et al. 2015, eqs. 19-20, counted from 0.
    """
    return center + (np.arange(n) - (n - 1) / 2) * delta


def filterbank(
    size: int,
    n: int,
    center: float,
    delta: float,
    sigma: float,
    kernel: Kernel = "gaussian",
    edge: Edge = "extend",
) -> Floats:
    """Return the matrix F of n filters over one axis, so that ``F @ y`` samples a signal.

    Parameters
    ----------
    size : int
        Pixels of the axis.
    n : int
        Filters.
    center, delta, sigma : float
        Centre of the grid, stride and standard deviation, in pixels.
    kernel : {"gaussian", "box"}
        Shape of one filter; the box is ``sigma * sqrt(12)`` wide, so that sigma means the same.
    edge : {"extend", "black"}
        Normalised over the pixels of the axis (each row sums to one), or over the endless lattice
        with zeros outside (a row sums to what of it lies inside).

    Raises
    ------
    GlimpseError
        If a number is out of its range, or a name not in its list.

    Returns
    -------
    ndarray, shape (n, size), float64
        Weights, >= 0.

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
    checked("center", center, positive=False)
    Window(gx=0, gy=0, delta=delta, sigma=sigma, n=n, kernel=kernel, edge=edge)  # checks the rest
    bank = band(size, n, center, delta, sigma, kernel, edge)
    dense = np.zeros((n, size))
    np.put_along_axis(dense, bank.pixels, bank.weights, axis=1)
    return dense


def band(
    size: int,
    n: int,
    center: float,
    delta: float,
    sigma: float,
    kernel: Kernel = "gaussian",
    edge: Edge = "extend",
    precision: float = 2.0**-56,
) -> Band:
    """Return `filterbank` as a `Band`, each filter cut where its weight falls below `precision`.

    Parameters
    ----------
    precision : float
        Weight, relative to the filter's largest, that no longer shows in the result.
    """
    shape = KERNEL_TABLE[kernel]
    mu = centers(n, center, delta)
    nearest = np.rint(mu)
    inside = np.clip(nearest, 0, size - 1)
    start, width = _touched(mu, inside, size, shape.reach(sigma, precision))
    peak = nearest if edge == "black" else inside
    pixels = start[:, None] + np.arange(width)
    weights = shape.weigh(pixels, mu[:, None], peak[:, None], sigma)
    total = shape.lattice_sum(mu - peak, sigma) if edge == "black" else weights.sum(axis=1)
    if not total.all():  # a box that ends before the image begins: the nearest pixel alone
        weights[total == 0] = pixels[total == 0] == peak[total == 0, None]
        total[total == 0] = 1
    return Band(start, weights / total[:, None])


def coverage_peak(n: int, center: float, delta: float, sigma: float, kernel: Kernel = "gaussian") -> float:
    """Return the largest sum of the n filters' weights over one pixel of the endless lattice.

    It is near ``1 / delta`` where filters overlap, and near 1 where they stand apart. Of a grid longer
    than 4096 pixels only that much of its middle is looked at.
    """
    n = min(n, max(1, int(_LATTICE / delta)))
    size = math.ceil(n * delta) + 2
    first = math.floor(center - (size - 1) / 2)
    bank = band(size + 1, n, center - first, delta, sigma, kernel, "black")
    return float(bank.coverage.max())


def _touched(mu: Floats, inside: Floats, size: int, reach: float) -> tuple[NDArray[np.intp], int]:
    """First pixel of each filter and the common count of pixels, all of them on the axis.

    Beyond the edge weights fall with the distance from the nearest pixel `inside`, not from mu.
    """
    radius = np.hypot(mu - inside, reach)
    low = np.clip(np.ceil(mu - radius), 0, size - 1)
    high = np.clip(np.floor(mu + radius), 0, size - 1)
    width = int((high - low).max()) + 1
    return np.minimum(low, size - width).astype(np.intp), width


class KernelShape(NamedTuple):
    """What one kernel is made of.

    reach(sigma, precision)           distance in pixels beyond which weights fall below precision
    weigh(pixel, mu, peak, sigma)     weights up to a factor, 1 or less at the pixel `peak`
    lattice_sum(offset, sigma)        their sum over the endless lattice; offset is mu - peak
    """

    reach: Callable[[float, float], float]
    weigh: Callable[[NDArray[Any], Floats, Floats, float], Floats]
    lattice_sum: Callable[[Floats, float], Floats]


def _gaussian_reach(sigma: float, precision: float) -> float:
    return sigma * math.sqrt(-2 * math.log(precision))


def _gaussian(pixel: NDArray[Any], mu: Floats, peak: Floats, sigma: float) -> Floats:
    # (a - mu)^2 - (peak - mu)^2 as a product: exact where the squares would cancel
    weights: Floats = np.exp((pixel - peak) * (mu - (pixel + peak) / 2) / sigma**2)
    return weights


def _gaussian_lattice_sum(offset: Floats, sigma: float) -> Floats:
    if sigma >= 2:  # Poisson's sum formula: the next term is exp(-2 (pi sigma)^2) < 1e-34
        total: Floats = math.sqrt(2 * math.pi) * sigma * np.exp(offset**2 / (2 * sigma**2))
        return total
    k = np.arange(-18, 19)
    return np.asarray(np.exp(k * (offset[:, None] - k / 2) / sigma**2).sum(axis=1))


def _box_reach(sigma: float, precision: float) -> float:
    return sigma * math.sqrt(3) + 0.5


def _box(pixel: NDArray[Any], mu: Floats, peak: Floats, sigma: float) -> Floats:
    half = sigma * math.sqrt(3)
    return np.clip(half - (np.abs(pixel - mu) - 0.5), 0, min(2 * half, 1))


def _box_lattice_sum(offset: Floats, sigma: float) -> Floats:
    return np.full(offset.shape, sigma * math.sqrt(12))


KERNEL_TABLE: dict[Kernel, KernelShape] = {
    "gaussian": KernelShape(_gaussian_reach, _gaussian, _gaussian_lattice_sum),
    "box": KernelShape(_box_reach, _box, _box_lattice_sum),
}
