"""Places where a patch fits as well as at one: tiles are listed, each once; photographs have none."""

import math
from itertools import islice

import numpy as np
import pytest
from crops import CAMERA
from scipy.ndimage import gaussian_filter

from glimpse import Window, read
from glimpse.registration import least_squares
from glimpse.registration import repeats as likenesses
from glimpse.registration.grey import Scene
from glimpse.registration.least_squares import SQUARE
from glimpse.registration.linearization import Target
from glimpse.registration.repeats import _likenesses, repeats

TILES = np.tile(CAMERA[100:112, 120:134], (5, 5)).astype(np.float32)  # 12 x 14 pixels each


def again(image, window, most=99, weights=None, copied=False):
    scene, target = Scene(image), Target(read(image, window), weights)
    start = least_squares.fit(scene, target, window, 8, free=SQUARE)
    return [*islice(repeats(scene, target, start, 1.1, 1 / 12, copied=copied), most)]


@pytest.mark.parametrize("stride", [1.0, 1.15])
def test_every_tile_that_fits_is_found_at_its_place(stride):
    window = Window(28.3, 33.6, stride, 0.6 * stride, n=(24, 30))
    found = again(TILES, window)
    down, across = 12 * np.arange(-4, 5), 14 * np.arange(-4, 5)
    expected = [
        (window.gx + y, window.gy + x)
        for y in down
        for x in across
        if (y or x)
        and 0 <= window.box.top + y <= 60 - 24 * stride
        and 0 <= window.box.left + x <= 70 - 30 * stride
    ]
    assert len(found) == len(expected) > 4
    centers = sorted((round(fit.window.gx, 1), round(fit.window.gy, 1)) for fit in found)
    np.testing.assert_allclose(centers, sorted(expected), atol=1e-6)


def test_no_more_are_fitted_than_are_asked_for(monkeypatch):
    waves = np.sin(np.arange(120) / 3)[:, None] * 100 * np.ones(100, np.float32) + 127
    fits = counted(monkeypatch, least_squares, "fit")
    assert len(again(waves.astype(np.float32), Window(60, 50, 1, 0.5, n=30), most=5)) == 5
    assert len(fits) == 7


def test_copies_are_looked_for_farther_away():
    strip = gaussian_filter(np.random.default_rng(3).normal(size=(40, 1100)), 1).astype(np.float32) * 99
    strip[:, 1010:1050] = strip[:, 10:50]
    window = Window(19.5, 29.5, 1, 0.5, n=36)
    assert not again(strip, window)
    assert [fit.window.gy for fit in again(strip, window, copied=True)] == pytest.approx([1029.5], abs=0.01)


def test_what_does_not_count_tells_no_repeat_from_another():
    image, window = TILES.copy(), Window(29.5, 34.5, 1, 0.6, n=(24, 30))
    image[24:27, 24:44] = 250  # in the patch, but two pixels off it when it is slid by a tile
    assert not again(image, window)
    weights = np.ones((24, 30))
    weights[3:15, 1:27] = 0
    assert len(again(image, window, weights=weights)) > 2


def test_a_photograph_has_no_repeats():
    assert not again(CAMERA.astype(np.float32), Window(140.3, 150.7, 2.6, 1.4, n=(40, 44)))


def test_the_slope_of_the_place_itself_is_no_likeness():
    image, window = CAMERA.astype(np.float32), Window(173.9, 224.3, 1.6, 0.9, n=(30, 32))
    assert not _likenesses(Scene(image), Target(read(image, window)), window, 0.5, 1)


def texture(shape, sigma):
    """Smooth noise that goes on at the opposite side."""
    noise = gaussian_filter(np.random.default_rng(0).normal(size=shape), sigma, mode="wrap")
    return (127 + 40 * noise / noise.std()).astype(np.float32)


def counted(monkeypatch, module, name):
    """The arguments of each call of a module's function from now on."""
    calls, function = [], getattr(module, name)

    def call(*args, **options):
        calls.append(args)
        return function(*args, **options)

    monkeypatch.setattr(module, name, call)
    return calls


def test_repeats_up_to_512_samples_away_are_found():
    strip = np.tile(texture((32, 44), 1), (50, 1))
    found = again(strip, Window(800, 21.5, 1, 0.6, n=(70, 36)), most=99)
    assert sorted(abs(fit.window.gx - 800) for fit in found) == pytest.approx(
        [32 * k for k in range(1, 17) for _ in range(2)], abs=0.01
    )


def test_fine_tiles_of_a_large_patch_are_seen_in_few_samples(monkeypatch):
    reads = counted(monkeypatch, likenesses, "read")
    assert len(again(np.tile(texture((6, 7), 0.7), (28, 24)), Window(84, 84, 1, 0.5, n=128), most=2)) == 2
    assert max(math.prod(window.shape) for _, window in reads) < 30_000


def test_repeats_of_a_long_patch_are_found():
    strip = np.tile(texture((16, 40), 1), (1, 104))
    assert len(again(strip, Window(7.5, 2080, 1, 0.5, n=(12, 2060)), most=2)) == 2


@pytest.mark.parametrize(("beside", "tiles"), [(1, 24), (2, 48)])
def test_a_repeat_between_the_steps_is_found_among_likenesses_on_them(beside, tiles, monkeypatch):
    image = np.tile(texture((96, 24), 1.5), (1, tiles))
    image += gaussian_filter(np.random.default_rng(5).normal(size=image.shape), 2) * 4
    piece, left = image[:, 24:136].copy(), 24 * (tiles - 6) + 4 + beside  # a quarter of a sample, a half
    image[:, left : left + 112] = piece
    fits = counted(monkeypatch, least_squares, "fit")
    found = again(image, Window(47.5, 79.5, 4, 2, n=20))
    assert [fit.window.gy for fit in found] == pytest.approx([79.5 + left - 24], abs=0.01)
    assert len(fits) < 40
