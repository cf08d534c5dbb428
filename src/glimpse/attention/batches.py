"""How windows in a batch go with images in a batch."""

from __future__ import annotations

from typing import Any

from glimpse.errors import GlimpseError
from glimpse.window import Window


def batch_shape(window: Window) -> tuple[int, ...]:
    """Return the shape of the window's numbers: (), or the one shape of all that are arrays.

    Raises
    ------
    GlimpseError
        If their shapes differ.
    """
    numbers: tuple[Any, ...] = (window.gx, window.gy, *window.strides, *window.sigmas, window.gamma)
    shapes = {tuple(number.shape) for number in numbers if getattr(number, "shape", ())}
    if len(shapes) > 1:
        told = " and ".join(str(shape) for shape in sorted(shapes))
        raise GlimpseError(f"the numbers of a batch of windows need one shape, (B,), got {told}")
    return shapes.pop() if shapes else ()


def check_batch(window: Window, lead: tuple[int, ...], channels: bool) -> None:
    """Refuse a batch of windows that does not go with the axes in front of rows and columns.

    Parameters
    ----------
    window : Window
        Its numbers of shape (), of (B,) for images (B, ...) or one image, or of (B, K), K glimpses of each
        image, for images (B, 1, ...).
    lead : tuple of int
        The axes in front of rows and columns.
    channels : bool
        Whether the last of them is that of the channels.
    """
    shape = batch_shape(window)
    images = lead[:-1] if channels else lead
    if not shape or not (images or channels):
        return
    pairs = list(zip(shape, images, strict=False))
    fits = len(shape) <= len(images) and all(a == b or 1 in (a, b) for a, b in pairs)
    if fits and all(1 in pair for pair in pairs[1:]):
        return
    wanted = f"({images[0]},)" if images else "(B,) with a batch of images, such as image[None]"
    raise GlimpseError(
        f"numbers of shape {shape} do not go with images of batch {images}: they need {wanted}"
    )
