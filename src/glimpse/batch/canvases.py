"""Patches loaded from files, each with the window where it belongs, and restored on one canvas."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.batch.names import one_file, plan
from glimpse.batch.outcomes import FEW, Batch, Outcome, cut_note, is_there, of_item, source_name
from glimpse.batch.placements import Placement, resampled
from glimpse.batch.rows import Row, Windows, checked_door, rows_of
from glimpse.batch.runner import Run, outcomes
from glimpse.errors import GlimpseError, UsageError, about, counted, prefixed
from glimpse.validation import check_pixels, checked_choice, checked_one, checked_shape, told
from glimpse.window import METHODS, Blend, Method, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.attention.blending import Layer
    from glimpse.io import DecodeOptions, Picture, Record
    from glimpse.io.compositing import Ground
    from glimpse.io.npy import PatchStack
    from glimpse.io.shards import Shard


@dataclass(frozen=True)
class CanvasOptions:
    """The settings of a canvas: what patches are written onto, and how.

    Parameters
    ----------
    canvas : (int, int), str or None
        Rows and columns, or the name of an image of that size; else that of the patch's source.
    onto : str or None
        The picture below.
    blend : str or None
        As for `glimpse.restore_many`; None: refine, or with a gain add.
    method, gain
        As for `glimpse.restore_many`.
    tolerance : float or None
        Levels by which a sample may be off and still count as untouched, where a picture is refined; None:
        half a level, three where the patch is a lossy file or its picture was decoded with `fast`.

    locate : bool
        Whether patches are looked for on the picture below, from the place of their `like` if they have one.
    linear : bool
        Whether light is filtered back also of patches that were read of levels, or do not tell.

    Raises
    ------
    UsageError
        If they exclude each other.
    """

    canvas: str | tuple[int, int] | None = None
    onto: str | None = None
    blend: Blend | None = None
    method: Method = METHODS[0]
    gain: float | None = None
    tolerance: float | None = None
    locate: bool = False
    linear: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.onto, str | None):
            raise UsageError(f"onto is the name of a picture, got {told(self.onto)}")
        checked_choice("method", self.method, METHODS)
        for name in ("gain", "tolerance"):
            if getattr(self, name) is not None:
                checked_one(name, getattr(self, name), positive=False)
        if self.canvas and self.onto:
            raise UsageError("--onto has a size of its own; leave out --canvas")
        if self.locate and not self.onto:
            raise UsageError("--locate looks for the patch on the picture of --onto; give that")
        if self.blend not in (None, "add") and self.gain is not None:
            raise UsageError(f"--gain is of bare canvases, which add up; leave out --blend {self.blend}")
        if self.tolerance is not None and not self.retouches:
            raise UsageError(
                "--tolerance says what of an edited patch is untouched; give --onto, its picture"
            )

    @property
    def blended(self) -> Blend:
        """How patches share a canvas."""
        return self.blend or ("refine" if self.gain is None else "add")

    @property
    def retouches(self) -> bool:
        """Whether edits are put back on a picture."""
        return self.onto is not None and self.blended == "refine"

    def filters_light(self, record: Record | None) -> bool:
        """Tell whether a patch of this record is filtered back as light."""
        return self.linear or (record is not None and record.linear)


def write(
    patches: Windows | Sequence[str],
    output: str | None = None,
    run: Run | None = None,
    *,
    options: CanvasOptions | None = None,
    decoding: DecodeOptions | None = None,
    one: str = "",
    protect: Sequence[str] = (),
) -> Batch:
    """Write many patches onto canvases: all on one where the output is a file, else each on its own.

    Parameters
    ----------
    patches : sequence of str, iterable of (str, Window), str, or sequence of Row
        Names of patches, which remember their windows, or with a window each; the name of a table; rows.
    output : str, optional
        What ``-o`` is on the command line: a file, a folder, or a template.
    run : Run, optional
        What happens to existing files.
    options : CanvasOptions, optional
        What they are written onto, and how.
    one : str
        The one input, such as a table, that names the canvas where `output` does not.
    decoding, protect
        As for `glimpse.batch.read`.

    Returns
    -------
    Batch
        Yields an `Outcome` of each patch.

    Raises
    ------
    UsageError
        If the whole makes no sense: nothing was done then.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from glimpse import Window
    >>> from glimpse.batch import CanvasOptions, read, write
    >>> folder = tempfile.mkdtemp()
    >>> Image.linear_gradient("L").save(f"{folder}/a.png")
    >>> _ = list(read([(f"{folder}/a.png", Window(128, 128, 2, 1, n=8))], f"{folder}/patch.png"))
    >>> onto = CanvasOptions(onto=f"{folder}/a.png")
    >>> for outcome in write([f"{folder}/patch.png"], f"{folder}/same.png", options=onto):
    ...     print(outcome.state, *outcome.notes)
    written nothing was touched
    """
    from glimpse import io
    from glimpse.io.encode import FORMATS

    output = checked_door(
        output, run=(run, Run), options=(options, CanvasOptions), decoding=(decoding, io.DecodeOptions)
    )
    run, decoding = run or Run(), decoding or io.DecodeOptions()
    options = options or CanvasOptions()
    if (
        isinstance(patches, Sequence)
        and patches
        and isinstance(patches[0], str)
        and not isinstance(patches, str)
    ):
        rows: Sequence[Row] = [Row(str(name), str(name), Placement()) for name in patches]
    else:
        rows, tabled = rows_of(patches)  # type: ignore[arg-type]
        one = one or (getattr(rows, "name", "") if tabled else "")
    one = one or (rows[0].image if len(rows) == 1 else "")
    if isinstance(options.canvas, tuple):
        checked_shape(options.canvas, decoding.max_pixels)
    if output is None and not one:
        raise UsageError(
            f"{len(rows)} patches need -o: a file (all.png) for one canvas, a folder (out/) for one of each"
        )
    inputs = [row.image for row in rows]
    together = (len(rows) > 1 and one_file(output)) or (bool(one) and output is None)
    names = plan(
        [one or inputs[0]] if together else inputs,
        output,
        default="{stem}-canvas.png",
        suffixes=tuple(FORMATS),
        overwrite=run.overwrite,
        skip_existing=run.skip_existing,
        quality=run.quality,
        protect=[
            name for name in (one, *inputs, options.canvas, options.onto, *protect) if isinstance(name, str)
        ],
    )
    work = list(zip([rows] if together else [[row] for row in rows], names, strict=True))
    job = partial(write_canvas, options=options, run=run, decoding=decoding)
    return Batch(len(rows), outcomes(job, work, run, lambda item: ""))


@dataclass(slots=True)
class StackRow(Row):
    """A patch of a stack."""

    stack: PatchStack | Shard | None = None


def stack_rows(name: str, window: Placement, decoding: DecodeOptions) -> list[Row]:
    """Return the patches of a stack, whose own windows `window` changes; of a bad file its fault."""
    from glimpse.io.npy import load_stack

    stem = os.path.splitext(os.path.basename(name))[0]
    try:
        stack: PatchStack | Shard
        if name.lower().endswith(".tar"):
            from glimpse.io.shards import Shard

            stack = Shard(name, decoding)
        else:
            stack = load_stack(name, decoding)
    except GlimpseError as error:
        return [Row(name, name, window, fault=error)]
    return [
        StackRow(f"{name}[{index}]", f"{stem}-{index:05d}", window, index=index, stack=stack)
        for index in range(len(stack))
    ]


class Piece(NamedTuple):
    """A patch and where it belongs."""

    place: str  # the name in its lines
    picture: Picture
    window: Window
    source: str
    known: bool  # whether the patch itself tells its source
    alone: bool  # whether its fault costs only itself, as that of a row of a table
    notes: Sequence[str]  # on its window
    tolerance: Any  # in levels, one number or, shape (N, M, 1), one of each sample
    linear: bool = False  # whether it was read of light
    before: Picture | None = None  # the crop that it was before its edit, if that was saved with a loss
    located: bool = False  # whether its place was found on the picture below


def load_pieces(
    rows: Sequence[Row],
    shape: tuple[int, int] | None,
    options: CanvasOptions,
    decoding: DecodeOptions,
    base: Picture | None = None,
) -> tuple[list[Piece], tuple[int, int] | None, list[GlimpseError]]:
    """Load the patches of one canvas.

    A row of a table that cannot be used costs only itself; a file of the command line ends the work.

    Parameters
    ----------
    rows : sequence of Row
        The patches.
    shape : (int, int) or None
        Rows and columns of the canvas, where a picture below says so.
    options, decoding
        As for `write`.
    base : Picture or None
        The picture below.

    Returns
    -------
    list of Piece, (int, int) or None, list of GlimpseError
        The patches, the shape of their canvas, and the faults of rows.
    """
    pieces: list[Piece] = []
    faults: list[GlimpseError] = []
    own, told = shape, options.canvas is not None or shape is not None
    for row in rows:
        try:
            with of_item(alone=len(rows) == 1):
                if base and options.locate:
                    piece, size = _located(row, base, options, decoding), base.shape
                else:
                    piece, size = _loaded(row, own if told else None, options, decoding)
                if own and size != own:
                    ours, theirs = (f"{down} x {across}" for down, across in (own, size))
                    raise GlimpseError(
                        f"canvases of {ours} and {theirs} do not go together; give one --canvas"
                    )
        except GlimpseError as error:
            if row.place == row.image:
                raise prefixed(row.place, error) from error
            faults.append(prefixed(row.place, error))
        else:
            own = size
            pieces.append(piece)
    return pieces, own, faults


def _loaded(
    row: Row, shape: tuple[int, int] | None, options: CanvasOptions, decoding: DecodeOptions
) -> tuple[Piece, tuple[int, int]]:
    """A patch with its window, and the shape of its canvas."""
    from glimpse.batch.retouching import LOSSY, TOLERANCE

    if row.fault:
        raise row.fault
    try:
        patch, found, lossy = _load_patch(row, shape, options, decoding)
    except GlimpseError as error:
        alone = row.place == row.image or isinstance(row, StackRow)
        raise error if alone else prefixed(row.image, error) from error
    placement, notes = row.placement, list[str]()
    here = bool(placement.typed & {"gx", "gy", "delta", "slice", "box"}) or placement.gx is not None
    like = placement.like
    if not (found or like or here) and (options.canvas or options.onto):
        raise GlimpseError(
            "no record of its window; give --like the crop that it was, its window, or --locate"
        )
    shape = shape or _canvas_shape(options, like or found, decoding)
    if options.canvas is None and options.onto is None:
        channels = patch.pixels.shape[2] if patch.pixels.ndim == 3 else 1  # a few bytes may ask for much work
        asked = f"a canvas of {channels} channels that its record asks for"
        check_pixels(*shape, decoding.max_pixels, channels, asked)
    enlarged = False
    if like and "n" not in placement.typed and patch.shape != like.window.shape:
        patch, placement, note = _of_another_size(patch, like, placement, options)
        enlarged = placement.like is like
        notes.append(note)
    if found and options.onto and found.shape != shape and not (like or here):
        ours, theirs = (f"{rows} x {cols}" for rows, cols in (found.shape, shape))
        known = f"its source was {ours}, {os.path.basename(options.onto)} is {theirs}"
        if options.retouches:
            raise GlimpseError(f"{known}; give its window on that one, such as --box, or --locate")
        notes.append(f"{known}: it lies at the same pixels")
    source = found.source if found else source_name(row.image)
    window, own = _window_of(placement, found, patch, shape)
    tolerance = options.tolerance
    if tolerance is None:
        tolerance = LOSSY if lossy or enlarged else TOLERANCE
    notes = [*own, *notes]
    alone = row.place != row.image
    linear = options.filters_light(like or found)
    if options.linear and patch.labels:
        raise GlimpseError("it is of labels, which are no light; leave out --linear")
    before = _before(row, patch, decoding) if options.retouches else None
    if lossy and options.retouches and before is None and options.tolerance is None:
        notes.append(
            f"saved with a loss: what is off by over {LOSSY:g} levels counts as edited (--tolerance)"
        )
    piece = Piece(
        row.place, patch, window, source, found is not None, alone, notes, tolerance, linear, before
    )
    return piece, shape


def _window_of(
    placement: Placement, found: Record | None, patch: Picture, shape: tuple[int, int]
) -> tuple[Window, list[str]]:
    """The window of a patch on its canvas, and notes on it."""
    placed = placement.of_patch(found, patch.shape)
    window = placed.window(shape)
    if found is None and placement.counts_pixels:
        top, bottom, left, right = window.box
        if patch.shape == (round(bottom - top), round(right - left)):
            window = placement.window(shape, native=True)  # the pixels of the box, as `read` gives them
    return window, placed.notes(window, shape)


def _of_another_size(
    patch: Picture, like: Record, placement: Placement, options: CanvasOptions
) -> tuple[Picture, Placement, str]:
    """A patch and its window in as many samples, where the crop of ``--like`` has others; and a note."""
    from glimpse.batch.retouching import made_small

    ours, theirs = (f"{rows} x {cols}" for rows, cols in (like.window.shape, patch.shape))
    if options.retouches and not patch.exact and (small := made_small(patch, like.window.shape)):
        return small, placement, f"its {theirs} samples say no more than {ours} would"
    window = resampled(like.window, patch.shape)
    placement = placement._replace(like=replace(like, window=window))
    return patch, placement, f"the {ours} samples of its window as {theirs}"


def _located(row: Row, base: Picture, options: CanvasOptions, decoding: DecodeOptions) -> Piece:
    """A patch with the window where it is found on the picture below."""
    import numpy as np

    from glimpse.batch.locating import compared, located
    from glimpse.batch.retouching import TOLERANCE

    if row.fault:
        raise row.fault
    patch, own, _ = _load_patch(row, base.shape, options, decoding)
    like, placement = row.placement.like, row.placement
    record = like or own
    start = resampled(like.window, patch.shape) if like else None
    found = located(base, patch, start=start, kernel=placement.kernel, search=True)
    linear, tolerance = options.filters_light(record), options.tolerance
    beside = compared(base, patch, found, linear=linear)
    limits = np.where(beside.painted()[..., None], TOLERANCE, np.inf) if tolerance is None else tolerance
    window, alone = replace(found.window, gamma=1.0), row.place != row.image
    source = source_name(row.image)
    return Piece(row.place, patch, window, source, False, alone, beside.notes(), limits, linear,
                 located=True)  # fmt: skip


def _load_patch(
    row: Row, shape: tuple[int, int] | None, options: CanvasOptions, decoding: DecodeOptions
) -> tuple[Picture, Record | None, bool]:
    """A patch, its record, and whether it was saved with a loss, or read of a picture decoded small."""
    from glimpse import io

    if isinstance(row, StackRow) and row.stack:
        size = shape or (_canvas_shape(options, None, decoding) if options.canvas else None)
        found: Record | None = row.stack.record(row.index, size)
        return row.stack.picture(row.index), found, bool(found and found.fast > 1)
    if options.onto is not None or isinstance(options.canvas, str):
        decoding = decoding._replace(page=None)  # which is that of the picture below
    patch = io.load_picture(row.image, decoding)
    if row.placement.like:
        return patch, None, patch.lossy or row.placement.like.fast > 1
    try:
        found = io.picture_record(patch, decoding)
    except GlimpseError as error:
        raise GlimpseError(f"{error}; give --like the crop that it was") from error
    if found and not found.is_patch:
        raise GlimpseError("not a patch: its record is of a canvas or an animation")
    if found and found.nearest:
        patch = io.load_picture(row.image, decoding._replace(labels=True))
    return patch, found, patch.lossy or bool(found and found.fast > 1)


def _before(row: Row, patch: Picture, decoding: DecodeOptions) -> Picture | None:
    """The crop of ``--like``, where a patch is its edit and it was saved with a loss."""
    from glimpse import io

    name = row.placement.like_name
    if not name or name == "-":
        return None
    try:
        crop = io.load_picture(name, decoding._replace(page=None))
    except GlimpseError:  # a record alone
        return None
    return crop if crop.lossy and crop.shape == patch.shape else None


def _canvas_shape(options: CanvasOptions, record: Record | None, decoding: DecodeOptions) -> tuple[int, int]:
    from glimpse import io

    canvas = options.canvas
    if isinstance(canvas, str):
        try:
            return io.load_picture(canvas, decoding).shape
        except GlimpseError as error:
            raise GlimpseError(f"--canvas {canvas}: {error}; write ROWS,COLS or name an image") from error
    if canvas:
        return canvas
    if record is None:
        raise GlimpseError("not made by glimpse read; give --canvas ROWS,COLS (or an image), and its window")
    return checked_shape(record.shape, decoding.max_pixels)


def write_canvas(
    item: tuple[Sequence[Row], str], *, options: CanvasOptions, run: Run, decoding: DecodeOptions
) -> list[Outcome]:
    """Write patches onto one canvas, save it, and tell of each. Errors name the patch."""
    from glimpse import io
    from glimpse.io.compositing import Ground, Kind

    rows, output = item
    if run.skip_existing and is_there(output):
        return [Outcome(output, output, left=True)]
    base = None
    if options.onto is not None:
        with about(f"--onto {options.onto}"):
            base = io.load_picture(options.onto, decoding)
    pieces, shape, faults = load_pieces(rows, base.shape if base else None, options, decoding, base)
    if pieces and shape is not None:
        with about(output if len(pieces) > 1 else pieces[0].place):
            strips: Iterator[NDArray[Any]] | None
            linear = any(piece.linear for piece in pieces)
            if all(piece.picture.labels for piece in pieces):
                if base and options.onto:
                    base = io.load_picture(options.onto, decoding._replace(labels=True))
                like, strips, notes = _labelled(pieces, shape, base)
            elif base and options.retouches:
                pieces, like, strips, notes = _retouched(pieces, base, output, faults)
            else:
                if linear:
                    from glimpse.io.light import lit

                    pieces = [piece._replace(picture=lit(piece.picture)) for piece in pieces]
                    base = lit(base) if base else None
                pictures = [piece.picture for piece in pieces]
                kind = Kind.of([*pictures, *([base] if base else [])], base or pictures[0])
                ground = Ground(replace(kind, alpha=any(picture.alpha for picture in pictures)), base)
                pieces, layers = _layers(pieces, ground, shape, options, faults)
                like, notes = ground.like, list[str]()
                strips = (
                    _strips(layers, ground, shape, output, options, notes, linear=linear) if layers else None
                )
        if pieces and strips is not None:
            with about(output if len(pieces) > 1 else pieces[0].place):
                windows = tuple(piece.window for piece in pieces)
                labels = all(piece.picture.labels for piece in pieces)
                record = io.Record(windows[0], shape, pieces[0].source, method=options.method, nearest=labels,
                                   linear=linear, windows=windows if len(windows) > 1 else ())  # fmt: skip
                io.save_strips(
                    output, strips, shape, like, record, quality=run.quality, overwrite=run.overwrite
                )
            told = _told(pieces, like, record, output, notes, run)
            return [*(Outcome(output, error=fault) for fault in faults), *told]
    return [Outcome(output, error=fault) for fault in faults]


def _labelled(
    pieces: Sequence[Piece], shape: tuple[int, int], base: Picture | None
) -> tuple[Picture, Iterator[NDArray[Any]], list[str]]:
    """A canvas of labels, the coarser windows below, and the picture whose levels and palette it has."""
    import numpy as np

    from glimpse.attention.labels import write_labels

    like = base or pieces[0].picture
    first = np.asarray(pieces[0].picture.pixels)
    canvas = np.asarray(base.pixels) if base else np.zeros((*shape, *first.shape[2:]), first.dtype)
    for piece in sorted(pieces, key=lambda piece: -max(piece.window.strides)):
        labels = np.asarray(piece.picture.pixels)
        if labels.shape[2:] != canvas.shape[2:] or labels.dtype != canvas.dtype:
            raise GlimpseError("labels of several kinds do not go on one canvas")
        canvas = write_labels(labels, piece.window, canvas, channel_axis=2 if labels.ndim == 3 else None)
    return replace(like, labels=True), iter([canvas]), []


def _retouched(
    pieces: list[Piece], base: Picture, output: str, faults: list[GlimpseError]
) -> tuple[list[Piece], Picture, Iterator[NDArray[Any]] | None, list[str]]:
    """The pieces whose edits were put back, each with a note on its share; the picture, its rows; notes."""
    from glimpse.batch.retouching import retouched
    from glimpse.io.encode import still_format

    failed = set()

    def fault(number: int, error: GlimpseError) -> None:
        named = prefixed(pieces[number].place, error)
        if not pieces[number].alone:
            raise named if len(pieces) > 1 else error
        faults.append(named)
        failed.add(number)

    patches = [(p.picture, p.window, p.tolerance, p.linear, p.before) for p in pieces]
    found = retouched(base, patches, fault)
    kept = []
    for number, (piece, share) in enumerate(zip(pieces, found.shares, strict=True)):
        if number not in failed:
            kept.append(piece._replace(notes=[*piece.notes, touched_note(share, sure=piece.located)]))
    changed = sum(share > 0 for share in found.shares)
    notes = [f"{changed} of them changed" if changed else touched_note(0)] if len(kept) > FEW else []
    return kept, found.like, found.strips(exact=still_format(output).exact) if kept else None, notes


def touched_note(share: float, *, sure: bool = False) -> str:
    """Return a note on the share of a patch that was touched, in a picture that it is surely of or may be."""
    if share == 0:
        return "nothing was touched"
    if share > 0.995:
        return "all of it differs" + ("" if sure else ": another picture?")
    return f"{100 * share:.2g} % of the patch changed"


def _layers(
    pieces: Sequence[Piece],
    ground: Ground,
    shape: tuple[int, int],
    options: CanvasOptions,
    faults: list[GlimpseError],
) -> tuple[list[Piece], list[Layer]]:
    """The pieces that can be laid on the canvas, each with its layer; the faults of others are added."""
    from glimpse.attention import blending

    kept, layers = [], []
    for piece in pieces:
        try:
            with about(piece.place):
                samples = ground.patches.pixels(piece.picture)
                axis = 2 if samples.ndim == 3 else None
                layers.append(blending.layer(samples, piece.window, shape, gain=options.gain,
                                             method=options.method, channel_axis=axis))  # fmt: skip
        except GlimpseError as error:
            if not piece.alone:
                raise
            faults.append(error)
        else:
            kept.append(piece)
    return kept, layers


def _strips(
    layers: Sequence[Layer],
    ground: Ground,
    shape: tuple[int, int],
    output: str,
    options: CanvasOptions,
    notes: list[str],
    *,
    linear: bool,
) -> Iterator[NDArray[Any]]:
    """The rows of the canvas from the top, in the levels of the file; at the end a note on levels cut."""
    from glimpse.attention import blending
    from glimpse.io.encode import still_format
    from glimpse.io.light import lit
    from glimpse.levels import to_levels, unpremultiply

    like, exact = ground.like, still_format(output).exact
    white, cut, total = like.white, 0, 0
    light: Any = lit(like).pixels if linear else None
    for strip in blending.strips(layers, shape, options.blended):
        part = ground.under(strip.light, strip.opacity, strip.rows)
        part = light.levels(part) if light else part
        part = unpremultiply(part, white) if like.alpha else part
        total += part.size
        if exact:
            yield part
        else:
            cut += int(((part < -0.5) | (part > white + 0.5)).sum())
            yield to_levels(part, white)
    notes += [cut_note(cut / total)] if cut else []


def _told(
    pieces: Sequence[Piece], like: Picture, record: Record, output: str, rest: Sequence[str], run: Run
) -> list[Outcome]:
    """An outcome for each patch, the last one with the notes on the canvas; of many one for all."""
    from glimpse.io.encode import still_format

    form, shape = still_format(output), record.shape
    pictures = [like, *(piece.picture for piece in pieces)]
    notes = [*dict.fromkeys(note for picture in pictures for note in picture.notes)]
    notes += form.notes(like, record)
    images = {piece.source for piece in pieces if piece.known}
    notes += [*([f"of {len(images)} images"] if len(images) > 1 else []), *rest]
    made = f"{shape[0]} x {shape[1]} canvas{form.remark(run.quality)}"
    if len(pieces) > FEW:
        unseen = sum(not piece.window.sees(shape) for piece in pieces)
        lie = "lies" if unseen == 1 else "lie"
        told = f"{counted(unseen, 'window')} {lie} wholly beyond the image"
        notes = [told, *notes] if unseen else notes
        return [Outcome(f"{len(pieces)} patches", output, made, notes=notes, count=len(pieces))]
    last = pieces[-1]._replace(notes=[*pieces[-1].notes, *notes])
    return [
        Outcome(piece.place, output, made, piece.window, notes=piece.notes) for piece in [*pieces[:-1], last]
    ]
