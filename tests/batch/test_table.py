"""A table of windows: what its columns mean, and that a bad row costs only itself."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import SHAPE, invoke, lines, noise, opened, record, save

import glimpse.io.stills
from glimpse import GlimpseError, Window, read
from glimpse.batch.placements import Placement
from glimpse.batch.tables import read_table
from glimpse.batch.tables.columns import FORMS, IMAGES, find_columns, parse_columns

PLAIN = Placement(n=8)


def rows(text, images=(), window=PLAIN, columns="", **options):
    Path("t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    renamed = parse_columns(columns) if columns else {}
    return list(read_table("t.csv", window, images, columns=renamed, **options))


def window_of(text, images=("a.png",), shape=(40, 60), **options):
    """The window of a table of one row."""
    (row,) = rows(text, images, **options)
    if row.fault:
        raise row.fault
    return row.placement.window(shape)


def test_each_row_is_a_window_of_its_image():
    one, two = rows("image,gx,gy,delta\na.png,10,20,2\nb.png,3.5,50%,\n")
    assert (one.place, one.image, two.image) == ("t.csv:2", "a.png", "b.png")
    assert one.placement.window((40, 60)) == Window(10, 20, 2, 1, n=8)
    assert two.placement.window((40, 60)) == Window(3.5, 29.5, 5, 2.5, n=8)


def test_row_and_col_are_other_names_of_gx_and_gy():
    (found,) = rows("col,row\n20,10\n", images=("a.png",))
    assert found.image == "a.png"
    assert (found.placement.gx.value, found.placement.gy.value) == (10, 20)


def test_a_row_goes_before_the_command_line_and_an_empty_cell_does_not():
    base = Placement(delta=3.0, sigma=1.0, n=8)
    (found,) = rows('gx,gy,delta,sigma,gamma,n\n1,2,4,,0.5,"6,7"\n', images=("a.png",), window=base)
    assert found.placement.window((40, 60)) == Window(1, 2, 4, 1, gamma=0.5, n=(6, 7))


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
        ("", (), "found none; looked for gx,gy or row,col"),
        ("image,gx\n", (), "found image, gx; looked for gx,gy or row,col"),
        ("gx,gy\n1,2\n", (), "no column image, so it goes with one image in the command, not 0"),
        ("gx,gy\n1,2\n", ("a.png", "b.png"), "one image in the command, not 2"),
        ("image,gx,gy\n", ("a.png",), "its column image names the images; leave out a.png"),
        ("image,gx,gy,GX\n", (), "the column GX stands twice"),
        ('"image,gx,gy\na.png,1,2\n', (), "not CSV"),
        (
            "image,gx,gy,left,top,width,height\na.png,1,2,30,4,5,6\n",
            (),
            "in two ways, gx,gy and left,top,width,height, which",
        ),
        *(
            (f"image,x,y,{one}\n", (), f"x,y,{one} is a box without {other}; name that column too, or if x,y")
            for pair in (("w", "h"), ("width", "height"))
            for one, other in (pair, pair[::-1])
        ),
    ],
)
def test_what_is_no_table_is_refused(text, images, message):
    with pytest.raises(GlimpseError) as refused:
        rows(text, images)
    assert message in str(refused.value)


def test_a_box_with_one_side_is_a_centre_where_that_is_said():
    found = window_of("x,y,w\n20,10,7\n", columns="x=x,y=y")
    assert (found.gx, found.gy, found.delta) == (10, 20, 5)
    assert window_of("x,row,w\n20,10,7\n").gx == 10  # no box begins with a row


@pytest.mark.parametrize("output", ["out/", "out.npz"])
def test_a_table_without_rows_says_so(output):
    save("a.png", noise(*SHAPE))
    Path("none.csv").write_text("gx,gy\n", encoding="utf-8")
    done = invoke("read", "a.png", "--table", "none.csv", "-o", output)
    assert (done.exit_code, lines(done.stderr)) == (
        0,
        ["glimpse: --table none.csv has no rows, so nothing is written"],
    )
    assert invoke("read", "a.png", "--table", "none.csv", "-o", output, "-q").stderr == ""


def test_bytes_that_are_no_text_are_refused_and_in_a_row_cost_only_that_row():
    with pytest.raises(GlimpseError, match="not CSV in UTF-8"):
        rows(b"image,gx,\xff\n")
    bad, good = rows(b"image,gx,gy\n\xff\xfe,1,2\nb.png,1,2\n")
    assert str(bad.fault) == "not CSV in UTF-8: byte 0xff begins no letter; save it as UTF-8"
    assert (good.image, good.fault) == ("b.png", None)


# What people have


@pytest.mark.parametrize("form", FORMS, ids=lambda form: ",".join(form.names))
def test_every_way_to_say_where_gives_the_same_window(form):
    cells = {
        "point": "19.5,29.5",
        "size": "20,10,20,20",
        "corners": "20,10,40,30",
        "center": "30,20,20,20",
    }[form.kind]
    cells = f'"[{cells}]"' if len(form.names) == 1 else cells
    place = window_of(f"{','.join(form.names)}\n{cells}\n")
    assert (place.gx, place.gy) == (19.5, 29.5)
    assert form.kind == "point" or place.delta == 20 / 8


@pytest.mark.parametrize("name", IMAGES)
def test_every_name_of_the_image_is_understood_in_any_case_with_spaces(name):
    for text in (name, name.upper(), f" {name.title()} "):
        (row,) = rows(f"{text},gx,gy\na b.png,1,2\n")
        assert (row.image, row.fault) == ("a b.png", None)


@pytest.mark.parametrize(
    "text",
    [
        "Row;Col;Delta\n10,5;20;1,5\n",
        "Row\tCol\tDelta\n10.5\t20\t1.5\n",
        "# written by a tracker\n\nROW,COL,DELTA\n# and so on\n10.5,20,1.5\n\n",
        "sep=;\nrow;col;delta\n10,5;20;1.5\n",
        "row,col,delta\r10.5,20,1.5\r",
        'row,col,delta,"a ; long ; name"\r\n10.5,20,1.5,"two\r\nlines"\r\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_dialects_and_encodings_are_told_apart(text, encoding):
    mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
    found = window_of((mark + text).encode(encoding))
    assert (found.gx, found.gy, found.delta) == (10.5, 20, 1.5)


def test_an_unquoted_decimal_comma_between_commas_is_a_bad_row():
    bad, good = rows("image,gx,gy\na.png,1,5,2\na.png,1,2,\n")
    assert "it has 4 cells, the header 3" in str(bad.fault)
    assert not good.fault


def test_a_quote_that_is_never_closed_costs_its_row_alone():
    lines = [f"{name}a.png,{i},2" for i, name in enumerate(["", '"', "", ""])]
    found = rows("\n".join(["image,gx,gy", *lines, *["b.png,1,2"] * 200]))
    assert [bool(row.fault) for row in found[:4]] == [False, True, False, False]
    assert len(found) == 204
    assert found[1].place == "t.csv:3"


@pytest.mark.parametrize(
    ("header", "cells", "columns"),
    [
        ("bbox_x,bbox_y,bbox_w,bbox_h", "20,10,20,20", "x=bbox_x,y=bbox_y,w=bbox_w,h=bbox_h"),
        ("L,T,width,height", "20,10,20,20", "left=L,top=T"),
        ("PosY,PosX", "19.5,29.5", "row=PosY,col=posx"),
        ("gx,gy,left,top,right,bottom", "1,2,20,10,40,30", "left=left,top=top,right=right,bottom=bottom"),
        ("x,y,X2,Y2", "7,7,29.5,19.5", "x=X2,y=Y2"),
    ],
)
def test_columns_gives_any_other_name_its_meaning(header, cells, columns):
    found = window_of(f"{header}\n{cells}\n", columns=columns)
    assert (found.gx, found.gy) == (19.5, 29.5)


@pytest.mark.parametrize(
    ("header", "nearest"),
    [
        ("image,bbox_x,bbox_y,bbox_w,bbox_h", "x=bbox_x,y=bbox_y,w=bbox_w,h=bbox_h"),
        ("image,PosY,PosX", "y=PosY,x=PosX"),
        (
            "image,box left,box top,box width,box height",
            "left=box left,top=box top,width=box width,height=box height",
        ),
    ],
)
def test_what_cannot_be_understood_says_what_was_found_and_the_nearest_columns(header, nearest):
    with pytest.raises(GlimpseError) as refused:
        rows(f"{header}\n")
    said = str(refused.value)
    assert f"found {', '.join(header.split(','))}; looked for gx,gy or row,col" in said
    assert any(said.endswith(f"name yours as in --columns {each}") for each in nearest.split("|")), said


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("left=x9", "--columns left=x9: no such column; there are image, gx, gy"),
        ("middle=gx", "'middle' is no known name; there are image, "),
        ("left", "'left' is not NAME=COLUMN"),
    ],
)
def test_columns_that_cannot_be_are_refused(columns, message):
    with pytest.raises(GlimpseError) as refused:
        rows("image,gx,gy\na.png,1,2\n", columns=columns)
    assert message in str(refused.value)


def test_the_width_and_height_beside_corners_are_those_of_the_image():
    found = window_of(
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,60,40,cat,20,10,40,30\n", images=()
    )
    assert (found.gx, found.gy, found.delta) == (19.5, 29.5, 2.5)


def test_normalized_numbers_are_shares_of_the_image():
    box = window_of("x,y,w,h\n0.25,0.5,0.5,0.25\n", normalized=True, shape=(40, 20))
    assert (box.gx, box.gy) == (24.5, 9.5)
    middle = window_of("x,y\n0.5,0.5\n", normalized=True, shape=(40, 60))
    assert (middle.gx, middle.gy) == (19.5, 29.5)
    yolo = window_of(
        "class,x_center,y_center,width,height\n0,0.5,0.25,0.5,0.25\n", normalized=True, shape=(40, 20)
    )
    assert (yolo.gx, yolo.gy) == (9.5, 9.5)


@pytest.mark.parametrize("cells", ["20,10,0,5", "20,10,-1,5", "20,10,5,", "20,10,5,x", "20,10,inf,5"])
def test_a_bad_box_is_a_bad_row_on_an_image_of_any_shape(cells):
    (row,) = rows(f"x,y,w,h\n{cells}\n", ["a.png"])
    assert row.fault


def test_a_box_in_pixels_and_percent_is_empty_on_some_images_alone():
    (row,) = rows("x0,y0,x1,y1\n70%,0,50,5\n", ["a.png"])
    assert row.placement.window((40, 60)).gx == 2
    with pytest.raises(GlimpseError, match="is empty"):
        row.placement.window((40, 80))


@pytest.mark.parametrize(
    ("typed", "header", "both"),
    [
        (["--delta", "2"], "row,col,Delta", "--delta is typed and is in the column Delta too"),
        (["--row", "2"], "Row,Col", "--gx is typed and is in the columns Row,Col too"),
        (["--slice", "1:9"], "gx,gy", "--slice is typed and is in the columns gx,gy too"),
        (["--box", "1,1,9,9"], "gx,gy", "--box is typed and is in the columns gx,gy too"),
        (["--delta", "2"], "x,y,w,h", "--delta is typed and is in the columns x,y,w,h too"),
        (["-n", "7"], "gx,gy,n", "-n is typed and is in the column n too"),
        (["--sigma", "7"], "gx,gy,sigma", "--sigma is typed and is in the column sigma too"),
    ],
)
def test_what_is_typed_and_a_column_is_refused_and_both_are_named(desk, typed, header, both):
    Path("t.csv").write_text(header + "\n")
    result = invoke("read", "a.png", "--table", "t.csv", *typed)
    assert result.exit_code == 2
    assert both in result.stderr


def test_an_environment_default_is_no_conflict(desk):
    Path("t.csv").write_text("gx,gy,delta\n10,20,2\n")
    result = invoke("read", "a.png", "--table", "t.csv", "-o", "x.png", env={"GLIMPSE_DELTA": "5"})
    assert (result.exit_code, record("x.png")["delta"]) == (0, 2)


# The command


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
    rows = [
        "a.png,10,20,",
        "a.png,x,20,",
        "no.png,1,2,",
        "b.png,3,4,",
        "a.png,5,6,p.gif",
        "a.png,5,6,q/../../p.png",
    ]
    rows += [
        "a.png,5,6,/tmp/p.png",
        "a.png,5,6,same.png",
        "a.png,7,8,./same.png",
        "a.png,5,6,a-00000.png,9",
        'a"b,"1"2,3',
    ]
    rows += ["a.png,5,6,t.csv/p.png", "b.png,5,6,deep/er.png", "a.png,5,6,b.png"]
    Path("t.csv").write_text("\n".join(["image,gx,gy,output", *rows]), "utf-8")
    result = invoke("read", "--table", "t.csv", "-n", "8", "-q")
    assert result.exit_code == 1
    made = {str(path) for path in Path().rglob("*.png")} - {"a.png", "b.png"}
    assert made == {"a-00000.png", "b-00003.png", "same.png", "deep/er.png"}
    said = result.stderr.splitlines()
    for line, message in [
        (3, "'x' is not a plain finite number"),
        (4, "no.png: no such file or directory"),
        (6, "-o p.gif: the name must end in .png, "),
        (7, "the output q/../../p.png leaves the folder ."),
        (8, "the output /tmp/p.png leaves the folder ."),
        (10, "its output ./same.png is that of t.csv:9 too"),
        (11, "it has 5 cells, the header 4"),
        (12, "not CSV in UTF-8"),
        (13, "-o t.csv/p.png: "),
        (15, "b.png is the input b.png; an input is never replaced"),
    ]:
        assert any(told.startswith(f"glimpse: t.csv:{line}: {message}") for told in said), (line, said)
    assert said[-1] == "glimpse: 10 of 14 windows failed"
    assert len(said) == 11


def test_the_table_is_no_output_and_two_rows_share_none(desk):
    Path("t.csv").write_text("gx,gy,output\n10,20,x.png\n11,21,./x.png\n", "utf-8")
    result = invoke("read", "a.png", "--table", "t.csv")
    assert result.exit_code == 1
    assert "glimpse: t.csv:3: its output ./x.png is that of t.csv:2 too" in result.stderr
    Path("t.png").write_text("gx,gy\n10,20\n", "utf-8")
    result = invoke("read", "a.png", "--table", "t.png", "-o", "t.png", "--overwrite")
    assert result.exit_code == 1
    assert "t.png is the input t.png" in result.stderr
    assert Path("t.png").read_text() == "gx,gy\n10,20\n"


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


@pytest.mark.parametrize("images", [["a.png"], ["a.png", "b.png", "b.png"]])
def test_many_windows_of_one_image_are_told_of_and_saved_alike_with_any_number_of_jobs(desk, images):
    places = [f"{images[i % len(images)]},{i % 30},{i % 44}" for i in range(55 * len(images))]
    places[50] = "a.png,29,x"
    Path("t.csv").write_text("\n".join(["image,gx,gy", *places]))
    runs = []
    for jobs in ("1", "7"):
        result = invoke("read", "--table", "t.csv", "-n", "8", "--delta", "2", "-o", "out/", "-j", jobs)
        assert result.exit_code == 1
        runs.append((result.stderr, {path.name: path.read_bytes() for path in Path("out").iterdir()}))
        shutil.rmtree("out")
    assert runs[0] == runs[1]
    assert len(runs[0][1]) == len(places) - 1


def test_two_tables_and_options_without_a_table_are_refused(desk):
    Path("t.csv").write_text("gx,gy\n1,2\n")
    for words, message in [
        (["--table", "t.csv", "--table", "u.csv"], "--table is given twice, t.csv and u.csv"),
        (["--normalized"], "--normalized is about a table"),
        (["--columns", "x=y"], "--columns is about a table"),
        (["--images", "."], "--images is about a table"),
    ]:
        result = invoke("read", "a.png", *words)
        assert result.exit_code == 2
        assert message in result.stderr


def test_names_in_the_table_are_relative_to_images(desk):
    os.mkdir("photos")
    os.rename("a.png", "photos/a.png")
    Path("t.csv").write_text("image,gx,gy\na.png,10,20\nsub/b.png,1,2\n")
    result = invoke(
        "read", "--table", "t.csv", "--images", "photos", "-n", "8", "-o", "out/{parent}/{stem}.png"
    )
    assert "t.csv:3: photos/sub/b.png: no such file" in result.stderr
    assert opened("out/a.png").shape == (8, 8, 3)


def test_columns_that_are_typed_go_before_those_that_are_known_by_name():
    header = ["x", "y", "w", "h", "l", "t"]
    assert find_columns(header, {}).form.names == ("x", "y", "w", "h")
    assert find_columns(header, {"left": "l", "top": "t"}).form.names == ("left", "top", "w", "h")


def test_an_absolute_name_of_a_table_is_refused_though_it_lies_in_the_folder(desk):
    inside = os.path.abspath("out/p.png")
    Path("t.csv").write_text(f"image,gx,gy,output\na.png,5,6,{inside}\na.png,5,6,q.png\n")
    result = invoke("read", "--table", "t.csv", "-n", "8", "-o", "out/")
    assert result.exit_code == 1
    assert f"t.csv:2: the output {inside} leaves the folder out" in result.stderr
    assert os.listdir("out") == ["q.png"]


def test_a_centre_that_looks_swapped_is_a_note_in_a_table_and_the_patch_comes_out(desk):
    Path("t.csv").write_text("image,gx,gy\na.png,40,3\n")
    result = invoke("read", "--table", "t.csv", "-n", "8", "-o", "x.png")
    assert result.exit_code == 0
    assert "its centre is off the image, but on it with gx (DOWN) and gy (ACROSS) swapped" in result.stderr
    assert invoke("read", "a.png", "--gx", "40", "--gy", "3", "-o", "y.png").exit_code == 1


def test_a_sweep_whose_range_looks_swapped_is_a_note(desk):
    result = invoke("sweep", "a.png", "--gx", "40:41", "--gy", "3", "--frames", "2", "-o", "x.webp")
    assert result.exit_code == 0
    assert "swapped" in result.stderr


def test_templates_have_every_column_made_safe(desk):
    table = ["image,class,id,Row,Col,big name", "a.png,cat/../dog,7,10,20,x", "a.png,.hidden,8,11,21,"]
    Path("t.csv").write_text("\n".join(table))
    template = "out/{class}/{id:04d}-{big name}-{name}-{ext}-{row:.0f}-{col}-{n}.png"
    result = invoke("read", "--table", "t.csv", "-n", "8,9", "-o", template)
    assert result.exit_code == 0, result.stderr
    made = sorted(str(path) for path in Path("out").rglob("*.png"))
    assert made == [
        "out/_hidden/0008-_-a.png-png-11-21.0-8,9.png",
        "out/cat_.._dog/0007-x-a.png-png-10-20.0-8,9.png",
    ]


def test_a_cell_that_has_no_such_format_is_a_bad_row(desk):
    Path("t.csv").write_text("image,gx,gy,id\na.png,1,2,x\na.png,1,2,3\n")
    result = invoke("read", "--table", "t.csv", "-n", "8", "-o", "{id:03d}.png")
    assert result.exit_code == 1
    assert "t.csv:2: -o {id:03d}.png" in result.stderr
    assert Path("003.png").exists()


def test_existing_outputs_are_one_error_that_counts_them_and_skip_existing_leaves_them(desk):
    Path("t.csv").write_text("image,gx,gy\n" + "a.png,1,2\n" * 6)
    command = ["read", "--table", "t.csv", "-n", "8", "-o", "out/"]
    os.mkdir("out")
    for index in (1, 4):
        Path(f"out/a-0000{index}.png").write_bytes(b"old")
    result = invoke(*command)
    assert result.exit_code == 2
    assert (
        "2 of 6 outputs exist already, out/a-00001.png first; --overwrite replaces them, --skip-existing"
        in (result.stderr)
    )
    result = invoke(*command, "--skip-existing")
    assert result.exit_code == 0
    assert lines(result.stderr)[-1] == "glimpse: 2 of 6 windows were there already and were left"
    assert Path("out/a-00001.png").read_bytes() == b"old"
    assert len(os.listdir("out")) == 6
    assert invoke(*command, "--skip-existing", "--overwrite").exit_code == 2


@pytest.mark.parametrize("command", [["read"], ["write", "--canvas", "9,9", "--delta", "1"], ["show"]])
def test_skip_existing_leaves_a_single_output_too(desk, command):
    Path("p.png").write_bytes(b"old")
    result = invoke(*command, "a.png", "-o", "p.png", "--skip-existing")
    assert result.exit_code == 0, result.stderr
    noun = "patches" if command[0] == "write" else "files"
    assert lines(result.stderr) == [f"glimpse: 1 of 1 {noun} was there already and was left"]
    assert Path("p.png").read_bytes() == b"old"


def test_a_table_longer_than_its_limit_is_refused(desk, monkeypatch):
    monkeypatch.setattr("glimpse.limits.TABLE_BYTES", 20)
    Path("t.csv").write_text("image,gx,gy\na.png,1,25\n")
    result = invoke("read", "--table", "t.csv", "-o", "x.png")
    assert result.exit_code == 2
    assert "more than 20 bytes" in result.stderr


def test_failures_alike_are_three_examples_and_a_count(desk, monkeypatch):
    Path("t.csv").write_text("image,gx,gy\n" + "a.png,x,2\n" * 60)
    result = invoke("read", "--table", "t.csv", "-o", "out/")
    said = lines(result.stderr)
    assert len(said) == 5
    assert said[-2:] == [
        "glimpse: 60 windows failed alike: 'x' is not a plain finite number such as 2.5, or 50%",
        "glimpse: 60 of 60 windows failed",
    ]
    rows = (f"a.png,x{k},2\n" for k in range(9))
    Path("t.csv").write_text("image,gx,gy\n" + "".join(rows))
    said = lines(invoke("read", "--table", "t.csv", "-o", "out/").stderr)
    assert len(said) == 5
    assert said[-2].startswith("glimpse: 9 windows failed alike: such as 'x0' is not a plain")
    monkeypatch.setattr("glimpse.cli.reporter.TOLD_FAILURES", 1)
    Path("t.csv").write_text("image,gx,gy\na.png,x,2\na.png,,2\ngone.png,1,2\n")
    said = lines(invoke("read", "--table", "t.csv", "-o", "out/").stderr)
    assert len(said) == 3
    assert said[-2] == "glimpse: 1 kinds of failures are told; more are counted only"


@pytest.mark.parametrize("cells", ["a.png,,", "a.png,1,a", "none.png,1,1", "a.png,1,1,1", ",1,1"])
def test_bad_rows_are_told_alike_and_sooner_than_good_ones_are_read(cells, folder):
    save("a.png", noise(9, 9))
    Path("t.csv").write_text("image,gx,gy\n" + f"{cells}\n" * 40 + "a.png,4,4\n")
    result = invoke("read", "--table", "t.csv", "-n", "2", "--delta", "1", "-o", "out/")
    said = lines(result.stderr)
    assert [line.split(": ")[1] for line in said[:3]] == ["t.csv:2", "t.csv:3", "t.csv:4"]
    assert said[3].startswith("glimpse: 40 windows failed alike: ")
    assert said[-1] == "glimpse: 40 of 41 windows failed"
    assert [path.name for path in Path("out").iterdir()] == ["a-00040.png"]


def test_what_was_made_of_an_image_that_is_gone_is_left(folder):
    save("a.png", noise(9, 9))
    Path("t.csv").write_text("image,gx,gy\na.png,4,4\n")
    words = "read", "--table", "t.csv", "-n", "2", "--delta", "1", "-o", "out/"
    assert invoke(*words).exit_code == 0
    Path("a.png").unlink()
    assert invoke(*words, "--skip-existing").exit_code == 0
    assert invoke(*words, "--overwrite").exit_code == 1
    assert [path.name for path in Path("out").iterdir()] == ["a-00000.png"]
