"""The kernels: what one filter weighs, and the slopes of that, each formula beside its derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from glimpse.array_api import arange_like, cast, is_numpy_array, is_tensor, namespace
from glimpse.typing import Floats
from glimpse.window import Kernel


class KernelShape(NamedTuple):
    """The formulas of one kernel.

    A pixel is told by its distance u from the peak, the pixel nearest to the centre mu, and the centre
    by its offset ``mu - peak``. Arrays of any library will do for `weigh` and `lattice_sum`; the slopes
    are NumPy's. Slopes are with respect to mu as it grows, to mu as it falls (the same but at a kink,
    and counted per step up), and to sigma as it grows; the lattice sum's have no kinks.

    reach(sigma, precision)         distance in pixels beyond which weights fall below precision
    weigh(u, offset, sigma, xp)     weights up to a factor, never above 1 by their size
    slopes(u, offset, sigma)        their three slopes

    The contract, to which tests hold every row of the table: weights are finite, and not negative unless
    `signed`; over the endless lattice their sum is above zero, or every one of them is zero, where a filter
    falls between two pixels and takes the nearest one alone. A kernel may also have

    lattice_sum(offset, sigma, xp)  the sum over the endless lattice, where there is a formula for it
    lattice_slopes(offset, sigma)   its two slopes
    exponent(u, offset, sigma)      where weights are exponentials: of these, none above 0
    signed                          whether weights may be negative
    """

    reach: Callable[[float, float], float]
    weigh: Callable[[Any, Any, Any, Any], Any]
    slopes: Callable[[Floats, Floats, float], tuple[Floats, Floats, Floats]]
    lattice_sum: Callable[[Any, Any, Any], Any] | None = None
    lattice_slopes: Callable[[Floats, float], tuple[Floats, Floats]] | None = None
    exponent: Callable[[Any, Any, Any], Any] | None = None
    signed: bool = False


def of_distance(
    radius: float, weight: Callable[[Any, Any], Any], slope: Callable[[Floats], Floats], signed: bool = False
) -> KernelShape:
    """Return the formulas of a kernel that is a function of the distance from its centre alone.

    Parameters
    ----------
    radius : float
        The distance from which on weights are zero, in sigmas.
    weight : function of (x, xp)
        The weight at a distance of x sigmas, of either sign, within the radius; 1 at 0.
    slope : function of x
        The derivative of that, of NumPy's arrays.
    signed : bool
        Whether weights may be negative.
    """

    def weigh(u: Any, offset: Any, sigma: Any, xp: Any) -> Any:
        x = (u - cast(offset, u.dtype)) / sigma
        inside = xp.abs(x) < radius
        return xp.where(inside, weight(xp.where(inside, x, 0 * x), xp), 0 * x)

    def slopes(u: Floats, offset: Floats, sigma: float) -> tuple[Floats, Floats, Floats]:
        x = (u - offset) / sigma
        moved = np.where(np.abs(x) < radius, -slope(x) / sigma, 0.0)
        return moved, moved, moved * x

    return KernelShape(lambda sigma, _: radius * sigma, weigh, slopes, signed=signed)


_LATTICE = 512  # pixels of reach up to which a lattice is summed; wider sums grow as sigma does, to 1e-6


def lattice_sum(shape: KernelShape, offset: Any, sigma: Any, xp: Any) -> Any:
    """Return the sum of a kernel's weights over the endless lattice, by its formula or pixel by pixel."""
    if shape.lattice_sum:
        return shape.lattice_sum(offset, sigma, xp)
    pixels, narrow = _summed(
        shape, offset, xp.clip(sigma, None, _widest(shape)) if _is_array(sigma) else sigma
    )
    weights = shape.weigh(pixels, offset, narrow, xp)
    return xp.sum(weights, axis=-1, keepdims=True) * (sigma / narrow)


def lattice_slopes(shape: KernelShape, offset: Floats, sigma: float) -> tuple[Floats, Floats]:
    """Return how the lattice's sum grows with the centre and with sigma."""
    if shape.lattice_slopes:
        return shape.lattice_slopes(offset, sigma)
    pixels, narrow = _summed(shape, offset, sigma)
    moved, _, wider = (slope.sum(axis=-1, keepdims=True) for slope in shape.slopes(pixels, offset, narrow))
    if narrow == sigma:
        return moved, wider
    return moved * (sigma / narrow), lattice_sum(shape, offset, narrow, np) / narrow


def _summed(shape: KernelShape, offset: Any, sigma: Any) -> tuple[Any, Any]:
    """The pixels of a lattice that are summed, and the sigma for it: the given one, unless too wide."""
    if _is_array(sigma):
        half = _LATTICE
    else:
        sigma = min(sigma, _widest(shape))
        half = math.ceil(shape.reach(sigma, 2.0**-56)) + 1
    return arange_like(-half, half + 1, offset), sigma


def _widest(shape: KernelShape) -> float:
    """The sigma with which a kernel reaches as far as a lattice is summed."""
    return (_LATTICE - 1) / shape.reach(1.0, 2.0**-56)


def _is_array(sigma: Any) -> bool:
    return hasattr(sigma, "shape") and bool(sigma.shape)


def _gaussian_reach(sigma: float, precision: float) -> float:
    return sigma * math.sqrt(-2 * math.log(precision))


def _gaussian(u: Any, offset: Any, sigma: Any, xp: Any) -> Any:
    # (u - offset)^2 - offset^2 as a product: exact where the squares would cancel
    exponent = u * (cast(offset, u.dtype) - u / 2) / sigma**2
    return xp.exp(exponent if xp is np else xp.clip(exponent, _least(u), None))


def _gaussian_exponent(u: Any, offset: Any, sigma: Any) -> Any:
    # the same product; the difference comes before the large factor of a sharp filter
    offset, sharp = cast(offset, u.dtype), cast(sigma**-2, u.dtype)
    if is_tensor(u):
        return (u * offset.sub(u, alpha=0.5) * sharp).clamp(_least(u))  # one pass less over all the pixels
    if not is_numpy_array(u):
        return namespace(u).clip(u * (offset - u / 2) * sharp, _least(u), None)
    exponent = np.multiply(u, -0.5)
    exponent += offset  # in place: new arrays take longer than their numbers
    exponent *= u
    exponent *= sharp
    return np.maximum(exponent, _least(u), out=exponent)


def _least(u: Any) -> float:
    """The exponent of a weight that never shows, and whose square is still a number of full precision.

    Smaller numbers take twenty times as long to multiply.
    """
    return -1.25 * float(namespace(u).finfo(u.dtype).bits)


def _gaussian_slopes(u: Floats, offset: Floats, sigma: float) -> tuple[Floats, Floats, Floats]:
    # of exp(u (offset - u / 2) / sigma^2), which is the bell times exp(offset^2 / (2 sigma^2)): the factor is
    # the same for all pixels of a filter, and goes with its sum
    moved = _gaussian(u, offset, sigma, np) * u / sigma**2
    return moved, moved, moved * (u - 2 * offset) / sigma


def _gaussian_lattice_sum(offset: Any, sigma: Any, xp: Any) -> Any:
    # Poisson's sum formula: from sigma = 2 its next term is exp(-2 (pi sigma)^2) < 1e-34
    sharp = sigma < 2
    wide, narrow = xp.where(sharp, 2.0, sigma), xp.where(sharp, sigma, 2.0)
    terms = _gaussian(arange_like(-18, 19, offset), offset, narrow, xp)
    # the integral of the bell, times the same factor
    smooth = math.sqrt(2 * math.pi) * wide * xp.exp(offset**2 / (2 * wide**2))
    return xp.where(sharp, xp.sum(terms, axis=-1, keepdims=True), smooth)


def _gaussian_lattice_slopes(offset: Floats, sigma: float) -> tuple[Floats, Floats]:
    if sigma >= 2:
        total = _gaussian_lattice_sum(offset, sigma, np)
        return total * offset / sigma**2, total * (1 - (offset / sigma) ** 2) / sigma
    moved, _, wider = _gaussian_slopes(np.arange(-18.0, 19.0), offset, sigma)
    return moved.sum(axis=-1, keepdims=True), wider.sum(axis=-1, keepdims=True)


def _box_reach(sigma: float, precision: float) -> float:
    return sigma * math.sqrt(3) + 0.5


def _box(u: Any, offset: Any, sigma: Any, xp: Any) -> Any:
    half = sigma * math.sqrt(3)
    # a far box is trimmed to its near end, before the few digits of its pixels count from a far centre
    far = xp.clip(xp.abs(offset) - 1, 0, None)
    near, reached = cast(xp.clip(offset, -1, 1), u.dtype), cast(half - far, u.dtype)
    # the part of the pixel that the box covers: a ramp at either end, never more than the pixel or the box
    ramp = xp.clip(reached - (xp.abs(u - near) - 0.5), 0, None)
    return xp.minimum(ramp, xp.clip(cast(2 * half + 0 * offset, u.dtype), None, 1))


def _box_slopes(u: Floats, offset: Floats, sigma: float) -> tuple[Floats, Floats, Floats]:
    half = sigma * math.sqrt(3)
    ramp, top = half - (np.abs(u - offset) - 0.5), min(2 * half, 1.0)
    # an end of the box that lies within a pixel moves with mu, and by sqrt(3) with sigma; a box narrower than
    # a pixel, with both its ends in one, moves as a whole and grows by both
    rising, falling = (ramp >= 0) & (ramp < top), (ramp > 0) & (ramp <= top)
    grows = np.where(u > offset, rising, -1.0 * falling)
    falls = np.where(u < offset, -1.0 * rising, falling)
    within = rising if half >= 0.5 else rising | falling
    wider = np.where(within, math.sqrt(3), np.where((ramp > top) & (half < 0.5), math.sqrt(12), 0.0))
    return grows, falls, wider


def _box_lattice_sum(offset: Any, sigma: Any, xp: Any) -> Any:
    return 0 * offset + sigma * math.sqrt(12)


def _box_lattice_slopes(offset: Floats, sigma: float) -> tuple[Floats, Floats]:
    return np.zeros(offset.shape), np.full(offset.shape, math.sqrt(12))


KERNEL_TABLE: dict[Kernel, KernelShape] = {
    "gaussian": KernelShape(
        _gaussian_reach,
        _gaussian,
        _gaussian_slopes,
        _gaussian_lattice_sum,
        _gaussian_lattice_slopes,
        _gaussian_exponent,
    ),
    "box": KernelShape(_box_reach, _box, _box_slopes, _box_lattice_sum, _box_lattice_slopes),
}
