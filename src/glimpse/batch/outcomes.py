"""Outcomes of the items of a batch: written, left or failed; any error as its item's fault."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from glimpse.errors import GlimpseError
from glimpse.window import Window

if TYPE_CHECKING:
    from glimpse.window.span import Span

FEW = 20
"""Outcomes that are all told one by one: their lines fit a terminal."""

_RUNS = 3  # runs of numbers that a note tells of; of more it says that there are more
_WORDS = {
    "gx": "row {} (gx)",
    "gy": "col {} (gy)",
    "center": "center {}",
    "delta": "delta {}",
    "sigma": "sigma {}",
    "gamma": "gamma {}",
    "n": "n {}",
}


@dataclass(slots=True)  # frozen ones take five times as long to make, and a batch has a million
class Outcome:
    """The outcome of an item; as text it is the line that tells of it. It is never changed.

    Parameters
    ----------
    name : str
        The item: a file, or the file and line of a table.
    output : str
        The file that was made, or was left; empty where there is none.
    made : str
        What was made, such as ``64 x 64 patch``; empty where there is nothing to tell.
    window, last : Window, Span or None
        Where it looked; of a sweep the last window too.
    notes : sequence of str
        What was done unasked, and what else its owner should know.
    error : GlimpseError or None
        The error that failed it, its name in front.
    left : bool
        Whether the output was there already and was left.
    count : int
        How many items it tells of: of many patches on a canvas all at once.
    outside : float
        The share of its window that lies beyond the image.
    row : Row or None
        What it was made of, where it is a patch.
    """

    name: str
    output: str = ""
    made: str = ""
    window: Window | Span | None = None
    last: Window | None = None
    notes: Sequence[str] = ()
    error: GlimpseError | None = None
    left: bool = False
    count: int = 1
    outside: float = 0.0
    row: Any = None

    @property
    def state(self) -> Literal["written", "left", "failed"]:
        """The outcome in a word."""
        return "failed" if self.error else "left" if self.left else "written"

    def __str__(self) -> str:
        if self.error:
            return str(self.error)
        if self.left and self.outside:
            return (
                f"{self.name}: {share_in_words(self.outside)} of its window is beyond the image; it was left"
            )
        if self.left:
            return f"{self.output} was there already and was left"
        place = target = ""
        if self.window:
            for key, word in _WORDS.items():
                if not hasattr(self.window, key):  # of two axes or of one
                    continue
                ends = [getattr(window, key) for window in (self.window, self.last or self.window)]
                pairs = [end if isinstance(end, tuple) else (end,) for end in ends]
                told = dict.fromkeys(",".join(f"{each:.6g}" for each in pair) for pair in pairs)
                if key not in ("gamma", "n") or len(told) > 1:  # which are told of a sweep alone
                    place += ", " + word.format(":".join(told))
        if self.output:
            target = f" -> {self.output}"
        return f"{self.name}: {self.made}{place}{target}" + "".join(f"; {note}" for note in self.notes)


@dataclass(eq=False, repr=False)
class Batch(Iterator[Outcome]):
    """The outcomes of a batch, as they come; its length is how many there will be."""

    count: int
    outcomes: Iterator[Outcome]

    def __len__(self) -> int:
        return self.count

    def __next__(self) -> Outcome:
        return next(self.outcomes)


_SHARES = ((1, "all"), (0.5, "half"), (1 / 3, "a third"), (2 / 3, "two thirds"), (0.25, "a quarter"))


def share_in_words(share: float) -> str:
    """Return a share as people say it.

    Examples
    --------
    >>> share_in_words(1 / 3), share_in_words(0.12), share_in_words(1.0)
    ('a third', '12 %', 'all')
    """
    for part, words in _SHARES:
        if abs(share - part) < 0.005:
            return words
    return f"{100 * share:.2g} %"


def is_there(output: str) -> bool:
    """Tell whether an output is a file that is there already."""
    return output != "-" and os.path.lexists(output)


def source_name(name: str) -> str:
    """Return the base name that a record keeps of a source."""
    return "stdin" if name == "-" else os.path.basename(name)


def cut_note(share: float) -> str:
    """Return a note on the share of levels that were cut to black or white."""
    return f"{100 * share:.2g} % is beyond black or white and was cut; .npy keeps it"


def noted(notes: Sequence[Sequence[str]], noun: str) -> list[str]:
    """Return the notes on many windows, each once, with the numbers of its windows unless it is on all.

    Examples
    --------
    >>> noted([["far"], [], ["far"], ["far"]], "frame")
    ['far (frames 1, 3 to 4 of 4)']
    """
    places: dict[str, list[int]] = {}
    for index, some in enumerate(notes, 1):
        for note in some:
            places.setdefault(note, []).append(index)
    told = []
    for note, numbers in places.items():
        runs = [
            [at for _, at in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
        ]
        words = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs[:_RUNS]]
        which = ", ".join(words + ["..."] * (len(runs) > _RUNS))
        plural = "s" if len(numbers) > 1 else ""
        told.append(
            note if len(numbers) == len(notes) else f"{note} ({noun}{plural} {which} of {len(notes)})"
        )
    return told


def fault_of(error: BaseException) -> GlimpseError:
    """Return any error as one of ours."""
    if isinstance(error, GlimpseError):
        return error
    if isinstance(error, MemoryError):
        return GlimpseError("not enough memory")
    if isinstance(error, RecursionError):
        return GlimpseError("nested too deeply")
    if isinstance(error, OSError):
        return GlimpseError((error.strerror or str(error)).lower())
    return GlimpseError(f"internal error: {type(error).__name__}: {error}; run with glimpse --debug")


@contextmanager
def of_item(*, alone: bool = False, debug: bool = False) -> Iterator[None]:
    """Turn the errors of a block into faults of its item; an unknown error of the only item stays itself.

    A closed pipe stays itself too, and to debug every unknown error does.
    """
    known = (MemoryError, RecursionError, OSError)
    try:
        yield
    except (GlimpseError, BrokenPipeError):
        raise
    except Exception as error:
        if (alone or debug) and not isinstance(error, known):
            raise
        raise fault_of(error) from error
