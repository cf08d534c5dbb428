"""The window and its two axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from glimpse.array_api import is_not_numpy, is_numpy_array, namespace, promote, register_pytree
from glimpse.errors import GlimpseError
from glimpse.slices import Box
from glimpse.validation import (
    Number,
    Pair,
    Scale,
    checked,
    checked_choice,
    checked_n,
    checked_scale,
    checked_sides,
    sides_of,
    told,
)
from glimpse.window import constructors

if TYPE_CHECKING:
    from glimpse.window.span import Span

Kernel = Literal["gaussian", "box"]
Edge = Literal["extend", "black"]
Method = Literal["transpose", "inverse"]
Blend = Literal["refine", "mean", "add"]

KERNELS: tuple[Kernel, ...] = get_args(Kernel)
EDGES: tuple[Edge, ...] = get_args(Edge)
METHODS: tuple[Method, ...] = get_args(Method)
BLENDS: tuple[Blend, ...] = get_args(Blend)

NUMBERS = ("gx", "gy", "delta", "sigma", "gamma")
"""The numbers of a window that can be swept and differentiated by."""

_SIGMAS: dict[str, Callable[[float], float]] = {
    # below half a pixel it sticks to the nearest pixel
    "gaussian": lambda delta: (
        max(delta, 1) / 2 if isinstance(delta, (float, int)) else namespace(delta).clip(delta, 1, None) / 2
    ),
    "box": lambda delta: delta / math.sqrt(12),  # each sample is the mean of its own share
}

_CHECKS: dict[str, Callable[[str, object], object]] = {
    **dict.fromkeys(("gx", "gy"), partial(checked, positive=False)),
    **dict.fromkeys(("delta", "sigma"), checked_scale),
    "gamma": checked,
}


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
    sigma : float or (float, float) or None
        Standard deviation of one filter, in pixels, > 0, for every kernel; (rows, columns) likewise. None is
        the kernel's default: half a stride, at least half a pixel, for a Gaussian; the stride / sqrt(12) for
        a box, so that each sample is the mean of its own share.
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

    gx: Number
    gy: Number
    delta: Scale
    sigma: Scale = None
    gamma: Number = 1.0
    n: Pair = 64
    kernel: Kernel = "gaussian"
    edge: Edge = "extend"

    def __post_init__(self) -> None:
        register_pytree(Window, Window._split, Window._joined)
        for name, value, choices in (("kernel", self.kernel, KERNELS), ("edge", self.edge, EDGES)):
            checked_choice(name, value, choices)
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if name == "sigma" and value is None:
                value = default_sigma(self.delta, self.kernel)
            object.__setattr__(self, name, check(name, value))
        object.__setattr__(self, "n", checked_n(self.n))

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

    def __repr__(self) -> str:
        """Tell the numbers, and of gamma, kernel and edge those that are not the default."""
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        usual = {"gamma": Window.gamma, "kernel": Window.kernel, "edge": Window.edge}
        words = (f"{name}={value!r}" for name, value in shown.items() if not _equal(value, usual.get(name)))
        return f"Window({', '.join(words)})"

    def _repr_png_(self) -> bytes | None:
        # a notebook's picture: drawing stands above this module, and is loaded when one is asked for
        picture: bytes | None = import_module("glimpse.notebook").png_of(self)
        return picture

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
        (rows, cols), (n, m) = sides_of(shape), self.shape
        (down, across), (sharp, wide) = self.strides, self.sigmas
        return (
            Axis(rows, n, self.gx, down, sharp, self.kernel, self.edge),
            Axis(cols, m, self.gy, across, wide, self.kernel, self.edge),
        )

    @property
    def spans(self) -> tuple[Span, Span]:
        """The window along the rows' axis and along the columns' axis; gamma is the first one's."""
        from glimpse.window.span import Span  # which is made of windows

        (n, m), (down, across), (tall, wide) = self.shape, self.strides, self.sigmas
        rows = Span(self.gx, down, tall, self.gamma, n, self.kernel, self.edge)
        return rows, Span(self.gy, across, wide, 1.0, m, self.kernel, self.edge)

    @property
    def box(self) -> Box:
        """The area that the samples share, as a slice: rows ``top:bottom``, columns ``left:right``.

        The inverse of `from_slice`.

        Examples
        --------
        >>> Window(gx=29.5, gy=49.5, delta=2, n=10).box
        Box(top=20.0, bottom=40.0, left=40.0, right=60.0)
        """
        rows, cols = (n * stride / 2 for n, stride in zip(self.shape, self.strides, strict=True))
        x, y = self.gx + 0.5, self.gy + 0.5
        return Box(x - rows, x + rows, y - cols, y + cols)

    centered = classmethod(constructors.centered)
    from_slice = classmethod(constructors.from_slice)
    from_xywh = classmethod(constructors.from_xywh)
    from_xyxy = classmethod(constructors.from_xyxy)
    from_box, from_boxes = from_xywh, from_xyxy  # their older names
    from_outputs = classmethod(constructors.from_outputs)

    def replace(self, **changes: Any) -> Window:
        """Return the window with some of its fields changed; ``sigma=None`` is the default of its stride.

        Raises
        ------
        GlimpseError
            If a name is unknown, or a value is out of its range.

        Examples
        --------
        >>> Window(gx=1, gy=2, delta=3).replace(gx=4, n=5).gx
        4.0
        """
        known = [field.name for field in fields(self)]
        if unknown := sorted(set(changes) - set(known)):
            raise GlimpseError(f"a window has no {unknown[0]!r}; it has {', '.join(known)}")
        return replace(self, **changes)

    def to_image(self, points: Any, *, boxes: bool = False) -> Any:
        """Return where points of the patch lie in its image.

        Parameters
        ----------
        points : array_like, shape (..., 2), of any library
            Row and column of each, in samples: 0, 0 is the centre of the first. Gradients flow through.
        boxes : bool
            Instead (..., 4): x1, y1, x2, y2 from the left and top edge of the patch, as `from_xyxy` has them.

        Returns
        -------
        array, of the shape of `points`
            In pixels of the image; of a batch of windows (B,) each has points of its own, (B, ..., 2).

        Examples
        --------
        >>> window = Window(gx=180, gy=260, delta=5, n=(41, 61))
        >>> window.to_image([[20, 30], [0, 0]]).tolist(), window.to_patch([[180, 265]]).tolist()
        ([[180.0, 260.0], [80.0, 110.0]], [[20.0, 31.0]])
        """
        return self._moved(points, lambda u, g, n, delta: g + (u - (n - 1) / 2) * delta, boxes=boxes)

    def to_patch(self, points: Any, *, boxes: bool = False) -> Any:
        """Return where points of the image lie in the patch; the inverse of `to_image`."""
        return self._moved(points, lambda x, g, n, delta: (x - g) / delta + (n - 1) / 2, boxes=boxes)

    def _moved(self, points: Any, move: Callable[..., Any], *, boxes: bool) -> Any:
        """The points, each coordinate moved along its axis."""
        kind = (4, "x1, y1, x2, y2") if boxes else (2, "row, column")
        wanted = f"{'boxes' if boxes else 'points'} are numbers of shape (..., {kind[0]}): {kind[1]}"
        try:
            points, *numbers = promote(points, self.gx, self.gy, *self.strides)
        except (TypeError, ValueError):
            raise GlimpseError(wanted) from None
        except OverflowError:
            raise GlimpseError("a coordinate of a point is beyond all numbers of floating point") from None
        if not points.shape or points.shape[-1] != kind[0]:
            raise GlimpseError(wanted)
        shift = 0.5 if boxes else 0.0  # edges of pixels, or their centres
        gx, gy, down, across = (x.reshape((*x.shape, *(1,) * (points.ndim - 1 - x.ndim))) for x in numbers)
        axes = ((gx, self.shape[0], down), (gy, self.shape[1], across))
        order = (1, 0, 1, 0) if boxes else (0, 1)
        moved = [move(points[..., k] - shift, *axes[axis]) + shift for k, axis in enumerate(order)]
        return namespace(points).stack(moved, -1)

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
        if not isinstance(values, Mapping):
            raise GlimpseError(f"a window is made of a dictionary, such as to_dict gives, got {told(values)}")
        if unknown := sorted(set(values) - set(known)):
            raise GlimpseError(f"a window has no {unknown[0]!r}; it has {', '.join(known)}")
        if missing := [name for name in known[:4] if name not in values]:
            raise GlimpseError(f"a window needs {', '.join(missing)}")
        checked_scale("sigma", values["sigma"])  # what was written down has one
        return cls(**values)

    def sees(self, shape: tuple[int, int]) -> bool:
        """Tell whether the box of the window overlaps an image of this shape."""
        (top, bottom, left, right), (rows, cols) = self.box, checked_sides(shape)
        return bool(top < rows and bottom > 0 and left < cols and right > 0)

    def looks_swapped(self, shape: tuple[int, int]) -> bool:
        """Tell whether the centre is off an image of this shape, but on it with gx and gy swapped."""
        rows, cols = checked_sides(shape)
        centred, swapped = (
            -0.5 <= row <= rows - 0.5 and -0.5 <= col <= cols - 0.5
            for row, col in ((self.gx, self.gy), (self.gy, self.gx))
        )
        return swapped and not centred


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return all(map(_equal, one, other))
    plain = isinstance(one, (float, int, str)) and isinstance(other, (float, int, str))
    arrays = [not plain and (is_not_numpy(value) or is_numpy_array(value)) for value in (one, other)]
    if not any(arrays):
        return bool(one == other)
    return (
        all(arrays)
        and tuple(one.shape) == tuple(other.shape)
        and bool(namespace(one, other).all(one == other))
    )


register_pytree(Window, Window._split, Window._joined)
