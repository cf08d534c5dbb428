"""Signals: which ones end a command, and how the shell gets to see them."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived."""

    def __init__(self, signum: int) -> None:
        self.signum = signum


def listen() -> None:
    """Let the signals that end a process unwind it instead."""
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # until the imports were done; see __main__.py
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup
        signal.signal(signal.SIGHUP, _terminate)


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signum, signal.SIG_IGN)
    raise Terminated(signum)


def die(signum: int) -> NoReturn:
    """End by a signal, so that the shell sees it; other threads' unfinished files go first."""
    for other in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C has nothing to add
        signal.signal(other, signal.SIG_IGN)
    if files := sys.modules.get("glimpse.io.files"):
        files.creating.acquire()  # never released: no thread begins another file
        files.discard_temporaries()
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    os._exit(128 + signum)
