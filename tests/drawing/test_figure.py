"""The picture of `glimpse show`: every window over every image, with its patch, and nothing clipped."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import scenes
from windows_to_draw import BASE, ODD, ODD_NAMES, moved, noise, of_colour, patch_of

from glimpse.drawing import figure
from glimpse.drawing.ink import length, words_of, wrapped
from glimpse.drawing.viewport import BACKGROUND, DARK, THEMES, enlarge, widest


def found(drawing, part):
    """Whether a part stands somewhere in a drawing."""
    rows, cols = part.shape[:2]
    first = np.flatnonzero(of_colour(drawing[:-rows, :-cols], part[0, 0]).ravel())
    places = zip(*np.unravel_index(first, (drawing.shape[0] - rows, drawing.shape[1] - cols)), strict=True)
    return any(np.array_equal(drawing[y : y + rows, x : x + cols], part) for y, x in places)


@functools.cache
def odd(name):
    """The drawing of an odd window, which nobody may change."""
    shape, window = ODD[name]
    drawing = figure.show(noise(*shape, 3), window, patch_of(window))
    drawing.flags.writeable = False
    return drawing


@pytest.mark.parametrize("name", ODD_NAMES)
def test_show_draws_any_window_and_image_with_its_patch(name):
    window, drawing = ODD[name][1], odd(name)
    patch = patch_of(window)
    assert (drawing.dtype, drawing.shape[2]) == (np.uint8, 3)
    assert min(drawing.shape[:2]) >= 400
    assert max(drawing.shape) < 3600
    zooms = {max(1, figure.PATCH * unit // max(window.shape)) for unit in (1, 2)}
    assert any(found(drawing, enlarge(patch, zoom)) for zoom in zooms)


def test_the_same_window_makes_the_same_picture():
    shape, window = ODD["everything unusual"]
    again = figure.show(noise(*shape, 3), window, patch_of(window))
    np.testing.assert_array_equal(odd("everything unusual"), again)


def rim(drawing):
    """The outermost pixels: where something is drawn here it is cut."""
    edges = [drawing[:3], drawing[-3:], drawing[:, :3], drawing[:, -3:]]
    return np.concatenate([edge.reshape(-1, 3) for edge in edges])


@pytest.mark.parametrize("name", ODD_NAMES)
def test_nothing_reaches_the_rim_of_the_picture(name):
    assert (rim(odd(name)) == BACKGROUND).all()


@pytest.mark.parametrize("shape", [(20, 30), (28, 255)])
def test_a_small_source_is_drawn_twice_as_large(shape):
    window = moved(n=8)
    drawing = figure.show(noise(*shape, 3), window, patch_of(window))
    large = figure._Figure(shape, window, DARK, 2, "").draw(noise(*shape, 3), patch_of(window))
    np.testing.assert_array_equal(drawing, large)


def test_a_smaller_copy_makes_the_same_picture():
    small, shape = np.full((300, 400, 3), 90, np.uint8), (600, 800)
    small[100:, 150:] = 200
    window = moved(gx=300, gy=333, delta=20, n=16)
    whole = figure.show(enlarge(small, 2), window, patch_of(window))
    copy = figure.show(small, window, patch_of(window), shape)
    assert (whole != copy).any(axis=2).mean() < 0.02  # the edge, resampled once more


def test_captions_name_what_is_not_the_default():
    usual = [text for text, _ in words_of(BASE)]
    assert usual == ["row 20 (gx) DOWN", "col 50 (gy) ACROSS", "delta 1.5", "sigma 1"]
    rare = [text for text, _ in words_of(moved(gamma=2.5, kernel="box", edge="black"), 4)]
    assert rare[4:] == ["gamma 2.5", "box kernel", "black beyond the edge", "every 4th filter drawn"]


def test_captions_that_are_too_long_for_one_line_take_more():
    words = words_of(moved(gamma=2.5, kernel="box", edge="black"), 2)
    for width in (150, 300, 5000):
        lines = wrapped(words, 15, width)
        assert [text for line in lines for _, text, _ in line] == [text for text, _ in words]
        for line in lines:
            assert line[0][0] == 0
            assert all(x + length(text, 15) <= width or x == 0 for x, text, _ in line)
    assert len(wrapped(words, 15, 5000)) == 1


def test_a_wide_strip_has_its_patch_below():
    window = moved(gx=100, gy=3000, n=16)
    drawing = figure.show(noise(200, 6000, 3), window, patch_of(window))
    assert drawing.shape[0] < drawing.shape[1] < 1500


@pytest.mark.parametrize(
    ("name", "theme", "width"),
    [("512 filters", "dark", 480), ("very wide", "light", 700), ("very tall", "light", 480)],
)
def test_a_picture_is_as_wide_as_it_is_told_and_its_letters_stay_legible(name, width, theme):
    (shape, window), look = ODD[name], THEMES[theme]
    drawing = figure.show(noise(*shape, 3), window, patch_of(window), theme=look, width=width)
    assert drawing.shape[1] == width
    assert (rim(drawing) == look.background).all()
    size = widest(lambda size: figure._Figure(shape, window, look, size, "", exact=True).size[1], width)
    parts = figure._Figure(shape, window, look, size, "", exact=True)
    assert parts.look.px(11) >= 9  # pixels that the smallest letters are high
    assert parts.scene.viewport.width + parts.side > 0.4 * width


def test_the_patch_begins_where_the_image_does():
    shape, window = (300, 400), moved(gx=150, gy=200, delta=9)
    for parts in (figure._Figure(shape, window, DARK, size, "") for size in (1, 2)):
        image = parts.corner[0] + parts.scene.viewport.y(-0.5)
        assert parts.at[0] == pytest.approx(image, abs=0.51)


def test_a_tint_on_the_patch_is_told_above_it():
    image, patch = noise(480, 640, 3), patch_of(BASE)
    plain, told = (figure.show(image, BASE, patch, tint=tint) for tint in ("", "what disagrees tinted"))
    rows, cols = (np.unique(where) for where in np.nonzero((plain != told).any(axis=2)))
    assert rows.max() < figure.HEAD + figure.BORDER  # above the patch
    assert np.ptp(cols) > 100


def test_on_the_image_every_theme_has_the_same_colours():
    window = moved(gx=150, gy=200, delta=9, n=4)
    dark, light = (
        figure.show(noise(300, 400, 3), window, patch_of(window), theme=theme) for theme in THEMES.values()
    )
    parts = figure._Figure((300, 400), window, DARK, 1, "")
    y, x = (at + 8 for at in parts.corner)
    inside = slice(y, y + parts.scene.viewport.height - 16), slice(x, x + parts.scene.viewport.width - 16)
    np.testing.assert_array_equal(dark[inside], light[inside])


@settings(max_examples=4)
@given(scenes(extreme=True))
def test_any_window_over_any_image_can_be_shown(scene):
    shape, window = scene
    drawing = figure.show(noise(*shape, 3), window, patch_of(window))
    assert math.prod(drawing.shape) > 0
