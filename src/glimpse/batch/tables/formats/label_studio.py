"""Label Studio: its JSON, JSON-MIN and CSV."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from glimpse.batch.tables.dialect import Records, as_utf8
from glimpse.batch.tables.formats.lines import BOX, SIZE, Lines, as_cell, box_around, counted
from glimpse.batch.tables.formats.pictures import IMAGES


def read_csv(name: str, data: bytes, images: str) -> Lines:
    records = Records(as_utf8(data))

    def tasks() -> Iterator[dict[str, Any]]:
        for index in range(len(records)):
            task: dict[str, Any] = dict(zip(records.header, records.cells(index), strict=False))
            for column, cell in task.items():
                with suppress(ValueError, RecursionError):
                    task[column] = json.loads(cell) if cell.startswith("[") else cell
            yield task

    return read_tasks(tasks(), images)


def read_tasks(tasks: Iterator[Any], images: str) -> Lines:
    """Label Studio's JSON, JSON-MIN and CSV, whose numbers are percent of the picture."""
    notes: Counter[str] = Counter()
    rows: list[tuple[str, Sequence[str]]] = []
    for number, task in enumerate(tasks, 1):
        if not isinstance(task, dict):
            notes["tasks that are no object are left out"] += 1
            continue
        image = _of_upload(task.get("data", task), images)
        regions = list(_regions(task))
        if not regions and task.get("predictions"):
            notes["tasks with predictions alone are left out"] += 1
        for region in regions:
            inner = region.get("value")
            value = inner if isinstance(inner, dict) else region
            box = _percent_box(value)
            if box is None:
                notes["regions without a box are left out"] += 1
                continue
            if "width" not in value:
                notes["regions that are no rectangle get the box around them"] += 1
            if region.get("image_rotation"):
                notes["regions are of a view that was turned (image_rotation); check the place"] += 1
            labels = next(
                (v for k, v in value.items() if k.endswith("labels") and isinstance(v, list) and v), [""]
            )
            size = (as_cell(region.get(f"original_{side}")) for side in ("width", "height"))
            cells = [image, *(as_cell(part / 100) for part in box), as_cell(labels[0])]
            rows.append((f"task {number}", [*cells, as_cell(value.get("rotation")), *size]))
    return Lines((*BOX, "rotation", *SIZE), rows, counted(notes), normalized=True)


def _regions(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The regions of a task: in the results of its annotations; of JSON-MIN and CSV in a member."""
    annotations = task.get("annotations")
    whole = isinstance(annotations, list)
    lists = [
        each.get("result")
        for each in (annotations if isinstance(annotations, list) else ())
        if isinstance(each, dict) and not each.get("was_cancelled")
    ]
    for each in lists if whole else task.values():
        found = each if isinstance(each, list) else []
        yield from _whole(
            region for region in found if isinstance(region, dict) and "original_width" in region
        )


def _whole(regions: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Regions with the labels that another control gave to the same one, in a result of its own."""
    found: dict[Any, Mapping[str, Any]] = {}
    for number, region in enumerate(regions):
        value = region.get("value")
        key = region["id"] if isinstance(region.get("id"), str) and isinstance(value, dict) else number
        before = found.get(key, {}).get("value", {})
        found[key] = {**region, "value": {**before, **value}} if isinstance(value, dict) else region
    return list(found.values())


def _percent_box(value: Mapping[str, Any]) -> list[float] | None:
    try:
        if "radiusX" in value:
            x, y, rx, ry = (float(value[key]) for key in ("x", "y", "radiusX", "radiusY"))
            return [x - rx, y - ry, 2 * rx, 2 * ry]
        if "points" in value:
            return box_around(value["points"])
        return [float(value[key]) for key in ("x", "y", "width", "height")] if "height" in value else None
    except (KeyError, TypeError, ValueError):
        return None


def _of_upload(data: Any, images: str) -> str:
    """The file of a picture by its address on the server, which puts eight digits before an upload's name."""
    addresses = [text for text in data.values() if isinstance(text, str)] if isinstance(data, dict) else []
    for address in addresses:
        path = address.rpartition("?d=")[2].partition("?")[0]  # of a file that is served, or is signed
        name = unquote(path.rsplit("/", 1)[-1])
        if os.path.splitext(name)[1].lower() in IMAGES:
            bare = re.sub(r"^[0-9a-f]{8}-", "", name)
            return name if os.path.lexists(os.path.join(images, name)) else bare
    return ""
