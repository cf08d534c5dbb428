"""Standard error: our own lines, one each, and none of any library."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import suppress

import click

_TIGHT = 512 << 20  # bytes of address space: with fewer, OpenBLAS was seen to end the process by itself


class StandardOutputError(BaseException):
    """Standard output takes no more; no item of a batch is to blame, nor can it go on."""


def put(text: str) -> None:
    """Write a line of data to standard output.

    Raises
    ------
    StandardOutputError
        If it is closed, or does not take the line.
    """
    if sys.stdout is None:
        raise StandardOutputError("closed")
    try:
        click.echo(text)
    except OSError as error:
        raise _refused(error) from error
    flush()


def flush() -> None:
    """Send what was written to standard output on its way.

    Raises
    ------
    StandardOutputError
        If it does not take it.
    """
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError as error:
            raise _refused(error) from error


def _refused(error: OSError) -> BaseException:
    """The error of standard output; a pipe that is closed stays itself."""
    if isinstance(error, BrokenPipeError):
        return error
    return StandardOutputError((error.strerror or str(error)).lower())


def say(line: str, *, instead: bool = False) -> None:
    """Write one line for people to stderr, odd characters of file names escaped.

    It comes `instead` of a progress bar that stands on the line of the cursor. A full disk behind stderr
    costs the words, not the work and not the exit code.
    """
    text = line if line.isprintable() else "".join(map(_escaped, line))
    try:
        click.echo(f"\r\033[K{text}" if instead else text, err=True)
    except BrokenPipeError:
        raise
    except OSError:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  for the rest of the process


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogateescape").decode("ascii", "replace")


def ensure_stderr() -> None:
    """Open the null device as stderr where stderr is closed, for the rest of the process."""
    if sys.stderr is None:
        number = os.open(os.devnull, os.O_RDWR)  # 2, lest an output gets it and the words of C libraries
        if number > 2:
            os.close(number)
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def silence_libraries() -> None:
    """Keep stderr for our own lines: no warnings, no log, no words of C libraries."""
    import logging  # 4 ms, which Pillow pays anyway and `glimpse --help` need not

    warnings.simplefilter("ignore")
    logging.lastResort = logging.NullHandler()  # without any Python says that there is none
    stream = sys.stderr
    with suppress(ImportError):  # on a system without such limits
        import resource

        if 0 <= resource.getrlimit(resource.RLIMIT_AS)[0] < _TIGHT:
            return  # then the last word of a C library is the only one that tells of the end
    if stream is not sys.__stderr__ or stream is None or stream.fileno() != 2:
        return  # the stream of a program that runs us within Python
    # our stderr moves to another file descriptor; what C libraries write to number 2 goes nowhere
    own, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    sys.stderr = open(own, "w", 1, stream.encoding, stream.errors)  # noqa: SIM115  for the rest of the process
