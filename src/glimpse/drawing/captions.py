"""The words below a picture: the numbers of its window, and its settings that are not the default."""

from __future__ import annotations

from typing import Any

import numpy as np

from glimpse.drawing.ink import wrapped, write
from glimpse.drawing.viewport import BACKGROUND, BOX, COL, INK, ROW, STRIP, Colour, Levels
from glimpse.window import Window

Words = list[tuple[str, Colour]]

TEXT = 15  # pixels that a caption is high


def said(value: Any, form: str = ".4g") -> str:
    """Write a number, or two of rows and columns."""
    return ", ".join(format(v, form) for v in value) if isinstance(value, tuple) else format(value, form)


def unusual(window: Window) -> list[str]:
    """Name gamma, kernel and edge where they are not the default."""
    words = [f"gamma {said(window.gamma)}"] if window.gamma != Window.gamma else []
    words += [f"{window.kernel} kernel"] if window.kernel != Window.kernel else []
    return words + ([f"{window.edge} beyond the edge"] if window.edge != Window.edge else [])


def words_of(window: Window, step: int = 1) -> Words:
    """The captions of a window, of whose filters every `step`-th is drawn."""
    shown = [f"delta {said(window.delta)}", f"sigma {said(window.sigma)}", *unusual(window)]
    return [
        (f"row {window.gx:.6g} (gx) DOWN", ROW),
        (f"col {window.gy:.6g} (gy) ACROSS", COL),
        *((text, BOX) for text in shown),
        *([(f"{ordinal(step)} filter drawn", INK)] if step > 1 else []),
    ]


def ordinal(step: int) -> str:
    """Every 2nd, every 4th, every 8th."""
    return f"every {step}{'nd' if step in (2, 32) else 'th'}"


def strip(words: Words, width: int, unit: int = 1) -> Levels:
    """Draw captions in as many lines as they need, shape (height, width, 3)."""
    lines = wrapped(words, TEXT * unit, width)
    area = np.full((len(lines) * STRIP * unit, width, 3), BACKGROUND, np.uint8)
    for line, row in enumerate(lines):
        for x, text, colour in row:
            write(area, (x, (line * STRIP + 4) * unit), text, TEXT * unit, colour)
    return area
