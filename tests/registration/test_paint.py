"""What was painted on a patch, told from what a loss or another resampler changed."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import map_coordinates
from skimage import data

from glimpse import Window, read
from glimpse.registration.paint import find_paint

PHOTOGRAPH = data.coffee()[60:330, 180:480]
WINDOW = Window(gx=130.4, gy=150.7, delta=1 / 1.01, sigma=0.4, n=200)
SEEN = read(PHOTOGRAPH.astype(np.float32), WINDOW, channel_axis=2)
SQUARE = np.s_[60:150, 50:130]


def by_spline(order):
    """The same samples by interpolation, which leaves edges sharper or softer."""
    steps = (np.arange(200) - 99.5) * WINDOW.delta
    at = np.meshgrid(WINDOW.gx + steps, WINDOW.gy + steps, indexing="ij")
    return np.stack(
        [map_coordinates(c, at, np.float32, order=order) for c in np.moveaxis(PHOTOGRAPH, 2, 0)], 2
    )


def by_jpeg(quality):
    file = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(np.rint(SEEN), 0, 255))).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32)


MADE = {
    "rounded": lambda: np.rint(SEEN),
    "linear": lambda: by_spline(1),
    "cubic": lambda: by_spline(3),
    "JPEG 80": lambda: by_jpeg(80),
    "JPEG 50": lambda: by_jpeg(50),
    "noise": lambda: SEEN + 4 * np.random.default_rng(0).normal(size=SEEN.shape),
}


def trusted(given):
    """Samples that a fit would trust."""
    off = np.abs(SEEN - given).mean(axis=2)
    return off < 3 * max(1, 1.4826 * np.median(off))


@pytest.mark.parametrize("made", MADE)
def test_what_a_resampler_or_a_loss_changes_is_no_paint(made):
    given = MADE[made]()
    assert find_paint(SEEN, given, trusted(given), 3.0).mean() < 5e-4


@pytest.mark.parametrize("made", MADE)
def test_paint_is_told_whole_and_nothing_else(made):
    given = MADE[made]().copy()
    given[SQUARE] = data.chelsea()[100:190, 100:180]
    found = find_paint(SEEN, given, trusted(given), 3.0)
    assert found[SQUARE].mean() > 0.95
    found[54:156, 44:136] = False
    assert found.mean() < 5e-4


def test_paint_is_found_beneath_noise():
    given, part = SEEN + 12 * np.random.default_rng(0).normal(size=SEEN.shape), np.s_[20:180, 20:140]
    given[part] = data.chelsea()[100:260, 100:220]
    assert find_paint(SEEN, given, trusted(given), 3.0)[part].mean() > 0.2


def moved(part):
    """What was painted where a part was moved by seven samples, of a patch resampled by splines."""
    given = MADE["cubic"]().copy()
    given[part] = np.roll(given, 7, axis=0)[part]
    return find_paint(SEEN, given, trusted(given), 3.0)


def test_a_part_that_was_moved_is_paint_though_much_of_it_agrees():
    assert moved(SQUARE)[SQUARE].mean() > 0.88


def test_paint_does_not_run_along_edges():
    found = moved(np.s_[30:170, 30:170])
    found[26:174, 26:174] = False
    assert found.sum() < 30


def test_faint_paint_on_flat_ground_counts():
    seen, given = np.full((40, 50, 1), 90.0), np.full((40, 50, 1), 90.0)
    given[10:20, 12:30] += 5
    found = find_paint(seen, given, seen[..., 0] == given[..., 0], 3.0)
    assert found[10:20, 12:30].all()
    assert found.sum() == 180


def test_what_is_off_by_no_more_than_the_tolerance_is_no_paint():
    given = SEEN.copy()
    given[SQUARE] += 2.9
    assert not find_paint(SEEN, given, trusted(given), 3.0).any()


@pytest.mark.parametrize("levels", [(0.6, 40), (-1, 255), (1, 20)])
def test_a_change_of_all_levels_is_paint(levels):
    gain, offset = levels
    given = np.rint(gain * SEEN + offset)
    assert find_paint(SEEN, given, np.ones(SEEN.shape[:2], bool), 3.0, levels).mean() > 0.9


def test_a_thin_stroke_counts():
    given = np.rint(SEEN)
    given[100, 20:180] = 255 - given[100, 20:180]
    found = find_paint(SEEN, given, trusted(given), 3.0)
    assert found[100, 20:180].mean() > 0.95
    assert found.sum() < 400
