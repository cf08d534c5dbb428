"""Tables that annotators and detectors save, told by their content: each a reader that yields rows.

A reader returns a `Lines`: names of columns as `columns` knows them, and the cells of each row.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any
from xml.parsers import expat

from glimpse import limits
from glimpse.batch.tables.dialect import Records, as_utf8
from glimpse.errors import GlimpseError

_LINE = 10_000_000  # characters of a line of JSON Lines at most
_DEEPEST = 100  # levels of an XML file
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SIZE = ("image_width", "image_height")  # columns of the size that a file tells of its image
_BOX = ("image", "x", "y", "w", "h", "class")


class Lines:
    """The rows of a table that is not text with separators, as `Records` has those of one that is.

    Parameters
    ----------
    header : sequence of str
        The names of the columns.
    rows : sequence of (str, mapping or sequence of str, or None)
        The place of each row, for messages, and its cells, by their names or in order; None if it is damaged.
    notes : sequence of str
        What was left out or changed, to tell once.
    normalized : bool
        Whether positions and sizes go from 0 to 1.
    """

    delimiter = ","

    def __init__(
        self,
        header: Sequence[str],
        rows: Sequence[tuple[str, Mapping[str, str] | Sequence[str] | None]],
        notes: Sequence[str] = (),
        *,
        normalized: bool = False,
    ) -> None:
        self.header, self.notes, self.normalized = list(header), list(notes), normalized
        self._rows = rows
        if len(self.header) > limits.TABLE_COLUMNS:
            raise GlimpseError(f"more than {limits.TABLE_COLUMNS} columns")

    def __len__(self) -> int:
        return len(self._rows)

    def line(self, index: int) -> str:
        """Return the place of a row in its file."""
        return self._rows[index][0]

    def cells(self, index: int) -> list[str]:
        """Return the cells of a row.

        Raises
        ------
        GlimpseError
            If it is damaged.
        """
        row = self._rows[index][1]
        if row is None:
            raise GlimpseError("damaged JSON")
        return [row.get(name, "") for name in self.header] if isinstance(row, Mapping) else list(row)


def open_table(name: str, images: str = "") -> Records | Lines:
    """Open a table of any format, or a folder of files of one format.

    Parameters
    ----------
    name : str
        A file, ``-``, or a folder of YOLO, Pascal VOC or labelme files.
    images : str
        The folder of images, which a list of COCO results needs.

    Raises
    ------
    GlimpseError
        If it is none of them, or is damaged.
    """
    if name != "-" and os.path.isdir(name):
        found = sorted(
            os.path.join(folder, file)
            for folder, _, files in os.walk(name)
            for file in files
            if os.path.splitext(file)[1].lower() in (".txt", ".xml", ".json") and file not in _CLASS_FILES
        )
        return _joined([(file, _of_folder(file, images)) for file in found])
    opened = _one(name, _bytes(name), images)
    return _joined([(name, opened)]) if isinstance(opened, _File) else opened


def _of_folder(name: str, images: str) -> _File | None:
    """The boxes of a file in a folder of annotations; None if it is something else."""
    data = _bytes(name)
    if not data.strip():
        return _File([], Counter(), normalized=None)  # an image without objects
    head = data[:4096].lstrip(_BLANK)
    if not (head.startswith((b"{", b"<")) or _YOLO.match(head)):
        return None
    found = _one(name, data, images)
    return found if isinstance(found, _File) else None


class _File:
    """The boxes of one image, as YOLO, VOC and labelme save a file for each."""

    def __init__(self, rows: list[list[str]], notes: Counter[str], *, normalized: bool | None) -> None:
        self.rows, self.notes, self.normalized = rows, notes, normalized


_PER_FILE = (*_BOX, "class_id", "confidence", *_SIZE)


def _joined(files: Sequence[tuple[str, _File | None]]) -> Lines:
    rows: list[tuple[str, Sequence[str]]] = []
    notes: Counter[str] = Counter()
    kinds = {file.normalized for _, file in files if file} - {None}
    for name, file in files:
        if file is None:
            notes["files that are no annotations are left out"] += 1
        else:
            prefix = f"{os.path.basename(name)}:" if len(files) > 1 else ""
            rows += [(f"{prefix}{k + 1}", row) for k, row in enumerate(file.rows)]
            notes += file.notes
    if not any(file for _, file in files):
        raise GlimpseError("a folder without annotations of YOLO, Pascal VOC or labelme")
    if len(kinds) > 1:
        raise GlimpseError("a folder of several formats; name the files of one")
    header = list(_PER_FILE)
    if kinds == {True}:
        header[1:5] = "x_center", "y_center", "width", "height"
    return Lines(header, rows, _told(notes), normalized=kinds == {True})


def _told(notes: Counter[str]) -> list[str]:
    return [f"{count} {words}" for words, count in notes.items() if count]


def _bytes(name: str) -> bytes:
    from glimpse.io.files import open_input

    with open_input(name) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        trees = (
            file.read(4096).lstrip(_BLANK).startswith((b"{", b"[", b"<"))
        )  # which take many times their bytes
        most = limits.JSON_BYTES if trees else limits.TABLE_BYTES
        if size > most:
            raise GlimpseError(f"more than {most} bytes; split it into several tables")
        file.seek(0)
        return file.read(most)


def _one(name: str, data: bytes, images: str) -> Any:
    """The rows of a file by the first reader that knows it."""
    head = data[:4096].lstrip(_BLANK)
    try:
        for knows, read in FORMATS:
            if knows(head):
                return read(name, data, images)
    except RecursionError:
        raise GlimpseError("nested too deeply") from None
    return Records(as_utf8(data))


# JSON


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GlimpseError(f"not JSON in UTF-8: byte {error.start} begins no letter") from None


_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise _broken(text, error.pos) from None
    except ValueError as error:  # a number of thousands of digits
        raise GlimpseError(f"not JSON: {str(error)[:80]}") from None


def _broken(text: str, at: int) -> GlimpseError:
    line = text.count("\n", 0, at) + 1
    return GlimpseError(f"damaged JSON in line {line}, character {at - text.rfind(chr(10), 0, at)}")


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _elements(text: str, at: int) -> Iterator[tuple[Any, int]]:
    """Yield the elements of the list that begins here, one at a time, each with the position behind it."""
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        value, at = _value(text, at)
        at = _skip(text, at)
        yield value, at
        if text[at : at + 1] == "]":
            return
        if text[at : at + 1] != ",":
            raise _broken(text, at)
        at = _skip(text, at + 1)


def _members(text: str, lists: Mapping[str, Callable[[Any], None]]) -> dict[str, Any]:
    """Return the members of an object; those of `lists` are handed on element by element instead."""
    found: dict[str, Any] = {}
    at = _skip(text, _skip(text, 0) + 1)
    while text[at : at + 1] != "}":
        key, at = _value(text, at)
        at = _skip(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise _broken(text, at)
        at = _skip(text, at + 1)
        if key in lists and text[at : at + 1] == "[":
            found[key], end = [], _skip(text, at + 1)
            for value, behind in _elements(text, at):
                lists[key](value)
                end = behind
            at = end + 1
        else:
            found[key], at = _value(text, at)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "}":
            raise _broken(text, at)
    return found


def _json(name: str, data: bytes, images: str) -> Any:
    """COCO, labelme or JSON Lines: an object, or one in each line."""
    text = _text(data)
    end = text.find("\n")
    first = text if end < 0 else text[:end]
    try:
        value = json.loads(first) if len(first) < _LINE else None
        lines = isinstance(value, dict) and not {"annotations", "images", "shapes"} & set(value)
    except (ValueError, RecursionError):
        lines = False
    if lines:
        return _json_lines(text)
    coco = _Coco(images)
    members = _members(
        text, {"images": coco.image, "annotations": coco.annotation, "categories": coco.category}
    )
    if "shapes" in members:
        return _labelme(name, members)
    if "annotations" not in members or "images" not in members:
        some = ", ".join(map(repr, islice(members, 5)))[:80] or "none"
        raise GlimpseError(
            f"JSON without the members images and annotations of COCO, or shapes of labelme: {some}"
        )
    return coco.lines()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, (int, float)) for part in value):
        return " ".join(map(repr, value))
    return json.dumps(value) if isinstance(value, (dict, list, bool)) else repr(value)


def _json_lines(text: str) -> Lines:
    """One object in each line, as `metadata.jsonl` of Hugging Face's datasets."""
    header: dict[str, None] = {}
    rows: list[tuple[str, Mapping[str, str] | None]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            row = {key: _cell(cell) for key, cell in value.items()} if isinstance(value, dict) else None
        except (ValueError, RecursionError):
            row = None  # costs its own row
        rows.append((str(number), row))
        header.update(dict.fromkeys(row or ()))
        if len(header) > limits.TABLE_COLUMNS:
            break
    return Lines(list(header), rows)


class _Coco:
    """Annotations of COCO: each a row, with its image's name and size and its category's name."""

    header = (*_BOX, "category_id", "id", "image_id", "score", *_SIZE)

    def __init__(self, images: str = "") -> None:
        self._folder = images
        self._images: dict[Any, tuple[str, str, str]] = {}
        self._classes: dict[Any, str] = {}
        self._found: list[tuple[Any, ...]] = []
        self._notes: Counter[str] = Counter()

    def image(self, value: Any) -> None:
        """Take an image."""
        if isinstance(value, dict) and _hashable(value.get("id")):
            name, width, height = (_cell(value.get(key)) for key in ("file_name", "width", "height"))
            self._images[value["id"]] = name, width, height

    def category(self, value: Any) -> None:
        """Take a category."""
        if isinstance(value, dict) and _hashable(value.get("id")):
            self._classes[value["id"]] = _cell(value.get("name"))

    def annotation(self, value: Any) -> None:
        """Take an annotation, if it has a box or something to put one around."""
        if not isinstance(value, dict):
            self._notes["annotations that are no object are left out"] += 1
            return
        if value.get("iscrowd") in (1, True):
            self._notes["crowds are left out"] += 1
            return
        box = value.get("bbox")
        if not (isinstance(box, list) and len(box) == 4):
            box = _around(value.get("segmentation")) or _around_keypoints(value.get("keypoints"))
            if box is None:
                self._notes["annotations without a box are left out"] += 1
                return
            self._notes["annotations without a box get the box around their polygon or keypoints"] += 1
        ids = (value.get(key) if _hashable(value.get(key)) else None for key in ("image_id", "category_id"))
        self._found.append((box, *ids, value.get("id"), value.get("score")))

    def lines(self) -> Lines:
        """Return the rows of all annotations."""
        return Lines(self.header, list(self._rows()), _told(self._notes))

    def _rows(self) -> Iterator[tuple[str, Sequence[str]]]:
        for index, (box, image, category, own, score) in enumerate(self._found):
            name, width, height = self._images.get(image, ("", "", ""))
            kind = self._classes.get(category, _cell(category))
            place = f"annotation {own if isinstance(own, (int, str)) else index}"[:80]
            cells = [
                name or self._named(image),
                *map(_cell, box),
                kind,
                _cell(category),
                _cell(own),
                _cell(image),
            ]
            yield place, [*cells, _cell(score), width, height]

    def _named(self, image: Any) -> str:
        """The file of an image that a list of results knows by its number alone."""
        if not self._folder or image is None:
            return ""
        if not hasattr(self, "_files"):
            self._files: dict[Any, str] = {}
            for name in sorted(os.listdir(self._folder)) if os.path.isdir(self._folder) else ():
                stem = os.path.splitext(name)[0]
                self._files[stem] = name
                if digits := re.search(r"\d{1,18}$", stem):
                    self._files.setdefault(int(digits[0]), name)
        return self._files.get(image, str(image)[:255])


def _hashable(value: Any) -> bool:
    return isinstance(value, (int, str))


def _around(polygons: Any) -> list[float] | None:
    """The box x, y, w, h around polygons, each a list x, y, x, y... or of pairs."""
    if not isinstance(polygons, list):
        return None
    flat: list[Any] = []
    for part in polygons:
        flat += part if isinstance(part, list) else [part]
    points = [value for part in flat for value in (part if isinstance(part, list) else [part])]
    if len(points) < 4 or len(points) % 2 or not all(isinstance(v, (int, float)) for v in points):
        return None
    return _box_of(points[::2], points[1::2])


def _box_of(xs: Sequence[float], ys: Sequence[float]) -> list[float]:
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def _around_keypoints(values: Any) -> list[float] | None:
    """The box around the keypoints x, y, v that are labelled."""
    if not isinstance(values, list) or len(values) % 3:
        return None
    if not all(isinstance(value, (int, float)) for value in values):
        return None
    seen = [k for k in range(0, len(values), 3) if values[k + 2] > 0]
    return _box_of([values[k] for k in seen], [values[k + 1] for k in seen]) if len(seen) > 1 else None


def _coco_results(name: str, data: bytes, images: str) -> Lines:
    """A list of detections: image_id, category_id, bbox, score; `images` finds the files of the numbers."""
    coco = _Coco(images)
    text = _text(data)
    count = 0
    for value, _ in _elements(text, _skip(text, 0)):
        if not (isinstance(value, dict) and "image_id" in value):
            raise GlimpseError("a JSON list, but not of COCO's detections with image_id and bbox")
        coco.annotation(value)
        count += 1
    if count and not images:
        raise GlimpseError(
            "detections name their images by number; give the folder of the images: --images FOLDER"
        )
    return coco.lines()


def _json_list(name: str, data: bytes, images: str) -> Lines:
    """A list of COCO's detections, or of Label Studio's tasks."""
    text = _text(data)
    first, _ = next(_elements(text, _skip(text, 0)), (None, 0))
    if isinstance(first, dict) and "image_id" not in first and "original_width" in text:
        return _label_studio((task for task, _ in _elements(text, _skip(text, 0))), images)
    return _coco_results(name, data, images)


def _label_studio_csv(name: str, data: bytes, images: str) -> Lines:
    records = Records(as_utf8(data))

    def tasks() -> Iterator[dict[str, Any]]:
        for index in range(len(records)):
            task: dict[str, Any] = dict(zip(records.header, records.cells(index), strict=False))
            for column, cell in task.items():
                with suppress(ValueError, RecursionError):
                    task[column] = json.loads(cell) if cell.startswith("[") else cell
            yield task

    return _label_studio(tasks(), images)


def _label_studio(tasks: Iterator[Any], images: str) -> Lines:
    """Label Studio's JSON, JSON-MIN and CSV, whose numbers are percent of the picture."""
    notes: Counter[str] = Counter()
    rows: list[tuple[str, Sequence[str]]] = []
    for number, task in enumerate(tasks, 1):
        if not isinstance(task, dict):
            notes["tasks that are no object are left out"] += 1
            continue
        image = _of_upload(task.get("data", task), images)
        for region in _regions(task):
            inner = region.get("value")
            value = inner if isinstance(inner, dict) else region
            box = _percent_box(value)
            if box is None:
                notes["regions without a box are left out"] += 1
                continue
            if "width" not in value:
                notes["regions that are no rectangle get the box around them"] += 1
            labels = next(
                (v for k, v in value.items() if k.endswith("labels") and isinstance(v, list) and v), [""]
            )
            size = (_cell(region.get(f"original_{side}")) for side in ("width", "height"))
            cells = [image, *(_cell(part / 100) for part in box), _cell(labels[0])]
            rows.append((f"task {number}", [*cells, _cell(value.get("rotation")), *size]))
    return Lines((*_BOX, "rotation", *_SIZE), rows, _told(notes), normalized=True)


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
        for region in each if isinstance(each, list) else ():
            if isinstance(region, dict) and "original_width" in region:
                yield region


def _percent_box(value: Mapping[str, Any]) -> list[float] | None:
    try:
        if "radiusX" in value:
            x, y, rx, ry = (float(value[key]) for key in ("x", "y", "radiusX", "radiusY"))
            return [x - rx, y - ry, 2 * rx, 2 * ry]
        if "points" in value:
            return _around(value["points"])
        return [float(value[key]) for key in ("x", "y", "width", "height")] if "height" in value else None
    except (KeyError, TypeError, ValueError):
        return None


def _of_upload(data: Any, images: str) -> str:
    """The file of a picture by its address on the server, which puts eight digits before an upload's name."""
    addresses = [text for text in data.values() if isinstance(text, str)] if isinstance(data, dict) else []
    for address in addresses:
        name = address.rpartition("?d=")[2].rsplit("/", 1)[-1]
        if os.path.splitext(name)[1].lower() in _IMAGES:
            bare = re.sub(r"^[0-9a-f]{8}-", "", name)
            return name if os.path.lexists(os.path.join(images, name)) else bare
    return ""


def _labelme(name: str, members: Mapping[str, Any]) -> _File:
    """The shapes of labelme: rectangles, and the boxes around circles, polygons and lines."""
    notes: Counter[str] = Counter()
    rows = []
    image = _beside(name, _cell(members.get("imagePath")))
    size = [_cell(members.get(key)) for key in ("imageWidth", "imageHeight")]
    for shape in members["shapes"] if isinstance(members["shapes"], list) else ():
        points = shape.get("points") if isinstance(shape, dict) else None
        kind = shape.get("shape_type") or "polygon" if isinstance(shape, dict) else ""
        box = _around(points)
        if kind == "circle" and box and isinstance(points, list) and len(points) == 2:
            (x, y), (u, v) = points
            radius = ((x - u) ** 2 + (y - v) ** 2) ** 0.5
            box = [x - radius, y - radius, 2 * radius, 2 * radius]
        if box is None:
            notes["shapes without a box are left out"] += 1
            continue
        if kind != "rectangle":
            notes["shapes that are no rectangle get the box around them"] += 1
        rows.append([image, *map(_cell, box), _cell(shape.get("label")), "", "", *size])
    return _File(rows, notes, normalized=False)


def _beside(name: str, image: str) -> str:
    """The image that a file of annotations names relative to itself."""
    plain = image.replace("\\", "/") or os.path.splitext(os.path.basename(name))[0]
    for each in (plain, plain.rsplit("/", 1)[-1]):
        path = os.path.normpath(os.path.join(os.path.dirname(name), each))
        if name != "-" and os.path.lexists(path):
            return os.path.abspath(path)
    return plain.rsplit("/", 1)[-1]


# XML


def _voc(name: str, data: bytes, images: str) -> _File:
    """Pascal VOC, whose pixels count from 1 and are part of the box: xmin - 1 to xmax."""
    values: dict[str, str] = {}
    objects: list[dict[str, str]] = []
    path: list[str] = []
    text: list[str] = []

    def start(tag: str, _: object) -> None:
        path.append(tag)
        text.clear()
        if len(path) > _DEEPEST:
            raise GlimpseError("nested too deeply")
        if path[1:] == ["object"]:
            objects.append({})

    def end(_: str) -> None:
        key, word = "/".join(path[1:]), "".join(text).strip()
        if key.startswith("object/") and objects:
            objects[-1].setdefault(key[7:], word)
        else:
            values.setdefault(key, word)
        path.pop()
        text.clear()

    def entity(*_: object) -> None:
        raise GlimpseError("XML with entities of its own, which no annotation has")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise GlimpseError(f"damaged XML: {expat.ErrorString(error.code)} in line {error.lineno}") from None
    if not objects and "filename" not in values:
        raise GlimpseError("XML that is no Pascal VOC; of CVAT's own XML export COCO or VOC instead")
    notes: Counter[str] = Counter()
    rows = []
    image = _beside(name, values.get("filename", ""))
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
        rows.append([image, *map(_cell, box), each.get("name", ""), "", "", *size])
    return _File(rows, notes, normalized=False)


# Text


_YOLO = re.compile(rb"\d{1,6}(?:[ \t]+[-+.0-9eE]+){4,}[ \t]*(?:\r?\n|$)")
_CLASS_FILES = ("classes.txt", "predefined_classes.txt", "notes.json")


def _yolo(name: str, data: bytes, images: str) -> _File:
    """YOLO: class, centre and size from 0 to 1; with a confidence; or a polygon, or an oriented box."""
    classes, image = _classes(os.path.dirname(os.path.abspath(name))), _sibling(name, images)
    notes: Counter[str] = Counter()
    rows = []
    for line in data.decode("ascii", "replace").splitlines():
        parts = line.split()
        if not parts:
            continue
        kind, numbers, confidence = parts[0], [], ""
        with suppress(ValueError):
            numbers = [float(part) for part in parts[1:]]
        seen = numbers[6::3] if len(numbers) % 3 == 1 and len(numbers) > 4 else [3.0]
        if len(numbers) in (4, 5):
            cells, confidence = numbers[:4], "".join(parts[5:6])
        elif len(numbers) == 6 and parts[6].isdigit() and parts[6] != "0":
            cells, confidence = numbers[:4], parts[5]
            notes["lines are a box with its confidence and track"] += 1
        elif {0.0, 1.0, 2.0}.issuperset(seen) and (len(numbers) % 2 or 2.0 in seen):
            cells = numbers[:4]
            notes["lines are a box with its keypoints"] += 1
        elif len(numbers) >= 6 and len(numbers) % 2 == 0:
            x, y, w, h = _box_of(numbers[::2], numbers[1::2])
            cells = [x + w / 2, y + h / 2, w, h]
            what = "oriented boxes" if len(numbers) == 8 else "polygons"
            notes[f"{what} get the upright box around them"] += 1
        else:
            notes["lines that are no box are left out"] += 1
            continue
        named = classes.get(kind, kind)
        rows.append([image, *map(_cell, cells), named, kind, confidence, "", ""])
    return _File(rows, notes, normalized=True)


def _sibling(name: str, images: str) -> str:
    """The image of a file of labels: in `images`, in a sibling folder images/ of labels/, or beside it."""
    stem, folder = os.path.splitext(os.path.basename(name))[0], os.path.dirname(os.path.abspath(name))
    parts = folder.split(os.sep)
    folders = [images] if images else []
    if "labels" in parts:
        at = len(parts) - 1 - parts[::-1].index("labels")
        folders.append(os.sep.join([*parts[:at], "images", *parts[at + 1 :]]))
    for place in (*folders, folder):
        if found := of_stem(os.path.join(place, stem)):
            return os.path.abspath(found)
    return stem


def of_stem(path: str) -> str:
    """Return the one image that has this name but for its ending, or but for its case; else empty."""
    folder, stem = os.path.split(os.path.abspath(path))
    try:
        changed = os.stat(folder).st_mtime_ns
    except (OSError, ValueError):
        return ""
    stems, names = _pictures(folder, changed)
    found = stems.get(stem) or names.get(stem.casefold(), [])
    return os.path.join(os.path.dirname(path), found[0]) if len(found) == 1 else ""


@lru_cache(maxsize=8)
def _pictures(folder: str, changed: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The images in a folder by their names without ending, and without case, as of its last change."""
    stems: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    with suppress(OSError):
        for file in sorted(os.listdir(folder)):
            base, ending = os.path.splitext(file)
            if ending.lower() in _IMAGES:
                stems.setdefault(base, []).append(file)
                names.setdefault(file.casefold(), []).append(file)
    return stems, names


_IMAGES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".avif", ".ppm", ".pgm", ".npy")


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


def _via(name: str, data: bytes, images: str) -> Lines:
    """The CSV of VIA, whose cell region_shape_attributes is JSON; its region_attributes become columns."""
    records = Records(as_utf8(data))
    header = [*_BOX[:5], "region_id"]
    shapes: list[tuple[str, dict[str, str]]] = []
    notes: Counter[str] = Counter()
    for index in range(len(records)):
        cells = dict(zip(records.header, records.cells(index), strict=False))
        row = {"image": cells.get("filename", ""), "region_id": cells.get("region_id", "")}
        try:
            shape = json.loads(cells.get("region_shape_attributes") or "{}")
            more = json.loads(cells.get("region_attributes") or "{}")
        except (ValueError, RecursionError):
            shape, more = {}, {}
        box = _via_box(shape) if isinstance(shape, dict) else None
        if box is None:
            notes["rows without a region are left out"] += 1
            continue
        if shape.get("name") != "rect":
            notes["regions that are no rectangle get the box around them"] += 1
        row |= dict(zip(_BOX[1:5], map(_cell, box), strict=True))
        row |= {str(k): _cell(v) for k, v in more.items()} if isinstance(more, dict) else {}
        header += [key for key in row if key not in header]
        shapes.append((str(records.line(index)), row))
        if len(header) > limits.TABLE_COLUMNS:
            break
    return Lines(header, shapes, _told(notes))


def _via_box(shape: Mapping[str, Any]) -> list[float] | None:
    try:
        if {"x", "y", "width", "height"} <= set(shape):
            return [float(shape[key]) for key in ("x", "y", "width", "height")]
        if "cx" in shape:
            rx, ry = (float(shape.get(key, shape.get("r"))) for key in ("rx", "ry"))
            cx, cy = float(shape["cx"]), float(shape["cy"])
            return [cx - rx, cy - ry, 2 * rx, 2 * ry] if rx and ry else None
        xs, ys = (list(map(float, shape[key])) for key in ("all_points_x", "all_points_y"))
        return _box_of(xs, ys)
    except (KeyError, TypeError, ValueError):
        return None


_WITHOUT = ("binary", "large_binary", "struct", "map")  # columns such as the pictures themselves


def _parquet(name: str, data: bytes, images: str) -> Lines:
    """Parquet, by the extra `parquet`."""
    try:
        from pyarrow import BufferReader, parquet
    except ImportError:
        raise GlimpseError("a Parquet file needs pyarrow: pip install 'glimpse-crop[parquet]'") from None
    try:
        file = parquet.ParquetFile(BufferReader(data))
        if file.metadata.num_columns > limits.TABLE_COLUMNS:
            raise GlimpseError(f"more than {limits.TABLE_COLUMNS} columns")
        names = [field.name for field in file.schema_arrow if not str(field.type).startswith(_WITHOUT)]
        if file.metadata.num_rows * len(names) > 1_000_000 + 2 * len(data):
            raise GlimpseError(
                f"{file.metadata.num_rows} rows in {len(data)} bytes; split it into several tables"
            )
        rows = [
            [_cell(row[name]) for name in names]
            for batch in file.iter_batches(columns=names)
            for row in batch.to_pylist()
        ]
    except GlimpseError:
        raise
    except Exception as error:  # of pyarrow
        raise GlimpseError(f"damaged Parquet: {' '.join(str(error).split())[:80]}") from None
    return Lines(names, [(str(index + 1), row) for index, row in enumerate(rows)])


def _deeplabcut(head: bytes) -> bool:
    lines = head.splitlines()
    return (
        len(lines) > 2
        and lines[0].startswith(b"scorer,")
        and lines[1].startswith((b"bodyparts", b"individuals"))
    )


def _refuse_deeplabcut(name: str, data: bytes, images: str) -> Lines:
    raise GlimpseError(
        "a table of DeepLabCut with several lines of names, of points of bodies; write one of image, x and y"
    )


FORMATS: Sequence[tuple[Callable[[bytes], object], Callable[[str, bytes, str], Any]]] = (
    (lambda head: head.startswith(b"PAR1"), _parquet),
    (lambda head: head.startswith(b"{"), _json),
    (lambda head: head.startswith(b"["), _json_list),
    (lambda head: head.startswith(b"<"), _voc),
    (_YOLO.match, _yolo),
    (lambda head: b'""original_width""' in head, _label_studio_csv),
    (_deeplabcut, _refuse_deeplabcut),
    (lambda head: b"region_shape_attributes" in head.split(b"\n", 1)[0], _via),
)
"""How the first bytes of a table tell its format, and its reader; any other is text with separators."""
