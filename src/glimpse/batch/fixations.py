"""The windows of an image in their order, such as the fixations of an eye: rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from glimpse.batch.rows import Row
from glimpse.batch.tables.columns import TIMES
from glimpse.errors import GlimpseError, UsageError, prefixed
from glimpse.validation import number
from glimpse.window import Window

LONGEST = 600_000  # milliseconds that a fixation stands at most


class Fixation(NamedTuple):
    """A row on its image: its window, the milliseconds that it stands, if the row tells, and its notes."""

    window: Window
    duration: float | None
    notes: Sequence[str]


Stands = Callable[[Row], float | None]


def duration_column(rows: Sequence[Row]) -> Stands | None:
    """Return what tells the milliseconds that a row stands: a column of them, of seconds, or two of times.

    None where the table has none of them.

    Raises
    ------
    UsageError
        If a table has several that do not agree.
    """
    columns = getattr(rows, "columns", None)
    if columns is None:
        return None
    names = {name: str(columns.header[columns.index[name]]) for name in TIMES if name in columns.index}

    def value(row: Row, name: str) -> float | None:
        text = row.cells.get(names[name], "").strip()
        return number(text.replace(",", ".")) if text else None

    def between(row: Row) -> float | None:
        ends = value(row, "onset"), value(row, "offset")
        return None if ends[0] is None or ends[1] is None else ends[1] - ends[0]

    ways: dict[str, Stands] = {}
    if "duration" in names:
        ways[names["duration"]] = lambda row: value(row, "duration")
    if "durations" in names:  # duration_s
        ways[names["durations"]] = lambda row: (
            None if (seconds := value(row, "durations")) is None else 1000 * seconds
        )
    if {"onset", "offset"} <= set(names):
        ways[f"{names['onset']},{names['offset']}"] = between
    if len(ways) > 1:
        _check_agree(rows, ways)
    return next(iter(ways.values()), None)


def _check_agree(rows: Sequence[Row], ways: Mapping[str, Stands]) -> None:
    """Refuse columns that say how long a row stands, and differ by a millisecond and a 100th."""
    for row in rows:
        found = {}
        for name, stands in ways.items():
            with suppress(GlimpseError):  # which the row will tell
                if (told := stands(row)) is not None:
                    found[name] = told
        if not found:
            continue
        least, most = (end(found, key=found.__getitem__) for end in (min, max))
        if found[most] - found[least] > max(1.0, 0.01 * found[most]):
            raise UsageError(
                f"{row.place}: column {most} says {found[most]:g} ms and {least} says {found[least]:g} ms; "
                "leave out one of them"
            )


def fixations(
    rows: Sequence[Row],
    shape: tuple[int, int],
    *,
    duration: Callable[[Row], float | None] | None = None,
    same_n: bool = False,
) -> tuple[list[Fixation], list[GlimpseError]]:
    """Return the windows of the good rows on an image of this shape, and the faults of the others.

    Parameters
    ----------
    rows : sequence of Row
        The rows of one image.
    shape : (int, int)
        Rows and columns of the image.
    duration : callable or None
        Tells how long a row stands, as `duration_column` returns it.
    same_n : bool
        Whether all patches must have the shape of the first one.

    Raises
    ------
    GlimpseError
        If no row is good.
    """
    found: list[Fixation] = []
    faults: list[GlimpseError] = []
    for row in rows:
        try:
            if row.fault:
                raise row.fault
            row.check_size(shape)
            window = row.placement.window(shape)
            stands = duration(row) if duration else None
            if stands is not None and not 0 < stands <= LONGEST:
                raise GlimpseError(
                    f"duration must be above 0 and at most {LONGEST} milliseconds, got {stands:g}"
                )
            if same_n and found and window.shape != found[0].window.shape:
                one, other = (f"{n} x {m}" for n, m in (found[0].window.shape, window.shape))
                raise GlimpseError(f"its patch is {other}, the first one is {one}; an animation has one n")
            found.append(Fixation(window, stands, row.placement.notes(window, shape)))
        except GlimpseError as error:
            faults.append(prefixed(row.place, error))
    if not found and len(faults) == 1:
        raise faults[0]
    if not found:
        raise GlimpseError(f"none of its {len(rows)} rows is a window" + (f"; {faults[0]}" if faults else ""))
    return found, faults
