"""The rows of a table: each an image, a window and an output; bad rows keep their fault."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from glimpse.batch.placements import (
    SHARES,
    Box,
    Placement,
    Position,
    parse_n,
    position,
    positive,
    positive_pair,
)
from glimpse.batch.rows import LazyRows, Row, checked_door
from glimpse.batch.tables.columns import (
    Columns,
    Form,
    check_place,
    find_columns,
    is_turn,
    is_turned,
    key,
    listed,
    two_ways,
)
from glimpse.batch.tables.dialect import Records
from glimpse.batch.tables.formats import Lines, of_stem, open_table
from glimpse.batch.tables.formats.lines import counted
from glimpse.errors import GlimpseError, UsageError
from glimpse.limits import PAGES_MOST
from glimpse.validation import told

_CELLS: dict[str, Callable[[str], Any]] = {
    "n": parse_n,
    **{name: positive_pair(name) for name in ("delta", "sigma")},
    "gamma": positive("gamma"),
}
_OPEN_IMAGES = {"imageid", "labelname", "xmin", "xmax", "ymin", "ymax"}  # whose boxes go from 0 to 1
_TIMED = (("duration",), ("durations",), ("onset", "offset"))  # the surer ones first, as a film takes them
_SAMPLE = 1000  # rows that are looked through before the work
_PLACES = ("gx", "gy", "delta", "slice", "box")  # columns that place a window, or size it


class Table(LazyRows):
    """The rows of a table, each parsed when it is asked for.

    Parameters
    ----------
    name : str
        File name, for messages.
    records, columns
        The text of the table, and the meaning of its columns.
    images : sequence of str
        The one image of the command line, where the table names none.
    window : Placement
        Options of the command line.
    folder : str
        The folder that names of images are relative to.
    normalized : bool
        Whether positions and sizes go from 0 to 1.
    """

    def __init__(
        self,
        name: str,
        records: Records | Lines,
        columns: Columns,
        images: Sequence[str],
        window: Placement,
        *,
        folder: str = "",
        normalized: bool = False,
    ) -> None:
        self.name, self.columns = name, columns
        self.image = images[0] if images else ""
        self._records, self._folder = records, folder
        frame = SHARES if normalized else window.frame
        self._window = window._replace(guarded=False, frame=frame)
        self._decimal_comma = records.delimiter != ","
        self.notes: Sequence[str] = getattr(records, "notes", ())
        self._beside = os.path.dirname(name)
        self.page_column = next((name for name in columns.header if key(name) == "page"), "")
        self._found: dict[str, str] = {}  # the files of images by their names
        self._images: list[str] = []

    def __len__(self) -> int:
        return len(self._records)

    def images(self) -> Sequence[str]:
        """Return the image of each row, empty where its column names none; without the rows, and once."""
        if not self._images:
            named = "image" in self.columns.index
            self._images = [*map(self._image_of, range(len(self)))] if named else [self.image] * len(self)
        return self._images

    def _image_of(self, index: int) -> str:
        try:
            return self.file(self._image(self._values(index)))
        except GlimpseError:
            return ""

    def row(self, index: int) -> Row:
        window, place = self._window, self._place(index)
        named = image = output = ""
        try:
            values = self._values(index)
            output = self._cell(values, "output")
            named = self._image(values)
            image = self.file(named)
            named = named if "\\" in image else named.replace("\\", "/")
            window = self._placed(values)
        except GlimpseError as error:
            error = error.with_traceback(None)  # whose frames would hold the row in a circle
            return Row(place, image, window, output, index=index, named=named, fault=error)
        cells = dict(zip(self.columns.header, values, strict=False))
        size = None
        if isinstance(self._records, Lines):  # a table with separators may call anything a width
            sides = [cells.get(name, "") for name in ("image_height", "image_width")]
            size = (int(sides[0]), int(sides[1])) if all(map(str.isdigit, sides)) else None
        page, fault = None, None
        if self.page_column and (told := cells.get(self.page_column, "").strip()):
            if told.isdecimal() and 1 <= int(told) <= PAGES_MOST:
                page = int(told)
            else:
                fault = GlimpseError(f"page must be a whole number from 1, got {told[:20]!r}")
        return Row(place, image, window, output, cells, index, named, fault, size, page=page)

    def failed(self, index: int, fault: GlimpseError | None = None) -> Row:
        """Return a row with this fault, or whose image is not there, without its cells."""
        image = self.images()[index]
        fault = fault or GlimpseError(f"{image}: no such file or directory")
        return Row(self._place(index), image, self._window, index=index, fault=fault)

    def _place(self, index: int) -> str:
        return f"{self.name}:{self._records.line(index)}"

    def _values(self, index: int) -> list[str]:
        values, size = self._records.cells(index), len(self.columns.header)
        if len(values) > size and any(values[size:]):
            raise GlimpseError(f"it has {len(values)} cells, the header {size}")
        return values

    def _cell(self, values: Sequence[str], name: str) -> str:
        place = self.columns.index.get(name, -1)
        return values[place] if 0 <= place < len(values) else ""

    def _image(self, values: Sequence[str]) -> str:
        if "image" not in self.columns.index:
            return self.image
        if not (name := self._cell(values, "image")):
            raise GlimpseError("no image is named")
        if name == "-" or "\0" in name:
            raise GlimpseError(f"{name!r} is no name of a file")
        return name

    def look_through(self) -> None:
        """Find what is odd about the columns as a whole, and note it.

        Raises
        ------
        GlimpseError
            If two ways of saying where do not agree.
        """
        columns, header = self.columns, self.columns.header
        turns = [name for name in header if is_turn(name)]
        frame = self._window.frame
        sides = (frame.reference if frame else None) or (0.0, 0.0)
        timed = next((each for each in _TIMED if set(each) <= set(columns.index)), ())
        timed = () if timed == ("durations",) else timed
        points = columns.form is not None and columns.form.kind == "point" and frame is None
        if not (turns or columns.others or any(sides) or timed or points) or columns.form is None:
            return
        turned = beyond = seen = shares = 0
        for index in range(len(self)):
            if not turns and index >= _SAMPLE:
                break
            try:
                values = self._values(index)
                turned += any(is_turned(self._cell_of(values, name)) for name in turns)
                if index >= _SAMPLE:
                    continue
                places = self.places(columns.form, values)
                for other in columns.others:
                    if not _agree((columns.form, places), (other, self.places(other, values))):
                        raise _ClashError(other)
                seen += 1
                beyond += any(sides) and _is_beyond(columns.form, places, sides)
                shares += points and all(0 < place.value < 1 and not place.whole for place in places)
            except _ClashError as clash:
                raise two_ways(columns.form, clash.form) from None
            except GlimpseError:
                continue  # which the row will tell
        if turned:
            self.notes = [
                *self.notes,
                *counted(
                    Counter({f"rows are turned (column {turns[0]}); their upright box is read": turned})
                ),
            ]
        if timed and self._are_seconds(timed):
            words = "durations are milliseconds, and all are below 10; seconds are --columns duration_s="
            words += header[columns.index[timed[0]]]
            if len(timed) > 1:
                words = "onset and offset are in milliseconds, and all are below 10 apart; are they seconds?"
            self.notes = [*self.notes, words]
        if shares and shares == seen:
            words = "all centres lie in the first pixel; shares of the picture are --normalized"
            self.notes = [*self.notes, f"{words}, and --origin bottom-left if they count upwards"]
        if 2 * beyond > seen:
            size = f"{sides[0]:g}x{sides[1]:g}"
            words = f"{beyond} of {seen} rows leave 0 to {size}, which --reference or --normalized says"
            self.notes = [*self.notes, words]

    def _are_seconds(self, columns: Sequence[str]) -> bool:
        """Whether all durations, or the times from the first column to the second, are below 10."""
        told = []
        for index in range(min(len(self), _SAMPLE)):
            with suppress(GlimpseError, ValueError):
                values = self._values(index)
                ends = [float(self._plain(self._cell(values, name))) for name in columns]
                told.append(ends[-1] - ends[0] if len(ends) > 1 else ends[0])
        return bool(told) and max(told) < 10

    def _cell_of(self, values: Sequence[str], column: str) -> str:
        place = self.columns.header.index(column)
        return values[place] if place < len(values) else ""

    def file(self, name: str) -> str:
        """Return the file of an image: in the folder of images, else here or beside the table."""
        if name not in self._found:
            folders = (self._folder,) if self._folder else ("", self._beside)
            plain = name.replace("\\", "/")
            paths = [os.path.join(folder, each) for folder in folders for each in (name, plain)]
            paths += [os.path.join(folder, os.path.basename(plain)) for folder in folders if self._folder]
            paths = [*dict.fromkeys(paths)]
            there = (path for path in paths if os.path.lexists(path))
            self._found[name] = next(there, "") or next(filter(None, map(of_stem, paths)), paths[0])
        return self._found[name]

    def _placed(self, values: Sequence[str]) -> Placement:
        """The window options of the row over those of the command line."""
        found = self._where(values)
        for name in self.columns.numbers():
            if text := self._cell(values, name):
                found[name] = _CELLS[name](self._plain(text) if name != "n" else text)
        return self._window._replace(**found, typed=self._window.typed | set(found))

    def _where(self, values: Sequence[str]) -> dict[str, Any]:
        form = self.columns.form
        if form is None:
            return {}
        places = self.places(form, values)
        if form.kind == "point":
            return {"gx": places[0], "gy": places[1], "slice": None, "box": None}
        a, b, c, d = places
        box = Box(a, b, c, d, form.kind)
        box.check()
        return {"box": box, "slice": None}

    def places(self, form: Form, values: Sequence[str]) -> list[Position]:
        """Return the numbers of a form in the cells of a row.

        Raises
        ------
        GlimpseError
            If some are missing or no numbers.
        """
        names, texts = form.names, [self._cell(values, name) for name in form.names]
        if not all(texts):
            name = form.names[texts.index("")]
            raise GlimpseError(f"{self.columns.header[self.columns.index[name]]} is missing")
        if len(names) == 1:  # four numbers in one cell
            texts, names = [text for text in re.split(r"[\s,;]+", texts[0].strip(" []()")) if text], 4 * names
            if len(texts) != 4:
                raise GlimpseError(f"{form.names[0]} has {len(texts)} numbers, a box has four")
        return [_position(name, self._plain(text)) for name, text in zip(names, texts, strict=True)]

    def _plain(self, text: str) -> str:
        """A number with a decimal point, where the table writes a comma."""
        return (
            text.replace(",", ".")
            if self._decimal_comma and text.count(",") == 1 and "." not in text
            else text
        )


@lru_cache(1 << 12)
def _position(name: str, text: str) -> Position:
    """A number of a cell, which in a table of pixels often comes again."""
    return position(name)(text)


class _ClashError(Exception):
    """Two forms that do not agree."""

    def __init__(self, form: Form) -> None:
        self.form = form


def _ends(form: Form, places: Sequence[Position]) -> tuple[float, float, float, float]:
    """First and last x and y of a box or a point, in the unit of the table."""
    if form.kind == "point":
        y, x = (place.value for place in places)
        return x, y, x, y
    a, b, c, d = (place.value for place in places)
    if form.kind == "corners":
        return a, b, c, d
    return (a, b, a + c, b + d) if form.kind == "size" else (a - c / 2, b - d / 2, a + c / 2, b + d / 2)


def _agree(one: tuple[Form, Sequence[Position]], other: tuple[Form, Sequence[Position]]) -> bool:
    """Whether two forms say the same box, or a box and the centre of it, within a pixel or a 100th."""
    first, second = _ends(*one), _ends(*other)
    if "point" in (one[0].kind, other[0].kind):
        first, second = (((a + c) / 2, (b + d) / 2, 0, 0) for a, b, c, d in (first, second))
    near = max(1e-6, min(1.0, 0.01 * max(map(abs, first))))
    return all(abs(a - b) <= near for a, b in zip(first, second, strict=True))


def _is_beyond(form: Form, places: Sequence[Position], sides: tuple[float, float]) -> bool:
    left, top, right, bottom = _ends(form, places)
    return max(right / sides[0], bottom / sides[1]) > 1.5 or min(left / sides[0], top / sides[1]) < -0.5


def read_table(
    name: str,
    placement: Placement = Placement(),  # noqa: B008  a tuple
    images: Sequence[str] = (),
    *,
    columns: Mapping[str, str] | None = None,
    normalized: bool = False,
    folder: str = "",
    noun: str = "image",
) -> Table:
    """Read a table of windows.

    Parameters
    ----------
    name : str
        Its file, told by its content: JSON Lines, COCO, labelme, Pascal VOC, YOLO (of those three a folder of
        them too), Parquet, or CSV with a header: commas, semicolons or tabs, UTF-8, or UTF-16 by its byte
        order mark; ``-`` is standard input. `FORMS`, `IMAGES` and `NUMBERS` of `columns` are the names of
        columns that are understood, in any case; other columns are kept. Lines that begin with ``#`` are
        skipped; an empty cell means the value of `placement`.
    placement : Placement
        What the rows do not say.
    images : sequence of str
        The image of a table that names none.
    columns : mapping of str to str
        Columns that are named otherwise, as ``{"left": "bbox_x"}``.
    normalized : bool
        Whether positions and sizes go from 0 to 1.
    folder : str
        The folder that names of images are relative to.
    noun : str
        The noun of a row: ``image``, or ``patch``.

    Raises
    ------
    UsageError
        If the table cannot be read, or repeats what `placement` was typed to say.
    """
    checked_door(name, placement=(placement, Placement), columns=(columns, Mapping))
    name, folder = os.fspath(name), checked_door(folder) or ""
    if isinstance(images, str):
        raise UsageError(f"images are a list, of the image of a table that names none, got {told(images)}")
    if folder and not os.path.isdir(folder):
        raise UsageError(f"--images {folder}: no such folder")
    try:
        records = open_table(name, folder)
        found = find_columns(records.header, columns or {}, first=noun)
        check_place(found, typed=bool({"slice", "box", "gx", "gy"} & placement.typed or placement.like))
        _check_images(found, images, noun)
        _check_typed(found, placement)
    except GlimpseError as error:
        raise UsageError(f"--table {name}: {error}") from None
    normalized |= getattr(records, "normalized", False) or set(map(key, records.header)) >= _OPEN_IMAGES
    table = Table(name, records, found, images, placement, folder=folder, normalized=normalized)
    try:
        table.look_through()
    except GlimpseError as error:
        raise UsageError(f"--table {name}: {error}") from None
    return table


def _check_images(columns: Columns, images: Sequence[str], noun: str) -> None:
    named = "image" in columns.index
    if named and images:
        column = columns.header[columns.index["image"]]
        raise GlimpseError(f"its column {column} names the {noun}s; leave out {images[0]}")
    if not named and len(images) != 1:
        raise GlimpseError(
            f"no column {noun}, so it goes with one {noun} in the command, not {len(images)}; found "
            f"{listed(columns.header)}, of which --columns image=COLUMN makes one the {noun}'s"
        )


def _check_typed(columns: Columns, window: Placement) -> None:
    """Refuse a number that is both typed and a column."""
    words = {name: f"the column {columns.header[columns.index[name]]}" for name in columns.numbers()}
    if columns.form:
        named = ",".join(columns.header[columns.index[name]] for name in columns.form.names)
        inside = _PLACES if columns.form.kind != "point" else ("gx", "gy", "slice", "box")
        words |= dict.fromkeys(inside, f"the columns {named}")
    for name, word in words.items():
        if name in window.typed:
            option = "-n" if name == "n" else f"--{name}"
            raise GlimpseError(f"{option} is typed and is in {word} too; leave out one of them")
