"""Pictures of every kind on one canvas: their pixels made alike, their light laid over another or added."""

import itertools

import numpy as np
import pytest

from glimpse import GlimpseError
from glimpse.io.compositing import Ground, Kind
from glimpse.io.picture import Picture

SHAPE = (4, 7)
BANDS = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}
ROWS = slice(0, 4)


def picture(mode, seed=0, white=255):
    """Random levels, colours multiplied by alpha."""
    array = np.random.default_rng(seed).uniform(0, white / 2, (*SHAPE, *BANDS[mode])).astype(np.float32)
    array.flags.writeable = False
    return Picture(array, white, alpha=mode.endswith("A"))


def parts(array, like):
    """Colours as RGB shares of white, and alpha from 0 to 1."""
    array = array[..., None] if array.ndim == 2 else array
    color, alpha = (array[..., :-1], array[..., -1:]) if like.alpha else (array, None)
    shares = np.broadcast_to(color, (*SHAPE, 3)) / like.white
    return shares, np.ones((*SHAPE, 1)) if alpha is None else alpha / like.white


def ground(patch, below=None):
    kind = Kind.of([patch, below] if below else [patch], below or patch)
    return Ground(Kind(kind.like, kind.colors, patch.alpha, kind.flat), below)


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize(("first", "second"), [*itertools.product(BANDS, BANDS)])
def test_pixels_of_one_kind_show_the_same_colours(first, second, white):
    a, b = picture(first), picture(second, 1, white)
    kind = Kind.of([a, b], a)
    for each in (a, b):
        found = parts(kind.pixels(each), Picture(None, 255, kind.alpha))
        for ours, theirs in zip(found, parts(each.pixels, each), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert kind.pixels(a).shape == kind.pixels(b).shape


@pytest.mark.parametrize("mode", BANDS)
def test_pixels_that_are_of_the_kind_stay_as_they_are(mode):
    one = picture(mode)
    np.testing.assert_array_equal(Kind.of([one, picture(mode, 1)], one).pixels(one), one.pixels)


@pytest.mark.parametrize("mode", BANDS)
def test_over_black_light_is_itself(mode):
    one = picture(mode)
    np.testing.assert_array_equal(ground(one).under(one.pixels, np.ones(SHAPE), ROWS), one.pixels)
    assert ground(one).like.alpha == one.alpha


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize(("above", "below"), [*itertools.product(BANDS, BANDS)])
def test_light_hides_the_picture_below_as_far_as_it_is_opaque(above, below, white):
    patch, base = picture(above), picture(below, 1, white)
    opacity = np.random.default_rng(2).uniform(0, 1, SHAPE).astype(np.float32)
    on = ground(patch, base)
    light = on.patches.pixels(patch) * opacity.reshape(*SHAPE, *(1,) * (not on.patches.flat))
    (color, alpha), (light_below, alpha_below) = parts(patch.pixels, patch), parts(base.pixels, base)
    share = opacity[..., None]
    hidden = share * alpha if patch.alpha and not base.alpha else share
    found = parts(on.under(light, opacity, ROWS), on.like)
    np.testing.assert_allclose(found[0], color * share + light_below * (1 - hidden), rtol=1e-4)
    if base.alpha:
        np.testing.assert_allclose(found[1], alpha * share + alpha_below * (1 - share), rtol=1e-4)
    assert (on.like.white, on.like.alpha) == (white, base.alpha)


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize(("above", "below"), [*itertools.product(BANDS, BANDS)])
def test_light_that_adds_up_does_so_whatever_the_channels_and_levels(above, below, white):
    patch, base = picture(above), picture(below, 1, white)
    on = ground(patch, base)
    found = parts(on.under(on.patches.pixels(patch), None, ROWS), on.like)
    np.testing.assert_allclose(
        found[0], parts(patch.pixels, patch)[0] + parts(base.pixels, base)[0], rtol=1e-4
    )
    more = parts(patch.pixels, patch)[1] if patch.alpha and base.alpha else 0
    np.testing.assert_allclose(found[1], np.minimum(parts(base.pixels, base)[1] + more, 1), rtol=1e-4)


def test_grey_over_grey_stays_grey():
    a, b = picture("L"), picture("L", 1)
    assert ground(a, b).under(a.pixels, np.ones(SHAPE), ROWS).shape == SHAPE


def test_only_the_rows_in_question_are_looked_at():
    a, b = picture("RGB"), picture("RGB", 1)
    whole = ground(a, b).under(a.pixels, np.full(SHAPE, 0.3), ROWS)
    part = ground(a, b).under(a.pixels[1:3], np.full((2, 7), 0.3), slice(1, 3))
    np.testing.assert_array_equal(part, whole[1:3])


def test_channels_that_are_neither_grey_nor_of_one_number_do_not_go_together():
    two = Picture(np.zeros((4, 7, 2)), 255)
    with pytest.raises(GlimpseError, match=r"^pictures of 2 and 3 channels do not go on one canvas$"):
        Kind.of([two, picture("RGB"), picture("LA")], two)
