"""Many restored patches on one canvas.

Their sum and their mean come strip by strip, so that memory holds a strip beside the result. Refined, the
whole canvas is held, since each patch writes what it does not yet say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from glimpse.array_api import arange_like, constant, is_not_numpy, namespace
from glimpse.attention.banded import Band, BlockSpec, expand, float_type, index
from glimpse.attention.banks import band, centers
from glimpse.attention.coverage import balanced, flattened
from glimpse.attention.layer import deconvolved, expand_cols
from glimpse.attention.matrices import filterbank
from glimpse.attention.roundtrip import RoundTrip, Trip, inverted
from glimpse.attention.shapes import samples_of
from glimpse.errors import GlimpseError
from glimpse.typing import Array, Floats
from glimpse.window import Axis, Blend, Method, Window

STRIP_BYTES = 1 << 23
"""Bytes of a strip's light: more takes more memory, less makes more strips that widen patches anew."""


STEPS = 8
"""Steps towards the inverse in which a patch refines a canvas: fewer are softer, more take longer."""

_RIM = 0.1  # share of the samples along each border whose differences fade, so that no patch ends in a step


class Layer(NamedTuple):
    """A patch made ready for a canvas, and how much of the canvas it hides."""

    samples: Floats
    rows: Band  # the banks that write the samples
    cols: Band
    axes: tuple[Axis, Axis]
    opacities: tuple[Floats, Floats]  # over the spans of rows and columns: what a flat patch of 1 restores to
    weight: float  # in the mean
    row: int  # the axes of the samples
    col: int


class Strip(NamedTuple):
    """Some rows of a canvas."""

    rows: slice
    light: Floats
    opacity: Floats | None  # (rows, columns), 0 to 1; None of light that adds up


def layer(
    patch: ArrayLike,
    window: Window,
    shape: tuple[int, int],
    *,
    gain: float | None = None,
    method: Method = "transpose",
    channel_axis: int | None = None,
) -> Layer:
    """Make ready what `restore` with these arguments lays on its canvas."""
    array, row, col = samples_of(patch, window, channel_axis)
    dtype = float_type(array.dtype)
    bare, axes = gain is not None, window.axes(shape)
    banks = [band(axis, BlockSpec(dtype)) for axis in axes]
    flat = list(map(flattened, banks, axes))
    rows, cols = banks if bare else flat
    if method == "inverse":
        array = deconvolved(array, [filterbank(*axis) if bare else balanced(axis) for axis in axes], row, col)
    samples = np.divide(array, window.gamma, dtype=dtype) * dtype.type(1 if gain is None else gain)
    down, across = (np.minimum(bank.coverage, 1).astype(dtype) for bank in flat)
    weight = 1 / (axes[0].delta * axes[1].delta)
    return Layer(samples, rows, cols, axes, (down, across), weight, row, col)


def strips(layers: Sequence[Layer], shape: tuple[int, int], blend: Blend) -> Iterator[Strip]:
    """Write layers of one kind on one canvas, and yield it strip by strip from the top.

    One layer alone is refined by nothing: it comes as it is.
    """
    first = layers[0]
    channels = first.samples.size // (first.samples.shape[first.row] * first.samples.shape[first.col])
    height = max(16, STRIP_BYTES // (shape[1] * channels * first.samples.itemsize))
    places = [slice(top, min(top + height, shape[0])) for top in range(0, shape[0], height)]
    if blend == "refine" and len(layers) > 1:
        light, opacity = refined(layers, shape)
        for rows in places:
            yield Strip(rows, light[index(light, {first.row: rows})], opacity[rows])
        return
    heaviest = max(each.weight for each in layers)
    layers = [each._replace(weight=each.weight / heaviest) for each in layers]  # one patch stays as it is
    for rows in places:
        yield (_added if blend == "add" else _averaged)(layers, rows, shape[1])


def refined(layers: Sequence[Layer], shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Write layers on one canvas, coarse strides first, each what the canvas does not yet say of it.

    Where nothing lies yet the mean of all layers of a stride is laid; then each of them reads the canvas and
    writes the difference, sharpened by some steps towards the inverse. Where the canvas ends, or is only
    partly opaque, it is compared with as much of the samples as is there, so that nothing overshoots.

    Returns
    -------
    light, opacity : ndarray
        The canvas, and how far it hides what lies below, shape (rows, columns).
    """
    first = layers[0]
    light = _black(layers, slice(0, shape[0]), shape[1])
    opacity = np.zeros(shape, light.dtype)
    for group in coarse_first(layers):
        for strip in strips(group, shape, "mean"):
            free = 1 - opacity[strip.rows]
            light[index(light, {first.row: strip.rows})] += strip.light * spread(
                free, light.ndim, first.row, first.col
            )
            opacity[strip.rows] += free * (0 if strip.opacity is None else strip.opacity)
        for each in group:
            _refine(each, light, opacity)
    return np.clip(light, *levels_of(layers), out=light), opacity


def coarse_first(layers: Sequence[Any]) -> Iterator[list[Any]]:
    """Yield the layers of each stride, the coarsest first."""
    for _, group in groupby(sorted(layers, key=lambda each: each.weight), key=lambda each: each.weight):
        yield list(group)


def levels_of(layers: Sequence[Any]) -> tuple[Any, Any]:
    """Return the least and the most level of layers and black, which a sharpened canvas would leave."""
    samples = [constant(each.samples) for each in layers]
    return min(0, *(each.min() for each in samples)), max(0, *(each.max() for each in samples))


def _refine(each: Layer, light: Floats, opacity: Floats) -> None:
    """Write on a canvas, in place, what it does not yet say of a layer."""
    reading = [band(axis, BlockSpec(each.samples.dtype)) for axis in each.axes]
    trip = RoundTrip((reading[0], reading[1]), (each.rows, each.cols), (each.row, each.col))
    rows, cols = trip.span
    here = index(light, {each.row: rows, each.col: cols})
    rim, opaque = (
        spread(part.astype(each.samples.dtype, copy=False), light.ndim, each.row, each.col)
        for part in (fading_rim(each.axes), opacity[rows, cols])
    )
    light[here] += unsaid(trip, each.samples, rim, light[here], opaque)


def unsaid(trip: Trip, samples: Any, rim: Any, light: Any, opacity: Any) -> Any:
    """Return the light that is missing where a canvas does not yet say what the samples do."""
    left = rim * (trip.read(opacity) * samples - trip.read(light))
    return trip.write(inverted(trip, left, STEPS))


def fading_rim(axes: tuple[Axis, Axis]) -> Any:
    """The share of each sample's difference that is written: less along the rim, none off the canvas."""
    lines = []
    for axis in axes:
        mu = centers(axis.n, axis.center, axis.delta)
        xp = namespace(mu)
        counts = arange_like(0, axis.n, mu) if is_not_numpy(mu) else np.arange(axis.n)
        inwards = xp.minimum(counts, axis.n - 1 - counts) + 0.5
        line = xp.clip(inwards / max(1, _RIM * axis.n), None, 1) ** 0.5
        lines.append(xp.where((mu >= -0.5) & (mu <= axis.size - 0.5), line, 0 * line))
    return namespace(*lines).minimum(lines[0][:, None], lines[1][None, :])


def _added(layers: Sequence[Layer], rows: slice, width: int) -> Strip:
    light = _black(layers, rows, width)
    for each in layers:
        for here, piece in _pieces(each, rows):
            light[index(light, dict(zip((each.row, each.col), here, strict=True)))] += piece
    return Strip(rows, light, None)


def _averaged(layers: Sequence[Layer], rows: slice, width: int) -> Strip:
    """The sum of weight times light over the sum of weight times opacity, as opaque as all are together."""
    light = _black(layers, rows, width)
    weight, opacity = np.zeros((2, rows.stop - rows.start, width), light.dtype)
    for each in layers:
        for here, piece in _pieces(each, rows):
            first = here[0].start + rows.start - each.rows.span.start
            down, across = each.opacities
            opaque = np.multiply.outer(down[first : first + here[0].stop - here[0].start], across)
            light[index(light, dict(zip((each.row, each.col), here, strict=True)))] += each.weight * piece
            weight[here] += each.weight * opaque
            opacity[here] += opaque
    opacity, share = shares(weight, opacity)
    light *= spread(share, light.ndim, layers[0].row, layers[0].col)
    return Strip(rows, light, opacity)


def shares(weight: Any, opacity: Any) -> tuple[Any, Any]:
    """Return how opaque a mean is, and what the sum of weighted lights is multiplied by to be shown so."""
    xp = namespace(weight)
    opacity = xp.clip(opacity, None, 1)
    return opacity, opacity / xp.where(weight > 0, weight, 1.0)  # a gradient is bounded before the light's


def spread(levels: Floats, ndim: int, row: int, col: int) -> Floats:
    """Give an array (rows, columns) axes of one, so that it goes with the channels of another."""
    return levels[tuple(slice(None) if axis in (row, col) else None for axis in range(ndim))]


def _black(layers: Sequence[Layer], rows: slice, width: int) -> Floats:
    first = layers[0]
    shape, dtype = list(first.samples.shape), np.result_type(*(each.samples.dtype for each in layers))
    shape[first.row], shape[first.col] = rows.stop - rows.start, width
    return np.zeros(shape, dtype)


def _pieces(each: Layer, rows: slice) -> Iterator[tuple[tuple[slice, slice], Floats]]:
    """The light of a layer on a strip, if any, and the rows and columns of the strip that it falls on."""
    bank = each.rows
    begin = int(np.searchsorted(bank.start, rows.start - bank.weights.shape[1], side="right"))
    end = int(np.searchsorted(bank.start, rows.stop, side="left"))
    if begin < end:
        filters = slice(begin, end)
        part = Band(bank.start[filters], bank.weights[filters])
        width, height = bank.weights.shape[1], rows.stop - rows.start
        if width > height:  # long filters on these rows only: each strip would else be the canvas
            start = np.clip(part.start, rows.start, rows.stop - height)
            at = (start - part.start)[:, None] + np.arange(height)
            weights = np.take_along_axis(part.weights, np.clip(at, 0, width - 1), axis=1)
            part = Band(start, np.where((at >= 0) & (at < width), weights, 0))
        samples = each.samples[index(each.samples, {each.row: filters})]
        whole = expand(part, expand_cols(each.cols, samples, each.col), each.row)
        spans = part.span, bank.span, rows
        top, bottom = max(span.start for span in spans), min(span.stop for span in spans)
        cut = slice(top - part.span.start, bottom - part.span.start)
        here = slice(top - rows.start, bottom - rows.start), each.cols.span
        yield here, whole[index(whole, {each.row: cut})]


def lay(layers: Sequence[Layer], shape: tuple[int, int], blend: Blend, onto: Array | None) -> Array:
    """Return the whole canvas, over black or over a picture of its shape."""
    first = layers[0]
    sides = list(first.samples.shape)
    sides[first.row], sides[first.col] = shape
    kinds = [each.samples.dtype for each in layers] + ([] if onto is None else [float_type(onto.dtype)])
    canvas: Array = np.empty(sides, np.result_type(*kinds))
    for strip in strips(layers, shape, blend):
        here = index(canvas, {first.row: strip.rows})
        canvas[here] = strip.light
        if onto is not None:
            canvas[here] += onto[here] * _shown(strip, canvas.ndim, first.row, first.col)
    return canvas


def _shown(strip: Strip, ndim: int, row: int, col: int) -> Any:
    """The share of the picture below that is seen through a strip."""
    return 1 if strip.opacity is None else 1 - spread(strip.opacity, ndim, row, col)


def check_alike(layers: Sequence[Layer], shape: tuple[int, int], onto: Array | None = None) -> None:
    """Refuse patches of different channels, and a picture below them of another shape or kind."""
    first = layers[0]
    kinds = [_channels(each.samples, each) for each in layers]
    if odd := [(number, kind) for number, kind in enumerate(kinds) if kind != kinds[0]]:
        raise GlimpseError(f"patch {odd[0][0]} has channels {odd[0][1]}, patch 0 has {kinds[0]}")
    if onto is None:
        return
    if onto.ndim != first.samples.ndim or _channels(onto, first) != kinds[0]:
        raise GlimpseError(f"a picture of shape {onto.shape} takes no patches with channels {kinds[0]}")
    if (rows := onto.shape[first.row], cols := onto.shape[first.col]) != shape:
        raise GlimpseError(f"a picture of {rows} x {cols} is no canvas of {shape[0]} x {shape[1]}")


def _channels(array: Array, each: Layer) -> tuple[int, ...]:
    return tuple(size for axis, size in enumerate(array.shape) if axis not in (each.row, each.col))
