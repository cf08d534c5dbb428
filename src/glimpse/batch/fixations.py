"""The windows of an image in their order, such as the fixations of an eye: rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import NamedTuple

from glimpse.batch.names import one_file
from glimpse.batch.rows import Row
from glimpse.batch.tables.columns import TIMES
from glimpse.errors import GlimpseError, UsageError, prefixed
from glimpse.validation import number
from glimpse.window import Window

LONGEST = 600_000  # milliseconds that a fixation stands at most
_RUNS = 3  # runs of numbers that a note tells of; of more it says that there are more


class Fixation(NamedTuple):
    """A row on its image: its window, the milliseconds that it stands, if the row tells, and its notes."""

    window: Window
    duration: float | None
    notes: Sequence[str]


def by_image(rows: Sequence[Row], output: str | None) -> dict[str, list[Row]]:
    """Return the rows of each image; rows that name none stand with the first image.

    Raises
    ------
    UsageError
        If there is no image, or several while the output is one file.
    """
    first = getattr(rows, "image", "") or next((row.image for row in rows if row.image), "")
    groups: dict[str, list[Row]] = {first: []} if first else {}
    for row in rows:
        groups.setdefault(row.image or first, []).append(row)
    names, table = sorted(filter(None, groups)), getattr(rows, "name", "")
    if not groups:
        raise UsageError(f"--table {table} has no rows" if table else "there are no windows")
    if len(names) == 1 or (names and output is not None and not one_file(output)):
        return groups
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    folder = ", or give -o a folder (out/) for a file each" if names else ""
    whole = f"--table {table}: it names" if table else "these are windows of"
    raise UsageError(f"{whole} {len(names)} images ({some}); keep the rows of one{folder}")


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


def noted(notes: Sequence[Sequence[str]], noun: str) -> list[str]:
    """Return the notes on many windows, each once, with the numbers of its windows unless it is on all.

    Examples
    --------
    >>> noted([["far"], [], ["far"], ["far"]], "frame")
    ['far (frames 1, 3 to 4 of 4)']
    """
    places: dict[str, list[int]] = {}
    for index, some in enumerate(notes, 1):
        for note in some:
            places.setdefault(note, []).append(index)
    told = []
    for note, numbers in places.items():
        runs = [
            [at for _, at in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
        ]
        words = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs[:_RUNS]]
        which = ", ".join(words + ["..."] * (len(runs) > _RUNS))
        plural = "s" if len(numbers) > 1 else ""
        told.append(
            note if len(numbers) == len(notes) else f"{note} ({noun}{plural} {which} of {len(notes)})"
        )
    return told
