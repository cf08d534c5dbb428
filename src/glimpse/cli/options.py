"""The options that commands share, each declared once, and the window that they add up to."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from glimpse.cli.param_types import (
    Parsed,
    Position,
    parse_levels,
    parse_n,
    position,
    positive,
    ranged,
    slice_text,
    whole,
)
from glimpse.errors import GlimpseError
from glimpse.limits import MAX_PIXELS, N_MAX
from glimpse.validation import Pair
from glimpse.window import EDGES, KERNELS, NUMBERS, Window

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions

F = TypeVar("F", bound=Callable[..., Any])
_DECODING = ("levels", "max_pixels", "page")  # what `input_options` says of the files
DEFAULTS = {field.name: field.default for field in fields(Window) if field.default is not MISSING}


@dataclass(frozen=True)
class WindowOptions:
    """What the command line says of the window; None is what it leaves open.

    A value is one value, or (first, last) in a sweep.
    """

    gx: Any = None
    gy: Any = None
    delta: Any = None
    sigma: Any = None
    gamma: Any = None
    n: Pair | None = None
    kernel: Any = None
    edge: Any = None
    slice: str | None = None
    like: Any = None  # a Record, or None
    typed: frozenset[str] = frozenset()  # names on the command line: these go before a record

    def window(self, shape: tuple[int, int], end: int = 0) -> Window:
        """Return the window on an image of this shape: the first (0) or the last (-1) of a sweep.

        Raises
        ------
        GlimpseError
            If the centre is off the image and would be on it with gx and gy swapped, or the slice
            does not fit.
        """
        given = {key: self._end(key, end) for key in ("delta", "sigma", "gamma", "n", "kernel", "edge")}
        for key, size in zip(("gx", "gy"), shape, strict=True):
            place = self._end(key, end)
            given[key] = place.on(size) if place else None
        given = {k: v for k, v in given.items() if v is not None and (not self.like or k in self.typed)}
        window = self._base(shape, given, end)
        if self._in_pixels() and window.looks_swapped(shape):
            raise GlimpseError(
                f"row {window.gx:g} (gx), col {window.gy:g} (gy) is off the image ({shape[0]} rows, "
                f"{shape[1]} columns) but is on it swapped: gx counts DOWN, gy ACROSS; use "
                f"--row {window.gy:g} --col {window.gx:g} (or percentages to look past the edge)"
            )
        return window

    def or_like(self, record: Any) -> WindowOptions:
        """Return these options over the window of a record, unless ``--like`` named another."""
        if self.like or record is None:
            return self
        return replace(self, like=record, slice=self.slice if "slice" in self.typed else None)

    @property
    def is_sweep(self) -> bool:
        """Whether some number is a range, here or in the record of ``--like``."""
        return any(map(self._changes, NUMBERS))

    def _changes(self, key: str) -> bool:
        first, last = self._end(key, 0), self._end(key, -1)
        if first is None and self.like and self.like.last:
            first, last = (getattr(window, key) for window in (self.like.window, self.like.last))
        return bool(first != last)

    def or_n(self, n: Pair) -> WindowOptions:
        """Return these options with this number of filters, unless another was typed."""
        return self if self.like or "n" in self.typed else replace(self, n=n)

    def _in_pixels(self) -> bool:
        """Whether gx or gy is one number of pixels, which may be meant for the other axis."""
        places = [place for place in (self.gx, self.gy) if place]
        fixed = all(isinstance(place, Position) for place in places)
        return fixed and any(not place.percent for place in places)

    def _end(self, key: str, end: int) -> Any:
        value = getattr(self, key)
        return value[end] if isinstance(value, tuple) and key != "n" else value

    def _base(self, shape: tuple[int, int], given: dict[str, Any], end: int) -> Window:
        known: Window | None = self.like and (self.like.last if end and self.like.last else self.like.window)
        if self.slice:
            kept = {key: getattr(known, key) for key in ("n", "gamma", "kernel", "edge")} if known else {}
            given = {key: value for key, value in given.items() if key not in ("gx", "gy", "delta")}
            return Window.from_slice(self.slice, shape, **{**kept, **given})
        return replace(known, **given) if known else Window.centered(shape, **given)


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """Declare a Click option with an environment default, ``GLIMPSE_`` and any of its long names."""
    long = [name for name in names if name.startswith("--")]
    settings.setdefault("envvar", ["GLIMPSE_" + name[2:].replace("-", "_").upper() for name in long])
    return click.option(*names, **settings)


def window_options(*, sweep: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the window options; it receives them as one `WindowOptions`, ``window``.

    Parameters
    ----------
    sweep : bool
        Whether gx, gy, delta, sigma and gamma may be ranges.
    """
    stack = [*_numbers(sweep), *_whole_windows()]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapped(**values: Any) -> Any:
            own = {f.name: values.pop(f.name) for f in fields(WindowOptions) if f.name != "typed"}
            return command(window=_collected(own, sweep=sweep), **values)

        for decorator in reversed(stack):
            wrapped = decorator(wrapped)
        return wrapped

    return decorate


def _numbers(sweep: bool) -> list[Callable[[F], F]]:
    """The options of the numbers of a window."""
    kind = ranged if sweep else lambda parse: parse
    tail = ", or FIRST:LAST" if sweep else ""
    return [
        option("--gx", "--row", "gx", type=Parsed("position", kind(position("gx"))), metavar="ROW",
               help=f"Centre row, counted DOWN, in pixels or percent{tail}. [default: the middle]"),
        option("--gy", "--col", "gy", type=Parsed("position", kind(position("gy"))), metavar="COL",
               help=f"Centre column, counted ACROSS{tail}. [default: the middle]"),
        option("--delta", type=Parsed("number", kind(positive("delta"))), metavar="PIXELS",
               help=f"Stride between filter centres{tail}. [default: spans the shorter side]"),
        option("--sigma", type=Parsed("number", kind(positive("sigma"))), metavar="PIXELS",
               help=f"Width (standard deviation) of a filter{tail}. [default: max(delta, 1) / 2]"),
        option("--gamma", type=Parsed("number", kind(positive("gamma"))), metavar="FACTOR",
               help=f"Intensity of the patch{tail}. [default: {DEFAULTS['gamma']:g}]"),
        option("-n", "n", type=Parsed("filters", parse_n), metavar="N|ROWS,COLS", envvar="GLIMPSE_N",
               help=f"Filters per axis, at most {N_MAX}. [default: {DEFAULTS['n']}]"),
    ]  # fmt: skip


def _whole_windows() -> list[Callable[[F], F]]:
    """The options that say where a window is at once, and what its filters are like."""
    return [
        option("--slice", type=Parsed("slice", slice_text), metavar="A:B,C:D",
               help="The window that tiles a crop, as 100:600,200:700 (instead of gx, gy, delta)."),
        option("--like", metavar="FILE", help="Take the window of an earlier patch, or of its JSON."),
        option("--kernel", type=click.Choice(KERNELS),
               help=f"Shape of a filter. [default: {DEFAULTS['kernel']}]"),
        option("--edge", type=click.Choice(EDGES),
               help=f"Beyond the image: its edge repeated, or black. [default: {DEFAULTS['edge']}]"),
    ]  # fmt: skip


def _collected(values: dict[str, Any], *, sweep: bool) -> WindowOptions:
    """Check what excludes what, and read the record that ``--like`` names.

    The command line goes before the record, the record before the environment.
    """
    context = click.get_current_context()
    typed = {k for k in values if context.get_parameter_source(k) == ParameterSource.COMMANDLINE}
    if clash := sorted({"gx", "gy", "delta"} & typed) if "slice" in typed else []:
        raise click.UsageError(f"--slice says where the window is; leave out --{clash[0]}")
    if "slice" not in typed and ({"gx", "gy", "delta"} & typed or values["like"]):
        values["slice"] = None  # it comes from the environment
    if not values["like"]:
        return WindowOptions(**values, typed=frozenset(typed))
    from glimpse.io import load_record

    try:
        record = load_record(values["like"], _decoding(context.params | {"page": None}))
        assert sweep or record.single
        return WindowOptions(**{**values, "like": record}, typed=frozenset(typed))
    except GlimpseError as error:
        raise click.UsageError(f"--like {values['like']}: {error}") from None


def output_options(what: str) -> Callable[[F], F]:
    """Give a command ``-o``, ``--overwrite`` and ``-q``."""

    def decorate(command: F) -> F:
        for decorator in (
            option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
            option("--overwrite", is_flag=True, help="Replace existing files (never an input)."),
            option("-o", "--output", metavar="FILE|FOLDER/|TEMPLATE|-", help=what),
        ):
            command = decorator(command)
        return command

    return decorate


def jobs_option(command: F) -> F:
    """Give a command ``-j``."""
    return option(
        "-j",
        "--jobs",
        type=whole(1, 256),
        default=lambda: os.cpu_count() or 1,
        metavar="N",
        help="Files worked on at once. [default: the number of cores]",
    )(command)


def cluster_option(command: F) -> F:
    """Give a command ``--dask``."""
    return option(
        "--dask",
        "cluster",
        metavar="ADDRESS|local",
        help="Work on a Dask cluster that shares these files (pip install 'glimpse-crop[dask]').",
    )(command)


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--range``, ``--max-pixels`` and ``--page``; it receives them as ``decoding``."""

    @functools.wraps(command)
    def wrapped(**values: Any) -> Any:
        own = {name: values.pop(name) for name in _DECODING}
        return command(decoding=_decoding(own), **values)

    for decorator in (
        option("--page", type=whole(1, 10**6), metavar="N",
               help="Page or frame of IMAGE, from 1: of TIFF, GIF, WebP, APNG, MPO. [default: the first]"),
        option("--max-pixels", type=whole(1, 10**12), default=str(MAX_PIXELS), metavar="N",
               help=f"Most pixels of an image. [default: {MAX_PIXELS}]"),
        option("--range", "levels", type=Parsed("range", parse_levels), metavar="LO,HI",
               help="What black and white are in an image of floating-point numbers."),
    ):  # fmt: skip
        wrapped = decorator(wrapped)
    return wrapped


def _decoding(values: dict[str, Any]) -> DecodeOptions:
    from glimpse.io import DecodeOptions  # which imports NumPy

    return DecodeOptions(**{name: values[name] for name in _DECODING})
