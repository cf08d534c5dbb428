"""`glimpse locate`: what it prints, draws and leaves for `--like`; what it refuses."""

import io
import json
import os
import sys
from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import invoke, lines, opened, process, record, save
from PIL import Image
from skimage import data

from glimpse import Window, locate
from glimpse.cli.locate import TINT

PHOTOGRAPH = np.ascontiguousarray(data.astronaut()[:280, :340])
WINDOW = {"gx": 180.25, "gy": 221.5, "delta": 3.2, "sigma": 1.6}
START = split("--gx 181 --gy 220.6 --delta 3.3")  # near it, for all that comes after a search
BESIDE = split("--box 201,91,119,95")  # near the box of another tool's crop
CUT = "read - --gx 180.25 --gy 221.5 --delta 3.2 -n 40,36 -q"


@pytest.fixture(scope="module")
def astronaut():
    """A photograph and a crop of it, as files."""
    file = io.BytesIO()
    Image.fromarray(PHOTOGRAPH).save(file, "PNG", compress_level=1)
    return file.getvalue(), invoke(*split(CUT), stdin=file.getvalue()).stdout_bytes


@pytest.fixture(autouse=True)
def crop(folder, astronaut):
    for name, content in zip(("astronaut.png", "p.png"), astronaut, strict=True):
        (folder / name).write_bytes(content)


def test_locate_prints_what_the_library_finds_in_the_keys_of_info():
    result = invoke("locate", "astronaut.png", "p.png", *START)
    told = json.loads(result.stdout)
    start = Window(181, 220.6, 3.3, n=(40, 36))
    found = locate(PHOTOGRAPH, opened("p.png"), channel_axis=2, start=start)
    assert told == {
        **{"glimpse": 2, **found.window.to_dict(), "axes": "gx=row, gy=col"},
        **{"shape": [280, 340], "source": "astronaut.png", **found.to_dict()},
    }
    for name, value in WINDOW.items():
        assert told[name] == pytest.approx(value, abs=0.02)
    assert told["n"] == [40, 36]
    assert told["gamma"] == 1
    assert told["rows"] == pytest.approx([180.75 - 64, 180.75 + 64], abs=0.05)
    assert told["cols"] == pytest.approx([222 - 57.6, 222 + 57.6], abs=0.05)
    assert told["settled"] is True
    (line,) = lines(result.stderr)
    assert line.startswith("p.png: row 180.2")
    assert "(gx), col 221." in line
    assert " of astronaut.png, residual 0." in line


def test_the_json_file_re_cuts_the_crop():
    invoke("locate", "astronaut.png", "p.png", "-o", "w.json")
    invoke(*split("read astronaut.png --like w.json -o again.png"))
    assert record("again.png") == json.loads(Path("w.json").read_text())
    difference = np.abs(opened("again.png").astype(int) - opened("p.png"))
    assert difference.max() <= 1
    assert difference.mean() < 0.05


def test_a_crop_of_another_tool_is_found_and_re_cut_at_full_quality():
    box = (200, 90, 320, 186)
    Image.fromarray(PHOTOGRAPH).resize((40, 32), Image.Resampling.BICUBIC, box).save("thumb.jpg")
    told = json.loads(invoke("locate", "astronaut.png", "thumb.jpg", "-o", "w.json", *BESIDE).stdout)
    assert told["rows"] == pytest.approx([90, 186], abs=0.5)
    assert told["cols"] == pytest.approx([200, 320], abs=0.5)
    invoke(*split("read astronaut.png --like w.json -n 64,80 --delta 1.5 -o full.png"))
    assert opened("full.png").shape == (64, 80, 3)


@pytest.mark.parametrize(("gain", "offset"), [(1, 0), (0.5, 40)])
def test_what_is_printed_is_a_record_too(gain, offset):
    save("dim.png", np.rint(gain * opened("p.png") + offset).astype(np.uint8))
    printed = invoke("locate", "astronaut.png", "dim.png", "-o", "w.json", *START).stdout
    Path("printed.json").write_text(printed)
    assert bool(json.loads(printed)["offset"]) is bool(offset)
    told = json.loads(invoke("info", "printed.json").stdout)
    assert told == {"file": "printed.json"} | json.loads(Path("w.json").read_text())


@pytest.mark.parametrize("how", ["BOX", "BICUBIC", "LANCZOS"])
def test_the_brightness_of_a_crop_by_another_tool_is_left_alone(how):
    crop = Image.fromarray(PHOTOGRAPH).crop((200, 90, 320, 186)).resize((40, 32), Image.Resampling[how])
    crop.save("thumb.png")
    told = json.loads(invoke("locate", "astronaut.png", "thumb.png", *BESIDE).stdout)
    assert (told["gamma"], told["offset"]) == (1, 0)


def test_the_json_file_has_no_gamma_that_wants_an_offset():
    save("dim.png", np.rint(opened("p.png") * 0.6 + 70).astype(np.uint8))
    told = json.loads(invoke("locate", "astronaut.png", "dim.png", "-o", "w.json", *START).stdout)
    assert (told["gamma"], told["offset"]) == (pytest.approx(0.6, abs=0.01), pytest.approx(70, abs=1))
    found = json.loads(invoke("info", "w.json").stdout)
    window = {key: told[key] for key in found if key != "file"}
    assert json.loads(Path("w.json").read_text()) == window | {"gamma": 1}


def test_a_png_shows_the_place_on_the_image():
    invoke("locate", "astronaut.png", "p.png", "-o", "place.png", *START)
    drawing = opened("place.png")
    assert drawing.ndim == 3
    assert drawing.shape[1] > 500
    assert (drawing == (255, 196, 0)).all(axis=2).sum() > 300  # the box


def test_what_was_painted_over_a_crop_is_tinted_and_its_share_told():
    crop = opened("p.png").copy()
    crop[:12] = 200
    save("painted.png", crop)
    result = invoke("locate", "astronaut.png", "painted.png", "-o", "place.png", *START)
    told = json.loads(result.stdout)
    assert told["agreement"] == pytest.approx(0.7, abs=0.03)
    assert told["gx"] == pytest.approx(WINDOW["gx"], abs=0.02)
    assert f"{told['agreement']:.2f} of it agrees" in result.stderr
    tinted = np.rint(0.4 * 200 + 0.6 * np.array(TINT))
    assert (opened("place.png") == tinted).all(axis=2).sum() > 12 * 36


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_shows_the_descent(suffix):
    start = "--gx 181.5 --gy 220.5 --delta 3.24"
    invoke(*split(f"locate astronaut.png p.png {start} -o descent{suffix}"))
    with Image.open(f"descent{suffix}") as image:
        assert image.n_frames >= 3
    told = json.loads(invoke("info", f"descent{suffix}").stdout)
    assert (told["gx"], told["last"]["gx"]) == pytest.approx((181.5, 180.25), abs=0.02)


def test_numbers_are_a_start_and_skip_the_search(monkeypatch):
    monkeypatch.setattr(sys.modules["glimpse.registration.location"], "search", None)
    told = json.loads(invoke(*split("locate astronaut.png p.png --gx 181 --gy 220 --delta 3.3")).stdout)
    assert told["gx"] == pytest.approx(180.25, abs=0.02)


def test_sixteen_bits_are_located_in_the_levels_of_eight():
    save("deep.png", data.camera().astype(np.uint16) * 257)
    save("camera.png", data.camera())
    invoke(*split("read deep.png --gx 150 --gy 220 --delta 3 -n 40 -q -o q.png"))
    for image in ("deep.png", "camera.png"):
        told = json.loads(invoke(*split(f"locate {image} q.png --gx 151 --gy 219 --delta 3.1")).stdout)
        assert told["gx"] == pytest.approx(150, abs=0.02)
        assert told["residual"] < 1


def test_a_patch_of_another_picture_is_no_match():
    save("coffee.png", data.coffee()[100:190, 150:250])
    result = invoke(*split("locate coffee.png p.png --gx 40 --gy 50 --delta 1.6 -o w.json"))
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = lines(result.stderr)
    assert line.startswith("glimpse: p.png: no match")
    assert "(--row, --col, --delta)" in line
    assert not Path("w.json").exists()


@pytest.mark.parametrize(
    ("args", "message", "code"),
    [
        ("locate astronaut.png p.png -n 9", "-n is the size of PATCH", 2),
        ("locate - -", "standard input can be read once only", 2),
        ("locate astronaut.png p.png -o -", "the JSON goes to standard output", 2),
        ("locate astronaut.png p.png -o w.txt", "must end in .json, .png, ", 2),
        ("locate astronaut.png p.png -o astronaut.png --overwrite", "an input is never replaced", 2),
        ("locate astronaut.png p.png -o p.png --overwrite", "an input is never replaced", 2),
        ("locate astronaut.png none.png", "none.png", 1),
        ("locate none.png p.png", "none.png", 1),
        (
            "locate p.png astronaut.png",
            "more than twice as large as the image's 40 x 36 pixels (the image comes first",
            1,
        ),
    ],
)
def test_what_cannot_be_is_told_in_one_line(args, message, code):
    result = invoke(*split(args))
    assert result.exit_code == code
    (line,) = lines(result.stderr)
    assert message in line
    assert result.stdout == ""


def test_the_help_says_no_default_of_a_place_that_is_searched():
    told = " ".join(invoke("locate", "--help").stdout.split())
    assert "[default: the middle]" not in told
    assert "Filters per axis" not in told
    assert "[default: the one that fits]" in told


def test_quiet_prints_the_json_alone():
    result = invoke("locate", "astronaut.png", "p.png", "-q", *START)
    assert result.stderr == ""
    assert json.loads(result.stdout)["source"] == "astronaut.png"


def test_a_start_needs_the_centre_and_the_stride():
    result = invoke("locate", "astronaut.png", "p.png", "--row", "180")
    assert result.exit_code == 2
    assert "a start needs --row, --col and --delta together" in result.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limit of memory")
@pytest.mark.parametrize("megabytes", [130, 200, 300])
def test_too_little_memory_ends_in_one_line(megabytes):
    import resource

    big = Image.fromarray(data.astronaut()).resize((5000, 4000))
    big.save("big.jpg")
    limit = (megabytes << 20,) * 2
    done = process(
        *split("locate big.jpg p.png -q"),
        code=1,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # each thread takes address space
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit),
    )
    (line,) = lines(done.stderr)
    assert "memory" in line.lower()
    assert done.stdout == b""
