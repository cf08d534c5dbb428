"""The country behind the person: evening sky, hills, trees, meadow."""

import numpy as np
from paint import Painting, Points, box, ellipse, noise, ramp, rgb, ribbon, smoothstep, spline

SUN = (462.0, 176.0)  # (x, y)

LEAVES = ("#1f3a2c", "#2f5534", "#4c7a3a", "#83a345", "#c9c55a", "#f3df86")
GRASS = ("#22402b", "#35602f", "#568038", "#86a042", "#bdb955", "#ead77a")


def sky(painting: Painting, rng: np.random.Generator) -> None:
    dusk = painting.down(0, 250, "#243a6b", "#3f5f93", "#7f86ae", "#d59f9e", "#f8bd86", "#ffdf9f")
    painting.lay(np.ones(dusk.shape[:2], np.float32), dusk)
    stars(painting, rng)
    glow(painting)
    clouds(painting, rng)
    birds(painting)


def stars(painting: Painting, rng: np.random.Generator) -> None:
    """Fading towards the horizon and the sun."""
    for size, count in ((0.45, 110), (0.7, 40), (1.1, 9)):
        x, y = rng.uniform(0, 640, count), 120 * rng.random(count) ** 1.6
        fade = smoothstep(130, 20, painting.y) * smoothstep(700, 150, painting.x)
        mask = painting.coverage([ellipse(*place, size, size, steps=10) for place in zip(x, y, strict=True)])
        painting.lay(mask * fade, "#fff6dd")


def glow(painting: Painting) -> None:
    distance = np.hypot(painting.x - SUN[0], 1.3 * (painting.y - SUN[1]))
    painting.lay(np.exp(-distance / 110), "#ffcf7d", 0.75)
    painting.lay(np.exp(-distance / 38), "#fff0b8", 0.9)
    painting.fill([ellipse(*SUN, 21, 21, steps=64)], "#fff8dc", blur=0.5)


def clouds(painting: Painting, rng: np.random.Generator) -> None:
    """Long banks, lit from below where they face the sun."""
    relief = noise(painting.y.shape, (34, 170), rng, 6)
    level = smoothstep(20, 90, painting.y) * smoothstep(235, 130, painting.y)
    mask = smoothstep(0.50, 0.70, relief) * level
    below = np.roll(relief, -5, axis=0)
    lit = np.clip(0.45 + 5 * (relief - below), 0, 1)
    painting.lay(mask, ramp(lit, "#77719c", "#c78fa0", "#f7b08c", "#ffe0ae"), 0.8)


def birds(painting: Painting) -> None:
    wings = []
    for index in range(9):
        x, y = 372 + 15 * index + 3 * (index % 2), 62 + 9 * abs(index - 3) + 2 * (index % 3)
        span = 7 - 0.25 * index
        wing = [(x - span, y - 1), (x - span / 2, y - 2.6), (x, y), (x + span / 2, y - 3), (x + span, y - 2)]
        wings.append(ribbon(spline(wing, closed=False), 1.6, (0, 0)))
    painting.fill(wings, "#2c2a4a")


def skyline(base: float, height: float, cell: float, rng: np.random.Generator) -> np.ndarray:
    """A ridge across the picture, closed far below it."""
    x = np.arange(-4, 645, 1.0)
    relief = noise((1, len(x)), (1, cell), rng, 6)[0]
    ridge = np.stack([x, base - height * (relief - 0.5)], axis=1)
    return np.concatenate([ridge, [(644, 500), (-4, 500)]])


def mountains(painting: Painting, rng: np.random.Generator) -> None:
    rows = (
        (196, 90, 150, "#8f87ab", "#e9b39b"),
        (214, 70, 110, "#6f7299", "#dca78f"),
        (232, 44, 130, "#566b80", "#c5a483"),
    )
    for base, height, cell, top, foot in rows:
        painting.fill([skyline(base, height, cell, rng)], painting.down(base - 45, base + 40, top, foot))
    haze = np.exp(-(((painting.y - 240) / 22) ** 2)) * np.exp(-np.abs(painting.x - SUN[0]) / 260)
    painting.lay(haze, "#ffd9a0", 0.5)


HILL = spline(
    [(-10, 262), (90, 250), (240, 262), (360, 262), (450, 244), (560, 252), (660, 236)], closed=False
)
NEAR_HILL = spline([(-10, 300), (120, 292), (300, 322), (430, 318), (540, 296), (660, 300)], closed=False)


def below(line: Points) -> np.ndarray:
    """The area under a line, down past the lower edge."""
    return np.concatenate([np.asarray(line), [(660, 500), (-10, 500)]])


def hills(painting: Painting, rng: np.random.Generator) -> None:
    far = painting.coverage([below(HILL)])
    painting.lay(far, painting.down(238, 320, "#a9ad62", "#7d9550", "#56793f"))
    vines(painting, far)
    hedges(painting, HILL, 60, 4, rng)


def vines(painting: Painting, within: np.ndarray) -> None:
    """Rows of a vineyard, running towards one point beyond the hill."""
    fan = [[(x, 320), (560 + (x - 560) * 0.22, 244)] for x in np.arange(380, 900, 13.0)]
    area = painting.coverage([[(505, 243), (660, 232), (660, 312), (470, 312)]], blur=3)
    painting.fill([ribbon(path, 4, (1.5, 0.3)) for path in fan], "#3f6337", opacity=0.8, within=within * area)
    left = [[(x, 330), (80 + (x - 80) * 0.35, 246)] for x in np.arange(-160, 330, 15.0)]
    area = painting.coverage([[(-9, 255), (150, 252), (190, 310), (-9, 310)]], blur=3)
    painting.fill(
        [ribbon(path, 5, (1.5, 0.4)) for path in left], "#d7c56b", opacity=0.5, within=within * area
    )


def hedges(painting: Painting, line: Points, count: int, size: float, rng: np.random.Generator) -> None:
    for x, y in np.asarray(line)[rng.integers(0, len(line), count)]:
        r = size * rng.uniform(0.5, 1.2)
        foliage(painting, (x + rng.normal(0, 6), y - r / 2, 1.4 * r, r), 14, 1.3, rng)


def near_hill(painting: Painting) -> None:
    painting.fill([below(NEAR_HILL)], painting.down(295, 400, "#93a24c", "#648a40", "#3d6534"))
    sun_side = np.exp(-(((painting.x - 520) / 130) ** 2) - ((painting.y - 318) / 26) ** 2)
    painting.lay(sun_side * painting.coverage([below(NEAR_HILL)]), "#e8d077", 0.5)


def path(painting: Painting, rng: np.random.Generator) -> None:
    """From the lower right up to the village, narrowing with distance."""
    left = spline([(398, 490), (392, 430), (428, 384), (440, 350), (424, 334), (429, 322)], closed=False)
    right = spline([(508, 490), (470, 430), (474, 384), (466, 350), (432, 334), (433, 322)], closed=False)
    mask = painting.coverage([np.concatenate([left, right[::-1]])], blur=1.2)
    painting.lay(mask, painting.down(320, 480, "#f5dca2", "#dcb27a", "#b98856"))
    share = rng.random(500)
    x, y = rng.uniform(385, 510, 500), 322 + 165 * share
    stones = [
        ellipse(a, b, 0.6 + 1.5 * s, 0.4 + 0.8 * s, steps=10) for a, b, s in zip(x, y, share, strict=True)
    ]
    painting.fill(stones[::2], "#8c6445", opacity=0.6, within=mask)
    painting.fill(stones[1::2], "#fae6bb", opacity=0.6, within=mask)


def foliage(
    painting: Painting,
    crown: tuple[float, float, float, float],
    count: int,
    leaf: float,
    rng: np.random.Generator,
    tones: tuple[str, ...] = LEAVES,
) -> None:
    """Leaves in the ellipse crown (x, y, rx, ry), dark first and bright towards the sun last."""
    x, y, rx, ry = crown
    for index, tone in enumerate(tones[:5]):
        lean, reach, amount = 0.14 * index, 1 - 0.11 * index, int(count * (1 - 0.19 * index))
        angle, radius = rng.uniform(0, 2 * np.pi, amount), np.sqrt(rng.random(amount)) * reach
        u, v = x + rx * (lean + radius * np.cos(angle)), y + ry * (-lean + radius * np.sin(angle))
        turns = rng.uniform(0, np.pi, amount)
        leaves = [ellipse(a, b, leaf, 0.5 * leaf, t, 8) for a, b, t in zip(u, v, turns, strict=True)]
        painting.fill(leaves, tone)


def poplars(painting: Painting, rng: np.random.Generator) -> None:
    for x, foot, height in ((338, 300, 78), (352, 304, 92), (367, 302, 66), (628, 300, 84), (611, 302, 62)):
        painting.fill([box(x - 1.2, foot - 12, x + 1.2, foot)], "#4a3323")
        foliage(painting, (x, foot - height / 2 - 3, height / 9, height / 2), 60, 2.1, rng)


def great_tree(painting: Painting, rng: np.random.Generator) -> None:
    """Frames the picture on the left; its crown hangs in from above."""
    branches(painting)
    trunk(painting, rng)
    crowns = [
        (10, 40, 78, 56),
        (85, 18, 62, 34),
        (-6, 120, 52, 50),
        (58, 92, 50, 34),
        (128, 14, 52, 26),
        (104, 66, 34, 22),
    ]
    for crown in crowns:
        foliage(painting, crown, int(0.085 * crown[2] * crown[3]), 4.2, rng)


def branches(painting: Painting) -> None:
    paths = [
        [(18, 228), (46, 156), (78, 122), (112, 60)],
        [(24, 170), (10, 110), (20, 50)],
        [(62, 138), (104, 112), (126, 20)],
    ]
    painting.fill([ribbon(spline(path, closed=False), 11, (1.4, 0.2)) for path in paths], "#3b2622")


def trunk(painting: Painting, rng: np.random.Generator) -> None:
    left = spline([(-30, 490), (2, 400), (10, 300), (6, 200), (-6, 100)], closed=False)
    right = spline([(92, 490), (58, 420), (48, 300), (42, 200), (52, 90)], closed=False)
    mask = painting.coverage([np.concatenate([left, right[::-1]])])
    painting.lay(mask, ramp((painting.x + 8) / 66, "#2a1c1c", "#4a3028", "#6f4a33", "#b98150"))
    for tone, count in (("#1d1214", 60), ("#8a5d3c", 46), ("#d9a066", 14)):
        bark = []
        for share in rng.random(count):
            line = left + (right - left) * (share if tone != "#d9a066" else 0.8 + 0.2 * share)
            start = rng.integers(0, len(line) - 8)
            piece = line[start : start + rng.integers(4, 8)]
            bark.append(ribbon(piece + rng.normal(0, 0.6, piece.shape), rng.uniform(1, 3), (0, 0)))
        painting.fill(bark, tone, opacity=0.7, within=mask)


def meadow(painting: Painting, rows: np.ndarray, rng: np.random.Generator) -> None:
    """Blades in rows from far to near, growing longer."""
    for y in rows:
        nearness = (y - 340) / 140
        for tone in rng.permutation(5)[:4]:
            painting.fill(blades(y, nearness, 90, rng), GRASS[tone], opacity=0.55 + 0.3 * nearness)
        flowers(painting, y, nearness, rng)


def off_path(x: np.ndarray, y: float) -> np.ndarray:
    """The x that are beside the path in row y."""
    middle = np.interp(y, [340, 384, 430, 490], [452, 451, 431, 452])
    half = np.interp(y, [340, 384, 430, 490], [10, 20, 35, 50])
    return x[np.abs(x - middle) > half]


def blades(y: float, nearness: float, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    grass = []
    for x in off_path(rng.uniform(-5, 645, count), y):
        height, bend = rng.uniform(4, 8) + 22 * nearness * rng.random(), rng.normal(2, 5) * (0.3 + nearness)
        foot = y + rng.uniform(-3, 3)
        curve = [(x, foot), (x + bend * 0.3, foot - height * 0.6), (x + bend, foot - height)]
        grass.append(ribbon(curve, 1.2 + 1.6 * nearness))
    return grass


def flowers(painting: Painting, y: float, nearness: float, rng: np.random.Generator) -> None:
    for petal, heart in (("#d8402f", "#5c1420"), ("#f7f0e4", "#e9b02e"), ("#8d6bc0", "#d9c6f0")):
        size = 1 + 3.2 * nearness
        x = off_path(rng.uniform(0, 640, 3), y)
        heads = [(a, y - rng.uniform(4, 22) * (0.3 + nearness)) for a in x]
        ring = [(np.cos(a), np.sin(a)) for a in np.arange(5) * 1.2566]
        petals = [
            ellipse(a + 0.7 * size * c, b + 0.6 * size * s, 0.7 * size, 0.55 * size, steps=10)
            for a, b in heads
            for c, s in ring
        ]
        painting.fill(petals, petal)
        painting.fill([ellipse(a, b, 0.4 * size, 0.35 * size, steps=8) for a, b in heads], heart)


def evening_light(painting: Painting) -> None:
    """The meadow is warm below the sun and blue in the shade of the tree."""
    ground = smoothstep(318, 350, painting.y)
    painting.lay(ground * np.exp(-(((painting.x - 530) / 170) ** 2)), "#ffc45e", 0.15)
    painting.lay(ground * smoothstep(330, 40, painting.x), "#16234a", 0.42)


def grain(painting: Painting, rng: np.random.Generator) -> None:
    """Paper: a soft mottling and a fine grain, and darker corners."""
    shape = painting.y.shape
    paper = 0.035 * (noise(shape, (6, 6), rng, 2) - 0.5) + rng.normal(0, 0.006, shape)
    painting.pixels += paper[..., None].astype(np.float32)
    corner = np.hypot((painting.x - 320) / 420, (painting.y - 240) / 330)
    painting.lay(smoothstep(0.7, 1.4, corner), rgb("#1a1430"), 0.45)
