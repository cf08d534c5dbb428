"""Axes of an array that are rows and columns; windows of a batch and the images that they go with."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from glimpse.array_api import is_compiling, is_not_numpy, is_picture
from glimpse.attention.banded import index
from glimpse.attention.signals import spans_of
from glimpse.errors import GlimpseError
from glimpse.typing import Array
from glimpse.validation import check_axes
from glimpse.window import Window

ChannelAxis = int | Literal["auto"] | None
"""The axis of channels; None for an array without; "auto" where nobody has said."""

_COLOURS = (3, 4)  # channels that an image is taken to have, where its last axis is so short


def numbers(window: Window) -> tuple[Any, ...]:
    """Return the window's gx, gy, both strides, both sigmas, and gamma."""
    return (window.gx, window.gy, *window.strides, *window.sigmas, window.gamma)


def involves_tensors(array: object, window: Window) -> bool:
    """Tell whether the array is of another library than NumPy, or the window is of that kind or a batch."""
    if not isinstance(window, Window):
        spans_of(array, window)  # says what is wrong with it, unless it is right elsewhere
        raise GlimpseError(
            "here a window of two axes is needed; a signal takes one span at a time: read(signal, span), "
            "and write and restore likewise"
        )
    return is_not_numpy(array) or not all(isinstance(number, float) for number in numbers(window))


def refuse_tensors(name: str, array: object, window: Any = None) -> Any:
    """Refuse tensors and batches on behalf of a function that is only for NumPy and one window; return it."""
    if is_not_numpy(array) if window is None else involves_tensors(array, window):
        raise GlimpseError(
            f"{name} takes NumPy's arrays and one window; for tensors differentiate read and write with "
            "their library (torch.autograd, jax.grad)"
        )
    return window


def spatial(given: Any, channel_axis: ChannelAxis) -> tuple[Array, int, int]:
    """Return the array and its axes of rows and columns, for arrays of any library.

    Raises
    ------
    GlimpseError
        If these are no pixels, or nobody has said whether the last axis is that of channels.
    """
    array, channel_axis = resolved(given, channel_axis)
    check_axes(tuple(array.shape), channel_axis)
    axes = list(range(array.ndim))
    if channel_axis is not None:
        del axes[channel_axis]
    row, col = axes[-2:]
    if array.shape[row] == 0 or array.shape[col] == 0:
        raise GlimpseError(f"an array of shape {tuple(array.shape)} has no rows and columns of pixels")
    kind = getattr(array.dtype, "kind", None)  # V is that of bfloat16, without the names of a record
    # to write a type's name takes as long as to make a small bank
    real = kind in "biufV" if kind else "complex" not in str(array.dtype)
    if not real or getattr(array.dtype, "names", None):
        raise GlimpseError(f"pixels must be real numbers, got {array.dtype}")
    return array, row, col


def resolved(given: Any, channel_axis: ChannelAxis) -> tuple[Any, int | None]:
    """Return what is given as an array, and its axis of channels as a number, where it has one."""
    if isinstance(given, (list, tuple)) and any(getattr(x, "ndim", 0) > 1 or is_picture(x) for x in given):
        raise GlimpseError(f"an image is one array, not {len(given)} in a {type(given).__name__}; stack them")
    array = given
    if not (hasattr(given, "dtype") and hasattr(given, "ndim")):
        if is_picture(given):
            given, channel_axis = _pixels(given, channel_axis)
        try:
            array = np.asarray(given)
        except ValueError:
            raise GlimpseError("an image is an array of numbers, whose rows are equally long") from None
    if isinstance(array, np.ndarray):
        mask = getattr(array, "mask", None)  # what a masked one should count as is not ours to say
        if mask is not None and np.any(mask):
            raise GlimpseError("some pixels are masked; fill them first, such as with array.filled(0)")
        array = np.asarray(array)
    return array, axis_of_channels(array, channel_axis)


def axis_of_channels(array: Any, channel_axis: ChannelAxis) -> int | None:
    """Return the axis of channels; where nobody has said, refuse an array whose last axis looks like it."""
    if not isinstance(channel_axis, str) or channel_axis != "auto":
        return channel_axis
    if is_compiling() or array.ndim < 3 or array.shape[-1] not in _COLOURS:
        return None
    if min(array.shape[-3:-1]) > max(_COLOURS):
        raise GlimpseError(
            f"an array of shape {tuple(array.shape)} looks like {array.shape[-1]} channels: channel_axis=-1? "
            "channel_axis=None takes the last two axes for rows and columns"
        )
    return None


def _pixels(picture: Any, channel_axis: ChannelAxis) -> tuple[Any, ChannelAxis]:
    """The pixels of a picture of Pillow's, and the axis of its channels, which it knows itself."""
    if picture.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
        raise GlimpseError(
            f"a picture of mode {picture.mode} has no levels of light; .convert('RGB') it first"
        )
    array = np.asarray(picture)
    return array, -1 if array.ndim > 2 and channel_axis in ("auto", None) else channel_axis


def samples_of(patch: Any, window: Window, channel_axis: ChannelAxis) -> tuple[Array, int, int]:
    """Return a patch and its axes of rows and columns, if it fits the window and its samples are finite."""
    array, row, col = spatial(patch, channel_axis)
    check_fit(window, array.shape, row, col)
    check_finite(array, {}, "sample")
    return array, row, col


def check_finite(array: Array, spans: dict[int, slice], what: str = "pixel") -> None:
    """Refuse an array of NumPy's for the first number that is not finite, among those of some spans."""
    part = array[index(array, spans)]
    if array.dtype.kind != "f" or (finite := np.isfinite(part)).all():
        return
    bad = np.argwhere(~finite)
    place = tuple(int(k + (spans[axis].start if axis in spans else 0)) for axis, k in enumerate(bad[0]))
    many = f"{len(bad)} {what}s are" if len(bad) > 1 else f"1 {what} is"
    raise GlimpseError(
        f"{many} not finite, the first is {array[place]} at {place}; "
        "fill them first, such as with np.nan_to_num"
    )


def check_fit(window: Window, shape: tuple[int, ...], row: int, col: int) -> None:
    """Refuse a patch of another size than the window's."""
    if (shape[row], shape[col]) != window.shape:
        rows, cols = window.shape
        named = " (channel_axis=-1?)" if shape[-3:-1] == window.shape and shape[-1] in _COLOURS else ""
        raise GlimpseError(
            f"a patch of {shape[row]} x {shape[col]} samples does not fit a window of {rows} x {cols}{named}"
        )


def batch_shape(window: Window) -> tuple[int, ...]:
    """Return the shape of the window's numbers: (), or that to which all that are arrays broadcast.

    Raises
    ------
    GlimpseError
        If they do not go together.
    """
    arrays = [number for number in numbers(window) if not isinstance(number, float)]
    shapes = [tuple(array.shape) for array in arrays if getattr(array, "shape", ())]
    whole: tuple[int, ...] = ()
    for shape in shapes:
        found = broadcast(whole, shape)
        if found is None:
            told = " and ".join(dict.fromkeys(map(str, shapes)))
            raise GlimpseError(
                "the numbers of a batch of windows need one shape, (B,) or (B, K), or shapes that "
                f"broadcast, got {told}"
            )
        whole = found
    return whole


def broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape of two arrays together, or None; by comparing, for a traced size has no hash."""
    if one == other or not other:
        return one
    short, long = sorted((one, other), key=len)
    sizes = list(long)
    for k, size in enumerate(short, len(long) - len(short)):
        if sizes[k] == 1:
            sizes[k] = size
        elif size != 1 and size != sizes[k]:
            return None
    return tuple(sizes)


def check_batch(shape: tuple[int, ...], images: tuple[int, ...]) -> None:
    """Refuse a batch of windows that does not go with the images.

    Parameters
    ----------
    shape : tuple of int
        Of the windows' numbers: (), (B,) for images (B, ...) or one image, or (B, K), K glimpses of each
        image, for images (B, 1, ...).
    images : tuple of int
        The axes in front of channels, rows and columns.
    """
    if not shape or not images:
        return
    pairs = list(zip(shape, images, strict=False))
    fits = len(shape) <= len(images) and all(a == b or a == 1 or b == 1 for a, b in pairs)
    if fits and all(a == 1 or b == 1 for a, b in pairs[1:]):
        return
    told = f"numbers of shape {tuple(shape)} do not go with images of batch {tuple(images)}"
    if len(shape) > 1 and (shape[0] == images[0] or 1 in (shape[0], images[0])):
        raise GlimpseError(f"{told}: several glimpses of each image need images[:, None]")
    raise GlimpseError(f"{told}: they need ({images[0]},)")
