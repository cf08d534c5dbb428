"""Patches restored: canvases to look at, of one patch or of many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike

from glimpse.array_api import asarray_like, constant, namespace
from glimpse.attention import blending
from glimpse.attention.banded import float_type
from glimpse.attention.coverage import balanced, flat_matrix
from glimpse.attention.edits import find_edit, put_back
from glimpse.attention.layer import expand_cols, expand_rows, read, write
from glimpse.attention.shapes import check_finite, involves_tensors, spatial
from glimpse.attention.signals import Look, along
from glimpse.errors import GlimpseError
from glimpse.typing import Array, Plain
from glimpse.validation import checked_choice, checked_one, checked_sides, told
from glimpse.window import BLENDS, METHODS, Blend, Method, Window


@overload
def restore(
    patch: Plain,
    window: Look,
    shape: Any,
    *,
    gain: float | None = ...,
    method: Method = ...,
    channel_axis: int | None = ...,
) -> Array: ...


@overload
def restore(
    patch: Any,
    window: Look,
    shape: Any,
    *,
    gain: float | None = ...,
    method: Method = ...,
    channel_axis: int | None = ...,
) -> Any: ...


def restore(
    patch: Any,
    window: Look,
    shape: Any,
    *,
    gain: float | None = None,
    method: Method = "transpose",
    channel_axis: int | None = None,
) -> Any:
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
    if not isinstance(window, Window):
        return along(restore, patch, window, shape, channel_axis, gain=gain, method=method)
    if gain is not None:
        gain = checked_one("gain", gain, positive=False)
        bare = write(patch, window, shape, method=method, channel_axis=channel_axis)
        return bare * (bare.dtype.type(gain) if isinstance(bare, np.ndarray) else gain)
    shape = checked_sides(shape)
    checked_choice("method", method, METHODS)
    if involves_tensors(patch, window):
        from glimpse.attention import tensors  # which NumPy's arrays need not wait for

        return tensors.write(patch, window, shape, method, channel_axis, flat_matrix, balanced)
    one = blending.layer(patch, window, shape, method=method, channel_axis=channel_axis)
    wide = expand_cols(one.cols, one.samples, one.col)
    return expand_rows(wide, one.rows, one.cols, shape, one.row, one.col)


def restore_many(
    patches: Sequence[Any],
    windows: Sequence[Window],
    shape: tuple[int, int],
    *,
    blend: Blend = "refine",
    onto: ArrayLike | None = None,
    tolerance: float = 0.5,
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
    blend : {"refine", "mean", "add"}
        Coarse strides first, each patch writes what the canvas does not yet say of it, which is DRAW's step
        ``write(x - read(canvas))``. Or the mean of the patches, in which the finer ones win: each weighs
        1 / (stride of rows x stride of columns). Or their sum, the canvas of DRAW.
    onto : array_like or None
        A picture of the canvas's shape and channels to lay the patches on, instead of black. Refined, it
        takes what was edited on patches that were read from it, and keeps all else bit for bit (see Notes).
        The mean hides it as far as it is opaque, the sum is added to it.
    tolerance : float
        A sample of a refined picture is untouched if no channel is further off what the picture reads than so
        many levels.
    gain : float or None
        Multiply the bare canvases by this number; they only add up.
    method, channel_axis
        As for `write`; where several patches refine a canvas, or a picture is refined, the method has no say.

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

    What a refined picture gains is told in `glimpse.attention.edits`: its own detail follows the edit, so
    that what is painted into a small patch reaches the full picture without a loss of sharpness. Levels of
    uint8 and uint16 pictures saturate in the patch as they do in a file.

    Examples
    --------
    >>> from glimpse import read
    >>> image = np.add.outer(np.arange(40.0), np.arange(60.0))
    >>> windows = [Window(gx=20, gy=gy, delta=2, sigma=1, n=16) for gy in (15, 30, 45)]
    >>> canvas = restore_many([read(image, window) for window in windows], windows, image.shape)
    >>> bool(np.abs(canvas - image)[8:32, 4:56].max() < 1)
    True
    """
    if isinstance(windows, Window):
        raise GlimpseError("windows are a list with one for each patch, got a single Window: [window]")
    if not _listed(patches) or not _listed(windows):
        wrong = windows if _listed(patches) else patches
        raise GlimpseError(f"patches and windows are lists with a window for each patch, got {told(wrong)}")
    if len(patches) != len(windows) or not len(patches):
        raise GlimpseError(f"each patch needs a window: got {len(patches)} patches, {len(windows)} windows")
    checked_choice("blend", blend, BLENDS)
    checked_choice("method", method, METHODS)
    tolerance = checked_one("tolerance", tolerance, positive=False)
    if gain is not None:
        gain = checked_one("gain", gain, positive=False)
    if gain is not None and blend != "add":
        raise GlimpseError("a gain is of bare canvases, which add up; give blend='add' with it")
    pairs = list(zip(patches, windows, strict=True))
    foreign = [involves_tensors(*pair) for pair in pairs]
    shape = checked_sides(shape)
    if any(foreign):
        return _many_tensors(pairs, shape, blend, onto, gain, method, channel_axis)
    bare: Method = "transpose" if blend == "refine" and len(pairs) > 1 else method
    layers = [
        blending.layer(patch, window, shape, gain=gain, method=bare, channel_axis=channel_axis)
        for patch, window in pairs
    ]
    below = None if onto is None else spatial(onto, channel_axis)[0]
    blending.check_alike(layers, shape, below)
    if below is not None and blend == "mean":
        check_finite(below, {})
    if below is None or blend != "refine":
        return blending.lay(layers, shape, blend, below)
    row, col = layers[0].row, layers[0].col
    white = {"u1": 255, "u2": 65535}.get(below.dtype.str[1:])
    picture = _channels_last(below, row, col)
    found = [
        find_edit(
            _channels_last(np.asarray(patch), row, col), window, picture, white=white, tolerance=tolerance
        )
        for patch, window in pairs
    ]
    canvas = below.astype(np.result_type(float_type(below.dtype), *(each.samples.dtype for each in layers)))
    flat = _channels_last(canvas, row, col)
    put_back(found, flat, white)
    return np.moveaxis(flat.reshape(*shape, *(np.delete(canvas.shape, (row, col)))), (0, 1), (row, col))


def _channels_last(array: Array, row: int, col: int) -> Array:
    """The array with all axes but rows and columns as one, the last."""
    turned = np.moveaxis(array, (row, col), (0, 1))
    return turned.reshape(*turned.shape[:2], -1)


class _Whole(NamedTuple):
    """A patch on a canvas by whole matrices, every step with its gradient."""

    samples: Any
    window: Window
    shape: tuple[int, int]
    channel_axis: int | None

    @property
    def weight(self) -> Any:
        """The weight of the patch in the mean."""
        return 1 / math.prod(self.window.strides)

    @property
    def opacity(self) -> Any:
        """The canvas of a flat patch of 1."""
        return self._replace(window=replace(self.window, gamma=1.0)).write(constant(0 * self.samples + 1))

    def rim(self, canvas: Array) -> Array:
        """The fading rim of the samples, as an array like a canvas."""
        line = asarray_like(blending.fading_rim(self.window.axes(self.shape)), canvas, canvas.dtype)
        sides = [
            k for k in range(canvas.ndim) if self.channel_axis is None or k != self.channel_axis % canvas.ndim
        ]
        return blending.spread(line, canvas.ndim, *sides[-2:])

    def read(self, pixels: Any) -> Any:
        return read(pixels, self.window, channel_axis=self.channel_axis)

    def write(self, samples: Any) -> Any:
        return restore(samples, self.window, self.shape, channel_axis=self.channel_axis)

    def reread(self, samples: Any) -> Any:
        return self.read(self.write(samples))


def _many_tensors(
    pairs: list[tuple[Any, Window]],
    shape: tuple[int, int],
    blend: Blend,
    onto: Any,
    gain: float | None,
    method: Method,
    channel_axis: int | None,
) -> Array:
    """`restore_many` for arrays of other libraries."""
    below: Any = 0 if onto is None else onto
    layers = [_Whole(*pair, shape, channel_axis) for pair in pairs]
    if blend == "refine" and (len(pairs) > 1 or onto is not None):
        return _refined_tensors(layers, onto)
    canvases = [
        restore(patch, window, shape, gain=gain, method=method, channel_axis=channel_axis)
        for patch, window in pairs
    ]
    if blend != "mean":
        total: Array = sum(canvases, start=below)
        return total
    light, opacity = _mean_of_tensors(layers, canvases)
    mean: Array = light + below * (1 - opacity)
    return mean


def _mean_of_tensors(layers: Sequence[_Whole], canvases: list[Array]) -> tuple[Any, Any]:
    """The mean of restored patches, and how opaque it is."""
    weights, alphas = [each.weight for each in layers], [each.opacity for each in layers]
    light, weight = (
        sum(w * array for w, array in zip(weights, arrays, strict=True)) for arrays in (canvases, alphas)
    )
    opacity, share = blending.shares(weight, sum(alphas))
    return light * share, opacity


def _refined_tensors(layers: Sequence[_Whole], onto: Any) -> Array:
    """`blending.refined` for arrays of other libraries; a picture below is a canvas that is opaque."""
    if any(getattr(window.gx, "ndim", 0) or getattr(window.gy, "ndim", 0) for _, window, *_ in layers):
        raise GlimpseError("a batch of windows refines no canvas; give blend='mean'")
    layers = [
        each._replace(samples=each.samples / each.window.gamma, window=replace(each.window, gamma=1.0))
        for each in layers
    ]
    light: Any = 0 if onto is None else onto
    opacity: Any = 0 if onto is None else 0 * onto + 1
    for group in blending.coarse_first(layers):
        mean, shown = _mean_of_tensors(group, [each.write(each.samples) for each in group])
        light, opacity = light + (1 - opacity) * mean, opacity + (1 - opacity) * shown
        for each in group:
            light = light + blending.unsaid(each, each.samples, each.rim(light), light, opacity)
    return light if onto is not None else namespace(light).clip(light, *blending.levels_of(layers))  # type: ignore[no-any-return]


def _listed(many: object) -> bool:
    """Tell whether this is a sequence, or an array of several."""
    plain = isinstance(many, Sequence) and not isinstance(many, (str, bytes))
    return plain or (hasattr(many, "__getitem__") and len(getattr(many, "shape", ())) > 0)
