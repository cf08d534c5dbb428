"""What the specifications of formats have beside plain pixels: kept, said or refused, never lost silently."""

import io
import struct
import zlib

import numpy as np
import pytest
from hostile_files import chunk, encoded
from PIL import Image, features
from tiff_files import MIN_IS_BLACK, PALETTE, directory, samples, tiff

from glimpse import GlimpseError
from glimpse.io import DecodeOptions
from glimpse.io.decode import decode
from glimpse.io.npy import load_stack
from glimpse.io.stills import save_still

ROWS, COLS = 9, 14
RNG = np.random.default_rng(3)
COLOURS = RNG.integers(0, 256, (ROWS, COLS, 3), dtype=np.uint8)
TURN = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a tiff:Orientation=\"6\"/></x:xmpmeta>"


def decoded(data, **options):
    return decode(io.BytesIO(data), DecodeOptions(**options))


def pixels(data, **options):
    return np.asarray(decoded(data, **options).pixels)


# TIFF


def tiles(*levels, rows=32, cols=32):
    """A grey TIFF of tiles of 16 x 16, each of one level."""
    bodies = b"".join(bytes([level]) * 256 for level in levels)
    tags = {256: (4, [cols]), 257: (4, [rows]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]), 277: (3, [1])}
    tags |= {322: (4, [16]), 323: (4, [16]), 325: (4, [256] * len(levels))}
    tags |= {324: (4, [8 + 256 * k for k in range(len(levels))])}
    at = 8 + len(bodies)
    return struct.pack("<2sHI", b"II", 42, at) + bodies + directory(tags, at, "<")


@pytest.mark.parametrize("more", [(), (7,), (7, 7), (7,) * 5])
def test_tiles_beyond_the_picture_of_a_tiff_do_not_draw_over_it(more):
    expected = np.kron([[50, 100], [150, 200]], np.ones((16, 16), int))
    np.testing.assert_array_equal(pixels(tiles(50, 100, 150, 200, *more)), expected)


def test_strips_beyond_the_picture_of_a_tiff_do_not_draw_over_it():
    array = samples(8, 1, rows=16)
    data = bytearray(tiff(array, 8, MIN_IS_BLACK, strip=4))
    for tag, size in ((257, 8),):  # of half the rows
        at = data.index(struct.pack("<HHI", tag, 4, 1))
        data[at + 8 : at + 12] = struct.pack("<I", size)
    np.testing.assert_array_equal(pixels(bytes(data)), array[:8, :, 0])


@pytest.mark.parametrize("tag", [324, 325])
def test_a_hole_in_a_tiff_is_no_picture_of_other_bytes(tag):
    data = bytearray(tiles(50, 100, 150, 200))
    at = struct.unpack("<I", data[data.index(struct.pack("<HHI", tag, 4, 4)) + 8 :][:4])[0]
    data[at + 4 : at + 8] = bytes(4)
    with pytest.raises(GlimpseError, match="a TIFF with holes"):
        decoded(bytes(data))


@pytest.mark.parametrize("tag", [256, 257, 258, 273, 278, 277, 322])
def test_a_tag_of_a_tiff_that_stands_twice_is_refused(tag):
    data = tiff(samples(8, 1), 8, MIN_IS_BLACK, tile=16 if tag == 322 else 0)
    (at,) = struct.unpack("<I", data[4:8])
    (number,) = struct.unpack("<H", data[at : at + 2])
    entries = [data[at + 2 + 12 * k : at + 14 + 12 * k] for k in range(number)]
    entries.append(struct.pack("<HHIHH", tag, 3, 1, 1, 0))
    entries.sort(key=lambda entry: entry[:2][::-1])
    table = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    twice = data[:4] + struct.pack("<I", len(data)) + data[8:] + table
    with pytest.raises(GlimpseError, match=f"its tag {tag} stands there twice"):
        decoded(twice)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("compression", ["none", "deflate"])
def test_a_colour_map_of_16_bits_is_scaled_by_its_white(bits, compression):
    color_map = samples(16, 3 * 2**bits, rows=1, cols=1)[0, 0]
    array = samples(bits, 1)
    found = pixels(tiff(array, bits, PALETTE, color_map=color_map, compression=compression))
    expected = color_map.reshape(3, -1).T[array[..., 0]] / 257
    assert np.abs(found - expected).max() <= 0.5


def test_numbers_are_called_by_the_type_that_they_have_in_the_file():
    for kind, bits, dtype in ((2, 16, np.int16), (3, 32, np.float32), (2, 32, np.int32)):
        body = np.arange(6, dtype=dtype).tobytes()
        tags = {256: (4, [3]), 257: (4, [2]), 258: (3, [bits]), 259: (3, [1]), 262: (3, [1]), 273: (4, [8])}
        tags |= {277: (3, [1]), 278: (4, [2]), 279: (4, [len(body)]), 339: (3, [kind])}
        at = 8 + len(body)
        data = struct.pack("<2sHI", b"II", 42, at) + body + directory(tags, at, "<")
        with pytest.raises(GlimpseError, match=rf"^pixels are {dtype.__name__} numbers from 0 to 5"):
            decoded(data)


def test_the_place_of_a_number_that_is_none_is_said():
    numbers = np.zeros((300, 7), np.float32)
    numbers[270, 4] = np.inf
    file = io.BytesIO()
    np.save(file, numbers)
    with pytest.raises(GlimpseError, match=r"not finite, the first at row 270, column 4"):
        decoded(file.getvalue())


# a turn that XMP asks for


def with_xmp(kind):
    image = Image.fromarray(COLOURS)
    if kind == "PNG":
        data = encoded(image)
        return data[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + TURN) + data[33:]
    if kind == "TIFF":
        return encoded(image, kind, tiffinfo={700: TURN})
    return encoded(image, kind, xmp=TURN, **({"lossless": True} if kind == "WEBP" else {}))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_turn_that_xmp_alone_asks_for_is_made_in_every_format(kind):
    upright = np.rot90(COLOURS, -1)
    found = pixels(with_xmp(kind))
    assert found.shape == upright.shape
    if kind != "JPEG":
        np.testing.assert_array_equal(found, upright)


# coding of colours


@pytest.mark.parametrize("coding", [bytes([9, 16, 0, 1]), bytes([12, 13, 0, 1])])
def test_the_coding_of_colours_of_a_png_stays_with_its_levels(coding, tmp_path):
    data = encoded(Image.fromarray(COLOURS))
    picture = decoded(data[:33] + chunk(b"cICP", coding) + data[33:])
    save_still(str(tmp_path / "a.png"), COLOURS[:4], picture)
    assert chunk(b"cICP", coding) in (tmp_path / "a.png").read_bytes()


AVIF = pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")


def avif_with(*properties, image=None, **options):
    """An AVIF with more properties (name, contents, whether it must be understood) of its picture."""
    data = encoded(
        image or Image.fromarray(np.kron(COLOURS, np.ones((6, 6, 1), np.uint8))), "AVIF", **options
    )
    boxes = b"".join(struct.pack(">I4s", 8 + len(body), name) + body for name, body, _ in properties)
    at = data.index(b"ipco") - 4
    (size,) = struct.unpack(">I", data[at : at + 4])
    known, inside = 0, at + 8
    while inside < at + size:
        known, inside = known + 1, inside + struct.unpack(">I", data[inside : inside + 4])[0]
    ipma = data.index(b"ipma") - 4
    (length,) = struct.unpack(">I", data[ipma : ipma + 4])
    count = ipma + 8 + 4 + 4 + 2  # how many properties the first item has
    more = bytes(known + k + 1 | (0x80 if must else 0) for k, (*_, must) in enumerate(properties))
    listed = (
        data[ipma + 4 : count] + bytes([data[count] + len(more)]) + data[count + 1 : ipma + length] + more
    )
    grown = len(boxes) + len(more)
    parts = data[:at] + struct.pack(">I", size + len(boxes)) + data[at + 4 : at + size] + boxes
    parts += data[at + size : ipma] + struct.pack(">I", length + len(more)) + listed
    found = bytearray(parts + data[ipma + length :])
    for name in (b"meta", b"iprp"):
        place = found.index(name) - 4
        found[place : place + 4] = struct.pack(">I", struct.unpack(">I", found[place : place + 4])[0] + grown)
    place = found.index(b"iloc") + 4 + 14
    found[place : place + 4] = struct.pack(">I", struct.unpack(">I", found[place : place + 4])[0] + grown)
    return bytes(found)


def clap(wide, tall, across=0, down=0, below=1):
    return b"clap", struct.pack(">IIIIiIiI", wide, 1, tall, 1, across, below, down, below), True


@AVIF
def test_the_clean_aperture_of_an_avif_is_the_picture():
    whole = pixels(avif_with())
    assert whole.shape == (54, 84, 3)
    found = pixels(avif_with(clap(32, 20, -13, 4)))  # its centre is so far from that of the whole
    np.testing.assert_array_equal(found, whole[21:41, 13:45])
    turned = pixels(avif_with(clap(32, 20, -13, 4), (b"irot", b"\1", True)))
    np.testing.assert_array_equal(turned, np.rot90(whole[21:41, 13:45]))


@AVIF
@pytest.mark.parametrize(
    "part", [clap(32, 21), clap(90, 20), clap(32, 20, 90), clap(0, 20), clap(32, 20, 1, 1, 0)]
)
def test_a_clean_aperture_that_is_no_part_of_the_picture_is_refused(part):
    with pytest.raises(GlimpseError, match="AVIF"):
        decoded(avif_with(part))


@AVIF
@pytest.mark.parametrize(
    "turn", [(b"irot", b"\1"), (b"irot", b"\2"), (b"irot", b"\3"), (b"imir", b"\0"), (b"imir", b"\1")]
)
def test_turns_and_mirrors_of_an_avif_are_made(turn):
    whole = pixels(avif_with())
    name, (how,) = turn
    expected = np.rot90(whole, how) if name == b"irot" else np.flip(whole, how)
    np.testing.assert_array_equal(pixels(avif_with((*turn, True))), expected)


@AVIF
def test_the_coding_of_colours_of_an_avif_stays_with_its_levels():
    data = avif_with()
    assert decoded(data).color == {}
    at = data.index(b"nclx")
    hdr = data[: at + 4] + struct.pack(">HH", 9, 16) + data[at + 8 :]
    assert decoded(hdr).color == {"cICP": bytes([9, 16, 0, 1])}


# GIF

PALETTE_OF_4 = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200], [9, 9, 9]], np.uint8)


def gif(rows, cols, *frames):
    """A GIF of frames (top, left, rows, columns, index, disposal, transparent index or None)."""
    data = b"GIF89a" + struct.pack("<HHBBB", cols, rows, 0x81, 0, 0) + PALETTE_OF_4.tobytes()
    for top, left, tall, wide, index, disposal, transparent in frames:
        shown = transparent is not None
        data += b"!\xf9\4" + bytes([disposal << 2 | shown, 0, 0, transparent or 0, 0])
        data += b"," + struct.pack("<HHHHB", left, top, wide, tall, 0) + coded(index, tall * wide)
    return data + b";"


def coded(index, count):
    """So many pixels of one index of four, each after a code that clears the table."""
    bits = "".join(format(code, "03b")[::-1] for _ in range(count) for code in (4, index)) + "101"
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[k : k + 8][::-1], 2) for k in range(0, len(bits), 8))
    blocks = [data[k : k + 255] for k in range(0, len(data), 255)]
    return b"\2" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def screen(*drawn):
    """What a browser shows: nothing where no frame has drawn."""
    shown = np.zeros((6, 8, 4), np.float32)
    for (top, left, tall, wide), colour in drawn:
        shown[top : top + tall, left : left + wide] = 0 if colour is None else (*PALETTE_OF_4[colour], 255)
    return shown


FIRST, SECOND, THIRD = (1, 2, 3, 4), (0, 0, 2, 3), (3, 5, 3, 3)


def test_a_first_frame_that_leaves_room_on_the_screen_of_a_gif_leaves_it_transparent():
    np.testing.assert_array_equal(pixels(gif(6, 8, (*FIRST, 1, 0, None))), screen((FIRST, 1)))
    whole = pixels(gif(6, 8, (0, 0, 6, 8, 2, 0, None)))
    np.testing.assert_array_equal(whole, np.broadcast_to(PALETTE_OF_4[2], (6, 8, 3)))


@pytest.mark.parametrize(
    ("disposal", "left"),
    [(0, [(FIRST, 1)]), (1, [(FIRST, 1)]), (2, [(FIRST, None)]), (3, [])],
)
def test_a_frame_of_a_gif_goes_as_it_says(disposal, left):
    data = gif(6, 8, (*FIRST, 1, disposal, None), (*SECOND, 2, 2, None), (*THIRD, 3, 0, None))
    np.testing.assert_array_equal(pixels(data, page=2), screen(*left, (SECOND, 2)))
    np.testing.assert_array_equal(pixels(data, page=3), screen(*left, (SECOND, None), (THIRD, 3)))
    with pytest.raises(GlimpseError, match="no page 4"):
        decoded(data, page=4)


def test_a_transparent_frame_of_a_gif_leaves_what_lies_below():
    data = gif(6, 8, (0, 0, 6, 8, 1, 1, None), (*SECOND, 2, 1, 2), (*THIRD, 3, 1, 0))
    expected = screen(((0, 0, 6, 8), 1), (THIRD, 3))[..., :3]
    np.testing.assert_array_equal(pixels(data, page=3), expected)


# BMP


def bmp(bits, body, *, compression=0, masks=(), size=40, palette=b"", rows=ROWS, cols=COLS, rest=b""):
    told = struct.pack(f"<{len(masks)}I", *masks)
    head = struct.pack("<IiiHHIIiiII", size, cols, rows, 1, bits, compression, len(body), 0, 0, 0, 0)
    head += told if size == 40 else (told.ljust(16, b"\0") + rest).ljust(size - 40, b"\0")
    offset = 14 + len(head) + len(palette)
    return struct.pack("<2sIII", b"BM", offset + len(body), 0, offset) + head + palette + body


LAYOUTS = [
    (16, (0xF800, 0x07E0, 0x001F), 40),
    (16, (0x7C00, 0x03E0, 0x001F), 40),
    (16, (0x7C00, 0x03E0, 0x001F, 0x8000), 108),
    (16, (0x0F00, 0x00F0, 0x000F, 0xF000), 124),
    (32, (0xFF, 0xFF00, 0xFF0000), 40),
    (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 56),
    (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF), 124),
    (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000), 108),
]


@pytest.mark.parametrize(("bits", "masks", "size"), LAYOUTS)
@pytest.mark.parametrize("down", [False, True])
def test_every_channel_of_a_bmp_is_where_its_mask_says(bits, masks, size, down):
    words = RNG.integers(0, 2**bits, (ROWS, COLS), dtype=np.uint64).astype(f"<u{bits // 8}")
    line = b"\0" * (-COLS * bits // 8 % 4)
    body = b"".join(row.tobytes() + line for row in (words if down else words[::-1]))
    data = bmp(bits, body, compression=3, masks=masks, size=size, rows=-ROWS if down else ROWS)
    picture = decoded(data)
    shares = [(words & np.uint64(mask)) / mask for mask in masks]
    expected = np.rint(255 * np.stack(shares, -1))
    if len(masks) == 4:
        expected[..., :3] *= expected[..., 3:] / 255
    np.testing.assert_allclose(np.asarray(picture.pixels), expected, atol=1e-4)
    assert picture.alpha == (len(masks) == 4)


def test_alpha_of_a_bmp_that_is_0_everywhere_is_none():
    body = b"\x10\x20\x30\0" * (ROWS * COLS)
    picture = decoded(
        bmp(32, body, compression=3, masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000), size=108, rest=b"BGRs")
    )
    assert not picture.alpha
    assert picture.notes == ("its alpha is 0 everywhere and was left out",)


GREYS = b"".join(bytes([k, k, k, 0]) for k in range(256))


@pytest.mark.parametrize("half", [False, True])
def test_runs_of_a_bmp_are_drawn_where_they_are_said_to_be(half):
    """Runs, literals, empty lines, jumps and an early end, beside a loop of the format's own words."""
    mark = 0x11 if half else 1
    body = bytes([5, 3 * mark, 0, 0]) + b"\0\0"  # five pixels, then an empty line
    body += bytes([0, 2, 3, 1, 4, 9 * mark])  # a jump by 3 and 1, four pixels
    body += (b"\0\4\x12\x34" if half else b"\0\4\1\2\3\4") + b"\0\1"  # four pixels one by one, the end
    colours = bytes(v for k in range(16) for v in (k, k, k, 0)) if half else GREYS
    data = bmp(4 if half else 8, body, compression=2 if half else 1, palette=colours)
    expected = np.zeros((ROWS, COLS), int)
    expected[0, :5] = 3
    expected[3, 3:7] = 9
    expected[3, 7:11] = 1, 2, 3, 4
    found = pixels(data)
    np.testing.assert_array_equal(found if found.ndim == 2 else found[..., 0], expected[::-1])
    with pytest.raises(GlimpseError, match="truncated"):
        decoded(data[:-2])


def test_colours_of_a_bmp_that_are_told_otherwise_are_said():
    body = bytes(3 * ROWS * COLS + 2 * ROWS)
    plain = decoded(bmp(24, body, size=108, rest=b"BGRs"))
    assert plain.notes == ()
    calibrated = decoded(bmp(24, body, size=108, rest=b"\0\0\0\0" + b"\1" * 48))
    assert calibrated.notes == ("its colours are told in a way that was left out",)


# PPM


def plain_of(kind, array, white):
    text = "\n".join(" ".join(map(str, row)) for row in array.reshape(ROWS, -1))
    return (
        b"P%d # a note\n# more\n%d\t%d%s\n" % (kind, COLS, ROWS, b"" if kind == 1 else b" %d" % white)
        + text.encode()
    )


@pytest.mark.parametrize("white", [1, 7, 255, 256, 1000, 65535])
@pytest.mark.parametrize("bands", [1, 3])
def test_a_plain_ppm_is_the_raw_one_whatever_its_white(white, bands):
    array = RNG.integers(0, white + 1, (ROWS, COLS, bands))
    raw = b"P%d %d %d %d\n" % (6 if bands == 3 else 5, COLS, ROWS, white)
    raw += array.astype(">u2" if white > 255 else np.uint8).tobytes()
    found, top = pixels(raw), 255 if white < 256 else 65535
    np.testing.assert_array_equal(np.atleast_3d(found), np.rint(array * (top / white)))
    np.testing.assert_array_equal(pixels(plain_of(3 if bands == 3 else 2, array, white)), found)
    with pytest.raises(GlimpseError, match="truncated"):
        decoded(raw[:-1])


@pytest.mark.parametrize("spaced", [False, True])
def test_bits_of_a_pbm_are_black_where_they_are_1(spaced):
    array = RNG.integers(0, 2, (ROWS, COLS))
    data = plain_of(1, array, 1)
    if not spaced:
        head, _, body = data.rpartition(b"14\t9\n")
        data = head + b"14\t9\n" + body.replace(b" ", b"")
    np.testing.assert_array_equal(pixels(data), 255 * (1 - array))
    packed = np.packbits(array.astype(np.uint8), axis=1).tobytes()
    np.testing.assert_array_equal(pixels(b"P4 14 9\n" + packed), 255 * (1 - array))


@pytest.mark.parametrize(
    "data",
    [
        b"P3 2 2 255 1 2 x",
        b"P2 2 2 255 -1 2 3 4",
        b"P5 0 2 255 ",
        b"P5 2 2 70000 ",
        b"P1 2 2 0120",
        b"P2 " + b"9" * 5000 + b" 2 255 1",
        b"P2\xff2 2 255",
    ],
)
def test_a_damaged_ppm_is_told_of_in_words(data):
    with pytest.raises(GlimpseError, match=r"^(a damaged PPM|not an image)"):
        decoded(data)


# PNG


def test_texts_and_profiles_of_a_png_may_be_long(tmp_path):
    plain = encoded(Image.fromarray(COLOURS))
    long = chunk(b"tEXt", b"Comment\0" + b"a" * 3_000_000) + chunk(
        b"zTXt", b"More\0\0" + zlib.compress(bytes(9_000_000))
    )
    np.testing.assert_array_equal(pixels(plain[:33] + long + plain[33:]), COLOURS)
    np.testing.assert_array_equal(pixels(plain[:-12] + long + plain[-12:]), COLOURS)
    profile = bytes(16) + b"RGB " + RNG.bytes(3_000_000)
    packed = chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))
    picture = decoded(plain[:33] + packed + plain[33:])
    assert picture.color["icc_profile"] == profile
    save_still(str(tmp_path / "a.png"), COLOURS, picture)
    assert decoded((tmp_path / "a.png").read_bytes()).color["icc_profile"] == profile


@pytest.mark.parametrize("size", [15, 16, 17, 255, 256])
def test_chunks_of_any_size_are_found_and_passed_over(size):
    plain = encoded(Image.fromarray(COLOURS))
    more = chunk(b"tEXt", b"k" * 8 + b"\0" + b"v" * (size - 9)) + chunk(b"prVt", bytes(size))
    np.testing.assert_array_equal(pixels(plain[:33] + more + plain[33:]), COLOURS)
    record = chunk(b"tEXt", b"glimpse\0" + b"v" * (size - 8))
    assert decoded(plain[:-12] + more + record + plain[-12:]).text == "v" * (size - 8)


@pytest.mark.parametrize("name", [b"gAMA", b"cICP", b"iCCP", b"eXIf", b"tEXt"])
def test_a_chunk_whose_checksum_is_wrong_is_noticed_if_it_is_looked_at(name):
    plain = encoded(Image.fromarray(COLOURS))
    body = {b"iCCP": b"p\0\0" + zlib.compress(bytes(99)), b"tEXt": b"glimpse\0{}"}.get(name, bytes(4))
    wrong = bytearray(chunk(name, body))
    wrong[-1] ^= 1
    with pytest.raises(GlimpseError, match="a damaged PNG: its chunk"):
        decoded(plain[:33] + bytes(wrong) + plain[33:])


def test_two_headers_of_a_png_are_refused():
    plain = encoded(Image.fromarray(COLOURS))
    with pytest.raises(GlimpseError, match="two headers"):
        decoded(plain[:33] + plain[8:33] + plain[33:])


# stacks


@pytest.mark.parametrize("method", ["bz2", "lzma"])
def test_a_stack_that_numpy_cannot_have_packed_is_refused(method, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.npz", "w", {"bz2": 12, "lzma": 14}[method]) as archive:
        file = io.BytesIO()
        np.save(file, np.zeros((2, 3, 3), np.uint8))
        archive.writestr("patches.npy", file.getvalue())
    with pytest.raises(GlimpseError, match=r"^not a stack of patches: it is packed"):
        load_stack(str(tmp_path / "a.npz"))


def test_a_damaged_member_of_a_stack_is_named(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", patches=RNG.random((3, 4, 5)), gx=np.ones(3))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    at = data.index(b"gx.npy") + 60
    data[at : at + 30] = RNG.bytes(30)
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(GlimpseError, match=r"its member gx.npy is no array"):
        load_stack(str(tmp_path / "a.npz"))
