"""The report of a running batch: lines or a bar, failures, and a last line that counts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import click

from glimpse.batch.outcomes import FEW, Batch, Outcome
from glimpse.cli.streams import clear_line, say
from glimpse.errors import GlimpseError
from glimpse.limits import TOLD_FAILURES


def report(
    outcomes: Iterable[Outcome], count: int | None = None, *, noun: str = "files", quiet: bool = False
) -> None:
    """Tell of a batch on stderr: a line for each outcome, or a bar on a terminal; at the end a count.

    Parameters
    ----------
    outcomes : iterable of Outcome
        As they come, such as a `Batch`.
    count : int, optional
        How many there will be, where they do not tell.
    noun : str
        The noun of the last line.
    quiet : bool
        Tell of failures only.

    Raises
    ------
    Exit
        With 1, if some failed.
    """
    terminal = not quiet and sys.stderr is not None and sys.stderr.isatty()
    if count is None:
        count = len(outcomes) if isinstance(outcomes, Batch) else 1
    told = Report(noun, quiet=quiet, brief=terminal and count > FEW and not _verbose())
    shown = click.progressbar(length=count, file=sys.stderr) if terminal and count > 1 else nullcontext()
    made = ""
    try:
        with shown as told.bar:
            for outcome in outcomes:
                told.tell(outcome)
                made = made or (outcome.output if outcome.state == "written" else "")
    except GlimpseError as error:  # such as the loss of a cluster, which is the fault of no item
        if not told.done:
            raise
        say(f"glimpse: {error}; {told.done - told.failed} of {count} {noun} were done")
        raise click.exceptions.Exit(1) from None
    told.end()
    if made and click.get_current_context().meta.get("glimpse.open"):
        _open(made)
    if told.broken:
        raise click.exceptions.Exit(1)


def _open(name: str) -> None:
    """Open a file in the system's viewer, or say why it is not."""
    if name == "-":
        say("glimpse: --open: standard output is no file; it was not opened")
    elif click.launch(name):
        say(f"glimpse: --open: no viewer could be started for {name}")


class Report:
    """What is told of a batch; `brief` where only notes and failures are."""

    def __init__(self, noun: str, *, quiet: bool, brief: bool) -> None:
        self._noun, self._quiet, self._brief = noun, quiet, brief
        self.done = self.failed = self.left = 0
        self.broken = False
        self.bar: Any = None
        self._lines = 0  # told since the batch began, failures aside
        self._failures: list[tuple[int, str]] = []  # how many lines had been told, and the failure

    def tell(self, outcome: Outcome) -> None:
        """Tell of an outcome, and count it; of no item it tells of the batch itself."""
        self.done += outcome.count
        line = ""
        if outcome.error:
            self.broken = True
            self.failed += outcome.count
            if self.failed <= TOLD_FAILURES:
                line = f"glimpse: {outcome}"
                self._failures.append((self._lines, line))
            elif self.failed == TOLD_FAILURES + 1:
                line = f"glimpse: {TOLD_FAILURES} failures are told; more are counted only"
        elif outcome.left:
            self.left += outcome.count
            line = "" if outcome.count else f"glimpse: {outcome}"
        elif outcome.made and not self._quiet and (not self._brief or outcome.notes):
            self._lines += 1
            line = str(outcome)
        if line:
            if self.bar:
                clear_line()
            say(line)
        if self.bar:
            self.bar.update(outcome.count)

    def end(self) -> None:
        """Tell those failures again that scrolled away, and count."""
        if self.bar and self._failures:
            import shutil  # 2 ms, for a terminal alone

            screen = shutil.get_terminal_size().lines
            for lines, failure in self._failures:
                if self._lines - lines > screen:
                    say(failure)
        if self.left:
            say(f"glimpse: {self.left} of {self.done} {self._noun} were there already and were left")
        if self.failed and self.done > 1:
            say(f"glimpse: {self.failed} of {self.done} {self._noun} failed")
        elif self._brief:
            say(f"glimpse: {self.done - self.left} {self._noun} done")


def _verbose() -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().params.get("verbose"))
