"""The types of arrays that functions take and give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of any type of numbers."""

Plain = NDArray[Any] | Sequence[Any]
"""An array of NumPy's, or lists of numbers: what comes of it is an array of NumPy's."""

Floats = NDArray[np.floating[Any]]
"""An array of floating-point numbers."""
