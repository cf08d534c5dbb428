"""What tests of arrays of other libraries share."""

from dataclasses import replace

import numpy as np

from glimpse import Window

NAMES = ("gx", "gy", "delta", "sigma", "gamma")
LIBRARIES = {"torch": "torch", "jax": "jax.numpy", "strict": "array_api_strict"}
WINDOWS = {
    "inside": Window(5.3, 9.1, delta=1.7, sigma=1.1, gamma=1.4, n=(4, 3)),
    "sharp": Window(5.3, 9.1, delta=1.7, sigma=0.2, gamma=0.5, n=(3, 5)),
    "half outside": Window(-0.7, 16.2, delta=2.2, sigma=2.7, gamma=1.4, n=(4, 3)),
    "far": Window(60.3, -50.6, delta=1.3, sigma=0.8, n=2),
    "one": Window(4.4, 3.9, delta=1, sigma=2, n=1),
}


def plain(array):
    """As NumPy's."""
    return np.asarray(array.detach() if hasattr(array, "detach") else array)


def of(xp, window, *names):
    """The window with these numbers, or all, as arrays of a library."""
    return replace(
        window, **{name: xp.asarray(getattr(window, name), dtype=xp.float64) for name in names or NAMES}
    )
