"""The derivatives against differences along random directions, autodiff of the equations, their laws."""

import itertools
import math
import time
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import axes, edges, frozen, kernels, log_uniform, pixels, scenes

from glimpse import GlimpseError, Window, read, write
from glimpse.attention.banks import _kept
from glimpse.attention.derivatives import read_jacobian, read_vjp, write_vjp
from glimpse.attention.kernels import KERNEL_TABLE
from glimpse.attention.matrices import filterbank, filterbank_partials
from glimpse.window import per_axis

NAMES = ("gx", "gy", "delta", "sigma", "gamma")


def moved(window, direction, step):
    return replace(
        window,
        **{
            name: per_axis(lambda x, d: x + step * d, getattr(window, name), direction[name])
            for name in NAMES
        },
    )


def along(by_name, direction):
    """The slope along a direction."""
    return sum(np.dot(by_name[name], direction[name]) for name in NAMES)


def directions(window, seed):
    """A direction in the space of the window's numbers, each in proportion to what it does to the patch."""
    rng = np.random.default_rng(seed)
    scale = min(*window.sigmas, 1)
    strides = per_axis(lambda _: scale / max(window.shape), window.delta)
    units = dict(zip(NAMES, (scale, scale, strides, window.sigma, window.gamma), strict=True))
    return {name: per_axis(lambda unit: unit * rng.uniform(-1, 1), unit) for name, unit in units.items()}


def has_kink(window, shape, reach):
    """Whether some box filter's flank comes within `reach` of the border of a pixel."""
    for size, n, g, delta, sigma, *_ in window.axes(shape):
        half = sigma * math.sqrt(3)
        mu = np.array(reference.centers(n, g, delta))[:, None]
        ramp = half + 0.5 - abs(np.arange(size) - mu)
        distances = [abs(ramp), abs(ramp - min(2 * half, 1)), abs(2 * half - 1), abs(np.arange(size) - mu)]
        if min(float(np.min(d)) for d in distances) < reach:
            return True
    return False


@st.composite
def smooth_scenes(draw, **fixed):
    """Scenes with filters of a fifth of a pixel and wider, no box at a kink."""
    shape, window = draw(scenes(**fixed))
    window = replace(window, sigma=per_axis(lambda _: draw(log_uniform(0.2, 30)), window.sigma))
    assume(window.kernel == "gaussian" or not has_kink(window, shape, 1e-3))
    return shape, window


# the bank


def slopes(axis, kernel, edge, side):
    """Differences of the bank, along each number in turn; side 0 is central."""
    size, n, *numbers = axis
    for k in range(3):
        step = 1e-6 * min(numbers[2], 1) / n
        ends = [list(numbers), list(numbers)]
        ends[0][k] -= step * (side <= 0)
        ends[1][k] += step * (side >= 0)
        before, after = (filterbank(size, n, *end, kernel, edge) for end in ends)
        yield (after - before) / (ends[1][k] - ends[0][k])


@given(axes(log_uniform(0.2, 30)), kernels, edges)
def test_partials_are_central_differences(axis, kernel, edge):
    size, n, center, delta, sigma = axis
    window = Window(center, 0.3, delta, sigma, n=(n, 1))
    assume(kernel == "gaussian" or not has_kink(window, (size, 1), 1e-3))
    partials = filterbank_partials(*axis, kernel, edge)
    for found, expected in zip(partials, slopes(axis, kernel, edge, 0), strict=True):
        assert found.shape == (n, size)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * n / sigma)


def sigma_of(half):
    """The sigma of a box whose flanks stand exactly this far from its centre."""
    near = [half / math.sqrt(3)]
    near += [math.nextafter(near[0], side) for side in (0, 1)]
    return next(sigma for sigma in near if sigma * math.sqrt(3) == half)


KINKS = list(itertools.product((3.0, 3.5, 2.25, -0.5), (0.5, 1, 2), (0.25, 0.5, 1, 1.5)))


@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize(("center", "delta", "half"), KINKS)
def test_partials_of_a_box_at_a_kink_are_the_slopes_towards_larger_numbers(center, delta, half, edge):
    axis = (6, 3, center, delta, sigma_of(half))
    for found, right in zip(
        filterbank_partials(*axis, "box", edge), slopes(axis, "box", edge, 1), strict=True
    ):
        np.testing.assert_allclose(found, right, atol=1e-5)


def test_the_kinks_are_kinks():
    axis = (6, 3, 3.0, 1, sigma_of(0.5))
    right, left = (next(slopes(axis, "box", "extend", side)) for side in (1, -1))
    assert abs(right - left).max() > 0.5


@given(axes(), kernels)
def test_partials_of_an_extended_bank_sum_to_zero(axis, kernel):
    for slope in filterbank_partials(*axis, kernel, "extend"):
        assert (abs(slope.sum(axis=1)) <= 1e-12 * (1 + abs(slope).sum(axis=1))).all()


@given(axes(), kernels, edges)
def test_delta_moves_each_filter_by_its_distance_from_the_middle(axis, kernel, edge):
    size, n, center, delta, sigma = axis
    assume(kernel == "gaussian" or not has_kink(Window(center, 0.3, delta, sigma, n=(n, 1)), (size, 1), 1e-9))
    partials = filterbank_partials(*axis, kernel, edge)
    steps = np.arange(n)[:, None] - (n - 1) / 2
    np.testing.assert_allclose(partials.delta, steps * partials.center, rtol=1e-12)


def test_a_box_that_ends_before_the_image_begins_does_not_move():
    for slope in filterbank_partials(5, 2, -9, 1, 0.5, "box"):
        assert not slope.any()


# products along one direction


def check(found, expected, scale):
    assert abs(found - expected) <= 1e-6 * scale, (found, expected, scale)


@given(smooth_scenes(), st.integers(0, 99))
def test_read_vjp_is_a_central_difference_along_a_random_direction(scene, seed):
    shape, window = scene
    rng = np.random.default_rng(seed)
    image, shift = pixels(*shape, seed=seed), rng.normal(size=shape)
    cotangent, direction = frozen(rng.normal(size=window.shape)), directions(window, seed)
    step = 1e-5
    after, before = (read(image + s * shift, moved(window, direction, s)) for s in (step, -step))
    gradient, by_name = read_vjp(image, window, cotangent)
    slope = (gradient * shift).sum() + along(by_name, direction)
    scale = 255 * window.gamma * abs(cotangent).sum()
    check(slope, (cotangent * (after - before)).sum() / (2 * step), scale)


@given(smooth_scenes(), st.integers(0, 99))
def test_write_vjp_is_a_central_difference_along_a_random_direction(scene, seed):
    shape, window = scene
    rng = np.random.default_rng(seed)
    patch, shift = pixels(*window.shape, seed=seed), rng.normal(size=window.shape)
    cotangent, direction = frozen(rng.normal(size=shape)), directions(window, seed)
    step = 1e-5
    after, before = (write(patch + s * shift, moved(window, direction, s), shape) for s in (step, -step))
    gradient, by_name = write_vjp(patch, window, shape, cotangent)
    slope = (gradient * shift).sum() + along(by_name, direction)
    scale = 255 / window.gamma * abs(cotangent).max() * window.shape[0] * window.shape[1]
    check(slope, (cotangent * (after - before)).sum() / (2 * step), scale)


@given(scenes(), st.integers(0, 99))
def test_the_jacobian_times_a_cotangent_is_the_vjp(scene, seed):
    shape, window = scene
    image, cotangent = pixels(*shape, seed=seed), pixels(*window.shape, seed=seed, low=-1, high=1)
    patch, jacobian = read_jacobian(image, window)
    np.testing.assert_allclose(patch, read(image, window), rtol=1e-12)
    _, by_name = read_vjp(image, window, cotangent)
    assert list(jacobian) == list(by_name) == list(NAMES)
    for name, slope in jacobian.items():
        assert (
            isinstance(slope, tuple)
            == isinstance(by_name[name], tuple)
            == isinstance(getattr(window, name), tuple)
        )
        scale = 1e-10 * (abs(np.multiply(slope, cotangent)).sum() + 255 * window.gamma / min(window.sigmas))
        expected = np.multiply(slope, cotangent).sum(axis=(-2, -1))
        assert by_name[name] == pytest.approx(
            tuple(expected) if expected.ndim else expected, rel=1e-9, abs=scale
        )


@given(scenes(), st.integers(0, 99))
def test_the_gradient_of_read_is_write_and_that_of_write_is_read(scene, seed):
    shape, window = scene
    image, patch = pixels(*shape, seed=seed), pixels(*window.shape, seed=seed)
    plain = replace(window, gamma=1.0)
    gradient, _ = read_vjp(image, window, patch)
    np.testing.assert_allclose(gradient, window.gamma * write(patch, plain, shape), rtol=1e-12, atol=1e-12)
    gradient, _ = write_vjp(patch, window, shape, image)
    np.testing.assert_allclose(gradient, read(image, plain) / window.gamma, rtol=1e-12)


# autodiff of the equations, written once more


def autodiff(window, shape, image, patch):
    """d/d(gx, gy, delta, sigma, gamma) of gamma <patch, Fx image Fy.T> by PyTorch, in float64."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: the extra `torch` brings it")
    gx, gy, delta, sigma, gamma = numbers = [
        torch.tensor(getattr(window, name), dtype=torch.float64, requires_grad=True) for name in NAMES
    ]
    banks = []
    pairs = [value if value.ndim else value.expand(2) for value in (delta, sigma)]
    for size, n, g, delta, sigma in zip(shape, window.shape, (gx, gy), *pairs, strict=True):
        mu = g + (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * delta
        a = torch.arange(size) if window.edge == "extend" else torch.arange(-500, size + 500)
        d = a - mu[:, None]
        if window.kernel == "gaussian":
            logs = -(d**2) / (2 * sigma**2)
            weights = torch.exp(logs - logs.amax(dim=1, keepdim=True).detach())
        elif window.kernel == "box":
            width = sigma * math.sqrt(12)
            ends = torch.clamp(d + 0.5, -width / 2, width / 2), torch.clamp(d - 0.5, -width / 2, width / 2)
            weights = ends[0] - ends[1]
        else:
            peak = a[d.abs().argmin(dim=1)][:, None]
            weights = KERNEL_TABLE[window.kernel].weigh(a - peak, mu[:, None] - peak, sigma, torch)
        bank = weights / weights.sum(dim=1, keepdim=True)
        banks.append(bank if window.edge == "extend" else bank[:, 500 : 500 + size])
    value = gamma * (torch.tensor(patch) * (banks[0] @ torch.tensor(image) @ banks[1].T)).sum()
    grads = (slope.tolist() for slope in torch.autograd.grad(value, numbers))
    return {
        name: tuple(slope) if isinstance(slope, list) else slope
        for name, slope in zip(NAMES, grads, strict=True)
    }


@given(smooth_scenes(), st.integers(0, 99))
def test_the_vjps_are_autodiff_of_the_equations(scene, seed):
    shape, window = scene
    if window.kernel != "gaussian":  # a box that sees no pixel is 0/0 in the bare equations
        half = min(window.sigmas) * math.sqrt(3)
        reach = (max(window.shape) - 1) / 2 * max(window.strides)
        assume(
            window.edge == "black"
            or all(
                reach - half < g < size - 1 - reach + half
                for g, size in zip((window.gx, window.gy), shape, strict=True)
            )
        )
    image, patch = pixels(*shape, seed=seed).copy(), pixels(*window.shape, seed=seed, low=-1, high=1).copy()
    expected = autodiff(window, shape, image, patch)
    scale = 255 * window.gamma * abs(patch).sum() * max(1, 1 / min(window.sigmas)) * max(window.shape)
    _, by_name = read_vjp(image, window, patch)
    for name in NAMES:
        unit = 1 / window.gamma if name == "gamma" else 1
        assert by_name[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-9 * scale * unit)
    inverse = replace(window, gamma=1 / window.gamma)
    _, by_name = write_vjp(patch, inverse, shape, image)
    for name in NAMES[:4]:
        assert by_name[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-9 * scale)


# arrays

WINDOW = Window(gx=5.3, gy=9.1, delta=2.2, sigma=1.3, gamma=1.7, n=(4, 3))


@pytest.mark.parametrize(
    ("axis", "shape"),
    [(None, (2, 12, 17)), (0, (3, 12, 17)), (1, (12, 3, 17)), (2, (12, 17, 3)), (-1, (2, 12, 17, 3))],
)
def test_channels_and_batches_add_up(axis, shape):
    image = pixels(*shape)
    patch, jacobian = read_jacobian(image, WINDOW, channel_axis=axis)
    cotangent = pixels(*patch.shape, seed=1)
    gradient, by_name = read_vjp(image, WINDOW, cotangent, channel_axis=axis)
    assert gradient.shape == shape
    for name in NAMES:
        assert jacobian[name].shape == patch.shape
        assert by_name[name] == pytest.approx((jacobian[name] * cotangent).sum(), rel=1e-10)
    step = 1e-6
    for name in NAMES:
        after, before = (
            read(image, replace(WINDOW, **{name: getattr(WINDOW, name) + s}), channel_axis=axis)
            for s in (step, -step)
        )
        np.testing.assert_allclose(jacobian[name], (after - before) / (2 * step), atol=1e-5)
    back, other = write_vjp(cotangent, WINDOW, (12, 17), image, channel_axis=axis)
    assert back.shape == patch.shape
    assert other["gx"] == pytest.approx(by_name["gx"] / WINDOW.gamma**2)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_types_are_those_of_read_and_arguments_stay_as_they_were(dtype):
    image = pixels(12, 17, dtype=dtype)
    patch, jacobian = read_jacobian(image, WINDOW)
    gradient, by_name = read_vjp(image, WINDOW, frozen(np.ones((4, 3))))
    result = np.float64 if dtype == np.float64 else np.float32
    assert {gradient.dtype, patch.dtype, *(slope.dtype for slope in jacobian.values())} == {np.dtype(result)}
    assert all(type(slope) is float for slope in by_name.values())
    exact, exact_by_name = read_vjp(image.astype(float), WINDOW, np.ones((4, 3)))
    np.testing.assert_allclose(gradient, exact, rtol=1e-4, atol=1e-6)
    for name in NAMES:
        assert by_name[name] == pytest.approx(exact_by_name[name], rel=1e-4, abs=1e-2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: read_vjp(np.ones((5, 6)), WINDOW, np.ones((4, 4))),
            r"cotangent has shape \(4, 4\), the result \(4, 3\)",
        ),
        (
            lambda: write_vjp(np.ones((4, 3)), WINDOW, (5, 6), np.ones((5, 7))),
            r"shape \(5, 7\), the result \(5, 6\)",
        ),
        (
            lambda: write_vjp(np.ones((4, 4)), WINDOW, (5, 6), np.ones((5, 6))),
            "4 x 4 samples does not fit",
        ),
        (lambda: read_jacobian(np.ones(5), WINDOW), "no rows and columns"),
        (lambda: filterbank_partials(5, 2, 1, 1, -1), "sigma must be > 0"),
        (lambda: filterbank_partials(5, 2, math.inf, 1, 1), "center must be a finite number"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(GlimpseError, match=message):
        call()


@given(smooth_scenes())
def test_many_pixels_have_the_derivatives_of_few(scene):
    shape, window = scene
    image, cotangent = pixels(*shape), pixels(*window.shape, seed=1, low=-1, high=1)
    results = []
    for most in (512, 0):  # by filters, by pixels
        with patch("glimpse.attention.banded._LONG", most):
            results.append((*read_vjp(image, window, cotangent), *read_jacobian(image, window)))
    for few, many in zip(*results, strict=True):
        few, many = (part if isinstance(part, dict) else {"": part} for part in (few, many))
        for name, value in few.items():
            np.testing.assert_allclose(many[name], value, rtol=1e-8, atol=1e-7)


@pytest.mark.slow
def test_read_vjp_costs_at_most_four_reads():
    image, window = pixels(512, 512, dtype=np.uint8), Window(250, 260, delta=5, sigma=2.5, n=40)
    cotangent = read(image, window)

    def first_read():
        _kept.cache_clear()  # read_vjp makes its banks anew, too
        return read(image, window)

    calls = {"read": first_read, "read_vjp": lambda: read_vjp(image, window, cotangent)}
    best = dict.fromkeys(calls, math.inf)
    for _ in range(60):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - start)
    ratio = best["read_vjp"] / best["read"]
    print(f"read_vjp costs {ratio:.2f} x read ({best['read'] * 1e3:.3f} ms)")
    assert ratio <= 4
