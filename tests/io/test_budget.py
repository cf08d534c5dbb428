"""What a decoder would hold and do is bounded on the header, whatever the format."""

import io
import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiff_files import MIN_IS_BLACK, RGB, directory, samples, tiff

from glimpse import GlimpseError
from glimpse.io import DecodeOptions, tiff_regions
from glimpse.io.budget import COSTS, MOST
from glimpse.io.decode import decode
from glimpse.io.npy import load_stack
from glimpse.io.pillow_patches import load

ROWS, COLS = 20, 30
PIXELS = ROWS * COLS


def encoded(kind, mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, (COLS, ROWS)).save(file, kind, **options)
    return file.getvalue()


def ppm16():
    return b"P6 %d %d 65535\n" % (COLS, ROWS) + bytes(6 * PIXELS)


def film(kind):
    frames = [Image.new("RGB", (COLS, ROWS), (90 * k, 9, 9)) for k in range(3)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def bmp16():
    head = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 0, 0, 66, 40, COLS, ROWS, 1, 16, 3, 0, 0, 0, 0, 0)
    return head + struct.pack("<III", 0xF800, 0x7E0, 0x1F) + bytes(2 * PIXELS)


def scans_of(number):
    """A sequential JPEG whose channels come one by one, without data."""
    data = encoded("JPEG", subsampling=0)
    scans = [b"\xff\xda\0\10\1" + bytes([k % 3 + 1, 0, 0, 63, 0]) for k in range(number)]
    return data[: data.index(b"\xff\xda")] + b"".join(scans) + b"\xff\xd9"


WORK = {  # the file, the page, the rows of COSTS: how many of each are held and worked on, for each pixel
    "PNG": (encoded("PNG"), 0, {"plain": (1, 1)}),
    "APNG": (film("PNG"), 3, {"plain": (1, 1), "frame of APNG": (1, 2)}),
    "JPEG": (encoded("JPEG"), 0, {"JPEG": (1, 1)}),
    "GIF": (encoded("GIF", "P"), 0, {"plain": (1, 1)}),
    "GIF, page 3": (film("GIF"), 3, {"screen of GIF": (1, 1), "frame of GIF": (1, 3)}),
    "BMP": (encoded("BMP"), 0, {"plain": (1, 1)}),
    "BMP of 16 bits": (bmp16(), 0, {"BMP with masks": (1, 1)}),
    "PPM": (encoded("PPM"), 0, {"plain": (1, 1)}),
    "16-bit PPM": (ppm16(), 0, {"plain": (1, 1)}),
    "PPM in text": (b"P3 30 20 255" + b" 9" * 1800, 0, {"plain": (1, 1), "sample as text": (3, 3)}),
    "progressive JPEG": (
        encoded("JPEG", progressive=True, subsampling=0),
        0,
        {"JPEG": (1, 1), "coefficient of JPEG": (3, 3), "scan of JPEG": (1, 10)},
    ),
    "progressive CMYK JPEG": (
        encoded("JPEG", "CMYK", progressive=True),
        0,
        {"JPEG": (1, 1), "coefficient of JPEG": (4, 4), "scan of JPEG": (1, 17)},
    ),
    "WebP": (encoded("WEBP"), 0, {"WebP": (1, 1)}),
    "WebP, page 3": (film("WEBP"), 3, {"WebP": (1, 3)}),
}


@pytest.mark.parametrize("name", WORK)
def test_a_pixel_counts_as_many_times_as_its_decoder_holds_or_does_more_than_a_plain_one(name):
    data, page, rows = WORK[name]
    held = sum(COSTS[row].held * many for row, (many, _) in rows.items())
    work = sum(COSTS[row].work * many for row, (_, many) in rows.items())
    counted = math.ceil(PIXELS * max(1, held / MOST.held, work / MOST.work))
    assert decode(io.BytesIO(data), DecodeOptions(None, counted, page or None)).shape == (ROWS, COLS)
    with pytest.raises(GlimpseError, match=r"--max-pixels .*raises the limit"):
        decode(io.BytesIO(data), DecodeOptions(None, counted - 1, page or None))


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


def test_scans_of_a_jpeg_are_work_whichever_way_it_is_coded():
    base, each = COSTS["JPEG"].work + 3 * COSTS["coefficient of JPEG"].work, COSTS["scan of JPEG"].work
    counted = math.ceil(PIXELS * (base + 300 * each) / MOST.work)
    with pytest.raises(GlimpseError, match=rf"^20 x 30 pixels of JPEG in 300 scans .* {counted};"):
        decode(io.BytesIO(scans_of(300)), DecodeOptions(max_pixels=counted - 1))
    with pytest.raises(GlimpseError, match="truncated"):  # weighed, decoded, and found to be empty
        decode(io.BytesIO(scans_of(300)), DecodeOptions(max_pixels=counted))


def sized(data, rows, cols):
    """A JPEG with another size in its header."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", rows, cols) + data[at + 4 :]


def test_a_jpeg_whose_channels_come_one_by_one_is_held_as_coefficients():
    with pytest.raises(GlimpseError, match=r"^13300 x 13300 pixels of JPEG in 3 scans take as much as 3537"):
        decode(io.BytesIO(sized(scans_of(3), 13300, 13300)))


def test_frames_of_a_gif_count_wherever_they_lie():
    plain = encoded("GIF", "P")
    at = plain.index(b",")
    wide = plain[:6] + struct.pack("<HH", 10, 10) + plain[10:at] + b"!\xf9\4\10\0\0\0\0"
    wide += b"," + struct.pack("<HHHH", 0, 0, 65535, 65535) + plain[at + 9 :]
    with pytest.raises(GlimpseError, match=r"^65535 x 65535 pixels are more than"):
        decode(io.BytesIO(wide))
    second = plain[:-1] + b"," + struct.pack("<HHHH", 0, 0, 65535, 65535) + plain[at + 9 :]
    assert decode(io.BytesIO(second)).shape == (ROWS, COLS)
    with pytest.raises(GlimpseError, match=r"^20 x 30 pixels of GIF of 2 frames take as much as"):
        decode(io.BytesIO(second), DecodeOptions(page=2))


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
        load(image)
        taken.append(image.decodermaxblock)

    monkeypatch.setattr("glimpse.io.decode.load", loaded)
    assert decode(io.BytesIO(long_webp(2, 200_000))).shape == (2, 200_000)
    assert taken[0] >= 4 * 200_000


def test_the_table_of_costs_in_the_readme_is_the_one_that_holds():
    text = (Path(__file__).parents[2] / "src/glimpse/io/README.md").read_text("utf-8")
    table = text.split("| kind | bytes held | nanoseconds of CPU |\n| --- | --- | --- |\n")[1].split("\n\n")[
        0
    ]
    assert table.splitlines() == [
        f"| {name} | {held:g} | {work:.0f} |" for name, (held, work) in COSTS.items()
    ]


def strips_of(number, cols, bits, packing=1, one=None, counts=None):
    """A grey TIFF of so many rows, each a strip, all at one place."""
    body = one if one is not None else bytes(-(-cols * bits // 8))
    body += bytes(len(body) % 2)
    tags = {256: (4, [cols]), 257: (4, [number]), 258: (3, [bits]), 259: (3, [packing]), 262: (3, [1])}
    tags |= {273: (3, [8] * number), 277: (3, [1]), 278: (3, [1]), 279: (3, counts or [len(body)] * number)}
    return struct.pack("<2sHI", b"II", 42, 8 + len(body)) + body + directory(tags, 8 + len(body), "<")


@pytest.mark.parametrize(("cols", "bits"), [(1, 11), (1, 8)])
def test_every_strip_of_a_tiff_counts(cols, bits):
    with pytest.raises(GlimpseError, match=r"TIFF in strips of 1 x \d+ take as much as \d{9}"):
        decode(io.BytesIO(strips_of(150_000, cols, bits)))


def test_a_large_tiff_may_leave_the_lengths_of_its_strips_to_the_reader():
    data = strips_of(50_000, 100, 8, counts=[100])
    assert decode(io.BytesIO(data)).pixels[-2:, :].shape == (2, 100)


def test_samples_beyond_the_format_take_no_memory():
    data = bytearray(tiff(samples(8, 3), 8, RGB))
    at = data.index(struct.pack("<HHI", 277, 3, 1))
    data[at : at + 12] = struct.pack("<HHII", 277, 4, 1, 1 << 28)
    with pytest.raises(
        GlimpseError, match=r"^a damaged TIFF: it says more samples a pixel than the format has$"
    ):
        decode(io.BytesIO(bytes(data)))


def shared_tiles(side, tile, bits, bands):
    """A TIFF of deflated zeros, whose tiles all lie at one place."""
    body = zlib.compress(bytes(tile * tile * bands * bits // 8), 9)
    body += bytes(len(body) % 2)
    number = (-(-side // tile)) ** 2
    tags = {256: (4, [side]), 257: (4, [side]), 258: (3, [bits] * bands), 259: (3, [8]), 277: (3, [bands])}
    tags |= {262: (3, [2 if bands > 2 else 1]), 322: (4, [tile]), 323: (4, [tile])}
    tags |= {324: (4, [8] * number), 325: (4, [len(body)] * number)} | ({338: (3, [2])} if bands == 4 else {})
    return struct.pack("<2sHI", b"II", 42, 8 + len(body)) + body + directory(tags, 8 + len(body), "<")


def test_a_window_on_a_small_file_is_weighed_to_the_last_row_from_a_quarter_of_the_limit():
    pixels = decode(io.BytesIO(shared_tiles(3000, 256, 8, 1)), DecodeOptions(max_pixels=10**6)).pixels
    for row in range(0, 75, 25):  # as a window is read
        assert pixels[row : row + 25, :].shape == (25, 3000)
    assert pixels[2000:2075, :].shape == (75, 3000)  # another window
    with pytest.raises(GlimpseError, match=r"1000 x 3000 pixels are more than 1000000; --max-pixels"):
        pixels[2075:2100, :]
    assert pixels[2700:2800, :].shape == (100, 3000)  # to the last row it is not too much


def test_a_row_of_tiles_is_kept_while_its_rows_are_read(monkeypatch):
    monkeypatch.setattr("glimpse.io.tiff_regions._KEPT", 1 << 10)
    pixels = decode(io.BytesIO(shared_tiles(2560, 256, 16, 4))).pixels
    unpacked, inflated = [], tiff_regions._UNPACKERS[8]
    monkeypatch.setitem(tiff_regions._UNPACKERS, 8, lambda *how: unpacked.append(1) or inflated(*how))
    for row in range(0, 256, 32):
        pixels[row : row + 32, :]
    assert len(unpacked) <= 11


@pytest.mark.parametrize("tile", [1300, 1408])
def test_a_row_of_segments_of_a_large_tiff_counts(tile):
    with pytest.raises(GlimpseError, match=r"pixels of TIFF in tiles of \d+ x \d+ take as much as \d+"):
        decode(io.BytesIO(shared_tiles(2816, tile, 16, 4)), DecodeOptions(max_pixels=8 * 10**6))


def test_a_jpeg_within_a_tile_is_no_larger_than_it():
    pytest.importorskip("imagecodecs")
    file = io.BytesIO()
    Image.new("RGB", (900, 900)).save(file, "JPEG", subsampling=0)
    body = file.getvalue() + bytes(len(file.getvalue()) % 2)
    tags = {
        256: (4, [2560]),
        257: (4, [2560]),
        258: (3, [8] * 3),
        259: (3, [7]),
        262: (3, [6]),
        277: (3, [3]),
    }
    tags |= {322: (4, [256]), 323: (4, [256]), 324: (4, [8] * 100), 325: (4, [len(body)] * 100)}
    data = struct.pack("<2sHI", b"II", 42, 8 + len(body)) + body + directory(tags, 8 + len(body), "<")
    with pytest.raises(GlimpseError, match="a strip or tile is of another size than it says"):
        decode(io.BytesIO(data))


def test_other_beginnings_of_a_tiff_lead_round_no_check():
    data = tiff(samples(16, 3), 16, RGB, order=">")
    with pytest.raises(GlimpseError, match=r"^not an image of a known format"):
        decode(io.BytesIO(b"MM*\0" + data[4:]))


def test_of_many_records_in_a_png_few_are_unpacked(monkeypatch):
    png, text = encoded("PNG"), b"zTXt" + b"glimpse\0\0" + zlib.compress(b"{" * 60_000)
    record = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    assert len(decode(io.BytesIO(png[:33] + record * 500 + png[33:])).text) < 200_000


@pytest.mark.parametrize(("count", "least"), [(4_000, 50_000), (170_000, 50_000)])
def test_many_patches_of_few_bytes_count_for_the_work_of_each(count, least, tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        array = io.BytesIO()
        np.save(array, np.zeros((count, 1, 1), np.uint8))
        archive.writestr("patches.npy", array.getvalue())
    (tmp_path / "a.npz").write_bytes(file.getvalue())
    with pytest.raises(GlimpseError, match=f"each of which counts for {least}, are more than"):
        load_stack(str(tmp_path / "a.npz"))
