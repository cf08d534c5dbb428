"""TIFF files of every kind of samples: as tifffile reads them, or refused by name."""

import io
import re
import struct
from importlib.util import find_spec

import numpy as np
import pytest
import tiff_files
import tifffile
from PIL import Image
from tiff_files import (
    COLS,
    COMPRESSIONS,
    MIN_IS_BLACK,
    MIN_IS_WHITE,
    PALETTE,
    RGB,
    ROWS,
    directory,
    expected,
    matrix,
    samples,
    tiff,
)

from glimpse import GlimpseError
from glimpse.io import DecodeOptions
from glimpse.io.decode import decode
from glimpse.io.picture import HINT

BITS = [  # the everyday ones, the others where there is time
    bits if bits in (1, 4, 8, 12, 16) else pytest.param(bits, marks=pytest.mark.slow) for bits in range(1, 17)
]
DEEP = pytest.mark.skipif(not find_spec("imagecodecs"), reason="the extra deep is not installed")


@pytest.fixture
def shallow(monkeypatch):
    """As if imagecodecs were not installed."""
    for module in ("decode_tiff", "decode"):  # tifffile, the reference, may go on using it
        monkeypatch.setattr(f"glimpse.io.{module}.codecs", lambda: None)


def decoded(data, **options):
    return decode(io.BytesIO(data), DecodeOptions(**options))


def flat(*levels, dtype=np.uint16):
    """A picture of one colour."""
    return np.full((ROWS, COLS, len(levels)), levels, dtype)


def colours(picture):
    """The levels of a picture of one colour, and what white is."""
    pixels = np.atleast_3d(np.asarray(picture.pixels))
    assert (pixels == pixels[0, 0]).all()
    return tuple(pixels[0, 0].tolist()), picture.white


@DEEP
@pytest.mark.parametrize("bits", BITS)
def test_every_kind_of_samples_is_read_as_tifffile_reads_it_to_half_a_level(bits):
    for data, photometric, way in matrix(bits):
        picture = decoded(data)
        shares = expected(data, bits, photometric, way)
        pixels = np.atleast_3d(np.asarray(picture.pixels)).astype(float)
        assert picture.notes == ()
        assert picture.white == (255 if bits <= 8 else 65535)
        assert np.abs(pixels - shares * picture.white).max() <= 0.5, way


@pytest.mark.parametrize("bits", BITS)
def test_without_the_extra_every_kind_is_right_or_told_or_refused_by_name(bits, shallow):
    refused = []
    for data, photometric, way in matrix(bits, ("none", "deflate", "packbits")):
        try:
            picture = decoded(data)
        except GlimpseError as error:
            refused.append(str(error))
            continue
        if not find_spec("imagecodecs") and bits not in (1, 8, 16):
            continue  # the reference unpacks other bits with it
        shares = expected(data, bits, photometric, way)
        pixels = np.atleast_3d(np.asarray(picture.pixels)).astype(float)
        assert picture.notes == ((HINT,) if picture.white == 255 and bits > 8 else ())
        assert np.abs(pixels - shares * picture.white).max() <= (0.5 if not picture.notes else 1)
    name = (
        rf"a TIFF of a kind that cannot be read: {bits}-bit .*; pip install 'glimpse-crop\[deep\]' reads it"
    )
    assert all(re.fullmatch(name, line) for line in refused)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 12, 16])
def test_white_is_zero_where_the_file_says_so(bits):
    white = 2**bits - 1
    level = 60000 * white // 65535
    (found,), top = colours(decoded(tiff(flat(level), bits, MIN_IS_WHITE)))
    assert abs(found / top - (1 - level / white)) <= 0.5 / top
    if bits == 16:
        assert (found, top) == (5535, 65535)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bands", [3, 4])
def test_planes_of_16_bits_are_no_bytes(order, bands, shallow):
    data = tiff(flat(60000, 30000, 10000, 65535)[..., :bands], 16, RGB, planar=True, order=order)
    picture = decoded(data)
    assert colours(picture)[0][:3] == (60000, 30000, 10000)
    assert HINT not in picture.notes


def test_compressed_planes_of_16_bits_come_as_8_without_the_extra(shallow):
    picture = decoded(tiff(flat(60000, 30000, 10000), 16, RGB, planar=True, compression="deflate"))
    np.testing.assert_allclose(colours(picture)[0], (233, 117, 39), atol=1)
    assert picture.notes == (HINT,)


@DEEP
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compressed_planes_of_16_bits_keep_them_with_it(compression):
    picture = decoded(tiff(flat(60000, 30000, 10000), 16, RGB, planar=True, compression=compression))
    assert colours(picture) == ((60000, 30000, 10000), 65535)
    assert picture.notes == ()


@pytest.mark.parametrize("bits", [9, 10, 11, 12, 13, 14, 15])
def test_white_of_few_bits_is_white(bits):
    data = tiff(flat(2**bits - 1), bits, MIN_IS_BLACK)
    assert colours(decoded(data)) == ((65535,), 65535)


def test_12_bits_are_scaled_without_the_extra_too(shallow):
    assert colours(decoded(tiff(flat(4095), 12, MIN_IS_BLACK))) == ((65535,), 65535)


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    ("photometric", "bands", "extra", "note", "left"),
    [
        (RGB, 4, (0,), "channel 4 of 4, of no stated meaning, left out", 3),
        (RGB, 6, (0, 0, 0), "channels 4 to 6 of 6, of no stated meaning, left out", 3),
        (RGB, 5, (2, 0), "channel 5 of 5, of no stated meaning, left out", 4),
        (RGB, 4, (), "its 4th channel, of no stated meaning, was taken for alpha", 4),
        (MIN_IS_BLACK, 2, (0,), "channel 2 of 2, of no stated meaning, left out", 1),
    ],
)
def test_a_channel_of_no_stated_meaning_is_told(photometric, bands, extra, note, left, bits, planar):
    array = np.broadcast_to(
        np.arange(1, bands + 1, dtype=np.uint16) * 2 ** (bits - 4), (ROWS, COLS, bands)
    ).copy()
    array[..., 3:4] = 2**bits - 1
    picture = decoded(tiff(array, bits, photometric, extra=extra, planar=planar))
    assert note in picture.notes
    assert np.atleast_3d(np.asarray(picture.pixels)).shape[2] == left
    colour = (1, 2, 3)[: min(left, 3)]
    kept = 8 if HINT in picture.notes else bits  # some Pillows open these 16 bits themselves
    assert colours(picture)[0][:3] == tuple(k * 2 ** (kept - 4) for k in colour)


@DEEP
@pytest.mark.parametrize("bits", [8, 16])
def test_colours_that_are_multiplied_by_alpha_already_stay_so(bits):
    white = 2**bits - 1
    array = flat(white // 5, white // 3, 0, white // 3)
    picture = decoded(tiff(array, bits, RGB, extra=(1,)))
    np.testing.assert_allclose(colours(picture)[0], array[0, 0], atol=1)
    assert picture.notes == ()
    assert picture.white == white


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_colour_map_of_8_bit_levels_is_guessed_with_a_note(bits):
    color_map = tiff_files.samples(8, 3 * 2**bits, rows=1, cols=1)[0, 0]
    array = samples(bits, 1)
    picture = decoded(tiff(array, bits, PALETTE, color_map=color_map))
    np.testing.assert_array_equal(np.asarray(picture.pixels), color_map.reshape(3, -1).T[array[..., 0]])
    assert picture.notes == ("its colour map holds 8-bit levels, which were taken as such",)


def pages(*sizes, reduced=(), within=False):
    """A TIFF of grey pages, each of one level; those after the first lie in the chain or within the first."""
    body, tables = b"", []
    for k, (rows, cols) in enumerate(sizes):
        pixels = np.full((rows, cols), 40 * (k + 1), np.uint8).tobytes()
        tags = {256: (4, [cols]), 257: (4, [rows]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1])}
        tags |= {273: (4, [8 + len(body)]), 277: (3, [1]), 278: (4, [rows]), 279: (4, [len(pixels)])}
        tags |= {254: (4, [1])} if k in reduced else {}
        body += pixels + b"\0" * (len(pixels) % 2)
        tables.append(tags)
    tables[0] |= {330: (4, [0] * (len(sizes) - 1))} if within else {}
    starts = [8 + len(body)]
    for tags in tables:
        starts.append(starts[-1] + len(directory(tags, 0, "<")))
    tables[0] |= {330: (4, starts[1:-1])} if within else {}
    following = [0] * len(sizes) if within else [*starts[1:-1], 0]
    found = [
        directory(tags, at, "<", after) for tags, at, after in zip(tables, starts, following, strict=False)
    ]
    return b"II*\0" + starts[0].to_bytes(4, "little") + body + b"".join(found)


@pytest.mark.parametrize("within", [False, True])
def test_any_page_can_be_read(within):
    data = pages((5, 7), (9, 11), (6, 8), within=within)
    for page, shape in ((1, (5, 7)), (2, (9, 11)), (3, (6, 8))):
        picture = decoded(data, page=page)
        assert picture.shape == shape
        assert (np.asarray(picture.pixels) == 40 * page).all()
        assert picture.notes == ()
    with pytest.raises(GlimpseError, match=r"^it has no page 4, but 3$"):
        decoded(data, page=4)


def test_any_page_of_a_file_on_the_disk_can_be_read(tmp_path):
    frames = [Image.fromarray(np.full((8, 12), 30 * k, np.uint8)) for k in range(1, 4)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:], compression="tiff_lzw")
    with open(tmp_path / "a.tif", "rb") as file:
        assert (np.asarray(decode(file, DecodeOptions(page=3)).pixels) == 90).all()


@pytest.mark.parametrize("within", [False, True])
def test_a_first_page_that_is_a_thumbnail_is_told_with_the_larger_one(within):
    picture = decoded(pages((5, 7), (6, 8), (90, 110), reduced=(0, 1), within=within))
    assert picture.shape == (5, 7)
    assert (
        "its first page is marked as a reduced picture; page 3 has 90 x 110 pixels (--page 3)"
        in picture.notes
    )


def test_pages_that_follow_each_other_in_a_circle_end():
    data = bytearray(pages((5, 7), (9, 11)))
    data[-4:] = data[4:8]
    with pytest.raises(GlimpseError, match="no page 3, but 2"):
        decoded(bytes(data), page=3)


@pytest.mark.parametrize(
    ("bits", "bands", "photometric", "name"), [(16, 4, 5, "CMYK, 4 a pixel"), (8, 3, 8, "Lab, 3 a pixel")]
)
def test_planes_that_would_be_garbled_are_refused_by_name(bits, bands, photometric, name):
    data = tiff(samples(bits, bands), bits, photometric, planar=True)
    with pytest.raises(
        GlimpseError, match=rf"^a TIFF of a kind that cannot be read: {bits}-bit samples \({name}"
    ):
        decoded(data)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compression", ["none", "deflate"])
def test_cmyk_in_planes_is_that_of_pixels(bits, compression):
    array = samples(bits, 4)
    whole = decoded(tiff(array, bits, 5))
    if bits == 8 or compression != "none":
        planes = decoded(tiff(array, bits, 5, planar=True, compression=compression))
        np.testing.assert_array_equal(np.asarray(planes.pixels), np.asarray(whole.pixels))
    assert any("CMYK was converted" in note for note in whole.notes)


@pytest.mark.parametrize(
    ("bits", "bands", "photometric", "kind", "name"),
    [
        (16, 1, MIN_IS_BLACK, 3, r"16-bit float samples \(grey, 1 a pixel\)"),
        (8, 7, MIN_IS_BLACK, 1, r"8-bit samples \(grey, 7 a pixel\)"),
        (16, 3, 8, 1, r"16-bit samples \(Lab, 3 a pixel\)"),
        (16, 1, 32803, 1, r"16-bit samples \(colour filter array, 1 a pixel\)"),
    ],
)
def test_kinds_that_nothing_reads_are_refused_by_name(bits, bands, photometric, kind, name, shallow):
    data = tiff(samples(bits, bands), bits, photometric, more=[(339, 3, [kind] * bands)])
    with pytest.raises(GlimpseError, match=f"^a TIFF of a kind that cannot be read: {name}"):
        decoded(data)


@pytest.mark.parametrize(
    ("dtype", "photometric", "name"),
    [
        ("i1", "minisblack", "8-bit signed"),
        ("f4", "miniswhite", "32-bit float"),
        ("i2", "miniswhite", "16-bit"),
    ],
)
def test_numbers_that_pillow_takes_for_levels_or_turned_ones_are_refused_by_name(dtype, photometric, name):
    file = io.BytesIO()
    tifffile.imwrite(file, np.arange(-40, 40).reshape(8, 10).astype(dtype), photometric=photometric)
    with pytest.raises(GlimpseError, match=f"of a kind that cannot be read: {name}"):
        decoded(file.getvalue(), levels=(0.0, 1.0))


def test_the_extra_is_named_for_what_it_reads_alone(shallow):
    for compression, is_read in ((34887, True), (34712, False)):  # LERC, JPEG 2000
        data = tiff(samples(8, 1), 8, MIN_IS_BLACK, compression="deflate")
        data = data.replace(struct.pack("<HHII", 259, 3, 1, 8), struct.pack("<HHII", 259, 3, 1, compression))
        with pytest.raises(GlimpseError, match="of a kind that cannot be read") as caught:
            decoded(data)
        assert ("glimpse-crop[deep]" in str(caught.value)) is is_read


@pytest.mark.parametrize("side", [90, 2200])  # decoded whole, and by parts where something unpacks those
def test_a_strip_of_jpeg_that_ends_too_early_is_refused(side):
    file = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(file, "TIFF", compression="jpeg")
    whole = file.getvalue()
    assert np.asarray(decoded(whole).pixels[-9:, :]).any()
    end = whole.index(b"\xff\xd9")  # of the first one
    with pytest.raises(GlimpseError, match="is truncated"):
        np.asarray(decoded(whole[:end] + bytes(2) + whole[end + 2 :]).pixels[:, :])


def test_a_bigtiff_of_the_other_order_has_one_directory():
    """Pillow takes its header for a classic one, whose directory would begin at 524,288."""
    array, place, file = samples(8, 3).astype(np.uint8), 8 << 16, io.BytesIO()
    tifffile.imwrite(file, array, bigtiff=True, byteorder=">", photometric="rgb")
    other = {256: (4, [COLS]), 257: (4, [ROWS]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]), 273: (4, [99])}
    other |= {277: (3, [1]), 278: (4, [ROWS]), 279: (4, [ROWS * COLS])}
    data = file.getvalue().ljust(place, b"\0") + directory(other, place, ">")
    np.testing.assert_array_equal(np.asarray(decoded(data).pixels), array)
