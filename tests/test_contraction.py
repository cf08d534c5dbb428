"""The two products of a bank with an array are those of the dense matrix, however it is walked over."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import axes, edges, kernels, pixels

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
