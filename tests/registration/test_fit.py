"""One fit and the last one of `locate`, and what their tuned numbers trade: each test holds some of them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from crops import ASTRONAUT, CAMERA, OFTEN, WINDOWS, cut, eight_bits, grey, jpeg, resized
from PIL import Image
from strategies import pixels

from glimpse import GlimpseError, Window, read
from glimpse.registration import finishing, least_squares, pixel_boxes
from glimpse.registration import grey as levels
from glimpse.registration.finishing import finish
from glimpse.registration.grey import change_of_levels
from glimpse.registration.least_squares import EQUAL, FREE, SQUARE, STRETCHED, Fit, basis, blurred
from glimpse.registration.pixel_boxes import AS_GOOD, SNAP_RATIO, snap_to_pixels
from glimpse.registration.pyramid import Scene, from_level, onto_level

GREY = grey(ASTRONAUT).astype(np.float32)
SCENE = Scene(GREY)


def wave(period, shape=(64, 64)):
    return np.cos(2 * np.pi * np.arange(shape[1]) / period) * np.ones(shape)


# one fit


@pytest.mark.parametrize("name", ["rows", "squashed"])
@pytest.mark.parametrize("free", [FREE, STRETCHED, SQUARE], ids=["free", "stretched", "square"])
def test_a_fit_comes_to_rest_in_few_steps_where_the_patch_was_read(name, free):
    window = WINDOWS[name]
    near = replace(window, gx=window.gx + 0.4 * window.strides[0], gy=window.gy - 0.4 * window.strides[1])
    fit = least_squares.fit(SCENE, read(GREY, window), near, 30, free=free)
    assert fit.settled
    assert len(fit.path) <= 9
    assert (fit.window.gx, fit.window.gy) == pytest.approx((window.gx, window.gy), abs=1e-3)
    assert fit.window.strides == pytest.approx(window.strides, rel=1e-4)
    assert (fit.gain, fit.offset) == (pytest.approx(1, abs=1e-3), pytest.approx(0, abs=0.1))


@pytest.mark.parametrize(("length", "still"), [(0.9e-4, True), (1.1e-4, False)])
def test_a_fit_rests_where_its_step_is_a_ten_thousandth(monkeypatch, length, still):
    errors = iter(0.5**k for k in range(9))

    class Halved:
        """A fit whose error falls by half with each step."""

        gain, offset = 1.0, 0.0

        def __init__(self, image, target, window, blur):
            self.window, self.error = window, next(errors)

        def step(self, damping, free):
            return np.full(6, length)

    monkeypatch.setattr(least_squares, "Linear", Halved)
    assert least_squares.fit(SCENE, GREY, WINDOWS["rows"], 3).settled is still


def test_a_fit_keeps_what_is_not_free():
    window = Window(140, 150, (4, 3), (2, 1.2), n=30)
    patch = read(GREY, Window(140.4, 149.8, (4.15, 2.95), (1.9, 1.25), n=30))
    square, stretched = (
        least_squares.fit(SCENE, patch, window, 5, free=free).window for free in (SQUARE, STRETCHED)
    )
    assert square.strides[0] / square.strides[1] == pytest.approx(4 / 3)
    assert square.sigmas[0] / square.sigmas[1] == pytest.approx(2 / 1.2)
    assert stretched.strides[0] / stretched.strides[1] == pytest.approx(4.15 / 2.95, rel=0.01)
    shares = [sigma / stride for sigma, stride in zip(stretched.sigmas, stretched.strides, strict=True)]
    assert shares[0] / shares[1] == pytest.approx((2 / 4) / (1.2 / 3))


def test_a_step_is_no_longer_than_the_model_may_hold():
    window = Window(100, 100, 4, 2, n=20)
    moved = least_squares._moved(window, np.array([5, -5, 1, -1, 0.3, -0.3]))
    assert (moved.gx, moved.gy) == (104, 96)
    assert moved.strides == pytest.approx((4 * math.exp(0.1), 4 * math.exp(-0.1)))
    assert moved.sigmas == pytest.approx((2 * math.exp(0.3), 2 * math.exp(-0.3)))
    assert least_squares._moved(window, np.full(6, 9.0)).sigma == pytest.approx(2 * math.exp(0.4))


@pytest.mark.parametrize(
    ("sigma", "stride", "kernel", "taken"),
    [(9, 4, "gaussian", 8), (7.9, 4, "gaussian", 7.9), (0.1, 4, "gaussian", 0.6), (0.61, 4, "gaussian", 0.61),
     (0.1, 1, "gaussian", 0.3), (0.01, 0.5, "box", 0.1), (9, 0.1, "gaussian", 0.3)],
)  # fmt: skip
def test_a_sigma_is_a_share_of_a_stride_and_no_less_than_where_derivatives_vanish(
    sigma, stride, kernel, taken
):
    assert least_squares._within(sigma, stride, kernel) == pytest.approx(taken)


def test_details_are_half_of_a_wave_of_eight_samples():
    soft, details = (np.ptp(part) for part in basis(wave(8), 0.01)[:, 64 * 32 : 64 * 33][:, 16:48])
    assert details / soft == pytest.approx(0.5, abs=0.03)


def test_the_blur_hides_the_finest_details_and_leaves_the_next():
    finest, next_ = (np.ptp(blurred(wave(period), pixel_boxes.BLUR)[:, 16:48]) / 2 for period in (2, 4))
    assert finest < 0.1
    assert next_ == pytest.approx(0.45, abs=0.03)


def test_a_window_comes_back_from_a_level():
    window = Window(140.3, 150.2, (9, 14), (4, 8), n=30)
    back = from_level(onto_level(window, 2), 2)
    assert (back.gx, back.gy, *back.strides, *back.sigmas) == pytest.approx((140.3, 150.2, 9, 14, 4, 8))
    assert onto_level(replace(window, sigma=0.5), 2).sigma == pytest.approx(0.3)  # derivatives vanish below


# levels


def test_colour_becomes_the_grey_of_other_tools(monkeypatch):
    mixed = levels.grey(ASTRONAUT, 2)
    assert np.abs(mixed - grey(ASTRONAUT)).max() < 1
    monkeypatch.setattr(levels, "_AT_ONCE", 5000)
    np.testing.assert_array_equal(levels.grey(ASTRONAUT, 2), mixed)


def test_pixels_are_sliced_never_taken_as_a_whole():
    class Strips:
        """An array that can be sliced and no more."""

        shape, ndim, size, dtype = ASTRONAUT.shape, 3, ASTRONAUT.size, ASTRONAUT.dtype

        def __getitem__(self, index):
            assert index[0].stop - index[0].start <= (1 << 20) // (360 * 3)
            return ASTRONAUT[index]

    np.testing.assert_array_equal(levels.grey(Strips(), 2), levels.grey(ASTRONAUT, 2))


def test_masked_pixels_are_refused():
    with pytest.raises(GlimpseError, match="masked"):
        levels.grey(np.ma.masked_greater(GREY, 200), None)


@pytest.mark.parametrize(("offset", "told"), [(0.4, 0), (0.7, 0.7)])
def test_half_a_level_is_no_change_of_brightness(offset, told):
    patch = pixels(30, 30)
    gain, found, _ = change_of_levels(patch, patch + offset)
    assert (gain, found) == (pytest.approx(1), pytest.approx(told, abs=1e-6))


def test_stronger_details_are_no_change_of_contrast_but_stronger_shapes_are():
    fine, shapes = 40 * wave(6), 40 * wave(21)
    assert change_of_levels(shapes + fine, shapes + 1.3 * fine)[0] == pytest.approx(1)
    assert change_of_levels(shapes + fine, 1.3 * shapes + fine)[0] == pytest.approx(1.3, abs=0.02)


# the last fit


def faked(monkeypatch, *errors):
    """Let fits have these errors, one after the other."""
    left = iter(errors)
    monkeypatch.setattr(
        least_squares, "fit", lambda scene, target, window, *_, **__: Fit(window, 1.0, 0.0, next(left))
    )


@pytest.mark.parametrize(("error", "kernel"), [(0.88, "box"), (0.92, "gaussian")])
def test_the_second_kernel_has_to_be_better(monkeypatch, error, kernel):
    faked(monkeypatch, 1.0, error)
    start = Fit(WINDOWS["rows"], 1.0, 0.0, 1.0)
    assert finishing._with_kernel(SCENE, GREY, start, 9, None).window.kernel == kernel


@pytest.mark.parametrize(
    ("errors", "strides", "free"),
    [
        ((1.021,), (4, 4.1), SQUARE),
        ((1.023, 1.021), (4, 4.1), EQUAL),
        ((1.023, 1.023), (4, 4.1), FREE),
        ((1,), (4, 4.4), SQUARE),
        ((), (4, 4.5), FREE),
    ],
)
def test_one_stride_has_to_be_as_good_and_is_tried_where_both_are_near(monkeypatch, errors, strides, free):
    faked(monkeypatch, *errors)
    fit = Fit(Window(100, 100, strides, (2, 2.2), n=20), 1.0, 0.0, 1.0)
    found, kept = finishing._squared(SCENE, GREY, fit, 9)
    assert kept is free
    assert isinstance(found.window.delta, tuple) is (free is FREE)
    assert isinstance(found.window.sigma, tuple) is (free is not SQUARE)


@pytest.mark.parametrize(("noise", "ratio"), [(0.66, 0.85), (0.76, 1.03)])
def test_more_than_half_a_squared_level_is_a_loss_after_which_a_whole_box_need_only_be_as_good(
    monkeypatch, noise, ratio
):
    window, told = WINDOWS["rows"], []
    patch = read(GREY, window)
    lossy = patch + noise * np.random.default_rng(0).normal(size=patch.shape)
    monkeypatch.setattr(finishing, "snap_to_pixels", lambda *given, square: told.append((given[4], square)))
    finish(SCENE, lossy.astype(np.float32), Fit(window, 1.0, 0.0, 1.0), None)
    assert told == [(ratio, True)]


def test_a_large_patch_is_fitted_to_fewer_samples_and_to_all_in_few_steps(monkeypatch):
    told = []

    def fit(scene, target, window, steps, *_, **__):
        told.append((min(target.shape), steps))
        return Fit(window, 1.0, 0.0, 0.1)

    monkeypatch.setattr(least_squares, "fit", fit)
    monkeypatch.setattr(finishing, "snap_to_pixels", lambda *_, **__: None)
    for side in (256, 257):
        start = Fit(Window(149, 179, 1, 0.5, n=side), 1.0, 0.0, 1.0)
        finish(SCENE, pixels(side, side).astype(np.float32), start, "gaussian")
    assert told == [(256, 30), (256, 30), (254, 30), (257, 3), (257, 3)]


# boxes of whole pixels


@pytest.mark.parametrize("name", OFTEN)
def test_a_window_between_the_pixels_is_not_moved_onto_them(name):
    window, square = WINDOWS[name], not isinstance(WINDOWS[name].delta, tuple)
    for patch, ratio in ((cut(GREY, window), SNAP_RATIO), (jpeg(cut(GREY, window)), AS_GOOD)):
        target = patch.astype(np.float32)
        assert snap_to_pixels(GREY, target, window, window, ratio, square=square) is None


@pytest.mark.parametrize("how", ["BOX", "BICUBIC", "LANCZOS"])
@pytest.mark.parametrize("shape", [(12, 16), (20, 12)], ids=["square", "squashed"])
def test_a_crop_of_whole_pixels_is_moved_onto_them(how, shape):
    target = resized(eight_bits(GREY), shape, (105, 132, 207, 243), how, crop=True)
    exact = Window.from_slice("105:132,207:243", GREY.shape, n=shape)
    near = replace(exact, gx=exact.gx + 0.2, gy=exact.gy + 0.3)
    found = snap_to_pixels(GREY, target, near, near, SNAP_RATIO, square=shape == (12, 16))
    assert found is not None
    assert found.box == pytest.approx((105, 132, 207, 243))


@pytest.mark.parametrize("far", [1, 3])
def test_a_whole_box_is_looked_for_step_by_step(far):
    target = resized(CAMERA, (30, 20), (45, 142, 107, 213), "BOX")
    near = Window(
        (45 + far + 142 - 1) / 2,
        (107 - far + 213 - 1) / 2,
        ((97 - far) / 30, (106 + far) / 20),
        1,
        n=(30, 20),
    )
    found = snap_to_pixels(CAMERA.astype(np.float32), target, near, near, 1.0, square=False)
    assert found.box == pytest.approx((45, 142, 107, 213))


@pytest.mark.parametrize("size", [(37, 43), (23, 31)])
def test_pixels_between_two_means_fall_as_they_do_in_pillow(size):
    image = eight_bits(GREY)[:99, :154]
    expected = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BOX), int)
    window = Window(49, 76.5, (99 / size[0], 154 / size[1]), 1, n=size)
    tall = pixel_boxes._means(image.astype(np.float32), 0, (0, 99), window)
    assert np.abs(pixel_boxes._means(tall, 1, (0, 154), window) - expected).max() <= 1.01


@pytest.mark.parametrize(
    ("off", "worse", "whole"), [(0.19, 1.4, True), (0.21, 1.4, False), (0.19, 1.6, False), (0, 0.9, True)]
)
def test_a_box_beside_the_edges_of_the_image_is_the_whole_image_unless_that_is_worse(
    monkeypatch, off, worse, whole
):
    image, window = GREY[:90, :120], Window(44.5 + off * 3, 59.5, 3, 1.5, n=(30, 40))
    monkeypatch.setattr(pixel_boxes, "_unlike", lambda model, wanted: 1.0)
    monkeypatch.setattr(pixel_boxes, "_square_boxes", lambda *_: (9.0, (1, 2), (1, 2)))
    found = snap_to_pixels(image, pixels(30, 40), window, window, 1 / worse)
    assert (found is not None) is whole
    assert found is None or found.box == pytest.approx((0, 90, 0, 120))
