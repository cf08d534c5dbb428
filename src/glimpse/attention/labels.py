"""Label maps and masks: each sample is one pixel, each pixel of a canvas one sample; nothing is averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glimpse.attention.banks import centers
from glimpse.typing import Array
from glimpse.validation import check_axes
from glimpse.window import Window


def read_labels(image: ArrayLike, window: Window, *, channel_axis: int | None = None) -> Array:
    """Read the pixel nearest to the centre of each filter: no label is invented.

    Sigma, the kernel and gamma play no part. Halfway between two pixels it is the upper, the left one. A
    centre off the image takes the edge, or 0 with ``edge="black"``.

    Parameters
    ----------
    image : array_like, shape (..., A, B), with a channel axis anywhere if `channel_axis` names it
        Labels of any type.
    window : Window
        Where to look.
    channel_axis : int or None
        The axis of the channels.

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
    labels: Any = image if hasattr(image, "shape") and hasattr(image, "__getitem__") else np.asarray(image)
    check_axes(tuple(labels.shape), channel_axis)
    axes = _axes(labels.ndim, channel_axis)
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
    labels, canvas = np.asarray(patch), np.array(onto)
    places, samples = [np.arange(size) for size in canvas.shape], [np.arange(size) for size in labels.shape]
    numbers = zip(
        _axes(canvas.ndim, channel_axis), window.shape, (window.gx, window.gy), window.strides, strict=True
    )
    for axis, n, center, delta in numbers:
        nearest = np.floor((np.arange(canvas.shape[axis]) - center) / delta + n / 2).astype(np.intp)
        places[axis] = np.flatnonzero((nearest >= 0) & (nearest < n))
        samples[axis] = nearest[places[axis]]
    canvas[np.ix_(*places)] = labels[np.ix_(*samples)]
    return canvas


def _axes(ndim: int, channel_axis: int | None) -> tuple[int, int]:
    """The axes of rows and columns."""
    rest = [axis for axis in range(ndim) if channel_axis is None or axis != channel_axis % ndim]
    return rest[-2], rest[-1]
