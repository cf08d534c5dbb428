"""What the laws are tried on: small non-square images, windows from far outside to far beyond."""

import functools
import math

import numpy as np
from hypothesis import strategies as st

from glimpse import Window
from glimpse.limits import NUMBER_MAX
from glimpse.window import EDGES, KERNELS

kernels = st.sampled_from(KERNELS)
edges = st.sampled_from(EDGES)
sizes = st.integers(1, 12)


# strategies are kept, since Hypothesis looks through each that it has not seen before
@functools.cache
def log_uniform(low, high):
    """Numbers of every magnitude from low to high, both included."""
    exponents = st.floats(math.log(low), math.log(high))
    return exponents.map(lambda e: min(max(math.exp(e), low), high))


@functools.cache
def sixty_fourths(low, high):
    """Numbers that mirror and shift without rounding; half pixels and ties among them."""
    return st.integers(round(64 * low), round(64 * high)).map(lambda k: k / 64)


@functools.cache
def centers(size):
    """From one image length outside to one beyond, ties between two pixels included."""
    return st.one_of(st.floats(-size, 2 * size), st.integers(-2 * size, 4 * size).map(lambda k: k / 2))


@st.composite
def shapes(draw):
    """Rows and columns, never square."""
    rows, cols = draw(st.lists(sizes, min_size=2, max_size=2, unique=True))
    return rows, cols


@st.composite
def axes(draw, sigmas=None):
    """size, n, center, delta, sigma of one axis, everyday numbers."""
    size = draw(sizes)
    sigma = draw(log_uniform(0.01, 30) if sigmas is None else sigmas)
    return size, draw(sizes), draw(centers(size)), draw(log_uniform(0.05, 20)), sigma


@functools.cache
def extreme_centers(size):
    """Anywhere in the limits, often 100 images away."""
    far = st.floats(-NUMBER_MAX, NUMBER_MAX)
    return st.one_of(centers(size), st.sampled_from([-100.0 * size, 101.0 * size]), far)


@st.composite
def extreme_axes(draw):
    """size, n, center, delta, sigma anywhere in the limits."""
    size, positive = draw(sizes), log_uniform(1 / NUMBER_MAX, NUMBER_MAX)
    return size, draw(sizes), draw(extreme_centers(size)), draw(positive), draw(positive)


SHAPES, AXES, EXTREME_AXES = shapes(), axes(), extreme_axes()


@st.composite
def scenes(draw, extreme=False, **fixed):
    """An image's shape and a window over it, with anything of the window fixed by name."""
    shape = draw(SHAPES)
    (_, n, _, *scales), (_, m, _, *others) = (draw(EXTREME_AXES if extreme else AXES) for _ in range(2))
    delta, sigma = ((a, b) if draw(st.booleans()) else a for a, b in zip(scales, others, strict=True))
    gx, gy = (draw(centers(size)) for size in shape)
    if extreme and draw(st.booleans()):
        gx, gy = 101.0 * shape[0], -100.0 * shape[1]
    drawn = {"gx": gx, "gy": gy, "delta": delta, "sigma": sigma, "gamma": draw(log_uniform(0.01, 100))}
    drawn |= {"n": (n, m), "kernel": draw(kernels), "edge": draw(edges)}
    return shape, Window(**{**drawn, **fixed})


_STRIDE = sixty_fourths(1 / 64, 8)
STRIDES = st.one_of(_STRIDE, st.tuples(_STRIDE, _STRIDE))


@st.composite
def exact_scenes(draw, **fixed):
    """As `scenes`, with centres and strides that mirror and shift without rounding."""
    shape, window = draw(scenes(**fixed))
    gx, gy = (draw(sixty_fourths(-size, 2 * size)) for size in shape)
    delta = draw(STRIDES)
    return shape, Window(**{**window.to_dict(), "gx": gx, "gy": gy, "delta": delta, **fixed})


def pixels(*shape, seed=0, dtype=float, low=1, high=255):
    """A read-only array of seeded random levels, none of them zero."""
    levels = np.random.default_rng(seed).uniform(low, high, shape)
    return frozen(levels.astype(dtype) if np.dtype(dtype).kind == "f" else np.rint(levels).astype(dtype))


def frozen(array):
    """The array, which nobody may write to."""
    array = np.asarray(array)
    array.flags.writeable = False
    return array
