"""Read and write against the equations, the article's loop, their laws, SciPy and Pillow."""

import itertools
import math
import tracemalloc

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter
from strategies import edges, exact_scenes, frozen, kernels, log_uniform, pixels, scenes, sizes

from glimpse import GlimpseError, Window, read, read_jacobian, read_many, restore, write
from glimpse.attention import layer
from glimpse.attention.banded import contract
from glimpse.attention.inverse import RIDGE
from glimpse.attention.matrices import filterbank
from glimpse.window import KERNELS, per_axis

EXACT = {"rtol": 1e-12, "atol": 1e-14}
METHODS = ["transpose", "inverse"]


def banks(window, shape):
    """Fx and Fy by the public function, which test_filterbank.py holds to the equations."""
    return [filterbank(*axis) for axis in window.axes(shape)]


def replaced(window, **changes):
    return Window(**{**window.to_dict(), "n": window.n, **changes})


# the equations


@given(scenes(), st.integers(0, 99))
def test_read_is_the_equation(scene, seed):
    shape, window = scene
    image = pixels(*shape, seed=seed)
    expected = reference.read(image, window)
    # a box's flank is a difference of lengths: rounding is relative to the whole filter there
    atol = 1e-280 if window.kernel == "gaussian" else 1e-12 * 255 * window.gamma
    np.testing.assert_allclose(read(image, window), expected, rtol=1e-12, atol=atol)


@given(scenes(), st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30), st.floats(0.1, 9)), max_size=40))
def test_read_many_is_read_of_each(scene, places):
    shape, window = scene
    image = pixels(*shape, 3)
    windows = [replaced(window, gx=gx, gy=gy, gamma=gamma) for gx, gy, gamma in places]
    windows += [
        replaced(window, delta=per_axis(lambda stride: 2 * stride, window.delta)),
        replaced(window, n=(3, 2)),
        *windows,
    ]
    patches = list(read_many(image, windows, channel_axis=2))
    assert len(patches) == len(windows)
    for patch, window in zip(patches, windows, strict=True):
        expected = read(image, window, channel_axis=2)
        np.testing.assert_allclose(patch, expected, rtol=1e-12, atol=1e-12 * expected.max() + 1e-280)


def test_read_many_draws_its_windows_a_few_ahead():
    drawn = itertools.count()
    windows = (Window(gx=3, gy=next(drawn) % 7, delta=1, sigma=1, n=2) for _ in itertools.count())
    patches = read_many(pixels(9, 8), windows)
    first = [next(patches) for _ in range(40)]
    assert next(drawn) <= 65
    np.testing.assert_array_equal(first[0], first[35])


@given(st.lists(scenes(), min_size=2, max_size=6))
def test_read_many_tells_windows_apart_that_differ_in_anything(several):
    image = pixels(9, 8, 3)
    windows = [
        replaced(window, **change)
        for _, window in several
        for change in ({}, {"edge": "black"}, {"edge": "extend"}, *({"kernel": kernel} for kernel in KERNELS))
    ]
    for patch, window in zip(read_many(image, windows, channel_axis=2), windows, strict=True):
        expected = read(image, window, channel_axis=2)
        np.testing.assert_allclose(patch, expected, rtol=1e-12, atol=1e-12 * expected.max() + 1e-280)


@given(scenes(), st.integers(0, 99))
def test_write_is_the_equation(scene, seed):
    shape, window = scene
    patch = pixels(*window.shape, seed=seed)
    expected = reference.write(patch, window, shape)
    canvas = write(patch, window, shape)
    assert canvas.shape == shape
    np.testing.assert_allclose(canvas, expected, rtol=1e-12, atol=1e-12 * expected.max() + 1e-280)


@given(sizes, log_uniform(0.2, 3), log_uniform(0.5, 6), st.integers(0, 99))
def test_read_is_the_articles_loop_half_a_stride_or_a_whole_one_up_and_to_the_left(n, delta, sigma, seed):
    image, gx, gy = pixels(9, 7, seed=seed), 4.25, 2.5
    shift = delta if n % 2 == 0 else delta / 2
    window = Window(gx - shift, gy - shift, delta, sigma, n=n)
    np.testing.assert_allclose(
        read(image, window), reference.article_read(image, gx, gy, delta, sigma, n), rtol=1e-12
    )


@given(scenes(), st.integers(0, 99))
def test_one_dimension_twice_is_two_dimensions(scene, seed):
    shape, window = scene
    image, patch = pixels(*shape, seed=seed), pixels(*window.shape, seed=seed)
    Fx, Fy = banks(window, shape)
    np.testing.assert_allclose(
        read(image, window), window.gamma * (Fx @ image @ Fy.T), rtol=1e-12, atol=1e-280
    )
    canvas = Fx.T @ patch @ Fy / window.gamma
    np.testing.assert_allclose(write(patch, window, shape), canvas, rtol=1e-12, atol=1e-280)


# the laws


@given(scenes(extreme=True, edge="extend", gamma=1), st.floats(-1000, 1000))
def test_a_constant_image_reads_as_that_constant(scene, level):
    shape, window = scene
    np.testing.assert_allclose(read(np.full(shape, level), window), level, rtol=1e-13, atol=1e-300)


@given(scenes(extreme=True), st.sampled_from([np.uint8, np.float32, np.float64]))
def test_every_accepted_window_reads_and_writes_finite_numbers(scene, dtype):
    shape, window = scene
    assert np.isfinite(read(pixels(*shape, dtype=dtype), window)).all()
    assert np.isfinite(write(pixels(*window.shape, dtype=dtype), window, shape)).all()
    assert np.isfinite(restore(pixels(*window.shape, dtype=dtype), window, shape)).all()


@given(scenes(extreme=True), st.sampled_from([np.uint8, np.float32, np.float64]))
def test_every_accepted_window_has_a_finite_inverse(scene, dtype):
    shape, window = scene
    canvas = write(pixels(*window.shape, dtype=dtype), window, shape, method="inverse")
    assert np.isfinite(canvas).all()


@given(scenes(gamma=1), st.integers(0, 99))
def test_write_is_the_adjoint_of_read(scene, seed):
    shape, window = scene
    image, patch = pixels(*shape, seed=seed), pixels(*window.shape, seed=seed + 1)
    there, back = np.vdot(read(image, window), patch), np.vdot(image, write(patch, window, shape))
    np.testing.assert_allclose(there, back, rtol=1e-12, atol=1e-280)


@given(scenes(), st.sampled_from(METHODS))
def test_gamma_scales_the_patch_and_divides_the_canvas(scene, method):
    shape, window = scene
    assume(method == "transpose" or window.edge == "extend")
    plain = replaced(window, gamma=1)
    image, patch = pixels(*shape), pixels(*window.shape)
    np.testing.assert_allclose(read(image, window), window.gamma * read(image, plain), **EXACT)
    expected = write(patch, plain, shape, method=method) / window.gamma
    rounding = EXACT | {"atol": 1e-14 * (1 + np.abs(expected).max())}  # small levels are sums of large ones
    np.testing.assert_allclose(write(patch, window, shape, method=method), expected, **rounding)


@given(exact_scenes(), st.sampled_from([0, 1]))
def test_mirroring_the_image_and_the_centre_mirrors_the_patch(scene, axis):
    shape, window = scene
    name = ("gx", "gy")[axis]
    mirrored = replaced(window, **{name: shape[axis] - 1 - getattr(window, name)})
    image, patch = pixels(*shape), pixels(*window.shape)
    tolerance = {"rtol": 1e-12, "atol": 1e-12 * window.gamma}
    np.testing.assert_allclose(
        read(np.flip(image, axis), mirrored), np.flip(read(image, window), axis), **tolerance
    )
    canvas = write(np.flip(patch, axis), mirrored, shape)
    tolerance = {"rtol": 1e-12, "atol": 1e-12 / window.gamma}
    np.testing.assert_allclose(canvas, np.flip(write(patch, window, shape), axis), **tolerance)


@given(exact_scenes(edge="black", gamma=1), st.integers(0, 5), st.integers(0, 5))
def test_shifting_a_black_edged_image_and_the_centre_leaves_the_patch(scene, down, across):
    shape, window = scene
    image, patch = pixels(*shape), pixels(*window.shape)
    moved = replaced(window, gx=window.gx + down, gy=window.gy + across)
    shifted = np.pad(image, ((down, 2), (across, 1)))
    np.testing.assert_allclose(read(shifted, moved), read(image, window), rtol=1e-12, atol=1e-12)
    canvas = write(patch, moved, shifted.shape)[down : down + shape[0], across : across + shape[1]]
    np.testing.assert_allclose(canvas, write(patch, window, shape), rtol=1e-12, atol=1e-12)


@given(kernels, edges, log_uniform(0.1, 2), st.integers(-6, 6), st.integers(-5, 5))
def test_shifting_the_centre_of_an_interior_window_shifts_what_it_reads(kernel, edge, sigma, down, across):
    image = pixels(60, 50)
    window = Window(29.25, 24.5, 1.5, sigma, n=(4, 3), kernel=kernel, edge=edge)
    moved = replaced(window, gx=window.gx + down, gy=window.gy + across)
    rolled = np.roll(image, (down, across), axis=(0, 1))
    np.testing.assert_allclose(read(rolled, moved), read(image, window), rtol=1e-12)


@given(scenes())
def test_swapping_axes_of_image_and_window_swaps_them_of_the_patch(scene):
    shape, window = scene
    pairs = {"delta": window.strides[::-1], "sigma": window.sigmas[::-1], "n": window.shape[::-1]}
    swapped = replaced(window, gx=window.gy, gy=window.gx, **pairs)
    image, patch = pixels(*shape), pixels(*window.shape)
    np.testing.assert_allclose(read(image.T, swapped), read(image, window).T, rtol=1e-12, atol=1e-280)
    canvas = write(patch.T, swapped, shape[::-1])
    np.testing.assert_allclose(canvas, write(patch, window, shape).T, rtol=1e-12, atol=1e-280)


@given(scenes(), st.integers(0, 99))
def test_read_is_linear_in_the_image(scene, seed):
    shape, window = scene
    one, other = pixels(*shape, seed=seed), pixels(*shape, seed=seed + 1)
    expected = 3 * read(one, window) + 0.5 * read(other, window)
    np.testing.assert_allclose(read(3 * one + 0.5 * other, window), expected, rtol=1e-12, atol=1e-280)


# channels, batches, layouts and types

WINDOW = Window(gx=4.2, gy=7.9, delta=1.7, sigma=1.1, gamma=1.3, n=(4, 3))
SHAPE = 9, 11


def both(array, window=WINDOW, **options):
    """What read makes of an image, or write, restore and the inverse of a patch, by name."""
    return {
        "read": lambda: read(array, window, **options),
        "write": lambda: write(array, window, SHAPE, **options),
        "inverse": lambda: write(array, window, SHAPE, method="inverse", **options),
        "restore": lambda: restore(array, window, SHAPE, **options),
    }


DOINGS = [("read", SHAPE), ("write", WINDOW.shape), ("inverse", WINDOW.shape), ("restore", WINDOW.shape)]
doings = pytest.mark.parametrize(("name", "shape"), DOINGS, ids=[name for name, _ in DOINGS])


@doings
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("edge", ["extend", "black"])
def test_channels_are_independent_wherever_their_axis(name, shape, axis, edge):
    window = replaced(WINDOW, edge=edge)
    channels = pixels(5, *shape)
    expected = np.stack([both(channel, window)[name]() for channel in channels], axis=axis)
    result = both(frozen(np.moveaxis(channels, 0, axis)), window, channel_axis=axis)[name]()
    np.testing.assert_allclose(result, expected, **EXACT)


@doings
def test_leading_axes_are_a_batch(name, shape):
    batch = pixels(2, 3, *shape)
    expected = np.stack([[both(image)[name]() for image in row] for row in batch])
    np.testing.assert_allclose(both(batch)[name](), expected, **EXACT)


@doings
@pytest.mark.parametrize(("axis", "full"), [(-1, 3), (3, 3), (0, 0), (1, 1), (-2, 2)])
def test_a_batch_may_have_channels_too(name, shape, axis, full):
    batch = pixels(2, 4, *shape)  # two images of four channels
    expected = np.stack([both(image, channel_axis=0)[name]() for image in batch])
    result = both(frozen(np.moveaxis(batch, 1, full)), channel_axis=axis)[name]()
    np.testing.assert_allclose(np.moveaxis(result, full, 1), expected, **EXACT)


@doings
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_results_are_new_c_contiguous_arrays_and_arguments_stay_as_they_were(name, shape, dtype, axis):
    shape = shape if axis is None else np.insert(shape, axis % 3, 3)
    array = pixels(*shape, dtype=dtype)
    before = array.copy()
    result = both(array, channel_axis=axis)[name]()
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert not np.shares_memory(result, array)
    np.testing.assert_array_equal(array, before)


@doings
@pytest.mark.parametrize(
    ("given_type", "result_type"),
    [
        (bool, np.float32),
        (np.uint8, np.float32),
        (np.int16, np.float32),
        (">u2", np.float32),
        (np.int64, np.float32),
        (np.float16, np.float32),
        (np.float32, np.float32),
        (">f4", np.float32),
        (np.float64, np.float64),
        (">f8", np.float64),
        (np.longdouble, np.float64),
    ],
)
def test_float64_stays_and_every_other_type_becomes_float32(name, shape, given_type, result_type):
    array = pixels(*shape).astype(given_type)
    result = both(frozen(array))[name]()
    assert result.dtype == np.dtype(result_type)
    np.testing.assert_allclose(result, both(array.astype(float))[name](), rtol=0, atol=2e-3)


@doings
def test_the_layout_in_memory_makes_no_difference(name, shape):
    array = pixels(*shape)
    expected = both(array)[name]()
    for same in (
        np.asfortranarray(array),
        array[::-1, ::-1].copy()[::-1, ::-1],
        np.repeat(array, 2, 1)[:, ::2],
    ):
        np.testing.assert_allclose(both(same)[name](), expected, **EXACT)
    np.testing.assert_allclose(both(array.tolist())[name](), expected, **EXACT)


LEVELS = {np.uint8: 255, np.uint16: 65535, np.float32: 255, bool: 1}


def within_a_thousandth_of_a_level(result, expected, dtype):
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-3 * LEVELS[dtype] / 255)


@given(scenes(gamma=1), st.sampled_from(list(LEVELS)), st.integers(0, 99))
def test_every_other_type_reads_within_a_thousandth_of_a_level(scene, dtype, seed):
    shape, window = scene
    image = pixels(*shape, seed=seed, high=LEVELS[dtype], low=0, dtype=dtype)
    within_a_thousandth_of_a_level(read(image, window), reference.read(image.astype(float), window), dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@given(
    st.integers(-40, 40), log_uniform(1e-9, 1e-4), log_uniform(1e-5, 0.6), kernels, edges, st.integers(0, 99)
)
def test_sharp_filters_between_two_pixels_keep_a_thousandth_of_a_level(
    dtype, half, off, sigma, kernel, edge, seed
):
    image = pixels(9, 7, seed=seed, low=0, dtype=dtype)
    window = Window(4 + half / 8 + off, 2.5 - off, 1.0, sigma, n=(9, 3), kernel=kernel, edge=edge)
    within_a_thousandth_of_a_level(read(image, window), reference.read(image.astype(float), window), dtype)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize("sigma", [300.0, 2500.0, 60_000.0])
@pytest.mark.parametrize("dtype", list(LEVELS))
def test_long_signals_under_wide_filters_keep_a_thousandth_of_a_level(kernel, edge, sigma, dtype):
    image = pixels(2, 30_000, dtype=dtype, low=LEVELS[dtype] // 2, high=LEVELS[dtype])
    window = Window(0.5, 9_000.3, 5_000.0, sigma, n=(1, 5), kernel=kernel, edge=edge)
    Fx, Fy = banks(window, image.shape)
    within_a_thousandth_of_a_level(read(image, window), Fx @ image.astype(float) @ Fy.T, dtype)
    swapped = replaced(window, gx=window.gy, gy=window.gx, n=(5, 1))
    within_a_thousandth_of_a_level(read(image.T, swapped), Fy @ image.T.astype(float) @ Fx.T, dtype)


@pytest.mark.parametrize("kernel", KERNELS)
def test_hundreds_of_tiles_of_flat_images_add_up_to_their_levels(kernel):
    levels = np.arange(1, 256, dtype=np.uint8)
    image = frozen(np.broadcast_to(levels, (10_000, 66, 255)))  # 168 million, of one row's memory
    window = Window(5_000, 30, 1, 9_000.0, n=1, kernel=kernel)
    patch = read(image, window, channel_axis=-1)
    within_a_thousandth_of_a_level(patch[0, 0], levels.astype(float), np.uint8)


@given(scenes(gamma=1), st.sampled_from([np.uint8, np.float32]), st.integers(0, 99))
def test_every_other_type_writes_within_a_thousandth_of_a_level(scene, dtype, seed):
    shape, window = scene
    patch = pixels(*window.shape, seed=seed, dtype=dtype)
    canvas = write(patch, window, shape)
    expected = reference.write(patch.astype(float), window, shape)
    assert canvas.dtype == np.float32
    # where filters pile up the canvas is as many times brighter as there are filters
    np.testing.assert_allclose(canvas, expected, rtol=4e-6, atol=1e-3)


# outside references


@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize(("stride", "n"), [(1, (20, 30)), (2, (9, 14)), (3, (5, 9)), (5, (4, 3))])
def test_box_reads_as_pillow_resizes(stride, n, edge):
    image = pixels(31, 47, dtype=np.float32)
    top, left = 4, 7
    bottom, right = top + n[0] * stride, left + n[1] * stride
    resized = Image.fromarray(image).resize(n[::-1], Image.Resampling.BOX, box=(left, top, right, bottom))
    sigma = stride / math.sqrt(12)
    window = Window.from_slice(
        f"{top}:{bottom},{left}:{right}", image.shape, n, sigma=sigma, kernel="box", edge=edge
    )
    np.testing.assert_allclose(read(image, window), np.asarray(resized), rtol=2e-6)


@pytest.mark.parametrize("sigma", [0.6, 1.5, 4.0])
def test_black_gaussian_reads_as_scipy_filters(sigma):
    image = pixels(40, 55)
    filtered = gaussian_filter(image, sigma, mode="constant", truncate=12)
    window = Window(gx=18, gy=27, delta=3, sigma=sigma, n=(13, 19), edge="black")
    np.testing.assert_allclose(read(image, window), filtered[0:37:3, 0:55:3], rtol=1e-12)


@pytest.mark.parametrize("sigma", [0.6, 1.5, 2.5])
def test_extended_gaussian_reads_as_scipy_filters_inside(sigma):
    image = pixels(90, 75)
    filtered = gaussian_filter(image, sigma, mode="nearest", truncate=12)
    window = Window(gx=44, gy=37, delta=2, sigma=sigma, n=(15, 7))
    np.testing.assert_allclose(read(image, window), filtered[30:59:2, 31:44:2], rtol=1e-12)


def test_a_sharp_window_at_stride_one_is_the_slice_itself():
    image = pixels(23, 31, dtype=np.uint8)
    window = Window.from_slice("3:11,7:19", image.shape, (8, 12), sigma=1e-6)
    np.testing.assert_array_equal(read(image, window), image[3:11, 7:19])
    black = np.zeros(image.shape)
    black[3:11, 7:19] = image[3:11, 7:19]
    np.testing.assert_array_equal(write(image[3:11, 7:19], window, image.shape), black)


# cost


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize(("gx", "gy"), [(50_000, 70_000.5), (-30, 100_020), (5e8, -5e8)])
def test_a_small_window_touches_only_its_pixels(axis, gx, gy):
    sides = (100_000, 100_000) if axis is None else np.insert((100_000, 100_000), axis % 3, 3)
    image = frozen(np.broadcast_to(np.uint8(7), sides))  # 10 GB that are not there
    tracemalloc.start()
    patch = read(image, Window(gx, gy, 2.0, 1.0, n=(8, 5)), channel_axis=axis)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(patch, 7, rtol=1e-6)
    assert peak < 2_000_000


def test_a_whole_image_is_turned_to_floats_a_strip_at_a_time():
    image = frozen(np.broadcast_to(np.uint8(7), (4_000, 3_000)))
    tracemalloc.start()
    read(image, Window.centered((4_000, 3_000), n=32))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000  # the whole as float32 takes 48 million


# the inverse


def singular_values(window, shape):
    """U, s, V of both axes, the product of gains (N, M) and the largest of them."""
    axes = [np.linalg.svd(F, full_matrices=False) for F in banks(window, shape)]
    return axes, np.multiply.outer(axes[0][1], axes[1][1])


@st.composite
def tame_scenes(draw):
    """Windows inside their image whose neighbouring filters hardly overlap."""
    n, m = draw(st.lists(st.integers(1, 7), min_size=2, max_size=2, unique=True))
    delta = draw(log_uniform(1, 4))
    shape = math.ceil(n * delta) + draw(st.integers(0, 5)), math.ceil(m * delta) + draw(st.integers(0, 5))
    gx, gy = ((size - 1) / 2 + draw(st.floats(-0.3, 0.3)) for size in shape)
    sigma = delta * draw(st.floats(0.1, 0.5))
    gamma, kernel, edge = draw(log_uniform(0.1, 10)), draw(kernels), draw(edges)
    return shape, Window(gx, gy, delta, sigma, gamma, (n, m), kernel, edge)


@given(tame_scenes(), st.integers(0, 99))
def test_what_the_inverse_wrote_is_read_back(scene, seed):
    shape, window = scene
    _, gains = singular_values(window, shape)
    assume(gains.min() > 1.001 * RIDGE * gains.max())
    patch = pixels(*window.shape, seed=seed)
    canvas = write(patch, window, shape, method="inverse")
    np.testing.assert_allclose(read(canvas, window), patch, rtol=1e-9)


@given(tame_scenes(), st.integers(0, 99))
def test_the_inverse_is_the_smallest_canvas_of_all(scene, seed):
    shape, window = scene
    _, gains = singular_values(window, shape)
    assume(gains.min() > 1.001 * RIDGE * gains.max())
    patch = pixels(*window.shape, seed=seed)
    Fx, Fy = banks(window, shape)
    expected = np.linalg.pinv(Fx) @ patch @ np.linalg.pinv(Fy).T / window.gamma
    canvas = write(patch, window, shape, method="inverse")
    np.testing.assert_allclose(canvas, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_most_tame_windows_are_well_conditioned():
    for ratio in (0.1, 0.3, 0.5):
        window = Window(20, 25, 4, 4 * ratio, n=(9, 12))
        _, gains = singular_values(window, (41, 52))
        assert gains.min() > RIDGE * gains.max()


@given(scenes(edge="extend"), st.integers(0, 99))
def test_components_below_the_ridge_fade_instead_of_ringing(scene, seed):
    shape, window = scene
    (Ux, _, Vx), (Uy, _, Vy) = singular_values(window, shape)[0]
    gains = singular_values(window, shape)[1]
    q = gains / gains.max()
    weights = np.where(q >= RIDGE, 1 / np.maximum(q, RIDGE), q / RIDGE**2) / gains.max()
    patch = pixels(*window.shape, seed=seed)
    expected = Vx.T @ (weights * (Ux.T @ patch @ Uy)) @ Vy / window.gamma
    canvas = write(patch, window, shape, method="inverse")
    np.testing.assert_allclose(canvas, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize(("kernel", "sigma"), [("gaussian", 4.0), ("box", 5.0)])
def test_a_component_below_the_ridge_comes_back_times_its_gain_over_the_ridge_squared(kernel, sigma):
    window, shape = Window(15, 18, 3, sigma, gamma=1.7, n=(8, 11), kernel=kernel), (31, 37)
    (Ux, _, _), (Uy, _, _) = singular_values(window, shape)[0]
    gains = singular_values(window, shape)[1]
    q = gains / gains.max()
    assert (q < RIDGE).any()
    assert (q > RIDGE).any()
    for i, j in np.ndindex(*q.shape):
        component = 100 * np.outer(Ux[:, i], Uy[:, j])
        back = read(write(component, window, shape, method="inverse"), window)
        np.testing.assert_allclose(back, component * min(1, q[i, j] / RIDGE) ** 2, rtol=0, atol=1e-8)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("gx", [-5.0, 4.0, 14.0, 200.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_the_inverse_of_filters_that_see_nothing_is_black(kernel, gx, dtype):
    window = Window(gx, -1000.0, 1.5, 0.5, n=(4, 3), kernel=kernel, edge="black")
    canvas = write(pixels(4, 3, dtype=dtype), window, (9, 11), method="inverse")
    assert not canvas.any()


def smooth_scene(delta, kernel="gaussian"):
    """A bump that fades to black, eight samples wide, and a window with sigma = delta over a canvas."""
    rows, cols = np.mgrid[:48, :52]
    patch = 120 * np.exp(-((rows - 22.3) ** 2 + (cols - 27.1) ** 2) / (2 * 8.0**2))
    shape = round(48 * delta) + 9, round(52 * delta) + 4
    return patch, Window.centered(shape, (48, 52), delta=delta, sigma=delta, kernel=kernel), shape


@pytest.mark.parametrize("delta", [1.0, 2.0, 4.0])
def test_the_inverse_of_a_rounded_smooth_patch_stays_in_its_range(delta):
    patch, window, shape = smooth_scene(delta)
    canvas = write(np.rint(patch), window, shape, method="inverse")
    # the bump itself grows by (1 + 1 / 64)**2 as its blur is undone, 4 levels
    assert canvas.min() > -8
    assert canvas.max() < 120 + 4 + 8


@pytest.mark.parametrize("delta", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_inverse_does_not_ring_with_the_rounding_to_eight_bits(kernel, delta):
    patch, window, shape = smooth_scene(delta, kernel)
    noise = write(np.rint(patch) - patch, window, shape, method="inverse")
    assert np.abs(noise).max() < 8


# refusals


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros(5), {}, r"^an array of shape \(5,\) has no rows and columns of pixels$"),
        (np.float64(5), {}, r"^an array of shape \(\) has no rows and columns of pixels$"),
        (np.zeros((5, 3)), {"channel_axis": -1}, r"^an array of shape \(5, 3\) has no rows and columns"),
        (np.zeros((0, 3)), {}, r"^an array of shape \(0, 3\) has no rows and columns of pixels$"),
        (np.zeros((5, 4, 3)), {"channel_axis": 3}, r"^channel_axis 3 is out of range for 3 axes$"),
        (np.zeros((5, 4, 3)), {"channel_axis": -4}, r"^channel_axis -4 is out of range for 3 axes$"),
        (np.zeros((5, 4), complex), {}, r"^pixels must be real numbers, got complex128$"),
        (np.full((5, 4), "a"), {}, r"^pixels must be real numbers, got <U1$"),
        (np.full((5, 4), None), {}, r"^pixels must be real numbers, got object$"),
    ],
)
def test_read_refuses_what_is_no_image(image, options, message):
    with pytest.raises(GlimpseError, match=message):
        read(image, WINDOW, **options)


@pytest.mark.parametrize("function", [write, restore])
@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((3, 4), {}, r"^a patch of 3 x 4 samples does not fit a window of 4 x 3$"),
        ((4, 3, 3), {}, r"^a patch of 3 x 3 samples does not fit a window of 4 x 3 \(channel_axis=-1\?\)$"),
        ((4, 3), {"method": "magic"}, r"^method must be transpose or inverse, got 'magic'$"),
        ((4, 3), {"channel_axis": 2}, r"^channel_axis 2 is out of range for 2 axes$"),
        ((3,), {}, r"^an array of shape \(3,\) has no rows and columns of pixels$"),
    ],
)
def test_write_refuses_what_does_not_fit(function, shape, options, message):
    with pytest.raises(GlimpseError, match=message):
        function(np.zeros(shape), WINDOW, SHAPE, **options)


@pytest.mark.parametrize("function", [write, restore])
@pytest.mark.parametrize("shape", [(0, 4), (4, -1), (3.0, 4), (True, 4), (4,), (4, 4, 3), 4, None])
def test_write_refuses_a_canvas_that_is_none(function, shape):
    with pytest.raises(GlimpseError, match=r"^(a shape is two|the (rows|columns) of a shape must be a) "):
        function(np.zeros((4, 3)), WINDOW, shape)


def test_a_canvas_has_the_shape_of_an_array():
    assert write(np.ones((4, 3)), WINDOW, list(np.array(SHAPE))).shape == SHAPE


# what people have


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("work", [read, lambda *rest, **axis: list(read_many(rest[0], [rest[1]], **axis))])
def test_a_pixel_that_is_not_finite_is_named_if_a_window_looks_at_it(bad, work):
    image = np.ones((40, 50, 3), np.float32)
    image[7, 9, 1] = bad
    with pytest.raises(GlimpseError, match=r"1 pixel is not finite, the first is .* at \(7, 9, 1\)"):
        work(image, Window(8, 9, 1, 1, n=3), channel_axis=2)
    work(image, Window(30, 30, 1, 1, n=3), channel_axis=2)
    huge = np.full((5, 6), 3e38, np.float32)
    assert read(huge, Window(2, 2, 1, 1, 100, n=3)).max() == np.inf  # what is too large is told as it is


@pytest.mark.parametrize("shape", [(48, 64, 3), (48, 64, 4), (2, 48, 64, 3)])
def test_an_array_that_looks_like_colours_is_asked_for_its_channels(shape):
    image, window = pixels(*shape), Window(20, 30, 2, n=5)
    for work in (read, read_jacobian, lambda image, window: list(read_many(image, [window]))):
        with pytest.raises(GlimpseError, match=r"looks like \d channels: channel_axis=-1\?"):
            work(image, window)
    assert read(image, window, channel_axis=-1).shape[-3:] == (5, 5, shape[-1])
    assert read(image, window, channel_axis=None).shape[-2:] == (5, 5)
    assert read(pixels(3, 48, 64), window).shape == (3, 5, 5)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "I;16", "F", "1"])
def test_a_picture_of_pillows_knows_its_channels(mode):
    picture, window = Image.new(mode, (64, 48), 1), Window(20, 30, 2, n=5)
    expected = read(np.asarray(picture), window, channel_axis=-1 if np.asarray(picture).ndim == 3 else None)
    np.testing.assert_array_equal(read(picture, window), expected)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("P", (64, 48)), r"mode P has no levels of light; .convert\('RGB'\)"),
        (Image.new("CMYK", (64, 48)), "mode CMYK has no levels of light"),
        ([np.ones((48, 64)), np.ones((48, 64))], "an image is one array, not 2 in a list"),
        ((Image.new("L", (64, 48)),), "an image is one array, not 1 in a tuple"),
        ([[1, 2], [3]], "rows are equally long"),
    ],
)
def test_what_is_no_image_is_refused_in_words(image, message):
    with pytest.raises(GlimpseError, match=message):
        read(image, Window(20, 30, 2, n=5))
    with pytest.raises(GlimpseError, match=message):
        list(read_many(image, [Window(20, 30, 2, n=5)]))


def test_whole_levels_are_rounded_and_clipped_once():
    image = np.array([[-3.2, 0.5, 1.5], [99.6, 254.7, 300.0]])
    window = Window(0.5, 1, 1, 1e-3, n=(2, 3))
    assert read(image, window, dtype="uint8").tolist() == [[0, 0, 2], [100, 255, 255]]
    assert read(image, window, dtype=np.uint16).tolist() == [[0, 0, 2], [100, 255, 300]]
    assert Image.fromarray(read(image, window, dtype=np.uint8)).mode == "L"
    with pytest.raises(GlimpseError, match="dtype is 'uint8' or 'uint16'"):
        read(image, window, dtype="int8")


def test_an_empty_batch_of_images_is_an_empty_batch_of_patches():
    assert read(np.ones((0, 9, 8)), Window(1, 1, 1, n=3)).shape == (0, 3, 3)
    assert read(np.ones((0, 9, 8)), Window(np.ones(0), 1, 1, n=3)).shape == (0, 3, 3)
    assert read(np.ones((0, 99, 80)), Window(np.ones(0), 1, 1, n=3)).shape == (0, 3, 3)
    assert write(np.ones((0, 3, 3)), Window(1, 1, 1, n=3), (9, 8)).shape == (0, 9, 8)


MASKED = np.ma.masked_less(np.arange(12.0).reshape(3, 4), 2)


@pytest.mark.parametrize(
    "work",
    [
        lambda array, window: read(array, window),
        lambda array, window: list(read_many(array, [window])),
        lambda array, window: write(array, window, (5, 6)),
        lambda array, window: restore(array, window, (5, 6)),
    ],
)
def test_masked_pixels_are_refused(work):
    window = Window(gx=1, gy=1, delta=1, sigma=1, n=(3, 4))
    with pytest.raises(GlimpseError, match=r"some pixels are masked; fill them first"):
        work(MASKED, window)
    plain = work(np.ma.array(np.ones((3, 4))), window)
    assert type(plain[0]) is np.ndarray


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize(("sigma", "several"), [(1, True), (400, False)])
@pytest.mark.parametrize("channel_axis", [0, 2])
def test_a_patch_is_the_same_in_however_many_parts_it_is_made(
    monkeypatch, dtype, sigma, several, channel_axis
):
    image = np.moveaxis(pixels(4000, 30, 3, dtype=dtype), 2, channel_axis)
    window = Window(2000, 15, (20, 1.5), (sigma, 0.75), n=(200, 15))
    whole = read(image, window, channel_axis=channel_axis)
    parts = []
    monkeypatch.setattr(layer, "_BETWEEN", 1)
    monkeypatch.setattr(layer, "contract", lambda bank, *rest: parts.append(bank) or contract(bank, *rest))
    np.testing.assert_allclose(read(image, window, channel_axis=channel_axis), whole, rtol=1e-5)
    assert (len(parts) > 4) == several  # filters that are long are not cut: too much would be read twice
    assert sum(len(part.start) for part in parts[::2]) == 200
