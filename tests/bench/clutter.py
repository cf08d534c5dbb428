"""Digits in clutter, drawn by the sample images' own pen: what learn_to_look.py learns from."""

import sys

import numpy as np
from bench import ROOT

sys.path.append(str(ROOT / "sample_images"))
from digits import Painting, handwritten, inked

SIDE, TILE, TORN = 80, 20, 7


def tiles(count, rng):
    """Digits 0 to 9 in turn, no two alike, shape (count, TILE, TILE)."""
    strokes = (handwritten(k % 10, (9.5, 9.5), 11, rng) for k in range(count))
    return np.stack([Painting(TILE, TILE).coverage(inked(s, 2.4, rng), 0.4) for s in strokes])


def scenes(digits, count, rng):
    """Images, each a digit among eight pieces of others, (count, 1, SIDE, SIDE), and which digit it is."""
    images, chosen = np.zeros((count, 1, SIDE, SIDE), np.float32), rng.integers(len(digits), size=(count, 9))
    for image, nine, places in zip(images[:, 0], chosen, rng.random((count, 9, 2)), strict=True):
        for k, torn, place in zip(nine, (0, *[TORN] * 8), places, strict=True):
            piece = digits[k, torn : TILE - torn, torn : TILE - torn]
            row, col = (place * (SIDE - len(piece))).astype(int)
            image[row : row + len(piece), col : col + len(piece)] += piece
    return images.clip(max=1), chosen[:, 0] % 10
