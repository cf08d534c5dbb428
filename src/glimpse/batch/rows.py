"""The rows of a batch: one window of an image and its output each, from a table or the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from glimpse.batch.placements import Placement
from glimpse.errors import GlimpseError
from glimpse.window import Window


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
    tree : str
        The folder within a folder of inputs that the image stands in, kept in a folder of outputs.
    tile : (int, int) or None
        Which tile of the image it is, counted down and across from 0.
    page : int or None
        Which page or frame of the image, from 1, where it is not that of all rows.
    size : (int, int) or None
        Rows and columns of the image, as a file of annotations tells them.
    """

    place: str
    image: str
    placement: Placement
    output: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    index: int = 0
    named: str = ""
    fault: GlimpseError | None = None
    size: tuple[int, int] | None = None
    tree: str = ""
    tile: tuple[int, int] | None = None
    page: int | None = None

    def check_size(self, shape: tuple[int, int]) -> None:
        """Refuse a picture of another shape than that of the annotations.

        Raises
        ------
        GlimpseError
            If it is one.
        """
        if self.size in (None, shape) or self.placement.frame:
            return
        ours, theirs = (f"{cols} x {rows}" for rows, cols in (shape, self.size or shape))
        if self.size == shape[::-1]:
            raise GlimpseError(
                f"its boxes are of {theirs} pixels, the picture as it is stored; upright it is {ours}: "
                "--exif ignore takes pictures as they are stored"
            )
        raise GlimpseError(
            f"its boxes are of a picture of {theirs} pixels, this one is {ours}; is it a copy? "
            f"--reference {theirs.replace(' ', '')} scales them"
        )


Windows = str | os.PathLike[str] | Sequence[Row] | Iterable[tuple[str | os.PathLike[str], Window | Placement]]
"""A table's file, rows, or images with a window each."""


def rows_of(windows: Windows) -> tuple[Sequence[Row], bool]:
    """Return windows as rows, and whether a bad name costs only its row, as in a table."""
    if isinstance(windows, str | os.PathLike):
        from glimpse.batch.tables import read_table

        return read_table(os.fspath(windows)), True
    if hasattr(windows, "columns"):  # importing `Table` to ask costs 8 ms
        return cast(Sequence[Row], windows), True
    if not isinstance(windows, Sequence):
        windows = list(windows)
    if not windows or isinstance(windows[0], Row):
        return cast(Sequence[Row], windows), False
    rows = []
    for index, (name, window) in enumerate(cast(Sequence[tuple[str, Window]], windows)):
        image = os.fspath(name)
        placement = Placement.of(window) if isinstance(window, Window) else window
        rows.append(Row(image, image, placement, index=index, named=image))
    return rows, True


def paged(
    rows: Sequence[Row], pages: tuple[int, int] | Literal["all"], numbers: Callable[[str], Sequence[int]]
) -> list[Row]:
    """Return a row for each page of the images of rows.

    Parameters
    ----------
    rows : sequence of Row
        A row for each image.
    pages : (int, int) or "all"
        The first and the last page, from 1.
    numbers : callable
        Given the name of an image, returns the numbers of its pages, or raises `GlimpseError`.
    """
    found: list[Row] = []
    for row in rows:
        try:
            each = numbers(row.image) if pages == "all" else range(pages[0], pages[1] + 1)
        except GlimpseError as error:
            found.append(replace(row, fault=error, index=len(found)))
            continue
        for page in each:
            place = f"{row.image}[{page}]"
            found.append(replace(row, place=place, page=page, index=len(found)))
    return found
