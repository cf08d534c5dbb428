"""Windows in batches, in every precision, in transformations: what training needs."""

import copy
import math
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from PIL import Image
from strategies import pixels, scenes
from tensors import NAMES, WINDOWS, of, plain

from glimpse import GlimpseError, Window, filterbank, filterbank_partials, read, read_many, restore, write
from glimpse.attention.derivatives import read_jacobian, read_vjp, write_vjp
from glimpse.window import KERNELS

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")


# batches in NumPy, boxes, outputs of a network


def test_a_batch_of_numpys_windows_reads_and_writes_each_its_image():
    images, patches = pixels(3, 12, 17), pixels(3, 4, 3, seed=1)
    numbers = {"gx": [2.1, 5.2, 9.8], "gy": [3.3, 8.1, 20.2], "delta": [1.1, 2.3, 0.7]}
    for kernel in KERNELS:
        batch = Window(**{k: np.array(v) for k, v in numbers.items()}, sigma=1.2, n=(4, 3), kernel=kernel)
        each = [
            Window(*values, sigma=1.2, n=(4, 3), kernel=kernel)
            for values in zip(*numbers.values(), strict=True)
        ]
        for dtype in (np.float64, np.uint8):
            expected = [read(i, w) for i, w in zip(images.astype(dtype), each, strict=True)]
            found = read(images.astype(dtype), batch)
            assert found.dtype == expected[0].dtype
            np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype == np.uint8 else 1e-11)
        np.testing.assert_allclose(read(images[0], batch), [read(images[0], w) for w in each], rtol=1e-11)
        for put in (write, restore):
            expected = [put(p, w, (12, 17)) for p, w in zip(patches, each, strict=True)]
            np.testing.assert_allclose(put(patches, batch, (12, 17)), expected, rtol=1e-9, atol=1e-9)


def test_several_glimpses_of_each_image(xp):
    images = pixels(2, 1, 12, 17)
    gx = np.array([[2.0, 4.0, 6.0], [1.0, 3.0, 9.0]])
    found = read(xp.asarray(images.copy()), Window(xp.asarray(gx), 8.2, 1.7, 1.1, n=4))
    expected = [
        [read(image[0], Window(g, 8.2, 1.7, 1.1, n=4)) for g in row]
        for image, row in zip(images, gx, strict=True)
    ]
    np.testing.assert_allclose(plain(found), expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("shape", "numbers", "axis", "wanted"),
    [
        ((3, 12, 17), (3, 1), None, r"numbers of shape \(3, 1\) .* images\[:, None\]"),
        ((3, 12, 17), (2,), None, r"numbers of shape \(2,\) .* they need \(3,\)"),
        ((3, 12, 17), (3, 5), None, r"numbers of shape \(3, 5\) .* images\[:, None\]"),
        ((2, 3, 12, 17), (2, 3), None, r"numbers of shape \(2, 3\) .* images\[:, None\]"),
        ((2, 3, 12, 17), (2, 5), None, r"numbers of shape \(2, 5\) .* images\[:, None\]"),
        ((2, 3, 12, 17), (4,), 1, r"numbers of shape \(4,\) .* they need \(2,\)"),
    ],
)
def test_numbers_that_do_not_go_with_the_images_are_refused(xp, shape, numbers, axis, wanted):
    with pytest.raises(GlimpseError, match=wanted):
        read(xp.ones(shape), Window(xp.ones(numbers), 1.0, 1.0, 1.0, n=2), channel_axis=axis)
    with pytest.raises(
        GlimpseError, match=r"need one shape, \(B,\) or .* got \(3,\) and \(2, 1\) and \(2,\)"
    ):
        read(xp.ones((3, 5, 6)), Window(xp.ones(3), xp.ones((2, 1)), 1.0, xp.ones(2), n=2))


GLIMPSES = {  # shapes of images, of gx, of delta, the axis of channels, and what each window looks at
    "one image": ((12, 17), (3,), (), None),
    "one image, colours": ((12, 17, 2), (3,), (3,), -1),
    "one image, glimpses": ((2, 12, 17), (3, 4), (4,), 0),
    "each image": ((3, 1, 12, 17), (3, 4), (), None),
    "each image, colours": ((3, 1, 2, 12, 17), (3, 4), (3, 1), None),
    "each image, colours last": ((3, 12, 17, 2), (3, 4), (3, 4), -1),
    "each image, colours first": ((2, 3, 12, 17), (3, 4), (), 0),
    "foveal": ((3, 1, 12, 17), (3, 1), (4,), None),
    "the same window": ((3, 5, 12, 17), (1,), (), None),
    "all by all": ((1, 1, 12, 17), (3, 4), (1, 4), None),
}


@pytest.mark.parametrize("size", ["cut", "whole"])
@pytest.mark.parametrize("case", GLIMPSES)
def test_glimpses_are_each_a_read_of_its_image(xp, case, size):
    shape, gx_shape, delta_shape, axis = GLIMPSES[case]
    large = {"cut": 8, "whole": 1}[size]
    sizes = [large * side if side in (12, 17) else side for side in shape]
    image = pixels(*sizes)
    gx = np.random.default_rng(1).uniform(-3, 12 * large, gx_shape)
    delta = np.random.default_rng(2).uniform(0.6, 2, delta_shape)
    numbers = [xp.asarray(x) if x.shape else float(x) for x in (gx, delta)]
    rest = {"sigma": 0.8, "n": (4, 3), "kernel": "box" if size == "whole" else "gaussian"}
    window = Window(numbers[0], 7.5, numbers[1], **rest)
    found = plain(read(xp.asarray(image.copy()), window, channel_axis=axis))
    batch = np.broadcast_shapes(gx_shape, delta_shape)
    front = image if axis is None else np.moveaxis(image, axis, -3)
    lead = front.shape[: front.ndim - 2 - (axis is not None)]
    front = front.reshape(*lead, *[1] * (len(batch) - len(lead)), *front.shape[len(lead) :])
    back = found if axis is None else np.moveaxis(found, axis if axis < 0 else axis - len(shape), -3)
    whole = np.broadcast_shapes(batch, front.shape[: len(batch)])
    assert back.shape[: len(whole)] == whole
    gx, delta = (np.broadcast_to(x, whole) for x in (gx, delta))
    for where in np.ndindex(whole):
        one = front[tuple(k % s for k, s in zip(where, front.shape, strict=False))]
        expected = read(one, Window(gx[where], 7.5, delta[where], **rest), channel_axis=None)
        np.testing.assert_allclose(back[where], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_weights_that_do_not_show_are_quick_to_multiply(xp, edge, precision):
    dtype = getattr(xp, precision)
    numbers = [xp.asarray([value], dtype=dtype) for value in (300.2, 3.0, 1.5)]
    found = plain(filterbank(900, 5, *numbers, edge=edge))[0]
    assert found.min() ** 2 > np.finfo(precision).tiny
    exact = filterbank(900, 5, 300.2, 3.0, 1.5, edge=edge)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-5 if precision == "float32" else 1e-15)


@pytest.mark.parametrize("side", [12, 90])
def test_the_gradients_of_glimpses_are_those_of_a_loop(torch, side):
    images = torch.tensor(pixels(2, 1, 3, side, side + 5), requires_grad=True)
    numbers = torch.tensor(np.random.default_rng(0).uniform(2, 10, (2, 4, 2)), requires_grad=True)
    meant = torch.tensor(pixels(2, 4, 3, 5, 5, low=-1, high=1))
    window = Window(numbers[..., 0], 6.0, numbers[..., 1] / 5, 0.9, n=5)
    found = torch.autograd.grad((read(images, window) * meant).sum(), [images, numbers])
    total = sum(
        (
            read(images[:, 0], Window(numbers[:, k, 0], 6.0, numbers[:, k, 1] / 5, 0.9, n=5)) * meant[:, k]
        ).sum()
        for k in range(4)
    )
    for one, other in zip(found, torch.autograd.grad(total, [images, numbers]), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("batch", [False, True])
def test_a_cut_is_differentiated_twice_and_mapped(torch, batch):
    images = torch.tensor(pixels(2, 60, 70, low=0, high=1), requires_grad=True)
    gx = torch.tensor([20.2, 40.1], dtype=torch.float64) if batch else 20.2

    def look(images):
        return read(images, Window(gx, 30.7, 1.1, 0.5, n=2))

    assert torch.autograd.gradcheck(look, images, check_forward_ad=True, fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda x: look(x) ** 2, images, fast_mode=True)
    tangent = torch.tensor(pixels(2, 60, 70, seed=1))
    _, moved = torch.func.jvp(look, (images.detach(),), (tangent,))
    torch.testing.assert_close(moved, look(tangent))
    if not batch:
        mapped = torch.func.vmap(look)(images[:, None])
        torch.testing.assert_close(mapped, torch.stack([look(images[:1]), look(images[1:])]))


@pytest.mark.parametrize("name", ["delta", "sigma", "gamma"])
def test_values_at_hand_are_checked(xp, name):
    numbers = {"gx": 1.0, "gy": 1.0, "delta": 1.0, "sigma": 1.0, "gamma": 1.0}
    for value, message in (
        (-1.0, "> 0, got -1"),
        (0.0, "> 0, got 0"),
        (math.nan, "finite number"),
    ):
        with pytest.raises(GlimpseError, match=f"{name} .*{message}"):
            Window(**{**numbers, name: xp.asarray([1.0, value])})


def test_images_without_pixels_or_complex_are_refused_and_an_empty_batch_is_empty(xp):
    with pytest.raises(GlimpseError, match="no rows and columns"):
        read(xp.ones((0, 5)), Window(1, 1, 1, 1))
    with pytest.raises(GlimpseError, match="must be real numbers"):
        read(xp.ones((4, 5), dtype=xp.complex64), Window(1, 1, 1, 1))
    for side in (9, 99):  # whole, and what the windows touch
        assert read(xp.ones((0, side, 80)), Window(xp.ones(0), 1, 1, 1, n=3)).shape == (0, 3, 3)
        assert read(xp.ones((0, 2, side, 80)), Window(xp.ones((1, 1)), 1, 1, 1, n=3)).shape == (0, 2, 3, 3)
        assert read(xp.ones((4, 1, side, 80)), Window(xp.ones((4, 0)), 1, 1, 1, n=3)).shape == (4, 0, 3, 3)


@pytest.mark.parametrize("dtype", [">f4", ">u2", "float16", "bool"])
def test_numpys_images_of_any_layout_and_order_go_with_tensors(xp, dtype):
    levels = pixels(10, 34) > 100 if dtype == "bool" else pixels(10, 34)
    image = levels.astype(dtype)[::-1, ::2]
    image.flags.writeable = False
    found = read(image, of(xp, WINDOWS["inside"], "gx"))
    np.testing.assert_allclose(plain(found), read(image.astype(float), WINDOWS["inside"]), rtol=1e-5)


@pytest.mark.parametrize("call", [
    lambda t, w: read_vjp(t, w, np.ones((2, 2))),
    lambda t, w: write_vjp(t[:2, :2], w, (9, 9), np.ones((9, 9))),
    lambda t, w: read_jacobian(t, w),
    lambda t, w: next(read_many(t, [w])),
    lambda t, w: filterbank_partials(9, 2, t[0, 0], 1, 1),
])  # fmt: skip
def test_functions_without_tensors_name_the_way(torch, call):
    with pytest.raises(GlimpseError, match="differentiate"):
        call(torch.ones(9, 9), Window(3, 4, 1, 1, n=2))


def test_a_batch_has_no_derivatives_of_its_own():
    with pytest.raises(GlimpseError, match="takes NumPy's arrays and one window"):
        read_vjp(np.ones((9, 9)), Window(np.array([3.0, 4.0]), 4, 1, 1, n=2), np.ones((2, 2, 2)))


def by_torch(torch, value, numbers):
    """The slopes of a function of named numbers."""
    given = {name: torch.tensor(v, dtype=torch.float64, requires_grad=True) for name, v in numbers.items()}
    return dict(zip(given, torch.autograd.grad(value(given), list(given.values())), strict=True))


def by_jax(jax, value, numbers):
    """The slopes of a function of named numbers."""
    return jax.grad(value)({name: jax.numpy.asarray(v) for name, v in numbers.items()})


@pytest.mark.parametrize(("library", "slopes_of"), [("torch", by_torch), ("jax", by_jax)])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.25, 0.5, 1.0, 2.0])
def test_the_inverse_has_the_gradient_of_finite_differences(request, library, slopes_of, kernel, ratio):
    library = request.getfixturevalue(library)
    xp = library.numpy if slopes_of is by_jax else library
    patch, weight = xp.asarray(pixels(6, 5).copy()), xp.asarray(pixels(23, 31, low=-1, high=1).copy())
    numbers = {"gx": 11.3, "gy": 14.2, "delta": 3.1, "sigma": 3.1 * ratio + 0.003, "gamma": 1.3}

    def value(numbers):
        window = Window(**numbers, n=(6, 5), kernel=kernel)
        return (weight * write(patch, window, (23, 31), method="inverse")).sum()

    for name, slope in slopes_of(library, value, numbers).items():
        ends = [float(value({**numbers, name: numbers[name] + step})) for step in (1e-6, -1e-6)]
        assert float(slope) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-3)


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_half_precision_is_right_within_its_own_rounding(torch, name):
    dtype = getattr(torch, name)
    image = torch.tensor(pixels(300, 320).copy()).to(dtype)
    sigma = torch.tensor(2.0, dtype=dtype, requires_grad=True)
    found = read(image, Window(200.3, 250.2, 3.0, sigma, n=12))
    exact = read(image.double().numpy(), Window(200.3, 250.2, 3.0, 2.0, n=12))
    assert found.dtype == dtype
    np.testing.assert_allclose(found.detach().double(), exact, rtol=torch.finfo(dtype).eps)
    (slope,) = torch.autograd.grad(found.float().sum(), sigma)
    assert slope.isfinite()


@pytest.mark.parametrize("sigma", [1e3, 1e5, 1e6])
def test_the_end_of_a_huge_box_is_exact_in_single_precision(torch, sigma):
    image = pixels(9, 100, dtype=np.float32)
    window = Window(4, 20.37 - sigma * math.sqrt(3), 1, (0.3, sigma), n=(3, 1), kernel="box")
    exact = read(image.astype(float), window)
    for levels in (image, torch.tensor(image.copy())):
        assert np.abs(np.asarray(read(levels, window)) - exact).max() < 1e-3


def test_boxes_of_roi_align_become_one_batch(xp):
    corners = np.array([[2.0, 1.0, 12.0, 9.0], [0.5, 3.0, 6.5, 11.0]])
    batch = Window.from_boxes(xp.asarray(corners), n=(4, 5))
    found = read(xp.asarray(pixels(12, 17).copy()), batch)
    each = [Window.from_box((x, y, right - x, bottom - y), (4, 5)) for x, y, right, bottom in corners]
    expected = [read(pixels(12, 17), window) for window in each]
    np.testing.assert_allclose(plain(found), expected, rtol=1e-10)
    numpys = read(xp.asarray(pixels(12, 17).copy()), Window.from_boxes(corners, n=(4, 5)))
    np.testing.assert_allclose(plain(numpys), expected, rtol=1e-5)


def test_gradients_flow_into_boxes(torch):
    boxes = torch.tensor([[2.0, 1.0, 12.0, 9.0]], dtype=torch.float64, requires_grad=True)
    image = torch.tensor(pixels(12, 17).copy())
    assert torch.autograd.gradcheck(lambda b: read(image, Window.from_boxes(b, 4, sigma=1.0)), boxes)


def test_outputs_of_zero_span_the_image_and_others_follow_the_equations(xp):
    window = Window.from_outputs(xp.asarray(np.zeros((2, 5))), (21, 31), n=7)
    values = [plain(getattr(window, name)).tolist() for name in NAMES]
    assert values == [[10.0] * 2, [15.0] * 2, [5.0] * 2, [1.0] * 2, [1.0] * 2]
    window = Window.from_outputs(xp.asarray([0.5, -0.25, 0.2, -0.3, 0.4], dtype=xp.float64), (21, 31), n=7)
    expected = (11 * 1.5 - 1, 16 * 0.75 - 1, 5 * math.exp(-0.3), math.exp(0.1), math.exp(0.4))
    assert [float(getattr(window, name)) for name in NAMES] == pytest.approx(expected)


# windows as trees


def test_a_window_is_a_tree_for_jax(jax):
    image, window = jax.numpy.asarray(pixels(12, 17)), of(jax.numpy, WINDOWS["inside"])
    expected = read(pixels(12, 17), WINDOWS["inside"])
    np.testing.assert_allclose(jax.jit(read)(image, window), expected, rtol=1e-11)
    slopes = jax.grad(lambda w: read(image, w).sum())(window)
    assert float(slopes.gx) == pytest.approx(
        read_vjp(pixels(12, 17), WINDOWS["inside"], np.ones((4, 3)))[1]["gx"]
    )
    batch = jax.tree_util.tree_map(lambda number: number * jax.numpy.ones(2), window)
    assert jax.vmap(read, in_axes=(None, 0))(image, batch).shape == (2, 4, 3)
    assert jax.lax.scan(lambda w, _: (w, read(image, w)), window, jax.numpy.arange(2))[1].shape == (2, 4, 3)


def test_a_window_is_a_tree_for_torch(torch):
    batch = Window(*(torch.tensor([v, v + 1]) for v in (3.0, 4.0, 1.0, 1.0, 1.0)), n=5)
    image = torch.tensor(pixels(12, 17).copy())
    torch.testing.assert_close(
        torch.func.vmap(read, in_dims=(None, 0))(image, batch), read(image, batch).double()
    )


def test_windows_with_arrays_are_copied_pickled_and_compared(xp):
    window = of(xp, WINDOWS["inside"])
    assert window == replace(window)
    assert window != replace(window, gx=window.gx + 1)
    assert window != WINDOWS["inside"]
    batch = Window(np.array([1.0, 2.0]), 2, 3, 4)
    assert copy.deepcopy(batch) == batch == pickle.loads(pickle.dumps(batch))
    assert "array([1., 2.])" in repr(batch)


@pytest.mark.parametrize("kernel", KERNELS)
def test_ranks_are_never_promoted(jax, kernel):
    ones = jax.numpy.ones(2)
    window = Window(3 * ones, 4 * ones, ones, ones, n=5, kernel=kernel)
    with jax.numpy_rank_promotion("raise"):
        assert read(jax.numpy.ones((2, 3, 12, 17)), window).shape == (2, 3, 5, 5)
        assert write(jax.numpy.ones((2, 5, 5)), window, (12, 17)).shape == (2, 12, 17)
        assert read(jax.numpy.ones((12, 17)), window).shape == (2, 5, 5)


@pytest.mark.parametrize("kernel", KERNELS)
def test_reading_and_writing_are_one_graph_each(torch, kernel):
    def both(image, gx, delta):
        window, still = (
            Window(gx, 8.2, delta, 1.1, n=4, kernel=kernel),
            Window(5.0, 8.2, (2.0, 3.0), 1.1, n=4),
        )
        return write(read(image, window), window, (12, 17)) + write(read(image, still), still, (12, 17))

    given = torch.tensor(pixels(12, 17).copy()), *torch.tensor([5.0, 1.7], dtype=torch.float64)
    compiled = torch.compile(both, fullgraph=True, backend="aot_eager")
    given[1].requires_grad_()
    torch.testing.assert_close(compiled(*given), both(*given))
    compiled(*given).sum().backward()


def test_nothing_waits_for_another_device(torch, monkeypatch):
    def never(*_):
        raise AssertionError("a value was asked for")

    window = Window(*torch.ones(4, 3), n=4)
    for name in ("item", "__bool__", "__float__", "__int__"):
        monkeypatch.setattr(torch.Tensor, name, never)
    read(torch.ones(3, 12, 17), window)
    write(torch.ones(3, 4, 4), window, (12, 17))
    there = torch.ones(3, device="meta")
    found = read(torch.ones(3, 12, 17, device="meta"), Window(there, there, there, there, n=4))
    assert (found.device.type, tuple(found.shape)) == ("meta", (3, 4, 4))


@pytest.mark.parametrize("place", [(0, 0), (3, 7), (11, 5)])
def test_a_native_box_on_whole_pixels_is_the_image_bit_for_bit(place):
    y, x = place
    for dtype in (np.float64, np.float32, np.uint8):
        image = pixels(40, 50, dtype=dtype)
        patch = read(image, Window.from_box((x, y, 21, 17), n="native"))
        np.testing.assert_array_equal(patch, image[y : y + 17, x : x + 21])


def test_a_native_box_between_pixels_is_interpolated_linearly():
    image = pixels(40, 50)
    patch = read(image, Window.from_box((3.25, 5.0, 9, 8), n="native"))
    np.testing.assert_allclose(patch, 0.75 * image[5:13, 3:12] + 0.25 * image[5:13, 4:13], rtol=1e-12)


@pytest.mark.parametrize("box", [(0, 0, 60, 42), (6, 7, 24, 35), (12, 0, 48, 21)])
def test_a_box_by_the_box_kernel_is_pillows_resize(box):
    image, (x, y, w, h) = pixels(42, 60, dtype=np.float32), box
    area = (x, y, x + w, y + h)
    expected = Image.fromarray(image).resize((12, 7), Image.Resampling.BOX, box=area)
    found = read(image, Window.from_box(box, (7, 12), kernel="box"))
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("edge", ["extend", "black"])
def test_windows_cut_out_of_large_images_read_the_same(torch, kernel, edge):
    images = pixels(6, 3, 90, 110)
    gx, gy = np.array([5.0, 40, 89, -40, 140, 37.3]), np.array([60.0, -3, 109, 50, -60, 30.2])
    delta, sigma = np.linspace(1, 2, 6), np.linspace(0.3, 0.9, 6)
    batch = Window(*map(torch.tensor, (gx, gy, delta, sigma)), n=4, kernel=kernel, edge=edge)
    each = [Window(*four, n=4, kernel=kernel, edge=edge) for four in zip(gx, gy, delta, sigma, strict=True)]
    expected = [read(image, window) for image, window in zip(images, each, strict=True)]
    np.testing.assert_allclose(read(torch.tensor(images.copy()), batch), expected, rtol=1e-11, atol=1e-11)


@given(scenes())
def test_one_window_of_plain_numbers_is_cut_out_of_all_images(scene):
    torch = pytest.importorskip("torch")
    shape, window = scene
    images = pixels(2, *shape)
    found = read(torch.tensor(images.copy()), window)
    np.testing.assert_allclose(found, read(images, window), rtol=1e-10, atol=1e-10)


def test_pixels_that_a_window_does_not_touch_are_not_looked_at(xp):
    images = np.full((3, 60, 200), np.nan)
    images[:, 10:40, 20:90] = pixels(3, 30, 70)
    plain_numbers, part = Window(24, 55, 2, 0.7, n=(5, 20)), Window(14, 35, 2, 0.7, n=(5, 20))
    expected = read(images[:, 10:40, 20:90], part)
    np.testing.assert_allclose(plain(read(xp.asarray(images), plain_numbers)), expected, rtol=1e-5)


def test_pixels_that_a_batch_of_windows_does_not_touch_are_not_looked_at(torch):
    images = torch.full((2, 200, 300), math.nan, dtype=torch.float64)
    images[0, 20:80, 30:90], images[1, 100:160, 200:260] = torch.tensor(pixels(2, 60, 60).copy())
    batch = Window(torch.tensor([50.0, 130.0]), torch.tensor([60.0, 230.0]), 2, 0.7, n=5)
    expected = read(pixels(2, 60, 60), Window(30, 30, 2, 0.7, n=5))
    np.testing.assert_allclose(read(images, batch), expected, rtol=1e-10)


@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_sharp_filters_between_two_pixels_keep_a_thousandth_of_a_level(xp, kernel, edge):
    image = pixels(9, 7, dtype=np.float32)
    for number in (float, lambda x: xp.asarray(x, dtype=xp.float32)):
        for off, sigma in ((2e-9, 1e-4), (1e-7, 1e-4), (1e-6, 1e-3), (1e-3, 0.03)):
            gx, gy, sigma = (np.float32(x) for x in (4.5 + off, 2.5 - off, sigma))
            window = Window(
                *map(number, (float(gx), float(gy))), 1.0, number(float(sigma)), n=3, kernel=kernel, edge=edge
            )
            expected = read(image.astype(float), Window(gx, gy, 1.0, sigma, n=3, kernel=kernel, edge=edge))
            np.testing.assert_allclose(
                plain(read(xp.asarray(image.copy()), window)), expected, rtol=0, atol=1e-3
            )


# outputs of a network


def test_outputs_of_half_precision_are_those_of_single(torch):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = torch.nn.Linear(4, 5)(torch.randn(32, 4))
        half, single = (Window.from_outputs(x, (800, 600), 12) for x in (outputs, outputs.float()))
    assert outputs.dtype == torch.bfloat16
    assert half == single


def test_outputs_of_half_precision_are_those_of_single_in_jax(jax):
    outputs = jax.numpy.asarray(np.random.default_rng(0).normal(size=(32, 5)), dtype="bfloat16")
    assert Window.from_outputs(outputs, (800, 600), 12) == Window.from_outputs(
        outputs.astype("float32"), (800, 600), 12
    )


@pytest.mark.parametrize("kernel", KERNELS)
def test_three_outputs_and_a_sigma_in_strides(xp, kernel):
    values = np.array([[0.3, -0.2, 0.4, -0.7, 0.1], [0, 0, 0, 0, 0], [-2.0, 3.0, 1.0, 0.5, -0.5]])
    five = Window.from_outputs(xp.asarray(values), (40, 60), 9, kernel=kernel)
    three = Window.from_outputs(xp.asarray(values[:, [0, 1, 3]]), (40, 60), 9, kernel=kernel)
    for name in ("gx", "gy", "delta"):
        np.testing.assert_array_equal(plain(getattr(five, name)), plain(getattr(three, name)))
    np.testing.assert_allclose(plain(five.sigma), np.exp(values[:, 2] / 2))
    np.testing.assert_allclose(plain(five.gamma), np.exp(values[:, 4]))
    assert three.gamma == 1
    np.testing.assert_allclose(plain(three.sigma), plain(Window(0, 0, three.delta, kernel=kernel).sigma))
    for outputs in (values, values[:, [0, 1, 3]]):
        strides = Window.from_outputs(xp.asarray(outputs), (40, 60), 9, sigma=0.5)
        np.testing.assert_allclose(plain(strides.sigma), plain(strides.delta) / 2)
    assert Window.from_outputs(xp.asarray(values), (40, 60), 9, sigma="exp", kernel=kernel) == five
    for outputs, sigma, message in (
        (values, "log", "a number of strides or 'exp'"),
        (values[:, :3], "exp", "three outputs have no"),
    ):
        with pytest.raises(GlimpseError, match=message):
            Window.from_outputs(xp.asarray(outputs), (40, 60), 9, sigma=sigma)


def test_a_bounded_window_stays_on_its_image_and_has_a_gradient_everywhere(torch):
    for size in (1e-6, 0.3, 3.0, 50.0, 1e4):
        for signs in ((1, -1, 0, 1, 0), (-1, 1, 0, -1, 0)):
            outputs = (size * torch.tensor(signs, dtype=torch.float32)).requires_grad_()
            window = Window.from_outputs(outputs, (800, 600), 12, bounded=True)
            gx, gy, delta = (plain(x) for x in (window.gx, window.gy, window.delta))
            assert 0 <= gx <= 799
            assert 0 <= gy <= 599
            assert 799 / 11 / 32.001 <= delta <= 2.001 * 799 / 11
            if size < 1e-3:
                free = Window.from_outputs(outputs.detach(), (800, 600), 12)
                np.testing.assert_allclose([gx, delta], [plain(free.gx), plain(free.delta)], rtol=1e-4)
            (window.gx + window.gy + window.delta).backward()
            assert (outputs.grad[[0, 1, 3]] > 0).all()
    zeros = torch.zeros(5)
    assert Window.from_outputs(zeros, (800, 600), 12, bounded=True) == Window.from_outputs(
        zeros, (800, 600), 12
    )


def test_a_regression_that_loses_a_window_keeps_a_bounded_one(torch):
    torch.manual_seed(0)
    image = torch.zeros(1, 60, 80)
    image[0, 20:26, 50:58] = 1
    outputs = torch.tensor([[3.0, -3.0, 0.0, -1.0, 0.0]], requires_grad=True)
    descent = torch.optim.Adam([outputs], 0.05)
    for _ in range(150):
        descent.zero_grad()
        window = Window.from_outputs(outputs, (60, 80), 8, sigma=1.0, bounded=True)
        ((window.gx - 22.5) ** 2 + (window.gy - 53.5) ** 2 - read(image, window).sum()).sum().backward()
        descent.step()
    assert (plain(window.gx), plain(window.gy)) == pytest.approx((22.5, 53.5), abs=2)


@pytest.mark.parametrize(
    "outputs", [[0, 0, -60, 50, 0], [0, 0, -60, 0, 0], [0, 0, 80, -80, 99], [1e6, -1e6, 0, 0, -99]]
)
def test_outputs_beyond_all_bounds_give_finite_patches_and_gradients(torch, outputs):
    values = torch.tensor(outputs, dtype=torch.float32, requires_grad=True)
    patch = read(
        torch.tensor(pixels(9, 12, dtype=np.float32).copy()), Window.from_outputs(values, (9, 12), 3)
    )
    patch.sum().backward()
    assert patch.isfinite().all()
    assert values.grad.isfinite().all()


def test_outputs_that_are_no_numbers_are_refused(xp):
    with pytest.raises(GlimpseError, match="must be a finite number, got nan"):
        Window.from_outputs(xp.asarray([0.0, 0.0, math.nan, 0.0, 0.0]), (9, 9))


def test_forward_derivatives_through_outputs_keep_single_precision(torch):
    image = torch.tensor(pixels(9, 12, dtype=np.float32).copy())

    def look(outputs):
        return read(image, Window.from_outputs(outputs, (9, 12), 3))

    forward, backward = (d(look)(torch.full((5,), 0.1)) for d in (torch.func.jacfwd, torch.func.jacrev))
    assert forward.dtype == torch.float32
    torch.testing.assert_close(forward, backward, rtol=1e-3, atol=1e-3)


def test_outputs_of_networks_of_public_ports_are_converted(torch):
    g, log_sigma2, delta, n, size = 7.3, 0.4, 1.7, 5, 20
    mus = [g + (i - n / 2 - 0.5) * delta for i in range(n)]  # counted from 0 in a formula meant for 1
    filters = [[math.exp(-(((a - mu) / (2 * math.exp(log_sigma2))) ** 2)) for a in range(size)] for mu in mus]
    expected = np.array([[weight / sum(row) for weight in row] for row in filters])
    sigma = math.sqrt(2) * torch.tensor(log_sigma2, dtype=torch.float64).exp()
    np.testing.assert_allclose(filterbank(size, n, g - delta, delta, sigma), expected, rtol=1e-12, atol=1e-15)
    theirs = torch.tensor([[0.1, 0.2, -0.3, 0.4, 0.0]])  # gx, gy, log delta, log sigma2, log gamma
    window = Window.from_outputs(theirs[..., [0, 1, 3, 2, 4]], (30, 40), 5)
    np.testing.assert_allclose(window.sigma, math.exp(0.4 / 2), rtol=1e-6)
    np.testing.assert_allclose(window.delta, 39 / 4 * math.exp(-0.3), rtol=1e-6)


# second derivatives of an inverse


def test_second_derivatives_of_an_inverse_by_its_window_are_refused(torch):
    patch = torch.tensor(pixels(3, 3).copy(), requires_grad=True)
    gx = torch.tensor(4.2, dtype=torch.float64, requires_grad=True)

    def value(gx, method="inverse"):
        return write(patch, Window(gx, 4, 2, 1, n=3), (9, 9), method=method).square().sum()

    (slope,) = torch.autograd.grad(value(gx), gx, create_graph=True)
    with pytest.raises(GlimpseError, match="of first order only"):
        torch.autograd.grad(slope, gx, retain_graph=True)
    jacfwd, jacrev = torch.func.jacfwd, torch.func.jacrev
    for twice in (torch.func.hessian(value), jacfwd(jacfwd(value)), jacrev(jacfwd(value))):
        with pytest.raises(GlimpseError, match="of first order only"):
            twice(gx.detach())
    (mixed,) = torch.autograd.grad(slope, patch)  # a second derivative too, and a right one
    ends = [torch.autograd.grad(value(g), patch)[0] for g in (gx + 1e-6, gx - 1e-6)]
    torch.testing.assert_close(mixed, (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-4)
    assert torch.autograd.gradgradcheck(lambda gx: value(gx, "transpose"), gx)


def test_second_derivatives_of_an_inverse_by_its_window_are_refused_in_jax(jax):
    def value(gx):
        window = Window(gx, 4, 2, 1, n=3)
        return (write(jax.numpy.asarray(pixels(3, 3)), window, (9, 9), method="inverse") ** 2).sum()

    for twice in (jax.hessian(value), jax.grad(jax.grad(value)), jax.jit(jax.jacfwd(jax.grad(value)))):
        with pytest.raises(GlimpseError, match="of first order only"):
            twice(4.2)


# models that leave Python


@pytest.fixture
def model(torch):
    class Model(torch.nn.Module):
        def forward(self, images, outputs):
            window = Window.from_outputs(outputs, tuple(images.shape[-2:]), 5)
            glimpses = Window.from_outputs(outputs[:, None].expand(-1, 2, -1), tuple(images.shape[-2:]), 5)
            still = read(images, Window(18.2, 22.1, 1.7, n=5))
            return read(images, window) + read(images[:, None], glimpses).sum(1) + still

    return Model().eval()


def given_to(torch, count, rows=40, cols=60):
    torch.manual_seed(count)
    return torch.rand(count, 3, rows, cols), torch.randn(count, 5) * 0.3


def test_a_model_is_exported_for_any_batch_and_size(torch, model):
    batch, rows, cols = (torch.export.Dim(name, min=2, max=512) for name in ("B", "A", "C"))
    shapes = {"images": {0: batch, 2: rows, 3: cols}, "outputs": {0: batch}}
    exported = torch.export.export(model, given_to(torch, 2), dynamic_shapes=shapes).module()
    other = given_to(torch, 5, 50, 44)
    torch.testing.assert_close(exported(*other), model(*other), rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore")  # tracing itself is deprecated
def test_a_model_is_traced_for_any_batch(torch, model):
    traced = torch.jit.trace(model, given_to(torch, 2))
    other = given_to(torch, 5)
    torch.testing.assert_close(traced(*other), model(*other), rtol=0, atol=1e-6)


def test_a_model_is_compiled_for_any_batch_and_size(torch, model):
    compiled = torch.compile(model, dynamic=True, fullgraph=True, backend="aot_eager")
    for given_shape in ((2,), (5, 50, 44)):
        given = given_to(torch, *given_shape)
        torch.testing.assert_close(compiled(*given), model(*given), rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_the_onnx_runtime_runs_another_batch_than_was_exported(torch, model, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    batch = torch.export.Dim("B", min=2, max=64)
    shapes = {"images": {0: batch}, "outputs": {0: batch}}
    program = torch.onnx.export(model, given_to(torch, 2), dynamo=True, dynamic_shapes=shapes, verbose=False)
    program.save(tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    other = given_to(torch, 5)
    names = [given.name for given in session.get_inputs()]
    (found,) = session.run(None, dict(zip(names, (x.numpy() for x in other), strict=True)))
    np.testing.assert_allclose(found, model(*other), rtol=0, atol=1e-5)


def test_a_module_looks_writes_and_learns_to_look(torch):
    from glimpse.torch import Attention

    look = Attention(4, features=7, bounded=True, kernel="box")
    assert "n=4, bounded=True, kernel='box'" in str(look)
    images, hidden = torch.rand(3, 2, 12, 17), torch.randn(3, 7)
    window = Window.from_outputs(torch.zeros(3, 5), (12, 17), 4, bounded=True, kernel="box")
    torch.testing.assert_close(look(images, hidden), read(images, window))
    torch.testing.assert_close(
        look.write(look(images, hidden), hidden, (9, 8)).shape, torch.Size([3, 2, 9, 8])
    )
    look(images, hidden).square().sum().backward()
    assert look.where.weight.grad.abs().sum() > 0
    other = Attention(4, features=7, bounded=True, kernel="box")
    torch.nn.init.normal_(other.where.weight)
    look.load_state_dict(other.state_dict())
    torch.testing.assert_close(torch.nn.DataParallel(look)(images, hidden), other(images, hidden))
    plainly = Attention((3, 4), outputs=3)
    outputs = torch.zeros(3, 3)
    assert plainly(images, outputs).shape == (3, 2, 3, 4)
    compiled = torch.compile(plainly, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(images, outputs), plainly(images, outputs))


# the worked examples


@pytest.mark.slow
def test_the_example_of_draw_learns_as_by_hand(torch):
    code = "import draw; draw.main(2)"
    bench = Path(__file__).parents[1] / "bench"
    done = subprocess.run([sys.executable, "-c", code], cwd=bench, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    glimpse, by_hand = (line.split(", ")[0].partition(": ")[2] for line in done.stdout.splitlines())
    assert glimpse == by_hand


@pytest.mark.slow
def test_the_example_that_learns_to_look_runs_and_draws(torch, tmp_path):
    code = f"import learn_to_look; learn_to_look.main({str(tmp_path / 'looks.png')!r}, rounds=2, shapes=40)"
    bench = Path(__file__).parents[1] / "bench"
    done = subprocess.run([sys.executable, "-c", code], cwd=bench, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["glimpse", "grid_sample"]
    with Image.open(tmp_path / "looks.png") as sheet:
        colours = np.unique(np.asarray(sheet).reshape(-1, 3), axis=0)
    assert (colours == (255, 0, 0)).all(-1).any()
