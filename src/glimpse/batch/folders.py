"""Folders and patterns as inputs: the pictures in them, in order, with the folders that they stand in."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from glimpse.errors import UsageError

ENDINGS = (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".tif", ".tiff", ".bmp", ".dib",
           ".webp", ".avif", ".ppm", ".pgm", ".pbm", ".pnm", ".npy")  # fmt: skip
"""Endings of what is taken for a picture in a folder; the content of a file decides when it is opened."""


class Input(NamedTuple):
    """A file, and its folder within the given one, or within the plain beginning of a pattern."""

    name: str
    tree: str = ""


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
        if name == "-" or not (os.path.isdir(name) or _is_pattern(name)):
            files.append(Input(name))
        elif os.path.isdir(name):
            here = list(_walked(name, output))
            found = [each for each in here if os.path.splitext(each.name)[1].lower() in ENDINGS]
            if not found and len(names) == 1:
                raise UsageError(f"{name}: no picture in this folder, by the endings of names")
            files += found or [Input(name)]  # which fails alone, and the others come out
            others += len(here) - len(found)
        elif found := _matched(name, output):
            files += found
        elif len(names) == 1:
            raise UsageError(f"{name}: no file matches")
        else:
            files.append(Input(name))
    return Inputs(files, others)


def _is_pattern(name: str) -> bool:
    return re.search(r"[*?]|\[[^\]]+\]", name) is not None and not os.path.lexists(name)


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
            found = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from None
        for entry in found:
            if entry.name.startswith(".") and not hidden:
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth != 0 and not (left_out and os.path.realpath(entry.path) == left_out):
                    further = None if depth is None else depth - 1
                    yield from entries(entry.path, os.path.join(tree, entry.name), further)
            elif entry.is_symlink():
                target = os.path.realpath(entry.path)
                if os.path.isfile(target) and _is_within(target, inside):
                    yield Input(entry.path, tree)
            elif entry.is_file(follow_symlinks=False):
                yield Input(entry.path, tree)

    return entries(root, "", depth)


def _is_within(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder
