"""The derivatives of the attention layer, by the product rule; the gradients of arrays are the layer itself.

``read`` and ``write`` are two faces of one number, ``<patch, Fx @ image @ Fy.T>``, linear in the patch and in
the image. So the gradient of `read` with respect to its image is `write`, that of `write` with respect to
its patch is `read`, and the derivatives by the window's numbers are the same for both but for gamma.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glimpse.attention.banded import (
    Band,
    Strip,
    add,
    as_matrix,
    axis_back,
    axis_last,
    contract,
    empty_output,
    float_type,
    index,
    inner,
    strips,
)
from glimpse.attention.banks import Partials, band_partials
from glimpse.attention.layer import axes_to_read, expand_cols, expand_rows, read
from glimpse.attention.shapes import ChannelAxis, check_finite, refuse_tensors, resolved, samples_of, spatial
from glimpse.attention.signals import Look, slopes_along
from glimpse.errors import GlimpseError
from glimpse.typing import Array, Floats
from glimpse.validation import checked_sides
from glimpse.window import Window, per_axis

Gradients = dict[str, Any]
"""By name: of gx, gy and gamma a number; of delta and sigma one too, or (rows, columns) as the window's."""


def read_vjp(
    image: ArrayLike, window: Look, cotangent: ArrayLike, *, channel_axis: ChannelAxis = "auto"
) -> tuple[Array, Gradients]:
    """Return the gradients of ``sum(cotangent * read(image, window))``.

    Parameters
    ----------
    image, window, channel_axis
        As for `read`.
    cotangent : array_like
        Of the patch's shape: how the result grows with each sample.

    Returns
    -------
    ndarray, of the image's shape
        The gradient with respect to the image: `write` of the cotangent, times gamma.
    dict
        The gradients, by name, with respect to gx, gy, delta, sigma (per pixel) and gamma; (rows, columns)
        where the window's delta or sigma is; of a `Span` center, delta, sigma and gamma. At the kinks of a
        box filter they are the slopes towards a larger number.

    Raises
    ------
    GlimpseError
        As `read` does, or if the cotangent has another shape than the patch.

    Examples
    --------
    The mean of a ramp grows by its slope as the window moves down, and not at all across:

    >>> image = np.arange(20.0)[:, None] * np.ones(30)
    >>> window = Window(gx=9, gy=14, delta=2, sigma=1, n=4)
    >>> gradient, slopes = read_vjp(image, window, np.full((4, 4), 1 / 16))
    >>> gradient.shape, round(slopes["gx"], 3), abs(round(slopes["gy"], 3))
    ((20, 30), 1.0, 0.0)
    """
    if not isinstance(window, Window):
        return slopes_along(read_vjp, image, window, cotangent, channel_axis=channel_axis)
    refuse_tensors("read_vjp", image, window)
    image, row, col = spatial(image, channel_axis)
    shape = (image.shape[row], image.shape[col])
    cotangent = _fitting(cotangent, image, {row: window.shape[0], col: window.shape[1]})
    (rows, _), (cols, _) = banks = _banks(window, image, row, col)
    wide = expand_cols(cols, cotangent, col)
    with np.errstate(over="ignore", invalid="ignore"):
        value, slopes = _pairing(cotangent, wide, banks, image, row, col)
    if not math.isfinite(value):
        read(image, window, channel_axis=channel_axis)  # names the pixel
    # the adjoint of `read` is gamma * Fx.T @ cotangent @ Fy; `write` would divide by gamma
    scaled = rows._replace(weights=rows.weights * window.gamma)
    back = expand_rows(wide, scaled, cols, shape, row, col)
    slopes = {name: per_axis(lambda slope: window.gamma * slope, slope) for name, slope in slopes.items()}
    return back, _as_given(window, slopes) | {"gamma": value}


def write_vjp(
    patch: ArrayLike,
    window: Look,
    shape: Any,
    cotangent: ArrayLike,
    *,
    channel_axis: int | None = None,
) -> tuple[Array, Gradients]:
    """Return the gradients of ``sum(cotangent * write(patch, window, shape))``.

    Parameters
    ----------
    patch, window, shape, channel_axis
        As for `write`, by its transpose.
    cotangent : array_like
        Of the canvas's shape: how the result grows with each pixel.

    Returns
    -------
    ndarray, of the patch's shape
        The gradient with respect to the patch: `read` of the cotangent, divided by gamma.
    dict
        The gradients, by name, as of `read_vjp`.

    Raises
    ------
    GlimpseError
        As `write` does, or if the cotangent has another shape than the canvas.
    """
    if not isinstance(window, Window):
        return slopes_along(write_vjp, patch, window, shape, cotangent, channel_axis=channel_axis)
    refuse_tensors("write_vjp", patch, window)
    shape = checked_sides(shape)
    patch, row, col = samples_of(patch, window, channel_axis)
    cotangent = _fitting(cotangent, patch, {row: shape[0], col: shape[1]})
    # of Fx.T @ patch @ Fy / gamma the adjoint is Fx @ cotangent @ Fy.T / gamma
    back = read(cotangent, replace(window, gamma=1 / window.gamma), channel_axis=channel_axis)
    samples, banks = patch.astype(back.dtype, copy=False), _banks(window, cotangent, row, col)
    wide = expand_cols(banks[1][0], samples, col)
    value, slopes = _pairing(samples, wide, banks, cotangent, row, col)
    slopes = {name: per_axis(lambda slope: slope / window.gamma, slope) for name, slope in slopes.items()}
    return back, _as_given(window, slopes) | {"gamma": -value / window.gamma**2}


def read_jacobian(
    image: ArrayLike, window: Look, *, channel_axis: ChannelAxis = "auto"
) -> tuple[Array, dict[str, Any]]:
    """Return the patch, and how each of its samples grows with each number of the window.

    Parameters
    ----------
    image, window, channel_axis
        As for `read`.

    Returns
    -------
    patch : ndarray
        As from `read`.
    jacobian : dict
        Of gx, gy, delta, sigma and gamma by name, each an ndarray of the patch's shape: levels per
        pixel, for gamma levels; of a delta or sigma that is (rows, columns) two of them. At the kinks of a
        box filter they are the slopes towards a larger number.

    Raises
    ------
    GlimpseError
        As `read` does.
    """
    if not isinstance(window, Window):
        return slopes_along(read_jacobian, image, window, channel_axis=channel_axis)
    refuse_tensors("read_jacobian", image, window)
    with np.errstate(over="ignore", invalid="ignore"):
        patch, jacobian = jacobian_by_axis(image, window, channel_axis=channel_axis)
    if not np.isfinite(patch).all():
        read(image, window, channel_axis=channel_axis)  # names the pixel
    return patch, _as_given(window, jacobian)


def jacobian_by_axis(
    image: ArrayLike, window: Window, *, channel_axis: ChannelAxis = "auto"
) -> tuple[Array, dict[str, Any]]:
    """Return `read_jacobian` with (rows, columns) of delta and of sigma, be they one number or two."""
    image, row, col = spatial(image, channel_axis)
    (rows, down), (cols, across) = _banks(window, image, row, col)
    # of each four lines one is Fx @ image, the others are its slopes by gx, delta and sigma of the rows; the
    # slopes of Fy are taken of the first alone
    tall = contract(_stacked(rows, rows.weights, *down), image, row, {col: cols.span})
    lines, last = axis_last(tall, col), image.ndim - 1
    by_rows = contract(cols.local, lines, last)
    flat = lines[index(lines, {row: slice(None, None, 4)})]
    by_cols = contract(_stacked(cols.local, *across), flat, last)

    def part(lines: Array, axis: int, first: int, step: int, factor: float = window.gamma) -> Array:
        return axis_back(lines[index(lines, {axis: slice(first, None, step)})], col, factor)

    patch, gx, delta, sigma = (part(by_rows, row, k, 4) for k in range(4))
    gy, spread, wider = (part(by_cols, last, k, 3) for k in range(3))
    jacobian = {"gx": gx, "gy": gy, "delta": (delta, spread), "sigma": (sigma, wider)}
    return patch, jacobian | {"gamma": part(by_rows, row, 0, 4, 1.0)}


def _as_given(window: Window, slopes: dict[str, Any]) -> dict[str, Any]:
    """The slopes by delta and sigma of both axes together, where the window has one number for both."""
    together = [name for name in ("delta", "sigma") if not isinstance(getattr(window, name), tuple)]
    return slopes | {name: slopes[name][0] + slopes[name][1] for name in together}


def _stacked(bank: Band, *weights: Floats) -> Band:
    """One bank of several over the same pixels, in turns, so that one walk over the pixels does for all."""
    many = len(weights)
    lines = np.stack(weights, axis=1).reshape(-1, weights[0].shape[1])
    return Band(bank.start.repeat(many), lines, bank.block_size * many)


def _banks(window: Window, image: Array, row: int, col: int) -> list[tuple[Band, Partials]]:
    return [band_partials(*bank) for bank in axes_to_read(window, image, row, col)]


def _pairing(
    patch: Array, wide: Array, banks: list[tuple[Band, Partials]], image: Array, row: int, col: int
) -> tuple[float, Gradients]:
    """``<patch, Fx @ image @ Fy.T>`` and its slopes, by delta and sigma per axis; wide is ``patch @ Fy``."""
    (rows, down), (cols, across) = banks
    # by each weight of Fx it grows as patch @ Fy @ image.T, by each of Fy as patch.T @ Fx @ image; these are
    # summed where the bands have weights, and by the chain rule with the weights' own slopes
    by_row, by_col = np.zeros(rows.weights.shape), np.zeros(cols.weights.shape)
    spans, last = {col: cols.span}, image.ndim - 1
    tall, sums = empty_output(len(rows.start), image, row, spans, zeros=not rows.block_size)
    lines = as_matrix(wide, row)
    for strip in strips(rows, image, row, spans):
        add(strip, sums)
        _weigh(by_row, rows, strip, lines)
    lines = as_matrix(axis_last(patch, col), last)
    for strip in strips(cols.local, axis_last(tall, col), last):
        _weigh(by_col, cols.local, strip, lines)
    gx, *of_rows = (float((slopes * by_row).sum()) for slopes in down)
    gy, *of_cols = (float((slopes * by_col).sum()) for slopes in across)
    value = float((cols.weights * by_col).sum())
    delta, sigma = zip(of_rows, of_cols, strict=True)
    return value, {"gx": gx, "gy": gy, "delta": delta, "sigma": sigma}


def _weigh(grows: Floats, bank: Band, strip: Strip, lines: Floats) -> None:
    """Add how ``<samples, F @ x>`` grows with each weight of F, shape (n, K), for one strip of x."""
    found = inner(lines[strip.filters, strip.columns], strip.part)
    if strip.whole:
        grows[strip.filters] = found
        return
    pixel = bank.start[strip.filters, None] + np.arange(grows.shape[1]) - strip.pixels.start
    here = (pixel >= 0) & (pixel < len(strip.part))
    grows[strip.filters] += np.where(here, np.take_along_axis(found, np.where(here, pixel, 0), axis=1), 0)


def _fitting(cotangent: ArrayLike, like: Any, sizes: dict[int, int]) -> Array:
    """The cotangent as floats, if it is of the shape of `like` but for these sizes."""
    array = resolved(cotangent, None)[0]
    shape = tuple(sizes.get(axis, size) for axis, size in enumerate(like.shape))
    if array.shape != shape:
        raise GlimpseError(f"the cotangent has shape {array.shape}, the result {shape}")
    if array.dtype.kind not in "biuf":
        raise GlimpseError(f"a cotangent is of real numbers, got {array.dtype}")
    check_finite(array, {}, "number of the cotangent")
    return np.asarray(array.astype(float_type(like.dtype), copy=False))
