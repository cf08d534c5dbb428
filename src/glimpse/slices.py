"""Crops as slices and as boxes: from text, percentages and x, y, w, h to a `Box`, the edges of pixels."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

from glimpse.array_api import namespace
from glimpse.errors import GlimpseError
from glimpse.limits import N_MAX
from glimpse.validation import NUMBER, Pair, Scale, checked, checked_choice, checked_n, number, told

Fit = Literal["stretch", "contain", "cover"]
FITS: tuple[Fit, ...] = get_args(Fit)
NATIVE = "native"
"""The n of a crop that has one sample per pixel."""

_END = rf"{NUMBER}\s*%?"
_SLICE = rf"({_END})?\s*:\s*({_END})?"


class Box(NamedTuple):
    """A rectangle of an image, in pixels, from edge to edge: ``image[top:bottom, left:right]``."""

    top: Any
    bottom: Any
    left: Any
    right: Any

    @property
    def sides(self) -> tuple[Any, Any]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    @property
    def center(self) -> tuple[Any, Any]:
        """Row and column of the middle, counted from the centre of the first pixel."""
        return (self.top + self.bottom - 1) / 2, (self.left + self.right - 1) / 2

    def samples(self, n: Pair | str) -> Pair:
        """Return n, or the nearest number of pixels where n is "native"."""
        if not is_native(n):
            return checked_n(n)
        rows, cols = (max(1, round(side)) for side in self.sides)
        if max(rows, cols) > N_MAX:
            raise GlimpseError(
                f"{rows} x {cols} pixels are more than {N_MAX} a side; give an n instead of native"
            )
        return checked_n((rows, cols))

    def stride(self, n: Pair, fit: str = "stretch") -> Scale:
        """Return the stride or strides with which n filters fit the area.

        Raises
        ------
        GlimpseError
            If there is no such fit.
        """
        checked_choice("fit", fit, FITS)
        rows, cols = (n, n) if isinstance(n, int) else n
        down, across = self.sides[0] / rows, self.sides[1] / cols
        one = isinstance(down, float)  # else a batch of boxes, whose edges are arrays
        if fit == "stretch":
            return down if one and math.isclose(down, across, rel_tol=1e-9) else (down, across)
        if one:
            return max(down, across) if fit == "contain" else min(down, across)
        xp = namespace(down)
        return (xp.maximum if fit == "contain" else xp.minimum)(down, across)

    def grown(self, pad: float | str) -> Box:
        """Return the box with a margin on every side: of pixels, or a percentage of its width and height."""
        height, width = self.sides
        down, across = (_length("pad", pad, side) for side in (height, width))
        size = number(pad.strip(" %")) if isinstance(pad, str) else pad
        if getattr(size, "shape", ()) or size < 0:
            raise GlimpseError(f"pad must be >= 0, got {told(pad)}")
        return Box(self.top - down, self.bottom + down, self.left - across, self.right + across)


def is_native(n: object) -> bool:
    """Tell whether this n is one sample per pixel."""
    return isinstance(n, str) and n == NATIVE


def sliced(crop: str | slice | Sequence[slice], shape: tuple[int, int]) -> Box:
    """Return the area of ``image[rows, columns]``, as slices or written as them.

    Examples
    --------
    >>> sliced("100:600,-50%:", (640, 480))
    Box(top=100.0, bottom=600.0, left=240.0, right=480.0)
    """
    text = crop if isinstance(crop, str) else ",".join(map(_written, _parts(crop)))
    rows, cols = (bounds(part, size) for part, size in zip(parse_slice(text), shape, strict=True))
    return Box(*rows, *cols)


def _parts(crop: object) -> Sequence[object]:
    return crop if isinstance(crop, (tuple, list)) and crop else [crop]


def _written(part: object) -> str:
    """A slice of Python's as text."""
    if not isinstance(part, slice):
        raise GlimpseError(f"{told(part)} is not a slice; write '100:600,200:700' or np.s_[100:600, 200:700]")
    if part.step not in (None, 1):
        raise GlimpseError(f"a slice has no step here, got {part}; n says how many samples there are")
    ends = (part.start, part.stop)
    checks = ("" if end is None else f"{checked('an end of a slice', end, positive=False)!r}" for end in ends)
    return ":".join(checks)


def boxed(
    box: str | Sequence[object],
    pad: float | str = 0,
    shape: tuple[int, int] | None = None,
    order: str = "xywh",
) -> Box:
    """Return the area of a box x, y, w, h or x1, y1, x2, y2, grown by pad on every side.

    Raises
    ------
    GlimpseError
        If the box is no four lengths, is empty, or a percentage has no shape.

    Examples
    --------
    >>> boxed((10, 20, 30, 40))
    Box(top=20.0, bottom=60.0, left=10.0, right=40.0)
    >>> boxed("0,50%,100%,50%", pad="10%", shape=(100, 200))
    Box(top=45.0, bottom=105.0, left=-20.0, right=220.0)
    """
    names, form = {
        "xywh": (("x", "y", "w", "h"), "x,y,w,h (x across, y down)"),
        "xyxy": (("x1", "y1", "x2", "y2"), "x1,y1,x2,y2 (x across, y down)"),
    }[order]
    parts = box.split(",") if isinstance(box, str) else list(box) if isinstance(box, Sequence) else []
    if len(parts) != 4:
        raise GlimpseError(f"a box is four numbers, {form}, not {told(box)}")
    rows, cols = (None, None) if shape is None else shape
    named = zip(names, parts, (cols, rows, cols, rows), strict=True)
    x, y, w, h = (_length(f"{name} of a box", part, whole) for name, part, whole in named)
    if order == "xyxy":
        if w <= x or h <= y:
            raise GlimpseError(f"x2 and y2 of a box must be more than x1 and y1, got {x:g},{y:g},{w:g},{h:g}")
        return Box(y, h, x, w).grown(pad)
    if w <= 0 or h <= 0:
        raise GlimpseError(f"w and h of a box must be > 0, got {w:g} and {h:g}")
    return Box(y, y + h, x, x + w).grown(pad)


def _length(name: str, value: object, whole: Any) -> Any:
    """A number of pixels, or the percentage of a whole."""
    if not isinstance(value, str):
        return checked(name, value, positive=False)
    share = value.strip()
    if not share.endswith("%"):
        return checked(name, number(share), positive=False)
    if whole is None:
        raise GlimpseError(f"{name} is {share} of an image, and no shape of the image is given")
    return checked(name, number(share[:-1].rstrip()) / 100 * whole, positive=False)


def parse_slice(text: str) -> tuple[str, str]:
    """Return the rows and the columns of a slice such as ``100:600,10%:50%``, each with its colon.

    Raises
    ------
    GlimpseError
        If the text is not a slice.
    """
    parts = [part.strip(" []") for part in text.removesuffix(",").split(",")]
    if len(parts) > 2:
        raise GlimpseError(f"slice {text!r} has {len(parts)} parts; write 100:600,200:700")
    for part in parts:
        _ends(part, N_MAX)
    return parts[0], parts[-1]


def _ends(part: str, size: int) -> tuple[float, float]:
    """First and last pixel edge as they are written; an open end is that of the axis."""
    match = re.fullmatch(_SLICE, part, re.ASCII)
    if not match:
        also = (
            "; a comma parts rows and columns, 100:600,200:700"
            if part.count(":") == 2 and " " in part
            else ""
        )
        raise GlimpseError(f"{part!r} is not a slice such as 100:600 (first:last, without a step){also}")
    first, last = match.groups()
    name = f"slice {part!r}"
    return _length(name, first, size) if first else 0, _length(name, last, size) if last else size


def bounds(part: str, size: int) -> tuple[float, float]:
    """Return first and last pixel edge of a slice on an axis, as NumPy counts and clips them."""
    start, stop = (min(max(end + size if end < 0 else end, 0), size) for end in _ends(part, size))
    if start >= stop:
        raise GlimpseError(f"slice {part!r} is empty on an axis of {size} pixels")
    return float(start), float(stop)
