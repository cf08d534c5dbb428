"""The words of the command line: numbers, positions, boxes, ranges as they are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from glimpse.errors import GlimpseError
from glimpse.slices import parse_slice
from glimpse.validation import Pair, checked, checked_n, checked_sides, number

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # which takes no subscript before Click 8.4


class Position(NamedTuple):
    """A place along an axis: a pixel, or a share of the axis in percent."""

    value: float
    percent: bool = False

    def on(self, size: int) -> float:
        """Return the pixel; 0 % is the first edge of the axis, 100 % the last."""
        return self.value / 100 * size - 0.5 if self.percent else self.value

    def length(self, size: int) -> float:
        """Return the distance from the first edge of the axis, or a length along it, in pixels."""
        return self.value / 100 * size if self.percent else self.value


class Range(NamedTuple):
    """The first and the last value of a sweep."""

    first: Any
    last: Any


class Box(NamedTuple):
    """A box: x across and y down from the left and top edge of the image, in pixels or percent.

    The four numbers are x, y, width and height, or as `kind` says two corners, or the centre and the size.
    """

    a: Position
    b: Position
    c: Position
    d: Position
    kind: str = "size"

    def on(self, shape: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return x, y, width and height in pixels.

        Raises
        ------
        GlimpseError
            If it has no width or no height.
        """
        rows, cols = shape
        x, y, w, h = self.a.length(cols), self.b.length(rows), self.c.length(cols), self.d.length(rows)
        if self.kind == "corners":
            w, h = w - x, h - y
        if not (w > 0 and h > 0):
            raise GlimpseError(f"a box of {w:g} x {h:g} pixels (width x height) is empty")
        return (x - w / 2, y - h / 2, w, h) if self.kind == "center" else (x, y, w, h)


class FileName(_ParamType):
    """The name of a file, which a shell completes."""

    name = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Leave the completion to the shell."""
        from click.shell_completion import CompletionItem  # for completion alone

        return [CompletionItem(incomplete, type="file")]


class Parsed(FileName):
    """A parameter that a function parses, its `GlimpseError` shown as a usage error."""

    def __init__(self, name: str, parse: Callable[[str], Any], *, file: bool = False) -> None:
        self.name, self._parse, self._file = name, parse, file

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the parsed value."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except GlimpseError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Leave the completion to the shell where a file may be meant."""
        return super().shell_complete(ctx, param, incomplete) if self._file else []


def position(name: str) -> Callable[[str], Position]:
    """Return the parser of a position such as ``180``, ``-20.5`` or ``50%``."""

    def parse(text: str) -> Position:
        try:
            value = number(text.removesuffix("%"))
        except GlimpseError:
            raise GlimpseError(f"{text!r} is not a plain finite number such as 2.5, or 50%") from None
        return Position(checked(name, value, positive=False), text.endswith("%"))

    return parse


def positive(name: str) -> Callable[[str], float]:
    """Return the parser of a number above 0."""
    return lambda text: checked(name, number(text))


def positive_pair(name: str) -> Callable[[str], Any]:
    """Return the parser of a number above 0, or of two: rows, columns."""

    def parse(text: str) -> Any:
        parts = text.replace(", ", ",").split(",")
        if len(parts) > 2:
            raise GlimpseError(f"{text!r} is not one number, or two: ROWS,COLS")
        values = [checked(name, number(part)) for part in parts]
        return values[0] if len(values) == 1 or values[0] == values[1] else tuple(values)

    return parse


def parse_box(text: str) -> Box:
    """Parse ``X,Y,W,H``, each in pixels or percent."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4:
        raise GlimpseError(f"{text!r} is not a box; write X,Y,W,H such as 10,20,64,48 or 25%,25%,50%,50%")
    x, y, w, h = (position(name)(part) for name, part in zip("xywh", parts, strict=True))
    if not (w.value > 0 and h.value > 0):
        raise GlimpseError(f"{text!r} is an empty box; its width and height must be > 0")
    return Box(x, y, w, h)


def single(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser of one value; of a range it tells which command takes one."""

    def parse_single(text: str) -> Any:
        try:
            return parse(text)
        except GlimpseError as error:
            hint = "; glimpse sweep takes a range such as 1:8" if ":" in text else ""
            raise GlimpseError(f"{error}{hint}") from None

    return parse_single


def ranged(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser of one value or of a range ``first:last``."""

    def parse_range(text: str) -> Any:
        ends = text.split(":")
        if len(ends) > 2 or not all(ends):
            raise GlimpseError(f"{text!r} is not a range; write first:last, such as 1:8")
        try:
            return parse(text) if len(ends) == 1 else Range(parse(ends[0]), parse(ends[1]))
        except GlimpseError as error:
            raise GlimpseError(f"{error} (a range is written first:last, such as 1:8)") from None

    return parse_range


def parse_n(text: str) -> Pair | str:
    """Parse ``40``, ``40,30`` (rows, columns) or ``native``."""
    if text == "native":
        return text
    parts = _sides(text, "-n").split(",")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts):
        raise GlimpseError(
            f"{text!r} is not a number of filters such as 40, or 40,30 (rows,columns), or native"
        )
    sizes = [int(part) for part in parts]
    return checked_n(sizes[0] if len(sizes) == 1 else (sizes[0], sizes[1]))


def _sides(text: str, option: str) -> str:
    """Two sides with a comma; with an x everybody reads the width first, so they must be equal."""
    sides = re.fullmatch(r"(\d{1,9})x(\d{1,9})", text, re.ASCII)
    if sides and sides[1] != sides[2]:
        raise GlimpseError(
            f"{text!r} could be read two ways; of {sides[1]} rows and {sides[2]} columns write "
            f"{option} {sides[1]},{sides[2]}, of {sides[2]} rows {option} {sides[2]},{sides[1]}"
        )
    return f"{sides[1]},{sides[2]}" if sides else text


def slice_text(text: str) -> str:
    """Return the text of a slice, if it is one."""
    parse_slice(text)
    return text


def parse_pad(text: str) -> float | str:
    """Parse ``10%`` or ``8``: how much a box grows on every side, by a share of its sides or by pixels."""
    if number(text.removesuffix("%").strip()) < 0:
        raise GlimpseError(f"{text!r} is negative; a box grows by percent such as 10%, or by pixels")
    return text if text.endswith("%") else number(text)


def parse_canvas(text: str) -> str | tuple[int, int]:
    """Parse ``ROWS,COLS``; any other text is an image's name."""
    sides = re.fullmatch(r"(\d{1,9}),(\d{1,9})", _sides(text, "--canvas"), re.ASCII)
    if not sides:
        return text
    rows, cols = map(int, sides.groups())
    return checked_sides((rows, cols))


def parse_levels(text: str) -> tuple[float, float]:
    """Parse ``LO,HI``, the levels of black and white."""
    low, comma, high = text.partition(",")
    if not comma or number(low) >= number(high):
        raise GlimpseError(f"{text!r} is not two rising numbers LO,HI such as 0,1")
    return number(low), number(high)


def parse_gain(text: str) -> float | None:
    """Parse ``auto`` (None) or a number above 0."""
    return None if text == "auto" else checked("gain", number(text))


def whole(least: int, most: int) -> Parsed:
    """Return the type of a whole number between two."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 16 and least <= int(text) <= most):
            raise GlimpseError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return Parsed("integer", parse)


def between(least: float, most: float) -> Parsed:
    """Return the type of a number between two."""

    def parse(text: str) -> float:
        if not least <= number(text) <= most:
            raise GlimpseError(f"{text} is not a number from {least:g} to {most:g}")
        return number(text)

    return Parsed("number", parse)
