"""Pages and frames: a range of them, all of them, one for each row of a table."""

import pickle
from contextlib import suppress
from pathlib import Path
from shlex import split

import numpy as np
import pytest
import tifffile
from helpers import invoke, noise, opened, save
from PIL import Image

from glimpse import GlimpseError
from glimpse.batch import Placement
from glimpse.batch.rows import Row
from glimpse.batch.sources import Work
from glimpse.io import DecodeOptions, load_pages, load_picture
from glimpse.io.budget import COSTS, Cost
from glimpse.io.decode import decode, shape_of


@pytest.fixture
def pages(folder):
    """Four pages of different sizes, and a smaller version of the first within it."""
    found = [noise(20 + k, 30 + k, seed=k) for k in range(4)]
    with tifffile.TiffWriter("a.tif") as tiff:
        tiff.write(found[0], subifds=1)
        tiff.write(found[0][::2, ::2], subfiletype=1)
        for page in found[1:]:
            tiff.write(page)
    return found


def made():
    return sorted(path.name for path in Path("out").iterdir())


@pytest.mark.parametrize(
    ("asked", "numbers"), [("2", [2]), ("2:3", [2, 3]), ("all", [1, 2, 3, 4]), ("4:4", [4])]
)
def test_pages_are_read_each_into_a_file_of_its_own(pages, asked, numbers):
    assert invoke(*split(f"read a.tif --slice 3:13,4:16 --page {asked} -o out/{{page}}.png")).exit_code == 0
    assert made() == [f"{number}.png" for number in numbers]
    for number in numbers:
        np.testing.assert_array_equal(opened(f"out/{number}.png"), pages[number - 1][3:13, 4:16])


def test_the_page_is_in_the_name_by_itself_and_one_that_is_not_there_fails_alone(pages):
    result = invoke(*split("read a.tif --slice 3:13,4:16 --page 4:7 -o out/"))
    assert result.exit_code == 1
    assert made() == ["a-004-patch.png", "a-005-patch.png"]  # the pages within the first come last
    assert "a.tif[6]: a.tif: it has no page 6, but 5" in result.stderr
    assert result.stderr.splitlines()[-1] == "glimpse: 2 of 4 pages failed"


def test_a_column_page_tells_the_page_of_each_row(pages):
    Path("t.csv").write_text(
        "image,page,x,y,w,h\na.tif,3,4,3,12,10\na.tif,,4,3,12,10\na.tif,2,4,3,12,10\na.tif,x,4,3,12,10\n"
    )
    result = invoke(*split("read --table t.csv -n native -o out/{index}-{page}.png"))
    assert result.exit_code == 1
    assert "t.csv:5: page must be a whole number from 1, got 'x'" in result.stderr
    assert made() == ["0-3.png", "1-1.png", "2-2.png"]
    for name, number in (("0-3.png", 3), ("1-1.png", 1), ("2-2.png", 2)):
        np.testing.assert_array_equal(opened(f"out/{name}"), pages[number - 1][3:13, 4:16])


@pytest.mark.parametrize("ending", ["gif", "png", "webp"])
def test_frames_of_an_animation_are_pages_and_each_is_decoded_once(ending, monkeypatch):
    frames = [Image.fromarray(noise(9, 12, 3, seed=k)) for k in range(6)]
    frames[0].save(f"a.{ending}", save_all=True, append_images=frames[1:], lossless=True)
    assert load_pages(f"a.{ending}") == [1, 2, 3, 4, 5, 6]
    alone = [np.asarray(load_picture(f"a.{ending}", DecodeOptions(page=k)).pixels) for k in range(1, 7)]
    opens = []
    monkeypatch.setattr("glimpse.io.stills.decode", lambda *given: opens.append(1) or decode(*given))
    assert invoke(*split(f"read a.{ending} --slice 0:9,0:12 --page all -o out/")).exit_code == 0
    assert len(opens) == 2  # to count the frames, and for the first; the others come in one go
    for number, frame in enumerate(alone, 1):
        np.testing.assert_array_equal(opened(f"out/a-{number:03d}-patch.png"), frame)
    monkeypatch.setattr("glimpse.io.stills.shape_of", lambda *given: opens.append(1) or shape_of(*given))
    opens.clear()
    tiles = split(f"read a.{ending} --tile 9,12 --page all -o out/{{page}}-{{gx}}.png")
    assert invoke(*tiles).exit_code == 0
    assert len(opens) == 4  # as above, and for the shape of tiles and of names
    rows = "".join(f"a.{ending},{page},0,0,12,9\n" for page in (5, 9, 2, 1, 3, 5))
    Path("t.csv").write_text(f"image,page,x,y,w,h\n{rows}")
    said = invoke(*split("read --table t.csv -o of/ --jobs 2"))
    assert "it has no page 9" in said.stderr
    assert "1 of 6 windows failed" in said.stderr
    for index, page in ((0, 5), (2, 2), (3, 1), (4, 3), (5, 5)):
        np.testing.assert_array_equal(opened(f"of/a-{index:05d}.png"), alone[page - 1])


def test_pages_of_a_small_file_are_bounded_together(pages, monkeypatch):
    monkeypatch.setitem(COSTS, "page opened anew", Cost(0, 3e9))
    said = invoke(*split("read a.tif --page all -n 4 -o out/ --jobs 1"))
    assert said.exit_code == 1
    assert len(made()) == 2
    assert "the pages asked for take longer than the largest picture may; name fewer pages" in said.stderr


def test_workers_that_share_no_memory_have_each_a_share_of_the_work_for_pages(pages, monkeypatch):
    monkeypatch.setitem(COSTS, "page opened anew", Cost(0, 3e9))
    rows, found = [Row("a", "a.tif", Placement(), page=page) for page in (1, 2, 3)], {}
    for jobs in (1, 0):  # threads, a cluster
        sources = [block.source for block in Work(rows, DecodeOptions(), fast=False, jobs=jobs)]
        sources = sources if jobs else pickle.loads(pickle.dumps(sources))
        found[jobs] = 0
        for source in sources:
            with suppress(GlimpseError):
                found[jobs] += source.picture().shape[0] > 0
    assert found == {1: 2, 0: 0}


def test_tiles_of_all_pages(pages):
    assert invoke(*split("read a.tif --tile 16 --page all -o out/")).exit_code == 0
    assert len(made()) == 3 * 4 + 6
    np.testing.assert_array_equal(opened("out/a-004-001-002.png"), pages[3][-16:, -16:])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("read a.png --page 0 -o out/", "'0' is no page; write a number from 1, FIRST:LAST, or all"),
        ("read a.png --page 3:2 -o out/", "'3:2' is no page"),
        ("show a.png --page all", "--page takes one page here; several are for glimpse read and sweep"),
    ],
)
def test_what_is_no_page_is_told(line, message):
    save("a.png", noise(9, 12))
    result = invoke(*split(line))
    assert result.exit_code == 2
    assert message in result.stderr
