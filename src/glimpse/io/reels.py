"""The frames of one animation for many who look at one each: every frame is decoded once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Lock

from glimpse.errors import GlimpseError
from glimpse.io.decode import NoPageError, decode_pages, is_animated
from glimpse.io.files import open_input
from glimpse.io.picture import DecodeOptions, Picture


class Reel:
    """The frames of an animation, decoded while they are asked for.

    A frame that was passed waits until it is asked for or left, so they are to be asked for in about their
    order.

    Parameters
    ----------
    name : str
        The file.
    pages : sequence of int
        The frames that will be asked for, once each, or left; they rise.
    options : DecodeOptions
        As for `glimpse.io.load_picture`.
    """

    def __init__(self, name: str, pages: Sequence[int], options: DecodeOptions) -> None:
        self._lock, self._wanted, self._waiting = Lock(), {*pages}, dict[int, Picture]()
        self._frames = _frames(name, pages, options)
        self._error: GlimpseError | None = None
        self._animated: bool | None = None
        self._name = name

    def picture(self, page: int) -> Picture | None:
        """Return a frame, None where the file is no animation.

        Raises
        ------
        GlimpseError
            If it cannot be decoded, or one before it could not.
        """
        with self._lock:
            if self._animated is None:
                with open_input(self._name) as file:
                    self._animated = is_animated(file)
            while self._animated and page not in self._waiting:
                if isinstance(self._error, NoPageError):
                    raise NoPageError(page)
                if self._error:
                    raise self._error
                try:
                    at, found = next(self._frames)
                    if at in self._wanted:
                        self._waiting[at] = found
                except GlimpseError as error:
                    self._error = error
            self._wanted.discard(page)
            return self._waiting.pop(page, None)

    def leave(self, page: int) -> None:
        """Forget a frame."""
        with self._lock:
            self._wanted.discard(page)
            self._waiting.pop(page, None)


def _frames(name: str, pages: Sequence[int], options: DecodeOptions) -> Iterator[tuple[int, Picture]]:
    with open_input(name) as file:
        pictures = decode_pages(file, options, pages)
        for page, picture in zip(pages, pictures, strict=True):
            yield page, replace(picture, labels=True) if options.labels else picture
