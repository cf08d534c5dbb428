"""Rows that readers of formats yield, and the boxes around what annotators draw."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from glimpse import limits
from glimpse.errors import GlimpseError

SIZE = ("image_width", "image_height")  # columns of the size that a file tells of its image
BOX = ("image", "x", "y", "w", "h", "class")
PER_FILE = (*BOX, "class_id", "confidence", *SIZE)


class Lines:
    """The rows of a table that is not text with separators, as `Records` has those of one that is.

    Parameters
    ----------
    header : sequence of str
        The names of the columns.
    rows : sequence of (str, mapping or sequence of str, or None)
        The place of each row, for messages, and its cells, by their names or in order; None if it is damaged.
    notes : sequence of str
        What was left out or changed, to tell once.
    normalized : bool
        Whether positions and sizes go from 0 to 1.
    """

    delimiter = ","

    def __init__(
        self,
        header: Sequence[str],
        rows: Sequence[tuple[str, Mapping[str, str] | Sequence[str] | None]],
        notes: Sequence[str] = (),
        *,
        normalized: bool = False,
    ) -> None:
        self.header, self.notes, self.normalized = list(header), list(notes), normalized
        self._rows = rows
        if len(self.header) > limits.TABLE_COLUMNS:
            raise GlimpseError(f"more than {limits.TABLE_COLUMNS} columns")

    def __len__(self) -> int:
        return len(self._rows)

    def line(self, index: int) -> str:
        """Return the place of a row in its file."""
        return self._rows[index][0]

    def cells(self, index: int) -> list[str]:
        """Return the cells of a row.

        Raises
        ------
        GlimpseError
            If it is damaged.
        """
        row = self._rows[index][1]
        if row is None:
            raise GlimpseError("damaged JSON")
        return [row.get(name, "") for name in self.header] if isinstance(row, Mapping) else list(row)


class Boxes:
    """The boxes of one image, as YOLO, VOC and labelme save a file for each."""

    def __init__(self, rows: list[list[str]], notes: Counter[str], *, normalized: bool | None) -> None:
        self.rows, self.notes, self.normalized = rows, notes, normalized


_SINGULAR = {
    **{f"{noun}s": noun for noun in ("annotation", "crowd", "file", "line", "object", "polygon")},
    **{f"{noun}s": noun for noun in ("region", "row", "shape", "task")},
    **{"boxes": "box", "are": "is", "get": "gets", "them": "it", "their": "its"},
}


def counted(notes: Counter[str]) -> list[str]:
    """Return notes with how often each is true, as "3 crowds are left out" or "1 crowd is left out".

    Examples
    --------
    >>> counted(Counter({"polygons get the box around them": 1}))
    ['1 polygon gets the box around it']
    """
    return [
        f"{count} {words if count > 1 else ' '.join(_SINGULAR.get(word, word) for word in words.split())}"
        for words, count in notes.items()
        if count
    ]


def as_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, (int, float)) for part in value):
        return " ".join(map(repr, value))
    return json.dumps(value) if isinstance(value, (dict, list, bool)) else repr(value)


def box_around(polygons: Any) -> list[float] | None:
    """The box x, y, w, h around polygons, each a list x, y, x, y... or of pairs."""
    if not isinstance(polygons, list):
        return None
    flat: list[Any] = []
    for part in polygons:
        flat += part if isinstance(part, list) else [part]
    points = [value for part in flat for value in (part if isinstance(part, list) else [part])]
    if len(points) < 4 or len(points) % 2 or not all(isinstance(v, (int, float)) for v in points):
        return None
    return box_of(points[::2], points[1::2])


def box_of(xs: Sequence[float], ys: Sequence[float]) -> list[float]:
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def around_ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> list[float] | None:
    """The box around an ellipse that is turned by so many radians; None of a point."""
    cos, sin = math.cos(turn), math.sin(turn)
    half = math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)
    return [x - half[0], y - half[1], 2 * half[0], 2 * half[1]] if rx and ry else None
