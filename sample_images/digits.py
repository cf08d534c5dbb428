"""A page of handwritten digits among fragments of others."""

import numpy as np
from paint import Painting, ellipse, spline
from PIL import Image

ROWS, COLUMNS = 300, 460

# The strokes of each digit in a box 1 wide and 1.4 high, y down.
STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [
        [
            (0.55, 0),
            (0.12, 0.25),
            (0.05, 0.8),
            (0.3, 1.35),
            (0.7, 1.35),
            (0.95, 0.8),
            (0.88, 0.25),
            (0.5, 0.02),
        ]
    ],
    1: [[(0.25, 0.3), (0.42, 0.18), (0.56, 0)], [(0.56, 0), (0.55, 0.7), (0.52, 1.4)]],
    2: [
        [(0.08, 0.35), (0.3, 0.03), (0.7, 0.05), (0.88, 0.38), (0.6, 0.8), (0.08, 1.38)],
        [(0.08, 1.38), (0.5, 1.34), (0.95, 1.38)],
    ],
    3: [
        [(0.1, 0.2), (0.4, 0), (0.8, 0.15), (0.78, 0.5), (0.4, 0.66)],
        [(0.4, 0.66), (0.85, 0.78), (0.92, 1.15), (0.5, 1.4), (0.08, 1.25)],
    ],
    4: [
        [(0.55, 0), (0.3, 0.5), (0.05, 0.95)],
        [(0.05, 0.95), (0.5, 0.93), (0.98, 0.9)],
        [(0.72, 0.45), (0.7, 1), (0.66, 1.42)],
    ],
    5: [
        [(0.85, 0.02), (0.5, 0.03), (0.2, 0.05)],
        [(0.2, 0.05), (0.16, 0.3), (0.13, 0.58)],
        [(0.13, 0.58), (0.5, 0.5), (0.9, 0.8), (0.8, 1.25), (0.4, 1.4), (0.06, 1.25)],
    ],
    6: [
        [
            (0.75, 0.02),
            (0.35, 0.35),
            (0.08, 0.95),
            (0.35, 1.38),
            (0.8, 1.25),
            (0.85, 0.88),
            (0.5, 0.72),
            (0.12, 0.98),
        ]
    ],
    7: [[(0.06, 0.05), (0.5, 0.06), (0.95, 0.03)], [(0.95, 0.03), (0.6, 0.65), (0.38, 1.4)]],
    8: [
        [(0.5, 0.66), (0.15, 0.4), (0.3, 0.04), (0.7, 0.04), (0.85, 0.36), (0.5, 0.66)],
        [(0.5, 0.66), (0.08, 1.0), (0.3, 1.38), (0.75, 1.38), (0.92, 1.02), (0.5, 0.66)],
    ],
    9: [
        [(0.88, 0.4), (0.6, 0.06), (0.18, 0.2), (0.15, 0.55), (0.5, 0.72), (0.88, 0.4)],
        [(0.88, 0.4), (0.85, 0.9), (0.6, 1.42)],
    ],
}


def digits() -> Image.Image:
    """Grey, white on black: each digit twice, no two alike."""
    rng = np.random.default_rng(28)
    page = Painting(ROWS, COLUMNS)
    spots = places(20, rng)
    clutter(page, spots, rng)
    order = [*rng.permutation(10), *rng.permutation(10)]
    for digit, (x, y, radius) in zip(order, spots, strict=True):
        strokes = handwritten(int(digit), (x, y), 1.15 * radius, rng)
        ink = page.coverage(inked(strokes, 0.26 * radius, rng), blur=0.5)
        page.lay(ink, "#ffffff", rng.uniform(0.9, 1))
    return page.image().convert("L")


def places(count: int, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Discs (x, y, radius) on the page that do not overlap, the large ones first."""
    discs: list[tuple[float, float, float]] = []
    for radius in np.linspace(44, 15, count):
        while True:
            x, y = rng.uniform(radius, COLUMNS - radius), rng.uniform(radius, ROWS - radius)
            if all(np.hypot(x - a, y - b) > radius + other + 3 for a, b, other in discs):
                discs.append((x, y, radius))
                break
    return discs


def handwritten(
    digit: int, place: tuple[float, float], height: float, rng: np.random.Generator
) -> list[np.ndarray]:
    """The strokes of a digit, its points shaken, then scaled, sheared and turned about its place."""
    turn, shear, width = rng.normal(0, 0.22), rng.normal(-0.15, 0.2), rng.uniform(0.75, 1.1)
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = height * np.array([[cos, -sin], [sin, cos]]) @ np.array([[width, shear], [0, 1]])
    strokes = []
    for stroke in STROKES[digit]:
        # Where strokes meet they still have to: the ends stay, the middle is shaken.
        shaken = np.array(stroke) - (0.5, 0.7)
        shaken[1:-1] += rng.normal(0, 0.035, shaken[1:-1].shape)
        strokes.append(spline(shaken, closed=False, steps=16) @ matrix.T + place)
    return strokes


def inked(strokes: list[np.ndarray], width: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Dabs of a round pen along the strokes, pressed now more, now less."""
    dabs = []
    for stroke in strokes:
        t = np.linspace(0, 1, len(stroke))
        pressure = 1 + 0.18 * np.sin(rng.uniform(3, 8) * t + rng.uniform(0, 6))
        dabs += [
            ellipse(x, y, r, r, steps=14) for (x, y), r in zip(stroke, width / 2 * pressure, strict=True)
        ]
    return dabs


def clutter(page: Painting, spots: list[tuple[float, float, float]], rng: np.random.Generator) -> None:
    """Short pieces of strokes, fewer where a digit will stand."""
    for _ in range(150):
        x, y = rng.uniform(0, COLUMNS), rng.uniform(0, ROWS)
        inside = any(np.hypot(x - a, y - b) < 0.9 * radius for a, b, radius in spots)
        if not inside or rng.random() < 0.06:
            height = rng.uniform(12, 46)
            piece = fragment(handwritten(int(rng.integers(10)), (x, y), height, rng), rng)
            page.lay(
                page.coverage(inked([piece], 0.13 * height + 2, rng), blur=0.5),
                "#ffffff",
                rng.uniform(0.4, 0.95),
            )


def fragment(strokes: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """A third or so of one of the strokes."""
    stroke = strokes[rng.integers(len(strokes))]
    length = int(len(stroke) * rng.uniform(0.25, 0.45))
    start = rng.integers(0, len(stroke) - length)
    return stroke[start : start + length]
