"""The two products of a bank with an array are those of the dense matrix, however it is walked over."""

import tracemalloc
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import axes, edges, kernels, pixels

from glimpse import Window, read
from glimpse.contraction import contract, expand
from glimpse.filterbank import band, filterbank


@given(axes(), kernels, edges, st.integers(0, 2))
@pytest.mark.parametrize("most", [0, 1 << 22], ids=["by pixels", "by filters"])
def test_the_products_are_those_of_the_dense_matrix(most, axis, kernel, edge, where):
    bank, dense = band(*axis, kernel, edge), filterbank(*axis, kernel, edge)
    signal = np.moveaxis(pixels(axis[0], 6).reshape(-1, 2, 3), 0, where)
    samples = np.moveaxis(pixels(axis[1], 6).reshape(-1, 2, 3), 0, where)
    there = np.moveaxis(np.tensordot(dense, signal, (1, where)), 0, where)
    back = np.moveaxis(np.tensordot(dense[:, bank.span].T, samples, (1, where)), 0, where)
    with patch("glimpse.contraction._AT_ONCE", most):
        np.testing.assert_allclose(contract(bank, signal, where), there, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(expand(bank, samples, where), back, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("n", [4096, (4096, 1)])
def test_a_bank_that_lies_mostly_beyond_the_axis_costs_little_memory(n):
    image = pixels(65_535, 16, dtype=np.uint8)
    tracemalloc.start()
    read(image, Window(32_000, 8, 30_000, 1, n=n))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{most / 1e6:.0f} MB at the peak")
    assert most < 3e8
