"""Frames in, the bytes of an animation out: GIF with one palette, WebP and APNG exactly. Opens no file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata
from PIL.PngImagePlugin import Blend, PngInfo

from glimpse.errors import GlimpseError
from glimpse.io.palette import ENTRIES, Colours, Frames, few_colours, index_frames, palettes
from glimpse.io.record import DESCRIPTION, KEYWORD

_LONGEST = 65535  # hundredths of a second that one picture can stand

_FOR_EVER = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
_STAYS = 1 << 2  # a picture stays where the next one is transparent
_HAS_TABLE = 1 << 7


def pauses(count: int, fps: float, hold: float = 0.6) -> list[Fraction]:
    """Return the milliseconds that each of `count` frames stands, not rounded.

    Parameters
    ----------
    count
        Number of frames, >= 1.
    fps
        Frames per second, > 0.
    hold
        Seconds that the last frame stands in all, >= 0; it never stands shorter than the others.

    Raises
    ------
    GlimpseError
        If a number is out of range.

    Examples
    --------
    >>> FORMATS[".gif"].delays(pauses(5, 24, hold=0.6))
    [40, 40, 50, 40, 600]
    """
    if count < 1:
        raise GlimpseError(f"an animation needs at least one frame, got {count}")
    if not 0 < fps < float("inf"):
        raise GlimpseError(f"frames per second must be > 0, got {fps:g}")
    if not 0 <= hold < float("inf"):
        raise GlimpseError(f"the hold of the last frame must be >= 0 seconds, got {hold:g}")
    step = 1000 / Fraction(fps)
    return [step] * (count - 1) + [max(step, 1000 * Fraction(hold))]


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
        Milliseconds that each frame stands, in whole ticks of the format, as `Format.delays` makes them.
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
    if not all(0 < delay <= kind.longest and delay % kind.tick == 0 for delay in delays):
        held = f"{kind.tick} to {kind.longest} milliseconds in steps of {kind.tick}"
        raise GlimpseError(f"delays must be {held}, got {min(delays)} to {max(delays)}")
    if not comment.isascii():
        raise GlimpseError("the comment must be ASCII")
    if len(set(exact)) > ENTRIES:
        raise GlimpseError(f"at most {ENTRIES} colours can be kept exactly, got {len(set(exact))}")
    if not all(0 <= level <= 255 for colour in exact for level in colour):
        raise GlimpseError("levels of the exact colours must be 0 to 255")
    if max(frames[0].shape) > kind.side:
        raise GlimpseError(f"{kind.name} holds at most {kind.side} pixels a side, got {frames[0].shape}")
    changes = [not np.array_equal(before, after) for before, after in pairwise(frames)]
    stands = np.bincount(np.cumsum([0, *changes]), delays)  # identical neighbours are merged
    if stands.max() > kind.longest:
        raise GlimpseError(
            f"{suffix.lower()} holds no picture for longer than {kind.longest / 1000} s; .webp does"
        )
    return kind.encode(frames, delays, comment, exact)


def _written(frames: NDArray[np.uint8], extension: str, delays: Sequence[int], **options: Any) -> bytes:
    import imageio.v3 as iio  # 0.1 s that only an animation pays

    # by name, since three frames of grey could be one picture in colour, and another plugin could be chosen
    options |= {"extension": extension, "plugin": "pillow", "is_batch": True}
    options |= {"save_all": True, "loop": 0, "duration": list(delays)}
    return bytes(iio.imwrite("<bytes>", frames, **options))


def _gif(frames: Frames, delays: Sequence[int], comment: str, exact: Colours) -> bytes:
    colours = few_colours(frames)
    if colours is None:
        return join_gif(palettes(frames, exact), [delay // 10 for delay in delays], comment)
    palette, indices = index_frames(frames, colours)
    # Pillow takes 2-D frames for grey, and grey levels for indices into `palette`.
    text = comment.encode("ascii")
    return _written(indices, ".gif", delays, palette=palette, optimize=True, comment=text)


def join_gif(
    shots: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint8]]], delays: Sequence[int], comment: str
) -> bytes:
    """Join frames into a GIF that loops for ever.

    Parameters
    ----------
    shots : iterable of (ndarray, ndarray)
        Of each frame its palette, shape (k, 3), k at most 255, and its indices into it, shape (h, w);
        the index k means "unchanged". The first frame is whole.
    delays : sequence of int
        Hundredths of a second that each frame stands; a frame that changes nothing lengthens the one before.
    comment : str
        ASCII text, for nobody if it is empty.
    """
    blocks: list[tuple[int, tuple[bytes, bytes]]] = []
    head = b""
    for (palette, indices), delay in zip(shots, delays, strict=True):
        changes = indices != len(palette)
        rows, cols = (np.flatnonzero(changes.any(axis=axis)) for axis in (1, 0))
        bits = max(1, len(palette).bit_length())  # of an index, "unchanged" among them
        table = palette.tobytes().ljust(3 << bits, b"\0")
        if not blocks:
            head = struct.pack("<HHBBB", *indices.shape[::-1], _HAS_TABLE | (bits - 1), 0, 0) + table
            blocks.append((delay, _picture(palette, indices, (0, 0), b"")))
        elif not rows.size and blocks[-1][0] + delay <= _LONGEST:
            blocks[-1] = (blocks[-1][0] + delay, blocks[-1][1])
        else:  # the smallest part that holds what changes, of a frame that changes nothing its first pixel
            corner, end = ((int(rows[at]), int(cols[at])) if rows.size else (0, 0) for at in (0, -1))
            part = indices[corner[0] : end[0] + 1, corner[1] : end[1] + 1]
            blocks.append((delay, _picture(palette, part, corner, table)))
    text = comment.encode("ascii")
    parts = [text[i : i + 255] for i in range(0, len(text), 255)]
    told = b"!\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0" if text else b""
    pictures = b"".join(control + struct.pack("<H", delay) + body for delay, (control, body) in blocks)
    return b"GIF89a" + head + _FOR_EVER + told + pictures + b";"


def _picture(
    palette: NDArray[np.uint8], indices: NDArray[np.uint8], corner: tuple[int, int], table: bytes
) -> tuple[bytes, bytes]:
    """One picture with its control block, in two parts: the delay comes between; the first has no table."""
    flags = _HAS_TABLE | (max(1, len(palette).bit_length()) - 1) if table else 0
    control = b"!\xf9\x04" + bytes([_STAYS | bool(table)])
    unchanged = bytes([len(palette) if table else 0, 0])
    place = struct.pack("<HHHHB", corner[1], corner[0], indices.shape[1], indices.shape[0], flags)
    alone, at = b"".join(getdata(Image.fromarray(indices))), 0
    while alone[at : at + 1] == b"!":  # blocks before the picture, each in parts that tell their size
        at += 2
        while size := alone[at]:
            at += size + 1
        at += 1
    return control, unchanged + b"," + place + table + alone[at + 10 :]


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
    """One format of animations.

    Parameters
    ----------
    name : str
        Its name.
    side : int
        Most pixels a side.
    tick, least, longest : int
        Milliseconds: a picture stands for a multiple of the first, at least the second, at most the third.
        Browsers show a GIF's picture of 10 ms for 100.
    encode : callable
        Writes it.
    """

    name: str
    side: int
    tick: int
    least: int
    longest: int
    encode: Callable[[Frames, Sequence[int], str, Colours], bytes]

    def delays(self, milliseconds: Iterable[float | Fraction]) -> list[int]:
        """Return delays in milliseconds as the format holds them, the remainder carried to the next one.

        Examples
        --------
        >>> FORMATS[".gif"].delays([250, 33, 33, 33, 204])
        [250, 30, 40, 30, 200]
        >>> FORMATS[".webp"].delays([250, 33, 33.5, 33, 204])
        [250, 33, 34, 33, 204]
        """
        wanted = (max(Fraction(delay), Fraction(self.least)) for delay in milliseconds)
        ends = accumulate(wanted, initial=Fraction(0))
        ticks = [int(end / self.tick + Fraction(1, 2)) for end in ends]
        return [self.tick * (after - before) for before, after in pairwise(ticks)]


_GIF = Format("GIF", 65535, 10, 20, 10 * _LONGEST, _gif)
_WEBP = Format("WEBP", 16383, 1, 1, 2**24 - 1, _webp)
_APNG = Format("PNG", 2**31 - 1, 1, 1, 65535, _apng)
FORMATS = {".gif": _GIF, ".webp": _WEBP, ".apng": _APNG}
