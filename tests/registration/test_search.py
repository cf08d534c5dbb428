"""Where `locate` looks, and what its tuned numbers trade there: each test holds one or more of them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from crops import CAMERA, WINDOWS
from strategies import pixels

from glimpse import Window, read
from glimpse.registration import candidates, coarse_to_fine
from glimpse.registration.candidates import SQUARE, SQUASHED, Candidate, find_candidates, shrunk
from glimpse.registration.coarse_to_fine import plausible, search
from glimpse.registration.correlation import CrossCorrelator, peaks
from glimpse.registration.least_squares import Fit
from glimpse.registration.pyramid import Scene


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
    found = find_candidates(Scene(grey), read(grey, window), 10, aspects)
    assert len(found) == 10
    assert (found[0].gx, found[0].gy) == pytest.approx((window.gx, window.gy), abs=5)
    assert (found[0].down, found[0].across) == pytest.approx(window.strides, rel=0.15)
    assert not any(a.same(b, window.shape) for a in found for b in found if a is not b)


# scales and aspects


def test_half_a_step_of_scale_moves_the_corner_of_a_coarse_patch_by_half_a_sample():
    moved = (math.sqrt(candidates.RATIO) - 1) * candidates._SAMPLES / 2
    assert moved == pytest.approx(0.47, abs=0.03)


def test_half_a_sample_matters_little_to_the_correlation():
    noise = np.random.default_rng(0).normal(size=(400, 400))
    stride = 8.0
    small = shrunk(noise, (stride, stride), (candidates.COARSE_SIGMA * stride,) * 2)
    moved = shrunk(noise[4:396, 4:396], (stride, stride), (candidates.COARSE_SIGMA * stride,) * 2)
    parts = small[:49, :49].ravel(), moved.ravel()
    assert np.corrcoef(*parts)[0, 1] == pytest.approx(0.795, abs=0.02)


def test_aspects_are_two_scales_apart_and_reach_two():
    logs = sorted((*SQUARE, *SQUASHED))
    gaps = [b - a for a, b in pairwise(logs)]
    assert logs == [-log for log in reversed(logs)]
    assert max(gaps) <= 2 * math.log(candidates.RATIO)
    assert min(gaps) > 1.5 * math.log(candidates.RATIO)
    assert math.log(2) <= logs[-1] + gaps[-1] / 2 < math.log(2.2)


def places(image, patch, aspects=SQUARE):
    return list(candidates._places(Scene(image.astype(np.float32)), patch.astype(np.float32), aspects))


def test_scales_go_from_the_whole_image_to_a_patch_enlarged_twice():
    found = places(pixels(60, 70), pixels(20, 20, seed=1))
    assert max(place.down for place in found) == pytest.approx(3)
    assert 0.5 <= min(place.down for place in found) < 0.5 * candidates.RATIO


def test_most_peaks_of_a_scale_are_eight():
    tile = np.tile(pixels(20, 20), (5, 5))
    scales = [place.down for place in places(tile, pixels(20, 20)[:16, :16])]
    assert max(map(scales.count, set(scales))) == 8


def test_a_coarse_image_has_two_million_pixels_and_a_coarse_patch_no_fewer_than_seven_a_side(monkeypatch):
    assert 4000 * 5000 / candidates._least_stride(4000, 5000) ** 2 == pytest.approx(2e6, rel=0.05)
    assert candidates._least_stride(40, 40 * 4096) >= 40
    monkeypatch.setattr(candidates, "_PIXELS", 50 * 50)
    sides = [20 * place.down for place in places(pixels(200, 200), pixels(20, 20))]
    assert 7 * 4 <= min(sides) < 7 * 4 * candidates.RATIO


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


@pytest.mark.parametrize(("delta", "power"), [(2, 3), ((2, 2.18), 3), ((2, 2.22), 5), ((2.22, 2), 5)])
def test_a_squashed_place_has_to_explain_more(delta, power):
    target = np.array([[-1.0, 1.0]] * 8)  # of variance 1
    fit = at(delta=delta)._replace(error=0.2)
    assert coarse_to_fine.confidence([fit], target) == pytest.approx(0.8**power)
    assert coarse_to_fine.confidence([fit, fit._replace(error=0.4)], target) == pytest.approx(
        0.5 * 0.8 ** (power - 1)
    )
    assert coarse_to_fine.confidence([], target) == 0


def spied(monkeypatch, scores):
    """The numbers of starts, the sides of targets and the steps of the fits from places with these scores."""
    told = []

    def fit(scene, target, window, steps, **rest):
        told.append((min(target.shape), steps))
        return Fit(window, 1.0, 0.0, 1.0 + len(told))

    found = [Candidate(score, 100 * k, 100, 1, 1) for k, score in enumerate(scores, 1)]
    monkeypatch.setattr(coarse_to_fine, "find_candidates", lambda *_: found)
    monkeypatch.setattr(coarse_to_fine.least_squares, "fit", fit)
    coarse_to_fine._fits(Scene(np.zeros((9000, 300), np.float32)), pixels(80, 80), SQUARE)
    return {(one, told.count(one)) for one in told}


@pytest.mark.parametrize(
    ("scores", "rough"), [([1 - 0.01 * k for k in range(1, 30)], 15), ([1, *[0.5] * 30], 6), ([0.9] * 24, 24)]
)
def test_six_places_and_those_as_good_are_fitted_to_few_samples_and_the_best_six_to_more(
    monkeypatch, scores, rough
):
    assert spied(monkeypatch, scores) == {((14, 8), rough), ((38, 12), 6)}


def test_at_most_twenty_four_places_are_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(coarse_to_fine, "find_candidates", lambda *given: asked.append(given[2]) or [])
    assert coarse_to_fine._fits(Scene(pixels(60, 60)), pixels(20, 20), SQUARE) == []
    assert asked == [24]


@pytest.mark.parametrize(("error", "aspects"), [(0.06, [SQUARE]), (0.08, [SQUARE, SQUASHED])])
def test_squashed_places_are_looked_for_unless_a_square_one_is_sure(monkeypatch, error, aspects):
    asked, target = [], np.array([[-1.0, 1.0]] * 8)  # of variance 1: the confidence is (1 - error) ** 3

    def fits(scene, target, aspects):
        asked.append(aspects)
        return [SOUND._replace(error=error)]

    monkeypatch.setattr(coarse_to_fine, "_fits", fits)
    search(Scene(np.zeros((100, 140), np.float32)), target)
    assert asked == aspects
