"""Tables that annotators and detectors save, told by their content: each a reader that yields rows.

A reader returns a `Lines`: names of columns as `columns` knows them, and the cells of each row.
"""

from __future__ import annotations

import codecs
import json
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import unquote
from xml.parsers import expat

from glimpse import limits
from glimpse.batch.tables.columns import is_turned
from glimpse.batch.tables.dialect import Records, as_utf8
from glimpse.errors import GlimpseError

_LINE = 10_000_000  # characters of a line of JSON Lines at most
_DEEPEST = 100  # levels of an XML file
_BLANK = b"\xef\xbb\xbf \t\r\n"
_UTF16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
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
    data = as_utf8(data) if data.startswith(_UTF16) else data
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
    value = _parsed(first) if len(first) < _LINE else None
    named = {"annotations", "images", "shapes"}
    if isinstance(value, dict) and not (named & set(value) or _via_files(value)):
        return _json_lines(text)
    coco = _Coco(images)
    members = _members(
        text, {"images": coco.image, "annotations": coco.annotation, "categories": coco.category}
    )
    if "shapes" in members:
        return _labelme(name, members)
    if files := _via_files(members):
        return _via_regions(_via_json(files))
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


def _parsed(line: str) -> Any:
    """The value of a line; None if it is damaged, which costs its own row."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _json_lines(text: str) -> Lines:
    """One object in each line, as `metadata.jsonl` of Hugging Face's datasets."""
    lines = enumerate(text.split("\n"), 1)
    return _objects((str(number), _parsed(line)) for number, line in lines if line.strip())


def _objects(values: Iterable[tuple[str, Any]]) -> Lines:
    """Objects, each with its place in the file; a row each, or for each of their boxes."""
    header: dict[str, None] = {}
    rows: list[tuple[str, Mapping[str, str] | None]] = []
    for place, value in values:
        for each in _each_box(value) if isinstance(value, dict) else [None]:
            row = None if each is None else {key: _cell(cell) for key, cell in each.items()}
            rows.append((place, row))
            header.update(dict.fromkeys(row or ()))
        if len(header) > limits.TABLE_COLUMNS:
            break
    return Lines(list(header), rows)


def _each_box(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The boxes of a member `objects`, each with the rest, as datasets of detection have them.

    Of another object itself; a box that is an object, as ultralytics has it, with its members.
    """
    objects = value.get("objects")
    boxes = objects.get("bbox") if isinstance(objects, dict) else None
    if not (isinstance(objects, dict) and isinstance(boxes, list)):
        boxes = (value[name] for name in ("box", "bbox") if isinstance(value.get(name), dict))
        yield {**value, **next(boxes, {})}
        return
    rest = {key: cell for key, cell in value.items() if key != "objects"}
    lists = {key: cells for key, cells in objects.items() if isinstance(cells, list)}
    for index in range(len(boxes)):
        yield rest | {key: cells[index] for key, cells in lists.items() if len(cells) == len(boxes)}


class _Coco:
    """Annotations of COCO: each a row, with its image's name and size and its category's name."""

    header = (*_BOX, "category_id", "id", "image_id", "score", *_SIZE)

    def __init__(self, images: str = "") -> None:
        self._folder = images
        self._images: dict[Any, tuple[str, str, str]] = {}
        self._classes: dict[Any, str] = {}
        self._found: list[tuple[Any, ...]] = []
        self._notes: Counter[str] = Counter()
        self._turned = False

    def image(self, value: Any) -> None:
        """Take an image."""
        if isinstance(value, dict) and _hashable(value.get("id")):
            name, width, height = (_cell(value.get(key)) for key in ("file_name", "width", "height"))
            name = name or _cell(value.get("coco_url")).rpartition("/")[2]  # as LVIS names it
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
        if isinstance(segments := value.get("segments_info"), list):  # of panoptic segmentation
            for segment in segments:
                self.annotation({"image_id": value.get("image_id"), **segment} if isinstance(segment, dict)
                                else segment)  # fmt: skip
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
        more = value.get("attributes")
        turn = more.get("rotation") if isinstance(more, dict) else None  # as CVAT has it
        self._turned |= bool(turn)
        named = _cell(value.get("file_name"))
        self._found.append((box, *ids, value.get("id"), value.get("score"), named, turn))

    @property
    def names_images(self) -> bool:
        """Whether every annotation tells the file of its image."""
        return all(named for *_, named, _ in self._found)

    def lines(self) -> Lines:
        """Return the rows of all annotations."""
        header = (*self.header, "rotation") if self._turned else self.header
        return Lines(header, list(self._rows()), _told(self._notes))

    def _rows(self) -> Iterator[tuple[str, Sequence[str]]]:
        for index, (box, image, category, own, score, named, turn) in enumerate(self._found):
            name, width, height = self._images.get(image, (named, "", ""))
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
            yield place, [*cells, _cell(score), width, height, *([_cell(turn)] if self._turned else [])]

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
    return isinstance(value, (int, float, str))


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
    for value, _ in _elements(text, _skip(text, 0)):
        coco.annotation(value)
    if not (images or coco.names_images):
        raise GlimpseError(
            "detections name their images by number; give the folder of the images: --images FOLDER"
        )
    return coco.lines()


def _json_list(name: str, data: bytes, images: str) -> Lines:
    """A list of COCO's detections, of Label Studio's tasks, or of other objects, a row each."""
    text = _text(data)
    start = _skip(text, 0)
    first, _ = next(_elements(text, start), ({"image_id": None}, 0))
    if not isinstance(first, dict):
        raise GlimpseError("a JSON list, but not of objects")
    if "image_id" in first:
        return _coco_results(name, data, images)
    if "original_width" in text or {"annotations", "data"} <= set(first):
        return _label_studio((task for task, _ in _elements(text, start)), images)
    return _objects((str(k), value) for k, (value, _) in enumerate(_elements(text, start), 1))


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
        path = address.rpartition("?d=")[2].partition("?")[0]  # of a file that is served, or is signed
        name = unquote(path.rsplit("/", 1)[-1])
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
        points: Any = shape.get("points") if isinstance(shape, dict) else None
        kind = shape.get("shape_type") or "polygon" if isinstance(shape, dict) else ""
        box = _around(points)
        if kind == "circle" and box and [len(point) for point in points or ()] == [2, 2]:
            (x, y), radius = points[0], math.hypot(*box[2:])  # the centre, and a point of the circle
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
    for folder in (os.path.dirname(name), *_beside_labels(name)) if name != "-" else ():
        for each in (plain, plain.rsplit("/", 1)[-1]):
            path = os.path.normpath(os.path.join(folder, each))
            if os.path.lexists(path):
                return os.path.abspath(path)
    return plain.rsplit("/", 1)[-1]


# XML


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


def _voc(name: str, data: bytes, images: str) -> _File:
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


def _cvat(name: str, data: bytes, images: str) -> Lines:
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
            cells = [image.get("name", ""), *map(_cell, box), told.get("label", ""), told.get("rotation", "")]
            place = f"image {image.get('id', '')} {tag}"[:80]
            rows.append((place, [*cells, image.get("width", ""), image.get("height", "")]))

    _walk(data, start, lambda path, text: None)
    return Lines((*_BOX, "rotation", *_SIZE), rows, _told(notes))


def _cvat_box(tag: str, told: Mapping[str, str]) -> list[float] | None:
    try:
        if tag == "box":
            return _box_of(*([float(told[axis + end]) for end in ("tl", "br")] for axis in "xy"))
        if tag == "ellipse":
            return _around_ellipse(*(float(told[key]) for key in ("cx", "cy", "rx", "ry")))
        if tag == "mask":
            return [float(told[key]) for key in ("left", "top", "width", "height")]
        if tag == "cuboid":
            corners = [f"{end}{side}" for end in ("tl", "bl", "tr", "br") for side in "12"]
            return _box_of(*([float(told[axis + corner]) for corner in corners] for axis in "xy"))
        points = [tuple(map(float, point.split(","))) for point in told["points"].split(";")]
        return _around([list(point) for point in points])
    except (KeyError, TypeError, ValueError):
        return None


# Text


_YOLO = re.compile(rb"\d{1,6}(?:\.0*)?(?:[ \t]+[-+.0-9eE]+){4,}[ \t]*(?:\r?\n|$)")
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
        found = _yolo_box(parts)
        if found is None:
            notes["lines that are no box are left out"] += 1
            continue
        cells, confidence, note = found
        notes.update([note] if note else [])
        kind = parts[0].partition(".")[0]
        rows.append([image, *map(_cell, cells), classes.get(kind, kind), kind, confidence, "", ""])
    return _File(rows, notes, normalized=True)


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
    x, y, w, h = _box_of(corners[::2], corners[1::2])
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
    _, _, across, down = _box_of(xs, ys)
    return sum(math.hypot(c - a, d - b) for a, b, c, d in ends) > 2 * (across + down)


def _sibling(name: str, images: str) -> str:
    """The image of a file of labels: in `images`, in a sibling folder images/ of labels/, or beside it."""
    stem, folder = os.path.splitext(os.path.basename(name))[0], os.path.dirname(os.path.abspath(name))
    for place in (*([images] if images else []), *_beside_labels(name), folder):
        if found := of_stem(os.path.join(place, stem)):
            return os.path.abspath(found)
    return stem


def _beside_labels(name: str) -> list[str]:
    """The folders of images beside a folder of labels or annotations, as sets are trained with."""
    parts = os.path.dirname(os.path.abspath(name)).split(os.sep)
    places = [k for k, part in enumerate(parts) if part.lower() in ("labels", "annotations")]
    return [
        os.sep.join([*parts[:at], side, *parts[at + 1 :]])
        for at in places[-1:]
        for side in ("images", "JPEGImages")
    ]


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
    """The CSV of VIA, whose cell region_shape_attributes is JSON."""
    records = Records(as_utf8(data))

    def regions() -> Iterator[_Region]:
        for index in range(len(records)):
            cells = dict(zip(records.header, records.cells(index), strict=False))
            shape, more = (_parsed(cells.get(f"region_{of}attributes") or "{}") for of in ("shape_", ""))
            own = (cells.get(key, "") for key in ("filename", "region_id"))
            yield (str(records.line(index)), *own, shape, more)

    return _via_regions(regions())


def _via_files(members: Mapping[str, Any]) -> list[Any]:
    """The files of VIA's JSON, a project or its annotations alone; none of another JSON."""
    found = members.get("_via_img_metadata", members)
    files = list(found.values()) if isinstance(found, dict) else []
    return files if all(isinstance(file, dict) and "regions" in file for file in files) else []


def _via_json(files: Iterable[Any]) -> Iterator[_Region]:
    for file in files:
        regions = file["regions"]
        numbered = regions.items() if isinstance(regions, dict) else enumerate(regions or [{}])
        for key, region in numbered:
            own = region if isinstance(region, dict) else {}
            name = _cell(file.get("filename"))
            yield f"{name} region {key}"[:80], name, str(key), *map(own.get, _ATTRIBUTES)  # type: ignore[misc]


_Region = tuple[str, str, str, Any, Any]  # place in the file, image, number, shape, attributes
_ATTRIBUTES = "shape_attributes", "region_attributes"


def _via_regions(regions: Iterable[_Region]) -> Lines:
    """Regions of VIA: the boxes around their shapes; what is told of them becomes columns."""
    header = [*_BOX[:5], "region_id"]
    rows: list[tuple[str, dict[str, str]]] = []
    notes: Counter[str] = Counter()
    for place, image, number, shape, more in regions:
        box = _via_box(shape) if isinstance(shape, dict) else None
        if box is None:
            notes["rows without a region are left out"] += 1
            continue
        if shape.get("name") != "rect":
            notes["regions that are no rectangle get the box around them"] += 1
        row = {"image": image, "region_id": number, **dict(zip(_BOX[1:5], map(_cell, box), strict=True))}
        row |= {str(k): _cell(v) for k, v in more.items()} if isinstance(more, dict) else {}
        header += [key for key in row if key not in header]
        rows.append((place, row))
        if len(header) > limits.TABLE_COLUMNS:
            break
    return Lines(header, rows, _told(notes))


def _via_box(shape: Mapping[str, Any]) -> list[float] | None:
    try:
        if {"x", "y", "width", "height"} <= set(shape):
            return [float(shape[key]) for key in ("x", "y", "width", "height")]
        if "cx" in shape:
            rx, ry = (float(shape.get(key, shape.get("r"))) for key in ("rx", "ry"))
            x, y, turn = (float(shape.get(key, 0)) for key in ("cx", "cy", "theta"))
            return _around_ellipse(x, y, rx, ry, turn)
        xs, ys = (list(map(float, shape[key])) for key in ("all_points_x", "all_points_y"))
        return _box_of(xs, ys)
    except (KeyError, TypeError, ValueError):
        return None


def _around_ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> list[float] | None:
    """The box around an ellipse that is turned by so many radians; None of a point."""
    cos, sin = math.cos(turn), math.sin(turn)
    half = math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)
    return [x - half[0], y - half[1], 2 * half[0], 2 * half[1]] if rx and ry else None


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
    (lambda head: head.startswith(b"<") and b"<annotations" in head, _cvat),
    (lambda head: head.startswith(b"<"), _voc),
    (_YOLO.match, _yolo),
    (lambda head: b'""original_width""' in head, _label_studio_csv),
    (_deeplabcut, _refuse_deeplabcut),
    (lambda head: b"region_shape_attributes" in head.split(b"\n", 1)[0], _via),
)
"""How the first bytes of a table tell its format, and its reader; any other is text with separators."""
