"""Read and write for arrays of other libraries: whole matrices, every step with the library's gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glimpse.array_api import (
    asarray_like,
    cast,
    double_type,
    is_not_numpy,
    namespace,
    native,
    promote,
    result_type,
)
from glimpse.attention.batches import check_batch
from glimpse.attention.contraction import float_type
from glimpse.attention.inverse import deconvolved
from glimpse.attention.matrices import matrix
from glimpse.attention.spans import cut_all, cut_each
from glimpse.errors import GlimpseError
from glimpse.typing import Array
from glimpse.validation import check_axes
from glimpse.window import Axis, Method, Window


def involves(array: object, window: Window) -> bool:
    """Tell whether the array is of another library than NumPy, or the window is of that kind or a batch."""
    return is_not_numpy(array) or not _are_plain(numbers(window))


def _are_plain(values: list[Any]) -> bool:
    """Whether these are Python's numbers: of one window, and at hand."""
    return all(isinstance(number, float) for number in values)


def refuse(name: str, array: object, window: Window | None = None) -> None:
    """Refuse tensors and batches on behalf of a function that is only for NumPy and one window."""
    if is_not_numpy(array) or (window is not None and involves(array, window)):
        raise GlimpseError(
            f"{name} takes NumPy's arrays and one window; for tensors differentiate read and write with "
            "their library (torch.autograd, jax.grad)"
        )


def numbers(window: Window) -> list[Any]:
    """The window's gx, gy, both strides, both sigmas, and gamma."""
    return [window.gx, window.gy, *window.strides, *window.sigmas, window.gamma]


def matrices(
    array: Any,
    window: Window,
    shape: tuple[int, int],
    bank: Callable[[Axis], Any] = matrix,
    *,
    spans: bool = False,
) -> tuple[Any, Any, Any, Any]:
    """Return the array, Fx, Fy and gamma, of one kind and with axes that fit: batches come first.

    Banks are made in single precision or better, whatever the type of the image; so are the products.
    """
    if not any(map(is_not_numpy, (array, *numbers(window)))):
        return _numpys(array, window, shape, bank)
    given = numbers(window)
    array, *values = promote(array, *given)
    if not any(map(is_not_numpy, given)):  # nobody rounds plain numbers, so their positions need not be
        values = [asarray_like(number, array, double_type(array)) for number in given]
    axes = _axes(window, shape, values)
    if spans and _are_plain(given):
        array, axes = cut_all(array, axes, window.axes(shape))
    elif spans:
        array, axes = cut_each(array, axes)
    parts = (*map(bank, axes), _per_patch(values[-1]))
    Fx, Fy, gamma = (_aligned(cast(part, array.dtype), array.ndim) for part in parts)
    return array, Fx, Fy, gamma


def _axes(window: Window, shape: tuple[int, int], values: list[Any]) -> list[Axis]:
    """The window's axes with these values for `numbers`."""
    gx, gy, down, across, tall, wide, _ = values
    rows, cols = window.axes(shape)
    return [
        rows._replace(center=gx, delta=down, sigma=tall),
        cols._replace(center=gy, delta=across, sigma=wide),
    ]


def _numpys(
    array: Any, window: Window, shape: tuple[int, int], bank: Callable[[Axis], Any]
) -> tuple[Any, Any, Any, Any]:
    """`matrices` of a batch of windows in NumPy: positions in double precision, products in the result's."""
    dtype = float_type(array.dtype)
    values = promote(*numbers(window))
    axes = _axes(window, shape, values)
    banks = [matrix(axis, dtype) if bank is matrix else bank(axis) for axis in axes]
    parts = (*banks, _per_patch(values[-1]))
    Fx, Fy, gamma = (_aligned(part.astype(dtype, copy=False), array.ndim) for part in parts)
    return array.astype(dtype, copy=False), Fx, Fy, gamma


def spatial(array: Any, window: Window, channel_axis: int | None) -> Any:
    """The array, as one of the window's kind, with its channels in front of rows and columns."""
    xp = namespace(array, *numbers(window))
    array = array if is_not_numpy(array) or xp is np else xp.asarray(native(np.asarray(array)))
    array = np.asarray(array) if xp is np else array
    check_axes(tuple(array.shape), channel_axis)
    if "complex" in str(array.dtype) or (xp is np and array.dtype.kind not in "biuf"):
        raise GlimpseError(f"pixels must be real numbers, got {array.dtype}")
    array = array if channel_axis is None else xp.moveaxis(array, channel_axis, -3)
    if 0 in array.shape[-2:]:
        raise GlimpseError(f"an array of shape {tuple(array.shape)} has no rows and columns of pixels")
    check_batch(window, tuple(array.shape[:-2]), channel_axis is not None)
    return array


def channels_back(array: Any, channel_axis: int | None, ndim: int) -> Any:
    """Undo `spatial` for a result; `ndim` is that of the argument."""
    if channel_axis is None:
        return array
    return namespace(array).moveaxis(array, -3, channel_axis - ndim if channel_axis >= 0 else channel_axis)


def read(image: Any, window: Window, channel_axis: int | None) -> Array:
    """`glimpse.read` for arrays of other libraries."""
    image = spatial(image, window, channel_axis)
    shape = (image.shape[-2], image.shape[-1])
    pixels, Fx, Fy, gamma = matrices(image, window, shape, spans=True)
    patch: Array = channels_back(gamma * (Fx @ pixels @ Fy.mT), channel_axis, image.ndim)
    found: Array = _as_precise(patch, image, window)
    return found


def write(
    patch: Any,
    window: Window,
    shape: tuple[int, int],
    method: Method,
    channel_axis: int | None,
    bank: Callable[[Axis], Any] = matrix,
) -> Array:
    """`glimpse.write` for arrays of other libraries, with the banks that `bank` makes of the axes."""
    patch = spatial(patch, window, channel_axis)
    check_fit(window, patch.shape[-2], patch.shape[-1])
    samples, Fx, Fy, gamma = matrices(patch, window, shape, bank)
    samples = deconvolved(samples, Fx, Fy) if method == "inverse" else samples
    canvas: Array = channels_back(Fx.mT @ (samples / gamma) @ Fy, channel_axis, patch.ndim)
    found: Array = _as_precise(canvas, patch, window)
    return found


def _as_precise(result: Any, array: Any, window: Window) -> Any:
    """The result in the type that the arrays add up to: half precision where nothing else is given."""
    if not is_not_numpy(result):
        return result
    return cast(result, result_type(array, *numbers(window)))


def check_fit(window: Window, rows: int, cols: int) -> None:
    """Refuse a patch of another size than the window's."""
    if (rows, cols) != window.shape:
        raise GlimpseError(
            f"a patch of {rows} x {cols} samples does not fit a window of "
            f"{window.shape[0]} x {window.shape[1]}"
        )


def _per_patch(gamma: Any) -> Any:
    return gamma[..., None, None] if gamma.ndim else gamma


def _aligned(matrix: Any, ndim: int) -> Any:
    """A batch (B, n, size) of matrices with axes of one, so that B goes with an array's first axis."""
    batch = matrix.ndim - 2
    between = (None,) * max(0, ndim - 2 - batch)
    return matrix[(slice(None),) * batch + between + (...,)] if batch > 0 else matrix
