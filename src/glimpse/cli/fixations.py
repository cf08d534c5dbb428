"""The windows of one image that a table lists in order, and how long each stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from glimpse.errors import GlimpseError, prefixed
from glimpse.validation import number
from glimpse.window import Window

if TYPE_CHECKING:
    from glimpse.cli.row import Row
    from glimpse.cli.table import Table
    from glimpse.cli.table_options import TableOptions
    from glimpse.cli.window_options import WindowOptions


class Fixation(NamedTuple):
    """A row of a table on its image: its window, and the milliseconds that it stands, if the row tells."""

    window: Window
    duration: float | None


def image_of(tables: TableOptions, image: str | None, window: WindowOptions) -> tuple[str, Table]:
    """Read a table of windows of one image, which the command or the table names.

    Raises
    ------
    click.UsageError
        If the table cannot be read, or is of several images.
    """
    table = tables.read((image,) if image else (), window)
    names = {image} if image else {row.image for row in table if row.image}
    if not names and not table:
        raise click.UsageError(f"--table {tables.name} has no rows")
    if len(names) != 1:
        some = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
        raise click.UsageError(
            f"--table {tables.name}: it names {len(names)} images ({some}); keep the rows of one"
        )
    return names.pop(), table


def fixations(
    table: Table, shape: tuple[int, int], *, same_n: bool = False
) -> tuple[list[Fixation], list[GlimpseError]]:
    """Return the windows of the good rows on an image of this shape, and the faults of the others.

    Parameters
    ----------
    table : Table
        The rows.
    shape : (int, int)
        Rows and columns of the image.
    same_n : bool
        Whether all patches must have the shape of the first one.

    Raises
    ------
    GlimpseError
        If no row is good.
    """
    found: list[Fixation] = []
    faults: list[GlimpseError] = []
    for row in table:
        try:
            fixation = _fixation(table, row, shape)
            if same_n and found and fixation.window.shape != found[0].window.shape:
                one, other = (f"{n} x {m}" for n, m in (found[0].window.shape, fixation.window.shape))
                raise GlimpseError(f"its patch is {other}, the first one is {one}; an animation has one n")
            found.append(fixation)
        except GlimpseError as error:
            faults.append(prefixed(row.place, error))
    if not found:
        raise faults[0] if len(faults) == 1 else GlimpseError(_none(table, faults))
    return found, faults


def _none(table: Table, faults: Sequence[GlimpseError]) -> str:
    return f"none of its {len(table)} rows is a window" + (f"; {faults[0]}" if faults else "")


def _fixation(table: Table, row: Row, shape: tuple[int, int]) -> Fixation:
    if row.fault:
        raise row.fault
    place = table.columns.index.get("duration")
    text = row.cells.get(table.columns.header[place], "").strip() if place is not None else ""
    return Fixation(row.window.window(shape), _duration(text) if text else None)


def _duration(text: str) -> float:
    value = number(text.replace(",", "."))
    if not 0 < value <= 600_000:
        raise GlimpseError(f"duration must be above 0 and at most 600000 milliseconds, got {text}")
    return value
