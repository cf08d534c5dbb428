"""The pixels of patches made alike, and canvases of them laid over a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glimpse.errors import GlimpseError
from glimpse.io.picture import Picture


@dataclass(frozen=True)
class Kind:
    """The kind of pixels that several pictures are turned into, so that they go on one canvas.

    Parameters
    ----------
    like : Picture
        The picture below, or the first patch: white and colours are its own.
    colors : int
        Channels beside alpha: 1 where all are grey.
    alpha : bool
        Whether a channel of alpha comes last; the colours are multiplied by it.
    flat : bool
        Whether the array has no axis of channels, as that of grey pictures.
    """

    like: Picture
    colors: int
    alpha: bool
    flat: bool

    @classmethod
    def of(cls, pictures: Sequence[Picture], like: Picture) -> Kind:
        """Return the kind that holds all pictures, in the levels of one of them.

        Raises
        ------
        GlimpseError
            If some have so many channels, and others another number.
        """
        channels = [(each.pixels.shape[2] if each.pixels.ndim == 3 else 1, each.alpha) for each in pictures]
        colors = sorted({int(count) - alpha for count, alpha in channels} - {1}) or [1]
        if len(colors) > 1:
            raise GlimpseError(f"pictures of {colors[0]} and {colors[1]} channels do not go on one canvas")
        flat = all(picture.pixels.ndim == 2 for picture in pictures)
        return cls(like, colors[0], any(picture.alpha for picture in pictures), flat)

    def pixels(self, picture: Picture, rows: slice = slice(None)) -> NDArray[Any]:
        """Return rows of a picture as pixels of this kind, unchanged where they are of it already."""
        array = picture.pixels[rows, :]
        scale = self.like.white / picture.white
        array = array if scale == 1 else np.float32(scale) * array
        if self.flat or (array.ndim == 3 and array.shape[2] == self.colors + self.alpha):
            return np.asarray(array)
        array = array if array.ndim == 3 else array[..., None]
        color = array[..., :-1] if picture.alpha else array
        parts = [np.broadcast_to(color, (*color.shape[:2], self.colors))]
        if self.alpha:
            opaque = np.full_like(color[..., :1], self.like.white)
            parts.append(array[..., -1:] if picture.alpha else opaque)
        return np.concatenate(parts, axis=2)


@dataclass(frozen=True)
class Ground:
    """The ground that a canvas of patches is laid over: a picture, or black.

    Parameters
    ----------
    patches : Kind
        Of the light.
    picture : Picture or None
        The picture below.
    """

    patches: Kind
    picture: Picture | None = None

    @property
    def like(self) -> Picture:
        """The picture whose levels and colours the result has, and whether it has alpha."""
        alpha = self.patches.alpha if self.picture is None else self.picture.alpha
        return replace(self.patches.like, alpha=alpha)

    def under(self, light: NDArray[Any], opacity: NDArray[Any] | None, rows: slice) -> NDArray[Any]:
        """Return rows of the result.

        Patches with alpha replace a picture that has alpha as well, so that a crop goes back as it was; over
        one without they are laid as a cut-out is.

        Parameters
        ----------
        light : ndarray
            Rows of the canvas, of the kind of the patches.
        opacity : ndarray, shape (rows, columns), or None
            How far the patches hide the picture, 0 to 1; None of light that is added to it.
        rows : slice
            Which rows these are.
        """
        if self.picture is None:
            return light
        below = replace(self.patches, alpha=self.picture.alpha).pixels(self.picture, rows)
        top, hidden = self._top(light if light.ndim == 3 else light[..., None], opacity, self.picture.alpha)
        total: NDArray[Any] = top + (below if below.ndim == 3 else below[..., None]) * (1 - hidden)
        if self.picture.alpha:
            np.minimum(total[..., -1], self.patches.like.white, out=total[..., -1])
        return total if total.shape[2] > 1 else total[..., 0]

    def _top(
        self, light: NDArray[Any], opacity: NDArray[Any] | None, with_alpha: bool
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The light with the channels of the result, and how far it hides what lies below."""
        white, added = self.patches.like.white, opacity is None
        hidden = np.zeros_like(light[..., :1]) if opacity is None else opacity[..., None]
        color, alpha = (light[..., :-1], light[..., -1:]) if self.patches.alpha else (light, None)
        if with_alpha:
            return np.concatenate([color, hidden * white if alpha is None else alpha], axis=2), hidden
        return color, hidden if alpha is None or added else alpha / white


def resized(levels: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """Return the levels (A, B) or (A, B, C) of a picture of another size, by Pillow's LANCZOS."""
    from PIL import Image

    channels = np.moveaxis(levels.reshape(*levels.shape[:2], -1), 2, 0).astype(np.float32)
    size = shape[::-1]
    found = [np.asarray(Image.fromarray(each).resize(size, Image.Resampling.LANCZOS)) for each in channels]
    return np.stack(found, axis=2).reshape(*shape, *levels.shape[2:])
