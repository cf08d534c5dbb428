"""Decoding a JPEG at a fraction of its size: when it may be, and that it does not show."""

import numpy as np
import pytest
from PIL import Image
from skimage import data
from test_cli import invoke, opened, record

from glimpse import Window, read
from glimpse.image import load_picture
from glimpse.image.reduced import reduced, reduction

PHOTOGRAPHS = {
    "astronaut": lambda: data.astronaut()[:430],
    "coffee": data.coffee,
    "rocket": data.rocket,
    "grey": lambda: data.camera()[:, :400],
}


@pytest.mark.parametrize(
    ("sigma", "scale"), [(0.5, 1), (3.9, 1), (4, 2), (7.9, 2), (8, 4), (15.9, 4), (16, 8), (100, 8)]
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
@pytest.mark.parametrize("sigma", [4.0, 8.0, 16.0])
def test_the_fast_patch_of_a_photograph_is_within_three_levels(name, sigma, tmp_path):
    path = str(tmp_path / "a.jpg")
    Image.fromarray(PHOTOGRAPHS[name]()).save(path, quality=90)
    rms = []
    for row, col in ((0.5, 0.5), (0.3, 0.6), (0.6, 0.4)):
        out = str(tmp_path / f"{row}{col}.png")
        words = ("--row", f"{row:%}", "--col", f"{col:%}", "--sigma", sigma, "--delta", sigma / 2, "-n", 9)
        assert invoke("read", path, *words, "-o", out, "--fast").exit_code == 0
        picture = load_picture(path)
        window = Window.from_dict({k: v for k, v in record(out).items() if k in Window.__dataclass_fields__})
        exact = np.clip(np.rint(read(picture.pixels, window, channel_axis=picture.channel_axis)), 0, 255)
        difference = opened(out).astype(float) - exact
        assert np.abs(difference).max() <= 3
        rms.append(np.sqrt((difference**2).mean()))
    assert record(out)["fast"] == sigma / 2
    assert record(out)["shape"] == list(picture.shape)
    assert np.median(rms) <= 0.55


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


def test_fast_changes_nothing_but_jpeg(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.coffee()).save("a.png")
    for name, more in (("fast.png", ["--fast"]), ("exact.png", [])):
        assert invoke("read", "a.png", "-n", "8", "-o", name, *more).exit_code == 0
    assert (tmp_path / "fast.png").read_bytes() == (tmp_path / "exact.png").read_bytes()
