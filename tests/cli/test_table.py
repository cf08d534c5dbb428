"""A table of windows: what its columns mean, and that a bad row costs only itself."""

import shutil
from pathlib import Path

import click
import numpy as np
import pytest
from helpers import SHAPE, invoke, noise, opened, save

import glimpse.io.stills
from glimpse import GlimpseError, Window, read
from glimpse.cli.options import WindowOptions
from glimpse.cli.table import read_table

PLAIN = WindowOptions(n=8)


def rows(text, images=(), window=PLAIN):
    return read_table("t.csv", text.encode(), images, window)


def test_each_row_is_a_window_of_its_image():
    one, two = rows("image,gx,gy,delta\na.png,10,20,2\nb.png,3.5,50%,\n")
    assert (one.place, one.image, two.image) == ("t.csv:2", "a.png", "b.png")
    assert one.window.window((40, 60)) == Window(10, 20, 2, 1, n=8)
    assert two.window.window((40, 60)) == Window(3.5, 29.5, 5, 2.5, n=8)


def test_row_and_col_are_other_names_of_gx_and_gy():
    (found,) = rows("col,row\n20,10\n", images=("a.png",))
    assert found.image == "a.png"
    assert (found.window.gx.value, found.window.gy.value) == (10, 20)


def test_a_row_goes_before_the_command_line_and_an_empty_cell_does_not():
    base = WindowOptions(delta=3.0, sigma=1.0, n=8, typed=frozenset({"delta", "sigma", "n"}))
    (found,) = rows('gx,gy,delta,sigma,gamma,n\n1,2,4,,0.5,"6,7"\n', images=("a.png",), window=base)
    assert found.window.window((40, 60)) == Window(1, 2, 4, 1, gamma=0.5, n=(6, 7))


def test_other_columns_blank_lines_and_a_byte_order_mark_are_left_alone():
    text = "\ufeffsubject,image,gx,gy,ms,output\n7,a.png,1,2,250,out.png\n\n,,,,,\n8,b.png,3,4,99,\n"
    assert [(row.image, row.output) for row in rows(text)] == [("a.png", "out.png"), ("b.png", "")]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("a.png,x,1,,", "'x' is not a plain finite number"),
        ("a.png,1,,,", "gy is missing"),
        ("a.png,1,nan,,", "'nan' is not a plain finite number"),
        ("a.png,1,2,0,", "delta must be > 0"),
        ("a.png,1,2,1,0", "n must be 1 to"),
        (",1,2,1,4", "no image is named"),
    ],
)
def test_a_bad_row_keeps_its_fault(cells, message):
    bad, good = rows(f"image,gx,gy,delta,n\n{cells}\nb.png,1,2,3,4\n")
    assert isinstance(bad.fault, GlimpseError)
    assert message in str(bad.fault)
    assert good.fault is None


@pytest.mark.parametrize(
    ("text", "images", "message"),
    [
        ("", (), "no column gx"),
        ("image,gx\n", (), "no column gy"),
        ("gx,gy\n1,2\n", (), "column image"),
        ("gx,gy\n1,2\n", ("a.png", "b.png"), "one image only"),
        ("image,gx,gy\n", ("a.png",), "column image, or one"),
        ("image,gx,gy,row\n", (), "gx stands twice"),
        ('image,gx,gy\n"a.png,1,2\n', (), "not CSV"),
    ],
)
def test_what_is_no_table_is_refused(text, images, message):
    with pytest.raises(click.UsageError) as refused:
        rows(text, images)
    assert message in refused.value.message
    assert "t.csv" in refused.value.message


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(click.UsageError, match="not CSV in UTF-8"):
        read_table("t.csv", b"image,gx,gy\n\xff\xfe,1,2\n", (), PLAIN)


# the command


@pytest.fixture
def desk(folder):
    for name, seed in (("a.png", 1), ("b.png", 2)):
        save(name, noise(*SHAPE, 3, seed=seed))
    return folder


def test_the_command_cuts_each_window_and_decodes_each_image_once(desk, monkeypatch):
    Path("t.csv").write_text(
        "image,gx,gy,delta,output\na.png,10,20,1,\nb.png,5,6,2,b/own.png\na.png,15,22,1.5,\n", "utf-8"
    )
    opened_images = []
    load = glimpse.io.stills.decode
    monkeypatch.setattr(
        glimpse.io.stills, "decode", lambda file, *rest: opened_images.append(1) or load(file, *rest)
    )
    result = invoke("read", "--table", "t.csv", "-n", "8", "-o", "out/")
    assert result.exit_code == 0, result.stderr
    assert len(opened_images) == 2
    assert sorted(map(str, Path("out").rglob("*.png"))) == [
        "out/a-00000.png",
        "out/a-00002.png",
        "out/b/own.png",
    ]
    for name, source, window in (
        ("out/a-00000.png", "a.png", Window(10, 20, 1, 0.5, n=8)),
        ("out/a-00002.png", "a.png", Window(15, 22, 1.5, 0.75, n=8)),
        ("out/b/own.png", "b.png", Window(5, 6, 2, 1, n=8)),
    ):
        expected = np.rint(read(opened(source), window, channel_axis=2))
        np.testing.assert_array_equal(opened(name), expected)


def test_a_bad_row_and_a_bad_image_cost_only_themselves(desk):
    Path("t.csv").write_text(
        "image,gx,gy\na.png,10,20\na.png,x,20\nno.png,1,2\nb.png,3,4\na.png,40,3\n", "utf-8"
    )
    result = invoke("read", "--table", "t.csv", "-n", "8", "-o", "out/", "-q")
    assert result.exit_code == 1
    assert len(list(Path("out").iterdir())) == 2
    said = result.stderr.splitlines()
    assert any(line.startswith("glimpse: t.csv:3: 'x' is not a plain finite number") for line in said)
    assert "glimpse: t.csv:4: no.png: no such file or directory" in said
    assert any("t.csv:6: row 40 (gx), col 3 (gy) is off the image" in line for line in said)
    assert said[-1] == "glimpse: 3 of 5 windows failed"
    assert len(said) == 4


def test_the_table_is_no_output_and_two_rows_share_none(desk):
    Path("t.csv").write_text("gx,gy,output\n10,20,x.png\n11,21,./x.png\n", "utf-8")
    result = invoke("read", "a.png", "--table", "t.csv")
    assert result.exit_code == 2
    assert "would both become" in result.stderr
    Path("t.png").write_text("gx,gy\n10,20\n", "utf-8")
    result = invoke("read", "a.png", "--table", "t.png", "-o", "t.png", "--overwrite")
    assert result.exit_code == 2
    assert "t.png is the input t.png" in result.stderr


def test_a_table_can_come_through_a_pipe(desk):
    result = invoke("read", "a.png", "--table", "-", "-n", "4", "-o", "x.png", stdin=b"row,col\n50%,25%\n")
    assert result.exit_code == 0, result.stderr
    assert opened("x.png").shape == (4, 4, 3)


def test_a_window_of_too_many_weights_fails_alone(desk):
    save("tall.png", np.zeros((10_000, 2), np.uint8))
    rows = ["5,1,1,8,1", "5000,1,1,4096,5000", "7,1,1,8,1", "9,1,1,8,2", "5000,1,1,4096,5000"]
    Path("t.csv").write_text("\n".join(["gx,gy,delta,n,sigma", *rows]))
    result = invoke("read", "tall.png", "--table", "t.csv", "-o", "out/", "-q")
    assert result.exit_code == 1
    assert sorted(path.name for path in Path("out").iterdir()) == [
        f"tall-{index:05d}.png" for index in (0, 2, 3)
    ]
    assert result.stderr.count("weights") == 2


def test_a_table_of_no_rows_is_no_work(desk):
    result = invoke("read", "a.png", "--table", "-", "-o", "out/", stdin=b"gx,gy\n")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("images", [["a.png"], ["a.png", "b.png", "b.png"]])
def test_many_windows_of_one_image_are_told_of_and_saved_alike_with_any_number_of_jobs(desk, images):
    places = [f"{images[i % len(images)]},{i % 30},{i % 44}" for i in range(120 * len(images))]
    places[50] = "a.png,29,x"
    Path("t.csv").write_text("\n".join(["image,gx,gy", *places]))
    runs = []
    for jobs in ("1", "4", "7"):
        result = invoke("read", "--table", "t.csv", "-n", "8", "--delta", "2", "-o", "out/", "-j", jobs)
        assert result.exit_code == 1
        runs.append((result.stderr, {path.name: path.read_bytes() for path in Path("out").iterdir()}))
        shutil.rmtree("out")
    assert runs[0] == runs[1] == runs[2]
    assert len(runs[0][1]) == len(places) - 1
