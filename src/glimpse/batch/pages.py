"""Pages on which windows are chosen by looking: of one image, or of the rows of a table."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from glimpse.batch.outcomes import Outcome, source_name
from glimpse.errors import GlimpseError, prefixed
from glimpse.window import Window

if TYPE_CHECKING:
    from glimpse.batch.rows import Row
    from glimpse.batch.runner import Run
    from glimpse.explorer import Subject, TableRow
    from glimpse.io import DecodeOptions, Picture

PAGES = (".html", ".htm")


def save_page(
    name: str, picture: Picture, window: Window, target: str, run: Run, decoding: DecodeOptions
) -> None:
    """Write the page that begins with a window on an image."""
    from glimpse import explorer, io

    page = explorer.page(_subject(name, picture, window, decoding))
    io.save_bytes(target, page, overwrite=run.overwrite)


def save_table_page(
    images: Mapping[str, Sequence[Row]], target: str, rows: Sequence[Row], run: Run, decoding: DecodeOptions
) -> list[Outcome]:
    """Write the page that goes through the rows of a table; tell of it, and of the rows that are no window.

    The columns that say where are written anew: as a box, or where the table has centres as gx, gy and delta.
    Others are kept under the names that every table has for them.
    """
    from glimpse import explorer, io

    columns, table = getattr(rows, "columns", None), getattr(rows, "name", "")
    header = ["image"] if columns is None else list(columns.header)
    names = {place: name for name, place in columns.index.items()} if columns else {}
    form = columns.form if columns else None
    kept = [k for k in range(len(header)) if names.get(k) not in {"delta", *(form.names if form else ())}]
    faults: list[Outcome] = []

    def shown() -> Iterator[tuple[Subject, list[TableRow]]]:
        for name, group in images.items():
            found: list[TableRow] = []
            try:
                picture = io.load_picture(name, decoding)
            except GlimpseError as error:
                faults.append(Outcome(name, error=prefixed(name, error), count=len(group)))
                continue
            for row in group:
                cells = [row.cells.get(header[k], "") for k in kept] if columns else [row.named]
                try:
                    if row.fault:
                        raise row.fault
                    row.check_size(picture.shape)
                    window = row.placement.window(picture.shape)
                    found.append(explorer.TableRow(row.index, window, cells))
                except GlimpseError as error:
                    faults.append(Outcome(name, error=prefixed(row.place, error)))
            if found:
                yield _subject(name, picture, found[0].window, decoding), found

    point = form is not None and form.kind == "point"
    page = explorer.table_page(
        shown(),
        len(images),
        name=f"{os.path.splitext(os.path.basename(table))[0] or 'windows'}.csv",
        header=[names.get(k, header[k]) for k in kept],
        places=("gx", "gy", "delta") if point else ("x", "y", "w", "h"),
    )
    io.save_bytes(target, page, overwrite=run.overwrite)
    lost, count = sum(fault.count for fault in faults), sum(map(len, images.values()))
    rest = "the table that it saves has the others"
    notes = [f"{lost} row{'s are' if lost > 1 else ' is'} no window; {rest}"] if lost else []
    told = Outcome(
        next(iter(images)), target, f"page of {count - lost} windows", notes=notes, count=count - lost
    )
    return [told, *faults]


def _subject(name: str, picture: Picture, window: Window, decoding: DecodeOptions) -> Subject:
    """The image of a page, and the command that reads it."""
    from glimpse import explorer, io

    command = ["glimpse read", shell_word(name)]
    for field, value in decoding._asdict().items():
        if value != decoding._field_defaults[field]:
            option = "--range" if field == "levels" else "--" + field.replace("_", "-")
            command.append(f"{option} {','.join(map(repr, value)) if isinstance(value, tuple) else value}")
    notes = [*picture.notes]
    if picture.white > 255:
        notes.append("The picture is shown in 8 bits; the command keeps 16.")
    if picture.alpha:
        notes.append("Transparent pixels are shown on black; the command keeps their alpha.")
    record = io.Record(window, picture.shape, source_name(name)).to_dict()
    profile = picture.color.get("icc_profile")
    return explorer.Subject(record, " ".join(command), picture.pixels, picture.channel_axis, picture.white,
                            profile, notes)  # fmt: skip


def shell_word(name: str) -> str:
    """Quote a file name for a shell, so that no name is an option or leaves its line.

    Examples
    --------
    >>> print(shell_word("it's.png"), shell_word("-o.png"), shell_word("two\\nlines.png"))
    'it'"'"'s.png' ./-o.png $'two\\nlines.png'
    """
    name = f"./{name}" if name.startswith("-") and name != "-" else name
    if name.isprintable():
        return shlex.quote(name)
    escapes = {"'": "\\'", "\\": "\\\\", "\n": "\\n"}
    words = [
        escapes.get(character, character)
        if character.isprintable() or character == "\n"
        else "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in name
    ]
    return f"$'{''.join(words)}'"
