"""Files that say more than they hold: sizes raised, parts repeated, in every format."""

import json
import re
import struct
import subprocess
import sys
from collections import Counter

import bombs
import numpy as np
import pytest
from bombs import many_scans, npz, of_zeros, progressive, webp_film, webp_frame
from hostile_files import animated, encoded, exif, figure, mended, photo, profile, seeds
from PIL import Image
from tiff_files import COMPRESSIONS, MIN_IS_BLACK, PALETTE, RGB, samples, tiff

pytestmark = pytest.mark.hostile

FILES, LONGEST = 2_000, 100_000
MOST_SECONDS, MOST_BYTES = 10, 1_000_000_000

# a process that has imported everything forks for each file, so that a bomb takes its own copy down alone
READER = r"""
import json, os, resource, sys, warnings
from glimpse import GlimpseError, Window, read
from glimpse.io import DecodeOptions, load_picture, picture_record
from glimpse.io.npy import load_stack
import glimpse.io.avif, glimpse.io.bmp, glimpse.io.decode_tiff
import glimpse.io.gif_input, glimpse.io.jpeg, glimpse.io.ppm
from PIL import Image
Image.init()
warnings.simplefilter("ignore")

def attempt(name, page):
    options = DecodeOptions((0, 255), page=page)
    if name.endswith(".npz"):
        stack = load_stack(name, options)
        return [stack.picture(k) for k in range(len(stack))]
    picture = load_picture(name, options)
    picture_record(picture, options) if picture.text and '"shape"' in picture.text else None
    window = Window.centered(picture.shape, 32)
    read(picture.pixels, window, channel_axis=picture.channel_axis)

for line in sys.stdin:
    name, page = line.split()
    there, here = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            attempt(name, int(page) or None)
            told = "read"
        except GlimpseError as error:
            told = f"refused {error}"
        except BaseException as error:
            told = f"ESCAPED {type(error).__name__} {error}"
        os.write(here, told.encode("utf-8", "replace")[:4000])
        os._exit(0)
    os.close(here)
    told = os.read(there, 4000).decode("utf-8", "replace") or "DIED"
    os.close(there)
    _, status, spent = os.wait4(child, 0)
    print(json.dumps([spent.ru_utime + spent.ru_stime, spent.ru_maxrss * 1024, told]), flush=True)
"""


def large(rng):
    """A number that a header may hold, of any magnitude."""
    return int(2 ** rng.uniform(0, 17 if rng.random() < 0.8 else 31))


def numbers_raised(data, rng, places, form):
    """Other numbers at some places of a file."""
    data = bytearray(data)
    for place in places:
        size = struct.calcsize(form)
        if place + size <= len(data):
            most = 256 ** struct.calcsize(form[-1])
            values = [min(large(rng), most - 1) for _ in range(len(form) - 1)]
            data[place : place + size] = struct.pack(form, *values)
    return bytes(data)


def side(rng, most=14):
    """A side of a picture that may well be within the limit."""
    return int(2 ** rng.uniform(2, most))


def drawn_anew(ending, rng):
    """A file whose parts fit each other, however much they ask for; None of formats that have none here."""
    rows, cols, many = side(rng), side(rng), int(2 ** rng.uniform(0, 11))
    if ending == ".jpg":
        whole = bombs.sized(bombs.progressive(16, 0), rows)
        mode = str(rng.choice(["L", "RGB", "CMYK"]))
        return whole if rng.random() < 0.3 else bombs.many_scans(rows, many, mode)
    if ending == ".gif":
        frames = [(0, 0, side(rng), side(rng), int(rng.integers(0, 4))) for _ in range(many)]
        return bombs.gif(rows, cols, *frames)
    if ending == ".webp":
        return bombs.webp_film(rows, cols, *[bombs.webp_frame(1, 1)] * many)
    if ending == ".tif":
        bits, bands = int(rng.integers(1, 17)), int(rng.integers(1, 5))
        meaning = RGB if bands > 2 else MIN_IS_BLACK
        if rng.random() < 0.5:
            return bombs.one_offset(
                min(rows, 10_000), cols, bits, bands, meaning, tall=int(2 ** rng.uniform(0, 5))
            )
        return bombs.one_strip(rows, cols, bits, bands, meaning)
    if ending == ".png":
        return bombs.flat_png(
            side(rng, 12), side(rng, 12), int(rng.choice([1, 3, 4])), int(rng.choice([8, 16]))
        )
    return None


def found(data, name, more):
    """The places behind a name."""
    return [match.end() + more for match in re.finditer(re.escape(name), data)]


def repeated(data, start, stop, rng):
    """A part of a file many times over."""
    part = data[start:stop]
    many = int(2 ** rng.uniform(0, 14))
    return data[:start] + part * max(1, min(many, (LONGEST - len(data)) // max(len(part), 1))) + data[stop:]


def png(data, rng):
    data = numbers_raised(data, rng, [16] if rng.random() < 0.7 else [], ">II")
    data = numbers_raised(data, rng, found(data, b"fcTL", 4)[:1] if rng.random() < 0.5 else [], ">II")
    places = [match.start() - 4 for match in re.finditer(rb"IDAT|fcTL|fdAT|tEXt|eXIf|iCCP|PLTE", data)]
    if places and rng.random() < 0.6:
        at = places[rng.integers(len(places))]
        data = repeated(data, at, at + 12 + struct.unpack(">I", data[at : at + 4])[0], rng)
    return mended(data)


def jpeg(data, rng):
    places = [place + 3 for name in (b"\xff\xc0", b"\xff\xc2") for place in found(data, name, 0)[:1]]
    data = numbers_raised(data, rng, places if rng.random() < 0.8 else [], ">HH")
    starts = [place - 2 for place in found(data, b"\xff\xda", 0)]
    if starts and rng.random() < 0.7:
        at = starts[rng.integers(len(starts))]
        after = next((start for start in starts if start > at), len(data) - 2)
        return repeated(data, at, min(after, at + 14) if rng.random() < 0.5 else after, rng)
    segments = [
        place - 2 for name in (b"\xff\xe1", b"\xff\xe2", b"\xff\xdb") for place in found(data, name, 0)
    ]
    if segments:
        at = segments[rng.integers(len(segments))]
        data = repeated(data, at, at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0], rng)
    return data


def gif(data, rng):
    data = numbers_raised(data, rng, [6] if rng.random() < 0.5 else [], "<HH")
    frames = [place - 8 for place in found(data, b"!\xf9\4", 5)]
    form = "<HHHH" if rng.random() < 0.5 else "<HH"
    data = numbers_raised(
        data, rng, [p + 9 + 4 * (len(form) < 5) for p in frames] if rng.random() < 0.7 else [], form
    )
    if frames and rng.random() < 0.7:
        data = bytearray(data)
        for place in frames:
            data[place + 3] = int(rng.integers(0, 4)) << 2 | data[place + 3] & 1
        data = repeated(bytes(data), frames[0], frames[1] if len(frames) > 1 else len(data) - 1, rng)
    return data


def tif(data, rng):
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack(order + "I", data[4:8])
    (number,) = struct.unpack(order + "H", data[at : at + 2])
    wanted = [256, 257, 258, 273, 277, 278, 279, 322, 323, 324, 325, 320, 330, 338, 34675]
    wanted = {int(tag) for tag in rng.choice(wanted, rng.integers(1, 5), replace=False)}
    data, twice = bytearray(data), b""
    for place in range(at + 2, at + 2 + 12 * number, 12):
        tag, kind, count, value = struct.unpack(order + "HHII", data[place : place + 12])
        if tag not in wanted:
            continue
        if rng.random() < 0.15:
            twice += bytes(data[place : place + 12])
        if count > 1 and rng.random() < 0.5:
            entry = tag, kind, large(rng), value if rng.random() < 0.7 else int(rng.integers(8, len(data)))
        else:
            entry = tag, int(rng.choice([3, 4])), 1, large(rng)
            entry = (*entry[:3], entry[3] << 16 & 0xFFFFFFFF) if order == ">" and entry[1] == 3 else entry
        data[place : place + 12] = struct.pack(order + "HHII", *entry)
    if twice:
        entries = bytes(data[at + 2 : at + 2 + 12 * number]) + twice
        head = struct.pack(order + "I", len(data))
        return (
            bytes(data[:4])
            + head
            + bytes(data[8:])
            + struct.pack(order + "H", len(entries) // 12)
            + entries
            + bytes(4)
        )
    return bytes(data)


def bmp(data, rng):
    data = bytearray(numbers_raised(data, rng, [18] if rng.random() < 0.8 else [], "<II"))
    if rng.random() < 0.6:
        data[30:34] = struct.pack("<I", rng.integers(0, 7))
    if rng.random() < 0.3:
        data[28:30] = struct.pack("<H", rng.choice([1, 4, 8, 16, 24, 32]))
    end = bytes(rng.choice([0, 1, 2, 255], 2).astype(np.uint8))
    return bytes(data) + end * int(rng.integers(0, (LONGEST - len(data)) // 2))


def webp(data, rng):
    data = numbers_raised(data, rng, found(data, b"VP8X", 8)[:1] if rng.random() < 0.7 else [], "<III")
    data = bytearray(data)
    for place in found(bytes(data), b"VP8X", 4)[:1]:
        data[place] |= int(rng.integers(0, 64))
        if rng.random() < 0.7:
            data[place + 6], data[place + 9] = 0, 0
    if found(bytes(data), b"VP8L", 5) and rng.random() < 0.4:
        place = found(bytes(data), b"VP8L", 5)[0]
        data[place : place + 4] = struct.pack("<I", int(rng.integers(0, 1 << 28)))
    starts = [place - 4 for place in found(bytes(data), b"ANMF", 0)]
    if starts and rng.random() < 0.7:
        size = 8 + struct.unpack("<I", data[starts[0] + 4 : starts[0] + 8])[0]
        data = bytearray(repeated(bytes(data), starts[0], starts[0] + size, rng))
    data[4:8] = struct.pack("<I", len(data) - 8)
    return bytes(data)


def avif(data, rng):
    data = numbers_raised(data, rng, found(data, b"ispe", 4) if rng.random() < 0.6 else [], ">II")
    at = data.index(b"mdat") + 4
    item, place = data[at:], data.index(b"iloc") + 4 + 14
    if rng.random() < 0.7:
        frame = max(item.find(b"\x32"), 0)
        item += item[frame:] * int(
            min(2 ** rng.uniform(0, 12), (LONGEST - len(data)) // max(len(item) - frame, 1))
        )
    data = bytearray(data[:at])
    data[place : place + 4], data[at - 8 : at - 4] = (
        struct.pack(">I", len(item)),
        struct.pack(">I", len(item) + 8),
    )
    return bytes(data) + item


def ppm(data, rng):
    size = b"%d %d" % (large(rng), large(rng)) if rng.random() < 0.8 else b"44 31"
    kind = b"P%d" % rng.integers(1, 7)
    gap = b"\n#\n" * int(2 ** rng.uniform(0, 14)) if rng.random() < 0.4 else b"\n"
    body = b"9 1 0\n#a\n" * int(2 ** rng.uniform(0, 13)) if kind < b"P4" else data[15:]
    return (kind + gap + size + gap + (b"" if kind in (b"P1", b"P4") else b"%d\n" % large(rng)) + body)[
        :LONGEST
    ]


def array(data, rng):
    shape = tuple(large(rng) for _ in range(rng.integers(1, 5)))
    dtype = str(rng.choice(["|u1", "<u2", "<f4", "<f8", "<i8", "|b1", "<U1000", "<c16", "|O"]))
    return of_zeros(shape, "|u1", 0).replace(b"|u1", dtype.encode())[:128].ljust(128) + bytes(
        int(2 ** rng.uniform(0, 16))
    )


def stack(data, rng):
    count, side = int(2 ** rng.uniform(0, 20)), int(2 ** rng.uniform(0, 8))
    size = min(count * side * side, 30_000_000)
    columns = {"patches": of_zeros((count, side, side), "|u1", size)}
    for name in ("gx", "gy", "delta", "sigma", "image"):
        if rng.random() < 0.5:
            dtype = f"<U{2 ** rng.integers(0, 12)}" if name == "image" else "<f8"
            length = min(count * np.dtype(dtype).itemsize, 30_000_000)
            columns[name] = of_zeros((count,), dtype, length)
    return npz(columns, method=int(rng.choice([0, 8, 8, 8, 12])))[:LONGEST]


def families():
    """The name of an ending, what changes a file of it, and files to begin with."""
    plain = {name: data for name, data in seeds().items() if len(data) < LONGEST // 2}
    by_ending = {ending: [data for name, data in plain.items() if name.endswith(ending)] for ending in
                 (".png", ".jpg", ".gif", ".tif", ".bmp", ".webp", ".avif", ".ppm")}  # fmt: skip
    by_ending[".jpg"] += [many_scans(16, 3), many_scans(16, 4, "CMYK"), progressive(16, 0)]
    by_ending[".jpg"] += [encoded(photo(), "JPEG", exif=exif(6), icc_profile=profile())]
    by_ending[".webp"] += [webp_film(9, 9, *[webp_frame(3, 4)] * 3)]
    by_ending[".avif"] += [encoded(Image.new("RGB", (900, 700), (9, 99, 9)), "AVIF", max_threads=1)]
    for bits, bands, meaning in (
        (8, 3, RGB),
        (11, 1, MIN_IS_BLACK),
        (16, 4, RGB),
        (4, 1, PALETTE),
        (1, 3, RGB),
    ):
        ways = [{"compression": name} for name in COMPRESSIONS if name != "lzw"] + [
            {"tile": 16},
            {"planar": True},
        ]
        more = {"color_map": range(48)} if meaning == PALETTE else {}
        by_ending[".tif"] += [tiff(samples(bits, bands), bits, meaning, **way, **more) for way in ways]
    pages = animated("TIFF")
    by_ending[".tif"] += [pages] * 3
    changes = {
        ".png": png,
        ".jpg": jpeg,
        ".gif": gif,
        ".tif": tif,
        ".bmp": bmp,
        ".webp": webp,
        ".avif": avif,
        ".ppm": ppm,
    }
    found = {ending: (changes[ending], by_ending[ending]) for ending in changes}
    return found | {".npy": (array, [b""]), ".npz": (stack, [b""])}


def made(folder):
    """Write the files; return their names and the page that is asked of each."""
    asked = []
    kinds = list(families().items())
    for k in range(FILES):
        rng = np.random.default_rng([7, k])
        ending, (change, begin) = kinds[k % len(kinds)]
        data = drawn_anew(ending, rng) if rng.random() < 0.25 else None
        data = data or change(begin[rng.integers(len(begin))], rng)
        name = f"{k:04d}{ending}"
        (folder / name).write_bytes(data[:LONGEST])
        asked.append((name, int(2 ** rng.uniform(0, 12)) if rng.random() < 0.3 else 0))
    return asked


FOREIGN = re.compile("b['\"]|Errno|object is not|object has|literal|NoneType|argument|to unpack|Traceback")


def test_no_file_that_says_more_than_it_holds_costs_much(tmp_path):
    asked = made(tmp_path)
    words = "".join(f"{tmp_path / name} {page}\n" for name, page in asked)
    done = subprocess.run(
        [sys.executable, "-c", READER], input=words, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == FILES, done.stderr
    wrong, counts, worst = [], Counter(), {}
    for (name, page), line in zip(asked, lines, strict=True):
        seconds, peak, told = json.loads(line)
        counts[told.split(" ")[0]] += 1
        ending = name[4:]
        before = worst.get(ending, (0, 0))
        worst[ending] = max(before[0], seconds), max(before[1], peak)
        foreign = (
            told.split(" ")[0] not in ("read", "refused")
            or FOREIGN.search(told)
            or "\n" in told
            or len(told) > 400
        )
        if seconds > MOST_SECONDS or peak > MOST_BYTES or foreign:
            wrong.append(f"{name} --page {page}: {seconds:.1f} s, {peak / 1e6:.0f} MB, {told}")
    slowest, largest = (max(worst, key=lambda ending: worst[ending][k]) for k in (0, 1))
    figure(
        "files that say more than they hold",
        f"{FILES} in {len(worst)} formats, {counts['refused']} refused, {counts['read']} read; at most "
        f"{worst[slowest][0]:.1f} s of CPU ({slowest}) and {worst[largest][1] / 1e6:.0f} MB ({largest})",
    )
    for ending in worst:
        print(f"    {ending:6} {worst[ending][0]:5.1f} s {worst[ending][1] / 1e6:5.0f} MB")
    assert not wrong, "\n".join(wrong[:40])
    assert counts["read"] > FILES / 10
