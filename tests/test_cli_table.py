"""A table of windows: what its columns mean, and that a bad row costs only itself."""

import click
import pytest

from glimpse import GlimpseError, Window
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
