"""A part of a large TIFF is that part of the whole, and costs the tiles that it touches."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from glimpse import GlimpseError, Window, read
from glimpse.io import DecodeOptions, load_picture, tiff_regions
from glimpse.io.decode import decode
from glimpse.io.picture import codecs

PACKED = {"lzw", "packbits", "zstd", "jpeg"}  # which imagecodecs writes and reads


def smooth(*shape, dtype=np.uint8, seed=0):
    """Levels that any compression keeps, and a JPEG nearly."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    waves = 0.5 + 0.5 * np.sin(rows / 9 + seed) * np.cos(cols / 7)
    if len(shape) == 3:
        waves = np.stack([np.roll(waves, 5 * k, axis=1) for k in range(shape[2])], axis=-1)
    high = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    return (waves * high).astype(dtype)


KINDS = {
    "grey, tiles": ((90, 133), np.uint8, {"tile": (32, 48)}),
    "grey, strips": ((90, 133), np.uint8, {"rowsperstrip": 7}),
    "grey 16, deflate": ((90, 133), np.uint16, {"tile": (16, 16), "compression": "zlib"}),
    "grey 16, predicted, big end": (
        (90, 133),
        np.uint16,
        {"tile": (16, 32), "compression": "zlib", "predictor": True, "byteorder": ">"},
    ),
    "white is zero": ((90, 133), np.uint8, {"tile": (32, 32), "photometric": "miniswhite"}),
    "palette": ((90, 133), np.uint8, {"tile": (32, 32), "photometric": "palette"}),
    "RGB, deflate, predicted": (
        (90, 133, 3),
        np.uint8,
        {"tile": (32, 48), "compression": "zlib", "predictor": True},
    ),
    "RGB, planar": ((90, 133, 3), np.uint8, {"tile": (32, 48), "planarconfig": "separate"}),
    "RGBA": ((90, 133, 4), np.uint8, {"tile": (32, 48), "extrasamples": ["unassalpha"]}),
    "RGB, LZW": ((90, 133, 3), np.uint8, {"rowsperstrip": 8, "compression": "lzw", "predictor": True}),
    "RGB, PackBits": ((90, 133, 3), np.uint8, {"tile": (32, 48), "compression": "packbits"}),
    "RGB 16, Zstandard": ((90, 133, 3), np.uint16, {"tile": (32, 48), "compression": "zstd"}),
    "RGBA 16, planar, LZW": (
        (90, 133, 4),
        np.uint16,
        {"tile": (32, 48), "planarconfig": "separate", "compression": "lzw", "extrasamples": ["unassalpha"]},
    ),
    "RGB, JPEG": ((90, 133, 3), np.uint8, {"tile": (32, 48), "compression": "jpeg"}),
    "RGB, JPEG, subsampled": (
        (90, 133, 3),
        np.uint8,
        {"tile": (32, 48), "compression": "jpeg", "subsampling": (2, 2)},
    ),
    "grey, JPEG": ((90, 133), np.uint8, {"tile": (32, 48), "compression": "jpeg"}),
    "BigTIFF": ((90, 133, 3), np.uint8, {"tile": (32, 48), "bigtiff": True}),
    "float": ((90, 133), np.float32, {"tile": (32, 48)}),
    "float, predicted": (
        (90, 133),
        np.float32,
        {"tile": (32, 48), "compression": "zlib", "predictor": True},
    ),
    "int16, deflate": ((90, 133), np.int16, {"rowsperstrip": 9, "compression": "zlib"}),
}


RANGES = {"float": (0, 1), "int16": (-3000, 30000)}


def written(name, **more):
    shape, dtype, how = KINDS[name]
    if codecs() is None and (
        how.get("compression") in PACKED or how.get("predictor") or (shape[2:] and dtype == np.uint16)
    ):
        pytest.skip("the extra deep is not installed")
    how = how | {"metadata": None, "software": False} | more
    if len(shape) == 3:
        how.setdefault("photometric", "rgb")
    array = smooth(*shape, dtype=dtype)
    if how.get("photometric") == "palette":
        how["colormap"] = np.random.default_rng(4).integers(0, 256, (3, 256), dtype=np.uint16) * 257
    if how.get("planarconfig") == "separate":
        array = np.moveaxis(array, -1, 0)
    file = io.BytesIO()
    tifffile.imwrite(file, array, **how)
    return file


def pictures(file, monkeypatch, options):
    """The picture in parts, and the whole."""
    monkeypatch.setattr(tiff_regions, "REGION_PIXELS", 0)
    parted = decode(file, options)
    monkeypatch.setattr(tiff_regions, "REGION_PIXELS", 1 << 40)
    return parted, decode(file, options)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("name", KINDS)
def test_parts_are_the_whole_bit_for_bit(name, orientation, monkeypatch):
    file = written(name, extratags=[(274, "H", 1, orientation, True)])
    parted, whole = pictures(file, monkeypatch, DecodeOptions(levels=RANGES.get(name.split(",")[0])))
    assert isinstance(parted.pixels._image, tiff_regions.Regions)
    assert (parted.white, parted.alpha, parted.notes, parted.color) == (
        whole.white,
        whole.alpha,
        whole.notes,
        whole.color,
    )
    assert (parted.pixels.shape, parted.pixels.dtype) == (whole.pixels.shape, whole.pixels.dtype)
    rows, cols = whole.pixels.shape[:2]
    for top, bottom, left, right in [
        (0, rows, 0, cols),
        (31, 34, 46, 50),
        (rows - 1, rows, cols - 1, cols),
        (5, 88, 60, 70),
    ]:
        some = slice(top, bottom), slice(left, right)
        np.testing.assert_array_equal(parted.pixels[some], np.asarray(whole.pixels)[some])


def test_a_window_costs_the_tiles_that_it_touches(monkeypatch):
    monkeypatch.setattr(tiff_regions, "REGION_PIXELS", 0)
    asked = []
    unpacked = tiff_regions.Regions._unpacked
    monkeypatch.setattr(
        tiff_regions.Regions, "_unpacked", lambda self, *at: asked.append(at[0]) or unpacked(self, *at)
    )
    picture = decode(written("RGB, deflate, predicted") if codecs() else written("grey, tiles"))
    window = Window(gx=47, gy=70, delta=1, sigma=0.3, n=3)
    read(picture.pixels, window, channel_axis=picture.channel_axis)
    assert sorted(set(asked)) == [0, 4]  # the corner that tells the type, and the tile of the window
    assert len(asked) == 2


def test_the_limit_counts_the_part(monkeypatch):
    monkeypatch.setattr(tiff_regions, "REGION_PIXELS", 0)
    picture = decode(written("grey, tiles"), DecodeOptions(max_pixels=3000))
    assert picture.pixels[0:50, 0:50].shape == (50, 50)
    with pytest.raises(GlimpseError, match=r"60 x 60 .* --max-pixels"):
        picture.pixels[0:60, 0:60]


def test_parts_are_read_from_a_file_that_was_closed(monkeypatch, tmp_path):
    monkeypatch.setattr(tiff_regions, "REGION_PIXELS", 0)
    (tmp_path / "a.tif").write_bytes(written("grey, tiles").getvalue())
    picture = load_picture(str(tmp_path / "a.tif"))
    np.testing.assert_array_equal(picture.pixels[40:60, 90:133], smooth(90, 133)[40:60, 90:133])


@pytest.mark.parametrize("name", ["grey, tiles", "grey 16, deflate"])
def test_tiles_that_lie_are_refused_in_one_line(name, monkeypatch):
    monkeypatch.setattr(tiff_regions, "REGION_PIXELS", 0)
    data = written(name).getvalue()
    with pytest.raises(GlimpseError, match=r"truncated|cut off"):
        np.asarray(decode(io.BytesIO(data[: len(data) // 2])).pixels)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        at = file.pages[0].dataoffsets[0]
    damaged = data[:at] + b"\xff" * 64 + data[at + 64 :]
    if name == "grey 16, deflate":
        with pytest.raises(GlimpseError, match="a damaged TIFF: a strip or tile is no deflate"):
            np.asarray(decode(io.BytesIO(damaged)).pixels)


def test_floats_want_a_range_and_are_finite_where_one_looks(monkeypatch):
    monkeypatch.setattr(tiff_regions, "REGION_PIXELS", 0)
    with pytest.raises(GlimpseError, match="float32 numbers; say what black and white are with --range"):
        decode(written("float"))
    array = smooth(90, 133, dtype=np.float32)
    array[80, 120] = np.nan
    file = io.BytesIO()
    tifffile.imwrite(file, array, tile=(32, 48))
    pixels = decode(file, DecodeOptions(levels=(0, 1))).pixels
    assert np.isfinite(pixels[0:50, 0:50]).all()
    with pytest.raises(GlimpseError, match="not finite"):
        pixels[70:90, 100:133]


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
@pytest.mark.parametrize("predictor", [False, True])
def test_packed_numbers_in_the_order_of_a_big_end_are_themselves(dtype, predictor):
    if predictor and codecs() is None:
        pytest.skip("the extra deep is not installed")
    array = smooth(12, 17, dtype=np.float32) * (1 if dtype == np.float32 else 900)
    array = array.astype(dtype)
    file = io.BytesIO()
    tifffile.imwrite(file, array, byteorder=">", compression="zlib", predictor=predictor)
    pixels = np.asarray(decode(file, DecodeOptions(levels=(0, 1000))).pixels)
    np.testing.assert_allclose(pixels, array * 0.255, rtol=1e-6)


def test_a_small_picture_is_decoded_whole():
    Image.fromarray(smooth(90, 133)).save(file := io.BytesIO(), "TIFF")
    assert not isinstance(decode(file).pixels._image, tiff_regions.Regions)


def pyramid(within):
    """A picture and its halves, as pages of their own or within the first, and the means of its blocks."""
    levels = [smooth(96, 128, 3)]
    for _ in range(2):
        last = levels[-1].astype(float)
        levels.append(np.rint(last.reshape(last.shape[0] // 2, 2, -1, 2, 3).mean((1, 3))).astype(np.uint8))
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as tiff:
        how = {"tile": (32, 32), "photometric": "rgb", "metadata": None}
        tiff.write(levels[0], subifds=2 if within else 0, **how)
        for level in levels[1:]:
            tiff.write(level, subfiletype=1, **how)
    return file, levels


@pytest.mark.parametrize("within", [False, True])
def test_each_level_of_a_pyramid_is_read(within):
    file, levels = pyramid(within)
    for number, level in enumerate(levels):
        picture = decode(file, DecodeOptions(level=number))
        np.testing.assert_array_equal(np.asarray(picture.pixels), level)
        assert (picture.scale, picture.shape) == (2**number, (96, 128))
        assert picture.notes == ()
    with pytest.raises(GlimpseError, match=r"^it has no level 3, but 0: 96 x 128, 1: 48 x 64, 2: 24 x 32$"):
        decode(file, DecodeOptions(level=3))


@pytest.mark.parametrize(("allowed", "scale"), [(1, 1), (2, 2), (3, 2), (4, 4), (64, 4)])
def test_auto_is_the_smallest_level_that_is_allowed(allowed, scale):
    file, _ = pyramid(within=True)
    assert decode(file, DecodeOptions(level="auto"), lambda shape: allowed).scale == scale


@pytest.mark.parametrize(("dtype", "value"), [(np.uint8, "0"), (np.float32, "-9999"), (np.float32, "nan")])
@pytest.mark.parametrize("large", [False, True])
def test_pixels_without_data_are_said_and_left_out_of_the_weights(dtype, value, large, monkeypatch):
    monkeypatch.setattr(tiff_regions, "REGION_PIXELS", 0 if large else 1 << 40)
    array = smooth(60, 80, dtype=np.uint8).clip(1).astype(dtype)
    array[20:40, :37] = float(value)
    file = io.BytesIO()
    tifffile.imwrite(file, array, tile=(16, 32), extratags=[(42113, "s", 0, value, True)], metadata=None)
    options = DecodeOptions(levels=(0, 255) if dtype == np.float32 else None)
    if value != "nan":
        (note,) = decode(file, options).notes
        assert note == f"its pixels of {value} hold no data; glimpse read --nodata skip leaves them out"
    picture = decode(file, options._replace(nodata=True))
    assert (picture.alpha, picture.notes) == (True, ())
    pixels = np.asarray(picture.pixels)
    empty = np.zeros((60, 80), bool)
    empty[20:40, :37] = True
    np.testing.assert_array_equal(pixels[..., 1], np.where(empty, 0, 255))
    np.testing.assert_allclose(pixels[..., 0], np.where(empty, 0, array), rtol=1e-6)
