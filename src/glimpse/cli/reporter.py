"""The report of a running batch: lines or a bar, failures, and a last line that counts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import click

from glimpse.cli.messages import Summary
from glimpse.cli.streams import clear_line, say
from glimpse.errors import GlimpseError
from glimpse.limits import TOLD_FAILURES

FEW = 20  # items whose lines all fit a terminal; of more the bar, notes and failures are told

Line = str | GlimpseError


class Left(Summary):
    """The name of an output that was there already and was left, with --skip-existing; it is counted only."""


def left(output: str, *, skip_existing: bool) -> Left | None:
    """Return the word of an output that is there and is to be left, or None."""
    return Left(output) if skip_existing and output != "-" and os.path.lexists(output) else None


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

    def tell(self, lines: Iterable[Line]) -> None:
        """Tell of the outputs of an item, and count them."""
        for line in lines:
            self.done += 1
            if isinstance(line, GlimpseError):
                self._fail(line)
            elif isinstance(line, Left):
                self.left += 1
            elif line and not self._quiet and (not self._brief or getattr(line, "noted", True)):
                self._lines += 1
                self._say(line)
            if self._bar:
                self._bar.update(1)

    def _fail(self, error: GlimpseError) -> None:
        self.failed += 1
        if self.failed <= TOLD_FAILURES:
            self._say(f"glimpse: {error}")
            self._failures.append((self._lines, f"glimpse: {error}"))
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
