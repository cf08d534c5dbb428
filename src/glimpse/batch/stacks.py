"""The work of ``glimpse read -o patches.npz``: the patches of all windows in one file."""

from __future__ import annotations

import functools
import re
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.batch.names import plan
from glimpse.batch.outcomes import Batch, Outcome, is_there, of_item
from glimpse.batch.patches import Found, Outside, outcome_of, read_patches
from glimpse.batch.rows import Row
from glimpse.batch.runner import Run, outcomes
from glimpse.batch.sources import Block, Work, images_of
from glimpse.batch.tables import Table
from glimpse.errors import GlimpseError, UsageError, prefixed
from glimpse.io.stack import SUFFIXES, Stack
from glimpse.limits import STACK_SAMPLES
from glimpse.window import EDGES, KERNELS, NUMBERS, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.io import DecodeOptions

_TAKEN = ("patches", "image", "kernel", "edge", "shape", "linear", *NUMBERS)  # which no column may take
_NAMES = {"kernel": KERNELS, "edge": EDGES}
_MOST = 50  # windows of one job


class Cut(NamedTuple):
    """A patch as it goes into the stack, and the outcome that tells of it."""

    row: Row
    window: Window
    shape: tuple[int, int]  # of the image
    levels: NDArray[Any]
    outcome: Outcome


class Columns:
    """The columns of a stack: the numbers of the windows of its patches, and the cells of their rows."""

    def __init__(self, rows: Sequence[Row], *, linear: bool) -> None:
        self._rows, self._linear = rows, linear
        self._numbers = {name: (array("d"), array("d")) for name in NUMBERS}
        self._sizes, self._kinds = array("q"), {"kernel": array("b"), "edge": array("b")}

    def keep(self, window: Window, shape: tuple[int, int]) -> None:
        """Note the window of a patch that came into the stack, on an image of this shape."""
        self._sizes.extend(shape)
        for name, kinds in self._kinds.items():
            kinds.append(_NAMES[name].index(getattr(window, name)))
        for name, pair in self._numbers.items():
            value = getattr(window, name)
            both = value if isinstance(value, tuple) else (value, value)
            for values, number in zip(pair, both, strict=True):
                values.append(number)

    def arrays(self, stack: Stack) -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield each array with its name, made when its turn comes."""
        import numpy as np

        order = stack.order()
        kept = np.asarray(stack.kept)[order]
        for name, pair in self._numbers.items():
            rows, cols = (np.asarray(values)[order] for values in pair)
            yield name, rows if (rows == cols).all() else np.stack([rows, cols], axis=1)
        for name, kinds in self._kinds.items():
            yield name, np.array(_NAMES[name])[np.asarray(kinds)[order]]
        if self._linear:  # of levels nothing is said
            yield "linear", np.ones(len(kept), bool)
        yield "shape", np.asarray(self._sizes).reshape(-1, 2)[order]
        yield "image", np.array([row.named or row.image for row in self._each(kept)], dtype=np.str_)
        if isinstance(self._rows, Table):
            for name in dict.fromkeys(self._rows.columns.header):
                if name and name not in _TAKEN and "/" not in name:
                    yield name, typed([row.cells.get(name, "") for row in self._each(kept)])

    def _each(self, kept: NDArray[Any]) -> Iterator[Row]:
        return (self._rows[int(index)] for index in kept)


def typed(cells: Sequence[str]) -> NDArray[Any]:
    """Return cells as whole numbers, else as numbers (NaN where empty), else as texts."""
    import numpy as np

    if cells and all(re.fullmatch(r"[+-]?\d{1,18}", cell, re.ASCII) for cell in cells):
        return np.array([int(cell) for cell in cells], np.int64)
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells], np.float64)
    except ValueError:
        return np.array(cells, dtype=np.str_)


def read_stack(
    rows: Sequence[Row],
    output: str,
    decoding: DecodeOptions,
    run: Run,
    *,
    fast: bool,
    exact: bool,
    outside: Outside,
    protect: Sequence[str],
) -> Batch:
    """Read the patches of rows into one file, in their order; failed rows are absent from it.

    As `glimpse.batch.read`; beside each row it tells of the file where it was left or could not be written.
    """
    columns = getattr(rows, "columns", None)
    if columns and "output" in columns.index:
        raise UsageError(f"-o {output} is one file, the table has a column output; leave out one")
    sources = [*filter(None, [*protect, *dict.fromkeys(images_of(rows))])]
    plan(sources[:1], output, default="", suffixes=SUFFIXES, overwrite=run.overwrite,
         skip_existing=run.skip_existing, protect=sources, quality=run.quality)  # fmt: skip
    if run.skip_existing and is_there(output):
        return Batch(0, iter([Outcome(output, output, left=True, count=0)]))
    work = Work(
        rows, decoding, fast=fast, jobs=0 if run.cluster else run.jobs, largest=_largest(rows, output)
    )
    job = functools.partial(_cut, output=output, exact=exact, outside=outside)
    return Batch(len(rows), _stacked(rows, output, job, work, run, linear=decoding.linear))


def _stacked(
    rows: Sequence[Row],
    output: str,
    job: Callable[[Block], Any],
    work: Collection[Block],
    run: Run,
    *,
    linear: bool,
) -> Iterator[Outcome]:
    columns = Columns(rows, linear=linear)
    with Stack(output, overwrite=run.overwrite) as stack:

        def add(block: Block, cuts: Sequence[Cut | Outcome]) -> list[Outcome]:
            return [_added(stack, columns, each) if isinstance(each, Cut) else each for each in cuts]

        yield from outcomes(job, work, run, lambda block: block.source.name, add)
        if stack.kept:
            try:
                stack.publish(columns.arrays(stack))
            except GlimpseError as error:
                yield Outcome(output, error=error, count=0)


def _largest(rows: Sequence[Row], output: str) -> int:
    """How many windows a job may hold in memory.

    Raises
    ------
    UsageError
        If boxes of several sizes have no n that they share.
    """
    sizes: dict[tuple[int, int] | None, None] = {}
    for row in rows:
        if row.placement.counts_pixels and not row.fault:
            sizes[row.placement.pixels()] = None
        elif not sizes:
            break
        if len(sizes) > 1 and None not in sizes:
            one, other = (f"{h} x {w}" for h, w in filter(None, sizes))
            raise UsageError(
                f"-o {output}: boxes of {one} and {other} pixels make no stack; give -n, as -n 64"
            )
    n = next(iter(sizes)) if sizes else (rows[0].placement.n if rows else None)
    if sizes and n is None:
        return 1  # which only its image can tell
    sides = (n, n) if isinstance(n, int) else n if isinstance(n, tuple) else (64, 64)
    return max(1, min(_MOST, STACK_SAMPLES // (sides[0] * sides[1])))


def _added(stack: Stack, columns: Columns, cut: Cut) -> Outcome:
    try:
        stack.add(cut.row.index, cut.levels)
    except GlimpseError as error:
        return Outcome(cut.row.place, error=prefixed(cut.row.place, error))
    columns.keep(cut.window, cut.shape)
    return cut.outcome


def _cut(block: Block, *, output: str, exact: bool, outside: Outside) -> list[Cut | Outcome]:
    """Read the patches of a block as they go into the stack."""
    cuts: list[Cut | Outcome] = []
    try:
        for found in read_patches(block, list(block.rows), outside):
            if found.left:
                cuts.append(Outcome(found.row.place, left=True, outside=found.outside))
                continue
            try:
                with of_item():
                    cuts.append(_levels(found, block, output=output, exact=exact))
            except GlimpseError as error:
                cuts.append(Outcome(found.row.place, error=prefixed(found.row.place, error)))
    finally:
        block.source.leave(len(block.rows))
    return cuts


def _levels(found: Found, block: Block, *, output: str, exact: bool) -> Cut:
    from glimpse.levels import to_levels, unpremultiply

    if found.error or found.patch is None or found.window is None:
        raise found.error or GlimpseError("it was not read")
    picture = block.source.picture()
    levels = unpremultiply(found.patch, picture.white) if picture.alpha else found.patch
    levels = levels if exact else to_levels(levels, picture.white)
    outcome = outcome_of(found, found.window, picture, output, ".npy" if exact else ".png")
    return Cut(found.row, found.window, picture.shape, levels, outcome)
