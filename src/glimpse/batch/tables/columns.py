"""The columns of a table: the one of the image, those of the place, under any of their usual names."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from glimpse.errors import GlimpseError

Kind = Literal["corners", "size", "center", "point"]

IMAGES = ("image", "filename", "file", "path", "patch", "imageid", "imagepath", "imagename")
NUMBERS = ("n", "delta", "sigma", "gamma", "output")
TIMES = ("duration",)
ROWS, COLS = ("gx", "row", "y", "ycoordinate"), ("gy", "col", "column", "x", "xcoordinate")

_SIZES = (("w", "h"), ("width", "height"))
_STARTS = (("x", "y"), ("left", "top"), ("xmin", "ymin"))
_ENDS = (("right", "bottom"), ("xmax", "ymax"))
_MIDDLES = (("xcenter", "ycenter"), ("centerx", "centery"), ("cx", "cy"))


@dataclass(frozen=True)
class Form:
    """A way to say where a window is: the names of its columns.

    `kind` tells what they hold: ``corners``, two of a box; ``size``, its first corner and size; ``center``,
    its centre and size, from the edge of the image; ``point``, the centre gx, gy of a window.
    """

    kind: Kind
    names: tuple[str, ...]


FORMS = (
    *(Form("corners", (*a, *b)) for a, b in product(_STARTS[1:], _ENDS)),
    *(Form("corners", (f"x{a}", f"y{a}", f"x{b}", f"y{b}")) for a, b in ((1, 2), (0, 1))),
    *(Form("size", (*a, *b)) for a, b in product(_STARTS, _SIZES)),
    *(Form("center", (*a, *b)) for a, b in product(_MIDDLES, _SIZES)),
    *(Form("size", (name,)) for name in ("bbox", "bboxxywh", "xywh")),
    *(Form("corners", (name,)) for name in ("bboxxyxy", "xyxy")),
    *(Form("point", pair) for pair in product(ROWS, COLS)),
)
"""Every form that is understood, the surer ones first: a width and height beside corners are the image's."""

KNOWN = tuple(dict.fromkeys([*IMAGES, *NUMBERS, *TIMES, *(name for form in FORMS for name in form.names)]))
"""Every name of a column that has a meaning."""

_SOUGHT = (
    "gx,gy or row,col or y,x (a centre), or a box: x,y,w,h or left,top,width,height or xmin,ymin,xmax,ymax"
)


@dataclass(frozen=True)
class Columns:
    """The columns of a table by their meaning.

    Parameters
    ----------
    header : sequence of str
        The names in the file.
    index : mapping of str to int
        Where each column with a meaning is: ``image``, the names of the form, ``n``, ``delta``...
    form : Form or None
        How the table says where its windows are.
    """

    header: Sequence[str]
    index: Mapping[str, int]
    form: Form | None

    def numbers(self) -> list[str]:
        """Return the names of the window's numbers that are columns."""
        return [name for name in NUMBERS if name in self.index and name != "output"]


def key(name: str) -> str:
    """Return the name of a column without its case, spaces and underscores."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def parse_columns(text: str) -> dict[str, str]:
    """Parse ``left=bbox_x,top=bbox_y``: a name that we know, and the column of the table.

    Raises
    ------
    GlimpseError
        If a part has no ``=``, or its first name is unknown.
    """
    pairs = [part.partition("=") for part in next(csv.reader([text]), [])]
    for name, equals, column in pairs:
        if not equals or not column.strip():
            raise GlimpseError(f"{text!r} is not NAME=COLUMN,... such as left=bbox_x,top=bbox_y")
        if key(name) not in KNOWN:
            raise GlimpseError(f"{name.strip()!r} is no known name; there are {', '.join(KNOWN)}")
    return {key(name): column.strip() for name, _, column in pairs}


def find_columns(header: Sequence[str], renamed: Mapping[str, str], *, first: str = "image") -> Columns:
    """Find the meaning of each column.

    Parameters
    ----------
    header : sequence of str
        The names in the file.
    renamed : mapping of str to str
        As from `parse_columns`.
    first : str
        The name of the image's column that goes before the others: ``image`` or ``patch``.

    Raises
    ------
    GlimpseError
        If a column of `renamed` is not there, a name stands twice, or it names two places or half a box.
    """
    index = _index(header, renamed)
    index |= _image(index, first)
    form = _form(index, set(renamed))
    _check_side(form, index, set(renamed))
    return Columns(header, index, form)


def _index(header: Sequence[str], renamed: Mapping[str, str]) -> dict[str, int]:
    """The column of each name that we know."""
    keys = [key(name) for name in header]
    index: dict[str, int] = {}
    for name, column in renamed.items():
        exact = [i for i, found in enumerate(header) if found == column]
        if not (found := exact or [i for i, found in enumerate(keys) if found == key(column)]):
            raise GlimpseError(f"--columns {name}={column}: no such column; there are {', '.join(header)}")
        index[name] = found[0]
    for place, name in enumerate(keys):
        if name in renamed or name not in KNOWN or place in index.values():
            continue
        if name in index:
            raise GlimpseError(f"the column {header[place]} stands twice")
        index[name] = place
    return index


def _image(index: Mapping[str, int], first: str) -> dict[str, int]:
    names = [name for name in (first, *IMAGES) if name in index]
    return {"image": index[names[0]]} if names else {}


def _form(index: Mapping[str, int], renamed: set[str]) -> Form | None:
    whole = [form for form in FORMS if set(form.names) <= set(index)]
    whole.sort(key=lambda form: -len(renamed & set(form.names)))  # typed names go first
    if not whole:
        return None
    form = whole[0]
    for other in whole[1:]:
        if not set(other.names) & set(form.names) and not renamed & set(form.names):
            told = ",".join(other.names), ",".join(form.names)
            raise GlimpseError(
                f"it says where in two ways, {told[0]} and {told[1]}; choose one with "
                f"--columns {','.join(f'{name}={name}' for name in form.names)}"
            )
    return form


def _check_side(form: Form | None, index: Mapping[str, int], renamed: set[str]) -> None:
    """Refuse x, y and one side of a box: they would be read as a centre, and the side passed over."""
    if not form or form.kind != "point" or set(form.names) != {"x", "y"} or renamed & set(form.names):
        return
    for one, other in (*_SIZES, *(sides[::-1] for sides in _SIZES)):
        if one in index and other not in index:
            raise GlimpseError(
                f"x,y,{one} is a box without {other}; name that column too, or if x,y are centres write "
                "--columns x=x,y=y"
            )


def check_place(columns: Columns, *, typed: bool) -> None:
    """Refuse a table that does not say where its windows are, unless the command line does (`typed`)."""
    if columns.form or typed:
        return
    found = ", ".join(name or '""' for name in columns.header) or "none"
    raise GlimpseError(
        f"no columns that say where a window is: found {found}; looked for {_SOUGHT}; "
        f"name yours as in --columns {_nearest(columns)}"
    )


def _nearest(columns: Columns) -> str:
    """The --columns that would read this table, as near as its names come to ours."""
    free = [name for place, name in enumerate(columns.header) if place not in columns.index.values()]
    best = max(_guesses(columns, free), key=lambda guess: guess[0])
    return ",".join(f"{name}={column}" for name, column in best[1].items())


def _guesses(columns: Columns, free: Sequence[str]) -> Iterable[tuple[float, dict[str, str]]]:
    for form in FORMS:
        missing = [name for name in form.names if name not in columns.index]
        columns_of = {
            name: max(free, key=lambda column: _likeness(name, column), default="") for name in missing
        }
        likeness = sum(_likeness(name, column) for name, column in columns_of.items()) / len(missing)
        twice = len(set(columns_of.values())) < len(missing)
        columns_of = {name: column if _likeness(name, column) >= 0.5 and not twice else "COLUMN"
                      for name, column in columns_of.items()}  # fmt: skip
        yield likeness - twice + len(form.names) / 100, columns_of


def _likeness(name: str, column: str) -> float:
    """The likeness of a column's name to a known one, 0 to 1; single words of it count as well."""
    words = [word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", column)]
    parts = max((difflib.SequenceMatcher(None, name, word).ratio() for word in words), default=0.0)
    return max(0.9 * parts, difflib.SequenceMatcher(None, name, key(column)).ratio())
