"""What the pixels become, kind by kind, and what a crop gives away of its source."""

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from hostile_files import (
    COLS,
    ROWS,
    SECRET,
    chunk,
    encoded,
    exif,
    figure,
    files,
    glimpse,
    handmade_png,
    noise,
    photo,
    profile,
    smooth,
    tiff16,
)
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo
from tiff_files import expected as told_by_tifffile
from tiff_files import matrix

from glimpse import GlimpseError, Window, read
from glimpse.io.decode import decode
from glimpse.io.stills import save_still

pytestmark = pytest.mark.hostile

BOX = slice(3, 19), slice(5, 30)
REFUSED = None


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def deep(bands):
    return noise(ROWS, COLS, bands, high=65536, dtype=np.uint16)


def visible(array):
    """Black where alpha 0 hides the colour, which is what becomes of it."""
    array = np.array(array)
    if array.ndim == 3 and array.shape[2] in (2, 4):
        array[array[..., -1] == 0] = 0
    return array


def indexed(**options):
    """A palette picture whose indices are nothing like its colours, and its colours."""
    image = Image.fromarray(noise(ROWS, COLS, high=6)).convert("P")
    image.putpalette(noise(6, 3, seed=5).ravel().tolist())
    return encoded(image, **options)


def turned(kind, orientation, **options):
    data = encoded(photo(), kind, exif=exif(orientation), **options)
    with Image.open(io.BytesIO(data)) as image:
        return data, np.asarray(ImageOps.exif_transpose(image))


def opened(data, mode):
    with Image.open(io.BytesIO(data)) as image:
        return visible(image.convert(mode))


def kinds():
    """Name to (file, the pixels that it must become, whether a note must tell of a loss)."""
    few, level = noise(ROWS, COLS, 3, high=2), noise(ROWS, COLS, high=4)
    grey16 = deep(1)[..., 0]
    found = {}
    for mode, kept in (("1", "L"), ("L", "L"), ("LA", "LA"), ("RGB", "RGB"), ("RGBA", "RGBA")):
        found[mode] = encoded(photo(mode)), visible(photo(mode).convert(kept)), False
    found["P"] = (data := indexed()), opened(data, "RGB"), False
    found["P, transparent"] = (data := indexed(transparency=3)), opened(data, "RGBA"), False
    found["P of a GIF, transparent"] = (
        (data := indexed(kind="GIF", transparency=3)),
        opened(data, "RGBA"),
        False,
    )
    found["L, transparent level"] = (
        (data := encoded(Image.fromarray(level), transparency=2)),
        opened(data, "LA"),
        False,
    )
    data = encoded(Image.fromarray(few), transparency=(1, 0, 1))
    found["RGB, transparent colour"] = data, opened(data, "RGBA"), False
    found["I;16"] = encoded(Image.fromarray(grey16)), grey16, False
    found["I;16 TIFF"] = encoded(Image.fromarray(grey16), "TIFF"), grey16, False
    found["I;16B TIFF"] = encoded(Image.fromarray(grey16.astype(">u2")), "TIFF"), grey16, False
    found["16-bit RGB"] = handmade_png(deep(3), 2), deep(3), False
    found["16-bit RGBA"] = handmade_png(deep(4), 6), visible(deep(4)), False
    found["16-bit LA"] = handmade_png(deep(2), 4), visible(deep(2)), False
    found["16-bit RGB TIFF"] = tiff16(deep(3)), deep(3), False
    found["16-bit RGBA TIFF"] = tiff16(deep(4), extra=2), visible(deep(4)), False
    found["16-bit RGB PPM"] = (
        b"P6 %d %d 65535\n" % (COLS, ROWS) + deep(3).astype(">u2").tobytes(),
        deep(3),
        False,
    )
    found["F"] = encoded(photo("F"), "TIFF"), REFUSED, False
    found["I"] = encoded(photo("I"), "TIFF"), REFUSED, False
    for mode in ("CMYK", "YCbCr"):
        kind = "TIFF" if mode == "CMYK" else "JPEG"
        found[mode] = (data := encoded(photo(mode), kind)), opened(data, "RGB"), mode == "CMYK"
    lab = ImageCms.profileToProfile(
        photo(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    data = encoded(lab, "TIFF", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())
    found["LAB with its profile"] = data, np.asarray(photo()), False
    found["RGB with a profile"] = encoded(photo(), icc_profile=profile()), np.asarray(photo()), False
    gamma = chunk(b"gAMA", struct.pack(">I", 38461))
    found["RGB with gAMA"] = (data := encoded(photo()))[:33] + gamma + data[33:], np.asarray(photo()), False
    found["JPEG, orientation 6"] = *turned("JPEG", 6), False
    found["TIFF, orientation 8"] = *turned("TIFF", 8), False
    return found


def crop(data):
    """The picture, and the file of a sharp one-pixel-stride crop of it."""
    picture = decode(io.BytesIO(data))
    n = tuple(s.stop - s.start for s in BOX)
    gx, gy = ((s.start + s.stop - 1) / 2 for s in BOX)
    patch = read(picture.pixels, Window(gx, gy, delta=1, sigma=1e-3, n=n), channel_axis=picture.channel_axis)
    save_still("patch.png", patch, picture, overwrite=True)
    with open("patch.png", "rb") as file:
        return picture, file.read()


def levels(png):
    """The pixels of a PNG, all their bits, read by another library."""
    imagecodecs = pytest.importorskip("imagecodecs", reason="pip install -e '.[deep]'")
    return imagecodecs.png_decode(png)


def test_no_kind_is_changed_silently():
    verdicts, silent = {"kept": 0, "refused": 0, "told": 0}, []
    for name, (data, expected, told) in kinds().items():
        if expected is REFUSED:
            with pytest.raises(GlimpseError, match="say what black and white are with --range"):
                decode(io.BytesIO(data))
            verdicts["refused"] += 1
            continue
        picture, png = crop(data)
        found = levels(png)
        tolerance = 6 if "LAB" in name else 0
        same = found.dtype == expected.dtype and found.shape == expected[BOX].shape
        same = same and np.abs(found.astype(int) - expected[BOX]).max() <= tolerance
        verdicts["told" if picture.notes else "kept"] += 1
        if not same or told != bool(picture.notes):
            silent.append(f"{name}: {found.dtype} {found.shape}, {picture.notes}")
    figure(
        "kinds of pixels",
        f"{len(kinds())}: {verdicts['kept']} exact, {verdicts['told']} converted with a note, "
        f"{verdicts['refused']} refused until --range, {len(silent)} silently changed",
    )
    assert not silent
    assert len(kinds()) == 28


def test_without_the_extra_16_bit_colour_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    told = 0
    for name, (data, _, _) in kinds().items():
        if name.startswith("16-bit") and "PPM" not in name:
            picture, png = crop(data)
            told += any("glimpse-crop[deep]" in note for note in picture.notes)
            with Image.open(io.BytesIO(png)) as image:
                assert image.mode in ("LA", "RGB", "RGBA")
    figure(
        "16-bit colour without [deep]",
        f"{told} of 5 kinds read as 8 bits, each with a note that names the extra",
    )
    assert told == 5


def test_what_the_levels_mean_stays():
    _, png = crop(encoded(photo(), icc_profile=profile()))
    with Image.open(io.BytesIO(png)) as image:
        assert image.info["icc_profile"] == profile()
    _, deep_png = crop(handmade_png(deep(3), 2, chunk(b"gAMA", struct.pack(">I", 38461))))
    assert chunk(b"gAMA", struct.pack(">I", 38461)) in deep_png
    for mode in ("CMYK", "LAB"):
        picture = decode(io.BytesIO(encoded(photo("CMYK"), "TIFF", icc_profile=profile())))
        assert not picture.color, mode


def test_every_orientation_comes_upright_once():
    right = 0
    for kind, options in (("JPEG", {}), ("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        for orientation in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65535):
            data, expected = turned(kind, orientation, **options)
            _, png = crop(data)
            with Image.open(io.BytesIO(png)) as image:
                right += np.array_equal(image, expected[BOX]) and 0x0112 not in image.getexif()
    figure(
        "EXIF orientations", f"{right} of 44 upright, the tag gone (1-8 in 4 formats; 0, 9 and 65535 ignored)"
    )
    assert right == 44


def with_thumbnail(seed):
    """A JPEG whose EXIF holds a thumbnail of the whole, with secrets in every other place that has room."""
    thumbnail = encoded(photo(rows=16, cols=20, seed=seed), "JPEG") + SECRET
    ifd = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 8 + 6 + 6 + 24, 0x0202, 4, 1, len(thumbnail), 0)
    tiff = b"II*\0" + struct.pack("<IHI", 8, 0, 14) + ifd
    body = b"Exif\0\0" + tiff.ljust(44, b"\0") + thumbnail
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x>" + SECRET + b"</x>"
    segments = b"".join(
        struct.pack(">HH", marker, len(data) + 2) + data
        for marker, data in (
            (0xFFE1, body),
            (0xFFE1, xmp),
            (0xFFED, b"Photoshop 3.0\0" + SECRET),
            (0xFFFE, SECRET),
        )
    )
    data = encoded(photo(seed=seed), "JPEG")
    return data[:2] + segments + data[2:] + SECRET


def test_a_crop_gives_nothing_away(folder):
    names = []
    for seed in range(20):
        names.append(f"thumb{seed}.jpg")
        (folder / names[-1]).write_bytes(with_thumbnail(seed))
    text = PngInfo()
    text.add_text("Author", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    (folder / "text.png").write_bytes(encoded(photo(), pnginfo=text, exif=exif()) + SECRET)
    (folder / "tags.tif").write_bytes(encoded(photo(), "TIFF", exif=exif()) + SECRET)
    (folder / "exif.webp").write_bytes(encoded(photo(), "WEBP", exif=exif(), xmp=SECRET) + SECRET)
    (folder / "note.gif").write_bytes(encoded(photo("P"), "GIF", comment=SECRET) + SECRET)
    names += ["text.png", "tags.tif", "exif.webp", "note.gif"]
    assert glimpse("read", *names, "-o", "out/").returncode == 0
    assert glimpse("read", *names, "-o", "npy/{index}.npy").returncode == 0
    for name in names:
        assert glimpse("show", name, "-o", f"out/{name}-show.png").returncode == 0
        sweep = glimpse("sweep", name, "--gx", "3:5", "--frames", "2", "-o", f"out/{name}-sweep.webp")
        assert sweep.returncode == 0
    made = files("out") | files("npy")
    leaks = [name for name, data in made.items() if SECRET in data or b"\xff\xd8\xff\xe0\0\x10JFIF" in data]
    figure("secrets of 24 sources", f"{len(leaks)} in {len(made)} outputs (thumbnails, EXIF, XMP, comments)")
    assert len(made) == 4 * len(names)
    assert not leaks


def test_hidden_colour_is_gone(folder):
    shown = 0
    for mode in ("RGBA", "LA"):
        image = np.asarray(photo(mode)).copy()
        image[..., -1] = 0
        image[:, : COLS // 2, -1] = 255
        for sigma in (1e-3, 0.5, 3.0):
            picture = decode(io.BytesIO(encoded(Image.fromarray(image))))
            window = Window(gx=15, gy=30, delta=1.1, sigma=sigma, n=20)
            save_still("patch.png", read(picture.pixels, window, channel_axis=2), picture, overwrite=True)
            with Image.open("patch.png") as patch:
                found = np.asarray(patch)
            shown += int((found[found[..., -1] == 0][:, :-1] != 0).sum())
    figure("colour under alpha 0", f"{shown} pixels of it in 6 crops")
    assert shown == 0


def test_no_text_keyword_changes_a_picture():
    words = ["transparency", "icc_profile", "gamma", "srgb", "chromaticity", "exif", "dpi", "loop", "bbox"]
    words += ["duration", "interlace", "background", "default_image", "xmp", "comment", "timestamp", "size"]
    words += ["Raw profile type exif", "XML:com.adobe.xmp", "Comment", "aspect", "mode", "tile", "disposal"]
    words += ["blend", "__class__"]
    same = 0
    for word in words:
        for mode in ("L", "RGB", "P"):
            text = PngInfo()
            text.add_text(word, "3")
            data, plain = encoded(photo(mode), pnginfo=text), encoded(photo(mode))
            same += crop(data)[1] == crop(plain)[1]
    figure("hostile text keywords", f"{same} of {3 * len(words)} crops the same bytes as without the text")
    assert same == 3 * len(words)


def test_16_bit_smooth_pictures_survive_the_round_trip(folder):
    wave = (smooth().astype(np.uint16) * 257) ^ 37
    (folder / "a.png").write_bytes(handmade_png(wave, 2))
    done = glimpse(
        "read", "a.png", "--slice", ":,:", "-n", f"{ROWS},{COLS}", "--sigma", "0.001", "-o", "b.png"
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(levels((folder / "b.png").read_bytes()), wave)
    assert (
        subprocess.run([sys.executable, "-m", "glimpse", "info", "b.png"], capture_output=True).returncode
        == 0
    )


def test_every_tiff_of_a_matrix_is_what_tifffile_reads():
    pytest.importorskip("imagecodecs", reason="pip install -e '.[deep]'")
    wrong, tried, refused = [], 0, 0
    for bits in range(1, 17):
        for data, photometric, way in matrix(bits):
            tried += 1
            try:
                picture = decode(io.BytesIO(data))
            except GlimpseError as error:
                refused += str(error).startswith("a TIFF of a kind that cannot be read: ")
                continue
            pixels = np.atleast_3d(np.asarray(picture.pixels)).astype(float)
            if np.abs(pixels - told_by_tifffile(data, bits, photometric, way) * picture.white).max() > 0.5:
                wrong.append(f"{bits} bits, {photometric}, {way}")
    figure(
        "TIFFs of 1 to 16 bits",
        f"{tried} (planes, 4 compressions, tiles, both orders, both photometrics, 8 orientations), {refused} "
        f"refused by name, {len(wrong)} more than half a level from tifffile",
    )
    assert tried >= 396
    assert not wrong
