"""Lines of words and numbers: KITTI and DOTA, a file for each image, and the list of WIDER FACE."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from glimpse.batch.tables.formats.lines import BOX, Boxes, Lines, as_cell, box_of, counted
from glimpse.batch.tables.formats.pictures import sibling

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?", re.I)


def read_kitti(name: str, data: bytes, images: str) -> Boxes:
    """KITTI: a class, three numbers, then left, top, right and bottom in pixels; the others are of space."""
    image, notes = sibling(name, images), Counter[str]()
    rows = []
    for parts in map(str.split, _lines(data)):
        ends = _numbers(parts[4:8])
        if parts and (parts[0] == "DontCare" or len(ends) < 4):
            notes["lines that are no object (DontCare) are left out"] += 1
        elif parts:
            box = map(as_cell, box_of(ends[::2], ends[1::2]))
            rows.append([image, *box, parts[0], "", "".join(parts[15:16]), "", ""])
    return Boxes(rows, notes, normalized=False)


def read_dota(name: str, data: bytes, images: str) -> Boxes:
    """DOTA: the four corners of a turned box in pixels, a class, and whether it is hard to see."""
    image, notes = sibling(name, images), Counter[str]()
    rows = []
    for parts in map(str.split, _lines(data)):
        corners = _numbers(parts[:8])
        if len(corners) == 8 and len(parts) > 8:
            notes["oriented boxes get the upright box around them"] += 1
            box = map(as_cell, box_of(corners[::2], corners[1::2]))
            rows.append([image, *box, parts[8], "", "", "", ""])
        elif parts and ":" not in parts[0]:
            notes["lines that are no box are left out"] += 1
    return Boxes(rows, notes, normalized=False)


def read_wider(name: str, data: bytes, images: str) -> Lines:
    """WIDER FACE: the name of an image, how many boxes it has, and these, each x, y, w, h and more."""
    notes = Counter[str]()
    rows: list[tuple[str, Sequence[str]]] = []
    image = ""
    for number, line in enumerate(_lines(data), 1):
        box = _numbers(line.split()[:4])
        if len(box) == 4 and min(box[2:]) > 0:
            rows.append((str(number), [image, *map(as_cell, box), "face"]))
        elif len(box) == 4 and any(box):
            notes["boxes without an area are left out"] += 1
        elif line.strip() and not line.strip().isdecimal() and len(box) < 4:
            image = line.strip()
    return Lines(BOX, rows, counted(notes))


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()


def _numbers(parts: Sequence[str]) -> list[float]:
    """The numbers that words are, as many as there are before another word."""
    found: list[float] = []
    for part in parts:
        if not _NUMBER.fullmatch(part):
            break
        found.append(float(part))
    return found
