"""The report of a running batch: lines or a bar, failures, and a last line that counts."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import click

from glimpse.batch.outcomes import FEW, Batch, Outcome
from glimpse.cli.streams import say
from glimpse.errors import GlimpseError
from glimpse.limits import TOLD_FAILURES

EXAMPLES = 3  # failures alike that are told one by one


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
    gc.enable()  # which waits until the work begins
    terminal = not quiet and sys.stderr is not None and sys.stderr.isatty()
    if count is None:
        count = outcomes.count if isinstance(outcomes, Batch) else 1
    context = click.get_current_context(silent=True)
    verbose = bool(context and context.find_root().params.get("verbose"))
    brief = count > FEW and not quiet and not verbose
    told = Report(noun, quiet=quiet, brief=brief, many=count > 1 and not verbose)
    shown = click.progressbar(length=count, file=sys.stderr) if terminal and count > 1 else nullcontext()
    opens, made = bool(context and context.meta.get("glimpse.open")), ""
    try:
        with shown as told.bar:
            for outcome in outcomes:
                told.tell(outcome)
                if opens and not made and outcome.state == "written":
                    made = outcome.output
    except GlimpseError as error:  # such as the loss of a cluster, which is the fault of no item
        if not told.done:
            raise
        say(f"glimpse: {error}; {told.done - told.failed} of {count} {noun} were done")
        raise click.exceptions.Exit(1) from None
    told.end()
    if made:
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
    """The lines that are told of a batch.

    Parameters
    ----------
    noun : str
        What is counted, in the plural.
    quiet, brief, many : bool
        Whether outputs are not told; only examples of each note are; squashed ones are counted.
    """

    def __init__(self, noun: str, *, quiet: bool, brief: bool, many: bool) -> None:
        self._noun, self._quiet, self._brief, self._many = noun, quiet, brief, many
        self.done = self.failed = self.left = self.skipped = self.wholly = self.partly = 0
        self.broken = False
        self.bar: Any = None
        self._failures, self._notes = _Alike(), _Alike()  # what they say behind their names
        self._made, self._folders, self._files = noun, set[str](), set[str]()
        self._squashed, self._worst = 0, ""  # how many of them, and the note on the one that is most
        self._outputs = 0  # made, of which each may tell of many items
        self._unsaid: Outcome | None = None  # the last one, if it was not told

    def tell(self, outcome: Outcome) -> None:
        """Tell of an outcome, and count it; of no item it tells of the batch itself."""
        self.done += outcome.count
        line = ""
        if outcome.error:
            self.broken = True
            self.failed += outcome.count
            kind = str(outcome).removeprefix(f"{outcome.name}: ").rsplit(": ", 1)[-1]
            if self._failures.add(kind) <= EXAMPLES and len(self._failures) <= TOLD_FAILURES:
                line = f"glimpse: {outcome}"
        elif outcome.left and outcome.outside:
            self.skipped += outcome.count
        elif outcome.left:
            self.left += outcome.count
            line = "" if outcome.count else f"glimpse: {outcome}"
        elif outcome.made:
            self._outputs += 1
            self.wholly += outcome.outside >= 1
            self.partly += 0 < outcome.outside < 1
            self._made = next((word for one, word in _MADE.items() if one in outcome.made), self._noun)
            if len(self._folders) < 2 and outcome.output:
                self._folders.add(os.path.dirname(outcome.output) or ".")
            if len(self._files) < 2 and outcome.output:
                self._files.add(outcome.output)
            notes = [
                note for note in outcome.notes if not (outcome.outside and self._brief and _OUTSIDE in note)
            ]
            if self._many:  # whose squashed ones are counted
                for note in (each for each in notes if each.startswith(_SQUASHED)):
                    self._squashed, self._worst = self._squashed + 1, max(self._worst, note, key=_ratio)
                notes = [note for note in notes if not note.startswith(_SQUASHED)]
                outcome = replace(outcome, notes=notes)
            counts = [self._notes.add(note) for note in notes]
            if not self._quiet and (not self._brief or any(count <= EXAMPLES for count in counts)):
                line = str(outcome)
            self._unsaid = None if line else outcome
        if line:
            say(line, instead=bool(self.bar))
        if self.bar:
            self.bar.update(outcome.count)

    def end(self) -> None:
        """Count what was not told one by one."""
        if self.broken:
            for count, words in self._failures.many():
                say(f"glimpse: {count:,} {self._noun} failed alike: {words}")
            if len(self._failures) > TOLD_FAILURES:
                say(f"glimpse: {TOLD_FAILURES} kinds of failures are told; more are counted only")
        for count, words in self._notes.many() if self._brief else ():
            say(f"glimpse: {count:,} {self._made}: {words}")
        if self._squashed and not self._quiet:
            ratio, _, hint = self._worst.removeprefix(_SQUASHED).partition("; ")
            many, be = f"{self._squashed:,} of {self.done:,}", "is" if self._squashed == 1 else "are"
            say(f"glimpse: {many} {self._noun} {be} squashed, up to {ratio}; {hint}")
        counts = {"partly": self.partly, "wholly": self.wholly}
        outside = [f"{count:,} {how} outside" for how, count in counts.items() if count]
        made = self.done - self.left - self.failed - self.skipped
        if self._brief and made and self._outputs != 1:
            places = self._files if len(self._files) == 1 else {f"{folder}/" for folder in self._folders}
            where = f" in {next(iter(places))}" if len(places) == 1 else ""
            say(f"glimpse: {', '.join([f'{made:,} {self._made}{where}', *outside])}")
        elif self._brief and made and self._unsaid:
            say(str(self._unsaid))
        elif outside and (self.wholly if self._quiet else self.done > 1):
            lying, counted = self.partly + self.wholly, f"of {self.done:,} {self._noun}"
            if self.done == 1:
                say("glimpse: the window lies wholly beyond the image")
            elif lying == 1:
                say(f"glimpse: 1 {counted} lies {'partly' if self.partly else 'wholly'} beyond its image")
            else:
                ways = " and ".join(f"{count:,} {how}" for how, count in counts.items() if count)
                say(f"glimpse: {lying:,} {counted} lie beyond their images, {ways}")
        if self.left:
            was = "was" if self.left == 1 else "were"
            say(f"glimpse: {self.left} of {self.done} {self._noun} {was} there already and {was} left")
        if self.skipped:
            lie, was, beyond = (
                ("lies", "was", "its image") if self.skipped == 1 else ("lie", "were", "their images")
            )
            of = f"{self.skipped:,} of {self.done:,} {self._noun}"
            say(f"glimpse: {of} {lie} partly or wholly beyond {beyond} and {was} left out")
        if self.failed and self.done > 1:
            say(f"glimpse: {self.failed} of {self.done} {self._noun} failed")


def _ratio(note: str) -> float:
    """The ratio of the strides that a note on a squashed patch tells, 0 without a note."""
    return max(map(float, note.removeprefix(_SQUASHED).partition(";")[0].split(":"))) if note else 0.0


_SQUASHED = "squashed "  # begins the note on a patch whose strides differ


class _Alike(dict[str, tuple[int, str, bool]]):
    """Texts by their kinds, each the count, the first text and whether all are that one.

    Of a kind are those that differ in numbers and quoted words alone.
    """

    def add(self, text: str) -> int:
        """Count a text; return how many of its kind there were."""
        kind = _VARIES.sub("0", text)
        count, first, same = self.get(kind, (0, text, True))
        self[kind] = count + 1, first, same and first == text
        return count + 1

    def many(self) -> Iterator[tuple[int, str]]:
        """Yield the counts of the kinds of which only examples were told, each with one of its texts."""
        for count, first, same in self.values():
            if count > EXAMPLES:
                yield count, first if same else f"such as {first}"


_VARIES = re.compile(r"'[^']*'|-?\d[\d.,:]*")
_OUTSIDE = " of the patch is "  # in the note on one window, which the last line counts
_MADE = {"patch": "patches", "canvas": "canvases"}
