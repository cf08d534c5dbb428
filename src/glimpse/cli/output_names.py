"""The meaning of ``-o``: a file, a folder or a template, one name for each input, checked before any work."""

from __future__ import annotations

import functools
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from glimpse.cli.templates import Template, in_folder, is_folder, of_name, one_file
from glimpse.errors import GlimpseError
from glimpse.portability import reserved

__all__ = ["check", "check_suffixes", "one_file", "plan", "template_of"]


def plan(
    inputs: Sequence[str],
    output: str | None,
    *,
    default: str,
    suffixes: Sequence[str],
    overwrite: bool,
    skip_existing: bool = False,
    values: Callable[[int], dict[str, Any]] | None = None,
    protect: Sequence[str] = (),
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
        Whether existing files may be replaced, or will be left.
    values : callable, optional
        The fields that the window of an input fills, called only where a template asks for them.
    protect : sequence of str
        More files that no output may replace.

    Raises
    ------
    click.UsageError
        If two inputs share an output, an output is an input or exists, or has an unknown ending.
    """
    template = template_of(inputs, output, default)
    names = [_fill(template, name, index, values) for index, name in enumerate(inputs)]
    known = [(source, name) for source, name in zip(inputs, names, strict=True) if name]
    check_suffixes([name for _, name in known], suffixes)
    advice = functools.partial(
        _advice, default=default, folder=output if output and is_folder(output) else ""
    )
    check([source for source, _ in known], [name for _, name in known], overwrite or skip_existing,
          [*inputs, *protect], advice=advice)  # fmt: skip
    return names


def _fill(template: Template, name: str, index: int, values: Callable[[int], dict[str, Any]] | None) -> str:
    """The output of an input; empty where the input is bad, which its own job will tell."""
    try:
        more = values(index) if values and template.of_window else {}
    except GlimpseError:
        return ""
    try:
        return template.fill(of_name(name, index) | more)
    except GlimpseError as error:
        raise click.UsageError(str(error)) from None


def check_suffixes(names: Iterable[str], suffixes: Sequence[str]) -> None:
    """Refuse names whose ending says a format that cannot be written."""
    for name in names:
        if fault := suffix_fault(name, suffixes):
            raise click.UsageError(fault)


def suffix_fault(name: str, suffixes: Sequence[str]) -> str:
    """Return the fault of the ending of a name, if any."""
    if reserved(name):
        return f"-o {name}: a name that the system keeps for a device"
    if name == "-" or os.path.splitext(name)[1].lower() in suffixes:
        return ""
    return f"-o {name}: the name must end in {' or '.join(suffixes)}, or in / for a folder"


def check(
    inputs: Sequence[str],
    outputs: Sequence[str],
    overwrite: bool,
    protect: Sequence[str] = (),
    advice: Callable[[str, str], str] = lambda one, other: "{index:03d}.png",
) -> None:
    """Refuse outputs that collide, that are inputs, or that exist; and bytes to a terminal."""
    taken: dict[str, int] = {}
    sources = identities([*inputs, *protect])
    real = functools.cache(os.path.realpath)
    for index, name in enumerate(outputs):
        key = same_place(name, real)
        if key in taken:
            one, other = (inputs[min(i, len(inputs) - 1)] for i in (taken[key], index))
            one = one if len(inputs) == len(outputs) else outputs[taken[key]]
            raise click.UsageError(
                f"{one} and {other} would both become {name}; give -o a template such as {advice(one, other)}"
            )
        taken[key] = index
        if fault := stream_fault(name) or input_fault(name, sources):
            raise click.UsageError(fault)
    if not overwrite:
        check_free([name for name in outputs if name != "-" and os.path.lexists(name)], len(outputs))


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
    return unicodedata.normalize("NFC", os.path.join(real(folder), base)).casefold()


def identities(names: Iterable[str]) -> dict[tuple[int, int], str]:
    """Return the files that no output may replace: these, and the one that ``--like`` names."""
    context = click.get_current_context(silent=True)
    like = [context.params["like"]] if context and context.params.get("like") else []
    return {found: name for name in (*names, *like) if (found := _identity(name))}


def _identity(name: str) -> tuple[int, int] | None:
    """The numbers that tell a file from all others, None where there is none."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if name != "-" else None


def stream_fault(name: str) -> str:
    """Return why standard output takes no bytes, if the name is ``-`` and it does not."""
    if name == "-" and sys.stdout is not None and sys.stdout.isatty():
        return "standard output is a terminal; redirect it or give -o FILE"
    return ""


def input_fault(name: str, sources: Mapping[tuple[int, int], str]) -> str:
    """Return why a name can be no output, if it is a folder or an input."""
    if name == "-" or not os.path.lexists(name):
        return ""
    if os.path.isdir(name):
        return f"{name} is a folder; give its files names with -o"
    source = sources.get(_identity(name) or (0, 0))
    return f"{name} is the input {source}; an input is never replaced" if source else ""


def check_free(there: Sequence[str], count: int) -> None:
    """Refuse outputs that exist, of so many, in one error with advice."""
    if not there:
        return
    context = click.get_current_context(silent=True)
    leaves = bool(context and "skip_existing" in context.params)
    if count == 1:
        more = ", --skip-existing leaves it" if leaves else ""
        raise click.UsageError(f"{there[0]} exists already; --overwrite replaces it, -o names another{more}")
    more = ", --skip-existing leaves them" if leaves else ""
    raise click.UsageError(
        f"{len(there)} of {count} outputs exist already, {there[0]} first; --overwrite replaces them{more}"
    )


def template_of(
    inputs: Sequence[str], output: str | None, default: str, columns: Sequence[str] = ()
) -> Template:
    """Return the template that ``-o`` is for these inputs.

    Raises
    ------
    click.UsageError
        If it is one name for several inputs, or none.
    """
    if list(inputs).count("-") > 1:
        raise click.UsageError("standard input can be read once only; give '-' once")
    if output == "":
        raise click.UsageError("-o is empty; give it a file, a folder or a template")
    if output is None and len(inputs) > 1:
        raise click.UsageError(f"{len(inputs)} inputs need -o with a folder (out/) or a template ({default})")
    if output is None:
        return Template("-" if list(inputs) == ["-"] else default, columns)
    if is_folder(output):
        return in_folder(output, default, columns)
    template = Template(output, columns)
    if len(inputs) > 1 and not template.fields:
        folder = os.path.splitext(output)[0]
        raise click.UsageError(
            f"-o {output} is one name for {len(inputs)} inputs; give a folder ({folder}/) or a template "
            "such as {stem}-patch.png"
        )
    return template
