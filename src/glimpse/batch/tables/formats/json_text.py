"""JSON read piece by piece: large lists one element at a time, damaged text told by its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from glimpse.errors import GlimpseError

LINE = 10_000_000  # characters of a line of JSON Lines at most
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GlimpseError(f"not JSON in UTF-8: byte {error.start} begins no letter") from None


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise _broken(text, error.pos) from None
    except ValueError as error:  # a number of thousands of digits
        raise GlimpseError(f"not JSON: {str(error)[:80]}") from None


def _broken(text: str, at: int) -> GlimpseError:
    line = text.count("\n", 0, at) + 1
    return GlimpseError(f"damaged JSON in line {line}, character {at - text.rfind(chr(10), 0, at)}")


def skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def walk_list(text: str, at: int) -> Iterator[tuple[Any, int]]:
    """Yield the elements of the list that begins here, one at a time, each with the position behind it."""
    at = skip_space(text, at + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        value, at = _value(text, at)
        at = skip_space(text, at)
        yield value, at
        if text[at : at + 1] == "]":
            return
        if text[at : at + 1] != ",":
            raise _broken(text, at)
        at = skip_space(text, at + 1)


def walk_object(text: str, lists: Mapping[str, Callable[[Any], None]]) -> dict[str, Any]:
    """Return the members of an object; those of `lists` are handed on element by element instead."""
    found: dict[str, Any] = {}
    at = skip_space(text, skip_space(text, 0) + 1)
    while text[at : at + 1] != "}":
        key, at = _value(text, at)
        at = skip_space(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise _broken(text, at)
        at = skip_space(text, at + 1)
        if key in lists and text[at : at + 1] == "[":
            found[key], end = [], skip_space(text, at + 1)
            for value, behind in walk_list(text, at):
                lists[key](value)
                end = behind
            at = end + 1
        else:
            found[key], at = _value(text, at)
        at = skip_space(text, at)
        if text[at : at + 1] == ",":
            at = skip_space(text, at + 1)
        elif text[at : at + 1] != "}":
            raise _broken(text, at)
    return found


def parsed(line: str) -> Any:
    """The value of a line; None if it is damaged, which costs its own row."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
