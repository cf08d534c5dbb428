"""The two products of a bank with an array are those of the dense matrix, however it is walked over."""

import tracemalloc
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import axes, edges, kernels, pixels

from glimpse import Window, read
from glimpse.attention.banded import BlockSpec, contract, expand
from glimpse.attention.banks import band
from glimpse.attention.matrices import filterbank
from glimpse.window import Axis

SMALL = {"_TILE": 1, "_LEAST": 2, "_MOST": 3, "_CACHE": 200}  # so that few pixels are many tiles and chunks


@pytest.fixture(params=[False, True], ids=["one tile", "many tiles"], scope="module")
def tiles(request):
    with ExitStack() as stack:
        for name, value in SMALL.items() if request.param else ():
            stack.enter_context(patch(f"glimpse.attention.banded.{name}", value))
        yield


@given(axes(), kernels, edges, st.integers(0, 2), st.integers(0, 9), st.booleans())
def test_the_products_are_those_of_the_dense_matrix(tiles, axis, kernel, edge, where, few, whole):
    bank, dense = band(Axis(*axis, kernel, edge), BlockSpec(block_size=few)), filterbank(*axis, kernel, edge)
    signal = np.moveaxis(np.rint(pixels(axis[0], 20)).reshape(-1, 4, 5), 0, where)
    signal = signal.astype(float if whole else np.uint8)
    other = (where + 1) % 3
    spans = {} if whole else {other: slice(1, 3)}
    part = signal[tuple(spans.get(k, slice(None)) for k in range(3))]
    there = np.moveaxis(np.tensordot(dense, part, (1, where)), 0, where)
    exact = {"rtol": 1e-12, "atol": 1e-9} if whole else {"rtol": 0, "atol": 1e-3}
    np.testing.assert_allclose(contract(bank, signal, where, spans), there, **exact)

    samples = np.moveaxis(pixels(axis[1], 20).reshape(-1, 4, 5), 0, where)
    back = np.moveaxis(np.tensordot(dense[:, bank.span].T, samples, (1, where)), 0, where)
    np.testing.assert_allclose(expand(bank, samples, where), back, rtol=1e-12, atol=1e-9)


def test_a_canvas_of_part_of_the_columns_is_written_in_place():
    bank, dense = band(Axis(9, 4, 4, 2.0, 1.0)), filterbank(9, 4, 4, 2.0, 1.0)
    samples, canvas = pixels(4, 3), np.zeros((9, 8))
    expand(bank, samples, 0, canvas[bank.span, 2:5])
    np.testing.assert_allclose(canvas[:, 2:5], dense.T @ samples, rtol=1e-12)
    assert not canvas[:, [0, 1, 5, 6, 7]].any()


@pytest.mark.parametrize("n", [pytest.param(4096, marks=pytest.mark.slow), (4096, 1)])
def test_a_bank_that_lies_mostly_beyond_the_axis_costs_little_memory(n):
    image = pixels(65_535, 16, dtype=np.uint8)
    tracemalloc.start()
    read(image, Window(32_000, 8, 30_000, 1, n=n))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{most / 1e6:.0f} MB at the peak")
    assert most < 3e8


def test_patches_do_not_share_the_memory_of_the_next_read():
    image = pixels(60, 60, dtype=np.uint8)
    windows = [Window(x, 30, 3, 1.5, n=12) for x in (10, 30, 50)]
    patches = [read(image, window) for window in windows]
    for patch_, window in zip(patches, windows, strict=True):
        np.testing.assert_array_equal(patch_, read(image, window))
