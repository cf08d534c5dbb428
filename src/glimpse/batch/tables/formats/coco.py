"""COCO: its annotations, and the list of detections that is submitted for them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from glimpse.batch.tables.formats.json_text import decoded, skip_space, walk_list
from glimpse.batch.tables.formats.lines import BOX, SIZE, Lines, as_cell, box_around, box_of, counted
from glimpse.batch.tables.formats.pictures import IMAGES
from glimpse.errors import GlimpseError


class Coco:
    """Annotations of COCO: each a row, with its image's name and size and its category's name."""

    header = (*BOX, "category_id", "id", "image_id", "score", *SIZE)

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
            name, width, height = (as_cell(value.get(key)) for key in ("file_name", "width", "height"))
            name = name or as_cell(value.get("coco_url")).rpartition("/")[2]  # as LVIS names it
            self._images[value["id"]] = name, width, height

    def category(self, value: Any) -> None:
        """Take a category."""
        if isinstance(value, dict) and _hashable(value.get("id")):
            self._classes[value["id"]] = as_cell(value.get("name"))

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
        if not (isinstance(box, list) and len(box) == 4) or box == [0, 0, 0, 0]:
            box = box_around(value.get("segmentation")) or _around_keypoints(value.get("keypoints"))
            if box is None:
                self._notes["annotations without a box are left out"] += 1
                return
            self._notes["annotations without a box get the box around their polygon or keypoints"] += 1
        ids = (value.get(key) if _hashable(value.get(key)) else None for key in ("image_id", "category_id"))
        more = value.get("attributes")
        turn = more.get("rotation") if isinstance(more, dict) else None  # as CVAT has it
        self._turned |= bool(turn)
        named = as_cell(value.get("file_name"))
        self._found.append((box, *ids, value.get("id"), value.get("score"), named, turn))

    @property
    def names_images(self) -> bool:
        """Whether every annotation tells the file of its image."""
        return all(named for *_, named, _ in self._found)

    def lines(self) -> Lines:
        """Return the rows of all annotations."""
        header = (*self.header, "rotation") if self._turned else self.header
        return Lines(header, list(self._rows()), counted(self._notes))

    def _rows(self) -> Iterator[tuple[str, Sequence[str]]]:
        for index, (box, image, category, own, score, named, turn) in enumerate(self._found):
            name, width, height = _of(self._images, image) or (named, "", "")
            kind = _of(self._classes, category) or as_cell(category)
            place = f"annotation {own if isinstance(own, (int, str)) else index}"[:80]
            cells = [
                name or self._named(image),
                *map(as_cell, box),
                kind,
                as_cell(category),
                as_cell(own),
                as_cell(image),
            ]
            yield place, [*cells, as_cell(score), width, height, *([as_cell(turn)] if self._turned else [])]

    def _named(self, image: Any) -> str:
        """The file of an image that a list of results knows by its number alone."""
        if not self._folder or image is None:
            return ""
        if not hasattr(self, "_files"):
            self._files: dict[Any, str] = {}
            for name in sorted(os.listdir(self._folder)) if os.path.isdir(self._folder) else ():
                stem, ending = os.path.splitext(name)
                if ending.lower() not in IMAGES:
                    continue
                self._files[stem] = name
                if digits := re.search(r"\d{1,18}$", stem):
                    self._files.setdefault(int(digits[0]), name)
        return self._files.get(image, str(image)[:255])


def _hashable(value: Any) -> bool:
    return isinstance(value, (int, float, str))


def _of(known: Mapping[Any, Any], number: Any) -> Any:
    """The value of an id, which some programs write as a number in one place and as a text in the other."""
    if number not in known and isinstance(number, str) and number.isdecimal() and len(number) < 19:
        return known.get(int(number))
    return known.get(number, known.get(str(number)))


def _around_keypoints(values: Any) -> list[float] | None:
    """The box around the keypoints x, y, v that are labelled."""
    if not isinstance(values, list) or len(values) % 3:
        return None
    if not all(isinstance(value, (int, float)) for value in values):
        return None
    seen = [k for k in range(0, len(values), 3) if values[k + 2] > 0]
    return box_of([values[k] for k in seen], [values[k + 1] for k in seen]) if len(seen) > 1 else None


def read_results(name: str, data: bytes, images: str) -> Lines:
    """A list of detections: image_id, category_id, bbox, score; `images` finds the files of the numbers."""
    coco = Coco(images)
    text = decoded(data)
    for value, _ in walk_list(text, skip_space(text, 0)):
        if isinstance(value, dict) and isinstance(value.get("annotations"), list):
            raise GlimpseError(
                "a list of images with annotations each, of no format that is read; write COCO"
            )
        coco.annotation(value)
    if not (images or coco.names_images):
        raise GlimpseError(
            "detections name their images by number; give the folder of the images: --images FOLDER"
        )
    return coco.lines()
