"""The frames of a sweep: the panel of each window, and that the source stays large."""

from itertools import pairwise

import numpy as np
import pytest
from windows_to_draw import BASE, ODD, ODD_NAMES, moved, noise, of_colour, patch_of

from glimpse.drawing import panels, paths, viewport


@pytest.mark.parametrize(
    ("n", "zoom"), [(1, 256), (64, 4), (40, 6), (256, 1), (512, 1), (4096, 1), ((10, 100), 3), ((100, 10), 3)]
)
def test_a_patch_is_enlarged_by_a_whole_number_to_about_256_pixels(n, zoom):
    assert panels.default_zoom(max(moved(n=n).shape)) == zoom


# Panels


def patch_place(panel):
    """Where the patch is on a panel."""
    gap = panel.look.px(12)
    y, x = gap + (panel.height - panel.patch[0]) // 2, 2 * gap + panel.viewport.width
    return slice(y, y + panel.patch[0]), slice(x, x + panel.patch[1])


def test_a_panel_has_the_source_the_patch_and_a_label():
    image, last = noise(30, 80, 3), moved(gx=10)
    panel = panels.Panel(image, [BASE, last])
    frame = panel.draw(BASE, patch_of(BASE))
    assert (frame.dtype, frame.shape) == (np.uint8, (*panel.size, 3))
    assert panel.patch == (panel.zooms[16] * 10, panel.zooms[16] * 16)
    np.testing.assert_array_equal(
        frame[patch_place(panel)], viewport.enlarge(patch_of(BASE), panel.zooms[16])
    )
    assert of_colour(frame[-26:], viewport.INK).any()


def test_only_box_label_and_patch_change_between_frames():
    image, last = noise(30, 80, 3), moved(gx=10)
    panel = panels.Panel(image, [BASE, last])
    one, two = panel.draw(BASE, patch_of(BASE)), panel.draw(last, patch_of(BASE))
    assert (one != two).any()
    np.testing.assert_array_equal(
        one[-12 - 160 - 26 : -38, -12 - 256 :], two[-12 - 160 - 26 : -38, -12 - 256 :]
    )
    np.testing.assert_array_equal(one, panel.draw(BASE, patch_of(BASE)))


def test_frames_are_the_panels_of_the_windows():
    image, windows = noise(30, 80, 3), paths.path(BASE, moved(gx=10), 3)
    patches = [patch_of(window, seed=i) for i, window in enumerate(windows)]
    panel = panels.Panel(image, windows, 2)
    for frame, window, patch in zip(panels.frames(image, windows, patches, 2), windows, patches, strict=True):
        np.testing.assert_array_equal(frame, panel.draw(window, patch))


def ink(strip):
    """The columns where something is written."""
    return np.flatnonzero((strip != np.array(viewport.BACKGROUND)).any(axis=(0, 2)))


@pytest.mark.parametrize("name", ["gx", "gy", "delta", "sigma", "gamma"])
def test_the_digits_of_a_label_stand_still(name):
    ends = {"gx": (8, 1000), "gy": (8, 1000)}.get(name, (1, 100))
    first, last = (moved(n=(2, 3), **{name: value}) for value in ends)
    panel = panels.Panel(noise(30, 80, 3), [first, last])
    strips = [panel.draw(w, patch_of(w))[-26:, :110] for w in paths.path(first, last, 4)]
    assert len({int(ink(strip).max()) for strip in strips}) <= 2  # the last digit is not always as wide
    assert len({int(ink(strip[:, :50]).min()) for strip in strips}) == 1


@pytest.mark.parametrize("name", ["gx", "gy", "delta", "sigma", "gamma"])
@pytest.mark.parametrize("end", [1e9, 1e-9])
def test_the_largest_and_smallest_numbers_fit_their_label(name, end):
    first, last = moved(**{name: 1.0}), moved(**{name: -1e9 if name in ("gx", "gy") and end < 1 else end})
    panel = panels.Panel(noise(30, 80, 3), [first, last])
    assert panel.draw(last, patch_of(last)).shape == (*panel.size, 3)


@pytest.mark.parametrize("name", ["delta", "sigma", "gamma"])
def test_a_label_shows_a_small_number_change(name):
    first, last = moved(**{name: 0.001}), moved(**{name: 0.004})
    panel = panels.Panel(noise(30, 80, 3), [first, last])
    one, two = (panel.draw(w, patch_of(w))[-26:] for w in (first, last))
    assert (one != two).any()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_panel_of_any_window_and_image_holds_its_patch(name):
    shape, window = ODD[name]
    last = moved(window, sigma=min(2 * window.sigma, 1e9), gy=3)
    panel = panels.Panel(noise(*shape, 3), [window, last])
    for here in (window, last):
        frame = panel.draw(here, patch_of(here))
        assert frame.shape == (*panel.size, 3)
        np.testing.assert_array_equal(
            frame[patch_place(panel)], viewport.enlarge(patch_of(here), panel.zooms[max(here.shape)])
        )
        edges = [frame[:3], frame[-3:], frame[:, :3], frame[:, -3:]]
        assert all((edge == viewport.BACKGROUND).all() for edge in edges)
    assert min(panel.size) >= 400
    assert max(panel.size) < 2700


@pytest.mark.parametrize("last", [moved(delta=400), moved(gx=900, gy=-900), moved(delta=16, gx=-50)])
def test_the_source_keeps_its_size_however_far_the_window_goes(last):
    inside = panels.Panel(noise(300, 400, 3), [BASE, BASE]).viewport
    beyond = panels.Panel(noise(300, 400, 3), [BASE, last]).viewport
    assert beyond.scale == pytest.approx(inside.scale, rel=1e-9)
    assert beyond.height <= 1.55 * inside.height


def test_a_panel_names_what_is_not_the_default():
    plain, rare = moved(), moved(gamma=2.5, kernel="box", edge="black")
    names = [
        [label.name for label in panels.Panel(noise(300, 400, 3), [w, moved(w, gx=10)]).labels]
        for w in (plain, rare)
    ]
    assert names[1] == [*names[0], "gamma 2.5", "box kernel", "black beyond the edge"]
    swept = panels.Panel(noise(300, 400, 3), [rare, moved(rare, gamma=9)]).labels
    assert [label.name for label in swept][-2:] == ["box kernel", "black beyond the edge"]


def test_a_panel_says_which_filters_are_drawn():
    window = moved(n=64)
    (label,) = panels.Panel(noise(300, 400, 3), [window]).labels
    assert (label.name, label.told(window)) == ("drawn", "every 8th filter")
    assert not panels.Panel(noise(300, 400, 3), [moved(n=8, delta=9)]).labels


def test_labels_that_do_not_fit_side_by_side_take_more_lines():
    first = moved(n=(300, 1), kernel="box", edge="black")
    last = moved(first, gx=1000, gy=-1000, delta=100, sigma=100, gamma=100)
    labels = panels.Panel(noise(600, 40, 3), [first, last]).labels
    assert len({label.top for label in labels}) > 1
    for line in {label.top for label in labels}:
        row = [label for label in labels if label.top == line]
        assert all(a.left + a.width <= b.left for a, b in pairwise(row))


def test_a_panel_draws_the_path_so_far():
    here, there = moved(gx=60, gy=60), moved(gx=240, gy=340)
    panel = panels.Panel(noise(300, 400, 3), [here, there])
    alone, after = panel.draw(there, patch_of(there)), panel.draw(there, patch_of(there), [here])
    changed = np.argwhere((alone != after).any(axis=2))
    ends = [
        (
            12 + panel.viewport.y(w.gx) + (panel.height - panel.viewport.height) / 2,
            12 + panel.viewport.x(w.gy),
        )
        for w in (here, there)
    ]
    assert np.abs(changed.min(axis=0) - ends[0]).max() < 11
    assert np.abs(changed.max(axis=0) - ends[1]).max() < 11


def test_a_long_path_leaves_a_tail_that_fades():
    """However long it was, no more than the last fixations are drawn, the fainter the longer ago."""
    stops = [moved(gx=20 + 37 * (k % 8), gy=15 + 9 * k) for k in range(40)]
    panel = panels.Panel(np.zeros((300, 400, 3), np.uint8), [*stops, moved(gx=150, gy=390)])
    now = moved(gx=150, gy=390)
    alone, after = panel.draw(now, patch_of(now)), panel.draw(now, patch_of(now), stops)

    def brightness(window):
        y = int(12 + panel.viewport.y(window.gx) + (panel.height - panel.viewport.height) / 2)
        x = int(12 + panel.viewport.x(window.gy))
        return np.abs(after.astype(int) - alone)[y - 7 : y + 7, x - 7 : x + 7].max()

    seen = [brightness(window) for window in stops]
    assert seen[-7:] == sorted(seen[-7:])
    assert len(set(seen[-6:])) == 6
    assert not any(seen[:-7])


def test_patches_of_every_n_stand_in_the_middle_of_one_place():
    windows = paths.path(moved(n=4, delta=8), moved(n=64, delta=0.5), 9)
    assert [window.n for window in windows] == [4, 6, 8, 11, 16, 23, 32, 45, 64]
    panel = panels.Panel(np.zeros((300, 400, 3), np.uint8), windows)
    assert "n" in [label.name for label in panel.labels]
    for window in windows:
        white = np.full((*window.shape, 3), 255, np.uint8)
        frame = panel.draw(window, white)
        ys, xs = np.nonzero((frame[:, panel.viewport.width + 24 :] == 255).all(axis=2))
        assert len(ys) == (window.n * panel.zooms[window.n]) ** 2
        assert 200 < np.ptp(ys) + 1 <= 256
        assert abs((xs.min() + xs.max() + 1) / 2 - panel.patch[1] / 2) <= 1


@pytest.mark.parametrize("width", [480, 1000])
def test_a_panel_is_as_wide_as_it_is_told_in_any_theme(width):
    windows = paths.path(BASE, moved(gx=10), 3)
    panel = panels.Panel(noise(90, 120, 3), windows, theme=viewport.LIGHT, width=width)
    frame = panel.draw(windows[1], patch_of(windows[1]))
    assert frame.shape == (*panel.size, 3)
    assert frame.shape[1] == width
    assert (frame[:3] == 255).all()
    assert panel.patch[1] + panel.viewport.width > 0.7 * width
