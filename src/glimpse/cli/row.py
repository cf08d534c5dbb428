"""One window of an image and its output: a row of a table, or an argument of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from glimpse.cli.window_options import WindowOptions
from glimpse.errors import GlimpseError


@dataclass(frozen=True)
class Row:
    """One window of an image, and where its patch goes: a row of a table, or an argument.

    Parameters
    ----------
    place : str
        The name that its error lines begin with: the image, or the file and line of a table.
    image : str
        The image's file name (of a patch, in a table for `glimpse write`).
    window : WindowOptions
        Where to look.
    output : str
        File of the patch; empty where a row of a table names none.
    cells : mapping of str to str
        All cells of the row, by the names of their columns.
    index : int
        Where it stands in its table, from 0.
    named : str
        The image as the table names it, relative to the folder of images.
    fault : GlimpseError or None
        The error that the row has already.
    """

    place: str
    image: str
    window: WindowOptions
    output: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    index: int = 0
    named: str = ""
    fault: GlimpseError | None = None
