"""Crops written as slices: their bounds, and the one stride that tiles them."""

from __future__ import annotations

import math
import re

from glimpse.errors import GlimpseError
from glimpse.limits import N_MAX
from glimpse.validation import NUMBER, Pair, number

_SLICE = re.compile(rf"({NUMBER})?\s*:\s*({NUMBER})?", re.ASCII)


def parse_slice(text: str) -> tuple[str, str]:
    """Return the rows and the columns of a slice such as ``100:600,200:``, each with its colon.

    Raises
    ------
    GlimpseError
        If the text is not a slice.
    """
    parts = [part.strip(" []") for part in text.removesuffix(",").split(",")]
    if len(parts) > 2:
        raise GlimpseError(f"slice {text!r} has {len(parts)} parts; write 100:600,200:700")
    for part in parts:
        _ends(part)
    return parts[0], parts[-1]


def _ends(part: str) -> list[float | None]:
    match = _SLICE.fullmatch(part)
    if not match:
        raise GlimpseError(f"{part!r} is not a slice such as 100:600 (first:last, without a step)")
    return [number(end) if end else None for end in match.groups()]


def bounds(part: str, size: int) -> tuple[float, float]:
    """Return first and last pixel edge of a slice on an axis, as NumPy counts and clips them."""
    first, last = _ends(part)
    ends = (0 if first is None else first, size if last is None else last)
    start, stop = (min(max(end + size if end < 0 else end, 0), size) for end in ends)
    if start >= stop:
        raise GlimpseError(f"slice {part!r} is empty on an axis of {size} pixels")
    return start, stop


def common_stride(height: float, width: float, n: Pair) -> float:
    """The one stride with which n filters tile height x width pixels."""
    rows, cols = (n, n) if isinstance(n, int) else n
    if math.isclose(height / rows, width / cols, rel_tol=1e-9):
        return height / rows
    from fractions import Fraction  # 3 ms, for the error alone

    aspect = Fraction(height / width).limit_denominator(N_MAX)
    p, q = aspect.numerator, aspect.denominator
    if p > N_MAX or not math.isclose(p / q, height / width, rel_tol=1e-9):
        raise GlimpseError(f"a slice of {height:g} x {width:g} pixels has no n of its aspect; trim one side")
    k = max(1, max(rows, cols) // max(p, q))
    near = [f"{p * m},{q * m}" for m in (k, k + 1) if max(p, q) * m <= N_MAX]
    raise GlimpseError(
        f"a slice of {height:g} x {width:g} pixels wants n of the same aspect (rows,columns): "
        f"{' or '.join(near)}, not {rows},{cols}"
    )
