"""Rows of ultralytics' results, whose box is an object: in JSON, and in a cell of `to_csv`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from glimpse.batch.tables.dialect import Records, as_utf8
from glimpse.batch.tables.formats.lines import Lines, as_cell, box_of, counted

_NUMBER = re.compile(r"['\"](\w+)['\"]\s*:\s*(-?\d+(?:\.\d*)?(?:e[-+]?\d+)?)")


def read_csv(name: str, data: bytes, images: str) -> Lines:
    """A table whose cell box is an object as Python writes it; it names no image."""
    records = Records(as_utf8(data))
    notes: Counter[str] = Counter()
    rows = []
    header = dict.fromkeys(records.header)
    for index in range(len(records)):
        told: dict[str, Any] = dict(zip(records.header, records.cells(index), strict=False))
        told["box"] = {key: float(number) for key, number in _NUMBER.findall(told.get("box", ""))}
        row = {key: as_cell(cell) for key, cell in with_box(told, notes).items()}
        header.update(dict.fromkeys(row))
        rows.append((str(records.line(index)), row))
    return Lines(list(header), rows, counted(notes))


def with_box(told: Mapping[str, Any], notes: Counter[str]) -> dict[str, Any]:
    """A row whose box, or bbox, is an object, with the numbers of the box as columns.

    The name of a class is `class` then, and its number `class_id`; four corners become the upright box
    around them.
    """
    box = next((told[key] for key in ("box", "bbox") if isinstance(told.get(key), dict)), None)
    if box is None:
        return dict(told)
    corners = [[box.get(f"{axis}{k}") for k in (1, 2, 3, 4)] for axis in "xy"]
    if all(isinstance(each, (int, float)) for ends in corners for each in ends):
        x, y, w, h = box_of(*corners)
        box = {"x1": x, "y1": y, "x2": x + w, "y2": y + h}
        notes["oriented boxes get the upright box around them"] += 1
    named = {"class": told["name"], "class_id": told["class"]} if {"name", "class"} <= set(told) else {}
    return {**told, **named, **box}
