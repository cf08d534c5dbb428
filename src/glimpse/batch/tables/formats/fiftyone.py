"""FiftyOne: the labels of a dataset of detection, or all samples of a dataset, in shares of the picture."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from glimpse.batch.tables.formats.lines import BOX, SIZE, Lines, as_cell, box_around, counted
from glimpse.batch.tables.formats.pictures import of_stem
from glimpse.errors import GlimpseError

_Label = tuple[str, str, Any, Any]  # image, field, label, size of the image


def is_fiftyone(members: Mapping[str, Any]) -> bool:
    """Tell whether an object is a file of labels, or of samples."""
    labels, samples = members.get("labels"), members.get("samples")
    if isinstance(labels, dict):
        return "classes" in members
    return isinstance(samples, list) and all(
        isinstance(each, dict) and "filepath" in each for each in samples
    )


def read_dataset(name: str, members: Mapping[str, Any]) -> Lines:
    """The labels that have a box, or points to put one around; the field of a sample is a column."""
    notes: Counter[str] = Counter()
    rows = []
    classes = members.get("classes")
    for number, (image, field, label, size) in enumerate(_labels(name, members), 1):
        if not isinstance(label, dict):
            raise GlimpseError("labels of FiftyOne without boxes, of classes alone")
        box = label.get("bounding_box")
        if not (isinstance(box, list) and len(box) == 4):
            if (box := box_around(label.get("points"))) is None:
                notes["labels without a box are left out"] += 1
                continue
            notes["labels without a box get the box around their points"] += 1
        kind = label.get("label")
        if isinstance(kind, int) and isinstance(classes, list) and 0 <= kind < len(classes):
            kind = classes[kind]
        sides = [as_cell(size.get(side)) if isinstance(size, dict) else "" for side in ("width", "height")]
        cells = [image, *map(as_cell, box), as_cell(kind), as_cell(label.get("confidence")), field, *sides]
        rows.append((f"label {number}", cells))
    return Lines((*BOX, "confidence", "field", *SIZE), rows, counted(notes), normalized=True)


def _labels(name: str, members: Mapping[str, Any]) -> Iterator[_Label]:
    """Every label; of a list of labels each, and no classification of a whole sample."""
    if isinstance(members.get("labels"), dict):
        for key, labels in members["labels"].items():
            image = _exported(name, key)
            yield from ((image, "", label, None) for label in _each(labels))
        return
    for sample in members["samples"]:
        image, size = as_cell(sample["filepath"]), sample.get("metadata")
        for field, value in sample.items():
            if isinstance(value, dict) and "_cls" in value and field != "metadata":
                lists = [cells for cells in value.values() if isinstance(cells, list)]
                many = [each for cells in lists for each in cells if isinstance(each, dict)]
                one = [value] if {"bounding_box", "points"} & set(value) else []
                yield from ((image, field, label, size) for label in one or many)


def _each(labels: Any) -> list[Any]:
    return labels if isinstance(labels, list) else [] if labels is None else [labels]


def _exported(name: str, key: str) -> str:
    """The image of a key, which is its name without its ending, in the folder data/ of the export."""
    path = os.path.join(os.path.dirname(os.path.abspath(name)), "data", key)
    return path if os.path.lexists(path) else of_stem(path) or key
