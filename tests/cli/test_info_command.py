"""`glimpse info`: one JSON object per line, which the other commands take again."""

import contextlib
import json
import shutil
from pathlib import Path
from shlex import split

import pytest
from helpers import invoke, lines, noise, save
from PIL import Image
from PIL.PngImagePlugin import PngInfo

KEYS = ["glimpse", "gx", "gy", "delta", "sigma", "gamma", "n", "kernel", "edge", "axes", "shape", "source"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A picture, and a file of every kind that a command makes of it."""
    folder = tmp_path_factory.mktemp("made")
    with contextlib.chdir(folder):
        save("a.png", noise(30, 44, 3))
        invoke("read", "a.png", *split("--gx 5 -n 9,12 -o p.png"))
        invoke("write", "p.png", "-o", "c.png")
        for suffix in ("gif", "webp", "apng"):
            invoke("sweep", "a.png", *split(f"--gx 5:25 --frames 2 -n 9,12 --plain -o s.{suffix}"))
    return folder


@pytest.fixture
def files(folder, made):
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return ["p.png", "c.png", "s.gif", "s.webp", "s.apng"]


def test_info_prints_one_object_per_file(files):
    result = invoke("info", *files)
    assert (result.exit_code, result.stderr) == (0, "")
    found = [json.loads(line) for line in lines(result.stdout)]
    assert [next(iter(one)) for one in found] == ["file"] * len(files)
    assert [one.pop("file") for one in found] == files
    patch, canvas, *sweeps = found
    assert list(patch) == KEYS
    assert patch["axes"] == "gx=row, gy=col"
    assert (patch["gx"], patch["n"], patch["shape"], patch["source"]) == (5, [9, 12], [30, 44], "a.png")
    assert canvas == {**patch, "method": "transpose"}
    assert sweeps == [{**patch, "last": {"gx": 25}}] * 3


def told(name, **options):
    """The record that info prints of one file, without its name."""
    found = json.loads(invoke("info", name, **options).stdout)
    assert found.pop("file") == name
    return found


def test_info_takes_its_own_words(files):
    Path("s.json").write_text(invoke("info", "s.gif").stdout)
    assert told("s.json") == told("s.gif")
    assert told("-", stdin=Path("s.json").read_text()) == told("s.gif")
    assert told("-", stdin=Path("s.gif").read_bytes()) == told("s.gif")


def test_info_of_what_is_not_ours_is_a_failed_file(files):
    result = invoke("info", "p.png", "a.png", "none.png", "c.png")
    assert result.exit_code == 1
    assert [json.loads(line)["glimpse"] for line in lines(result.stdout)] == [2, 2]
    assert lines(result.stderr) == [
        "glimpse: a.png: it carries no record: .npy files, drawings "
        "and files that other programs saved have none",
        "glimpse: none.png: no such file or directory",
        "glimpse: 2 of 4 files failed",
    ]


def test_a_comment_of_another_program_is_no_record():
    Image.fromarray(noise(9, 12)).convert("P").save("other.gif", comment=b"Created with GIMP")
    result = invoke("info", "other.gif")
    (line,) = lines(result.stderr)
    assert line.startswith("glimpse: other.gif: it carries no record: ")


def test_a_record_is_found_after_the_pixels_too(files):
    data = Path("p.png").read_bytes()
    start = data.index(b"tEXt") - 4
    stop = start + 12 + int.from_bytes(data[start : start + 4], "big")
    Path("q.png").write_bytes(data[:start] + data[stop:-12] + data[start:stop] + data[-12:])
    assert Path("q.png").read_bytes().index(b"tEXt") > data.index(b"IDAT")
    assert told("q.png") == told("p.png")


@pytest.mark.parametrize("kind", ["plain", "compressed", "international"])
def test_a_record_is_found_in_any_kind_of_text_chunk(kind, files):
    with Image.open("p.png") as patch:
        text = patch.text["glimpse"]
    info = PngInfo()
    add = info.add_itxt if kind == "international" else info.add_text
    add("glimpse", text, zip=kind == "compressed")
    Image.fromarray(noise(9, 12, 3)).save("q.png", pnginfo=info)
    assert told("q.png") == told("p.png")


@pytest.mark.parametrize("text", ["", "{}", "[" * 50_000, "x" * 70_000, '{"glimpse": 2}'])
def test_a_hostile_record_is_a_failed_file(text):
    info = PngInfo()
    info.add_text("glimpse", text)
    Image.fromarray(noise(9, 12, 3)).save("q.png", pnginfo=info)
    for command in (["info"], ["write"], ["read", "--like", "q.png"]):
        result = invoke(*command, "q.png")
        assert result.exit_code in (1, 2)
        assert len(lines(result.stderr)) == 1
    assert invoke("read", "q.png").exit_code == 0


def test_the_levels_of_a_tiff_are_told():
    import tifffile

    with tifffile.TiffWriter("a.tif") as tiff:
        tiff.write(noise(64, 96), subifds=1)
        tiff.write(noise(32, 48), subfiletype=1)
    said = json.loads(invoke("info", "a.tif").stdout)
    assert said == {"file": "a.tif", "shape": [64, 96], "levels": [[64, 96], [32, 48]]}
    assert invoke("read", "a.tif", "--level", "1", "-n", "4", "-o", "p.png").exit_code == 0
    assert json.loads(invoke("info", "p.png").stdout)["fast"] == 2
    assert invoke("read", "a.tif", "--level", "-1", "-o", "q.png").exit_code == 2
