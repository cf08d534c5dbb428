"""The text of a table: its encoding, its separator, where its records begin."""

from __future__ import annotations

import codecs
import csv
import re
from array import array
from collections.abc import Iterator

from glimpse.errors import GlimpseError

SEPARATORS = (",", ";", "\t")

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LONGEST = (
    100  # lines of one record: a quote that is never closed costs its own row, not the rest of the table
)


def as_utf8(data: bytes) -> bytes:
    """Return the bytes of a table in UTF-8 with lines that end in a newline.

    Raises
    ------
    GlimpseError
        If they are not text of the encoding that their byte order mark names.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            data = data[len(mark) :]
            data = data if encoding == "utf-8" else _recoded(data, encoding)
    return data if b"\n" in data else data.replace(b"\r", b"\n")


def _no_csv(error: csv.Error | UnicodeDecodeError) -> GlimpseError:
    if isinstance(error, csv.Error):
        return GlimpseError(f"not CSV in UTF-8: {error}")
    return GlimpseError(
        f"not CSV in UTF-8: byte 0x{error.object[error.start]:02x} begins no letter; save it as UTF-8"
    )


def _recoded(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode()
    except UnicodeError as error:
        raise GlimpseError(f"not a table in {encoding[:6].upper()}: {error}") from None


def separator(line: str) -> str:
    """Return what separates the cells of a header: the most frequent of comma, semicolon and tab."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(SEPARATORS, key=bare.count)


_SHORT = 1 << 16  # bytes of a line, far below the longest cell that `csv` takes
_ODD = re.compile(rb'["\0]|\r(?!\n)')  # without these a line is split as `csv` does, in half the time


class _Lines(Iterator[str]):
    """The lines of some bytes from a position on, for `csv.reader`."""

    def __init__(self, data: bytes, position: int = 0, number: int = 0) -> None:
        self._data = data
        self.position, self.number = position, number
        self._taken = 0  # lines of the record at hand

    def __next__(self) -> str:
        line = self._line()
        if not line:
            raise StopIteration
        self._taken += 1
        if self._taken > _LONGEST:
            raise csv.Error(f"a quote is not closed within {_LONGEST} lines")
        self.position += len(line)
        self.number += 1
        return line.decode()

    def to_record(self) -> bool:
        """Go to the next line that begins a record; tell whether there is one."""
        self._taken = 0
        while (line := self._line()) and (line.startswith(b"#") or not line.strip()):
            self.position += len(line)
            self.number += 1
        return bool(line)

    def _line(self) -> bytes:
        end = self._data.find(b"\n", self.position)
        return self._data[self.position : end + 1 if end >= 0 else None]


class Records:
    """The records of a table: the header, and the others by their index.

    Only where each record begins is kept, so that a million of them take little memory.

    Parameters
    ----------
    data : bytes
        As from `as_utf8`.

    Raises
    ------
    GlimpseError
        If the header is no CSV in UTF-8.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        lines = _Lines(data)
        self.delimiter, self.header = self._head(lines)
        self._starts, self._lines = array("q"), array("q")
        self._find(lines)

    def __len__(self) -> int:
        return len(self._starts)

    def line(self, index: int) -> int:
        """Return the number of the line where a record begins, from 1."""
        return self._lines[index]

    def cells(self, index: int) -> list[str]:
        """Return the cells of a record, without the spaces around them.

        Raises
        ------
        GlimpseError
            If the record is no CSV in UTF-8.
        """
        try:
            start = self._starts[index]
            line = self._data[start : self._data.find(b"\n", start) + 1 or None]
            if len(line) < _SHORT and not _ODD.search(line):
                return [cell.strip() for cell in line.decode().split(self.delimiter)]
            record = next(self._reader(_Lines(self._data, start)), [])
        except (csv.Error, UnicodeDecodeError) as error:
            raise _no_csv(error) from None
        return [cell.strip() for cell in record]

    def _head(self, lines: _Lines) -> tuple[str, list[str]]:
        try:
            first = self._first_line(lines)
            named = re.fullmatch(r"sep=(.)\s*", first)  # a spreadsheet's own word for it
            if named:
                next(lines)
            self.delimiter = named[1] if named else separator(first)
            lines.to_record()
            return self.delimiter, [cell.strip() for cell in next(self._reader(lines), [])]
        except (csv.Error, UnicodeDecodeError) as error:
            raise _no_csv(error) from None

    def _first_line(self, lines: _Lines) -> str:
        lines.to_record()
        return next(_Lines(self._data, lines.position), "")

    def _reader(self, lines: _Lines) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _find(self, lines: _Lines) -> None:
        """Note where each record begins; behind a broken one, with the line after its first."""
        reader = self._reader(lines)
        while lines.to_record():
            start, number = lines.position, lines.number + 1
            try:
                filled = any(map(str.strip, next(reader, [])))
            except (csv.Error, UnicodeDecodeError):
                filled = True
                end = self._data.find(b"\n", start)
                lines = _Lines(self._data, end + 1 if end >= 0 else len(self._data), number)
                reader = self._reader(lines)
            if filled:
                self._starts.append(start)
                self._lines.append(number)
