"""The laws of a filterbank without its zeros: its blocks and its tiles are the dense bank, and no more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import axes, edges, extreme_axes, kernels, log_uniform

from glimpse.attention.banded import BlockSpec
from glimpse.attention.banks import band
from glimpse.attention.matrices import filterbank
from glimpse.window import Axis


@given(extreme_axes(), kernels, edges)
def test_a_band_moves_along_the_axis_and_stays_on_it(axis, kernel, edge):
    bank = band(Axis(*axis, kernel, edge))
    assert (np.diff(bank.start) >= 0).all()
    assert bank.start[0] >= 0
    assert bank.pixels.max() < axis[0]
    assert bank.span == slice(bank.pixels.min(), bank.pixels.max() + 1)


def test_a_sharp_band_is_as_short_as_its_filters_however_long_the_axis():
    bank = band(Axis(10**9, 64, 5e8, 1000.0, 2.0))
    assert bank.weights.shape[1] <= 2 * 9 * 2 + 3
    assert len(list(bank.tiles(256))) == 64


def reassembled(bank, shape, step):
    """The dense matrix of all tiles, and how many tiles hold each pixel."""
    dense, holders = np.zeros(shape), np.zeros(shape[1], int)
    for filters, taken, weights in bank.tiles(step):
        assert weights.shape == (filters.stop - filters.start, taken.stop - taken.start)
        assert 0 < weights.shape[1] <= step
        assert weights.shape[0] > 0
        first, last = bank.start[filters], bank.start[filters] + bank.weights.shape[1] - 1
        assert ((first < taken.stop) & (last >= taken.start)).all()  # no filter that touches nothing here
        dense[filters, taken] += weights
        holders[taken] += 1
    return dense, holders


@given(axes(sigmas=log_uniform(0.01, 3)), kernels, edges, st.integers(1, 14))
def test_tiles_put_together_are_the_dense_bank(axis, kernel, edge, step):
    dense, holders = reassembled(band(Axis(*axis, kernel, edge)), (axis[1], axis[0]), step)
    np.testing.assert_array_equal(dense, filterbank(*axis, kernel, edge))
    assert holders.max() <= 1


@pytest.mark.parametrize("step", [1, 7, 16, 100, 256, 5000])
@pytest.mark.parametrize(
    ("axis", "kernel"),
    [
        ((3000, 40, 1400.3, 70.0, 0.5), "gaussian"),  # sparse: 70 pixels between filters of 9
        ((3000, 40, 1400.3, 70.0, 0.01), "box"),
        ((3000, 40, 50.0, 70.0, 3.0), "gaussian"),  # half of it piles up on the first pixels
        ((3000, 25, 1500.0, 110.0, 400.0), "gaussian"),  # every filter touches nearly every pixel
        ((3000, 25, 2900.0, 30.0, 90.0), "box"),
    ],
)
def test_tiles_of_long_and_sparse_banks_are_the_dense_bank(axis, kernel, step):
    dense, holders = reassembled(band(Axis(*axis, kernel)), (axis[1], axis[0]), step)
    np.testing.assert_array_equal(dense, filterbank(*axis, kernel))
    assert holders.max() <= 1


def test_tiles_jump_over_the_pixels_that_no_filter_touches():
    bank = band(Axis(100_000, 10, 50_000, 9000, 0.5))
    assert sum(weights.size for *_, weights in bank.tiles(16)) < 10 * 16 * 2


@given(axes(sigmas=log_uniform(0.01, 3)), kernels, edges, st.integers(1, 14))
def test_blocks_put_together_are_the_dense_bank(axis, kernel, edge, few):
    bank = band(Axis(*axis, kernel, edge), BlockSpec(block_size=few))
    dense, seen = np.zeros((axis[1], axis[0])), []
    for filters, taken, weights in bank.blocks():
        part = dense[filters, bank.span][:, taken]
        assert len(weights) <= few
        assert weights.shape == part.shape
        part[...] = weights
        seen += range(axis[1])[filters]
    np.testing.assert_allclose(dense, filterbank(*axis, kernel, edge), rtol=1e-14, atol=1e-15)
    assert seen == [*range(axis[1])]


@given(axes(), kernels, edges, st.integers(2, 9))
def test_a_bank_of_blocks_touches_no_other_pixels(axis, kernel, edge, few):
    bank, plain = band(Axis(*axis, kernel, edge), BlockSpec(block_size=few)), band(Axis(*axis, kernel, edge))
    assert (np.diff(bank.start) >= 0).all()
    assert bank.span.start <= plain.span.start
    assert bank.span.stop == min(axis[0], max(plain.span.stop, bank.weights.shape[1]))


def test_a_small_bank_is_kept_and_cannot_be_written_to_a_large_one_is_made_anew():
    small, large = (Axis(size, 16, 20.5, 2.0, 1.0) for size in (64, 1 << 20))
    bank = band(small)
    assert band(small) is bank
    assert band(large) is not band(large)
    assert not bank.weights.flags.writeable
    assert not bank.start.flags.writeable
    for k in range(100):
        band(small._replace(center=k + 0.25))
    assert band(small) is not bank  # few are kept
