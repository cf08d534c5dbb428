"""Windows drawn over their images, each drawing in a file: one window, a profile, a table, or a page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glimpse.batch.fixations import Stands, by_image, duration_column, fixations, noted
from glimpse.batch.names import plan
from glimpse.batch.outcomes import Batch, Outcome, is_left, source_name
from glimpse.batch.rows import Windows, rows_of
from glimpse.batch.runner import Run, outcomes
from glimpse.errors import GlimpseError, UsageError
from glimpse.limits import SHEET_WINDOWS
from glimpse.window import Window

if TYPE_CHECKING:
    from glimpse.batch.rows import Row
    from glimpse.io import DecodeOptions, Picture

PAGES = (".html", ".htm")


@dataclass(frozen=True)
class DrawOptions:
    """How windows are drawn.

    Parameters
    ----------
    profile : bool
        One row of pixels instead of the image, with filters over it, and resampled.
    """

    profile: bool = False


def show(
    windows: Windows,
    output: str | None = None,
    run: Run | None = None,
    *,
    draw: DrawOptions | None = None,
    decoding: DecodeOptions | None = None,
    protect: Sequence[str] = (),
) -> Batch:
    """Draw windows over their images: the one of an image with its patch, or all of them numbered.

    Parameters
    ----------
    windows : iterable of (str, Window), str, or sequence of Row
        Names of images with a window each; the name of a table; rows, one of an image or those of
        `read_table`.
    output : str, optional
        What ``-o`` is on the command line: a file, a folder or a template; ``.html`` is the page of a window.
    run : Run, optional
        What happens to existing files; how many images at once.
    draw : DrawOptions, optional
        How windows are drawn.
    decoding : DecodeOptions, optional
        As for `glimpse.io.load_picture`.
    protect : sequence of str
        More files that no output may replace.

    Returns
    -------
    Batch
        Yields an `Outcome` of each image, and one of each bad row.

    Raises
    ------
    UsageError
        If the whole makes no sense: nothing was done then.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from glimpse import Window
    >>> from glimpse.batch import show
    >>> folder = tempfile.mkdtemp()
    >>> Image.linear_gradient("L").save(f"{folder}/a.png")
    >>> for outcome in show([(f"{folder}/a.png", Window(32, 128, 2, n=8))], f"{folder}/look.png"):
    ...     print(outcome.state, outcome.made)
    written 8 x 8 window
    """
    from glimpse import io
    from glimpse.io.encode import DRAWINGS

    run, draw, decoding = run or Run(), draw or DrawOptions(), decoding or io.DecodeOptions()
    rows, _ = rows_of(windows)
    images, table = by_image(rows, output), getattr(rows, "name", "")
    many = bool(table) or len(rows) > len(images)
    if many and draw.profile:
        raise UsageError("--profile is of one window, --table of many; leave out one of them")
    endings = DRAWINGS if many or draw.profile else (*DRAWINGS, *PAGES)
    targets = plan(list(images), output, default="{stem}-show.png", suffixes=endings, overwrite=run.overwrite,
                   skip_existing=run.skip_existing, protect=[*filter(None, [*protect, table])],
                   quality=run.quality)  # fmt: skip
    durations = duration_column(rows)

    def job(item: tuple[str, str]) -> Outcome | list[Outcome]:
        name, target = item
        if is_left(target, skip_existing=run.skip_existing):
            return Outcome(name, target, left=True)
        if many:
            return _all(name, target, images[name], run, decoding, duration=durations)
        return _one(images[name][0], target, draw, run, decoding)

    items = list(zip(images, targets, strict=True))
    return Batch(len(images), outcomes(job, items, run, lambda item: item[0]))


def _one(row: Row, target: str, draw: DrawOptions, run: Run, decoding: DecodeOptions) -> Outcome:
    """Draw one window, its profile, or the page of it."""
    from glimpse import io
    from glimpse.attention.layer import read
    from glimpse.drawing import figure, profile, viewport
    from glimpse.io.encode import still_format

    picture = io.load_picture(row.image, decoding)
    window = row.placement.window(picture.shape)
    notes = [*picture.notes, *row.placement.notes(window, picture.shape)]
    if target.lower().endswith(PAGES):
        io.save_bytes(target, _page(row.image, picture, window, decoding), overwrite=run.overwrite)
        return Outcome(row.image, target, "page", window, notes=notes)
    if draw.profile:
        made, at = "profile", min(max(round(window.gx), 0), picture.pixels.shape[0] - 1)
        levels = picture.pixels[at : at + 1, 0 : picture.pixels.shape[1]]
        drawing = profile.profile(viewport.to_rgb(levels, picture.white)[0], window)
    else:
        made = f"{window.shape[0]} x {window.shape[1]} window"
        patch = read(picture.pixels, window, channel_axis=picture.channel_axis)
        image = viewport.thumbnail(picture.pixels, picture.white)
        drawing = figure.show(image, window, viewport.to_rgb(patch, picture.white), picture.shape)
    io.save_still(target, drawing, io.Picture(drawing), quality=run.quality, overwrite=run.overwrite)
    made += still_format(target).remark(run.quality)
    return Outcome(row.image, target, made, window, notes=notes)


def _all(
    name: str, target: str, rows: Sequence[Row], run: Run, decoding: DecodeOptions, *, duration: Stands | None
) -> list[Outcome]:
    """Draw all windows of an image on one sheet; tell of it, and of the rows that are no window."""
    from glimpse import io
    from glimpse.attention.layer import read
    from glimpse.drawing import sheet, viewport
    from glimpse.io.encode import still_format

    if len(rows) > SHEET_WINDOWS:
        raise GlimpseError(
            f"the table has {len(rows)} rows; one picture shows at most {SHEET_WINDOWS} windows"
        )
    picture = io.as_array(io.load_picture(name, decoding))
    found, faults = fixations(rows, picture.shape, duration=duration)
    windows = [fixation.window for fixation in found]
    patches = [read(picture.pixels, window, channel_axis=picture.channel_axis) for window in windows]
    image = viewport.thumbnail(picture.pixels, picture.white)
    drawing = sheet.show_all(
        image, windows, [viewport.to_rgb(patch, picture.white) for patch in patches], picture.shape
    )
    io.save_still(target, drawing, io.Picture(drawing), quality=run.quality, overwrite=run.overwrite)
    notes = [*picture.notes, *noted([fixation.notes for fixation in found], "window")]
    made = f"{len(windows)} windows{still_format(target).remark(run.quality)}"
    told = Outcome(name, target, made, windows[0], windows[-1], notes, count=len(windows))
    return [told, *(Outcome(name, error=fault) for fault in faults)]


def _page(name: str, picture: Picture, window: Window, decoding: DecodeOptions) -> bytes:
    """Return a page that begins with a window on an image."""
    from glimpse import explorer, io

    command = ["glimpse read", shell_word(name)]
    for field, value in decoding._asdict().items():
        if value != decoding._field_defaults[field]:
            option = "--range" if field == "levels" else "--" + field.replace("_", "-")
            command.append(f"{option} {','.join(map(repr, value)) if isinstance(value, tuple) else value}")
    notes = [*picture.notes]
    if picture.white > 255:
        notes.append("The picture is shown in 8 bits; the command keeps 16.")
    if picture.alpha:
        notes.append("Transparent pixels are shown on black; the command keeps their alpha.")
    record = io.Record(window, picture.shape, source_name(name)).to_dict()
    profile = picture.color.get("icc_profile")
    return explorer.page(explorer.Subject(record, " ".join(command), picture.pixels, picture.channel_axis,
                                          picture.white, profile, notes))  # fmt: skip


def shell_word(name: str) -> str:
    """Quote a file name for a shell, so that no name is an option or leaves its line.

    Examples
    --------
    >>> print(shell_word("it's.png"), shell_word("-o.png"), shell_word("two\\nlines.png"))
    'it'"'"'s.png' ./-o.png $'two\\nlines.png'
    """
    name = f"./{name}" if name.startswith("-") and name != "-" else name
    if name.isprintable():
        return shlex.quote(name)
    escapes = {"'": "\\'", "\\": "\\\\", "\n": "\\n"}
    words = [
        escapes.get(character, character)
        if character.isprintable() or character == "\n"
        else "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in name
    ]
    return f"$'{''.join(words)}'"
