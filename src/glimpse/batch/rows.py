"""The rows of a batch: one window of an image and its output each; folders and patterns as images."""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import Any, Literal, NamedTuple, cast, overload

from glimpse.batch.names import one_file
from glimpse.batch.placements import SHARES, Placement
from glimpse.errors import GlimpseError, UsageError
from glimpse.validation import told
from glimpse.window import Window

ENDINGS = (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".tif", ".tiff", ".bmp", ".dib",
           ".webp", ".avif", ".ppm", ".pgm", ".pbm", ".pnm", ".npy")  # fmt: skip
"""Endings of what is taken for a picture in a folder; the content of a file decides when it is opened."""


@dataclass(slots=True)  # frozen ones take five times as long to make, and a table has a million
class Row:
    """One window of an image, and where its patch goes: a row of a table, or an argument; never changed.

    Parameters
    ----------
    place : str
        The name that its error lines begin with: the image, or the file and line of a table.
    image : str
        The image's file name (of a patch, in a table for `glimpse write`).
    placement : Placement
        Where to look.
    output : str
        File of the patch; empty where a row of a table names none.
    cells : mapping of str to str
        All cells of the row, by the names of their columns; none where it could not be parsed.
    index : int
        Where it stands in its table, from 0.
    named : str
        The image as the table names it, relative to the folder of images.
    fault : GlimpseError or None
        The error that the row has already.
    tree : str
        The folder within a folder of inputs that the image stands in, kept in a folder of outputs.
    tile : (int, int) or None
        Which tile of the image it is, counted down and across from 0.
    page : int or None
        Which page or frame of the image, from 1, where it is not that of all rows.
    size : (int, int) or None
        Rows and columns of the image, as a file of annotations tells them.
    """

    place: str
    image: str
    placement: Placement
    output: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    index: int = 0
    named: str = ""
    fault: GlimpseError | None = None
    size: tuple[int, int] | None = None
    tree: str = ""
    tile: tuple[int, int] | None = None
    page: int | None = None

    def check_size(self, shape: tuple[int, int], *, turned: bool = True) -> None:
        """Refuse a picture of another shape than that of the annotations; of shares only one that lies down.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of the picture.
        turned : bool
            Whether they changed places as its EXIF says.

        Raises
        ------
        GlimpseError
            If it is one.
        """
        frame = self.placement.frame
        if self.size in (None, shape) or (frame and (frame != SHARES or self.size != shape[::-1])):
            return
        ours, theirs = (f"{cols} x {rows}" for rows, cols in (shape, self.size or shape))
        if self.size == shape[::-1] and turned:
            raise GlimpseError(
                f"its boxes are of {theirs} pixels, the picture as it is stored; upright it is {ours}: "
                "--exif ignore takes pictures as they are stored"
            )
        if self.size == shape[::-1]:
            raise GlimpseError(
                f"its boxes are of a picture of {theirs} pixels, this one is {ours}: it lies down, or was "
                "taken with --exif ignore"
            )
        raise GlimpseError(
            f"its boxes are of a picture of {theirs} pixels, this one is {ours}; is it a copy? "
            f"--reference {theirs.replace(' ', '')} scales them"
        )


Windows = str | os.PathLike[str] | Sequence[Row] | Iterable[tuple[str | os.PathLike[str], Window | Placement]]
"""A table's file, rows, or images with a window each."""


def rows_of(windows: Windows) -> tuple[Sequence[Row], bool]:
    """Return windows as rows, and whether a bad name costs only its row, as in a table."""
    if isinstance(windows, str | os.PathLike):
        from glimpse.batch.tables import read_table

        return read_table(os.fspath(windows)), True
    if hasattr(windows, "columns"):  # importing `Table` to ask costs 8 ms
        return cast(Sequence[Row], windows), True
    if isinstance(windows, Mapping) or not isinstance(windows, Iterable):
        raise UsageError(f"{_WINDOWS}, got {told(windows)}")
    if not isinstance(windows, Sequence):
        windows = list(windows)
    if not windows or isinstance(windows[0], Row):
        return cast(Sequence[Row], windows), False
    rows = []
    for index, pair in enumerate(windows):
        if not isinstance(pair, Sequence) or len(pair) != 2 or not isinstance(pair[0], str | os.PathLike):
            raise UsageError(f"{_WINDOWS}, got {told(pair)}")
        image, window = os.fspath(pair[0]), pair[1]
        if not isinstance(window, Window | Placement) or not isinstance(image, str):
            raise UsageError(f"{_WINDOWS}, got {told(pair)}")
        placement = Placement.of(window) if isinstance(window, Window) else window
        rows.append(Row(image, image, placement, index=index, named=image))
    return rows, True


def by_image(rows: Sequence[Row], output: str | None) -> dict[str, list[Row]]:
    """Return the rows of each image; rows that name none stand with the first image.

    Raises
    ------
    UsageError
        If there is no image, or several while the output is one file.
    """
    first = getattr(rows, "image", "") or next((row.image for row in rows if row.image), "")
    groups: dict[str, list[Row]] = {first: []} if first else {}
    for row in rows:
        groups.setdefault(row.image or first, []).append(row)
    names, table = sorted(filter(None, groups)), getattr(rows, "name", "")
    if not groups:
        raise UsageError(f"--table {table} has no rows" if table else "there are no windows")
    if len(names) == 1 or (names and output is not None and not one_file(output)):
        return groups
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    folder = ", or give -o a folder (out/) for a file each" if names else ""
    whole = f"--table {table}: it names" if table else "these are windows of"
    raise UsageError(f"{whole} {len(names)} images ({some}); keep the rows of one{folder}")


def checked_door(output: str | os.PathLike[str] | None, **settings: tuple[object, type]) -> str | None:
    """Return the output of a call as text; refuse one that is no name, and settings of another type.

    Parameters
    ----------
    output : str, path or None
        A file, a folder or a template.
    **settings : (object, type)
        Each argument that is given or None, and what it has to be.
    """
    if not isinstance(output, str | os.PathLike | None):
        raise UsageError(f"a name of a file or a folder is a text, got {told(output)}")
    for name, (value, kind) in settings.items():
        if value is not None and not isinstance(value, kind):
            raise UsageError(f"{name} is of the type {kind.__name__}, got {told(value)}")
    return None if output is None else os.fspath(output)


_WINDOWS = "windows are a table's file, or a list of images with a window each: (name, Window)"


def paged(
    rows: Sequence[Row], pages: tuple[int, int] | Literal["all"], numbers: Callable[[str], Sequence[int]]
) -> list[Row]:
    """Return a row for each page of the images of rows.

    Parameters
    ----------
    rows : sequence of Row
        A row for each image.
    pages : (int, int) or "all"
        The first and the last page, from 1.
    numbers : callable
        Given the name of an image, returns the numbers of its pages, or raises `GlimpseError`.
    """
    found: list[Row] = []
    for row in rows:
        try:
            each = numbers(row.image) if pages == "all" else range(pages[0], pages[1] + 1)
        except GlimpseError as error:
            found.append(replace(row, fault=error, index=len(found)))
            continue
        for page in each:
            place = f"{row.image}[{page}]"
            found.append(replace(row, place=place, page=page, index=len(found)))
    return found


class LazyRows(Sequence[Row]):
    """Rows that are made when they are asked for: those of a million windows take no memory."""

    @abstractmethod
    def row(self, index: int) -> Row:
        """Make the row of an index from 0."""

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> SomeRows: ...
    def __getitem__(self, index: int | slice) -> Row | SomeRows:
        if isinstance(index, slice):
            return SomeRows(self.row, range(len(self))[index])
        return self.row(index if index >= 0 else range(len(self))[index])

    def __iter__(self) -> Iterator[Row]:
        return map(self.row, range(len(self)))


class SomeRows(LazyRows):
    """Some of many rows, by what makes them and their indices."""

    def __init__(self, make: Callable[[int], Row], indices: Sequence[int]) -> None:
        self._make, self._indices = make, indices

    def __len__(self) -> int:
        return len(self._indices)

    def __reduce__(self) -> Any:  # to another machine the rows travel themselves, not the table of them all
        return list, (list(self),)

    def row(self, index: int) -> Row:
        return self._make(self._indices[index])


class Input(NamedTuple):
    """A file, and its folder within the given one, or within the plain beginning of a pattern."""

    name: str
    tree: str = ""


@dataclass(eq=False, repr=False)
class Pictures(LazyRows):
    """A row for each file.

    Parameters
    ----------
    inputs : sequence of Input
        The files.
    placement : Placement
        Where to look in each.
    outputs : sequence of str
        The output of each, where they are planned.
    """

    inputs: Sequence[Input]
    placement: Placement
    outputs: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.inputs)

    def row(self, index: int) -> Row:
        each = self.inputs[index]
        output = self.outputs[index] if self.outputs else ""
        return Row(each.name, each.name, self.placement, output, index=index, tree=each.tree)

    def images(self) -> Iterable[str]:
        """Return the name of each file."""
        return (each.name for each in self.inputs)


class Inputs(NamedTuple):
    """The files that names, folders and patterns are, and how many others were left out of the folders."""

    files: list[Input]
    others: int


def expanded(names: Sequence[str], output: str | None = None) -> Inputs:
    """Return the files that names stand for.

    A folder is its pictures, those of the folders in it too; a name with ``*``, ``?`` or ``[`` that no file
    has is a pattern, in which ``**`` is any folders. Hidden files, links that lead out, links to folders and
    the folder of the outputs are left out.

    Parameters
    ----------
    names : sequence of str
        Files, folders, patterns, ``-``.
    output : str or None
        The value of ``-o``.

    Raises
    ------
    UsageError
        If the only one is a pattern that matches nothing, or a folder without pictures.
    """
    files: list[Input] = []
    others = 0
    for name in names:
        if os.path.isdir(name):
            before = len(files)
            for each in _walked(name, output):
                if each.name.lower().endswith(ENDINGS):
                    files.append(each)
                else:
                    others += 1
            if len(files) == before and len(names) == 1:
                raise UsageError(f"{name}: no picture in this folder, by the endings of names")
            if len(files) == before:
                files.append(Input(name))  # which fails alone, and the others come out
        elif re.search(r"[*?]|\[[^\]]+\]", name) and not os.path.lexists(name):
            found = _matched(name, output)
            if not found and len(names) == 1:
                raise UsageError(f"{name}: no file matches")
            files += found or [Input(name)]
        else:
            files.append(Input(name))
    return Inputs(files, others)


def _matched(pattern: str, output: str | None) -> list[Input]:
    parts = pattern.split("/")
    first = next(k for k, part in enumerate(parts) if any(sign in part for sign in "*?["))
    root, wanted = "/".join(parts[:first]), parts[first:]
    root = root or ("/" if first else ".")
    depth = None if "**" in wanted else len(wanted) - 1
    hidden = any(part.startswith(".") for part in wanted)
    found = []
    for each in _walked(root, output, hidden=hidden, depth=depth) if os.path.isdir(root) else ():
        within = [*filter(None, each.tree.split(os.sep)), os.path.basename(each.name)]
        if _fits(within, wanted):
            found.append(each if first else Input(os.path.normpath(each.name), each.tree))
    return found


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a name fit those of a pattern."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[k:], pattern[1:]) for k in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _walked(
    root: str, output: str | None, *, hidden: bool = False, depth: int | None = None
) -> Iterator[Input]:
    """The regular files in a folder and in those within, in the order of their names."""
    inside = os.path.realpath(root)
    folder = os.path.realpath(output) if output and output != "-" else ""
    left_out = folder if folder != inside else ""  # what was made there before

    def entries(path: str, tree: str, depth: int | None) -> Iterator[Input]:
        try:
            found = sorted(os.scandir(path), key=attrgetter("name"))
        except OSError as error:
            raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from None
        for entry in found:
            if entry.name.startswith(".") and not hidden:
                continue
            if entry.is_file(follow_symlinks=False):
                yield Input(entry.path, tree)
            elif entry.is_dir(follow_symlinks=False):
                if depth != 0 and not (left_out and os.path.realpath(entry.path) == left_out):
                    further = None if depth is None else depth - 1
                    yield from entries(entry.path, os.path.join(tree, entry.name), further)
            elif entry.is_symlink():
                target = os.path.realpath(entry.path)
                if os.path.isfile(target) and os.path.commonpath([target, inside]) == inside:
                    yield Input(entry.path, tree)

    return entries(root, "", depth)
