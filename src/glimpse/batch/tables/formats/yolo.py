"""YOLO: lines of text, a file for each image, and the files that name its classes."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any

from glimpse.batch.tables.formats.lines import Boxes, as_cell, box_of
from glimpse.batch.tables.formats.pictures import sibling


def read_yolo(name: str, data: bytes, images: str) -> Boxes:
    """YOLO: class, centre and size from 0 to 1; with a confidence; or a polygon, or an oriented box."""
    classes, image = _classes(os.path.dirname(os.path.abspath(name))), sibling(name, images)
    notes: Counter[str] = Counter()
    rows = []
    for line in data.decode("ascii", "replace").splitlines():
        parts = line.split()
        if not parts:
            continue
        found = _yolo_box(parts)
        if found is None:
            notes["lines that are no box are left out"] += 1
            continue
        cells, confidence, note = found
        notes.update([note] if note else [])
        kind = parts[0].partition(".")[0]
        rows.append([image, *map(as_cell, cells), classes.get(kind, kind), kind, confidence, "", ""])
    return Boxes(rows, notes, normalized=True)


def _yolo_box(parts: Sequence[str]) -> tuple[list[float], str, str] | None:
    """The centre and size of a line, its confidence, and what is told of it; None of one that is no box."""
    try:
        numbers = [float(part) for part in parts[1:]]
    except ValueError:
        return None
    if len(numbers) in (4, 5):
        return numbers[:4], "".join(parts[5:6]), ""
    seen = numbers[6::3] if len(numbers) % 3 == 1 and len(numbers) > 4 else [3.0]
    if {0.0, 1.0, 2.0}.issuperset(seen) and (len(numbers) % 2 or 2.0 in seen):
        return numbers[:4], "", "lines are a box with its keypoints"
    if len(numbers) < 6:
        return None
    x, y, w, h = numbers[:4]
    inside = len(numbers) == 6 and max(abs(x - 0.5) + w / 2, abs(y - 0.5) + h / 2) < 0.51
    if parts[-1].isdigit() and (numbers[-1] > 1 or (numbers[-1] == 1 and inside)):
        numbers = numbers[:-1]  # the number of a track comes last
        if len(numbers) == 5:
            return numbers[:4], parts[5], "lines are a box with its confidence and track"
    if _are_keypoints(numbers):
        return numbers[:4], "", "lines are a box with its keypoints"
    confidence = parts[len(numbers)] if len(numbers) % 2 else ""
    corners = numbers[: len(numbers) // 2 * 2]
    x, y, w, h = box_of(corners[::2], corners[1::2])
    what = "oriented boxes" if len(corners) == 8 else "polygons"
    return [x + w / 2, y + h / 2, w, h], confidence, f"{what} get the upright box around them"


def _are_keypoints(numbers: Sequence[float]) -> bool:
    """Whether numbers are a box and points inside it, each with a confidence, rather than a polygon.

    The outline of a polygon that turns one way is no longer than that of its box; points that are made of
    places and confidences jump to and fro.
    """
    points = [numbers[k : k + 3] for k in range(4, len(numbers) - 2, 3)]
    if len(points) < 4 or len(numbers) % 3 == 0 or not all(0 <= value <= 1 for value in numbers):
        return False  # fewer leave it open
    x, y, w, h = numbers[:4]
    if any(sure > 0.5 and (abs(u - x) > 0.6 * w or abs(v - y) > 0.6 * h) for u, v, sure in points):
        return False
    xs, ys = numbers[: len(numbers) // 2 * 2 : 2], numbers[1::2]
    ends = zip(xs, ys, (*xs[1:], xs[0]), (*ys[1:], ys[0]), strict=True)
    _, _, across, down = box_of(xs, ys)
    return sum(math.hypot(c - a, d - b) for a, b, c, d in ends) > 2 * (across + down)


def _classes(folder: str) -> dict[str, str]:
    """The names of classes by their numbers, as files in a folder or above it list them."""
    for _ in range(4):
        for file in ("classes.txt", "obj.names"):
            path = os.path.join(folder, file)
            if os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as text:
                    return {
                        str(k): line.strip() for k, line in enumerate(islice(text, 100_000)) if line.strip()
                    }
        for file in ("data.yaml", "dataset.yaml"):
            path = os.path.join(folder, file)
            if os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as text:
                    return _names_of_yaml(text.read(1_000_000))
        folder = os.path.dirname(folder)
    return {}


_QUOTED = r"""'(?:[^'\n]|'')*'|"(?:[^"\\\n]|\\.)*\""""
_SCALAR = rf"""{_QUOTED}|[^\s,\[\]{{}}'"][^,\]}}\n]*"""
_COMMENT = re.compile(rf"(?<!\w)({_QUOTED})|(?:^|(?<=[ \t]))#.*", re.M)


def _names_of_yaml(text: str) -> dict[str, str]:
    """The member names of a data.yaml: a list in brackets or in lines, or numbers with names, in either."""
    match = re.search(r"^names:(.*(?:\n(?:[ \t\-\]}#].*|\r?$))*)", text, re.M)
    body = _COMMENT.sub(lambda found: found[1] or "", match[1] if match else "").strip()
    number = r"""['"]?(\d+)['"]?[ \t]*:[ \t]+"""
    pairs: list[tuple[Any, str]]
    if body.startswith("["):
        pairs = list(enumerate(re.findall(_SCALAR, body)))
    elif body.startswith("{"):
        pairs = re.findall(rf"{number}({_SCALAR})", body)
    elif body.startswith("-"):
        pairs = list(enumerate(re.findall(r"^[ \t]*-[ \t]+(.+)$", body, re.M)))
    else:
        pairs = re.findall(rf"^[ \t]*{number}(.+)$", body, re.M)
    return {str(key): _unquoted(part.strip()) for key, part in pairs}


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return text
