"""XML: Pascal VOC, a file for each image, and the XML of CVAT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from xml.parsers import expat

from glimpse.batch.tables.columns import is_turned
from glimpse.batch.tables.formats.lines import (
    BOX,
    SIZE,
    Boxes,
    Lines,
    around_ellipse,
    as_cell,
    box_around,
    box_of,
    counted,
)
from glimpse.batch.tables.formats.pictures import beside
from glimpse.errors import GlimpseError

_DEEPEST = 100  # levels of an XML file


def _walk(data: bytes, start: Callable[[list[str], dict[str, str]], None], end: Callable[..., None]) -> None:
    """Tell the beginning of each element, its path and attributes, and its end, the path and its text."""
    path: list[str] = []
    text: list[str] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        path.append(tag)
        text.clear()
        if len(path) > _DEEPEST:
            raise GlimpseError("nested too deeply")
        start(path, attributes)

    def finish(_: str) -> None:
        end(path, "".join(text).strip())
        path.pop()
        text.clear()

    def entity(*_: object) -> None:
        raise GlimpseError("XML with entities of its own, which no annotation has")

    utf16 = b"utf-16" in data[:200].lower()  # which has become UTF-8 by now
    parser = expat.ParserCreate("utf-8" if utf16 else None)
    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    parser.CharacterDataHandler = text.append
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise GlimpseError(f"damaged XML: {expat.ErrorString(error.code)} in line {error.lineno}") from None
    except GlimpseError:
        raise
    except (ValueError, LookupError):  # an encoding that expat does not know
        raise GlimpseError("XML in an encoding that is not read; save it as UTF-8") from None


def read_voc(name: str, data: bytes, images: str) -> Boxes:
    """Pascal VOC, whose pixels count from 1 and are part of the box: xmin - 1 to xmax."""
    values: dict[str, str] = {}
    objects: list[dict[str, str]] = []
    notes: Counter[str] = Counter()

    def start(path: list[str], _: object) -> None:
        if path[1:] == ["object"]:
            objects.append({})

    def end(path: list[str], word: str) -> None:
        key = "/".join(path[1:])
        if key.startswith("object/attributes/") and objects:  # of CVAT, a name and a value by turns
            objects[-1][key[7:]] = word
            turned = objects[-1].get("attributes/attribute/name") == "rotation" and is_turned(word)
            notes["objects are turned; their upright box is read"] += turned
        elif key.startswith("object/") and objects:
            objects[-1].setdefault(key[7:], word)
        else:
            values.setdefault(key, word)

    _walk(data, start, end)
    if not objects and "filename" not in values:
        raise GlimpseError("XML that is no Pascal VOC, and not of CVAT")
    rows = []
    image = beside(name, values.get("filename", ""))
    for each in objects:
        ends = [each.get(f"bndbox/{side}", "") for side in ("xmin", "ymin", "xmax", "ymax")]
        try:
            left, top, right, bottom = map(float, ends)
        except ValueError:
            notes["objects without a box are left out"] += 1
            continue
        box = [left - 1, top - 1, right - left + 1, bottom - top + 1]
        size = [values.get("size/width", ""), values.get("size/height", "")]
        size = size if all(side not in ("", "0") for side in size) else ["", ""]
        rows.append([image, *map(as_cell, box), each.get("name", ""), "", "", *size])
    return Boxes(rows, notes, normalized=False)


def read_cvat(name: str, data: bytes, images: str) -> Lines:
    """CVAT's own XML of images: boxes, and the boxes around its other shapes."""
    notes: Counter[str] = Counter()
    rows: list[tuple[str, Sequence[str]]] = []
    image: dict[str, str] = {}

    def start(path: list[str], told: dict[str, str]) -> None:
        tag = path[-1]
        if tag == "track":
            raise GlimpseError("CVAT's XML of a video, whose frames have no names; export it for images")
        if tag == "image":
            image.clear()
            image.update(told)
        elif len(path) == 3 and path[1] == "image" and tag != "tag":
            box = _cvat_box(tag, told)
            if box is None:
                notes["shapes without a box are left out"] += 1
                return
            if tag != "box":
                notes["shapes that are no rectangle get the box around them"] += 1
            cells = [
                image.get("name", ""),
                *map(as_cell, box),
                told.get("label", ""),
                told.get("rotation", ""),
            ]
            place = f"image {image.get('id', '')} {tag}"[:80]
            rows.append((place, [*cells, image.get("width", ""), image.get("height", "")]))

    _walk(data, start, lambda path, text: None)
    return Lines((*BOX, "rotation", *SIZE), rows, counted(notes))


def _cvat_box(tag: str, told: Mapping[str, str]) -> list[float] | None:
    try:
        if tag == "box":
            return box_of(*([float(told[axis + end]) for end in ("tl", "br")] for axis in "xy"))
        if tag == "ellipse":
            return around_ellipse(*(float(told[key]) for key in ("cx", "cy", "rx", "ry")))
        if tag == "mask":
            return [float(told[key]) for key in ("left", "top", "width", "height")]
        if tag == "cuboid":
            corners = [f"{end}{side}" for end in ("tl", "bl", "tr", "br") for side in "12"]
            return box_of(*([float(told[axis + corner]) for corner in corners] for axis in "xy"))
        points = [tuple(map(float, point.split(","))) for point in told["points"].split(";")]
        return box_around([list(point) for point in points])
    except (KeyError, TypeError, ValueError):
        return None
