"""What a reader costs and gives in training: `python tests/bench/training.py`, CPU time on one thread.

Beside banks that one writes by hand, and beside readers that others use: a sampled grid, which does not
filter, interpolate(antialias=True) on a crop of whole pixels, and kornia's, torchvision's and JAX's
where they load.
"""

import time
from functools import partial
from importlib import import_module

import numpy as np
import torch
from bench import SCENE, interleaved, table
from PIL import Image
from torch.nn.functional import grid_sample, interpolate

from glimpse import Window, read


def bank(size, center, delta, sigma, n):
    """A Gaussian filter bank made as one softmax."""
    mu = center[:, None] + (torch.arange(n) - (n - 1) / 2) * delta[:, None]
    distance = torch.arange(float(size)) - mu[..., None]
    return torch.softmax(-(distance**2) / (2 * sigma[:, None, None] ** 2), -1)


def by_hand(image, gx, gy, delta, sigma, n):
    """Read with two products."""
    Fx, Fy = bank(image.shape[-2], gx, delta, sigma, n), bank(image.shape[-1], gy, delta, sigma, n)
    return Fx[:, None] @ image @ Fy[:, None].mT


def by_einsum(image, gx, gy, delta, sigma, n):
    """Read with one sum over both axes."""
    Fx, Fy = bank(image.shape[-2], gx, delta, sigma, n), bank(image.shape[-1], gy, delta, sigma, n)
    return torch.einsum("bia,bcad,bjd->bcij", Fx, image, Fy)


def sampled(image, gx, gy, delta, sigma, n):
    """Read with PyTorch's bilinear grid; sigma has no say."""
    steps = (torch.arange(n) - (n - 1) / 2) * delta[:, None]
    rows, cols = (
        (2 * (g[:, None] + steps) + 1) / size - 1 for g, size in zip((gx, gy), image.shape[-2:], strict=True)
    )
    grid = torch.stack(torch.broadcast_tensors(cols[:, None, :], rows[:, :, None]), -1)
    return grid_sample(image, grid, align_corners=False)


def look(image, gx, gy, delta, sigma, n):
    """Read with glimpse."""
    return read(image, Window(gx, gy, delta, sigma, n=n))


def corners(gx, gy, delta, n):
    """The boxes (x1, y1, x2, y2) of windows, shape (B, 4), from the outer edges of their samples."""
    half = n * delta / 2
    return torch.stack([gy + 0.5 - half, gx + 0.5 - half, gy + 0.5 + half, gx + 0.5 + half], -1)


def cropped(image, gx, gy, delta, sigma, n):
    """Crop whole pixels, then interpolate(antialias=True): no gradient of the place is left."""
    boxes = corners(gx, gy, delta, n).round().int().tolist()
    crops = (
        one[None, :, max(y, 0) : b, max(x, 0) : r] for one, (x, y, r, b) in zip(image, boxes, strict=True)
    )
    return torch.cat([interpolate(crop, (n, n), mode="bilinear", antialias=True) for crop in crops])


def kornias(image, gx, gy, delta, sigma, n):
    """Read with kornia's crop_and_resize, between the centres of the outermost samples."""
    x, y, r, b = corners(gx, gy, delta, n - 1).sub(0.5).unbind(-1)
    boxes = torch.stack([torch.stack(p, -1) for p in ((x, y), (r, y), (r, b), (x, b))], 1)
    return import_module("kornia").geometry.transform.crop_and_resize(image, boxes, (n, n))


def aligned(image, gx, gy, delta, sigma, n):
    """Read with torchvision's roi_align; boxes get no gradient."""
    boxes = list(corners(gx, gy, delta, n)[:, None])
    return import_module("torchvision").ops.roi_align(image, boxes, n, aligned=True)


def translated(image, gx, gy, delta, sigma, n):
    """Read with JAX's scale_and_translate, one window; its gradients stay in JAX."""
    jax = import_module("jax")
    scale, corner = 1 / float(delta), corners(gx, gy, delta, n)[0, [1, 0]].numpy()
    shape, scales = (*image.shape[:2], n, n), jax.numpy.array([scale, scale])
    moved = jax.image.scale_and_translate(image.numpy(), shape, (2, 3), scales, -corner * scale, "linear")
    return torch.tensor(np.asarray(moved))


READERS = {"glimpse": look, "grid_sample": sampled, "interpolate(antialias=True)": cropped}
PEERS = {
    "kornia crop_and_resize": ("kornia", kornias),
    "torchvision roi_align": ("torchvision", aligned),
    "jax scale_and_translate": ("jax", translated),
}
BLIND = {
    "interpolate(antialias=True)",
    "torchvision roi_align",
    "jax scale_and_translate",
}  # no gradient of a place


def add_peers():
    """Take the peers that load, and say which do not."""
    for name, (module, call) in PEERS.items():
        try:
            import_module(module)
            READERS[name] = call
        except (ImportError, RuntimeError):  # torchvision without its operators raises the latter
            print(f"{name} is left out: {module} does not load")


def numbers(count, *values):
    """One tensor (count,) of each value, with gradients, a little apart."""
    return [(value + torch.rand(count)).requires_grad_() for value in values]


def times(count, channels, side, n, delta, rounds):
    """Print the milliseconds of an iteration forward and backward, taking turns in a changing order."""
    image = torch.rand(count, channels, side, side)
    given = numbers(count, side / 2, side / 2, delta, delta / 2)
    calls = {"softmax by hand": by_hand, "einsum by hand": by_einsum} | {
        name: call for name, call in READERS.items() if name not in BLIND
    }
    steps = {name: partial(step, call, image, given, n) for name, call in calls.items()}
    table(
        f"{count} x {channels} x {side} x {side}, n = {n}: forward and backward",
        interleaved(steps, rounds, time.process_time),
        "glimpse",
    )


def step(call, image, given, n):
    """Read and go back."""
    call(image, *given, n).sum().backward()


def cropped_by_v2(image, gx, gy, delta, sigma, n):
    """Crop whole pixels and resize them with torchvision's transforms.v2: no gradient of the place."""
    resize = import_module("torchvision.transforms.v2").functional.resized_crop
    boxes = corners(gx, gy, delta, n).round().int().tolist()
    crops = (
        resize(one[None], y, x, b - y, r - x, [n, n], antialias=True)
        for one, (x, y, r, b) in zip(image, boxes, strict=True)
    )
    return torch.cat(list(crops))


PEERS["torchvision v2.resized_crop"] = "torchvision", cropped_by_v2
BLIND.add("torchvision v2.resized_crop")


def glimpses(count=8, channels=3, side=512, several=16):
    """Print what several glimpses of each image cost beside a loop over them."""
    image = torch.rand(count, channels, side, side)
    for n, delta in ((16, 2.0), (32, 10.0)):
        shape = (count, several)
        place = (torch.rand(shape) * side).requires_grad_()
        stride = torch.full(shape, delta).requires_grad_()

        def at_once(place=place, stride=stride, n=n):
            read(image[:, None], Window(place, place, stride, stride / 2, n=n)).sum().backward()

        def loop(place=place, stride=stride, n=n):
            looks = (
                Window(*(x[:, k] for x in (place, place, stride, stride / 2)), n=n) for k in range(several)
            )
            sum(read(image, window).sum() for window in looks).backward()

        table(
            f"{several} glimpses of each of {count} x {channels} x {side} x {side}, n = {n}, delta {delta:g}",
            interleaved({"all at once": at_once, "a loop": loop}, 5, time.process_time),
            "all at once",
        )


def feature_maps(count=16, channels=3, side=1024, n=32):
    """Print what a gradient of the image costs, which any feature map has."""
    image = torch.rand(count, channels, side, side, requires_grad=True)
    given = numbers(count, side / 2, side / 2, 2.0, 1.0)
    calls = {"glimpse": look, "softmax by hand": by_hand, "grid_sample": sampled}

    def pass_back(call):
        image.grad = None
        step(call, image, given, n)

    steps = {name: partial(pass_back, call) for name, call in calls.items()}
    table("the same with a gradient of the image", interleaved(steps, 5, time.process_time), "glimpse")


def batches():
    """Print what a batch of NumPy's saves."""
    rng = np.random.default_rng(0)
    images, (gx, gy) = rng.random((64, 60, 60), np.float32), rng.uniform(20, 40, (2, 64))
    calls = {
        "one batch": lambda: read(images, Window(gx, gy, 3.0, 1.5, n=12)),
        "64 calls": lambda: [
            read(image, Window(*place, 3.0, 1.5, n=12)) for image, *place in zip(images, gx, gy, strict=True)
        ],
    }
    table("NumPy, 64 x 60 x 60, n = 12", interleaved(calls, 31), "one batch")


def one(call, image, gx, gy, delta, n):
    """Read one window of an image without gradients."""
    with torch.no_grad():
        return call(image, *(torch.tensor([float(value)]) for value in (gx, gy, delta, delta / 2)), n)


def zone(side=400):
    """A zone plate, (1, 1, side, side), up to half a period per pixel at its sides."""
    x = torch.arange(side) - (side - 1) / 2
    return 0.5 + 0.5 * torch.cos(torch.pi / side * (x[:, None] ** 2 + x**2))[None, None]


def aliasing():
    """Print what is left of frequencies above the sampling rate of the patch, which it cannot hold."""
    image = zone()
    x = torch.arange(50) * 8 - 196
    beyond = (x[:, None].abs() > 50) | (x.abs() > 50)  # x / 400 periods per pixel against one sample in 8
    within = (x[:, None] ** 2 + x**2).sqrt() < 12.5  # up to a quarter of a period a sample
    wanted = 0.5 + 0.5 * torch.cos(torch.pi / 400 * (x[:, None] ** 2 + x**2))
    print(
        "\na zone plate reduced 8 times: aliases, and error in the pass band, levels of 255, root mean square"
    )
    box = {"glimpse, box": lambda image, gx, gy, d, _, n: read(image, Window(gx, gy, d, n=n, kernel="box"))}
    for name, call in (READERS | box).items():
        patch = one(call, image, 199.5, 199.5, 8.0, 50)[0, 0]
        aliases, error = (patch[beyond] - 0.5), (patch - wanted)[within]
        print(f"  {name:38}", *(f"{255 * part.square().mean().sqrt():10.2f}" for part in (aliases, error)))


def flicker(image):
    """Print how far a sample is from the mean of itself a step before and after as a window slides."""
    print("\na window of stride 8 slides by half a pixel a frame: flicker, mean in levels of 255")
    for name, call in READERS.items():
        frames = torch.cat([one(call, image, 128, 100 + step / 2, 8.0, 16) for step in range(60)])
        jumps = frames[1:-1] - (frames[:-2] + frames[2:]) / 2
        print(f"  {name:38} {255 * jumps.abs().mean():10.3f}")


def returned(call, image, distance, widths, starts=50):
    """The share of windows that Adam brings back to within a pixel; its loss is the error of the patch."""
    torch.manual_seed(0)
    home = 90 + 76 * torch.rand(2, starts)
    angle = 2 * torch.pi * torch.rand(starts)
    place = (home + distance * torch.stack([angle.cos(), angle.sin()])).requires_grad_()
    optimizer, images = torch.optim.Adam([place], 1.0), image.expand(starts, -1, -1, -1)
    for step, sigma in enumerate(widths):
        optimizer.param_groups[0]["lr"] = 1 - 0.95 * step / len(widths)
        shape = torch.full((starts,), 3.0), torch.full((starts,), sigma)
        optimizer.zero_grad()
        (call(images, *place, *shape, 12) - call(images, *home, *shape, 12)).square().sum().backward()
        optimizer.step()
    return ((place.detach() - home).norm(dim=0) < 1).float().mean().item()


def lost(image):
    """Print how many lost windows come back; sigma is fixed, or goes from wide to narrow."""
    narrow, wide = [1.5] * 200, np.geomspace(32, 1.5, 200).tolist()
    ways = {
        f"{name}, sigma 1.5" if name == "glimpse" else name: (call, narrow) for name, call in READERS.items()
    }
    ways["glimpse, sigma from 32 to 1.5"] = look, wide
    print("\nlost windows that 200 steps of Adam bring back from 5, 10, 20, 40 pixels")
    for name, (call, widths) in ways.items():
        if name in BLIND:
            print(f"  {name:38} gives no gradient of the place")
            continue
        shares = (returned(call, image, distance, widths) for distance in (5, 10, 20, 40))
        print(f"  {name:38}", *(f"{share:6.0%}" for share in shares))


def main():
    """Print the times, then what the readers make of pictures."""
    torch.set_num_threads(1)
    add_peers()
    for case in ((64, 1, 60, 12, 3.0, 101), (16, 3, 224, 32, 5.0, 25), (16, 3, 1024, 32, 2.0, 9)):
        times(*case)
    feature_maps()
    glimpses()
    batches()
    scene = Image.open(SCENE).convert("L").crop((100, 100, 356, 356))
    image = torch.tensor(np.asarray(scene, np.float32) / 255)[None, None]
    aliasing()
    flicker(image)
    lost(image)


if __name__ == "__main__":
    main()
