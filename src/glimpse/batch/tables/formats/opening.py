"""A table opened, whatever its format, by its first bytes; a folder of files of one format."""

from __future__ import annotations

import codecs
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from glimpse import limits
from glimpse.batch.tables.dialect import Records, as_utf8
from glimpse.batch.tables.formats.lines import PER_FILE, Boxes, Lines, as_cell, counted
from glimpse.errors import GlimpseError

_BLANK = b"\xef\xbb\xbf \t\r\n"
_UTF16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
_YOLO = re.compile(rb"\d{1,6}(?:\.0*)?(?:[ \t]+[-+.0-9eE]+){4,}[ \t]*(?:\r?\n|$)")
_NUMBER = rb"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?"
_KITTI = re.compile(rb"[A-Za-z_]+(?: " + _NUMBER + rb"){14,15}[ \t]*(?:\r?\n|$)")
_DOTA = re.compile(
    rb"(?:imagesource:.*\n)?(?:gsd:.*\n)?(?:" + _NUMBER + rb" ){8}[A-Za-z][\w-]*(?: \d)?[ \t]*(?:\r?\n|$)"
)
_WIDER = re.compile(rb"[^\n]+\.(?:jpe?g|png)\s*\n\d+\s*\n(?:" + _NUMBER + rb"[ \t]+){3,}", re.I)
_ULTRALYTICS = re.compile(rb"[^\n]*\bbox\b[^\n]*\n[^\n]*\{'x1':")
_TURI = re.compile(rb"[^\n]*\bannotations?\b[^\n]*\n[^\n]*\bcoordinates['\"]")
_CLASS_FILES = ("classes.txt", "predefined_classes.txt", "notes.json")


def open_table(name: str, images: str = "") -> Records | Lines:
    """Open a table of any format, or a folder of files of one format.

    Parameters
    ----------
    name : str
        A file, ``-``, or a folder of YOLO, Pascal VOC, labelme, KITTI or DOTA files.
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
    return _joined([(name, opened)]) if isinstance(opened, Boxes) else opened


def _of_folder(name: str, images: str) -> Boxes | None:
    """The boxes of a file in a folder of annotations; None if it is something else."""
    data = _bytes(name)
    if not data.strip():
        return Boxes([], Counter(), normalized=None)  # an image without objects
    head = data[:4096].lstrip(_BLANK)
    if not (head.startswith((b"{", b"<")) or any(each.match(head) for each in (_YOLO, _KITTI, _DOTA))):
        return None
    found = _one(name, data, images)
    return found if isinstance(found, Boxes) else None


def _joined(files: Sequence[tuple[str, Boxes | None]]) -> Lines:
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
        raise GlimpseError("a folder without annotations of YOLO, Pascal VOC, labelme, KITTI or DOTA")
    if len(kinds) > 1:
        raise GlimpseError("a folder of several formats; name the files of one")
    header = list(PER_FILE)
    if kinds == {True}:
        header[1:5] = "x_center", "y_center", "width", "height"
    return Lines(header, rows, counted(notes), normalized=kinds == {True})


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


_BATCH, _CELL_BYTES = 1000, 100  # rows that are unpacked at once, text of each cell
_WITHOUT = ("binary", "large_binary", "struct", "map")  # columns such as the pictures themselves


def _check_unpacked(facts: Any, length: int) -> None:
    """Refuse a Parquet file whose columns say that they unpack to far more bytes than there are."""
    claimed = values = 0
    for number in range(facts.num_row_groups):
        group = facts.row_group(number)
        for column in (group.column(k) for k in range(group.num_columns)):
            claimed += column.total_uncompressed_size
            values += column.num_values  # of lists more than rows
    if claimed > _CELL_BYTES * (1_000_000 + 2 * length) or values > 5 * (1_000_000 + 2 * length):
        told = f"{values} values of {claimed} bytes"
        raise GlimpseError(f"its columns unpack to {told}; split it into several tables")


def _text_bytes(batch: Any) -> int:
    """Bytes of all texts of some rows, each counted as often as it stands there."""
    from pyarrow import compute, types

    total = 0
    for column in batch.columns:
        if types.is_dictionary(column.type):
            lengths = compute.binary_length(column.dictionary).take(column.indices)
        elif types.is_string(column.type) or types.is_large_string(column.type):
            lengths = compute.binary_length(column)
        else:
            continue
        total += compute.sum(lengths).as_py() or 0
    return total


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
        _check_unpacked(file.metadata, len(data))
        rows, most = list[list[str]](), _CELL_BYTES * (1_000_000 + 2 * len(data))
        # texts that repeat stay one text, until their length is known
        texts = [field.name for field in file.schema_arrow if str(field.type) in ("string", "large_string")]
        file = parquet.ParquetFile(BufferReader(data), read_dictionary=texts)
        for batch in file.iter_batches(_BATCH, columns=names):
            if (most := most - _text_bytes(batch)) < 0:
                raise GlimpseError(
                    "its texts take too many bytes when unpacked; split it into several tables"
                )
            rows += [[as_cell(row[name]) for name in names] for row in batch.to_pylist()]
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


def _by(module: str, reader: str) -> Callable[[str, bytes, str], Any]:
    """A reader whose module is imported when a file of its format is opened."""

    def read(name: str, data: bytes, images: str) -> Any:
        return getattr(import_module(f"glimpse.batch.tables.formats.{module}"), reader)(name, data, images)

    return read


FORMATS: Sequence[tuple[Callable[[bytes], object], Callable[[str, bytes, str], Any]]] = (
    (lambda head: head.startswith(b"PAR1"), _parquet),
    (lambda head: head.startswith(b"{"), _by("json_formats", "read_object")),
    (lambda head: head.startswith(b"["), _by("json_formats", "read_list")),
    (lambda head: head.startswith(b"<") and b"<annotations" in head, _by("xml_formats", "read_cvat")),
    (lambda head: head.startswith(b"<"), _by("xml_formats", "read_voc")),
    (_YOLO.match, _by("yolo", "read_yolo")),
    (_KITTI.match, _by("text_formats", "read_kitti")),
    (_DOTA.match, _by("text_formats", "read_dota")),
    (_WIDER.match, _by("text_formats", "read_wider")),
    (lambda head: b'""original_width""' in head, _by("label_studio", "read_csv")),
    (_deeplabcut, _refuse_deeplabcut),
    (lambda head: b"region_shape_attributes" in head.split(b"\n", 1)[0], _by("via", "read_csv")),
    (lambda head: b"\n# CSV_HEADER = metadata_id," in head, _by("via3", "read_csv")),
    (_ULTRALYTICS.match, _by("ultralytics", "read_csv")),
    (_TURI.match, _by("createml", "read_csv")),
)
"""How the first bytes of a table tell its format, and its reader; any other is text with separators."""
