"""AVIF is read like WebP, and what its decoder would hold is bounded, whatever the header says."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps, features

from glimpse import GlimpseError
from glimpse.io import DecodeOptions
from glimpse.io.avif import read_avif
from glimpse.io.decode import decode

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
ROWS, COLS = 30, 44


def avif(mode="RGB", **options):
    y, x = np.mgrid[:ROWS, :COLS]
    planes = [Image.fromarray((x * (k + 2) + y * (5 - k)).astype(np.uint8)) for k in range(4)]
    image = planes[0] if mode == "L" else Image.merge(mode, planes[: len(mode)])
    file = io.BytesIO()
    image.save(file, "AVIF", **options)
    return file.getvalue()


def claiming(data, rows, cols):
    """The file with another size in its header."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", cols, rows) + data[at + 8 :]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_an_avif_is_what_pillow_reads(mode):
    data = avif(mode)
    picture = decode(io.BytesIO(data))
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(image).astype(np.float32)
    if mode == "RGBA":
        expected[..., :3] *= expected[..., 3:] / 255
    np.testing.assert_allclose(np.asarray(picture.pixels), expected, rtol=1e-6)
    assert picture.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_comes_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = avif(exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(np.asarray(decode(io.BytesIO(data)).pixels), expected)


@pytest.mark.parametrize("bits", [10, 12])
def test_more_bits_are_told(bits):
    imagecodecs = pytest.importorskip("imagecodecs")
    samples = np.random.default_rng(0).integers(0, 2**bits, (ROWS, COLS, 3), dtype=np.uint16)
    data = imagecodecs.avif_encode(samples, bitspersample=bits)
    assert decode(io.BytesIO(data)).notes == ("10 or 12 bits per channel were read as 8",)


@pytest.mark.parametrize(("mode", "pictures"), [("L", 1), ("RGB", 1), ("RGBA", 2)])
def test_the_decoder_holds_the_pixels_of_every_picture_within(mode, pictures):
    assert read_avif(io.BytesIO(avif(mode))).held == pictures * ROWS * COLS


def test_a_header_of_few_pixels_hides_no_others():
    data = claiming(avif(), 2, 2)
    assert read_avif(io.BytesIO(data)).held == ROWS * COLS
    with pytest.raises(GlimpseError, match=r"2 x 2 pixels of AVIF take as much as \d+; --max-pixels"):
        decode(io.BytesIO(data), DecodeOptions(max_pixels=1000))


def test_an_avif_counts_as_many_times_as_its_decoder_holds():
    counted = -(-ROWS * COLS * 18 // 5)
    assert decode(io.BytesIO(avif()), DecodeOptions(max_pixels=counted)).shape == (ROWS, COLS)
    with pytest.raises(GlimpseError, match=r"--max-pixels"):
        decode(io.BytesIO(avif()), DecodeOptions(max_pixels=counted - 1))


def test_an_animation_is_refused_by_name():
    data = avif(save_all=True, append_images=[Image.new("RGB", (COLS, ROWS))])
    with pytest.raises(GlimpseError, match=r"^an AVIF of a kind that cannot be read"):
        decode(io.BytesIO(data))


def test_damaged_ones_give_a_picture_or_our_error():
    data, rng = np.frombuffer(avif("RGBA"), np.uint8), np.random.default_rng(5)
    refused = 0
    for k in range(300):
        damaged = data.copy()
        damaged[rng.integers(0, len(data), 4)] = rng.integers(0, 256, 4)
        try:
            decode(io.BytesIO(damaged.tobytes()[: len(data) - k % 3 * 40]), DecodeOptions(max_pixels=10**6))
        except GlimpseError as error:
            refused += len(str(error).splitlines()) == 1
    assert refused > 100
