"""A window of one axis, for signals; a list of them is a window of as many axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from glimpse.slices import is_native, sliced
from glimpse.validation import checked_size
from glimpse.window.window import Edge, Kernel, Window

_STILL = 0.01  # pixels: sigma of the one filter over the one row that a signal is


@dataclass(frozen=True)
class Span:
    """Where to look along one axis: a `Window` in one dimension.

    `read`, `write`, `restore` and their derivatives take it for a `Window`, with arrays whose last axis is
    the signal: (..., L). A list of two or three is a window of two or three axes, the last ones of an array.

    Parameters
    ----------
    center : float
        Centre of the grid, in samples of the signal; 0 is the first.
    delta, sigma, gamma, n, kernel, edge
        As for a `Window`; numbers may be arrays, a batch.

    Raises
    ------
    GlimpseError
        If a number is out of its range, or a name is not in its list.

    Examples
    --------
    A sine wave of 800 samples; its part ``ys[100:600]`` in 100 values:

    >>> import numpy as np
    >>> from glimpse import Span, read
    >>> ys = np.sin(np.linspace(0, 4 * np.pi, 800))
    >>> read(ys, Span.from_slice("100:600", len(ys), n=100)).shape
    (100,)
    """

    center: Any
    delta: Any
    sigma: Any = None
    gamma: Any = 1.0
    n: int = 64
    kernel: Kernel = "gaussian"
    edge: Edge = "extend"

    def __post_init__(self) -> None:
        checked_size("n", self.n)
        window = Window(0, self.center, self.delta, self.sigma, self.gamma, self.n, self.kernel, self.edge)
        for name in ("delta", "sigma", "gamma", "n"):
            object.__setattr__(self, name, getattr(window, name))
        object.__setattr__(self, "center", window.gy)

    @property
    def window(self) -> Window:
        """The window that looks at a signal as at an image of one row."""
        delta, sigma = (1.0, self.delta), (_STILL, self.sigma)
        return Window(0.0, self.center, delta, sigma, self.gamma, (1, self.n), self.kernel, self.edge)

    @classmethod
    def centered(cls, size: int, n: int = 64, *, center: Any = None, delta: Any = None, **rest: Any) -> Span:
        """Fill in what is not given so that the grid spans a signal of this size.

        Examples
        --------
        >>> Span.centered(800, n=100).delta
        8.0
        """
        size = checked_size("size", size)
        delta = size / checked_size("n", n) if delta is None else delta
        made = Window.centered((1, size), (1, n), gy=center, delta=delta, **rest)
        return cls(made.gy, made.delta, made.sigma, made.gamma, n, made.kernel, made.edge)

    @classmethod
    def from_slice(cls, text: str | slice, size: int, n: int | Literal["native"] = 64, **rest: Any) -> Span:
        """Turn the part ``signal[first:last]`` into a span that tiles it, as `Window.from_slice` does.

        Examples
        --------
        >>> Span.from_slice("100:600", 800, n=100)
        Span(center=349.5, delta=5.0, sigma=2.5, gamma=1.0, n=100, kernel='gaussian', edge='extend')
        """
        size = checked_size("size", size)
        box = sliced(text, (size, size))._replace(top=0.0, bottom=1.0)
        if is_native(n):
            rest = {"kernel": "box", **rest}
        count = box.samples(n)
        many = count if isinstance(count, int) else max(count)
        return cls(box.center[1], box.sides[1] / many, n=many, **rest)
