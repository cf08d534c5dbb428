"""Where a window is to be, as a person says it, on an image of any shape."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from glimpse.errors import GlimpseError
from glimpse.limits import N_MAX
from glimpse.slices import FITS, NATIVE
from glimpse.validation import Pair, checked, checked_n, number
from glimpse.window import NUMBERS, Window

if TYPE_CHECKING:
    from glimpse.window.span import Span

OUTSIDE = ("keep", "clip", "skip", "fail")
"""Ways with a window that lies partly beyond its image."""
SQUASHED = 1.05  # how much longer one stride is than the other where it is worth a note
ORIGINS = ("top-left", "bottom-left", "center")
_KEPT = ("gamma", "n", "kernel", "edge")  # of the window of --like, where a slice or a box says where to look
_FILTERS = ("sigma", *_KEPT)  # the options that go with a slice or a box


class Position(NamedTuple):
    """A place along an axis, or a length: pixels, or `value` of a `whole` that is the axis, as 25 of 100."""

    value: float
    whole: float = 0.0

    def on(self, size: int) -> float:
        """Return the pixel; 0 % is the first edge of the axis, 100 % the last."""
        return self.value / self.whole * size - 0.5 if self.whole else self.value

    def length(self, size: int) -> float:
        """Return the distance from the first edge of the axis, or a length along it, in pixels."""
        return self.value / self.whole * size if self.whole else self.value


class Frame(NamedTuple):
    """The frame of numbers: what they count from, and their unit.

    Parameters
    ----------
    reference : (float, float) or None
        Width and height, in the unit of the numbers, of the picture or screen that they are of: the size of
        a copy, of a screen, or 1, 1 for shares. None is the picture itself, in pixels.
    placed : (float, float, float, float) or None
        x, y, width and height of the picture on that screen, from its left and top edge.
    origin : {"top-left", "bottom-left", "center"}
        Where 0, 0 is; of the last two y counts up.

    Notes
    -----
    A pixel of a picture or screen is counted by its centre, as gx and gy are; shares (1, 1; 100, 100;
    1000, 1000...) and distances from the middle are measured from edges.
    """

    reference: tuple[float, float] | None = None
    placed: tuple[float, float, float, float] | None = None
    origin: str = "top-left"

    def point(self, value: float, axis: int, shape: tuple[int, int]) -> float:
        """Return the pixel of a position along an axis, 0 down and 1 across."""
        half = 0.5 if self._counts_pixels and self.origin != "center" else 0.0
        return self.edge(value + half, axis, shape) - 0.5

    def edge(self, value: float, axis: int, shape: tuple[int, int]) -> float:
        """Return the distance in pixels of an edge from the first one of the picture."""
        side, start, length = self._axis(axis, shape)
        if self.origin == "center":
            value = side / 2 + (value if axis else -value)
        elif self.origin == "bottom-left" and not axis:
            value = side - value
        return (value - start) / length * shape[axis]

    def stride(self, value: Any, shape: tuple[int, int]) -> Any:
        """Return strides or sigmas in pixels; beside shares from 0 to 1 they are pixels already."""
        if self.reference in (None, (1, 1)):
            return value
        pair = value if isinstance(value, tuple) else (value, value)
        down, across = (each * shape[axis] / self._axis(axis, shape)[2] for axis, each in enumerate(pair))
        return down if math.isclose(down, across, rel_tol=1e-9) else (down, across)

    def _axis(self, axis: int, shape: tuple[int, int]) -> tuple[float, float, float]:
        """The side of the screen along an axis, and where the picture begins on it and how long it is."""
        side = self.reference[1 - axis] if self.reference else float(shape[axis])
        return (side, self.placed[1 - axis], self.placed[3 - axis]) if self.placed else (side, 0.0, side)

    @property
    def _counts_pixels(self) -> bool:
        if self.reference is None:
            return True
        shares = self.reference[0] == self.reference[1] in (1, 10, 100, 1000, 10_000)
        return not shares and all(side == round(side) > 10 for side in self.reference)


SHARES = Frame((1, 1))


class Range(NamedTuple):
    """The first and the last value of a sweep."""

    first: Any
    last: Any


class Box(NamedTuple):
    """A box: x across and y down from the left and top edge of the image, in pixels or percent.

    The four numbers are x, y, width and height, or as `kind` says two corners, or the centre and the size.
    """

    a: Position
    b: Position
    c: Position
    d: Position
    kind: str = "size"

    def on(self, shape: tuple[int, int], frame: Frame | None = None) -> tuple[float, float, float, float]:
        """Return x, y, width and height in pixels; `frame` is that of numbers without a percent sign.

        Raises
        ------
        GlimpseError
            If it has no width or no height.
        """
        rows, cols = shape
        x, y, w, h = self.a.length(cols), self.b.length(rows), self.c.length(cols), self.d.length(rows)
        if self.kind == "corners":
            w, h = w - x, h - y
        if not (w > 0 and h > 0):
            raise GlimpseError(f"a box of {w:g} x {h:g} (width x height) is empty")
        x, y = (x - w / 2, y - h / 2) if self.kind == "center" else (x, y)
        if frame is None or self.shares:
            return x, y, w, h
        # 0.35 - 0.1 of an axis is a whole number of pixels but for its last digits
        left, right = (round(frame.edge(end, 1, shape), 9) for end in (x, x + w))
        top, bottom = sorted(round(frame.edge(end, 0, shape), 9) for end in (y, y + h))
        return left, top, right - left, bottom - top

    def check(self) -> None:
        """Refuse a box that is empty on an image of any shape, as `on` does."""
        if not (self.a.whole or self.b.whole or self.c.whole or self.d.whole):
            self.on((1, 1))

    @property
    def shares(self) -> bool:
        """Whether some of it is in percent."""
        return any(end.whole for end in (self.a, self.b, self.c, self.d))


class Placement(NamedTuple):
    """Where a window is to be, and its filters; what is not given is None.

    A number, a position or a box is one value, or in a sweep a `Range` of two.

    Parameters
    ----------
    gx, gy, delta, sigma, gamma, n, kernel, edge
        As for `Window`; gx and gy are `Position`; ``native`` is an n too.
    slice, box, fit, pad
        A crop that the window tiles, as text or as a `Box`; how a box is filled; how much it grows.
    like : Record or None
        An earlier window, which the options change.
    typed : frozenset of str
        Names of the options on the command line, or of the columns in a row: they go before a record.
    guarded : bool
        Whether gx and gy are refused where they look swapped.
    like_name : str
        The file of `like`, which no output may replace.
    frame : Frame or None
        What the numbers count from.
    """

    gx: Any = None
    gy: Any = None
    delta: Any = None
    sigma: Any = None
    gamma: Any = None
    n: Pair | Literal["native"] | None = None
    kernel: Any = None
    edge: Any = None
    slice: Any = None
    box: Any = None
    fit: Any = None
    pad: Any = None
    like: Any = None
    typed: frozenset[str] = frozenset()
    guarded: bool = True
    like_name: str = ""
    frame: Frame | None = None

    @classmethod
    def of(cls, window: Window) -> Placement:
        """Return the placement that is this window on every image."""
        given = {name: getattr(window, name) for name in ("delta", *_FILTERS)}
        return cls(gx=Position(window.gx), gy=Position(window.gy), guarded=False, **given)

    def window(self, shape: tuple[int, int], end: int = 0, *, native: bool = False) -> Window:
        """Return the window on an image of this shape: the first (0) or the last (-1) of a sweep.

        A slice or a box without an n has one sample for each of its pixels if `native`, else 64 x 64.

        Raises
        ------
        GlimpseError
            If the centre is off the image and would be on it with gx and gy swapped, or a slice or box
            does not fit.
        """
        values: dict[str, Any] = {}  # at this end, in pixels; a record goes before the environment
        for key in ("gx", "gy", "delta", *_FILTERS, "slice", "box"):
            value = getattr(self, key)
            value = value[end] if isinstance(value, Range) else value
            if value is None or (self.like and key not in self.typed and key not in ("slice", "box")):
                continue
            if isinstance(value, Position):
                axis = int(key == "gy")
                if self.frame and not value.whole:
                    value = self.frame.point(value.value, axis, shape)
                else:
                    value = value.on(shape[axis])
            elif self.frame and key in ("delta", "sigma"):
                value = self.frame.stride(value, shape)
            values[key] = value
        known: Window | None = self.like and (self.like.last if end and self.like.last else self.like.window)
        exact = native and self.counts_pixels
        native = (
            exact or values.get("n") == NATIVE
        )  # goes with another kernel and sigma than the known window's
        if place := {key: values.pop(key) for key in ("slice", "box") if key in values}:
            own = [key for key in _KEPT if not (native and key == "kernel")]
            filters = {key: getattr(known, key) for key in own} if known else {}
            filters |= {key: value for key, value in values.items() if key in _FILTERS}
            filters |= {"n": 1, "kernel": values.get("kernel") or "box"} if exact else {}
            if "slice" in place:
                window = Window.from_slice(place["slice"], shape, **filters)
            else:
                fit, pad = FITS[0] if exact else self.fit or FITS[0], self.pad or 0
                x, y, w, h = place["box"].on(shape, self.frame)
                if self.frame and not isinstance(pad, str):  # in the unit of the box
                    grown = self.frame.stride(pad, shape)
                    down, across = grown if isinstance(grown, tuple) else (grown, grown)
                    x, y, w, h, pad = x - across, y - down, w + 2 * across, h + 2 * down, 0
                window = Window.from_xywh((x, y, w, h), fit=fit, pad=pad, **filters)
            window = _of_own_pixels(window, values.get("sigma")) if exact else window
        elif native:
            raise GlimpseError("-n native counts the pixels of a box: give --box or --slice")
        elif known:
            window = replace(known, **values) if values else known
        else:
            window = Window.centered(shape, **values)
        if known and window is not known and not native and "sigma" not in values:
            window = _with_sigma_of(known, window)
        if self.guarded and window.looks_swapped(shape) and self._in_pixels():
            raise GlimpseError(
                f"row {window.gx:g} (gx), col {window.gy:g} (gy) is off the image ({shape[0]} rows, "
                f"{shape[1]} columns) but is on it swapped: gx counts DOWN, gy ACROSS; use "
                f"--row {window.gy:g} --col {window.gx:g} (or percentages to look past the edge)"
            )
        return window

    def span(self, size: int, *, native: bool = False) -> Span:
        """Return the window of one axis on a signal of this size; gx is its centre.

        Raises
        ------
        GlimpseError
            If something is given that belongs to two axes.
        """
        from glimpse.window.span import Span  # which a picture need not wait for

        known = {"--col (gy)": self.gy, "--box": self.box, "--pad": self.pad, "--like": self.like,
                 "--reference and --origin": self.frame}  # fmt: skip
        wrong = [name for name, value in known.items() if value is not None]
        pairs = {"-n": self.n, "--delta": self.delta, "--sigma": self.sigma}
        wrong += [f"the second {name}" for name, value in pairs.items() if isinstance(value, tuple)]
        wrong += ["the second slice"] if self.slice and "," in self.slice else []
        if wrong:
            raise GlimpseError(f"a signal has one axis, along which --row (gx) counts; leave out {wrong[0]}")
        filters = {name: getattr(self, name) for name in ("sigma", "gamma", "kernel", "edge")}
        filters = {name: value for name, value in filters.items() if value is not None}
        n: Any = self.n or (NATIVE if native and self.slice else Span.n)
        if self.slice:
            return Span.from_slice(self.slice, size, n, **filters)
        if n == NATIVE:
            raise GlimpseError("-n native counts the samples of a slice: give --slice")
        center = None if self.gx is None else self.gx.on(size)
        return Span.centered(size, n, center=center, delta=self.delta, **filters)

    def notes(self, window: Window, shape: tuple[int, int]) -> list[str]:
        """Return notes for the line of a window: on its place, and on numbers that follow others."""
        notes = [] if window.sees(shape) else ["the window lies wholly beyond the image"]
        tiled = self.slice or self.box  # of a tile half over the edge the centre may well be off the image
        if not tiled and window.looks_swapped(shape) and not (self.guarded and self._in_pixels()):
            notes.append("its centre is off the image, but on it with gx (DOWN) and gy (ACROSS) swapped")
        if isinstance(self.box, Box) and max(self.box.on(shape, self.frame)[2:]) < 1:
            notes.append("its box is less than a pixel: shares are written 25%, in a table with --normalized")
        if self.like and "sigma" not in self.typed and window.delta != self.like.window.delta:
            notes.append("sigma follows delta")
        down, across = window.strides
        squash = max(across, down) / min(across, down)
        if (self.box or self.slice) and squash >= SQUASHED and self.n is not None:
            ratio = f"{squash:.3g}:1" if across > down else f"1:{squash:.3g}"
            keeps = "--fit contain" if self.box else f"-n {_in_proportion(window)}"
            notes.append(f"squashed {ratio}; {keeps} keeps squares")
        return notes

    def clipped(self, shape: tuple[int, int]) -> Placement:
        """Return the placement of a box, grown by its pad, that is cut to an image of this shape.

        Raises
        ------
        GlimpseError
            If nothing of it lies on the image.
        """
        top, bottom, left, right = self._replace(n=1, fit=None).window(shape).box
        top, left, bottom, right = max(top, 0), max(left, 0), min(bottom, shape[0]), min(right, shape[1])
        if bottom <= top or right <= left:
            raise GlimpseError("its box lies wholly beyond the image")
        a, b, c, d = (Position(end) for end in (left, top, right, bottom))
        return self._replace(box=Box(a, b, c, d, "corners"), pad=None, frame=None)

    def pixels(self) -> tuple[int, int] | None:
        """Return the rows and columns of a box that is in pixels, None where only its image tells."""
        if self.slice or self.pad or self.frame or not isinstance(self.box, Box) or self.box.shares:
            return None
        _, _, w, h = self.box.on((1, 1))
        return max(1, round(h)), max(1, round(w))

    @property
    def counts_pixels(self) -> bool:
        """Whether a slice or a box places the window, and nothing says how many samples it has."""
        return bool(self.slice or self.box) and self.n is None and not self.like

    def of_patch(self, record: Any, n: Pair) -> Placement:
        """Return these options over the record of a patch and its own n; those of ``--like`` as they are."""
        if self.like:
            return self
        if record is None:
            return self if "n" in self.typed else self._replace(n=n)
        place = [getattr(self, name) if name in self.typed else None for name in ("slice", "box")]
        return self._replace(like=record, slice=place[0], box=place[1])

    @property
    def is_sweep(self) -> bool:
        """Whether some number or the box is a range, here or in the record of ``--like``."""
        if isinstance(self.box, Range) or isinstance(self.slice, Range):
            return True
        for key in (*NUMBERS, "n"):
            value = getattr(self, key)
            if value is None and self.like and self.like.last:
                value = Range(getattr(self.like.window, key), getattr(self.like.last, key))
            if isinstance(value, Range) and value.first != value.last:
                return True
        return False

    def _in_pixels(self) -> bool:
        """Whether gx or gy is one number of pixels, which may be meant for the other axis."""
        places = [place for place in (self.gx, self.gy) if place and not self.frame]
        fixed = all(isinstance(place, Position) for place in places)
        return fixed and any(not place.whole for place in places)


def _of_own_pixels(window: Window, sigma: Any) -> Window:
    """The window of one sample for each pixel of a box, which lie one pixel apart."""
    top, bottom, left, right = window.box
    rows, cols = (max(1, round(side)) for side in (bottom - top, right - left))
    if (most := max(rows, cols)) > N_MAX:
        fitting = ",".join(str(max(1, math.floor(side * N_MAX / most))) for side in (rows, cols))
        raise GlimpseError(f"{rows} x {cols} pixels are more than {N_MAX} a side; -n {fitting} fits")
    return replace(window, n=(rows, cols), delta=1.0, sigma=sigma)


def _in_proportion(window: Window) -> str:
    """The n of the longer side of a window, and the other in the proportion of its box."""
    top, bottom, left, right = window.box
    rows, cols = (max(1, round(side * max(window.shape) / max(bottom - top, right - left)))
                  for side in (bottom - top, right - left))  # fmt: skip
    return f"{rows},{cols}"


def resampled(window: Window, n: tuple[int, int]) -> Window:
    """Return the window over the same box in other samples, as sharp in their strides."""
    strides = (old * stride / new for old, stride, new in zip(window.shape, window.strides, n, strict=True))
    down, across = strides
    return _with_sigma_of(window, replace(window, delta=(down, across), n=n))


def _with_sigma_of(known: Window, window: Window) -> Window:
    """A window as sharp as the known one, in its own strides: sigma follows delta in proportion."""
    if window.delta == known.delta:
        return replace(window, sigma=known.sigma)
    ends = zip(known.sigmas, window.strides, known.strides, strict=True)
    down, across = (sigma * now / before for sigma, now, before in ends)
    return replace(window, sigma=(down, across))


def position(name: str) -> Callable[[str], Position]:
    """Return the parser of a position such as ``180``, ``-20.5`` or ``50%``."""

    def parse(text: str) -> Position:
        try:
            value = number(text.removesuffix("%"))
        except GlimpseError:
            raise GlimpseError(f"{text!r} is not a plain finite number such as 2.5, or 50%") from None
        return Position(checked(name, value, positive=False), 100.0 if text.endswith("%") else 0.0)

    return parse


def positive(name: str) -> Callable[[str], float]:
    """Return the parser of a number above 0."""
    return lambda text: checked(name, number(text))


def positive_pair(name: str) -> Callable[[str], Any]:
    """Return the parser of a number above 0, or of two: rows, columns."""

    def parse(text: str) -> Any:
        parts = text.replace(", ", ",").split(",")
        if len(parts) > 2:
            raise GlimpseError(f"{text!r} is not one number, or two: ROWS,COLS")
        values = [checked(name, number(part)) for part in parts]
        return values[0] if len(values) == 1 or values[0] == values[1] else tuple(values)

    return parse


def parse_box(text: str) -> Box:
    """Parse a box: ``X,Y,W,H`` in pixels or percent, ``WxH+X+Y``, ``pct:x,y,w,h`` or ``xywh=x,y,w,h``.

    The others are those of ImageMagick, of IIIF's image interface and of the media fragments of the web.

    Examples
    --------
    >>> parse_box("64x48+10+20") == parse_box("10,20,64,48") == parse_box("xywh=pixel:10,20,64,48")
    True
    >>> parse_box("pct:25,25,50,50") == parse_box("25%,25%,50%,50%")
    True
    """
    plain = text.strip()
    if geometry := re.fullmatch(rf"({_SIDE})x({_SIDE})([+-]{_SIDE})([+-]{_SIDE})", plain, re.ASCII):
        w, h, x, y = (part.removeprefix("+") for part in geometry.groups())
        parts, percent = [x, y, w, h], False
    else:
        prefix = next((word for word in _PREFIXES if plain.lower().startswith(word)), "")
        percent = _PREFIXES.get(prefix, False)
        parts = [part.strip() for part in plain[len(prefix) :].split(",")]
    if len(parts) != 4:
        raise GlimpseError(
            f"{text!r} is not a box; write X,Y,W,H such as 10,20,64,48 or 25%,25%,50%,50%, or 64x48+10+20"
        )
    a, b, c, d = (position(name)(part + "%" * percent) for name, part in zip("xywh", parts, strict=True))
    if not (c.value > 0 and d.value > 0):
        raise GlimpseError(f"{text!r} is an empty box; its width and height must be > 0")
    return Box(a, b, c, d)


_SIDE = r"\d{1,9}(?:\.\d{1,9})?"
_PREFIXES = {"pct:": True, "xywh=percent:": True, "xywh=pixel:": False, "xywh=": False}


def parse_reference(text: str) -> tuple[float, float]:
    """Parse ``WxH``, two numbers above 0."""
    width, times, height = text.partition("x")
    if not times:
        raise GlimpseError(f"{text!r} is not WIDTHxHEIGHT such as 1920x1080, or 1x1")
    return checked("the width", number(width)), checked("the height", number(height))


def parse_placed(text: str) -> tuple[float, float, float, float]:
    """Parse ``X,Y,W,H`` in the unit of the reference."""
    box = parse_box(text)
    if box.shares:
        raise GlimpseError(f"{text!r} is in percent; write it in the unit of --reference")
    return box.a.value, box.b.value, box.c.value, box.d.value


def parse_size(text: str) -> Pair:
    """Parse ``WxH``, the width first, as rows and columns."""
    sides = re.fullmatch(r"(\d{1,9})x(\d{1,9})", text, re.ASCII)
    if not sides:
        raise GlimpseError(f"{text!r} is not WIDTHxHEIGHT such as 200x100")
    return checked_n((int(sides[2]), int(sides[1])))


def parse_n(text: str) -> Pair | str:
    """Parse ``40``, ``40,30`` (rows, columns) or ``native``."""
    if text == "native":
        return text
    parts = sides_of(text, "-n").split(",")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts):
        raise GlimpseError(
            f"{text!r} is not a number of filters such as 40, or 40,30 (rows,columns), or native"
        )
    sizes = [int(part) for part in parts]
    return checked_n(sizes[0] if len(sizes) == 1 else (sizes[0], sizes[1]))


def sides_of(text: str, option: str) -> str:
    """Two sides with a comma; with an x everybody reads the width first, so they must be equal."""
    sides = re.fullmatch(r"(\d{1,9})x(\d{1,9})", text, re.ASCII)
    if sides and sides[1] != sides[2]:
        raise GlimpseError(
            f"{text!r} could be read two ways; of {sides[1]} rows and {sides[2]} columns write "
            f"{option} {sides[1]},{sides[2]}, of {sides[2]} rows {option} {sides[2]},{sides[1]}"
        )
    return f"{sides[1]},{sides[2]}" if sides else text


def parse_pad(text: str) -> float | str:
    """Parse ``10%`` or ``8``: how much a box grows on every side, by a share of its sides or by pixels."""
    if number(text.removesuffix("%").strip()) < 0:
        raise GlimpseError(f"{text!r} is negative; a box grows by percent such as 10%, or by pixels")
    return text if text.endswith("%") else number(text)
