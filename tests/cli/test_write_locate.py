"""`glimpse write --locate`: an edited crop comes back to its place, which no record knows."""

import re
from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import invoke, lines, opened, save
from PIL import Image
from scipy.ndimage import map_coordinates
from skimage import data

from glimpse import Window, read

PHOTOGRAPH = np.ascontiguousarray(data.astronaut()[20:140, 150:300])
MOVED = Window(60.0 + 1.37, 75.0 - 1.37, 1 / 1.01, 0.5, n=66)  # of an edit model: shifted, zoomed a little
PAINTED = slice(14, 44), slice(18, 62)


@pytest.fixture(autouse=True)
def edited(folder):
    """A photograph, a crop of it, and that crop moved and partly painted over, as files."""
    save("photo.png", PHOTOGRAPH)
    invoke(*split("read photo.png --row 60 --col 75 --delta 1 --sigma 0.5 -n 66 -o crop.png"))
    patch = np.clip(np.rint(read(PHOTOGRAPH, MOVED, channel_axis=2)), 0, 255).astype(np.uint8)
    patch[PAINTED] = np.random.default_rng(0).integers(0, 256, (30, 44, 3))
    save("edited.png", patch)
    return patch


def outside():
    """Where the photograph has nothing of what was painted, with a margin for the filters."""
    top, left = (edge + part.start * MOVED.delta for edge, part in zip(MOVED.box[::2], PAINTED, strict=True))
    mask = np.ones(PHOTOGRAPH.shape[:2], bool)
    mask[int(top) - 3 : int(top + 30) + 4, int(left) - 3 : int(left + 44) + 4] = False
    return mask


@pytest.mark.parametrize("more", ["", "--like crop.png"])
def test_an_edited_crop_comes_back_to_its_place_and_leaves_the_rest_alone(more):
    result = invoke(*split(f"write edited.png --onto photo.png --locate {more} -o back.png"))
    assert result.exit_code == 0, result.stderr
    (line,) = lines(result.stderr)
    row, col = re.search(r"found at row ([\d.]+) \(gx\), col ([\d.]+)", line).groups()
    assert (float(row), float(col)) == pytest.approx((MOVED.gx, MOVED.gy), abs=0.05)
    assert " of it agrees" in line
    assert "% of the patch changed" in line
    changed = np.abs(opened("back.png").astype(int) - PHOTOGRAPH).max(axis=2)
    assert changed[outside()].max() <= 2
    assert changed[~outside()].mean() > 30


def test_an_edited_crop_of_light_leaves_the_rest_alone_where_its_record_says_so():
    invoke(*split("read photo.png --row 60 --col 75 --delta 1.6 -n 44 --linear -o light.png"))
    patch = opened("light.png").copy()
    patch[9:22, 11:37] = 255 - patch[9:22, 11:37]
    save("light-edited.png", patch)
    invoke(*split("write light-edited.png --onto photo.png --locate --like light.png -o back.png"))
    changed = np.abs(opened("back.png").astype(int) - PHOTOGRAPH).max(axis=2)
    rows, cols = (
        slice(int(first + 1.6 * a) - 4, int(first + 1.6 * b) + 5)
        for first, a, b in ((60 - 21.5 * 1.6, 9, 22), (75 - 21.5 * 1.6, 11, 37))
    )
    assert changed[rows, cols].mean() > 50
    changed[rows, cols] = 0
    assert changed.max() <= 2


def test_an_edit_that_was_resampled_by_splines_leaves_the_rest_alone(edited):
    at = np.meshgrid(*(c + (np.arange(66) - 32.5) / 1.01 for c in (MOVED.gx, MOVED.gy)), indexing="ij")
    patch = np.stack(
        [map_coordinates(channel.astype(float), at) for channel in np.moveaxis(PHOTOGRAPH, 2, 0)], 2
    )
    patch = np.clip(np.rint(patch), 0, 255).astype(np.uint8)
    patch[PAINTED] = edited[PAINTED]
    save("spline.png", patch)
    assert invoke(*split("write spline.png --onto photo.png --locate -o back.png")).exit_code == 0
    changed = np.abs(opened("back.png").astype(int) - PHOTOGRAPH).max(axis=2)
    assert changed[outside()].max() <= 2
    assert changed[~outside()].mean() > 30


def test_a_shift_that_is_not_uniform_is_told():
    steps = np.arange(90) - 44.5
    y, x = np.meshgrid(steps, steps, indexing="ij")
    at = 60 + y + 0.7 * np.sin(x / 14), 75 + x + 0.7 * np.cos(y / 14)
    planes = [map_coordinates(plane.astype(float), at, order=1) for plane in np.moveaxis(PHOTOGRAPH, 2, 0)]
    save("warped.png", np.rint(np.stack(planes, 2)).astype(np.uint8))
    (line,) = lines(invoke(*split("write warped.png --onto photo.png --locate -o back.png")).stderr)
    assert re.search(r"parts of it lie about 0\.\d+ pixels beside it: no one window reads all of it", line)
    (line,) = lines(invoke(*split("write edited.png --onto photo.png --locate -o back2.png")).stderr)
    assert "no one window" not in line


def test_a_dimmed_crop_is_an_edit_and_its_levels_are_told():
    save("dim.png", np.rint(0.6 * opened("crop.png") + 40).astype(np.uint8))
    (line,) = lines(invoke(*split("write dim.png --onto photo.png --locate -o back.png")).stderr)
    assert re.search(r"its levels are 0\.6\d* times those of the picture plus (39|40)", line)
    assert line.endswith("; all of it differs")


def test_a_patch_of_another_picture_is_never_pasted_at_a_guess():
    save("other.png", data.coffee()[100:132, 100:138])
    save("part.png", PHOTOGRAPH[:56, :64])
    result = invoke(*split("write other.png --onto part.png --locate -o back.png"))
    assert result.exit_code == 1
    (line,) = lines(result.stderr)
    assert line.startswith("glimpse: other.png: no match")
    assert not Path("back.png").exists()


@pytest.mark.parametrize(
    ("args", "message", "code"),
    [
        ("write edited.png --locate -o b.png", "--locate looks for the patch on the picture of --onto", 2),
        ("write edited.png --onto photo.png --locate --row 3 -o b.png", "--locate finds the window", 2),
        ("write flat.png --onto photo.png --locate -o b.png", "flat", 1),
        ("write large.png --onto photo.png --locate -o b.png", "more than twice as large as the image's", 1),
        ("write small.png --onto photo.png --locate -o b.png", "7 x 7 samples is too small", 1),
        ("write clear.png --onto photo.png --locate -o b.png", "transparent", 1),
    ],
)
def test_what_cannot_be_located_is_one_line_and_no_file(args, message, code):
    save("flat.png", np.full((20, 20, 3), 90, np.uint8))
    save("large.png", PHOTOGRAPH.repeat(3, axis=0))
    save("small.png", PHOTOGRAPH[:7, :7])
    Image.new("RGBA", (20, 20)).save("clear.png")
    result = invoke(*split(args))
    assert result.exit_code == code
    (line,) = lines(result.stderr)
    assert message in line
    assert not Path("b.png").exists()
