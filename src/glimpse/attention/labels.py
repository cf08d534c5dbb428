"""Label maps and masks: each sample is one pixel, each pixel of a canvas one sample; nothing is averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glimpse.array_api import is_picture
from glimpse.attention.banks import centers
from glimpse.attention.shapes import ChannelAxis, axis_of_channels
from glimpse.errors import GlimpseError
from glimpse.typing import Array
from glimpse.validation import check_axes, told
from glimpse.window import Window


def read_labels(image: ArrayLike, window: Window, *, channel_axis: ChannelAxis = "auto") -> Array:
    """Read the pixel nearest to the centre of each filter: no label is invented.

    Sigma, the kernel and gamma play no part. Halfway between two pixels it is the upper, the left one. A
    centre off the image takes the edge, or 0 with ``edge="black"``.

    Parameters
    ----------
    image : array_like, shape (..., A, B), with a channel axis anywhere if `channel_axis` names it
        Labels of any type.
    window : Window
        Where to look.
    channel_axis : int, None or "auto"
        The axis of the channels; "auto" as for `read`.

    Returns
    -------
    ndarray, shape (..., N, M), of the same type
        The patch, channels where they were.

    Examples
    --------
    >>> import numpy as np
    >>> read_labels(np.arange(12).reshape(3, 4), Window(gx=1, gy=1.5, delta=2, sigma=9, n=2))
    array([[ 0,  2],
           [ 8, 10]])
    """
    sliceable = hasattr(image, "shape") and hasattr(image, "__getitem__")  # read where the window looks
    labels: Any = image if sliceable else _array("an image", image)
    channel_axis = axis_of_channels(labels, -1 if is_picture(image) and labels.ndim > 2 else channel_axis)
    axes = _axes(labels, window, channel_axis)
    index: list[Any] = [slice(None)] * labels.ndim
    places = []
    for axis, n, center, delta in zip(
        axes, window.shape, (window.gx, window.gy), window.strides, strict=True
    ):
        nearest = np.ceil(centers(n, center, delta) - 0.5)
        inside = np.clip(nearest, 0, labels.shape[axis] - 1).astype(np.intp)
        places.append((axis, inside - inside[0], nearest == inside))
        index[axis] = slice(int(inside[0]), int(inside[-1]) + 1)
    patch = np.asarray(labels[tuple(index)])
    for axis, inside, there in places:
        patch = patch.take(inside, axis=axis)
        if window.edge == "black" and not there.all():
            sides = [1] * patch.ndim
            sides[axis] = len(there)
            patch = np.where(there.reshape(sides), patch, patch.dtype.type(0))
    return patch


def write_labels(
    patch: ArrayLike, window: Window, onto: ArrayLike, *, channel_axis: int | None = None
) -> Array:
    """Return a canvas of labels whose pixels within the window's box are those of the nearest sample.

    `read_labels` of it is the patch again, where the stride is a pixel or more.

    Parameters
    ----------
    patch : array_like, shape (..., N, M)
        Labels.
    window : Window
        Where they belong.
    onto : array_like, shape (..., A, B)
        The canvas below, which is not changed.
    channel_axis : int or None
        The axis of the channels, of both.

    Examples
    --------
    >>> import numpy as np
    >>> write_labels([[1, 2]], Window(gx=0.5, gy=1.5, delta=2, sigma=1, n=(1, 2)), np.zeros((3, 5), int))
    array([[1, 1, 2, 2, 0],
           [1, 1, 2, 2, 0],
           [0, 0, 0, 0, 0]])
    """
    labels, canvas = _array("a patch", patch), np.array(_array("a canvas", onto))
    _axes(labels, window, channel_axis)
    axes = _axes(canvas, window, channel_axis)
    wanted = list(canvas.shape)
    wanted[axes[0]], wanted[axes[1]] = window.shape
    if list(labels.shape) != wanted:
        raise GlimpseError(
            f"a patch of shape {labels.shape} does not fit a window of {window.shape[0]} x {window.shape[1]} "
            f"on a canvas of shape {canvas.shape}"
        )
    if not _holds(canvas.dtype, labels):
        raise GlimpseError(f"labels of {labels.dtype} do not fit a canvas of {canvas.dtype}")
    places, samples = [np.arange(size) for size in canvas.shape], [np.arange(size) for size in labels.shape]
    numbers = zip(axes, window.shape, (window.gx, window.gy), window.strides, strict=True)
    for axis, n, center, delta in numbers:
        nearest = np.floor((np.arange(canvas.shape[axis]) - center) / delta + n / 2).astype(np.intp)
        places[axis] = np.flatnonzero((nearest >= 0) & (nearest < n))
        samples[axis] = nearest[places[axis]]
    canvas[np.ix_(*places)] = labels[np.ix_(*samples)]
    return canvas


def _holds(dtype: np.dtype[Any], labels: Array) -> bool:
    """Tell whether a type of numbers holds these labels as they are."""
    if np.can_cast(labels.dtype, dtype):
        return True
    if labels.dtype.kind not in "biuf" or dtype.kind not in "biuf":
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        return bool((labels.astype(dtype) == labels).all())


def _array(name: str, given: Any) -> Array:
    """An array of NumPy's, of labels."""
    try:
        return np.asarray(given)
    except ValueError:
        raise GlimpseError(f"{name} of labels is an array, whose rows are equally long") from None


def _axes(array: Any, window: Window, channel_axis: int | None) -> tuple[int, int]:
    """The axes of rows and columns of an array that a window can look at."""
    one = isinstance(window, Window) and all(
        isinstance(x, float) for x in (window.gx, window.gy, *window.strides)
    )
    if not one:
        raise GlimpseError(f"labels are read and written with one glimpse.Window, not {told(window)}")
    ndim = len(array.shape)
    check_axes(tuple(array.shape), channel_axis)
    rest = [axis for axis in range(ndim) if channel_axis is None or axis != channel_axis % ndim]
    row, col = rest[-2:]
    if not array.shape[row] or not array.shape[col]:
        raise GlimpseError(f"an array of shape {tuple(array.shape)} has no rows and columns of pixels")
    return row, col
