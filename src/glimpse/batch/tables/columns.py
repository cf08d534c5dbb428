"""The columns of a table: the one of the image, those of the place, under any of their usual names."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from glimpse.errors import GlimpseError

Kind = Literal["corners", "size", "center", "point"]

IMAGES = ("image", "filename", "file", "path", "filepath", "patch", "imageid", "imagepath", "imagename")
NUMBERS = ("n", "delta", "sigma", "gamma", "output")
TIMES = ("duration", "durations", "onset", "offset")  # `durations` is duration_s
_TURN = re.compile(r"(bbox|box|rect|object|obj|region|roi)?(rotat|angle|(rot|theta|yaw)(deg|rad)?$)")
ROWS, COLS = ("gx", "row", "y", "ycoordinate"), ("gy", "col", "column", "x", "xcoordinate")

_SIZES = (("w", "h"), ("width", "height"))
_STARTS = (("x", "y"), ("left", "top"), ("xmin", "ymin"), ("xtl", "ytl"))
_ENDS = (("right", "bottom"), ("xmax", "ymax"), ("xbr", "ybr"))
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
    *(Form("corners", (name,)) for name in ("bboxxyxy", "xyxy", "bbox2d")),
    *(Form("point", pair) for pair in product(ROWS, COLS)),
    *(Form("point", (y, x)) for x, y in _MIDDLES),
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
    others : sequence of Form
        More ways in which it says so, which must agree with the first one.
    """

    header: Sequence[str]
    index: Mapping[str, int]
    form: Form | None
    others: Sequence[Form] = ()

    def numbers(self) -> list[str]:
        """Return the names of the window's numbers that are columns."""
        return [name for name in NUMBERS if name in self.index and name != "output"]


def key(name: str) -> str:
    """Return the name of a column without its case, spaces and underscores."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def is_turn(name: str) -> bool:
    """Tell whether a column is one of a rotation, which a window has none of."""
    return bool(_TURN.match(key(name)))


def is_turned(text: str) -> bool:
    """Tell whether a cell of such a column is a number that is not zero."""
    try:
        return float(text.replace(",", ".") or 0) != 0
    except ValueError:
        return False


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
    form, others = _forms(index, set(renamed))
    _check_side(form, header, index, set(renamed))
    _check_corners(form, header, set(renamed))
    if form and not others:
        _check_sizes(form, header, index, set(renamed))
    return Columns(header, index, form, others)


def _index(header: Sequence[str], renamed: Mapping[str, str]) -> dict[str, int]:
    """The column of each name that we know."""
    keys = [key(name) for name in header]
    index: dict[str, int] = {}
    for name, column in renamed.items():
        exact = [i for i, found in enumerate(header) if found == column]
        if not (found := exact or [i for i, found in enumerate(keys) if found == key(column)]):
            raise GlimpseError(f"--columns {name}={column}: no such column; there are {listed(header)}")
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


def _forms(index: Mapping[str, int], renamed: set[str]) -> tuple[Form | None, list[Form]]:
    """The form of the table, those that were typed first, and the other ones that it has beside it."""
    whole = [form for form in FORMS if set(form.names) <= set(index)]
    whole.sort(key=lambda form: (not renamed >= set(form.names), -len(renamed & set(form.names))))
    if not whole:
        return None, []
    form = whole[0]
    if renamed & set(form.names):
        return form, []
    boxes = [set(each.names) for each in whole if each.kind != "point"]
    others = [
        each
        for each in whole[1:]
        if not any(set(each.names) < names for names in boxes)
        and not (form.kind == "corners" and each.kind == "size" and each.names[:2] == form.names[:2])
    ]
    return form, others


def two_ways(form: Form, other: Form) -> GlimpseError:
    """Return the error of two ways to say where that do not agree."""
    told = ",".join(other.names), ",".join(form.names)
    return GlimpseError(
        f"it says where in two ways, {told[0]} and {told[1]}, which do not agree; choose one with "
        f"--columns {','.join(f'{name}={name}' for name in form.names)}"
    )


_UNIT = re.compile(r"\[[\w /%\u00b0]{1,8}\]")  # behind the name of a column, as `duration [ms]`
_HINTED = 1000  # columns that are looked through for a hint
_NO_CENTER = re.compile(r"tl|left|top|min|start|corner|box|rect|roi|region|crop|size")
_OF_BOX = r"(bbox|box|rect|object|obj|region|roi|crop|annotation)(_|-|\s)*"


def _check_sizes(form: Form, header: Sequence[str], index: Mapping[str, int], renamed: set[str]) -> None:
    """Refuse a width and height that could be the image's."""
    sides = [name for name in form.names if name in ("w", "h", "width", "height")]
    if not sides or renamed & set(sides):
        return
    ours = {place for name, place in index.items() if name in form.names}
    free = [name for place, name in enumerate(header) if place not in ours]
    for side in sides:
        rivals = [name for name in free if re.fullmatch(_OF_BOX + side[0] + "(idth|eight)?", name, re.I)]
        if rivals:
            both = f"{header[index[side]]} and {rivals[0]}"
            raise GlimpseError(
                f"{both} could both be the {'width' if side[0] == 'w' else 'height'} of the box; choose with "
                f"--columns {side}={rivals[0]},... or {side}={header[index[side]]},..."
            )
    place = {name: index[name] for name in form.names}
    if form.names[:2] == ("x", "y") and place[form.names[2]] < min(place["x"], place["y"]):
        names = ",".join(f"{name}={name}" for name in form.names)
        raise GlimpseError(
            f"{','.join(sides)} before x,y may be the image's, and x,y a point; choose --columns {names} "
            "for boxes or --columns x=x,y=y"
        )


def _check_side(
    form: Form | None, header: Sequence[str], index: Mapping[str, int], renamed: set[str]
) -> None:
    """Refuse x, y and one side of a box: they would be read as a centre, and the side passed over."""
    if not form or form.kind != "point" or set(form.names) != {"x", "y"} or renamed & set(form.names):
        return
    sides = [_only(header, _OF_BOX + side + end) for side, end in (("w", "(idth)?"), ("h", "(eight)?"))]
    if all(sides):
        raise GlimpseError(
            f"x,y may be a corner of a box of {sides[0]},{sides[1]}, or a centre; choose "
            f"--columns x=x,y=y,w={sides[0]},h={sides[1]} for boxes or --columns x=x,y=y"
        )
    for ends in (("x2", "y2"), *_ENDS):
        if set(ends) <= set(index):
            raise GlimpseError(
                f"x,y beside {','.join(ends)} may be a corner of a box, or a centre; choose --columns "
                f"x1=x,y1=y,x2={ends[0]},y2={ends[1]} for boxes or --columns x=x,y=y"
            )
    for one, other in (*_SIZES, *(sides[::-1] for sides in _SIZES)):
        if one in index and other not in index:
            raise GlimpseError(
                f"x,y,{one} is a box without {other}; name that column too, or if x,y are centres write "
                "--columns x=x,y=y"
            )


def _check_corners(form: Form | None, header: Sequence[str], renamed: set[str]) -> None:
    """Refuse two corners of a box that is turned, of which a table has four."""
    if form and form.kind == "corners" and not renamed & set(form.names):
        more = {"x3", "y3", "x4", "y4"} & {key(name) for name in header}
        if len(more) == 4 and form.names[0] in ("x0", "x1"):
            raise GlimpseError(
                "x1,y1 to x4,y4 are corners of a turned box; add the upright box around it, such as "
                "xmin,ymin,xmax,ymax"
            )


def _only(header: Sequence[str], pattern: str) -> str:
    """The one column of this name, else nothing."""
    found = [name for name in header[:_HINTED] if re.fullmatch(pattern, name, re.I)]
    return found[0] if len(found) == 1 else ""


def check_place(columns: Columns, *, typed: bool) -> None:
    """Refuse a table that does not say where its windows are, unless the command line does (`typed`)."""
    if columns.form or typed:
        return
    if _are_numbers(columns.header):
        raise GlimpseError(
            f"its first line holds numbers, not names of columns: {listed(columns.header)}; write a line of "
            "names above, such as image,x,y,w,h, and separate the numbers as it does"
        )
    hint = _hint(columns.header)
    raise GlimpseError(
        f"no columns that say where a window is: found {listed(columns.header)}; looked for {_SOUGHT}; "
        f"name yours as in --columns {hint or 'x=COLUMN,y=COLUMN,w=COLUMN,h=COLUMN'}"
    )


def _are_numbers(header: Sequence[str]) -> bool:
    """Whether a header is a row: several of its cells are numbers, or several words of its one cell."""
    cells = header[:_HINTED] if len(header) > 1 else " ".join(header)[:_HINTED].split()
    return sum(bool(re.fullmatch(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?", cell, re.I)) for cell in cells) > 2


def listed(names: Sequence[str]) -> str:
    """Return the names of columns for a message: a dozen of them, each cut short."""
    told = ", ".join((name or '""')[:40] for name in names[:12]) or "none"
    if re.search(r"[{}\[\]<>\"]", _UNIT.sub("", told)):
        return told[:60] + "..."  # no names, but what a file holds
    return told + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _hint(header: Sequence[str]) -> str:
    """The --columns of a form all of whose columns are there, under names that begin alike: ``bbox_x``."""
    keys = {name: key(re.sub(r"\[px\]$", "", name)) for name in header[:_HINTED]}
    for form in FORMS:
        if form.kind == "point" or len(form.names) == 1:
            continue
        starts = []
        for name in form.names:
            ends = [each for each, own in keys.items() if own.endswith(name) and len(own) > len(name)]
            starts.append({keys[each][: -len(name)]: each for each in ends})
        for start in starts[0]:
            if re.fullmatch(_OF_BOX, start) and all(start in each for each in starts):
                named = zip(form.names, starts, strict=True)
                return ",".join(f"{name}={each[start]}" for name, each in named)
    points = {own: name for name, own in keys.items() if not _NO_CENTER.search(own)}
    if any(own.endswith(("width", "height")) or own in ("w", "h") for own in keys.values()):
        return ""  # beside which a point may be a corner
    pairs = [(y, points[y[:-1] + "x"]) for y in points if y.endswith("y") and y[:-1] + "x" in points]
    if len(pairs) != 1 or pairs[0][0].endswith("pogy"):  # Gazepoint's shares of a screen
        return ""
    words = f"y={points[pairs[0][0]]},x={pairs[0][1]}"
    words = f'"{words}"' if " " in words else words
    if "norm" not in pairs[0][0]:
        return words
    return f"{words} --reference 1x1 --origin bottom-left" if pairs[0][0] == "normposy" else ""
