"""Files that mean harm, and what the hostile suite shares. Everything is drawn here; all of it is seeded."""

import functools
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
from forked import forked
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

ROWS, COLS = 31, 44
SECRET = b"SECRET-OF-THE-SOURCE"
FORMATS = ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "AVIF", "PPM"]


def figure(promise, text):
    """Print one line of the suite's report; `python -m pytest -m hostile -s` shows it."""
    print(f"\n{promise + ':':32} {text}")


def noise(*shape, seed=0, high=256, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, high, shape, dtype=dtype)


def smooth(rows=ROWS, cols=COLS, bands=3, seed=0):
    """A picture that compresses as a photograph does: waves and a little noise."""
    y, x = np.mgrid[:rows, :cols]
    waves = [127 + 100 * np.sin(x / (5 + k) + y / (9 - k)) for k in range(bands)]
    return (np.stack(waves, -1) + noise(rows, cols, bands, seed=seed, high=20)).clip(0, 255).astype(np.uint8)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photo(mode="RGB", rows=ROWS, cols=COLS, seed=0):
    rgb = Image.fromarray(smooth(rows, cols, 3, seed))
    if not mode.endswith("A"):
        return rgb.convert(mode)
    rgb = rgb.convert(mode.removesuffix("A") or mode)
    rgb.putalpha(Image.fromarray(smooth(rows, cols, 1, seed + 1)[..., 0]))
    return rgb


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def handmade_png(samples, colour_type, *chunks, after=()):
    """A PNG of 16 bits, which Pillow does not write; samples are (rows, cols, bands)."""
    rows, cols = samples.shape[:2]
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", cols, rows, 16, colour_type, 0, 0, 0)
    body = [chunk(b"IHDR", head), *chunks, chunk(b"IDAT", zlib.compress(lines)), *after, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def tiff16(samples, photometric=2, extra=None):
    """A little-endian TIFF of 16 bits in one strip, which Pillow does not write."""
    rows, cols, bands = samples.shape
    tags = [(256, 4, cols), (257, 4, rows), (258, 3, None), (259, 3, 1), (262, 3, photometric), (273, 4, 8)]
    tags += [(277, 3, bands), (278, 4, rows), (279, 4, samples.nbytes)]
    tags += [(338, 3, extra)] if extra else []
    data = samples.astype("<u2").tobytes()
    bits_at = 8 + len(data)
    out = (
        struct.pack("<2sHI", b"II", 42, bits_at + 2 * bands) + data + struct.pack(f"<{bands}H", *[16] * bands)
    )
    out += struct.pack("<H", len(tags))
    for tag, kind, value in tags:
        many = value is None
        out += struct.pack("<HHII", tag, kind, bands if many else 1, bits_at if many else value)
    return out + bytes(4)


@functools.cache  # which says in which second it was made
def profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(orientation=None):
    tags = Image.Exif()
    tags[0x010E] = SECRET.decode()
    if orientation:
        tags[0x0112] = orientation
    return tags


def animated(kind, **options):
    frames = [photo(seed=seed).convert("P" if kind == "GIF" else "RGB") for seed in (0, 7, 9)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def seeds():
    """Name to bytes: every format in every mode that it has, animated, with EXIF, with a profile."""
    found = {f"{mode}.png": encoded(photo(mode)) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")}
    found |= {f"{mode}.jpg": encoded(photo(mode), "JPEG") for mode in ("L", "RGB", "CMYK", "YCbCr")}
    found["progressive.jpg"] = encoded(photo(), "JPEG", progressive=True)
    modes = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "F", "I")
    found |= {f"{mode}.tif": encoded(photo(mode), "TIFF") for mode in modes if mode != "LAB"}
    for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd"):
        found[f"{name}.tif"] = encoded(photo(), "TIFF", compression=name)
    found |= {f"{mode}.bmp": encoded(photo(mode), "BMP") for mode in ("1", "L", "P", "RGB", "RGBA")}
    found |= {f"{mode}.ppm": encoded(photo(mode), "PPM") for mode in ("1", "L", "RGB")}
    found |= {f"{mode}.webp": encoded(photo(mode), "WEBP") for mode in ("RGB", "RGBA")}
    found |= {f"{mode}.avif": encoded(photo(mode), "AVIF") for mode in ("L", "RGB", "RGBA")}
    found["lossless.webp"] = encoded(photo(), "WEBP", lossless=True)
    found |= {"L.gif": encoded(photo("L"), "GIF"), "P.gif": encoded(photo("P"), "GIF", transparency=3)}
    for kind, name in (("GIF", "gif"), ("WEBP", "webp"), ("PNG", "png"), ("TIFF", "tif")):
        found[f"animated.{name}"] = animated(kind)
    for kind, name in (("JPEG", "jpg"), ("PNG", "png"), ("TIFF", "tif"), ("WEBP", "webp")):
        found[f"exif.{name}"] = encoded(photo(), kind, exif=exif(6))
        found[f"icc.{name}"] = encoded(photo(), kind, icc_profile=profile())
    grey = noise(ROWS, COLS, high=65536, dtype=np.uint16)
    found |= {"I16.png": encoded(Image.fromarray(grey)), "I16.tif": encoded(Image.fromarray(grey), "TIFF")}
    deep = noise(ROWS, COLS, 4, high=65536, dtype=np.uint16)
    found |= {"RGBA16.png": handmade_png(deep, 6), "RGB16.tif": tiff16(deep[..., :3])}
    found["RGB16.ppm"] = b"P6 %d %d 65535\n" % (COLS, ROWS) + deep[..., :3].astype(">u2").tobytes()
    text = PngInfo()
    text.add_text("glimpse", '{"glimpse": 1}')
    found["record.png"] = encoded(photo(), pnginfo=text)
    return found | {"a.npy": npy(smooth()), "f.npy": npy(smooth() / 255)}


def cut(data, rng):
    return data[: rng.integers(0, len(data))]


def bits(data, rng):
    damaged = np.frombuffer(data, np.uint8).copy()
    for place in rng.integers(0, 8 * len(data), rng.integers(1, 9)):
        damaged[place // 8] ^= 1 << place % 8
    return damaged.tobytes()


def runs(data, rng):
    start, size = rng.integers(0, len(data)), rng.integers(1, 65)
    fill = [bytes(size), b"\xff" * size, rng.bytes(size)][rng.integers(0, 3)]
    return data[:start] + fill + data[start + size :]


def integers(data, rng):
    """Another number where a header may have one."""
    place, size = rng.integers(0, min(len(data), 300) - 4), rng.choice([1, 2, 4])
    number = rng.choice([0, 1, 0x7F, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x10000]) % 256**size
    order = rng.choice(["little", "big"])
    return data[:place] + int(number).to_bytes(size, order) + data[place + size :]


MUTATIONS = [cut, bits, runs, integers]


def mutants(each, seed=0):
    """Yield (name, bytes), `each` times every seed; a PNG's checksums are mended in every other one."""
    for position, (name, data) in enumerate(seeds().items()):
        rng = np.random.default_rng([seed, position])
        for k in range(each):
            mutation = MUTATIONS[k % len(MUTATIONS)]
            damaged = mutation(data, rng)
            if name.endswith(".png") and k // 4 % 2:
                damaged = mended(damaged)
            yield f"{position:02d}-{k:03d}-{name}", damaged


def mended(data):
    """A PNG with right checksums again, so that its damage gets past them."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + size > len(data):
            break
        out += chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + size])
        at += 12 + size
    return out + data[at:]


COMMAND = [sys.executable, "-m", "glimpse"]


def glimpse(*args, timeout=60, command=COMMAND, cwd=None, **options):
    """Run the command in a process of its own, streams captured; a fork unless it is an unusual one."""
    if command is COMMAND and not options:
        return forked(*args, cwd=cwd, seconds=timeout)
    words = [*command, *map(os.fspath, args)]
    return subprocess.run(words, capture_output=True, timeout=timeout, check=False, cwd=cwd, **options)


def files(folder):
    """Name to bytes of all that lies in a folder."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def is_whole(data):
    """Whether these bytes are a picture to the last pixel."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
        return True
    except Exception:
        return False
