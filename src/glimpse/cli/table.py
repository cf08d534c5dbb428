"""``--table``: a CSV file with one window per row, such as fixations, detections or annotations."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from glimpse.cli.options import WindowOptions
from glimpse.cli.param_types import parse_n, position, positive
from glimpse.cli.read_jobs import Crop
from glimpse.errors import GlimpseError

_NAMES = {"row": "gx", "col": "gy"}
_CELLS: dict[str, Callable[[str], Any]] = {
    "gx": position("gx"),
    "gy": position("gy"),
    "delta": positive("delta"),
    "sigma": positive("sigma"),
    "gamma": positive("gamma"),
    "n": parse_n,
}


def read_table(name: str, data: bytes, images: tuple[str, ...], window: WindowOptions) -> list[Crop]:
    """Parse a table, whose bad rows keep their fault.

    Parameters
    ----------
    name : str
        File name, for messages.
    data : bytes
        CSV in UTF-8 with a header: ``gx``, ``gy`` (or ``row``, ``col``) in pixels or percent, ``image``
        unless there is one in `images`, optionally ``delta``, ``sigma``, ``gamma``, ``n``, ``output``.
        Other columns are left alone; an empty cell means the command line's value.
    images : tuple of str
        Images of the command line.
    window : WindowOptions
        Options of the command line.

    Raises
    ------
    click.UsageError
        If it is no such table.
    """
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [_NAMES.get(cell.strip(), cell.strip()) for cell in next(lines, [])]
        _check_header(name, header, images)
        filled = ((lines.line_num, cells) for cells in lines if any(map(str.strip, cells)))
        return [
            _row(f"{name}:{line}", dict(zip(header, cells, strict=False)), images, window)
            for line, cells in filled
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.UsageError(f"--table {name}: not CSV in UTF-8: {error}") from None


def _check_header(name: str, header: list[str], images: tuple[str, ...]) -> None:
    missing = [column for column in ("gx", "gy") if column not in header]
    if missing:
        raise click.UsageError(f"--table {name}: no column {missing[0]}; it needs gx and gy (or row and col)")
    if ("image" in header) == bool(images):
        raise click.UsageError(f"--table {name}: name images in a column image, or one in the command")
    if len(images) > 1:
        raise click.UsageError(f"--table {name}: it has no column image, so it goes with one image only")
    if twice := [column for column in (*_CELLS, "image", "output") if header.count(column) > 1]:
        raise click.UsageError(f"--table {name}: the column {twice[0]} stands twice")


def _row(place: str, cells: dict[str, str], images: tuple[str, ...], window: WindowOptions) -> Crop:
    cells = {name: text.strip() for name, text in cells.items()}
    image, output = cells.get("image", *images), cells.get("output", "")
    try:
        if not image:
            raise GlimpseError("no image is named")
        if missing := [name for name in ("gx", "gy") if not cells.get(name)]:
            raise GlimpseError(f"{missing[0]} is missing")
        values = {name: parse(cells[name]) for name, parse in _CELLS.items() if cells.get(name)}
        typed = window.typed | set(values)
        return Crop(place, image, replace(window, **values, typed=typed), output)
    except GlimpseError as error:
        return Crop(place, image, window, output, error)
