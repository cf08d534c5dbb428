"""Templates of output names: ``{stem}``, ``{index:03d}``, ``{gx}``, and every column of a table."""

from __future__ import annotations

import os
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

import click

from glimpse.errors import GlimpseError
from glimpse.window import NUMBERS, Window

NAMES = ("stem", "name", "ext", "parent", "index")
"""The fields that the name of an input fills."""

OF_WINDOW = ("row", "col", "n", *NUMBERS)
"""The fields that a window fills."""

_SPEC = r"0?[0-9]{0,2}(\.[0-9]{1,2})?[dfg]?"
_UNSAFE = r"[/\\\0-\x1f]"


class Template:
    """An output name with fields in braces.

    Parameters
    ----------
    text : str
        The name.
    columns : sequence of str
        Columns of a table, which are fields too.

    Raises
    ------
    click.UsageError
        If a brace is open, a field unknown, or its format not allowed.
    """

    def __init__(self, text: str, columns: Sequence[str] = ()) -> None:
        self.text = text
        known = (*NAMES, *OF_WINDOW, *filter(None, columns))
        try:
            self._parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise click.UsageError(f"-o {text}: {error}; write {{stem}}, or {{{{ for a brace") from None
        self.fields = [name for _, name, _, _ in self._parts if name is not None]
        for _, name, spec, conversion in self._parts:
            if name is not None and (name not in known or conversion or not re.fullmatch(_SPEC, spec or "")):
                raise click.UsageError(f"-o {text}: no {{{name}}} like this; there are {', '.join(known)}")

    @property
    def of_window(self) -> bool:
        """Whether a field needs the window, and so the size of the image."""
        return bool(set(self.fields) & set(OF_WINDOW))

    @property
    def folder(self) -> str:
        """The folder that is written out, before the first field."""
        return os.path.dirname(self._parts[0][0]) if self._parts else ""

    def fill(self, values: Mapping[str, Any]) -> str:
        """Return the name for these values.

        Raises
        ------
        GlimpseError
            If a value has no such format.
        """
        try:
            return "".join(
                literal + ("" if name is None else _formatted(values[name], spec or ""))
                for literal, name, spec, _ in self._parts
            )
        except (ValueError, KeyError) as error:
            raise GlimpseError(f"-o {self.text}: {error} has no such format here") from None


def one_file(output: str | None) -> bool:
    """Tell whether ``-o`` names one file, not a folder or a template."""
    return output is not None and not is_folder(output) and not _has_fields(output)


def _has_fields(text: str) -> bool:
    try:
        return any(name is not None for _, name, _, _ in string.Formatter().parse(text))
    except ValueError:  # told where the template is made
        return True


def is_folder(output: str) -> bool:
    """Tell whether ``-o`` names a folder: it ends as one, or there is one."""
    return output != "-" and (output.endswith(("/", os.sep)) or os.path.isdir(output))


def in_folder(folder: str, name: str, columns: Sequence[str] = ()) -> Template:
    """Return the template of a name in a folder, whose braces stand for themselves."""
    plain = (folder.rstrip("/") or "/").replace("{", "{{").replace("}", "}}")
    return Template(f"{plain}/{name}", columns)


def of_name(name: str, index: int) -> dict[str, Any]:
    """Return the fields that an input's name fills."""
    base = "stdin" if name == "-" else os.path.basename(name)
    stem, ending = os.path.splitext(base)
    parent = os.path.dirname(name) or "."
    return {"stem": stem, "name": base, "ext": ending[1:], "parent": parent, "index": index}


def of_window(window: Window) -> dict[str, Any]:
    """Return the fields that a window fills."""
    values = {name: getattr(window, name) for name in (*NUMBERS, "n")}
    return values | {"row": window.gx, "col": window.gy}


def of_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the cells of a row as fields: no separators, no leading dot, for tables come from anywhere."""
    return {name: Cell(text) for name, text in cells.items()}


class Cell:
    """The text of a table's cell, or where a format asks for it, its number."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __format__(self, spec: str) -> str:
        text = re.sub(_UNSAFE, "_", self.text)
        if spec.endswith(("f", "g")):
            return format(float(text), spec)
        if spec:
            return format(int(text), spec)
        return "_" + text[1:] if text.startswith(".") else text or "_"


def _formatted(value: Any, spec: str) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return ",".join(format(each, spec) for each in values)
