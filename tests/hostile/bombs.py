"""Small files that ask for much work or memory, and the words of the command that meets each."""

import io
import struct
import tarfile
import warnings
import zipfile
import zlib

import numpy as np
from hostile_files import chunk, encoded, npy, photo
from PIL import Image
from tiff_files import MIN_IS_BLACK, PALETTE, RGB, directory, samples, tiff

SIDE = 13_377  # whose square is Pillow's and our limit


def webp(*chunks):
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_frame(rows, cols):
    """A frame of an animation of one colour."""
    still = encoded(Image.new("RGB", (cols, rows)), "WEBP", lossless=True, method=0, quality=0)[12:]
    size = (cols - 1).to_bytes(3, "little") + (rows - 1).to_bytes(3, "little")
    return b"ANMF", bytes(6) + size + (100).to_bytes(3, "little") + b"\0" + still


def webp_film(rows, cols, *frames, flags=2):
    """A WebP on a canvas of this size."""
    size = (cols - 1).to_bytes(3, "little") + (rows - 1).to_bytes(3, "little")
    return webp((b"VP8X", bytes([flags, 0, 0, 0]) + size), (b"ANIM", bytes(6)), *frames)


def progressive(side, length):
    """A progressive JPEG with so many bytes of scans that change nothing."""
    data = encoded(Image.new("RGB", (side, side)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    return data[:-2] + scan * max(0, (length - len(data)) // len(scan)) + data[-2:]


def sized(data, side):
    """A JPEG with another size in its header."""
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) + 5
    return data[:at] + struct.pack(">HH", side, side) + data[at + 4 :]


def many_scans(side, number, mode="RGB"):
    """A sequential JPEG whose channels come one by one, in scans without data."""
    data = sized(encoded(Image.new(mode, (16, 16)), "JPEG", subsampling=0), side)
    bands = len(mode)
    scans = [b"\xff\xda\0\10\1" + bytes([k % bands + 1, 0, 0, 63, 0]) for k in range(number)]
    return data[: data.index(b"\xff\xda")] + b"".join(scans) + b"\xff\xd9"


def flat_png(rows, cols, bands, depth=8, interlaced=False):
    head = struct.pack(">IIBBBBB", cols, rows, depth, {1: 0, 3: 2, 4: 6}[bands], 0, 0, interlaced)
    packer = zlib.compressobj(9)
    line = bytes(1 + cols * bands * depth // 8)
    data = b"".join(packer.compress(line) for _ in range(rows + (rows if interlaced else 0))) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def retagged(data, changed):
    """A little-endian TIFF with other numbers, of 32 bits, in some of its tags."""
    data = bytearray(data)
    (at,) = struct.unpack("<I", data[4:8])
    for k in range(struct.unpack("<H", data[at : at + 2])[0]):
        entry = at + 2 + 12 * k
        (tag,) = struct.unpack("<H", data[entry : entry + 2])
        if tag in changed:
            data[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, changed[tag])
    return bytes(data)


def one_strip(rows, cols, bits, bands, photometric, **options):
    """A TIFF of zeros in one compressed strip."""
    data = tiff(samples(bits, bands, rows=1, cols=2), bits, photometric, compression="deflate", **options)
    body = zlib.compress(bytes(-(-cols * bands * bits // 8) * rows), 9)
    changed = {256: cols, 257: rows, 278: rows, 273: len(data), 279: len(body)}
    return retagged(data, changed) + body


def one_offset(rows, cols, bits, bands, photometric, tall=1, **more):
    """An uncompressed TIFF all of whose strips lie at one place."""
    line = -(-cols * bands * bits // 8)
    strips = -(-rows // tall)
    tags = {
        256: (4, [cols]),
        257: (4, [rows]),
        258: (3, [bits] * bands),
        259: (3, [1]),
        262: (3, [photometric]),
    }
    tags |= {273: (4, [8] * strips), 277: (3, [bands]), 278: (4, [tall]), 279: (4, [tall * line] * strips)}
    tags |= {338: (3, [2])} if bands == 4 else {}
    body = bytes(tall * line + tall * line % 2)
    at = 8 + len(body)
    return struct.pack("<2sHI", b"II", 42, at) + body + directory(tags, at, "<")


def sharing_pages(number, length):
    """A TIFF of many pages that share one array of offsets, the first marked as reduced."""
    array_at = 16
    data = struct.pack("<2sHI", b"II", 42, array_at + 4 * length) + bytes(8) + struct.pack("<I", 8) * length
    for k in range(number):
        entries = [(254, 4, 1, int(not k)), (256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1)]
        entries += [(262, 3, 1, 1), (273, 4, length, array_at), (277, 3, 1, 1), (278, 4, 1, 4)]
        entries += [(279, 4, length, array_at)]
        table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        after = len(data) + len(table) + 4 if k < number - 1 else 0
        data += table + struct.pack("<I", after)
    return data


def sharing_tags(number, length):
    """A TIFF directory, or EXIF, of many tags whose values are one array."""
    at = 8 + 2 + 12 * number + 4
    entries = b"".join(struct.pack("<HHII", 40_000 + k % 20_000, 1, length, at) for k in range(number))
    return struct.pack("<2sHIH", b"II", 42, 8, number) + entries + bytes(4) + bytes(length)


def all_at_one_place(tags, body):
    """A TIFF of these tags, whose strips or tiles all lie at one place."""
    body += bytes(len(body) % 2)
    return struct.pack("<2sHI", b"II", 42, 8 + len(body)) + body + directory(tags, 8 + len(body), "<")


def many_strips(number):
    """A TIFF of rows of one pixel of 11 bits, each a strip."""
    tags = {256: (4, [1]), 257: (4, [number]), 258: (3, [11]), 259: (3, [1]), 262: (3, [1])}
    tags |= {273: (3, [8] * number), 277: (3, [1]), 278: (3, [1]), 279: (3, [2])}
    return all_at_one_place(tags, bytes(2))


def thin_strips(number, cols):
    """A grey TIFF of strips of one row, all at one place, which are read part by part."""
    body = zlib.compress(bytes(cols), 9)
    tags = {256: (4, [cols]), 257: (4, [number]), 258: (3, [8]), 259: (3, [8]), 262: (3, [1])}
    tags |= {273: (3, [8] * number), 277: (3, [1]), 278: (3, [1]), 279: (3, [len(body)] * number)}
    return all_at_one_place(tags, body)


def deflated_tiles(side, tile, bits, bands):
    """A TIFF of tiles of zeros, which are read part by part."""
    body = zlib.compress(bytes(tile * tile * bands * bits // 8), 9)
    number = (-(-side // tile)) ** 2
    tags = {256: (4, [side]), 257: (4, [side]), 258: (3, [bits] * bands), 259: (3, [8]), 277: (3, [bands])}
    tags |= {262: (3, [2 if bands > 2 else 1]), 322: (4, [tile]), 323: (4, [tile])}
    tags |= {324: (4, [8] * number), 325: (4, [len(body)] * number)} | ({338: (3, [2])} if bands == 4 else {})
    return all_at_one_place(tags, body)


def tar_of_digits(number):
    """A tar whose first header is read by a regular expression that goes back and forth."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, number
    return info.tobuf(tarfile.USTAR_FORMAT) + b"1" * number + bytes(-number % 512 + 1024)


def overlapping_pages(number, tags):
    """A TIFF whose directories lie upon each other: each begins a little behind the one before."""
    data = bytearray(struct.pack("<2sHI", b"II", 42, 8) + bytes(4 * number + 12 * tags + 8))
    for k in range(number):
        at = 8 + 4 * k
        data[at : at + 2] = struct.pack("<H", tags)
        data[at + 2 + 12 * tags : at + 6 + 12 * tags] = struct.pack("<I", at + 4)
    return bytes(data)


def doubled_tags(side):
    """A TIFF whose size stands there twice, first in a type that some readers skip."""
    data = one_strip(4, 4, 16, 1, MIN_IS_BLACK)
    (at,) = struct.unpack("<I", data[4:8])
    (number,) = struct.unpack("<H", data[at : at + 2])
    entries = [data[at + 2 + 12 * k : at + 14 + 12 * k] for k in range(number)]
    entries += [struct.pack("<HHII", tag, 16, 1, len(data)) for tag in (256, 257, 278)]
    entries.sort(key=lambda entry: (entry[:2][::-1], entry[2] != 16))
    table = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return data[:4] + struct.pack("<I", len(data) + 8) + data[8:] + struct.pack("<Q", side) + table


def gif(rows, cols, *frames):
    """A GIF of frames (left, top, columns, rows, disposal), each of a pixel's data."""
    data = b"GIF89a" + struct.pack("<HHBBB", cols, rows, 0x80, 0, 0) + bytes(6)
    for left, top, wide, tall, disposal in frames:
        data += b"!\xf9\4" + bytes([disposal << 2, 0, 0, 0, 0])
        data += b"," + struct.pack("<HHHHB", left, top, wide, tall, 0) + b"\2\2\x4c\1\0"
    return data + b";"


def avif_of_frames(number, image=None):
    """An AVIF in whose item the frame stands so many times."""
    image = image or Image.new("RGB", (3_000, 2_000), (9, 99, 199))
    data = encoded(image, "AVIF", speed=10, quality=1, max_threads=1)
    at = data.index(b"mdat") + 4
    item, place = data[at:], data.index(b"iloc") + 4
    frame = item.index(b"\x32")  # behind a separator and the header of the sequence
    item += item[frame:] * (number - 1)
    extent = place + 4 + 2 + 2 + 2 + 2 + 2  # flags, sizes, one item, its id and source, one part
    data = bytearray(data[:at])
    data[extent : extent + 8] = struct.pack(">II", at, len(item))
    data[at - 8 : at - 4] = struct.pack(">I", len(item) + 8)
    return bytes(data) + item


def npz(columns, method=zipfile.ZIP_DEFLATED, doubled=()):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, array in columns.items():
            for _ in range(1 + (name in doubled)):
                archive.writestr(f"{name}.npy", array if isinstance(array, bytes) else npy(array))
    return file.getvalue()


def of_zeros(shape, dtype, length=None):
    """The bytes of an array of zeros, or of only so many of them."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    whole = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return header.getvalue() + bytes(whole if length is None else length)


def stacks():
    """Archives of patches, a few kB each."""
    numbers = {name: np.ones(2) for name in ("gx", "gy", "delta", "sigma")}
    two = {"patches": np.zeros((2, 4, 4), np.uint8), **numbers}
    many = {name: of_zeros((400_000,), "<f8") for name in numbers}
    text = {"patches": of_zeros((100_000, 4, 4), "|u1"), "image": of_zeros((100_000,), "<U1000")}
    packed = {"patches": of_zeros((100_000, 4, 4), "|u1", 9_000)}  # of a kind that is not unpacked
    return {
        "many.npz": npz({"patches": of_zeros((3_000_000, 1, 1), "|u1")}),
        "many-known.npz": npz({"patches": of_zeros((400_000, 1, 1), "|u1"), **many}),
        "wide.npz": npz({"patches": of_zeros((1, 13_000, 13_000), "<f4")}),
        "text.npz": npz(text),
        "packed.npz": npz(packed, zipfile.ZIP_BZIP2),
        "doubled.npz": npz(two, doubled=["gx"]),
        "small.npz": npz({"patches": of_zeros((170_000, 1, 1), "|u1")}),
        "digits.tar": tar_of_digits(900_000),
    }


def stills():
    """Name to bytes of pictures, each under 1 MB."""
    bmp = encoded(photo("L"), "BMP")
    rle = bytearray(bmp[: 54 + 1024])
    rle[18:26], rle[30:34] = struct.pack("<ii", SIDE, SIDE), struct.pack("<I", 1)
    zeros = zlib.compress(bytes(200_000_000), 9)
    png, jpeg = encoded(photo()), encoded(photo(), "JPEG")
    exif = sharing_tags(16_000, 300_000)
    segments = [exif[k : k + 60_000] for k in range(0, len(exif), 60_000)]
    exif_jpeg = b"".join(
        struct.pack(">BBH", 0xFF, 0xE1, len(part) + 8) + b"Exif\0\0" + part for part in segments
    )
    record = chunk(b"zTXt", b"glimpse\0\0" + zlib.compress(bytes(65_536), 9))
    still = encoded(photo(), "WEBP")[12:]
    sides = b"".join((size - 1).to_bytes(3, "little") for size in photo().size)
    tile = tiff(samples(8, 3, rows=16, cols=16), 8, RGB, tile=16)
    return {
        "webp.webp": webp_film(13_370, 13_370, webp_frame(1, 1)),
        "long.webp": webp_film(10, 16_777_215, webp_frame(1, 1)),
        "webp-in-limit.webp": encoded(
            Image.new("RGB", (7_700, 7_700)), "WEBP", lossless=True, method=0, quality=0
        ),
        "long-in-limit.webp": webp_film(3, 16_777_215, webp_frame(1, 1)),
        "exif.webp": webp((b"VP8X", b"\x08\0\0\0" + sides), (b"VP8 ", still[8:]), (b"EXIF", exif)),
        "avif.avif": encoded(Image.new("RGB", (5_000, 5_000)), "AVIF", speed=10),
        "frames.avif": avif_of_frames(300),
        "scans.jpg": progressive(2_000, 950_000),
        "scans-small.jpg": progressive(900, 950_000),
        "progressive.jpg": sized(progressive(16, 0), 8_000),
        "progressive-beyond.jpg": sized(progressive(16, 0), SIDE - 10),
        "3-scans.jpg": many_scans(13_300, 3),
        "300-scans.jpg": many_scans(13_300, 300),
        "60000-scans.jpg": many_scans(13_300, 60_000),
        "scans-in-limit.jpg": many_scans(9_000, 6),
        "scans-of-a-small.jpg": many_scans(2_000, 60_000, "CMYK"),
        "exif.jpg": jpeg[:2] + exif_jpeg + jpeg[2:],
        "rgba.png": flat_png(SIDE - 1, SIDE - 1, 4),
        "deep.png": flat_png(12_000, 12_000, 3, 16),
        "interlaced.png": flat_png(SIDE - 1, SIDE - 1, 1, interlaced=True),
        "exif.png": png[:33] + chunk(b"eXIf", exif) + png[33:],
        "text.png": png[:33] + chunk(b"zTXt", b"glimpse\0\0" + zeros) + png[33:],
        "profile.png": png[:33] + chunk(b"iCCP", b"p\0\0" + zeros) + png[33:],
        "screen.gif": encoded(Image.new("P", (SIDE - 1, SIDE - 1)), "GIF"),
        "frame.gif": gif(10, 10, (0, 0, 65535, 65535, 2)),
        "far.gif": gif(10, 10, (65000, 65000, 10, 10, 0)),
        "rle.bmp": bytes(rle) + b"\xff\0" * 400_000,
        "lines.bmp": bytes(rle) + b"\0\0" * 30_000,
        "comments.ppm": b"P3 20 20 255\n" + b"#\n" * 320_000 + b"9 " * 1200,
        "comments-before.ppm": b"P3\n" + b"#\n" * 320_000 + b"20 20 255 " + b"9 " * 1200,
        "bits.ppm": b"P1 990 990 " + b"1" * 980_100,
        "tile.tif": retagged(tile, {322: 50_000, 323: 40_000}),
        "strip.tif": one_strip(SIDE - 1, SIDE - 1, 1, 1, MIN_IS_BLACK),
        "strip-of-12.tif": one_strip(9_000, 9_000, 12, 1, MIN_IS_BLACK),
        "strip-of-palette.tif": one_strip(SIDE - 1, SIDE - 1, 4, 1, PALETTE, color_map=range(48)),
        "strip-of-planes.tif": one_strip(SIDE - 1, SIDE - 1, 1, 3, RGB),
        "strip-of-8.tif": one_strip(SIDE - 1, SIDE - 1, 8, 1, MIN_IS_BLACK),
        "raw-11.tif": one_offset(13_370, 13_370, 11, 4, RGB),
        "raw-16.tif": one_offset(13_370, 13_370, 16, 4, RGB),
        "raw-11-in-limit.tif": one_offset(9_000, 9_000, 11, 4, RGB),
        "pages.tif": sharing_pages(4_400, 100_000),
        "tags.tif": sharing_tags(50_000, 300_000),
        "doubled.tif": doubled_tags(13_000),
        "many-strips.tif": many_strips(480_000),
        "thin-strips.tif": thin_strips(240_000, 280),
        "bands.tif": retagged(tiff(samples(8, 3), 8, RGB), {277: 1 << 28}),
        "deep-tiles.tif": deflated_tiles(13_312, 1_024, 16, 4),
        "wide-tiles.tif": deflated_tiles(60_000, 1_024, 8, 1),
        "large-tiles.tif": deflated_tiles(13_312, 6_656, 16, 4),
        "records.png": png[:33] + record * 9_000 + png[33:],
        "channels.npy": of_zeros((13_000, 13_000, 3_000), "|u1", 0),
    }


def many_pages():
    """Name to bytes of files that are small by each of their pages, all of which are asked for."""
    strip = zlib.compress(bytes(5_000 * 5_000), 9)
    large = [
        (256, 4, 1, 5_000),
        (257, 4, 1, 5_000),
        (258, 3, 1, 8),
        (259, 3, 1, 8),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
    ]
    large += [(277, 3, 1, 1), (278, 4, 1, 5_000), (279, 4, 1, len(strip))]
    return {
        "pixels.gif": gif(1, 1, *[(0, 0, 1, 1, 1)] * 9_000),
        "large.tif": chained(large, strip, 2_000),
        "tiny.tif": chained(
            [(256, 4, 1, 1), (257, 4, 1, 1), *large[2:3], (273, 4, 1, 8), (279, 4, 1, 1)], b"\0\0", 9_000
        ),
    }


def bad_rows():
    """Name to bytes of tables of which each row fails; those that name no image are of one."""
    return {
        "missing.csv": b"image,x,y\n" + b"".join(b"%05x,1,1\n" % k for k in range(99_000)),
        "short.csv": b"x,y\n" + b"1\n" * 499_000,
        "empty.csv": b"x,y,w,h\n" + b"1,1,0,0\n" * 124_000,
    }


def chained(tags, body, number):
    """A TIFF of many pages that share their tags and their pixels, which lie at 8."""
    data = struct.pack("<2sHI", b"II", 42, 8 + len(body) + len(body) % 2) + body + bytes(len(body) % 2)
    table = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    size = len(table) + 4
    nexts = [*range(len(data) + size, len(data) + number * size, size), 0]
    return data + b"".join(table + struct.pack("<I", after) for after in nexts)


def films():
    """Name to bytes of animations, and the page that is asked for."""
    side = 13_370
    part = gif(side, side, *[(0, 0, side, side, 2)])
    still = Image.new("P", (4_000, 4_000))
    two = encoded(still, "GIF", save_all=True, append_images=[Image.new("P", still.size, 1)], disposal=3)
    second = two[two.rindex(b"!\xf9\4") : -1]
    apng = [Image.new("L", (3_000, 3_000), k) for k in range(40)]
    return {
        "screens.gif": (part[:-1] + part[19:-1] * 5 + b";", 5),
        "frames.gif": (two[:-1] + second * 38 + b";", 40),
        "frames.png": (encoded(apng[0], "PNG", save_all=True, append_images=apng[1:]), 40),
        "frames.webp": (webp_film(7_000, 7_000, *[webp_frame(1, 1)] * 1_000), 1_000),
        "overlapping.tif": (overlapping_pages(9_000, 60_000), 9_000),
        "pages-to.tif": (sharing_pages(4_400, 100_000), 4_000),
    }
