"""The one error of glimpse, and the name of a file in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
