"""The words of the command line: what a number, a position, a range looks like."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from glimpse.errors import GlimpseError
from glimpse.slices import parse_slice
from glimpse.validation import Pair, checked, checked_n, checked_sides, number


@dataclass(frozen=True)
class Position:
    """A place along an axis: a pixel, or a share of the axis in percent."""

    value: float
    percent: bool = False

    def on(self, size: int) -> float:
        """Return the pixel; 0 % is the first edge of the axis, 100 % the last."""
        return self.value / 100 * size - 0.5 if self.percent else self.value


class Parsed(click.ParamType[Any]):
    """A parameter that a function parses, its `GlimpseError` shown as a usage error."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except GlimpseError as error:
            self.fail(str(error), param, ctx)


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


def ranged(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser of one value or of a range ``first:last``, given as a pair."""

    def parse_range(text: str) -> Any:
        ends = text.split(":")
        if len(ends) > 2 or not all(ends):
            raise GlimpseError(f"{text!r} is not a range; write first:last, such as 1:8")
        try:
            return parse(text) if len(ends) == 1 else (parse(ends[0]), parse(ends[1]))
        except GlimpseError as error:
            raise GlimpseError(f"{error} (a range is written first:last, such as 1:8)") from None

    return parse_range


def parse_n(text: str) -> Pair:
    """Parse ``40`` or ``40,30`` (rows, columns)."""
    parts = text.replace("x", ",").split(",")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts):
        raise GlimpseError(f"{text!r} is not a number of filters such as 40, or 40,30 (rows,columns)")
    sizes = [int(part) for part in parts]
    return checked_n(sizes[0] if len(sizes) == 1 else (sizes[0], sizes[1]))


def slice_text(text: str) -> str:
    """Return the text of a slice, if it is one."""
    parse_slice(text)
    return text


def parse_canvas(text: str) -> str | tuple[int, int]:
    """Parse ``ROWS,COLS`` or ``ROWSxCOLS``; any other text is an image's name."""
    sides = re.fullmatch(r"(\d{1,9})[,x](\d{1,9})", text, re.ASCII)
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
