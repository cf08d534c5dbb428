"""Differences between systems, asked for here alone: signals, flags of `open`, reserved names."""

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

_PORTS = (f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789")
_DEVICES = {"con", "prn", "aux", "nul", *_PORTS}


_TIGHT = 512 << 20  # bytes of address space: with fewer, OpenBLAS was seen to end the process by itself


def memory_is_tight() -> bool:
    """Tell whether so little memory is allowed that a C library may end the process by itself."""
    try:
        import resource
    except ImportError:
        return False
    return 0 <= resource.getrlimit(resource.RLIMIT_AS)[0] < _TIGHT


def end_by(signum: int) -> None:
    """End this process by a signal, so that its parent sees the signal; by an exit code where none can."""
    if os.name != "nt":
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
    os._exit(128 + signum)


def reserved(name: str, system: str = os.name) -> bool:
    """Tell whether a file name is one that Windows keeps for a device.

    Examples
    --------
    >>> reserved("out/NUL.png", "nt"), reserved("out/null.png", "nt"), reserved("NUL.png", "posix")
    (True, False, False)
    """
    return system == "nt" and os.path.basename(name).split(".")[0].strip().lower() in _DEVICES
