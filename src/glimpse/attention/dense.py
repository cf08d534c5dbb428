"""Read and write for arrays of other libraries: whole matrices, every step with the library's gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from glimpse.array_api import is_not_numpy, namespace, promote
from glimpse.attention.filterbank import dense
from glimpse.errors import GlimpseError
from glimpse.typing import Array
from glimpse.validation import check_axes
from glimpse.window import Axis, Method, Window

RIDGE = 0.1
"""Gain, relative to the largest, below which `write` no longer inverts a component of the patch."""

_NOTHING = 1e-30  # squared gain of filters that see no pixel


def involves(array: object, window: Window) -> bool:
    """Tell whether the array or a number of the window belongs to another library than NumPy."""
    return is_not_numpy(array) or any(map(is_not_numpy, numbers(window)))


def numbers(window: Window) -> list[Any]:
    """The window's gx, gy, both strides, both sigmas, and gamma."""
    return [window.gx, window.gy, *window.strides, *window.sigmas, window.gamma]


def matrices(
    array: Any, window: Window, shape: tuple[int, int], bank: Callable[[Axis], Any] = dense
) -> tuple[Any, Any, Any, Any]:
    """Return the array, Fx, Fy and gamma, of one kind and with axes that fit: batches come first."""
    array, gx, gy, down, across, tall, wide, gamma = promote(array, *numbers(window))
    alike = replace(window, gx=gx, gy=gy, delta=(down, across), sigma=(tall, wide))
    banks = map(bank, alike.axes(shape))
    Fx, Fy, gamma = (_aligned(matrix, array.ndim) for matrix in (*banks, gamma[..., None, None]))
    return array, Fx, Fy, gamma


def spatial(array: Any, window: Window, channel_axis: int | None) -> Any:
    """The array, as one of the window's kind, with its channels in front of rows and columns."""
    xp = namespace(array, *numbers(window))
    array = array if is_not_numpy(array) else xp.asarray(array)
    check_axes(tuple(array.shape), channel_axis)
    return array if channel_axis is None else xp.moveaxis(array, channel_axis, -3)


def channels_back(array: Any, channel_axis: int | None, ndim: int) -> Any:
    """Undo `spatial` for a result; `ndim` is that of the argument."""
    if channel_axis is None:
        return array
    return namespace(array).moveaxis(array, -3, channel_axis - ndim if channel_axis >= 0 else channel_axis)


def read(image: Any, window: Window, channel_axis: int | None) -> Array:
    """`glimpse.read` for arrays of other libraries."""
    image = spatial(image, window, channel_axis)
    shape = (image.shape[-2], image.shape[-1])
    image, Fx, Fy, gamma = matrices(image, window, shape)
    patch: Array = channels_back(gamma * (Fx @ image @ Fy.mT), channel_axis, image.ndim)
    return patch


def write(
    patch: Any,
    window: Window,
    shape: tuple[int, int],
    method: Method,
    channel_axis: int | None,
    bank: Callable[[Axis], Any] = dense,
) -> Array:
    """`glimpse.write` for arrays of other libraries, with the banks that `bank` makes of the axes."""
    patch = spatial(patch, window, channel_axis)
    check_fit(window, patch.shape[-2], patch.shape[-1])
    patch, Fx, Fy, gamma = matrices(patch, window, shape, bank)
    samples = deconvolved(patch, Fx, Fy) if method == "inverse" else patch
    canvas: Array = channels_back(Fx.mT @ (samples / gamma) @ Fy, channel_axis, patch.ndim)
    return canvas


def deconvolved(P: Any, Fx: Any, Fy: Any) -> Any:
    """The patches (..., N, M), of any library, whose transposed write is the regularised inverse of `read`.

    With Fx Fx.T = U diag(s) U.T and Fy Fy.T = V diag(t) V.T it is U ((U.T P V) / (s t')) V.T.
    """
    xp = namespace(P)
    (s, U), (t, V) = (xp.linalg.eigh(F @ F.mT) for F in (Fx, Fy))
    power = xp.clip(s[..., :, None] * t[..., None, :], 0, None)
    floor = xp.clip(RIDGE**2 * power[..., -1:, -1:], _NOTHING, None)
    return U @ ((U.mT @ P @ V) / xp.maximum(power, floor)) @ V.mT


def check_fit(window: Window, rows: int, cols: int) -> None:
    """Refuse a patch of another size than the window's."""
    if (rows, cols) != window.shape:
        raise GlimpseError(
            f"a patch of {rows} x {cols} samples does not fit a window of "
            f"{window.shape[0]} x {window.shape[1]}"
        )


def _aligned(matrix: Any, ndim: int) -> Any:
    """A batch (B, n, size) of matrices with axes of one, so that B goes with an array's first axis."""
    batch = matrix.ndim - 2
    return matrix[(slice(None),) * batch + (None,) * max(0, ndim - 2 - batch) + (...,)] if batch else matrix
