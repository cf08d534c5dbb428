"""Drawings out of Python: those of the commands, of any picture that Python has."""

import re
from html import unescape

import numpy as np
import pytest
from helpers import noise, opened
from PIL import Image

import glimpse
from glimpse import GlimpseError, Location, Window, read
from glimpse.drawing import figure, paths, profile, sheet
from glimpse.drawing.viewport import LIGHT
from glimpse.notebook.pictures import levels_of

WINDOW = Window(30, 40, delta=2, sigma=1, n=8)
PHOTO = noise(60, 80, 3)


def rounded_patch(window):
    return np.clip(np.rint(read(PHOTO, window, channel_axis=2)), 0, 255).astype(np.uint8)


def test_show_is_the_picture_of_the_command():
    expected = figure.show(PHOTO, WINDOW, rounded_patch(WINDOW), theme=LIGHT, width=640)
    np.testing.assert_array_equal(glimpse.show(PHOTO, WINDOW, theme="light", width=640), expected)
    whole = Window.centered((60, 80))
    np.testing.assert_array_equal(glimpse.show(PHOTO), figure.show(PHOTO, whole, rounded_patch(whole)))


def test_show_numbers_several_windows():
    many = [WINDOW, WINDOW.replace(gx=10, n=4)]
    expected = sheet.show_all(PHOTO, many, list(map(rounded_patch, many)), width=480)
    np.testing.assert_array_equal(glimpse.show(PHOTO, many, width=480), expected)


def test_a_profile_is_the_one_of_the_command():
    row, column = (
        np.asarray(glimpse.profile(PHOTO, WINDOW, along, width=480)) for along in ("row", "column")
    )
    np.testing.assert_array_equal(row, profile.profile(PHOTO[30], WINDOW, width=480))
    np.testing.assert_array_equal(column, profile.profile(PHOTO[:, 40], WINDOW, 0, width=480))
    with pytest.raises(GlimpseError, match="along must be row or column, got 'diagonal'"):
        glimpse.profile(PHOTO, WINDOW, "diagonal")


def test_a_film_plays_in_a_notebook_and_remembers_its_windows(tmp_path):
    last = WINDOW.replace(delta=4, sigma=2)
    film = glimpse.sweep(PHOTO, WINDOW, last, frames=3, fps=10, width=480)
    assert repr(film) == f"<Animation of 3 frames of {film.frames[0].shape[0]} x 480>"
    assert film._repr_html_().startswith('<img alt="&lt;Animation of 3')
    film.save(tmp_path / "a.apng")
    with Image.open(tmp_path / "a.apng") as saved:
        assert saved.n_frames == 3
        for index, window in enumerate(paths.path(WINDOW, last, 3)):
            saved.seek(index)
            np.testing.assert_array_equal(saved.convert("RGB"), film.frames[index])
            assert window.delta == pytest.approx(2 * 2 ** (index / 2))
    with pytest.raises(GlimpseError, match="an animation is"):
        film.save(tmp_path / "a.mp4")
    with pytest.raises(GlimpseError):
        film.save(tmp_path / "a.apng")


def test_the_page_stands_in_a_frame_of_its_own(tmp_path):
    found = glimpse.explore(PHOTO, WINDOW, name='<b>"x"&')
    frame = re.fullmatch(r'<iframe srcdoc="([^"]*)" style="[^"]*" allow="clipboard-write"></iframe>',
                         found._repr_html_(), re.DOTALL)  # fmt: skip
    assert unescape(frame[1]) == found.html
    assert "<b>" not in found.html
    assert len(repr(found)) < 200
    found.save(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text("utf-8") == found.html


PICTURES = {
    "grey": (noise(5, 7), lambda a: np.repeat(a[..., None], 3, 2)),
    "rgb": (noise(5, 7, 3), lambda a: a),
    "shares": (noise(5, 7, 3) / 255, lambda a: np.rint(a * 255)),
    "levels as floats": (noise(5, 7, 3).astype(float), lambda a: a),
    "16 bits": (noise(5, 7).astype(np.uint16) * 257, lambda a: np.repeat(a[..., None] // 257, 3, 2)),
    "a mask": (noise(5, 7) > 99, lambda a: np.repeat(a[..., None], 3, 2) * 255),
    "alpha": (noise(5, 7, 4), lambda a: np.rint(a[..., :3] * (a[..., 3:] / 255))),
}


@pytest.mark.parametrize(("picture", "expected"), PICTURES.values(), ids=PICTURES)
def test_every_picture_is_taken_in_its_own_levels(picture, expected):
    np.testing.assert_array_equal(levels_of(picture), expected(picture))
    if picture.dtype == np.uint8:
        np.testing.assert_array_equal(levels_of(Image.fromarray(picture)), expected(picture))
        np.testing.assert_array_equal(levels_of(picture.tolist()), expected(picture))


@pytest.mark.parametrize(
    "wrong", [np.zeros(0), np.zeros((4, 5, 6)), np.zeros((0, 4)), np.array([["a"]]), np.full((3, 3), np.nan)]
)
def test_what_is_no_picture_is_said(wrong):
    with pytest.raises(GlimpseError, match="drawn by the command: glimpse show"):
        glimpse.profile(np.zeros(3), WINDOW)
    with pytest.raises(GlimpseError, match="an image "):
        glimpse.show(wrong, WINDOW)
    with pytest.raises(GlimpseError, match="the theme must be dark or light"):
        glimpse.show(PHOTO, WINDOW, theme="pink")


def test_a_window_shows_itself_without_an_image():
    picture = opened(WINDOW._repr_png_())
    np.testing.assert_array_equal(picture, figure.sketch(WINDOW))
    location = Location(WINDOW, 0.0, 0.0, 1.0, True, (WINDOW,) * 50)
    assert location._repr_png_() == WINDOW._repr_png_()
    assert len(repr(location)) < 200
    many = Window.from_boxes(np.array([[0.0, 0, 8, 4], [2, 2, 4, 6]]), n=4)
    assert many._repr_png_() is None


def test_a_short_repr_makes_the_window_again():
    for window in (WINDOW, WINDOW.replace(gamma=2.0, kernel="box", edge="black", n=(3, 4), delta=(1.0, 2.0))):
        assert eval(repr(window), {"Window": Window}) == window
    assert repr(WINDOW) == "Window(gx=30.0, gy=40.0, delta=2.0, sigma=1.0, n=8)"


@pytest.mark.parametrize("far", [1e9, 1e-9, 1.0])
def test_any_window_has_a_sketch(far):
    drawing = figure.sketch(Window(-far, far, far, far, n=(1, 300)))
    assert min(drawing.shape[:2]) > 50
    assert max(drawing.shape) < 2000
