"""The page of a table: row after row, corrected, saved as a table that commands take."""

import csv
import html
import io

import numpy as np
import pytest
from helpers import noise, opened, process, save
from pages import reach, settle, wait_until
from test_document import HOSTILE
from test_page_in_browser import box, drag, point

from glimpse import Window, read
from glimpse.explorer import Subject, TableRow, table_page

pytestmark = pytest.mark.browser

BOXES = [(0, (10, 20, 40, 30)), (0, (60, 30, 20, 40)), (1, (5, 6, 16, 16))]
HEADER = ["image", "class", 'a "b", c']


def subject(name, levels):
    record = {**Window.centered(levels.shape[:2]).to_dict(), "shape": list(levels.shape[:2]), "source": name}
    return Subject(record, f"glimpse read {name}", levels, 2)


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "a.png", noise(90, 120, 3, seed=1))
    save(tmp_path / "b.png", noise(50, 40, 3, seed=2))
    return tmp_path


def page_of(subjects, cells=None, boxes=BOXES, **how):
    cells = cells or [["ab"[i] + ".png", f"k, {k}", '"' * k] for k, (i, _) in enumerate(boxes)]
    rows = [(i, TableRow(k, Window.from_box(b, n=8), cells[k])) for k, (i, b) in enumerate(boxes)]
    groups = [(subject, [row for i, row in rows if i == k]) for k, subject in enumerate(subjects)]
    return table_page(iter(groups), len(groups), name="boxes.csv", header=HEADER, **how)


@pytest.fixture
def page(folder, opened_page):
    subjects = [subject(name, opened(folder / name)) for name in ("a.png", "b.png")]
    (folder / "look.html").write_bytes(page_of(subjects))
    return opened_page(folder / "look.html")


def saved(page):
    with page.expect_download() as download:
        page.click("#save-table")
    assert download.value.suggested_filename == "boxes.csv"
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        return file.read()


def at_row(page, number):
    reach(page, f"row === {number - 1}")


def test_rows_are_gone_through_each_on_its_image(page, folder):
    for number, (image, there) in enumerate(BOXES, 1):
        at_row(page, number)
        assert box(page) == list(there)
        name = "ab"[image] + ".png"
        assert page.inner_text("#name") == name
        assert f"class: k, {number - 1}" in page.inner_text("#row-cells")
        np.testing.assert_array_equal(page.evaluate("[...image.data]"), opened(folder / name).ravel())
        if number < len(BOXES):
            page.click("#next")
    assert page.is_disabled("#next")
    page.fill("#row-number", "2")
    page.press("#row-number", "Enter")
    at_row(page, 2)
    page.focus("#stage")
    page.keyboard.press("PageUp")
    at_row(page, 1)


def test_boxes_are_corrected_and_saved_as_the_table_of_commands(page, folder):
    page.fill("#w", "24")
    page.click("#next")
    at_row(page, 2)
    page.click("#next")
    at_row(page, 3)
    drag(page, (30, 20), (46, 36))
    third = box(page)
    assert page.inner_text("#row-changed") == "2 corrected"
    text = saved(page)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["class"] for row in rows] == ["k, 0", "k, 1", "k, 2"]
    assert [row[HEADER[2]] for row in rows] == ["", '"', '""']
    found = [[float(row[name]) for name in "xywh"] for row in rows]
    assert found == [[10, 20, 24, 30], list(BOXES[1][1]), third]
    (folder / "boxes.csv").write_text(text)
    process("read", "--table", "boxes.csv", "-n", 8, "-o", "{index}.png", cwd=folder)
    for index, (row, there) in enumerate(zip(rows, found, strict=True)):
        expected = read(opened(folder / row["image"]), Window.from_box(there, n=8), channel_axis=2)
        np.testing.assert_allclose(opened(folder / f"{index}.png"), expected, atol=0.51)


def test_undo_goes_back_over_rows(page):
    page.fill("#w", "24")
    settle(page)
    page.click("#next")
    at_row(page, 2)
    page.click("#next")
    at_row(page, 3)
    for number in (2, 1):
        page.go_back()
        at_row(page, number)
    assert box(page) == [10, 20, 24, 30]
    page.keyboard.press("Control+z")
    reach(page, "state.delta[1] === 5")
    assert page.inner_text("#row-changed") == ""
    page.keyboard.press("Control+y")
    reach(page, "state.delta[1] === 3")


HELD = """() => {
  const {decode} = HTMLImageElement.prototype, held = new Promise(go => { globalThis.letGo = go; });
  HTMLImageElement.prototype.decode = async function () { await held; return decode.call(this); };
}"""


def boxes_of(text):
    return [tuple(float(row[name]) for name in "xywh") for row in csv.DictReader(io.StringIO(text))]


def test_while_a_picture_is_decoded_no_row_gets_the_window_of_another(folder, opened_page):
    given = [(0, (10, 20, 40, 30)), (1, (5, 6, 16, 16)), (1, (9, 3, 20, 12)), (0, (1, 2, 30, 30))]
    subjects = [subject(name, opened(folder / name)) for name in ("a.png", "b.png")]
    (folder / "look.html").write_bytes(page_of(subjects, boxes=given))
    page = opened_page(folder / "look.html")
    page.evaluate(HELD)
    page.click("#next")
    page.click("#next")
    page.fill("#w", "24")  # of the first row, which is the one that is shown
    reach(page, "state.delta[1] === 3 && row === 0")
    assert boxes_of(saved(page)) == [(10, 20, 24, 30), *(there for _, there in given[1:])]
    page.evaluate("letGo()")
    at_row(page, 3)
    assert box(page) == list(given[2][1])
    assert page.inner_text("#row-changed") == "1 corrected"
    assert boxes_of(saved(page)) == [(10, 20, 24, 30), *(there for _, there in given[1:])]
    for width in (24, 40):
        page.click("#undo")
        reach(page, f"row === 0 && state.delta[1] === {width / 8}")


def test_a_picture_that_is_decoded_slowly_is_no_choice_between(page):
    page.click("#next")
    at_row(page, 2)
    page.click("#next")
    at_row(page, 3)
    page.evaluate("loaded.delete(0)")
    page.evaluate(HELD)
    page.go_back()
    wait_until(page, "wanted === 1")
    page.fill("#w", "12")
    page.wait_for_timeout(400)  # a choice is kept when it has held for a moment
    assert page.evaluate("[place, places.length]") == [1, 3]
    page.evaluate("letGo()")
    at_row(page, 2)
    page.go_forward()
    at_row(page, 3)
    assert box(page) == list(BOXES[2][1])


def test_who_goes_on_while_a_picture_is_decoded_arrives_where_they_went(page):
    page.evaluate(HELD)
    page.fill("#row-number", "3")
    page.press("#row-number", "Enter")
    page.fill("#row-number", "2")
    page.press("#row-number", "Enter")
    at_row(page, 2)
    page.evaluate("letGo()")
    page.click("#next")
    at_row(page, 3)
    page.evaluate("location.hash = '#row=2&w=nothing'")
    at_row(page, 2)
    page.go_back()
    at_row(page, 3)
    page.go_back()
    at_row(page, 2)
    assert box(page) == list(BOXES[1][1])


def test_a_click_on_another_box_turns_to_its_row(page):
    page.mouse.click(*point(page, 60, 70))
    at_row(page, 2)
    assert box(page) == list(BOXES[1][1])


def test_centres_are_saved_as_centres(folder, opened_page):
    subjects = [subject(name, opened(folder / name)) for name in ("a.png", "b.png")]
    (folder / "look.html").write_bytes(page_of(subjects, places=("gx", "gy", "delta")))
    page = opened_page(folder / "look.html")
    page.fill("#gx", "31,5")
    rows = list(csv.DictReader(io.StringIO(saved(page))))
    assert [(float(row["gx"]), float(row["gy"])) for row in rows][:2] == [(31.5, 29.5), (49.5, 69.5)]
    assert [row["delta"] for row in rows] == ["3.75,5", "5,2.5", "2"]
    assert "w" not in rows[0]


def test_ten_thousand_hostile_rows_stay_text(folder, opened_page):
    count = 10_000
    cells = [[HOSTILE, "=1+1", "\u2028\x00</script>"]] * count
    boxes = [(0, (k % 100, k % 50, 10, 12)) for k in range(count)]
    (folder / "look.html").write_bytes(page_of([subject(HOSTILE, opened(folder / "a.png"))], cells, boxes))
    page = opened_page(folder / "look.html", "#row=9999")
    at_row(page, 9999)
    assert page.locator("script:not([type])").count() == 2
    assert HOSTILE in page.inner_text("#row-cells")
    page.fill("#x", "7")
    rows = list(csv.DictReader(io.StringIO(saved(page))))
    assert len(rows) == count
    assert (rows[9998]["x"], rows[0]["image"]) == ("7", HOSTILE)


@pytest.mark.parametrize("address", ["#row=0", "#row=4", "#row=x", "#row=1e99", "#row=-1&gx=nan"])
def test_an_address_without_such_a_row_is_of_the_first(page, opened_page, folder, address):
    other = opened_page(folder / "look.html", address)
    at_row(other, 1)
    assert box(other) == list(BOXES[0][1])


def test_in_a_frame_without_an_address_undo_works(folder, opened_page):
    inner = page_of([subject("a.png", opened(folder / "a.png"))], boxes=BOXES[:2]).decode()
    outer = "let state = 1, waiting = 0, place = 0, places = ['']; function fragment() { return '' }"
    (folder / "frame.html").write_text(
        f'<!DOCTYPE html><link rel="icon" href="data:,"><script>{outer}</script>'
        f'<iframe srcdoc="{html.escape(inner)}" width=900 height=700></iframe>'
    )
    page = opened_page(folder / "frame.html")
    inside = page.frames[1]
    wait_until(inside, "state && !waiting && places[place] === fragment()")
    inside.fill("#w", "24")
    wait_until(inside, "places[place] === fragment() && state.delta[1] === 3")
    inside.click("#undo")
    wait_until(inside, "state.delta[1] === 5")
    inside.click("#redo")
    wait_until(inside, "state.delta[1] === 3")
    assert inside.evaluate("linked") is False
