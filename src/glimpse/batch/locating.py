"""Where a patch of a file belongs on a picture of another: the search for commands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from glimpse.io import Picture
    from glimpse.registration.location import Location
    from glimpse.window import Kernel, Window

MOST = 24.0
"""Levels by which a sample may be off at most and still count as untouched: more leaves edits out."""

UNEVEN = 6.0
"""Levels, root mean square, by which samples that agree may be off before it is said that no one window reads
them all: edit models move parts of a picture by different ways."""


def located(
    scene: Picture,
    crop: Picture,
    *,
    start: Window | None = None,
    kernel: Kernel | None = None,
    search: bool = False,
) -> Location:
    """Find the window of a crop on a picture.

    Parameters
    ----------
    scene, crop : Picture
        The picture and the crop, in levels of any depth.
    start : Window or None
        A place to start from.
    kernel : str or None
        As for `glimpse.locate`.
    search : bool
        Whether the whole picture is searched where nothing is found from the start.

    Raises
    ------
    GlimpseError
        If there is no match.
    """
    from glimpse.registration.location import locate

    pixels = _pixels(scene), _pixels(crop)
    found = locate(*pixels, start=start, kernel=kernel, channel_axis=2)
    if start is not None and search and not found.found:
        found = locate(*pixels, kernel=kernel, channel_axis=2)
    if reason := found.refusal():
        raise GlimpseError(reason)
    return found


def place_notes(found: Location) -> list[str]:
    """Return notes on where a patch was found, how much of it agrees, and whether that is even."""
    place = f"found at row {found.window.gx:.6g} (gx), col {found.window.gy:.6g} (gy), {found.summary()}"
    if found.residual <= UNEVEN:
        return [place]
    return [place, f"what agrees is still {found.residual:.1f} levels off: no one window reads all of it"]


def noise(scene: Picture, crop: Picture, found: Location) -> float:
    """Return by how many levels the colours of samples that agree are off, all but one in a hundred."""
    import numpy as np

    from glimpse.attention.layer import read

    seen, given = read(levels(scene), replace(found.window, gamma=1.0), channel_axis=2), levels(crop)
    colors = min(_colors(seen), _colors(given))
    off = np.abs(seen[..., :colors] - given[..., :colors]).max(axis=2)
    agreeing = off if found.agreeing is None else off[found.agreeing]
    return min(float(np.quantile(agreeing, 0.99)), MOST)


def _colors(pixels: Any) -> int:
    """Return how many channels of pixels, shape (A, B, C), are colours, and not alpha."""
    channels: int = pixels.shape[2]
    return channels - 1 if channels in (2, 4) else channels


def _pixels(picture: Picture) -> Any:
    """Pixels of 0 to 255; of most files they become an array only where they are sliced."""
    return picture.pixels if picture.white == 255 else levels(picture)


def levels(picture: Picture) -> Any:
    """Return pixels of 0 to 255, shape (A, B, C)."""
    import numpy as np

    pixels = np.atleast_3d(np.asarray(picture.pixels))
    return pixels if picture.white == 255 else pixels * np.float32(255 / picture.white)
