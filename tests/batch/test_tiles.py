"""Tiles cover their picture, and are put together again."""

import csv
from itertools import pairwise
from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import invoke, noise, opened, save
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from glimpse.batch.placements import Placement
from glimpse.batch.rows import Row
from glimpse.batch.tiles import tiled
from glimpse.errors import GlimpseError, UsageError
from glimpse.io import DecodeOptions, load_picture, load_shape


def boxes(found, shape):
    return [row.placement.window(shape, native=True).box for row in found]


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 15), st.integers(1, 15)),
    st.integers(0, 14),
    st.booleans(),
)
def test_tiles_cover_the_picture_and_overlap_as_much_as_is_asked(shape, size, overlap, hanging):
    if overlap >= min(size):
        with pytest.raises(UsageError, match="leaves nothing of a tile"):
            tiled([Row("a", "a", Placement())], size, overlap, lambda place: shape)
        return
    found = tiled([Row("a", "a", Placement())], size, overlap, lambda place: shape, hanging=hanging)
    seen = np.zeros(shape, int)
    for row, (top, bottom, left, right) in zip(found, boxes(found, shape), strict=True):
        if not hanging:
            assert min(top, left, shape[0] - bottom, shape[1] - right) >= 0
        assert (bottom - top, right - left) == (
            size if hanging else tuple(min(a, b) for a, b in zip(size, shape, strict=True))
        )
        seen[int(top) : int(bottom), int(left) : int(right)] += 1
        assert row.tile is not None
    assert seen.min() >= 1
    tops = sorted({box.top for box in boxes(found, shape)})
    shared = [size[0] - (later - earlier) for earlier, later in pairwise(tops)]
    assert all(each == overlap for each in shared[: None if hanging else -1])
    assert all(each >= overlap for each in shared)


@pytest.mark.parametrize("overlap", ["", "--overlap 20%", "--overlap 3"])
def test_tiles_of_pixels_are_put_together_bit_for_bit(overlap):
    array = noise(41, 67, 3)
    save("a.png", array)
    result = invoke(*split(f"read a.png --tile 16,20 {overlap} -o tiles/"))
    assert result.exit_code == 0, result.stderr
    tiles = sorted(str(path) for path in Path("tiles").iterdir())
    assert tiles[0] == "tiles/a-000-000.png"
    np.testing.assert_array_equal(opened(tiles[0]), array[:16, :20])
    np.testing.assert_array_equal(opened(tiles[-1]), array[-16:, -20:])
    assert invoke("write", *tiles, "-o", "back.png").exit_code == 0
    np.testing.assert_array_equal(opened("back.png"), array)


def test_resampled_tiles_have_no_seams():
    rows, cols = np.mgrid[:64, :96]
    array = np.rint(127 + 60 * np.sin(rows / 11) + 60 * np.cos(cols / 13)).astype(np.uint8)
    save("a.png", array)
    assert invoke(*split("read a.png --tile 32,32 --overlap 25% -n 16 -o tiles/")).exit_code == 0
    tiles = sorted(str(path) for path in Path("tiles").iterdir())
    assert invoke("write", *tiles, "-o", "back.png").exit_code == 0
    assert np.abs(opened("back.png")[4:-4, 4:-4].astype(int) - array[4:-4, 4:-4]).max() <= 4


def test_a_folder_of_pictures_is_tiled_each_by_its_own_size_and_a_bad_one_alone_fails():
    Path("in").mkdir()
    save("in/a.png", noise(20, 30))
    save("in/b.png", noise(9, 12))
    Path("in/c.png").write_bytes(b"no picture")
    result = invoke(*split('read in --tile 16 -o "out/{stem}-{row}-{col}-{index}.png"'))
    assert result.exit_code == 1
    made = sorted(path.name for path in Path("out").iterdir())
    assert made == ["a-0-0-0.png", "a-0-1-1.png", "a-1-0-2.png", "a-1-1-3.png", "b-0-0-4.png"]
    assert opened("out/b-0-0-4.png").shape == (9, 12)
    assert result.stderr.count("c.png") == 1


def test_tiles_hang_over_where_outside_is_given():
    array = noise(20, 30)
    save("a.png", array)
    assert invoke(*split("read a.png --tile 16 --outside keep --edge black -o tiles/")).exit_code == 0
    last = opened("tiles/a-001-001.png")
    np.testing.assert_array_equal(last[:4, :14], array[16:, 16:])
    assert not last[4:].any()
    assert not last[:, 14:].any()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--tile 0", "'0' is no size of a tile"),
        ("--tile 16 --box 1,2,3,4", "leave out --box"),
        ("--tile 16 --row 4", "leave out --gx"),
        ("--tile 16 --overlap 100%", "leaves nothing of a tile of 16 x 16 for itself"),
        ("--overlap 3", "--overlap is of tiles"),
    ],
)
def test_what_makes_no_tiles_is_told(more, message):
    save("a.png", noise(20, 30))
    result = invoke(*split(f"read a.png {more} -o tiles/"))
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("way", [1, 6])
@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".gif", ".tif", ".bmp", ".ppm", ".npy"])
def test_the_shape_of_a_file_is_that_of_its_picture(ending, way, monkeypatch):
    image = Image.fromarray(noise(20, 30, 3))
    exif = Image.Exif()
    exif[274] = way
    if ending == ".npy":
        np.save("a.npy", noise(20, 30))
    else:
        image.save("a" + ending, exif=exif)
    for options in (DecodeOptions(), DecodeOptions(exif="ignore")):
        assert load_shape("a" + ending, options) == (load_picture("a" + ending, options).shape, False)
    with pytest.raises(GlimpseError, match="more than 599"):
        load_shape("a" + ending, DecodeOptions(max_pixels=599))
    if ending in (".png", ".jpg", ".webp", ".gif", ".tif"):  # no pixel is decoded
        monkeypatch.setattr("glimpse.io.decode.load", None)
        assert sorted(load_shape("a" + ending)[0]) == [20, 30]


def test_boxes_that_were_found_on_tiles_come_back_into_the_picture():
    save("a.png", noise(50, 70))
    assert invoke(*split("read a.png --tile 24,32 --overlap 25% -o tiles/")).exit_code == 0
    rows = []
    for path in sorted(Path("tiles").iterdir()):  # a detector that finds the whole of each tile
        tall, wide = opened(path).shape
        rows.append(f"{path.name},0,0,{wide},{tall}")
    Path("found.csv").write_text("\n".join(["patch,x,y,w,h", *rows]))
    result = invoke(*split("map --table found.csv --images tiles/ -o boxes.csv"))
    assert result.exit_code == 0, result.stderr
    with open("boxes.csv") as file:
        told = [{key: row[key] for key in ("x", "y", "w", "h", "source")} for row in csv.DictReader(file)]
    corners = [(float(row["x"]), float(row["y"])) for row in told]
    assert {row["source"] for row in told} == {"a.png"}
    assert corners == [(x, y) for y in (0, 18, 26) for x in (0, 24, 38)]
    assert invoke(*split("read --table boxes.csv --columns image=source -o again/")).exit_code == 0
    for path, again in zip(sorted(Path("tiles").iterdir()), sorted(Path("again").iterdir()), strict=True):
        np.testing.assert_array_equal(opened(again), opened(path))
