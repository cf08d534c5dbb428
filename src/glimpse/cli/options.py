"""The options that commands share, each declared once."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

from glimpse.batch.placements import (
    ORIGINS,
    Frame,
    Placement,
    Range,
    parse_box,
    parse_n,
    parse_pad,
    parse_placed,
    parse_reference,
    parse_size,
    position,
    positive,
    positive_pair,
)
from glimpse.batch.runner import Run, aside
from glimpse.cli.param_types import (
    FileName,
    Parsed,
    parse_address,
    parse_levels,
    parse_page,
    parse_part,
    parse_quality,
    slice_text,
    whole,
)
from glimpse.cli.streams import say
from glimpse.errors import GlimpseError
from glimpse.limits import MAX_PIXELS, N_MAX
from glimpse.slices import FITS, NATIVE
from glimpse.window import EDGES, KERNELS, Window

if TYPE_CHECKING:
    from glimpse.batch.tables import Table
    from glimpse.io import DecodeOptions

F = TypeVar("F", bound=Callable[..., Any])
_TABLES = ("table", "columns", "normalized", "folder")  # of `table_options`
_DECODING = ("levels", "max_pixels", "page", "exif")  # the options of `input_options`
DEFAULTS = {field.name: field.default for field in fields(Window) if field.default is not MISSING}


SECTIONS = {"window": "Window", "tables": "Table", "draw": "Drawing", "film": "Film", "decoding": "Decoding",
            "run": "Output"}  # fmt: skip
"""The headings of the help, by the value that their options are collected in."""
_sections = {"output": SECTIONS["run"]}  # of each parameter, its heading


class Sectioned(click.Command):
    """A command whose help has its options under headings; its own come first."""

    def make_parser(self, ctx: click.Context) -> Any:
        """Return a parser that refuses words that Click would not take for what they were meant to be.

        A long option with one dash; a percent sign that a space parted from its number; an option that is
        given twice, of which the last one would win.
        """
        parser = super().make_parser(ctx)
        parse = parser.parse_args
        long = {name for parameter in self.params for name in parameter.opts if name.startswith("--")}

        def parse_args(args: list[str]) -> Any:
            for word, after in pairwise([*args, ""]):
                if word == "--":
                    break
                if after == "%":
                    raise click.UsageError(f"{word} % has a space too many; write {word}%", ctx)
                first = word.partition("=")[0]
                if first[:1] == "-" and len(first) > 2 and f"-{first}" in long:
                    dashes = f"No such option {first!r}; long names have two dashes: -{first}"
                    raise click.UsageError(dashes, ctx)
            found = parse(args)
            for parameter, times in Counter(found[2]).items():
                once = isinstance(parameter, click.Option) and not (parameter.multiple or parameter.is_flag)
                if once and times > 1:
                    twice = f"{parameter.opts[0]} is given {times} times; leave out all but one"
                    raise click.UsageError(twice, ctx)
            return found

        if not ctx.resilient_parsing:
            parser.parse_args = parse_args  # type: ignore[method-assign]
        return parser

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of each heading."""
        found: dict[str, list[tuple[str, str]]] = {"Options": []}
        found |= {title: [] for title in SECTIONS.values()}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (told := parameter.get_help_record(ctx)):
                found[_sections.get(parameter.name or "", "Options")].append(told)
        if len(found["Options"]) == 1:  # --help alone
            found[next(title for title in reversed(found) if found[title])] += found.pop("Options")
        for title, told_all in found.items():
            if told_all:
                with formatter.section(title):
                    formatter.write_dl(told_all)


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """Declare a Click option with an environment default, ``GLIMPSE_`` and any of its long names."""
    long = [name for name in names if name.startswith("--")]
    settings.setdefault("envvar", ["GLIMPSE_" + name[2:].replace("-", "_").upper() for name in long])
    return click.option(*names, **settings)


def collected(
    target: str,
    names: Sequence[str],
    collect: Callable[[dict[str, Any]], Any],
    options: Sequence[Callable[[Any], Any]],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a command some options; it receives their values as one, under a name.

    Parameters
    ----------
    target : str
        The parameter of the command.
    names : sequence of str
        The values of the options.
    collect : callable
        Makes one value of them.
    options : sequence of decorators
        In the order of the help.
    """

    _sections.update(dict.fromkeys(names, SECTIONS[target]) if target in SECTIONS else {})

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapped(**values: Any) -> Any:
            one = collect({name: values.pop(name) for name in names})
            return command(**{target: one}, **values)

        for decorator in reversed(options):
            wrapped = decorator(wrapped)
        return wrapped

    return decorate


def window_options(
    *, sweep: bool = False, start: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the window options; it receives them as one `Placement`, ``window``.

    Parameters
    ----------
    sweep : bool
        Whether gx, gy, delta, sigma, gamma and the box may be ranges.
    start : bool
        Whether the window is where a search starts: its place has no default, and its n is the patch's.
    """
    made = ("typed", "guarded", "like_name", "frame")
    own = [name for name in Placement._fields if name not in made]
    own += ["size", "reference", "placed", "origin"]
    collect = functools.partial(_window, sweep=sweep)
    return collected("window", own, collect, [*_numbers(sweep, start), *_whole_windows(sweep, start)])


def _numbers(sweep: bool, start: bool) -> list[Callable[[F], F]]:
    """The options of the numbers of a window."""
    kind = functools.partial(Parsed, ranges=sweep)
    tail = ", or FIRST:LAST" if sweep else ""
    default = "".format if start else " [default: {}]".format
    return [
        option("--gx", "--row", "gx", type=kind("position", position("gx")), metavar="ROW",
               help=f"Centre row, counted DOWN, in pixels or percent{tail}.{default('the middle')}"),
        option("--gy", "--col", "gy", type=kind("position", position("gy")), metavar="COL",
               help=f"Centre column, counted ACROSS{tail}.{default('the middle')}"),
        option("--delta", type=kind("number", positive_pair("delta")), metavar="PIXELS",
               help=f"Stride between filter centres, one number or ROWS,COLS{tail}."
               f"{default('spans the shorter side')}"),
        option("--sigma", type=kind("number", positive_pair("sigma")), metavar="PIXELS",
               help=f"Width (standard deviation) of a filter, one number or ROWS,COLS{tail}. "
               "[default: max(delta, 1) / 2; with the box kernel delta / sqrt(12)]"),
        option("--gamma", type=kind("number", positive("gamma")), metavar="FACTOR", hidden=start,
               help=f"Intensity of the patch{tail}. [default: {DEFAULTS['gamma']:g}]"),
        option("-n", "n", type=kind("filters", parse_n), metavar="N|ROWS,COLS|native",
               envvar="GLIMPSE_N", hidden=start,
               help=f"Filters per axis, at most {N_MAX}{tail}; native: one for each pixel of the box. "
               f"[default: {DEFAULTS['n']}; glimpse read: of a box or slice its pixels]"),
        option("--size", type=Parsed("size", parse_size), metavar="WxH", hidden=start,
               help="As -n, the width first: --size 200x100 is -n 100,200."),
    ]  # fmt: skip


def _whole_windows(sweep: bool, start: bool) -> list[Callable[[F], F]]:
    """The options that place a whole window, and the shape of its filters."""
    tail = ", or FIRST:LAST" if sweep else ""
    kernel = "the one that fits" if start else DEFAULTS["kernel"]
    twice = "; twice, the first and the last one" if sweep else ""
    return [
        option("--box", type=Parsed("box", parse_box, ranges=sweep), multiple=sweep,
               metavar="X,Y,W,H|WxH+X+Y",
               help="The window that tiles a box, X across and Y down from the left and top edge, in pixels "
               f"or percent{tail} (instead of gx, gy, delta); also pct:X,Y,W,H and xywh=X,Y,W,H{twice}."),
        option("--fit", type=click.Choice(FITS), default=FITS[0], show_default=True,
               help="How n samples fill a box of another aspect: stretched; square, with what is around it; "
               "square, cut."),
        option("--pad", type=Parsed("padding", parse_pad), metavar="PERCENT|PIXELS",
               help="Grow the box on every side, by a share of its sides or by pixels. [default: 0%]"),
        option("--slice", type=Parsed("slice", slice_text), metavar="A:B,C:D", multiple=sweep,
               help="The window that tiles a crop, as 100:600,200:700, also in percent (instead of gx, gy, "
               f"delta){twice}."),
        option("--reference", type=Parsed("size", parse_reference), metavar="WxH",
               help="The size of the picture or screen that the numbers are of: 1x1 for shares, 1920x1080."),
        option("--placed", type=Parsed("box", parse_placed), metavar="X,Y,W,H",
               help="Where on a screen of --reference the picture stood."),
        option("--origin", type=click.Choice(ORIGINS),
               help=f"Where numbers count from; of the last two y goes up. [default: {ORIGINS[0]}]"),
        option("--like", type=FileName(), metavar="FILE",
               help="Take the window of an earlier patch, or of its JSON."),
        option("--kernel", type=click.Choice(KERNELS),
               help=f"Shape of a filter. [default: {kernel}]"),
        option("--edge", type=click.Choice(EDGES),
               help=f"Beyond the image: its edge repeated, or black. [default: {DEFAULTS['edge']}]"),
    ]  # fmt: skip


def _window(values: dict[str, Any], *, sweep: bool) -> Placement:
    """Check which options exclude each other, and read the record that ``--like`` names.

    The command line goes before the record, the record before the environment.
    """
    context = click.get_current_context()
    size, frame = values.pop("size"), Frame(*(values.pop(name) for name in ("reference", "placed")))
    frame = frame._replace(origin=values.pop("origin") or ORIGINS[0])
    typed = {k for k in values if context.get_parameter_source(k) == ParameterSource.COMMANDLINE}
    if frame.placed and not frame.reference:
        raise click.UsageError("--placed is a place on a screen; give the size of that with --reference WxH")
    values["frame"] = None if frame == Frame() else frame
    if size:
        if "n" in typed:
            raise click.UsageError("-n and --size say the same; leave out one of them")
        values["n"] = size
        if context.get_parameter_source("size") == ParameterSource.COMMANDLINE:
            typed.add("n")
    if sweep:
        for name in ("slice", "box"):  # given once, which may be a range, or as a first and a last one
            given = values[name]
            if len(given) > 2:
                raise click.UsageError(
                    f"--{name} is given {len(given)} times; a sweep has a first and a last one"
                )
            if len(given) == 2 and any(isinstance(each, Range) for each in given):
                raise click.UsageError(f"--{name} is a range and is given twice; leave out one of them")
            values[name] = Range(*given) if len(given) == 2 else next(iter(given), None)
    whole = [name for name in ("slice", "box") if name in typed]
    if clash := [*whole[1:], *sorted({"gx", "gy", "delta"} & typed)] if whole else []:
        also = {"gx": " (--row)", "gy": " (--col)"}.get(clash[0], "")
        raise click.UsageError(f"--{whole[0]} says where the window is; leave out --{clash[0]}{also}")
    boxed = values["box"] or context.params.get("table")
    if alone := [] if boxed else sorted({"fit", "pad"} & typed):
        raise click.UsageError(f"--{alone[0]} is about a box; give one with --box")
    if values.get("n") == NATIVE and not (boxed or values["slice"] or context.params.get("tile")):
        raise click.UsageError("-n native counts the pixels of a box; give --box or --slice")
    for name in ("slice", "box"):  # where another place is typed, those of the environment are forgotten
        if name not in typed and ({"gx", "gy", "delta", "slice", "box"} & typed or values["like"]):
            values[name] = None
    if values["frame"] and values["slice"]:
        raise click.UsageError(
            "--slice counts pixels of the picture itself, as NumPy does; with --reference, --placed and "
            "--origin give --box"
        )
    if not values["like"]:
        return Placement(**values, typed=frozenset(typed))
    from glimpse.io import load_record

    try:
        decoding = _decoding(context.params | {"page": None})
        record = aside(functools.partial(load_record, options=decoding), values["like"])
        if not sweep:
            _ = record.single  # which raises where there is none
    except GlimpseError as error:
        raise click.UsageError(f"--like {values['like']}: {error}") from None
    return Placement(**values | {"like": record, "like_name": values["like"]}, typed=frozenset(typed))


def output_options(
    what: str, *, skip: bool = False, many: bool = False, pictures: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command ``-o``, and what goes with every run; it receives that as one `Run`, ``run``.

    Parameters
    ----------
    what : str
        The help of ``-o``.
    skip, many : bool
        Whether it takes ``--skip-existing``; whether ``-j`` and ``--dask``.
    pictures : bool
        Whether it makes pictures, and takes ``--quality`` and ``--open``.
    """
    names, options = ["quality", "overwrite", "quiet", "opened"], [
        option("-o", "--output", type=FileName(), metavar="FILE|FOLDER/|TEMPLATE|-", help=what),
        option("--quality", type=Parsed("quality", parse_quality), metavar="1..100|lossless",
               help="How well a lossy still is kept. [default: JPEG 92, WebP 90, AVIF 80]"),
        option("--overwrite", is_flag=True, help="Replace existing files (never an input)."),
        option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        option("--open", "opened", is_flag=True, envvar=None,
               help="Open the first file that was made in the system's viewer."),
    ]  # fmt: skip
    if not pictures:
        names, options = ["overwrite", "quiet"], [options[0], *options[2:4]]
    if skip:
        names.append("skip_existing")
        options.append(
            option("--skip-existing", is_flag=True, help="Leave outputs that exist, and make the others.")
        )
    if many:
        names += ["part", "jobs", "cluster"]
        options += [
            option("--part", type=Parsed("part", parse_part), metavar="K/N",
                   help="Every N-th image from the K-th on: N processes share the work, each with a K."),
            option("-j", "--jobs", type=whole(1, 256), default=lambda: os.cpu_count() or 1, metavar="N",
                   help="Files worked on at once. [default: the number of cores]"),
            option("--dask", "cluster", type=Parsed("address", parse_address), metavar="ADDRESS|local",
                   help="Work on a Dask cluster that shares these files (pip install 'glimpse-crop[dask]')."),
        ]  # fmt: skip
    return collected("run", names, _run, options)


def _run(values: dict[str, Any]) -> Run:
    context = click.get_current_context()
    if values["overwrite"] and values.get("skip_existing"):
        raise click.UsageError("--overwrite replaces what --skip-existing leaves; give one of them")
    context.meta["glimpse.open"] = values.pop("opened", False)
    return Run(**values, debug=bool(context.find_root().params.get("debug", False)))


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--range``, ``--max-pixels`` and ``--page``; it receives them as ``decoding``."""
    options = (
        option("--range", "levels", type=Parsed("range", parse_levels), metavar="LO,HI",
               help="What black and white are in an image of floating-point numbers. "
               "[default: 0,255 of .npy; of others it must be given]"),
        option("--max-pixels", type=whole(1, 10**12), default=MAX_PIXELS, metavar="N",
               help=f"Most pixels of an image. [default: {MAX_PIXELS}]"),
        option("--page", type=Parsed("page", parse_page), metavar="N|FIRST:LAST|all",
               help="Page or frame of IMAGE, from 1: of TIFF, GIF, WebP, APNG, MPO; several with read and "
               "sweep. [default: the first]"),
        option("--exif", type=click.Choice(("apply", "ignore")), default="apply", show_default=True,
               help="Turn a photograph as its EXIF says, or take it as it is stored, as some annotators do."),
    )  # fmt: skip
    return collected("decoding", _DECODING, _decoding, options)(command)


linear_option = option(
    "--linear",
    is_flag=True,
    help="Filter light instead of levels, by the curve of sRGB or of the picture's profile or gamma.",
)
column_option = option(
    "--column",
    metavar="NAME|K",
    help="The column of a CSV file that is a signal, by name or number from 1. [default: its only one]",
)


look_options: list[Callable[[Any], Any]] = [
    option("--profile", is_flag=False, flag_value="row", metavar="[row|column]",
           help="One row of pixels instead, or a column, with filters over it, and resampled."),
    option("--theme", type=click.Choice(["dark", "light"]), default="dark", show_default=True,
           help="The colours beside the image."),
    option("--width", type=whole(200, 8192), metavar="PIXELS",
           help="How wide a drawing is. [default: as it needs to be]"),
]  # fmt: skip
"""The options that pictures and films have in common."""


def _decoding(values: dict[str, Any]) -> DecodeOptions:
    from glimpse.io import DecodeOptions  # which imports NumPy

    several = not isinstance(values["page"], int | None)
    if several and click.get_current_context().command.name not in ("read", "sweep"):
        raise click.UsageError("--page takes one page here; several are for glimpse read and sweep")
    return DecodeOptions(**{name: values[name] for name in _DECODING})


class TableOptions(NamedTuple):
    """The table that a command was given, if any; `name` is its file."""

    name: str | None
    columns: tuple[str, ...]
    normalized: bool
    folder: str

    def renamed(self) -> dict[str, str]:
        """Return what ``--columns`` says of the table's columns."""
        from glimpse.batch.tables.columns import parse_columns

        try:
            return {key: column for text in self.columns for key, column in parse_columns(text).items()}
        except GlimpseError as error:
            raise click.UsageError(f"--table {self.name}: {error}") from None

    def read(self, window: Placement, images: Sequence[str] = (), *, noun: str = "image") -> Table:
        """Read the table, whose rows go before `window`; `images` is the one image where it names none."""
        from glimpse.batch.tables import read_table

        if self.name is None:
            raise GlimpseError("no table was given")
        columns = self.renamed()
        table = read_table(self.name, window, images, columns=columns, normalized=self.normalized,
                           folder=self.folder, noun=noun)  # fmt: skip
        form = table.columns.form
        if window.n == NATIVE and not (window.box or window.slice or (form and form.kind != "point")):
            raise click.UsageError(f"-n native counts the pixels of a box; --table {self.name} has none")
        if not click.get_current_context().params.get("quiet"):
            for note in table.notes:
                say(f"glimpse: --table {self.name}: {note}")
        return table


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--table`` and its options; it receives them as one `TableOptions`, ``tables``."""
    options = (
        option("--table", multiple=True, type=FileName(), metavar="FILE",
               help="A row for each window or point: CSV, JSON Lines or Parquet with image, and gx,gy or a "
               "box such as x,y,w,h, optionally delta, sigma, gamma, n, output; or COCO, labelme, VOC, YOLO, "
               "a file or a folder."),
        option("--columns", multiple=True, metavar="NAME=COLUMN,...",
               help="What columns of the table mean, as left=bbox_x,top=bbox_y."),
        option("--normalized", is_flag=True, help="Positions and sizes in the table go from 0 to 1."),
        option("--images", "folder", type=FileName(), default="", metavar="FOLDER",
               help="The folder that names in the table are relative to. [default: the current one]"),
    )  # fmt: skip
    return collected("tables", _TABLES, _tables, options)(command)


def _tables(values: dict[str, Any]) -> TableOptions:
    tables = values["table"]
    if len(tables) > 1:
        raise click.UsageError(
            f"--table is given twice, {tables[0]} and {tables[1]}; join them into one table"
        )
    for name, words in (("columns", "--columns"), ("normalized", "--normalized"), ("folder", "--images")):
        if values[name] and not tables:
            raise click.UsageError(f"{words} is about a table; give one with --table")
    if values["normalized"] and click.get_current_context().params.get("reference"):
        raise click.UsageError("--normalized is --reference 1x1; leave out one of them")
    return TableOptions(
        tables[0] if tables else None, values["columns"], values["normalized"], values["folder"]
    )
