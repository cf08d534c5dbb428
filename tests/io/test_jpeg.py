"""JPEG files that were cut and closed with an end marker: refused where a short look can tell."""

import io

import numpy as np
import pytest
from PIL import Image

from glimpse import GlimpseError
from glimpse.io.decode import decode
from glimpse.io.jpeg import scans

ROWS, COLS = 72, 107
WAYS = [{}, {"subsampling": 0}, {"restart_marker_rows": 1}, {"restart_marker_blocks": 3}, {"optimize": True}]
MODES = ["L", "RGB", "CMYK"]


def jpeg(mode, seed=0, **options):
    """A picture that compresses as a photograph does."""
    y, x = np.mgrid[:ROWS, :COLS]
    rng = np.random.default_rng(seed)
    waves = [127 + 90 * np.sin(x / (5 + k) + y / (9 - k)) + rng.normal(0, 9, (ROWS, COLS)) for k in range(4)]
    array = np.stack(waves, -1).clip(0, 255).astype(np.uint8)
    bands = {"L": 1, "RGB": 3, "CMYK": 4}[mode]
    file = io.BytesIO()
    planes = [Image.fromarray(array[..., k]) for k in range(bands)]
    (planes[0] if bands == 1 else Image.merge(mode, planes)).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_a_picture_that_was_cut_and_closed_is_refused(mode, way):
    data = jpeg(mode, **way)
    decode(io.BytesIO(data))
    for length in np.linspace(len(data) / 3, len(data) - 80, 20).astype(int):
        with pytest.raises(GlimpseError, match="cannot be decoded: image file is truncated"):
            decode(io.BytesIO(data[:length] + b"\xff\xd9"))


@pytest.mark.parametrize("mode", MODES)
def test_a_progressive_picture_without_its_last_scans_is_refused(mode):
    data = jpeg(mode, progressive=True)
    decode(io.BytesIO(data))
    starts = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans(data)[0]) == len(starts)
    for start in starts[1:]:
        with pytest.raises(GlimpseError, match="cannot be decoded: image file is truncated"):
            decode(io.BytesIO(data[:start] + b"\xff\xd9"))


@pytest.mark.parametrize("way", [*WAYS, {"progressive": True}], ids=str)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tail", [b"", b"\xff\xd9", b"more \xff\xda of it"])
def test_a_whole_picture_that_ends_in_middle_grey_is_read(mode, way, tail):
    file = io.BytesIO()
    level = (128,) * len(mode) if mode != "L" else 128
    Image.new(mode, (COLS, ROWS), level).save(file, "JPEG", **way)
    assert decode(io.BytesIO(file.getvalue() + tail)).shape == (ROWS, COLS)


def test_the_first_picture_of_several_is_looked_at():
    pictures = [Image.new("L", (COLS, ROWS), level) for level in (128, 30)]
    file = io.BytesIO()
    pictures[0].save(file, "MPO", save_all=True, append_images=pictures[1:])
    assert decode(io.BytesIO(file.getvalue())).shape == (ROWS, COLS)
