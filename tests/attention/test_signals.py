"""One dimension and three: spans against banks of filters, two dimensions, and loops."""

import importlib

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from strategies import axes, edges, kernels, log_uniform, pixels, scenes
from tensors import plain

from glimpse import (
    GlimpseError,
    Span,
    Window,
    filterbank,
    read,
    read_jacobian,
    read_many,
    read_vjp,
    restore,
    restore_many,
    write,
    write_vjp,
)
from glimpse.window import KERNELS

CLOSE = {"rtol": 1e-12, "atol": 1e-280}


def span_of(axis, kernel, edge, gamma=1.0):
    _, n, center, delta, sigma = axis
    return Span(center, delta, sigma, gamma, n, kernel, edge)


@given(axes(), kernels, edges, log_uniform(0.1, 10), st.integers(0, 99))
def test_a_signal_is_read_and_written_by_one_bank(axis, kernel, edge, gamma, seed):
    span, size = span_of(axis, kernel, edge, gamma), axis[0]
    F = filterbank(*axis, kernel, edge)
    signals, samples = pixels(2, 3, size, seed=seed), pixels(2, 3, span.n, seed=seed)
    np.testing.assert_allclose(read(signals, span), gamma * signals @ F.T, **CLOSE)
    np.testing.assert_allclose(write(samples, span, size), samples @ F / gamma, **CLOSE)
    np.testing.assert_allclose(write(samples, span, (size,)), samples @ F / gamma, **CLOSE)
    last = np.moveaxis(signals, 1, -1)
    np.testing.assert_allclose(
        read(last, span, channel_axis=-1), np.moveaxis(read(signals, span), 1, -1), **CLOSE
    )


@given(scenes())
def test_two_dimensions_are_one_dimension_twice(scene):
    shape, window = scene
    image, patch = pixels(3, *shape), pixels(3, *window.shape)
    np.testing.assert_allclose(read(image, window.spans), read(image, window), rtol=1e-11, atol=1e-280)
    found = write(patch, window.spans, shape)
    np.testing.assert_allclose(found, write(patch, window, shape), rtol=1e-11, atol=1e-280)


def test_three_dimensions_are_a_loop(xp):
    spans = [
        Span(4.2, 1.5, n=3),
        Span(5.1, 2.0, 0.8, n=4, kernel="box"),
        Span(-1.3, 2.5, 2, n=2, edge="black"),
    ]
    volume = pixels(2, 7, 9, 8)
    banks = [
        reference.bank(size, span.n, span.center, span.delta, span.sigma, span.kernel, span.edge)
        for size, span in zip(volume.shape[1:], spans, strict=True)
    ]
    expected = np.zeros((2, 3, 4, 2))
    for b, i, j, k in np.ndindex(expected.shape):
        weights = banks[0][i][:, None, None] * banks[1][j][:, None] * banks[2][k]
        expected[b, i, j, k] = (weights * volume[b]).sum()
    np.testing.assert_allclose(plain(read(xp.asarray(volume.copy()), spans)), expected, rtol=1e-11)
    back = plain(write(xp.asarray(expected), spans, (7, 9, 8)))
    assert np.vdot(back, volume) == pytest.approx(np.vdot(expected, expected))
    coloured = np.moveaxis(volume, 0, -1)
    found = plain(read(xp.asarray(coloured.copy()), spans, channel_axis=-1))
    np.testing.assert_allclose(np.moveaxis(found, -1, 0), expected, rtol=1e-11)


def test_gradients_of_three_dimensions_are_right(torch):
    volume = torch.tensor(pixels(6, 7, 8, low=0, high=1), requires_grad=True)
    numbers = torch.tensor([2.2, 3.1, 4.3, 1.3], dtype=torch.float64, requires_grad=True)

    def look(volume, numbers):
        x, y, z, delta = numbers
        return read(volume, [Span(x, delta, n=2), Span(y, delta, n=3), Span(z, 1.1, delta, n=2)])

    assert torch.autograd.gradcheck(look, (volume, numbers))


@pytest.mark.parametrize("kernel", KERNELS)
def test_derivatives_of_signals_are_differences(kernel):
    signal, weight = pixels(2, 40), pixels(2, 6, seed=1, low=-1, high=1)
    numbers = {"center": 17.3, "delta": 3.1, "sigma": 1.37, "gamma": 1.3}

    def value(**changed):
        return (weight * read(signal, Span(**{**numbers, **changed}, n=6, kernel=kernel))).sum()

    span = Span(**numbers, n=6, kernel=kernel)
    gradient, slopes = read_vjp(signal, span, weight)
    np.testing.assert_allclose(gradient, span.gamma**2 * write(weight, span, 40), rtol=1e-11, atol=1e-12)
    patch, jacobian = read_jacobian(signal, span)
    np.testing.assert_allclose(patch, read(signal, span), rtol=1e-12)
    for name, number in numbers.items():
        slope = (value(**{name: number + 1e-6}) - value(**{name: number - 1e-6})) / 2e-6
        assert slopes[name] == pytest.approx(slope, rel=1e-5, abs=1e-4)
        assert (weight * jacobian[name]).sum() == pytest.approx(slope, rel=1e-5, abs=1e-4)
    gradient, by_write = write_vjp(weight, span, 40, signal)
    np.testing.assert_allclose(gradient, read(signal, span) / span.gamma**2, rtol=1e-11, atol=1e-12)
    assert by_write["center"] == pytest.approx(slopes["center"] / span.gamma**2, rel=1e-9)


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_signals_of_other_libraries_and_batches_of_spans(request, library):
    request.getfixturevalue(library)
    xp = importlib.import_module({"torch": "torch", "jax": "jax.numpy"}[library])
    signals, places = pixels(3, 2, 50), [10.2, 20.4, 44.0]
    span = Span(xp.asarray(places, dtype=xp.float64), 2.0, n=5)
    expected = [read(signal, Span(g, 2.0, n=5)) for signal, g in zip(signals, places, strict=True)]
    np.testing.assert_allclose(plain(read(xp.asarray(signals.copy()), span)), expected, rtol=1e-9)
    one = read(xp.asarray(signals[0, 0].copy()), span)
    np.testing.assert_allclose(
        plain(one), [read(signals[0, 0], Span(g, 2.0, n=5)) for g in places], rtol=1e-9
    )


def test_a_restored_signal_is_flat_and_an_inverse_comes_back():
    span = Span.from_slice("100:600", 800, n=100)
    np.testing.assert_allclose(restore(np.full(100, 6.0), span, 800)[110:590], 6, rtol=1e-9)
    patch = pixels(100)
    np.testing.assert_allclose(read(write(patch, span, 800, method="inverse"), span), patch, rtol=1e-9)
    assert Span.centered(800, n=100) == Span.from_slice(":", 800, n=100)
    ys = pixels(40)
    np.testing.assert_allclose(read(ys, Span.from_slice(slice(5, 12), 40, "native")), ys[5:12], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Span(1, 2, n=(3, 4)), "n must be a whole number above 0"),
        (lambda: Span(1, -2), "delta must be > 0"),
        (lambda: read(np.ones(5), [Span(1, 1)] * 3), r"shape \(5,\) has no 3 axes"),
        (lambda: write(np.ones(3), Span(1, 1, n=3), (4, 5)), "a span needs a shape of 1 size"),
        (lambda: read(Window(1, 1, 1), np.ones((3, 3))), "the array comes first"),
        (lambda: read(np.ones((9, 9)), [Window(1, 1, 1)] * 2), "2 windows in a list: read_many"),
        (lambda: read(np.ones((9, 9)), "1,1"), "a window is a glimpse.Window or glimpse.Span, not str"),
        (lambda: [*read_many(np.ones(9), [Span(1, 1)])], r"one span at a time: read\(signal, span\)"),
        (lambda: restore_many([np.ones(3)], [Span(1, 1, n=3)], (9,)), "one span at a time"),
        (lambda: read_vjp(np.ones((9, 9)), [Span(1, 1)] * 2, 1), "derivatives are of one span"),
    ],
)
def test_what_is_no_span_is_refused(call, message):
    with pytest.raises(GlimpseError, match=message):
        call()
