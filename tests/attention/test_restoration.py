"""Restored patches: flat where they are flat, never brighter than their level, fading outside."""

import importlib
import math
from dataclasses import replace

import numpy as np
import pytest
import reference
from hypothesis import assume, example, given
from hypothesis import strategies as st
from strategies import log_uniform, pixels, scenes, sixty_fourths, sizes

from glimpse import Window, read, restore, write
from glimpse.attention.banks import band
from glimpse.attention.coverage import DARK, least_coverage
from glimpse.window import KERNELS, Axis, default_sigma

SHAPE = (9, 11)
WINDOW = Window(3.3, 4.1, delta=1.7, sigma=1.1, gamma=1.4, n=(4, 3))


def bridges(kernel, ratio):
    """Whether filters whose sigma is this share of a stride leave no dark between them, by the slow loops."""
    sums = reference.box_coverage(9, 0.0, 8.0, 8 * ratio, kernel)
    return sums.min() >= DARK * sums.max()


BRIDGED = [(kernel, ratio) for kernel in KERNELS for ratio in (0.29, 0.5, 0.7, 1.5) if bridges(kernel, ratio)]


def in_box(window, canvas):
    """The pixels of a canvas whose centres lie in the window's box."""
    top, bottom, left, right = (edge - 0.5 for edge in window.box)
    rows = slice(max(math.ceil(top), 0), max(math.floor(bottom) + 1, 0))
    return canvas[rows, max(math.ceil(left), 0) : max(math.floor(right) + 1, 0)]


@pytest.mark.parametrize(("kernel", "ratio"), BRIDGED)
@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize("delta", [1.0, 2.3, 4.7])
@pytest.mark.parametrize("at", [(29.5, 40.5), (0.0, 41.25), (70.0, 100.0), (-3.0, 0.0)])
def test_a_flat_patch_comes_back_flat_in_its_box_up_to_the_border(kernel, ratio, edge, delta, at):
    window = Window(*at, delta, ratio * delta, n=(12, 10), kernel=kernel, edge=edge)
    canvas = restore(np.full((12, 10), 200.0), window, (75, 101))
    inside = in_box(window, canvas)
    assert inside.size > 10
    np.testing.assert_allclose(inside, 200, rtol=1e-6)
    assert canvas.max() <= 200 * (1 + 1e-12)


@given(scenes(gamma=1), st.sampled_from([np.uint8, np.float32, np.float64]))
def test_a_flat_patch_never_shines_and_is_flat_wherever_its_box_is_covered(scene, dtype):
    shape, window = scene
    canvas = restore(np.full(window.shape, 200, dtype), window, shape)
    assert canvas.min() >= 0
    assert canvas.max() <= 200 * (1 + 1e-6)
    sums = [
        reference.box_coverage(axis.n, axis.center, axis.delta, axis.sigma, axis.kernel)
        for axis in window.axes(shape)
    ]
    if all(part.min() >= DARK * part.max() for part in sums):
        np.testing.assert_allclose(in_box(window, canvas), 200, rtol=1e-6)


@given(scenes(), st.integers(0, 99))
@example(((9, 11), Window(4, 5, 4, 4, n=2)), 0)  # brightest between four centres
@example(((9, 11), Window(4, 5, 0.2, 0.1, n=3)), 0)  # a box without a pixel's centre
def test_restore_divides_by_the_coverage_or_by_the_least_one_in_the_box(scene, seed):
    shape, window = scene
    assume(max(window.strides) < 6)
    patch = pixels(*window.shape, seed=seed)
    expected = reference.restore(patch, window, shape)
    np.testing.assert_allclose(restore(patch, window, shape), expected, rtol=1e-9, atol=1e-9 / window.gamma)


@given(sizes, sixty_fourths(-3, 3), log_uniform(0.1, 8), log_uniform(0.05, 8), st.sampled_from(KERNELS))
def test_the_least_coverage_is_that_of_the_pixels_of_the_box(n, center, delta, sigma, kernel):
    sums = reference.box_coverage(n, center, delta, sigma, kernel)
    expected = max(sums.min(), DARK * sums.max())
    assert least_coverage(Axis(1, n, center, delta, sigma, kernel)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("n", "delta", "sigma"), [(700, 7.3, 3.0), (300, 70.0, 40.0), (3, 3e4, 1.5e4), (2, 9e3, 2.0)]
)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shift", [0.3, -0.3])  # the pixel nearest to the border is at either end
def test_the_ends_of_a_box_too_long_to_look_at_tell_its_least_coverage(n, delta, sigma, kernel, shift):
    center = (n * delta - 1) / 2 + shift
    first, last = math.ceil(center - n * delta / 2), math.floor(center + n * delta / 2)
    whole = band(Axis(last - first + 1, n, center - first, delta, sigma, kernel, "black"))
    sums = np.pad(whole.coverage, (0, last - first + 1 - len(whole.coverage)))
    expected = max(sums.min(), DARK * sums.max())
    assert least_coverage(Axis(1, n, center, delta, sigma, kernel)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_pixel_on_the_border_of_the_box_counts_however_the_border_was_rounded(kernel):
    axis = Axis(60, 3, 23.75, 2.5, 0.7, kernel, "extend")  # from pixel 20 to between two
    found = [least_coverage(axis._replace(center=23.75 + step)) for step in (-1e-9, 0, 1e-9)]
    np.testing.assert_allclose(found, found[1], rtol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_flat_patch_is_flat_whatever_its_strides_along_each_axis(kernel):
    deltas = (2.3, 4.7)
    sigmas = tuple(default_sigma(delta, kernel) for delta in deltas)
    window = Window(29.5, 40.5, deltas, sigmas, n=(12, 10), kernel=kernel)
    canvas = restore(np.full((12, 10), 200.0), window, (75, 101))
    assert in_box(window, canvas).shape == (28, 48)
    np.testing.assert_allclose(in_box(window, canvas), 200, rtol=1e-6)


def test_filters_that_stand_apart_stay_dots():
    window = Window(20, 20, delta=10, sigma=1, n=3)
    canvas = restore(np.full((3, 3), 200.0), window, (41, 41))
    assert canvas[20, 20] == pytest.approx(200)
    assert canvas[15, 15] < 1


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("gx", "row"), [(-70.0, 0), (200.0, 30)])
def test_a_window_wholly_outside_lights_the_extended_edge_to_its_level_and_a_black_one_not(kernel, gx, row):
    window = Window(gx, 20, 2, 1.0, n=(9, 8), kernel=kernel)
    canvas = restore(np.full((9, 8), 200.0), window, (31, 41))
    np.testing.assert_allclose(canvas[row, 13:28], 200, rtol=1e-9)
    assert canvas.max() <= 200 * (1 + 1e-12)
    assert np.delete(canvas, row, axis=0).max() < 1e-9
    assert restore(np.full((9, 8), 200.0), replace(window, edge="black"), (31, 41)).max() < 1e-9


@given(scenes(), log_uniform(0.1, 100))
def test_a_given_gain_multiplies_the_bare_canvas(scene, gain):
    shape, window = scene
    patch = pixels(*window.shape)
    bare = write(patch, window, shape)
    np.testing.assert_array_equal(restore(patch, window, shape, gain=1), bare)
    np.testing.assert_allclose(restore(patch, window, shape, gain=gain), gain * bare, rtol=1e-15)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("edge", ["extend", "black"])
def test_the_inverse_reads_as_the_patch_again(kernel, edge):
    window = Window(
        29.5, 40.5, 2.3, default_sigma(2.3, kernel), gamma=1.4, n=(9, 11), kernel=kernel, edge=edge
    )
    patch = read(pixels(60, 90, seed=3), window)
    canvas = restore(patch, window, (60, 90), method="inverse")
    np.testing.assert_allclose(read(canvas, window), patch, rtol=1e-8)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize("at", [(2.0, 41.25), (55.0, 88.0)])
def test_over_the_edge_the_inverse_reads_about_as_well_as_the_smallest_canvas(kernel, edge, at):
    window = Window(*at, 2.3, 1.15, gamma=1.4, n=(9, 11), kernel=kernel, edge=edge)
    patch = read(pixels(60, 90, seed=3), window)
    canvases = (function(patch, window, (60, 90), method="inverse") for function in (restore, write))
    errors = [np.abs(read(canvas, window) - patch).max() for canvas in canvases]
    assert errors[0] <= 2 * errors[1] + 1e-6


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_the_inverse_of_a_flat_patch_has_no_mesh(dtype):
    window = Window(39.7, 44.2, 3.6, 1.8, n=(14, 16))
    canvas = restore(np.full((14, 16), 180, dtype), window, (80, 90), method="inverse")
    inside = in_box(window, canvas)[14:-14, 14:-14]
    assert inside.size > 500
    assert np.ptp(inside) < 5  # the smallest canvas: 12
    assert canvas.min() > -1
    assert canvas.max() < 180 * 1.35  # in the corners; the smallest canvas: 1.56
    smallest = write(np.full((14, 16), 180, dtype), window, (80, 90), method="inverse")
    assert np.ptp(in_box(window, smallest)[14:-14, 14:-14]) > 10


@pytest.mark.parametrize("gain", [1, 2])
def test_the_inverse_with_a_gain_is_the_smallest_canvas(gain):
    patch = pixels(*WINDOW.shape)
    smallest = write(patch, WINDOW, SHAPE, method="inverse")
    found = restore(patch, WINDOW, SHAPE, method="inverse", gain=gain)
    np.testing.assert_array_equal(found, gain * smallest)


def test_gamma_undoes_itself_in_restore():
    flat = np.full((60, 70), 90.0)
    window = Window.centered((60, 70), n=20, gamma=2.5)
    patch = read(flat, window)
    np.testing.assert_allclose(in_box(window, restore(patch, window, (60, 70))), 90, rtol=1e-6)


# arrays of other libraries


@pytest.fixture(params=["torch", "jax.numpy", "array_api_strict"])
def xp(request):
    module = pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    if request.param == "jax.numpy":
        importlib.import_module("jax").config.update("jax_enable_x64", True)
    return module


def as_floats(array):
    return np.asarray(array.detach() if hasattr(array, "detach") else array)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("edge", "delta", "sigma"),
    [
        ("extend", 1.7, 1.1),
        ("black", 0.2, 0.1),
        ("black", 3.1, 0.2),
        ("extend", (6.3, 1.9), (2.1, 1.2)),
        ("black", 9.0, 0.8),
    ],
)
def test_tensors_are_restored_as_numpys_arrays_are(xp, kernel, edge, delta, sigma):
    window = Window(5.3, 9.1, delta, sigma, gamma=1.4, n=(4, 3), kernel=kernel, edge=edge)
    patch = pixels(3, *window.shape)
    expected = restore(patch, window, (12, 17), channel_axis=0)
    names = ("gx", "delta", "sigma") if isinstance(delta, float) else ("gx", "gy")
    numbers = {name: xp.asarray(getattr(window, name), dtype=xp.float64) for name in names}
    for given_ in (window, replace(window, **numbers)):
        found = restore(xp.asarray(patch.copy()), given_, (12, 17), channel_axis=0)
        assert type(found) is type(xp.asarray(patch.copy()))
        np.testing.assert_allclose(as_floats(found), expected, rtol=1e-9, atol=1e-9)


def test_a_tensor_takes_a_gain_and_the_inverse():
    torch = pytest.importorskip("torch")
    patch = pixels(*WINDOW.shape)
    for how in ({"gain": 1.5}, {"method": "inverse"}, {"method": "inverse", "gain": 2.0}):
        found = restore(torch.tensor(patch), WINDOW, SHAPE, **how)
        np.testing.assert_allclose(found.numpy(), restore(patch, WINDOW, SHAPE, **how), rtol=1e-8, atol=1e-8)


def test_a_batch_of_tensor_windows_is_each_of_them():
    torch = pytest.importorskip("torch")
    patches = torch.tensor(pixels(2, *WINDOW.shape))
    gx = torch.tensor([2.0, 5.5], dtype=torch.float64)
    found = restore(patches, replace(WINDOW, gx=gx), SHAPE)
    for patch, at, canvas in zip(patches, (2.0, 5.5), found, strict=True):
        expected = restore(patch.numpy(), replace(WINDOW, gx=at), SHAPE)
        np.testing.assert_allclose(canvas.numpy(), expected, rtol=1e-9)


def test_gradients_pass_through_a_restored_tensor():
    torch = pytest.importorskip("torch")
    patch = torch.tensor(pixels(*WINDOW.shape), requires_grad=True)
    numbers = torch.tensor([3.3, 4.1, 1.7, 1.1], dtype=torch.float64, requires_grad=True)

    def canvas(patch, numbers):
        return restore(patch, Window(*numbers, n=WINDOW.n), SHAPE)

    assert torch.autograd.gradcheck(canvas, (patch, numbers), atol=1e-4)


def test_jax_traces_restore():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    patch = pixels(*WINDOW.shape)
    canvas = jax.jit(lambda gx: restore(patch, replace(WINDOW, gx=gx), SHAPE))(3.3)
    np.testing.assert_allclose(np.asarray(canvas), restore(patch, WINDOW, SHAPE), rtol=1e-9)
