"""The options of a table of windows, for every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from glimpse.batch.placements import Placement
from glimpse.cli.options import collected, option
from glimpse.cli.param_types import FileName
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from glimpse.batch.tables import Table

_OWN = ("table", "columns", "normalized", "folder")


class TableOptions(NamedTuple):
    """The table that a command was given, if any; `name` is its file."""

    name: str | None
    columns: tuple[str, ...]
    normalized: bool
    folder: str

    def read(self, images: tuple[str, ...], window: Placement, *, noun: str = "image") -> Table:
        """Read the table.

        Parameters
        ----------
        images : tuple of str
            Files of the command line; one, where the table names none.
        window : Placement
            Options of the command line.
        noun : str
            The noun of a row: ``image``, or ``patch``.

        Raises
        ------
        click.UsageError
            If the table cannot be read.
        """
        from glimpse.batch.tables import read_table
        from glimpse.batch.tables.columns import parse_columns

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


def image_of(tables: TableOptions, image: str | None, window: Placement) -> tuple[str, Table]:
    """Read a table of windows of one image, which the command or the table names.

    Raises
    ------
    click.UsageError
        If the table cannot be read, or is of several images.
    """
    table = tables.read((image,) if image else (), window)
    names = {image} if image else {row.image for row in table if row.image}
    if not names and not table:
        raise click.UsageError(f"--table {tables.name} has no rows")
    if len(names) != 1:
        some = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
        raise click.UsageError(
            f"--table {tables.name}: it names {len(names)} images ({some}); keep the rows of one"
        )
    return names.pop(), table
