"""The record that a file carries: the window and the source that it was made with. Read as untrusted text."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from glimpse import limits
from glimpse.errors import GlimpseError
from glimpse.validation import checked, checked_shape, checked_sides
from glimpse.window import METHODS, NUMBERS, Window

KEYWORD = "glimpse"
"""Name of the text chunk of PNG that holds the record."""

DESCRIPTION = 0x010E
"""ImageDescription of EXIF and TIFF, which holds the record in all other stills and in WebP's animations."""

VERSION = 2
FIRST_VERSION = 1
"""The first version, where a swept value was [first, last], delta and sigma one number, n a pair already."""

AXES = "gx=row, gy=col"

_FLAGS = ("nearest", "linear")
# told by `glimpse locate`, too
_FOUND = (
    *("rows", "cols", "offset", "inverted", "residual"),
    *("confidence", "agreement", "settled", "places", "others"),
)


@dataclass(frozen=True)
class Record:
    """The window of a file and its source, as ``glimpse info`` prints them.

    Parameters
    ----------
    window : Window
        The window, or the first one of a sweep.
    shape : (int, int)
        Rows and columns of the source, or of the canvas.
    source : str
        Base name of the source.
    last : Window or None
        The last window of a sweep.
    method : str or None
        How a canvas was written; None for patches and animations.
    fast : int
        How many times smaller the source was decoded.
    linear : bool
        Whether light was filtered, and not levels.
    nearest : bool
        Whether samples are labels, each of one pixel.
    windows : tuple of Window
        All windows, the first one among them, where there are several: of the patches on a canvas.
    """

    window: Window
    shape: tuple[int, int]
    source: str
    last: Window | None = None
    method: str | None = None
    fast: int = 1
    nearest: bool = False
    linear: bool = False
    windows: tuple[Window, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object; the last window, and each of several, by the values that differ."""
        extra: dict[str, Any] = {"last": _changes(self.last, self.window)} if self.last else {}
        extra |= {"method": self.method} if self.method else {}
        extra |= {"fast": self.fast} if self.fast > 1 else {}
        extra |= {name: True for name in _FLAGS if getattr(self, name)}
        extra |= (
            {"windows": [_changes(window, self.window) for window in self.windows]} if self.windows else {}
        )
        return {
            "glimpse": VERSION,
            **self.window.to_dict(),
            "axes": AXES,
            "shape": list(self.shape),
            "source": self.source,
            **extra,
        }

    @property
    def is_patch(self) -> bool:
        """Whether the file is one patch, and no canvas or animation."""
        return not (self.method or self.last or self.windows)

    @property
    def single(self) -> Window:
        """The window of a file that has just one.

        Raises
        ------
        GlimpseError
            If the record is of a sweep or of several windows.
        """
        if self.windows:
            raise GlimpseError(f"the record is of {len(self.windows)} windows and names no single one")
        if self.last:
            raise GlimpseError("the record is of a sweep and names no single window")
        return self.window

    def to_json(self) -> str:
        """Return `to_dict` as one line of ASCII."""
        return json.dumps(self.to_dict())

    @property
    def fits(self) -> bool:
        """Whether the record is short enough to be read back."""
        return len(self.to_json()) <= limits.RECORD_BYTES


def parse_record(text: str | bytes, max_pixels: int = limits.MAX_PIXELS) -> Record:
    """Parse the JSON of a record, which anyone may have written, of a source of at most so many pixels.

    Raises
    ------
    GlimpseError
        If it is anything but a record of this version or the first with numbers in their ranges.
    """
    if len(text) > limits.RECORD_BYTES:
        raise GlimpseError(f"the record is longer than {limits.RECORD_BYTES} bytes")
    try:
        values = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise GlimpseError(f"the record is not JSON of ours: {error}") from None
    version = values.pop("glimpse", None) if isinstance(values, dict) else None
    if type(version) is not int or version not in (FIRST_VERSION, VERSION):
        raise GlimpseError(f"the record is not of version {FIRST_VERSION} or {VERSION}")
    values = _upgraded(values) if version == FIRST_VERSION else values
    axes, source = values.pop("axes", AXES), values.pop("source", "")
    shape, method = values.pop("shape", None), values.pop("method", None)
    fast, several = values.pop("fast", 1), values.pop("windows", ())
    flags = {name: values.pop(name, False) for name in _FLAGS}
    if any(type(flag) is not bool for flag in flags.values()):
        raise GlimpseError(f"the record has a {' or a '.join(_FLAGS)} that is neither true nor false")
    values.pop("file", None)  # told by `glimpse info`, too
    changes = values.pop("last", {})
    if not isinstance(changes, dict) or not set(changes) <= {*NUMBERS, "n"}:
        raise GlimpseError("the record has a last that is not the numbers of a window")
    found = {name: values.pop(name) for name in _FOUND if name in values}
    if checked("offset", found.get("offset", 0), positive=False):
        values["gamma"] = Window.gamma  # a window has no offset, and its gamma alone would only be too bright
    if type(fast) is not int or not 1 <= fast <= limits.CANVAS_SIDE:
        raise GlimpseError(f"the record has fast {fast!r}, which is no scale of a decoded file")
    if axes != AXES or not isinstance(source, str) or method not in (None, *METHODS):
        raise GlimpseError("the record has unknown axes, an unknown method, or a source that is no text")
    window = Window.from_dict(values)
    end = Window.from_dict(values | changes) if changes else window
    last = end if changes and end != window else None
    if method and last:
        raise GlimpseError("the record is of a sweep and of a canvas at once")
    if not isinstance(shape, list) or len(shape) != 2:  # of an image in memory a third is of its channels
        raise GlimpseError("the record has no shape of rows and columns")
    # a patch may be of a picture of which no canvas can be made
    size = checked_shape(shape, max_pixels) if method else checked_sides(shape)
    if max(size) > limits.NUMBER_MAX:
        raise GlimpseError(f"the record is of a picture of more than {limits.NUMBER_MAX:g} pixels a side")
    windows = _windows(several, values) if several != () else ()
    return Record(window, size, source, last, method, fast, **flags, windows=windows)


def as_record(comment: object) -> str | None:
    """Return the comment of a file if it begins as a record does, for others write comments too."""
    return comment if isinstance(comment, str) and comment.startswith('{"glimpse"') else None


def _windows(several: Any, values: dict[str, Any]) -> tuple[Window, ...]:
    """All windows, each told by the values that set it apart from the first one."""
    if not isinstance(several, list) or len(several) < 2 or not all(isinstance(one, dict) for one in several):
        raise GlimpseError("the record has windows that are not a list of two or more")
    windows = tuple(Window.from_dict({**values, **one}) for one in several)
    if windows[0] != Window.from_dict(values):
        raise GlimpseError("the record begins its windows with another one than its own")
    return windows


def _changes(window: Window, first: Window) -> dict[str, Any]:
    known = first.to_dict()
    return {name: value for name, value in window.to_dict().items() if value != known[name]}


def _upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a record of the first version, in the words of this version."""
    if "last" in values:
        raise GlimpseError("a record of the first version has no last window")
    swept = {name: values[name] for name in NUMBERS if isinstance(values.get(name), list)}
    for name, ends in swept.items():
        if len(ends) != 2 or isinstance(ends[0], list) or isinstance(ends[1], list):
            raise GlimpseError(f"the record has no first and last value for {name}")
    first, last = ({name: ends[end] for name, ends in swept.items()} for end in (0, 1))
    return values | first | ({"last": last} if swept else {})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise GlimpseError("a name stands twice")
    if any(isinstance(value, float) and math.isinf(value) for value in values.values()):
        raise GlimpseError("a number is out of range")
    return values


def _no_constant(name: str) -> None:
    raise GlimpseError(f"{name} is no number")
