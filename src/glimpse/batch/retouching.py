"""Pictures that edited patches are put back on: all bits that nobody touched stay."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glimpse.attention.edits import Edit, changes, find_edit
from glimpse.attention.layer import read
from glimpse.errors import GlimpseError, about
from glimpse.io.compositing import Kind, resized
from glimpse.io.picture import Picture, Pixels
from glimpse.levels import to_levels, unpremultiply

if TYPE_CHECKING:
    from glimpse.io.picture import DecodeOptions
    from glimpse.window import Window

TOLERANCE, LOSSY = 0.5, 3.0
"""Levels by which a sample may be off and still count as untouched: of a patch, and of one that was saved, or
whose picture was decoded, with a loss."""

_ANOTHER = 1 / 16
"""Of the white level, the deviation from which on a crop shows another picture than the one below it: with a
larger one a crop that lends its window is taken for the patch, with a smaller one a poor JPEG is not."""

_FINER = 0.2
"""The share of an enlarged patch that may be off by over `LOSSY` from the patch made small and large again.
Interpolation stays below it, with hard edges of paint too; detail that was made up is twice as far off."""

_STRIP = 256  # rows that are handed to a file at once


class Retouched(NamedTuple):
    """A picture with the edits of patches."""

    like: Picture
    levels: NDArray[Any]  # (A, B, C), colours not multiplied by alpha
    shares: Sequence[float]  # of each patch how much was touched

    def strips(self, *, exact: bool) -> Iterator[NDArray[Any]]:
        """Yield rows of the picture from the top, as floating-point numbers for a file of those."""
        flat = self.levels.shape[2] == 1
        for top in range(0, len(self.levels), _STRIP):
            strip = self.levels[top : top + _STRIP]
            strip = strip[..., 0] if flat else strip
            yield strip.astype(np.float32) if exact and strip.dtype.kind == "u" else strip


def retouched(
    base: Picture,
    patches: Sequence[tuple[Picture, Window, Any, bool, Picture | None]],
    fault: Callable[[int, GlimpseError], None],
) -> Retouched:
    """Put edited patches back on their picture, the coarse ones first.

    Parameters
    ----------
    base : Picture
        The picture.
    patches : sequence of (Picture, Window, float or array, bool, Picture or None)
        Each patch, where it belongs, its tolerance in levels or, shape (N, M, 1), one of each sample, whether
        it was read of light, and the crop that it was before its edit, if that was saved with a loss.
    fault : callable
        Is told the number of a patch that cannot be used, and why; where it returns, the others go on.
    """
    grey = [(_grey(patch, base), before and _grey(before, base)) for patch, *_, before in patches]
    pictures = [base, *(picture for pair in grey for picture in pair if picture)]
    kind = replace(Kind.of(pictures, base), alpha=base.alpha, flat=False)
    levels = _levels(base, kind.colors)
    view: Any = Pixels(levels) if base.alpha else levels
    edits: list[Edit | None] = []
    for number, ((_, window, tolerance, linear, _), (patch, before)) in enumerate(
        zip(patches, grey, strict=True)
    ):
        try:
            edits.append(_edit(patch, window, tolerance, kind, view, base, before, linear=linear))
        except GlimpseError as error:
            fault(number, error)
            edits.append(None)
    source: Any = _Alike(
        base, kind
    )  # the first edit's picture stays as it was decoded, so no part has to wait
    for edit in sorted(filter(None, edits), key=lambda edit: -math.prod(edit.window.strides)):
        found = changes(edit, source, base.white, alpha=base.alpha)
        new = ((part.rows, part.cols, _saved(part.pixels, base)) for part in found)
        for rows, cols, pixels in list(new) if source is view else new:
            old = levels[rows, cols]
            same = pixels == (_saved(view[rows, cols], base) if base.alpha else old)
            levels[rows, cols] = np.where(same.all(axis=2, keepdims=True), old, pixels)
        source = view
    return Retouched(base, levels, [edit.share if edit else 0 for edit in edits])


def made_small(patch: Picture, n: tuple[int, int]) -> Picture | None:
    """Return a patch that was enlarged by interpolation in the samples that it had; None if it says more.

    A picture that is compared with one that was made smooth loses its detail.
    """
    rows, cols = patch.shape
    if rows < n[0] or cols < n[1]:
        return None
    levels = np.asarray(patch.pixels[:, :], np.float32)
    small = resized(levels, n)
    off = np.abs(resized(small, patch.shape) - levels).reshape(rows, cols, -1).max(axis=2)
    if np.mean(off > LOSSY * patch.white / 255) > _FINER:
        return None
    return replace(patch, pixels=np.clip(small, 0, patch.white))


def _grey(patch: Picture, base: Picture) -> Picture:
    """A patch of a grey picture as grey, if its colours are all alike, as programs save it; else as it is."""
    if base.pixels.shape[2:] not in ((), (1 + base.alpha,)) or patch.pixels.shape[2:] != (3 + patch.alpha,):
        return patch
    pixels = np.asarray(patch.pixels[:, :])
    if not (pixels[..., :3] == pixels[..., :1]).all():
        return patch
    return replace(patch, pixels=pixels[..., [0, 3]] if patch.alpha else pixels[..., 0])


def _levels(base: Picture, colors: int) -> NDArray[Any]:
    """The levels of a picture as an array of its own, colours not multiplied, grey as so many colours."""
    if isinstance(base.pixels, Pixels):
        levels = base.pixels.levels()
    else:
        levels = np.array(base.pixels)
        levels = to_levels(unpremultiply(levels, base.white), base.white) if base.alpha else levels
    levels = levels if levels.ndim == 3 else levels[..., None]
    if levels.shape[2] == colors + base.alpha:
        return levels
    return np.concatenate([levels[..., :1]] * colors + [levels[..., 1:]], axis=2)


def _saved(pixels: NDArray[Any], base: Picture) -> NDArray[Any]:
    """Pixels in the levels of the picture; those of a file of exact numbers stay what they are."""
    if base.exact:
        return pixels
    return to_levels(unpremultiply(pixels, base.white) if base.alpha else pixels, base.white)


def _edit(
    patch: Picture,
    window: Window,
    tolerance: Any,
    kind: Kind,
    view: Any,
    base: Picture,
    before: Picture | None,
    *,
    linear: bool,
) -> Edit:
    """The edit of a patch; one with alpha over a picture without is laid as a cut-out is."""
    samples = kind.pixels(patch)
    if patch.alpha and not base.alpha:
        opaque = np.asarray(patch.pixels[:, :])[..., -1:] / np.float32(patch.white)
        samples = samples + (1 - opaque) * read(view, window, channel_axis=2)
    steps = tolerance * max(1, base.white / patch.white)  # levels of a patch with fewer are coarser
    given, was = samples, None
    if linear:
        samples, was = _of_levels(samples, window, replace(base, pixels=view), steps)
    elif before is not None:
        saved, seen = kind.pixels(before), read(view, window, channel_axis=2)
        if np.sqrt(np.mean((saved - seen) ** 2)) < _ANOTHER * base.white:
            same = np.abs(samples - saved) <= steps + base.white / 255 * 1e-3
            samples = np.where(same.all(axis=2, keepdims=True), seen, samples)
    edit = find_edit(samples, window, view, white=None if patch.exact else base.white, tolerance=steps,
                     alpha=base.alpha)  # fmt: skip
    if edit.touched.any() and not window.sees((view.shape[0], view.shape[1])):
        raise GlimpseError("its window lies wholly beyond the picture, so its edit has no place there")
    if was is None or base.alpha or window.gamma != 1:
        return edit
    return edit._replace(saved=(np.rint(was), np.where(edit.touched[..., None], given, was)))


def _of_levels(
    patch: NDArray[Any], window: Window, picture: Picture, tolerance: Any
) -> tuple[NDArray[Any], NDArray[Any]]:
    """A patch of light as one of levels, as far from what the picture reads as it is from its light.

    And that light, as levels of a file.
    """
    from glimpse.io.light import lit

    pixels: Any = picture.pixels
    light: Any = lit(picture).pixels
    white, seen = picture.white, light.levels(read(light, window, channel_axis=2))

    def saved(samples: NDArray[Any]) -> NDArray[Any]:
        return np.clip(unpremultiply(samples, white) if picture.alpha else samples, 0, white)

    off = saved(patch) - saved(seen)
    if picture.alpha:
        alpha = saved(seen)[..., -1:]
        change = patch - np.concatenate([saved(seen)[..., :-1] * alpha / white, alpha], axis=2)
    else:
        change = off
    same = (np.abs(off) <= tolerance + white / 255 * 1e-3).all(axis=2, keepdims=True)
    return np.asarray(read(pixels, window, channel_axis=2) + np.where(same, 0, change)), saved(seen)


def compare(crop: str, source: str, decoding: DecodeOptions) -> dict[str, Any]:
    """Tell whether a crop shows what its window reads of its source.

    Returns
    -------
    dict
        The names; ``same``, whether every sample is that of the source, of a lossy file within 3 levels;
        ``largest``, the largest difference in levels; ``changed``, the share of the samples that differ;
        ``lossy``, whether the file of the crop is one that does not keep levels.
    """
    from glimpse import io

    with about(crop):
        patch = io.load_picture(crop, decoding._replace(page=None))
        record = io.picture_record(patch, decoding)
        if record is None or not record.is_patch:
            raise GlimpseError("it carries no record of a crop")
    with about(source):
        picture = io.load_picture(source, decoding)
        if picture.shape != record.shape:
            ours, theirs = (f"{rows} x {cols}" for rows, cols in (record.shape, picture.shape))
            raise GlimpseError(f"it is {theirs}, the crop's source was {ours}")
    kind = replace(Kind.of([picture, patch], picture), alpha=picture.alpha or patch.alpha, flat=False)
    pixels = _Alike(picture, kind)
    samples, tolerance = kind.pixels(patch), LOSSY if record.fast > 1 or patch.lossy else TOLERANCE
    tolerance *= max(1, picture.white / patch.white)
    if record.linear:
        alike: Any = pixels
        like = replace(picture, pixels=alike, alpha=kind.alpha)
        samples, _ = _of_levels(samples, record.window, like, tolerance)
    edit = find_edit(samples, record.window, pixels, white=None if patch.exact else picture.white,
                     tolerance=tolerance, alpha=kind.alpha)  # fmt: skip
    return {
        "crop": crop,
        "source": source,
        "same": not edit.touched.any(),
        "largest": round(edit.largest, 3),
        "changed": round(edit.share, 6),
        "lossy": patch.lossy,
    }


class _Alike:
    """The pixels of a picture, as pixels of a kind wherever they are sliced."""

    def __init__(self, picture: Picture, kind: Kind) -> None:
        self._picture, self._kind = picture, kind
        self.shape = (*picture.shape, kind.colors + kind.alpha)
        self.ndim, self.size = 3, math.prod(self.shape)
        self.dtype = np.dtype(np.float32) if kind.alpha else picture.pixels.dtype

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        part = replace(self._picture, pixels=self._picture.pixels[index[:2]])
        return self._kind.pixels(part)
