"""The one error of glimpse, and words that messages share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


def counted(count: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "frame"), counted(4000, "frame")
    ('1 frame', '4,000 frames')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


class GlimpseError(ValueError):
    """A fact about the input that its owner can mend, told in one line."""


class UsageError(GlimpseError):
    """A call or a command that makes no sense as a whole, so that nothing of it was done."""


def prefixed(name: str, error: GlimpseError) -> GlimpseError:
    """Return an error with the name of a file in front of its message."""
    return GlimpseError(f"{name}: {error}")


@contextmanager
def about(name: str) -> Iterator[None]:
    """Put the name of a file in front of the errors of a block."""
    try:
        yield
    except GlimpseError as error:
        raise prefixed(name, error) from error
