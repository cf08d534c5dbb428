"""The frames of a sweep in time: their windows, their drawing, their files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from glimpse.batch.names import Template, check, of_name, of_window
from glimpse.batch.outcomes import source_name
from glimpse.errors import GlimpseError, prefixed
from glimpse.limits import ANIMATION_PIXELS
from glimpse.validation import number
from glimpse.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.batch.rows import Row
    from glimpse.batch.runner import Run
    from glimpse.batch.tables import Table
    from glimpse.drawing.viewport import Levels
    from glimpse.io import Picture, Record

T = TypeVar("T")

LARGE = 5_000_000  # bytes of an animation above which the summary suggests how to make it smaller


@dataclass(frozen=True)
class Film:
    """The frames of a sweep.

    Parameters
    ----------
    windows : sequence of Window
        The window of each frame.
    delays : sequence of numbers
        Milliseconds that each frame stands, not rounded.
    record : Record or None
        The record that goes into the file.
    first, last : Window
        The windows that the summary tells of.
    stops : sequence of Window
        The fixations of a scanpath, in order.
    begun : sequence of int
        For each frame of a scanpath how many fixations have begun.
    notes : sequence of str
        Notes for the summary.
    """

    windows: Sequence[Window]
    delays: Sequence[float | Fraction]
    record: Record | None
    first: Window
    last: Window
    stops: Sequence[Window] = ()
    begun: Sequence[int] = ()
    notes: Sequence[str] = ()

    def behind(self, index: int) -> Sequence[Window]:
        """The fixations that a frame leaves behind."""
        return self.stops[: self.begun[index]] if self.begun else ()


class Pace(NamedTuple):
    """Frames per second, the seconds that the last frame stands at least, and whether to go back."""

    fps: float
    hold: float
    boomerang: bool


def of_range(first: Window, last: Window, frames: int, pace: Pace, shape: tuple[int, int], name: str) -> Film:
    """Return the film of a range, from its first to its last window."""
    from glimpse.drawing import paths
    from glimpse.io import Record
    from glimpse.io.animation import pauses

    windows = _back(paths.path(first, last, frames), pace)
    delays = pauses(len(windows), pace.fps, 0 if pace.boomerang else pace.hold)
    record = Record(first, shape, source_name(name), last if last != first else None)
    return Film(windows, delays, record, first, last)


def rounding(film: Film, delays: Sequence[int]) -> list[str]:
    """Return a note where the delays of a file, in milliseconds, are not those of its film."""
    if all(abs(found - wanted) < 1 for found, wanted in zip(delays, film.delays, strict=True)):
        return []
    if film.stops:
        return ["durations were rounded to hundredths of a second, at least 2; .webp and .apng keep them"]
    few, many = min(delays[:-1]) // 10, max(delays[:-1]) // 10
    return [f"pauses of {few} and {many} hundredths make {float(1000 / film.delays[0]):g} fps"]


def of_fixations(
    fixations: Sequence[Fixation], saccade: float, pace: Pace, shape: tuple[int, int], name: str
) -> Film:
    """Return the film of a scanpath: fixations stand as they say, moves take `saccade` ms."""
    from glimpse.drawing.paths import DURATION, Stop, steps
    from glimpse.io import Record

    stops = [found.window for found in fixations]
    taken = steps([Stop(w, DURATION if ms is None else ms) for w, ms in fixations], saccade, pace.fps)
    begun = [*(step.begun for step in taken), *[len(stops)] * (len(_back(taken, pace)) - len(taken))]
    taken = _back(taken, pace)
    times = [step.duration for step in taken]
    times[-1] = max(times[-1], 0 if pace.boomerang else 1000 * pace.hold)
    record = Record(stops[0], shape, source_name(name), windows=tuple(stops))
    notes = () if record.fits else (f"{len(stops)} windows are too many for a record",)
    return Film([step.window for step in taken], times, record if record.fits else None,
                stops[0], stops[-1], stops, begun, notes)  # fmt: skip


def _back(frames: list[T], pace: Pace) -> list[T]:
    """The frames, and the way back without the ends twice."""
    return frames + frames[-2:0:-1] if pace.boomerang else frames


def panels_of(film: Film, picture: Picture, zoom: int | None) -> Iterator[Levels]:
    """Draw the panel of each frame."""
    from glimpse.drawing import panels, viewport

    patches = patches_of(film, picture)
    # the patch alone at first: a panel is drawn in its full size when it is made
    rows, cols = film.windows[0].shape
    _check_size(rows * (zoom or 1), cols * (zoom or 1), film)
    image = viewport.thumbnail(picture.pixels, picture.white)
    panel = panels.Panel(image, film.windows, zoom, picture.shape)
    _check_size(*panel.size, film)
    for index, (window, patch) in enumerate(zip(film.windows, patches, strict=True)):
        yield panel.draw(window, viewport.to_rgb(patch, picture.white), film.behind(index))


def plain_frames_of(film: Film, picture: Picture, zoom: int) -> Iterator[Levels]:
    """Enlarge the patch of each frame."""
    from glimpse.drawing import viewport

    rows, cols = film.windows[0].shape
    _check_size(rows * zoom, cols * zoom, film)
    for patch in patches_of(film, picture):
        levels = viewport.to_rgb(patch, picture.white)
        yield viewport.enlarge(levels[..., 0] if patch.ndim == 2 else levels, zoom)


def patches_of(film: Film, picture: Picture) -> Iterator[NDArray[Any]]:
    """Read the patch of each frame, in the picture's own levels."""
    from glimpse.attention.layer import read

    _check_size(*film.windows[0].shape, film)
    for window in film.windows:
        yield read(picture.pixels, window, channel_axis=picture.channel_axis)


def _check_size(rows: int, cols: int, film: Film) -> None:
    count = len(film.windows)
    if rows * cols * count > ANIMATION_PIXELS:
        less = "fewer rows or less" if film.stops else "less --frames,"
        raise GlimpseError(
            f"{count} frames of {rows} x {cols} pixels are more than {ANIMATION_PIXELS} pixels; "
            f"give {less} --zoom or -n"
        )


def save_animation(
    output: str, shots: Sequence[Levels], film: Film, *, overwrite: bool
) -> tuple[str, list[str]]:
    """Save the frames as one file; return what was made, and notes."""
    from glimpse.drawing.viewport import COLOURS
    from glimpse.io import save_bytes
    from glimpse.io.animation import FORMATS, encode_animation

    suffix = ".gif" if output == "-" else os.path.splitext(output)[1].lower()
    comment = film.record.to_json() if film.record else ""
    exact = COLOURS if shots[0].ndim == 3 else ()
    delays = FORMATS[suffix].delays(film.delays)
    data = encode_animation(shots, delays, suffix, comment=comment, exact=exact)
    save_bytes(output, data, overwrite=overwrite)
    rows, cols = shots[0].shape[:2]
    less = "--saccade 0" if film.stops else "--frames"
    large = f"; {less} or .webp make it smaller" if len(data) > LARGE else ""
    stops = f"{len(film.stops)} windows, " if film.stops else ""
    play = f"{sum(delays) / 1000:.2f} s"
    made = f"{stops}{len(shots)} frames of {rows} x {cols}, {play}, {len(data) / 1000:.0f} kB{large}"
    return made, rounding(film, delays)


def save_stills(
    name: str,
    output: str,
    shots: Iterator[NDArray[Any]],
    film: Film,
    picture: Picture,
    run: Run,
    *,
    patches: bool,
) -> str:
    """Save each frame under its own name; bare patches are those of `glimpse read`, records and all."""
    from glimpse.io import Picture as Still
    from glimpse.io import Record, save_still
    from glimpse.io.encode import DRAWINGS, still_format

    template = Template(output)
    targets = [template.fill(of_name(name, i) | of_window(window)) for i, window in enumerate(film.windows)]
    check([name], targets, DRAWINGS, overwrite=run.overwrite, quality=run.quality)
    for target, shot, window in zip(targets, shots, film.windows, strict=True):
        if patches:
            record = Record(window, picture.shape, source_name(name))
            save_still(target, shot, picture, record, quality=run.quality, overwrite=run.overwrite)
        else:
            save_still(target, shot, Still(shot), quality=run.quality, overwrite=run.overwrite)
    return f"{len(targets)} stills{still_format(targets[0]).remark(run.quality)}"


class Fixation(NamedTuple):
    """A row of a table on its image: its window, and the milliseconds that it stands, if the row tells."""

    window: Window
    duration: float | None


def fixations(
    table: Table, shape: tuple[int, int], *, same_n: bool = False
) -> tuple[list[Fixation], list[GlimpseError]]:
    """Return the windows of the good rows on an image of this shape, and the faults of the others.

    Parameters
    ----------
    table : Table
        The rows.
    shape : (int, int)
        Rows and columns of the image.
    same_n : bool
        Whether all patches must have the shape of the first one.

    Raises
    ------
    GlimpseError
        If no row is good.
    """
    found: list[Fixation] = []
    faults: list[GlimpseError] = []
    for row in table:
        try:
            fixation = _fixation(table, row, shape)
            if same_n and found and fixation.window.shape != found[0].window.shape:
                one, other = (f"{n} x {m}" for n, m in (found[0].window.shape, fixation.window.shape))
                raise GlimpseError(f"its patch is {other}, the first one is {one}; an animation has one n")
            found.append(fixation)
        except GlimpseError as error:
            faults.append(prefixed(row.place, error))
    if not found:
        raise faults[0] if len(faults) == 1 else GlimpseError(_none(table, faults))
    return found, faults


def _none(table: Table, faults: Sequence[GlimpseError]) -> str:
    return f"none of its {len(table)} rows is a window" + (f"; {faults[0]}" if faults else "")


def _fixation(table: Table, row: Row, shape: tuple[int, int]) -> Fixation:
    if row.fault:
        raise row.fault
    place = table.columns.index.get("duration")
    text = row.cells.get(table.columns.header[place], "").strip() if place is not None else ""
    return Fixation(row.placement.window(shape), _duration(text) if text else None)


def _duration(text: str) -> float:
    value = number(text.replace(",", "."))
    if not 0 < value <= 600_000:
        raise GlimpseError(f"duration must be above 0 and at most 600000 milliseconds, got {text}")
    return value
