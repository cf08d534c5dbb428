"""Create ML and Turi Create: the boxes of each image by their centres, in JSON, or in a cell of CSV."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glimpse.batch.tables.dialect import Records, as_utf8
from glimpse.batch.tables.formats.json_text import parsed
from glimpse.batch.tables.formats.lines import Lines, as_cell, counted
from glimpse.errors import GlimpseError

_HEADER = ("image", "x_center", "y_center", "width", "height", "class")
_LONGEST = 1 << 18  # characters of a list that Python parses, which takes a hundred bytes for each
_IMAGE, _BOXES = ("image", "imagefilename", "path", "imageURL"), ("annotations", "annotation")


def read_csv(name: str, data: bytes, images: str) -> Lines:
    """A column of images and one of their annotations, in JSON or as Python writes it."""
    records = Records(as_utf8(data))

    def pictures() -> Iterator[dict[str, Any]]:
        for index in range(len(records)):
            cells = dict(zip(records.header, records.cells(index), strict=False))
            yield {key: _listed(cell) if key in _BOXES else cell for key, cell in cells.items()}

    return read_pictures(pictures())


def read_pictures(pictures: Iterable[Any]) -> Lines:
    """The boxes of images: pixels from the top left corner of the image to the centre of the box."""
    notes: Counter[str] = Counter()
    rows = []
    for picture in pictures:
        members: Mapping[str, Any] = picture if isinstance(picture, dict) else {}
        image = as_cell(next((members[key] for key in _IMAGE if key in members), None))
        boxes: list[Any] = next((members[key] for key in _BOXES if isinstance(members.get(key), list)), [])
        for number, box in enumerate(boxes, 1):
            place = box.get("coordinates") if isinstance(box, dict) else None
            told = place if isinstance(place, dict) else {}
            cells = [as_cell(told.get(key)) for key in ("x", "y", "width", "height")]
            if not all(cells):
                notes["annotations without a box are left out"] += 1
                continue
            rows.append((f"{image} annotation {number}"[:80], [image, *cells, as_cell(box.get("label"))]))
    return Lines(_HEADER, rows, counted(notes))


def _listed(cell: str) -> Any:
    """The annotations of a cell: JSON, or a list as Python prints it."""
    if not cell.lstrip().startswith("[{'"):
        return parsed(cell)
    if len(cell) > _LONGEST:
        raise GlimpseError(f"a cell of annotations as Python prints them, of more than {_LONGEST} characters")
    try:
        return ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise GlimpseError("a cell of annotations is neither JSON nor a list as Python prints it") from None
