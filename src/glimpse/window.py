"""The window: five numbers, how many filters, which kernel, what lies beyond the edge; its two axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

from glimpse.array_api import is_not_numpy, is_numpy_array, namespace, register_pytree
from glimpse.errors import GlimpseError
from glimpse.slices import NATIVE, Area, Fit, boxed, sliced
from glimpse.validation import Pair, Scale, checked, checked_n, checked_scale

Kernel = Literal["gaussian", "box"]
Edge = Literal["extend", "black"]
Method = Literal["transpose", "inverse"]
Blend = Literal["mean", "add"]

KERNELS: tuple[Kernel, ...] = get_args(Kernel)
EDGES: tuple[Edge, ...] = get_args(Edge)
METHODS: tuple[Method, ...] = get_args(Method)
BLENDS: tuple[Blend, ...] = get_args(Blend)

NUMBERS = ("gx", "gy", "delta", "sigma", "gamma")
"""The numbers of a window that can be swept and differentiated by."""

_SIGMAS: dict[str, Callable[[float], float]] = {
    "gaussian": lambda delta: _at_least(delta, 1) / 2,  # below half a pixel it sticks to the nearest pixel
    "box": lambda delta: delta / math.sqrt(12),  # each sample is the mean of its own share
}

_CHECKS: dict[str, Callable[[str, object], object]] = {
    **dict.fromkeys(("gx", "gy"), partial(checked, positive=False)),
    **dict.fromkeys(("delta", "sigma"), checked_scale),
    "gamma": checked,
}


def _at_least(delta: Any, least: float) -> Any:
    return max(delta, least) if isinstance(delta, (float, int)) else namespace(delta).clip(delta, least, None)


def default_sigma(delta: Scale, kernel: str = "gaussian") -> Scale:
    """Return the sigma that suits a stride, in pixels; a kernel without a rule has the Gaussian's.

    Examples
    --------
    >>> default_sigma(5), round(default_sigma(5, "box") * 12**0.5, 9)
    (2.5, 5.0)
    """
    return per_axis(_SIGMAS.get(str(kernel), _SIGMAS["gaussian"]), delta)


def per_axis(function: Callable[..., Any], *scales: Scale) -> Scale:
    """Return a function of one length or several, for both axes or for each where they differ.

    Examples
    --------
    >>> per_axis(lambda a, b: a + b, 1, (2, 3))
    (3, 4)
    """
    if not any(isinstance(scale, tuple) for scale in scales):
        return function(*scales)
    rows, cols = zip(
        *(scale if isinstance(scale, tuple) else (scale, scale) for scale in scales), strict=True
    )
    return function(*rows), function(*cols)


class Axis(NamedTuple):
    """One axis of a window over an image: a row of filters over a row of pixels.

    Parameters
    ----------
    size : int
        Pixels of the axis.
    n : int
        Filters.
    center, delta, sigma : float, or array
        Centre of the grid, stride and standard deviation, in pixels.
    kernel, edge
        As for a `Window`.
    """

    size: int
    n: int
    center: Any
    delta: Any
    sigma: Any
    kernel: Kernel = "gaussian"
    edge: Edge = "extend"


@dataclass(frozen=True)
class Window:
    """Where to look, how closely and how sharply.

    Parameters
    ----------
    gx, gy : float
        Centre along axis 0 (rows, counted DOWN) and axis 1 (columns, counted ACROSS), in pixels;
        0 is the centre of the first pixel. May lie outside the image.
    delta : float or (float, float)
        Stride, the distance between neighbouring filter centres, in pixels, > 0; (rows, columns) where
        it differs from axis to axis.
    sigma : float or (float, float)
        Standard deviation of one filter, in pixels, > 0, for both kernels; (rows, columns) likewise.
    gamma : float
        Intensity, > 0: scales the patch, divides the canvas.
    n : int or (int, int)
        Filters per axis, (rows, columns) where they differ, 1 to 4096.
    kernel : {"gaussian", "box"}
        The shape of one filter.
    edge : {"extend", "black"}
        Beyond the image: its edge repeated, or zeros.

    Raises
    ------
    GlimpseError
        If a number is out of its range, or a name is not in its list.

    Notes
    -----
    The grid is that of Gregor et al. 2015 (arXiv:1502.04623), eqs. 19-20, with the paper's g_Y
    (its row) called ``gx`` and its g_X (its column) called ``gy``.

    Examples
    --------
    >>> Window(gx=180, gy=260, delta=5, sigma=2.5, n=(40, 30)).shape
    (40, 30)
    """

    gx: float
    gy: float
    delta: Scale
    sigma: Scale
    gamma: float = 1.0
    n: Pair = 64
    kernel: Kernel = "gaussian"
    edge: Edge = "extend"

    def __post_init__(self) -> None:
        register_pytree(Window, Window._split, Window._joined)
        for name, check in _CHECKS.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))
        object.__setattr__(self, "n", checked_n(self.n))
        for name, value, choices in (("kernel", self.kernel, KERNELS), ("edge", self.edge, EDGES)):
            if value not in choices:
                raise GlimpseError(f"{name} must be {' or '.join(choices)}, got {value!r}")

    def _split(self) -> tuple[list[Any], tuple[Any, ...]]:
        """The numbers, which may be traced, and the rest: the window as a pytree."""
        return [getattr(self, name) for name in NUMBERS], (self.n, self.kernel, self.edge)

    @classmethod
    def _joined(cls, rest: tuple[Any, ...], numbers: Sequence[Any]) -> Window:
        """Undo `_split`, for whatever a transformation puts in the place of numbers."""
        window = object.__new__(cls)
        for name, value in zip((*NUMBERS, "n", "kernel", "edge"), (*numbers, *rest), strict=True):
            object.__setattr__(window, name, value)
        return window

    def __eq__(self, other: object) -> bool:
        """Tell whether all fields are equal; arrays in all their values."""
        if not isinstance(other, Window):
            return NotImplemented
        return all(_equal(getattr(self, field.name), getattr(other, field.name)) for field in fields(self))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the patch."""
        return (self.n, self.n) if isinstance(self.n, int) else self.n

    @property
    def strides(self) -> tuple[Any, Any]:
        """The stride along the rows' axis (down) and along the columns' axis (across)."""
        return self.delta if isinstance(self.delta, tuple) else (self.delta, self.delta)

    @property
    def sigmas(self) -> tuple[Any, Any]:
        """The sigma along the rows' axis (down) and along the columns' axis (across)."""
        return self.sigma if isinstance(self.sigma, tuple) else (self.sigma, self.sigma)

    def axes(self, shape: tuple[int, int]) -> tuple[Axis, Axis]:
        """Return the filters along rows and along columns of an image of this shape."""
        (rows, cols), (n, m), (down, across), (sharp, wide) = shape, self.shape, self.strides, self.sigmas
        return (
            Axis(rows, n, self.gx, down, sharp, self.kernel, self.edge),
            Axis(cols, m, self.gy, across, wide, self.kernel, self.edge),
        )

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The area that the samples share, as a slice: rows ``top:bottom``, columns ``left:right``.

        Returned as (top, bottom, left, right), the inverse of `from_slice`.
        """
        rows, cols = (n * stride / 2 for n, stride in zip(self.shape, self.strides, strict=True))
        x, y = self.gx + 0.5, self.gy + 0.5
        return x - rows, x + rows, y - cols, y + cols

    @classmethod
    def centered(
        cls,
        shape: tuple[int, int],
        n: Pair = 64,
        *,
        gx: float | None = None,
        gy: float | None = None,
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
        shape : (int, int)
            Rows and columns of the image.
        n : int or (int, int)
            Filters per axis.
        gx, gy, delta, sigma, kernel, **rest
            As for `Window`; a number that is None is chosen.

        Examples
        --------
        >>> Window.centered((430, 500), n=43)
        Window(gx=214.5, gy=249.5, delta=10.0, sigma=5.0, gamma=1.0, n=43, kernel='gaussian', edge='extend')
        """
        n = checked_n(n)
        rows, cols = (n, n) if isinstance(n, int) else n
        delta = min(shape[0] / rows, shape[1] / cols) if delta is None else checked_scale("delta", delta)
        return cls(
            gx=(shape[0] - 1) / 2 if gx is None else gx,
            gy=(shape[1] - 1) / 2 if gy is None else gy,
            delta=delta,
            sigma=default_sigma(delta, kernel) if sigma is None else sigma,
            n=n,
            kernel=kernel,
            **rest,
        )

    @classmethod
    def from_slice(
        cls, text: str, shape: tuple[int, int], n: Pair | Literal["native"] = 64, **rest: Any
    ) -> Window:
        """Turn the crop ``image[rows, columns]`` into a window that tiles it.

        Parameters
        ----------
        text : str
            Such as ``"100:600,200:700"``: what NumPy accepts without a step, floats and percentages of
            the image's sides too. Ends may be open or negative and are clipped to the image; one
            slice stands for both axes; brackets and spaces are optional.
        shape : (int, int)
            Rows and columns of the image.
        n : int, (int, int) or "native"
            Samples per axis; each owns an equal share of the area. Native is one sample per pixel, by the
            box kernel unless `kernel` says another: whole pixels come out exactly.
        **rest
            sigma, gamma, kernel, edge, as for `centered`.

        Raises
        ------
        GlimpseError
            If the text is not such a slice, or is empty.

        Examples
        --------
        >>> Window.from_slice("100:600,200:450", (640, 480), n=(100, 50)).delta
        5.0
        >>> Window.from_slice("25%:75%,0:480", (640, 480), n=64).delta
        (5.0, 7.5)
        """
        return cls._over(sliced(text, shape), n, "stretch", rest)

    @classmethod
    def from_box(
        cls,
        box: str | Sequence[Any],
        n: Pair | Literal["native"] = 64,
        *,
        fit: Fit = "stretch",
        pad: float | str = 0,
        shape: tuple[int, int] | None = None,
        **rest: Any,
    ) -> Window:
        """Turn a box x, y, w, h, as annotations have it, into a window over it.

        Parameters
        ----------
        box : (x, y, w, h), or the text "x,y,w,h"
            x across and y down from the image's left and top edge, in pixels: 0, 0, W, H is the whole image.
            A text such as ``"10%"`` is a percentage of the image's width or height.
        n : int, (int, int) or "native"
            As for `from_slice`.
        fit : {"stretch", "contain", "cover"}
            The samples share the box exactly, with a stride per axis; or one stride: the whole box is
            seen, with what is around it; or the box is filled, and cut.
        pad : float or str
            Grows the box on every side: by pixels, or by a percentage of its own width and height.
        shape : (int, int) or None
            Rows and columns of the image, which percentages of the box need.
        **rest
            sigma, gamma, kernel, edge, as for `centered`.

        Raises
        ------
        GlimpseError
            If the box is no such box, or has no area.

        Examples
        --------
        >>> Window.from_box((200, 100, 240, 480), n=48).delta
        (10.0, 5.0)
        >>> Window.from_box((200, 100, 240, 480), n=48, fit="contain").box
        (100.0, 580.0, 80.0, 560.0)
        """
        return cls._over(boxed(box, pad, shape), n, fit, rest)

    @classmethod
    def from_boxes(cls, boxes: Any, n: Pair = 64, **rest: Any) -> Window:
        """Turn boxes as torchvision's roi_align has them into one batch of windows.

        Parameters
        ----------
        boxes : array, shape (..., 4), of any library
            x1, y1, x2, y2: left, top, right and bottom edge, across first; gradients flow into them.
        n : int or (int, int)
            Samples per axis; they share each box exactly.
        **rest
            sigma, gamma, kernel, edge, as for `centered`.

        Returns
        -------
        Window
            Its numbers are arrays of shape (...).

        Raises
        ------
        GlimpseError
            If the boxes have another last axis, or one has no area.

        Examples
        --------
        >>> import numpy as np
        >>> boxes = Window.from_boxes(np.array([[0, 0, 8, 4], [2, 2, 4, 6]]), n=4)
        >>> boxes.gx.tolist(), boxes.delta[1].tolist()
        ([1.5, 3.5], [2.0, 0.5])
        """
        if not getattr(boxes, "shape", ()) or boxes.shape[-1] != 4:
            raise GlimpseError("boxes are an array of shape (..., 4): x1, y1, x2, y2")
        left, top, right, bottom = (boxes[..., k] for k in range(4))
        rows, cols = (n, n) if isinstance(n, int) else n
        return cls._at(
            ((top + bottom - 1) / 2, (left + right - 1) / 2),
            ((bottom - top) / rows, (right - left) / cols),
            n,
            rest,
        )

    @classmethod
    def from_outputs(cls, values: Any, shape: tuple[int, int], n: Pair = 64, **rest: Any) -> Window:
        """Turn the five outputs of a network into windows, as DRAW does.

        Parameters
        ----------
        values : array, shape (..., 5), of any library
            g_Y (down), g_X (across), log sigma**2, log delta, log gamma.
        shape : (int, int)
            Rows A and columns B of the image.
        n : int or (int, int)
            Filters per axis.
        **rest
            kernel, edge, as for `Window`.

        Returns
        -------
        Window
            Its numbers are arrays of shape (...).

        Raises
        ------
        GlimpseError
            If the values have another last axis.

        Notes
        -----
        Gregor et al. 2015, eqs. 21-24, centred exactly: with zeros the window spans the image, from the
        centre of the first pixel to that of the last one along the longer side. The paper counts pixels from
        1, ``g = (size + 1) / 2 * (g + 1)``; from 0 that is ``(size + 1) / 2 * (g + 1) - 1``. Public ports
        leave the 1 out and stand half a pixel or a pixel past the centre; their grid is a stride off as well.

        Examples
        --------
        >>> import numpy as np
        >>> Window.from_outputs(np.zeros(5), (9, 9), n=5)
        Window(gx=4.0, gy=4.0, delta=2.0, sigma=1.0, gamma=1.0, n=5, kernel='gaussian', edge='extend')
        """
        if not getattr(values, "shape", ()) or values.shape[-1] != 5:
            raise GlimpseError("outputs are an array of shape (..., 5), the five numbers of a window")
        xp = namespace(values)
        down, across, spread, zoom, gain = (values[..., k] for k in range(5))
        gx, gy = ((size + 1) / 2 * (g + 1) - 1 for size, g in zip(shape, (down, across), strict=True))
        n = checked_n(n)
        longest = max(n) if isinstance(n, tuple) else n
        delta = (max(shape) - 1) / max(longest - 1, 1) * xp.exp(zoom)
        return cls(gx, gy, delta, xp.exp(spread / 2), xp.exp(gain), n, **rest)

    @classmethod
    def _at(cls, centre: tuple[Any, Any], delta: Scale, n: Any, rest: dict[str, Any]) -> Window:
        return cls.centered((1, 1), n, gx=centre[0], gy=centre[1], delta=delta, **rest)

    @classmethod
    def _over(cls, area: Area, n: Any, fit: str, rest: dict[str, Any]) -> Window:
        if n == NATIVE:
            rest = {**rest, "kernel": rest.get("kernel") or "box"}
        samples = area.samples(n)
        return cls._at(area.center, area.stride(samples, fit), samples, rest)

    def to_dict(self) -> dict[str, Any]:
        """Return the window as plain JSON values; a pair of n, delta or sigma is [rows, columns]."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Window:
        """Return the window of `to_dict`.

        Raises
        ------
        GlimpseError
            If a name is missing or unknown, or a value is out of its range.
        """
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise GlimpseError(f"a window has no {unknown[0]!r}; it has {', '.join(known)}")
        if missing := [name for name in known[:4] if name not in values]:
            raise GlimpseError(f"a window needs {', '.join(missing)}")
        return cls(**values)

    def sees(self, shape: tuple[int, int]) -> bool:
        """Tell whether the box of the window overlaps an image of this shape."""
        top, bottom, left, right = self.box
        return top < shape[0] and bottom > 0 and left < shape[1] and right > 0

    def looks_swapped(self, shape: tuple[int, int]) -> bool:
        """Tell whether the centre is off an image of this shape, but on it with gx and gy swapped."""
        return not _inside(self.gx, self.gy, shape) and _inside(self.gy, self.gx, shape)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return all(map(_equal, one, other))
    arrays = [is_not_numpy(value) or is_numpy_array(value) for value in (one, other)]
    if not any(arrays):
        return bool(one == other)
    return (
        all(arrays)
        and tuple(one.shape) == tuple(other.shape)
        and bool(namespace(one, other).all(one == other))
    )


def _inside(row: float, col: float, shape: tuple[int, int]) -> bool:
    return -0.5 <= row <= shape[0] - 0.5 and -0.5 <= col <= shape[1] - 0.5


register_pytree(Window, Window._split, Window._joined)
