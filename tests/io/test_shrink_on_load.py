"""Decoding a JPEG at a fraction of its size: when it may be, and that it does not show."""

from functools import cache

import numpy as np
import pytest
from helpers import invoke, opened, record
from PIL import Image
from skimage import data

from glimpse import Window, read
from glimpse.io.jpeg import LEAST_SIGMA, reduction
from glimpse.io.stills import load_picture
from glimpse.window.scaling import reduced

PHOTOGRAPHS = {
    "astronaut": cache(lambda: data.astronaut()[:430]),
    "coffee": cache(data.coffee),
    "cat": cache(data.chelsea),
    "tissue": cache(data.immunohistochemistry),
    "rocket": cache(data.rocket),
    "grey": cache(lambda: data.camera()[:, :400]),
}


@pytest.mark.parametrize(
    ("sigma", "scale"), [(0.5, 1), (5.9, 1), (6, 2), (7.9, 2), (8, 4), (11.9, 4), (12, 8), (100, 8)]
)
def test_a_picture_is_reduced_only_as_far_as_sigma_hides_it(sigma, scale):
    assert reduction(Window(80, 80, 1, sigma), (160, 160)) == scale
    assert reduction(Window(80, 80, 1, sigma, kernel="box"), (160, 160)) == 1


@pytest.mark.parametrize(
    ("window", "shape", "scale"),
    [
        (Window(40, 59.5, 1, 20, n=80), (80, 120), 1),  # half a pixel beyond the edge
        (Window(39.5, 59.5, 1, 20, n=80), (80, 120), 8),
        (Window(39.5, 59.5, 1, 20, n=80), (84, 120), 4),  # the last of 11 rows of 8 would be a half
        (Window(39.5, 59.5, 1, 20, n=80), (81, 120), 1),
        (Window(39.5, 59.5, 1, 20, n=80), (171, 203), 8),  # nothing of the last ones is seen
    ],
)
def test_a_picture_is_not_reduced_where_its_edge_would_show(window, shape, scale):
    assert reduction(window, shape) == scale


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_a_reduced_window_sees_the_same_in_the_means_of_blocks(scale):
    rng = np.random.default_rng(scale)
    rows, cols = np.mgrid[:160, :240]
    image = 90 + 40 * np.sin(rows / 31 + rng.uniform()) * np.cos(cols / 23 + rng.uniform()) + 0.2 * cols
    blocks = image.reshape(160 // scale, scale, 240 // scale, scale).mean(axis=(1, 3))
    window = Window(70.3, 121.8, delta=5.5, sigma=1.5 * scale, n=(9, 11))
    np.testing.assert_allclose(read(blocks, reduced(window, scale)), read(image, window), atol=0.1)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("scale", LEAST_SIGMA)
@pytest.mark.parametrize(
    ("quality", "subsampling"),
    [(75, "4:4:4"), (75, "4:2:0"), pytest.param(90, "4:2:0", marks=pytest.mark.slow)],
)
def test_everywhere_in_a_photograph_the_sharpest_fast_patch_is_within_three_levels(
    name, scale, quality, subsampling, tmp_path
):
    image = PHOTOGRAPHS[name]()
    rows, cols = (size // 16 * 16 for size in image.shape[:2])
    path, sigma = str(tmp_path / "a.jpg"), LEAST_SIGMA[scale]
    Image.fromarray(image[:rows, :cols]).save(path, quality=quality, subsampling=subsampling)
    n = tuple(int((size - 8 * sigma) / sigma * 3) for size in (rows, cols))
    window = Window.centered((rows, cols), n, delta=sigma / 3, sigma=sigma)
    fast = load_picture(path, reduce=lambda shape: reduction(window, shape))
    exact = load_picture(path)
    assert (fast.scale, fast.shape) == (scale, exact.shape)
    difference = read(fast.pixels, reduced(window, scale), channel_axis=fast.channel_axis)
    difference -= read(exact.pixels, window, channel_axis=exact.channel_axis)
    print(f"{name}: at most {np.abs(difference).max():.2f} levels, rms {np.sqrt((difference**2).mean()):.2f}")
    assert np.abs(difference).max() <= 3
    assert np.sqrt((difference**2).mean()) <= 0.5


@pytest.mark.parametrize("sigma", LEAST_SIGMA.values())
def test_the_record_of_a_fast_patch_tells_by_how_much(sigma, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.astronaut()[:432]).save("a.jpg", quality=90)
    words = ("--row", "50%", "--col", "50%", "--sigma", sigma, "--delta", sigma / 2, "-n", 9)
    for name, more in (("fast.png", ["--fast"]), ("exact.png", [])):
        assert invoke("read", "a.jpg", *words, "-o", name, *more).exit_code == 0
    told = record("fast.png")
    assert LEAST_SIGMA[told.pop("fast")] == sigma
    assert told == record("exact.png")
    assert np.abs(opened("fast.png").astype(float) - opened("exact.png")).max() <= 3


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_turned_photograph_is_fast_and_upright(orientation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(data.astronaut()[:400, :344]).save("a.jpg", quality=92, exif=exif)
    for name, more in (("fast.png", ["--fast"]), ("exact.png", [])):
        assert invoke("read", "a.jpg", "-n", "12,9", "-o", name, *more).exit_code == 0
    assert record("fast.png").pop("fast") >= 4
    assert record("fast.png")["shape"] == record("exact.png")["shape"]
    difference = opened("fast.png").astype(float) - opened("exact.png")
    assert np.abs(difference).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_of_odd_sides_is_fast_where_it_is_right(orientation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(data.astronaut()[:417, :393]).save("a.jpg", quality=92, exif=exif)
    for name, more in (("fast.png", ["--fast"]), ("exact.png", [])):
        words = ("--sigma", 12, "--delta", 6, "-n", 9, "-o", name)
        assert invoke("read", "a.jpg", *words, *more).exit_code == 0
    assert np.abs(opened("fast.png").astype(float) - opened("exact.png")).max() <= 3


def test_fast_changes_nothing_but_jpeg(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.coffee()[:200, :300]).save("a.png")
    for name, more in (("fast.png", ["--fast"]), ("exact.png", [])):
        assert invoke("read", "a.png", "-n", "8", "-o", name, *more).exit_code == 0
    assert (tmp_path / "fast.png").read_bytes() == (tmp_path / "exact.png").read_bytes()
