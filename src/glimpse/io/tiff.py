"""A page of a TIFF file: its size, its samples, the table from samples to levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glimpse.errors import GlimpseError
from glimpse.typing import Array

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, LAB: 3}
JPEG = 7  # a compression
DEEP = (1, 2, 3, 4, 5, 6, JPEG, 8, 32773, 32946, 34887, 34925, 50000)
"""Compressions that the libtiff of imagecodecs unpacks."""

_EXTRA_MOST = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 0}  # more channels are no picture
_NAMES = {WHITE_IS_ZERO: "grey", BLACK_IS_ZERO: "grey", RGB: "RGB", PALETTE: "palette", CMYK: "CMYK",
          YCBCR: "YCbCr", LAB: "Lab", 32803: "colour filter array", 32844: "LogL",
          32845: "LogLuv"}  # fmt: skip
_FORMATS = {1: "", 2: "signed ", 3: "float ", 5: "complex ", 6: "complex "}
_ASSOCIATED, _ALPHA = 1, 2  # extra samples: the colours are multiplied by it, or not


@dataclass(frozen=True)
class Page:
    """One page.

    Parameters
    ----------
    rows, cols : int
        As they lie in the file.
    bits : int
        Of a sample, the most of any channel.
    bands : int
        Samples of a pixel, extra ones included.
    kind : int
        1 whole numbers, 2 signed ones, 3 floating-point ones.
    photometric : int
        The meaning of the samples, by TIFF's number.
    extra : tuple of int or None
        The meaning of each sample beyond the colours, None where the file does not tell.
    planar : bool
        Whether each channel lies by itself.
    orientation : int
        EXIF's.
    reduced : bool
        Whether the page is marked as a smaller version of another.
    color_map : tuple of int
        Red of all indices, then green, then blue.
    profile : bytes or None
        The colour profile.
    segment : (int, int)
        Rows and columns of a strip or tile.
    is_tiled : bool
        Whether the segments are tiles.
    needed : int
        How many of them the picture needs.
    surplus : bool
        Whether the file has more.
    offsets, counts : tuple of int
        Where those that are needed begin in the file, and their bytes.
    compression : int
        How they are compressed, 1 is not at all.
    is_raw : bool
        Whether they are neither compressed nor of turned bits.
    order : str
        ``<`` or ``>``, the order of the bytes of a number.
    last : bool
        Whether no other page follows.
    description : str or None
        What the file says of it in words.
    predictor : int
        1 where samples lie as they are, 2 and 3 where their differences do.
    turned_bits : bool
        Whether the bits of a byte lie the other way round.
    tables : bytes or None
        What the JPEG streams of all segments share.
    nodata : str or None
        The value of pixels that hold nothing, as GDAL writes it.
    """

    rows: int
    cols: int
    bits: int
    bands: int
    kind: int
    photometric: int
    extra: tuple[int | None, ...]
    planar: bool
    orientation: int
    reduced: bool
    color_map: tuple[int, ...]
    profile: bytes | None
    segment: tuple[int, int]
    is_tiled: bool
    needed: int
    surplus: bool
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    compression: int
    is_raw: bool
    order: str
    last: bool
    description: str | None
    predictor: int = 1
    turned_bits: bool = False
    tables: bytes | None = None
    nodata: str | None = None

    @property
    def name(self) -> str:
        """The kind of the samples, for messages."""
        what = _NAMES.get(self.photometric, f"photometric {self.photometric}")
        packed = f", compression {self.compression}" if self.compression != 1 else ""
        return f"{self.bits}-bit {_FORMATS.get(self.kind, '')}samples ({what}, {self.bands} a pixel{packed})"

    @property
    def is_jpeg(self) -> bool:
        """Whether the segments are JPEG, in the old or the new way."""
        return self.compression in (6, 7)

    @property
    def is_plain(self) -> bool:
        """Whether the samples are whole numbers of grey, RGB or a palette, with few extra ones."""
        most = _EXTRA_MOST.get(self.photometric)
        return self.kind == 1 and self.bits <= 16 and most is not None and len(self.extra) <= most

    @property
    def is_garbled(self) -> bool:
        """Whether Pillow opens such samples and takes them for others."""
        deep_cmyk = self.photometric == CMYK and self.bits == 16 and self.is_raw
        turned = self.photometric == WHITE_IS_ZERO and self.kind != 1
        signed = self.bits == 8 and self.kind != 1 and self.photometric != LAB
        return self.is_own or (self.planar and (deep_cmyk or self.photometric == LAB)) or turned or signed

    @property
    def is_common(self) -> bool:
        """Whether Pillow keeps all bits of such samples, if it opens the file."""
        grey16 = self.bits == 16 and self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO)
        planes = self.planar and len(self.extra) > 0
        return (self.bits == 8 and not planes) or (self.bands == 1 and (self.bits in (1, 2, 4) or grey16))

    @property
    def is_known(self) -> bool:
        """Whether Pillow reads such samples, if of 16 bits of colour the upper half."""
        return self.is_common or (self.bits == 16 and self.photometric == RGB and not self.planar)

    @property
    def is_own(self) -> bool:
        """Whether Pillow would draw strips beyond the picture over the first ones."""
        return self.is_raw and self.surplus

    @property
    def is_number(self) -> bool:
        """Whether a sample is no level, but a number whose black and white a user must tell."""
        kinds = ((1, 32), (2, 16), (2, 32), (3, 32))
        return (self.kind, self.bits) in kinds and self.bands == 1 and self.photometric == BLACK_IS_ZERO

    @property
    def colours(self) -> int:
        """How many channels are no extra ones."""
        return COLOURS.get(self.photometric, self.bands)

    @property
    def alpha(self) -> bool:
        """Whether the first extra channel is alpha; old writers do not say so of the fourth of RGB."""
        return bool(self.extra) and (self.extra[0] in (_ASSOCIATED, _ALPHA, 999) or self.guessed)

    @property
    def guessed(self) -> bool:
        """Whether alpha is a guess."""
        return self.photometric == RGB and self.extra == (None,)

    @property
    def associated(self) -> bool:
        """Whether the colours are multiplied by alpha already."""
        return self.extra[:1] == (_ASSOCIATED,)

    @property
    def has_small_map(self) -> bool:
        """Whether the colour map is of levels to 255, which the format does not provide for."""
        return self.photometric == PALETTE and 0 < max(self.color_map, default=0) < 256

    def notes(self) -> tuple[str, ...]:
        """Notes on guesses, and on samples that are left out."""
        notes = ["its 4th channel, of no stated meaning, was taken for alpha"] if self.guessed else []
        first, last = self.colours + self.alpha + 1, self.bands
        if first <= last:
            these = f"channel {first}" if first == last else f"channels {first} to {last}"
            notes.append(f"{these} of {last}, of no stated meaning, left out")
        if self.has_small_map:
            notes.append("its colour map holds 8-bit levels, which were taken as such")
        return tuple(notes)

    def table(self) -> Array | None:
        """Return the level (uint8, uint16) of each sample, of a palette its colour; None for itself."""
        white = 2**self.bits - 1
        if self.photometric == PALETTE:
            if len(self.color_map) < 3 << self.bits:
                raise GlimpseError("a damaged TIFF: its colour map is cut off")
            colours = np.array(self.color_map[: 3 << self.bits]).reshape(3, -1).T
            # writers make 16 bits of 8 by 256 or by 257, and of the first the upper byte is right
            shifted = self.has_small_map or not (colours & 255).any()
            wide = colours >> (0 if self.has_small_map else 8) if shifted else np.rint(colours / 257)
            return np.asarray(wide, np.uint8)
        scale, dtype = (255, np.uint8) if self.bits <= 8 else (65535, np.uint16)
        if self.photometric != WHITE_IS_ZERO and white == scale:
            return None
        levels: Array = np.rint(np.arange(white + 1) * (scale / white)).astype(dtype)
        return levels[::-1] if self.photometric == WHITE_IS_ZERO else levels
