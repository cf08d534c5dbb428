"""Shards: many patches in a tar of WebDataset or a Parquet of `datasets`; the patches of a tar, read back."""

from __future__ import annotations

import io
import json
import os
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
    """Where each picture lies in a tar, and its bytes."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                if member.isreg() and os.path.splitext(member.name)[1].lower() in DRAWINGS:
                    yield member.offset_data, member.size
    except Exception as error:  # tarfile raises several
        raise GlimpseError(f"not a shard, or damaged: {' '.join(str(error).split())[:100]}") from None
