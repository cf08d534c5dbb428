"""Crops as text and as boxes: from slices, percentages and x, y, w, h to the edges of pixels."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from glimpse.errors import GlimpseError
from glimpse.limits import N_MAX
from glimpse.validation import NUMBER, Pair, Scale, checked, checked_n, number

Fit = Literal["stretch", "contain", "cover"]
FITS: tuple[Fit, ...] = get_args(Fit)
NATIVE = "native"
"""The n of a crop that has one sample per pixel."""

_END = rf"{NUMBER}\s*%?"
_SLICE = rf"({_END})?\s*:\s*({_END})?"


class Area(NamedTuple):
    """A rectangle of an image, in pixels, from edge to edge."""

    top: float
    bottom: float
    left: float
    right: float

    @property
    def sides(self) -> tuple[float, float]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    @property
    def center(self) -> tuple[float, float]:
        """Row and column of the middle, counted from the centre of the first pixel."""
        return (self.top + self.bottom - 1) / 2, (self.left + self.right - 1) / 2

    def samples(self, n: Pair | str) -> Pair:
        """Return n, or the nearest number of pixels where n is "native"."""
        if n != NATIVE:
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
        if fit not in FITS:
            raise GlimpseError(f"fit must be {' or '.join(FITS)}, got {fit!r}")
        rows, cols = (n, n) if isinstance(n, int) else n
        down, across = self.sides[0] / rows, self.sides[1] / cols
        if fit == "stretch":
            return down if math.isclose(down, across, rel_tol=1e-9) else (down, across)
        return max(down, across) if fit == "contain" else min(down, across)


def sliced(text: str, shape: tuple[int, int]) -> Area:
    """Return the area of ``image[rows, columns]``, written as a slice.

    Examples
    --------
    >>> sliced("100:600,-50%:", (640, 480))
    Area(top=100.0, bottom=600.0, left=240.0, right=480.0)
    """
    rows, cols = (bounds(part, size) for part, size in zip(parse_slice(text), shape, strict=True))
    return Area(*rows, *cols)


def boxed(box: str | Sequence[object], pad: float | str = 0, shape: tuple[int, int] | None = None) -> Area:
    """Return the area of a box x, y, w, h, grown by pad on every side.

    Raises
    ------
    GlimpseError
        If the box is no four lengths, w or h or the padded box is empty, or a percentage has no shape.

    Examples
    --------
    >>> boxed((10, 20, 30, 40))
    Area(top=20.0, bottom=60.0, left=10.0, right=40.0)
    >>> boxed("0,50%,100%,50%", pad="10%", shape=(100, 200))
    Area(top=45.0, bottom=105.0, left=-20.0, right=220.0)
    """
    parts = box.split(",") if isinstance(box, str) else list(box)
    if len(parts) != 4:
        raise GlimpseError(f"a box is four numbers, x,y,w,h (x across, y down), not {box!r}")
    rows, cols = (None, None) if shape is None else shape
    names = zip(("x", "y", "w", "h"), parts, (cols, rows, cols, rows), strict=True)
    x, y, w, h = (_length(f"{name} of a box", part, whole) for name, part, whole in names)
    if w <= 0 or h <= 0:
        raise GlimpseError(f"w and h of a box must be > 0, got {w:g} and {h:g}")
    across, down = (_length("pad", pad, side) for side in (w, h))
    if min(across, down) < 0:
        raise GlimpseError(f"pad must be >= 0, got {pad}")
    return Area(y - down, y + h + down, x - across, x + w + across)


def _length(name: str, value: object, whole: float | None) -> float:
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
