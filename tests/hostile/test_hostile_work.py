"""Small files that ask for much work or memory, each in a process of its own; one figure for all."""

import json
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hostile_files import COMMAND, chunk, encoded, figure, glimpse, handmade_png, npy, photo, seeds
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tiff_files import MIN_IS_BLACK, PALETTE, RGB, samples, tiff

from glimpse import Window

pytestmark = pytest.mark.hostile

SIDE = 13_377  # whose square is Pillow's and our limit
MOST_SECONDS, MOST_BYTES, LARGEST = 10, 1_000_000_000, 1_000_000

MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True)
spent = resource.getrusage(resource.RUSAGE_CHILDREN)
print(spent.ru_utime + spent.ru_stime, spent.ru_maxrss * 1024, done.returncode)
print(done.stderr.decode(), end="")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spent(*words):
    """CPU seconds, bytes at the peak, the exit code and the lines of a command."""
    line = [sys.executable, "-c", MEASURE, *COMMAND, *map(str, words)]
    first, *said = subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()
    seconds, peak, code = first.split()
    return float(seconds), float(peak), int(code), said


def long_webp(rows, cols):
    """A WebP of one pixel on a canvas of this size."""
    still = encoded(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    frame = bytes(12) + (100).to_bytes(3, "little") + b"\0" + still
    size = (cols - 1).to_bytes(3, "little") + (rows - 1).to_bytes(3, "little")
    chunks = [(b"VP8X", b"\2\0\0\0" + size), (b"ANIM", bytes(6)), (b"ANMF", frame)]
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def progressive(side, length):
    """A progressive JPEG with so many bytes of scans that change nothing."""
    data = encoded(Image.new("RGB", (side, side)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    return data[:-2] + scan * max(0, (length - len(data)) // len(scan)) + data[-2:]


def flat_png(rows, cols, bands, depth=8, interlaced=False):
    head = struct.pack(">IIBBBBB", cols, rows, depth, {1: 0, 3: 2, 4: 6}[bands], 0, 0, interlaced)
    packer = zlib.compressobj(9)
    line = bytes(1 + cols * bands * depth // 8)
    data = b"".join(packer.compress(line) for _ in range(rows + (rows if interlaced else 0))) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def one_strip(rows, cols, bits, bands, photometric, **options):
    """A TIFF of zeros in one compressed strip."""
    data = bytearray(
        tiff(samples(bits, bands, rows=1, cols=2), bits, photometric, compression="deflate", **options)
    )
    body = zlib.compress(bytes(-(-cols * bands * bits // 8) * rows), 9)
    (at,) = struct.unpack("<I", data[4:8])
    for k in range(struct.unpack("<H", data[at : at + 2])[0]):
        entry = at + 2 + 12 * k
        values = {256: cols, 257: rows, 278: rows, 273: len(data), 279: len(body)}
        (tag,) = struct.unpack("<H", data[entry : entry + 2])
        if tag in values:
            data[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, values[tag])
    return bytes(data) + body


def bombs():
    """Name to bytes."""
    bmp = encoded(photo("L"), "BMP")
    rle = bytearray(bmp[: 54 + 1024])
    rle[18:26], rle[30:34] = struct.pack("<ii", SIDE, SIDE), struct.pack("<I", 1)
    found = {
        "webp.webp": encoded(Image.new("RGB", (13_370, 13_370)), "WEBP", lossless=True, method=0, quality=0),
        "long.webp": long_webp(10, 16_777_215),
        "webp-in-limit.webp": encoded(
            Image.new("RGB", (7_700, 7_700)), "WEBP", lossless=True, method=0, quality=0
        ),
        "long-in-limit.webp": long_webp(3, 16_777_215),
        "avif.avif": encoded(Image.new("RGB", (6_000, 6_000)), "AVIF", speed=10),
        "scans.jpg": progressive(2_000, 950_000),
        "scans-small.jpg": progressive(900, 950_000),
        "progressive.jpg": progressive(8_000, 0),
        "progressive-beyond.jpg": progressive(SIDE - 10, 0),
        "rgba.png": flat_png(SIDE - 1, SIDE - 1, 4),
        "deep.png": flat_png(SIDE - 1, SIDE - 1, 3, 16),
        "interlaced.png": flat_png(SIDE - 1, SIDE - 1, 1, interlaced=True),
        "screen.gif": encoded(Image.new("P", (SIDE - 1, SIDE - 1)), "GIF"),
        "rle.bmp": bytes(rle) + b"\xff\0" * 400_000,
        "tile.tif": tiff(samples(8, 3, rows=16, cols=16), 8, RGB, tile=16),
        "strip.tif": one_strip(SIDE - 1, SIDE - 1, 1, 1, MIN_IS_BLACK),
        "strip-of-12.tif": one_strip(9_000, 9_000, 12, 1, MIN_IS_BLACK),
        "strip-of-palette.tif": one_strip(SIDE - 1, SIDE - 1, 4, 1, PALETTE, color_map=range(48)),
        "strip-of-planes.tif": one_strip(SIDE - 1, SIDE - 1, 1, 3, RGB),
        "channels.npy": npy(np.zeros((2, 2, 3), np.uint8)).replace(
            b"(2, 2, 3), }", b"(9000,9000,3000), }"[:12]
        ),
    }
    tile = bytearray(found["tile.tif"])
    for tag, value in ((322, 50_000), (323, 40_000)):
        place = tile.index(struct.pack("<H", tag), 700)
        tile[place + 8 : place + 12] = struct.pack("<I", value)
    found["tile.tif"] = bytes(tile)
    return {name: data for name, data in found.items() if len(data) < LARGEST}


def asking(side):
    """A patch of few bytes whose record asks for a large canvas."""
    window = Window(gx=side / 2, gy=side / 2, delta=side / 2, sigma=side / 4, n=2)
    record = {
        "glimpse": 1,
        **window.to_dict(),
        "axes": "gx=row, gy=col",
        "shape": [side, side],
        "source": "a",
    }
    text = PngInfo()
    text.add_text("glimpse", json.dumps(record))
    return encoded(Image.new("RGB", (2, 2), (9, 99, 199)), pnginfo=text)


def test_no_small_file_asks_for_much(folder):
    found, wrong = {}, []
    for name, data in bombs().items():
        (folder / name).write_bytes(data)
        found[name] = spent("read", name, "-n", 64, "-o", "out.png", "--overwrite")
    for side in (SIDE, 7_700):
        (folder / f"ask-{side}.png").write_bytes(asking(side))
        found[f"ask-{side}.png"] = spent("write", f"ask-{side}.png", "-o", "out.png", "--overwrite")
    for name, (seconds, peak, code, said) in found.items():
        if seconds > MOST_SECONDS or peak > MOST_BYTES or code not in (0, 1) or len(said) != 1:
            wrong.append(f"{name}: {seconds:.1f} s, {peak / 1e6:.0f} MB, exit {code}, {said}")
    slowest, largest = (max(found, key=lambda name: found[name][k]) for k in (0, 1))
    refused = sum(code == 1 for _, _, code, _ in found.values())
    figure(
        "small files that ask for much",
        f"{len(found)} under 1 MB, {refused} refused; at most {found[slowest][0]:.1f} s of CPU ({slowest}) "
        f"and {found[largest][1] / 1e6:.0f} MB ({largest})",
    )
    assert not wrong


def test_the_limit_of_pixels_raises_all_in_proportion(folder):
    kinds = {"a.webp": 3, "progressive.jpg": 2}
    (folder / "a.webp").write_bytes(encoded(photo(), "WEBP"))
    (folder / "progressive.jpg").write_bytes(encoded(photo(), "JPEG", progressive=True))
    for name, work in kinds.items():
        least = work * 31 * 44
        refused = glimpse("read", name, "--max-pixels", f"{least - 1}", "-o", "a.png", "--overwrite")
        assert refused.returncode == 1
        assert glimpse("read", name, "--max-pixels", f"{least}", "-o", "a.png", "--overwrite").returncode == 0


def test_one_bomb_does_not_end_a_batch(folder):
    (folder / "a.webp").write_bytes(long_webp(10, 16_777_215))
    (folder / "b.png").write_bytes(encoded(photo()))
    done = glimpse("read", "a.webp", "b.png", "-o", "out/")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == "glimpse: 1 of 2 files failed"
    assert (folder / "out" / "b-patch.png").exists()


def test_all_fixtures_leave_only_our_lines_on_stderr(folder):
    files = seeds() | {f"m{bits}.tif": tiff(samples(bits, 1), bits, MIN_IS_BLACK) for bits in range(1, 17)}
    files |= {f"samples{n}.tif": tiff(samples(8, n), 8, MIN_IS_BLACK) for n in (2, 3, 7, 70)}
    files |= {"deep.png": handmade_png(np.zeros((9, 9, 3), np.uint16), 2)}
    foreign = []
    for name, data in files.items():
        (folder / name).write_bytes(data)
        said = glimpse("read", name, "-n", "8", "-o", "out.png", "--overwrite").stderr.decode().splitlines()
        foreign += [line for line in said if not line.startswith((f"glimpse: {name}: ", f"{name}: 8 x 8"))]
        assert len(said) == 1, said
    figure("fixtures as processes", f"{len(files)}, {len(foreign)} foreign lines on stderr")
    assert not foreign


def test_standard_input_takes_memory_by_what_comes(folder):
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdin=open('a.png', 'rb'), capture_output=True, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    (folder / "a.png").write_bytes(encoded(photo()))
    words = [sys.executable, "-c", code, *COMMAND, "read", "-", "-o", "p.png"]
    peak = int(subprocess.run(words, capture_output=True, check=True).stdout) * 1024
    figure("standard input of 3 kB", f"{peak / 1e6:.0f} MB at the peak")
    assert peak < 150e6
