"""Windows in time: from one window to another, or from fixation to fixation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from glimpse.validation import checked_size
from glimpse.window import NUMBERS, Window

DURATION = 300.0  # milliseconds that a fixation stands if no duration is given
SACCADE = 60.0  # milliseconds of a move, as eyes take for about ten degrees


class Stop(NamedTuple):
    """A fixation: its window, and the milliseconds that it stands."""

    window: Window
    duration: float = DURATION


class Step(NamedTuple):
    """A frame of a scanpath: its window, the milliseconds that it stands, how many fixations have begun."""

    window: Window
    duration: float
    begun: int


def path(first: Window, last: Window, frames: int) -> list[Window]:
    """Return the windows of a sweep: equal steps for gx and gy, equal ratios for the others.

    Examples
    --------
    >>> first, last = Window(0, 0, delta=1, sigma=1), Window(0, 10, delta=4, sigma=1)
    >>> [(w.gy, w.delta) for w in path(first, last, 3)]
    [(0.0, 1.0), (5.0, 2.0), (10.0, 4.0)]
    """
    checked_size("frames", frames)
    return [between(first, last, float(t)) for t in np.linspace(0, 1, frames)]


def between(first: Window, last: Window, t: float) -> Window:
    """Return the window a share `t` of the way from one to another, 0 to 1.

    Where n changes it is rounded; a stride that changes as well follows it, so that the box changes evenly.
    """
    values: dict[str, Any] = {"n": first.n}
    for name in NUMBERS:
        start, end = getattr(first, name), getattr(last, name)
        if name in ("gx", "gy"):
            values[name] = end if t == 1 else start + (end - start) * t
        else:
            values[name] = _ratio(start, end, t)
    if first.n != last.n:
        wanted = _ratio(first.shape, last.shape, t)
        n = tuple(round(side) for side in wanted)
        values["n"] = n[0] if isinstance(first.n, int) and isinstance(last.n, int) else n
        if first.delta != last.delta:
            strides = _ratio(first.strides, last.strides, t)
            delta = tuple(d * side / whole for d, side, whole in zip(strides, wanted, n, strict=True))
            values["delta"] = delta[0] if delta[0] == delta[1] else delta
    return replace(first, **values)


def _ratio(first: Any, last: Any, t: float) -> Any:
    if isinstance(first, tuple) or isinstance(last, tuple):
        starts, ends = (end if isinstance(end, tuple) else (end, end) for end in (first, last))
        return tuple(_ratio(start, end, t) for start, end in zip(starts, ends, strict=True))
    return first if first == last else last if t == 1 else first * (last / first) ** t


def steps(stops: Sequence[Stop], saccade: float = SACCADE, fps: float = 25) -> list[Step]:
    """Return the frames of a scanpath: each fixation is one, each move as many as its time holds.

    Parameters
    ----------
    stops : sequence of Stop
        The fixations, in order.
    saccade : float
        Milliseconds of each move, which begins and ends slowly; 0 jumps.
    fps : float
        Frames per second of the moves.

    Examples
    --------
    >>> here, there = Window(0, 0, 1, 1), Window(0, 100, 1, 1)
    >>> [(round(s.window.gy), s.duration) for s in steps([Stop(here, 200), Stop(there, 250)], 80, 25)]
    [(0, 200), (26, 40.0), (74, 40.0), (100, 250)]
    """
    if not stops:
        return []
    count = max(1, round(saccade * fps / 1000)) if saccade > 0 else 0
    found = [Step(*stops[0], 1)]
    for i in range(1, len(stops)):
        before, after = stops[i - 1].window, stops[i].window
        times = [k / (count + 1) for k in range(1, count + 1)]
        shares = [t * t * (3 - 2 * t) for t in times]  # slow, fast, slow
        found += [Step(between(before, after, share), saccade / count, i) for share in shares]
        found.append(Step(*stops[i], i + 1))
    return found
