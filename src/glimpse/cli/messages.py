"""The words of commands: one line per file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from glimpse.window import Window


def source_name(name: str) -> str:
    """Return the base name that a record keeps of a source."""
    return "stdin" if name == "-" else os.path.basename(name)


def clipped(array: Any, white: int, output: str) -> list[str]:
    """Return a note on levels beyond black or white, which a PNG cannot hold."""
    from glimpse.io.encode import still_format

    if still_format(output).exact or (array.min() >= -0.5 and array.max() <= white + 0.5):
        return []
    return cut_note(((array < -0.5) | (array > white + 0.5)).mean())


def cut_note(share: float) -> list[str]:
    """Return a note on the share of levels that were cut to black or white."""
    return [f"{100 * share:.2g} % is beyond black or white and was cut; .npy keeps it"] if share else []


class Summary(str):
    """The line that tells of one output; `noted` where it says more than was asked for."""

    noted = False


def summary(
    name: str, made: str, output: str, window: Window, notes: Sequence[str] = (), last: Window | None = None
) -> Summary:
    """Return the line that tells of one file; of a sweep with the last window too."""
    gx, gy, delta, sigma = (_value(key, window, last or window) for key in ("gx", "gy", "delta", "sigma"))
    place = f"row {gx} (gx), col {gy} (gy), delta {delta}, sigma {sigma}"
    line = Summary(f"{name}: {made}, {place} -> {output}" + "".join(f"; {note}" for note in notes))
    line.noted = bool(notes)
    return line


def _value(key: str, first: Window, last: Window) -> str:
    ends = [_number(getattr(window, key)) for window in (first, last)]
    return ends[0] if ends[0] == ends[1] else ":".join(ends)


def _number(value: Any) -> str:
    return ",".join(f"{each:.6g}" for each in (value if isinstance(value, tuple) else (value,)))
