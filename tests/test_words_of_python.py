"""Errors of Python's own that a first try meets: each is one of ours, in words that name the argument."""

import numpy as np
import pytest

from glimpse import GlimpseError, Window, read, restore_many, show

IMAGE, WINDOW = np.zeros((48, 64, 3)), Window(20, 30, 2, n=8)


@pytest.mark.parametrize("axis", ["last", 1.0, True, (0, 1)])
def test_an_axis_of_channels_is_a_whole_number(axis):
    with pytest.raises(GlimpseError, match="channel_axis is a whole number"):
        read(IMAGE, WINDOW, channel_axis=axis)


def test_a_type_that_is_none_is_refused():
    with pytest.raises(GlimpseError, match="dtype is 'uint8' or 'uint16'"):
        read(IMAGE, WINDOW, channel_axis=-1, dtype="uint9")


@pytest.mark.parametrize("points", ["x", None, [[1, "b"]], [1, 2, 3], 5])
def test_points_are_pairs_of_numbers(points):
    with pytest.raises(GlimpseError, match=r"points are numbers of shape \(\.\.\., 2\): row, column"):
        WINDOW.to_image(points)


def test_each_patch_has_a_window_of_its_own():
    with pytest.raises(GlimpseError, match="windows are a list with one for each patch"):
        restore_many([np.zeros((8, 8))], WINDOW, (48, 64))


def test_a_window_is_made_of_a_dictionary():
    with pytest.raises(GlimpseError, match="a dictionary"):
        Window.from_dict(None)


@pytest.mark.parametrize("width", ["x", 0, 10**9, 640.0, True])
def test_a_width_is_a_number_of_pixels_that_memory_holds(width):
    with pytest.raises(GlimpseError, match="width must be a whole number"):
        show(IMAGE, WINDOW, width=width)


@pytest.mark.parametrize("make", [Window.from_xywh, Window.from_xyxy, Window.from_box])
def test_the_box_of_a_window_is_its_window_again(make):
    again = make(WINDOW.box, n=8)
    assert (again.gx, again.gy, again.delta) == (WINDOW.gx, WINDOW.gy, WINDOW.delta)
