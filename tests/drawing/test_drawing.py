"""Pictures of a window at work: where things are drawn, and that every window and image can be drawn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import scenes

from glimpse import GlimpseError, Window
from glimpse.drawing import figure, panels, viewport

BASE = Window(gx=20, gy=50, delta=1.5, sigma=1, n=(10, 16))


def noise(*shape, seed=0):
    levels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    levels.flags.writeable = False
    return levels


def moved(**values):
    return Window(**{**BASE.to_dict(), "n": BASE.n, **values})


def patch_of(window, seed=1):
    return noise(*window.shape, 3, seed=seed)


# The path of a sweep


def test_centres_move_by_equal_steps_and_scales_by_equal_ratios():
    windows = panels.path(moved(gx=-4, sigma=8, gamma=1), moved(gx=20, sigma=0.5, gamma=16), 5)
    assert [w.gx for w in windows] == [-4, 2, 8, 14, 20]
    np.testing.assert_allclose([w.sigma for w in windows], [8, 4, 2, 1, 0.5], rtol=1e-12)
    np.testing.assert_allclose([w.gamma for w in windows], [1, 2, 4, 8, 16], rtol=1e-12)


@given(scenes(), scenes(), st.integers(2, 20))
def test_a_path_begins_and_ends_where_it_was_told(one, other, frames):
    first = one[1]
    last = Window(**{**other[1].to_dict(), "n": first.n, "kernel": first.kernel, "edge": first.edge})
    windows = panels.path(first, last, frames)
    assert len(windows) == frames
    assert (windows[0], windows[-1]) == (first, last)


def test_what_does_not_change_stays_exactly_as_it_is():
    first = moved(gy=1 / 3, delta=10 / 3, sigma=0.1, gamma=0.7)
    windows = panels.path(first, moved(gy=1 / 3, delta=10 / 3, sigma=0.1, gamma=0.7, gx=7), 11)
    assert {(w.gy, w.delta, w.sigma, w.gamma) for w in windows} == {(1 / 3, 10 / 3, 0.1, 0.7)}


def test_a_path_of_one_frame_is_its_first_window():
    assert panels.path(moved(gx=3), moved(gx=9), 1) == [moved(gx=3)]


@pytest.mark.parametrize("frames", [0, -1])
def test_a_path_of_no_frames_is_refused(frames):
    with pytest.raises(GlimpseError, match=f"at least one frame, got {frames}"):
        panels.path(BASE, BASE, frames)


# Pixels


def test_to_enlarge_is_to_repeat_each_pixel():
    array = noise(3, 5, 3)
    big = viewport.enlarge(array, 4)
    assert big.shape == (12, 20, 3)
    for dy in range(4):
        np.testing.assert_array_equal(big[dy::4, dy::4], array)


@pytest.mark.parametrize(
    ("n", "zoom"), [(1, 256), (64, 4), (40, 6), (256, 1), (512, 1), (4096, 1), ((10, 100), 3), ((100, 10), 3)]
)
def test_a_patch_is_enlarged_by_a_whole_number_to_about_256_pixels(n, zoom):
    assert panels.default_zoom(moved(n=n)) == zoom


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize("bands", [(), (1,), (2,), (3,), (4,)])
def test_to_rgb_shows_the_colours_on_black(bands, white):
    levels = np.random.default_rng(0).uniform(-0.2 * white, 1.2 * white, (4, 6, *bands))
    levels.flags.writeable = False
    rgb = viewport.to_rgb(levels, white)
    colour = levels.reshape(4, 6, -1)
    colour = colour[..., :-1] if bands in ((2,), (4,)) else colour
    assert (rgb.dtype, rgb.shape) == (np.uint8, (4, 6, 3))
    np.testing.assert_array_equal(
        rgb, np.broadcast_to(np.rint(np.clip(colour * 255 / white, 0, 255)), rgb.shape)
    )


# Where things are drawn


def test_an_image_and_a_window_inside_it_fill_the_stage():
    stage = viewport.Viewport.around((30, 80), [BASE], 60, 300)
    assert (stage.top, stage.left, stage.scale) == (0, 0, 2)
    assert (stage.height, stage.width) == (60, 160)
    assert (stage.y(-0.5), stage.y(29.5)) == (0, 60)
    assert (stage.x(-0.5), stage.x(79.5)) == (0, 160)


@given(scenes(extreme=True))
def test_a_stage_holds_the_image_and_fits_its_space(scene):
    shape, window = scene
    stage = viewport.Viewport.around(shape, [window], 200, 300)
    assert 1 <= stage.height <= 200
    assert 1 <= stage.width <= 300
    assert -1e-6 <= stage.y(-0.5) <= stage.y(shape[0] - 0.5) <= stage.height + 1
    assert -1e-6 <= stage.x(-0.5) <= stage.x(shape[1] - 0.5) <= stage.width + 1


def test_the_backdrop_is_the_image_at_its_place():
    image = noise(30, 80, 3)
    far = moved(gx=-100)
    stage = viewport.Viewport.around((30, 80), [far], 90, 999)
    backdrop = stage.backdrop(image)
    top = round(stage.y(-0.5))
    assert top == 30
    np.testing.assert_array_equal(backdrop[:top], np.broadcast_to(viewport.BACKGROUND, (top, stage.width, 3)))
    np.testing.assert_array_equal(backdrop[top:], viewport.enlarge(image, 2))


def changed(stage, window, height=60, width=160):
    """The corners (top, bottom, left, right) of what the grid covers, and the drawing."""
    canvas = np.zeros((height, width, 3), np.uint8)
    viewport.draw_grid(canvas, stage, window)
    ys, xs = np.nonzero(canvas.any(axis=2))
    return (ys.min(), ys.max() + 1, xs.min(), xs.max() + 1), canvas


def test_the_box_lies_around_what_the_samples_share():
    stage = viewport.Viewport(0, 0, 60, 160, 2)
    corners, _ = changed(stage, Window(gx=14.5, gy=39.5, delta=2, sigma=1, n=(10, 16)))
    assert corners == (10, 50, 48, 112)


def test_the_dots_lie_on_the_filter_centres():
    stage = viewport.Viewport(0, 0, 120, 320, 4)
    window = Window(gx=14.5, gy=39.5, delta=4, sigma=0.2, n=(3, 5))
    _, canvas = changed(stage, window, 120, 320)
    inside = canvas[41:79, 124:196]  # within the box and its line
    ys = np.nonzero((inside == viewport.BOX).all(axis=2))[0]
    assert {(y + 41) // 16 for y in ys} == {2, 3, 4}
    for i in range(3):
        for j in range(5):
            y, x = stage.y(14.5 + (i - 1) * 4), stage.x(39.5 + (j - 2) * 4)
            np.testing.assert_array_equal(
                canvas[int(y) - 1 : int(y) + 1, int(x) - 1 : int(x) + 1], [[viewport.BOX] * 2] * 2
            )
    assert len(ys) == 3 * 5 * 4


def test_the_line_of_the_box_grows_with_sigma():
    stage = viewport.Viewport(0, 0, 60, 160, 2)
    drawn = [
        np.count_nonzero(
            (changed(stage, moved(sigma=sigma, gx=14.5, delta=3.5))[1] == viewport.BOX).all(axis=2)
        )
        for sigma in (0.3, 1, 2, 4)
        for _, shown in [changed(stage, moved(sigma=sigma, gx=14.5, delta=3.5))]
    ]
    assert drawn == sorted(set(drawn))


@given(scenes(extreme=True))
def test_any_window_can_be_drawn_on_any_stage(scene):
    shape, window = scene
    stage = viewport.Viewport.around(shape, [window], 40, 50)
    canvas = np.zeros((stage.height, stage.width, 3), np.uint8)
    viewport.draw_grid(canvas, stage, window)


# Panels


def test_a_panel_has_the_source_the_patch_and_a_label():
    image, last = noise(30, 80, 3), moved(gx=10)
    panel = panels.Panel(image, [BASE, last])
    frame = panel.draw(BASE, patch_of(BASE))
    assert (frame.dtype, frame.shape) == (np.uint8, (*panel.size, 3))
    rows, cols = panel.patch
    assert (rows, cols) == (160, 256)
    corner = np.array([frame[12 : 12 + rows, -12 - cols : -12]])[0]
    np.testing.assert_array_equal(corner, viewport.enlarge(patch_of(BASE), 16))
    assert (frame[-26:] == viewport.INK).all(axis=2).any()


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
    image, windows = noise(30, 80, 3), panels.path(BASE, moved(gx=10), 3)
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
    first, last = (moved(**{name: value}) for value in ends)
    panel = panels.Panel(noise(30, 80, 3), [first, last])
    strips = [panel.draw(w, patch_of(w))[-26:, :110] for w in panels.path(first, last, 7)]
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


ODD = {
    "one filter": ((30, 80), moved(n=1)),
    "512 filters": ((30, 80), moved(n=512, delta=0.1)),
    "one row of filters": ((30, 80), moved(n=(1, 300))),
    "one column of filters": ((30, 80), moved(n=(300, 1))),
    "a window much larger than the image": ((30, 80), moved(delta=90)),
    "a window right of the image": ((30, 80), moved(gy=200)),
    "a window far away": ((30, 80), moved(gx=-5000, gy=9000)),
    "one pixel": ((1, 1), Window.centered((1, 1))),
    "one row": ((1, 3000), Window.centered((1, 3000))),
    "one column": ((3000, 1), Window.centered((3000, 1))),
    "very tall": ((2000, 10), Window.centered((2000, 10))),
    "very wide": ((10, 2000), Window.centered((10, 2000))),
    "a tiny grid": ((30, 80), moved(delta=1e-9, sigma=1e-9)),
    "the largest numbers": ((30, 80), moved(gx=-1e9, gy=1e9, delta=1e9, sigma=1e9)),
}


@pytest.mark.parametrize(("shape", "window"), ODD.values(), ids=ODD)
def test_a_panel_of_any_window_and_image_holds_its_patch(shape, window):
    last = Window(**{**window.to_dict(), "n": window.n, "sigma": min(2 * window.sigma, 1e9), "gy": 3})
    panel = panels.Panel(noise(*shape, 3), [window, last])
    for here in (window, last):
        frame = panel.draw(here, patch_of(here))
        assert frame.shape == (*panel.size, 3)
        big = viewport.enlarge(patch_of(here), panel.zoom)
        y = 12 + (panel.height - big.shape[0]) // 2
        x = 24 + panel.viewport.width
        np.testing.assert_array_equal(frame[y : y + big.shape[0], x : x + big.shape[1]], big)
    assert max(panel.size) < 1600


@pytest.mark.parametrize(("shape", "window"), ODD.values(), ids=ODD)
def test_show_draws_any_window_and_image_with_its_patch(shape, window):
    image, patch = noise(*shape, 3), patch_of(window)
    drawing = figure.show(image, window, patch)
    assert (drawing.dtype, drawing.shape[2]) == (np.uint8, 3)
    assert max(drawing.shape) < 1600
    big = viewport.enlarge(patch, max(1, 400 // max(window.shape)))
    corner = drawing[44 : 44 + big.shape[0], drawing.shape[1] - 12 - big.shape[1] : -12]
    np.testing.assert_array_equal(corner, big)
    np.testing.assert_array_equal(drawing, figure.show(image, window, patch))


def inked(area):
    return np.count_nonzero((area != np.array(viewport.BACKGROUND)).any(axis=2))


@pytest.mark.parametrize(("shape", "window"), ODD.values(), ids=ODD)
def test_the_numbers_below_the_source_are_shown_whole(shape, window):
    drawing = figure.show(noise(*shape, 3), window, patch_of(window))
    roomy = moved(**{**window.to_dict(), "n": 9})
    expected = figure.show(noise(300, 440, 3), roomy, patch_of(roomy))
    assert inked(drawing[-38:]) == inked(expected[-38:])


@pytest.mark.parametrize("n", [1, (300, 1), (100, 3), (1, 300), 512])
def test_the_size_above_the_patch_is_shown_whole(n):
    window = moved(n=n, delta=0.2)
    drawing = figure.show(noise(30, 80, 3), window, patch_of(window))
    assert inked(drawing[20:42, -5:]) == 0


@settings(max_examples=15)
@given(scenes(extreme=True))
def test_any_window_over_any_image_can_be_shown(scene):
    shape, window = scene
    drawing = figure.show(noise(*shape, 3), window, patch_of(window))
    assert math.prod(drawing.shape) > 0
