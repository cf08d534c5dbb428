"""JPEG files: whole where a short look can tell, in every coding, shown to Pillow without their EXIF."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, features

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


LEVELS = np.kron((np.arange(12).reshape(3, 4) * 37 % 256).astype(np.uint8), np.ones((8, 8), np.uint8))
# what `jpegtran -arithmetic` makes of the coefficients of LEVELS
ARITHMETIC = bytes.fromhex("ff00f85eedd0ab4a3f2da6e2ac9529b95a00e1cbde80")


def parts(data):
    """Each marker of a JPEG of one scan with what follows it, the pixels with the last."""
    at = 2
    while data[at + 1] != 0xDA:
        size = 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        yield data[at + 1], data[at : at + size]
        at += size
    yield 0xDA, data[at:]


def recoded(data, **changed):
    """A JPEG some of whose segments, by the name of their marker, are others."""
    new = {int(name[1:], 16): bytes_ for name, bytes_ in changed.items()}
    return data[:2] + b"".join(new.get(kind, part) for kind, part in parts(data))


def levels_as_jpeg():
    file = io.BytesIO()
    Image.fromarray(LEVELS).save(file, "JPEG", quality=100)
    return file.getvalue()


def test_an_arithmetic_coding_is_read():
    data = levels_as_jpeg()
    frame, scan = dict(parts(data))[0xC0], dict(parts(data))[0xDA]
    coded = recoded(data, xC0=b"\xff\xc9" + frame[2:], xC4=b"", xDA=scan[:10] + ARITHMETIC + b"\xff\xd9")
    np.testing.assert_array_equal(np.asarray(decode(io.BytesIO(coded)).pixels), LEVELS)


def test_a_lossless_coding_is_read_and_never_reduced():
    imagecodecs = pytest.importorskip("imagecodecs")
    array = np.random.default_rng(0).integers(0, 256, (ROWS, COLS, 3), dtype=np.uint8)
    data = imagecodecs.jpeg8_encode(array, lossless=True)
    picture = decode(io.BytesIO(data), reduce=lambda shape: 8)
    assert picture.scale == 1
    np.testing.assert_array_equal(np.asarray(picture.pixels), array)


@pytest.mark.parametrize(
    ("marker", "place", "byte", "said"),
    [
        (0xC1, 4, 12, "a JPEG of a kind that cannot be read: 12 bits a sample"),
        (0xC3, 4, 16, "a JPEG of a kind that cannot be read: 16 bits a sample"),
        (0xC5, 4, 8, "a JPEG of a kind that cannot be read: hierarchical"),
        (0xC0, 9, 2, "a JPEG of a kind that cannot be read: 2 channels"),
        (0xDE, 4, 8, "a damaged JPEG, or of a kind that cannot be read: its marker DE"),
        (0xF7, 4, 8, "a damaged JPEG, or of a kind that cannot be read: its marker F7"),
    ],
)
def test_what_no_decoder_reads_is_refused_by_name(marker, place, byte, said):
    data = levels_as_jpeg()
    frame = bytearray(dict(parts(data))[0xC0] + bytes(3))
    frame[1], frame[3], frame[place] = marker, len(frame) - 2, byte
    with pytest.raises(GlimpseError, match=f"^{said}$"):
        decode(io.BytesIO(recoded(data, xC0=bytes(frame))))


@pytest.mark.parametrize("hidden", [b"\xff\xd8", b"\xff\xd9", b"\xff\xf0", b"\xff\xe1\0\1", "frame"])
def test_what_pillow_and_glimpse_might_read_in_two_ways_is_refused(hidden):
    data = levels_as_jpeg()
    hidden = dict(parts(data))[0xC0] if hidden == "frame" else hidden + b"\0\4\0\0"
    with pytest.raises(GlimpseError, match=r"its marker [CDEF]\d"):
        decode(io.BytesIO(recoded(data, xDA=hidden + dict(parts(data))[0xDA])))


def test_pillow_parses_no_exif(monkeypatch):
    """Of some versions a kilobyte of tags that share their values takes gigabytes."""
    exif, image = Image.Exif(), Image.new("RGB", (COLS, ROWS), (9, 99, 199))
    exif[0x0112], exif[0x010E], exif[0x011A] = 6, "x", 72.0
    exif.get_ifd(0x8769)[0x9000] = exif.get_ifd(0x8825)[0] = b"0220"
    files = {}
    for kind in ("JPEG", "MPO", "PNG", "WEBP", "TIFF", *(["AVIF"] if features.check("avif") else [])):
        file = io.BytesIO()
        more = {"save_all": True, "append_images": [image]} if kind == "MPO" else {}
        image.save(file, kind, exif=exif, **more)
        data = file.getvalue()
        # of a JPEG that tells no resolution elsewhere Pillow parses the EXIF on opening
        files[kind] = recoded(data, xE0=b"") if kind in ("JPEG", "MPO") else data
    for kind, data in files.items():
        # of a TIFF these tags are its own, but no others
        name = "get_ifd" if kind == "TIFF" else "load"
        with monkeypatch.context() as patched:
            patched.setattr(Image.Exif, name, None)
            shape = decode(io.BytesIO(data)).shape
        assert shape == (COLS, ROWS), kind
