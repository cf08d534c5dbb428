"""How the work of a batch is divided: windows by image, so that each image is decoded once."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from itertools import groupby, islice
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.batch.outcomes import fault_of
from glimpse.batch.rows import Row, SomeRows
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions, Picture
    from glimpse.io.budget import Total
    from glimpse.io.reels import Reel

_MANY = 100  # patches of one image: to wait for the disk after each would double the time
_BLOCK = 50  # windows of one job: fewer share less of their filters, more keep a thread waiting for the last
_BLOCKS = 1000  # of a batch, above which blocks grow: to hand over a job costs as much as 50 bad rows


_LEAST = 1 << 12  # times that an image may be reduced


class Source:
    """An image that several jobs look at: the first of them decodes it.

    Parameters
    ----------
    name : str
        The image's file name.
    rows : sequence of Row
        All windows of the image.
    decoding : DecodeOptions
        As for `glimpse.io.load_picture`.
    fast : bool
        Decode a JPEG file as small as its windows allow.
    folder : str
        The folder that names are relative to, for workers in another one.
    stamp : (int, int) or None
        Size and time of the file where the work began, for workers on another machine.
    reel, total : Reel, Total or None
        What the page is taken from, and where its work is counted, where others look at other pages.
    """

    def __init__(
        self,
        name: str,
        rows: Sequence[Row],
        decoding: DecodeOptions,
        *,
        fast: bool,
        folder: str = "",
        stamp: tuple[int, int] | None = None,
        reel: Reel | None = None,
        total: Total | None = None,
    ) -> None:
        self.stamp, self._reel, self._total = stamp, reel, total
        self.name, self.rows, self._decoding, self._fast = name, rows, decoding, fast
        self._folder, self.linear = folder, decoding.linear  # whether light is filtered, and not levels
        self.many = len(rows) >= _MANY
        self._lock = Lock()
        self._picture: Picture | GlimpseError | None = None
        self._left = len(rows)

    def __reduce__(self) -> Any:
        rows = list(self.rows)  # nor does what makes them travel, nor a lock
        stamp = _stamp(self.path(self.name))
        again = partial(Source, fast=self._fast, folder=self._folder, stamp=stamp, total=self._total)
        return again, (self.name, rows, self._decoding)

    def path(self, name: str) -> str:
        """Return the name of a file as it is opened; standard streams stay themselves."""
        return name if name == "-" or not name else os.path.join(self._folder, name)

    def picture(self) -> Picture:
        """Return the decoded image.

        Raises
        ------
        GlimpseError
            If it cannot be decoded; the same one every time.
        """
        with self._lock:
            if self._picture is None:
                from glimpse import io

                try:
                    if self.stamp and self.stamp != _stamp(self.path(self.name)):
                        raise GlimpseError(
                            "it is another file on the worker, or none; a cluster must share the files"
                        )
                    reduce = None
                    if self._fast or self._decoding.level == "auto":
                        reduce = partial(_reduction, self.rows)
                    picture = None
                    counted: Callable[..., AbstractContextManager[None]] = nullcontext
                    if self._total:  # of several pages the work for each is counted
                        counted = partial(self._total.counted, self._decoding.max_pixels)
                    with counted():
                        if self._reel:
                            picture = self._reel.picture(self._decoding.page or 1)
                    if picture is None:
                        with counted("page opened anew"):
                            picture = io.load_picture(self.path(self.name), self._decoding, reduce)
                    self._picture = io.as_array(picture) if self.many else picture
                except (Exception, MemoryError) as error:
                    self._picture = fault_of(error)
            found = self._picture
        if isinstance(found, GlimpseError):
            raise found
        return found

    def leave(self, rows: int) -> None:
        """Forget the picture after the last of its rows: the pictures of a batch are more than the memory."""
        with self._lock:
            self._left -= rows
            if self._left <= 0:
                self._picture = None
                if self._reel:
                    self._reel.leave(self._decoding.page or 1)


def _stamp(name: str) -> tuple[int, int] | None:
    """The size of a file and the second of its last change, None where there is none."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        return None
    return status.st_size, int(status.st_mtime)


def _reduction(rows: Iterable[Row], shape: tuple[int, int]) -> int:
    """How many times an image may be reduced for all of its windows."""
    from glimpse.io.jpeg import reduction

    least = _LEAST
    for row in rows:
        with suppress(GlimpseError):  # the error is told where the window is read
            least = min(least, reduction(row.placement.window(shape, native=True), shape, _LEAST))
    return least


class Block(NamedTuple):
    """Windows of one image that one job reads."""

    source: Source
    rows: Sequence[Row]


class Work(Collection[Block]):
    """The blocks of a batch, those of an image one after the other; each source is made when its turn comes.

    The pages of an image rise, so that each frame of an animation is decoded once where memory is shared.

    Parameters
    ----------
    rows : sequence of Row
        The work, in any order.
    decoding, fast
        As for `Source`.
    jobs : int
        Threads that share decoded images; 0 where workers share no memory.
    largest : int, optional
        Most windows of one block where images are shared; by default 50, or a thousandth of all if that is
        more.
    part : (int, int) or None
        (K, N): every N-th image from the K-th on.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        decoding: DecodeOptions,
        *,
        fast: bool,
        jobs: int,
        largest: int | None = None,
        part: tuple[int, int] | None = None,
    ) -> None:
        groups: dict[tuple[str, int | None], int | array[int]] = {}  # in the order of their first rows
        if hasattr(rows, "images") and not getattr(rows, "page_column", ""):
            places: Iterable[tuple[str, int | None]] = ((image, None) for image in images_of(rows))
        else:
            places = ((row.image, row.page or decoding.page) for row in rows)
        for index, place in enumerate(places):
            found = groups.setdefault(place, index)  # most images of many have one row
            if isinstance(found, array):
                found.append(index)
            elif found != index:
                groups[place] = array("q", (found, index))
        first, step = (part[0] - 1, part[1]) if part else (0, 1)
        order: dict[str, int] = {}  # of the images
        for image, _ in groups:
            order.setdefault(image, len(order))
        if len(order) < len(groups):
            places = sorted(groups, key=lambda place: (order[place[0]], place[1] or 1))
            groups = {place: groups[place] for place in places}
        self._images = [*islice(groups.items(), first, None, step)]
        self._counts = [len(found) if isinstance(found, array) else 1 for _, found in self._images]
        self.count = sum(self._counts)
        """Rows of all blocks."""
        # enough images for all threads: none waits for the decoding of another
        largest = largest or max(_BLOCK, self.count // _BLOCKS)
        self._largest = None if len(self._images) >= 2 * jobs else largest
        self._row, self._decoding = rows.__getitem__, decoding
        self._fast, self._folder = fast, "" if jobs else os.getcwd()

    def __len__(self) -> int:
        most = self._largest
        return len(self._counts) if most is None else sum(-(-count // most) for count in self._counts)

    def __iter__(self) -> Iterator[Block]:
        for name, group in groupby(self._images, lambda each: each[0][0]):
            places = [*group]
            pages = [page for (_, page), _ in places if page and page > 1]
            reel, total = None, None
            if len(places) > 1:
                reel, total = _pages(name, pages, self._decoding, shares=len(places) if self._folder else 1)
            for (_, page), found in places:
                indices = found if isinstance(found, array) else (found,)
                few = self._largest or len(indices)
                rows = SomeRows(self._row, indices) if len(indices) > _BLOCK else [*map(self._row, indices)]
                source = Source(name, rows, self._decoding.at(page), fast=self._fast, folder=self._folder,
                                reel=reel if page and page > 1 else None, total=total)  # fmt: skip
                for start in range(0, len(indices), few):
                    yield Block(source, source.rows[start : start + few])

    def __contains__(self, other: object) -> bool:
        return any(block == other for block in self)


def _pages(
    name: str, pages: Sequence[int], decoding: DecodeOptions, shares: int
) -> tuple[Reel | None, Total]:
    """Return what the sources of pages of one image share; frames behind the first one are on a reel.

    Workers that share no memory have no reel, and each its share of the work.
    """
    from glimpse.io.budget import Total
    from glimpse.io.reels import Reel

    status = _stamp(name)
    reel = Reel(name, pages, decoding.at(pages[0])) if len(pages) > 1 and shares == 1 else None
    return reel, Total(status[0] if status else 0, shares)


def images_of(rows: Sequence[Row]) -> Iterable[str]:
    """Return the image of each row."""
    of_table = getattr(rows, "images", None)  # importing `Table` to ask costs 8 ms
    return of_table() if of_table else (row.image for row in rows)
