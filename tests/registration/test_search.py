"""Where `locate` looks, and what its tuned numbers trade there: each test holds one or more of them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from crops import ASTRONAUT, CAMERA, COFFEE, WINDOWS, grey
from strategies import pixels

from glimpse import Window, read
from glimpse.registration import candidates, coarse_to_fine, least_squares, location
from glimpse.registration.candidates import (
    DIRECTIONS,
    LEVELS,
    SQUARE,
    SQUASHED,
    VOTES,
    Candidate,
    find_candidates,
    sharpened,
    shrunk,
)
from glimpse.registration.coarse_to_fine import plausible
from glimpse.registration.correlation import CrossCorrelator, DirectionCorrelator, peaks
from glimpse.registration.grey import Scene
from glimpse.registration.least_squares import FAR, Fit
from glimpse.registration.linearization import Target


def test_correlation_is_the_coefficient_of_each_part():
    image, patch = pixels(14, 19, low=0), pixels(4, 6, seed=1, low=0)
    scores = CrossCorrelator(image).correlation(patch)
    assert scores.shape == (11, 14)
    for y, x in np.ndindex(scores.shape):
        part = image[y : y + 4, x : x + 6]
        assert scores[y, x] == pytest.approx(np.corrcoef(part.ravel(), patch.ravel())[0, 1], abs=1e-5)


def test_flat_parts_correlate_with_nothing():
    image = np.zeros((20, 30))
    image[5:9, 5:9] = 1e-3
    assert abs(CrossCorrelator(image).correlation(pixels(4, 6))).max() < 0.01


def test_peaks_are_no_less_than_their_neighbours_the_largest_first():
    scores = np.array([[0.5, 0.1, 0.0, 0.9], [0.1, 0.2, 0.0, 0.3], [0.7, 0.1, -1.0, -0.5]])
    assert peaks(scores, 9) == [(0, 3), (2, 0), (0, 0)]
    assert peaks(scores, 1) == [(0, 3)]


@pytest.mark.parametrize(
    ("window", "aspects"),
    [
        (WINDOWS["rows"], SQUARE),
        (Window(130.6, 150.4, (4.9, 2.9), (2.4, 1.4), n=(36, 30)), SQUASHED),
        (Window(130.6, 150.4, (2.4, 4.6), (1.2, 2.3), n=(36, 30)), SQUASHED),
    ],
)
def test_the_first_place_is_the_patchs_and_no_two_are_the_same(window, aspects):
    grey = CAMERA.astype(np.float32)
    found = find_candidates(Scene(grey), Target(read(grey, window)), 10, aspects)
    assert len(found) == 10
    assert (found[0].gx, found[0].gy) == pytest.approx((window.gx, window.gy), abs=5)
    assert (found[0].down, found[0].across) == pytest.approx(window.strides, rel=0.15)
    assert not any(a.same(b, window.shape) for a in found for b in found if a is not b)


# scales and aspects


def test_half_a_step_of_scale_moves_the_corner_of_a_coarse_patch_by_half_a_sample():
    moved = (math.sqrt(LEVELS.ratio) - 1) * LEVELS.samples / 2
    assert moved == pytest.approx(0.47, abs=0.03)


def test_half_a_sample_matters_little_to_the_correlation():
    noise = np.random.default_rng(0).normal(size=(400, 400))
    stride = 8.0
    small = shrunk(noise, (stride, stride), (LEVELS.sigma * stride,) * 2)
    moved = shrunk(noise[4:396, 4:396], (stride, stride), (LEVELS.sigma * stride,) * 2)
    parts = small[:49, :49].ravel(), moved.ravel()
    assert np.corrcoef(*parts)[0, 1] == pytest.approx(0.795, abs=0.02)


def test_aspects_are_two_scales_apart_and_reach_two():
    logs = sorted((*SQUARE, *SQUASHED))
    gaps = [b - a for a, b in pairwise(logs)]
    assert logs == [-log for log in reversed(logs)]
    assert max(gaps) <= 2 * math.log(LEVELS.ratio)
    assert min(gaps) > 1.5 * math.log(LEVELS.ratio)
    assert math.log(2) <= logs[-1] + gaps[-1] / 2 < math.log(2.2)


def places(image, patch, likeness=LEVELS):
    target = Target(patch.astype(np.float32))
    return list(candidates._places(Scene(image.astype(np.float32)), target, SQUARE, likeness))


def test_scales_go_from_the_whole_image_to_a_patch_enlarged_twice():
    found = places(pixels(60, 70), pixels(20, 20, seed=1))
    assert max(place.down for place in found) == pytest.approx(3)
    assert 0.5 <= min(place.down for place in found) < 0.5 * LEVELS.ratio


def test_most_peaks_of_a_scale_are_eight():
    tile = np.tile(pixels(20, 20), (5, 5))
    scales = [place.down for place in places(tile, pixels(20, 20)[:16, :16])]
    assert max(map(scales.count, set(scales))) == 8


@pytest.mark.parametrize(("likeness", "most"), [(LEVELS, 2e6), (DIRECTIONS, 2e6), (VOTES, 5e5)])
def test_a_coarse_image_has_so_many_pixels_and_no_more_than_a_bank_has_samples(likeness, most):
    stride = candidates._least_stride(4000, 5000, likeness.pixels)
    assert 4000 * 5000 / stride**2 == pytest.approx(most, rel=0.05)
    assert candidates._least_stride(40, 40 * 4096, likeness.pixels) >= 40


def test_a_coarse_patch_has_no_fewer_than_seven_samples_a_side():
    few = LEVELS._replace(pixels=50 * 50)
    sides = [20 * place.down for place in places(pixels(200, 200), pixels(20, 20), few)]
    assert 7 * 4 <= min(sides) < 7 * 4 * LEVELS.ratio


def test_the_level_of_a_fit_has_four_pixels_to_a_stride_and_sixteen_a_side():
    scene = Scene(np.zeros((1024, 4096), np.float32))
    assert [scene.level_for(stride) for stride in (1, 7.9, 8, 15.9, 16)] == [0, 0, 1, 1, 2]
    assert scene.level_for(10**6) == 6


# which places are the same, which are compared, which are sound

HERE = Candidate(0.9, 100, 100, 4, 4)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"gx": 100 + 0.24 * 4 * 20}, True),
        ({"gx": 100 + 0.26 * 4 * 20}, False),
        ({"gy": 100 + 0.24 * 4 * 40}, True),
        ({"gy": 100 + 0.26 * 4 * 40}, False),
        ({"down": 4 * math.exp(0.28)}, True),
        ({"down": 4 * math.exp(0.32)}, False),
        ({"across": 4 * math.exp(-0.32)}, False),
    ],
)
def test_places_are_the_same_within_a_quarter_of_a_side_and_a_third_of_a_scale(change, same):
    assert HERE.same(HERE._replace(**change), (20, 40)) is same


SOUND = Fit(Window(50, 60, 2, 1, n=20), 1.0, 0.0, 1.0)


def at(**numbers):
    return SOUND._replace(window=Window(**{"gx": 50, "gy": 60, "delta": 2, "sigma": 1, "n": 20} | numbers))


@pytest.mark.parametrize(
    ("sound", "unsound"),
    [
        (SOUND._replace(gain=2.9), SOUND._replace(gain=3.1)),
        (SOUND._replace(gain=1 / 2.9), SOUND._replace(gain=1 / 3.1)),
        (at(sigma=2 * 1.85), at(sigma=2 * 1.95)),
        (at(sigma=(1, 2 * 1.85)), at(sigma=(1, 2 * 1.95))),
        (at(gx=19.5 - 3.8), at(gx=19.5 - 4.2)),
        (at(gx=79.5 + 3.8), at(gx=79.5 + 4.2)),
        (at(gy=19.5 - 3.8), at(gy=19.5 - 4.2)),
        (at(gy=119.5 + 3.8), at(gy=119.5 + 4.2)),
        (at(delta=(2, 4.7)), at(delta=(2, 4.9))),
        (at(delta=(4.7, 2)), at(delta=(4.9, 2))),
        (at(delta=0.41, sigma=0.5), at(delta=0.39, sigma=0.5)),
        (at(delta=(0.41, 0.5), sigma=0.5), at(delta=(0.39, 0.5), sigma=0.5)),
    ],
)
def test_a_crop_has_such_levels_filters_and_strides_and_lies_in_the_image(sound, unsound):
    assert plausible(sound, (100, 140))
    assert not plausible(unsound, (100, 140))


@pytest.mark.parametrize(("share", "found"), [(0.6, False), (0.75, True)])
def test_a_match_explains_two_thirds_of_the_variance(share, found):
    target = Target(np.array([[-1.0, 1.0]] * 8))  # of variance 1
    sure = coarse_to_fine.confidence([at()._replace(error=1 - share)], target)
    assert (sure >= location.MIN_CONFIDENCE) is found


@pytest.mark.parametrize(("delta", "power"), [(2, 3), ((2, 2.18), 3), ((2, 2.22), 5), ((2.22, 2), 5)])
def test_a_squashed_place_has_to_explain_more(delta, power):
    target = Target(np.array([[-1.0, 1.0]] * 8))  # of variance 1
    fit = at(delta=delta)._replace(error=0.2)
    assert coarse_to_fine.confidence([fit], target) == pytest.approx(0.8**power)
    assert coarse_to_fine.confidence([fit, fit._replace(error=0.4)], target) == pytest.approx(
        0.5 * 0.8 ** (power - 1)
    )
    assert coarse_to_fine.confidence([], target) == 0


@pytest.mark.parametrize(
    ("losses", "explained", "power", "worth"),
    [
        ((60, 90), 0.8, 4, True),  # noise of half the texture's deviation
        ((60, 90), 0.5, 4, False),
        ((60, 61), 0.9, 4, False),
        ((60, 61), 0.98, 4, False),  # a likeness among others
        ((2, 2.02), 0.98, 4, False),
        ((0.9, 0.9), 0.999, 4, True),  # copies
        ((60, 90), 0.75, 8, False),
        ((60, 90), 0.85, 8, True),
        ((60,), 0.8, 4, True),
    ],
)
def test_a_robust_place_is_fitted_to_the_end_where_it_explains_much_and_is_told_apart(
    losses, explained, power, worth
):
    target = Target(np.array([[-10.0, 10.0]] * 8))  # of variance 100
    fits = [SOUND._replace(error=float(loss), explained=explained) for loss in losses]
    assert coarse_to_fine.promising(fits, target, power) is worth


def test_a_robust_fit_tells_the_share_that_it_explains_of_what_it_trusts():
    window, grey = WINDOWS["small"], CAMERA.astype(np.float32)
    patch = read(grey, window)
    patch[:8] = 250
    fit = least_squares.fit(Scene(grey), Target(patch), window, 8, robust=FAR)
    assert fit.explained > 0.999
    elsewhere = Window(60, 220, window.delta, window.sigma, n=window.n)
    assert least_squares.fit(Scene(grey), Target(patch), elsewhere, 8, robust=FAR).explained < 0.9


@pytest.mark.parametrize(
    ("scores", "outlier"), [((26, 20, 20, 15), True), ((24, 20, 20, 15), False), ((), False)]
)
def test_squashed_places_are_fitted_where_the_first_stands_out(scores, outlier):
    places = [HERE._replace(score=score) for score in scores]
    assert coarse_to_fine._stands_out(places) is outlier


@pytest.mark.parametrize(("score", "fitted"), [(7.2, 2), (6.8, 1)])
def test_places_far_behind_the_first_are_not_fitted(monkeypatch, score, fitted):
    window, image = WINDOWS["small"], CAMERA.astype(np.float32)
    first = Candidate(10.0, window.gx, window.gy, window.delta, window.delta)
    places = [first, first._replace(score=score, gx=60, gy=220)]
    monkeypatch.setattr(coarse_to_fine, "find_candidates", lambda *given: places)
    monkeypatch.setattr(coarse_to_fine, "refits", lambda scene, target, starts, *numbers, **options: starts)
    starts = coarse_to_fine.search_robustly(Scene(image), Target(read(image, window)), [])
    assert len(starts) == fitted


def test_places_are_sharpened_before_they_are_fitted(monkeypatch):
    window, image = WINDOWS["large"], grey(ASTRONAUT).astype(np.float32)
    place = Candidate(10.0, window.gx + 2, window.gy - 2, 1.03 * window.delta, 1.03 * window.delta)
    monkeypatch.setattr(coarse_to_fine, "find_candidates", lambda *given: [place])
    monkeypatch.setattr(coarse_to_fine, "refits", lambda scene, target, starts, *numbers, **options: starts)
    (start,) = coarse_to_fine.search_robustly(Scene(image), Target(read(image, window)), [])
    before, after = (
        np.abs(np.subtract(at.box, window.box)).max()
        for at in (coarse_to_fine._window(place, window.shape), start.window)
    )
    assert after < before / 2


# directions


def test_directions_are_alike_whatever_the_brightness_and_opposite_in_a_negative():
    image, patch = CAMERA[100:160, 100:180].astype(float), CAMERA[120:150, 110:150].astype(float)
    field = DirectionCorrelator(image)
    scores, dim, negative = (field.correlation(one) for one in (patch, 0.5 * patch + 60, 255 - patch))
    assert np.unravel_index(scores.argmax(), scores.shape) == (20, 10)
    assert dim == pytest.approx(scores, abs=0.3)
    assert negative == pytest.approx(-scores, abs=0.01)


def test_a_score_of_directions_is_in_deviations_of_chance():
    rng = np.random.default_rng(0)
    field = DirectionCorrelator(rng.normal(size=(160, 170)) * 40)
    for side in (20, 60):
        assert 0.7 < field.correlation(rng.normal(size=(side, side)) * 40).std() < 3


def test_blocks_of_a_patch_vote_for_its_place_where_most_of_it_was_painted_over():
    image, other = grey(ASTRONAUT).astype(float), grey(COFFEE).astype(float)
    found = dict.fromkeys((1, 4), 0)
    for seed in range(12):
        top, left = np.random.default_rng(seed).integers(0, 200, 2)
        patch = other[100:164, 60:140].copy()
        patch[:, :24] = image[top : top + 64, left : left + 24]
        for blocks in found:
            scores = DirectionCorrelator(image, blocks).correlation(patch)
            found[blocks] += np.unravel_index(scores.argmax(), scores.shape) == (top, left)
    assert found[4] >= found[1] + 2


def test_a_block_that_is_all_but_flat_has_no_vote():
    image, flat = CAMERA[100:160, 100:180].astype(float), CAMERA[120:152, 110:150].astype(float)
    flat[:20, :25] = 90  # more than the first of four blocks, whose borders are steep
    faint = flat.copy()
    faint[:20, :25] += 0.05 * np.random.default_rng(0).normal(size=(20, 25))
    none, some = (np.abs(DirectionCorrelator(image, 2).correlation(patch)) for patch in (flat, faint))
    assert some == pytest.approx(none, abs=0.1)


def test_blocks_of_a_negative_vote_against_its_place():
    image, patch = CAMERA[100:160, 100:180].astype(float), CAMERA[120:150, 110:150].astype(float)
    field = DirectionCorrelator(image, 4)
    assert field.correlation(255 - patch) == pytest.approx(-field.correlation(patch), abs=0.01)


@pytest.mark.parametrize(
    ("likeness", "n", "most"),
    [(DIRECTIONS, (96, 70), 1.2), (DIRECTIONS, (150, 120), 2), (VOTES, (96, 70), 1.2)],
    ids=["directions", "shrunk", "votes"],
)
def test_a_candidate_between_scales_and_pixels_comes_within_a_sample_or_two(likeness, n, most):
    window = Window(148.3, 166.8, delta=1.1, sigma=0.7, n=n)
    image, half = grey(ASTRONAUT).astype(np.float32), n[0] // 2
    patch = np.rint(read(image, window))
    patch[:half] = grey(COFFEE)[60 : 60 + half, 40 : 40 + n[1]]
    for zoom in (likeness.ratio**-0.75, likeness.ratio**0.5):
        begin = Candidate(0, window.gx + 2.2, window.gy - 2.2, zoom * 1.1, zoom * 1.1)
        found = sharpened(Scene(image), Target(patch), begin, likeness)
        ends = [
            abs(end - told) / 1.1 + side / 2 * abs(found.down / 1.1 - 1)
            for end, told, side in zip((found.gx, found.gy), (window.gx, window.gy), n, strict=True)
        ]
        assert max(ends) < most


def test_a_patch_half_painted_over_is_among_the_first_places():
    window = WINDOWS["rows"]
    grey = CAMERA.astype(np.float32)
    patch = read(grey, window)
    patch[:, :15] = 30
    first = find_candidates(Scene(grey), Target(patch), 3, SQUARE, DIRECTIONS)[0]
    assert (first.gx, first.gy) == pytest.approx((window.gx, window.gy), abs=6)
    assert first.down == pytest.approx(3.7, rel=0.06)
