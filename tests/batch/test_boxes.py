"""Boxes and other windows of any shape on the command line: the same as the library's, on every command."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import invoke, noise, opened, record, save
from PIL import Image

from glimpse import Window, read

SHAPE = 60, 88


@pytest.fixture(autouse=True)
def image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return save("a.png", noise(*SHAPE, 3))


def window_of(path):
    values = record(path)
    return Window.from_dict({name: values[name] for name in Window(1, 1, 1, 1).to_dict()})


def read_with(*args):
    result = invoke("read", "a.png", *args, "-o", "p.png", "--overwrite")
    assert result.exit_code == 0, result.stderr
    return window_of("p.png")


N = "-n", "64"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--box", "8,6,40,20", "-n", "10"], Window.from_box((8, 6, 40, 20), 10)),
        (["--box", "8.5,6.25,40.5,20", "-n", "10,12"], Window.from_box((8.5, 6.25, 40.5, 20), (10, 12))),
        (["--box", "25%,50%,50%,25%", "-n", "8"], Window.from_box((22, 30, 44, 15), 8)),
        (
            ["--box", "8,6,40,20", "--fit", "contain", "-n", "64"],
            Window.from_box((8, 6, 40, 20), fit="contain"),
        ),
        (["--box", "8,6,40,20", "--fit", "cover", *N], Window.from_box((8, 6, 40, 20), fit="cover")),
        (["--box", "8,6,40,20", "--pad", "10%", *N], Window.from_box((8, 6, 40, 20), pad="10%")),
        (["--box", "8,6,40,20", "--pad", "3", *N], Window.from_box((8, 6, 40, 20), pad=3)),
        (["--box", "8,6,40,20", "-n", "native"], Window.from_box((8, 6, 40, 20), "native")),
        (
            ["--box", "-8,-6,400,200", "--sigma", "3", *N],
            Window.from_box((-8, -6, 400, 200), sigma=3),
        ),
        (["--slice", "25%:75%,10:50", "-n", "10"], Window.from_slice("15:45,10:50", SHAPE, 10)),
        (["--slice", "10:40,20:90%", "-n", "native"], Window.from_slice("10:40,20:79.2", SHAPE, "native")),
        (["--delta", "3.2,4.1", "-n", "6"], Window(29.5, 43.5, (3.2, 4.1), (1.6, 2.05), n=6)),
        (["--delta", "2", "--sigma", "1,2", "-n", "6"], Window(29.5, 43.5, 2, (1, 2), n=6)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_window_is_that_of_the_library(words, expected):
    found = read_with(*words)
    assert found == expected
    np.testing.assert_array_equal(opened("p.png"), np.rint(read(opened("a.png"), found, channel_axis=2)))


def test_a_native_box_on_whole_pixels_comes_out_bit_for_bit():
    read_with("--box", "8,6,40,20", "-n", "native")
    np.testing.assert_array_equal(opened("p.png"), opened("a.png")[6:26, 8:48])


@pytest.mark.parametrize(
    ("words", "rows", "cols"),
    [
        ("--box 8,6,40,20", slice(6, 26), slice(8, 48)),
        ("--box 40x20+8+6", slice(6, 26), slice(8, 48)),
        ("--box xywh=8,6,40,20", slice(6, 26), slice(8, 48)),
        ("--box pct:25,50,50,25", slice(30, 45), slice(22, 66)),
        ("--slice 10:13,20:90", slice(10, 13), slice(20, 90)),
        ("--box 8,6,40,20 --pad 2", slice(4, 28), slice(6, 50)),
        ("--box 8,6,40,20 --fit contain", slice(6, 26), slice(8, 48)),
    ],
)
def test_a_box_without_n_is_its_pixels(words, rows, cols):
    read_with(*words.split())
    np.testing.assert_array_equal(opened("p.png"), opened("a.png")[rows, cols])


def test_fit_without_n_is_said_to_do_nothing():
    said = invoke("read", "a.png", "--box", "8,6,40,20", "--fit", "contain", "-o", "p.png").stderr
    assert "--fit goes with -n" in said


def test_a_row_without_n_is_the_pixels_of_its_box():
    Path("t.csv").write_text("image,x,y,w,h,n\na.png,8,6,40,20,\na.png,1,2,3,5,\na.png,8,6,40,20,7\n")
    assert invoke("read", "--table", "t.csv", "-o", "out/").exit_code == 0
    first, second, third = (opened(f"out/a-0000{k}.png") for k in range(3))
    np.testing.assert_array_equal(first, opened("a.png")[6:26, 8:48])
    np.testing.assert_array_equal(second, opened("a.png")[2:7, 1:4])
    assert third.shape[:2] == (7, 7)


def test_a_box_between_pixels_is_resampled_at_stride_1():
    assert read_with("--box", "8.25,6.5,40.3,20").delta == 1
    assert opened("p.png").shape[:2] == (20, 40)


def test_show_and_sweep_keep_64():
    assert (
        "64 x 64 window"
        in invoke("show", "a.png", "--box", "8,6,40,20", "--width", "400", "-o", "p.png").stderr
    )
    words = ["--box", "8,6,40,20:1,2,30,9", "--frames", "2", "--plain", "-o", "p.webp"]
    assert invoke("sweep", "a.png", *words).exit_code == 0
    assert json.loads(invoke("info", "p.webp").stdout)["n"] == 64
    words = ["--box", "pct:10,10,30,30", "--box", "20x20+8+6", "--frames", "2", "--plain", "-o", "q.webp"]
    assert invoke("sweep", "a.png", *words).exit_code == 0


def test_a_box_over_4096_is_refused_with_the_n_that_fits():
    result = invoke("read", "a.png", "--box", "0,0,8192,4096", "-o", "p.png")
    assert (result.exit_code, "-n 2048,4096 fits" in result.stderr) == (1, True)


def test_a_box_in_another_proportion_says_how_much_it_is_squashed():
    said = invoke("read", "a.png", "--box", "8,6,40,20", "-n", "8", "-o", "p.png").stderr
    assert "squashed 2:1; --fit contain keeps squares" in said
    said = invoke("read", "a.png", "--slice", "6:46,8:28", "-n", "8", "-o", "q.png").stderr
    assert "squashed 1:2; -n 8,4 keeps squares" in said
    said = invoke("read", "a.png", "--box", "8,6,17,16", "-n", "8", "-o", "r.png").stderr
    assert "squashed 1.06:1" in said
    for box, n in (("8,6,40,20", "4,8"), ("8,6,40,20", "8,16"), ("8,6,24,23", "8")):  # the last by 4 %
        words = ["--box", box, "-n", n, "-o", "p.png", "--overwrite"]
        assert "squashed" not in invoke("read", "a.png", *words).stderr


def test_squashed_windows_of_a_table_are_counted_in_one_line():
    with open("t.csv", "w") as file:
        file.write("image,x,y,w,h\na.png,8,6,40,20\na.png,8,6,20,40\na.png,8,6,25,24\na.png,8,6,16,40\n")
    said = invoke("read", "--table", "t.csv", "-n", "8", "-o", "out/").stderr
    assert said.count("squashed") == 1
    assert "glimpse: 3 of 4 windows are squashed, up to 1:2.5; --fit contain keeps squares" in said


def test_size_is_n_with_the_width_first():
    assert read_with("--size", "6x4").n == (4, 6)
    result = invoke("read", "a.png", "--size", "6x4", "-n", "3")
    assert (result.exit_code, "leave out one" in result.stderr) == (2, True)


def test_a_stack_of_boxes_of_several_sizes_asks_for_n():
    Path("t.csv").write_text("image,x,y,w,h\na.png,8,6,40,20\na.png,1,2,3,5\n")
    result = invoke("read", "--table", "t.csv", "-o", "all.npz")
    assert (result.exit_code, "give -n" in result.stderr) == (2, True)
    assert not Path("all.npz").exists()
    assert invoke("read", "--table", "t.csv", "-o", "all.npz", "-n", "8").exit_code == 0


def test_a_native_box_over_a_window_of_like_has_the_box_kernel():
    assert read_with("--delta", "2", "--sigma", "3", "-n", "8").sigma == 3
    Path("p.png").rename("like.png")
    assert read_with("--like", "like.png", "--box", "8,6,40,20", "-n", "native").kernel == "box"
    np.testing.assert_array_equal(opened("p.png"), opened("a.png")[6:26, 8:48])


def test_a_box_is_that_of_pillow():
    for box in ((0, 0, 88, 60), (8, 6, 40, 20)):
        x, y, w, h = box
        read_with("--box", ",".join(map(str, box)), "--kernel", "box", "-n", "10,8")
        peer = Image.open("a.png").resize((8, 10), Image.Resampling.BOX, box=(x, y, x + w, y + h))
        assert np.abs(opened("p.png").astype(int) - np.asarray(peer)).max() <= 1


def test_the_patch_of_a_box_goes_back_to_its_box():
    read_with("--box", "8,6,40,20", "-n", "16")
    assert invoke("write", "p.png", "-o", "c.png").exit_code == 0
    canvas = opened("c.png").sum(axis=2)
    assert opened("c.png").shape == (*SHAPE, 3)
    assert canvas[10:22, 14:42].min() > 0
    assert canvas[40:].max() == 0


def test_other_pictures_are_written_into_a_box():
    save("flat.png", np.full((8, 16), 200, np.uint8))
    result = invoke("write", "flat.png", "--canvas", "60,88", "--box", "8,6,40,20", "-o", "c.png")
    assert result.exit_code == 0, result.stderr
    assert abs(int(opened("c.png")[16, 28]) - 200) <= 2


@pytest.mark.parametrize(
    "command", [["show", "a.png", "--width", "400"], ["sweep", "a.png", "--frames", "3", "--plain"]]
)
def test_other_commands_take_boxes(command):
    box = "8,6,40,20" if command[0] == "show" else "8,6,40,20:0,0,88,60"
    target = "x.png" if command[0] == "show" else "x.webp"
    result = invoke(*command, "--box", box, "-n", "10", "-o", target)
    assert result.exit_code == 0, result.stderr
    assert "delta 2,4" in result.stderr
    if command[0] == "sweep":
        told = json.loads(invoke("info", "x.webp").stdout)
        assert (told["delta"], told["last"]["delta"]) == ([2, 4], [6, 8.8])


def test_a_range_of_pairs_is_swept():
    result = invoke("sweep", "a.png", "--delta", "1,1:8,4", "--frames", "3", "-n", "8", "-o", "x.webp")
    assert result.exit_code == 0, result.stderr
    assert "delta 1:8,4" in result.stderr


def test_locate_starts_from_a_box():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (12, 18, 3), dtype=np.uint8)
    Image.fromarray(small).resize((88, 60), Image.Resampling.BICUBIC).save("s.png")
    assert invoke("read", "s.png", "--box", "20,10,48,48", "-n", "24", "-o", "q.png").exit_code == 0
    result = invoke("locate", "s.png", "q.png", "--box", "21,11,48,48")
    assert result.exit_code == 0, result.stderr
    assert abs(json.loads(result.stdout)["gx"] - 33.5) < 0.1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--box", "1,2,3"], "'1,2,3' is not a box; write X,Y,W,H"),
        (["--box", "1,2,0,3"], "an empty box"),
        (["--box", "1,2,x,3"], "'x' is not a plain finite number"),
        (["--box", "1,2,3,4", "--gx", "3"], "--box says where the window is; leave out --gx"),
        (["--box", "1,2,3,4", "--slice", ":"], "--slice says where the window is; leave out --box"),
        (["--fit", "cover"], "--fit is about a box"),
        (["--pad", "5%"], "--pad is about a box"),
        (["--box", "1,2,3,4", "--pad", "-5%"], "'-5%' is negative"),
        (["--box", "1,2,3,4", "--fit", "crop"], "'--fit'"),
        (["--delta", "1,2,3"], "'1,2,3' is not one number, or two: ROWS,COLS"),
        (["--delta", "1,0"], "delta must be > 0"),
    ],
)
def test_wrong_boxes_and_pairs_are_told_in_one_line(words, message):
    result = invoke("read", "a.png", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_native_without_a_box_says_what_it_needs():
    result = invoke("read", "a.png", "-n", "native")
    assert result.exit_code == 2
    assert "give --box or --slice" in result.stderr
    Path("t.csv").write_text("image,x,y\na.png,8,6\n")
    assert invoke("read", "--table", "t.csv", "-n", "native", "-o", "out/").exit_code == 2


def test_a_table_of_boxes_of_any_aspect_becomes_patches_of_one_size_and_goes_back():
    Path("t.csv").write_text("image,left,top,width,height,label\na.png,8,6,40,20,x\na.png,50,30,9,28,y\n")
    result = invoke("read", "--table", "t.csv", "-n", "16", "--pad", "10%", "-o", "out/{label}.png")
    assert result.exit_code == 0, result.stderr
    assert window_of("out/x.png") == Window.from_box((8, 6, 40, 20), 16, pad="10%")
    assert window_of("out/y.png") == Window.from_box((50, 30, 9, 28), 16, pad="10%")
    assert invoke("write", "out/x.png", "out/y.png", "-o", "back.png").exit_code == 0
    assert opened("back.png").shape == (*SHAPE, 3)


def test_a_box_of_shares_without_a_percent_sign_is_told_of():
    told = "its box is less than a pixel: shares are written 25%, in a table with --normalized"
    assert told in invoke("read", "a.png", "--box", "0.2,0.1,0.5,0.8", "-o", "p.png").stderr
    assert told not in invoke("read", "a.png", "--box", "0.2,0.1,1,0.8", "-o", "q.png").stderr
    Path("yolo.csv").write_text("cx,cy,w,h\n0.5,0.5,0.25,0.5\n", encoding="utf-8")
    assert told in invoke("read", "a.png", "--table", "yolo.csv", "-o", "out/").stderr
    assert told not in invoke("read", "a.png", "--table", "yolo.csv", "--normalized", "-o", "to/").stderr
