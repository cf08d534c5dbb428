"""Bytes in and out of files and pipes: read only what is a file, write a file whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import stat
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from glimpse import limits
from glimpse.errors import GlimpseError

creating = threading.Lock()
"""Held while a temporary file is made; who ends the process takes it first, and for ever."""

_temporary: set[str] = set()


def open_input(name: str) -> BinaryIO:
    """Open a file, or standard input for ``-``, for reading and seeking.

    Raises
    ------
    GlimpseError
        If it is missing, not a regular file (a folder, pipe or device), or too long.
    """
    if name == "-":
        return io.BytesIO(_whole(sys.stdin))
    with translate_os_errors():
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever
        number = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        kind = os.fstat(number).st_mode
        if not stat.S_ISREG(kind):
            os.close(number)
            if stat.S_ISDIR(kind):
                raise GlimpseError(f"a folder; name the files in it, such as {name.rstrip(os.sep)}/*.png")
            raise GlimpseError("not a regular file; pipe its bytes in with '-'")
        return os.fdopen(number, "rb")


def write_output(name: str, data: bytes, *, overwrite: bool = False, sync: bool = True) -> None:
    """Write a file whole or not at all, or to standard output for ``-``.

    The bytes go to a temporary file beside it, which then takes the name. A link under that name is
    replaced, not followed; an old file keeps its permissions. `sync` waits until the disk has them, which
    takes longer than all the rest for a small file.

    Raises
    ------
    GlimpseError
        If the file exists and `overwrite` is not set, or the system refuses (the old file stays).
    """
    if name == "-":
        with translate_os_errors():
            if sys.stdout is None:
                raise GlimpseError("standard output is closed")
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        return
    with translate_os_errors():
        folder = os.path.dirname(name) or "."
        if not os.path.isdir(folder):
            os.makedirs(folder, exist_ok=True)
        with _beside(folder) as temporary:
            _fill(temporary, data, _mode(name), sync=sync)
            _rename(temporary, name, overwrite)


@functools.lru_cache(maxsize=1)
def _whole(stream: TextIO | None) -> bytes:
    """All bytes of standard input, which can be read once only."""
    if stream is None:
        raise GlimpseError("standard input is closed")
    data = stream.buffer.read(limits.FILE_BYTES + 1)
    if len(data) > limits.FILE_BYTES:
        raise GlimpseError(f"more than {limits.FILE_BYTES} bytes on standard input")
    return data


def discard_temporaries() -> None:
    """Remove what unfinished writes would leave behind; for the moment before the process ends."""
    for name in list(_temporary):
        with contextlib.suppress(OSError):
            os.unlink(name)


@contextlib.contextmanager
def translate_os_errors() -> Iterator[None]:
    """Turn the system's errors into ours, without the name, which the caller adds."""
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, GlimpseError | BrokenPipeError):
            raise
        raise GlimpseError((getattr(error, "strerror", None) or str(error)).lower()) from error


@contextlib.contextmanager
def _beside(folder: str) -> Iterator[str]:
    name = os.path.join(folder, f".glimpse-{os.urandom(8).hex()}.tmp")
    _temporary.add(name)
    try:
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        _temporary.discard(name)


def _fill(temporary: str, data: bytes, mode: int | None, *, sync: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with creating:
        handle = os.open(temporary, flags, 0o666)
    with os.fdopen(handle, "wb") as file:
        if mode is not None:
            os.chmod(temporary, mode)
        file.write(data)
        if sync:
            file.flush()
            os.fsync(file.fileno())


def _mode(name: str) -> int | None:
    """The permissions of the file that is to be replaced; the umask decides for a new one."""
    try:
        status = os.lstat(name)
    except FileNotFoundError:
        return None
    return stat.S_IMODE(status.st_mode) if stat.S_ISREG(status.st_mode) else None


def _rename(temporary: str, name: str, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, name)
        return
    try:
        os.link(temporary, name)  # unlike a rename it fails where a file appeared meanwhile
    except FileExistsError:
        raise GlimpseError("exists already; --overwrite replaces it") from None
    except OSError:  # a file system without hard links
        if os.path.lexists(name):
            raise GlimpseError("exists already; --overwrite replaces it") from None
        os.replace(temporary, name)
