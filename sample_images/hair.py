"""The hair: locks of strands between two guides, and a flower."""

import numpy as np
from face import FACE, HAIR, SKIN, at, face_coordinates
from paint import Painting, Points, ellipse, ribbon, shifted, smoothstep, spline

# How many strands of each tone, laid in this order; keyed by whether the lock is in the dark.
TONES = {
    False: ((0, 30), (2, 120), (3, 90), (1, 26), (3, 60), (4, 50)),
    True: ((0, 60), (2, 60), (1, 40), (3, 16)),
}
LEFT_LOCK = (
    [(20, -98), (-2, -67), (-36, -40), (-60, -6), (-66, 36), (-60, 70), (-46, 94)],
    [(20, -128), (-38, -131), (-90, -90), (-107, -16), (-108, 40), (-96, 82), (-56, 107)],
)
RIGHT_LOCK = (
    [(20, -98), (44, -76), (64, -48), (80, -14), (85, 28), (80, 64), (64, 88)],
    [(20, -128), (64, -124), (97, -80), (106, -16), (107, 38), (98, 78), (66, 102)],
)
BACK = (
    [(0, -110), (-60, -80), (-90, -10), (-86, 40), (-70, 101)],
    [(0, -110), (60, -80), (92, -10), (90, 40), (74, 99)],
)


def strands(
    guides: tuple[Points, Points], count: int, wave: float, rng: np.random.Generator
) -> list[np.ndarray]:
    """Paths that lie between two guides, as hairs do."""
    first, last = (spline(guide, closed=False) for guide in guides)
    t = np.linspace(0, 1, len(first))
    paths = []
    for share in rng.random(count):
        sway = wave * t * np.sin(11 * t + 4 * share + rng.normal(0, 0.3))
        path = first + (last - first) * share
        path = path + np.stack([sway, 0.3 * sway], axis=1)
        paths.append(path[: int(len(path) * rng.uniform(0.88, 1.0))])
    return paths


def outline(guides: tuple[Points, Points]) -> np.ndarray:
    first, last = (spline(guide, closed=False) for guide in guides)
    return at(np.concatenate([first, last[::-1]]))


def lock(
    painting: Painting, guides: tuple[Points, Points], rng: np.random.Generator, dark: bool = False
) -> None:
    """A mass of hair between two guides: a body, then strands from dark to light, then the gloss."""
    painting.fill([outline(guides)], HAIR[1])
    for tone, count in TONES[dark]:
        paths = strands(guides, count, 4, rng)
        painting.fill(
            [at(ribbon(p, rng.uniform(1, 2.6), (0.6, 0.2))) for p in paths], HAIR[tone], opacity=0.7
        )
    if not dark:
        gloss(painting, guides, rng)


def gloss(painting: Painting, guides: tuple[Points, Points], rng: np.random.Generator) -> None:
    pieces = []
    for path in strands(guides, 70, 5, rng):
        start = len(path) * rng.normal(0.3, 0.05)
        pieces.append(path[int(max(start, 0)) : int(start + len(path) * 0.2)])
    painting.fill([at(ribbon(p, 1.5, (0, 0))) for p in pieces], HAIR[5], opacity=0.55)


def back_hair(painting: Painting, rng: np.random.Generator) -> None:
    lock(painting, BACK, rng, dark=True)


def front_hair(painting: Painting, rng: np.random.Generator) -> None:
    skin = painting.coverage([at(FACE)])
    painting.fill([shifted(outline(LEFT_LOCK), 4, 7)], SKIN[0], opacity=0.5, blur=4, within=skin)
    lock(painting, RIGHT_LOCK, rng)
    lock(painting, LEFT_LOCK, rng)
    volume(painting)
    flyaways(painting, rng)
    glow = ribbon(spline(RIGHT_LOCK[1], closed=False), 5, (0.3, 1))
    painting.fill([shifted(at(glow), -2, 0)], "#ffce7d", opacity=0.6, blur=2)


def volume(painting: Painting) -> None:
    """Hair as one round mass: dark away from the light, a sheen around the crown."""
    mask = painting.coverage([outline(LEFT_LOCK), outline(RIGHT_LOCK)])
    u, v = face_coordinates(painting)
    painting.lay(mask * smoothstep(-45, -112, u), HAIR[0], 0.5)
    painting.lay(mask * smoothstep(45, 108, v), HAIR[0], 0.5)
    painting.lay(mask * np.exp(-(((u - 20) / 2.5) ** 2)) * smoothstep(-90, -112, v), HAIR[0], 0.35)
    ring = np.hypot(u / 1.05, v + 10)
    painting.lay(mask * np.exp(-(((ring - 93) / 9) ** 2)) * smoothstep(-20, -80, v), HAIR[5], 0.42)


def flyaways(painting: Painting, rng: np.random.Generator) -> None:
    """Single hairs that left their lock, bright against the light."""
    for guides, side in ((LEFT_LOCK, -1), (RIGHT_LOCK, 1)):
        hairs = []
        for _ in range(16):
            edge = spline(guides[1], closed=False)
            start = rng.integers(4, len(edge) - 14)
            piece = edge[start : start + 14]
            away = rng.uniform(1, 4) * np.linspace(0, 1, len(piece))[:, None] ** 2
            hairs.append(ribbon(piece + away * (side, 0.3), 0.9, (0.6, 0)))
        painting.fill([at(hair) for hair in hairs], HAIR[4 if side > 0 else 2], opacity=0.8)


def flower(painting: Painting) -> None:
    """A daisy in the hair."""
    u, v = -74, -62
    petals = [
        ellipse(u + 10 * np.cos(a), v + 10 * np.sin(a), 8, 4, a) for a in np.linspace(0, 2 * np.pi, 10)[:-1]
    ]
    painting.fill([shifted(at(petal), 1.5, 3) for petal in petals], HAIR[0], opacity=0.5, blur=2)
    for index, petal in enumerate(petals):
        painting.fill([at(petal)], ("#fffaf0", "#f3e6dc", "#fdf1e2")[index % 3])
    painting.fill([at(ellipse(u, v, 5.5, 5.5))], "#e8a01d")
    painting.fill([at(ellipse(u + 1.5, v - 1.5, 2.5, 2.5))], "#ffd45c", blur=0.7)
