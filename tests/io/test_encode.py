"""Levels into bytes: rounded and clipped once, the record in one chunk, the same bytes every time."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage.data import camera

from glimpse import GlimpseError, Window
from glimpse.io import Picture, load_picture, save_still, save_strips
from glimpse.io.encode import FORMATS, KEYWORD, encode_npy, encode_png, encode_strips, unpremultiply
from glimpse.io.record import Record, parse_record

RECORD = Record(Window(gx=2, gy=3.5, delta=1.5, sigma=0.7, n=(5, 7)), (9, 14), "ünï.png")


def levels(*shape, dtype=np.uint8):
    high = np.iinfo(dtype).max
    return np.random.default_rng(1).integers(0, high, shape, dtype=dtype, endpoint=True)


def opened(data):
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    return image


def chunks(data):
    found, at = [], 8
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        found.append((name, data[at + 8 : at + 8 + size]))
        at += size + 12
    return found


def test_unpremultiply_undoes_the_multiplication_by_alpha():
    rgba = levels(6, 8, 4).astype(float)
    rgba[..., 3] = np.maximum(rgba[..., 3], 1)
    multiplied = rgba.copy()
    multiplied[..., :3] *= rgba[..., 3:] / 255
    multiplied.flags.writeable = False
    np.testing.assert_allclose(unpremultiply(multiplied, 255), rgba, rtol=1e-12)


def test_unpremultiply_gives_no_colour_where_there_is_no_alpha():
    faint = np.array([[[100.0, 50.0, 25.0, 0.0], [9.0, 9.0, 9.0, 0.4], [9.0, 9.0, 9.0, -3.0]]])
    np.testing.assert_array_equal(unpremultiply(faint, 255)[..., :3], 0)
    assert np.isfinite(unpremultiply(faint, 255)).all()


@pytest.mark.parametrize(
    ("shape", "dtype", "mode"),
    [
        *[((5, 7), np.uint8, "L"), ((5, 7, 2), np.uint8, "LA"), ((5, 7, 3), np.uint8, "RGB")],
        *[((5, 7, 4), np.uint8, "RGBA"), ((5, 7), np.uint16, "I;16"), ((1, 1), np.uint8, "L")],
    ],
)
def test_a_png_holds_the_levels_and_the_mode(shape, dtype, mode):
    array = levels(*shape, dtype=dtype)
    image = opened(encode_png(array))
    assert (image.format, image.mode) == ("PNG", mode)
    np.testing.assert_array_equal(np.asarray(image), array)


def test_a_png_carries_its_record_in_one_text_chunk():
    data = encode_png(levels(5, 7), RECORD)
    texts = [body for name, body in chunks(data) if name == b"tEXt"]
    assert [text.partition(b"\0")[0] for text in texts] == [KEYWORD.encode()]
    assert parse_record(opened(data).text[KEYWORD]) == RECORD


def test_a_png_without_a_record_has_pixels_alone():
    assert {name for name, _ in chunks(encode_png(levels(5, 7)))} == {b"IHDR", b"IDAT", b"IEND"}


def test_what_the_levels_mean_stands_before_the_pixels():
    color = {"sRGB": b"\0", "gAMA": struct.pack(">I", 45455)}
    found = chunks(encode_png(levels(5, 7, 3), RECORD, color))
    names = [name for name, _ in found]
    assert names.index(b"gAMA") < names.index(b"IDAT")
    assert names.index(b"sRGB") < names.index(b"IDAT")
    assert dict(found)[b"gAMA"] == color["gAMA"]
    assert color == {"sRGB": b"\0", "gAMA": struct.pack(">I", 45455)}


def test_a_profile_is_kept_whole():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert opened(encode_png(levels(5, 7, 3), None, {"icc_profile": profile})).info["icc_profile"] == profile


def test_the_same_pixels_give_the_same_bytes():
    assert encode_png(levels(5, 7, 3), RECORD) == encode_png(levels(5, 7, 3), RECORD)
    assert encode_npy(levels(5, 7, 3)) == encode_npy(levels(5, 7, 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16])
def test_an_npy_file_is_the_exact_array(dtype):
    array = np.random.default_rng(2).uniform(0, 65535, (5, 7, 3)).astype(dtype)
    back = np.load(io.BytesIO(encode_npy(array)), allow_pickle=False)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("bands", [2, 3, 4])
@pytest.mark.parametrize("shape", [(9, 14), (1, 1), (7, 1)])
def test_16_bit_colour_is_a_png_of_16_bits(bands, shape):
    pixels = levels(*shape, bands, dtype=np.uint16)
    data = encode_png(pixels, RECORD, {"icc_profile": b"a profile", "gAMA": struct.pack(">I", 45455)})
    (_, head), *middle, (last, _) = chunks(data)
    assert struct.unpack(">IIBB", head[:10]) == (shape[1], shape[0], 16, {2: 4, 3: 2, 4: 6}[bands])
    assert [name for name, _ in middle] == [b"iCCP", b"gAMA", b"tEXt", b"IDAT"]
    assert last == b"IEND"
    image = opened(data)  # Pillow keeps the upper 8 bits
    image = image.convert("LA") if bands == 2 else image
    np.testing.assert_array_equal(np.asarray(image), pixels >> 8)
    assert parse_record(image.text[KEYWORD] if bands != 2 else opened(data).text[KEYWORD]) == RECORD


MODES = {(): "L", (2,): "LA", (3,): "RGB", (4,): "RGBA"}


@pytest.mark.parametrize("bands", MODES)
@pytest.mark.parametrize("cuts", [[], [1], [3, 4, 8]])
def test_strips_are_the_png_of_the_whole(bands, cuts):
    pixels = levels(9, 14, *bands)
    data = b"".join(encode_strips(np.split(pixels, cuts), (9, 14), []))
    image = opened(data)
    assert image.mode == MODES[bands]
    np.testing.assert_array_equal(np.asarray(image), pixels)
    assert data == b"".join(encode_strips([pixels], (9, 14), []))


def test_strips_pack_about_as_well_as_pillow_packs_the_whole():
    photo = camera()[::2, ::3].copy()
    assert len(b"".join(encode_strips([photo], photo.shape, []))) < 1.03 * len(encode_png(photo))


def test_a_long_picture_has_many_chunks_of_pixels():
    pixels = levels(400, 400, 3)
    data = b"".join(encode_strips(np.split(pixels, 4), (400, 400), []))
    assert [name for name, _ in chunks(data)].count(b"IDAT") > 4
    np.testing.assert_array_equal(np.asarray(opened(data)), pixels)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_canvas_of_strips_is_the_still_of_the_whole(suffix, tmp_path):
    pixels, like = levels(9, 14, 3).astype(np.float32), Picture(levels(9, 14, 3))
    save_strips(str(tmp_path / f"s{suffix}"), iter(np.split(pixels, [2, 7])), (9, 14), like, RECORD)
    save_still(str(tmp_path / f"w{suffix}"), pixels, like, RECORD)
    strips, whole = (load_picture(str(tmp_path / f"{name}{suffix}")) for name in "sw")
    np.testing.assert_array_equal(np.asarray(strips.pixels), np.asarray(whole.pixels))
    assert strips.text == whole.text


def test_strips_that_end_in_a_fault_leave_no_file(tmp_path):
    def strips():
        yield levels(2, 14)
        raise GlimpseError("no more")

    with pytest.raises(GlimpseError, match="no more"):
        save_strips(str(tmp_path / "a.png"), strips(), (9, 14), Picture(levels(9, 14)))
    assert list(tmp_path.iterdir()) == []
