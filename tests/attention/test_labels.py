"""Labels: each sample is one pixel of the image, and each pixel of a canvas one sample."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse import Window, read, read_labels, write_labels

NUMBERS = st.floats(-20, 40).map(lambda value: round(value, 2))


@st.composite
def windows(draw, least=0.1):
    deltas = tuple(draw(st.floats(least, 9).map(lambda value: round(value, 2))) for _ in range(2))
    n = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    return Window(
        draw(NUMBERS), draw(NUMBERS), deltas, 1, n=n, edge=draw(st.sampled_from(["extend", "black"]))
    )


def image(*channels, dtype=np.uint8):
    return np.random.default_rng(2).integers(1, 250, (17, 23, *channels)).astype(dtype)


@given(windows())
def test_each_sample_is_the_pixel_nearest_to_its_centre(window):
    labels = image(dtype=np.uint16)
    labels.flags.writeable = False
    patch = read_labels(labels, window)
    assert (patch.dtype, patch.shape) == (labels.dtype, window.shape)
    for i, j in np.ndindex(*window.shape):
        places = [
            math.ceil(g + (k - (n - 1) / 2) * delta - 0.5)
            for k, g, n, delta in zip(
                (i, j), (window.gx, window.gy), window.shape, window.strides, strict=True
            )
        ]
        inside = [min(max(place, 0), size - 1) for place, size in zip(places, labels.shape, strict=True)]
        seen = labels[tuple(inside)] if window.edge == "extend" or places == inside else 0
        assert patch[i, j] == seen


@given(windows())
def test_labels_are_what_a_sharp_filter_sees_where_no_two_pixels_are_as_near(window):
    labels = image()
    tie = any(
        abs((g + (k - (n - 1) / 2) * delta) % 1 - 0.5) < 1e-6
        for g, n, delta in zip((window.gx, window.gy), window.shape, window.strides, strict=True)
        for k in range(n)
    )
    if not tie:
        sharp = window.replace(sigma=1e-6)
        np.testing.assert_allclose(read_labels(labels, window), read(labels, sharp), atol=1e-3)


@given(windows(least=1.0))
def test_what_was_written_is_read_again(window):
    window = window.replace(gx=60.3 + window.gx, gy=60.7 + window.gy)
    patch = np.random.default_rng(3).integers(1, 9, window.shape)
    below = np.zeros((170, 180), int)
    below.flags.writeable = False
    canvas = write_labels(patch, window, below)
    np.testing.assert_array_equal(read_labels(canvas, window), patch)
    assert set(np.unique(canvas)) <= {0, *np.unique(patch)}
    top, bottom, left, right = window.box
    outside = np.ones_like(canvas, bool)
    outside[max(math.floor(top), 0) : math.ceil(bottom), max(math.floor(left), 0) : math.ceil(right)] = False
    assert not canvas[outside].any()


@pytest.mark.parametrize("axis", [0, 2, -1])
def test_channels_stay_where_they_are(axis):
    window = Window(8.2, 9.1, (2, 3), 1, n=(4, 5))
    labels = image(3)
    moved = np.moveaxis(labels, 2, axis)
    patch = read_labels(moved, window, channel_axis=axis)
    alone = [read_labels(labels[..., k], window) for k in range(3)]
    np.testing.assert_array_equal(np.moveaxis(patch, axis, 0), alone)
    canvas = write_labels(patch, window, np.zeros_like(moved), channel_axis=axis)
    np.testing.assert_array_equal(read_labels(canvas, window, channel_axis=axis), patch)
