"""The grid of a window: every filter where it is and as wide as it is, the frame around them."""

import math

import numpy as np
import pytest
from hypothesis import given
from strategies import scenes
from windows_to_draw import moved

from glimpse import Window
from glimpse.drawing.grid import APART, draw_frame, draw_grid, every
from glimpse.drawing.viewport import BOX, Viewport


def drawn(window, viewport, draw=draw_grid, **how):
    """How much of the colour of the grid is at each pixel, 0 to 1, drawn on black."""
    canvas = np.zeros((viewport.height, viewport.width, 3), np.uint8)
    draw(canvas, viewport, window, **how)
    return canvas[..., 0] / BOX[0]


def blobs(ink):
    """How many separate parts there are."""
    from scipy.ndimage import label

    return label(ink > 0.3, np.ones((3, 3)))[1]


STAGE = Viewport(0, 0, 300, 400, 4)


def test_a_window_of_8_x_8_shows_64_filters_inside_its_frame():
    window = Window(gx=36, gy=49, delta=6, sigma=1.2, n=8)
    assert blobs(drawn(window, STAGE)) == 64 + 1


@pytest.mark.parametrize("sigma", [1.0, 2.5, 4.0])
def test_a_filter_is_a_circle_of_radius_sigma_at_its_centre(sigma):
    ink = drawn(Window(gx=37, gy=49.3, delta=50, sigma=sigma, n=1), STAGE)
    ys, xs = np.nonzero(ink > 0.5)
    y, x = STAGE.y(37), STAGE.x(49.3)
    radii = np.hypot(ys + 0.5 - y, xs + 0.5 - x)
    inner = radii[radii < 60]  # the frame is farther out
    assert abs(inner.mean() - 4 * sigma) < 0.3
    assert np.ptp(inner) < 2.5


def test_a_filter_narrower_than_a_pixel_and_a_half_is_a_dot():
    window = Window(gx=37, gy=49, delta=50, sigma=0.2, n=1)
    ink = drawn(window, STAGE)[100:200, 150:250]
    ys, xs = np.nonzero(ink)
    assert 2 < ink.sum() < 5
    assert (ys.mean() + 100.5, xs.mean() + 150.5) == (STAGE.y(37), STAGE.x(49))


def test_lines_are_anti_aliased_at_any_fraction_of_a_pixel():
    sums = []
    for shift in (0, 0.05, 0.1, 0.17):
        ink = drawn(Window(gx=37 + shift, gy=49 - shift, delta=50, sigma=3, n=1), STAGE)[100:200, 150:250]
        sums.append(ink.sum())
    assert np.ptp(sums) < 0.02 * sums[0]


def test_a_dense_grid_is_even():
    viewport = Viewport(0, 0, 300, 400, 1)
    window = Window(gx=149, gy=199, delta=APART + 0.33, sigma=0.1, n=(24, 30))
    ink = drawn(window, viewport)
    inside = ink[149 - 70 : 149 + 70, 199 - 90 : 199 + 90]
    dots = [inside[y : y + 27, x : x + 27].sum() for y in (0, 27, 54) for x in (0, 27, 54)]
    assert np.ptp(dots) < 0.15 * np.mean(dots)


def test_filters_that_would_be_a_net_are_drawn_every_2nd_or_4th():
    viewport = Viewport(0, 0, 300, 400, 1)
    steps = [
        every(viewport, Window(150, 200, delta, delta / 2, n=64)) for delta in (32, 16, 12, 6, 3, 1, 0.1)
    ]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (1, 64)
    assert set(steps) <= {1, 2, 4, 8, 16, 32, 64}


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1, 2, 4])
@pytest.mark.parametrize("delta", [0.7, 2, (2, 5), 8])
def test_a_grid_hides_no_picture(delta, sigma):
    viewport = Viewport(0, 0, 300, 400, 3)
    across = 40 if delta == 0.7 else 9
    window = Window(gx=50, gy=66, delta=delta, sigma=sigma, n=across)
    top, bottom, left, right = (round(3 * edge) for edge in window.box)
    inside = drawn(window, viewport)[max(top, 0) + 8 : bottom - 8, max(left, 0) + 8 : right - 8]
    assert 0 < (inside > 0.5).mean() < 0.4


def test_eight_filters_an_axis_are_all_drawn_though_they_touch():
    viewport = Viewport(0, 0, 300, 400, 1)
    assert every(viewport, Window(150, 200, 8, 4, n=8)) == 1
    assert every(viewport, Window(150, 200, 8, 4, n=9)) == 2


@pytest.mark.parametrize("many", [2, 4, 8])
def test_a_distance_that_was_rounded_draws_as_many_filters_as_the_exact_one(many):
    for scale in np.linspace(0.1, 9, 300):
        apart = APART / many / scale
        assert every(Viewport(0, 0, 300, 400, scale), Window(9, 9, apart, apart / 100, n=64)) == many


def test_few_filters_are_drawn_where_a_picture_must_stay_small():
    assert every(STAGE, Window(37, 49, 6, 1, n=64), most=8) == 8
    assert every(STAGE, Window(37, 49, 6, 1, n=8), most=8) == 1


def test_the_drawn_filters_are_as_far_from_one_edge_as_from_the_other():
    window = Window(gx=36.5, gy=49.5, delta=1, sigma=0.5, n=33)
    ink = drawn(window, Viewport(0, 0, 296, 400, 4))
    np.testing.assert_allclose(ink, ink[::-1, ::-1], atol=0.02)


def test_the_frame_lies_outside_what_the_samples_share():
    window = Window(gx=36, gy=49, delta=4, sigma=1, n=(8, 12))
    ink = drawn(window, STAGE, draw_frame)
    top, bottom, left, right = (round(4 * edge) for edge in window.box)
    assert not ink[top + 1 : bottom - 1, left + 1 : right - 1].any()
    assert (ink[top - 3 : top - 1, left:right] == 1).all()
    assert (ink[top:bottom, right + 1 : right + 3] == 1).all()
    assert not ink[: top - 5].any()


@pytest.mark.parametrize(
    ("gx", "gy", "borders"),
    [(0, 49, "top"), (74, 49, "bottom"), (36, 0, "left"), (36, 99, "right"), (-500, 49, "top"), (36, 49, "")],
)
def test_a_window_that_goes_on_beyond_the_border_has_an_arrow_there(gx, gy, borders):
    window = moved(Window(36, 49, 1, 1, n=20), gx=gx, gy=gy)
    ink = drawn(window, STAGE, draw_frame)
    at = {
        "top": ink[:12, 190:206], "bottom": ink[-12:, 190:206],
        "left": ink[140:152, :12], "right": ink[140:152, -12:],
    }  # fmt: skip
    for border, area in at.items():
        assert area.any() == (border == borders), border


def test_an_ellipse_has_the_sigma_of_each_axis():
    ink = drawn(Window(gx=36.5, gy=49.5, delta=60, sigma=(2, 6), n=1), STAGE)[100:200, 150:250]
    ys, xs = np.nonzero(ink > 0.4)
    assert abs(np.ptp(ys) - 2 * 8) <= 2
    assert abs(np.ptp(xs) - 2 * 24) <= 2


@given(scenes(extreme=True))
def test_any_window_can_be_drawn_anywhere(scene):
    shape, window = scene
    viewport = Viewport.spanning((0, shape[0]), (0, shape[1]), 40, 50)
    ink = drawn(window, viewport)
    assert math.isfinite(ink.sum())


@pytest.mark.parametrize(("gx", "gy"), [(0, 0), (0, 99), (74, 0), (74, 99)])
def test_the_arrows_of_a_window_in_a_corner_stand_beside_the_corner(gx, gy):
    ink = drawn(moved(Window(36, 49, 1, 0.1, n=4), gx=gx, gy=gy), STAGE, draw_frame)
    ink = ink[:: -1 if gx else 1, :: -1 if gy else 1]
    assert ink[:12, 6:17].any()
    assert ink[6:17, :12].any()
    assert not ink[:3, :6].any()  # where the tips of both would be one
    assert not ink[:6, :3].any()
