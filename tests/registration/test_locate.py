"""Crops are found where they were cut, by whatever tool; other pictures' are refused."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data
from strategies import frozen, pixels

from glimpse import GlimpseError, Window, locate, read
from glimpse.registration.candidates import find_candidates
from glimpse.registration.correlation import CrossCorrelator
from glimpse.registration.pixel_boxes import AS_GOOD, SNAP_RATIO, snap_to_pixels
from glimpse.registration.pyramid import Scene

ASTRONAUT = frozen(data.astronaut())
CAMERA = frozen(data.camera())
COFFEE = frozen(data.coffee())

WINDOWS = {
    "small": Window(170.3, 225.8, delta=2.4, sigma=1.2, n=25),
    "rows": Window(230.6, 150.4, delta=3.7, sigma=1.5, n=(48, 30)),
    "columns": Window(300.2, 210.9, delta=5.1, sigma=4.0, n=(24, 60)),
    "sharp": Window(150.1, 220.7, delta=4.2, sigma=0.9, n=(32, 28)),
    "fine": Window(140.4, 208.3, delta=1.1, sigma=0.6, n=40),
    "enlarged": Window(140.4, 208.3, delta=0.6, sigma=0.7, n=60),
    "large": Window(255.2, 256.9, delta=3.1, sigma=1.5, n=160),
}


def eight_bits(array):
    return np.clip(np.rint(array), 0, 255).astype(np.uint8)


def cut(image, window):
    return frozen(eight_bits(read(image, window, channel_axis=2 if image.ndim == 3 else None)))


def find(image, patch, **options):
    """Both with a colour axis, of one for grey."""
    return locate(np.atleast_3d(image), np.atleast_3d(patch), channel_axis=2, **options)


def matches(image, patch):
    """Whether there is a match; none whatever may be told by an error, too."""
    try:
        return find(image, patch).found
    except GlimpseError as error:
        return "no match" not in str(error)


def corner_error(found, box):
    return max(abs(a - b) for a, b in zip(found.window.box, box, strict=True))


def jpeg(patch):
    file = io.BytesIO()
    Image.fromarray(patch).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("name", WINDOWS)
def test_our_own_patch_is_found_to_a_twentieth_of_a_pixel(name):
    window = WINDOWS[name]
    found = find(ASTRONAUT, cut(ASTRONAUT, window))
    assert found.found
    assert found.settled
    assert found.window.shape == window.shape
    assert corner_error(found, window.box) < 0.05
    assert found.window.sigma == pytest.approx(window.sigma, rel=0.1)
    assert (found.window.gamma, found.offset, found.window.kernel) == (1, 0, "gaussian")
    assert found.residual < 0.4


CHANGES = {
    "brightness and contrast": lambda patch: eight_bits(patch * 0.6 + 70),
    "JPEG": jpeg,
    "grey": lambda patch: np.asarray(Image.fromarray(patch).convert("L")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_patch_is_found(name):
    window = WINDOWS["rows"]
    found = find(ASTRONAUT, CHANGES[name](cut(ASTRONAUT, window)))
    assert found.found
    assert corner_error(found, window.box) < 0.5


def test_the_gain_and_the_offset_are_told():
    found = find(ASTRONAUT, cut(ASTRONAUT, WINDOWS["rows"]) * 0.6 + 70)
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
    grey = np.asarray(Image.fromarray(ASTRONAUT).convert("L"))
    assert corner_error(find(grey, cut(ASTRONAUT, WINDOWS["rows"])), WINDOWS["rows"].box) < 0.1


@pytest.mark.parametrize("how", ["BOX", "BICUBIC", "LANCZOS"])
@pytest.mark.parametrize("image", [ASTRONAUT, CAMERA], ids=["colour", "grey"])
def test_pillows_crops_are_found(image, how):
    top, left, n, m, stride = 90, 160, 40, 28, 3
    box = (left, top, left + m * stride, top + n * stride)
    patch = np.asarray(Image.fromarray(image).resize((m, n), Image.Resampling[how], box))
    found = find(image, patch)
    assert found.found
    assert corner_error(found, (top, top + n * stride, left, left + m * stride)) < 0.15


@pytest.mark.parametrize("change", [np.asarray, jpeg], ids=["plain", "JPEG"])
@pytest.mark.parametrize("image", [ASTRONAUT, CAMERA], ids=["colour", "grey"])
@pytest.mark.parametrize(("n", "m", "height", "width"), [(40, 32, 110, 88), (44, 36, 55, 45)])
def test_means_of_whole_pixels_are_found_at_their_box_though_they_lie_beside_it(
    image, n, m, height, width, change
):
    box = (160, 90, 160 + width, 90 + height)
    patch = np.asarray(Image.fromarray(image).resize((m, n), Image.Resampling.BOX, box))
    assert corner_error(find(image, change(patch)), (90, 90 + height, 160, 160 + width)) < 1e-6


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_between_the_pixels_is_not_moved_onto_them(name):
    grey = np.asarray(Image.fromarray(ASTRONAUT).convert("L"), np.float32)
    window = WINDOWS[name]
    for patch, ratio in ((cut(grey, window), SNAP_RATIO), (jpeg(cut(grey, window)), AS_GOOD)):
        assert snap_to_pixels(grey, patch.astype(np.float32), window, window, ratio) is None


@pytest.mark.parametrize("how", ["BOX", "BICUBIC", "LANCZOS"])
def test_a_crop_of_whole_pixels_is_moved_onto_them(how):
    image = np.asarray(Image.fromarray(ASTRONAUT).convert("L"), np.float32)
    target = Image.fromarray(image).crop((207, 105, 243, 132)).resize((16, 12), Image.Resampling[how])
    exact = Window.from_slice("105:132,207:243", image.shape, n=(12, 16))
    near = replace(exact, gx=exact.gx + 0.2, gy=exact.gy + 0.3)
    found = snap_to_pixels(image, np.asarray(target), near, near, SNAP_RATIO)
    assert found is not None
    assert found.box == pytest.approx((105, 132, 207, 243))


@pytest.mark.parametrize("how", ["BICUBIC", "LANCZOS"])
def test_what_was_cropped_before_it_was_shrunk_is_found_at_its_box(how):
    patch = (
        Image.fromarray(ASTRONAUT).crop((160, 90, 160 + 96, 90 + 120)).resize((32, 40), Image.Resampling[how])
    )
    for changed in (np.asarray(patch), jpeg(np.asarray(patch))):
        assert corner_error(find(ASTRONAUT, changed), (90, 210, 160, 256)) < 1e-6


def test_a_box_patch_has_the_box_kernel_unless_told_otherwise():
    window = Window(230.6, 150.4, delta=3.7, sigma=1.5, n=(48, 30), kernel="box")
    patch = cut(ASTRONAUT, window)
    found = find(ASTRONAUT, patch)
    assert found.window.kernel == "box"
    assert corner_error(found, window.box) < 0.05
    assert find(ASTRONAUT, patch, kernel="gaussian").window.kernel == "gaussian"


@pytest.mark.parametrize("name", ["small", "rows", "fine", "columns"])
@pytest.mark.parametrize("other", [CAMERA, COFFEE], ids=["camera", "coffee"])
def test_a_patch_of_another_picture_is_no_match(name, other):
    assert not matches(other, cut(ASTRONAUT, WINDOWS[name]))


def test_noise_is_no_match():
    assert not matches(CAMERA, pixels(30, 34, dtype=np.uint8))


def test_a_mirrored_patch_is_no_match():
    assert not matches(ASTRONAUT, cut(ASTRONAUT, WINDOWS["rows"])[:, ::-1])


def test_a_start_skips_the_search_and_settles_in_the_same_place():
    window = WINDOWS["rows"]
    start = Window(232, 148, delta=3.8, sigma=1.9, n=window.n)
    patch = cut(ASTRONAUT, window)
    found = find(ASTRONAUT, patch, start=start)
    assert found.found
    assert corner_error(found, window.box) < 0.05
    assert found.path[0].gx == pytest.approx(start.gx)
    assert found.path[-1].gx == pytest.approx(found.window.gx)
    far = Window(400, 400, delta=3.8, sigma=1.9, n=window.n)
    assert not find(ASTRONAUT, patch, start=far).found


@pytest.mark.parametrize(
    "place", [(600, 150, 3.7), (-200, 150, 3.7), (230, 700, 3.7), (230, -200, 3.7), (230, 150, 1e-3)]
)
def test_a_start_off_the_image_or_below_a_pixel_finds_nothing(place):
    window = WINDOWS["rows"]
    patch = jpeg(cut(ASTRONAUT, window))
    start = Window(*place, sigma=max(place[2], 1) / 2, n=window.n)
    assert not find(ASTRONAUT, patch, start=start).found


def test_a_start_of_another_size_is_refused():
    with pytest.raises(GlimpseError, match="the start has n 9, the patch 48 x 30 samples"):
        find(ASTRONAUT, cut(ASTRONAUT, WINDOWS["rows"]), start=Window(9, 9, 1, 1, n=9))


def test_what_is_told_is_plain_json():
    found = find(ASTRONAUT, cut(ASTRONAUT, WINDOWS["rows"]))
    told = found.to_dict()
    assert list(told) == ["rows", "cols", "offset", "residual", "confidence", "settled"]
    np.testing.assert_allclose([*told["rows"], *told["cols"]], WINDOWS["rows"].box, atol=0.05)


def test_channels_may_be_anywhere_and_arguments_stay_as_they_were():
    image, patch = ASTRONAUT.copy(), cut(ASTRONAUT, WINDOWS["rows"])
    expected = locate(frozen(image), patch, channel_axis=2)
    found = locate(np.moveaxis(image, 2, 0), np.moveaxis(patch, 2, 0), channel_axis=0)
    assert found.window == expected.window
    np.testing.assert_array_equal(image, ASTRONAUT)


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (np.ones((7, 20)), "7 x 20 samples is too small"),
        (np.full((20, 20), 9.0), "flat"),
        (np.ones(9), r"shape \(9,\)"),
        (np.ones((9, 9), complex), "complex128"),
        (pixels(900, 30), "no match"),
    ],
)
def test_what_cannot_be_located_is_refused(patch, message):
    with pytest.raises(GlimpseError, match=message):
        locate(CAMERA, patch)


# the search


def test_correlation_is_the_coefficient_of_each_part():
    image, patch = pixels(14, 19, low=0), pixels(4, 6, seed=1, low=0)
    scores = CrossCorrelator(image).correlation(patch)
    assert scores.shape == (11, 14)
    for y, x in np.ndindex(scores.shape):
        part = image[y : y + 4, x : x + 6]
        assert scores[y, x] == pytest.approx(np.corrcoef(part.ravel(), patch.ravel())[0, 1], abs=1e-5)


def test_flat_parts_correlate_with_nothing():
    image = np.zeros((20, 30))
    image[5:9, 5:9] = 1e-3
    assert abs(CrossCorrelator(image).correlation(pixels(4, 6))).max() < 0.01


def test_the_first_place_is_the_patchs_and_no_two_are_the_same():
    window = WINDOWS["rows"]
    grey = CAMERA.astype(np.float32)
    found = find_candidates(Scene(grey), read(grey, window), 10)
    assert len(found) == 10
    assert (found[0].gx, found[0].gy) == pytest.approx((window.gx, window.gy), abs=5)
    assert found[0].delta == pytest.approx(window.delta, rel=0.1)
    assert not any(a.same(b, window.shape) for a in found for b in found if a is not b)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "delta"), [(64, 40), (200, 10), (100, 4), (32, 2)])
def test_crops_of_twelve_megapixels_are_found(n, delta):
    image = np.asarray(Image.fromarray(ASTRONAUT).resize((4000, 3000), Image.Resampling.BICUBIC))
    window = Window(1400.3, 1800.7, delta=delta, sigma=delta / 2, n=n)
    found = find(image, cut(image, window))
    print(f"{n} samples {delta} pixels apart: {corner_error(found, window.box):.4f} pixels")
    assert found.found
    assert corner_error(found, window.box) < 0.5
