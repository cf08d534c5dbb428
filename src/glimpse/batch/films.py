"""A window that moves over an image: its frames in time, drawn and saved as an animation or as stills."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from glimpse.batch.drawings import PROFILES, line_under
from glimpse.batch.fixations import Fixation, Stands, duration_column, fixations
from glimpse.batch.names import Template, check, of_name, of_window, one_file, plan
from glimpse.batch.outcomes import Batch, Outcome, noted, source_name
from glimpse.batch.rows import Row, Windows, by_image, checked_door, rows_of
from glimpse.batch.runner import Run, outcomes
from glimpse.errors import GlimpseError, UsageError, counted, prefixed
from glimpse.limits import ANIMATION_PIXELS
from glimpse.validation import checked_one, checked_size
from glimpse.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glimpse.io import DecodeOptions, Picture, Record
    from glimpse.io.stills import Frames

T = TypeVar("T")

Pages = tuple[int, int] | Literal["all"]

FPS = 25.0
FRAMES, HOLD = 48, 0.6  # of a range: as many frames as make two seconds, and a last one to look at
LARGEST = 256  # pixels that a bare patch about fills where n changes
LARGE = 5_000_000  # bytes of an animation above which the summary suggests how to make it smaller


@dataclass(frozen=True)
class FilmOptions:
    """How a window moves, and how its frames are drawn.

    Parameters
    ----------
    frames : int or None
        Frames from the first to the last window of a range; None: `FRAMES`.
    fps : float or None
        Frames per second; None: `FPS`, of the frames of an animation their own delays.
    saccade : float
        Milliseconds of each move between the windows of a table; 0 jumps.
    hold : float or None
        Seconds that the last frame stands at least; None: `HOLD` of a range, of a table its duration.
    boomerang : bool
        Whether to play there and back.
    zoom : int or None
        Enlargement of the patch; None: to about 256 pixels, with `plain` none.
    plain : bool
        The patch alone, without the source and the numbers.
    profile : {None, "row", "column"}
        One row or column of pixels instead of the image, with the filters that move over it, and resampled.
    theme : {"dark", "light"}
        The colours beside the image.
    width : int or None
        Pixels that a frame is wide; None: as many as suit it.
    """

    frames: int | None = None
    fps: float | None = None
    saccade: float = 60
    hold: float | None = None
    boomerang: bool = False
    zoom: int | None = None
    plain: bool = False
    profile: str | None = None
    theme: str = "dark"
    width: int | None = None

    def __post_init__(self) -> None:
        for name in ("frames", "zoom"):
            if getattr(self, name) is not None:
                checked_size(name, getattr(self, name))
        for name in ("fps", "hold", "saccade"):
            value = getattr(self, name)
            if value is not None and checked_one(name, value, positive=name == "fps") < 0:
                raise GlimpseError(f"{name} must be >= 0, got {value}")

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return Fraction(self.fps or FPS)

    def there_and_back(self, frames: list[T]) -> list[T]:
        """Return the frames, of a boomerang also the way back, without the ends twice."""
        return frames + frames[-2:0:-1] if self.boomerang else frames


@dataclass(frozen=True)
class Film:
    """The frames of one image.

    Parameters
    ----------
    name, picture
        The image.
    windows : sequence of Window
        The window of each frame.
    delays : sequence of numbers
        Milliseconds that each frame stands, not rounded.
    record : Record or None
        The record that goes into the file.
    first, last : Window
        The windows that the summary tells of.
    notes : sequence of str
        Notes for the summary.
    stops : sequence of Window
        The fixations of a scanpath, in order.
    begun : sequence of int
        For each frame of a scanpath how many fixations have begun.
    stands : sequence of float
        Milliseconds of each fixation, if the table tells.
    rate : Fraction
        Frames per second of a video of it.
    pictures : iterable of Picture
        The picture of each frame, where they are those of an animation.
    """

    name: str
    picture: Picture
    windows: Sequence[Window]
    delays: Sequence[float | Fraction]
    record: Record | None
    first: Window
    last: Window
    notes: Sequence[str]
    stops: Sequence[Window] = ()
    begun: Sequence[int] = ()
    stands: Sequence[float] = ()
    rate: Fraction = Fraction(FPS)
    pictures: Iterable[Picture] | None = None

    @property
    def is_transparent(self) -> bool:
        """Whether some of the first picture is."""
        picture = self.picture
        return picture.alpha and bool((picture.pixels[:, :][..., -1] < picture.white).any())

    def told(self, count: int, shape: tuple[int, int], play: str, size: int) -> str:
        """Return the words that tell of its file: so many frames of a shape, how they play, and its bytes."""
        stops = f"{counted(len(self.stops), 'window')}, " if self.stops else ""
        return f"{stops}{counted(count, 'frame')} of {shape[0]} x {shape[1]}, {play}, {size / 1000:.0f} kB"


def sweep(
    windows: Windows,
    output: str | None = None,
    run: Run | None = None,
    *,
    film: FilmOptions | None = None,
    decoding: DecodeOptions | None = None,
    pages: Pages | None = None,
    protect: Sequence[str] = (),
    watch: Callable[[Iterator[Any], int], Iterator[Any]] = lambda frames, count: frames,
) -> Batch:
    """Animate windows: of each image a film of its windows in their order, or of the range of its one row.

    With `pages` it is a film of the image's own frames, of which the window is cropped.

    Parameters
    ----------
    windows : iterable of (str, Window), str, or sequence of Row
        Names of images with a window each; the name of a table; rows, one of a range or those of
        `read_table`.
    output : str, optional
        What ``-o`` is on the command line: a file, a folder, or a template of animations or of stills.
    run : Run, optional
        What happens to existing files; how many images at once.
    film : FilmOptions, optional
        How the window moves and is drawn.
    pages : (int, int) or "all", optional
        The frames of the image that are played, the first and the last one, from 1.
    decoding, protect
        As for `glimpse.batch.read`.
    watch : callable
        Is given the frames of one image and their number, and hands them on, as a progress bar does.

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
    >>> from glimpse.batch import FilmOptions, sweep
    >>> folder = tempfile.mkdtemp()
    >>> Image.linear_gradient("L").save(f"{folder}/a.png")
    >>> looks = [(f"{folder}/a.png", Window(gx, 128, 2, n=8)) for gx in (32, 128, 200)]
    >>> for outcome in sweep(looks, f"{folder}/looks.gif", film=FilmOptions(saccade=0, plain=True)):
    ...     print(outcome.state, outcome.made.partition(" s,")[0])
    written 3 windows, 3 frames of 8 x 8, 0.90
    """
    from glimpse import io
    from glimpse.io.budget import most_frames

    output = checked_door(
        output, run=(run, Run), film=(film, FilmOptions), decoding=(decoding, io.DecodeOptions)
    )
    run, film, decoding = run or Run(), film or FilmOptions(), decoding or io.DecodeOptions()
    rows, _ = rows_of(windows)
    images, table = by_image(rows, output), getattr(rows, "name", "")
    ranges = any(row.placement.is_sweep for row in (rows[:1] if table else rows))
    _check(film, table=bool(table), ranges=ranges, pages=pages is not None)
    if film.profile and decoding.linear:
        raise UsageError("--profile draws levels; leave out --linear")
    film = replace(film, plain=True) if pages else film
    if (ranges or pages) and len(rows) > len(images):
        raise UsageError(
            f"{'a range' if ranges else '--page'} is the whole film of an image; give each image one row"
        )
    if not (table or ranges or pages or len(rows) > 1):
        raise UsageError(
            "nothing changes; write a number as a range first:last, such as --delta 1:8, give a --table, "
            "or --page all of an animation"
        )
    protect = [*filter(None, [*protect, table])]
    stills, targets = _targets(list(images), output, run, protect)
    durations = None if ranges or pages else duration_column(rows)

    def job(item: tuple[str, str]) -> list[Outcome]:
        name, target = item
        with ExitStack() as opened:
            try:
                reel, faults = _reel(name, images[name], opened, film, decoding, ranges=ranges, pages=pages,
                                     durations=durations)  # fmt: skip
            except GlimpseError as error:
                return [Outcome(name, error=prefixed(name, error), count=max(len(images[name]), 1))]
            bare = stills is not None and film.plain and not film.zoom
            # stills go to the disk one by one, the frames of an animation are held
            most = ANIMATION_PIXELS if stills else most_frames(decoding.max_pixels)
            shots = _shots(reel, film, most, bare=bare, linear=decoding.linear)
            shots = watch(shots, len(reel.windows)) if len(images) == 1 else shots
            notes = [*reel.picture.notes, *reel.notes]
            if film.plain and not bare and reel.is_transparent:
                notes.append("what is transparent is on black; stills without --zoom keep it")
            if stills:
                made = _save_stills(reel, stills, shots, run, bare=bare, linear=decoding.linear,
                                    protect=protect)  # fmt: skip
            else:
                made, rounding = _save_animation(reel, target, [shot for shot, _ in shots], film,
                                                 overwrite=run.overwrite)  # fmt: skip
                notes += rounding
        told = Outcome(reel.name, target, made, reel.first, reel.last, notes, count=len(reel.stops) or 1)
        return [told, *(Outcome(name, error=fault) for fault in faults)]

    items = list(zip(images, targets, strict=True))
    return Batch(len(images), outcomes(job, items, run, lambda item: item[0]))


def _check(film: FilmOptions, *, table: bool, ranges: bool, pages: bool) -> None:
    """Raise a `UsageError` where options exclude each other."""
    if table and film.frames:
        raise UsageError("--frames is about a range; in a table a column duration tells how long")
    if table and ranges:
        raise UsageError("a range and a --table both say how the window moves; leave out one of them")
    if film.profile not in (None, *PROFILES):
        raise UsageError(f"--profile is of a {' or a '.join(PROFILES)}, got {film.profile!r}")
    if film.plain and (film.profile or film.width):
        name = "--profile" if film.profile else "--width"
        raise UsageError(f"{name} is of a drawing, --plain is the patch alone; leave out one of them")
    if not pages:
        return
    if table:
        raise UsageError(
            "--page plays the frames of IMAGE, a --table the windows of one; leave out one of them"
        )
    names = ("frames", "boomerang", "profile", "width")
    if other := next((name for name in names if getattr(film, name)), None):
        raise UsageError(f"--page plays the frames of IMAGE as they come, cropped; leave out --{other}")


def _targets(
    images: Sequence[str], output: str | None, run: Run, protect: Sequence[str]
) -> tuple[Template | None, list[str]]:
    """Return the template of stills, if it is one, and the output of each image."""
    from glimpse.io.animation import FORMATS
    from glimpse.io.encode import DRAWINGS
    from glimpse.io.video import CODECS, check_installed

    ending = os.path.splitext(output or "")[1].lower()
    stills = Template(output) if output is not None and not one_file(output) else None
    framed = stills and (stills.of_window or "index" in stills.fields)  # a .webp is a film or stills
    if output is not None and stills and (framed or (stills.fields and ending not in FORMATS)):
        if len(images) > 1:  # their frames have names of their own if the same frame of each has
            same = [stills.fill(of_name(name, 0) | of_window(Window(0, 0, 1, 1))) for name in images]
            check(images, same, DRAWINGS, overwrite=True,
                  advice=lambda one, other: "{parent}/{stem}-{index:03d}.png")  # fmt: skip
        return stills, [output] * len(images)
    if run.quality:
        raise UsageError("--quality is of stills; leave it out, an animation is as exact as its format")
    if ending == ".png":
        raise UsageError(f"-o {output}: an animation is .gif, .webp or .apng; stills are {{index:03d}}.png")
    if ending in CODECS:
        check_installed(str(output))
    return None, plan(images, output, default="{stem}-sweep.gif", suffixes=(*FORMATS, *CODECS),
                      overwrite=run.overwrite, protect=protect)  # fmt: skip


def _reel(
    name: str,
    rows: Sequence[Row],
    opened: ExitStack,
    film: FilmOptions,
    decoding: DecodeOptions,
    *,
    ranges: bool,
    pages: Pages | None,
    durations: Stands | None,
) -> tuple[Film, list[GlimpseError]]:
    """Return the film of one image, its frames open as long as `opened` is, and the faults of its rows."""
    from glimpse import io

    faults: list[GlimpseError] = []
    if pages:
        reel = _of_frames(rows[0], opened.enter_context(io.open_frames(name, pages, decoding)), film)
    else:
        picture = io.as_array(io.load_picture(name, decoding))
        if ranges:
            reel = _of_range(rows[0], picture, film)
        else:
            found, faults = fixations(rows, picture.shape, duration=durations, same_n=True)
            reel = _of_fixations(name, picture, found, film)
    if decoding.linear and reel.record:
        reel = replace(reel, record=replace(reel.record, linear=True))
    return reel, faults


def _of_range(row: Row, picture: Picture, film: FilmOptions) -> Film:
    """Return the film of a range, from its first to its last window."""
    from glimpse.drawing import paths
    from glimpse.io import Record
    from glimpse.io.animation import pauses

    first, last = (row.placement.window(picture.shape, end) for end in (0, -1))
    windows = paths.path(first, last, film.frames or FRAMES)
    notes = noted([row.placement.notes(window, picture.shape) for window in windows], "frame")
    windows = film.there_and_back(windows)
    hold = HOLD if film.hold is None else film.hold
    delays = pauses(len(windows), float(film.rate), 0 if film.boomerang else hold)
    record = Record(first, picture.shape, source_name(row.image), last if last != first else None)
    return Film(row.image, picture, windows, delays, record, first, last, notes, rate=film.rate)


def _of_frames(row: Row, frames: Frames, film: FilmOptions) -> Film:
    """Return the film of an animation's own frames, seen through a window, which may move."""
    from glimpse.drawing import paths
    from glimpse.io import Record
    from glimpse.io.video import frame_rate

    picture = next(frames.pictures)
    first, last = (row.placement.window(picture.shape, end, native=True) for end in (0, -1))
    windows = paths.path(first, last, len(frames.delays))
    notes = noted([row.placement.notes(window, picture.shape) for window in windows], "frame")
    told = [delay for delay in frames.delays if delay]
    if film.fps is None and len(told) < len(windows):
        notes.append(f"frames without a delay are shown as {FPS:g} a second")
    step = 1000 / film.rate
    delays = [Fraction(delay) if delay and film.fps is None else step for delay in frames.delays]
    delays[-1] = max(delays[-1], 1000 * Fraction(film.hold or 0))
    rate = frame_rate(delays[:-1] if film.hold and len(delays) > 1 else delays)
    record = Record(first, picture.shape, source_name(row.image), last if last != first else None)
    return Film(row.image, picture, windows, delays, record, first, last, notes, rate=rate,
                pictures=chain([picture], frames.pictures))  # fmt: skip


def _of_fixations(name: str, picture: Picture, found: Sequence[Fixation], film: FilmOptions) -> Film:
    """Return the film of a scanpath: fixations stand as they say, moves take their time."""
    from glimpse.drawing.paths import DURATION, Stop, steps
    from glimpse.io import Record

    stops = [fixation.window for fixation in found]
    notes = noted([fixation.notes for fixation in found], "window")
    stands = [DURATION if fixation.duration is None else fixation.duration for fixation in found]
    there = steps([Stop(*each) for each in zip(stops, stands, strict=True)], film.saccade, float(film.rate))
    taken = film.there_and_back(there)
    begun = [step.begun for step in there] + [len(stops)] * (len(taken) - len(there))
    times = [step.duration for step in taken]
    times[-1] = max(times[-1], 0 if film.boomerang else 1000 * (film.hold or 0))
    record = Record(stops[0], picture.shape, source_name(name), windows=tuple(stops))
    if not record.fits:
        notes.append(f"{len(stops)} windows are too many for a record")
    return Film(name, picture, [step.window for step in taken], times,
                record if record.fits else None, stops[0], stops[-1], notes, stops, begun,
                stands if any(fixation.duration for fixation in found) else (), film.rate)  # fmt: skip


def _shots(
    reel: Film, film: FilmOptions, most: int, *, bare: bool, linear: bool
) -> Iterator[tuple[NDArray[Any], Picture]]:
    """Draw each frame: the patch in its picture's own levels if `bare`, enlarged, or within its panel.

    With each comes the picture whose levels and colours it has.
    """
    import numpy as np

    from glimpse.batch.patches import patches_of
    from glimpse.drawing import panels, profile, viewport
    from glimpse.io import Picture as Still

    picture, theme = reel.picture, viewport.theme_of(film.theme)
    if film.profile:
        axis = PROFILES[::-1].index(film.profile)
        for window in reel.windows:
            line = viewport.to_rgb(line_under(picture.pixels, window, axis), picture.white)[0]
            drawing = profile.profile(line, window, axis, among=reel.windows, theme=theme, width=film.width)
            _check_size(drawing.shape[0], drawing.shape[1], reel, film, most)
            yield drawing, Still(drawing)
        return
    panel = None
    # before a panel, which is drawn in its full size when it is made; where n changes patches share a place
    sizes = {window.shape for window in reel.windows}
    zooms = {n: film.zoom or (max(1, LARGEST // max(n)) if len(sizes) > 1 else 1) for n in sizes}
    rows, cols = (max(n[axis] * zooms[n] for n in sizes) for axis in (0, 1))
    _check_size(rows, cols, reel, film, most)
    if not film.plain:
        image = viewport.thumbnail(picture.pixels, picture.white)
        panel = panels.Panel(image, reel.windows, film.zoom, picture.shape, theme=theme, width=film.width)
        _check_size(*panel.size, reel, film, most)
    pictures = reel.pictures or repeat(picture, len(reel.windows))
    for index, (window, seen) in enumerate(zip(reel.windows, pictures, strict=True)):
        if seen.shape != picture.shape:
            ours, theirs = (f"{each[0]} x {each[1]}" for each in (seen.shape, picture.shape))
            raise GlimpseError(f"frame {index + 1} is {ours}, the first one {theirs}; a film has one size")
        (patch,) = patches_of(seen, [window], linear=linear)
        if bare:
            yield patch, seen
            continue
        levels = viewport.to_rgb(patch, seen.white)
        if panel:
            count = reel.begun[index] if reel.begun else 0
            drawing = panel.draw(window, levels, reel.stops[:count], reel.stands)
            yield drawing, Still(drawing)
            continue
        grown = viewport.enlarge(levels[..., 0] if patch.ndim == 2 else levels, zooms[window.shape])
        frame = np.zeros((rows, cols, *grown.shape[2:]), np.uint8)
        top, left = (rows - grown.shape[0]) // 2, (cols - grown.shape[1]) // 2
        frame[top : top + grown.shape[0], left : left + grown.shape[1]] = grown
        yield frame, Still(frame)


def _check_size(rows: int, cols: int, reel: Film, film: FilmOptions, most: int) -> None:
    count = len(reel.windows)
    if rows * cols * count > most:
        less = "--saccade 0, fewer rows or less" if reel.stops else "less --frames,"
        raise GlimpseError(
            f"{count} frames of {rows} x {cols} pixels are more than {most} pixels; "
            f"give {less} {'' if film.plain else '--width, '}--zoom or -n, or a larger --max-pixels"
        )


def _save_animation(
    reel: Film, output: str, shots: Sequence[NDArray[Any]], film: FilmOptions, *, overwrite: bool
) -> tuple[str, list[str]]:
    """Save the frames as one file; return the words that tell of it, and a note on delays that differ."""
    from glimpse.drawing.viewport import theme_of
    from glimpse.io import save_bytes
    from glimpse.io.animation import FORMATS, encode_animation
    from glimpse.io.video import CODECS

    suffix = ".gif" if output == "-" else os.path.splitext(output)[1].lower()
    if suffix in CODECS:
        return _save_video(reel, output, shots, suffix, overwrite=overwrite)
    comment = reel.record.to_json() if reel.record else ""
    exact = theme_of(film.theme).colours if shots[0].ndim == 3 else ()
    delays = FORMATS[suffix].delays(reel.delays)
    data = encode_animation(shots, delays, suffix, comment=comment, exact=exact)
    save_bytes(output, data, overwrite=overwrite)
    rows, cols = shots[0].shape[:2]
    less = "--saccade 0" if reel.stops else "fewer pages" if reel.pictures else "--frames"
    large = f"; {less} or .webp make it smaller" if len(data) > LARGE else ""
    play = f"{sum(delays) / 1000:.2f} s"
    made = reel.told(len(shots), (rows, cols), play, len(data)) + large
    if all(abs(found - wanted) < 1 for found, wanted in zip(delays, reel.delays, strict=True)):
        return made, []
    if reel.stops or reel.pictures:
        return made, [
            "durations were rounded to hundredths of a second, at least 2; .webp and .apng keep them"
        ]
    few, many, fps = min(delays[:-1]) // 10, max(delays[:-1]) // 10, float(1000 / reel.delays[0])
    if few == many:
        return made, [f"pauses of {few} hundredths make {100 / few:.4g} fps instead of {fps:g}"]
    return made, [f"pauses of {few} and {many} hundredths make {fps:g} fps"]


def _save_video(
    reel: Film, output: str, shots: Sequence[NDArray[Any]], suffix: str, *, overwrite: bool
) -> tuple[str, list[str]]:
    """Save the frames as a video, as `_save_animation` does."""
    from glimpse.io import save_bytes
    from glimpse.io.video import encode_video, repeats

    counts, rows, cols = repeats(reel.delays, reel.rate), *shots[0].shape[:2]
    count = sum(counts)
    if count * rows * cols > ANIMATION_PIXELS:
        raise GlimpseError(
            f"{count} frames of {rows} x {cols} are more than {ANIMATION_PIXELS} pixels; give less --fps"
        )
    data = encode_video(shots, counts, reel.rate, suffix)
    save_bytes(output, data, overwrite=overwrite)
    shape, notes = (rows + rows % 2, cols + cols % 2), list[str]()
    if shape != (rows, cols):
        notes.append("its edge is repeated by a pixel, video has even sides")
    if any(
        abs(float(n * 1000 / reel.rate - delay)) >= 1 for n, delay in zip(counts, reel.delays, strict=True)
    ):
        notes.append(f"delays were rounded to frames of {float(1000 / reel.rate):.4g} ms")
    play = f"{float(count / reel.rate):.2f} s at {float(reel.rate):.6g} frames a second"
    return reel.told(count, shape, play, len(data)), notes


def _save_stills(
    reel: Film,
    template: Template,
    shots: Iterator[tuple[NDArray[Any], Picture]],
    run: Run,
    *,
    bare: bool,
    linear: bool,
    protect: Sequence[str],
) -> str:
    """Save each frame under its own name; bare patches are those of `glimpse read`, records and all.

    Drawings have even sides, as programs want them that make a video of stills.
    """
    from glimpse.io import Record, save_still
    from glimpse.io.encode import DRAWINGS, still_format
    from glimpse.io.video import even

    targets = [
        template.fill(of_name(reel.name, i) | of_window(window)) for i, window in enumerate(reel.windows)
    ]
    check([reel.name], targets, DRAWINGS, overwrite=run.overwrite, protect=protect, quality=run.quality)
    for target, (shot, like), window in zip(targets, shots, reel.windows, strict=True):
        record = None
        if bare:
            record = Record(window, reel.picture.shape, source_name(reel.name), linear=linear)
        save_still(
            target, shot if bare else even(shot), like, record, quality=run.quality, overwrite=run.overwrite
        )
    return f"{counted(len(targets), 'still')}{still_format(targets[0]).remark(run.quality)}"
