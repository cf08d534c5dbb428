"""Points and boxes of a table moved from patches into their source, and back."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from glimpse.batch.outcomes import Outcome
from glimpse.errors import GlimpseError, UsageError, about, prefixed
from glimpse.validation import number

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

    decoding = decoding or files.DecodeOptions()
    with about(f"--table {table}"):
        rows = open_table(table, folder)
        found = find_columns(rows.header, columns or {}, first="patch")
    if found.form is None:
        raise UsageError(f"--table {table}: no columns of a place, such as x,y or x,y,w,h or row,col")
    if "image" not in found.index and len(patches) != 1:
        raise UsageError(f"--table {table} has no column patch; name the one PATCH of all its rows")
    known = {os.path.basename(name): name for name in patches} | {name: name for name in patches}
    record_of = cache(lambda name: patch_record(name, decoding))
    header, out = list(rows.header), io.StringIO()
    header += [] if "source" in header else ["source"]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    outcomes = []
    for index in range(len(rows)):
        place = (
            f"{table}, line {rows.line(index)}"
            if isinstance(rows.line(index), int)
            else str(rows.line(index))
        )
        try:
            cells = rows.cells(index)
            if len(cells) != len(rows.header):
                raise GlimpseError(f"{len(cells)} cells for {len(rows.header)} columns")
            name = cells[found.index["image"]] if "image" in found.index else patches[0]
            name = known.get(name) or known.get(os.path.basename(name)) or os.path.join(folder, name)
            with about(name):
                record = record_of(name)
            sides = (record.window.shape, record.shape)
            scales = (
                (sides[into], sides[not into]) if normalized or getattr(rows, "normalized", False) else None
            )
            for form in (found.form, *found.others):
                _move(cells, form, found.index, record.window, scales, into=into)
        except GlimpseError as error:
            outcomes.append(Outcome(place, error=prefixed(place, error)))
            continue
        writer.writerow(cells if "source" in rows.header else [*cells, record.source])
        outcomes.append(Outcome(place))
    return out.getvalue(), outcomes


def move_point(x: float, y: float, window: Window, *, into: bool = False) -> tuple[float, float]:
    """Return a point of a patch in its source, or the other way: x across and y down."""
    row, col = (window.to_patch if into else window.to_image)([y, x]).tolist()
    return col, row


def _move(
    cells: list[str],
    form: Form,
    index: Mapping[str, int],
    window: Window,
    scales: tuple[tuple[int, int], tuple[int, int]] | None,
    *,
    into: bool,
) -> None:
    """Move the place that some cells of a row hold; `scales` are the sides that normalised numbers are of."""
    places = [index[name] for name in form.names]
    single = len(places) == 1
    texts = re.findall(r"[^\s,;\[\]()]+", cells[places[0]]) if single else [cells[place] for place in places]
    values = [number(text) for text in texts]
    if len(values) != (2 if form.kind == "point" else 4):
        raise GlimpseError(f"{cells[places[0]]!r} is not four numbers")
    if form.kind == "point":
        values = values[::-1]  # x, y
    across = [pair[k] for pair in scales or ((1, 1), (1, 1)) for k in (1, 0)]  # x and y before, x and y after
    values = [value * across[k % 2] for k, value in enumerate(values)]
    if form.kind == "point":
        moved = list(move_point(values[0], values[1], window, into=into))
    else:
        a, b, c, d = values
        edges = {"corners": (a, b, c, d), "size": (a, b, a + c, b + d)}.get(
            form.kind, (a - c / 2, b - d / 2, a + c / 2, b + d / 2)
        )
        x1, y1, x2, y2 = (window.to_patch if into else window.to_image)(list(edges), boxes=True).tolist()
        size = (x2 - x1, y2 - y1)
        moved = {"corners": [x1, y1, x2, y2], "size": [x1, y1, *size]}.get(
            form.kind, [(x1 + x2) / 2, (y1 + y2) / 2, *size]
        )
    said = [f"{value / across[2 + k % 2]:.15g}" for k, value in enumerate(moved)]
    if single:
        cells[places[0]] = f"[{', '.join(said)}]"
    else:
        for place, text in zip(places, said[::-1] if form.kind == "point" else said, strict=True):
            cells[place] = text
