"""What files become: the pixels against Pillow's own, upright, nothing hidden or lost without a word."""

import io
import pickle
import struct
import sys
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from glimpse import GlimpseError, Window, limits, read
from glimpse.io import DecodeOptions
from glimpse.io.decode import decode
from glimpse.io.picture import HINT, Picture, Pixels
from glimpse.io.png_input import read_png
from glimpse.io.stills import save_still

ROWS, COLS = 9, 14
ORIENTATION = 0x0112


def levels(*shape, seed=0, high=256, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, high, shape, dtype=dtype)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(data, *rest) -> Picture:
    return decode(io.BytesIO(data), *rest)


def photo(mode, seed=0):
    """A picture (9, 14) of noise in one of Pillow's modes."""
    bands = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    if mode == "1":
        return Image.fromarray(levels(ROWS, COLS, seed=seed) > 127)
    planes = [Image.fromarray(levels(ROWS, COLS, seed=seed + i)) for i in range(bands)]
    return planes[0] if bands == 1 else Image.merge(mode, planes)


def palette(**options):
    """A palette picture whose indices are nothing like its colours."""
    image = Image.fromarray(levels(ROWS, COLS, high=6)).convert("P")
    image.putpalette(levels(6, 3, seed=5).ravel().tolist())
    return encoded(image, **options)


def sixteen(big=False):
    return levels(ROWS, COLS, high=65536, dtype=np.uint16).astype(">u2" if big else "<u2")


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def handmade_png(depth, colour_type, samples, *chunks):
    """A PNG that Pillow does not write; samples are (rows, bytes of a row)."""
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    width = samples.shape[1] * 8 // (depth * {0: 1, 2: 3, 4: 2, 6: 4}[colour_type])
    head = struct.pack(">IIBBBBB", width, len(samples), depth, colour_type, 0, 0, 0)
    body = [chunk(b"IHDR", head), *chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def test_parts_of_pixels_that_hold_next_to_nothing_are_counted(monkeypatch):
    monkeypatch.setattr(limits, "CHUNKS", 12)
    picture = np.zeros((2, 9), np.uint8)
    read_png(io.BytesIO(handmade_png(8, 0, picture, *[chunk(b"IDAT", bytes(8))] * 20)))
    with pytest.raises(GlimpseError, match="more than 12 chunks beside its pixels"):
        read_png(io.BytesIO(handmade_png(8, 0, picture, *[chunk(b"IDAT", bytes(7))] * 20)))


def deep(bands):
    """Rows of 16-bit samples as bytes."""
    return levels(ROWS, COLS * bands, high=65536, dtype=np.uint16).astype(">u2").view(np.uint8)


def cropped(picture, tmp_path, rows=slice(2, 7), cols=slice(3, 12)):
    """What a sharp window of stride one makes of a region, through a PNG file."""
    n = rows.stop - rows.start, cols.stop - cols.start
    gx, gy = (rows.start + rows.stop - 1) / 2, (cols.start + cols.stop - 1) / 2
    patch = read(picture.pixels, Window(gx, gy, delta=1, sigma=1e-3, n=n), channel_axis=picture.channel_axis)
    save_still(str(tmp_path / "patch.png"), patch, picture)
    with Image.open(tmp_path / "patch.png") as image:
        image.load()
    return image


KINDS = {
    "1-png": (encoded(photo("1")), "L"),
    "1-tiff": (encoded(photo("1"), "TIFF"), "L"),
    "l-png": (encoded(photo("L")), "L"),
    "l-jpeg": (encoded(photo("L"), "JPEG"), "L"),
    "l-tiff": (encoded(photo("L"), "TIFF", compression="tiff_lzw"), "L"),
    "l-bmp": (encoded(photo("L"), "BMP"), "RGB"),
    "l-ppm": (encoded(photo("L"), "PPM"), "L"),
    "la-png": (encoded(photo("LA")), "LA"),
    "rgb-png": (encoded(photo("RGB")), "RGB"),
    "rgb-jpeg": (encoded(photo("RGB"), "JPEG"), "RGB"),
    "rgb-webp": (encoded(photo("RGB"), "WEBP", lossless=True), "RGB"),
    "rgb-bmp": (encoded(photo("RGB"), "BMP"), "RGB"),
    "rgb-ppm": (encoded(photo("RGB"), "PPM"), "RGB"),
    "rgba-png": (encoded(photo("RGBA")), "RGBA"),
    "rgba-tiff": (encoded(photo("RGBA"), "TIFF"), "RGBA"),
    "p-png": (palette(), "RGB"),
    "p-gif": (palette(kind="GIF"), "RGB"),
    "p-bmp": (palette(kind="BMP"), "RGB"),
    "p-with-one-transparent-index": (palette(transparency=3), "RGBA"),
    "p-with-alpha-per-index": (palette(transparency=bytes([0, 40, 255, 99, 1, 200])), "RGBA"),
    "p-gif-with-transparency": (palette(kind="GIF", transparency=3), "RGBA"),
    "l-with-transparent-level": (encoded(Image.fromarray(levels(ROWS, COLS, high=4)), transparency=2), "LA"),
    "rgb-with-transparent-colour": (
        encoded(Image.fromarray(levels(ROWS, COLS, 3, high=2)), transparency=(1, 0, 1)),
        "RGBA",
    ),
}


def visible(array):
    """Pixels, with the colours that no alpha shows made black."""
    if array.ndim == 3 and array.shape[2] in (2, 4):
        return np.where(array[..., -1:] > 0, array, 0)
    return array


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "l-bmp"])
def test_a_sharp_crop_of_an_8_bit_picture_has_its_very_pixels_and_mode(kind, tmp_path):
    data, mode = KINDS[kind]
    with Image.open(io.BytesIO(data)) as source:
        expected = visible(np.asarray(source.convert(mode)))[2:7, 3:12]
    patch = cropped(decoded(data), tmp_path)
    assert patch.mode == mode
    np.testing.assert_array_equal(np.asarray(patch), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_pictures_come_without_notes(kind):
    assert decoded(KINDS[kind][0]).notes == ()


@pytest.mark.parametrize(
    ("kind", "big"), [("PNG", False), ("TIFF", False), ("TIFF", True), ("PPM", False)], ids=str
)
def test_16_bit_grey_stays_16_bit_grey(kind, big, tmp_path):
    grey = sixteen()
    image = Image.fromarray(sixteen(True)) if big else Image.fromarray(grey)
    picture = decoded(encoded(image, kind))
    assert picture.white == 65535
    patch = cropped(picture, tmp_path)
    assert patch.mode == "I;16"
    np.testing.assert_array_equal(np.asarray(patch), grey[2:7, 3:12])


DEEP = [("RGB", 2, 3), ("RGBA", 6, 4), ("LA", 4, 2)]


@pytest.mark.parametrize(("name", "colour_type", "bands"), DEEP)
def test_16_bit_colour_is_read_as_8_with_a_note_where_imagecodecs_is_missing(
    name, colour_type, bands, monkeypatch
):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    picture = decoded(handmade_png(16, colour_type, deep(bands)))
    assert picture.white == 255
    assert picture.notes == (HINT,)
    assert "glimpse-crop[deep]" in HINT


@pytest.mark.parametrize(("name", "colour_type", "bands"), DEEP)
def test_16_bit_colour_of_a_png_stays_16_bits_with_imagecodecs(name, colour_type, bands, tmp_path):
    pytest.importorskip("imagecodecs")
    samples = deep(bands)
    picture = decoded(handmade_png(16, colour_type, samples))
    assert (picture.white, picture.notes) == (65535, ())
    expected = samples.view(">u2").reshape(ROWS, COLS, bands).astype(np.float64)
    if picture.alpha:
        expected[..., :-1] *= expected[..., -1:] / 65535
    np.testing.assert_allclose(np.asarray(picture.pixels), expected, rtol=1e-6)


def test_16_bit_colour_of_a_ppm_stays_16_bits():
    samples = deep(3)
    picture = decoded(b"P6 %d %d 65535\n" % (COLS, ROWS) + samples.tobytes())
    assert (picture.white, picture.notes) == (65535, ())
    np.testing.assert_array_equal(np.asarray(picture.pixels).ravel(), samples.view(">u2").ravel())


def test_levels_of_a_ppm_are_stretched_to_16_bits():
    samples = (deep(3).view(">u2").astype(np.uint16) % 1001).astype(">u2")
    picture = decoded(b"P6 %d %d 1000\n" % (COLS, ROWS) + samples.tobytes())
    expected = np.rint(samples.ravel() * (65535 / 1000))
    np.testing.assert_array_equal(np.asarray(picture.pixels).ravel(), expected)


def test_a_bmp_of_16_bits_per_pixel_has_no_more_bits_than_it_shows():
    head = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 70, 0, 66, 40, 2, 1, 1, 16, 3, 4, 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    assert decoded(head + masks + b"\x1f\x7c\xff\x7f").notes == ()


def test_a_transparent_level_of_16_bit_grey_is_not_lost_without_a_word():
    grey = sixteen(big=True)
    grey[4, 5] = 777
    data = handmade_png(16, 0, grey.view(np.uint8), chunk(b"tRNS", struct.pack(">H", 777)))
    picture = decoded(data)
    assert picture.alpha or picture.notes


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb_by_pillows_formula_with_a_note(kind, tmp_path):
    data = encoded(photo("CMYK"), kind)
    with Image.open(io.BytesIO(data)) as source:
        expected = np.asarray(source.convert("RGB"))[2:7, 3:12]
    picture = decoded(data)
    np.testing.assert_array_equal(np.asarray(cropped(picture, tmp_path)), expected)
    assert picture.notes == ("CMYK was converted to RGB without a colour profile",)


def test_a_profile_that_is_none_leaves_cmyk_to_the_formula_with_a_note():
    picture = decoded(encoded(photo("CMYK"), "TIFF", icc_profile=b"no profile"))
    assert picture.notes == ("CMYK was converted to RGB without a colour profile",)
    assert not picture.color


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_unbounded_numbers_are_refused_until_black_and_white_are_named(dtype):
    numbers = levels(ROWS, COLS).astype(dtype) * 100 - 5000
    data = encoded(Image.fromarray(numbers), "TIFF")
    with pytest.raises(GlimpseError, match=r"from -5000 to 19800; say what .* --range LO,HI"):
        decoded(data)
    picture = decoded(data, DecodeOptions((-1000, 9000)))
    expected = np.clip((numbers + 1000.0) * 255 / 10000, 0, 255)
    np.testing.assert_allclose(np.asarray(picture.pixels), expected, rtol=1e-6)
    assert (picture.white, picture.alpha) == (255, False)


def test_a_floating_point_picture_with_nan_is_refused():
    numbers = levels(ROWS, COLS).astype(np.float32)
    numbers[3, 4] = np.nan
    with pytest.raises(GlimpseError, match="not finite"):
        decoded(encoded(Image.fromarray(numbers), "TIFF"), DecodeOptions((0, 255)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_exif_orientation_turns_a_picture_upright_once(kind, orientation, tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(photo("RGB"), kind, exif=exif, **lossless)
    with Image.open(io.BytesIO(data)) as source:
        upright = np.asarray(ImageOps.exif_transpose(source))
    picture = decoded(data)
    assert picture.shape == upright.shape[:2] == ((COLS, ROWS) if orientation > 4 else (ROWS, COLS))
    np.testing.assert_array_equal(np.asarray(picture.pixels), upright)
    patch = cropped(picture, tmp_path, slice(1, 8), slice(2, 6))
    np.testing.assert_array_equal(np.asarray(patch), upright[1:8, 2:6])
    assert ORIENTATION not in patch.getexif()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_orientations_that_are_none_are_ignored(kind, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(photo("RGB"), kind, exif=exif)
    with Image.open(io.BytesIO(data)) as source:
        expected = np.asarray(source)
    np.testing.assert_array_equal(np.asarray(decoded(data).pixels), expected)


@given(
    st.sampled_from(["L", "RGB", "RGBA"]),
    st.integers(1, 8),
    *[st.tuples(st.integers(0, 8), st.integers(1, 9))] * 2,
)
def test_a_slice_of_the_pixels_is_that_slice_of_the_upright_array(mode, orientation, rows, cols):
    image = photo(mode)
    exif = image.getexif()
    exif[ORIENTATION] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image), np.float32)
    if mode == "RGBA":
        upright = upright * np.where([1, 1, 1, 0], upright[..., 3:] / 255, 1)
    part = tuple(slice(start, max(stop, start + 1)) for start, stop in (rows, cols))
    part = tuple(
        slice(min(s.start, size - 1), min(s.stop, size)) for s, size in zip(part, upright.shape, strict=False)
    )
    pixels = Pixels(photo(mode), orientation)
    assert pixels.shape == upright.shape
    np.testing.assert_allclose(pixels[part], upright[part], rtol=1e-6)


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE = PROFILE[:16] + b"GRAY" + PROFILE[20:]


@pytest.mark.parametrize(("mode", "profile"), [("L", GREY_PROFILE), ("RGB", PROFILE)])
def test_a_colour_profile_stays_with_its_levels(mode, profile, tmp_path):
    for kind in ("PNG", "JPEG", "TIFF"):
        picture = decoded(encoded(photo(mode), kind, icc_profile=profile))
        assert cropped(picture, tmp_path).info["icc_profile"] == profile
        (tmp_path / "patch.png").unlink()


@pytest.mark.parametrize(
    ("mode", "profile", "colours"),
    [("L", PROFILE, "RGB"), ("LA", PROFILE, "RGB"), ("RGB", GREY_PROFILE, "GRAY")],
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_profile_of_other_colours_than_the_levels_is_left_out_with_a_note(mode, profile, colours, kind):
    picture = decoded(encoded(photo(mode), kind, icc_profile=profile))
    assert not picture.color
    assert picture.notes == (f"its colour profile is of {colours} colours and was left out",)


def png_chunks(data):
    found, at = {}, 8
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        found.setdefault(name, []).append(data[at + 8 : at + 8 + size])
        at += size + 12
    return found


def test_what_the_levels_mean_is_kept_in_the_chunks_of_a_png(tmp_path):
    meaning = {b"gAMA": struct.pack(">I", 38461), b"sRGB": b"\2"}
    meaning[b"cHRM"] = struct.pack(">8I", 31270, 32900, 64001, 33000, 30000, 60000, 15000, 6000)
    rgb = levels(ROWS, COLS * 3)
    picture = decoded(handmade_png(8, 2, rgb, *(chunk(*item) for item in meaning.items())))
    cropped(picture, tmp_path)
    found = png_chunks((tmp_path / "patch.png").read_bytes())
    assert {name: found.get(name) for name in meaning} == {name: [data] for name, data in meaning.items()}


def animation(kind):
    frames = [photo("RGB", seed).convert("P" if kind == "GIF" else "RGB") for seed in (0, 10, 20)]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **lossless), frames[0]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_any_frame_can_be_read(kind):
    data, _ = animation(kind)
    with Image.open(io.BytesIO(data)) as source:
        source.seek(1)
        expected = np.asarray(source.convert("RGB"))
    picture = decoded(data, DecodeOptions(page=2))
    np.testing.assert_array_equal(np.asarray(picture.pixels)[..., :3], expected)
    assert picture.notes == ()
    with pytest.raises(GlimpseError, match=r"^it has no page 4"):
        decoded(data, DecodeOptions(page=4))


def test_any_picture_of_an_mpo_can_be_read():
    pictures = [Image.fromarray(np.full((ROWS, COLS, 3), 60 * k, np.uint8)) for k in (1, 2)]
    data = encoded(pictures[0], "MPO", save_all=True, append_images=pictures[1:])
    assert (np.asarray(decoded(data, DecodeOptions(page=2)).pixels) == 120).all()


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "PPM"])
def test_of_a_format_without_pages_there_is_one(kind):
    data = encoded(photo("RGB"), kind)
    assert decoded(data, DecodeOptions(page=1)).shape == (ROWS, COLS)
    with pytest.raises(GlimpseError, match=r"^it has no page 2$"):
        decoded(data, DecodeOptions(page=2))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_used_with_a_note(kind):
    data, first = animation(kind)
    picture = decoded(data)
    np.testing.assert_array_equal(np.asarray(picture.pixels)[..., :3], np.asarray(first.convert("RGB")))
    assert picture.notes == ("it has more than one frame; the first is used",)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_level_of_few_bits_is_kept(bits):
    level, white = min(2, 2**bits - 1), 2**bits - 1
    grey = levels(ROWS, 16, high=2**bits)
    ones = (grey[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(ones.reshape(ROWS, -1).astype(np.uint8), axis=1)
    picture = decoded(handmade_png(bits, 0, rows, chunk(b"tRNS", struct.pack(">H", level))))
    assert picture.alpha
    alpha = np.where(grey == level, 0, 255)
    expected = np.stack([grey * (255 // white) * (alpha // 255), alpha], axis=-1)
    np.testing.assert_array_equal(np.asarray(picture.pixels), expected)


@pytest.mark.parametrize("name", ["exif", "APP1"])
@pytest.mark.parametrize("orientation", [6, 8])
@pytest.mark.parametrize("compress", [False, True])
def test_exif_in_a_text_of_a_png_turns_it_upright(name, orientation, compress):
    exif, text = Image.Exif(), PngInfo()
    exif[ORIENTATION] = orientation
    data = exif.tobytes()
    digits = "\n".join(data.hex()[k : k + 72] for k in range(0, 2 * len(data), 72))
    text.add_text(f"Raw profile type {name}", f"\n{name}\n{len(data):8}\n{digits}\n", zip=compress)
    picture = decoded(encoded(photo("RGB"), pnginfo=text))
    upright = np.rot90(np.asarray(photo("RGB")), {6: -1, 8: 1}[orientation])
    np.testing.assert_array_equal(np.asarray(picture.pixels), upright)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WebP"])
def test_a_file_that_is_damaged_behind_its_signature_is_called_so(kind):
    data = encoded(photo("L").convert("P" if kind == "GIF" else "RGB"), kind.upper())
    keep = {"WebP": 16, "JPEG": 3, "TIFF": 4, "GIF": 6}.get(kind, 12)
    with pytest.raises(GlimpseError, match=rf"^a damaged {kind}"):
        decoded(data[:keep] + b"\xff" * 40)


def hidden_red():
    """Opaque green beside red that alpha 0 hides."""
    rgba = np.zeros((ROWS, COLS, 4), np.uint8)
    rgba[:, : COLS // 2] = 0, 200, 0, 255
    rgba[:, COLS // 2 :] = 255, 0, 0, 0
    return rgba


def test_colour_under_alpha_0_never_shows(tmp_path):
    picture = decoded(encoded(Image.fromarray(hidden_red())))
    window = Window(gx=4, gy=6.5, delta=1.3, sigma=2, n=(7, 10))
    save_still(str(tmp_path / "p.png"), read(picture.pixels, window, channel_axis=2), picture)
    patch = np.asarray(Image.open(tmp_path / "p.png"))
    assert patch[..., 0].max() == 0
    seen = patch[..., 3] > 0
    np.testing.assert_array_equal(patch[seen][:, 1], 200)
    assert (patch[seen][:, 3] < 255).any()


INFO_NAMES = ["transparency", "icc_profile", "gamma", "srgb", "chromaticity", "exif", "dpi", "loop"]
INFO_NAMES += ["bbox", "duration", "interlace", "background", "default_image", "xmp", "Raw profile type exif"]


@pytest.mark.parametrize("name", [*INFO_NAMES, "XML:com.adobe.xmp", "Comment", "comment", "aspect"])
def test_no_name_of_a_text_chunk_changes_the_picture(name, tmp_path):
    for mode in ("L", "RGB"):
        text = PngInfo()
        text.add_text(name, "3")
        picture = decoded(encoded(photo(mode), pnginfo=text))
        np.testing.assert_array_equal(np.asarray(picture.pixels), np.asarray(photo(mode)))
        assert cropped(picture, tmp_path).info == {}
        (tmp_path / "patch.png").unlink()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_costs_no_pixels(kind):
    data = encoded(photo("L").convert("RGB"), kind, exif=b"Exif\0\0 no TIFF at all")
    with Image.open(io.BytesIO(data)) as source:
        expected = np.asarray(source)
    np.testing.assert_array_equal(np.asarray(decoded(data).pixels), expected)


def test_a_crop_carries_nothing_else_of_its_source(tmp_path):
    exif, text = Image.Exif(), PngInfo()
    exif[0x010E], exif[0x8298] = "a secret", "another"
    text.add_text("Author", "a third")
    picture = decoded(encoded(photo("RGB"), exif=exif, pnginfo=text) + b"trailing secret")
    cropped(picture, tmp_path)
    assert set(png_chunks((tmp_path / "patch.png").read_bytes())) == {b"IHDR", b"IDAT", b"IEND"}


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_an_npy_array_comes_as_it_is(dtype, shape):
    array = levels(*shape).astype(dtype)
    picture = decoded(npy(array))
    assert picture.exact
    assert picture.pixels.dtype == dtype
    assert picture.white == (65535 if dtype == np.uint16 else 255)
    np.testing.assert_array_equal(picture.pixels, array)


def test_an_npy_array_of_shares_is_told_how_to_be_bright():
    shares = levels(5, 7) / 255
    assert decoded(npy(shares)).notes == (
        "its numbers lie in 0 to 1, where 255 is white; --range 0,1 makes 1 white",
    )
    picture = decoded(npy(shares), DecodeOptions((0, 1)))
    assert picture.notes == ()
    np.testing.assert_allclose(picture.pixels, levels(5, 7), rtol=1e-6)
    assert decoded(npy(levels(5, 7).astype(float))).notes == ()


NO_IMAGES = {
    "a row": np.ones(5),
    "four axes": np.ones((2, 2, 2, 2)),
    "nothing": np.ones((0, 5)),
    "complex": np.ones((2, 3), complex),
    "text": np.full((2, 3), "a"),
    "dates": np.zeros((2, 3), "M8[s]"),
    "nan": np.full((2, 3), np.nan),
    "inf": np.full((2, 3), np.inf),
}


@pytest.mark.parametrize("array", NO_IMAGES.values(), ids=NO_IMAGES)
def test_arrays_that_are_no_pictures_are_refused(array):
    with pytest.raises(GlimpseError, match=r"is no image|not finite"):
        decoded(npy(array))


def test_a_pickled_array_is_refused():
    with pytest.raises(GlimpseError, match="type object is no image"):
        decoded(npy(np.array([[print, 1], [2, 3]], object), allow_pickle=True))


def test_an_npy_header_that_claims_more_than_it_holds_is_refused():
    data = npy(np.ones((4, 5))).replace(b"(4, 5)", b"(9, 9)")
    with pytest.raises(GlimpseError, match="cannot be decoded"):
        decoded(data)


def test_the_pixel_limit_holds_for_npy_too():
    with pytest.raises(GlimpseError, match="34"):
        decoded(npy(np.ones((5, 7))), DecodeOptions(max_pixels=34))


def test_the_pixel_limit_is_checked_on_the_header():
    data = encoded(photo("L"))
    assert decoded(data, DecodeOptions(max_pixels=ROWS * COLS)).shape == (ROWS, COLS)
    with pytest.raises(GlimpseError, match=r"9 x 14 pixels are more than 125; --max-pixels"):
        decoded(data, DecodeOptions(max_pixels=ROWS * COLS - 1))


def test_the_options_of_decoding_travel_to_other_processes_as_they_are():
    options = DecodeOptions((0, 1), 1000)
    assert pickle.loads(pickle.dumps(options)) == options
    assert len(pickle.dumps(options)) < 500


def test_a_huge_picture_is_refused_before_it_is_decoded():
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100)))
    with pytest.raises(GlimpseError, match="60000 x 60000 pixels are more than"):
        decoded(data)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\0" * 99]
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(GlimpseError, match="not an image of a known format" if data else "^empty$"):
        decoded(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_picture_cut_short_is_refused(kind, share):
    data = encoded(Image.fromarray(levels(60, 80, 3)).convert("P" if kind == "GIF" else "RGB"), kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(GlimpseError):
            decoded(data[: int(len(data) * share)])


def test_a_flipped_bit_among_the_pixels_of_a_png_is_noticed():
    data = encoded(Image.fromarray(levels(60, 80, 3)))
    for place in range(100, len(data) - 30, 997):
        damaged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(GlimpseError, match="cannot be decoded"):
            decoded(damaged)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM"])
def test_damaged_files_give_a_picture_or_our_error_and_nothing_else(kind):
    data = np.frombuffer(
        animation(kind)[0] if kind in ("GIF", "PNG") else encoded(photo("RGB"), kind), np.uint8
    )
    rng = np.random.default_rng(7)
    outcomes = []
    for _ in range(150):
        damaged = data.copy()
        where = rng.integers(0, min(len(data), 400), rng.integers(1, 6))
        damaged[where] = rng.integers(0, 256, len(where))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcomes.append(outcome(damaged.tobytes()))
    assert set(outcomes) <= {"refused", "a picture"}
    assert "refused" in outcomes


def outcome(data):
    try:
        picture = decoded(data)
    except GlimpseError as error:
        return "refused" if len(str(error).splitlines()) == 1 else "told in several lines"
    assert np.asarray(picture.pixels).shape[:2] == picture.shape
    return "a picture"


@pytest.mark.parametrize("rest", [b"", b"\0" * 5, b"\xff" * 12])
def test_a_png_that_ends_in_its_first_chunk_is_told_of_without_words_of_the_decoder(rest):
    with pytest.raises(GlimpseError) as refused:
        decoded(b"\x89PNG\r\n\x1a\n" + rest)
    assert str(refused.value) in ("a damaged PNG", "a damaged PNG: Truncated File Read")
