"""What one pixel of each kind takes: bytes at the peak, nanoseconds of CPU. `io/budget.py` rounds them up.

    python tests/bench/decoders.py [KIND]

Two sizes of each kind are read by processes of their own; a figure is the slope between them. So is that of a
page of one pixel with its patch.
"""

import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from hostile_files import chunk, encoded, handmade_png, smooth
from tiff_files import MIN_IS_BLACK, RGB, samples, tiff

READ = """
import re, resource, sys
from glimpse import GlimpseError, Window, read
from glimpse.io import DecodeOptions, load_picture
page = int(sys.argv[2])
try:
    picture = load_picture(sys.argv[1], DecodeOptions((0, 255), 10**10, page or None))
    window = Window.centered(picture.shape, 64, delta=max(picture.shape) / 64)
    read(picture.pixels, window, channel_axis=picture.channel_axis)
except GlimpseError as error:  # after the work
    print(error, file=sys.stderr)
spent = resource.getrusage(resource.RUSAGE_SELF)
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(spent.ru_utime + spent.ru_stime, peak * 1024)
"""


def photograph(side):
    """A picture of waves and a little noise, tiled."""
    few = smooth(500, 500)
    return np.tile(few, (-(-side // 500), -(-side // 500), 1))[:side, :side]


def still(kind, mode="RGB", **options):
    return lambda side: encoded(Image.fromarray(photograph(side)).convert(mode), kind, **options)


def film(kind, mode="RGB", **options):
    def made(side):
        frames = [Image.fromarray(np.roll(photograph(side), k, 1)).convert(mode) for k in range(3)]
        return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)

    return made


def many_scans(side):
    """A sequential JPEG whose channels come one by one, without data."""
    data = encoded(Image.new("RGB", (side, side)), "JPEG", subsampling=0)
    scans = b"".join(b"\xff\xda\0\10\1" + bytes([k, 0, 0, 63, 0]) for k in (1, 2, 3))
    return data[: data.index(b"\xff\xda")] + scans + b"\xff\xd9"


def interlaced(side):
    """A PNG of zeros in seven passes: each has every so manieth column and row."""
    passes = [(8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2)]
    assert side % 8 == 0
    lines = b"".join((b"\0" + bytes(3 * (side // wide))) * (side // tall) for wide, tall in passes)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 1)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def runs(side):
    bmp = bytearray(encoded(Image.new("P", (4, 4)), "BMP")[: 54 + 1024])
    bmp[18:26], bmp[30:34] = struct.pack("<ii", side, side), struct.pack("<I", 1)
    return bytes(bmp) + (b"\xff\7" * (side // 255) + b"\0\0") * side


def masked(side):
    head = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 0, 0, 66, 40, side, side, 1, 16, 3, 0, 0, 0, 0, 0)
    return head + struct.pack("<III", 0xF800, 0x7E0, 0x1F) + bytes(2 * side * side)


def plain_text(side):
    return b"P3 %d %d 255 " % (side, side) + b"127 " * (3 * side * side)


def deep(side):
    return handmade_png(photograph(side).astype(np.uint16) * 257, 2)


KINDS = {
    "PNG RGBA": (still("PNG", "RGBA", compress_level=1), 0),
    "interlaced PNG": (interlaced, 0),
    "16-bit PNG": (deep, 0),
    "APNG, page 2": (film("PNG", compress_level=1), 2),
    "APNG, page 3": (film("PNG", compress_level=1), 3),
    "JPEG": (still("JPEG"), 0),
    "JPEG progressive 4:4:4": (still("JPEG", progressive=True, subsampling=0), 0),
    "JPEG progressive CMYK": (still("JPEG", "CMYK", progressive=True), 0),
    "JPEG of three scans": (many_scans, 0),
    "GIF": (still("GIF", "P"), 0),
    "GIF, page 2": (film("GIF", "P"), 2),
    "GIF, page 3": (film("GIF", "P"), 3),
    "WebP lossless": (still("WEBP", lossless=True, method=0, quality=0), 0),
    "WebP": (still("WEBP", method=0), 0),
    "WebP, page 3": (film("WEBP", method=0), 3),
    "AVIF": (still("AVIF", speed=10), 0),
    "AVIF RGBA": (still("AVIF", "RGBA", speed=10, subsampling="4:4:4"), 0),
    "BMP": (still("BMP"), 0),
    "BMP in runs": (runs, 0),
    "BMP with masks": (masked, 0),
    "PPM": (still("PPM"), 0),
    "PPM in text": (plain_text, 0),
    "TIFF": (still("TIFF"), 0),
    "TIFF LZW": (still("TIFF", compression="tiff_lzw"), 0),
    "TIFF CMYK": (still("TIFF", "CMYK"), 0),
    "TIFF of 11 bits, raw": (lambda side: tiff(samples(11, 1, rows=side, cols=side), 11, MIN_IS_BLACK), 0),
    "TIFF of 16 bits, 4 bands, raw": (
        lambda side: tiff(samples(16, 4, rows=side, cols=side), 16, RGB, extra=(2,)), 0),
    "TIFF of 16 bits, 3 bands, deflate": (
        lambda side: tiff(samples(16, 3, rows=side, cols=side), 16, RGB, compression="deflate"), 0),
    "TIFF of 1 bit, 3 bands": (lambda side: tiff(samples(1, 3, rows=side, cols=side), 1, RGB), 0),
}  # fmt: skip


PAGES = {"frame of a pixel, GIF": "GIF", "page of a pixel, TIFF": "TIFF"}
READ_PAGES = """
import resource, sys
from glimpse import Window
from glimpse.batch import Placement, read
from glimpse.batch.rows import Row, paged
rows = [Row(sys.argv[1], sys.argv[1], Placement.of(Window(0, 0, 1, n=1)))]
for outcome in read(paged(rows, (1, int(sys.argv[2])), lambda name: ()), sys.argv[1] + ".npz"):
    assert not outcome.error
spent = resource.getrusage(resource.RUSAGE_SELF)
print(spent.ru_utime + spent.ru_stime)
"""


def seconds_of_pages(kind, few, many):
    """CPU seconds for each page behind the first few."""
    first, *more = (Image.new("L", (1, 1), k % 2 * 255) for k in range(many))
    with tempfile.TemporaryDirectory() as folder:
        name = f"{folder}/a.{kind.lower()}"
        first.save(name, kind, save_all=True, append_images=more)
        spent = []
        for number in (few, many):
            command = [sys.executable, "-W", "ignore", "-c", READ_PAGES, name, str(number)]
            found = []
            for _ in range(3):
                Path(name + ".npz").unlink(missing_ok=True)
                found.append(float(subprocess.run(command, capture_output=True, check=True).stdout))
            spent.append(min(found))
    return (spent[1] - spent[0]) / (many - few)


def measured(make, page, side):
    with tempfile.NamedTemporaryFile() as file:
        file.write(make(side))
        file.flush()
        command = [sys.executable, "-W", "ignore", "-c", READ, file.name, str(page)]
        found = [subprocess.run(command, capture_output=True, check=True, text=True).stdout for _ in range(2)]
    return np.min([np.array(one.split(), float) for one in found], axis=0)


def main():
    for name, (make, page) in KINDS.items():
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        small, large = 1504, 3000
        seconds, peak = measured(make, page, large) - measured(make, page, small)
        pixels = large**2 - small**2
        print(f"{name:36} {peak / pixels:6.1f} bytes {seconds / pixels * 1e9:6.0f} ns a pixel", flush=True)
    for name, kind in PAGES.items():
        if not sys.argv[1:] or any(word in name for word in sys.argv[1:]):
            seconds = seconds_of_pages(kind, 100, 1500)
            print(f"{name:36} {seconds * 1e9:10.0f} ns a page", flush=True)


if __name__ == "__main__":
    main()
