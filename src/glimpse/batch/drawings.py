"""Windows drawn over their images, each drawing in a file: one window, a profile, a table, or a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.batch.fixations import Stands, duration_column, fixations
from glimpse.batch.names import one_file, plan
from glimpse.batch.outcomes import Batch, Outcome, is_there, noted
from glimpse.batch.pages import PAGES, save_page, save_table_page
from glimpse.batch.placements import Placement, parse_n, position, positive
from glimpse.batch.rows import Windows, by_image, checked_door, rows_of
from glimpse.batch.runner import Run, outcomes
from glimpse.errors import GlimpseError, UsageError, counted
from glimpse.limits import SHEET_WINDOWS
from glimpse.window import EDGES, KERNELS, Window

if TYPE_CHECKING:
    from glimpse.batch.rows import Row
    from glimpse.drawing.viewport import Levels
    from glimpse.io import DecodeOptions, Picture

PROFILES = ("row", "column")


class Compared(NamedTuple):
    """A setting of a window that takes several values: its name, and each value with the word for it."""

    name: str
    values: tuple[Any, ...]
    words: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """The words above each picture."""
        return [f"{self.name} {word}" for word in self.words]


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise GlimpseError(f"{text!r} is not {' or '.join(choices)}")
        return text

    return parse


_COMPARED: dict[str, Callable[[str], Any]] = {
    **{name: position(name) for name in ("gx", "gy")},
    **{name: positive(name) for name in ("delta", "sigma", "gamma")},
    "n": parse_n,
    "kernel": _one_of(KERNELS),
    "edge": _one_of(EDGES),
}
_ALSO = {"row": "gx", "col": "gy"}


def parse_compared(text: str) -> Compared:
    """Parse a setting and its values, such as ``sigma=1,2,4,8``.

    Raises
    ------
    GlimpseError
        If it is no such text, or a value is none of the setting.

    Examples
    --------
    >>> parse_compared("sigma=1,2.5").values
    (1.0, 2.5)
    """
    name, equals, rest = text.partition("=")
    name = _ALSO.get(name.strip(), name.strip())
    words = tuple(word.strip() for word in rest.split(","))
    if not equals or name not in _COMPARED:
        raise GlimpseError(f"{text!r} is no setting with its values, such as sigma=1,2,4,8; one of "
                           f"{', '.join(_COMPARED)}")  # fmt: skip
    if len(words) < 2:
        raise GlimpseError(f"{text!r} has one value; give two or more, such as sigma=1,2,4,8")
    return Compared(name, tuple(map(_COMPARED[name], words)), words)


@dataclass(frozen=True)
class DrawOptions:
    """How windows are drawn.

    Parameters
    ----------
    profile : {None, "row", "column"}
        One row or column of pixels instead of the image, with filters over it, and resampled.
    compare : sequence of Compared
        One setting whose values are drawn side by side, or two: the first one down, the other across.
    heat : bool
        How long each part of the image was looked at, instead of windows and patches.
    theme : {"dark", "light"}
        The colours beside the image.
    width : int or None
        Pixels that a drawing is wide; None: as many as suit it.
    """

    profile: str | None = None
    compare: Sequence[Compared] = ()
    heat: bool = False
    theme: str = "dark"
    width: int | None = None

    @property
    def look(self) -> dict[str, Any]:
        """The theme and the width, as drawings take them."""
        from glimpse.drawing.viewport import theme_of

        return {"theme": theme_of(self.theme), "width": self.width}

    def check(self, *, many: bool) -> None:
        """Raise a `UsageError` where options exclude each other."""
        if self.profile not in (None, *PROFILES):
            raise UsageError(f"--profile is of a {' or a '.join(PROFILES)}, got {self.profile!r}")
        if self.profile and self.compare:
            raise UsageError("--profile and --compare are two drawings; leave out one of them")
        if many and (self.profile or self.compare):
            name = "--profile" if self.profile else "--compare"
            raise UsageError(f"{name} is of one window, --table of many; leave out one of them")
        if self.heat and not many:
            raise UsageError("--heat is of many windows; give a --table of them")
        names = [each.name for each in self.compare]
        if len(names) > 2 or len(set(names)) < len(names):
            raise UsageError("--compare is given once, or twice with two settings: one down, one across")


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
    decoding, protect
        As for `glimpse.batch.read`.

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

    output = checked_door(
        output, run=(run, Run), draw=(draw, DrawOptions), decoding=(decoding, io.DecodeOptions)
    )
    run, draw, decoding = run or Run(), draw or DrawOptions(), decoding or io.DecodeOptions()
    rows, _ = rows_of(windows)
    table, page = getattr(rows, "name", ""), bool(output) and str(output).lower().endswith(PAGES)
    together = page and one_file(output or "")  # the page of a table holds all its images
    images = by_image(rows, "all/" if together else output)
    many = bool(table) or len(rows) > len(images)
    draw.check(many=many)
    if decoding.linear and (page or draw.profile or draw.heat):
        name = f"-o {output}" if page else "--profile" if draw.profile else "--heat"
        raise UsageError(f"{name} shows levels; leave out --linear")
    endings = (*DRAWINGS, *PAGES) if replace(draw, theme="dark", width=None) == DrawOptions() else DRAWINGS
    protect = [*filter(None, [*protect, table])]
    names = list(images)
    targets = plan(names[:1] if together else names, output, default="{stem}-show.png", suffixes=endings,
                   overwrite=run.overwrite, skip_existing=run.skip_existing, protect=[*protect, *names],
                   quality=run.quality)  # fmt: skip
    durations = duration_column(rows)

    def job(item: tuple[str, str]) -> Outcome | list[Outcome]:
        name, target = item
        if run.skip_existing and is_there(target):
            return Outcome(name, target, left=True)
        if many and page:
            return save_table_page(images if together else {name: images[name]}, target, rows, run, decoding)
        if many:
            return _all(name, target, images[name], draw, run, decoding, duration=durations)
        return _one(images[name][0], target, draw, run, decoding)

    items = list(zip(images, targets, strict=False))  # of a page together there is one
    return Batch(len(items), outcomes(job, items, run, lambda item: item[0]))


def _one(row: Row, target: str, draw: DrawOptions, run: Run, decoding: DecodeOptions) -> Outcome:
    """Draw one window, its profile, others to compare it with, or the page of it."""
    from glimpse import io
    from glimpse.batch.patches import patches_of
    from glimpse.drawing import figure, profile, sheet, viewport
    from glimpse.io.encode import still_format

    picture = io.load_picture(row.image, decoding._replace(signals=draw.profile is not None))
    if picture.signal:
        return _signal(row, picture, target, draw, run)
    window = row.placement.window(picture.shape)
    notes = [*picture.notes, *row.placement.notes(window, picture.shape)]
    if target.lower().endswith(PAGES):
        save_page(row.image, picture, window, target, run, decoding)
        return Outcome(row.image, target, "page", window, notes=notes)

    def patch_of(window: Window) -> Levels:
        (patch,) = patches_of(picture, [window], linear=decoding.linear)
        return viewport.to_rgb(patch, picture.white)

    if draw.profile:
        made, axis = "profile", PROFILES[::-1].index(draw.profile)
        line = line_under(picture.pixels, window, axis)
        drawing = profile.profile(viewport.to_rgb(line, picture.white)[0], window, axis, **draw.look)
    elif draw.compare:
        first, *rest = draw.compare
        placed = [_with(row.placement, first, value) for value in first.values]
        down = [[_with(one, other, value) for value in other.values] for one in placed for other in rest]
        windows = [[one.window(picture.shape) for one in line] for line in (down or [placed])]
        shown = [[patch_of(one) for one in line] for line in windows]
        made = f"{sum(map(len, windows))} windows compared"
        if rest:
            drawing = sheet.grid(shown, first.labels, rest[0].labels, **draw.look)
        else:
            image = viewport.thumbnail(picture.pixels, picture.white)
            drawing = sheet.compare(image, windows[0], shown[0], first.labels, picture.shape, **draw.look)
    else:
        made = f"{window.shape[0]} x {window.shape[1]} window"
        image = viewport.thumbnail(picture.pixels, picture.white)
        drawing = figure.show(image, window, patch_of(window), picture.shape, **draw.look)
    io.save_still(target, drawing, io.Picture(drawing), quality=run.quality, overwrite=run.overwrite)
    made += still_format(target).remark(run.quality)
    return Outcome(row.image, target, made, window, notes=notes)


def _signal(row: Row, picture: Picture, target: str, draw: DrawOptions, run: Run) -> Outcome:
    """Draw how a signal is resampled."""
    from glimpse import io
    from glimpse.drawing import profile

    if draw.profile != PROFILES[0]:
        raise GlimpseError(f"a signal has no {draw.profile}; leave it out behind --profile")
    span = row.placement.span(picture.shape[1])
    samples, notes = picture.pixels[0].astype(float), list(picture.notes)
    if samples.ndim == 2:
        notes.append(f"the first of its {samples.shape[1]} channels is drawn")
        samples = samples[:, 0]
    if not span.window.sees(picture.shape):
        notes.append("the window lies wholly beyond the signal")
    drawing = profile.profile(samples, span.window, **draw.look)
    io.save_still(target, drawing, io.Picture(drawing), quality=run.quality, overwrite=run.overwrite)
    return Outcome(row.image, target, "profile", span, notes=notes)


def _with(placement: Placement, setting: Compared, value: Any) -> Placement:
    """The placement with another value of a setting, as if it had been typed."""
    return placement._replace(**{setting.name: value}, typed=placement.typed | {setting.name})


def line_under(pixels: Any, window: Window, axis: int) -> Any:
    """Return the row of pixels under a window's centre (axis 1), or the column (0), shape (1, size, ...)."""
    rows, cols = pixels.shape[:2]
    if axis:
        at = min(max(round(window.gx), 0), rows - 1)
        return pixels[at : at + 1, 0:cols]
    at = min(max(round(window.gy), 0), cols - 1)
    return pixels[0:rows, at : at + 1].swapaxes(0, 1)


def _all(
    name: str,
    target: str,
    rows: Sequence[Row],
    draw: DrawOptions,
    run: Run,
    decoding: DecodeOptions,
    *,
    duration: Stands | None,
) -> list[Outcome]:
    """Draw all windows of an image on one sheet; tell of it, and of the rows that are no window."""
    from glimpse import io
    from glimpse.batch.patches import patches_of
    from glimpse.drawing import sheet, viewport
    from glimpse.drawing.paths import DURATION
    from glimpse.io.encode import still_format

    if len(rows) > SHEET_WINDOWS and not draw.heat:
        raise GlimpseError(
            f"the table has {len(rows)} rows; one picture shows at most {SHEET_WINDOWS} windows, --heat any"
        )
    picture = io.as_array(io.load_picture(name, decoding))
    found, faults = fixations(rows, picture.shape, duration=duration)
    windows = [fixation.window for fixation in found]
    times = [DURATION if fixation.duration is None else fixation.duration for fixation in found]
    image = viewport.thumbnail(picture.pixels, picture.white)
    if draw.heat:
        drawing = sheet.heat_map(image, windows, times, picture.shape, **draw.look)
    else:
        read_all = patches_of(picture, windows, linear=decoding.linear)
        patches = [viewport.to_rgb(patch, picture.white) for patch in read_all]
        known = times if duration else ()
        drawing = sheet.show_all(image, windows, patches, picture.shape, durations=known, **draw.look)
    io.save_still(target, drawing, io.Picture(drawing), quality=run.quality, overwrite=run.overwrite)
    notes = [*picture.notes, *noted([fixation.notes for fixation in found], "window")]
    made = ("heat of " if draw.heat else "") + counted(len(windows), "window")
    made += still_format(target).remark(run.quality)
    told = Outcome(name, target, made, windows[0], windows[-1], notes, count=len(windows))
    return [told, *(Outcome(name, error=fault) for fault in faults)]
