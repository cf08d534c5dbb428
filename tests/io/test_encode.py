"""Levels into bytes: rounded and clipped once, the record in one chunk, the same bytes every time."""

import io
import re
import struct
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, PngImagePlugin
from skimage.data import camera

from glimpse import GlimpseError, Window
from glimpse.io import Picture, load_picture, picture_record, save_still, save_strips
from glimpse.io.decode import decode
from glimpse.io.encode import DRAWINGS, FORMATS, KEYWORD, encode, encode_strips, encoded, listed
from glimpse.io.record import Record, parse_record
from glimpse.levels import unpremultiply

RECORD = Record(Window(gx=2, gy=3.5, delta=1.5, sigma=0.7, n=(5, 7)), (9, 14), "ünï.png")


def levels(*shape, dtype=np.uint8):
    high = np.iinfo(dtype).max
    return np.random.default_rng(1).integers(0, high, shape, dtype=dtype, endpoint=True)


def encode_png(array, record=None, color=None):
    like = Picture(array, np.iinfo(array.dtype).max, color=color or {})
    return encode(FORMATS[".png"], array, like, record)


def encode_npy(array):
    return encode(FORMATS[".npy"], array, Picture(array), RECORD)


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
    assert (whole.text is None) == FORMATS[suffix].exact


ONCE = {FORMATS[suffix].name: suffix for suffix in reversed(DRAWINGS)}.values()  # an ending of each format
STILLS = pytest.mark.parametrize("suffix", ONCE)
MEANT = {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}


def smooth(*bands, dtype=np.uint8):
    """A picture that lossy formats keep well: no two channels alike, its alpha within 100 to 255."""
    rows, cols = np.mgrid[:24, :37]
    levels = [rows * 9, cols * 6, 255 - rows * 5, 100 + cols * 4]
    levels = [levels[0], levels[3]] if bands == (2,) else levels
    array = np.stack(levels[: (bands or (1,))[0]], axis=-1).astype(dtype)
    return (array if bands else array[..., 0]) * dtype(257 if dtype == np.uint16 else 1)


def endings(holds):
    """The pattern of the endings that a message names: of the formats that hold something."""
    return re.escape(listed([suffix for suffix in DRAWINGS if holds(FORMATS[suffix])], "or"))


@STILLS
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("bands", MODES)
def test_every_still_is_read_back_with_its_record_and_levels(suffix, bands, dtype, tmp_path):
    pixels, name = smooth(*bands, dtype=dtype), str(tmp_path / f"a{suffix}")
    kind, like = FORMATS[suffix], Picture(pixels, np.iinfo(dtype).max, alpha=bands in [(2,), (4,)])
    if like.alpha and 4 not in kind.modes:
        with pytest.raises(GlimpseError, match=f"no alpha; write {endings(lambda kind: 4 in kind.modes)}$"):
            save_still(name, pixels.astype(np.float32), like, RECORD)
        return
    record = Record(Window(gx=2, gy=3.5, delta=1.5, sigma=0.7, n=(24, 37)), (90, 140), "ünï.png")
    data = encode(kind, pixels, like, record)
    (tmp_path / f"a{suffix}").write_bytes(data)
    picture = load_picture(name)
    assert picture_record(picture) == record
    assert picture.lossy == (kind.quality is not None)
    bands = pixels.shape[2] if bands else 1
    levels = unpremultiply(np.asarray(picture.pixels), picture.white) if like.alpha else picture.pixels
    found = np.asarray(levels, np.float64) * (255 / picture.white)
    wanted = pixels.astype(np.float64) * (255 / like.white)
    found = found.reshape(24, 37, -1)[..., [0, -1] if bands == 2 else slice(bands)]
    assert np.abs(found - wanted.reshape(24, 37, -1)).max() < (0.6 if kind.quality is None else 16)
    assert data == encode(kind, pixels, like, record)


@STILLS
@pytest.mark.parametrize("bands", MODES)
def test_a_lossless_still_keeps_every_level_for_any_reader(suffix, bands):
    kind, array = FORMATS[suffix], levels(9, 14, *bands)
    if not kind.lossless:
        with pytest.raises(GlimpseError, match=f"lossless; write {endings(lambda kind: kind.lossless)}$"):
            encode(kind, array, Picture(array), None, "lossless")
        return
    data = encode(kind, array, Picture(array), RECORD, None if kind.quality is None else "lossless")
    assert not decode(io.BytesIO(data)).lossy
    image = opened(data)
    image = image if bands in [(3,), (4,)] else image.convert(MODES[bands])
    np.testing.assert_array_equal(np.asarray(image), array)


@pytest.mark.parametrize(
    ("ending", "how", "lossy"),
    [
        ("TIFF", {"compression": "jpeg"}, True),
        ("TIFF", {"compression": "tiff_lzw"}, False),
        ("WEBP", {}, True),
        ("WEBP", {"save_all": True, "append_images": [Image.new("RGB", (9, 9), "red")]}, True),
        ("WEBP", {"save_all": True, "append_images": [Image.new("RGB", (9, 9))], "lossless": True}, False),
    ],
)
def test_a_picture_tells_whether_its_file_lost_levels(ending, how, lossy):
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, ending, **how)
    assert decode(file).lossy == lossy


@pytest.mark.parametrize("bands", MODES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_is_what_its_own_library_reads(bands, dtype):
    array = levels(3100, 90, *bands, dtype=dtype)  # of several strips
    data = encode(FORMATS[".tif"], array, Picture(array, np.iinfo(dtype).max, color=MEANT), RECORD)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        np.testing.assert_array_equal(page.asarray(), array)
        assert len(page.dataoffsets) > 1
        assert page.iccprofile == MEANT["icc_profile"]
        assert parse_record(page.description) == RECORD
        assert page.extrasamples == ((2,) if bands in [(2,), (4,)] else ())


def test_a_tiff_of_more_than_4_gb_is_refused_before_it_is_made():
    strips = encoded(FORMATS[".tif"], iter([levels(1, 60000, 3)]), (60000, 60000), Picture(levels(1, 1, 3)))
    with pytest.raises(GlimpseError, match=r"TIFF holds at most 4 GB; write \.png or \.npy"):
        next(strips)


@STILLS
def test_every_still_keeps_a_profile_or_says_that_it_does_not(suffix):
    kind, like = FORMATS[suffix], Picture(smooth(3), color=MEANT)
    kept = "icc_profile" in kind.meanings
    found = opened(encode(kind, smooth(3), like, RECORD)).info.get("icc_profile")
    assert found == (MEANT["icc_profile"] if kept else None)
    assert kind.notes(like, RECORD) == ([] if kept else [f"{kind.name} keeps no colour profile"])


@pytest.mark.parametrize("suffix", [suffix for suffix in ONCE if "icc_profile" in FORMATS[suffix].meanings])
def test_a_profile_of_megabytes_is_read_back(suffix, tmp_path):
    profile = bytes(16) + b"RGB " + np.random.default_rng(3).bytes(3 << 19)
    (tmp_path / "a").write_bytes(
        encode(FORMATS[suffix], smooth(3), Picture(smooth(3), color={"icc_profile": profile}))
    )
    picture = load_picture(str(tmp_path / "a"))
    assert picture.color["icc_profile"] == profile
    assert picture.notes == ()


def test_a_text_of_megabytes_costs_a_png_nothing(tmp_path):
    texts = PngImagePlugin.PngInfo()
    for zip in (False, True):
        texts.add_itxt("XML:com.adobe.xmp", "x" * (3 << 19), zip=zip)
        texts.add_text("Comment", "y" * (3 << 19), zip=zip)
    Image.fromarray(smooth(3)).save(tmp_path / "a.png", pnginfo=texts)
    np.testing.assert_array_equal(np.asarray(load_picture(str(tmp_path / "a.png")).pixels), smooth(3))


def test_what_a_still_leaves_out_is_said():
    deep = Picture(smooth(3, dtype=np.uint16), 65535, color={"gAMA": b"\0\0\xb1\x8f", "cHRM": bytes(32)})
    assert FORMATS[".png"].notes(deep) == []
    assert FORMATS[".npy"].notes(deep) == []
    assert FORMATS[".jpg"].notes(deep) == [
        "16 bits per channel were written as 8; PNG, TIFF and NPY keep them",
        "JPEG keeps no gAMA and cHRM",
    ]
    grey = Picture(smooth(), color={"icc_profile": bytes(16) + b"GRAY" + bytes(200)})
    assert FORMATS[".webp"].notes(grey) == ["WebP keeps no grey profile"]
    assert "icc_profile" not in opened(encode(FORMATS[".webp"], smooth(), grey)).info


@STILLS
def test_a_record_that_a_format_cannot_hold_is_left_out_and_said(suffix):
    kind = FORMATS[suffix]
    fitting, long = (replace(RECORD, source=size * "a") for size in (64_700, 65_500))
    like = Picture(smooth(3))
    assert kind.notes(like, fitting) == []
    assert parse_record(decode(io.BytesIO(encode(kind, smooth(3), like, fitting))).text) == fitting
    assert kind.notes(like, long) == ["too many windows for a record"]
    assert decode(io.BytesIO(encode(kind, smooth(3), like, long))).text is None


def test_exif_stands_in_a_webp_without_the_beginning_that_is_jpegs():
    data = encode(FORMATS[".webp"], smooth(3), Picture(smooth(3)), RECORD)
    assert data.count(b"EXIF") == 1
    assert b"Exif\0\0" not in data


def test_a_jpeg_keeps_the_full_resolution_of_colour():
    red_and_green = np.zeros((16, 16, 3), np.uint8)
    red_and_green[:, ::2, 0] = red_and_green[:, 1::2, 1] = 160
    found = np.asarray(opened(encode(FORMATS[".jpg"], red_and_green, Picture(red_and_green))))
    assert np.abs(found.astype(int) - red_and_green).max() < 20


@pytest.mark.parametrize("suffix", [suffix for suffix in ONCE if FORMATS[suffix].quality])
def test_quality_is_what_the_format_makes_of_it(suffix):
    photo = np.stack([camera()[100:200, 50:190]] * 3, axis=-1)
    kind, like = FORMATS[suffix], Picture(photo)
    sizes = [len(encode(kind, photo, like, None, quality)) for quality in (10, 50, None, 100)]
    assert sizes == sorted(sizes)
    assert kind.remark() == f" (quality {kind.quality}, not exact)"
    assert kind.remark(7) == " (quality 7, not exact)"


@pytest.mark.parametrize("suffix", [s for s in (*ONCE, ".npy") if not FORMATS[s].quality])
def test_a_quality_is_refused_where_every_level_is_kept(suffix):
    with pytest.raises(GlimpseError, match=r"always lossless; leave out the quality, or write \.jpg, "):
        encode(FORMATS[suffix], smooth(3), Picture(smooth(3)), None, 90)
    assert FORMATS[suffix].remark() == ""


def test_channels_beyond_four_and_sides_beyond_a_format_are_refused():
    with pytest.raises(GlimpseError, match=r"TIFF holds no 5 channels; write \.npy"):
        encode(FORMATS[".tif"], levels(2, 3, 5), Picture(levels(2, 3, 5)))
    long = levels(1, 16384, 3)
    with pytest.raises(GlimpseError, match=r"WebP holds at most 16383 pixels a side; write \.png"):
        encode(FORMATS[".webp"], long, Picture(long))


def test_strips_that_end_in_a_fault_leave_no_file(tmp_path):
    def strips():
        yield levels(2, 14)
        raise GlimpseError("no more")

    with pytest.raises(GlimpseError, match="no more"):
        save_strips(str(tmp_path / "a.png"), strips(), (9, 14), Picture(levels(9, 14)))
    assert list(tmp_path.iterdir()) == []
