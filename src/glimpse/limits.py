"""Every limit of glimpse, in one place."""

N_MAX = 4096
"""Most filters per axis."""

NUMBER_MAX = 1e9
"""Largest magnitude of gx, gy, delta, sigma and gamma; its inverse is the smallest of the last three."""

MAX_PIXELS = 178_956_970
"""Most pixels of an image or canvas, Pillow's hard limit by default."""

CANVAS_SIDE = 65_535
"""Longest side of a canvas, in pixels."""

RECORD_BYTES = 65_536
"""Longest record read back from a file."""

ANIMATION_PIXELS = 1_000_000_000
"""Most pixels of all frames of one animation together."""

FILE_BYTES = 4_000_000_000
"""Most bytes read from a file or pipe."""

CHUNKS = 10_000
"""Most chunks of a PNG beside those of its pixels."""

TABLE_BYTES = 1_000_000_000
"""Most bytes of a table of windows."""

WEIGHTS = 1 << 25
"""Most weights of one filterbank: its filters times the pixels that each touches."""
