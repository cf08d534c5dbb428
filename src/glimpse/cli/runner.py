"""One job over the items of a command: a line for each, the failures counted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext
from typing import TypeVar

import click

from glimpse.cli.streams import clear_line, say
from glimpse.errors import GlimpseError, prefixed

Item = TypeVar("Item")
Line = str | GlimpseError


def run(
    job: Callable[[Item], str | list[Line]],
    items: Collection[Item],
    name: Callable[[Item], str],
    *,
    quiet: bool = False,
    jobs: int = 1,
    cluster: str | None = None,
    count: int | None = None,
    noun: str = "files",
) -> None:
    """Run a job over items, tell of each in a line, and exit with 1 where some failed.

    Parameters
    ----------
    job : callable
        Does the work and returns the line that tells of it, or raises `GlimpseError`; of several outputs
        of one item a list of lines and errors, which name their output.
    items : collection
        The items to work on.
    name : callable
        The file name of an item, for an error of the whole item; empty where errors name it already.
    quiet : bool
        Tell of failures only.
    jobs, cluster
        As for `glimpse.parallel.run`.
    count : int, optional
        How many outputs there will be, where it is not one of each item.
    noun : str
        The noun of the last line, which counts.
    """
    from glimpse import parallel

    failed = done = 0
    count = len(items) if count is None else count
    shown = count > 1 and not quiet and sys.stderr.isatty()
    with click.progressbar(length=count, file=sys.stderr) if shown else nullcontext() as bar:
        for item, result in parallel.run(job, items, min(jobs, len(items)), cluster):
            lines = result if isinstance(result, list) else [_named(result, name(item))]
            done += len(lines)
            failed += sum(isinstance(line, GlimpseError) for line in lines)
            _tell(lines, quiet=quiet, bar=shown)
            if bar:
                bar.update(len(lines))
    if failed and done > 1:
        say(f"glimpse: {failed} of {done} {noun} failed")
    if failed:
        raise click.exceptions.Exit(1)


def _named(line: Line, name: str) -> Line:
    return prefixed(name, line) if name and isinstance(line, GlimpseError) else line


def _tell(lines: Iterable[Line], *, quiet: bool, bar: bool) -> None:
    for line in lines:
        if isinstance(line, GlimpseError) or (line and not quiet):
            if bar:
                clear_line()
            say(f"glimpse: {line}" if isinstance(line, GlimpseError) else line)
