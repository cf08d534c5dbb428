"""The rows of a batch: one window of an image and its output each, from a table or the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from glimpse.batch.placements import Placement
from glimpse.errors import GlimpseError


@dataclass(frozen=True)
class Row:
    """One window of an image, and where its patch goes: a row of a table, or an argument.

    Parameters
    ----------
    place : str
        The name that its error lines begin with: the image, or the file and line of a table.
    image : str
        The image's file name (of a patch, in a table for `glimpse write`).
    placement : Placement
        Where to look.
    output : str
        File of the patch; empty where a row of a table names none.
    cells : mapping of str to str
        All cells of the row, by the names of their columns.
    index : int
        Where it stands in its table, from 0.
    named : str
        The image as the table names it, relative to the folder of images.
    fault : GlimpseError or None
        The error that the row has already.
    """

    place: str
    image: str
    placement: Placement
    output: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    index: int = 0
    named: str = ""
    fault: GlimpseError | None = None


class Rows(Sequence[Row]):
    """Some rows of many, each made when it is asked for."""

    def __init__(self, row: Callable[[int], Row], indices: Sequence[int]) -> None:
        self._row, self._indices = row, indices

    def __len__(self) -> int:
        return len(self._indices)

    def __reduce__(self) -> Any:  # to another machine the rows travel themselves, not the table of them all
        return list, (list(self),)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> Row | Rows:
        if isinstance(index, slice):
            return Rows(self._row, self._indices[index])
        return self._row(self._indices[index])
