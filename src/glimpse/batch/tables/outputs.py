"""The outputs of a table's rows: within their folder, none twice; a bad one costs only its row."""

from __future__ import annotations

import functools
import os
from array import array
from collections.abc import Callable, Sequence
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
from glimpse.batch.rows import Row
from glimpse.batch.tables.rows import Table
from glimpse.errors import GlimpseError, UsageError


class Outputs:
    """The output of each row, made when it is asked for, so that a million take little memory.

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

    def row(self, index: int) -> Row:
        """Return a row with its output, or with the fault that it has without one."""
        row = self._rows[index]
        if row.fault:
            return row
        try:
            if fault := self._faults.get(index):
                raise fault
            return replace(row, output=self._name(index, row))
        except GlimpseError as error:
            return replace(row, fault=error)

    def check(self, *, replaceable: bool, protect: Sequence[str]) -> None:
        """Find the faults of the outputs of rows, which then fail alone.

        Parameters
        ----------
        replaceable : bool
            Whether files that exist are replaced or left.
        protect : sequence of str
            Files that no output may replace.

        Raises
        ------
        UsageError
            If outputs exist, in one error that counts them.
        """
        sources = identities(protect)
        places, there = array("q", bytes(8 * len(self._rows))), array("q")
        for index in range(len(self._rows)):
            row = self.row(index)
            if row.fault:
                continue
            if fault := place_fault(row.output, sources):
                self._faults[index] = GlimpseError(fault)
            elif row.output != "-" and os.path.lexists(row.output):
                there.append(index)
            places[index] = hash(same_place(row.output, self._real)) or 1
        self._find_twins(places)
        if there and not replaceable:
            first = self.row(there[0]).output
            raise existing(first, len(there), len(self._rows), leaves=True)

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
        return os.path.commonpath([folder, self._root]) == self._root

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
