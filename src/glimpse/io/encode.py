"""Arrays into the bytes of a still, its record inside: one row for each format."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from glimpse import limits
from glimpse.errors import GlimpseError
from glimpse.io.picture import Picture
from glimpse.io.png import encode_strips, profile_chunk
from glimpse.io.record import DESCRIPTION, KEYWORD, Record
from glimpse.levels import to_levels

Quality = int | Literal["lossless"] | None
"""How well a lossy format keeps levels: 1 to 100, "lossless", or None for the format's own."""

Strips = Iterator[NDArray[Any]]


class Head(NamedTuple):
    """The part of a still that is no pixels: the record as JSON, the meaning of its levels, its quality."""

    record: str = ""
    color: Mapping[str, bytes] = {}
    quality: int | None = None  # lossless
    palette: bytes = b""


class Format(NamedTuple):
    """One format of stills; a row of `FORMATS`, which all commands, notes and tests read.

    Parameters
    ----------
    name : str
        Its name, as Pillow has it where Pillow writes it.
    encode : callable
        Encodes levels of one of `modes`, in one piece.
    stream : callable or None
        The same strip by strip, where the whole is never to be in memory; else the strips are joined.
    exact : bool
        Whether it holds the numbers themselves, of any kind and in any number of channels.
    modes : tuple of int
        The numbers of channels that it holds, of grey, grey and alpha, RGB, RGBA; what is missing is made
        the next larger one.
    white : int
        The level of white that it holds, 255 or 65535.
    quality : int or None
        By default, of 1 to 100; None where the format keeps every level.
    lossless : bool
        Whether it can keep every level.
    side, record : int
        The longest side in pixels, and the longest record in bytes.
    meanings : tuple of str
        What of `Picture.color` it holds.
    palettes : bool
        Whether it is written with the palette of labels.
    """

    name: str
    encode: Callable[[NDArray[Any], Head], bytes]
    stream: Callable[[Strips, tuple[int, int], Head], Iterator[bytes]] | None = None
    exact: bool = False
    modes: tuple[int, ...] = (1, 2, 3, 4)
    white: int = 65535
    quality: int | None = None
    lossless: bool = True
    side: int = 2**31 - 1
    record: int = 1 << 30
    meanings: tuple[str, ...] = ("icc_profile", "sRGB")
    palettes: bool = False

    def levels(self, array: NDArray[Any], white: int) -> NDArray[Any]:
        """Return an array in levels up to `white` as the format holds it, rounded once."""
        if self.exact:
            return array
        bands = array.shape[2] if array.ndim == 3 else 1
        if bands > 4:
            raise GlimpseError(f"{self.name} holds no {bands} channels; write .npy")
        if bands % 2 == 0 and 4 not in self.modes:
            others = [suffix for suffix in DRAWINGS if 4 in FORMATS[suffix].modes]
            raise GlimpseError(f"{self.name} holds no alpha; write {listed(others, 'or')}")
        if max(array.shape[:2]) > self.side:
            raise GlimpseError(f"{self.name} holds at most {self.side} pixels a side; write .png")
        held = min(white, self.white)
        array = to_levels(array if held == white else array * (held / white), held)
        if bands in self.modes:
            return array
        grey = array[..., :1] if bands == 2 else array[..., None]
        return np.concatenate([grey, grey, grey, *([array[..., 1:]] if bands == 2 else [])], axis=2)

    def head(self, like: Picture, record: Record | None, quality: Quality) -> Head:
        """Return what goes into the file beside its pixels, as far as the format holds it."""
        if quality is not None and (fault := self.fault(quality)):
            raise GlimpseError(fault)
        color = {name: data for name, data in like.color.items() if name not in self._lost(like)}
        if like.labels and (self._quality(quality) or (like.palette and not (self.palettes or self.exact))):
            raise GlimpseError(f"{self.name} would change labels; write .png or .npy")
        return Head(self._record(record), color, self._quality(quality), like.palette)

    def _record(self, record: Record | None) -> str:
        """The record as JSON, empty where it is too long, or the format has no place for one."""
        text = record.to_json() if record and not self.exact else ""
        return text if len(text) <= min(self.record, limits.RECORD_BYTES) else ""

    def _lost(self, like: Picture) -> list[str]:
        if self.exact:
            return []
        lost = [name for name in like.color if name not in self.meanings]
        grey = like.color.get("icc_profile", b"")[16:20] == b"GRAY" and 1 not in self.modes
        return [*lost, *(["icc_profile"] if grey else [])]

    def _quality(self, asked: Quality) -> int | None:
        if self.quality is None or asked == "lossless":
            return None
        return self.quality if asked is None else asked

    def notes(self, like: Picture, record: Record | None = None) -> list[str]:
        """Return notes on what the format leaves out of a picture like this and of a record."""
        notes = []
        if like.white > self.white:
            names = dict.fromkeys(kind.name for kind in FORMATS.values() if kind.white == 65535)
            notes.append(f"16 bits per channel were written as 8; {listed(names)} keep them")
        lost = [name for name in self._lost(like) if not ("sRGB" in like.color and name in ("gAMA", "cHRM"))]
        if lost:
            profile = "grey profile" if "icc_profile" in self.meanings else "colour profile"
            what = [profile if name == "icc_profile" else name for name in lost]
            notes.append(f"{self.name} keeps no {listed(what)}")
        if record and not self.exact and not self._record(record):
            notes.append("too many windows for a record")
        return notes

    def remark(self, quality: Quality = None) -> str:
        """Return a word on how well the levels are kept, empty where all are."""
        kept = self._quality(quality)
        return "" if kept is None else f" (quality {kept}, not exact)"

    def fault(self, quality: Quality) -> str:
        """Return why a quality cannot be had, if it cannot."""
        if quality == "lossless" and not self.lossless:
            others = [suffix for suffix in DRAWINGS if FORMATS[suffix].lossless]
            return f"{self.name} is never lossless; write {listed(others, 'or')}"
        if isinstance(quality, int) and self.quality is None:
            others = [suffix for suffix in DRAWINGS if FORMATS[suffix].quality]
            return f"{self.name} is always lossless; leave out the quality, or write {listed(others, 'or')}"
        return ""


def encoded(
    kind: Format,
    strips: Strips,
    shape: tuple[int, int],
    like: Picture,
    record: Record | None = None,
    quality: Quality = None,
) -> Iterator[bytes]:
    """Yield the bytes of a still that comes strip by strip, from the top.

    Parameters
    ----------
    kind : Format
        A row of `FORMATS`.
    strips : iterator of ndarray, shape (rows, B) or (rows, B, C)
        In the levels of `like`; colours are not multiplied by alpha.
    shape : (int, int)
        Rows and columns of all together.
    like : Picture
        Whose levels and colours these are.
    record : Record or None
        The record that the file carries.
    quality : int, "lossless" or None
        How well a lossy format keeps the levels; None is the format's own.

    Raises
    ------
    GlimpseError
        If the format cannot hold it.
    """
    head = kind.head(like, record, quality)
    levels = (kind.levels(strip, like.white) for strip in strips)
    if kind.stream:
        yield from kind.stream(levels, shape, head)
    else:
        yield kind.encode(np.concatenate(list(levels)), head)


def encode(
    kind: Format, array: NDArray[Any], like: Picture, record: Record | None = None, quality: Quality = None
) -> bytes:
    """Return the bytes of a still, as `encoded` does."""
    head = kind.head(like, record, quality)
    return kind.encode(kind.levels(array, like.white), head)


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> listed(["PNG", "TIFF", "NPY"])
    'PNG, TIFF and NPY'
    """
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def _png(levels: NDArray[Any], head: Head) -> bytes:
    if levels.dtype == np.uint16 and levels.ndim == 3:  # which Pillow cannot
        return b"".join(_png_strips(iter([levels]), levels.shape[:2], head))
    file, (profile, info) = io.BytesIO(), _meaning(head)
    file.name = "patch.png"  # told the format instead, Pillow imports the modules of four others
    image = Image.fromarray(levels)
    if head.palette:
        image.putpalette(head.palette)
    image.save(file, pnginfo=info, icc_profile=profile)
    return file.getvalue()


def _png_strips(strips: Strips, shape: tuple[int, int], head: Head) -> Iterator[bytes]:
    if head.palette:  # labels, a byte a pixel
        return iter([_png(np.concatenate(list(strips)), head)])
    profile, info = _meaning(head)
    first = [profile_chunk(profile)] if profile else []
    return encode_strips(strips, shape, [*first, *((kind, data) for kind, data, *_ in info.chunks)])


def _meaning(head: Head) -> tuple[bytes | None, PngInfo]:
    """The colour profile, and the other chunks, as Pillow has them."""
    info, meaning = PngInfo(), dict(head.color)
    profile = meaning.pop("icc_profile", None)
    for name, data in meaning.items():
        info.add(name.encode(), data)
    if head.record:
        info.add_text(KEYWORD, head.record)
    return profile, info


def _npy(array: NDArray[Any], head: Head) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _npy_strips(strips: Strips, shape: tuple[int, int], head: Head) -> Iterator[bytes]:
    first, file = next(strips), io.BytesIO()
    named = {"descr": first.dtype.str, "fortran_order": False, "shape": (*shape, *first.shape[2:])}
    np.lib.format.write_array_header_1_0(file, named)
    yield file.getvalue()
    for strip in chain([first], strips):
        yield strip.tobytes()


def _by_pillow(name: str, **fixed: Any) -> Callable[[NDArray[Any], Head], bytes]:
    """Return a function that encodes by Pillow, with the record as EXIF's description of the image."""

    def encode(levels: NDArray[Any], head: Head) -> bytes:
        exif, file = Image.Exif(), io.BytesIO()
        if head.record:
            exif[DESCRIPTION] = head.record
        data = exif.tobytes() if head.record else b""
        # in a file of any other format EXIF stands without this beginning
        data = data if name == "JPEG" else data.removeprefix(b"Exif\0\0")
        how = {"lossless": True, "exact": True} if head.quality is None else {"quality": head.quality}
        try:
            Image.fromarray(levels).save(
                file, name, exif=data, icc_profile=head.color.get("icc_profile", b""), **how, **fixed
            )
        except (OSError, ValueError, KeyError) as error:  # a build without this format
            raise GlimpseError(f"{name} cannot be written: {error}") from None
        return file.getvalue()

    return encode


def _tiff(strips: Strips, shape: tuple[int, int], head: Head) -> Iterator[bytes]:
    from glimpse.io.encode_tiff import encode_tiff  # which other formats need not pay

    return encode_tiff(strips, shape, head.record, head.color.get("icc_profile", b""))


_JPEG = Format("JPEG", _by_pillow("JPEG", subsampling=0), modes=(1, 3), white=255, quality=92, lossless=False,
               side=65500, record=65_000)  # fmt: skip
_WEBP = Format("WebP", _by_pillow("WEBP"), modes=(3, 4), white=255, quality=90, side=16383)
_AVIF = Format("AVIF", _by_pillow("AVIF", subsampling="4:4:4", max_threads=1), modes=(3, 4), white=255,
               quality=80, lossless=False, side=65535)  # fmt: skip
_TIFF = Format("TIFF", lambda levels, head: b"".join(_tiff(iter([levels]), levels.shape[:2], head)), _tiff)
FORMATS = {
    ".png": Format(
        "PNG", _png, _png_strips, palettes=True, meanings=("icc_profile", "sRGB", "gAMA", "cHRM", "cICP")
    ),
    **dict.fromkeys((".jpg", ".jpeg"), _JPEG),
    ".webp": _WEBP,
    ".avif": _AVIF,
    **dict.fromkeys((".tif", ".tiff"), _TIFF),
    ".npy": Format("NPY", _npy, _npy_strips, exact=True),
}
"""The formats of stills by the ending of a name."""

DRAWINGS = tuple(suffix for suffix, kind in FORMATS.items() if not kind.exact)
"""Endings of the formats for pictures to look at."""


def still_format(name: str) -> Format:
    """Return the format that the ending of a name asks for; standard output is a PNG."""
    return FORMATS.get(os.path.splitext(name)[1].lower(), FORMATS[".png"])
