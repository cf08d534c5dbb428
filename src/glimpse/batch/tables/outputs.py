"""The outputs of a table's rows: within their folder, none twice; a bad one costs only its row."""

from __future__ import annotations

import functools
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from glimpse.batch.names import (
    Template,
    existing,
    identities,
    is_folder,
    of_cells,
    of_name,
    place_fault,
    same_place,
    suffix_fault,
    template_of,
)
from glimpse.batch.rows import LazyRows, Row
from glimpse.batch.sources import images_of
from glimpse.batch.tables.rows import Table
from glimpse.errors import GlimpseError, UsageError

_KINDS = 1000  # messages of bad rows that are kept
_NAMES = 1 << 17  # outputs that are kept, some 20 MB; the others are made again


class Outputs(LazyRows):
    """The rows with their outputs, each made when it is asked for, so that a million take little memory.

    Parameters
    ----------
    rows : sequence of Row
        The rows, which may be a `Table`.
    output : str or None
        The value of ``-o``.
    default, suffixes
        As for `glimpse.batch.names.plan`.
    of_window : callable
        The fields that the window of a row fills, called only where a template asks for them.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        output: str | None,
        *,
        default: str,
        suffixes: Sequence[str],
        of_window: Callable[[Row], dict[str, Any]],
    ) -> None:
        self._rows, self._suffixes, self._of_window = rows, suffixes, of_window
        columns = rows.columns if isinstance(rows, Table) else None
        header = list(columns.header) if columns else []
        if output is None and columns and "output" in columns.index:
            self._template = Template(default, header)
        else:
            self._template = template_of([""] * len(rows), output, default, header)
        if self._template.suffix and (fault := suffix_fault(f"x{self._template.suffix}", suffixes)):
            raise UsageError(fault.replace(f"-o x{self._template.suffix}", f"-o {output}"))
        own = output is not None and is_folder(output) and os.path.isdir(output)
        self._own = output if own and output else self._template.folder
        self._folder = self._own or "."
        self._root = os.path.realpath(self._folder)
        self._real = functools.cache(os.path.realpath)
        self._faults: dict[int, GlimpseError] = {}
        self._table = rows if isinstance(rows, Table) else None
        self._lost = bytearray(len(rows))  # 1 for each row whose image is not there
        self._alike: dict[str, int] = {}
        self._kinds: list[GlimpseError] = []
        self._names: dict[int, str] = {}
        self._wrong = array("H", bytes(2 * len(rows)))  # of a bad row the number of its message, from 1
        self.page_column = self._table.page_column if self._table else ""

    def __len__(self) -> int:
        return len(self._rows)

    def images(self) -> Iterator[str]:
        """Yield the image of each row, empty where there is none: such rows fail together."""
        for image, lost in zip(images_of(self._rows), self._lost, strict=True):
            yield "" if lost else image

    def row(self, index: int) -> Row:
        """Return a row with its output, or with the fault that it has without one."""
        if self._table and self._lost[index]:
            return self._table.failed(index)
        if self._table and (number := self._wrong[index]):
            return self._table.failed(index, self._kinds[number - 1])
        row = self._rows[index]
        if row.fault:
            return row
        try:
            if fault := self._faults.get(index):
                raise fault
            return replace(row, output=self._names.get(index) or self._name(index, row))
        except GlimpseError as error:
            return replace(row, fault=error)

    def check(self, *, replaceable: bool, protect: Sequence[str], there: bool = False) -> None:
        """Find the faults of the outputs of rows, which then fail alone.

        Parameters
        ----------
        replaceable : bool
            Whether files that exist are replaced or left.
        protect : sequence of str
            Files that no output may replace.
        there : bool
            Whether images have to be there, so that rows of those that are not fail at once.

        Raises
        ------
        UsageError
            If outputs exist, in one error that counts them.
        """
        sources = identities(protect)
        missing = functools.cache(is_missing)
        places, found = array("q", bytes(8 * len(self._rows))), array("q")
        for index, image in enumerate(images_of(self._rows)):
            if there and self._table and image and missing(image):
                self._lost[index] = True
                continue
            row = self.row(index)
            if row.fault:
                self._remember(index, str(row.fault))
                continue
            if len(self._names) < _NAMES:
                self._names[index] = row.output
            if fault := place_fault(row.output, sources):
                self._faults[index] = GlimpseError(fault)
            elif row.output != "-" and os.path.lexists(row.output):
                found.append(index)
            places[index] = hash(same_place(row.output, self._real)) or 1
        self._kinds = [*map(GlimpseError, self._alike)]
        self._find_twins(places)
        if found and not replaceable:
            first = self.row(found[0]).output
            raise existing(first, len(found), len(self._rows), leaves=True)

    def _remember(self, index: int, message: str) -> None:
        """Keep the fault of a row, whose numbers need not be parsed again then, if few have others."""
        if message in self._alike or len(self._alike) < _KINDS:
            self._wrong[index] = self._alike.setdefault(message, len(self._alike) + 1)

    def _name(self, index: int, row: Row) -> str:
        """The output of a row: its own, or as the template has it.

        Raises
        ------
        GlimpseError
            If it leaves its folder, or has an ending that cannot be written.
        """
        if row.output:
            name = os.path.join(self._own, row.output)
        else:
            more = self._of_window(row) if self._template.of_window else {}
            name = self._template.fill(
                of_cells(row.cells) | of_name(row.named or row.image, index, row.page or 1) | more
            )
        if fault := suffix_fault(name, self._suffixes):
            raise GlimpseError(fault)
        if name != "-" and (os.path.isabs(row.output) or not self._inside(name)):
            raise GlimpseError(f"the output {row.output or name} leaves the folder {self._folder}")
        return name

    def _inside(self, name: str) -> bool:
        if "\0" in name:
            return False
        folder = self._real(os.path.dirname(name) or ".")
        return folder == self._root or os.path.commonpath([folder, self._root]) == self._root

    def _find_twins(self, places: array[int]) -> None:
        """Let the later of two rows with one output fail, and name both."""
        import numpy as np

        keys = np.frombuffer(places, np.int64)
        order = np.argsort(keys, kind="stable")
        same = np.flatnonzero((np.diff(keys[order]) == 0) & (keys[order][1:] != 0))
        firsts: dict[str, int] = {}
        for later in sorted({*order[same], *order[same + 1]}):
            row = self.row(int(later))
            place = same_place(row.output, self._real)
            first = firsts.setdefault(place, int(later))
            if first != later:
                self._faults[int(later)] = GlimpseError(
                    f"its output {row.output} is that of {self._rows[first].place} too"
                )


def is_missing(name: str) -> bool:
    """Tell whether there is no file of this name; what is wrong with any other is told where it is opened."""
    try:
        os.lstat(name)
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return False
