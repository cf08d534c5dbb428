"""What comes in: damaged files, huge ones, things that are no files. One figure for each promise."""

import io
import os
import re
import socket
import struct
import subprocess
import sys
import time
import warnings
import zlib

import numpy as np
import pytest
from hostile_files import (
    COMMAND,
    FORMATS,
    animated,
    chunk,
    encoded,
    figure,
    files,
    glimpse,
    handmade_png,
    is_whole,
    mutants,
    noise,
    npy,
    photo,
    seeds,
    smooth,
)
from PIL import Image

from glimpse import GlimpseError, Window, read
from glimpse.io import DecodeOptions
from glimpse.io.decode import decode
from glimpse.io.stills import load_picture, load_record, save_still

pytestmark = pytest.mark.hostile

LEVELS = DecodeOptions((0, 255))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(data):
    return data.decode("utf-8", "replace").splitlines()


def cropped(name, output, options):
    """What the command does with a file, in this process."""
    picture = load_picture(name, options)
    window = Window.centered(picture.shape, 8)
    save_still(output, read(picture.pixels, window, channel_axis=picture.channel_axis), picture)


def test_no_file_makes_a_traceback(folder):
    options = DecodeOptions((0, 255), 1_000_000)
    total = refused = 0
    slowest, wrong = 0.0, []
    for name, data in mutants(48):
        (folder / name).write_bytes(data)
        total += 1
        start = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                cropped(name, "out.png", options)
            wrong += [] if is_whole((folder / "out.png").read_bytes()) else [f"{name}: not whole"]
            os.unlink("out.png")
        except GlimpseError as error:
            refused += 1
            wrong += [f"{name}: {error}"] if len(str(error).splitlines()) != 1 else []
            wrong += [f"{name}: an output"] if os.path.exists("out.png") else []
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
        slowest = max(slowest, time.process_time() - start)
        os.unlink(name)
    figure(
        "mutants",
        f"{total} files of {len(seeds())} seeds, {refused} refused in one line, {total - refused} read, "
        f"{len(wrong)} tracebacks or outputs of refused files, slowest {slowest:.2f} s",
    )
    assert total >= 2000
    assert not wrong
    assert refused > total / 4


def test_nor_in_the_command(folder):
    everything = [(name.replace(".", "_") + ".png", data) for name, data in mutants(8, seed=1)]
    tracebacks = strangers = failed = 0
    for part in range(3):
        batch = everything[part::3][:120]
        for name, data in batch:
            (folder / name).write_bytes(data)
        names = [name for name, _ in batch]
        done = glimpse("read", "--max-pixels", "1000000", *names, "-n", "8", "-o", f"out{part}/")
        said = done.stderr.decode().splitlines()
        tracebacks += b"Traceback" in done.stderr
        summaries = [line for line in said if re.match(r"\S+: 8 x 8 patch, row", line)]
        strangers += sum(not line.startswith("glimpse: ") for line in said) - len(summaries)
        made = {name.replace("-patch", "") for name in os.listdir(f"out{part}")}
        assert done.returncode == 1
        missing = set(names) - made
        assert made < set(names)
        assert said[-1] == f"glimpse: {len(missing)} of {len(batch)} files failed"
        assert all(map(is_whole, files(f"out{part}").values()))
        failed += len(missing)
    figure(
        "mutants, in batches",
        f"360 files, {failed} failed, {360 - failed} came out whole, "
        f"{tracebacks} tracebacks, {strangers} foreign lines",
    )
    assert (tracebacks, strangers) == (0, 0)


def test_no_program_is_started(folder):
    for name, data in seeds().items():
        (folder / name).write_bytes(data)
    (folder / "a.eps").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    (folder / "a.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    (folder / "a.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    script = (
        "import sys; started = []\n"
        "watched = ('subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn', 'os.fork')\n"
        "sys.addaudithook(lambda event, _: started.append(event) if event in watched else None)\n"
        "from glimpse.io import DecodeOptions, load_picture\nrefused = 0\n"
        "for name in sys.argv[1:]:\n"
        "    try: load_picture(name, DecodeOptions((0, 255)))\n"
        "    except ValueError: refused += 1\n"
        "print(len(sys.argv) - 1, refused, len(started))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *sorted(os.listdir())], capture_output=True
    )
    total, refused, started = map(int, done.stdout.split())
    figure("programs started", f"{started} for {total} files, EPS, SVG and PDF among them, {refused} refused")
    assert (started, refused) == (0, 3)


def test_a_cut_that_costs_pixels_is_refused():
    counts = {"cut": 0, "refused": 0, "whole": 0}
    wrong = []
    pictures = {name: data for name, data in seeds().items() if name not in ("a.npy", "f.npy")}
    pictures |= {
        f"large.{kind}": encoded(photo("P" if kind == "GIF" else "RGB", 200, 310), kind) for kind in FORMATS
    }
    for name, data in pictures.items():
        expected = np.asarray(decode(io.BytesIO(data), LEVELS).pixels)
        for length in np.unique(np.linspace(1, len(data) - 1, 60).astype(int)):
            counts["cut"] += 1
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    pixels = np.asarray(decode(io.BytesIO(data[:length]), LEVELS).pixels)
            except GlimpseError:
                counts["refused"] += 1
                continue
            counts["whole"] += 1
            if not np.array_equal(pixels, expected):
                wrong.append(f"{name} at {length} of {len(data)}")
    figure(
        "cuts",
        f"{counts['cut']} files, {counts['refused']} refused, {counts['whole']} had lost no pixel, "
        f"{len(wrong)} pictures with pixels missing",
    )
    assert not wrong


def test_what_a_flipped_bit_does_is_no_promise():
    found = []
    for kind in FORMATS:
        data = encoded(photo("P" if kind == "GIF" else "RGB", 120, 160), kind)
        rng, caught = np.random.default_rng(3), 0
        for place in rng.integers(8 * (len(data) // 4), 8 * len(data), 60):
            damaged = bytearray(data)
            damaged[place // 8] ^= 1 << place % 8
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    decode(io.BytesIO(bytes(damaged)))
            except GlimpseError:
                caught += 1
        found.append(f"{kind} {caught}")
        assert kind != "PNG" or caught >= 55
    figure("bit flips noticed (no promise)", f"of 60 in the pixels: {', '.join(found)}")


SIDE = 60_000


def with_jpeg_size(data):
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", SIDE, SIDE) + data[at + 4 :]


def with_tiff_size(data):
    out = bytearray(data)
    (at,) = struct.unpack("<I", data[4:8])
    for k in range(struct.unpack("<H", data[at : at + 2])[0]):
        entry = at + 2 + 12 * k
        if struct.unpack("<H", data[entry : entry + 2])[0] in (256, 257):
            out[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, SIDE)
    return bytes(out)


def with_webp_size(data):
    at = data.index(b"VP8L") + 9
    (bits,) = struct.unpack("<I", data[at : at + 4])
    return data[:at] + struct.pack("<I", bits & ~0xFFFFFFF | 16382 << 14 | 16382) + data[at + 4 :]


def test_too_many_pixels_are_refused_on_the_header(folder):
    png, gif, bmp = (encoded(photo("P" if kind == "GIF" else "RGB"), kind) for kind in ("PNG", "GIF", "BMP"))
    head = chunk(b"IHDR", struct.pack(">II", SIDE, SIDE) + png[24:29])
    huge = {
        "PNG": png[:8] + head + png[33:],
        "JPEG": with_jpeg_size(encoded(photo(), "JPEG")),
        "GIF": gif[:6] + struct.pack("<HH", SIDE, SIDE) + gif[10:],
        "TIFF": with_tiff_size(encoded(photo(), "TIFF")),
        "BMP": bmp[:18] + struct.pack("<ii", SIDE, SIDE) + bmp[26:],
        "WEBP": with_webp_size(encoded(photo(), "WEBP", lossless=True)),
        "PPM": b"P6 60000 60000 255\n" + bytes(99),
        "PPM of 16 bits": b"P6 60000 60000 65535\n" + bytes(99),
        "NPY": npy(np.zeros((2, 3), np.uint8)).replace(b"(2, 3), }         ", b"(60000, 60000), } "),
        "PNG bomb": png[:8] + head + chunk(b"IDAT", zlib.compress(bytes(10**7))) + png[-12:],
    }
    slowest = 0.0
    # of a large TIFF only the parts under a window count, and this one has none
    refusal = r"\d+ x \d+ pixels are more than 178956970; --max-pixels|a TIFF with holes"
    for data in huge.values():
        (folder / "huge").write_bytes(data)
        start = time.process_time()
        with pytest.raises(GlimpseError, match=refusal):
            load_picture("huge")
        slowest = max(slowest, time.process_time() - start)
    figure(
        "pixel limit",
        f"{len(huge)} of {len(huge)} headers refused before decoding, slowest {slowest * 1000:.0f} ms",
    )
    assert slowest < 0.1


def test_an_array_that_claims_more_than_it_holds_is_refused_before_memory_is_taken(folder):
    (folder / "a.npy").write_bytes(
        npy(np.zeros((2, 3))).replace(b"(2, 3), }              ", b"(2, 3, 9999999999), }  ")
    )
    start = time.process_time()
    with pytest.raises(GlimpseError, match="shorter than its header says"):
        load_picture("a.npy")
    assert time.process_time() - start < 0.1


def test_memory_stays_in_its_bound(folder):
    def tiled(image):
        return Image.fromarray(np.tile(np.asarray(image), (6, 6, *[1] * (np.asarray(image).ndim - 2))))

    small = Image.fromarray(smooth(500, 750))
    large, few = tiled(small), tiled(small.quantize(64))
    few.putpalette(small.quantize(64).getpalette())
    grey = Image.fromarray(np.asarray(large.convert("L")).astype(np.float32))
    tags = Image.Exif()
    tags[0x0112] = 6
    cases = {
        "PNG": (large, {"compress_level": 1}),
        "JPEG": (large, {}),
        "BMP": (large, {}),
        "PPM": (large, {}),
    }
    cases |= {"PNG P": (few, {}), "PNG RGBA": (large.convert("RGBA"), {"compress_level": 1})}
    cases |= {"JPEG CMYK": (large.convert("CMYK"), {}), "JPEG turned": (large, {"exif": tags})}
    cases |= {"TIFF LZW turned": (large, {"compression": "tiff_lzw", "exif": tags}), "TIFF F": (grey, {})}
    cases |= {"GIF": (few, {}), "JPEG progressive": (large, {"progressive": True, "subsampling": 0})}
    cases["WEBP"] = (large, {"lossless": True, "method": 0, "quality": 0})
    found = {}
    for name, (image, options) in cases.items():
        image.save("large", name.split()[0], **options)
        done = glimpse("read", "large", "--range", "0,255", "-n", "64", "-o", "patch.png", "--overwrite")
        assert done.returncode == 0, done.stderr
        found[name] = (done.peak - 150e6) / (large.width * large.height)
    beyond = {name: found.pop(name) for name in ("JPEG progressive", "WEBP")}
    worst = max(found, key=found.get)
    figure(
        "memory, bytes per pixel + 150 MB",
        f"{len(found)} kinds of 13 MP, at most {max(found.values()):.1f} ({worst}); beyond the promise: "
        + ", ".join(f"{name} {value:.1f}" for name, value in beyond.items()),
    )
    assert max(found.values()) <= 5


def test_what_is_no_file_is_refused_at_once(folder):
    os.mkfifo("fifo")
    os.mkdir("folder")
    (folder / "empty").touch()
    os.symlink("/dev/zero", "zero")
    os.symlink("nowhere", "dangling")
    os.symlink("loop", "loop")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    names = ["fifo", "folder", "empty", "zero", "/dev/zero", "dangling", "loop", "socket", "missing"]
    start = time.perf_counter()
    for name in names:
        with pytest.raises(GlimpseError):
            load_picture(name)
    took = time.perf_counter() - start
    done = glimpse("read", *names, "-o", "{index}.png", timeout=20)
    figure("no files", f"{len(names)} of {len(names)} refused, together in {took * 1000:.1f} ms")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == "glimpse: 9 of 9 files failed"
    assert took < 0.5


def test_of_many_frames_the_first_is_used_and_later_ones_cannot_hurt():
    tried = same = 0
    for kind in ("GIF", "PNG", "TIFF"):
        data = animated(kind)
        picture = decode(io.BytesIO(data))
        assert any("more than one frame" in note for note in picture.notes)
        expected = np.asarray(picture.pixels)
        for seed in range(40):
            rng, damaged = np.random.default_rng(seed), bytearray(data)
            for place in rng.integers(len(data) * 3 // 4, len(data), 5):
                damaged[place] ^= 255
            tried += 1
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                same += np.array_equal(np.asarray(decode(io.BytesIO(bytes(damaged))).pixels), expected)
    one = encoded(photo("P"), "GIF")
    start_of_frame = 13 + 3 * (2 << (one[10] & 7))
    many = one[:-1] + one[start_of_frame:-1] * 20_000 + b";"
    start = time.process_time()
    assert decode(io.BytesIO(many)).shape == photo("P").size[::-1]
    took = time.process_time() - start
    figure("first frame", f"{same} of {tried} the same with later frames damaged; 20,001 frames {took:.2f} s")
    assert same == tried
    assert took < 0.5


def test_floods_of_chunks_cost_no_second(folder):
    png = encoded(photo())
    first = png.index(b"IDAT") - 4
    parts = {
        "text": chunk(b"tEXt", b"k\0v"),
        "time": chunk(b"tIME", bytes(7)),
        "private": chunk(b"prVt", b""),
    }
    parts |= {"record": chunk(b"tEXt", b"glimpse\0{}"), "pixels": chunk(b"IDAT", b"")}
    slowest = 0.0
    for part in parts.values():
        for place in (first, len(png) - 12):
            (folder / "flood.png").write_bytes(png[:place] + part * 300_000 + png[place:])
            for load in (load_picture, load_record):
                start = time.process_time()
                with pytest.raises(GlimpseError):
                    load("flood.png")
                slowest = max(slowest, time.process_time() - start)
    figure("300,000 chunks", f"{2 * len(parts)} of {2 * len(parts)} files refused, slowest {slowest:.2f} s")
    assert slowest < 0.5


def test_stderr_carries_only_our_lines(folder):
    chatty = [
        (name, data) for name, data in mutants(40) if "deflate" in name or "lzw" in name or "jpeg.tif" in name
    ]
    for name, data in chatty:
        (folder / name).write_bytes(data)
    names = [name for name, _ in chatty]
    quiet = glimpse("read", *names, "--max-pixels", "100000", "-n", "4", "-o", "a/")
    loud = glimpse("-v", "read", *names, "--max-pixels", "100000", "-n", "4", "-o", "b/")
    foreign = [
        [line for line in lines(done.stderr) if not re.match(r"glimpse: |\d\d-\d{3}-", line)]
        for done in (quiet, loud)
    ]
    figure(
        "foreign lines on stderr",
        f"{len(foreign[0])} for {len(names)} damaged TIFFs, {len(foreign[1])} with -v",
    )
    assert not foreign[0]
    assert foreign[1]


def test_a_closed_stderr_is_not_an_output(folder):
    """Else what C libraries write to file descriptor 2 would land in the first file that is opened."""
    name, data = next((n, d) for n, d in mutants(40) if "deflate" in n and n.split("-")[1] == "001")
    (folder / name).write_bytes(data)
    (folder / "good.png").write_bytes(encoded(photo()))
    line = f"{' '.join(COMMAND)} -v read {name} good.png -o out/ -j 1 2>&-"
    assert subprocess.run(["sh", "-c", line], check=False).returncode in (0, 1)
    assert all(map(is_whole, files("out").values()))
    assert "good-patch.png" in os.listdir("out")


def test_deep_pictures_are_refused_where_they_are_cut(folder):
    deep = handmade_png(noise(60, 70, 3, high=65536, dtype=np.uint16), 2)
    for length in range(40, len(deep) - 12, 997):
        with pytest.raises(GlimpseError):
            decode(io.BytesIO(deep[:length]))
