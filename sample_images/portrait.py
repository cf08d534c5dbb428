"""The person in the foreground: a head on a neck that meets the lower edge of the picture."""

import numpy as np
from face import CENTRE, FACE, SKIN, at, ear, face, features
from hair import back_hair, flower, front_hair
from paint import Painting, ramp, ribbon, shifted, spline


def person(painting: Painting, rng: np.random.Generator) -> None:
    """The whole portrait, from back to front."""
    back_hair(painting, rng)
    neck(painting)
    ear(painting)
    face(painting, rng)
    features(painting, rng)
    front_hair(painting, rng)
    flower(painting)


def neck(painting: Painting) -> None:
    x = CENTRE[0] + 3
    outline = [(x - 36, 380), (x - 33, 415), (x - 32, 440), (x - 34, 462), (x - 36, 500)]
    outline += [(x + 36, 500), (x + 34, 462), (x + 32, 440), (x + 33, 415), (x + 36, 380)]
    mask = painting.coverage([outline])
    across = (painting.x - x) / 37
    light = 0.56 + 0.30 * across - 0.28 * across**4
    painting.lay(mask, ramp(light, *SKIN))
    muscle = spline([(x + 26, 400), (x + 18, 440), (x + 7, 500)], closed=False)
    painting.fill([ribbon(muscle, 7, (1, 1))], SKIN[4], opacity=0.4, blur=3, within=mask)
    hollow = spline([(x - 22, 410), (x - 14, 445), (x - 6, 500)], closed=False)
    painting.fill([ribbon(hollow, 8, (1, 1))], SKIN[1], opacity=0.4, blur=3, within=mask)
    shadow = shifted(at(FACE), -6, 17)
    painting.fill([shadow], SKIN[0], opacity=0.62, blur=5, within=mask)
    collar(painting, x)


def collar(painting: Painting, x: float) -> None:
    """Only its tips show: the lower edge still belongs to the neck."""
    left = [(x - 62, 490), (x - 52, 472), (x - 37, 461), (x - 34, 466), (x - 33, 490)]
    right = [(x + 64, 490), (x + 54, 471), (x + 38, 460), (x + 35, 466), (x + 34, 490)]
    painting.fill([left], "#2c5c66")
    painting.fill([right], "#3f8286")
    edges = [ribbon(p[1:4], 2, (1, 1)) for p in (left, right)]
    painting.fill(edges, "#9fd0c0", opacity=0.8)
