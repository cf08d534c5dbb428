"""Ink: shapes cover what they should, words are whole, wherever they stand."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from glimpse.drawing import ink
from glimpse.drawing.viewport import BACKGROUND, INK, SHADE


def blank(rows=80, cols=200):
    return np.full((rows, cols, 3), BACKGROUND, np.uint8)


@pytest.mark.parametrize("rim", [None, SHADE])
@pytest.mark.parametrize("anchor", ["la", "mm", "rm", "ms", "mt", "ls"])
@pytest.mark.parametrize("at", [(100, 40), (77.3, 31.8), (2, 3), (199, 79), (-500, 20)])
def test_a_text_is_the_one_that_pillow_writes(at, anchor, rim):
    canvas = blank()
    ink.write(canvas, at, "row 312 gy", 18, INK, anchor, rim)
    whole = Image.fromarray(blank())
    edge = 18 // 9 if rim else 0
    ImageDraw.Draw(whole).text(
        at, "row 312 gy", INK, ink.font(18), anchor, stroke_width=edge, stroke_fill=rim
    )
    np.testing.assert_array_equal(canvas, np.asarray(whole))


@pytest.mark.parametrize("shift", [0, 0.25, 0.6])
def test_a_disc_covers_its_area_around_its_centre(shift):
    canvas = np.zeros((60, 60, 3), np.uint8)
    ink.disc(canvas, 30 + shift, 25 - shift, 9, (255, 255, 255))
    weight = canvas[..., 0] / 255
    assert weight.sum() == pytest.approx(np.pi * 81, rel=0.03)
    ys, xs = np.mgrid[:60, :60] + 0.5
    assert (weight * xs).sum() / weight.sum() == pytest.approx(30 + shift, abs=0.14)
    assert (weight * ys).sum() / weight.sum() == pytest.approx(25 - shift, abs=0.14)


def test_a_stroke_is_as_wide_as_it_says():
    canvas = np.zeros((60, 60, 3), np.uint8)
    ink.stroke(canvas, [(10, 10), (50, 40)], 3, (255, 255, 255))
    assert (canvas[..., 0] / 255).sum() == pytest.approx(150, rel=0.08)


def test_ink_far_outside_a_canvas_leaves_it_alone():
    canvas = blank()
    ink.stroke(canvas, [(-1e9, -1e9), (-1e9, 1e9)], 3, INK)
    ink.disc(canvas, 1e9, -1e9, 5, INK)
    ink.arrow(canvas, (5000, 5000), (6000, 5000), 16, INK, SHADE)
    assert (canvas == BACKGROUND).all()
