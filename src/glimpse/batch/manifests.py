"""The list of a batch's patches: each with its source, its window, and the columns of its row."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from glimpse.batch.names import identities, place_fault
from glimpse.batch.outcomes import Outcome
from glimpse.batch.tables.columns import KNOWN, key
from glimpse.errors import GlimpseError, UsageError, about
from glimpse.window import NUMBERS, Window

if TYPE_CHECKING:
    from glimpse.batch.runner import Run
    from glimpse.io import DecodeOptions

SUFFIXES = (".csv", ".jsonl")
_OWN = ("file_name", "source", *NUMBERS, "n", "kernel", "edge")


def listed(
    outcomes: Iterator[Outcome], name: str, run: Run, protect: Sequence[str], decoding: DecodeOptions
) -> Iterator[Outcome]:
    """Yield outcomes, and write the list of their patches in the end: whole, or not at all.

    Patches that were left keep their lines of the list that is there, or get those of their records.

    Raises
    ------
    UsageError
        If the list cannot be written under this name.
    """
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"--manifest {name}: the name must end in {' or '.join(SUFFIXES)}")
    if fault := place_fault(name, identities(protect)):
        raise UsageError(f"--manifest {fault}")
    if os.path.lexists(name) and not (run.overwrite or run.skip_existing):
        raise UsageError(
            f"--manifest {name} exists already; --overwrite replaces it, --skip-existing adds to it"
        )
    before = _lines_of(name, suffix) if run.skip_existing and os.path.lexists(name) else {}
    return _told(outcomes, name, suffix, before, decoding)


def _told(
    outcomes: Iterator[Outcome],
    name: str,
    suffix: str,
    lines: dict[str, dict[str, Any]],
    decoding: DecodeOptions,
) -> Iterator[Outcome]:
    from glimpse.io import load_record, save_bytes

    folder = os.path.dirname(name) or "."
    try:
        for outcome in outcomes:
            if outcome.state == "written" or (outcome.left and not outcome.outside):
                file = os.path.relpath(outcome.output, folder).replace(os.sep, "/")
                if outcome.output == "-":
                    raise UsageError("--manifest lists files; give -o a folder or a template")
                if outcome.window or file not in lines:
                    try:
                        window = outcome.window  # none of a file that was left
                        if not isinstance(window, Window):
                            window = load_record(outcome.output, decoding).window
                        lines[file] = _line(file, window, outcome)
                    except GlimpseError:  # a file of another kind was left
                        lines[file] = {"file_name": file}
            yield outcome
    finally:
        if lines:
            with about(f"--manifest {name}"):
                save_bytes(name, _text(list(lines.values()), suffix).encode(), overwrite=True)


def _line(file: str, window: Window, outcome: Outcome) -> dict[str, Any]:
    """The line of a patch; columns of its row that would say where, or which file, get other names."""
    row = outcome.row
    line: dict[str, Any] = {"file_name": file, "source": row.image}
    line |= {name: getattr(window, name) for name in (*NUMBERS, "n", "kernel", "edge")}
    for column, cell in row.cells.items():
        taken = column in _OWN or key(column) in KNOWN
        line[f"source_{column}" if taken else column] = cell
    return line


def _text(lines: Sequence[Mapping[str, Any]], suffix: str) -> str:
    """All lines as text; a number that is a pair somewhere is text everywhere, ROWS,COLS."""
    header = list(dict.fromkeys(name for line in lines for name in line))
    pairs = {name for line in lines for name, value in line.items() if isinstance(value, (tuple, list))}

    def plain(name: str, value: Any) -> Any:
        if name not in pairs or isinstance(value, str):
            return value
        return ",".join(f"{part:.17g}" for part in (value if isinstance(value, (tuple, list)) else (value,)))

    if suffix == ".jsonl":
        rows = ({name: plain(name, line.get(name, "")) for name in header} for line in lines)
        return "".join(json.dumps(row) + "\n" for row in rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([plain(name, line.get(name, "")) for name in header] for line in lines)
    return text.getvalue()


def _lines_of(name: str, suffix: str) -> dict[str, dict[str, Any]]:
    """The lines of a list that is there, by their files; those of files that are gone are left out."""
    from glimpse.batch.tables.formats import open_table

    with about(f"--manifest {name}"):
        table = open_table(name)
    lines = {}
    for index in range(len(table)):
        cells: dict[str, Any] = dict(zip(table.header, table.cells(index), strict=False))
        if suffix == ".jsonl":
            cells = {
                column: _number(cell) if column in (*NUMBERS, "n") else cell for column, cell in cells.items()
            }
        file = cells.get("file_name", "")
        if file and os.path.lexists(os.path.join(os.path.dirname(name), file)):
            lines[file] = cells
    return lines


def _number(cell: str) -> Any:
    try:
        return int(cell) if cell.isdigit() else float(cell)
    except ValueError:
        return cell
