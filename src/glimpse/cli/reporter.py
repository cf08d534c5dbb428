"""The report of a running batch: lines or a bar, failures, and a last line that counts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import click

from glimpse.batch.outcomes import FEW, Outcome
from glimpse.cli.streams import clear_line, say
from glimpse.limits import TOLD_FAILURES


def report(outcomes: Iterable[Outcome], count: int, *, noun: str = "files", quiet: bool = False) -> None:
    """Tell of outcomes as they come, `count` in all, and exit with 1 where some failed."""
    with Reporter(count, noun, quiet=quiet) as reporter:
        for outcome in outcomes:
            reporter.tell(outcome)
    if reporter.broken:
        raise click.exceptions.Exit(1)


class Reporter:
    """The words of one batch on stderr.

    Parameters
    ----------
    count : int
        How many outputs there will be.
    noun : str
        The noun of the last line.
    quiet : bool
        Tell of failures only.
    """

    def __init__(self, count: int, noun: str, *, quiet: bool) -> None:
        self._noun, self._quiet = noun, quiet
        self.done = self.failed = self.left = 0
        self.broken = False
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self._brief = terminal and count > FEW and not quiet and not _verbose()
        self._lines = 0  # told since the batch began, failures aside
        self._failures: list[tuple[int, str]] = []  # how many lines had been told, and the failure
        shown = count > 1 and not quiet and terminal
        self._bar: Any = click.progressbar(length=count, file=sys.stderr) if shown else None

    def __enter__(self) -> Reporter:
        if self._bar:
            self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.__exit__(kind, value, trace)
        if kind is None:
            self._repeat()
            self._count()

    def tell(self, outcome: Outcome) -> None:
        """Tell of an outcome, and count it."""
        self.done += outcome.count
        if outcome.error:
            self._fail(outcome)
        elif outcome.left:
            self.left += 1
        elif outcome.made and not self._quiet and (not self._brief or outcome.notes):
            self._lines += 1
            self._say(str(outcome))
        if self._bar:
            self._bar.update(outcome.count)

    def _fail(self, outcome: Outcome) -> None:
        self.broken = True
        self.failed += outcome.count
        if self.failed <= TOLD_FAILURES:
            self._say(f"glimpse: {outcome}")
            self._failures.append((self._lines, f"glimpse: {outcome}"))
        elif self.failed == TOLD_FAILURES + 1:
            self._say(f"glimpse: {TOLD_FAILURES} failures are told; more are counted only")

    def _say(self, line: str) -> None:
        if self._bar:
            clear_line()
        say(line)

    def _repeat(self) -> None:
        """Tell those failures again that scrolled away."""
        if self._bar:
            import shutil  # 2 ms, for a terminal alone

            screen = shutil.get_terminal_size().lines
            for lines, failure in self._failures:
                if self._lines - lines > screen:
                    say(failure)

    def _count(self) -> None:
        if self.left:
            say(f"glimpse: {self.left} of {self.done} {self._noun} were there already and were left")
        if self.failed and self.done > 1:
            say(f"glimpse: {self.failed} of {self.done} {self._noun} failed")
        elif self._brief:
            say(f"glimpse: {self.done - self.left} {self._noun} done")


def _verbose() -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().params.get("verbose"))
