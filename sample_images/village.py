"""Things people built: houses, a church, a fence, a signpost."""

import numpy as np
from paint import Painting, box, ellipse, noise, ribbon, shifted

TILES = ("#6e2c22", "#9c4530", "#c4643c", "#e08a52")


def village(painting: Painting, rng: np.random.Generator) -> None:
    church(painting, 470, 300)
    house(painting, (384, 306), (40, 24), "#f2dcb8", rng)
    house(painting, (432, 302), (34, 20), "#e6b98c", rng)
    house(painting, (548, 302), (44, 27), "#f6e6cd", rng)
    house(painting, (405, 322), (52, 30), "#fbeed6", rng)
    house(painting, (504, 314), (56, 32), "#efcda0", rng)


def house(
    painting: Painting,
    foot: tuple[float, float],
    size: tuple[float, float],
    wall: str,
    rng: np.random.Generator,
) -> None:
    """A house with its lower left corner at foot; size is (width, height of the wall)."""
    (x, y), (w, h) = foot, size
    painting.fill([box(x - 3, y - 3, x + w + 3, y + 3)], "#20351f", opacity=0.6, blur=2)
    painting.fill([box(x + 0.72 * w, y - h - 17, x + 0.82 * w, y - h)], "#8d5140")
    painting.fill([box(x + 0.70 * w, y - h - 18, x + 0.84 * w, y - h - 16)], "#5f3129")
    painting.fill([box(x, y - h, x + w, y)], wall)
    painting.fill([box(x, y - h, x + 0.25 * w, y)], "#7d5a6b", opacity=0.35, blur=2)
    painting.fill([box(x, y - h, x + w, y - h + 4)], "#5a3440", opacity=0.5, blur=1)
    openings(painting, x, y, w, h)
    roof(painting, (x, y - h), w, 0.62 * h, rng)
    smoke(painting, x + 0.77 * w, y - h - 20, rng)


def openings(painting: Painting, x: float, y: float, w: float, h: float) -> None:
    """A door and two lit windows with glazing bars and shutters."""
    painting.fill([box(x + 0.43 * w, y - 0.55 * h, x + 0.57 * w, y)], "#4a2f2b")
    for share in (0.22, 0.78):
        u, v, a = x + share * w, y - 0.5 * h, 0.075 * w
        painting.fill([box(u - 2 * a, v - 1.3 * a, u + 2 * a, v + 1.3 * a)], "#38665f")
        painting.fill([box(u - a, v - 1.3 * a, u + a, v + 1.3 * a)], "#ffd977")
        painting.fill(
            [box(u - 0.4, v - 1.3 * a, u + 0.4, v + 1.3 * a), box(u - a, v - 0.4, u + a, v + 0.4)], "#5a3b2c"
        )


def roof(
    painting: Painting, corner: tuple[float, float], w: float, h: float, rng: np.random.Generator
) -> None:
    """Courses of single tiles, each in its own tone."""
    x, y = corner
    mask = painting.coverage(
        [[(x - 4, y + 1), (x + w + 4, y + 1), (x + 0.88 * w, y - h), (x + 0.12 * w, y - h)]]
    )
    painting.lay(mask, TILES[1])
    tiles: dict[str, list[np.ndarray]] = {tone: [] for tone in TILES}
    for course, v in enumerate(np.arange(y - h, y + 2, 3.2)):
        for u in np.arange(x - 6 + 1.6 * (course % 2), x + w + 6, 3.2):
            tiles[TILES[rng.integers(len(TILES))]].append(ellipse(u, v, 1.5, 1.9, steps=10))
    for tone, shapes in tiles.items():
        painting.fill(shapes, tone, opacity=0.85, within=mask)
    painting.fill([box(x + 0.5 * w, y - h, x + w + 6, y + 2)], "#ffce80", opacity=0.22, blur=6, within=mask)
    painting.fill([box(x + 0.11 * w, y - h - 1, x + 0.89 * w, y - h + 1)], TILES[0])


def smoke(painting: Painting, x: float, y: float, rng: np.random.Generator) -> None:
    puffs = [
        ellipse(x - 0.012 * k**2 + rng.normal(0, 1), y - 2.2 * k, 1.2 + 0.22 * k, 1.5 + 0.2 * k)
        for k in range(16)
    ]
    fade = np.clip(1 - (y - painting.y) / 40, 0, 1) * noise(painting.y.shape, (8, 8), rng, 2)
    painting.fill(puffs, "#fdf0e2", opacity=0.8, blur=2, within=fade)


def church(painting: Painting, x: float, y: float) -> None:
    """A tower with a clock and a slated spire."""
    painting.fill([box(x - 11, y - 66, x + 11, y)], painting.down(y - 66, y, "#f3dcc0", "#d9b594"))
    painting.fill([box(x - 11, y - 66, x - 4, y)], "#6a5068", opacity=0.4, blur=1.5)
    painting.fill([[(x - 13, y - 66), (x + 13, y - 66), (x, y - 112)]], "#46506e")
    painting.fill([[(x + 1, y - 66), (x + 13, y - 66), (x, y - 112)]], "#7c7f95")
    slates = [box(x - 13, v, x + 13, v + 0.6) for v in np.arange(y - 104, y - 66, 3.0)]
    painting.fill(
        slates,
        "#2f3650",
        opacity=0.6,
        within=painting.coverage([[(x - 13, y - 66), (x + 13, y - 66), (x, y - 112)]]),
    )
    painting.fill([box(x - 0.6, y - 121, x + 0.6, y - 110), box(x - 3, y - 118, x + 3, y - 117)], "#2f2a3c")
    painting.fill([ellipse(x, y - 52, 6.4, 6.4)], "#5b3a34")
    painting.fill([ellipse(x, y - 52, 5.3, 5.3)], "#fff5df")
    painting.fill(
        [
            ribbon([(x, y - 52), (x, y - 56.4)], 1.1, (1, 1)),
            ribbon([(x, y - 52), (x + 3, y - 51)], 1.1, (1, 1)),
        ],
        "#2c1d1d",
    )
    painting.fill([box(x - 6, y - 40, x - 2, y - 29), box(x + 2, y - 40, x + 6, y - 29)], "#46333d")


def fence(painting: Painting, rng: np.random.Generator) -> None:
    """Pickets along the meadow, larger towards the right."""
    xs = 488 + np.cumsum(np.linspace(6.5, 12, 17))
    foot = 407 + 0.10 * (xs - 488)
    tall = np.linspace(26, 42, len(xs))
    for share in (0.3, 0.72):
        rail = np.stack([xs, foot - share * tall], axis=1)
        painting.fill([ribbon(rail, 3.4, (0.7, 1.2))], "#a98566")
        painting.fill([ribbon(rail - (0, 1), 1, (1, 1))], "#f0d3a4")
    for x, y, h in zip(xs, foot + rng.normal(0, 0.7, len(xs)), tall + rng.normal(0, 1, len(xs)), strict=True):
        w = 0.085 * h
        painting.fill(
            [[(x - w, y), (x - w, y - h), (x, y - h - 2.2 * w), (x + w, y - h), (x + w, y)]], "#cdb193"
        )
        painting.fill([[(x + 0.2 * w, y), (x + 0.2 * w, y - h - w), (x + w, y - h), (x + w, y)]], "#fbe6c2")
        painting.fill(
            [ellipse(x, y - 0.72 * h, 0.7, 0.7, steps=8), ellipse(x, y - 0.3 * h, 0.7, 0.7, steps=8)],
            "#5b4337",
        )


def sign(painting: Painting, rng: np.random.Generator) -> None:
    """A board on a post, with large and small letters."""
    x, y = 556, 352
    painting.fill([box(x - 5, y - 20, x + 5, y + 92)], "#6a472f")
    painting.fill([box(x + 1, y - 20, x + 5, y + 92)], "#b07c4c")
    board = [(x - 66, y - 25), (x + 56, y - 28), (x + 74, y - 4), (x + 58, y + 22), (x - 65, y + 24)]
    painting.fill([shifted(board, 2, 5)], "#20182a", opacity=0.5, blur=3)
    mask = painting.coverage([board])
    wood = noise(mask.shape, (2.2, 70), rng, 3)
    painting.lay(mask, painting.down(y - 28, y + 24, "#e9c48c", "#c99a62"))
    painting.lay(mask * np.clip(3 * wood - 1.2, 0, 1), "#8a5c36", 0.55)
    painting.fill([ribbon([*board, board[0]], 2.4, (1, 1))], "#59381f")
    painting.lay(painting.lettering("GLIMPSE", x, y - 10, 26), "#240f0b")
    painting.lay(painting.lettering("look closer, see more", x - 1, y + 11, 10.8), "#331810")
    nails = [
        ellipse(x + a, y + b, 1.3, 1.3, steps=10) for a, b in ((-61, -20), (-60, 19), (52, -22), (54, 17))
    ]
    painting.fill(nails, "#352418")
