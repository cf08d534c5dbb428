"""A file of which a library is to see some parts alone."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, BinaryIO, cast


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
