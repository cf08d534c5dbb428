"""Which samples of a patch were painted, and which a loss or another resampler changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glimpse.typing import Floats

_MOST = 24.0
"""Levels by which samples on flat ground may be off at most and still be untouched: more leaves edits out."""

_MOST_OF = 0.95
"""Share of the samples that agree whose differences count: more counts paint that agrees by chance."""

_WEAK, _STRONG = (1.5, 2.0), (3.0, 12.0)
"""Of what all samples that agree but one in twenty are off: times the levels on flat ground, and times the
share of the contrast around it on steep. A sample that is off by the second is painted, and those off by the
first that touch it. More leaves out rims and faint paint, less writes what a resampler made of edges."""


def find_paint(
    seen: Floats,
    given: Floats,
    agreeing: NDArray[np.bool_],
    tolerance: float,
    levels: tuple[float, float] = (1.0, 0.0),
) -> NDArray[np.bool_]:
    """Tell which samples were painted, shape (N, M).

    What a loss or a resampler changes is off the more, the steeper the levels around it. Paint is what stands
    out by far, with all beside it that still stands out (hysteresis; Canny 1986, "A computational approach to
    edge detection").

    Parameters
    ----------
    seen, given : ndarray, shape (N, M, C)
        What a window reads, and the patch, in levels of 0 to 255.
    agreeing : ndarray of bool, shape (N, M)
        Samples that a fit trusts.
    tolerance : float
        Levels by which a sample may be off in any case.
    levels : (float, float)
        Gain and offset of the patch. They are paint; what remains of samples that agree is not.
    """
    from scipy.ndimage import (
        binary_closing,
        binary_erosion,
        binary_opening,
        label,
        maximum_filter,
        minimum_filter,
    )

    near, (gain, offset) = np.ones((3, 3)), levels
    contrast = (maximum_filter(seen, (3, 3, 1)) - minimum_filter(seen, (3, 3, 1))).max(axis=2)
    inner = binary_erosion(agreeing, near, border_value=1)  # amid paint samples agree by chance
    inner = inner if inner.any() else agreeing
    left = np.abs(gain * seen + offset - given).max(axis=2)
    flat = contrast <= np.median(contrast[inner])
    level = min(float(np.quantile(left[inner & flat], _MOST_OF)), _MOST)
    steep = inner & ~flat
    share = (
        np.quantile(np.maximum(left[steep] - level, 0) / contrast[steep], _MOST_OF) if steep.any() else 0.0
    )
    off = np.abs(seen - given).max(axis=2)
    weak, strong = (
        off > np.maximum(tolerance, a * level + b * share * contrast) for a, b in (_WEAK, _STRONG)
    )
    # what is off along edges alone is thin, and leads from part to part
    parts, _ = label(strong | binary_opening(weak, np.ones((2, 2))), near)
    painted = np.isin(parts, parts[strong])
    closed = binary_closing(np.pad(painted, 1), near)[1:-1, 1:-1]  # and amid what was painted
    return np.asarray(painted | closed)
