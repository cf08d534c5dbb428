"""Points and boxes of patches in their source, and back; a crop compared with its source."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from helpers import invoke, lines, opened, save
from hypothesis import given
from strategies import pixels, scenes

from glimpse import GlimpseError, Window, read
from glimpse.batch.points import map_table
from glimpse.window import KERNELS


@given(scenes())
def test_points_and_boxes_go_there_and_back(scene):
    _, window = scene
    for boxes, last in ((False, 2), (True, 4)):
        points = pixels(3, 5, last, low=-50, high=50)
        there = window.to_image(points, boxes=boxes)
        np.testing.assert_allclose(window.to_patch(there, boxes=boxes), points, rtol=1e-9, atol=1e-9)
    corner = window.to_image([[-0.5, -0.5], [window.shape[0] - 0.5, window.shape[1] - 0.5]])
    top, bottom, left, right = window.box
    np.testing.assert_allclose(corner + 0.5, [[top, left], [bottom, right]], rtol=1e-9, atol=1e-6)
    whole = window.to_image([0, 0, window.shape[1], window.shape[0]], boxes=True)
    np.testing.assert_allclose(whole, [left, top, right, bottom], rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("delta", [0.5, 1, 2.3, (5, 3.1), 8])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_blob_measured_on_a_patch_lies_where_it_is(delta, kernel):
    y, x = np.mgrid[:200, :240]
    blob = np.exp(-((y - 101.3) ** 2 + (x - 96.8) ** 2) / (2 * 12**2))
    down, across = delta if isinstance(delta, tuple) else (delta, delta)
    window = Window(100, 100, delta, n=(round(160 / down), round(160 / across)), kernel=kernel)
    patch = read(blob, window)
    rows, cols = (patch.sum(axis=axis) for axis in (1, 0))
    centre = [np.average(np.arange(len(line)), weights=line) for line in (rows, cols)]
    np.testing.assert_allclose(window.to_image(centre), (101.3, 96.8), atol=0.05)


def test_gradients_flow_through_points_and_windows():
    torch = pytest.importorskip("torch")
    gx = torch.tensor([3.0, 5.0], dtype=torch.float64, requires_grad=True)
    points = torch.rand(2, 4, 2, dtype=torch.float64, requires_grad=True)
    window = Window(gx, 7.0, 2.0, n=9)
    found = window.to_image(points)
    expected = Window(5.0, 7.0, 2.0, n=9).to_image(points.detach().numpy()[1])
    np.testing.assert_allclose(found.detach().numpy()[1], expected)
    found.sum().backward()
    assert gx.grad.tolist() == [4, 4]
    np.testing.assert_allclose(points.grad.numpy(), 2)


@pytest.mark.parametrize(("points", "boxes"), [([1, 2, 3], False), ([[1, 2]], True), (3.0, False)])
def test_points_of_another_shape_are_refused(points, boxes):
    with pytest.raises(GlimpseError, match="are numbers of shape"):
        Window(3, 4, 1, n=5).to_image(points, boxes=boxes)


WINDOW = Window(12, 25, 2, 1, n=(9, 12))


@pytest.fixture
def crop(folder):
    save("a.png", np.arange(30 * 44 * 3).reshape(30, 44, 3).astype(np.uint8))
    invoke("read", "a.png", "--gx", "12", "--gy", "25", "--delta", "2", "-n", "9,12", "-o", "p.png")
    return "p.png"


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("head", "cells", "expected"),
    [
        ("x,y", ["5.5", "4"], {"x": 25, "y": 12}),
        ("row,col", ["4", "5.5"], {"row": 12, "col": 25}),
        ("x,y,w,h", ["1", "2", "3", "4"], {"x": 15.5, "y": 7.5, "w": 6, "h": 8}),
        ("xmin,ymin,xmax,ymax", ["1", "2", "4", "6"],
         {"xmin": 15.5, "ymin": 7.5, "xmax": 21.5, "ymax": 15.5}),
        ("x_center,y_center,width,height", ["2.5", "4", "3", "4"],
         {"x_center": 18.5, "y_center": 11.5, "width": 6, "height": 8}),
        ("bbox", ['"[1, 2, 3, 4]"'], {"bbox": "[15.5, 7.5, 6, 8]"}),
    ],
)  # fmt: skip
def test_columns_of_all_tables_come_out_in_pixels_of_the_source_and_go_back(crop, head, cells, expected):
    Path("found.csv").write_text(f"{head},score\n{','.join(cells)},0.5\n")
    result = invoke("map", crop, "--table", "found.csv", "-o", "there.csv")
    assert result.exit_code == 0, result.stderr
    row = rows_of(Path("there.csv").read_text())[0]
    assert row == {key: str(value) for key, value in expected.items()} | {"score": "0.5", "source": "a.png"}
    back = invoke("map", crop, "--table", "there.csv", "--into").stdout
    wanted = dict(zip(head.split(","), (cell.strip('"') for cell in cells), strict=True))
    assert rows_of(back)[0] == {**wanted, "score": "0.5", "source": "a.png"}


def test_the_source_that_comes_out_is_the_patch_s(crop):
    Path("found.csv").write_text("x,source,y\n5.5,b.png,4\n5.5,photos/a.png,4\n5.5,,4\n")
    result = invoke("map", "p.png", "--table", "found.csv")
    assert [row["source"] for row in rows_of(result.stdout)] == ["a.png", "photos/a.png", "a.png"]
    assert (
        "1 row names another source than the patch has, which is written: found.csv, line 2" in result.stderr
    )
    assert "its source was b.png, and is a.png" in result.stderr


def test_rows_name_their_patches_and_a_bad_row_costs_itself(crop):
    Path("found.csv").write_text("patch,x,y\np.png,5.5,4\nnone.png,1,1\np.png,a,1\n")
    result = invoke("map", "--table", "found.csv")
    assert result.exit_code == 1
    assert rows_of(result.stdout) == [{"patch": "p.png", "x": "25", "y": "12", "source": "a.png"}]
    said = lines(result.stderr)
    assert said[0] == "glimpse: found.csv, line 3: none.png: no such file or directory"
    assert said[1].startswith("glimpse: found.csv, line 4: ")
    assert said[2] == "glimpse: 2 of 3 rows failed"
    text, outcomes = map_table("found.csv")
    assert (text, [outcome.state for outcome in outcomes]) == (result.stdout, ["written", "failed", "failed"])


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("x;y\n5,5;4\n", "", {"x": "25", "y": "12"}),
        ("x,y\n50%,50%\n", "", {"x": "25", "y": "12"}),
        ("x,y,w,h\n0%,0%,100%,100%\n", "", {"x": "13.5", "y": "3.5", "w": "24", "h": "18"}),
        ("x,y\n0.5,0.5\n", "--normalized", {"x": str(25.5 / 44)[:16], "y": str(12.5 / 30)[:16]}),
        ("patch,x,y\nsub\\q,5.5,4\n", "", {"x": "25", "y": "12"}),
    ],
)
def test_cells_and_names_are_those_of_all_tables(crop, text, words, expected):
    Path("sub").mkdir()
    Path("sub/q.png").write_bytes(Path(crop).read_bytes())
    Path("found.csv").write_text(text)
    result = invoke("map", *([] if "patch" in text else [crop]), "--table", "found.csv", *words.split())
    assert result.exit_code == 0, result.stderr
    (row,) = rows_of(result.stdout)
    assert {name: row[name][:16] for name in expected} == expected


def test_one_point_is_typed_and_printed(crop):
    assert invoke("map", crop, "--point", "5.5,4").stdout == "25,12\n"
    assert invoke("map", crop, "--point", "25,12", "--into").stdout == "5.5,4\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["p.png"], 2, "give a --table of points or boxes, or one --point X,Y"),
        (["p.png", "--point", "3"], 2, "'3' is not a point; write X,Y"),
        (["a.png", "--point", "3,4"], 2, "a.png: it carries no record"),
        (["p.png", "p.png", "--table", "t.csv"], 2, "has no column patch; name the one PATCH"),
        (["p.png", "--table", "u.csv"], 2, "no columns of a place"),
    ],
)
def test_what_cannot_be_mapped_is_said_in_a_line(crop, words, code, message):
    Path("t.csv").write_text("x,y\n1,2\n")
    Path("u.csv").write_text("score\n1\n")
    result = invoke("map", *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr


def test_a_crop_proves_itself(crop):
    found = invoke("info", "--check", crop, "a.png")
    assert found.exit_code == 0
    assert json.loads(found.stdout) == {
        "crop": "p.png", "source": "a.png", "same": True,
        "largest": pytest.approx(0.25, abs=0.25), "changed": 0.0, "lossy": False,
    }  # fmt: skip
    other = opened("a.png").copy()
    other[12, 25] += 60
    save("b.png", other)
    changed = invoke("info", "--check", crop, "b.png")
    assert changed.exit_code == 1
    told = json.loads(changed.stdout)
    assert not told["same"]
    assert 5 < told["largest"] < 256
    assert 0 < told["changed"] < 0.2
    save("small.png", other[:20])
    assert (
        "small.png: it is 20 x 44, the crop's source was 30 x 44"
        in invoke("info", "--check", crop, "small.png").stderr
    )
    assert invoke("info", "--check", crop).exit_code == 2
    assert invoke("read", "a.png", "--like", crop, "--quality", "20", "-o", "q.jpg").exit_code == 0
    lossy = invoke("info", "--check", "q.jpg", "a.png")
    assert (lossy.exit_code, json.loads(lossy.stdout)["lossy"]) == (1, True)
    assert "q.jpg was saved with a loss" in lossy.stderr
    save("deep.png", pixels(30, 44, dtype=np.uint16, high=65535))
    invoke("read", "deep.png", "--box", "3,4,20,20", "-n", "9", "-o", "q.webp", "--quality", "lossless")
    assert invoke("info", "--check", "q.webp", "deep.png").exit_code == 0  # in levels of 8 bits
