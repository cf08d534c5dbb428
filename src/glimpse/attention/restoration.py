"""Patches restored: canvases to look at, of one patch or of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glimpse.array_api import namespace
from glimpse.attention import blending, tensors
from glimpse.attention.coverage import balanced_matrix, flat_matrix
from glimpse.attention.inverse import deconvolved
from glimpse.attention.layer import check_method, expand_cols, expand_rows, write
from glimpse.attention.shapes import check_fit, spatial
from glimpse.errors import GlimpseError
from glimpse.typing import Array
from glimpse.validation import checked_sides
from glimpse.window import BLENDS, Blend, Method, Window


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
        Multiply the bare canvas of `write` by this number instead.

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

    The inverse is divided in the same way: of the canvases so divided it is the one that reads as the patch.
    It has no mesh, where the smallest canvas, that of `write`, has one. It still overshoots by a seventh
    within two strides of the border, since the outermost filters see the black outside as well.

    Examples
    --------
    >>> window = Window(gx=2, gy=2, delta=1, sigma=0.5, n=3)
    >>> restore(np.full((3, 3), 6.0), window, (5, 5))[1:4, 1:4].round(9)
    array([[6., 6., 6.],
           [6., 6., 6.],
           [6., 6., 6.]])
    """
    if gain is not None:
        return _gained(write(patch, window, shape, method=method, channel_axis=channel_axis), gain)
    shape = checked_sides(shape)
    check_method(method)
    if tensors.involves(patch, window):
        return _dense(patch, window, shape, method, channel_axis)
    one = blending.layer(patch, window, shape, method=method, channel_axis=channel_axis)
    wide = expand_cols(one.cols, one.samples, one.col)
    return expand_rows(wide, one.rows, one.cols, shape, one.row, one.col)


def _dense(
    patch: Any, window: Window, shape: tuple[int, int], method: Method, channel_axis: int | None
) -> Array:
    """`restore` for arrays of other libraries."""
    given = tensors.spatial(patch, window, channel_axis)
    check_fit(window, given.shape, given.ndim - 2, given.ndim - 1)
    samples = given
    if method == "inverse":
        samples = deconvolved(*tensors.matrices(given, window, shape, balanced_matrix)[:3])
    front = None if channel_axis is None else -3
    canvas = tensors.write(samples, window, shape, "transpose", front, flat_matrix)
    return tensors.channels_back(canvas, channel_axis, given.ndim)  # type: ignore[no-any-return]


def restore_many(
    patches: Sequence[Any],
    windows: Sequence[Window],
    shape: tuple[int, int],
    *,
    blend: Blend = "mean",
    onto: ArrayLike | None = None,
    gain: float | None = None,
    method: Method = "transpose",
    channel_axis: int | None = None,
) -> Array:
    """Restore many patches onto one canvas, where overlapping glimpses of one scene agree.

    Parameters
    ----------
    patches : sequence of array_like, each (..., N, M), with a channel axis if `channel_axis` names it
        Samples, as for `restore`; their sizes may differ, their channels may not. A stack of them will do.
    windows : sequence of Window
        Where each patch belongs.
    shape : (int, int)
        Rows and columns (A, B) of the canvas.
    blend : {"mean", "add"}
        The mean of the patches, in which the finer ones win: each weighs 1 / (stride of rows x stride of
        columns). Or their sum, the canvas of DRAW.
    onto : array_like or None
        A picture of the canvas's shape and channels to lay the patches on, instead of black. The mean hides
        it as far as it is opaque, the sum is added to it.
    gain : float or None
        Multiply the bare canvases by this number; they only add up.
    method, channel_axis
        As for `write`.

    Returns
    -------
    ndarray, shape (..., A, B)
        The canvas, as of `restore`; of one patch alone it is the same.

    Raises
    ------
    GlimpseError
        As `restore` does; if patches and windows differ in number; if channels differ; if `blend` is
        unknown, or a gain is given for a mean.

    Notes
    -----
    With R a restored patch and alpha its opacity, which is what a flat patch of 1 restores to, the mean is
    ``sum(w R) / sum(w alpha)``, shown with the opacity ``min(1, sum(alpha))``.

    Examples
    --------
    >>> from glimpse import read
    >>> image = np.add.outer(np.arange(40.0), np.arange(60.0))
    >>> windows = [Window(gx=20, gy=gy, delta=2, sigma=1, n=16) for gy in (15, 30, 45)]
    >>> canvas = restore_many([read(image, window) for window in windows], windows, image.shape)
    >>> bool(np.abs(canvas - image)[8:32, 4:56].max() < 1)
    True
    """
    _check_many(patches, windows, blend, gain)
    how: dict[str, Any] = {"gain": gain, "method": method, "channel_axis": channel_axis}
    pairs = list(zip(patches, windows, strict=True))
    if any(tensors.involves(patch, window) for patch, window in pairs):
        return _many_tensors(pairs, checked_sides(shape), blend, onto, how)
    layers = [blending.layer(patch, window, checked_sides(shape), **how) for patch, window in pairs]
    below = None if onto is None else spatial(np.asanyarray(onto), channel_axis)[0]
    blending.check_alike(layers, checked_sides(shape), below)
    return blending.lay(layers, checked_sides(shape), blend, below)


def _check_many(patches: Sequence[Any], windows: Sequence[Window], blend: Blend, gain: float | None) -> None:
    if len(patches) != len(windows) or not len(patches):
        raise GlimpseError(f"each patch needs a window: got {len(patches)} patches, {len(windows)} windows")
    if blend not in BLENDS:
        raise GlimpseError(f"blend must be {' or '.join(BLENDS)}, got {blend!r}")
    if gain is not None and blend == "mean":
        raise GlimpseError("a gain is of bare canvases, which add up; give blend='add' with it")


def _many_tensors(
    pairs: list[tuple[Any, Window]], shape: tuple[int, int], blend: Blend, onto: Any, how: dict[str, Any]
) -> Array:
    """`restore_many` for arrays of other libraries."""
    canvases = [restore(patch, window, shape, **how) for patch, window in pairs]
    below: Any = 0 if onto is None else onto
    if blend == "add":
        total: Array = sum(canvases, start=below)
        return total
    flat = [(0 * patch + 1, replace(window, gamma=1.0)) for patch, window in pairs]
    alphas = [restore(one, window, shape, channel_axis=how["channel_axis"]) for one, window in flat]
    weights = [1 / (down.delta * across.delta) for down, across in (w.axes(shape) for _, w in pairs)]
    light, weight = (
        sum(w * array for w, array in zip(weights, arrays, strict=True)) for arrays in (canvases, alphas)
    )
    xp = namespace(light)
    opacity = xp.clip(sum(alphas), None, 1)
    mean: Array = light * opacity / xp.where(weight > 0, weight, 1.0) + below * (1 - opacity)
    return mean


def _gained(canvas: Array, gain: float) -> Array:
    """The canvas times a number, in the canvas's own precision."""
    scaled: Array = canvas * (canvas.dtype.type(gain) if isinstance(canvas, np.ndarray) else gain)
    return scaled
