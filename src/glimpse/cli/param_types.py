"""How the values of options are written, as types of Click."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from glimpse.batch.placements import Range, sides_of
from glimpse.errors import GlimpseError
from glimpse.limits import PAGES_MOST
from glimpse.slices import parse_slice
from glimpse.validation import checked, checked_sides, number

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # which takes no subscript before Click 8.4


class FileName(_ParamType):
    """The name of a file, which a shell completes."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name; a tilde that a shell left, since it was quoted, is home."""
        quoted = isinstance(value, str) and (value == "~" or value.startswith(("~/", "~" + os.sep)))
        return os.path.expanduser(value) if quoted else value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Leave the completion to the shell."""
        from click.shell_completion import CompletionItem  # for completion alone

        return [CompletionItem(incomplete, type="file")]


class Parsed(FileName):
    """A parameter that a function parses, its `GlimpseError` shown as a usage error.

    With `ranges` it may be a range of two; where they are False another command takes them, and the error of
    one tells which.
    """

    def __init__(
        self, name: str, parse: Callable[[str], Any], *, file: bool = False, ranges: bool | None = None
    ) -> None:
        self.name, self._file, self._single = name, file, ranges is False
        self._parse = ranged(parse) if ranges else parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the parsed value."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except GlimpseError as error:
            hint = "; glimpse sweep takes a range such as 1:8" if self._single and ":" in value else ""
            self.fail(f"{error}{hint}", param, ctx)

    def split_envvar_value(self, rv: str) -> list[str]:
        """Split the values of an option that is given twice at spaces, those beside a comma aside."""
        return re.split(r"(?<!,)\s+(?!,)", rv.strip())

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Leave the completion to the shell where a file may be meant."""
        return super().shell_complete(ctx, param, incomplete) if self._file else []


def ranged(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser of one value or of a range ``first:last``."""

    def parse_range(text: str) -> Any:
        if ":" in text:
            with suppress(GlimpseError):  # such as the box pct:25,25,50,50
                return parse(text)
        ends = text.split(":")
        if len(ends) > 2 or not all(ends):
            raise GlimpseError(f"{text!r} is not a range; write first:last, such as 1:8")
        try:
            return parse(text) if len(ends) == 1 else Range(parse(ends[0]), parse(ends[1]))
        except GlimpseError as error:
            raise GlimpseError(f"{error} (a range is written first:last, such as 1:8)") from None

    return parse_range


def slice_text(text: str) -> str:
    """Return the text of a slice, if it is one."""
    parse_slice(text)
    return text


def parse_canvas(text: str) -> str | tuple[int, int]:
    """Parse ``ROWS,COLS``; any other text is an image's name."""
    sides = re.fullmatch(r"(\d{1,9}),(\d{1,9})", sides_of(text, "--canvas"), re.ASCII)
    if not sides:
        return text
    rows, cols = map(int, sides.groups())
    return checked_sides((rows, cols))


def parse_level(text: str) -> int | str:
    """Parse which smaller version of a TIFF: a number from 0, or ``auto``."""
    if text == "auto":
        return text
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII):
        raise GlimpseError(f"{text!r} is no level; write a number from 0, or auto")
    return int(text)


def parse_part(text: str) -> tuple[int, int]:
    """Parse which part of the images: the K-th of N."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text, re.ASCII)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise GlimpseError(f"{text!r} is no part; write K/N, the first of four as 1/4")
    return int(found[1]), int(found[2])


def parse_tile(text: str) -> tuple[int, int]:
    """Parse the size of a tile: one whole number, or rows and columns."""
    found = re.fullmatch(r"([0-9]{1,6})(?:,([0-9]{1,6}))?", text, re.ASCII)
    sides = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if min(sides) < 1:
        raise GlimpseError(f"{text!r} is no size of a tile; write ROWS,COLS such as 512,512")
    return sides


def parse_page(text: str) -> int | tuple[int, int] | str:
    """Parse which page or frame: a number from 1, ``first:last``, or ``all``."""
    if text == "all":
        return text
    found = re.fullmatch(r"([0-9]{1,7})(?::([0-9]{1,7}))?", text, re.ASCII)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= PAGES_MOST:
        raise GlimpseError(f"{text!r} is no page; write a number from 1, FIRST:LAST, or all")
    return (first, last) if found and found[2] else first


def parse_quality(text: str) -> int | str:
    """Parse how well a lossy still is kept: 1 to 100, or ``lossless``."""
    if text == "lossless":
        return text
    if not re.fullmatch(r"[0-9]{1,3}", text, re.ASCII) or not 1 <= int(text) <= 100:
        raise GlimpseError(f"{text!r} is no quality; write 1 to 100, or lossless")
    return int(text)


def parse_levels(text: str) -> tuple[float, float]:
    """Parse ``LO,HI``, the levels of black and white."""
    low, comma, high = text.partition(",")
    if not comma or number(low) >= number(high):
        raise GlimpseError(f"{text!r} is not two rising numbers LO,HI such as 0,1")
    return number(low), number(high)


def parse_gain(text: str) -> float | None:
    """Parse ``auto`` (None) or a number above 0."""
    return None if text == "auto" else checked("gain", number(text))


def parse_point(text: str) -> tuple[float, float]:
    """Parse ``X,Y``, in pixels."""
    parts = text.split(",")
    if len(parts) != 2:
        raise GlimpseError(f"{text!r} is not a point; write X,Y such as 31.5,20: across, down")
    x, y = (checked("point", number(part.strip()), positive=False) for part in parts)
    return x, y


def parse_tolerance(text: str) -> float:
    """Parse levels, 0 or more."""
    levels = checked("tolerance", number(text), positive=False)
    if levels < 0:
        raise GlimpseError(f"tolerance must be >= 0, got {levels:g}")
    return levels


def parse_address(text: str) -> str:
    """Return the address of a cluster, if there is one."""
    if not text.strip():
        raise GlimpseError("the address is empty; give that of a scheduler, or local")
    return text


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
