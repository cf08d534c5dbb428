"""Differences between systems in signals and in the flags of `open`, asked for here alone."""

from __future__ import annotations

import os
import signal

OPEN_FLAGS = getattr(os, "O_BINARY", 0)
"""Flags of every `os.open`: the bytes as they are."""

NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""The flag with which opening a pipe does not wait for its other end."""

PIPE = getattr(signal, "SIGPIPE", 13)
"""The number of the signal of a closed pipe, which the exit code has where there is no such signal."""

_ENDING = ("HUP", "QUIT", "TERM", "ALRM", "VTALRM", "PROF", "USR1", "USR2", "XCPU", "PWR", "POLL", "STKFLT")
ENDING_SIGNALS = tuple(getattr(signal, f"SIG{name}") for name in _ENDING if hasattr(signal, f"SIG{name}"))
"""Signals that end a process, Ctrl-C aside, and leave it the time to clean up."""


def end_by(signum: int) -> None:
    """End this process by a signal, so that its parent sees the signal; by an exit code where none can."""
    if os.name != "nt":
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
    os._exit(128 + signum)
