"""What a decoder would hold and do is bounded on the header, whatever the format."""

import io
import struct

import numpy as np
import pytest
from PIL import Image
from tiff_files import MIN_IS_BLACK, RGB, samples, tiff

from glimpse import GlimpseError, limits
from glimpse.io import DecodeOptions
from glimpse.io.decode import decode
from glimpse.io.pillow_patches import load

ROWS, COLS = 20, 30
PIXELS = ROWS * COLS


def encoded(kind, mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, (COLS, ROWS)).save(file, kind, **options)
    return file.getvalue()


def ppm16():
    return b"P6 %d %d 65535\n" % (COLS, ROWS) + bytes(6 * PIXELS)


WORK = {
    "PNG": (encoded("PNG"), "plain"),
    "JPEG": (encoded("JPEG"), "plain"),
    "GIF": (encoded("GIF", "P"), "plain"),
    "BMP": (encoded("BMP"), "plain"),
    "PPM": (encoded("PPM"), "plain"),
    "progressive JPEG": (encoded("JPEG", progressive=True), "progressive JPEG"),
    "progressive CMYK JPEG": (encoded("JPEG", "CMYK", progressive=True), "progressive CMYK JPEG"),
    "WebP": (encoded("WEBP"), "WebP"),
    "16-bit PPM": (ppm16(), "16-bit colour"),
}


@pytest.mark.parametrize("name", WORK)
def test_a_pixel_counts_as_many_times_as_its_decoder_holds_more_than_a_plain_one(name):
    data, kind = WORK[name]
    counted = PIXELS * limits.DECODER_BYTES[kind] // limits.DECODER_BYTES["plain"]
    assert decode(io.BytesIO(data), DecodeOptions(max_pixels=counted)).shape == (ROWS, COLS)
    with pytest.raises(GlimpseError, match=r"--max-pixels .*raises the limit"):
        decode(io.BytesIO(data), DecodeOptions(max_pixels=counted - 1))


def test_the_message_says_which_limit_would_do():
    with pytest.raises(
        GlimpseError,
        match=rf"^20 x 30 pixels of WebP take as much as {3 * PIXELS}; --max-pixels {3 * PIXELS} ",
    ):
        decode(io.BytesIO(encoded("WEBP")), DecodeOptions(max_pixels=PIXELS))


@pytest.mark.parametrize("compression", ["none", "deflate"])
def test_a_tile_that_is_larger_than_its_picture_counts_whole(compression):
    data = tiff(samples(8, 3), 8, RGB, tile=2048, compression=compression)
    with pytest.raises(GlimpseError, match=r"TIFF in tiles of 2048 x 2048 take as much as \d+; --max-pixels"):
        decode(io.BytesIO(data), DecodeOptions(max_pixels=10**6))
    assert decode(io.BytesIO(data), DecodeOptions(max_pixels=4 * 10**6)).shape == (21, 37)


def test_a_strip_of_all_rows_counts_beside_the_picture():
    data = tiff(samples(12, 1, rows=100, cols=200), 12, MIN_IS_BLACK, strip=100, compression="deflate")
    with pytest.raises(GlimpseError, match="TIFF in strips of 100 x 200"):
        decode(io.BytesIO(data), DecodeOptions(max_pixels=20_000))


def with_scans(number):
    """A progressive JPEG whose last scan stands so many times more."""
    data = encoded("JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * number + data[-2:]


def test_scans_of_a_progressive_jpeg_are_work():
    limit = 2 * PIXELS  # the least for a progressive picture
    most = 2 * limits.SCANS
    assert decode(io.BytesIO(with_scans(most - 10)), DecodeOptions(max_pixels=limit)).shape == (ROWS, COLS)
    with pytest.raises(GlimpseError, match=rf"^{most + 1} scans of {PIXELS} pixels are more work than"):
        decode(io.BytesIO(with_scans(most - 9)), DecodeOptions(max_pixels=limit))


def test_channels_of_an_npy_count():
    file = io.BytesIO()
    np.save(file, np.zeros((4, 5, 300), np.float32))
    with pytest.raises(GlimpseError, match=r"^4 x 5 pixels of 300 channels of float32 take as much as 2000"):
        decode(io.BytesIO(file.getvalue()), DecodeOptions(max_pixels=1999))
    assert decode(io.BytesIO(file.getvalue()), DecodeOptions(max_pixels=2000)).shape == (4, 5)


def long_webp(rows, cols):
    """A WebP of one pixel on a canvas of this size."""
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "WEBP", lossless=True)
    still = file.getvalue()[12:]
    frame = bytes(6) + bytes(6) + (100).to_bytes(3, "little") + b"\0" + still
    size = (cols - 1).to_bytes(3, "little") + (rows - 1).to_bytes(3, "little")
    chunks = [(b"VP8X", b"\2\0\0\0" + size), (b"ANIM", bytes(6)), (b"ANMF", frame)]
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_a_very_long_row_is_handed_over_in_one_piece(monkeypatch):
    """In Pillow's own pieces of 64 kB a row of 16 million pixels takes four minutes."""
    taken = []

    def loaded(image):
        taken.append(image.decodermaxblock)
        return load(image)

    monkeypatch.setattr("glimpse.io.decode.load", loaded)
    assert decode(io.BytesIO(long_webp(2, 200_000))).shape == (2, 200_000)
    assert taken[0] >= 4 * 200_000
