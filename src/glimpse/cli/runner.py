"""One job over the items of a command: a line for each, the failures counted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, TypeVar

import click

from glimpse.cli.faults import debugging, of_item
from glimpse.cli.reporter import Left, Line, Reporter
from glimpse.cli.signals import aside
from glimpse.errors import GlimpseError, prefixed

__all__ = ["Left", "Line", "run"]

Item = TypeVar("Item")


def run(
    job: Callable[[Item], Any],
    items: Collection[Item],
    name: Callable[[Item], str],
    *,
    quiet: bool = False,
    jobs: int = 1,
    cluster: str | None = None,
    count: int | None = None,
    noun: str = "files",
    finish: Callable[[Item, Any], Line | list[Line]] = lambda item, result: result,
) -> None:
    """Run a job over items, tell of each in a line, and exit with 1 where some failed.

    Parameters
    ----------
    job : callable
        Does the work and returns the line that tells of it, or raises `GlimpseError`; of several outputs
        of one item a list of lines and errors, which name their output. Any other error is the item's
        fault as well.
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
        The noun of the last line, which counts the outputs.
    finish : callable
        Makes lines of the result of an item's job, one after the other, in the order of the items.
    """
    from glimpse import parallel

    attempt: Callable[[Item], Any] = partial(_attempt, job, alone=len(items) == 1, debug=debugging())
    attempt = attempt if cluster or min(jobs, len(items)) > 1 else aside(attempt)
    with Reporter(len(items) if count is None else count, noun, quiet=quiet) as reporter:
        for item, result in parallel.run(attempt, items, min(jobs, len(items)), cluster):
            reporter.tell(_lines(item, result, name, finish))
    if reporter.failed:
        raise click.exceptions.Exit(1)


def _attempt(job: Callable[[Item], Any], item: Item, *, alone: bool, debug: bool) -> Any:
    with of_item(alone=alone, debug=debug):
        return job(item)


def _lines(
    item: Item, result: Any, name: Callable[[Item], str], finish: Callable[[Item, Any], Line | list[Line]]
) -> list[Line]:
    """The lines of an item, its errors named."""
    try:
        if isinstance(result, GlimpseError):
            raise result
        lines = finish(item, result)
        return lines if isinstance(lines, list) else [lines]
    except GlimpseError as error:
        return [prefixed(named, error) if (named := name(item)) else error]
