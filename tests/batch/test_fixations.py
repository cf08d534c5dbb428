"""`--table` of `glimpse sweep` and `glimpse show`: the windows of the rows, in order, as long as they say."""

import json
from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import SHAPE, invoke, lines, noise, opened, save
from PIL import Image

from glimpse import Window, limits, read
from glimpse.batch import films
from glimpse.drawing import panels, sheet, viewport

ROWS = [(12, 25, 1.5, 400), (5.5, 9, 1, 250), (20, 30, 2, 300)]
WINDOWS = [Window.centered(SHAPE, 9, gx=gx, gy=gy, delta=delta) for gx, gy, delta, _ in ROWS]


@pytest.fixture
def table(folder):
    return written(["gx,gy,delta,duration", *(",".join(map(str, row)) for row in ROWS)])


def written(rows, name="t.csv"):
    Path(name).write_text("\n".join(rows) + "\n")
    return name


STANDS = [400, 250, 300]


def patches(image):
    levels = opened(image)
    return [np.clip(np.rint(read(levels, w, channel_axis=2)), 0, 255).astype(np.uint8) for w in WINDOWS]


def shown(source):
    """Each picture of an animation, and its hundredths of a second."""
    with Image.open(source) as animation:
        found = []
        for i in range(animation.n_frames):
            animation.seek(i)
            found.append((np.asarray(animation.convert("RGB")), round(animation.info["duration"] / 10)))
    return found


@pytest.mark.parametrize("suffix", ["webp", "apng", "gif"])
def test_a_window_stands_at_each_row_and_moves_between(suffix, image, table):
    result = invoke("sweep", image, *split(f"--table {table} -n 9 --fps 50 --plain -o s.{suffix}"))
    assert result.exit_code == 0, result.stderr
    found = shown(f"s.{suffix}")
    assert [delay for _, delay in found] == [40, 2, 2, 2, 25, 2, 2, 2, 30]
    for (frame, _), patch in zip(found[::4], patches(image), strict=True):
        assert np.abs(frame.astype(int) - patch).max() <= (0 if suffix != "gif" else 40)
    assert f"3 windows, 9 frames of 9 x 9, {1.07:.2f} s" in result.stderr


def test_a_panel_shows_the_path_so_far(image, table):
    assert (
        invoke("sweep", image, *split(f"--table {table} -n 9 --saccade 0 --width 480 -o s.webp")).exit_code
        == 0
    )
    panel = panels.Panel(opened(image), WINDOWS, None, width=480)
    for i, ((frame, _), patch) in enumerate(zip(shown("s.webp"), patches(image), strict=True)):
        np.testing.assert_array_equal(frame, panel.draw(WINDOWS[i], patch, WINDOWS[: i + 1], STANDS))


def test_an_animation_remembers_all_its_windows_while_they_fit_a_record(image, table, monkeypatch):
    invoke("sweep", image, *split(f"--table {table} -n 9 --zoom 1 --plain -o s.gif"))
    told = json.loads(invoke("info", "s.gif").stdout)
    assert [told[key] for key in ("gx", "gy", "delta")] == list(ROWS[0][:3])
    assert [w.get("gx", 12) for w in told["windows"]] == [12, 5.5, 20]
    monkeypatch.setattr(limits, "RECORD_BYTES", 300)
    result = invoke("sweep", image, *split(f"--table {table} -n 9 --zoom 1 --plain -o t.gif"))
    assert result.exit_code == 0
    assert "3 windows are too many for a record" in result.stderr
    with Image.open("t.gif") as animation:
        assert "comment" not in animation.info


def test_a_large_film_of_a_table_is_told_how_to_become_smaller(image, table, monkeypatch):
    monkeypatch.setattr(films, "LARGE", 100)
    result = invoke("sweep", image, *split(f"--table {table} -n 9 --zoom 1 --plain -o s.gif"))
    assert "kB; --saccade 0 or .webp make it smaller" in result.stderr


def test_stills_of_a_table_are_the_reads_of_its_rows(image, table):
    result = invoke("sweep", image, *split(f"--table {table} -n 9 --saccade 0 --plain"), "-o", "{index}.png")
    assert result.exit_code == 0, result.stderr
    for i, patch in enumerate(patches(image)):
        np.testing.assert_array_equal(opened(f"{i}.png"), patch)


def test_a_table_without_durations_stands_300_milliseconds(image):
    table = written(["x,y", "9,5", "25,12"])
    invoke("sweep", image, *split(f"--table {table} -n 9 --delta 1 --saccade 0 --plain --hold 2 -o s.webp"))
    assert [delay for _, delay in shown("s.webp")] == [30, 200]


def test_a_duration_may_be_named_otherwise_and_have_a_decimal_comma(image):
    table = written(["x;y;FIX_MS", "9;5;250,4", "25;12;100,0"])
    how = f"--table {table} --columns duration=FIX_MS -n 9 --delta 1 --saccade 0 --plain -o s.webp"
    assert invoke("sweep", image, *split(how)).exit_code == 0
    assert [delay for _, delay in shown("s.webp")] == [25, 10]


def test_a_boomerang_goes_back_along_the_rows(image, table):
    invoke("sweep", image, *split(f"--table {table} -n 9 --saccade 0 --boomerang --plain -o s.webp"))
    assert [delay for _, delay in shown("s.webp")] == [40, 25, 30, 25]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_durations_are_kept_to_the_millisecond_or_the_rounding_is_said(image, suffix):
    table = written(["gx,gy,delta,duration", "12,25,1,123", "20,9,1,7", "9,9,1,301"])
    result = invoke("sweep", image, *split(f"--table {table} -n 9 --saccade 0 --plain -o s{suffix}"))
    with Image.open(f"s{suffix}") as animation:
        stood = []
        for frame in range(3):
            animation.seek(frame)
            animation.load()
            stood.append(round(animation.info["duration"]))
    exact = suffix != ".gif"
    assert stood == ([123, 7, 301] if exact else [120, 20, 300])
    assert ("durations were rounded to hundredths of a second" in result.stderr) == (not exact)


BAD = ["gx,gy,delta,n,duration", "12,25,1,9,100", "12,x,1,9,100", "1,2,3,8,100", "5,6,1,9,-3", "9,9,1,9,80"]


def test_a_bad_row_costs_only_itself(image):
    result = invoke("sweep", image, *split(f"--table {written(BAD)} --saccade 0 --plain -o s.webp"))
    assert result.exit_code == 1
    assert lines(result.stderr)[-1] == "glimpse: 3 of 5 windows failed"
    assert [delay for _, delay in shown("s.webp")] == [10, 8]
    told = [line for line in lines(result.stderr) if "t.csv" in line]
    assert [line.split(": ")[1] for line in told] == ["t.csv:3", "t.csv:4", "t.csv:5"]
    assert "its patch is 8 x 8, the first one is 9 x 9; an animation has one n" in told[1]
    assert "duration must be above 0" in told[2]


@pytest.mark.parametrize(
    ("duration", "stands"), [("600000", True), ("600000.5", False), ("0", False), ("0.1", True)]
)
def test_a_window_stands_above_0_and_at_most_ten_minutes(duration, stands, image):
    table = written(["gx,gy,duration", f"12,25,{duration}", "9,9,50"])
    result = invoke("sweep", image, *split(f"--table {table} -n 9 --saccade 0 --plain -o s.webp"))
    assert result.exit_code == (0 if stands else 1)
    assert ("duration must be above 0 and at most 600000 milliseconds" in result.stderr) == (not stands)


@pytest.mark.parametrize("command", ["sweep", "show"])
def test_a_table_of_no_window_is_one_line(command, image):
    result = invoke(command, image, "--table", written(["gx,gy"]))
    assert result.exit_code == 1
    assert lines(result.stderr) == ["glimpse: a.png: none of its 0 rows is a window"]


@pytest.mark.parametrize("command", ["sweep --plain --zoom 1", "show --width 480"])
def test_the_table_may_name_the_one_image(command, image):
    one = written(["image,gx,gy", "a.png,5,6", "a.png,9,9"])
    assert invoke(*split(f"{command} --table {one} --delta 1 -n 9")).exit_code == 0
    two = written(["image,gx,gy", "a.png,5,6", "b.png,9,9"])
    result = invoke(*split(f"{command} --table {two} --delta 1 -n 9 --overwrite"))
    assert result.exit_code == 2
    assert "names 2 images (a.png, b.png); keep the rows of one, or give -o a folder" in result.stderr


@pytest.mark.parametrize(
    ("command", "ending"), [("sweep --plain --zoom 1", "-sweep.gif"), ("show --width 480", "-show.png")]
)
def test_each_image_of_a_table_has_a_file_in_a_folder(command, ending, image):
    save("a.png", noise(30, 260, 3))
    save("b.png", noise(30, 260, 3, seed=1))
    both = ["a.png,5,6", "b.png,9,x", "b.png,9,30", ",1,1", "a.png,20,9", "b.png,3,4", "none.png,1,1"]
    written(["image,gx,gy", *both])
    result = invoke(*split(f"{command} --table t.csv --delta 1 -n 9 -o out/"))
    assert result.exit_code == 1
    for name, rows in (("a", (0, 4)), ("b", (2, 5))):
        written(["image,gx,gy", *(both[row] for row in rows)], f"{name}.csv")
        assert invoke(*split(f"{command} --table {name}.csv --delta 1 -n 9")).exit_code == 0
        assert Path(f"out/{name}{ending}").read_bytes() == Path(f"{name}{ending}").read_bytes()
    failed = [line for line in lines(result.stderr) if line.startswith("glimpse:")]
    assert [line.split(": ")[1] for line in failed[:-1]] == ["t.csv:5", "t.csv:3", "none.png"]
    assert failed[-1] == "glimpse: 3 of 7 windows failed"


def test_stills_of_two_images_need_names_of_their_own(image):
    save("b.png", noise(*SHAPE, 3, seed=1))
    how = f"sweep --table {written(['image,gx,gy', 'a.png,5,6', 'b.png,9,9'])} --delta 1 -n 9 --plain"
    result = invoke(*split(how), "-o", "{index}.png")
    assert result.exit_code == 2
    assert "a.png and b.png would both become 0.png; give -o a template such as {parent}/" in result.stderr
    assert invoke(*split(how), "-o", "{stem}{index}.png").exit_code == 0
    assert {path.name for path in Path().glob("*.png")} == {"a.png", "b.png", "a0.png", "b0.png"}


@pytest.mark.parametrize("command", ["sweep --plain --zoom 1", "show --width 480"])
def test_it_is_said_which_windows_lie_beyond_the_image(command, image):
    save("a.png", noise(30, 260, 3))
    rows = ["9,9", "-900,9", "-800,9", "9,9", "9,900", "5,5"]
    table = written(["gx,gy", *rows])
    result = invoke(*split(f"{command} {image} --table {table} --delta 1 -n 9"))
    assert "; the window lies wholly beyond the image (windows 2 to 3, 5 of 6)" in result.stderr


def test_a_table_of_several_images_is_python_s_too(image):
    save("b.png", noise(*SHAPE, 3, seed=1))
    found = films.sweep([("a.png", WINDOWS[0]), ("b.png", WINDOWS[1]), ("a.png", WINDOWS[2])], "out/",
                        film=films.FilmOptions(plain=True, saccade=0))  # fmt: skip
    assert len(found) == 2
    assert [(one.state, one.output, one.window, one.last) for one in found] == [
        ("written", "out/a-sweep.gif", WINDOWS[0], WINDOWS[2]),
        ("written", "out/b-sweep.gif", WINDOWS[1], WINDOWS[1]),
    ]


WRONG = {
    "sweep a.png --table t.csv --frames 9": "--frames is about a range",
    "sweep a.png --table t.csv --sigma 1:8": "a range and a --table both say how the window moves",
    "sweep --delta 1:8": "Missing argument 'IMAGE'",
    "show": "Missing argument 'IMAGE'",
    "show a.png --table t.csv --profile": "--profile is of one window",
    "sweep a.png --slice :9 --slice 9: --slice 1:": "--slice is given 3 times",
    "sweep a.png --box 1,1,2,2 --box 1,1,3,3 --box 1,1,4,4": "--box is given 3 times",
    "sweep a.png --box 1,1,2,2:1,1,3,3 --box 1,1,4,4": "--box is a range and is given twice",
}


def test_two_columns_of_durations_have_to_agree(image):
    written(["gx,gy,duration,duration_s", "9,9,1200,1.2", "9,9,,2", "9,20,1200,5"])
    result = invoke(*split("sweep a.png --table t.csv"))
    assert result.exit_code == 2
    said = "t.csv:4: column duration_s says 5000 ms and duration says 1200 ms; leave out one of them"
    assert said in result.stderr
    written(["gx,gy,duration,duration_s", "9,9,1200,1.2", "9,20,300,0.3"])
    assert invoke(*split("sweep a.png --table t.csv -n 9 --saccade 0 --plain -o s.webp")).exit_code == 0


@pytest.mark.parametrize(("command", "message"), WRONG.items(), ids=WRONG)
def test_wrong_usage_is_told(command, message, image, table):
    result = invoke(*split(command))
    assert result.exit_code == 2
    assert message in result.stderr


def test_show_draws_all_windows_of_a_table(image, table):
    result = invoke("show", image, *split(f"--table {table} -n 9 --width 480 -o s.png"))
    assert result.exit_code == 0, result.stderr
    expected = sheet.show_all(opened(image), WINDOWS, patches(image), durations=STANDS, width=480)
    np.testing.assert_array_equal(opened("s.png"), expected)
    assert lines(result.stderr) == [
        "a.png: 3 windows, row 12:20 (gx), col 25:30 (gy), delta 1.5:2, sigma 0.75:1 -> s.png"
    ]


def test_show_takes_rows_of_any_n_and_tells_of_bad_ones(image):
    result = invoke("show", image, *split(f"--table {written(BAD)} --width 480 -o s.png"))
    assert result.exit_code == 1
    assert "a.png: 3 windows" in result.stderr
    assert opened("s.png").ndim == 3


def test_show_says_how_many_rows_one_picture_holds(image):
    table = written(["gx,gy", *["5,5"] * (limits.SHEET_WINDOWS + 1)])
    result = invoke("show", image, "--table", table)
    assert result.exit_code == 1
    assert "501 rows; one picture shows at most 500 windows" in result.stderr


@pytest.mark.parametrize("typed", ["--slice 0:9,0:18 --slice 9:27,8:44", "--box 0,0,18,9 --box 8,9,36,18"])
def test_two_places_are_the_ends_of_a_sweep(typed, image):
    result = invoke("sweep", image, *split(f"{typed} -n 9,18 --frames 3 --plain -o s.webp"))
    assert result.exit_code == 0, result.stderr
    ends = [Window.from_slice(text, SHAPE, (9, 18)) for text in ("0:9,0:18", "9:27,8:44")]
    found = shown("s.webp")
    for (frame, _), window in zip(found[::2], ends, strict=True):
        np.testing.assert_array_equal(frame, np.rint(read(opened(image), window, channel_axis=2)))
    assert viewport.to_rgb(found[1][0], 255).shape == (9, 18, 3)


@pytest.mark.parametrize(
    ("rows", "told"), [("", "has no rows"), (",3,4\n,5,6\n", "names 0 images (); keep the rows of one")]
)
def test_a_table_that_names_no_image_says_whether_it_has_rows(rows, told):
    Path("none.csv").write_text(f"image,x,y\n{rows}", encoding="utf-8")
    result = invoke(*split("sweep --table none.csv -o s.gif"))
    assert result.exit_code == 2
    assert told in result.stderr
