"""An iteration of training, forward and backward: `python tests/bench/training.py`, CPU time on one thread.

Beside the six lines that one writes by hand, a softmax bank and two products, and beside a sampled
grid, which does not filter.
"""

import statistics
import time

import torch

from glimpse import Window, read


def by_hand(image, gx, gy, delta, sigma, n):
    """Read with banks made as one softmax."""

    def bank(size, center):
        mu = center[:, None] + (torch.arange(n) - (n - 1) / 2) * delta[:, None]
        distance = torch.arange(float(size)) - mu[..., None]
        return torch.softmax(-(distance**2) / (2 * sigma[:, None, None] ** 2), -1)[:, None]

    return bank(image.shape[-2], gx) @ image @ bank(image.shape[-1], gy).mT


def sampled(image, gx, gy, delta, sigma, n):
    """Read with PyTorch's bilinear grid; sigma has no say."""
    steps = (torch.arange(n) - (n - 1) / 2) * delta[:, None]
    rows, cols = ((2 * (g[:, None] + steps) + 1) / image.shape[-1] - 1 for g in (gx, gy))
    grid = torch.stack(torch.broadcast_tensors(cols[:, None, :], rows[:, :, None]), -1)
    return torch.nn.functional.grid_sample(image, grid, align_corners=False)


def look(image, gx, gy, delta, sigma, n):
    """Read with glimpse."""
    return read(image, Window(gx, gy, delta, sigma, n=n))


def iteration(call, image, numbers, n):
    """The CPU time of one pass forward and backward."""
    start = time.process_time()
    call(image, *numbers, n).sum().backward()
    return time.process_time() - start


def one(count, channels, side, n, delta):
    """Print the milliseconds of each, taking turns."""
    image = torch.rand(count, channels, side, side)
    values = side / 2, side / 2, delta, delta / 2
    numbers = [(value + torch.rand(count)).requires_grad_() for value in values]
    calls = {"glimpse": look, "softmax by hand": by_hand, "grid_sample": sampled}
    times = {name: [] for name in calls}
    for _ in range(9):
        for name, call in calls.items():
            times[name].append(iteration(call, image, numbers, n))
    told = ", ".join(f"{name} {1000 * statistics.median(spent):.2f} ms" for name, spent in times.items())
    print(f"{count} x {channels} x {side} x {side}, n = {n}: {told}")


def main():
    """Print the three sizes."""
    torch.set_num_threads(1)
    for case in ((64, 1, 60, 12, 3.0), (16, 3, 224, 32, 5.0), (16, 3, 1024, 32, 2.0)):
        one(*case)


if __name__ == "__main__":
    main()
