"""Windows made of something else: an image's shape, a slice, boxes, the outputs of a network.

Each function is a class method of `Window`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from glimpse.array_api import is_not_numpy, is_numpy_array, namespace, promote
from glimpse.errors import GlimpseError
from glimpse.limits import NUMBER_MAX
from glimpse.slices import Box, Fit, boxed, is_native, sliced
from glimpse.validation import Number, Pair, Scale, checked, checked_n, sides_of, told

if TYPE_CHECKING:
    from glimpse.window.window import Kernel, Window

_CLOSEST, _WIDEST = 32.0, 2.0  # strides of a bounded window: that of the whole image over 32, to twice it
_LEAST = 1e-4  # pixels: a stride or sigma from a network is at least so long, so that its powers are finite
_MOST = NUMBER_MAX / 2  # of a stride, a sigma or a gamma, so that no rounding exceeds the limit


def centered(
    cls: type[Window],
    /,
    shape: Any,
    n: Pair = 64,
    *,
    gx: Number | None = None,
    gy: Number | None = None,
    delta: Scale | None = None,
    sigma: Scale | None = None,
    kernel: Kernel = "gaussian",
    **rest: Any,
) -> Window:
    """Fill in what is not given so that an image of this shape gives a good picture.

    The centre of the image; a stride with which the grid spans the shorter side (the most
    that fits, where ``n`` is a pair); the sigma that suits the stride and the kernel.

    Parameters
    ----------
    shape : (int, int), or an image
        Rows and columns of the image; beside three or four channels as well.
    n : int or (int, int)
        Filters per axis.
    gx, gy, delta, sigma, kernel, **rest
        As for `Window`; a number that is None is chosen.

    Examples
    --------
    >>> from glimpse import Window
    >>> Window.centered((430, 500), n=43)
    Window(gx=214.5, gy=249.5, delta=10.0, sigma=5.0, n=43)
    """
    n, (height, width) = checked_n(n), sides_of(shape)
    rows, cols = (n, n) if isinstance(n, int) else n
    return cls(
        gx=(height - 1) / 2 if gx is None else gx,
        gy=(width - 1) / 2 if gy is None else gy,
        delta=min(height / rows, width / cols) if delta is None else delta,
        sigma=sigma,
        n=n,
        kernel=kernel,
        **rest,
    )


def from_slice(
    cls: type[Window],
    /,
    text: str | slice | Sequence[slice],
    shape: Any,
    n: Pair | Literal["native"] = 64,
    **rest: Any,
) -> Window:
    """Turn the crop ``image[rows, columns]`` into a window that tiles it.

    Parameters
    ----------
    text : str, slice or (slice, slice)
        Such as ``"100:600,200:700"``, or ``np.s_[100:600, 200:700]``: what NumPy accepts without a step,
        floats and percentages of the image's sides too. Ends may be open or negative and are clipped to the
        image; one slice stands for both axes; brackets and spaces are optional.
    shape : (int, int), or an image
        Rows and columns of the image; beside three or four channels as well.
    n : int, (int, int) or "native"
        Samples per axis; each owns an equal share of the area. Native is one sample per pixel, by the
        box kernel unless `kernel` says another: whole pixels come out exactly.
    **rest
        sigma, gamma, kernel, edge, as for `Window`.

    Raises
    ------
    GlimpseError
        If the text is not such a slice, or is empty.

    Examples
    --------
    >>> from glimpse import Window
    >>> Window.from_slice("100:600,200:450", (640, 480), n=(100, 50)).delta
    5.0
    >>> Window.from_slice("25%:75%,0:480", (640, 480), n=64).delta
    (5.0, 7.5)
    """
    return _over(cls, sliced(text, sides_of(shape)), n, "stretch", rest)


def from_xywh(
    cls: type[Window],
    /,
    box: Any,
    n: Pair | Literal["native"] = 64,
    *,
    fit: Fit = "stretch",
    pad: float | str = 0,
    shape: Any = None,
    **rest: Any,
) -> Window:
    """Turn a box x, y, w, h, as annotations have it, into a window over it; or many into a batch.

    ``Window.from_box`` is its older name, kept for code that has it.

    Parameters
    ----------
    box : (x, y, w, h), the text "x,y,w,h", or an array of shape (..., 4) of any library
        x across and y down from the image's left and top edge, in pixels: 0, 0, W, H is the whole image.
        A text such as ``"10%"`` is a percentage of the image's width or height. A list of boxes or a table of
        four columns is an array.
    n : int, (int, int) or "native"
        As for `from_slice`; native is for one box.
    fit : {"stretch", "contain", "cover"}
        The samples share the box exactly, with a stride per axis; or one stride: the whole box is
        seen, with what is around it; or the box is filled, and cut.
    pad : float or str
        Grows the box on every side: by pixels, or by a percentage of its own width and height.
    shape : (int, int), or an image, or None
        Rows and columns of the image, which percentages of the box need.
    **rest
        sigma, gamma, kernel, edge, as for `Window`.

    Returns
    -------
    Window
        Of an array of boxes its numbers are arrays of shape (...), and gradients flow into the boxes.

    Raises
    ------
    GlimpseError
        If the box is no such box, or has no area.

    Examples
    --------
    >>> from glimpse import Window
    >>> Window.from_xywh((200, 100, 240, 480), n=48).delta
    (10.0, 5.0)
    >>> Window.from_xywh((200, 100, 240, 480), n=48, fit="contain").box
    Box(top=100.0, bottom=580.0, left=80.0, right=560.0)
    """
    return _boxes(cls, box, "xywh", n, fit, pad, shape, rest)


def from_xyxy(
    cls: type[Window],
    /,
    boxes: Any,
    n: Pair | Literal["native"] = 64,
    *,
    fit: Fit = "stretch",
    pad: float | str = 0,
    shape: Any = None,
    **rest: Any,
) -> Window:
    """Turn boxes x1, y1, x2, y2, as torchvision's roi_align has them, into a window or a batch of them.

    ``Window.from_boxes`` is its older name, kept for code that has it.

    Parameters
    ----------
    boxes : (x1, y1, x2, y2), a text of them, or an array of shape (..., 4) of any library
        Left, top, right and bottom edge, across first; gradients flow into them. A list of boxes or a table
        of four columns is an array.
    n, fit, pad, shape, **rest
        As for `from_xywh`.

    Returns
    -------
    Window
        Of an array of boxes its numbers are arrays of shape (...).

    Raises
    ------
    GlimpseError
        If the boxes have another last axis, or one has no area.

    Examples
    --------
    >>> import numpy as np
    >>> from glimpse import Window
    >>> boxes = Window.from_xyxy(np.array([[0, 0, 8, 4], [2, 2, 4, 6]]), n=4)
    >>> boxes.gx.tolist(), boxes.delta[1].tolist()
    ([1.5, 3.5], [2.0, 0.5])
    """
    return _boxes(cls, boxes, "xyxy", n, fit, pad, shape, rest)


def from_outputs(
    cls: type[Window],
    /,
    values: Any,
    shape: Any,
    n: Pair = 64,
    *,
    sigma: Any = None,
    bounded: bool = False,
    **rest: Any,
) -> Window:
    """Turn the outputs of a network into windows, as DRAW does.

    Parameters
    ----------
    values : array, shape (..., 5) or (..., 3), of any library
        g_Y (down), g_X (across), log sigma**2, log delta, log gamma; or g_Y, g_X, log delta.
    shape : (int, int)
        Rows A and columns B of the image.
    n : int or (int, int)
        Filters per axis.
    sigma : float, array, "exp" or None
        The sigma of the filters in strides, whatever the outputs say of it: 0.5 is the default of the
        command. "exp" is the paper's ``exp(log sigma**2 / 2)`` in pixels. None is that of five outputs, and
        of three the kernel's default.
    bounded : bool
        Whether the window stays near the image, where a gradient brings it back from: its centre stays on
        it, its grid spans from a 32nd of the paper's to twice of it. Zeros are the same window.
    **rest
        kernel, edge, as for `Window`.

    Returns
    -------
    Window
        Its numbers are arrays of shape (...), in single precision or better.

    Raises
    ------
    GlimpseError
        If the values have another last axis, or are not numbers.

    Notes
    -----
    Gregor et al. 2015, eqs. 21-24, centred exactly: with zeros the window spans the image, from the
    centre of the first pixel to that of the last one along the longer side. The paper counts pixels from
    1, ``g = (size + 1) / 2 * (g + 1)``; from 0 that is ``(size + 1) / 2 * (g + 1) - 1``. Public ports
    leave the 1 out and stand half a pixel or a pixel past the centre; their grid is a stride off as well.

    A stride or a sigma is held to 0.0001 to 5e8 pixels and gamma to 2e-9 to 5e8, where an output that is
    beyond gets no gradient. A bounded centre is ``(size - 1) / 2 * (1 + f(g))``, a bounded log delta
    ``L * f(log delta / L)`` with L the logarithm of the bound, both with ``f(x) = atan(pi x / 2) * 2 / pi``:
    the slope of f is 1 at 0 and nowhere 0.

    Examples
    --------
    >>> import numpy as np
    >>> from glimpse import Window
    >>> Window.from_outputs(np.zeros(5), (9, 9), n=5)
    Window(gx=4.0, gy=4.0, delta=2.0, sigma=1.0, n=5)
    >>> Window.from_outputs(np.zeros(3), (41, 41), n=5)
    Window(gx=20.0, gy=20.0, delta=10.0, sigma=5.0, n=5)
    """
    if not getattr(values, "shape", ()) or values.shape[-1] not in (3, 5):
        raise GlimpseError(
            "outputs are an array of shape (..., 5), the five numbers of a window, "
            "or (..., 3): gx, gy, log delta"
        )
    (values,), n, sides = promote(values), checked_n(n), sides_of(shape)
    xp, five = namespace(values), values.shape[-1] == 5
    # an axis of one stays: PyTorch's forward derivatives lose their type where numbers have none
    down, across, zoom = (values[..., k : k + 1] for k in ((0, 1, 3) if five else (0, 1, 2)))
    longest = max(n) if isinstance(n, tuple) else n
    whole = max(max(sides) - 1, 1) / max(longest - 1, 1)
    if bounded:
        gx, gy = (
            (size - 1) / 2 * (1 + _bounded(xp, g)) for size, g in zip(sides, (down, across), strict=True)
        )
        out, into = math.log(_WIDEST), math.log(_CLOSEST)
        zoom = xp.where(zoom > 0, out * _bounded(xp, zoom / out), into * _bounded(xp, zoom / into))
    else:
        gx, gy = ((size + 1) / 2 * g + (size - 1) / 2 for size, g in zip(sides, (down, across), strict=True))
    delta = xp.clip(whole * _exp(xp, zoom, 1 / _MOST), _LEAST, _MOST)  # of an image whose size may be traced
    if five:
        rest = {"gamma": _exp(xp, values[..., 4:], 1 / _MOST)[..., 0], **rest}
    if isinstance(sigma, str):
        if sigma != "exp":
            raise GlimpseError(f"sigma must be a number of strides or 'exp', got {told(sigma)}")
        if not five:
            raise GlimpseError("three outputs have no log sigma**2 to take the exponential of; give five")
    elif sigma is not None:
        sigma = checked("sigma", sigma)
    if five and (sigma is None or isinstance(sigma, str)):
        sigma = _exp(xp, values[..., 2:3] / 2, _LEAST)[..., 0]
    elif sigma is not None:
        sigma = sigma * delta if isinstance(sigma, float) else sigma[..., None] * delta
        sigma = sigma[..., 0]
    return cls(gx[..., 0], gy[..., 0], delta[..., 0], sigma, n=n, **rest)


def _bounded(xp: Any, x: Any) -> Any:
    """From -1 to 1 with the slope 1 at 0, and nowhere flat."""
    return xp.atan(math.pi / 2 * x) * (2 / math.pi)


def _exp(xp: Any, exponent: Any, least: float, most: float = _MOST) -> Any:
    """The exponential, held to what a window takes: beyond, there is no gradient."""
    return xp.exp(xp.clip(exponent, math.log(least), math.log(most)))


_FOREIGN = {  # names of columns that say the other order of a box
    "xywh": {"x1", "y1", "x2", "y2", "xmin", "ymin", "xmax", "ymax", "left", "top", "right", "bottom"},
    "xyxy": {"w", "h", "width", "height"},
}


def _boxes(
    cls: type[Window],
    given: Any,
    order: Literal["xywh", "xyxy"],
    n: Any,
    fit: Fit,
    pad: float | str,
    shape: Any,
    rest: dict[str, Any],
) -> Window:
    """The windows of boxes in either order."""
    if isinstance(given, Box):  # whose names say which edge is which
        top, bottom, left, right = given
        given = (left, top, right, bottom) if order == "xyxy" else (left, top, right - left, bottom - top)
    array = _as_array(given, order)
    if array is None:
        sides = None if shape is None else sides_of(shape)
        return _over(cls, boxed(given, pad, sides, order=order), n, fit, rest)
    if array.shape[-1:] != (4,):
        wanted = f"an array of shape (..., 4), {', '.join(_NAMES[order])}"
        raise GlimpseError(f"boxes are {wanted}, got shape {tuple(array.shape)}")
    if is_native(n):
        raise GlimpseError("n='native' is for one box; give boxes of an array an n that they share")
    (array,) = promote(array)
    x, y, third, fourth = (array[..., k] for k in range(4))
    right, bottom = (third, fourth) if order == "xyxy" else (x + third, y + fourth)
    return _over(cls, Box(y, bottom, x, right).grown(pad), n, fit, rest)


_NAMES = {"xywh": ("x", "y", "w", "h"), "xyxy": ("x1", "y1", "x2", "y2")}


def _as_array(given: Any, order: str) -> Any:
    """Boxes as an array, with the names of their columns checked; None for one box that is no array."""
    if is_not_numpy(given) or is_numpy_array(given):
        kind = str(getattr(getattr(given, "format", None), "value", order)).lower()  # of torchvision's boxes
        if kind != order:
            raise GlimpseError(f"these boxes are {kind.upper()}; Window.from_{order} takes {order.upper()}")
        return given
    if hasattr(given, "to_numpy"):
        names = [str(name).strip().lower() for name in getattr(given, "columns", ())]
        if wrong := sorted(_FOREIGN[order] & set(names)):
            other = "xyxy" if order == "xywh" else "xywh"
            raise GlimpseError(f"a column {wrong[0]!r} says that these boxes are for Window.from_{other}")
        return given.to_numpy()
    if isinstance(given, (list, tuple)) and given and all(isinstance(box, (list, tuple)) for box in given):
        try:
            return namespace().array(given, dtype=float)
        except (TypeError, ValueError):
            raise GlimpseError(f"each box is four numbers, {', '.join(_NAMES[order])}") from None
    if isinstance(given, (list, tuple)) and given and any(getattr(box, "shape", ()) for box in given):
        return namespace(*given).stack(list(given))
    return None


def _over(cls: type[Window], box: Box, n: Any, fit: Fit, rest: dict[str, Any]) -> Window:
    """The window whose samples share a box."""
    if is_native(n):
        rest = {**rest, "kernel": rest.get("kernel") or "box"}
    n = box.samples(n)
    gx, gy = box.center
    return centered(cls, (1, 1), n, gx=gx, gy=gy, delta=box.stride(n, fit), **rest)
