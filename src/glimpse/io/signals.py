"""Signals, of a WAV or of a column of CSV: pictures of one row, for those who ask for them."""

from __future__ import annotations

import csv
import io
import math
import wave
from array import array
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from glimpse.errors import GlimpseError
from glimpse.io.picture import TAKERS, DecodeOptions, Picture
from glimpse.validation import check_pixels

_LINE = 1 << 16  # bytes of a line: a file without any must not be read as one


def as_signal(samples: NDArray[Any], options: DecodeOptions) -> Picture:
    """Return samples, shape (L,) or of some channels (L, C), as the picture that `read` looks at.

    Raises
    ------
    GlimpseError
        If an option asks for what a signal has not.
    """
    if options.levels or options.linear or options.labels or options.nodata:
        raise GlimpseError(
            "a signal is numbers, not levels; leave out --range, --linear, --nearest and --nodata"
        )
    return Picture(samples[None], exact=True, signal=True)


def read_wav(file: BinaryIO, options: DecodeOptions) -> Picture:
    """Return the samples of a WAV as whole numbers, 8 bits from 0 to 255, the others around 0.

    Raises
    ------
    GlimpseError
        If they are no whole numbers, too many, or cut short.
    """
    if not options.signals:
        raise GlimpseError(f"a sound is no image but a signal; only {TAKERS} take signals")
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    try:
        with wave.open(file) as sound:
            channels, width, count = sound.getnchannels(), sound.getsampwidth(), sound.getnframes()
            check_pixels(1, count, options.max_pixels, channels, f"{channels} channels")
            claimed = count * channels * width
            data = sound.readframes(count) if 0 < claimed <= size and width <= 4 else b""
            if not data or len(data) < claimed:
                raise GlimpseError("cannot be decoded: the file is empty, or shorter than its header says")
    except wave.Error as error:
        raise GlimpseError(f"a WAV whose samples are not read: {error}") from None
    parts = np.frombuffer(data, np.uint8).reshape(-1, width)
    if width == 1:
        samples: NDArray[Any] = parts[:, 0]
    elif width == 3:  # in the upper bytes of a number of four, which keeps the sign
        samples = np.pad(parts, ((0, 0), (1, 0))).view("<i4")[:, 0] >> 8
    else:
        samples = parts.view(f"<i{width}")[:, 0]
    samples = samples.astype(samples.dtype.newbyteorder("="))
    return as_signal(samples if channels == 1 else samples.reshape(-1, channels), options)


def read_column(file: BinaryIO, options: DecodeOptions) -> Picture | None:
    """Return a column of a CSV file of numbers, or None where a file is none.

    Raises
    ------
    GlimpseError
        If there are several columns and none is picked, or a cell of it is no number.
    """
    file.seek(0)
    names, separator, at, samples = list[str](), "", -1, array("d")
    for number, raw in enumerate(iter(partial(file.readline, _LINE), b""), start=1):
        try:
            line = raw.decode("utf-8-sig").strip()
            separator = separator or next((mark for mark in ";\t," if mark in line), "")
            cells = next(csv.reader([line], delimiter=separator or ",")) if line else []
        except (UnicodeDecodeError, csv.Error):
            cells = ["?"]
        if not cells:
            continue
        values = [_number(cell) for cell in cells]
        if at < 0 and all(value is None for value in values):
            if names:  # a header, and no numbers below it
                return None
            names = [cell.strip() for cell in cells]
            continue
        at = _place(options.column, names, len(cells)) if at < 0 else at
        value = values[at] if at < len(values) else None
        if value is None:
            raise GlimpseError(f"line {number} has no number in column {names[at] if names else at + 1}")
        samples.append(value)
        check_pixels(1, len(samples), options.max_pixels)
    return as_signal(np.array(samples), options) if samples else None


def _number(text: str) -> float | None:
    """A finite number, None where a cell holds none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def _place(column: str | None, names: list[str], count: int) -> int:
    """The index of the column that is asked for, by its name or its number from 1, or of the only one."""
    if column is None and count == 1:
        return 0
    if column is not None and column in names[:count]:
        return names.index(column)
    if column is not None and column.isascii() and column.isdigit() and 1 <= int(column[:9]) <= count:
        return int(column[:9]) - 1
    known = f" ({', '.join(names[:8])})"[:200] if names else ""
    what = "give --column" if column is None else f"--column {column} is none of them; give"
    raise GlimpseError(f"it has {count} columns{known}; {what} NAME, or its number from 1")
