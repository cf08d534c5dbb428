"""What the animation encoders cost and keep, beside imageio's defaults: `python tests/bench/animation.py`.

Each scene is the 48-frame colour panel of a sweep, as `glimpse sweep` draws it: of the sample scene, of
photographs. Flicker is the share of the pixels that stand still in the frames but move in the file; RMSE is
in levels; size and time are ratios to `imageio.v3.imwrite(frames)` with its defaults, on the same frames.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from glimpse import Window, read
from glimpse.drawing import panels, paths, viewport
from glimpse.drawing.viewport import COLOURS
from glimpse.io.animation import encode_animation

SAMPLE = Path(__file__).parents[2] / "sample_images" / "scene.png"
SCENES = {
    "sample": lambda: np.asarray(Image.open(SAMPLE)),
    "astronaut": lambda: data.astronaut()[:430],
    "coffee": data.coffee,
    "cat": data.chelsea,
    "rocket": data.rocket,
}


def sweep(scene: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """48 panels: the window zooms in from the whole scene."""
    shape = scene.shape[:2]
    first = Window.centered(shape)
    last = Window.centered(shape, gx=0.65 * shape[0], gy=0.35 * shape[1], delta=first.delta / 3)
    windows = paths.path(first, last, 48)
    panel = panels.Panel(scene, windows)
    return [panel.draw(w, viewport.to_rgb(read(scene, w, channel_axis=2), 255)) for w in windows]


def decoded(payload: bytes, delays: list[int]) -> Iterator[NDArray[np.uint8]]:
    """The frames of a file, those that the writer merged repeated, as (h, w, 3)."""
    with Image.open(BytesIO(payload)) as image:
        shown = np.cumsum(delays)
        end, number = 0, 0
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frame = np.asarray(image.convert("RGB"))
            end += round(image.info["duration"])
            while number < len(delays) and shown[number] <= end:
                yield frame
                number += 1


def quality(frames: list[NDArray[np.uint8]], payload: bytes, delays: list[int]) -> tuple[float, float]:
    """Flicker in percent and RMSE in levels."""
    squares = still = moved = 0.0
    before: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
    for frame, shown in zip(frames, decoded(payload, delays), strict=True):
        squares += float(np.square(frame.astype(np.float32) - shown).sum())
        if before is not None:
            same = (frame == before[0]).all(-1)
            still += same.sum()
            moved += (same & (shown != before[1]).any(-1)).sum()
        before = frame, shown
    return 100 * moved / max(still, 1), float(np.sqrt(squares / (len(frames) * frames[0].size)))


def timed(call: Callable[[], bytes]) -> tuple[bytes, float]:
    """What the call returns, and its seconds of CPU."""
    start = time.process_time()
    payload = call()
    return payload, time.process_time() - start


def writers(frames: list[NDArray[np.uint8]], delays: list[int]) -> dict[str, Callable[[], bytes]]:
    """Each way to write the frames; imageio's defaults first."""
    usual = partial(iio.imwrite, "<bytes>", frames, extension=".gif", duration=delays[0], loop=0)
    ours = {
        s: partial(encode_animation, frames, delays, s, exact=COLOURS) for s in (".gif", ".webp", ".apng")
    }
    return {"imageio": usual, **ours}


def main() -> None:
    """Print the table."""
    print(
        f"{'scene':10} {'writer':8} {'flicker %':>9} {'RMSE':>6} {'kB':>6} {'size':>5} {'s':>6} {'time':>5}"
    )
    for name, scene in SCENES.items():
        frames, delays = sweep(scene()), [40] * 48
        usual: tuple[int, float] | None = None
        for writer, call in writers(frames, delays).items():
            payload, seconds = timed(call)
            usual = usual or (len(payload), seconds)
            flicker, rmse = quality(frames, payload, delays)
            print(
                f"{name:10} {writer:8} {flicker:9.2f} {rmse:6.2f} {len(payload) / 1e3:6.0f}"
                f" {len(payload) / usual[0]:5.2f} {seconds:6.2f} {seconds / usual[1]:5.2f}"
            )


if __name__ == "__main__":
    main()
