"""Where things are drawn, and the pixels that are drawn there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from windows_to_draw import noise

from glimpse.drawing import viewport
from glimpse.drawing.viewport import BACKGROUND, BORDER, Viewport, enlarge, reduced, thumbnail, to_rgb


def test_to_enlarge_is_to_repeat_each_pixel():
    array = noise(3, 5, 3)
    big = enlarge(array, 4)
    assert big.shape == (12, 20, 3)
    for dy in range(4):
        np.testing.assert_array_equal(big[dy::4, dy::4], array)


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize("bands", [(), (1,), (2,), (3,), (4,)])
def test_to_rgb_shows_the_colours_on_black(bands, white):
    levels = np.random.default_rng(0).uniform(-0.2 * white, 1.2 * white, (4, 6, *bands))
    levels.flags.writeable = False
    rgb = to_rgb(levels, white)
    colour = levels.reshape(4, 6, -1)
    colour = colour[..., :-1] if bands in ((2,), (4,)) else colour
    assert (rgb.dtype, rgb.shape) == (np.uint8, (4, 6, 3))
    np.testing.assert_array_equal(
        rgb, np.broadcast_to(np.rint(np.clip(colour * 255 / white, 0, 255)), rgb.shape)
    )


@given(st.integers(1, 40), st.integers(1, 200), st.integers(1, 60))
def test_a_thumbnail_is_the_mean_of_blocks(rows, cols, side):
    levels = noise(rows, cols)
    small = thumbnail(levels, 255, side)
    factor = max(1, max(rows, cols) // side)
    assert small.shape == (-(-rows // factor), -(-cols // factor), 3)
    last = tuple(slice((size - 1) * factor, None) for size in small.shape[:2])
    assert abs(small[0, 0, 0] - levels[:factor, :factor].mean()) <= 1
    assert abs(small[-1, -1, 2] - levels[last].mean()) <= 1


@pytest.mark.parametrize(("rows", "cols", "factor"), [(900, 1000, 1), (2000, 500, 3), (10, 70_000, 7)])
def test_a_large_image_is_converted_strip_by_strip(rows, cols, factor):
    class Strips:
        shape = rows, cols
        seen = 0

        def __getitem__(self, index):
            tall = len(range(rows)[index[0]])
            Strips.seen = max(Strips.seen, tall * cols)
            return np.broadcast_to(np.uint8(7), (tall, cols))

    assert reduced(Strips(), 255, factor).shape == (-(-rows // factor), -(-cols // factor), 3)
    assert Strips.seen <= max(viewport._STRIP, factor * cols)


def test_a_part_of_the_plane_fills_its_space_up_to_the_border():
    viewport = Viewport.spanning((0, 30), (-5, 80), 60, 300)
    assert (viewport.scale, viewport.height, viewport.width) == (2, 60 + 2 * BORDER, 170 + 2 * BORDER)
    assert (viewport.y(-0.5), viewport.y(29.5)) == (BORDER, 60 + BORDER)
    assert (viewport.x(-5.5), viewport.x(79.5)) == (BORDER, 170 + BORDER)


def test_pixels_that_are_drawn_large_are_all_as_large():
    assert Viewport.spanning((0, 28), (0, 28), 376, 640).scale == 13


@given(st.floats(1, 5000), st.floats(1, 5000))
def test_no_part_of_the_plane_outgrows_its_space(rows, cols):
    viewport = Viewport.spanning((0, rows), (0, cols), 200, 300)
    assert 1 <= viewport.height - 2 * BORDER <= 200
    assert 1 <= viewport.width - 2 * BORDER <= 300


def test_the_backdrop_is_the_image_at_its_place():
    image = noise(30, 80, 3)
    viewport = Viewport.spanning((-15, 30), (0, 80), 90, 999)
    backdrop = viewport.backdrop(image)
    top = 30 + BORDER
    np.testing.assert_array_equal(backdrop[top : top + 60, BORDER:-BORDER], enlarge(image, 2))
    outside = backdrop[:top].reshape(-1, 3)
    np.testing.assert_array_equal(outside, np.broadcast_to(BACKGROUND, outside.shape))


def test_a_smaller_copy_is_drawn_where_the_image_would_be():
    small = noise(30, 80, 3)
    viewport = Viewport.spanning((0, 60), (0, 160), 240, 999)
    whole = viewport.backdrop(enlarge(small, 2))
    np.testing.assert_array_equal(viewport.backdrop(small, (60, 160)), whole)


def test_what_lies_further_on_is_drawn_where_it_was_asked():
    viewport = Viewport.spanning((0, 30), (0, 80), 60, 300)
    further = viewport.shifted(100, -20)
    assert (further.y(107), further.x(3)) == (viewport.y(7), viewport.x(23))
