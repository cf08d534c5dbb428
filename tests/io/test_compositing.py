"""Canvases added up: light adds, whatever the channels and levels."""

import numpy as np
import pytest

from glimpse import GlimpseError
from glimpse.io.compositing import Layer
from glimpse.io.decode import Picture

SHAPE = (4, 7)
BANDS = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}


def layer(mode, seed=0, white=255, shape=SHAPE):
    array = np.random.default_rng(seed).uniform(0, white / 3, (*shape, *BANDS[mode])).astype(np.float32)
    array.flags.writeable = False
    return Layer(array, Picture(array, white, alpha=mode.endswith("A")))


def light(layer):
    """Colours as RGB shares of white."""
    array = layer.array[..., None] if layer.array.ndim == 2 else layer.array
    colour = array[..., :-1] if layer.like.alpha else array
    return np.broadcast_to(colour, (*SHAPE, 3)) / layer.like.white


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize("first", BANDS)
@pytest.mark.parametrize("second", BANDS)
def test_light_adds_up_whatever_the_channels_and_levels(first, second, white):
    a, b = layer(first), layer(second, seed=1, white=white)
    total = a.plus(b)
    np.testing.assert_allclose(light(total), light(a) + light(b), rtol=1e-5)
    assert (total.like.white, total.like.alpha) == (a.like.white, a.like.alpha)


@pytest.mark.parametrize("mode", BANDS)
def test_adding_black_changes_nothing(mode):
    a = layer(mode)
    black = Layer(np.zeros_like(a.array), a.like)
    np.testing.assert_array_equal(a.plus(black).array, a.array)


@pytest.mark.parametrize("mode", BANDS)
def test_layers_of_one_kind_add_in_any_order(mode):
    a, b = layer(mode), layer(mode, seed=1)
    np.testing.assert_array_equal(a.plus(b).array, b.plus(a).array)


def test_grey_and_grey_stay_grey():
    assert layer("L").plus(layer("L", 1)).array.shape == SHAPE


def test_alpha_adds_up_to_opaque_and_no_further():
    a, b = layer("RGBA"), layer("LA", seed=1, white=65535)
    a = Layer(a.array + np.float32([0, 0, 0, 200]), a.like)
    expected = np.minimum(a.array[..., 3] + b.array[..., 1] / 257, 255)
    assert 255 in expected
    np.testing.assert_allclose(a.plus(b).array[..., 3], expected, rtol=1e-5)


@pytest.mark.parametrize("opaque", ["L", "RGB"])
def test_light_without_alpha_leaves_the_alpha_below_it(opaque):
    a = layer("RGBA")
    np.testing.assert_array_equal(a.plus(layer(opaque, 1)).array[..., 3], a.array[..., 3])


def test_canvases_of_different_sizes_do_not_add_up():
    with pytest.raises(GlimpseError, match="canvases of 4 x 7 and 4 x 8 do not add up; give one --canvas"):
        layer("L").plus(layer("L", shape=(4, 8)))
