"""Images and windows that are drawn: an everyday one, and the odd ones that must not break a drawing."""

import numpy as np
import pytest

from glimpse import Window

BASE = Window(gx=20, gy=50, delta=1.5, sigma=1, n=(10, 16))


def noise(*shape, seed=0):
    levels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    levels.flags.writeable = False
    return levels


def moved(window=BASE, **values):
    """The window with other values."""
    return Window(**{**window.to_dict(), "n": window.n, **values})


def patch_of(window, seed=1):
    return noise(*window.shape, 3, seed=seed)


def of_colour(drawing, colour):
    """Which pixels have a colour; a last axis of three is slow to look along."""
    return np.logical_and.reduce([drawing[..., i] == level for i, level in enumerate(colour)])


ODD = {
    "one filter": ((30, 80), moved(n=1)),
    "512 filters": ((30, 80), moved(n=512, delta=0.1)),
    "one row of filters": ((30, 80), moved(n=(1, 300))),
    "one column of filters": ((30, 80), moved(n=(300, 1))),
    "a window much larger than the image": ((30, 80), moved(delta=90)),
    "a window right of the image": ((30, 80), moved(gy=200)),
    "a window far away": ((30, 80), moved(gx=-5000, gy=9000)),
    "a large window far away": ((30, 80), moved(gx=-5000, gy=9000, delta=100)),
    "one pixel": ((1, 1), Window.centered((1, 1))),
    "one row": ((1, 3000), Window.centered((1, 3000))),
    "one column": ((3000, 1), Window.centered((3000, 1))),
    "very tall": ((6000, 200), Window.centered((6000, 200))),
    "very wide": ((200, 6000), Window.centered((200, 6000))),
    "a tiny grid": ((30, 80), moved(delta=1e-9, sigma=1e-9)),
    "the largest numbers": ((30, 80), moved(gx=-1e9, gy=1e9, delta=1e9, sigma=1e9)),
    "everything unusual": ((30, 80), moved(gamma=2.5, kernel="box", edge="black")),
}
# another odd one breaks what these would
TWINS = {
    "one column of filters",
    "a window much larger than the image",
    "a window right of the image",
    "a large window far away",
    "one column",
    "very wide",
}
ODD_NAMES = [pytest.param(name, id=name, marks=[pytest.mark.slow] * (name in TWINS)) for name in ODD]
