"""Frames in, the bytes of a video out, by imageio's plugin of PyAV. Opens no file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from itertools import accumulate, pairwise
from math import gcd, lcm
from typing import Any

import numpy as np

from glimpse.errors import GlimpseError, UsageError
from glimpse.typing import Array

CODECS = {".mp4": "libx264", ".webm": "libvpx-vp9"}
"""The codec of each ending."""

_SAME = {"fflags": "bitexact"}  # no random numbers, no version; libx264 may still vary a few bytes
_FASTEST = 100  # frames a second
_ALIKE = 2  # milliseconds by which delays differ that a file rounded


def check_installed(output: str) -> None:
    """Refuse an output that cannot be written here.

    Raises
    ------
    UsageError
        If there is no PyAV.
    """
    if find_spec("av") is None:
        raise UsageError(
            f"-o {output}: video is written by PyAV, and there is none: "
            "pip install 'glimpse-crop[video]', or write .gif, .webp or .apng"
        )


def frame_rate(delays: Sequence[Fraction]) -> Fraction:
    """Return the frames a second at which each delay in milliseconds is a whole number of frames.

    Of delays that differ by a rounding it is that of their mean, and never more than 100.

    Examples
    --------
    >>> [frame_rate([Fraction(each) for each in some]) for some in ([70, 100], [33, 34, 33], [40, 7])]
    [Fraction(100, 1), Fraction(30, 1), Fraction(100, 1)]
    """
    below = lcm(*(delay.denominator for delay in delays))
    step = Fraction(gcd(*(int(delay * below) for delay in delays)), below)
    if max(delays) - min(delays) <= _ALIKE:
        step = sum(delays, Fraction(0)) / len(delays)
    return min(1000 / step, Fraction(_FASTEST))


def repeats(delays: Sequence[float | Fraction], rate: Fraction) -> list[int]:
    """Return how many frames of a video each delay in milliseconds is, the remainder carried to the next.

    Examples
    --------
    >>> repeats([40, 30, 30, 600], Fraction(25))
    [1, 1, 1, 15]
    """
    ends = accumulate((Fraction(delay) * rate / 1000 for delay in delays), initial=Fraction(0))
    counts, due = [], Fraction(0)
    for before, after in pairwise(ends):
        due += after - before
        counts.append(max(1, int(due + Fraction(1, 2))))
        due -= counts[-1]
    return counts


def even(frame: Array) -> Array:
    """Return a frame of even sides, as codecs of video want them: its edge repeated by a pixel."""
    rows, cols = frame.shape[:2]
    return np.pad(frame, ((0, rows % 2), (0, cols % 2), *[(0, 0)] * (frame.ndim - 2)), mode="edge")


def encode_video(frames: Sequence[Array], counts: Sequence[int], rate: Fraction, suffix: str) -> bytes:
    """Encode frames as a video of even sides; each is shown so many times.

    Parameters
    ----------
    frames : sequence of ndarray
        uint8, all (h, w) grey or all (h, w, 3) colour.
    counts : sequence of int
        How many frames of the video each one is, as `repeats` makes them.
    rate : Fraction
        Frames per second.
    suffix : str
        A key of `CODECS`.

    Raises
    ------
    GlimpseError
        If PyAV refuses.
    """
    import av
    import imageio.v3 as iio

    opened: Any = iio.imopen  # its types know no options
    try:
        with opened("<bytes>", "w", plugin="pyav", extension=suffix, options=_SAME) as video:
            video.init_video_stream(CODECS[suffix], fps=float(rate), pixel_format="yuv420p")
            # slices follow the number of cores; the plugin has no door for it
            video._video_stream.codec_context.thread_count = 1
            for frame, count in zip(frames, counts, strict=True):
                shown = even(frame if frame.ndim == 3 else np.stack([frame] * 3, axis=-1))
                for _ in range(count):
                    video.write_frame(shown)
        return bytes(video.request.get_result() or b"")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise GlimpseError(f"PyAV cannot write it: {' '.join(str(error).split())[:200]}") from error
