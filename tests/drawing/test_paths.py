"""Windows in time: the ends are exact, the steps even, the moves of a scanpath eased."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import scenes
from windows_to_draw import BASE, moved

from glimpse import GlimpseError, Window
from glimpse.drawing import paths
from glimpse.drawing.paths import Stop


def test_centres_move_by_equal_steps_and_scales_by_equal_ratios():
    windows = paths.path(moved(gx=-4, sigma=8, gamma=1), moved(gx=20, sigma=0.5, gamma=16), 5)
    assert [w.gx for w in windows] == [-4, 2, 8, 14, 20]
    np.testing.assert_allclose([w.sigma for w in windows], [8, 4, 2, 1, 0.5], rtol=1e-12)
    np.testing.assert_allclose([w.gamma for w in windows], [1, 2, 4, 8, 16], rtol=1e-12)


@given(scenes(), scenes(), st.integers(2, 20))
def test_a_path_begins_and_ends_where_it_was_told(one, other, frames):
    first = one[1]
    last = Window(**{**other[1].to_dict(), "n": first.n, "kernel": first.kernel, "edge": first.edge})
    windows = paths.path(first, last, frames)
    assert len(windows) == frames
    assert (windows[0], windows[-1]) == (first, last)


def test_what_does_not_change_stays_exactly_as_it_is():
    first = moved(gy=1 / 3, delta=10 / 3, sigma=0.1, gamma=0.7)
    windows = paths.path(first, moved(gy=1 / 3, delta=10 / 3, sigma=0.1, gamma=0.7, gx=7), 11)
    assert {(w.gy, w.delta, w.sigma, w.gamma) for w in windows} == {(1 / 3, 10 / 3, 0.1, 0.7)}


def test_a_path_of_one_frame_is_its_first_window():
    assert paths.path(moved(gx=3), moved(gx=9), 1) == [moved(gx=3)]


@pytest.mark.parametrize("frames", [0, -1])
def test_a_path_of_no_frames_is_refused(frames):
    with pytest.raises(GlimpseError, match=f"frames must be a whole number above 0, got {frames}"):
        paths.path(BASE, BASE, frames)


STOPS = [Stop(moved(gx=10, gy=5), 200), Stop(moved(gx=20, gy=45, delta=6), 350), Stop(moved(gx=0), 90)]


@pytest.mark.parametrize(("saccade", "fps", "moves"), [(60, 25, 2), (60, 50, 3), (200, 10, 2), (10, 25, 1)])
def test_a_scanpath_stands_at_each_fixation_and_takes_its_time_between(saccade, fps, moves):
    steps = paths.steps(STOPS, saccade, fps)
    assert len(steps) == 3 + 2 * moves
    assert [(s.window, s.duration) for s in steps[:: moves + 1]] == STOPS
    assert sum(s.duration for s in steps) == pytest.approx(200 + 350 + 90 + 2 * saccade)
    assert [s.begun for s in steps] == [1] * (moves + 1) + [2] * (moves + 1) + [3]


def test_a_move_begins_and_ends_slowly():
    steps = paths.steps(STOPS[:2], 1000, 20)
    rows = np.diff([s.window.gx for s in steps])
    assert (rows > 0).all()
    assert rows[0] < rows[len(rows) // 2] / 2
    np.testing.assert_allclose(rows, rows[::-1])
    strides = [s.window.delta for s in steps]
    assert strides == sorted(strides)
    middle = strides[len(strides) // 2 - 1 : len(strides) // 2 + 1]
    assert np.sqrt(middle[0] * middle[1]) == pytest.approx(np.sqrt(1.5 * 6), rel=0.05)


def test_without_a_saccade_the_window_jumps():
    assert [s.window for s in paths.steps(STOPS, 0)] == [stop.window for stop in STOPS]


def test_a_scanpath_of_one_fixation_is_one_frame():
    assert paths.steps(STOPS[:1]) == [(STOPS[0].window, 200, 1)]
    assert paths.steps([]) == []


def test_strides_of_both_axes_change_by_equal_ratios():
    assert paths._ratio((1.0, 8.0), (4.0, 2.0), 0.5) == (2.0, 4.0)
    assert paths._ratio(1.0, (4.0, 1.0), 0.5) == (2.0, 1.0)


def test_where_n_changes_the_box_stays():
    first, last = (Window.from_box((4, 6, 60, 40), n=n) for n in ((3, 4), (33, 64)))
    windows = paths.path(first, last, 9)
    assert [window.n for window in windows][::4] == [(3, 4), (10, 16), (33, 64)]
    for window in windows:
        assert window.box == pytest.approx(first.box, rel=1e-9)
