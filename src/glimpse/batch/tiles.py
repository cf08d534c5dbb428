"""Pictures cut into tiles: a window for each, in rows from the top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from glimpse.batch.placements import parse_box
from glimpse.batch.rows import Row
from glimpse.errors import GlimpseError, UsageError

_MOST = 1_000_000  # tiles of one picture


def tiled(
    rows: Sequence[Row],
    size: tuple[int, int],
    overlap: float | str,
    shape: Callable[[tuple[str, int | None]], tuple[int, int]],
    *,
    hanging: bool = False,
) -> list[Row]:
    """Return a row for each tile of the pictures of rows.

    Parameters
    ----------
    rows : sequence of Row
        A row for each picture; its placement says the rest of the windows.
    size : (int, int)
        Rows and columns of a tile; a smaller picture is one tile.
    overlap : float or str
        How much of a tile its neighbour sees too: pixels, or a share such as ``20%``.
    shape : callable
        Given a picture's name and page, returns its rows and columns, or raises `GlimpseError`.
    hanging : bool
        Whether the last tile of a row or column may hang over the edge; else it is moved inside.

    Raises
    ------
    UsageError
        If tiles would overlap as a whole.

    Examples
    --------
    >>> from glimpse.batch import Placement
    >>> found = tiled([Row("a.png", "a.png", Placement())], (40, 60), "25%", lambda place: (50, 100))
    >>> [(row.place, row.tile) for row in found]
    [('a.png[0,0]', (0, 0)), ('a.png[0,1]', (0, 1)), ('a.png[1,0]', (1, 0)), ('a.png[1,1]', (1, 1))]
    """
    shares = [side * float(overlap[:-1]) / 100 if isinstance(overlap, str) else overlap for side in size]
    steps = [side - round(share) for side, share in zip(size, shares, strict=True)]
    if min(steps) < 1:
        raise UsageError(f"--overlap {overlap} leaves nothing of a tile of {size[0]} x {size[1]} for itself")
    found: list[Row] = []
    for row in rows:
        try:
            sides = shape((row.image, row.page))
        except GlimpseError as error:
            found.append(replace(row, fault=error, index=len(found)))
            continue
        starts = [_starts(*each, hanging) for each in zip(sides, size, steps, strict=True)]
        if len(starts[0]) * len(starts[1]) > _MOST:
            raise UsageError(f"{row.image}: more than {_MOST} tiles of {size[0]} x {size[1]}")
        tall, wide = size if hanging else (min(a, b) for a, b in zip(size, sides, strict=True))
        for i, top in enumerate(starts[0]):
            for j, left in enumerate(starts[1]):
                placement = row.placement._replace(
                    box=parse_box(f"{left},{top},{wide},{tall}"), typed=row.placement.typed | {"box"}
                )
                place = f"{row.place}[{i},{j}]"
                found.append(replace(row, place=place, placement=placement, index=len(found), tile=(i, j)))
    return found


def _starts(side: int, tile: int, step: int, hanging: bool) -> list[int]:
    """Where the tiles along an axis begin."""
    count = 1 + max(0, -(-(side - tile) // step))
    return [k * step if hanging else max(0, min(k * step, side - tile)) for k in range(count)]
