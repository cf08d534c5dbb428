"""Where a patch of a file belongs on a picture of another: the search for commands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glimpse.io import Picture
    from glimpse.registration.location import Location
    from glimpse.window import Kernel, Window

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
    """Return notes on where a patch was found, how much of it agrees and how evenly, and on its levels."""
    window, gain = found.window, _gain(found)
    notes = [f"found at row {window.gx:.6g} (gx), col {window.gy:.6g} (gy), {found.summary()}"]
    if (gain, found.offset) != (1, 0):
        notes.append(f"its levels are {gain:.3g} times those of the picture plus {found.offset:.3g}")
    if found.residual > UNEVEN:
        notes.append(f"what agrees is still {found.residual:.1f} levels off: no one window reads all of it")
    return notes


def touched(scene: Picture, crop: Picture, found: Location, *, linear: bool) -> NDArray[np.bool_]:
    """Tell which samples of a crop, or of one of light, were painted, shape (N, M), whatever resampled it."""
    import numpy as np

    from glimpse.attention.layer import read
    from glimpse.batch.retouching import LOSSY
    from glimpse.io.light import Light, curve_of
    from glimpse.registration.paint import find_paint

    window = replace(found.window, gamma=1.0)
    if linear:
        light: Any = Light(scene, curve_of(scene.color))
        seen = np.atleast_3d(light.levels(read(light, window, channel_axis=scene.channel_axis)))
        seen = seen * np.float32(255 / scene.white)
    else:
        seen = read(levels(scene), window, channel_axis=2)
    given = levels(crop)
    colors = min(_colors(seen), _colors(given))
    change = (_gain(found), found.offset)
    agreeing = np.ones(found.window.shape, bool) if found.agreeing is None else found.agreeing
    return find_paint(seen[..., :colors], given[..., :colors], agreeing, LOSSY, change)


def _gain(found: Location) -> float:
    """How the contrast of a patch is that of the picture, below 0 of a negative."""
    return float(-found.window.gamma if found.inverted else found.window.gamma)


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
