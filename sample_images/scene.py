"""The scene: a person before an evening landscape, with detail at every scale."""

import numpy as np
from landscape import (
    evening_light,
    grain,
    great_tree,
    hills,
    meadow,
    mountains,
    near_hill,
    path,
    poplars,
    sky,
)
from paint import Painting
from PIL import Image
from portrait import person
from village import fence, sign, village

ROWS, COLUMNS = 480, 640


def scene() -> Image.Image:
    """RGB, painted from back to front."""
    painting = Painting(ROWS, COLUMNS)
    rng = np.random.default_rng(1502)
    sky(painting, rng)
    mountains(painting, rng)
    hills(painting, rng)
    poplars(painting, rng)
    near_hill(painting)
    village(painting, rng)
    path(painting, rng)
    meadow(painting, np.arange(348, 410, 5.0), rng)
    fence(painting, rng)
    sign(painting, rng)
    meadow(painting, np.arange(413, 500, 5.0), rng)
    evening_light(painting)
    great_tree(painting, rng)
    person(painting, rng)
    grain(painting, rng)
    return painting.image()
