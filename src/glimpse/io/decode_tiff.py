"""TIFF files into pictures: by Pillow where it reads them right, by their samples where it does not."""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image, ImagePalette, UnidentifiedImageError

from glimpse.errors import GlimpseError
from glimpse.io.assemble import as_picture, converted, frame_notes, one_line
from glimpse.io.budget import check_page
from glimpse.io.color import GREY16, TO_SRGB, profile
from glimpse.io.decode_options import DecodeOptions
from glimpse.io.picture import Picture
from glimpse.io.pillow_patches import load
from glimpse.io.record import as_record
from glimpse.io.sixteen_bit import HINT, codecs
from glimpse.io.tiff import Page
from glimpse.io.tiff_pages import at_page, read_page, thumbnail_note
from glimpse.io.tiff_samples import tiff_pixels


def decode_tiff(file: BinaryIO, options: DecodeOptions) -> Picture:
    """Decode the page of a TIFF file that the options ask for, as `decode` does."""
    try:
        file = at_page(file, options.page or 1)
        page = read_page(file)
    except GlimpseError:
        raise
    except Exception as error:
        raise GlimpseError(f"a damaged TIFF: {one_line(error)}") from None
    check_page(
        page, file, options.max_pixels, deep=not page.is_common and not page.is_raw and codecs() is not None
    )
    notes = frame_notes(options, more=not page.last) + page.notes()
    notes += () if options.page else thumbnail_note(file, page)
    # without the extra 16 bits are not to hang on how a file is packed
    known = page.is_common if codecs() else page.is_known
    pixels = None if known else tiff_pixels(file, page)
    if pixels is None and not page.is_garbled:
        try:
            return _tiff_by_pillow(file, page, options, notes)
        except UnidentifiedImageError:
            pixels = tiff_pixels(file, page)
    if pixels is None:
        hint = "; pip install 'glimpse-crop[deep]' reads it" if page.is_plain and codecs() is None else ""
        raise GlimpseError(f"a TIFF of a kind that cannot be read: {page.name}{hint}")
    color, more = profile(page.profile, grey=pixels.ndim == 2 or pixels.shape[2] == 2)
    return as_picture(pixels, color, as_record(page.description), notes + more)


def _tiff_by_pillow(file: BinaryIO, page: Page, options: DecodeOptions, notes: tuple[str, ...]) -> Picture:
    file.seek(0)
    image = Image.open(file, formats=["TIFF"])
    if image.mode in TO_SRGB and page.bits > 8:
        notes += ("16 bits per channel were read as 8",)
    elif page.bits > 8 and page.colours == 3:
        notes += (HINT,)
    if page.has_small_map:
        image.palette = ImagePalette.raw("RGB;L", bytes(page.color_map))
    text, table = as_record(page.description), page.table() if image.mode in GREY16 else None
    return converted(image, load(image), options, notes, text=text, table=table)
