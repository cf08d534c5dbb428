"""Errors of an item of a batch, told as its own fault, so that the batch goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from glimpse.errors import GlimpseError


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


def debugging() -> bool:
    """Tell whether --debug was given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().params.get("debug"))
