"""The face, in coordinates of its own: (u, v) from its centre, u across and v down, upright."""

import numpy as np
from paint import Painting, Points, ellipse, noise, ramp, ribbon, shifted, spline

CENTRE = (222.0, 312.0)  # of the face, (x, y)
TILT = -0.05  # radians, a nod towards the light

SKIN = ("#5c2a2a", "#95503f", "#c9805c", "#e9ad80", "#f8cfa4", "#ffe7c8")
HAIR = ("#2b100e", "#4d1d14", "#7a3219", "#a84e24", "#d27a3a", "#f3b062")


def at(points: Points) -> np.ndarray:
    """Points of the upright face, relative to its centre, where they lie in the picture."""
    p = np.asarray(points, float)
    cos, sin = np.cos(TILT), np.sin(TILT)
    return np.stack([cos * p[:, 0] - sin * p[:, 1], sin * p[:, 0] + cos * p[:, 1]], axis=1) + CENTRE


def face_coordinates(painting: Painting) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of `at` for every pixel."""
    x, y = painting.x - CENTRE[0], painting.y - CENTRE[1]
    cos, sin = np.cos(TILT), np.sin(TILT)
    return cos * x + sin * y, cos * y - sin * x


FACE = spline(
    [
        *[(0, -100), (44, -90), (66, -54), (70, -10), (66, 32), (52, 68), (27, 95)],
        *[(1, 103), (-25, 95), (-51, 68), (-66, 32), (-70, -10), (-66, -54), (-44, -90)],
    ]
)

# u, v, radius across, radius down, height in pixels: the relief of the face over an ellipsoid.
BUMPS = (
    (4, 8, 7, 20, 7),  # bridge of the nose
    (5, 34, 10, 8, 12),  # tip of the nose
    (-8, 38, 6, 5, 4),  # nostrils
    (17, 38, 6, 5, 4),
    (-27, 3, 17, 10, -6),  # eye sockets
    (33, 3, 17, 10, -6),
    (-37, 32, 22, 18, 5),  # cheeks
    (40, 32, 20, 18, 5),
    (3, 64, 22, 13, 5),  # mouth
    (3, 78, 15, 5, -3),
    (2, 92, 17, 10, 5),  # chin
    (-27, -20, 22, 7, 3),  # brows
    (33, -20, 20, 7, 3),
)


def face(painting: Painting, rng: np.random.Generator) -> None:
    mask = painting.coverage([at(FACE)])
    painting.lay(mask, ramp(face_light(painting, rng), *SKIN))
    blush = [at(ellipse(u, 34, 17, 12)) for u in (-40, 43)]
    painting.fill(blush, "#e0604f", opacity=0.36, blur=7, within=mask)
    freckles(painting, rng)
    rim = mask * (1 - painting.coverage([shifted(at(FACE), -3.5, 0.5)], blur=2))
    painting.lay(rim * (painting.x > CENTRE[0]), "#ffe9b8", 0.75)


def face_light(painting: Painting, rng: np.random.Generator) -> np.ndarray:
    """0..1: how much the relief of the face turns towards a light on the right, above and in front."""
    u, v = face_coordinates(painting)
    height = 75 * np.sqrt(np.clip(1 - (u / 82) ** 2 - (v / 132) ** 2, 0.02, 1))
    for bump_u, bump_v, across, down, top in BUMPS:
        height += top * np.exp(-(((u - bump_u) / across) ** 2) - ((v - bump_v) / down) ** 2)
    slope_v, slope_u = np.gradient(height)
    facing = (0.60 * -slope_u + 0.34 * slope_v + 0.72) / np.sqrt(1 + slope_u**2 + slope_v**2)
    return 0.34 + 0.54 * facing + 0.03 * (noise(u.shape, (9, 9), rng, 2) - 0.5)


def freckles(painting: Painting, rng: np.random.Generator) -> None:
    spots = []
    for _ in range(70):
        u, v = rng.normal(4, 30), rng.normal(25, 8)
        if 8 < abs(u - 4) < 54:
            spots.append(at(ellipse(u, v, *rng.uniform(0.5, 1.1, 2), steps=8)))
    painting.fill(spots, "#a4552f", opacity=0.5)


def ear(painting: Painting) -> None:
    painting.fill([at(ellipse(71, 8, 9, 19, 0.15))], SKIN[3])
    painting.fill([at(ellipse(72, 6, 4.5, 12, 0.15))], SKIN[1], opacity=0.5, blur=1.5)
    painting.fill([at(ellipse(75, 34, 2, 2))], "#ffe08a")
    painting.fill([at(spline([(75, 36), (79, 47), (75, 53), (71, 47)]))], "#c98a1e")
    painting.fill([at(ellipse(76.5, 46, 1.5, 3))], "#fff1b5")


def features(painting: Painting, rng: np.random.Generator) -> None:
    """Everything on the skin."""
    for u in (-27, 33):
        eye(painting, u, 2)
    brows(painting, rng)
    nose(painting)
    mouth(painting)


def eye(painting: Painting, u: float, v: float) -> None:
    outer = -1 if u < 3 else 1
    almond = [(-17, 2.5), (-9, -6), (1, -8.5), (10, -5.5), (16, 1), (9, 6), (0, 7.5), (-9, 6)]
    outline = at(spline([(u - outer * a, v + b) for a, b in almond]))
    ball = painting.coverage([outline])
    painting.fill([at(ellipse(u, v - 1, 21, 13))], SKIN[1], opacity=0.30, blur=4)
    painting.lay(ball, "#f6ebdf")
    iris(painting, u + 2, v - 0.5, ball)
    painting.fill([at(ellipse(u, v - 10, 22, 7))], "#3a1d22", opacity=0.45, blur=2, within=ball)
    lids(painting, u, v, outer)


def iris(painting: Painting, u: float, v: float, ball: np.ndarray) -> None:
    place = at([(u, v)])[0]
    radius = np.hypot(painting.x - place[0], painting.y - place[1]) / 8.2
    colour = ramp(radius + 0.15 * (painting.y < place[1]), "#b9c46a", "#7f9a55", "#41683f", "#1c2d22")
    painting.fill([at(ellipse(u, v, 8.2, 8.4))], colour, within=ball)
    painting.fill([at(ellipse(u, v, 3.6, 3.7))], "#150b0c", within=ball)
    painting.fill([at(ellipse(u + 3, v - 3.2, 2.1, 2.1))], "#ffffff", within=ball)
    painting.fill([at(ellipse(u - 2.8, v + 3.6, 1.6, 1))], "#e8f0c0", opacity=0.6, within=ball)


def lids(painting: Painting, u: float, v: float, outer: int) -> None:
    def line(points: Points) -> np.ndarray:
        return at(spline([(u + outer * a, v + b) for a, b in points], closed=False))

    upper = [(-15, 2), (-9, -5.5), (-1, -8.5), (9, -6.5), (17, 1.5), (21, -2)]
    painting.fill([ribbon(line(upper), 4, (0.2, 0.2))], "#2a1214")
    crease = [(-13, -7), (-3, -13), (9, -11.5), (18, -4)]
    painting.fill([ribbon(line(crease), 1.6, (0, 0))], SKIN[0], opacity=0.6)
    lower = [(-14, 3), (-6, 7.5), (4, 8), (15, 3)]
    painting.fill([ribbon(line(lower), 1.3, (0, 0.8))], SKIN[0], opacity=0.7)
    lashes = [[(a, b), (a + 2, b - 3), (a + 5, b - 5)] for a, b in ((6, -8), (10, -6), (14, -3))]
    painting.fill([ribbon(line(lash), 1.4) for lash in lashes], "#2a1214")


def brows(painting: Painting, rng: np.random.Generator) -> None:
    for side, start in ((-1, -11), (1, 17)):
        path = spline(
            [(start + side * a, b) for a, b in ((0, -17), (14, -23), (27, -21), (36, -13))], closed=False
        )
        painting.fill([at(ribbon(path, 6, (0.8, 0)))], HAIR[1], opacity=0.75, blur=0.6)
        roots = path[2:-4] + rng.uniform(-1.2, 1.2, (len(path) - 6, 2))
        hairs = [shifted([(0, 0), (2.5 * side, -1.2), (5.5 * side, -0.8)], *root) for root in roots]
        painting.fill([at(ribbon(h, 0.9)) for h in hairs], HAIR[0], opacity=0.5)


def nose(painting: Painting) -> None:
    side = spline([(-4, -10), (-3, 8), (-6, 26), (-9, 38)], closed=False)
    painting.fill([at(ribbon(side, 7, (0.4, 1)))], SKIN[1], opacity=0.32, blur=3)
    under = spline([(-8, 42), (0, 44), (5, 47), (11, 44), (18, 41)], closed=False)
    painting.fill([at(ribbon(under, 5, (0.5, 0.5)))], SKIN[0], opacity=0.45, blur=1.6)
    nostrils = [at(ellipse(-2, 42.5, 3.6, 1.6, 0.35)), at(ellipse(12, 42, 3.4, 1.5, -0.35))]
    painting.fill(nostrils, "#6e2f28", opacity=0.7, blur=0.6)
    painting.fill([at(ellipse(7, 33, 3, 2.4))], "#fff4e0", opacity=0.7, blur=1.4)
    painting.fill([at(ellipse(6, 8, 1.8, 14))], "#fff1d8", opacity=0.5, blur=1.6)


def mouth(painting: Painting) -> None:
    upper = spline(
        [
            (-24, 61.5),
            (-10, 58),
            (-2, 56.5),
            (3, 58.5),
            (8, 56.5),
            (16, 58),
            (30, 60),
            (15, 65),
            (3, 67),
            (-9, 66),
        ]
    )
    lower = spline([(-22, 63), (-9, 66), (3, 67), (15, 65), (28, 61.5), (19, 72), (4, 77), (-12, 73)])
    painting.fill([at(ellipse(3, 79, 15, 3))], SKIN[0], opacity=0.4, blur=2.5)
    painting.fill([at(upper)], "#a8383a", blur=0.4)
    painting.fill(
        [at(lower)], painting.down(CENTRE[1] + 62, CENTRE[1] + 80, "#b8423f", "#d9695c", "#c4534b"), blur=0.4
    )
    parting = spline(
        [(-27, 59.5), (-20, 63), (-9, 66), (3, 67), (15, 65), (27, 62), (33, 57.5)], closed=False
    )
    painting.fill([at(ribbon(parting, 2.2, (0.5, 0.4)))], "#5b1a20")
    painting.fill([at(ellipse(9, 70.5, 6, 1.6, -0.1))], "#ffd9c8", opacity=0.75, blur=0.9)
