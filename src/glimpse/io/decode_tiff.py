"""TIFF files into pictures: by Pillow where it reads them right, by their samples where it does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import product
from typing import BinaryIO, Literal

import numpy as np
import PIL.TiffImagePlugin  # noqa: F401  # Image.open would import 45 readers to find it
from PIL import Image, ImagePalette, UnidentifiedImageError

from glimpse.errors import GlimpseError
from glimpse.io.budget import check_page
from glimpse.io.decode import as_picture, finished, frame_notes, why
from glimpse.io.jpeg import END_BYTES, check_end
from glimpse.io.picture import (
    GREY16,
    HINT,
    TO_SRGB,
    DecodeOptions,
    Picture,
    Pixels,
    check_finite,
    codecs,
    profile,
    scaled,
)
from glimpse.io.record import as_record
from glimpse.io.tiff import BLACK_IS_ZERO, DEEP, JPEG, PALETTE, Page
from glimpse.io.tiff_pages import at_page, levels, read_page, thumbnail_note
from glimpse.io.tiff_regions import Regions, is_parted
from glimpse.typing import Array

_BLOCK = 1 << 18  # samples whose bits are parted at once, which takes some 20 times as many bytes
_KINDS = {1: "uint", 2: "int", 3: "float"}


def tiff_shape(file: BinaryIO, options: DecodeOptions) -> tuple[tuple[int, int], int]:
    """Return rows and columns of the page that the options ask for, as they lie in the file, and its turn."""
    file, page = _asked(file, options)
    if not is_parted(page):
        check_page(page, file, options.max_pixels, samples=False)
    return (page.rows, page.cols), page.orientation


def decode_tiff(
    file: BinaryIO, options: DecodeOptions, reduce: Callable[[tuple[int, int]], int] | None = None
) -> Picture:
    """Decode the page of a TIFF file that the options ask for, as `decode` does."""
    scale, full = 1, (0, 0)
    file, page = _asked(file, options)
    if options.level is not None:
        full = (page.rows, page.cols) if page.orientation < 5 else (page.cols, page.rows)
        with _reading_tags():
            scale, file = _at_level(file, options.level, reduce(full) if reduce else 1)
            page = replace(read_page(file), orientation=page.orientation)
    # without the extra 16 bits are not to hang on how a file is packed
    known = (page.is_common or (page.is_known and codecs() is None)) and not page.is_own
    indexed = options.labels and page.photometric == PALETTE
    parted = not indexed and is_parted(page, wanted=options.nodata and page.nodata is not None)
    if options.nodata and page.nodata is not None and not parted:
        raise GlimpseError(f"pixels without data cannot be left out of such a TIFF: {page.name}")
    if not parted:
        check_page(page, file, options.max_pixels, samples=not known and page.is_plain)
    if len(page.offsets) < page.needed or 0 in page.offsets or 0 in page.counts:
        raise GlimpseError("a TIFF with holes: some of its strips or tiles are not there")
    if page.compression == JPEG and not parted:
        _check_ends(file, page)
    notes = frame_notes(options, more=not page.last and options.level is None) + page.notes()
    notes += _nodata_notes(page, options)
    notes += () if options.page or scale > 1 else thumbnail_note(file, page)
    if parted:
        pixels: Pixels | None = _of_samples(Regions(file, page, options.max_pixels), page, options)
    else:
        pixels = None if known else tiff_pixels(file, page, options)
    if pixels is None and not page.is_garbled:
        try:
            return _told(_by_pillow(file, page, options, notes), page, scale, full)
        except UnidentifiedImageError:
            pixels = tiff_pixels(file, page, options)
    if pixels is None:
        hint = "; pip install 'glimpse-crop[deep]' reads it" if _is_deep(page) and codecs() is None else ""
        raise GlimpseError(f"a TIFF of a kind that cannot be read: {page.name}{hint}")
    color, more = profile(page.profile, grey=pixels.ndim == 2 or pixels.shape[2] == 2)
    return _told(as_picture(pixels, color, as_record(page.description), notes + more), page, scale, full)


@contextmanager
def _reading_tags() -> Iterator[None]:
    try:
        yield
    except GlimpseError:
        raise
    except Exception as error:
        raise GlimpseError(f"a damaged TIFF{why(error)}") from None


def _asked(file: BinaryIO, options: DecodeOptions) -> tuple[BinaryIO, Page]:
    """The file as one that begins with the page that the options ask for, and that page."""
    with _reading_tags():
        file = at_page(file, options.page or 1)
        page = read_page(file)
    return file, replace(page, orientation=1) if options.exif == "ignore" else page


def _check_ends(file: BinaryIO, page: Page) -> None:
    """Refuse streams of JPEG that end too early: libtiff makes the rest of them grey, without a word."""
    for at, size in zip(page.offsets, page.counts, strict=False):
        file.seek(max(at, at + size - END_BYTES))
        check_end(file.read(min(size, END_BYTES)))


def _at_level(file: BinaryIO, level: int | Literal["auto"], most: int) -> tuple[int, BinaryIO]:
    """How many times smaller a level is, at most so many times for "auto"; and the file as that level's."""
    found = levels(file)
    if level == "auto":
        return next((each.scale, each.at(file)) for each in reversed(found) if each.scale <= max(most, 1))
    if level >= len(found):
        sizes = ", ".join(f"{k}: {each.rows} x {each.cols}" for k, each in enumerate(found))
        raise GlimpseError(f"it has no level {level}, but {sizes}")
    return found[level].scale, found[level].at(file)


def _told(picture: Picture, page: Page, scale: int, full: tuple[int, int]) -> Picture:
    """The picture, with what its page and its level tell of it."""
    picture = replace(picture, lossy=True) if page.is_jpeg else picture
    return replace(picture, scale=scale, full=full) if scale > 1 else picture


def _nodata_notes(page: Page, options: DecodeOptions) -> tuple[str, ...]:
    if page.nodata is None or options.nodata:
        return ()
    return (
        f"its pixels of {page.nodata[:20].strip()} hold no data; glimpse read --nodata skip leaves them out",
    )


def _by_pillow(file: BinaryIO, page: Page, options: DecodeOptions, notes: tuple[str, ...]) -> Picture:
    file.seek(0)
    if file.read(4) == b"MM\0+":  # whose tags Pillow looks for at another place
        raise UnidentifiedImageError
    file.seek(0)
    image = Image.open(file, formats=["TIFF"])
    if {*image.size} != {page.cols, page.rows}:  # Pillow says the upright size
        raise GlimpseError("a damaged TIFF: its size may be read in two ways")
    if image.mode in TO_SRGB and page.bits > 8:
        notes += ("16 bits per channel were read as 8",)
    elif page.bits > 8 and page.colours == 3:
        notes += (HINT,)
    if page.has_small_map:
        image.palette = ImagePalette.raw("RGB;L", bytes(page.color_map))
    elif page.photometric == PALETTE and image.mode == "P" and (colours := page.table()) is not None:
        image.palette = ImagePalette.raw("RGB", colours.tobytes())
    table = page.table() if image.mode in GREY16 else None
    numbers = f"{_KINDS.get(page.kind, '')}{page.bits}"
    return finished(
        image,
        options,
        notes,
        page.orientation,
        text=as_record(page.description),
        table=table,
        numbers=numbers,
    )


def tiff_pixels(file: BinaryIO, page: Page, options: DecodeOptions) -> Pixels | None:
    """Return the pixels of a TIFF's first page, all their bits; None where nothing can read them.

    Raises
    ------
    GlimpseError
        If the samples are not as many as the file says.
    """
    if not page.is_plain:
        return None
    samples = _uncompressed(file, page) if page.is_raw else _decompressed(file, page)
    return None if samples is None else _of_samples(samples, page, options)


def _of_samples(samples: Array | Regions, page: Page, options: DecodeOptions) -> Pixels:
    """The pixels of samples, shape (rows, cols, bands), as they lie in the file."""
    if page.is_number:
        if options.levels is None:
            kind = f"{_KINDS[page.kind]}{page.bits}"
            raise GlimpseError(f"pixels are {kind} numbers; say what black and white are with --range LO,HI")
        numbers = partial(_of_numbers, levels=options.levels, empty=_empty(page, options))
        return Pixels(samples, page.orientation, numbers)
    colours, alpha = page.table(), replace(page, photometric=BLACK_IS_ZERO).table()

    empty = _empty(page, options)

    def convert(part: Array) -> Array:
        colour = _looked_up(colours, part[..., : page.colours])
        if not (page.alpha or empty):
            return colour
        white = colour.dtype.type(np.iinfo(colour.dtype).max)
        opaque = (
            _looked_up(alpha, part[..., page.colours]) if page.alpha else np.full(colour.shape[:2], white)
        )
        return np.dstack([colour, np.where(empty(part), 0, opaque) if empty else opaque])

    return Pixels(samples, page.orientation, convert, premultiplied=page.associated)


def _empty(page: Page, options: DecodeOptions) -> Callable[[Array], Array] | None:
    """A function that tells which pixels of a part hold no data, if some may and are to be left out."""
    try:
        value = float(page.nodata or "")
    except ValueError:
        return None
    if not options.nodata:
        return None
    if math.isnan(value):
        return lambda part: np.isnan(part[..., 0])
    # what stands there is rounded to the type of the samples
    return lambda part: (part[..., : page.colours] == np.float64(value).astype(part.dtype)).all(axis=-1)


def _of_numbers(part: Array, levels: tuple[float, float], empty: Callable[[Array], Array] | None) -> Array:
    if empty is None:
        check_finite(part[..., 0])
        return scaled(part[..., 0], levels)
    gone = empty(part)
    numbers = np.where(gone, part.dtype.type(0), part[..., 0])
    check_finite(numbers)
    return np.dstack([scaled(numbers, levels), np.where(gone, np.float32(0), np.float32(255))])


def _looked_up(table: Array | None, samples: Array) -> Array:
    samples = samples[..., 0] if samples.ndim == 3 and samples.shape[2] == 1 else samples
    return samples if table is None else table[samples]


def _is_deep(page: Page) -> bool:
    """Whether imagecodecs reads the samples of a page."""
    return page.is_plain and page.compression in DEEP


def _decompressed(file: BinaryIO, page: Page) -> Array | None:
    if codecs() is None or not _is_deep(page):
        return None
    file.seek(0)
    array: Array = codecs().tiff_decode(file.read())
    array = np.moveaxis(array, 0, -1) if page.planar and page.bands > 1 and array.ndim == 3 else array
    array = array[..., None] if array.ndim == 2 else array
    if array.shape != (page.rows, page.cols, page.bands) or array.dtype.kind not in "bu":
        raise GlimpseError("a damaged TIFF: its samples are not as many as it says")
    return array.view(np.uint8) if array.dtype == bool else array


def _uncompressed(file: BinaryIO, page: Page) -> Array:
    """The samples, shape (rows, cols, bands), strip by strip or tile by tile."""
    tall, wide = page.segment
    planes, depth = (page.bands, 1) if page.planar else (1, page.bands)
    spots = product(range(planes), range(0, page.rows, tall), range(0, page.cols, wide))
    found = np.empty((page.rows, page.cols, page.bands), np.uint8 if page.bits <= 8 else np.uint16)
    for (plane, top, left), offset in zip(spots, page.offsets, strict=True):
        rows = tall if page.is_tiled else min(tall, page.rows - top)
        file.seek(offset)
        lines = _unpacked(file.read(rows * _line_bytes(page, wide * depth)), rows, wide * depth, page)
        part = lines.reshape(rows, wide, depth)[: page.rows - top, : page.cols - left]
        channels = slice(plane, plane + 1) if page.planar else slice(None)
        found[top : top + tall, left : left + wide, channels] = part
    return found


def _line_bytes(page: Page, count: int) -> int:
    return -(-count * page.bits // 8)


def _unpacked(data: bytes, rows: int, count: int, page: Page) -> Array:
    """Rows of so many samples, each row of which begins with a new byte."""
    if len(data) < rows * _line_bytes(page, count):
        raise GlimpseError("cannot be decoded: image file is truncated")
    if page.bits in (8, 16):
        return np.frombuffer(data, f"{page.order}u{page.bits // 8}").reshape(rows, count)
    # eight samples take as many bytes as one has bits, so every eighth begins at the same bit of a byte
    lines = np.frombuffer(data, np.uint8).reshape(rows, -1)
    groups = -(-count // 8)
    found = np.empty((rows, groups * 8), np.uint16)
    tall, wide = max(1, _BLOCK // (8 * groups)), min(groups, _BLOCK // 8)
    for row, group in product(range(0, rows, tall), range(0, groups, wide)):
        part = found[row : row + tall, 8 * group : 8 * (group + wide)]
        some = np.zeros((len(part), part.shape[1] // 8 * page.bits + 2), np.uint32)
        packed = lines[row : row + tall, group * page.bits :][:, : some.shape[1]]
        some[:, : packed.shape[1]] = packed
        for k in range(8):
            byte, bit = divmod(k * page.bits, 8)
            first, second, third = (some[:, byte + j :: page.bits][:, : part.shape[1] // 8] for j in range(3))
            part[:, k::8] = (first << 16 | second << 8 | third) >> (24 - bit - page.bits) & (2**page.bits - 1)
    return found[:, :count]
