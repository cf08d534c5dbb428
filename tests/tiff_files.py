"""TIFF files of any bits, planes, tiles, order, photometry and orientation, written byte by byte."""

import io
import struct
import zlib
from itertools import cycle, product

import numpy as np
import tifffile

ROWS, COLS = 21, 37
MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE = 0, 1, 2, 3
COMPRESSIONS = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773}


def samples(bits, bands, *, rows=ROWS, cols=COLS, seed=0):
    """Whole numbers of every size, black and white among them, shape (rows, cols, bands)."""
    found = np.random.default_rng(seed).integers(0, 2**bits, (rows, cols, bands), dtype=np.uint16)
    found[0, 0], found[-1, -1] = 0, 2**bits - 1
    return found


def packed(lines, bits, order):
    """Rows of samples as bytes, each row beginning with a new byte."""
    if bits == 16:
        return lines.astype(f"{order}u2").tobytes()
    if bits == 8:
        return lines.astype(np.uint8).tobytes()
    ones = (lines[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(ones.reshape(len(lines), -1).astype(np.uint8), axis=1).tobytes()


def compressed(data, how, line):
    if how == "deflate":
        return zlib.compress(data)
    if how == "none":
        return data
    if how == "lzw":
        import imagecodecs  # an extra

        return imagecodecs.lzw_encode(data)
    runs = (
        data[k : min(k + 128, at + line)]
        for at in range(0, len(data), line)
        for k in range(at, at + line, 128)
    )
    return b"".join(bytes([len(run) - 1]) + run for run in runs)


def segments(array, tile, strip):
    """The strips or tiles of one plane (rows, cols, bands), in their order in the file."""
    rows, cols, bands = array.shape
    if not tile:
        yield from (array[top : top + strip].reshape(-1, cols * bands) for top in range(0, rows, strip))
        return
    grid = np.zeros((-(-rows // tile) * tile, -(-cols // tile) * tile, bands), array.dtype)
    grid[:rows, :cols] = array
    for top, left in product(range(0, rows, tile), range(0, cols, tile)):
        yield grid[top : top + tile, left : left + tile].reshape(tile, tile * bands)


def tiff(array, bits, photometric, *, compression="none", planar=False, tile=0, strip=8, order="<",
         orientation=1, extra=(), color_map=None, more=()):  # fmt: skip
    """A TIFF file of samples (rows, cols, bands) as they are to lie in it; `more` are (tag, type, values)."""
    rows, cols, bands = array.shape
    planes = [array[..., k : k + 1] for k in range(bands)] if planar else [array]
    parts = [
        compressed(data := packed(lines, bits, order), compression, len(data) // len(lines))
        for plane in planes
        for lines in segments(plane, tile, strip)
    ]
    at, offsets = 8, []
    for part in parts:
        offsets.append(at)
        at += len(part) + len(part) % 2
    tags = [(256, 4, [cols]), (257, 4, [rows]), (258, 3, [bits] * bands)]
    tags += [(259, 3, [COMPRESSIONS[compression]]), (262, 3, [photometric]), (274, 3, [orientation])]
    tags += [(277, 3, [bands]), (284, 3, [2 if planar else 1])]
    sizes = [len(part) for part in parts]
    tags += [(322, 4, [tile]), (323, 4, [tile]), (324, 4, offsets), (325, 4, sizes)] if tile else []
    tags += [] if tile else [(273, 4, offsets), (278, 4, [strip]), (279, 4, sizes)]
    tags += [(338, 3, list(extra))] if extra else []
    tags += [(320, 3, list(color_map))] if color_map is not None else []
    body = b"".join(part + b"\0" * (len(part) % 2) for part in parts)
    return (
        struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, at)
        + body
        + directory({tag: (kind, values) for tag, kind, values in [*tags, *more]}, at, order)
    )


def directory(tags, at, order, following=0):
    """The directory of one page, which begins at this offset of the file; `following` is the next page's."""
    head, tail = struct.pack(f"{order}H", len(tags)), b""
    end = at + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(f"{order}{len(values)}{ {1: 'B', 3: 'H', 4: 'I'}[kind] }", *values)
        head += struct.pack(f"{order}HHI", tag, kind, len(values))
        if len(data) <= 4:
            head += data.ljust(4, b"\0")
        else:
            head += struct.pack(f"{order}I", end + len(tail))
            tail += data + b"\0" * (len(data) % 2)
    return head + struct.pack(f"{order}I", following) + tail


UPRIGHT = {  # EXIF's orientations, as the specification words them: which row and column come first
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}
KINDS = [
    (MIN_IS_WHITE, 1, False),
    (MIN_IS_BLACK, 1, False),
    (RGB, 3, False),
    (RGB, 3, True),
    (PALETTE, 1, False),
]


def matrix(bits, compressions=tuple(COMPRESSIONS)):
    """Files of so many bits a sample, their samples and how they lie in the file."""
    orientations = cycle(range(1, 9))
    ways = product(KINDS, compressions, (0, 16), "<>")
    for (photometric, bands, planar), compression, tile, order in ways:
        if photometric == PALETTE and bits > 8:
            continue
        way = {"compression": compression, "planar": planar, "tile": tile, "order": order}
        way |= {"orientation": next(orientations)}
        if photometric == PALETTE:
            way["color_map"] = samples(8, 3 * 2**bits, rows=1, cols=1)[0, 0] * 257
        yield tiff(samples(bits, bands), bits, photometric, **way), photometric, way


def expected(data, bits, photometric, way):
    """What tifffile reads, as shares of white, upright."""
    found = np.atleast_3d(tifffile.imread(io.BytesIO(data))).astype(int)
    found = np.moveaxis(found, 0, 2) if way["planar"] else found
    if photometric == PALETTE:
        shares = np.reshape(way["color_map"], (3, -1)).T[found[..., 0]] / 65535
    else:
        shares = found / (2**bits - 1)
    return UPRIGHT[way["orientation"]](1 - shares if photometric == MIN_IS_WHITE else shares)
