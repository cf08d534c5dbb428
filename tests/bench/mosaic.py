"""A scene rebuilt from glimpses: `python tests/bench/mosaic.py`.

The peak signal-to-noise ratio of canvases of many patches to the scene that they were read from, in decibels:
on the whole canvas, and where the patches cover it (an opacity above 0.99); and the seconds of one canvas.
The solver minimises the squared difference of what the canvas reads as to all patches, from the mean on, by
conjugate gradients: what could still be had for many times the time.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from bench import SCENE, seconds
from PIL import Image
from scipy.sparse.linalg import LinearOperator, cg

from glimpse import Window, read_many, restore_many, write

ROUNDS = 30
HOW: dict[str, dict[str, str]] = {
    "add": {"blend": "add"},
    "mean": {"blend": "mean"},
    "mean of inverses": {"blend": "mean", "method": "inverse"},
    "refine": {},
}


def random_glimpses(shape: tuple[int, int], seed: int) -> list[Window]:
    """A hundred windows of 32 x 32 filters, 4 pixels apart, centred anywhere in the scene."""
    places = np.random.default_rng(seed).uniform(0, np.subtract(shape, 1), (100, 2))
    return [Window(gx, gy, delta=4, sigma=2, n=32) for gx, gy in places]


def spread_glimpses(shape: tuple[int, int], seed: int) -> list[Window]:
    """As many, one anywhere in each of 10 x 10 fields of the scene, so that they cover it."""
    corners = np.stack(np.meshgrid(range(10), range(10), indexing="ij"), axis=-1).reshape(-1, 2)
    places = (corners + np.random.default_rng(seed).uniform(0, 1, (100, 2))) * shape / 10 - 0.5
    return [Window(gx, gy, delta=4, sigma=2, n=32) for gx, gy in places]


def fixations(shape: tuple[int, int], seed: int) -> list[Window]:
    """Ten fixations, each seen by 48 x 48 filters at strides of 1, 3 and 8 pixels."""
    places = np.random.default_rng(seed).uniform(np.multiply(shape, 0.1), np.multiply(shape, 0.9), (10, 2))
    return [Window(gx, gy, delta=d, sigma=d / 2, n=48) for gx, gy in places for d in (8, 3, 1)]


def solved(patches: list[np.ndarray], windows: list[Window], start: np.ndarray) -> np.ndarray:
    """The canvas that reads as the patches, in the sense of least squares, after some rounds."""

    def normal(flat: np.ndarray) -> np.ndarray:
        seen = read_many(flat.reshape(start.shape), windows, channel_axis=2)
        return written(list(seen)).ravel()

    def written(samples: list[np.ndarray]) -> np.ndarray:
        return sum(
            write(part, window, start.shape[:2], channel_axis=2)
            for part, window in zip(samples, windows, strict=True)
        )

    operator = LinearOperator((start.size, start.size), normal, dtype=start.dtype)
    found, _ = cg(operator, written(patches).ravel(), start.ravel(), rtol=1e-9, maxiter=ROUNDS)
    return found.reshape(start.shape)


def rows(scene: np.ndarray, windows: list[Window]) -> Iterator[tuple[str, float, np.ndarray]]:
    """The name of a method, its seconds, and its canvas."""
    shape = scene.shape[:2]
    patches = [np.rint(patch) for patch in read_many(scene, windows, channel_axis=2)]
    canvases: dict[str, np.ndarray] = {}

    def restored(name: str, **how: str) -> None:
        canvases[name] = restore_many(patches, windows, shape, channel_axis=2, **how)

    for name, how in HOW.items():
        yield name, seconds(partial(restored, name, **how)), canvases[name]
    kept: list[np.ndarray] = []
    spent = seconds(lambda: kept.append(solved(patches, windows, canvases["mean"])))
    yield f"solver, {ROUNDS} rounds", spent, kept[0]


def covered(windows: list[Window], shape: tuple[int, int]) -> np.ndarray:
    """Where the patches hide what is below them."""
    black = np.zeros(shape)
    flat = [np.ones(window.shape) for window in windows]
    return restore_many(flat, windows, shape, blend="mean", onto=black) > 0.99


def psnr(canvas: np.ndarray, scene: np.ndarray, where: np.ndarray) -> float:
    """Decibels over some pixels."""
    error = np.clip(canvas, 0, 255)[where] - scene[where]
    return float(10 * np.log10(255**2 / np.square(error).mean()))


def main() -> None:
    """Print the table."""
    scene = np.asarray(Image.open(SCENE).convert("RGB"), np.float32)
    print("glimpses          seed  method              dB whole  dB covered  covered  seconds")
    for make in (random_glimpses, spread_glimpses, fixations):
        for seed in range(3):
            windows = make(scene.shape[:2], seed)
            where = covered(windows, scene.shape[:2])
            for name, spent, canvas in rows(scene, windows):
                print(
                    f"{make.__name__:17} {seed:4}  {name:18} {psnr(canvas, scene, where | True):9.2f} "
                    f"{psnr(canvas, scene, where):11.2f} {100 * where.mean():7.1f} % {spent:7.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
