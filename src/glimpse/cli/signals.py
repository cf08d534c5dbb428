"""Signals: which ones end a command, and how the shell gets to see them."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from glimpse.portability import ENDING_SIGNALS, end_by


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


def die(signum: int) -> NoReturn:
    """End by a signal, so that the shell sees it; other threads' unfinished files go first."""
    for other in (signal.SIGINT, *ENDING_SIGNALS):  # a second one has nothing to add
        signal.signal(other, signal.SIG_IGN)
    if files := sys.modules.get("glimpse.io.files"):
        files.creating.acquire()  # never released: no thread begins another file
        files.discard_temporaries()
    end_by(signum)
    os._exit(1)
