"""Every limit of glimpse, in one place. None changes: a caller who may raise a limit hands a number down."""

from typing import Final

N_MAX: Final = 4096
"""Most filters per axis."""

NUMBER_MAX: Final = 1e9
"""Largest magnitude of gx, gy, delta, sigma and gamma; its inverse is the smallest of the last three."""

MAX_PIXELS: Final = 178_956_970
"""Most pixels of an image or canvas, Pillow's hard limit by default."""

CANVAS_SIDE: Final = 65_535
"""Longest side of a canvas, in pixels."""

RECORD_BYTES: Final = 65_536
"""Longest record read back from a file."""

ANIMATION_PIXELS: Final = 1_000_000_000
"""Most pixels of all frames of one sweep together, where each is a file of its own."""

FILE_BYTES: Final = 4_000_000_000
"""Most bytes read from a file or pipe."""

PAGES_MOST: Final = 1_000_000
"""Largest number of a page or frame."""

PAGES: Final = 10_000
"""Most pages of a TIFF that are looked through for another one."""

TEXT_BYTES: Final = 1 << 26
"""Most bytes that the colour profile of a PNG is unpacked to."""

REGION_PIXELS: Final = 1 << 22
"""Most pixels of a TIFF that is decoded whole; of a larger one the tiles or strips under a window are."""

CHUNKS: Final = 10_000
"""Most chunks of a PNG beside those of its pixels."""

TABLE_BYTES: Final = 1_000_000_000
"""Most bytes of a table of windows."""

WEIGHTS: Final = 1 << 25
"""Most weights of one filterbank: its filters times the pixels that each touches."""

STACK_SAMPLES = 1 << 22
"""Most samples of patches that one job holds until they are in their stack."""

TOLD_FAILURES = 1000
"""Most failures of a batch that are told one by one."""

SHEET_WINDOWS: Final = 500
"""Most windows that one picture shows with their patches."""

JSON_BYTES: Final = 500_000_000
"""Most bytes of a table in JSON or XML, which is held as text while its rows are made."""

TABLE_COLUMNS: Final = 1000
"""Most columns of a table."""
