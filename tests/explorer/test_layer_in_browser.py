"""The mathematics of the page, as the browser computes it, beside the library's."""

import json
import math

import numpy as np
import pytest
from helpers import noise, opened, process, save
from pages import shown

from glimpse import Window, read, restore
from glimpse.window import EDGES, KERNELS

pytestmark = pytest.mark.browser

SHAPE = 40, 57
LEVEL = 1e-3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A picture of two colour channels that differ, one of grey, and their pages."""
    folder = tmp_path_factory.mktemp("pages")
    for name, channels in (("rgb", (3,)), ("grey", ())):
        save(folder / f"{name}.png", noise(*SHAPE, *channels, seed=len(name)))
        process("show", folder / f"{name}.png", "-o", folder / f"{name}.html")
    return folder


def windows(number, seed=0, most=128):
    """Windows anywhere, off the image too; the first ones are extreme."""
    rng = np.random.default_rng(seed)
    far = [Window(g, -g, 2.0, s, n=(5, 3), kernel=k, edge=e)
           for g in (-400.0, 1e7) for s in (1e-9, 1.0, 1e6) for k in KERNELS for e in EDGES]  # fmt: skip
    far += [Window(20.3, 5.0, 90.0, s, n=(128, 60), kernel=k) for s in (1.0, 40.0) for k in KERNELS]
    far += [Window(20.85, 30, 3.9, 1.3, n=(3, 4))]  # a centre on the border of its box, but for rounding
    return [*far, *(random_window(rng, most) for _ in range(number - len(far)))]


def random_window(rng, most):
    """Strides, sigmas and numbers of filters that are others down and across."""
    gx, gy = (rng.uniform(-0.6 * size, 1.6 * size) for size in SHAPE)
    n = tuple(int(k) for k in rng.integers(1, most + 1, 2))
    delta, sigma = (
        tuple(np.exp(rng.uniform(math.log(low), math.log(30), 2)).tolist()) for low in (0.02, 0.01)
    )
    gamma = math.exp(rng.uniform(math.log(0.2), math.log(5)))
    return Window(gx, gy, delta, sigma, gamma, n, str(rng.choice(KERNELS)), str(rng.choice(EDGES)))


def as_state(window):
    values = window.to_dict()
    return values | {"n": window.shape, "delta": window.strides, "sigma": window.sigmas}


def compute(page, window):
    """The patch and the canvas of a window, computed in the browser out of the page's picture."""
    code = """window => {
      const patch = read(image, window), canvas = restore(toLevels(patch), window, image);
      return [patch, canvas].map(a => ({shape: [a.rows, a.cols, a.channels], data: [...a.data]}));
    }"""
    return [np.reshape(a["data"], a["shape"]) for a in page.evaluate(code, as_state(window))]


def test_patches_and_canvases_of_random_windows_are_those_of_the_library(folder, opened_page):
    worst = [0.0, 0.0]
    for name, number, most in (("grey", 160, 128), ("rgb", 40, 30)):
        image, page = (
            np.atleast_3d(opened(folder / f"{name}.png").astype(float)),
            opened_page(folder / f"{name}.html"),
        )
        for window in windows(number, most=most):
            patch, canvas = compute(page, window)
            levels = np.clip(np.rint(patch), 0, 255)
            expected = read(image, window, channel_axis=2), restore(levels, window, SHAPE, channel_axis=2)
            errors = [float(np.abs(a - b).max()) for a, b in zip((patch, canvas), expected, strict=True)]
            assert max(errors) < LEVEL, (window, errors)
            worst = [max(pair) for pair in zip(worst, errors, strict=True)]
    print(f"200 windows: patch within {worst[0]:.1e} of a level, canvas within {worst[1]:.1e}")


def test_the_table_of_kernels_and_their_sigmas_are_those_of_the_window(folder, opened_page):
    page = opened_page(folder / "grey.html")
    assert page.evaluate("Object.keys(KERNELS)") == list(KERNELS)
    for kernel in KERNELS:
        for delta in (0.3, 1.0, 7.0):
            expected = Window.centered(SHAPE, delta=delta, kernel=kernel).sigma
            assert page.evaluate(f"KERNELS.{kernel}.sigma({delta})") == pytest.approx(expected, rel=1e-12)


def test_the_picture_in_the_browser_has_the_exact_levels(folder, opened_page):
    for name in ("rgb", "grey"):
        levels = opened(folder / f"{name}.png")
        page = opened_page(folder / f"{name}.html")
        np.testing.assert_array_equal(page.evaluate("[...image.data]"), levels.ravel())


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_gram_matrix_is_that_of_the_bank(folder, opened_page, n):
    from glimpse import filterbank

    page, F = opened_page(folder / "grey.html"), filterbank(40, n, 20.3, 3.0, 1.7)
    found = page.evaluate(f"[...gram(bank(40, {n}, 20.3, 3, 1.7, 'gaussian', 'extend')).data]")
    np.testing.assert_allclose(np.reshape(found, (n, n)), F @ F.T, atol=1e-9)


def test_the_canvas_that_is_shown_is_the_one_that_write_makes(folder, opened_page, tmp_path):
    page = opened_page(folder / "rgb.html", "#gx=31&gy=20.5&delta=1.7&sigma=0.9&n=20")
    process("read", folder / "rgb.png", "--row", 31, "--col", 20.5, "--delta", 1.7, "--sigma", 0.9, "-n", 20,
            "-o", tmp_path / "p.png")  # fmt: skip
    process("write", tmp_path / "p.png", "-o", tmp_path / "c.png")
    for name, file in (("patch", "p.png"), ("canvas", "c.png")):
        assert np.abs(shown(page, name) - opened(tmp_path / file)).max() <= 1


def test_a_reduced_picture_shows_what_the_full_one_does(opened_page, tmp_path):
    """Blurred noise of 1300 x 1201 pixels, reduced twice: the same within the rounding of its levels."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(1300, 1201)), 3)
    image = np.clip(128 + 400 * smooth, 0, 255).round().astype(np.uint8)
    save(tmp_path / "large.png", image)
    process("show", tmp_path / "large.png", "-o", tmp_path / "large.html")
    page = opened_page(tmp_path / "large.html")
    assert page.evaluate("[image.rows, image.cols]") == [650, 601]
    window = Window(900, 411.5, 6.0, 4.0, n=(60, 40))
    code = "window => [...read(image, reduced(window, fact.scale)).data]"
    patch = np.reshape(page.evaluate(code, as_state(window)), window.shape)
    expected = read(image.astype(float), window)
    assert np.abs(patch - expected).max() < 0.5
    assert json.loads(page.inner_text("#record"))["shape"] == [1300, 1201]
