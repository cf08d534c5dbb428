"""The meaning of ``-o``: a file, a folder or a template, one name for each input, checked before any work.

A template has fields: ``{stem}``, ``{index:03d}``, ``{gx}``, and every column of a table.
"""

from __future__ import annotations

import functools
import os
import re
import stat
import string
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from glimpse.errors import GlimpseError, UsageError
from glimpse.window import NUMBERS, Window

if TYPE_CHECKING:
    from glimpse.io.encode import Quality
    from glimpse.window.span import Span

NAMES = ("stem", "name", "ext", "parent", "index", "page")
"""The fields that the name of an input fills."""

OF_WINDOW = ("row", "col", "n", *NUMBERS)
"""The fields that a window fills."""

_SPEC = r"0?[0-9]{0,2}(\.[0-9]{1,2})?[dfg]?"
_PORTS = (f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789")
_DEVICES = {"con", "prn", "aux", "nul", *_PORTS}
_UNSAFE = r"[/\\\0-\x1f]"


_LONGEST = 255  # bytes of a name of a file or a folder


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
    UsageError
        If a brace is open, a field unknown, or its format not allowed.
    """

    def __init__(self, text: str, columns: Sequence[str] = ()) -> None:
        self.text = text
        known = tuple(dict.fromkeys((*NAMES, *OF_WINDOW, *filter(None, columns))))
        try:
            self._parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise UsageError(f"-o {text}: {error}; write {{stem}}, or {{{{ for a brace") from None
        self.fields = {name for _, name, _, _ in self._parts if name is not None}
        for _, name, spec, conversion in self._parts:
            if name is not None and (name not in known or conversion or not re.fullmatch(_SPEC, spec or "")):
                some = ", ".join(field[:40] for field in known[:30])
                more = f" and {len(known) - 30} more" if len(known) > 30 else ""
                raise UsageError(f"-o {text}: no {{{name}}} like this; there are {some}{more}")
        self.of_window = bool(self.fields & set(OF_WINDOW))  # and so of the size of the image
        last, field = self._parts[-1][:2] if self._parts else ("", None)
        self.suffix = os.path.splitext("x" + last)[1] if field is None else ""  # where it is written out
        self.folder = os.path.dirname(self._parts[0][0]) if self._parts else ""  # before the first field
        # the words of one value each, which `str.format_map` fills in a tenth of the time
        self._is_plain = not self.of_window and all(name.isidentifier() for name in self.fields)

    def fill(self, values: Mapping[str, Any]) -> str:
        """Return the name for these values.

        Raises
        ------
        GlimpseError
            If a value has no such format.
        """
        try:
            if self._is_plain:
                filled = self.text.format_map(values)
            else:
                words = []
                for literal, name, spec, _ in self._parts:
                    value = "" if name is None else values[name]
                    each = value if isinstance(value, tuple) else (value,)
                    words.append(literal + ",".join(format(part, spec or "") for part in each))
                filled = "".join(words)
        except (ValueError, KeyError) as error:
            raise GlimpseError(f"-o {self.text}: {error} has no such format here") from None
        if len(filled) > _LONGEST or not filled.isascii():
            longest = max(len(part.encode("utf-8", "surrogatepass")) for part in filled.split("/"))
            if longest > _LONGEST:
                raise GlimpseError(
                    f"-o {self.text}: a name of {longest} bytes; files have {_LONGEST} at most"
                )
        return filled


def one_file(output: str | None) -> bool:
    """Tell whether ``-o`` names one file, not a folder or a template."""
    if output is None or is_folder(output):
        return False
    try:
        return all(name is None for _, name, _, _ in string.Formatter().parse(output))
    except ValueError:  # told where the template is made
        return False


def is_folder(output: str) -> bool:
    """Tell whether ``-o`` names a folder: it ends as one, or there is one."""
    return output != "-" and (output.endswith(("/", os.sep)) or os.path.isdir(output))


def of_name(name: str, index: int, page: int = 1) -> dict[str, Any]:
    """Return the fields that an input's name fills."""
    parent, base = os.path.split("stdin" if name == "-" else name)
    stem, ending = os.path.splitext(base)
    return {"stem": stem, "name": base, "ext": ending[1:], "parent": parent or ".", "index": index,
            "page": page}  # fmt: skip


def of_window(window: Window | Span) -> dict[str, Any]:
    """Return the fields that a window fills, or the span of a signal, whose axis is the first."""
    if not isinstance(window, Window):
        window = Window(window.center, 0.0, window.delta, window.sigma, window.gamma, window.n)
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


def plan(
    inputs: Sequence[str],
    output: str | None,
    *,
    default: str,
    suffixes: Sequence[str],
    overwrite: bool,
    skip_existing: bool | None = None,
    values: Callable[[int], dict[str, Any]] | None = None,
    protect: Sequence[str] = (),
    quality: Quality = None,
    trees: Sequence[str] = (),
    pages: Sequence[int] = (),
) -> list[str]:
    """Return the output of each input.

    Parameters
    ----------
    inputs : sequence of str
        File names; ``-`` is standard input.
    output : str or None
        The value of ``-o``.
    default : str
        Template of the name in the current folder, or in the folder given.
    suffixes : sequence of str
        Endings that can be written, the first one for standard output.
    overwrite, skip_existing : bool
        Whether existing files may be replaced, or will be left; None where they cannot be left.
    values : callable, optional
        The fields that the window of an input fills, called only where a template asks for them.
    protect : sequence of str
        More files that no output may replace.
    quality : int, "lossless" or None
        How well lossy formats are to keep stills.
    trees : sequence of str
        The folder of each input that goes between a folder of outputs and its name.
    pages : sequence of int
        The page of each input.

    Raises
    ------
    UsageError
        If two inputs share an output, an output is an input or exists, or has an unknown ending.
    """
    template = template_of(inputs, output, default)
    values = values if template.of_window else None
    folder, names = output if output and is_folder(output) else "", []
    for index, name in enumerate(inputs):
        try:
            more = values(index) if values else {}
        except GlimpseError:  # which the input's own job will tell
            names.append("")
            continue
        try:
            filled = template.fill(of_name(name, index, pages[index] if pages else 1) | more)
        except GlimpseError as error:
            raise UsageError(str(error)) from None
        if folder and trees and trees[index]:
            filled = os.path.join(os.path.dirname(filled), trees[index], os.path.basename(filled))
        names.append(filled)
    advice = functools.partial(_advice, default=default, folder=folder)
    sources = inputs if all(names) else [source for source, name in zip(inputs, names, strict=True) if name]
    targets = [*filter(None, names)]
    check(sources, targets, suffixes, overwrite=overwrite, skip_existing=skip_existing,
          protect=[*inputs, *protect], quality=quality, advice=advice)  # fmt: skip
    return names


def suffix_fault(name: str, suffixes: Sequence[str], system: str = os.name) -> str:
    """Return the fault of the ending of a name, or of a name that Windows keeps for a device, if any.

    Examples
    --------
    >>> suffix_fault("out/NUL.png", [".png"], "nt")
    '-o out/NUL.png: a name that the system keeps for a device'
    >>> suffix_fault("out/null.png", [".png"], "nt"), suffix_fault("NUL.png", [".png"], "posix")
    ('', '')
    """
    if system == "nt" and os.path.basename(name).split(".")[0].strip().lower() in _DEVICES:
        return f"-o {name}: a name that the system keeps for a device"
    if name == "-" or os.path.splitext(name)[1].lower() in suffixes:
        return ""
    *most, last = suffixes
    endings = f"{', '.join(most)} or {last}" if most else last
    return f"-o {name}: the name must end in {endings}, or in / for a folder"


def check_quality(names: Iterable[str], quality: Quality) -> None:
    """Refuse a quality that the format of a name does not have."""
    from glimpse.io.encode import FORMATS, still_format  # NumPy, which a name need not wait for

    for name in names:
        if name != "-" and os.path.splitext(name)[1].lower() not in FORMATS:
            raise UsageError(f"-o {name}: --quality is of stills")
        if fault := still_format(name).fault(quality):
            raise UsageError(f"-o {name}: {fault}")


def check(
    inputs: Sequence[str],
    outputs: Sequence[str],
    suffixes: Sequence[str],
    *,
    overwrite: bool,
    skip_existing: bool | None = None,
    protect: Sequence[str] = (),
    quality: Quality = None,
    advice: Callable[[str, str], str] = lambda one, other: "{index:03d}.png",
) -> None:
    """Refuse outputs of unknown endings, that collide, are inputs, or exist; and bytes to a terminal."""
    for name in outputs:
        if fault := suffix_fault(name, suffixes):
            raise UsageError(fault)
    if quality is not None:
        check_quality(outputs, quality)
    real, is_there = functools.cache(os.path.realpath), functools.cache(os.path.lexists)
    there, places = list[str](), set[int]()  # numbers take half the memory of names
    for name in outputs:
        # in a new folder nothing is, and a hundred thousand inputs need not be asked who they are
        if name == "-" or (is_there(os.path.dirname(name) or ".") and os.path.lexists(name)):
            there.append(name)
        places.add(hash(same_place(name, real)))
    sources = identities([*inputs, *protect]) if there else {}
    if len(places) < len(outputs):
        taken: dict[str, int] = {}
        for index, name in enumerate(outputs):
            first = taken.setdefault(same_place(name, real), index)
            if first != index:
                one, other = (inputs[min(i, len(inputs) - 1)] for i in (first, index))
                one = one if len(inputs) == len(outputs) else outputs[first]
                raise UsageError(
                    f"{one} and {other} would both become {name}; "
                    f"give -o a template such as {advice(one, other)}"
                )
    for name in there:
        if fault := place_fault(name, sources):
            raise UsageError(fault)
    there = [name for name in there if name != "-"]
    alone = inputs[0] if len(inputs) == 1 else "-"
    if alone != "-" and not os.path.lexists(alone):
        return  # the one input is not there, so nothing is saved; its own job tells it
    if there and not (overwrite or skip_existing):
        raise existing(there[0], len(there), len(outputs), leaves=skip_existing is not None)


def _advice(one: str, other: str, *, default: str, folder: str) -> str:
    """A template that tells two inputs apart."""
    for template in (f"{{parent}}/{default}", os.path.join(folder, default.replace("{stem}", "{name}"))):
        places = [
            same_place(Template(template).fill(of_name(name, 0)), os.path.realpath) for name in (one, other)
        ]
        if places[0] != places[1]:
            return template
    return os.path.join(folder, "{index:03d}.png")


def same_place(name: str, real: Callable[[str], str]) -> str:
    """Return the same text for names of the same file, also where case or links make them so."""
    folder, base = os.path.split(name)
    place = f"{real(folder)}{os.sep}{base}"
    return place.lower() if place.isascii() else unicodedata.normalize("NFC", place).casefold()


def identities(names: Iterable[str]) -> dict[tuple[int, int], str]:
    """Return the files that no output may replace, by the numbers that tell a file from all others."""
    return {found: name for name in names if (found := _identity(name))}


def _identity(name: str) -> tuple[int, int] | None:
    """The numbers of a file, of ``-`` of the one behind standard input; None where there is none."""
    try:
        status = os.fstat(0) if name == "-" else os.stat(name)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if name != "-" or stat.S_ISREG(status.st_mode) else None


def place_fault(name: str, sources: Mapping[tuple[int, int], str]) -> str:
    """Return why a name can be no output: a terminal, a folder, or an input."""
    if name == "-":
        terminal = sys.stdout is not None and sys.stdout.isatty()
        return "standard output is a terminal; redirect it or give -o FILE" if terminal else ""
    if not os.path.lexists(name):
        return ""
    if os.path.isdir(name):
        return f"{name} is a folder; give its files names with -o"
    source = sources.get(_identity(name) or (0, 0))
    if source == "-":
        return f"{name} is the file behind standard input; an input is never replaced"
    return f"{name} is the input {source}; an input is never replaced" if source else ""


def existing(name: str, there: int, count: int, *, leaves: bool) -> UsageError:
    """Return the error of outputs that are there, so many of all; `leaves` where they can be left."""
    if count == 1:
        more = ", --skip-existing leaves it" if leaves else ""
        return UsageError(f"{name} exists already; --overwrite replaces it, -o names another{more}")
    more = ", --skip-existing leaves them" if leaves else ""
    return UsageError(
        f"{there} of {count} outputs exist already, {name} first; --overwrite replaces them{more}"
    )


def template_of(
    inputs: Sequence[str], output: str | None, default: str, columns: Sequence[str] = ()
) -> Template:
    """Return the template that ``-o`` is for these inputs.

    Raises
    ------
    UsageError
        If it is one name for several inputs, or none.
    """
    if list(inputs).count("-") > 1:
        raise UsageError("standard input can be read once only; give '-' once")
    if output == "":
        raise UsageError("-o is empty; give it a file, a folder or a template")
    if output is None and len(inputs) > 1:
        raise UsageError(f"{len(inputs)} inputs need -o with a folder (out/) or a template ({default})")
    if output is None:
        return Template("-" if list(inputs) == ["-"] else default, columns)
    in_one = is_folder(output)
    if in_one and (os.path.isdir(output) or one_file(output.rstrip("/" + os.sep))):
        # braces of a folder stand for themselves
        plain = (output.rstrip("/") or "/").replace("{", "{{").replace("}", "}}")
        return Template(f"{plain}/{default}", columns)
    template = Template(f"{output}{default}" if in_one else output, columns)
    if len(inputs) > 1 and not template.fields:
        folder = os.path.splitext(output)[0]
        raise UsageError(
            f"-o {output} is one name for {len(inputs)} inputs; give a folder ({folder}/) or a template "
            "such as {stem}-patch.png"
        )
    return template
