"""Whether parts of a patch are shifted beside their window, so that no one window reads all of it."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from glimpse.registration.texture import SLOPE
from glimpse.typing import Floats

_PARTS = 4
"""Parts along either side: more are too small to tell a shift from noise, fewer hide a shift that turns."""

_FEWEST = 64
"""Samples of a part that agree, with fewer of which it has no say: less takes noise for shifts."""

_EXPLAINED = 0.07
"""Share of what is left that shifts have to explain: of noise and losses at most 0.03, of warps 0.1."""


def shift_of_parts(
    seen: Floats, given: Floats, agreeing: NDArray[np.bool_], levels: tuple[float, float]
) -> float:
    """Return by how many samples the middle one of the parts is shifted; 0 where shifts explain too little.

    A shift is what the slopes explain of the difference (Lucas and Kanade 1981, "An iterative image
    registration technique with an application to stereo vision").

    Parameters
    ----------
    seen, given : ndarray, shape (N, M, C)
        What a window reads, and the patch, in levels.
    agreeing : ndarray of bool, shape (N, M)
        Samples that a fit trusts.
    levels : (float, float)
        Gain and offset of the patch.
    """
    from scipy.ndimage import gaussian_filter

    gain, offset = levels
    fitted = gain * seen.mean(axis=2, dtype=np.float64) + offset
    left = given.mean(axis=2, dtype=np.float64) - fitted
    slopes = np.stack([gaussian_filter(fitted, SLOPE, order=way) for way in ((1, 0), (0, 1))], axis=2)
    before, after, shifts = 0.0, 0.0, []
    for part in product(*(np.array_split(np.arange(n), _PARTS) for n in left.shape)):
        block = np.ix_(*part)
        asked = agreeing[block]
        if asked.sum() < _FEWEST:
            continue
        slope, off = slopes[block][asked], left[block][asked]
        shift, *_ = np.linalg.lstsq(slope, off)
        before, after = before + float(off @ off), after + float(np.sum((off - slope @ shift) ** 2))
        shifts.append(float(np.hypot(*shift)))
    return float(np.median(shifts)) if shifts and after < (1 - _EXPLAINED) * before else 0.0
