"""Signals: which ones end a command, and how the shell gets to see them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from threading import Thread
from types import FrameType
from typing import Any, NoReturn, TypeVar

import click

from glimpse.portability import ENDING_SIGNALS, end_by

Item = TypeVar("Item")
Result = TypeVar("Result")


class Terminated(BaseException):
    """A signal arrived that ends the process, other than Ctrl-C."""

    def __init__(self, signum: int) -> None:
        self.signum = signum


received: list[int] = []
"""The signals that have come and end the process."""


def listen() -> None:
    """Let the signals that end a process unwind it instead; those that are ignored or taken stay so."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # until the imports were done; see __main__.py
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for signum in ENDING_SIGNALS:
        if signal.getsignal(signum) is signal.SIG_DFL:
            signal.signal(signum, _terminate)


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signum, signal.SIG_IGN)
    received.append(signum)
    raise Terminated(signum)


def aside(job: Callable[[Item], Result]) -> Callable[[Item], Result]:
    """Return a job that runs in a thread of its own, so that signals need not wait for its end.

    A signal is seen between two steps of Python in the main thread; the decoding of a large file is one step.
    """

    def run(item: Item) -> Result:
        found: list[Any] = []
        context = click.get_current_context(silent=True)
        thread = Thread(target=_work, args=(job, item, context, found), daemon=True)
        thread.start()
        thread.join()
        result, error = found
        if error is not None:
            raise error
        returned: Result = result
        return returned

    return run


def _work(job: Callable[[Any], Any], item: Any, context: click.Context | None, found: list[Any]) -> None:
    try:
        if context is None:
            found[:] = job(item), None
        else:
            with context.scope(cleanup=False):
                found[:] = job(item), None
    except BaseException as error:
        found[:] = None, error


def die(signum: int) -> NoReturn:
    """End by a signal, so that the shell sees it; other threads' unfinished files go first."""
    for other in (signal.SIGINT, *ENDING_SIGNALS):  # a second one has nothing to add
        signal.signal(other, signal.SIG_IGN)
    if files := sys.modules.get("glimpse.io.files"):
        files.creating.acquire()  # never released: no thread begins another file
        files.discard_temporaries()
    end_by(signum)
    os._exit(1)
