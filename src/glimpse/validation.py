"""Checks of numbers, of n and of shapes: each returns its value, or raises."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from glimpse import limits
from glimpse.array_api import is_not_numpy, is_numpy_array, is_picture, values_at_hand
from glimpse.errors import GlimpseError
from glimpse.limits import MAX_PIXELS, N_MAX, NUMBER_MAX

Pair = int | tuple[int, int]
"""Whole numbers per axis: one for both, or (rows, columns)."""

Number = Any
"""A number; of a batch an array of any library, shape (B,)."""

Scale = Any
"""Lengths per axis: one for both, or (rows, columns); of a batch each an array of any library, shape (B,)."""

_CHANNELS = (1, 2, 3, 4)

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
"""Pattern of a plain decimal number, in ASCII."""


def told(value: object) -> str:
    """Return a value as a message quotes it: an array by its shape, the rest by its first letters.

    Examples
    --------
    >>> told("gauss"), told(range(9)), len(told("x" * 900))
    ("'gauss'", 'range(0, 9)', 60)
    """
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"an array of shape {tuple(shape)}"
    try:
        text = repr(value)
    except ValueError:  # a whole number of over 4,300 digits
        text = "a number without end"
    return text if len(text) <= 60 else f"{text[:57]}..."


def checked_choice(name: str, value: object, choices: Iterable[str]) -> str:
    """Return a word if it is one of the choices.

    Examples
    --------
    >>> checked_choice("fit", "cover", ("contain", "cover"))
    'cover'
    """
    choices = tuple(choices)
    if not isinstance(value, str) or value not in choices:
        *most, last = choices
        raise GlimpseError(f"{name} must be {', '.join(most)} or {last}, got {told(value)}")
    return value


def number(text: str) -> float:
    """Parse a plain decimal number, refusing what only a programming language would accept.

    Examples
    --------
    >>> number("-2.5e1")
    -25.0
    """
    if not re.fullmatch(NUMBER, text, re.ASCII) or not math.isfinite(float(text)):
        raise GlimpseError(f"{text!r} is not a plain finite number such as 2.5")
    return float(text)


def checked(name: str, value: object, *, positive: bool = True) -> float:
    """Return a number as a float if it is finite and in its range, else raise `GlimpseError`.

    An array is a batch of numbers: one of NumPy's is returned as float64, one of another library as it is.
    Its values are looked at unless they are traced, or on another device.
    """
    if not isinstance(value, (float, int)):  # as nearly all are
        if is_not_numpy(value):
            _check_values(name, values_at_hand(value), positive)
            return value  # type: ignore[return-value]
        if is_numpy_array(value):
            return _checked_batch(name, value, positive)  # type: ignore[no-any-return]
    try:
        real = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a whole number of over 308 digits
        real = math.inf
    if not -math.inf < real < math.inf:  # by comparing, which torch.compile follows
        raise GlimpseError(f"{name} must be a finite number, got {told(value)}")
    least = 1 / NUMBER_MAX if positive else -NUMBER_MAX
    if positive and real <= 0:
        raise GlimpseError(f"{name} must be > 0, got {real:g}")
    if not least <= real <= NUMBER_MAX:
        raise GlimpseError(f"{name} must be {least:g} to {NUMBER_MAX:g}, got {value}")
    return real


def checked_one(name: str, value: object, *, positive: bool = True) -> float:
    """Return one number, as `checked` does; no batch of them."""
    number = checked(name, value, positive=positive)
    if getattr(number, "shape", ()):
        raise GlimpseError(f"{name} must be one number, got {told(value)}")
    return number


def _checked_batch(name: str, array: Any, positive: bool) -> Any:
    if array.dtype.kind in "iuf":
        array = array.astype("float64")  # half precision does not hold the limits
        _check_values(name, array, positive)
        return array if array.ndim else float(array)
    raise GlimpseError(f"{name} must be finite numbers, got an array of {array.dtype}")


def _check_values(name: str, values: Any, positive: bool) -> None:
    """Refuse an array of numbers for the first of them that is out of its range."""
    if getattr(values, "dtype", None) is None:  # not at hand
        return
    if values.dtype.kind == "c":
        raise GlimpseError(f"{name} must be real numbers, got {values.dtype}")
    least = 1 / NUMBER_MAX if positive else -NUMBER_MAX
    outside = ~((values >= least) & (values <= NUMBER_MAX))
    for value in values[outside].ravel()[:1].tolist():
        checked(name, value, positive=positive)


def checked_scale(name: str, value: object) -> Scale:
    """Return a length > 0 as one number, or as a pair (rows, columns) of different ones.

    Examples
    --------
    >>> checked_scale("delta", (2, 3)), checked_scale("delta", [2, 2])
    ((2.0, 3.0), 2.0)
    """
    if not isinstance(value, (tuple, list)):
        return checked(name, value)
    if len(value) != 2:
        raise GlimpseError(f"{name} must be a finite number or (rows, columns), got {told(value)}")
    rows, cols = (checked(name, part) for part in value)
    return rows if isinstance(rows, float) and isinstance(cols, float) and rows == cols else (rows, cols)


def checked_size(name: str, size: object) -> int:
    """Return how many pixels there are along an axis, if it is a whole number above 0."""
    if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
        raise GlimpseError(f"{name} must be a whole number above 0, got {told(size)}")
    if int(size) > NUMBER_MAX:
        raise GlimpseError(f"{name} must be at most {NUMBER_MAX:g}, got {told(size)}")
    return int(size)


def sides_of(shape: Any) -> tuple[int, int]:
    """Return rows and columns of a shape, or of an image; of three axes those beside one to four channels.

    Examples
    --------
    >>> sides_of((480, 640, 3)), sides_of((3, 480, 640))
    ((480, 640), (480, 640))
    """
    if type(shape) is tuple and len(shape) == 2:  # as nearly all are
        return shape
    if is_picture(shape):
        return shape.size[1], shape.size[0]
    sides = getattr(shape, "shape", None) or shape
    if isinstance(sides, (list, tuple)) and len(sides) == 3:
        first, last = sides[0] in _CHANNELS, sides[2] in _CHANNELS
        if first != last:
            sides = sides[1:] if first else sides[:2]
    if (
        not isinstance(sides, (list, tuple))
        or len(sides) != 2
        or not all(hasattr(side, "__index__") or isinstance(side, float) for side in sides)
    ):
        given = f"axes {tuple(sides)}" if sides is not shape and sides else told(shape)
        raise GlimpseError(f"a shape is two whole numbers, rows and columns, not {given}")
    return sides[0], sides[1]


def checked_sides(shape: object) -> tuple[int, int]:
    """Return rows and columns, if they are whole numbers above 0."""
    shape = sides_of(shape)
    return checked_size("the rows of a shape", shape[0]), checked_size("the columns of a shape", shape[1])


def checked_shape(shape: object, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Return rows and columns of a canvas, if they are whole numbers and make at most so many pixels.

    Raises
    ------
    GlimpseError
        If they are not two whole numbers within the limits.
    """
    rows, cols = checked_sides(shape)
    if max(rows, cols) > limits.CANVAS_SIDE or rows * cols > max_pixels:
        raise GlimpseError(
            f"a canvas of {rows} x {cols} is outside 1 to {limits.CANVAS_SIDE} a side, "
            f"{max_pixels} pixels in all"
        )
    return rows, cols


def check_pixels(rows: int, cols: int, max_pixels: int, work: float = 1, kind: str = "") -> None:
    """Refuse an image of more pixels than the limit, each of which counts `work` times in this kind."""
    if rows * cols > max_pixels:
        size = f"{rows} x {cols} pixels"
        raise GlimpseError(f"{size} are more than {max_pixels}; --max-pixels raises the limit")
    if (counted := math.ceil(rows * cols * work)) > max_pixels:
        size = f"{rows} x {cols} pixels of {kind}"
        raise GlimpseError(f"{size} take as much as {counted}; --max-pixels {counted} raises the limit to it")


def check_axes(shape: tuple[int, ...], channel_axis: int | None) -> None:
    """Refuse an array without rows and columns beside its axis of channels, or without that axis."""
    if channel_axis is not None and (
        isinstance(channel_axis, bool) or not isinstance(channel_axis, Integral)
    ):
        raise GlimpseError(f"channel_axis is a whole number or None, got {told(channel_axis)}")
    if channel_axis is not None and not -len(shape) <= channel_axis < len(shape):
        raise GlimpseError(f"channel_axis {told(channel_axis)} is out of range for {len(shape)} axes")
    if len(shape) < 2 + (channel_axis is not None):
        raise GlimpseError(f"an array of shape {shape} has no rows and columns of pixels")


def checked_n(n: object) -> Pair:
    """Return n as one number or a pair of different ones, else raise `GlimpseError`."""
    pair = n if isinstance(n, (tuple, list)) else (n, n)
    if len(pair) != 2 or any(isinstance(k, bool) or not isinstance(k, Integral) for k in pair):
        raise GlimpseError(f"n must be a whole number or (rows, columns), got {told(n)}")
    if not all(1 <= k <= N_MAX for k in pair):
        raise GlimpseError(f"n must be 1 to {N_MAX} filters per axis, got {told(n)}")
    rows, cols = int(pair[0]), int(pair[1])
    return rows if rows == cols else (rows, cols)
