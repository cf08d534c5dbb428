"""What ``-o`` means: a file, a folder or a template, one name for each input, checked before any work."""

from __future__ import annotations

import functools
import os
import re
import string
import sys
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import click

from glimpse.errors import GlimpseError
from glimpse.window import NUMBERS

_FIELD = re.compile(r"0?\d{0,2}(\.\d{1,2})?[dfg]?", re.ASCII)
FIELDS = ("stem", "parent", "index", *NUMBERS)


class Template:
    """An output name with ``{stem}``, ``{parent}``, ``{index:03d}``, ``{gx}``, ``{delta:.2f}``...

    Raises
    ------
    click.UsageError
        If a brace is open, a field unknown or its format none of ours.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise click.UsageError(f"-o {text}: {error}; write {{stem}}, or {{{{ for a brace") from None
        self.fields = [name for _, name, _, _ in self._parts if name is not None]
        for _, name, spec, conversion in self._parts:
            if name is not None and (name not in FIELDS or conversion or not _FIELD.fullmatch(spec or "")):
                raise click.UsageError(f"-o {text}: no {{{name}}} like this; there are {', '.join(FIELDS)}")

    def fill(self, values: dict[str, Any]) -> str:
        """Return the name for these values."""
        try:
            return "".join(
                literal + ("" if name is None else format(values[name], spec or ""))
                for literal, name, spec, _ in self._parts
            )
        except (ValueError, KeyError) as error:
            raise click.UsageError(f"-o {self.text}: {error} has no such format here") from None


def plan(
    inputs: Sequence[str],
    output: str | None,
    *,
    default: str,
    suffixes: Sequence[str],
    overwrite: bool,
    values: Callable[[int], dict[str, Any]] | None = None,
    given: Sequence[str] = (),
    protect: Sequence[str] = (),
) -> list[str]:
    """Return the output of each input.

    Parameters
    ----------
    inputs : sequence of str
        File names; ``-`` is standard input.
    output : str or None
        What ``-o`` says.
    default : str
        Template of the name in the current folder, or in the folder given.
    suffixes : sequence of str
        Endings that can be written, the first one for standard output.
    overwrite : bool
        Whether existing files may be replaced.
    values : callable, optional
        More template values for the input of an index, called only where a template asks for them.
    given : sequence of str
        The outputs of a table, relative to a folder that ``-o`` names; where one is empty the template is
        used.
    protect : sequence of str
        More files that no output may replace.

    Raises
    ------
    click.UsageError
        If two inputs share an output, an output is an input or exists, or has an unknown ending.
    """
    own = list(given) or [""] * len(inputs)
    template = Template("") if all(own) else _template(inputs, output, default)
    numbers = values if values and set(template.fields) & set(NUMBERS) else None
    folder = output if output is not None and _is_folder(output) else ""
    names = [
        os.path.join(folder, name) if name else _fill(template, inputs[index], index, numbers)
        for index, name in enumerate(own)
    ]
    known = [(source, name) for source, name in zip(inputs, names, strict=True) if name]
    check_suffixes([name for _, name in known], suffixes)
    check([source for source, _ in known], [name for _, name in known], overwrite, [*inputs, *protect])
    return names


def check_suffixes(names: Sequence[str], suffixes: Sequence[str]) -> None:
    """Refuse names whose ending says a format that cannot be written."""
    for name in names:
        if name != "-" and os.path.splitext(name)[1].lower() not in suffixes:
            known = " or ".join(suffixes)
            raise click.UsageError(f"-o {name}: the name must end in {known}, or in / for a folder")


def _fill(template: Template, name: str, index: int, numbers: Callable[[int], dict[str, Any]] | None) -> str:
    """The output of an input; empty where the input is bad, which its own job will tell."""
    values = {"stem": _stem(name), "parent": os.path.dirname(name) or ".", "index": index}
    try:
        return template.fill(values | (numbers(index) if numbers else {}))
    except GlimpseError:
        return ""


def one_file(output: str | None) -> bool:
    """Tell whether ``-o`` names one file, not a folder or a template."""
    return output is not None and not _is_folder(output) and not Template(output).fields


def check(
    inputs: Sequence[str], outputs: Sequence[str], overwrite: bool, protect: Sequence[str] = ()
) -> None:
    """Refuse outputs that collide, that are inputs, or that exist; and bytes to a terminal."""
    taken: dict[str, int] = {}
    context = click.get_current_context(silent=True)
    like = [context.params["like"]] if context and context.params.get("like") else []
    sources = {found: source for source in (*inputs, *protect, *like) if (found := _identity(source))}
    real = functools.cache(os.path.realpath)
    for index, name in enumerate(outputs):
        key = _place(name, real)
        if key in taken:
            other = inputs[taken[key]] if len(inputs) == len(outputs) else outputs[taken[key]]
            raise click.UsageError(
                f"{other} and {inputs[min(index, len(inputs) - 1)]} would both become {name}; "
                "give -o a template such as {parent}/{stem}-patch.png or {index:03d}.png"
            )
        taken[key] = index
        if name == "-" and sys.stdout is not None and sys.stdout.isatty():
            raise click.UsageError("standard output is a terminal; redirect it or give -o FILE")
        if name != "-":
            _check_free(name, sources, overwrite)


def _place(name: str, real: Callable[[str], str]) -> str:
    """The same text for names of the same file, also where case or links make them so."""
    folder, base = os.path.split(name)
    return unicodedata.normalize("NFC", os.path.join(real(folder), base)).casefold()


def _identity(name: str) -> tuple[int, int] | None:
    """What tells a file from all others, None where there is none."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if name != "-" else None


def _check_free(name: str, sources: dict[tuple[int, int], str], overwrite: bool) -> None:
    if not os.path.lexists(name):
        return
    if os.path.isdir(name):
        raise click.UsageError(f"{name} is a folder; give its files names with -o")
    if source := sources.get(_identity(name) or (0, 0)):
        raise click.UsageError(f"{name} is the input {source}; an input is never replaced")
    if not overwrite:
        raise click.UsageError(f"{name} exists already; --overwrite replaces it, -o names another")


def _template(inputs: Sequence[str], output: str | None, default: str) -> Template:
    if list(inputs).count("-") > 1:
        raise click.UsageError("standard input can be read once only; give '-' once")
    if output == "":
        raise click.UsageError("-o is empty; give it a file, a folder or a template")
    if output is None and len(inputs) > 1:
        raise click.UsageError(f"{len(inputs)} inputs need -o with a folder (out/) or a template ({default})")
    if output is None:
        return Template("-" if list(inputs) == ["-"] else default)
    if _is_folder(output):
        return Template(_escaped(output.rstrip("/") or "/") + "/" + default)
    template = Template(output)
    if len(inputs) > 1 and not template.fields:
        raise click.UsageError(
            f"-o {output} is one name for {len(inputs)} inputs; give a folder ({output}/) or a template "
            "such as {stem}-patch.png"
        )
    return template


def _is_folder(output: str) -> bool:
    return output != "-" and (output.endswith(("/", os.sep)) or os.path.isdir(output))


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _stem(name: str) -> str:
    return "stdin" if name == "-" else os.path.splitext(os.path.basename(name))[0]
