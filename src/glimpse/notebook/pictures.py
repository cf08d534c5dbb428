"""The drawings of the commands as objects that a notebook displays, out of images that Python has."""

from __future__ import annotations

import base64
import html
import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glimpse.attention.layer import read
from glimpse.drawing import figure, paths, sheet
from glimpse.drawing import profile as profiles
from glimpse.drawing.panels import Panel
from glimpse.drawing.viewport import Levels, Theme, checked_width, theme_of, to_rgb
from glimpse.errors import GlimpseError
from glimpse.explorer import Subject, page
from glimpse.io import save_bytes
from glimpse.io.animation import FORMATS, encode_animation, pauses
from glimpse.io.budget import most_frames
from glimpse.io.record import Record
from glimpse.limits import MAX_PIXELS
from glimpse.validation import checked_choice, checked_one, checked_size, told
from glimpse.window import Window

FRAMES, FPS, HOLD = 24, 12.0, 0.6  # of a film: two seconds, and its last frame to look at
HEIGHT = 900  # pixels that a page takes of a notebook


def show(
    image: Any, window: Window | Sequence[Window] | None = None, *, theme: str = "dark",
    width: int | None = None,
) -> Image.Image:  # fmt: skip
    """Draw a window over its image with the patch beside it, as ``glimpse show`` does.

    Parameters
    ----------
    image : array_like or PIL image
        A picture: rows, columns and at most four channels; 8 or 16 bits, or numbers from 0 to 1 or 255.
    window : Window or sequence of Window, optional
        Where to look; of several windows all are numbered, with their path. By default the whole image.
    theme : {"dark", "light"}
        The colours beside the image.
    width : int, optional
        Pixels that the drawing is wide.

    Returns
    -------
    PIL.Image.Image
        A notebook displays it; it has `save`.

    Raises
    ------
    GlimpseError
        If the image is no picture, or there is no such theme.

    Examples
    --------
    >>> import numpy as np
    >>> from glimpse import Window, show
    >>> image = np.random.default_rng(0).random((60, 80, 3))
    >>> show(image, Window(30, 40, delta=2, sigma=1, n=16), width=640).size[0]
    640
    """
    levels = levels_of(image)
    look: dict[str, Any] = {"theme": theme_of(theme), "width": _width(width)}
    if isinstance(window, (list, tuple)) and window:
        many = [_one(each) for each in window]
        drawing = sheet.show_all(levels, many, [_patch(levels, each) for each in many], **look)
    else:
        one = _or_centered(window, levels)
        drawing = figure.show(levels, one, _patch(levels, one), **look)
    return Image.fromarray(drawing)


def profile(
    image: Any, window: Window, along: Literal["row", "column"] = "row", *, theme: str = "dark",
    width: int | None = None,
) -> Image.Image:  # fmt: skip
    """Draw the row of pixels under a window's centre, its filters over it, and the row resampled.

    Parameters
    ----------
    image, window, theme, width
        As for `show`.
    along : {"row", "column"}
        The row under the centre, or the column.

    Returns
    -------
    PIL.Image.Image
    """
    checked_choice("along", along, ("row", "column"))
    levels, axis, window = levels_of(image), int(along == "row"), _one(window)
    centre = (window.gy, window.gx)[axis]
    at = min(max(round(centre), 0), levels.shape[1 - axis] - 1)
    line = levels[at] if axis else levels[:, at]
    return Image.fromarray(profiles.profile(line, window, axis, theme=theme_of(theme), width=_width(width)))


def sweep(
    image: Any, first: Window, last: Window, *, frames: int = FRAMES, fps: float = FPS, theme: str = "dark",
    width: int | None = None,
) -> Animation:  # fmt: skip
    """Animate a window from one to another over its image, as ``glimpse sweep`` does.

    Parameters
    ----------
    image, theme, width
        As for `show`.
    first, last : Window
        The ends: gx and gy change by equal steps, the other numbers by equal ratios.
    frames : int
        How many frames.
    fps : float
        Frames per second.

    Returns
    -------
    Animation
        A notebook plays it; it has `save`.

    Examples
    --------
    >>> import numpy as np
    >>> from glimpse import Window, sweep
    >>> start = Window(30, 40, delta=2, sigma=1, n=16)
    >>> film = sweep(np.zeros((60, 80)), start, Window(30, 40, delta=4, sigma=2, n=16), frames=3)
    >>> len(film.frames)
    3
    """
    levels, look = levels_of(image), theme_of(theme)
    fps = checked_one("fps", fps)
    ends = _one(first), _one(last)
    panel = Panel(levels, ends, theme=look, width=_width(width))
    most = most_frames(MAX_PIXELS) // math.prod(panel.size)
    if checked_size("frames", frames) > most:
        raise GlimpseError(
            f"frames of {panel.size[0]} x {panel.size[1]} must be at most {most}, got {frames}"
        )
    windows = paths.path(*ends, frames)
    panel = Panel(levels, windows, theme=look, width=_width(width))
    shots = [panel.draw(window, _patch(levels, window)) for window in windows]
    record = Record(first, (levels.shape[0], levels.shape[1]), "", last if last != first else None)
    return Animation(tuple(shots), fps, record, look)


@dataclass(frozen=True, repr=False)
class Animation:
    """The frames of a film, which a notebook plays.

    Parameters
    ----------
    frames : sequence of ndarray, uint8, shape (height, width, 3)
        The frames.
    fps : float
        Frames per second.
    record : Record
        The windows that a saved file remembers.
    theme : Theme
        The colours that a palette keeps.
    """

    frames: Sequence[Levels]
    fps: float
    record: Record
    theme: Theme

    def __repr__(self) -> str:
        rows, cols = self.frames[0].shape[:2]
        return f"<Animation of {len(self.frames)} frames of {rows} x {cols}>"

    def encoded(self, suffix: str = ".gif") -> bytes:
        """Return the bytes of a GIF, WebP or APNG file."""
        if suffix not in FORMATS:
            raise GlimpseError(f"an animation is {', '.join(FORMATS)}, got {suffix!r}")
        delays = FORMATS[suffix].delays(pauses(len(self.frames), self.fps, HOLD))
        return encode_animation(
            self.frames, delays, suffix, comment=self.record.to_json(), exact=self.theme.colours
        )

    def save(self, name: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a file, whole or not at all; its ending says which format."""
        suffix = os.path.splitext(os.fspath(name))[1].lower()
        save_bytes(os.fspath(name), self.encoded(suffix), overwrite=overwrite)

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.encoded()).decode()
        return f'<img alt="{html.escape(repr(self))}" src="data:image/gif;base64,{data}">'


def explore(image: Any, window: Window | None = None, *, name: str = "image") -> Page:
    """Return the page on which a window is chosen by looking; a notebook shows it in its cell.

    Parameters
    ----------
    image : array_like or PIL image
        As for `show`.
    window : Window, optional
        The window that it begins with. By default the whole image.
    name : str
        The name that the page has for the image.

    Returns
    -------
    Page
        Its Copy button gives the line of Python with the window that was chosen; it has `save`.
    """
    levels = levels_of(image)
    shape = levels.shape[0], levels.shape[1]
    window = _or_centered(window, levels)
    if not isinstance(name, str) or not name:
        raise GlimpseError(f"name is the image's, a text, got {told(name)}")
    grey = np.ndim(image) == 2 or getattr(image, "mode", "") == "L"
    record = Record(window, shape, name).to_dict()
    pixels, axis = (levels[..., 0], None) if grey else (levels, -1)
    subject = Subject(record, f"glimpse read {name}", pixels, axis)
    return Page(page(subject).decode("utf-8"), window)


@dataclass(frozen=True, repr=False)
class Page:
    """The page of an image and a window, as HTML."""

    html: str
    window: Window

    def __repr__(self) -> str:
        return f"<Page of {self.window}, {len(self.html) // 1000} kB>"

    def save(self, name: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the page as a file, whole or not at all."""
        save_bytes(os.fspath(name), self.html.encode("utf-8"), overwrite=overwrite)

    def _repr_html_(self) -> str:
        style = f"width: 100%; height: {HEIGHT}px; border: 0"
        return f'<iframe srcdoc="{html.escape(self.html)}" style="{style}" allow="clipboard-write"></iframe>'


def png_of(window: Window) -> bytes | None:
    """Return a drawing of a window without an image as a PNG; None of a batch of windows."""
    if not all(isinstance(number, float) for number in (window.gx, window.gy, window.gamma)):
        return None
    file = io.BytesIO()
    Image.fromarray(figure.sketch(window)).save(file, "PNG")
    return file.getvalue()


def levels_of(image: Any) -> Levels:
    """Return a picture as 8-bit RGB on black.

    Raises
    ------
    GlimpseError
        If it is no picture.
    """
    if isinstance(image, Image.Image):
        if image.mode not in ("L", "RGB", "I;16", "F", "I"):
            image = image.convert("RGBA")
        image = np.asarray(image)
    try:
        array = np.asarray(image)
    except ValueError:
        raise GlimpseError("an image is an array of numbers, whose rows are equally long") from None
    if array.ndim == 1 and array.size:
        raise GlimpseError(
            f"a signal, of shape {array.shape}, is drawn by the command: glimpse show FILE.npy --profile"
        )
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] > 4) or not array.size:
        raise GlimpseError(f"an image has rows, columns and at most 4 channels, got shape {array.shape}")
    if array.dtype.kind not in "buif" or not np.isfinite(array).all():
        bad = "" if array.dtype.kind in "buif" else f" of {array.dtype}"
        raise GlimpseError(f"an image is of finite numbers, got an array{bad or ' with others'}")
    white = 65535 if array.dtype == np.uint16 else 255
    if array.dtype.kind in "bf" and array.min() >= 0 and array.max() <= 1:
        white = 1
    if array.ndim == 3 and array.shape[2] in (2, 4):
        alpha: NDArray[Any] = array[..., -1:] / white
        array = np.concatenate([array[..., :-1] * alpha, array[..., -1:]], axis=2)
    return to_rgb(array.astype(np.float32), white)


def _patch(levels: Levels, window: Window) -> Levels:
    return to_rgb(read(levels, window, channel_axis=2), 255)


def _one(window: Any) -> Window:
    """The window, if it is a single one."""
    numbers: tuple[Any, ...] = ("no window",)
    if isinstance(window, Window):
        numbers = (window.gx, window.gy, *window.strides, *window.sigmas, window.gamma)
    if not all(isinstance(number, float) for number in numbers):
        raise GlimpseError(f"a drawing is of one glimpse.Window with plain numbers, not {told(window)}")
    return window  # type: ignore[no-any-return]


def _or_centered(window: Any, levels: Levels) -> Window:
    return Window.centered(levels.shape[:2]) if window is None else _one(window)


def _width(width: int | None) -> int | None:
    return None if width is None else checked_width(width)
