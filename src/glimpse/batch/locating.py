"""Where a patch of a file belongs on a picture of another: the search for commands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glimpse.io import Picture
    from glimpse.registration.location import Location
    from glimpse.window import Kernel, Window

UNEVEN = 0.1
"""Samples by which parts of a crop may lie beside its window before that is said: edit models move parts of a
picture by different ways. Losses and other resamplers seem to move them by 0.07."""


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


class Comparison(NamedTuple):
    """A crop beside what its window reads of the picture, colours of shape (N, M, C), in 8-bit levels."""

    found: Location
    seen: NDArray[np.float32]
    given: NDArray[np.float32]

    @property
    def agreeing(self) -> NDArray[np.bool_]:
        """Samples that agree, shape (N, M)."""
        import numpy as np

        return np.asarray(self.found.agreeing)

    @property
    def change(self) -> tuple[float, float]:
        """Gain and offset of the crop; the gain is below 0 of a negative."""
        gain = float(self.found.window.gamma)
        return -gain if self.found.inverted else gain, self.found.offset

    def notes(self) -> list[str]:
        """Return notes on where the crop was found, on its levels, and on parts that were shifted."""
        from glimpse.registration.warp import shift_of_parts

        window = self.found.window
        notes = [f"found at row {window.gx:.6g} (gx), col {window.gy:.6g} (gy), {self.found.summary()}"]
        if self.change != (1, 0):
            notes.append("its levels are {:.3g} times those of the picture plus {:.3g}".format(*self.change))
        shift = shift_of_parts(self.seen, self.given, self.agreeing, self.change)
        if shift > UNEVEN:
            pixels = shift * max(window.strides)
            notes.append(
                f"parts of it lie about {pixels:.2g} pixels beside it: no one window reads all of it"
            )
        return notes

    def painted(self) -> NDArray[np.bool_]:
        """Tell which samples were painted, shape (N, M), whatever resampled the crop."""
        from glimpse.batch.retouching import LOSSY
        from glimpse.registration.paint import find_paint

        return find_paint(self.seen, self.given, self.agreeing, LOSSY, self.change)


def compared(scene: Picture, crop: Picture, found: Location, *, linear: bool) -> Comparison:
    """Compare a crop, or one of light, with what its window reads."""
    import numpy as np

    from glimpse.attention.layer import read
    from glimpse.io.light import lit

    window = replace(found.window, gamma=1.0)
    if linear:
        light: Any = lit(scene).pixels
        seen = np.atleast_3d(light.levels(read(light, window, channel_axis=scene.channel_axis)))
        seen = seen * np.float32(255 / scene.white)
    else:
        seen = read(levels(scene), window, channel_axis=2)
    given = levels(crop)
    colors = min(_colors(seen), _colors(given))
    return Comparison(found, seen[..., :colors], given[..., :colors])


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
