"""Shards: many patches in a tar of WebDataset or a Parquet of `datasets`; the patches of a tar, read back."""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

from glimpse.errors import GlimpseError
from glimpse.io.decode import decode
from glimpse.io.encode import DRAWINGS
from glimpse.io.files import open_input
from glimpse.io.picture import DEFAULT, DecodeOptions, Picture
from glimpse.io.record import Record
from glimpse.io.stills import picture_record

SUFFIXES = (".tar", ".parquet")
"""Endings of shards; only the first is read back."""

_BLOCK, _NAME = 512, 1 << 16
_PATH = re.compile(rb"(?:^|\n)\d{1,9} path=([^\n]+)\n")
_ROWS = 1000  # of a Parquet that are packed at once


class Member(NamedTuple):
    """A patch of a shard: its key, the bytes of its file, its record and the cells of its row."""

    key: str
    image: bytes
    record: Record
    cells: Mapping[str, str]


def write_shard(
    file: BinaryIO, members: Iterable[Member], *, suffix: str, columns: Sequence[str], packed: str
) -> None:
    """Write members, in their order, as a shard.

    Parameters
    ----------
    file : binary file
        Where to.
    members : iterable of Member
        The patches.
    suffix : str
        Ending of the file of a patch.
    columns : sequence of str
        The columns of a table that members have cells of.
    packed : str
        One of `SUFFIXES`.

    Raises
    ------
    GlimpseError
        If there is no pyarrow for Parquet.
    """
    if packed == ".parquet":
        _write_parquet(file, members, suffix, columns)
        return
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for member in members:
            facts = {**member.record.to_dict(), "columns": dict(member.cells)}
            for ending, data in ((suffix, member.image), (".json", json.dumps(facts).encode())):
                info = tarfile.TarInfo(member.key + ending)  # of no date and nobody
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def parquet() -> Any:
    """Return pyarrow and its writer of Parquet.

    Raises
    ------
    GlimpseError
        If the extra is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise GlimpseError("Parquet needs pyarrow: pip install 'glimpse-crop[parquet]'") from None
    return pyarrow


def _write_parquet(file: BinaryIO, members: Iterable[Member], suffix: str, columns: Sequence[str]) -> None:
    arrow = parquet()
    pair, taken = arrow.list_(arrow.float64(), 2), ("image", "key", "record", "source", "shape")
    numbers = ("gx", "gy", "gamma", "delta", "sigma", "n")
    own = [name for name in dict.fromkeys(columns) if name and name not in (*taken, *numbers)]
    fields = [("image", arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())]))]
    fields += [(name, arrow.string()) for name in ("key", "record", "source")]
    fields += [("shape", arrow.list_(arrow.int64(), 2))]
    fields += [(name, arrow.float64() if name in numbers[:3] else pair) for name in numbers]
    schema = arrow.schema([*fields, *((name, arrow.string()) for name in own)])
    # by which `datasets` knows that the column is one of pictures
    features = {"info": {"features": {"image": {"_type": "Image"}}}}
    schema = schema.with_metadata({"huggingface": json.dumps(features)})
    rows: list[dict[str, Any]] = []
    with arrow.parquet.ParquetWriter(file, schema) as writer:
        for member in members:
            window = member.record.window
            pairs = {"delta": window.strides, "sigma": window.sigmas, "n": [float(n) for n in window.shape]}
            rows.append(
                {
                    "image": {"bytes": member.image, "path": member.key + suffix},
                    "key": member.key,
                    "record": member.record.to_json(),
                    "source": member.record.source,
                    "shape": list(member.record.shape),
                    **{name: getattr(window, name) for name in numbers[:3]},
                    **{name: list(values) for name, values in pairs.items()},
                    **{name: member.cells.get(name, "") for name in own},
                }
            )
            if len(rows) == _ROWS:
                writer.write_table(arrow.Table.from_pylist(rows, schema))
                rows = []
        writer.write_table(arrow.Table.from_pylist(rows, schema))


class Shard:
    """The patches of a tar, as `glimpse.io.npy.PatchStack` has those of an archive.

    Parameters
    ----------
    name : str
        The file.
    options : DecodeOptions
        For every patch.

    Raises
    ------
    GlimpseError
        If it is no tar, is damaged, or has no picture.
    """

    def __init__(self, name: str, options: DecodeOptions = DEFAULT) -> None:
        self._name, self._options = name, options
        with open_input(name) as file:
            end = file.seek(0, io.SEEK_END)
            file.seek(0)
            self._places = [place for place in _places(file) if sum(place) <= end]
        if not self._places:
            raise GlimpseError("a shard without a picture")

    def __len__(self) -> int:
        return len(self._places)

    def picture(self, index: int) -> Picture:
        """Return a patch, decoded."""
        at, size = self._places[index]
        with open_input(self._name) as file:
            file.seek(at)
            return decode(io.BytesIO(file.read(size)), self._options)

    def record(self, index: int, shape: tuple[int, int] | None = None) -> Record | None:
        """Return the record of a patch, None where it carries none."""
        return picture_record(self.picture(index), self._options)


def _places(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where each picture lies in a tar, and its bytes (POSIX.1-2017, pax; long names of GNU too).

    The parser of Python's own takes hours for some headers.
    """
    at, long = 0, b""
    while head := _block(file, at):
        size, kind = _number(head[124:136]), head[156:157]
        name, long = long or head[345:500].rstrip(b"\0") + b"/" + head[:100].split(b"\0")[0], b""
        if kind == b"L":
            long = file.read(min(size, _NAME)).split(b"\0")[0]
        elif kind == b"x":
            told = _PATH.search(file.read(min(size, _NAME)))
            long = told[1] if told else b""
        elif kind in (b"0", b"\0", b"7") and _ending(name) in DRAWINGS:
            yield at + _BLOCK, size
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _block(file: BinaryIO, at: int) -> bytes:
    """The header of a member, nothing at the end."""
    file.seek(at)
    head = file.read(_BLOCK)
    if at and not head.strip(b"\0"):
        return b""
    without = head[:148] + bytes(8 * b" ") + head[156:]
    if len(head) < _BLOCK or _number(head[148:156]) != sum(without) or _number(head[124:136]) < 0:
        raise GlimpseError("not a shard, or damaged: a header of its tar is broken")
    return head


def _number(field: bytes) -> int:
    """A number of a header, in octal digits, or as bytes where it is large."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:])
    digits = field.strip(b" \0") or b"0"
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else -1


def _ending(name: bytes) -> str:
    return os.path.splitext(name.decode("utf-8", "replace"))[1].lower()
