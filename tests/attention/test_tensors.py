"""`filterbank`, `read` and `write` on arrays of other libraries, against the same calls on NumPy's."""

import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from strategies import pixels
from tensors import NAMES, WINDOWS, of, plain

from glimpse import GlimpseError, Window, filterbank, read, write
from glimpse.attention.derivatives import read_vjp, write_vjp
from glimpse.window import KERNELS

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
ROOT = Path(__file__).parents[2]


def windows():
    for name, window in WINDOWS.items():
        for kernel in KERNELS:
            for edge in ("extend", "black"):
                yield pytest.param(replace(window, kernel=kernel, edge=edge), id=f"{name}-{kernel}-{edge}")


@pytest.mark.parametrize("window", list(windows()))
def test_the_three_agree_with_numpys(xp, window):
    image, patch = pixels(12, 17), pixels(*window.shape)
    close = {"rtol": 1e-11, "atol": 1e-11}
    for given in (of(xp, window), of(xp, window, "gx"), window):
        found = read(xp.asarray(image.copy()), given)
        assert type(found) is type(xp.asarray(image.copy()))
        np.testing.assert_allclose(plain(found), read(image, window), **close)
        canvas = write(xp.asarray(patch.copy()), given, (12, 17))
        np.testing.assert_allclose(plain(canvas), write(patch, window, (12, 17)), **close)
    n, number = window.shape[0], of(xp, window)
    bank = filterbank(12, n, number.gx, window.delta, number.sigma, window.kernel, window.edge)
    expected = filterbank(12, n, window.gx, window.delta, window.sigma, window.kernel, window.edge)
    np.testing.assert_allclose(plain(bank), expected, **close)


def test_numbers_of_a_library_take_numpys_images_with_them(xp):
    window = WINDOWS["inside"]
    for image in (pixels(12, 17), pixels(12, 17, dtype=np.uint8)):
        found = read(image.copy(), of(xp, window, "delta"))
        assert type(found) is type(xp.asarray(1.0))
        np.testing.assert_allclose(plain(found), read(image.astype(float), window), rtol=1e-6)


def test_whole_numbers_become_floats(xp):
    image = pixels(12, 17, dtype=np.uint8)
    found = read(xp.asarray(image.copy()), WINDOWS["inside"])
    assert found.dtype == xp.float32
    np.testing.assert_allclose(plain(found), read(image, WINDOWS["inside"]), rtol=1e-5)


@pytest.mark.parametrize(("axis", "shape"), [(0, (3, 12, 17)), (1, (12, 3, 17)), (-1, (2, 12, 17, 3))])
def test_channels_stay_where_they_are(xp, axis, shape):
    image, window = pixels(*shape), WINDOWS["inside"]
    found = read(xp.asarray(image.copy()), window, channel_axis=axis)
    np.testing.assert_allclose(plain(found), read(image, window, channel_axis=axis), rtol=1e-11)
    back = write(found, window, (12, 17), channel_axis=axis)
    expected = write(read(image, window, channel_axis=axis), window, (12, 17), channel_axis=axis)
    np.testing.assert_allclose(plain(back), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("shape", [(3, 12, 17), (3, 2, 12, 17), (12, 17)])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("edge", ["extend", "black"])
def test_a_batch_of_windows_reads_and_writes_each_its_image(xp, shape, kernel, edge):
    image = pixels(*shape)
    numbers = {
        "gx": [2.1, 5.2, 9.8],
        "gy": [3.3, 8.1, 20.2],
        "delta": [1.1, 2.3, 0.7],
        "sigma": [0.4, 1.9, 2.6],
        "gamma": [1, 2, 0.5],
    }
    batch = Window(
        **{name: xp.asarray(values, dtype=xp.float64) for name, values in numbers.items()},
        n=(4, 3),
        kernel=kernel,
        edge=edge,
    )
    each = [
        Window(**{name: values[k] for name, values in numbers.items()}, n=(4, 3), kernel=kernel, edge=edge)
        for k in range(3)
    ]
    found = read(xp.asarray(image.copy()), batch)
    images = image if image.ndim > 2 else [image] * 3
    expected = np.stack([read(part, window) for part, window in zip(images, each, strict=True)])
    np.testing.assert_allclose(plain(found), expected, rtol=1e-11, atol=1e-11)
    canvases = write(found, batch, (12, 17))
    expected = np.stack([write(part, window, (12, 17)) for part, window in zip(expected, each, strict=True)])
    np.testing.assert_allclose(plain(canvases), expected, rtol=1e-11, atol=1e-11)


def test_the_inverse_is_numpys(xp):
    window, patch = WINDOWS["inside"], pixels(4, 3)
    found = write(xp.asarray(patch.copy()), of(xp, window), (12, 17), method="inverse")
    np.testing.assert_allclose(
        plain(found), write(patch, window, (12, 17), method="inverse"), rtol=1e-8, atol=1e-8
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda xp: read(xp.asarray([1.0, 2.0]), Window(0, 0, 1, 1)), "no rows and columns"),
        (lambda xp: read(xp.ones((4, 5)), Window(0, 0, 1, 1), channel_axis=3), "out of range"),
        (lambda xp: write(xp.ones((4, 5)), Window(0, 0, 1, 1, n=4), (9, 9)), "does not fit a window of 4"),
        (lambda xp: filterbank(5, 0, xp.asarray(1.0), 1, 1), "n must be 1 to"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(xp, call, message):
    with pytest.raises(GlimpseError, match=message):
        call(xp)


# gradients


@pytest.mark.parametrize("window", list(windows()))
def test_gradients_of_torch_are_the_analytic_ones(torch, window):
    image, patch = pixels(12, 17), pixels(*window.shape, low=-1, high=1)
    numbers = [torch.tensor(getattr(window, name), dtype=torch.float64, requires_grad=True) for name in NAMES]
    pixels_of = torch.tensor(image.copy(), requires_grad=True)
    moved = replace(window, **dict(zip(NAMES, numbers, strict=True)))
    value = (torch.tensor(patch.copy()) * read(pixels_of, moved)).sum()
    by_image, *by_number = torch.autograd.grad(value, [pixels_of, *numbers])
    gradient, expected = read_vjp(image, window, patch)
    np.testing.assert_allclose(by_image, gradient, rtol=1e-9, atol=1e-11)
    for name, slope in zip(NAMES, by_number, strict=True):
        assert float(slope) == pytest.approx(expected[name], rel=1e-8, abs=1e-8)
    samples = torch.tensor(patch.copy(), requires_grad=True)
    value = (torch.tensor(image.copy()) * write(samples, moved, (12, 17))).sum()
    by_patch, *by_number = torch.autograd.grad(value, [samples, *numbers])
    gradient, expected = write_vjp(patch, window, (12, 17), image)
    np.testing.assert_allclose(by_patch, gradient, rtol=1e-9, atol=1e-11)
    for name, slope in zip(NAMES, by_number, strict=True):
        assert float(slope) == pytest.approx(expected[name], rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("window", list(windows()))
def test_gradients_of_jax_under_jit_are_the_analytic_ones(jax, window):
    image, patch = pixels(12, 17), pixels(*window.shape, low=-1, high=1)

    @jax.jit
    def value(image, numbers):
        return (patch * read(image, replace(window, **numbers))).sum()

    numbers = {name: jax.numpy.asarray(getattr(window, name)) for name in NAMES}
    by_image, by_number = jax.grad(value, argnums=(0, 1))(jax.numpy.asarray(image), numbers)
    gradient, expected = read_vjp(image, window, patch)
    np.testing.assert_allclose(by_image, gradient, rtol=1e-9, atol=1e-11)
    for name in NAMES:
        assert float(by_number[name]) == pytest.approx(expected[name], rel=1e-8, abs=1e-8)


def test_the_slope_at_the_change_of_formula_is_whole(torch):
    window = Window(0.3, 5.2, delta=1, sigma=2, n=2, edge="black")
    image, patch = pixels(6, 9), pixels(2, 2)
    sigma = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    value = (
        torch.tensor(patch.copy()) * read(torch.tensor(image.copy()), replace(window, sigma=sigma))
    ).sum()
    (slope,) = torch.autograd.grad(value, [sigma])
    assert float(slope) == pytest.approx(read_vjp(image, window, patch)[1]["sigma"])


# transformations


def test_torch_func_maps_and_differentiates(torch):
    images = torch.tensor(pixels(3, 12, 17).copy())
    gx = torch.tensor([2.1, 5.2, 9.8], dtype=torch.float64)

    def look(image, gx):
        return read(image, Window(gx, 8.2, 1.7, 1.1, n=(4, 3)))

    mapped = torch.func.vmap(look)(images, gx)
    torch.testing.assert_close(mapped, torch.stack([look(*pair) for pair in zip(images, gx, strict=True)]))
    slopes = torch.func.vmap(torch.func.jacfwd(look, argnums=1))(images, gx)
    ahead, behind = (torch.func.vmap(look)(images, gx + step) for step in (1e-6, -1e-6))
    torch.testing.assert_close(slopes, (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-5)


def test_jax_maps_under_jit(jax):
    images, gx = jax.numpy.asarray(pixels(3, 12, 17)), jax.numpy.asarray([2.1, 5.2, 9.8])

    def look(image, gx):
        return read(image, Window(gx, 8.2, 1.7, 1.1, n=(4, 3)))

    mapped = jax.jit(jax.vmap(look))(images, gx)
    expected = np.stack([look(*pair) for pair in zip(images, gx, strict=True)])
    np.testing.assert_allclose(mapped, expected, rtol=1e-12)
    canvas = jax.jit(lambda p, gx: write(p, Window(gx, 8.2, 1.7, 1.1, n=(4, 3)), (12, 17)))(mapped[0], gx[0])
    assert canvas.shape == (12, 17)


def test_a_window_is_learnt_by_gradient_descent(torch):
    rows, cols = torch.meshgrid(torch.arange(60.0), torch.arange(80.0), indexing="ij")
    image = torch.exp(-((rows - 34) ** 2 + (cols - 47) ** 2) / 200)
    numbers = torch.tensor([28.0, 40.0, 2.0], requires_grad=True)
    wanted = read(image, Window(33, 45, 1.5, 1, n=16))
    descent = torch.optim.Adam([numbers], lr=0.1)
    for _ in range(300):
        descent.zero_grad()
        gx, gy, delta = numbers
        loss = ((read(image, Window(gx, gy, delta, 1, n=16)) - wanted) ** 2).sum()
        loss.backward()
        descent.step()
    assert numbers.tolist() == pytest.approx([33, 45, 1.5], abs=0.02)


def example(library, document, index=0):
    """A block of a document that imports a library."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    found = [block for block in blocks if re.search(rf"^import .*\b{library}\b", block, re.MULTILINE)]
    assert len(found) > index, f"{document} has {len(found)} examples with {library}"
    return found[index]


def run_example(code, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = {}
    exec(code, names)
    return names


def test_the_readmes_example_with_torch_has_slopes(torch, monkeypatch):
    numbers = run_example(example("torch", "README.md"), monkeypatch)["numbers"]
    assert numbers.grad.isfinite().all()
    assert numbers.grad.all()


@pytest.mark.slow
def test_the_example_with_torch_learns_the_window(torch, monkeypatch):
    code = example("torch", "src/glimpse/attention/README.md")
    assert run_example(code, monkeypatch)["numbers"].tolist() == pytest.approx([312, 222, 7.2], abs=0.05)


def test_the_example_of_batches_prints_the_shapes_that_it_says(torch, monkeypatch, capsys):
    code = example("torch", "src/glimpse/attention/README.md", 1)
    run_example(code, monkeypatch)
    assert capsys.readouterr().out.splitlines() == re.findall(r"# (torch\.Size.*)", code)


def test_the_example_with_jax_runs(jax, monkeypatch, capsys):
    run_example(example("jax", "src/glimpse/attention/README.md"), monkeypatch)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_numpys_arrays_import_no_other_library():
    code = (
        "import sys, numpy, glimpse; glimpse.read(numpy.ones((4, 5)), glimpse.Window(1, 1, 1, 1, n=2));"
        "print(sorted({'torch', 'jax', 'scipy', 'array_api_strict'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_window_keeps_arrays():
    class Tracer:
        def __array_namespace__(self):
            return math

    tracer = Tracer()
    assert Window(tracer, 0, 1, 1).gx is tracer
