"""The figure of one row: its pixels, its filters where they are, its samples at the centres."""

import numpy as np
import pytest
from windows_to_draw import ODD, ODD_NAMES, moved, noise, of_colour

from glimpse import Window, filterbank, read
from glimpse.drawing import profile
from glimpse.drawing.profile import GAP, HEAD, HEIGHT, LEFT, STRIP, WIDTH
from glimpse.drawing.viewport import BACKGROUND, DARK, LIGHT, ROW
from glimpse.window import KERNELS

WINDOW = Window(gx=3, gy=39.5, delta=4, sigma=2, n=(1, 12))
SPAN = 48 * (1 + 2 * profile.AROUND)  # columns that are drawn
TOPS = [GAP + HEAD + i * (HEAD + HEIGHT + profile.FOOT) for i in range(3)]


def column(x):
    """The column of the image at a place of the drawing."""
    return (x - LEFT) * SPAN / WIDTH + 40 - SPAN / 2


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_samples_are_the_read_of_the_row(kernel):
    window = moved(WINDOW, kernel=kernel, gamma=0.8)
    row = np.repeat(np.linspace(40, 220, 80).astype(np.uint8)[:, None], 3, axis=1)
    drawing = profile.profile(row, window)
    ys, xs = np.nonzero(of_colour(drawing[TOPS[2] : TOPS[2] + HEIGHT], ROW))
    expected = read(row[None, :, 0].repeat(7, axis=0), window)[0]
    for i, value in enumerate(expected):
        at = 39.5 + (i - 5.5) * 4
        dot = np.abs(column(xs + 0.5) - at - 0.5) < 0.3
        assert abs(HEIGHT * (1 - value / 255) - ys[dot].mean() - 0.5) < 1


def test_a_filter_stands_at_its_centre():
    drawing = profile.profile(noise(80, 3) // 9, moved(WINDOW, delta=12, n=(1, 4)))
    first = of_colour(drawing[TOPS[0] : TOPS[0] + HEIGHT // 2], DARK.curves[0])
    xs = np.nonzero(first)[1]
    assert abs(column(xs.mean() + 0.5) - 0.5 - (39.5 - 18)) < 0.3


@pytest.mark.parametrize("which", [0, 2])
def test_the_row_and_its_samples_are_shown_in_their_colours(which):
    row = noise(80, 3)
    drawing = profile.profile(row, WINDOW)
    bar = drawing[TOPS[which] + HEIGHT + 1 : TOPS[which] + HEIGHT + STRIP, LEFT : LEFT + WIDTH]
    expected = row[20:30] if which == 0 else read(row[None], WINDOW, channel_axis=2)[0][1:4]
    at = 20 + np.arange(10) + 0.5 if which == 0 else 40 - 24 + 4 * np.arange(1, 4) + 2
    xs = np.rint((at - (40 - SPAN / 2)) * WIDTH / SPAN).astype(int)
    np.testing.assert_allclose(bar[5, xs], expected, atol=0.51)


def test_many_filters_are_made_in_blocks(monkeypatch):
    made = []

    def counting(size, n, *rest):
        made.append(n)
        return filterbank(size, n, *rest)

    monkeypatch.setattr(profile, "filterbank", counting)
    profile.profile(noise(80, 3), moved(WINDOW, n=(1, 300), delta=0.03), width=480)
    assert max(made) <= 64
    assert sum(made) == 300 + profile.SOME


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_row_of_any_image_and_window_is_drawn(name):
    shape, window = ODD[name]
    drawing = profile.profile(noise(shape[1], 3), window, width=640)
    edges = [drawing[:3], drawing[-3:], drawing[:, :3], drawing[:, -3:]]
    assert all((edge == BACKGROUND).all() for edge in edges)


def test_a_column_is_resampled_as_the_row_of_the_turned_image_is():
    pixels, across = noise(80, 3), moved(WINDOW, gx=3, gy=39.5, n=(1, 12))
    down = moved(WINDOW, gx=39.5, gy=3, n=(12, 1))
    row, column = profile.profile(pixels, across), profile.profile(pixels, down, 0)
    for top in TOPS:
        graph = slice(top, top + HEIGHT + STRIP), slice(LEFT, LEFT + WIDTH)
        np.testing.assert_array_equal(row[graph], column[graph])
    assert (row != column).any()  # their words
    assert profile._titles(WINDOW, 1, 8)[0] == "the pixels of row 3, and 8 of the 12 filters over them"
    assert profile._titles(WINDOW, 0, 1)[0] == "the pixels of column 39.5, and all filters (1) over them"


@pytest.mark.parametrize("width", [480, 1200])
def test_a_profile_is_as_wide_as_it_is_told(width):
    drawing = profile.profile(noise(80, 3), WINDOW, theme=LIGHT, width=width)
    assert drawing.shape[1] == width
    assert all((edge == 255).all() for edge in (drawing[:3], drawing[-3:], drawing[:, :3], drawing[:, -3:]))


def test_the_frames_of_a_film_share_the_place_of_every_pixel():
    """The pixels stand still while the filters move over them."""
    pixels, film = noise(80, 3), [moved(WINDOW, gy=gy) for gy in (30, 45)]
    one, two = (profile.profile(pixels, window, among=film) for window in film)
    bars = [drawing[TOPS[0] + HEIGHT + 1 : TOPS[0] + HEIGHT + STRIP] for drawing in (one, two)]
    np.testing.assert_array_equal(*bars)
    assert one.shape == two.shape
