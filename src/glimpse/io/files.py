"""Bytes in and out of files and pipes: read regular files alone, write a file whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import stat
import sys
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, TextIO, cast

from glimpse import limits
from glimpse.errors import GlimpseError, about
from glimpse.portability import NO_WAIT, OPEN_FLAGS

_PIECE = 1 << 20

creating = threading.Lock()
"""Held while a temporary file is made; a signal that ends the process takes it first, and for ever."""

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
        number = os.open(name, os.O_RDONLY | NO_WAIT | OPEN_FLAGS)
        kind = os.fstat(number).st_mode
        if not stat.S_ISREG(kind):
            os.close(number)
            if stat.S_ISDIR(kind):
                raise GlimpseError(f"a folder; name the files in it, such as {name.rstrip(os.sep)}/*.png")
            raise GlimpseError("not a regular file; pipe its bytes in with '-'")
        return os.fdopen(number, "rb")


def save_bytes(name: str, data: bytes, *, overwrite: bool = False, sync: bool = True) -> None:
    """Write a file whole or not at all, or to standard output for ``-``; its name is in front of an error.

    The bytes go to a temporary file beside it, which then takes the name. A link under that name is
    replaced, not followed; an old file keeps its permissions. `sync` waits until the disk has them, which
    takes longer than all the rest for a small file.

    Raises
    ------
    GlimpseError
        If the file exists and `overwrite` is not set, or the system refuses (the old file stays).
    """
    with about(f"-o {name}"):
        if name != "-":
            with Draft(name, overwrite=overwrite) as draft:
                draft.write(data)
                draft.publish(sync=sync)
            return
        with translate_os_errors():
            if sys.stdout is None:
                raise GlimpseError("standard output is closed")
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


@functools.lru_cache(maxsize=1)
def _whole(stream: TextIO | None) -> bytes:
    """All bytes of standard input, which can be read once only."""
    if stream is None:
        raise GlimpseError("standard input is closed")
    found = io.BytesIO()
    while piece := stream.buffer.read(_PIECE):  # all at once would take the memory of the limit
        if found.tell() + len(piece) > limits.FILE_BYTES:
            raise GlimpseError(f"more than {limits.FILE_BYTES} bytes on standard input")
        found.write(piece)
    return found.getvalue()


def discard_temporaries() -> None:
    """Remove the temporary files of unfinished writes; for the moment before the process ends."""
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
        if isinstance(error, UnicodeError):
            raise GlimpseError("a name that no file can have") from error
        raise GlimpseError((getattr(error, "strerror", None) or str(error)).lower()) from error


class Draft(contextlib.AbstractContextManager["Draft"]):
    """A file that is written beside its name, and takes the name once it is whole.

    Parameters
    ----------
    name : str
        Its name; folders that are missing are made.
    overwrite : bool
        Whether it may replace a file.

    Raises
    ------
    GlimpseError
        In every method, if the system refuses.
    """

    def __init__(self, name: str, *, overwrite: bool) -> None:
        self._name, self._overwrite = name, overwrite
        folder = os.path.dirname(name) or "."
        self._temporary = os.path.join(folder, f".glimpse-{os.urandom(8).hex()}.tmp")
        self._made: list[str] = []  # folders that were not there, the innermost first
        with translate_os_errors():
            while not os.path.isdir(folder) and folder not in self._made:
                self._made.append(folder)
                folder = os.path.dirname(folder) or "."
            try:
                status = os.lstat(name)
                kept = stat.S_IMODE(status.st_mode) if stat.S_ISREG(status.st_mode) else None
            except FileNotFoundError:
                kept = None
            _temporary.add(self._temporary)
            try:
                with creating:
                    if not os.path.isdir(folder := os.path.dirname(self._temporary)):
                        os.makedirs(folder, exist_ok=True)
                    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | OPEN_FLAGS
                    handle = os.open(self._temporary, flags, 0o666)
            except OSError:
                _temporary.discard(self._temporary)
                raise
            if kept is not None:  # the permissions of the file that is to be replaced
                os.chmod(self._temporary, kept)
            self.file = os.fdopen(handle, "w+b")

    def __exit__(self, *_: object) -> None:
        """Remove the temporary file, unless it was published."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temporary)
        _temporary.discard(self._temporary)
        with creating, contextlib.suppress(OSError):  # of those that are not empty, or gone already
            for folder in self._made:
                os.rmdir(folder)

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes."""
        with translate_os_errors():
            self.file.write(data)

    def publish(self, *, sync: bool = True) -> None:
        """Give the file its name."""
        with translate_os_errors():
            self.file.flush()
            if sync:
                os.fsync(self.file.fileno())
            self.file.close()
            if self._overwrite:
                os.replace(self._temporary, self._name)
                return
            try:
                os.link(
                    self._temporary, self._name
                )  # unlike a rename it fails where a file appeared meanwhile
            except OSError as error:  # or on a file system without hard links
                if isinstance(error, FileExistsError) or os.path.lexists(self._name):
                    raise GlimpseError("exists already; --overwrite replaces it") from None
                os.replace(self._temporary, self._name)


def spliced(file: BinaryIO, spans: Sequence[tuple[int, int]]) -> BinaryIO:
    """Return some parts of a file, each from its first byte to behind its last, as a file of their own.

    It is the file itself where they are one piece from its beginning, which of most files they are.
    """
    joined: list[tuple[int, int]] = []
    for start, stop in spans:
        if joined and joined[-1][1] == start:
            start = joined.pop()[0]
        joined.append((start, stop))
    return file if len(joined) == 1 and not joined[0][0] else cast(BinaryIO, _Spliced(file, joined))


class _Spliced(io.RawIOBase):
    def __init__(self, file: BinaryIO, spans: Sequence[tuple[int, int]]) -> None:
        self._file, self._spans, self._at = file, spans, 0
        self._begins, self._end = list[int](), 0  # of each part here
        for start, stop in spans:
            self._begins.append(self._end)
            self._end += stop - start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, (0, self._at, self._end)[whence] + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        pieces: list[Any] = []
        size = self._end if size is None or size < 0 else size
        number = bisect_right(self._begins, self._at) - 1
        while size and self._at < self._end:
            start, stop = self._spans[number]
            at = start + self._at - self._begins[number]
            self._file.seek(at)
            piece = self._file.read(min(size, stop - at))
            if not piece:
                break
            pieces.append(piece)
            self._at += len(piece)
            size -= len(piece)
            number += self._at >= self._begins[number] + stop - start
        return b"".join(pieces)
