"""Frames in, the bytes of an animation out: GIF with one palette, WebP and APNG exactly. Opens no file."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import Blend, PngInfo

from glimpse.errors import GlimpseError
from glimpse.io.gif import LONGEST, join
from glimpse.io.palette import ENTRIES, Colours, Frames, few_colours, index_frames, palettes
from glimpse.io.record import DESCRIPTION, KEYWORD


def centiseconds(count: int, fps: float, hold: float = 0.6) -> list[int]:
    """Delays of `count` frames in whole centiseconds, the remainder carried so that the total is right.

    Parameters
    ----------
    count
        Number of frames, >= 1.
    fps
        Frames per second, > 0; above 50 the delays stay at 2 cs, which is as fast as browsers play.
    hold
        Seconds that the last frame stands in all, >= 0; it never stands shorter than the others.

    Raises
    ------
    GlimpseError
        If a number is out of range.

    Examples
    --------
    >>> centiseconds(5, 24, hold=0.6)
    [4, 4, 5, 4, 60]
    """
    if count < 1:
        raise GlimpseError(f"an animation needs at least one frame, got {count}")
    if not 0 < fps < float("inf"):
        raise GlimpseError(f"frames per second must be > 0, got {fps:g}")
    if not 0 <= hold < float("inf"):
        raise GlimpseError(f"the hold of the last frame must be >= 0 seconds, got {hold:g}")
    step = 100 / Fraction(fps)
    return _whole([step] * (count - 1) + [max(step, 100 * Fraction(hold))])


def whole_centiseconds(milliseconds: Iterable[float]) -> list[int]:
    """Return delays in whole centiseconds, at least 2, the remainder carried so that their sum is right.

    Examples
    --------
    >>> whole_centiseconds([250, 33, 33, 33, 204])
    [25, 3, 4, 3, 20]
    """
    return _whole([Fraction(delay) / 10 for delay in milliseconds])


def _whole(delays: Iterable[Fraction]) -> list[int]:
    ends = accumulate((max(delay, Fraction(2)) for delay in delays), initial=Fraction(0))
    ticks = [int(end + Fraction(1, 2)) for end in ends]
    return [after - before for before, after in pairwise(ticks)]


def encode_animation(
    frames: Frames, delays: Sequence[int], suffix: str, *, comment: str = "", exact: Colours = ()
) -> bytes:
    """Encode frames as an animation that loops for ever; the same frames give the same bytes.

    A GIF of at most 255 colours is exact; of more, each frame has a palette of 255 for the pixels that
    change in it. Pixels that stand still in the frames stand still in the file. WebP and APNG equal the
    frames. Writers merge identical neighbours and add their delays.

    Parameters
    ----------
    frames
        uint8, all (h, w) grey or all (h, w, 3) colour, 0 to 255.
    delays
        Centiseconds that each frame stands, 1 to 65535.
    suffix
        A key of `FORMATS`.
    comment
        ASCII text to carry along, of GIF its comment, of WebP EXIF's description, of APNG a text.
    exact
        (red, green, blue) that a GIF keeps as they are, at most 255.

    Raises
    ------
    GlimpseError
        If an argument is not as described, or the format cannot hold it.
    """
    if suffix.lower() not in FORMATS:
        raise GlimpseError(f"no animation format {suffix!r}, there are {', '.join(FORMATS)}")
    kind = FORMATS[suffix.lower()]
    _check(frames, delays, comment, exact)
    if max(frames[0].shape) > kind.side:
        raise GlimpseError(f"{kind.name} holds at most {kind.side} pixels a side, got {frames[0].shape}")
    return kind.encode(frames, delays, comment, exact)


def _check(frames: Frames, delays: Sequence[int], comment: str, exact: Colours) -> None:
    if not len(frames):
        raise GlimpseError("no frames to animate")
    if len(shapes := sorted({frame.shape for frame in frames})) > 1:
        raise GlimpseError(f"frames differ in shape: {' and '.join(map(str, shapes))}")
    shape = shapes[0]
    if any(frame.dtype != np.uint8 for frame in frames):
        raise GlimpseError(f"frames must be uint8, got {', '.join(sorted({str(f.dtype) for f in frames}))}")
    if 0 in shape or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise GlimpseError(f"a frame must be (h, w) or (h, w, 3) and not empty, got {shape}")
    if len(delays) != len(frames):
        raise GlimpseError(f"{len(frames)} frames need as many delays, got {len(delays)}")
    if not all(1 <= delay <= 65535 for delay in delays):
        raise GlimpseError(f"delays must be 1 to 65535 centiseconds, got {min(delays)} to {max(delays)}")
    if not comment.isascii():
        raise GlimpseError("the comment must be ASCII")
    if len(set(exact)) > ENTRIES:
        raise GlimpseError(f"at most {ENTRIES} colours can be kept exactly, got {len(set(exact))}")
    if not all(0 <= level <= 255 for colour in exact for level in colour):
        raise GlimpseError("levels of the exact colours must be 0 to 255")


def _written(frames: NDArray[np.uint8], extension: str, delays: Sequence[int], **options: Any) -> bytes:
    import imageio.v3 as iio  # 0.1 s that only an animation pays

    # by name, since three frames of grey could be one picture in colour, and another plugin could be chosen
    options |= {"extension": extension, "plugin": "pillow", "is_batch": True}
    options |= {"save_all": True, "loop": 0, "duration": [10 * delay for delay in delays]}
    return bytes(iio.imwrite("<bytes>", frames, **options))


def _gif(frames: Frames, delays: Sequence[int], comment: str, exact: Colours) -> bytes:
    if _longest(frames, delays) > LONGEST:
        raise GlimpseError(f"a GIF holds no picture for longer than {LONGEST / 100} s")
    colours = few_colours(frames)
    if colours is None:
        return join(palettes(frames, exact), delays, comment)
    palette, indices = index_frames(frames, colours)
    # Pillow takes 2-D frames for grey, and grey levels for indices into `palette`.
    text = comment.encode("ascii")
    return _written(indices, ".gif", delays, palette=palette, optimize=True, comment=text)


def _longest(frames: Frames, durations: Sequence[int]) -> int:
    """Longest time that one picture stands, identical neighbours merged."""
    changes = [not np.array_equal(before, after) for before, after in pairwise(frames)]
    return int(np.bincount(np.cumsum([0, *changes]), durations).max())


def _webp(frames: Frames, delays: Sequence[int], comment: str, _: Colours) -> bytes:
    exif = Image.Exif()
    if comment:
        exif[DESCRIPTION] = comment
    data = exif.tobytes().removeprefix(b"Exif\0\0") if comment else b""  # a beginning that is JPEG's alone
    # key frames add 40 %
    return _written(np.stack(frames), ".webp", delays, lossless=True, kmax=0, exif=data)


def _apng(frames: Frames, delays: Sequence[int], comment: str, _: Colours) -> bytes:
    text = PngInfo()
    if comment:
        text.add_text(KEYWORD, comment)
    over = [Blend.OP_SOURCE, *[Blend.OP_OVER] * (len(frames) - 1)]
    return _written(_changes(frames), ".apng", delays, blend=over, pnginfo=text)


def _changes(frames: Frames) -> NDArray[np.uint8]:
    """Add alpha, and make transparent the pixels that stand still: an APNG of a seventh of the size."""
    if len(frames) == 1:
        return np.stack(frames)
    levels = np.stack(frames) if frames[0].ndim == 3 else np.stack(frames)[..., None]
    opaque = np.concatenate([levels, np.full_like(levels[..., :1], 255)], axis=-1)
    moves = (opaque[1:] != opaque[:-1]).any(axis=-1, keepdims=True)
    opaque[1:] *= moves
    return opaque


class Format(NamedTuple):
    """One format of animations: its name, most pixels a side, how to write it."""

    name: str
    side: int
    encode: Callable[[Frames, Sequence[int], str, Colours], bytes]


_GIF = Format("GIF", 65535, _gif)
_WEBP = Format("WEBP", 16383, _webp)
_APNG = Format("PNG", 2**31 - 1, _apng)
FORMATS = {".gif": _GIF, ".webp": _WEBP, ".apng": _APNG}
