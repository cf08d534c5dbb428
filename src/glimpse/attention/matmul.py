"""Matrix products of a size that BLAS does fastest, on the calling thread.

A product is cut into stacks of matrices that NumPy hands over one by one. OpenBLAS multiplies small matrices
where they lie (on processors with AVX-512), while it copies the parts of large ones first, which takes longer
than multiplying by a few filters; and it spreads large ones over all cores, where its threads stall as soon
as a core is busy with something else.
"""

from __future__ import annotations

import math
import os

import numpy as np

from glimpse.typing import Floats

# multiplications of a matrix: the most that OpenBLAS does where it lies, and the most on one of its threads
_AT_ONCE = 1_000_000 if os.environ.get("OPENBLAS_NUM_THREADS") == "1" else 1 << 18


def product(a: Floats, b: Floats, out: Floats | None = None) -> Floats:
    """Return ``a @ b``, in `out` or laid out in memory as b is."""
    out = np.empty_like(b, shape=(len(a), b.shape[1])) if out is None else out
    few, whole = _cut(b.shape[1], a.size)
    if few == b.shape[1]:
        return np.matmul(a, b, out=out)
    if whole:
        np.matmul(a, _stack(b[:, :whole], few), out=_stack(out[:, :whole], few))
    if whole < b.shape[1]:
        np.matmul(a, b[:, whole:], out=out[:, whole:])
    return out


def inner(a: Floats, b: Floats) -> Floats:
    """Return ``a @ b.T``."""
    few, whole = _cut(a.shape[1], len(a) * len(b))
    total = a[:, whole:] @ b[:, whole:].T
    if whole:
        total += (_stack(a[:, :whole], few) @ _stack(b[:, :whole], few).swapaxes(1, 2)).sum(axis=0)
    return total


def _cut(columns: int, each: int) -> tuple[int, int]:
    """How many columns to take at once, each `each` multiplications, and how many make whole lots."""
    lots = math.ceil(columns * each / _AT_ONCE) or 1
    few = -(-columns // lots) or 1
    return few, columns // few * few


def _stack(lines: Floats, few: int) -> Floats:
    """A view of the same numbers as matrices of `few` columns."""
    return lines.reshape(len(lines), -1, few).swapaxes(0, 1)
