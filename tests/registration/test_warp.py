"""Parts of a patch that lie beside its window: told of warps, not of losses, noise and resamplers."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from test_paint import MADE, PHOTOGRAPH, SEEN, SQUARE, WINDOW, trusted

from glimpse.registration.warp import shift_of_parts


def warped(amplitude):
    """The samples by a window whose parts move by so many samples, each its own way."""
    steps = np.arange(200) - 99.5
    y, x = np.meshgrid(steps, steps, indexing="ij")
    down, across = y + amplitude * np.sin(x / 32), x + amplitude * np.cos(y / 32)
    at = WINDOW.gx + down * WINDOW.delta, WINDOW.gy + across * WINDOW.delta
    planes = [map_coordinates(plane, at, np.float32, order=1) for plane in np.moveaxis(PHOTOGRAPH, 2, 0)]
    return np.rint(np.stack(planes, 2))


@pytest.mark.parametrize("amplitude", [0.3, 0.6, 1.5])
@pytest.mark.parametrize("levels", [(1.0, 0.0), (0.6, 40.0), (-1.0, 255.0)])
def test_the_shift_of_warped_parts_is_told(amplitude, levels):
    given = levels[0] * warped(amplitude) + levels[1]
    everywhere = np.ones(given.shape[:2], bool)
    assert 0.4 * amplitude < shift_of_parts(SEEN, given, everywhere, levels) < 1.5 * amplitude


def test_paint_is_left_out():
    given = warped(0.6)
    agreeing = np.ones(given.shape[:2], bool)
    before = shift_of_parts(SEEN, given, agreeing, (1, 0))
    given[SQUARE], agreeing[SQUARE] = 0, False
    assert shift_of_parts(SEEN, given, agreeing, (1, 0)) == pytest.approx(before, abs=0.1)


@pytest.mark.parametrize("made", MADE)
def test_losses_noise_and_resamplers_shift_no_part(made):
    given = MADE[made]().astype(np.float64)
    assert shift_of_parts(SEEN, given, trusted(given), (1, 0)) < 0.1


def test_the_shift_is_told_beneath_noise():
    given = warped(0.6) + 12 * np.random.default_rng(0).normal(size=SEEN.shape)
    assert shift_of_parts(SEEN, given, np.ones(given.shape[:2], bool), (1, 0)) > 0.1


def test_heavy_noise_shifts_no_part():
    given = SEEN + 12 * np.random.default_rng(0).normal(size=SEEN.shape)
    assert shift_of_parts(SEEN, given, np.ones(given.shape[:2], bool), (1, 0)) == 0


def test_of_too_few_samples_nothing_is_told():
    agreeing = np.zeros(SEEN.shape[:2], bool)
    agreeing[:30, :2] = True
    assert shift_of_parts(SEEN, warped(1), agreeing, (1, 0)) == 0
