"""The types of arrays that functions take and give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of any type of numbers."""

Floats = NDArray[np.floating[Any]]
"""An array of floating-point numbers."""
