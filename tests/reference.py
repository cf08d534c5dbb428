"""The equations of the attention layer as slow, obvious loops: nothing of the equations comes from glimpse.

A kernel without a loop of its own borrows its formula from the kernel table, and nothing else.

Exponents and overlaps are exact fractions, because far from the image they are large numbers that
cancel; the centres are rounded where equations 19-20 round them, once per operation.
"""

import math
from fractions import Fraction
from functools import cache, partial

import numpy as np

from glimpse.attention.kernels import KERNEL_TABLE


def centers(n, g, delta):
    """Equations 19-20 of Gregor et al. 2015, counted from 0."""
    return [g + (i - (n - 1) / 2) * delta for i in range(n)]


def bank(size, n, center, delta, sigma, kernel="gaussian", edge="extend"):
    """The matrix F, (n, size)."""
    row = {"gaussian": gaussian_row, "box": box_row}.get(kernel) or partial(borrowed_row, kernel)
    return np.array([row(size, mu, sigma, edge) for mu in centers(n, center, delta)])


def gaussian_row(size, mu, sigma, edge):
    mu, sigma = Fraction(mu), Fraction(sigma)

    @cache
    def exponent(a):
        return -((a - mu) ** 2) / (2 * sigma**2)

    lattice = range(size) if edge == "extend" else _lattice_around(mu, 12 * sigma)
    top = max(exponent(a) for a in lattice)
    weight = cache(lambda a: math.exp(exponent(a) - top))
    total = math.fsum(map(weight, lattice))
    return [weight(a) / total for a in range(size)]


def box_row(size, mu, sigma, edge):
    mu, width = Fraction(mu), Fraction(sigma * math.sqrt(12))

    @cache
    def overlap(a):
        first, last = a - Fraction(1, 2), a + Fraction(1, 2)
        return max(min(last, mu + width / 2) - max(first, mu - width / 2), 0)

    lattice = range(size) if edge == "extend" else _lattice_around(mu, width / 2)
    total = sum(overlap(a) for a in lattice)
    if total == 0:  # it ends before the image begins
        nearest = min(range(size), key=lambda a: abs(a - mu))
        return [float(a == nearest) for a in range(size)]
    return [float(overlap(a) / total) for a in range(size)]


def borrowed_row(kernel, size, mu, sigma, edge):
    shape = KERNEL_TABLE[kernel]
    lattice = range(size) if edge == "extend" else _lattice_around(mu, shape.reach(sigma, 1e-30))
    peak = min(lattice, key=lambda a: abs(a - mu))

    def weight(a):
        return float(shape.weigh(np.array(float(a - peak)), np.array(float(mu - peak)), sigma, np))

    total = math.fsum(map(weight, lattice))
    if total == 0:  # between two pixels: the nearest one, or two alike
        alike = [a for a in lattice if abs(a - mu) == abs(peak - mu)]
        return [(a in alike) / len(alike) for a in range(size)]
    return [weight(a) / total for a in range(size)]


def _lattice_around(mu, reach):
    return range(math.floor(mu - reach) - 1, math.ceil(mu + reach) + 2)


def pair(value):
    """Of rows and of columns."""
    return value if isinstance(value, tuple) else (value, value)


def banks(window, shape):
    """Fx and Fy of a window (anything with its eight attributes) over an image of this shape."""
    return [
        bank(size, n, g, delta, sigma, window.kernel, window.edge)
        for size, n, g, delta, sigma in zip(
            shape, pair(window.n), (window.gx, window.gy), pair(window.delta), pair(window.sigma), strict=True
        )
    ]


def read(image, window):
    """Equation 27: P[i, j] = gamma * sum over a, b of Fx[i, a] I[a, b] Fy[j, b]."""
    Fx, Fy = banks(window, image.shape)
    (N, A), (M, B) = Fx.shape, Fy.shape
    patch = np.zeros((N, M))
    for i in range(N):
        for j in range(M):
            terms = (Fx[i, a] * image[a, b] * Fy[j, b] for a in range(A) for b in range(B))
            patch[i, j] = window.gamma * math.fsum(terms)
    return patch


def write(patch, window, shape):
    """Equation 28: C[a, b] = 1/gamma * sum over i, j of Fx[i, a] P[i, j] Fy[j, b]."""
    Fx, Fy = banks(window, shape)
    (N, A), (M, B) = Fx.shape, Fy.shape
    canvas = np.zeros((A, B))
    for a in range(A):
        for b in range(B):
            terms = (Fx[i, a] * patch[i, j] * Fy[j, b] for i in range(N) for j in range(M))
            canvas[a, b] = math.fsum(terms) / window.gamma
    return canvas


def box_coverage(n, center, delta, sigma, kernel):
    """The sums of n filters over the pixels of the endless lattice whose centres lie in their box.

    Where there is no such pixel, that of the nearest one.
    """
    first, last = math.ceil(center - n * delta / 2 - 1e-6), math.floor(center + n * delta / 2 + 1e-6)
    if first > last:
        first = last = round(center)
    return bank(last - first + 1, n, center - first, delta, sigma, kernel, "black").sum(axis=0)


def restore(patch, window, shape):
    """`write`, divided along each axis by the larger of the bank's coverage and the least one in the box."""
    canvas = write(patch, window, shape)
    for axis, F in enumerate(banks(window, shape)):
        g = (window.gx, window.gy)[axis]
        delta, sigma = pair(window.delta)[axis], pair(window.sigma)[axis]
        sums = box_coverage(len(F), g, delta, sigma, window.kernel)
        full = np.maximum(F.sum(axis=0), max(sums.min(), sums.max() / 10))
        canvas = canvas / (full[:, None] if axis == 0 else full)
    return canvas


def article_read(image, gx, gy, delta, sigma, n):
    """The article's listing: i and j counted from 0 in a formula meant for 1, N / 2 a whole number.

    Two filters, two sums over every pixel, each filter divided by its own sum.
    """
    A, B = image.shape
    patch = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            mu_x = gx + (i - n // 2 - 0.5) * delta
            mu_y = gy + (j - n // 2 - 0.5) * delta
            fx = [math.exp(-((a - mu_x) ** 2) / (2 * sigma**2)) for a in range(A)]
            fy = [math.exp(-((b - mu_y) ** 2) / (2 * sigma**2)) for b in range(B)]
            total = sum(fx[a] * fy[b] * image[a, b] for a in range(A) for b in range(B))
            patch[i, j] = total / (sum(fx) * sum(fy))
    return patch
