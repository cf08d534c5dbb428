"""The read of one window beside its peers: `python tests/bench/kernel.py`.

Same box, same output size, one thread for everybody. The dense products are Fx @ I @ Fy.T of whole matrices
in float32. Pillow's BOX and OpenCV's INTER_AREA do less work: a box filter touches each pixel once,
a Gaussian of half a stride five times.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from bench import allocated, have, interleaved, table
from numpy.typing import NDArray
from PIL import Image

from glimpse import Window, filterbank, read, read_jacobian, read_many, read_vjp, write

Levels = NDArray[np.uint8]
Call = Callable[[], object]


def picture(rows: int, cols: int) -> Levels:
    """Smooth noise, RGB."""
    small = np.random.default_rng(0).integers(0, 256, (rows // 8, cols // 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((cols, rows), Image.Resampling.BICUBIC))


def dense(image: Levels, window: Window) -> NDArray[np.float32]:
    """The products with whole matrices."""
    Fx, Fy = matrices(image, window)
    rows = np.tensordot(Fx, image.astype(np.float32), 1)
    return np.moveaxis(np.tensordot(rows, Fy, (1, 1)), 2, 1)


def matrices(image: Levels, window: Window) -> list[NDArray[np.float32]]:
    """Fx and Fy."""
    rows, cols, *_ = image.shape
    return [filterbank(*axis).astype(np.float32) for axis in window.axes((rows, cols))]


def frameworks(title: str, image: Levels, window: Window) -> None:
    """The dense products in PyTorch and JAX, the image already theirs; last, for their threads stay."""
    calls = {"glimpse read": lambda: read(image, window, channel_axis=2)}
    if have("torch"):
        import torch

        torch.set_num_threads(1)
        pixels = torch.from_numpy(image.copy())

        def by_torch() -> object:
            Fx, Fy = map(torch.from_numpy, matrices(image, window))
            return torch.einsum("na,abc,mb->nmc", Fx, pixels.float(), Fy)

        calls["PyTorch, dense products"] = by_torch
    if have("jax"):
        import jax
        import jax.numpy as jnp

        levels = jnp.asarray(image)

        @jax.jit
        def products(Fx: object, Fy: object, pixels: object) -> object:
            return jnp.einsum("na,abc,mb->nmc", Fx, pixels.astype(jnp.float32), Fy)

        calls["JAX, dense products (its threads)"] = lambda: products(
            *matrices(image, window), levels
        ).block_until_ready()
    table(title, interleaved(calls), "glimpse read")


def opencv(image: Levels, window: Window) -> tuple[dict[str, Call], dict[str, Call]]:
    """OpenCV's area filter on the box; and its Gaussian blur of the box, sampled."""
    if not have("cv2"):
        return {}, {}
    import cv2

    cv2.setNumThreads(1)
    top, bottom, left, right = (round(edge) for edge in window.box)
    part, size = image[max(top, 0) : bottom, max(left, 0) : right], window.shape[::-1]

    def blurred() -> object:
        blur = cv2.GaussianBlur(part, (0, 0), *window.sigmas[::-1])
        return cv2.resize(blur, size, interpolation=cv2.INTER_NEAREST)

    area = partial(cv2.resize, part, size, interpolation=cv2.INTER_AREA)
    return {"OpenCV INTER_AREA (less work)": area}, {"OpenCV GaussianBlur, sampled": blurred}


def one(title: str, image: Levels, window: Window, rounds: int = 15) -> dict[str, float]:
    """The table of one window."""
    top, bottom, left, right = window.box
    box = (max(left, 0), max(top, 0), min(right, image.shape[1]), min(bottom, image.shape[0]))
    source, size = Image.fromarray(image), window.shape[::-1]
    area, blurred = opencv(image, window)
    calls = {
        "glimpse read": lambda: read(image, window, channel_axis=2),
        "Pillow LANCZOS": lambda: source.resize(size, Image.Resampling.LANCZOS, box=box),
        "Pillow BOX (less work)": lambda: source.resize(size, Image.Resampling.BOX, box=box),
        **area,
    }
    times = interleaved(calls, rounds)
    # apart, for they give back so much memory that whoever comes next waits for fresh pages
    for name, call in {"NumPy, dense products": lambda: dense(image, window), **blurred}.items():
        times |= interleaved({name: call}, 3)
    exact = read(image.astype(np.float64), window, channel_axis=2)
    error = np.abs(read(image, window, channel_axis=2) - exact).max()
    table(title, times, "Pillow LANCZOS", {"glimpse read": f"error {error:.1e} of a level"})
    return times


def scaling() -> None:
    """Time and memory against the pixels of the image and the filters of the window."""
    print("\nA whole image, n = 64, against its pixels")
    for rows, cols in ((500, 500), (1000, 1500), (2000, 2000), (3000, 4000), (4000, 6000), (6000, 8000)):
        image = picture(rows, cols)
        spent, most = cost(image, Window.centered((rows, cols), 64))
        pixels = rows * cols
        print(
            f"  {pixels / 1e6:6.2f} MP {1000 * spent:8.2f} ms {1e9 * spent / pixels:6.2f} ns a pixel"
            f" {most:6.1f} MB"
        )
    print("\nA whole image of 12 MP, against n")
    image = picture(3000, 4000)
    for n in (8, 16, 32, 64, 128, 256, 512):
        spent, most = cost(image, Window.centered((3000, 4000), n))
        print(f"  n = {n:4} {1000 * spent:8.2f} ms {most:6.1f} MB")


def cost(image: Levels, window: Window) -> tuple[float, float]:
    """Seconds of a read, and the megabytes it takes beside the image."""

    def call() -> object:
        return read(image, window, channel_axis=2)

    return interleaved({"read": call}, 5)["read"], allocated(call)


def derivatives(title: str, image: Levels, window: Window) -> None:
    """What derivatives cost beside the read."""
    patch = read(image, window, channel_axis=2)
    calls = {
        "read": lambda: read(image, window, channel_axis=2),
        "write": lambda: write(patch, window, image.shape[:2], channel_axis=2),
        "read_vjp": lambda: read_vjp(image, window, patch, channel_axis=2),
        "read_jacobian": lambda: read_jacobian(image, window, channel_axis=2),
    }
    table(title, interleaved(calls), "read")


def main() -> None:
    """Print the tables."""
    image = picture(3000, 4000)
    shape = (3000, 4000)
    for n in (25, 256):
        one(f"12 MP RGB, whole, n = {n}", image, Window.from_slice(":", shape, n))
        one(f"12 MP RGB, its largest square, n = {n}", image, Window.centered(shape, n))
    whole = {n: partial(read, image, Window.from_slice(":", shape, n), channel_axis=2) for n in (25, 256)}
    times = interleaved({str(n): call for n, call in whole.items()}, 15)
    print(f"\n  time(256) / time(25) = {times['256'] / times['25']:.2f}")
    small = one("12 MP RGB, a 250 x 250 window, n = 250", image, Window(1500, 2000, 1, 0.5, n=250), 25)
    print(f"\n  dense / glimpse = {small['NumPy, dense products'] / small['glimpse read']:.0f}")
    grey, window = picture(512, 512)[..., 0], Window(256, 256, 5, 2.5, n=40)
    spent = interleaved(
        {"one": lambda: read(grey, window), "many": lambda: [*read_many(grey, [window] * 32)]}, 301
    )
    print("\nA 40 x 40 patch, delta 5, of 512 x 512 grey")
    print(f"  read {1000 * spent['one']:.3f} ms, read_many {1000 * spent['many'] / 32:.3f} ms each")
    for n in (25, 256):
        derivatives(f"Derivatives, 12 MP RGB, whole, n = {n}", image, Window.centered(shape, n))
    derivatives("Derivatives, a 250 x 250 window, n = 250", image, Window(1500, 2000, 1, 0.5, n=250))
    many(image)
    scaling()
    for n in (25, 256):
        frameworks(f"Frameworks, 12 MP RGB, whole, n = {n}", image, Window.centered(shape, n))


def many(image: Levels) -> None:
    """10,000 windows of one image."""
    rng = np.random.default_rng(1)
    centres = rng.uniform((0, 0), image.shape[:2], (10_000, 2))
    windows = [Window(x, y, 10, 5, n=25) for x, y in centres]
    calls = {
        "read_many": lambda: [*read_many(image, windows, channel_axis=2)],
        "read, one by one": lambda: [read(image, window, channel_axis=2) for window in windows],
    }
    table("10,000 windows (n = 25, delta 10) of 12 MP RGB", interleaved(calls, 3), "read_many")


if __name__ == "__main__":
    main()
