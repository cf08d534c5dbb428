"""Files into pictures: weighed and opened within the limits, upright, with notes on every change."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import BinaryIO

from PIL import Image, ImageFile, features
from PIL.PngImagePlugin import PngImageFile

from glimpse.errors import GlimpseError
from glimpse.io import budget
from glimpse.io.picture import (
    DEFAULT,
    GREY16,
    GREYS,
    HINT,
    UNKEPT,
    DecodeOptions,
    Picture,
    Pixels,
    codecs,
    conversion,
    profile,
)
from glimpse.io.pillow_patches import load
from glimpse.io.png_input import read_png
from glimpse.io.record import as_record
from glimpse.limits import PAGES
from glimpse.typing import Array

FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "AVIF", "PPM")

_BEGINNINGS = {
    "PNG": rb"\x89PNG",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "BMP": rb"BM",
    "WebP": rb"RIFF....WEBP",
    "AVIF": rb"....ftyp",
    "PPM": rb"P[1-6][\s#]",
    "NPY": rb"\x93NUMPY",
    "WAV": rb"RIFF....WAVE",
}

# Image.open would import the readers of all 45 formats to find one of these
_READER_OF = {"WebP": "WebPImagePlugin", "AVIF": "AvifImagePlugin"}

_PAGED = ("PNG", "JPEG", "GIF", "TIFF", "WebP")  # formats of several frames or pages

Image.MAX_IMAGE_PIXELS = None  # the limit of glimpse is checked instead: its message tells what to do

Reduce = Callable[[tuple[int, int]], int]


class NoPageError(GlimpseError):
    """A file has fewer pages."""

    def __init__(self, page: int) -> None:
        super().__init__(f"it has no page {page}")


def decode(file: BinaryIO, options: DecodeOptions = DEFAULT, reduce: Reduce | None = None) -> Picture:
    """Decode the first frame of an image file, or another one.

    Parameters
    ----------
    file : binary file
        Its content decides the format: PNG, JPEG, GIF, TIFF, BMP, WebP, AVIF, PPM or NPY.
    options : DecodeOptions
        The levels of black and white, the size that a file may have, the page.
    reduce : callable or None
        Given rows and columns, says how many times smaller a JPEG or a level of a TIFF may be.

    Raises
    ------
    GlimpseError
        If anything is wrong with the file.
    """
    name = _format_of(file)
    with _decoding():
        if options.page and options.page > 1 and name not in _PAGED:
            raise NoPageError(options.page)
        if options.column is not None and name:
            raise GlimpseError(f"--column is of a CSV file, and this is a {name}; leave it out")
        if name == "JPEG":
            return _decode_jpeg(file, options, reduce and (lambda shape: min(reduce(shape), 8)))
        if name == "TIFF":
            from glimpse.io.decode_tiff import decode_tiff  # 15 ms that a TIFF alone pays

            return decode_tiff(file, options, reduce)
        if name in _ANIMATED:
            return next(_ANIMATED[name](file, options, (options.page or 1,)))
        return _READERS.get(name, _decode_other)(file, options)


def is_animated(file: BinaryIO) -> bool:
    """Tell whether a file is of a format whose frames are drawn upon those before them."""
    return _format_of(file) in _ANIMATED


def decode_pages(file: BinaryIO, options: DecodeOptions, pages: Sequence[int]) -> Iterator[Picture]:
    """Decode some pages or frames, which rise, as `decode` does; those of an animation in one go."""
    name = _format_of(file)
    if name not in _ANIMATED:
        yield from (decode(file, options.at(page)) for page in pages)
        return
    pictures = _ANIMATED[name](file, options.at(pages[0]), pages)
    for _ in pages:
        with _decoding():
            picture = next(pictures)
        yield picture


def shape_of(file: BinaryIO, options: DecodeOptions) -> tuple[int, int] | None:
    """Return rows and columns of a PNG, JPEG, GIF, WebP or TIFF by its header, of any other file None.

    Raises
    ------
    GlimpseError
        If the header is damaged, or asks for too much.
    """
    name, page, way = _format_of(file), options.page or 1, 1
    with _decoding():
        if name == "PNG":
            png = read_png(file)
            budget.check_png(png, page, options.max_pixels, deep=False)
            shape, way = (png.rows, png.cols), _way(options, png.exif, png.xmp)
        elif name == "JPEG":
            from glimpse.io import jpeg

            head = jpeg.read_head(jpeg.picture_within(file, page))
            budget.check_jpeg(head, options.max_pixels)
            shape, way = (head.rows, head.cols), _way(options, head.exif, head.xmp)
        elif name == "GIF":
            from glimpse.io import gif_input

            gif = gif_input.read_gif(file, page)
            budget.check_gif(gif, page, options.max_pixels)
            shape = gif.rows, gif.cols
        elif name == "WebP":
            budget.check_webp(file, page, options.max_pixels)
            image = opened(file, "WebP")
            shape, way = image.size[::-1], _way(options, image.info.get("exif"), image.info.get("xmp"))
        elif name == "TIFF" and options.level is None:
            from glimpse.io.decode_tiff import tiff_shape

            shape, way = tiff_shape(file, options)
        else:
            return None
    return shape[::-1] if way >= 5 else shape


def _format_of(file: BinaryIO) -> str:
    """The name of a file's format by its first bytes, empty where it is another one."""
    file.seek(0)
    head = file.read(16)
    return next((name for name, begin in _BEGINNINGS.items() if re.match(begin, head, re.DOTALL)), "")


@contextmanager
def _decoding() -> Iterator[None]:
    try:
        yield
    except GlimpseError:
        raise
    except (Exception, MemoryError) as error:  # decoders raise whatever they like
        raise GlimpseError(f"cannot be decoded{why(error) or ': it is damaged'}") from error


def count_pages(file: BinaryIO) -> int:
    """Return how many frames a file has, 1 of a TIFF, whose pages are more than a count."""
    name = _format_of(file)
    if name == "GIF":
        from glimpse.io.gif_input import read_gif

        return len(read_gif(file, PAGES + 1).frames)
    if name == "JPEG":
        from glimpse.io.jpeg import read_head

        return max(1, len(read_head(file).within))
    if name in ("PNG", "WebP"):
        image = opened(read_png(file).file if name == "PNG" else file, name)
        return int(getattr(image, "n_frames", 1))
    return 1


def opened(file: BinaryIO, name: str) -> ImageFile.ImageFile:
    """Return a file as Pillow opens it; it begins as one of the format of this name, or of none."""
    file.seek(0)
    try:
        if name == "PNG":  # Image.open imports the readers of five formats: as long as reading a small PNG
            return PngImageFile(file)
        if name in _READER_OF:
            import_module(f"PIL.{_READER_OF[name]}")
        return Image.open(file, formats=[name or "PPM"])  # of which there are kinds that few write
    except Exception as error:
        if not name:
            empty = file.seek(0, io.SEEK_END) == 0
            known = f"not an image of a known format ({', '.join(FORMATS)}, NPY)"
            raise GlimpseError("empty" if empty else known) from None
        if name == "AVIF" and not features.check("avif"):
            name = "AVIF is read by a Pillow that was built with libavif, and this one was not"
            raise GlimpseError(name) from None
        raise GlimpseError(f"a damaged {name}{why(error)}") from None


def why(error: BaseException) -> str:
    """Return what an error of a library says, in a short line after a colon; nothing if it speaks of code."""
    if isinstance(error, MemoryError):
        return ": there is not enough memory"
    said = " ".join(str(error).split())[:200]
    speaks = isinstance(error, (SyntaxError, RuntimeError)) or (type(error) is OSError and not error.errno)
    return f": {said}" if speaks and said and not re.match("b['\"]|cannot identify", said) else ""


def finished(
    image: Image.Image,
    options: DecodeOptions,
    notes: tuple[str, ...],
    way: int = 1,
    *,
    text: str | None = None,
    color: Mapping[str, bytes] | None = None,
    table: Array | None = None,
    numbers: str = "",
) -> Picture:
    """Return the picture of an opened image: decoded, upright, its levels made ours.

    Parameters
    ----------
    image : Image
        At the frame that is asked for.
    options, notes
        Of the user; for the user.
    way : int
        How it lies, EXIF's number.
    text : str or None
        Its record.
    color : mapping or None
        The meaning of its levels, None for its colour profile.
    table : ndarray or None
        The level of each sample, where Pillow leaves samples as they are.
    numbers : str
        The type of its numbers, where black and white are not told.
    """
    load(image)
    lost: tuple[str, ...] = ()
    if color is None:
        data = image.info.get("icc_profile") if image.mode not in UNKEPT else None
        color, lost = profile(data, grey=image.mode in (*GREYS, *GREY16))
    if options.labels and image.mode == "P":
        picture = as_picture(Pixels(image, way), color, text, notes + lost)
        return replace(picture, palette=bytes(image.getpalette("RGB") or ()))
    convert, more = conversion(image, options.levels, table, numbers)
    return as_picture(Pixels(image, way, convert), color, text, notes + lost + more)


def frame_notes(options: DecodeOptions, *, more: bool) -> tuple[str, ...]:
    """Return a note where there are more frames and none was asked for."""
    return ("it has more than one frame; the first is used",) if more and not options.page else ()


def as_picture(
    pixels: Pixels, color: Mapping[str, bytes], text: str | None, notes: tuple[str, ...]
) -> Picture:
    """Return pixels as a picture."""
    return Picture(pixels, pixels.white, pixels.alpha, color, text, notes)


def _way(options: DecodeOptions, exif: bytes | None, xmp: bytes | None = None) -> int:
    """The orientation of a picture, EXIF's number; as it is stored where the user says so."""
    if options.exif == "ignore" or not (exif or xmp):
        return 1
    from glimpse.io.tags import orientation  # most pictures have neither

    return orientation(exif, xmp)


def _record(exif: bytes | None) -> str | None:
    """The record that lies in EXIF."""
    if not exif:
        return None
    from glimpse.io.tags import description

    return as_record(description(exif))


def _seek(image: ImageFile.ImageFile, page: int) -> None:
    """Go to a frame."""
    try:
        image.seek(page - 1)
    except EOFError:
        raise NoPageError(page) from None


def _decode_npy(file: BinaryIO, options: DecodeOptions) -> Picture:
    from glimpse.io.npy import read_npy  # with zipfile 8 ms, which a picture need not pay

    return read_npy(file, options)


def _decode_wav(file: BinaryIO, options: DecodeOptions) -> Picture:
    from glimpse.io.signals import read_wav

    return read_wav(file, options)


def _decode_ppm(file: BinaryIO, options: DecodeOptions) -> Picture:
    from glimpse.io.ppm import ppm_pixels

    return as_picture(ppm_pixels(file, options.max_pixels), {}, None, ())


def _decode_png(file: BinaryIO, options: DecodeOptions, pages: Sequence[int]) -> Iterator[Picture]:
    png = read_png(file)
    deep = png.depth == 16 and png.colour_type in (2, 4, 6)
    keeps = deep and list(pages) == [1] and codecs() is not None
    enough = budget.affordable(partial(budget.check_png, png, deep=keeps), pages, options.max_pixels)
    image = opened(png.file, "PNG")
    notes = frame_notes(options, more=getattr(image, "is_animated", False)) + png.notes
    levels = png.deep_levels(file) if keeps else None
    notes += (HINT,) if deep and levels is None else ()
    color, lost = profile(png.profile, grey=png.colour_type in (0, 4))
    # a profile says the same as the others, or better; cICP goes before it
    color = {**{name: data for name, data in png.color.items() if not color or name == "cICP"}, **color}
    way = _way(options, png.exif, png.xmp)
    if levels is not None:
        yield as_picture(Pixels(levels, way), color, png.record, notes + lost)
        return
    level = image.info.get("transparency")
    if image.mode in GREY16 and level is not None:
        notes += ("its transparent level was left out",)
    if png.depth < 8 and png.colour_type == 0 and isinstance(level, int):
        image.info["transparency"] = min(level * (255 // (2**png.depth - 1)), 255)  # scaled as the pixels are
    for page in enough:
        if page > 1:
            _seek(image, page)
        # a copy stays as it is while the next frames are decoded
        frame = load(image).copy() if len(pages) > 1 else image
        yield finished(frame, options, notes + lost, way, text=png.record, color=color)


def _decode_jpeg(file: BinaryIO, options: DecodeOptions, reduce: Reduce | None) -> Picture:
    from glimpse.io import jpeg

    file = jpeg.picture_within(file, options.page or 1)
    head = jpeg.read_head(file)
    budget.check_jpeg(head, options.max_pixels)
    image = opened(head.file, "JPEG")
    notes = frame_notes(options, more=len(head.within) > 1)
    way = _way(options, head.exif, head.xmp)
    sides = (image.width, image.height) if way >= 5 else (image.height, image.width)
    scale = 1
    if reduce and not head.lossless:
        scale = jpeg.draft(image, jpeg.whole(reduce(sides), sides, turned=way in jpeg.FAR_ENDS))
    picture = finished(image, options, notes, way, text=_record(head.exif))
    jpeg.check_complete(image, head.file)
    picture = replace(picture, lossy=not head.lossless)
    return picture if scale == 1 else replace(picture, scale=scale, full=sides)


def _decode_gif(file: BinaryIO, options: DecodeOptions, pages: Sequence[int]) -> Iterator[Picture]:
    from glimpse.io import gif_input

    gif = gif_input.read_gif(file, pages[-1] + 1)
    enough = budget.affordable(partial(budget.check_gif, gif), pages, options.max_pixels)
    notes, text = frame_notes(options, more=len(gif.frames) > 1), as_record(gif.comment)
    if list(pages) == [1] and gif.is_covered:
        yield finished(opened(file, "GIF"), options, notes, text=text)
        return
    screens = enumerate(gif_input.screens(gif, file), 1)
    for page in enough:
        screen = next((screen for number, screen in screens if number == page), None)
        if screen is None:
            raise NoPageError(page)
        yield finished(gif_input.seen(screen), options, notes, text=text)


def _decode_webp(file: BinaryIO, options: DecodeOptions, pages: Sequence[int]) -> Iterator[Picture]:
    from glimpse.io.webp_input import is_lossy

    enough = budget.affordable(partial(budget.check_webp, file), pages, options.max_pixels)
    image = opened(file, "WebP")
    notes, lossy = frame_notes(options, more=getattr(image, "is_animated", False)), is_lossy(file)
    for page in enough:
        if page > 1:
            _seek(image, page)
        exif = image.info.get("exif")
        way = _way(options, exif, image.info.get("xmp"))
        frame = load(image).copy() if len(pages) > 1 else image  # as of a PNG
        yield replace(finished(frame, options, notes, way, text=_record(exif)), lossy=lossy)


def _decode_avif(file: BinaryIO, options: DecodeOptions) -> Picture:
    from glimpse.io.avif import read_avif

    avif = read_avif(file)
    budget.check_avif(avif, options.max_pixels)
    image = opened(avif.file, "AVIF")
    way, text = _way(options, image.info.get("exif")), _record(avif.exif)  # the turn is that of irot and imir
    picture = finished(avif.clean(load(image)), options, avif.notes, way, text=text)
    return replace(picture, color=picture.color or avif.color, lossy=True)


def _decode_bmp(file: BinaryIO, options: DecodeOptions) -> Picture:
    from glimpse.io import bmp

    head = bmp.read_head(file)
    budget.check_bmp(head, options.max_pixels)
    color, lost = profile(head.profile, grey=False)
    if not (head.masks or head.is_runs):
        return finished(opened(file, "BMP"), options, head.notes + lost, color=color)
    pixels, notes = bmp.bmp_pixels(head, file)
    return as_picture(pixels, color, None, head.notes + lost + notes)


def _decode_other(file: BinaryIO, options: DecodeOptions) -> Picture:
    if options.signals:
        from glimpse.io.signals import read_column

        if (signal := read_column(file, options)) is not None:
            return signal
    image = opened(file, "")
    budget.check_plain(image.height, image.width, options.max_pixels)
    return finished(image, options, ())


_ANIMATED = {"PNG": _decode_png, "GIF": _decode_gif, "WebP": _decode_webp}
_READERS = {
    "BMP": _decode_bmp,
    "AVIF": _decode_avif,
    "PPM": _decode_ppm,
    "NPY": _decode_npy,
    "WAV": _decode_wav,
}
