"""One dimension, and three: a signal is an image of one row, a volume is looked at axis by axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from glimpse.array_api import is_not_numpy, is_picture, namespace
from glimpse.errors import GlimpseError
from glimpse.validation import checked_size, told
from glimpse.window import Window

if TYPE_CHECKING:
    from glimpse.window.span import Span

Look: TypeAlias = "Window | Span | Sequence[Span]"
"""Where to look: a window of two axes, a span of one, or a list of spans, one for each of the last axes."""


def along(
    function: Callable[..., Any], array: Any, look: Any, shape: Any, channel_axis: Any, **options: Any
) -> Any:
    """Return `read`, or with a shape `write` or `restore`, of an array by a span or several, axis by axis."""
    spans = spans_of(array, look)
    if is_picture(array):
        raise GlimpseError("a picture is looked at by a glimpse.Window; a Span is for signals")
    if shape is not None:
        given, shape = shape, list(shape) if isinstance(shape, (list, tuple)) else [shape]
        if len(shape) != len(spans):
            needed = (
                "a span needs a shape of 1 size"
                if len(spans) == 1
                else (f"{len(spans)} spans need a shape of {len(spans)} sizes")
            )
            raise GlimpseError(f"{needed}, got {told(given)}")
        shape = [checked_size("a size of the shape", size) for size in shape]
    if not (is_not_numpy(array) or isinstance(array, np.ndarray)):
        try:
            array = np.asarray(array)
        except ValueError:
            raise GlimpseError("a signal is an array of numbers, whose rows are equally long") from None
    named = isinstance(channel_axis, int)
    if array.ndim < len(spans) + named:
        needed = "axis" if len(spans) == 1 else f"{len(spans)} axes"
        raise GlimpseError(f"an array of shape {tuple(array.shape)} has no {needed} to look along")
    xp, front = namespace(array, *(span.center for span in spans)), -1 - len(spans)
    if named:
        back = channel_axis - array.ndim if channel_axis >= 0 else channel_axis
        array = xp.moveaxis(array, channel_axis, front)
    for k, span in enumerate(spans):
        size = () if shape is None else ((1, shape[k]),)
        lines = xp.moveaxis(array, k - len(spans), -1)[..., None, :]
        lines = function(lines, span.window, *size, channel_axis=-3 if named else None, **options)[..., 0, :]
        array = xp.moveaxis(lines, -1, k - len(spans))
    return xp.moveaxis(array, front, back) if named else array


def spans_of(array: object, look: Any) -> Sequence[Span]:
    """Return the spans that a look is, or refuse what is neither a window nor spans."""
    from glimpse.window.span import Span  # which a window alone need not wait for

    if isinstance(look, Span):
        return [look]
    if isinstance(look, (list, tuple)) and look and all(isinstance(span, Span) for span in look):
        return look
    if isinstance(array, (Window, Span)):
        raise GlimpseError("the array comes first, then the window: read(image, window)")
    if isinstance(look, (list, tuple)):
        raise GlimpseError(f"{len(look)} windows in a {type(look).__name__}: read_many takes many, read one")
    raise GlimpseError(f"a window is a glimpse.Window or glimpse.Span, not {type(look).__name__}")


def slopes_along(
    function: Callable[..., Any], array: Any, look: Any, *rest: Any, channel_axis: Any
) -> tuple[Any, dict[str, Any]]:
    """Return what `read_vjp`, `write_vjp` or `read_jacobian` say of a signal and its span."""
    spans = spans_of(array, look)
    if len(spans) != 1:
        raise GlimpseError("derivatives are of one span; for more differentiate read with torch or JAX")
    if isinstance(channel_axis, int):
        raise GlimpseError("derivatives of signals take the channels in front of the last axis")
    rest = tuple((1, part) if isinstance(part, int) else np.asarray(part)[..., None, :] for part in rest)
    found, slopes = function(np.asarray(array)[..., None, :], spans[0].window, *rest, channel_axis=None)
    named = {"center": slopes["gy"], "delta": slopes["delta"][1], "sigma": slopes["sigma"][1]}
    named["gamma"] = slopes["gamma"]
    flat = {name: slope[..., 0, :] if np.ndim(slope) else slope for name, slope in named.items()}
    return found[..., 0, :], flat
