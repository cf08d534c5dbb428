"""`glimpse read`: the file holds what the library reads, and where it was read."""

import functools
import json
import os
import weakref
from pathlib import Path
from shlex import split

import numpy as np
import pytest
import reference
from helpers import SHAPE, invoke, lines, noise, opened, record, rounded, save
from PIL import Image
from skimage.data import astronaut

import glimpse.io
from glimpse import GlimpseError, Window, read
from glimpse.batch import patches
from glimpse.batch.placements import Placement
from glimpse.batch.rows import Row
from glimpse.io import load_picture


def library(array, window):
    return rounded(read(array, window, channel_axis=2 if array.ndim == 3 else None))


@functools.cache
def banks_of_the_face():
    return reference.banks(Window(gx=90, gy=130, delta=5, sigma=2.5, n=24), (215, 250))


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_read_of_a_photograph_is_the_reference_rounded_at_every_pixel(grey):
    face = np.ascontiguousarray(astronaut()[60:275, 130:380])
    face = face[..., 1] if grey else face
    save("face.png", face)
    result = invoke(*split("read face.png --gx 90 --gy 130 --delta 5 --sigma 2.5 -n 24 -o p.png"))
    Fx, Fy = banks_of_the_face()
    expected = np.stack(
        [Fx @ band @ Fy.T for band in np.moveaxis(np.atleast_3d(face), 2, 0).astype(float)], axis=2
    )
    patch = np.atleast_3d(opened("p.png"))
    ties = np.abs(expected % 1 - 0.5) < 1e-5  # float32 may round these either way
    assert not ties.any()
    np.testing.assert_array_equal(patch, np.rint(expected))
    assert lines(result.stderr) == [
        "face.png: 24 x 24 patch, row 90 (gx), col 130 (gy), delta 5, sigma 2.5 -> p.png"
    ]
    assert record("p.png") == {
        **{"glimpse": 2, "gx": 90.0, "gy": 130.0, "delta": 5.0, "sigma": 2.5, "gamma": 1.0, "n": 24},
        **{"kernel": "gaussian", "edge": "extend", "axes": "gx=row, gy=col"},
        **{"shape": [215, 250], "source": "face.png"},
    }


def test_a_small_picture_reads_as_the_slow_loops_do():
    grey = noise(7, 11)
    save("g.png", grey)
    invoke(*split("read g.png --gx 2.25 --gy 8.5 --delta 1.3 --sigma 0.9 --gamma 0.7 -n 4,6 -o p.png"))
    window = Window(gx=2.25, gy=8.5, delta=1.3, sigma=0.9, gamma=0.7, n=(4, 6))
    np.testing.assert_array_equal(opened("p.png"), np.rint(reference.read(grey, window)))


OPTIONS = {
    "none": ([], Window.centered(SHAPE)),
    "rows and columns": (["--row", "3", "--col", "40"], Window.centered(SHAPE, gx=3, gy=40)),
    "negative": (["--gx", "-2.5", "--gy=-1"], Window.centered(SHAPE, gx=-2.5, gy=-1)),
    "percent": (["--row", "50%", "--col", "25%"], Window.centered(SHAPE, gx=14.5, gy=10.5)),
    "edges in percent": (["--row", "0%", "--col", "100%"], Window.centered(SHAPE, gx=-0.5, gy=43.5)),
    "beyond in percent": (["--row", "-50%", "--col", "150%"], Window.centered(SHAPE, gx=-15.5, gy=65.5)),
    "zero": (["--gx", "0", "--gy", "0"], Window.centered(SHAPE, gx=0, gy=0)),
    "delta": (["--delta", "0.3"], Window.centered(SHAPE, delta=0.3)),
    "sigma": (["--sigma", "3e0"], Window.centered(SHAPE, sigma=3)),
    "gamma": (["--gamma", ".5"], Window.centered(SHAPE, gamma=0.5)),
    "n": (["-n", "5"], Window.centered(SHAPE, n=5)),
    "rows,cols of n": (["-n", "5,8"], Window.centered(SHAPE, n=(5, 8))),
    "kernel": (["--kernel", "box", "-n", "9"], Window.centered(SHAPE, n=9, kernel="box")),
    "edge": (["--edge", "black", "--gx", "0"], Window.centered(SHAPE, gx=0, edge="black")),
    "slice": (["--slice", "5:25,4:34", "-n", "10,15"], Window(14.5, 18.5, 2, 1, n=(10, 15))),
    "slice with more": (
        [
            "--slice",
            "[:20, -20:]",
            "-n",
            "10",
            "--sigma",
            "3",
            "--kernel",
            "box",
            "--gamma",
            "2",
            "--edge",
            "black",
        ],
        Window(9.5, 33.5, 2, 3, gamma=2, n=10, kernel="box", edge="black"),
    ),
    "one slice for both": (["--slice", "10:20", "-n", "5"], Window(14.5, 14.5, 2, 1, n=5)),
}


@pytest.mark.parametrize(("options", "window"), OPTIONS.values(), ids=OPTIONS)
def test_options_become_the_window_that_the_library_reads(options, window, image):
    assert invoke("read", image, *options, "-o", "p.png").exit_code == 0
    values = record("p.png")
    assert {key: values[key] for key in window.to_dict()} == window.to_dict()
    np.testing.assert_array_equal(opened("p.png"), library(opened(image), window))


def test_a_centre_that_is_on_the_image_only_swapped_is_refused_with_the_way_out(image):
    result = invoke("read", image, "--gx", "40", "--gy", "3")
    assert result.exit_code == 1
    assert lines(result.stderr) == [
        "glimpse: a.png: row 40 (gx), col 3 (gy) is off the image (30 rows, 44 columns) "
        "but is on it swapped: "
        "gx counts DOWN, gy ACROSS; use --row 3 --col 40 (or percentages to look past the edge)"
    ]
    assert invoke("read", image, "--row", "3", "--col", "40").exit_code == 0
    assert invoke("read", image, "--row", "135%", "--col", "7%", "-o", "far.png").exit_code == 0


def test_a_centre_that_is_off_the_image_either_way_is_taken(image):
    assert invoke("read", image, "--gx", "100", "--gy", "100").exit_code == 0


def test_npy_holds_the_exact_patch(image):
    window = Window.centered(SHAPE, n=9, gamma=3)
    assert invoke("read", image, "-n", "9", "--gamma", "3", "-o", "p.npy").exit_code == 0
    patch = np.load("p.npy")
    assert patch.dtype == np.float32
    np.testing.assert_array_equal(patch, read(opened(image), window, channel_axis=2))
    assert patch.max() > 255


def test_an_npy_source_stays_at_its_precision():
    array = np.random.default_rng(0).normal(0, 1, (9, 14))
    np.save("a.npy", array)
    assert invoke("read", "a.npy", "-n", "5", "-o", "p.npy").exit_code == 0
    np.testing.assert_array_equal(np.load("p.npy"), read(array, Window.centered((9, 14), n=5)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
@pytest.mark.parametrize("bands", [1, 2, 3, 4, 5])
def test_an_npy_source_of_any_channels_never_breaks_a_png(bands, dtype):
    np.save("a.npy", noise(9, 14, bands).astype(dtype))
    result = invoke("read", "a.npy", "-n", "5", "-o", "p.png")
    assert result.exit_code in (0, 1)
    assert len(lines(result.stderr)) == 1
    assert (result.exit_code == 0) == Path("p.png").exists()


def test_alpha_is_kept_and_hides_colour():
    rgba = noise(9, 14, 4)
    rgba[:, :7] = 255, 0, 0, 0
    save("a.png", rgba)
    assert (
        invoke("read", "a.png", "--slice", ":,:", "-n", "9,14", "--sigma", "0.001", "-o", "p.png").exit_code
        == 0
    )
    np.testing.assert_array_equal(opened("p.png"), np.where(rgba[..., 3:] > 0, rgba, 0))


def test_numbers_without_black_and_white_are_refused_and_with_them_read():
    array = np.linspace(-1, 1, 9 * 14, dtype=np.float32).reshape(9, 14)
    Image.fromarray(array).save("f.tif")
    assert "say what black and white are with --range LO,HI" in invoke("read", "f.tif").stderr
    sharp = ["--slice", ":,:", "-n", "9,14", "--sigma", "0.001", "-o", "p.png"]
    assert invoke("read", "f.tif", "--range", "-0.5,1", *sharp).exit_code == 0
    np.testing.assert_array_equal(opened("p.png"), np.rint(np.clip((array + 0.5) * 170, 0, 255)))


def test_the_pixel_limit_is_an_option(image):
    result = invoke("read", image, "--max-pixels", "1319")
    assert lines(result.stderr) == [
        "glimpse: a.png: 30 x 44 pixels are more than 1319; --max-pixels raises the limit"
    ]
    assert invoke("read", image, "--max-pixels", "1320").exit_code == 0


def test_the_pixel_limit_of_one_command_is_not_that_of_the_next(image):
    assert invoke("read", image, "--max-pixels", "1319").exit_code == 1
    assert invoke("read", image).exit_code == 0


def test_notes_stand_at_the_end_of_the_line():
    frames = [Image.fromarray(noise(9, 14, seed=i)) for i in range(2)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    line = invoke("read", "a.gif").stderr
    assert line.endswith("-> a-patch.png; it has more than one frame; the first is used\n")


def test_many_files_share_the_options_not_the_numbers(folder):
    names = [save(f"{i}.png", noise(10 + i, 20 + i, seed=i)) for i in range(4)]
    assert invoke("read", *names, "-n", "6", "--row", "25%", "-o", "out/").exit_code == 0
    for i, name in enumerate(names):
        window = Window.centered((10 + i, 20 + i), n=6, gx=(10 + i) / 4 - 0.5)
        np.testing.assert_array_equal(opened(f"out/{i}-patch.png"), library(opened(name), window))


def test_a_patch_of_a_patch_is_read_like_any_picture(image):
    invoke("read", image, "-n", "20", "-o", "p.png")
    assert invoke("read", "p.png", "-n", "5", "-o", "q.png").exit_code == 0
    np.testing.assert_array_equal(opened("q.png"), library(opened("p.png"), Window.centered((20, 20), n=5)))
    assert (record("q.png")["source"], record("q.png")["shape"]) == ("p.png", [20, 20])


def test_the_record_keeps_no_more_of_the_source_than_its_base_name(folder):
    (folder / "secret").mkdir()
    save("secret/a.png", noise(9, 14))
    invoke("read", "secret/a.png")
    assert record("a-patch.png")["source"] == "a.png"
    assert b"secret" not in Path("a-patch.png").read_bytes()
    assert sorted(os.listdir()) == ["a-patch.png", "secret"]
    assert json.loads(invoke("info", "a-patch.png").stdout)["source"] == "a.png"


def test_an_image_of_many_windows_is_decoded_once(monkeypatch):
    save("0.png", noise(*SHAPE))
    loaded = []
    monkeypatch.setattr(glimpse.io, "load_picture", lambda *how: loaded.append(how) or load_picture(*how))
    rows = [f"0.png,{k % 20},5" for k in range(160)]  # more than one job reads
    Path("windows.csv").write_text("\n".join(["image,gx,gy", *rows]), encoding="utf-8")
    assert invoke(*split("read --table windows.csv -n 4 -o out/ -j 2")).exit_code == 0
    assert len(loaded) == 1


def test_patches_wait_in_small_lots_to_be_saved(monkeypatch):
    monkeypatch.setattr(patches, "_LOT", 250)
    row = Row("a", "a", Placement())
    found = [patches.Found(row, patch=np.zeros(size)) for size in (100, 100, 100, 999, 1)]
    found.insert(1, patches.Found(row, error=GlimpseError("no patch")))
    assert [len(lot) for lot in patches._together(iter(found))] == [4, 1, 1]


@pytest.mark.parametrize("ending", ["out/", "out.npz"])
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("tabled", [False, True])
def test_a_batch_keeps_no_more_pictures_than_it_works_on(monkeypatch, tmp_path, ending, jobs, tabled):
    names, alive, most = [save(f"{k}.png", noise(*SHAPE)) for k in range(9)], weakref.WeakSet(), []

    def loaded(*arguments):
        picture = load_picture(*arguments)
        alive.add(picture.pixels)
        most.append(len(alive))
        return picture

    monkeypatch.setattr(glimpse.io, "load_picture", loaded)
    rows = [f"{name},{x},5" for x in (4, 9) for name in names]
    Path("windows.csv").write_text("\n".join(["image,gx,gy", *rows]), encoding="utf-8")
    given = ("--table", "windows.csv") if tabled else names
    assert invoke("read", *given, "-o", ending, "-n", "4", "-j", str(jobs)).exit_code == 0
    assert len(most) == 9
    assert max(most) <= jobs
