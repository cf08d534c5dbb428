"""What the animation encoders cost and keep, beside imageio's defaults: `python tests/bench/animation.py`.

Each scene is a 48-frame panel of 600 x 300 pixels: a photograph with a moving box over it, an enlarged patch
and a label. Flicker is the share of the pixels that stand still in the frames but move in the file; RMSE is
in levels; size and time are ratios to `imageio.v3.imwrite(frames)` with its defaults, on the same frames.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage import data

from glimpse.image.animation import encode_animation

BOX, LABEL, BACKGROUND = (255, 64, 0), (255, 255, 255), (24, 24, 24)
SCENES = {
    "astronaut": lambda: data.astronaut()[0:256, 60:396],
    "coffee": lambda: data.coffee()[60:316, 120:456],
    "cat": lambda: data.chelsea()[0:256, 40:376],
    "rocket": lambda: data.rocket()[100:356, 150:486],
}


def panel(scene: NDArray[np.uint8], side: int, row: int, col: int) -> NDArray[np.uint8]:
    """One frame (300, 600, 3): the scene (256, 336, 3) with a box, its patch of 64 x 64 fourfold, a label."""
    image = Image.new("RGB", (600, 300), BACKGROUND)
    source = Image.fromarray(scene)
    patch = source.resize((64, 64), Image.Resampling.BOX, (col, row, col + side, row + side))
    image.paste(source, (0, 0))
    image.paste(patch.resize((256, 256), Image.Resampling.NEAREST), (344, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((col, row, col + side - 1, row + side - 1), outline=BOX)
    draw.text((8, 270), f"row {row:3d}   col {col:3d}   side {side:3d}", fill=LABEL)
    return np.asarray(image)


def sweep(scene: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """48 frames: the box grows while it slides."""
    return [panel(scene, 60 + 3 * i, 2 + i // 2, 4 + 2 * i) for i in range(48)]


def decoded(payload: bytes, delays: list[int]) -> Iterator[NDArray[np.uint8]]:
    """The frames of a file, those that the writer merged repeated, as (h, w, 3)."""
    with Image.open(BytesIO(payload)) as image:
        shown = np.cumsum(delays)
        end, number = 0, 0
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frame = np.asarray(image.convert("RGB"))
            end += round(image.info["duration"] / 10)
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
    """What the call returns, and its seconds."""
    start = time.perf_counter()
    payload = call()
    return payload, time.perf_counter() - start


def writers(frames: list[NDArray[np.uint8]], delays: list[int]) -> dict[str, Callable[[], bytes]]:
    """Each way to write the frames; imageio's defaults first."""
    kept = (BOX, LABEL, BACKGROUND)
    usual = partial(iio.imwrite, "<bytes>", frames, extension=".gif", duration=10 * delays[0], loop=0)
    ours = {s: partial(encode_animation, frames, delays, s, exact=kept) for s in (".gif", ".webp", ".apng")}
    return {"imageio": usual, **ours}


def main() -> None:
    """Print the table."""
    print(
        f"{'scene':10} {'writer':8} {'flicker %':>9} {'RMSE':>6} {'kB':>6} {'size':>5} {'s':>6} {'time':>5}"
    )
    for name, scene in SCENES.items():
        frames, delays = sweep(scene()), [4] * 48
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
