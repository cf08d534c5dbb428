"""The bank of one axis against its equations, its laws, and SciPy and Pillow as outside references."""

import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import reference
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter1d
from strategies import axes, edges, extreme_axes, kernels, log_uniform, pixels, sixty_fourths, sizes

from glimpse import GlimpseError
from glimpse.attention.banded import BlockSpec
from glimpse.attention.banks import band, centers
from glimpse.attention.kernels import KERNEL_TABLE, lattice_slopes, lattice_sum, of_distance
from glimpse.attention.matrices import filterbank, filterbank_partials
from glimpse.window import KERNELS, Axis

FLOAT32 = 2.0**-22


BEFORE = ["from glimpse import read", "import glimpse.attention.matrices", "glimpse.filterbank"]


def test_the_public_filterbank_is_the_function_whatever_was_imported_before():
    once = "import glimpse; {}; from glimpse import filterbank; print(filterbank(3, 1, 1, 1, 1e-3))"
    forget = "for name in [*sys.modules]: name.startswith('glimpse') and sys.modules.pop(name)"
    code = "\n".join(["import sys", *(f"{once.format(before)}\n{forget}" for before in BEFORE)])
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.stdout.split("\n"), run.stderr) == (["[[0. 1. 0.]]"] * 3 + [""], "")


def test_the_kernel_table_is_the_list_of_kernels():
    assert tuple(KERNEL_TABLE) == KERNELS


@given(kernels, sixty_fourths(-0.5, 0.5), log_uniform(1e-9, 60))
def test_every_kernel_keeps_its_contract(kernel, offset, sigma):
    shape, offset = KERNEL_TABLE[kernel], np.array([[offset]])
    far = math.ceil(shape.reach(sigma, 2.0**-56)) + 2
    lattice = shape.weigh(np.arange(-far, far + 1.0), offset, sigma, np)
    assert np.isfinite(lattice).all()
    assert np.abs(lattice).max() <= 1 + 1e-15
    assert shape.signed or (lattice >= 0).all()
    assert np.abs(lattice[0, [0, -1]]).max() <= 2.0**-56
    total = lattice_sum(shape, offset, sigma, np)
    np.testing.assert_allclose(total, lattice.sum(axis=1, keepdims=True), rtol=1e-12)
    assert total > 0 or not lattice.any()
    if sigma > 1e-3:
        step = 1e-6 * sigma
        ends = (offset + step, sigma), (offset - step, sigma), (offset, sigma + step), (offset, sigma - step)
        up, down, wide, narrow = (lattice_sum(shape, *end, np).item() for end in ends)
        found = [slope.item() for slope in lattice_slopes(shape, offset, sigma)]
        expected = [(up - down) / (2 * step), (wide - narrow) / (2 * step)]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * max(1, 1 / sigma))


class Tent:
    """A kernel of the fewest lines, and what its lattice sums to."""

    half = math.sqrt(6)
    shape = of_distance(half, lambda x, xp: 1 - xp.abs(x) / Tent.half, lambda x: -np.sign(x) / Tent.half)


@given(sixty_fourths(-0.5, 0.5), log_uniform(0.01, 1e5))
def test_a_kernel_without_a_formula_for_its_lattice_gets_its_sum(offset, sigma):
    offset, far = np.array([[offset]]), math.ceil(Tent.half * sigma) + 1
    lattice = Tent.shape.weigh(np.arange(-far, far + 1.0), offset, sigma, np)
    np.testing.assert_allclose(
        lattice_sum(Tent.shape, offset, sigma, np), lattice.sum(1, keepdims=True), rtol=1e-5
    )
    at_once = lattice_sum(Tent.shape, offset, np.array([[sigma]]), np)
    np.testing.assert_allclose(at_once, lattice.sum(1, keepdims=True), rtol=1e-5)


@given(sizes, st.floats(-100, 100), log_uniform(1e-3, 1e3))
def test_centers_are_those_of_draw_counted_from_one(n, g, delta):
    exact = [Fraction(g) + (i - Fraction(n, 2) - Fraction(1, 2)) * Fraction(delta) for i in range(1, n + 1)]
    rounding = 4 * np.finfo(float).eps * (abs(g) + n * delta)
    np.testing.assert_allclose(centers(n, g, delta), [float(mu) for mu in exact], rtol=0, atol=rounding)


def test_centers_of_odd_and_even_n_by_hand():
    assert centers(3, 10, 2).tolist() == [8, 10, 12]
    assert centers(4, 10, 2).tolist() == [7, 9, 11, 13]
    assert centers(1, 10, 2).tolist() == [10]


@given(axes(), kernels, edges)
def test_bank_is_the_equations(axis, kernel, edge):
    expected = reference.bank(*axis, kernel, edge)
    largest = np.abs(expected).max(axis=1, keepdims=True)
    cut = 2.0**-56 * largest
    error = np.abs(filterbank(*axis, kernel, edge) - expected)
    # a box's flank is a difference of lengths: rounding is relative to the whole filter there
    scale = expected if kernel == "gaussian" else np.abs(expected) + largest
    assert (error <= 1e-12 * scale + cut + 1e-290).all()


@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize("sigma", [1.9, 2.0, 2.1, 0.5, 0.05])
def test_gaussian_is_the_equations_where_its_lattice_sum_changes_formula(sigma, edge):
    axis = 11, 9, 4.3, 0.7, sigma
    np.testing.assert_allclose(
        filterbank(*axis, "gaussian", edge), reference.bank(*axis, "gaussian", edge), rtol=1e-12, atol=1e-17
    )


@given(extreme_axes(), kernels)
def test_rows_sum_to_one_for_every_accepted_number(axis, kernel):
    F = filterbank(*axis, kernel)
    assert F.shape == (axis[1], axis[0])
    assert F.dtype == np.float64
    assert KERNEL_TABLE[kernel].signed or (F >= 0).all()
    np.testing.assert_allclose(F.sum(axis=1), 1, rtol=0, atol=1e-14 * max(1, np.abs(F).sum(axis=1).max()))


@given(extreme_axes(), kernels)
def test_black_rows_are_finite_and_sum_to_at_most_one(axis, kernel):
    F = filterbank(*axis, kernel, "black")
    assert F.shape == (axis[1], axis[0])
    assert np.isfinite(F).all()
    assert KERNEL_TABLE[kernel].signed or ((F >= 0).all() and (F.sum(axis=1) <= 1 + 1e-14).all())


@given(kernels, log_uniform(1e-9, 2), sixty_fourths(40, 60))
def test_edges_agree_far_from_any_edge(kernel, sigma, center):
    black = filterbank(101, 5, center, 1.5, sigma, kernel, "black")
    np.testing.assert_allclose(black.sum(axis=1), 1, rtol=0, atol=1e-13)
    np.testing.assert_allclose(filterbank(101, 5, center, 1.5, sigma, kernel), black, rtol=1e-13, atol=1e-16)


@given(st.sampled_from([1e-9, 1e-6, 1e-3]), kernels, edges, st.integers(0, 8))
def test_a_tiny_sigma_takes_the_nearest_pixel(sigma, kernel, edge, pixel):
    F = filterbank(9, 1, pixel + 0.3, 1, sigma, kernel, edge)
    assert F.tolist() == [[float(a == pixel) for a in range(9)]]


@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma", [1e-9, 1e-6, 0.01])
def test_a_tiny_sigma_between_two_pixels_takes_half_of_each(sigma, kernel, edge):
    F = filterbank(9, 3, 4.5, 2, sigma, kernel, edge)
    expected = np.zeros((3, 9))
    for row, pixel in enumerate((2, 4, 6)):
        expected[row, pixel : pixel + 2] = 0.5
    np.testing.assert_allclose(F, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("center", "pixel"), [(-700.0, 0), (707.0, 6), (-1e9, 0), (1e9, 6)])
def test_far_outside_an_extended_edge_there_is_only_the_edge(kernel, center, pixel):
    F = filterbank(7, 2, center, 3, 2.5, kernel)
    np.testing.assert_allclose(F[:, pixel], 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("center", [-700.0, 707.0, -1e9, 1e9])
def test_far_outside_a_black_edge_there_is_nothing(kernel, center):
    assert not filterbank(7, 2, center, 3, 2.5, kernel, "black").any()


@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if not KERNEL_TABLE[kernel].signed])
def test_sigma_is_the_standard_deviation_of_every_kernel(kernel):
    (row,) = filterbank(4001, 1, 2000.25, 1, 40.0, kernel)
    a = np.arange(4001)
    mean = row @ a
    assert mean == pytest.approx(2000.25, abs=1e-2)
    assert row @ (a - mean) ** 2 == pytest.approx(40.0**2, rel=1e-3)


@given(sizes, sizes, sixty_fourths(-12, 24), sixty_fourths(1 / 64, 8), log_uniform(0.01, 30), kernels, edges)
def test_mirroring_the_centre_mirrors_the_bank(size, n, center, delta, sigma, kernel, edge):
    F = filterbank(size, n, center, delta, sigma, kernel, edge)
    mirrored = filterbank(size, n, size - 1 - center, delta, sigma, kernel, edge)
    np.testing.assert_allclose(mirrored[::-1, ::-1], F, rtol=1e-12, atol=1e-15)


@given(sizes, sizes, sixty_fourths(-12, 24), log_uniform(0.01, 30), kernels, st.integers(1, 9))
def test_a_black_edge_is_where_the_axis_happens_to_end(size, n, center, sigma, kernel, k):
    F = filterbank(size, n, center, 1.25, sigma, kernel, "black")
    longer = filterbank(size + 2 * k, n, center + k, 1.25, sigma, kernel, "black")
    np.testing.assert_allclose(longer[:, k:-k], F, rtol=1e-12, atol=1e-16)


@given(axes(), kernels, edges)
def test_one_filter_of_many_is_the_bank_of_one(axis, kernel, edge):
    size, n, center, delta, sigma = axis
    alone = [filterbank(size, 1, mu, delta, sigma, kernel, edge)[0] for mu in centers(n, center, delta)]
    F = filterbank(size, n, center, delta, sigma, kernel, edge)
    np.testing.assert_allclose(F, alone, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5, 7.0])
def test_black_gaussian_is_scipys_filter_sampled_on_the_grid(sigma):
    y = pixels(60)
    filtered = gaussian_filter1d(y, sigma, mode="constant", truncate=12)
    F = filterbank(60, 12, 27.5, 5, sigma, edge="black")
    np.testing.assert_allclose(F @ y, filtered[::5], rtol=1e-12)


@pytest.mark.parametrize("mode", ["nearest", "mirror", "constant"])
def test_extended_gaussian_is_scipys_filter_wherever_no_edge_is_near(mode):
    y = pixels(200)
    filtered = gaussian_filter1d(y, 3.5, mode=mode, truncate=12)
    F = filterbank(200, 31, 100, 3, 3.5)
    np.testing.assert_allclose(F @ y, filtered[55:146:3], rtol=1e-12)


@pytest.mark.parametrize("edge", ["extend", "black"])
@pytest.mark.parametrize(("first", "stride", "n"), [(0, 1, 37), (5, 2, 9), (3, 4, 7), (1, 6, 6), (0, 37, 1)])
def test_box_as_wide_as_its_stride_is_pillows_box_resize(first, stride, n, edge):
    y = pixels(1, 37, dtype=np.float32)
    last = first + n * stride
    resized = Image.fromarray(y).resize((n, 1), Image.Resampling.BOX, box=(first, 0, last, 1))
    F = filterbank(37, n, (first + last - 1) / 2, stride, stride / math.sqrt(12), "box", edge)
    np.testing.assert_allclose(F @ y[0], np.asarray(resized)[0], rtol=1e-6)


@pytest.mark.parametrize("edge", ["extend", "black"])
def test_box_as_wide_as_its_stride_shares_the_pixels_out_by_area(edge):
    F = filterbank(10, 4, 4.5, 2.5, 2.5 / math.sqrt(12), "box", edge)
    expected = np.array([[2, 2, 1, 0, 0], [0, 0, 1, 2, 2]]) / 5
    np.testing.assert_allclose(F, np.kron(np.eye(2), expected), rtol=0, atol=1e-15)


@given(axes(), kernels, edges, st.sampled_from([np.float32, np.float64]), st.integers(0, 9))
@example((6, 4, 4.90625, 0.4723665527410147, math.exp(-3)), "gaussian", "black", np.float32, 0)
@example((1, 3, 1.5387976399953343, 1.0, 0.0301973834223185), "gaussian", "black", np.float32, 0)
def test_a_filter_is_cut_only_where_it_no_longer_shows(axis, kernel, edge, dtype, few):
    cut = BlockSpec(np.dtype(dtype), few)
    bank = band(Axis(*axis, kernel, edge), cut)
    dense = np.zeros((axis[1], axis[0]))
    np.put_along_axis(dense, bank.pixels, bank.weights, axis=1)
    expected = reference.bank(*axis, kernel, edge)
    peak = np.abs(expected).max(axis=1, keepdims=True)
    if edge == "black":  # wherever it is
        _, n, center, delta, sigma = axis
        offset = centers(n, center, delta) - np.rint(centers(n, center, delta))
        peak = np.array([reference.bank(1, 1, x, 1, sigma, kernel, edge)[0] for x in offset])
    rounding = (16 + 0.25 / axis[-1] ** 2) * np.finfo(dtype).eps + 1e-12  # of weights, of the centre
    precision = 2.0**-56 if dtype == np.float64 else 2.0**-22  # of a weight, beside the largest
    assert (np.abs(dense - expected) <= (axis[0] * precision + rounding) * peak + 1e-31).all()


def test_filterbank_refuses_an_unknown_edge():
    with pytest.raises(GlimpseError, match=r"^edge must be extend or black, got 'mirror'$"):
        filterbank(5, 3, 2, 1, 1, edge="mirror")


def test_filterbank_refuses_an_unknown_kernel():
    with pytest.raises(GlimpseError, match=f"^kernel must be {KERNELS[0]}.* or {KERNELS[-1]}, got 'cubic'$"):
        filterbank(5, 3, 2, 1, 1, kernel="cubic")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sigma", 0),
        ("sigma", -1),
        ("sigma", math.nan),
        ("delta", 0),
        ("delta", -1),
        ("center", math.nan),
        ("n", 0),
        ("n", 2.0),
        ("n", (3, 4)),
        ("size", 0),
        ("size", 5.0),
        ("size", True),
    ],
)
def test_filterbank_refuses_the_numbers_that_a_window_refuses(name, value):
    with pytest.raises(GlimpseError, match=f"^{name} must be"):
        filterbank(**{"size": 5, "n": 3, "center": 2, "delta": 1, "sigma": 1, name: value})


@pytest.mark.parametrize("function", [filterbank, filterbank_partials])
@pytest.mark.parametrize("kind", [Fraction, np.float16, np.float32, np.uint8, np.int64])
def test_numbers_of_any_kind_are_the_same_numbers(function, kind):
    given = function(np.uint16(300), np.uint8(3), kind(200), kind(100), kind(2))
    np.testing.assert_array_equal(given, function(300, 3, 200.0, 100.0, 2.0))
