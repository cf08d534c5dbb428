"""What commands say: one line per file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from glimpse.errors import GlimpseError
from glimpse.window import Window


def source_name(name: str) -> str:
    """Return the base name that a record keeps of a source."""
    return "stdin" if name == "-" else Path(name).name


@contextmanager
def about(name: str) -> Iterator[None]:
    """Put a name in front of the errors of a block."""
    try:
        yield
    except GlimpseError as error:
        raise GlimpseError(f"{name}: {error}") from error


def beyond(window: Window, shape: tuple[int, int]) -> list[str]:
    """Return a note where a window sees nothing of an image of this shape."""
    return [] if window.sees(shape) else ["the window lies wholly beyond the image"]


def summary(name: str, what: str, output: str, window: Window, notes: Sequence[str] = ()) -> str:
    """Return the line that tells of one file."""
    place = f"row {window.gx:.6g} (gx), col {window.gy:.6g} (gy)"
    numbers = f"delta {window.delta:.6g}, sigma {window.sigma:.6g}"
    return f"{name}: {what}, {place}, {numbers} -> {output}" + "".join(f"; {note}" for note in notes)
