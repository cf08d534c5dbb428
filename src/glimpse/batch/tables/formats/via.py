"""VIA, the VGG Image Annotator, to version 2: its CSV, and its JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glimpse import limits
from glimpse.batch.tables.dialect import Records, as_utf8
from glimpse.batch.tables.formats.json_text import parsed
from glimpse.batch.tables.formats.lines import BOX, Lines, around_ellipse, as_cell, box_of, counted

Region = tuple[str, str, str, Any, Any]  # place in the file, image, number, shape, attributes
_ATTRIBUTES = "shape_attributes", "region_attributes"


def read_csv(name: str, data: bytes, images: str) -> Lines:
    """The CSV of VIA, whose cell region_shape_attributes is JSON."""
    records = Records(as_utf8(data))

    def regions() -> Iterator[Region]:
        for index in range(len(records)):
            cells = dict(zip(records.header, records.cells(index), strict=False))
            shape, more = (parsed(cells.get(f"region_{of}attributes") or "{}") for of in ("shape_", ""))
            own = (cells.get(key, "") for key in ("filename", "region_id"))
            yield (str(records.line(index)), *own, shape, more)

    return read_regions(regions())


def files_of(members: Mapping[str, Any]) -> list[Any]:
    """The files of VIA's JSON, a project or its annotations alone; none of another JSON."""
    found = members.get("_via_img_metadata", members)
    files = list(found.values()) if isinstance(found, dict) else []
    return files if all(isinstance(file, dict) and "regions" in file for file in files) else []


def read_files(name: str, members: Mapping[str, Any]) -> Lines:
    """The regions of VIA's JSON."""
    return read_regions(_regions(files_of(members)))


def _regions(files: Iterable[Any]) -> Iterator[Region]:
    for file in files:
        regions = file["regions"]
        numbered = (
            regions.items()
            if isinstance(regions, dict)
            else enumerate(regions if isinstance(regions, list) and regions else [{}])
        )
        for key, region in numbered:
            own = region if isinstance(region, dict) else {}
            name = as_cell(file.get("filename"))
            yield f"{name} region {key}"[:80], name, str(key), *map(own.get, _ATTRIBUTES)  # type: ignore[misc]


def read_regions(regions: Iterable[Region]) -> Lines:
    """Regions of VIA: the boxes around their shapes; what is told of them becomes columns."""
    header = [*BOX[:5], "region_id"]
    rows: list[tuple[str, dict[str, str]]] = []
    notes: Counter[str] = Counter()
    for place, image, number, shape, more in regions:
        box = _box(shape) if isinstance(shape, dict) else None
        if box is None:
            notes["rows without a region are left out"] += 1
            continue
        if shape.get("name") != "rect":
            notes["regions that are no rectangle get the box around them"] += 1
        row = {str(k): as_cell(v) for k, v in more.items()} if isinstance(more, dict) else {}
        row |= {"image": image, "region_id": number, **dict(zip(BOX[1:5], map(as_cell, box), strict=True))}
        header += [key for key in row if key not in header]
        rows.append((place, row))
        if len(header) > limits.TABLE_COLUMNS:
            break
    return Lines(header, rows, counted(notes))


def _box(shape: Mapping[str, Any]) -> list[float] | None:
    try:
        if {"x", "y", "width", "height"} <= set(shape):
            return [float(shape[key]) for key in ("x", "y", "width", "height")]
        if "cx" in shape:
            rx, ry = (float(shape.get(key, shape.get("r"))) for key in ("rx", "ry"))
            x, y, turn = (float(shape.get(key, 0)) for key in ("cx", "cy", "theta"))
            return around_ellipse(x, y, rx, ry, turn)
        xs, ys = (list(map(float, shape[key])) for key in ("all_points_x", "all_points_y"))
        return box_of(xs, ys)
    except (KeyError, TypeError, ValueError):
        return None
