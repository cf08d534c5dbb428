"""VIA of version 3: a project, whose regions are numbers, and its CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from glimpse.batch.tables.dialect import Records, as_utf8
from glimpse.batch.tables.formats.json_text import parsed
from glimpse.batch.tables.formats.lines import Lines, as_cell
from glimpse.batch.tables.formats.via import Region, read_regions
from glimpse.errors import GlimpseError

_Attributes = dict[str, tuple[str, Mapping[str, Any]]]  # names, and the names of their options
_NAMED = {2: ("rect", ("x", "y", "width", "height")), 3: ("circle", ("cx", "cy", "r")),
          4: ("ellipse", ("cx", "cy", "rx", "ry"))}  # fmt: skip
_POINTS = {5: "line", 6: "polyline", 7: "polygon", 8: "rect"}  # 8: a rectangle by points on its four sides
_COLUMNS = "metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata"


def is_project(members: Mapping[str, Any]) -> bool:
    """Tell whether an object is a project of this version."""
    return all(isinstance(members.get(key), dict) for key in ("file", "view", "metadata"))


def read_project(name: str, members: Mapping[str, Any]) -> Lines:
    """The regions of a project, with its attributes as columns."""
    attributes = _attributes(members.get("attribute"))
    files = {
        key: as_cell(_part(file, "fname") or _part(file, "src")) for key, file in members["file"].items()
    }

    def regions() -> Iterator[Region]:
        for key, told in members["metadata"].items():
            shown = _part(members["view"].get(as_cell(_part(told, "vid"))), "fid_list")
            images = [files.get(as_cell(fid), "") for fid in shown] if isinstance(shown, list) else []
            yield _region(str(key), images, told, attributes)

    return read_regions(regions())


def read_csv(name: str, data: bytes, images: str) -> Lines:
    """The CSV of a project, whose header and attributes are comments."""
    text = as_utf8(data)
    named = re.search(rb"^# ATTRIBUTES = (\{.*\})", text, re.M)
    attributes = _attributes(parsed(named[1].decode("utf-8", "replace")) if named else None)
    records = Records(_COLUMNS.encode() + b"\n" + text)

    def regions() -> Iterator[Region]:
        for index in range(len(records)):
            key, files, _, *parts = (records.cells(index) + [""] * 6)[:6]
            listed = parsed(files)
            pictures = list(map(as_cell, listed if isinstance(listed, list) else [files]))
            told = dict(zip(("z", "xy", "av"), map(parsed, parts), strict=True))
            yield _region(key, pictures, told, attributes)

    return read_regions(regions())


def _region(key: str, images: Sequence[str], told: Any, attributes: _Attributes) -> Region:
    moment, numbers, values = (_part(told, part) for part in ("z", "xy", "av"))
    if numbers and moment:
        raise GlimpseError(
            "VIA's regions of a video, whose frames have no names; annotate its frames as images"
        )
    if numbers and len(images) != 1:
        raise GlimpseError(
            f"VIA's region {key[:40]!r} is shown on {len(images)} images, so it is of none of them"
        )
    more = {}
    for number, value in values.items() if isinstance(values, dict) else ():
        name, options = attributes.get(str(number), (str(number), {}))
        chosen = [as_cell(options.get(part, part)) for part in as_cell(value).split(",")]
        more[name] = ",".join(chosen) if options else as_cell(value)
    image = images[0].rpartition("://")[2] if images else ""
    return f"region {key}"[:80], image, key, _shape(numbers), more


def _attributes(told: Any) -> _Attributes:
    """The name of each attribute by its number, and what its options are called."""
    found: _Attributes = {}
    for key, value in told.items() if isinstance(told, dict) else ():
        options = _part(value, "options")
        name = as_cell(_part(value, "aname") if isinstance(value, dict) else value)
        found[str(key)] = name or str(key), options if isinstance(options, dict) else {}
    return found


def _shape(numbers: Any) -> dict[str, Any] | None:
    """The shape of a region, first of whose numbers is its kind, as version 2 has it."""
    if not (
        isinstance(numbers, list) and numbers and all(isinstance(each, (int, float)) for each in numbers)
    ):
        return None
    kind, *places = numbers
    if kind in _NAMED and len(places) == len(_NAMED[kind][1]):
        name, keys = _NAMED[kind]
        return {"name": name, **dict(zip(keys, places, strict=True))}
    if kind in _POINTS and len(places) >= 4:
        return {"name": _POINTS[kind], "all_points_x": places[::2], "all_points_y": places[1::2]}
    return _circle(*places) if kind == 9 and len(places) == 6 else None


def _circle(*places: float) -> dict[str, Any] | None:
    """The circle through three points; None if they stand in a row."""
    a, b, c = (complex(*places[k : k + 2]) for k in (0, 2, 4))
    if a == b or not (w := (c - a) / (b - a)).imag:
        return None
    center = (b - a) * (w - abs(w) ** 2) / (2j * w.imag) + a
    return {"name": "circle", "cx": center.real, "cy": center.imag, "r": abs(a - center)}


def _part(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
