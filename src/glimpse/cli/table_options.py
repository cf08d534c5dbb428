"""The options of a table of windows, for every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from glimpse.cli.options import collected, option
from glimpse.cli.param_types import FileName
from glimpse.cli.window_options import WindowOptions
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from glimpse.cli.table import Table

_OWN = ("table", "columns", "normalized", "folder")


class TableOptions(NamedTuple):
    """The table that a command was given, if any; `name` is its file."""

    name: str | None
    columns: tuple[str, ...]
    normalized: bool
    folder: str

    def read(self, images: tuple[str, ...], window: WindowOptions, *, noun: str = "image") -> Table:
        """Read the table.

        Parameters
        ----------
        images : tuple of str
            Files of the command line; one, where the table names none.
        window : WindowOptions
            Options of the command line.
        noun : str
            The noun of a row: ``image``, or ``patch``.

        Raises
        ------
        click.UsageError
            If the table cannot be read.
        """
        from glimpse.cli.table import read_table
        from glimpse.cli.table.columns import parse_columns

        assert self.name is not None
        try:
            renamed = {key: column for text in self.columns for key, column in parse_columns(text).items()}
            return read_table(self.name, _bytes(self.name), images, window, renamed=renamed,
                              folder=self.folder, normalized=self.normalized, first=noun)  # fmt: skip
        except GlimpseError as error:
            raise click.UsageError(f"--table {self.name}: {error}") from None


def _bytes(name: str) -> bytes:
    from glimpse.io.files import open_input
    from glimpse.limits import TABLE_BYTES

    with open_input(name) as file:
        data = file.read(TABLE_BYTES + 1)
    if len(data) > TABLE_BYTES:
        raise GlimpseError(f"more than {TABLE_BYTES} bytes; split it into several tables")
    return data


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--table`` and its options; it receives them as one `TableOptions`, ``tables``."""
    options = (
        option("--table", multiple=True, type=FileName(), metavar="FILE.csv",
               help="A window for each row: image, and gx,gy or a box such as x,y,w,h; optionally delta, "
               "sigma, gamma, n, output."),
        option("--columns", multiple=True, metavar="NAME=COLUMN,...",
               help="What columns of the table mean, as left=bbox_x,top=bbox_y."),
        option("--normalized", is_flag=True, help="Positions and sizes in the table go from 0 to 1."),
        option("--images", "folder", type=FileName(), default="", metavar="FOLDER",
               help="The folder that names in the table are relative to. [default: the current one]"),
    )  # fmt: skip
    return collected("tables", _OWN, _tables, options)(command)


def _tables(values: dict[str, Any]) -> TableOptions:
    tables = values["table"]
    if len(tables) > 1:
        raise click.UsageError(
            f"--table is given twice, {tables[0]} and {tables[1]}; join them into one table"
        )
    for name, words in (("columns", "--columns"), ("normalized", "--normalized"), ("folder", "--images")):
        if values[name] and not tables:
            raise click.UsageError(f"{words} is about a table; give one with --table")
    return TableOptions(
        tables[0] if tables else None, values["columns"], values["normalized"], values["folder"]
    )
