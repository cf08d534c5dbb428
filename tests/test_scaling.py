"""A window on an image of fewer pixels sees the same."""

import numpy as np
import pytest
from hypothesis import given
from strategies import scenes

from glimpse import Window, read
from glimpse.window.scaling import enlarged, reduced


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_a_wide_window_sees_the_same_on_the_means_of_blocks(scale):
    y, x = np.mgrid[:160, :240]
    image = 100 + 50 * np.sin(x / 40) + 30 * np.cos(y / 30)
    means = image.reshape(160 // scale, scale, 240 // scale, scale).mean((1, 3))
    window = Window(gx=80.3, gy=119.6, delta=3.5, sigma=1.5 * scale, n=(12, 9))
    np.testing.assert_allclose(read(means, reduced(window, scale)), read(image, window), atol=0.3)


def test_the_sharpest_is_in_pixels_of_the_reduced_image():
    assert reduced(Window(0, 0, delta=8, sigma=1), 4, sharpest=0.3).sigma == 0.3


@given(scenes())
def test_enlarged_undoes_reduced(scene):
    window = scene[1]
    again = reduced(enlarged(window, 4), 4)
    np.testing.assert_allclose([again.gx, again.gy], [window.gx, window.gy], atol=1e-9)
    np.testing.assert_allclose(again.strides, window.strides, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(again.sigmas, window.sigmas, rtol=1e-6, atol=1e-6)
