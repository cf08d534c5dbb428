"""Stills of every format by the ending of -o: the record travels, and what is lost is said."""

import json
import shlex

import numpy as np
import pytest
from helpers import SHAPE, invoke, noise, opened, save

from glimpse import Window, write
from glimpse.io import load_record
from glimpse.io.encode import DRAWINGS, FORMATS

ONCE = {FORMATS[suffix].name: suffix for suffix in reversed(DRAWINGS)}.values()


def run(line):
    return invoke(*shlex.split(line))


@pytest.mark.parametrize("suffix", ONCE)
def test_a_record_is_read_back_from_every_still(suffix):
    save("a.png", noise(*SHAPE, 3))
    assert run(f"read a.png --row 12 --col 20 --delta 1.5 -n 9,7 -o p{suffix}").exit_code == 0
    said = json.loads(run(f"info p{suffix}").stdout)
    assert [said[name] for name in ("gx", "gy", "delta", "n")] == [12, 20, 1.5, [9, 7]]
    assert run(f"read a.png --like p{suffix} -o q{suffix}").exit_code == 0
    np.testing.assert_array_equal(opened(f"p{suffix}"), opened(f"q{suffix}"))
    assert run(f"write p{suffix} -o c{suffix} --gain 1").exit_code == 0
    record = load_record(f"c{suffix}")
    window = Window(12, 20, 1.5, 0.75, n=(9, 7))
    assert (record.window, record.shape, record.method) == (window, SHAPE, "transpose")
    canvas = write(opened(f"p{suffix}").astype(float), window, SHAPE, channel_axis=2)
    assert np.abs(opened(f"c{suffix}") - canvas).max() < (1 if FORMATS[suffix].quality is None else 60)


@pytest.mark.parametrize("suffix", ONCE)
def test_how_well_a_still_is_kept_is_said(suffix):
    save("a.png", noise(*SHAPE, 3))
    drawn = ["show a.png --width 400"] if suffix != ".avif" else []  # which takes long
    for command in ("read a.png", *drawn, "sweep a.png --delta 1:2 --frames 2 --plain"):
        name = "{index}" if command[0] == "s" and "sweep" in command else "x"
        said = run(f"{command} -o {name}{suffix} --overwrite").stderr
        assert (", not exact)" in said) == (FORMATS[suffix].quality is not None), said
    kind = FORMATS[suffix]
    for quality in ("lossless", "40"):
        result = run(f"read a.png -o y{suffix} --quality {quality} --overwrite")
        good = kind.lossless if quality == "lossless" else kind.quality is not None
        assert result.exit_code == (0 if good else 2)


@pytest.mark.parametrize(
    ("line", "message", "code"),
    [
        ("read a.png -o p.jpg --quality 0", "'0' is no quality; write 1 to 100, or lossless", 2),
        ("read a.png -o p.jpg --quality good", "'good' is no quality", 2),
        ("read a.png -o p.npz --quality 5", "-o p.npz: --quality is of stills", 2),
        ("show a.png -o p.html --quality 5", "-o p.html: --quality is of stills", 2),
        ("sweep a.png --delta 1:2 -o p.webp --quality 5", "--quality is of stills", 2),
        ("sweep a.png --delta 1:2 -o {index}.png --quality 5", "-o 0.png: PNG is always lossless", 2),
        ("locate a.png a.png -o p.webp --quality 5", "-o p.webp: --quality is of stills", 2),
        ("read alpha.png -o p.jpg", "alpha.png: JPEG holds no alpha; write .png, ", 1),
    ],
)
def test_what_a_still_cannot_be_is_told_in_one_line(line, message, code):
    save("a.png", noise(*SHAPE, 3))
    save("alpha.png", noise(*SHAPE, 4))
    result = run(line)
    assert result.exit_code == code
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_rows_of_a_table_go_into_formats_of_their_own():
    save("a.png", noise(*SHAPE, 3))
    with open("t.csv", "w") as file:
        file.write("image,x,y,w,h,output\na.png,3,4,9,8,p.jpg\na.png,5,4,9,8,q.tif\na.png,5,4,9,8,r.avif\n")
    result = run("read --table t.csv -n native --quality 50 -o out/")
    assert result.exit_code == 1
    assert "t.csv:3: TIFF is always lossless" in result.stderr
    assert [opened(f"out/{name}").shape for name in ("p.jpg", "r.avif")] == [(8, 9, 3)] * 2
