"""Crops are found where they were cut, by whatever tool; other pictures' are refused."""

from dataclasses import replace

import numpy as np
import pytest
from crops import (
    ASTRONAUT,
    CAMERA,
    COFFEE,
    LOOK,
    OFTEN,
    WINDOWS,
    beside,
    corner_error,
    cut,
    eight_bits,
    find,
    grey,
    jpeg,
    located,
    matches,
    resized,
)
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data
from strategies import frozen, pixels

from glimpse import GlimpseError, Window, locate, read


@pytest.mark.parametrize("name", OFTEN)
def test_our_own_patch_is_found_to_a_twentieth_of_a_pixel(name):
    window, found = WINDOWS[name], located(name)
    assert found.found
    assert found.settled
    assert found.window.shape == window.shape
    assert corner_error(found, window.box) < 0.05
    assert found.window.sigmas == pytest.approx(window.sigmas, rel=0.1)
    assert isinstance(found.window.delta, tuple) is isinstance(window.delta, tuple)
    assert (found.window.gamma, found.offset, found.window.kernel) == (1, 0, "gaussian")
    assert found.residual < 0.4


CHANGES = {"brightness and contrast": lambda patch: eight_bits(patch * 0.6 + 70), "JPEG": jpeg, "grey": grey}


@LOOK
@pytest.mark.parametrize(("change", "name"), [*zip(CHANGES, ["rows"] * 3, strict=True), ("JPEG", "squashed")])
def test_a_changed_patch_is_found(change, name, look):
    box = WINDOWS[name].box
    found = look(ASTRONAUT, CHANGES[change](cut(ASTRONAUT, WINDOWS[name])), box)
    assert found.found
    assert corner_error(found, box) < 0.5


def test_a_search_finds_a_changed_patch_and_tells_the_gain_and_the_offset():
    found = find(ASTRONAUT, cut(ASTRONAUT, WINDOWS["rows"]) * 0.6 + 70)
    assert found.found
    assert corner_error(found, WINDOWS["rows"].box) < 0.05
    assert found.window.gamma == pytest.approx(0.6, rel=1e-3)
    assert found.offset == pytest.approx(70, abs=0.1)


def test_the_contrast_of_a_faint_texture_is_told():
    image = 100 + 14 * gaussian_filter(np.random.default_rng(0).normal(size=(200, 220)), 1.0)
    window = Window(90.3, 100.6, delta=2.0, sigma=1.0, n=(40, 36))
    patch = read(image, window)
    for start in (None, window):
        found = locate(image, 0.4 * patch + 0.6 * patch.mean(), start=start)
        assert found.found
        assert found.window.gamma == pytest.approx(0.4, rel=1e-2)
        assert found.offset == pytest.approx(0.6 * patch.mean(), rel=1e-2)


def test_colour_is_found_in_grey():
    found = beside(grey(ASTRONAUT), cut(ASTRONAUT, WINDOWS["rows"]), WINDOWS["rows"].box)
    assert corner_error(found, WINDOWS["rows"].box) < 0.1


# other tools


@LOOK
@pytest.mark.parametrize(
    ("image", "how"),
    [(ASTRONAUT, "BOX"), (CAMERA, "BICUBIC"), (ASTRONAUT, "LANCZOS")],
    ids=["colour-BOX", "grey-BICUBIC", "colour-LANCZOS"],
)
def test_pillows_crops_are_found(image, how, look):
    box = (90, 90 + 40 * 3, 160, 160 + 28 * 3)
    found = look(image, resized(image, (40, 28), box, how), box)
    assert found.found
    assert corner_error(found, box) < 0.15


@LOOK
@pytest.mark.parametrize("change", [np.asarray, jpeg], ids=["plain", "JPEG"])
@pytest.mark.parametrize(("shape", "size"), [((40, 32), (110, 88)), ((44, 36), (55, 45))])
def test_means_of_whole_pixels_are_found_at_their_box_though_they_lie_beside_it(shape, size, change, look):
    box = (90, 90 + size[0], 160, 160 + size[1])
    found = look(CAMERA, change(resized(CAMERA, shape, box, "BOX")), box)
    assert corner_error(found, box) < 1e-6


@LOOK
@pytest.mark.parametrize(("how", "change"), [("BICUBIC", np.asarray), ("LANCZOS", jpeg)])
def test_what_was_cropped_before_it_was_shrunk_is_found_at_its_box(how, change, look):
    box = (90, 210, 160, 256)
    found = look(ASTRONAUT, change(resized(ASTRONAUT, (40, 32), box, how, crop=True)), box)
    assert corner_error(found, box) < 1e-6


SQUASHED = [  # rows and columns of the box, by how much either is squashed, the filter, and the largest error
    ((150, 75), "BOX", 1e-6),
    ((61, 122), "BICUBIC", 0.15),
    ((101, 131), "LANCZOS", 0.15),
    ((120, 126), "BICUBIC", 0.15),
    ((160, 84), "BOX", 1e-6),
]


@LOOK
@pytest.mark.parametrize(("shape", "how", "most"), SQUASHED)
def test_a_squashed_crop_is_found_with_a_stride_for_each_axis(shape, how, most, look):
    box = (50, 50 + shape[0], 130, 130 + shape[1])
    found = look(ASTRONAUT, resized(ASTRONAUT, (32, 32), box, how), box)
    assert found.found
    assert corner_error(found, box) < most
    assert found.window.strides == pytest.approx((shape[0] / 32, shape[1] / 32), rel=0.01)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((136, 159), (32, 50)),
        *(pytest.param((271, 317), size, marks=pytest.mark.slow) for size in ((47, 47), (64, 100))),
    ],
)
def test_a_thumbnail_is_found_to_be_of_the_whole_image_though_its_sides_are_rounded(shape, size):
    picture = Image.fromarray(COFFEE[: shape[0], : shape[1]])
    small = picture.copy()
    small.thumbnail(size)
    found = find(np.asarray(picture), np.asarray(small))
    assert found.found
    assert corner_error(found, (0, shape[0], 0, shape[1])) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("how", ["BOX", "BICUBIC", "LANCZOS"])
def test_boxes_of_any_aspect_resized_to_a_square_are_found(how):
    rng, errors = np.random.default_rng(3), []
    for _ in range(30):
        tall, wide = (int(np.exp(rng.uniform(np.log(70), np.log(130)))) for _ in range(2))
        top, left = int(rng.integers(0, 300 - tall)), int(rng.integers(0, 360 - wide))
        box = (top, top + tall, left, left + wide)
        found = find(ASTRONAUT, resized(ASTRONAUT, (40, 40), box, how))
        errors.append(corner_error(found, box) if found.found else np.inf)
    print(f"{how}: {np.mean(np.less(errors, 0.5)):.0%} within half a pixel, median {np.median(errors):.4f}")
    assert np.mean(np.less(errors, 0.5)) >= 0.95
    assert np.median(errors) < 0.1


def test_a_box_patch_has_the_box_kernel_unless_told_otherwise():
    window = Window(170.6, 120.4, delta=3.7, sigma=1.5, n=(48, 30), kernel="box")
    patch = cut(ASTRONAUT, window)
    found = find(ASTRONAUT, patch, start=replace(window, kernel="gaussian"))
    assert found.window.kernel == "box"
    assert corner_error(found, window.box) < 0.05
    assert find(ASTRONAUT, patch, kernel="gaussian", start=window).window.kernel == "gaussian"


# no match

OTHERS = {"camera": CAMERA, "coffee": COFFEE}
WHOLLY = "rows", "columns", "squashed", "stretched"
FOREIGN = [("coffee", "fine"), ("camera", "small"), *((other, name) for other in OTHERS for name in WHOLLY)]


def test_a_patch_of_another_picture_is_no_match():
    assert not matches(COFFEE[60:120, 90:150], cut(ASTRONAUT, WINDOWS["fine"]))


@pytest.mark.slow
@pytest.mark.parametrize(("other", "name"), FOREIGN)
def test_patches_of_other_pictures_are_no_match(other, name):
    picture = OTHERS[other]
    assert not matches(picture if name in WHOLLY else picture[60:200, 90:250], cut(ASTRONAUT, WINDOWS[name]))


@pytest.mark.parametrize(
    ("size", "n"), [((36, 42), (12, 14)), pytest.param((90, 100), (20, 24), marks=pytest.mark.slow)]
)
def test_noise_is_no_match(size, n):
    assert not matches(CAMERA[60 : 60 + size[0], 90 : 90 + size[1]], pixels(*n, dtype=np.uint8))


@pytest.mark.slow
def test_a_mirrored_patch_is_no_match():
    part, window = ASTRONAUT[80:230, 60:240], Window(70.3, 75.8, delta=2.4, sigma=1.2, n=(25, 22))
    assert not matches(part, cut(part, window)[:, ::-1])


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (np.ones((7, 20)), "7 x 20 samples is too small"),
        (np.full((20, 20), 9.0), "flat"),
        (np.ones(9), r"shape \(9,\)"),
        (np.ones((9, 9), complex), "complex128"),
        (pixels(900, 30), "900 x 30 samples is more than twice as large as the image's 280 x 320 pixels"),
    ],
)
def test_what_cannot_be_located_is_refused(patch, message):
    with pytest.raises(GlimpseError, match=message):
        locate(CAMERA, patch)


def test_a_match_has_a_confidence_of_three_tenths_and_eight_samples_a_side():
    found = located("rows")
    assert not replace(found, confidence=0.29).found
    assert replace(found, confidence=0.31).found
    window = Window(150, 120, 4, 2, n=(8, 9))
    assert find(ASTRONAUT, cut(ASTRONAUT, window), start=window).found


def noisy(share):
    """A picture, a window, and a patch that it explains this share of."""
    window = replace(WINDOWS["rows"], gx=100.6, gy=70.4, sigma=1.9)
    image = grey(ASTRONAUT[70:275, 50:210]).astype(np.float32)
    seen = read(image, window)
    noise = np.random.default_rng(0).normal(size=seen.shape)
    return image, window, (seen + noise * seen.std() * np.sqrt(1 / share - 1)).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(("share", "found"), [(0.4, False), (0.75, True)])
def test_a_match_explains_half_of_the_variance_in_every_sample(share, found):
    image, _, target = noisy(share)
    assert matches(image, target) is found


def test_a_start_may_explain_less():
    image, window, target = noisy(0.4)
    assert locate(image, target, start=window).found


# a start


@pytest.mark.parametrize(("name", "start"), [("rows", (3.8, 1.9)), ("squashed", ((5.3, 2.9), (2, 1.5)))])
def test_a_start_skips_the_search_and_settles_in_the_same_place(name, start):
    window = WINDOWS[name]
    start = Window(window.gx + 1.4, window.gy - 2.4, *start, n=window.n)
    found = find(ASTRONAUT, cut(ASTRONAUT, window), start=start)
    assert found.found
    assert corner_error(found, window.box) < 0.05
    assert found.path[0].gx == pytest.approx(start.gx)
    assert found.path[-1].gx == pytest.approx(found.window.gx)


BEYOND = (-200, 150), (230, 700), (230, -200)


@pytest.mark.parametrize(
    "place",
    [
        *((80, 250, 3.7), (600, 150, 3.7), (230, 150, 1e-3)),
        *(pytest.param((gx, gy, 3.7), marks=pytest.mark.slow) for gx, gy in BEYOND),
    ],
)
def test_a_start_elsewhere_or_off_the_image_or_below_a_pixel_finds_nothing(place):
    window = replace(WINDOWS["rows"], n=(16, 12))
    start = Window(*place, sigma=max(place[2], 1) / 2, n=window.n)
    assert not find(ASTRONAUT, jpeg(cut(ASTRONAUT, window)), start=start).found


def test_a_start_of_another_size_is_refused():
    with pytest.raises(GlimpseError, match="the start has n 9, the patch 48 x 30 samples"):
        find(ASTRONAUT, cut(ASTRONAUT, WINDOWS["rows"]), start=Window(9, 9, 1, 1, n=9))


def test_one_colour_is_flat_though_rounding_makes_its_grey_uneven():
    patch = np.full((33, 57, 3), (150, 210, 250), np.uint8)
    with pytest.raises(GlimpseError, match="flat"):
        locate(ASTRONAUT, patch, channel_axis=2)


def test_a_patch_of_more_than_twice_the_image_is_refused_by_its_size():
    with pytest.raises(GlimpseError, match="a patch of 83 x 40 samples is more than twice as large"):
        locate(ASTRONAUT[:40, :60], ASTRONAUT[:83, :40], channel_axis=2)


def test_a_crop_of_the_sky_is_found_where_rounding_tells_its_place():
    found = locate(data.camera(), data.camera()[1:81, 35:115])
    assert found.confidence > 0.9
    assert found.window.box == pytest.approx((1, 81, 35, 115), abs=1e-4)


# what is told


@pytest.mark.parametrize("name", ["rows", "squashed"])
def test_what_is_told_is_plain_json(name):
    told = located(name).to_dict()
    assert list(told) == [
        *("rows", "cols", "offset", "inverted", "residual"),
        *("confidence", "agreement", "settled", "places", "others"),
    ]
    np.testing.assert_allclose([*told["rows"], *told["cols"]], WINDOWS[name].box, atol=0.05)


def test_channels_may_be_anywhere_and_arguments_stay_as_they_were():
    image, window = ASTRONAUT.copy(), WINDOWS["rows"]
    patch = cut(ASTRONAUT, window)
    expected = locate(frozen(image), patch, channel_axis=2, start=window)
    found = locate(np.moveaxis(image, 2, 0), np.moveaxis(patch, 2, 0), channel_axis=0, start=window)
    assert found.window == expected.window
    np.testing.assert_array_equal(image, ASTRONAUT)


@pytest.mark.parametrize(("mode", "other"), [("RGB", "RGB"), ("L", "RGB"), ("RGB", "L"), ("RGBA", "LA")])
def test_pictures_of_pillows_know_their_channels(mode, other):
    window = WINDOWS["rows"]
    image, patch = (Image.fromarray(array) for array in (ASTRONAUT, cut(ASTRONAUT, window)))
    found = locate(image.convert(mode), patch.convert(other), start=window)
    assert corner_error(found, window.box) < 0.01


def test_channels_that_nobody_has_named_are_asked_for():
    with pytest.raises(GlimpseError, match=r"looks like 3 channels: channel_axis=-1\?"):
        locate(ASTRONAUT, cut(ASTRONAUT, WINDOWS["rows"]))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "delta"), [(64, 40), (200, 10), (100, 4), (32, 2)])
def test_crops_of_twelve_megapixels_are_found(n, delta):
    image = np.asarray(Image.fromarray(ASTRONAUT).resize((4000, 3000), Image.Resampling.BICUBIC))
    window = Window(1400.3, 1800.7, delta=delta, sigma=delta / 2, n=n)
    found = find(image, cut(image, window))
    print(f"{n} samples {delta} pixels apart: {corner_error(found, window.box):.4f} pixels")
    assert found.found
    assert corner_error(found, window.box) < 0.5


def test_arrays_of_another_library_are_told_to_differentiate_read():
    import array_api_strict as xp

    with pytest.raises(GlimpseError, match=r"locate takes NumPy's arrays .* differentiate read"):
        locate(xp.asarray(np.eye(30)), np.eye(12))
