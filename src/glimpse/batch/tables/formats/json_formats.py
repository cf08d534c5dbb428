"""JSON by what stands in it: a format of annotators, or objects with a row each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from glimpse import limits
from glimpse.batch.tables.formats.coco import Coco, read_results
from glimpse.batch.tables.formats.createml import read_pictures
from glimpse.batch.tables.formats.fiftyone import is_fiftyone, read_dataset
from glimpse.batch.tables.formats.json_text import LINE, decoded, parsed, skip_space, walk_list, walk_object
from glimpse.batch.tables.formats.label_studio import read_tasks
from glimpse.batch.tables.formats.lines import Boxes, Lines, as_cell, box_around, counted
from glimpse.batch.tables.formats.pictures import beside
from glimpse.batch.tables.formats.ultralytics import with_box
from glimpse.batch.tables.formats.via import files_of, read_files
from glimpse.batch.tables.formats.via3 import is_project, read_project
from glimpse.errors import GlimpseError

_OBJECTS = ((files_of, read_files), (is_project, read_project), (is_fiftyone, read_dataset))
"""How the members of an object tell its format, and the reader of it by the file's name and the members."""


def read_object(name: str, data: bytes, images: str) -> Any:
    """COCO, labelme, VIA, FiftyOne or JSON Lines: an object, or one in each line."""
    text = decoded(data)
    end = text.find("\n")
    first = text if end < 0 else text[:end]
    value = parsed(first) if len(first) < LINE else None
    named = {"annotations", "images", "shapes"}
    if isinstance(value, dict) and not (named & set(value) or any(knows(value) for knows, _ in _OBJECTS)):
        return _json_lines(text)
    coco = Coco(images)
    members = walk_object(
        text, {"images": coco.image, "annotations": coco.annotation, "categories": coco.category}
    )
    if "shapes" in members:
        return _labelme(name, members)
    for knows, read in _OBJECTS:
        if knows(members):
            return read(name, members)
    if "annotations" not in members or "images" not in members:
        some = ", ".join(map(repr, islice(members, 5)))[:80] or "none"
        raise GlimpseError(
            f"JSON without the members images and annotations of COCO, or shapes of labelme: {some}"
        )
    return coco.lines()


def read_list(name: str, data: bytes, images: str) -> Lines:
    """A list of COCO's detections, Label Studio's tasks, Create ML's images, or other objects, a row each."""
    text = decoded(data)
    start = skip_space(text, 0)
    first, _ = next(walk_list(text, start), ({"image_id": None}, 0))
    if not isinstance(first, dict):
        raise GlimpseError("a JSON list, but not of objects")
    if "image_id" in first:
        return read_results(name, data, images)
    if '"coordinates"' in text and {"annotations", "annotation"} & set(first):
        return read_pictures(picture for picture, _ in walk_list(text, start))
    if "original_width" in text or {"annotations", "data"} <= set(first):
        return read_tasks((task for task, _ in walk_list(text, start)), images)
    return _objects((str(k), value) for k, (value, _) in enumerate(walk_list(text, start), 1))


def _json_lines(text: str) -> Lines:
    """One object in each line, as `metadata.jsonl` of Hugging Face's datasets."""
    lines = enumerate(text.split("\n"), 1)
    return _objects((str(number), parsed(line)) for number, line in lines if line.strip())


def _objects(values: Iterable[tuple[str, Any]]) -> Lines:
    """Objects, each with its place in the file; a row each, or for each of their boxes."""
    header: dict[str, None] = {}
    rows: list[tuple[str, Mapping[str, str] | None]] = []
    notes: Counter[str] = Counter()
    for place, value in values:
        for each in _each_box(value, notes) if isinstance(value, dict) else [None]:
            row = None if each is None else {key: as_cell(cell) for key, cell in each.items()}
            rows.append((place, row))
            header.update(dict.fromkeys(row or ()))
        if len(header) > limits.TABLE_COLUMNS:
            break
    return Lines(list(header), rows, counted(notes))


def _each_box(value: dict[str, Any], notes: Counter[str]) -> Iterator[dict[str, Any]]:
    """The boxes of a member `objects`, each with the rest, as datasets of detection have them.

    Of another object itself; a box that is an object, as ultralytics has it, with its members.
    """
    objects = value.get("objects")
    if isinstance(objects, list) and any(isinstance(each, dict) and "bbox" in each for each in objects):
        rest = {key: cell for key, cell in value.items() if key != "objects"}
        yield from (rest | each for each in objects if isinstance(each, dict))
        return
    boxes = objects.get("bbox") if isinstance(objects, dict) else None
    if not (isinstance(objects, dict) and isinstance(boxes, list)):
        yield with_box(value, notes)
        return
    rest = {key: cell for key, cell in value.items() if key != "objects"}
    lists = {key: cells for key, cells in objects.items() if isinstance(cells, list)}
    for index in range(len(boxes)):
        yield rest | {key: cells[index] for key, cells in lists.items() if len(cells) == len(boxes)}


def _labelme(name: str, members: Mapping[str, Any]) -> Boxes:
    """The shapes of labelme: rectangles, and the boxes around circles, polygons and lines."""
    notes: Counter[str] = Counter()
    rows = []
    image = beside(name, as_cell(members.get("imagePath")))
    size = [as_cell(members.get(key)) for key in ("imageWidth", "imageHeight")]
    for shape in members["shapes"] if isinstance(members["shapes"], list) else ():
        points: Any = shape.get("points") if isinstance(shape, dict) else None
        kind = shape.get("shape_type") or "polygon" if isinstance(shape, dict) else ""
        box = box_around(points)
        if kind == "circle" and box and [len(point) for point in points or ()] == [2, 2]:
            (x, y), radius = points[0], math.hypot(*box[2:])  # the centre, and a point of the circle
            box = [x - radius, y - radius, 2 * radius, 2 * radius]
        if box is None:
            notes["shapes without a box are left out"] += 1
            continue
        if kind != "rectangle":
            notes["shapes that are no rectangle get the box around them"] += 1
        rows.append([image, *map(as_cell, box), as_cell(shape.get("label")), "", "", *size])
    return Boxes(rows, notes, normalized=False)
