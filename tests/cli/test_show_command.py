"""`glimpse show`: the drawing of the library, for pictures of every kind."""

from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import invoke, lines, noise, opened, save

from glimpse import Window, read
from glimpse.drawing import figure, profile, viewport

SHAPE = 30, 260  # as long as a picture must be that is not drawn twice as large

KINDS = {"L": ((), np.uint8), "LA": ((2,), np.uint8), "RGB": ((3,), np.uint8), "RGBA": ((4,), np.uint8)}
KINDS |= {"I;16": ((), np.uint16)}


def on_black(levels):
    """8-bit RGB of noise of any kind, its alpha on black."""
    levels = np.atleast_3d(levels).astype(float)
    if levels.shape[2] in (2, 4):
        levels = levels[..., :-1] * levels[..., -1:] / 255
    return levels


@pytest.mark.parametrize("kind", KINDS)
def test_show_is_the_drawing_of_the_library(kind):
    bands, dtype = KINDS[kind]
    levels = noise(*SHAPE, *bands).astype(dtype) * (257 if dtype == np.uint16 else 1)
    save("a.png", levels.astype(dtype))
    result = invoke("show", "a.png", *split("--gx 12 --gy 25 --delta 1.5 --sigma 0.9 -n 9,12 -o s.png"))
    assert result.exit_code == 0, result.stderr
    window = Window(12, 25, 1.5, 0.9, n=(9, 12))
    image = on_black(levels) / (257 if dtype == np.uint16 else 1)
    patch = read(image.astype(np.float32), window, channel_axis=2)
    expected = figure.show(viewport.to_rgb(image, 255), window, viewport.to_rgb(patch, 255))
    np.testing.assert_allclose(opened("s.png"), expected.astype(float), atol=1)
    assert lines(result.stderr) == [
        "a.png: 9 x 12 window, row 12 (gx), col 25 (gy), delta 1.5, sigma 0.9 -> s.png"
    ]


def test_a_drawing_is_no_patch():
    save("a.png", noise(*SHAPE, 3))
    invoke("show", "a.png")
    assert invoke("info", "a-show.png").exit_code == 1


def test_show_like_a_patch_and_through_pipes():
    save("a.png", noise(*SHAPE, 3))
    invoke("read", "a.png", *split("--gx 12 -n 9 -o p.png"))
    piped = invoke("show", "-", "--like", "p.png", stdin=Path("a.png").read_bytes())
    invoke("show", "a.png", *split("--gx 12 -n 9 -o s.png"))
    np.testing.assert_array_equal(opened(piped.stdout_bytes), opened("s.png"))


HOW = ["", "-n 1", "-n 200,1", "--delta 90", "--gx -9e8 --gy 9e8", "--sigma 1e-9"]
ODD = [(shape, "") for shape in [(1, 1), (300, 1), (3, 5)]] + [((1, 300), how) for how in HOW]


@pytest.mark.parametrize(("shape", "how"), ODD)
def test_odd_images_and_windows_are_shown(shape, how):
    save("o.png", np.dstack([noise(*shape)] * 3))
    result = invoke("show", "o.png", *split(how))
    assert result.exit_code == 0, result.stderr


def test_a_profile_is_the_figure_of_the_row_under_the_centre():
    levels = noise(*SHAPE, 3)
    save("a.png", levels)
    how = "--row 12.4 --col 25 --delta 1.5 --sigma 0.9 -n 9,12"
    result = invoke("show", "a.png", *split(f"{how} --profile -o s.png"))
    expected = profile.profile(levels[12], Window(12.4, 25, 1.5, 0.9, n=(9, 12)))
    np.testing.assert_array_equal(opened("s.png"), expected)
    assert lines(result.stderr) == [
        "a.png: profile, row 12.4 (gx), col 25 (gy), delta 1.5, sigma 0.9 -> s.png"
    ]


@pytest.mark.parametrize("gx", [-500, 500])
def test_a_profile_off_the_image_is_of_its_nearest_row(gx):
    levels = noise(*SHAPE, 3)
    save("a.png", levels)
    assert invoke("show", "a.png", *split(f"--row {gx} -n 9 --profile -o s.png")).exit_code == 0
    row = levels[0 if gx < 0 else -1]
    window = Window.centered(SHAPE, 9, gx=gx)
    np.testing.assert_array_equal(opened("s.png"), profile.profile(row, window))


def test_a_profile_is_no_page():
    save("a.png", noise(*SHAPE, 3))
    result = invoke("show", "a.png", "--profile", "-o", "s.html")
    assert result.exit_code == 2
    assert "must end in .png" in result.stderr
