"""Files: the only part of glimpse that opens one. The record of a window travels inside."""

from glimpse.io.files import save_bytes
from glimpse.io.picture import DecodeOptions, Picture
from glimpse.io.record import Record
from glimpse.io.stills import (
    as_array,
    load_levels,
    load_pages,
    load_picture,
    load_record,
    load_shape,
    open_frames,
    picture_record,
    save_still,
    save_strips,
    shapes,
)

__all__ = [
    "DecodeOptions",
    "Picture",
    "Record",
    "as_array",
    "load_levels",
    "load_pages",
    "load_picture",
    "load_record",
    "load_shape",
    "open_frames",
    "picture_record",
    "save_bytes",
    "save_still",
    "save_strips",
    "shapes",
]
