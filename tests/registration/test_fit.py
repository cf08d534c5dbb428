"""One fit and the last one of `locate`, and what their tuned numbers trade: each test holds some of them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from crops import ASTRONAUT, CAMERA, OFTEN, WINDOWS, cut, eight_bits, grey, jpeg, resized
from PIL import Image
from strategies import pixels

from glimpse import GlimpseError, Window, read
from glimpse.registration import grey as levels
from glimpse.registration import least_squares, linearization, pixel_boxes, trust
from glimpse.registration.coarse_to_fine import start_at
from glimpse.registration.evidence import change_of_levels
from glimpse.registration.finishing import finish
from glimpse.registration.grey import Scene, from_level, onto_level
from glimpse.registration.least_squares import FAR, FREE, SQUARE, STRETCHED
from glimpse.registration.linearization import Target, basis, blurred
from glimpse.registration.pixel_boxes import AS_GOOD, SNAP_RATIO, snap_to_pixels

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
    fit = least_squares.fit(SCENE, Target(read(GREY, window)), near, 30, free=free)
    assert fit.settled
    assert len(fit.path) <= 9
    assert (fit.window.gx, fit.window.gy) == pytest.approx((window.gx, window.gy), abs=1e-3)
    assert fit.window.strides == pytest.approx(window.strides, rel=1e-4)
    assert (fit.gain, fit.offset) == (pytest.approx(1, abs=1e-3), pytest.approx(0, abs=0.1))


def test_a_fit_keeps_what_is_not_free():
    window = Window(140, 150, (4, 3), (2, 1.2), n=30)
    patch = read(GREY, Window(140.4, 149.8, (4.15, 2.95), (1.9, 1.25), n=30))
    square, stretched = (
        least_squares.fit(SCENE, Target(patch), window, 5, free=free).window for free in (SQUARE, STRETCHED)
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
    gain, found, _ = change_of_levels(patch, Target(patch + offset))
    assert (gain, found) == (pytest.approx(1), pytest.approx(told, abs=1e-6))


def test_stronger_details_are_no_change_of_contrast_but_stronger_shapes_are():
    fine, shapes = 40 * wave(6), 40 * wave(21)
    assert change_of_levels(shapes + fine, Target(shapes + 1.3 * fine))[0] == pytest.approx(1)
    assert change_of_levels(shapes + fine, Target(1.3 * shapes + fine))[0] == pytest.approx(1.3, abs=0.02)


def test_the_contrast_of_fine_stripes_is_their_own_not_that_of_a_faint_shade():
    stripes, shade = 40 * wave(4), 2 * wave(40)
    assert change_of_levels(stripes + shade, Target(0.5 * stripes + 2 * shade))[0] == pytest.approx(
        0.5, abs=0.1
    )


# the last fit


def finished(image, patch, window, kernel=None):
    return finish(Scene(image), Target(patch.astype(np.float32)), start_at(window), kernel).window


@pytest.mark.parametrize("kernel", ["gaussian", "box"])  # which no fit takes for each other
def test_the_kernel_is_the_one_that_fits_clearly_better(kernel):
    window = Window(140, 150, 4, 1.7, n=24, kernel=kernel)
    assert finished(GREY, cut(GREY, window), window).kernel == kernel


def test_a_second_kernel_that_fits_by_chance_is_not_believed():
    window = Window(140, 150, 2, 1, n=12)
    noise = 6 * np.random.default_rng(4).normal(size=(4, 12, 12))
    patches = [read(GREY, window) + one for one in noise]
    assert [finished(GREY, patch, window).kernel for patch in patches].count("box") <= 1


@pytest.mark.parametrize(("strides", "one"), [((4, 4), True), ((4, 4.03), False), ((4, 4.3), False)])
def test_one_stride_has_to_be_as_good(strides, one):
    window = Window(140.3, 150.2, strides, 2, n=30)
    found = finished(GREY, eight_bits(read(GREY, window)), window)
    assert isinstance(found.delta, tuple) is not one
    assert found.strides == pytest.approx(strides, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("n", [256, 257])
def test_a_large_patch_ends_where_a_smaller_one_does(n):
    window = Window(149.3, 178.6, 1.05, 0.6, n=n)
    near = replace(window, gx=149.8, gy=178.2)
    found = finished(GREY, cut(GREY, window), near)
    assert found.box == pytest.approx(window.box, abs=0.05)


# a robust fit

WINDOW = Window(140.3, 150.7, 2.6, 1.4, n=(40, 44))
NEAR = replace(WINDOW, gx=142.3, gy=149.0, delta=2.65)


def painted(share, level=250.0):
    """A patch, a share of whose rows was painted over."""
    patch = read(GREY, WINDOW)
    patch[: round(share * 40)] = level
    return patch


def robustly(patch, weights=None):
    target = trust.without_flats(Target(patch, weights))
    return least_squares.fit(SCENE, target, NEAR, 25, free=STRETCHED, robust=FAR)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_robust_fit_is_not_dragged_by_what_was_painted_over_the_patch(share):
    plain = least_squares.fit(SCENE, Target(painted(share)), NEAR, 25, free=STRETCHED)
    found = robustly(painted(share))
    errors = [np.abs(np.subtract(fit.window.box, WINDOW.box)).max() for fit in (plain, found)]
    assert errors[0] > 0.2
    assert errors[1] < 0.02
    assert found.gain == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("gain", "offset"), [(0.5, 70), (-1, 255)])
def test_a_robust_fit_solves_for_gain_and_offset_before_it_weighs(gain, offset):
    found = robustly(gain * painted(0.4) + offset)
    assert tuple(found.window.box) == pytest.approx(tuple(WINDOW.box), abs=0.03)
    assert (found.gain, found.offset) == (pytest.approx(gain, abs=0.01), pytest.approx(offset, abs=2))


def test_a_contrast_does_not_fade_where_patch_and_image_lie_beside_each_other():
    patch, beside = read(GREY, WINDOW), read(GREY, replace(NEAR, gx=NEAR.gx + 4, gy=NEAR.gy - 4))
    seen = beside.reshape(1, -1).astype(np.float64)
    gain, offset, left = trust.matched(seen, -0.6 * beside + 200, np.ones(patch.size))
    assert (gain, offset) == (pytest.approx(-0.6), pytest.approx(200, abs=1e-3))
    assert np.abs(left).max() < 1e-3
    gain, *_ = trust.matched(seen, patch, np.ones(patch.size))
    assert abs(gain) == pytest.approx(patch.std() / beside.std(), rel=1e-3)
    assert abs(linearization.project(seen, patch)[0][0]) < 0.9 * abs(gain)


def test_samples_without_weight_are_not_compared():
    weights = np.ones((40, 44))
    weights[10:39] = 0  # more than half, which no robust fit bears by itself
    patch = read(GREY, WINDOW)
    patch[10:39] = np.random.default_rng(0).uniform(0, 255, (29, 44))
    assert tuple(robustly(patch, weights).window.box) == pytest.approx(tuple(WINDOW.box), abs=0.02)


@pytest.mark.parametrize(("residual", "weight"), [(0, 1), (2, 0.25), (4, 0.04)])
def test_a_sample_is_trusted_by_geman_and_mcclures_weights(residual, weight):
    assert trust.trust_in(np.array([residual * 3.0]), 3.0) == pytest.approx(weight)


def test_the_spread_is_the_deviation_of_most_residuals_and_at_least_roundings():
    left = np.random.default_rng(0).normal(size=10_000) * 5
    assert trust.spread_of(left, None) == pytest.approx(5, rel=0.05)
    assert trust.spread_of(np.append(left, [1e3] * 1000), None) == pytest.approx(5.7, rel=0.05)
    assert trust.spread_of(left * 0, None) == pytest.approx(12**-0.5)


def test_flat_samples_tell_no_place_unless_there_is_nothing_else():
    steep = trust.without_flats(Target(painted(0.5))).weights
    assert steep[:14].max() == 0
    assert steep[22:].mean() > 0.8
    assert trust.without_flats(Target(np.full((20, 30), 9.0))).weights is None


@pytest.mark.parametrize("masked", [0, 14])
def test_what_noise_leaves_of_a_flat_colour_is_flat(masked):
    grainy = painted(0.5) + 8 * np.random.default_rng(0).normal(size=(40, 44)).astype(np.float32)
    grainy[:, 44 - masked :] = grainy.mean()
    weights = np.where(np.arange(44) < 44 - masked, 1.0, 0.0) * np.ones((40, 1)) if masked else None
    steep = trust.without_flats(Target(grainy, weights)).weights
    assert steep[2:18].mean() < 0.1
    assert steep[22:, : 44 - masked].mean() > 0.5


@pytest.mark.parametrize(("gain", "offset"), [(0.6, 40), (-1.3, 250)])
def test_levels_are_those_of_most_samples_whatever_the_others_are(gain, offset):
    rng = np.random.default_rng(0)
    seen = rng.uniform(0, 255, 4000)
    others = np.arange(4000) < 2200
    wanted = gain * seen + offset
    wanted[others] = 300 - rng.uniform(0, 80, 2200)
    near = trust._residual_of_most(seen, wanted, None, np.array([gain]))
    assert np.abs(near[~others]).max() < 1
    rough = trust._residual_of_most(seen, wanted, None, trust._GAINS)
    assert np.abs(rough[~others]).max() < 0.2 * 255 * abs(gain)


def test_levels_are_asked_of_every_column_and_of_samples_with_weight_alone():
    seen = np.random.default_rng(0).uniform(0, 255, (100, 100))
    wanted = seen + 20
    wanted[:, ::10] = 0  # whatever every tenth sample says
    left = trust._residual_of_most(seen.ravel(), wanted.ravel(), None, trust._GAINS)
    assert np.abs(left.reshape(100, 100)[:, 1:10]).max() < 1
    wanted[30:] = 255 - seen[30:]
    weights = np.where(np.arange(10_000) < 3000, 1.0, 0.0)
    left = trust._residual_of_most(seen.ravel(), wanted.ravel(), weights, trust._GAINS)
    assert np.abs(left.reshape(100, 100)[:30, 1:10]).max() < 1


def test_a_gain_that_fades_the_image_is_judged_in_levels_of_the_image():
    seen = np.random.default_rng(0).normal(size=2000)
    left = trust._residual_of_most(seen, 0.6 * seen, None, np.array([1 / 3, 1.0]))
    assert np.polyfit(seen, 0.6 * seen - left, 1)[0] == pytest.approx(1)


# boxes of whole pixels


@pytest.mark.parametrize("name", OFTEN)
def test_a_window_between_the_pixels_is_not_moved_onto_them(name):
    window, square = WINDOWS[name], not isinstance(WINDOWS[name].delta, tuple)
    for patch, ratio in ((cut(GREY, window), SNAP_RATIO), (jpeg(cut(GREY, window)), AS_GOOD)):
        target = Target(patch.astype(np.float32))
        assert snap_to_pixels(GREY, target, window, window, ratio, square=square) is None


@pytest.mark.parametrize("how", ["BOX", "BICUBIC", "LANCZOS"])
@pytest.mark.parametrize("shape", [(12, 16), (20, 12)], ids=["square", "squashed"])
def test_a_crop_of_whole_pixels_is_moved_onto_them(how, shape):
    target = Target(resized(eight_bits(GREY), shape, (105, 132, 207, 243), how, crop=True))
    exact = Window.from_slice("105:132,207:243", GREY.shape, n=shape)
    near = replace(exact, gx=exact.gx + 0.2, gy=exact.gy + 0.3)
    found = snap_to_pixels(GREY, target, near, near, SNAP_RATIO, square=shape == (12, 16))
    assert found is not None
    assert found.box == pytest.approx((105, 132, 207, 243))


@pytest.mark.parametrize("far", [1, 3])
def test_a_whole_box_is_looked_for_step_by_step(far):
    target = Target(resized(CAMERA, (30, 20), (45, 142, 107, 213), "BOX"))
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


def test_a_box_beside_the_edges_of_the_image_is_the_whole_image():
    image = GREY[:90, :120]
    target = Target(resized(eight_bits(image), (30, 40), (0, 90, 0, 120), "BOX").astype(np.float32))
    window = Window(44.8, 59.5, 3, 1.5, n=(30, 40))
    found = snap_to_pixels(image, target, window, window, 0.01)
    assert found is not None
    assert tuple(found.box) == pytest.approx((0, 90, 0, 120))
