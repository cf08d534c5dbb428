"""`glimpse show`: the drawing of the library, for pictures of every kind."""

import json
import re
from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import invoke, lines, noise, opened, save

from glimpse import Window, read
from glimpse.drawing import figure, profile, sheet, viewport

SHAPE = 30, 260  # as long as a picture must be that is not drawn twice as large
NARROW = {"width": 400}  # pixels: a drawing of the usual width takes three times as long
TO_WIDTH = "--width", "400"

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
    result = invoke(
        "show", "a.png", *split("--gx 12 --gy 25 --delta 1.5 --sigma 0.9 -n 9,12 -o s.png"), *TO_WIDTH
    )
    assert result.exit_code == 0, result.stderr
    window = Window(12, 25, 1.5, 0.9, n=(9, 12))
    image = on_black(levels) / (257 if dtype == np.uint16 else 1)
    patch = read(image.astype(np.float32), window, channel_axis=2)
    expected = figure.show(viewport.to_rgb(image, 255), window, viewport.to_rgb(patch, 255), **NARROW)
    np.testing.assert_allclose(opened("s.png"), expected.astype(float), atol=1)
    assert lines(result.stderr) == [
        "a.png: 9 x 12 window, row 12 (gx), col 25 (gy), delta 1.5, sigma 0.9 -> s.png"
    ]


def test_a_drawing_is_no_patch():
    save("a.png", noise(*SHAPE, 3))
    invoke("show", "a.png", *TO_WIDTH)
    assert invoke("info", "a-show.png").exit_code == 1


def test_show_like_a_patch_and_through_pipes():
    save("a.png", noise(*SHAPE, 3))
    invoke("read", "a.png", *split("--gx 12 -n 9 -o p.png"))
    piped = invoke("show", "-", "--like", "p.png", *TO_WIDTH, stdin=Path("a.png").read_bytes())
    invoke("show", "a.png", *split("--gx 12 -n 9 -o s.png"), *TO_WIDTH)
    np.testing.assert_array_equal(opened(piped.stdout_bytes), opened("s.png"))


HOW = ["", "-n 1", "-n 200,1", "--delta 90", "--gx -9e8 --gy 9e8", "--sigma 1e-9"]
ODD = [(shape, "") for shape in [(1, 1), (300, 1), (1, 300)]]
ODD += [((3, 5), "--width 400"), *(((1, 300), f"{how} --width 400") for how in HOW[1:])]


@pytest.mark.parametrize(("shape", "how"), ODD)
def test_odd_images_and_windows_are_shown(shape, how):
    save("o.png", np.dstack([noise(*shape)] * 3))
    result = invoke("show", "o.png", *split(how))
    assert result.exit_code == 0, result.stderr


def test_a_profile_is_the_figure_of_the_row_under_the_centre():
    levels = noise(*SHAPE, 3)
    save("a.png", levels)
    how = "--row 12.4 --col 25 --delta 1.5 --sigma 0.9 -n 9,12"
    result = invoke("show", "a.png", *split(f"{how} --profile -o s.png"), *TO_WIDTH)
    expected = profile.profile(levels[12], Window(12.4, 25, 1.5, 0.9, n=(9, 12)), **NARROW)
    np.testing.assert_array_equal(opened("s.png"), expected)
    assert lines(result.stderr) == [
        "a.png: profile, row 12.4 (gx), col 25 (gy), delta 1.5, sigma 0.9 -> s.png"
    ]


@pytest.mark.parametrize("gx", [-500, 500])
def test_a_profile_off_the_image_is_of_its_nearest_row(gx):
    levels = noise(*SHAPE, 3)
    save("a.png", levels)
    result = invoke("show", "a.png", *split(f"--row {gx} -n 9 --profile -o s.png"), *TO_WIDTH)
    assert result.exit_code == 0
    row = levels[0 if gx < 0 else -1]
    window = Window.centered(SHAPE, 9, gx=gx)
    np.testing.assert_array_equal(opened("s.png"), profile.profile(row, window, **NARROW))


def test_a_profile_is_no_page():
    save("a.png", noise(*SHAPE, 3))
    result = invoke("show", "a.png", "--profile", "-o", "s.html")
    assert result.exit_code == 2
    assert "must end in .png" in result.stderr


# Pictures for slides


def look_of(image, *windows):
    """The image as it is drawn, and the patch of each window."""
    patches = [viewport.to_rgb(read(image, window, channel_axis=2), 255) for window in windows]
    return viewport.to_rgb(image, 255), patches


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    levels = noise(90, 120, 3)
    save("a.png", levels)
    return levels


def drawn(*words):
    result = invoke("show", *words, "-o", "s.png", "--overwrite", *TO_WIDTH)
    assert result.exit_code == 0, result.stderr
    return opened("s.png")


def test_the_theme_and_the_width_are_those_of_the_library(photo):
    window = Window(40, 60, 2, 1, n=9)
    image, (patch,) = look_of(photo, window)
    expected = figure.show(image, window, patch, theme=viewport.LIGHT, **NARROW)
    found = drawn("a.png", *split("--gx 40 --gy 60 --delta 2 -n 9 --theme light"))
    np.testing.assert_array_equal(found, expected)


def test_compared_settings_are_windows_that_differ_in_them(photo):
    windows = [Window(40, 60, 2, sigma, n=9) for sigma in (1, 2, 4)]
    image, patches = look_of(photo, *windows)
    expected = sheet.compare(image, windows, patches, ["sigma 1", "sigma 2", "sigma 4"], **NARROW)
    place = split("--row 40 --col 60 --delta 2 -n 9")
    np.testing.assert_array_equal(drawn("a.png", *place, "--compare", "sigma=1,2,4"), expected)
    deltas = [
        Window.centered((90, 120), n=n, kernel=kernel) for kernel in ("gaussian", "box") for n in (4, 8)
    ]
    _, grid = look_of(photo, *deltas)
    labels = ["kernel gaussian", "kernel box"], ["n 4", "n 8"]
    expected = sheet.grid([grid[:2], grid[2:]], *labels, theme=viewport.LIGHT, **NARROW)
    found = drawn("a.png", *split("--compare kernel=gaussian,box --compare n=4,8 --theme light"))
    np.testing.assert_array_equal(found, expected)


def test_a_compared_setting_goes_before_an_earlier_patch(photo):
    assert invoke("read", "a.png", *split("--row 40 --col 60 --delta 2 -n 9 -o p.png")).exit_code == 0
    windows = [Window(40, 60, 2, sigma, n=9) for sigma in (1, 4)]
    image, patches = look_of(photo, *windows)
    expected = sheet.compare(image, windows, patches, ["sigma 1", "sigma 4"], **NARROW)
    np.testing.assert_array_equal(drawn("a.png", "--like", "p.png", "--compare", "sigma=1,4"), expected)


def test_a_profile_of_a_column_is_of_the_pixels_under_the_centre(photo):
    window = Window(40, 61, 2, 1, n=9)
    place = split("--row 40 --col 61 --delta 2 -n 9")
    row = profile.profile(photo[40], window, **NARROW)
    column = profile.profile(photo[:, 61], window, 0, **NARROW)
    np.testing.assert_array_equal(drawn("a.png", *place, "--profile", "column"), column)
    np.testing.assert_array_equal(drawn("a.png", *place, "--profile"), row)
    np.testing.assert_array_equal(drawn(*place, "--profile", "a.png"), row)  # the image is no kind of profile


def test_the_heat_of_a_table_is_that_of_its_durations(photo):
    Path("t.csv").write_text("row,col,duration\n20,30,100\n60,90,900\n")
    windows = [Window(20, 30, 1, 0.5, n=16), Window(60, 90, 1, 0.5, n=16)]
    expected = sheet.heat_map(look_of(photo)[0], windows, [100, 900], **NARROW)
    found = drawn("a.png", *split("--table t.csv --delta 1 -n 16 --heat"))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("--profile diagonal", "--profile is of a row or a column, got 'diagonal'"),
        ("--heat", "--heat is of many windows; give a --table of them"),
        ("--compare sigma", "'sigma' is no setting with its values, such as sigma=1,2,4,8"),
        ("--compare sgma=1,2", "one of gx, gy, delta, sigma, gamma, n, kernel, edge"),
        ("--compare sigma=1", "'sigma=1' has one value; give two or more"),
        ("--compare sigma=1,-2", "sigma must be > 0, got -2"),
        ("--compare kernel=box,bix", "'bix' is not gaussian or box"),
        ("--compare sigma=1,2 --compare sigma=3,4", "--compare is given once, or twice with two settings"),
        ("--compare sigma=1,2 --profile", "--profile and --compare are two drawings"),
        ("--width 20", "'20' is not a whole number from 200 to 8192"),
        ("--theme pink", "'pink' is not one of 'dark', 'light'"),
        ("--table t.csv --compare n=4,8", "--compare is of one window, --table of many"),
        ("--compare n=4,8 -o a.html", "-o a.html: the name must end in .png"),
    ],
)
def test_drawings_that_cannot_be_are_refused_in_one_line(photo, how, message):
    Path("t.csv").write_text("row,col\n20,30\n")
    result = invoke("show", "a.png", *split(how))
    assert (result.exit_code, len(lines(result.stderr))) == (2, 1)
    assert message in result.stderr


def test_the_page_of_a_table_has_its_rows_and_what_it_keeps_of_them(photo):
    save("b.png", noise(30, 20))
    table = (
        "file,label,bbox_x,y,w,h\na.png,<b>,10,20,30,40\nb.png,c,1,2,3,4\na.png,d,5,5,0,5\na.png,e,5,5,6,6\n"
    )
    Path("t.csv").write_text(table)
    result = invoke("show", *split("--table t.csv --columns x=bbox_x -n 8 -o p.html"))
    assert result.exit_code == 1
    told = lines(result.stderr)
    assert (
        told[0]
        == "a.png: page of 3 windows -> p.html; 1 row is no window; the table that it saves has the others"
    )
    assert "t.csv:4: a box of 0 x 5 " in told[1]
    text = Path("p.html").read_text("utf-8")
    given = json.loads(re.search(r'id="given">(.*?)</script>', text, re.DOTALL)[1])
    assert given["table"]["header"] == ["image", "label"]
    assert given["table"]["cells"] == [["a.png", "<b>"], ["b.png", "c"], ["a.png", "e"]]
    assert given["table"]["places"] == ["x", "y", "w", "h"]
    assert [row.pop("image") for row in given["rows"]] == [0, 1, 0]
    assert Window.from_dict(given["rows"][1]) == Window.from_box((1, 2, 3, 4), n=8)
    assert "<b>" not in text


def test_the_page_of_a_table_of_centres_keeps_centres(photo):
    Path("t.csv").write_text("row,col,delta,duration,who\n20,30,2,100,a\n40,50,3,200,b\n")
    assert invoke("show", "a.png", *split("--table t.csv -n 8 -o p.html")).exit_code == 0
    given = json.loads(re.search(r'id="given">(.*?)</script>', Path("p.html").read_text(), re.DOTALL)[1])
    assert given["table"]["header"] == ["duration", "who"]
    assert given["table"]["places"] == ["gx", "gy", "delta"]
