"""Points and boxes of a table moved from patches into their source, and back."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from glimpse.batch.outcomes import Outcome
from glimpse.batch.placements import Placement, Position
from glimpse.errors import GlimpseError, UsageError, about, prefixed

if TYPE_CHECKING:
    from glimpse.batch.tables.columns import Form
    from glimpse.io import DecodeOptions, Record
    from glimpse.window import Window


def patch_record(name: str, decoding: DecodeOptions) -> Record:
    """Return the record of a patch.

    Raises
    ------
    GlimpseError
        If the file is no patch.
    """
    from glimpse.io import load_record

    record = load_record(name, decoding)
    if not record.is_patch:
        raise GlimpseError("not a patch: its record is of a canvas or an animation")
    return record


def map_table(
    table: str,
    patches: Sequence[str] = (),
    *,
    into: bool = False,
    columns: Mapping[str, str] | None = None,
    folder: str = "",
    normalized: bool = False,
    decoding: DecodeOptions | None = None,
) -> tuple[str, list[Outcome]]:
    """Move the points and boxes of a table from their patches into the source, and add a column of it.

    Parameters
    ----------
    table : str
        A file of any format that windows are read of; a column ``patch`` names each row's.
    patches : sequence of str
        The one patch of all rows, or those that the rows name.
    into : bool
        The other way: from pixels of the source into patches.
    columns : mapping of str to str, optional
        What columns of the table mean, as ``{"left": "bbox_x"}``.
    folder : str
        The folder that names in the table are relative to.
    normalized : bool
        Whether positions and sizes go from 0 to 1, then and now.
    decoding : DecodeOptions, optional
        As for `glimpse.io.load_record`.

    Returns
    -------
    str, list of Outcome
        The table as CSV without its bad rows, and what became of each row.

    Raises
    ------
    GlimpseError, UsageError
        If the table cannot be read, or does not say where its points or patches are.
    """
    from glimpse import io as files
    from glimpse.batch.tables.columns import find_columns
    from glimpse.batch.tables.formats import open_table
    from glimpse.batch.tables.rows import Table

    decoding = decoding or files.DecodeOptions()
    with about(f"--table {table}"):
        records = open_table(table, folder)
        found = find_columns(records.header, columns or {}, first="patch")
    if found.form is None:
        raise UsageError(f"--table {table}: no columns of a place, such as x,y or x,y,w,h or row,col")
    if "image" not in found.index and len(patches) != 1:
        raise UsageError(f"--table {table} has no column patch; name the one PATCH of all its rows")
    shares = normalized or getattr(records, "normalized", False)
    rows = Table(table, records, found, patches, Placement(), folder=folder, normalized=shares)
    known = {os.path.basename(name): name for name in patches} | {name: name for name in patches}
    record_of = cache(lambda name: patch_record(name, decoding))
    header, out = list(records.header), io.StringIO()
    header += [] if "source" in header else ["source"]
    at = header.index("source")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    outcomes = []
    for index in range(len(records)):
        line = records.line(index)
        place = f"{table}, line {line}" if isinstance(line, int) else str(line)
        try:
            cells = records.cells(index)
            if len(cells) != len(records.header):
                raise GlimpseError(f"{len(cells)} cells for {len(records.header)} columns")
            name = cells[found.index["image"]] if "image" in found.index else patches[0]
            name = known.get(name) or known.get(os.path.basename(name)) or rows.file(name)
            with about(name):
                record = record_of(name)
            for form in (found.form, *found.others):
                moved = _moved(form, rows.places(form, cells), record, into=into, shares=shares)
                names = [found.index[name] for name in form.names]
                told = [f"[{', '.join(moved)}]"] if len(names) == 1 else moved
                for column, text in zip(names, told, strict=True):
                    cells[column] = text
        except GlimpseError as error:
            outcomes.append(Outcome(place, error=prefixed(place, error)))
            continue
        named = cells[at] if at < len(cells) else ""
        is_same = os.path.basename(named) == record.source  # which is without its folder
        writer.writerow([*cells[:at], named if is_same else record.source, *cells[at + 1 :]])
        notes = [] if is_same or not named else [f"its source was {named}, and is {record.source}"]
        outcomes.append(Outcome(place, notes=notes))
    return out.getvalue(), outcomes


def move_point(x: float, y: float, window: Window, *, into: bool = False) -> tuple[float, float]:
    """Return a point of a patch in its source, or the other way: x across and y down."""
    row, col = (window.to_patch if into else window.to_image)([y, x]).tolist()
    return col, row


def _moved(form: Form, places: Sequence[Position], record: Record, *, into: bool, shares: bool) -> list[str]:
    """The numbers of a place moved from a patch into its source, or the other way; `shares` stay shares."""
    sides = (record.window.shape, record.shape)
    before, after = sides[into], sides[not into]
    point = form.kind == "point"
    half = 0.5 if point else 0.0  # a share is measured from an edge, a point from the centre of a pixel
    order = (0, 1) if point else (1, 0) * 2  # the axis of each number
    values = []
    for place, axis in zip(places, order, strict=True):
        whole = place.whole or (1.0 if shares else 0.0)
        values.append(place.value / whole * before[axis] - half if whole else place.value)
    if point:
        moved = list(move_point(values[1], values[0], record.window, into=into))[::-1]
    else:
        a, b, c, d = values
        edges = {"corners": (a, b, c, d), "size": (a, b, a + c, b + d)}.get(
            form.kind, (a - c / 2, b - d / 2, a + c / 2, b + d / 2)
        )
        move = record.window.to_patch if into else record.window.to_image
        x1, y1, x2, y2 = move(list(edges), boxes=True).tolist()
        size = (x2 - x1, y2 - y1)
        moved = {"corners": [x1, y1, x2, y2], "size": [x1, y1, *size]}.get(
            form.kind, [(x1 + x2) / 2, (y1 + y2) / 2, *size]
        )
    if shares:
        moved = [(value + half) / after[axis] for value, axis in zip(moved, order, strict=True)]
    return [f"{value:.15g}" for value in moved]
