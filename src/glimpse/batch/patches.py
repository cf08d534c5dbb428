"""Windows of images read into patches, each in a file of its own or all in one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from glimpse.batch.names import of_window, one_file, plan
from glimpse.batch.outcomes import Batch, Outcome, cut_note, is_there, of_item, share_in_words, source_name
from glimpse.batch.rows import Pictures, Row, Windows, checked_door, rows_of
from glimpse.batch.runner import Run, aside, outcomes
from glimpse.batch.sources import Block, Work, images_of
from glimpse.errors import GlimpseError, UsageError, prefixed
from glimpse.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.io import DecodeOptions, Picture
    from glimpse.io.encode import Quality
    from glimpse.window.span import Span

Outside = Literal["keep", "clip", "skip", "fail"]

_SHARPEST = 0.3  # sigma on a smaller level that is asked for though the window's own hides none of it
_LOT = 1 << 16  # samples of patches that are read before they are saved


def read(
    windows: Windows,
    output: str | None = None,
    run: Run | None = None,
    *,
    decoding: DecodeOptions | None = None,
    fast: bool = False,
    exact: bool = False,
    outside: Outside = "keep",
    manifest: str | None = None,
    protect: Sequence[str] = (),
    shard_size: int = 10_000,
) -> Batch:
    """Read many windows of many images into files, each image decoded once.

    Parameters
    ----------
    windows : iterable of (str, Window), str, or sequence of Row
        Names of images with a window each; the name of a table; the rows of `read_table`.
    output : str, optional
        What ``-o`` is on the command line: a file, a folder (``crops/``), a template
        (``crops/{stem}-{index:03d}.png``), or for all patches in one file ``patches.npz``.
    run : Run, optional
        Existing files, threads, a cluster.
    decoding : DecodeOptions, optional
        As for `glimpse.io.load_picture`.
    fast : bool
        Decode JPEG as small as the windows allow, which is within 3 levels of the exact patch.
    exact : bool
        Exact numbers in one file of all, instead of the levels of a PNG.
    outside : {"keep", "clip", "skip", "fail"}
        What becomes of a window that lies partly or wholly beyond its image: it repeats the edge, its box is
        cut to the image, it is left out, or it fails.
    manifest : str, optional
        A file beside the patches that lists them with their windows and the columns of their rows:
        ``crops/metadata.csv``, or ``.jsonl``.
    protect : sequence of str
        More files that no output may replace.
    shard_size : int
        Patches of one shard, where ``output`` is ``x-{shard:05d}.tar``.

    Returns
    -------
    Batch
        Yields an `Outcome` of each window, in their order image by image; the work goes on as it is asked.

    Raises
    ------
    UsageError
        If the whole makes no sense: nothing was done then.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from glimpse import Window
    >>> from glimpse.batch import read
    >>> folder = tempfile.mkdtemp()
    >>> Image.linear_gradient("L").save(f"{folder}/a.png")
    >>> windows = [(f"{folder}/a.png", Window(gx, 128, 2, 1, n=8)) for gx in (32, 128)]
    >>> for outcome in read([*windows, ("none.png", Window(5, 5, 1, 1))], f"{folder}/crops/"):
    ...     print(outcome.state, outcome.error or outcome.output.removeprefix(folder))
    written /crops/a-00000.png
    written /crops/a-00001.png
    failed none.png: no such file or directory
    """
    from glimpse import io
    from glimpse.io.stack import SUFFIXES

    output = checked_door(
        output, run=(run, Run), decoding=(decoding, io.DecodeOptions), manifest=(manifest, str)
    )
    run, decoding = run or Run(), decoding or io.DecodeOptions()
    rows, tabled = rows_of(windows)
    if run.cluster and "-" in (*([] if tabled else images_of(rows)), output):
        raise UsageError("a cluster reads and writes files, not '-'")
    protect = [getattr(rows, "name", ""), *protect]  # that of a table
    suffix, several = os.path.splitext(output or "")[1].lower(), tabled or len(rows) > 1
    stack = one_file(output) and (suffix == SUFFIXES[0] or (several and suffix in SUFFIXES))
    if exact and not stack:
        raise UsageError("--float is about a stack; give -o patches.npz")
    if output and output.lower().endswith((".tar", ".parquet")):
        from glimpse.batch.shards import read_shards

        if manifest:
            raise UsageError("--manifest lists files of patches; a shard has windows and columns within")
        return read_shards(
            rows, output, decoding, run, fast=fast, outside=outside, protect=protect, size=shard_size
        )
    if output and stack:
        from glimpse.batch.stacks import read_stack

        if run.part:
            raise UsageError(f"-o {output} is one file of all; with --part give a folder or a template")
        if manifest:
            raise UsageError("--manifest lists files of patches; a stack knows their windows itself")
        return read_stack(
            rows, output, decoding, run, fast=fast, exact=exact, outside=outside, protect=protect
        )
    decoding = decoding._replace(signals=manifest is None)  # which lists rows and columns
    rows, named = _named(rows, tabled, output, run, decoding, protect)
    work = Work(named, decoding, fast=fast, jobs=0 if run.cluster else run.jobs, part=run.part)
    job = partial(cut, run=run, outside=outside)
    found = outcomes(job, work, run, lambda block: block.source.name)
    if manifest:
        from glimpse.batch.manifests import listed

        found = listed(found, manifest, run, [*protect, *dict.fromkeys(images_of(rows))], decoding)
    return Batch(work.count, found)


def _named(
    rows: Sequence[Row],
    tabled: bool,
    output: str | None,
    run: Run,
    decoding: DecodeOptions,
    protect: Sequence[str],
) -> tuple[Sequence[Row], Sequence[Row]]:
    """Return the rows, and the rows with their outputs, of a table each made when its turn comes.

    All names are checked before any work.
    """
    from glimpse import io
    from glimpse.io.encode import FORMATS

    # the outputs of other parts may be there; one of this part is refused when its turn comes
    replaceable = run.overwrite or run.skip_existing or run.part is not None

    looked = partial(aside, io.shapes(decoding))

    def fields(row: Row) -> dict[str, Any]:
        shape, signal = looked((row.image, row.page))
        place = row.placement
        window = place.span(shape[1], native=True) if signal else place.window(shape, native=True)
        found = of_window(window)
        return found | (dict(zip(("row", "col"), row.tile, strict=True)) if row.tile else {})

    suffixes = tuple(FORMATS)
    if tabled:
        from glimpse.batch.tables.outputs import Outputs  # 5 ms that images alone need not pay

        outputs = Outputs(rows, output, default="{stem}-{index:05d}.png", suffixes=suffixes, of_window=fields)
        protect = [*protect, *filter(None, dict.fromkeys(images_of(rows)))]
        # what was made of an image that is gone is left; a part or a worker may not see what others see
        there = not (run.skip_existing or run.part or run.cluster)
        outputs.check(replaceable=replaceable, protect=protect, there=there)
        return rows, outputs
    if isinstance(rows, Pictures):
        trees, tiled, paged = [each.tree for each in rows.inputs], False, False
        pages = [decoding.page] * len(rows) if decoding.page else []
    else:
        trees, pages = [row.tree for row in rows], [row.page or decoding.page or 1 for row in rows]
        tiled, paged = any(row.tile for row in rows), any(row.page for row in rows)
    default = "{stem}-{row:03d}-{col:03d}.png" if tiled else "{stem}-patch.png"
    default = default.replace("{stem}", "{stem}-{page:03d}") if paged else default
    names = plan([*images_of(rows)], output, default=default, suffixes=suffixes,
                 overwrite=run.overwrite, skip_existing=replaceable, protect=protect,
                 quality=run.quality, trees=trees, pages=pages,
                 values=lambda index: fields(rows[index]))  # fmt: skip
    if isinstance(rows, Pictures):
        return rows, Pictures(rows.inputs, rows.placement, names)
    return rows, [replace(row, output=target) for row, target in zip(rows, names, strict=True)]


class Found(NamedTuple):
    """A row with its window and patch, or with the error that failed it."""

    row: Row
    window: Window | None = None
    patch: NDArray[Any] | None = None
    error: GlimpseError | None = None
    outside: float = 0.0  # the share of the window that lies beyond the image
    left: bool = False  # for that


def cut(block: Block, *, run: Run, outside: Outside = "keep") -> list[Outcome]:
    """Read and save the patches of a block; return what became of each."""
    rows, source = list(block.rows), block.source
    left = [run.skip_existing and is_there(source.path(row.output)) for row in rows]
    told, wanted = {}, []
    for row, there in zip(rows, left, strict=True):
        if row.fault and not there:
            told[id(row)] = Outcome(row.place, error=prefixed(row.place, row.fault), row=row)
        elif not there:
            wanted.append(row)
    try:
        for found in chain.from_iterable(_together(read_patches(block, wanted, outside))):
            row, error = found.row, found.error
            try:
                if not error:
                    with of_item():
                        told[id(row)] = _saved(found, block, run)
            except GlimpseError as fault:
                error = fault
            if error:
                told[id(row)] = Outcome(row.place, error=prefixed(row.place, error), row=row)
    finally:
        source.leave(len(rows))
    return [told.get(id(row)) or Outcome(row.place, row.output, left=True, row=row) for row in rows]


def _together(patches: Iterator[Found]) -> Iterator[list[Found]]:
    """Yield the patches in lots of about `_LOT` samples.

    One by one in turns, reading and encoding would drive each other out of the cache.
    """
    lot, samples = [], 0
    for found in patches:
        lot.append(found)
        samples += 0 if found.patch is None else found.patch.size
        if samples >= _LOT:
            yield lot
            lot, samples = [], 0
    yield lot


def _saved(found: Found, block: Block, run: Run) -> Outcome:
    """Save a patch that was read."""
    from glimpse import io

    row, source = found.row, block.source
    if found.left:
        return Outcome(row.place, row.output, left=True, outside=found.outside, row=row)
    if found.error or found.window is None or found.patch is None:
        raise found.error or GlimpseError("it was not read")
    picture = source.picture()
    record = io.Record(found.window, picture.shape, source_name(row.image), fast=picture.scale,
                       nearest=picture.labels, linear=source.linear)  # fmt: skip
    io.save_still(source.path(row.output), found.patch, picture, record, quality=run.quality,
                  overwrite=run.overwrite, sync=not source.many, again=source.stamp is not None)  # fmt: skip
    return outcome_of(found, found.window, picture, row.output, quality=run.quality)


def outcome_of(
    found: Found, window: Window, picture: Picture, output: str, kind: str = "", quality: Quality = None
) -> Outcome:
    """Return the outcome of a patch that was saved, as a file of that ending if not of the output's own."""
    from glimpse.io.encode import still_format

    still = still_format(kind or output)
    notes = [*picture.notes, *still.notes(picture)]
    if picture.signal:
        notes += [] if window.sees(picture.shape) else ["the window lies wholly beyond the signal"]
    else:
        notes += found.row.placement.notes(window, picture.shape)
    patch: Any = found.patch
    if not still.exact and (patch.min() < -0.5 or patch.max() > picture.white + 0.5):
        notes.append(cut_note(((patch < -0.5) | (patch > picture.white + 0.5)).mean()))
    notes += [f"decoded at 1/{picture.scale}"] if picture.scale > 1 else []
    placement = found.row.placement
    if placement.counts_pixels and placement.fit not in (None, "stretch"):
        notes.append("--fit goes with -n; without it the patch is the box's own pixels")
    if 0 < found.outside < 1:
        made_up = "the repeated edge" if window.edge == "extend" else "black"
        notes.append(f"{share_in_words(found.outside)} of the patch is {made_up}")
    made = f"{window.shape[0]} x {window.shape[1]} patch{still.remark(quality)}"
    told: Window | Span = window
    if picture.signal:
        made, told = f"{window.shape[1]} samples", window.spans[1]
    return Outcome(found.row.place, output, made, told, notes=notes, outside=found.outside, row=found.row)


def _placed(row: Row, picture: Picture, outside: Outside) -> Found:
    """A row with its window on a picture, or with the error that it has none; no patch is read yet."""
    shape = picture.shape
    try:
        if row.fault:
            raise row.fault
        if row.size:
            row.check_size(shape, turned=getattr(picture.pixels, "turned", False))
        if picture.signal:
            window = row.placement.span(shape[1], native=True).window
        else:
            window = row.placement.window(shape, native=True)
        top, bottom, left, right = window.box
        inside = max(0.0, min(bottom, shape[0]) - max(top, 0)) * max(0.0, min(right, shape[1]) - max(left, 0))
        share = 1 - inside / ((bottom - top) * (right - left))
        share = 0.0 if share < 1e-6 else share
        if share and outside == "fail":
            raise GlimpseError(f"{share_in_words(share)} of its window lies beyond the image")
        if share and outside == "clip" and row.placement.box:
            window, share = row.placement.clipped(shape).window(shape, native=True), 0.0
    except GlimpseError as error:
        return Found(row, error=error)
    return Found(row, window, outside=share, left=outside == "skip" and share > 0)


def patches_of(
    picture: Picture, windows: Iterable[Window], *, linear: bool = False
) -> Iterator[NDArray[Any]]:
    """Read windows of a picture into patches in its levels, which are labels, or means of light or levels."""
    from glimpse.attention import layer

    axis = picture.channel_axis
    if picture.labels:
        from glimpse.attention.labels import read_labels

        return (read_labels(picture.pixels, window, channel_axis=axis) for window in windows)
    if linear:
        from glimpse.io.light import lit

        light: Any = lit(picture).pixels  # which slices as an array does
        return map(light.levels, layer.read_many(light, windows, channel_axis=axis))
    return layer.read_many(picture.pixels, windows, channel_axis=axis)


def read_patches(block: Block, rows: Sequence[Row], outside: Outside = "keep") -> Iterator[Found]:
    """Read the patches of rows of a block, those of neighbouring rows together, or tell why not."""
    if all(row.fault for row in rows):
        yield from (Found(row, error=row.fault) for row in rows)
        return
    try:
        picture = block.source.picture()
    except GlimpseError as error:
        named = prefixed(block.source.name, error)
        yield from (
            Found(row, error=row.fault or (error if row.place == row.image else named)) for row in rows
        )
        return
    placed, done = [_placed(row, picture, outside) for row in rows], 0
    while done < len(placed):
        rest = placed[done:]
        windows = (found.window for found in rest if found.window and not found.left)
        if picture.scale > 1:  # on the pixels as they were decoded
            from glimpse.window.scaling import reduced

            windows = (reduced(window, picture.scale, _SHARPEST) for window in windows)
        patches = patches_of(picture, windows, linear=block.source.linear)
        for found in rest:
            done += 1
            try:
                with of_item(alone=len(rows) == 1):
                    patch = next(patches) if found.window and not found.left else None
            except GlimpseError as error:  # which ends the reading of all
                yield found._replace(error=error)
                break
            yield found._replace(patch=patch)
