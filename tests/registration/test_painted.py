"""Crops that were painted over are found; places that are not determined are told, never guessed."""

from dataclasses import replace

import numpy as np
import pytest
from crops import (
    ASTRONAUT,
    CAMERA,
    COFFEE,
    LOOK,
    WINDOWS,
    corner_error,
    cut,
    eight_bits,
    find,
    grey,
    jpeg,
    matches,
)
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter
from skimage import data
from strategies import frozen

from glimpse import GlimpseError, Window, locate, read
from glimpse.registration import location
from glimpse.registration.candidates import DIRECTIONS, VOTES, Candidate, sharpened
from glimpse.registration.coarse_to_fine import ranked, search, search_robustly
from glimpse.registration.evidence import weigh
from glimpse.registration.grey import Scene
from glimpse.registration.least_squares import FAR, NEAR, STRETCHED, Fit, fit
from glimpse.registration.linearization import Target
from glimpse.registration.location import MIN_CONFIDENCE, _best
from glimpse.registration.places import Place
from glimpse.registration.texture import mended, texture
from glimpse.registration.trust import without_flats
from glimpse.registration.votes import cut_out

CLUTTER = data.coffee()[200:330, 300:460]
WINDOW = Window(60.3, 75.8, delta=1.6, sigma=0.9, n=(36, 40))
IMAGE = CAMERA[60:190, 90:250]
GREY = grey(ASTRONAUT).astype(np.float32)


def painted(patch, share, level=240):
    """A copy of a patch, a share of whose rows was painted over, and which samples were not."""
    patch, rows = patch.copy(), round(share * patch.shape[0])
    patch[:rows] = level
    return patch, np.arange(patch.shape[0]) >= rows


@LOOK
@pytest.mark.parametrize(
    "share", [*(pytest.param(share, marks=pytest.mark.slow) for share in (0.1, 0.3)), 0.45]
)
def test_a_crop_is_found_and_what_was_painted_over_it_is_told(share, look):
    patch, left = painted(cut(IMAGE, WINDOW), share)
    found = look(IMAGE, patch, WINDOW.box)
    assert found.found
    assert corner_error(found, WINDOW.box) < 0.02
    assert found.agreement == pytest.approx(1 - share, abs=0.04)
    assert found.agreeing[left].mean() > 0.98
    assert found.agreeing[~left].mean() < 0.1
    assert found.residual < 0.5


@pytest.mark.parametrize(("side", "levels"), [(4, 10), (4, 40), (8, 4), (8, 25), (10, 10)])
def test_a_small_and_faint_edit_does_not_move_the_place(side, levels):
    patch = cut(IMAGE, WINDOW).astype(int)
    patch[18 : 18 + side, 18 : 18 + side] += levels
    assert corner_error(find(IMAGE, patch, start=WINDOW), WINDOW.box) < 0.004


@pytest.mark.parametrize("seed", [0, 5])
def test_black_on_a_bright_patch_does_not_hide_the_place_from_a_robust_fit(seed):
    image, rng, black = (
        (150 + 0.35 * IMAGE).astype(np.float32),
        np.random.default_rng(seed),
        np.zeros((36, 40), bool),
    )
    while black.mean() < 0.45:
        top, left = rng.integers(0, 30), rng.integers(0, 34)
        black[top : top + 8, left : left + 8] = True
    target = without_flats(Target(np.where(black, 0, np.rint(read(image, WINDOW))).astype(np.float32)))
    start = replace(WINDOW, gx=WINDOW.gx + 1, gy=WINDOW.gy - 1, delta=1.64)
    found = fit(Scene(image), target, start, 20, free=STRETCHED, robust=FAR)
    assert corner_error(found, WINDOW.box) < 0.02


def textured(image, row, col):
    """A window on an image, and its patch, half of whose rows were painted over by a texture."""
    window = Window(row, col, delta=1.4, sigma=0.8, n=(40, 52))
    patch = np.rint(read(image, window))
    patch[:20] = grey(COFFEE)[60:80, 40:92]
    return window, patch


def robustly(image, patch, start, robust, steps=20):
    target = without_flats(Target(patch.astype(np.float32)))
    return fit(Scene(image), target, start, steps, free=STRETCHED, robust=robust)


@pytest.mark.parametrize(("row", "col", "gain", "offset"), [(55.4, 97.4, 1, 0), (111.9, 193.5, 0.8, 30)])
def test_a_texture_over_smooth_parts_has_no_say_in_the_gain(row, col, gain, offset):
    image = CAMERA.astype(np.float32)
    window, patch = textured(image, row, col)
    start = replace(window, gx=window.gx + 0.7, gy=window.gy - 0.7)
    found = robustly(image, np.rint(gain * patch + offset), start, FAR)
    assert corner_error(found, window.box) < 0.05


def test_a_fit_that_starts_near_is_not_dragged_away():
    window, patch = textured(GREY, 180.9, 149.0)
    patch[:20] += 60
    start = replace(window, gx=window.gx - 0.6)
    assert corner_error(robustly(GREY, patch, start, NEAR), window.box) < 0.05
    assert corner_error(robustly(GREY, patch, start, FAR), window.box) > 0.5


def test_a_robust_fit_does_not_leave_a_place_where_most_samples_agree_exactly():
    window, patch = textured(GREY, 180.9, 149.0)
    patch[:20] += 60
    assert robustly(GREY, patch, window, FAR).window == window


@pytest.mark.parametrize(
    ("edge", "tails", "plain", "robust", "first"),
    [
        (1.5, 2.5, 0.99, 0.9, False),  # between pixels a few samples drag it
        (1.0, 2.5, 0.99, 0.9, True),  # another tool's crop
        (1.0, 6.0, 0.99, 0.9, False),
        (1.5, 1.4, 0.5, 0.9, True),
        (1.5, 2.5, 0.99, 0.5, True),  # what is not sure replaces nothing that is
        (1.5, 2.5, 0.2, 0.5, False),
    ],
)
def test_a_place_of_all_samples_stays_unless_a_few_are_far_off(edge, tails, plain, robust, first):
    window = Window(edge + 9.5, 29.5, 1, 0.5, n=(20, 40))
    scene = Scene(IMAGE.astype(np.float32))
    target = Target(read(scene.level(0), window))
    seen = weigh(scene, target, target, window)._replace(spread=1.0, smooth_error=tails**2, unlike=0.001)
    places = [
        Place(Fit(at, 1.0, 0.0, 0.0), seen, sure)
        for at, sure in ((window, plain), (replace(window, gx=60.0), robust))
    ]
    assert (_best(places[0], places[1:]).window.gx == window.gx) is first


@pytest.mark.parametrize(
    ("plain", "robust", "found"),
    [
        (0, (0.1, 0.2, 0.6), (0.6, 3)),
        (0, (0.5, 0.95), (0.95, 2)),  # a match that is not sure may be a likeness
        (0, (0.9,), (0.9, 1)),
        (0.2, (0.5, 0.9), (0.9, 2)),
        (0.5, (0.85,), (0.85, 1)),
        (0.5, (0.1,), (0.5, 1)),  # what every sample finds is no likeness
    ],
)
def test_searches_go_on_until_one_is_sure(monkeypatch, plain, robust, found):
    scene = Scene(IMAGE.astype(np.float32))
    seen = weigh(scene, *[Target(read(scene.level(0), WINDOW))] * 2, WINDOW)
    far_off = seen._replace(spread=10.0, smooth_error=100.0)  # as the robust place alone tells
    places = [Place(Fit(WINDOW, 1.0, 0.0, 0.0), seen, sure) for sure in robust]
    left = iter(places)
    monkeypatch.setattr(location, "search", lambda *given: [])
    monkeypatch.setattr(location, "_robustly", lambda *given: next(left))
    first = Place(Fit(WINDOW, 1.0, 0.0, 0.0), far_off, plain) if plain else None
    monkeypatch.setattr(location, "_plainly", lambda *given: first)
    told = find(IMAGE, cut(IMAGE, WINDOW))
    assert (told.confidence, len(places) - len([*left])) == found


def drawn(rng, n, least):
    """A window on the astronaut whose centre is this far down and across at least, and its patch."""
    window = Window(*rng.uniform(least, (220, 260)), delta=1.3, sigma=0.7, n=n)
    return window, np.rint(read(GREY, window))


def noisy(seed):
    """A window on the astronaut, and its patch, of which 27 columns of 56 are noise."""
    rng = np.random.default_rng(seed)
    window, patch = drawn(rng, (48, 56), 60)
    patch[:, :27] = rng.integers(0, 256, (48, 27))
    return window, patch


@pytest.mark.parametrize("seed", [0, 10])
def test_a_robust_fit_gets_to_its_place_in_time(seed):
    window, patch = noisy(seed)
    start = replace(window, gx=window.gx + 1, gy=window.gy - 1, delta=1.32)
    found = robustly(GREY, patch, start, FAR, steps=12)
    assert corner_error(found, window.box) < 0.06


def squares(rng, shape, side, share):
    """Which samples lie in squares of this side, as many as cover the share of a patch."""
    covered = np.zeros(shape, bool)
    while covered.mean() < share:
        top, left = (rng.integers(0, n - side) for n in shape)
        covered[top : top + side, left : left + side] = True
    return covered


def in_pieces(seed):
    """A window on the astronaut, and its patch, about half of which is noise in many pieces."""
    rng = np.random.default_rng(seed)
    window, patch = drawn(rng, (80, 84), 70)
    covered = squares(rng, patch.shape, 18, 0.47)
    return window, np.where(covered, rng.integers(0, 256, covered.shape), patch)


def ramped(seed):
    """A window on the astronaut, and its patch, dimmed, half of which is a ramp in many pieces."""
    rng = np.random.default_rng(seed)
    window, patch = drawn(rng, (80, 84), 70)
    covered = squares(rng, patch.shape, 8, 0.5)
    down, across = rng.uniform(-1, 1, 2)
    ramp = 60 + down * np.arange(80)[:, None] + across * np.arange(84)
    return window, np.clip(np.rint(np.where(covered, ramp, 0.55 * patch + 50)), 0, 255)


@pytest.mark.parametrize(
    ("likeness", "case"),
    [
        (DIRECTIONS, noisy(0)),
        (DIRECTIONS, noisy(7)),
        (VOTES, noisy(9)),
        (DIRECTIONS, in_pieces(1)),
        (DIRECTIONS, ramped(16)),
        (DIRECTIONS, ramped(20)),
    ],
    ids=["directions", "a later candidate", "votes", "pieces", "an offset", "a gain"],
)
def test_a_robust_search_comes_to_the_place_of_a_patch_half_of_which_was_painted_over(likeness, case):
    window, patch = case
    best = search_robustly(Scene(GREY), Target(patch.astype(np.float32)), [], likeness)[0]
    assert best.window.box == pytest.approx(window.box, abs=0.1)


@pytest.mark.parametrize("seed", [4, 5])
def test_a_flat_colour_beneath_noise_is_no_likeness_of_a_flat_part(seed):
    rng = np.random.default_rng(seed)
    window, patch = drawn(rng, (80, 84), 70)
    patch[10:67, 10:69] = rng.integers(0, 256)
    grainy = eight_bits(patch + 8 * rng.normal(size=patch.shape))
    scene, target = Scene(GREY), Target(grainy.astype(np.float32))
    best = search_robustly(scene, target, search(scene, target))[0]
    assert best.window.box == pytest.approx(window.box, abs=0.1)


def drawing():
    """A picture of flat shapes."""
    picture = Image.new("L", (320, 240), 200)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 150, 320, 240), fill=120)
    draw.rectangle((90, 90, 210, 200), fill=170)
    draw.polygon([(80, 92), (150, 40), (220, 92)], fill=80)
    draw.ellipse((240, 20, 290, 70), fill=230)
    for left in (105, 170):
        draw.rectangle((left, 110, left + 24, 134), fill=60)
    draw.ellipse((225, 95, 300, 190), fill=90)
    return frozen(np.asarray(picture))


def written_over(patch, size):
    """A patch of 96 x 96 samples, a third of which words in white cover."""
    picture = Image.fromarray(patch)
    for line in range(0, 96, size - 4 * (size > 20)):
        font = ImageFont.load_default(size)
        ImageDraw.Draw(picture).text((2, line), "SAMPLE Watermark", fill=255, font=font)
    return np.asarray(picture)


@pytest.mark.parametrize(
    ("top", "left", "size"),
    [
        (120, 150, 26),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in [(100, 70, 26), (30, 60, 18)]),
    ],
)
def test_a_crop_of_flat_shapes_at_whole_pixels_is_found_beneath_words(top, left, size):
    image = drawing()
    found = find(image, written_over(image[top : top + 96, left : left + 96], size))
    assert found.confidence > 0.9
    assert found.window.box == (top, top + 96, left, left + 96)
    assert found.residual == 0


def boxes_cut_out(image, patch):
    scene, target = Scene(image.astype(np.float32)), Target(patch.astype(np.float32))
    return [window.box for window in cut_out(scene, target)]


def test_a_crop_at_whole_pixels_is_cut_out_there_though_half_of_it_was_painted_over():
    patch = GREY[100:164, 120:190].copy()
    patch[:38, :62] = 90
    assert boxes_cut_out(GREY, patch) == [(100, 164, 120, 190)]


def test_a_crop_between_pixels_is_cut_out_nowhere():
    window = Window(131.7, 154.8, 1.0, 0.5, n=(64, 70))
    assert boxes_cut_out(GREY, np.rint(read(GREY, window))) == []


def test_details_that_are_everywhere_have_no_vote():
    weave = np.tile(np.array([[10, 90, 10], [200, 10, 90]], np.uint8), (300, 200))
    assert boxes_cut_out(weave, weave[100:140, 90:132]) == []


def test_a_copy_is_cut_out_too_though_a_little_of_it_differs():
    image = GREY.copy()
    image[10:74, 20:90] = patch = GREY[200:264, 220:290]
    image[10:22, 20:40] = 0
    assert boxes_cut_out(image, patch) == [(200, 264, 220, 290), (10, 74, 20, 90)]


def half_blurred(image, gx, gy, delta):
    """A window on an image, and its patch, half of whose rows were blurred."""
    window = Window(gx, gy, delta, sigma=0.6, n=(60, 64))
    patch = np.rint(read(image.astype(np.float32), window))
    patch[:30] = gaussian_filter(patch, 5)[:30]
    return window, eight_bits(patch)


LOOSE = GREY, 86.7, 149.9, 1.02  # as far as every sample tells
TIGHT = grey(COFFEE), 70.5, 202.1, 0.86


@pytest.mark.parametrize("case", [LOOSE, TIGHT], ids=["undetermined", "sure"])
def test_half_a_patch_that_was_blurred_does_not_draw_its_place(case):
    window, patch = half_blurred(*case)
    assert corner_error(find(case[0], patch), window.box) < 0.01


@pytest.mark.parametrize("case", [LOOSE, TIGHT], ids=["undetermined", "sure"])
def test_from_a_start_half_a_patch_that_was_blurred_does_not_draw_its_place(case):
    window, patch = half_blurred(*case)
    assert corner_error(find(case[0], patch, start=window), window.box) < 0.01


def test_a_search_finds_a_painted_crop_dim():
    patch, left = painted(cut(IMAGE, WINDOW), 0.45)
    found = find(IMAGE, np.rint(0.6 * patch + 40).astype(np.uint8))
    assert corner_error(found, WINDOW.box) < 0.05
    assert (found.window.gamma, found.offset) == (pytest.approx(0.6, abs=0.01), pytest.approx(40, abs=1))
    assert found.agreeing[left].mean() > 0.98


@LOOK
def test_a_painted_crop_is_found_as_a_negative(look):
    patch, _ = painted(cut(IMAGE, WINDOW), 0.3)
    negative = look(IMAGE, 255 - patch, WINDOW.box)
    assert corner_error(negative, WINDOW.box) < 0.05
    assert negative.inverted
    assert (negative.window.gamma, negative.offset) == (pytest.approx(1, abs=0.01), pytest.approx(255, abs=1))


@pytest.mark.slow
def test_a_squashed_crop_that_was_painted_over_is_found():
    patch, _ = painted(cut(ASTRONAUT, WINDOWS["squashed"]), 0.3)
    assert corner_error(find(ASTRONAUT, patch), WINDOWS["squashed"].box) < 0.1


def test_transparent_samples_are_not_compared():
    patch = np.dstack([cut(IMAGE, WINDOW), np.full(WINDOW.shape, 255, np.uint8)])
    patch[8:32] = np.random.default_rng(0).integers(0, 256, (24, 40, 2), dtype=np.uint8)
    patch[8:32, :, 1] = 0
    found = find(IMAGE, patch)
    assert corner_error(found, WINDOW.box) < 0.05
    assert found.agreement > 0.98
    assert not found.agreeing[8:32].any()


def test_a_mask_finer_than_a_coarse_patch_needs_a_start():
    image = data.astronaut()[..., 0]
    alpha = np.zeros((300, 306), np.uint8)
    alpha[::3, ::3] = 255
    start = Window(200.5, 220.5, 1, 0.5, n=alpha.shape)
    patch = np.dstack([np.rint(read(image, start)).astype(np.uint8), alpha])
    assert corner_error(find(image, patch, start=start), start.box) < 0.01
    with pytest.raises(GlimpseError, match="no match"):
        find(image, patch)


def test_a_strip_as_long_as_a_window_may_be_is_compared():
    image = np.random.default_rng(0).integers(0, 256, (12, 4200), dtype=np.uint8)
    patch = image[1:11, 60:4154].copy()
    patch[:, :2000] = 90
    scene, target = Scene(image.astype(np.float32)), Target(patch.astype(np.float32))
    place = Candidate(1.0, 5.5, 2106.5, 1.0, 1.0)
    assert sharpened(scene, target, place, DIRECTIONS)[1:3] == (5.5, 2106.5)


def test_a_wholly_transparent_patch_is_refused():
    with pytest.raises(GlimpseError, match="transparent"):
        find(IMAGE, np.zeros((20, 20, 4), np.uint8))


def copies():
    """A picture with the same piece three times, and where each stands."""
    image, piece = grey(ASTRONAUT[100:240, 100:300]).copy(), IMAGE[20:68, 30:80]
    corners = (4, 6), (4, 140), (86, 70)
    for top, left in corners:
        image[top : top + 48, left : left + 50] = piece
    return image, piece, corners


def test_copies_are_all_told_and_the_place_is_sure():
    image, piece, corners = copies()
    found = locate(image, piece[4:44, 5:45])
    assert found.confidence > 0.9
    assert "3 places fit" in found.summary()
    tops = sorted((round(w.box[0]), round(w.box[2])) for w in (found.window, *found.others))
    assert tops == sorted((top + 4, left + 5) for top, left in corners)


def test_a_dozen_copies_are_told_though_none_is_near_another():
    image, piece = grey(ASTRONAUT[:260, :300]).copy(), IMAGE[20:50, 30:64]
    for top in (3, 88, 173):
        for left in (4, 80, 155, 231):
            image[top : top + 30, left : left + 34] = piece
    assert len(locate(image, piece[2:28, 2:32]).others) == 11


@pytest.mark.slow
def test_copies_flush_with_the_rims_are_counted():
    tile = ASTRONAUT[100:164, 100:164]
    assert locate(np.tile(tile, (3, 3, 1)), tile, channel_axis=2).places == 9


def test_copies_on_all_kinds_of_ground_are_counted():
    rng, image = np.random.default_rng(0), grey(data.astronaut()).copy()
    for top, left in np.ndindex(3, 4):
        y, x = 150 * top + rng.integers(100), 120 * left + rng.integers(70)
        image[y : y + 48, x : x + 48] = grey(data.coffee()[100:148, 200:248])
    assert locate(image, image[y : y + 48, x : x + 48]).places == 12


@pytest.mark.parametrize("painted", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_of_more_copies_than_are_listed_all_are_counted_and_none_is_sure(painted):
    image, piece = np.tile(grey(ASTRONAUT[100:140, 100:144]), (5, 6)), ASTRONAUT[102:138, 103:141].copy()
    if painted:
        piece[4:20, 6:20] = 200
    found = locate(image, grey(piece))
    assert found.found
    assert (found.places, len(found.others), found.confidence) == (30, 20, MIN_CONFIDENCE)
    assert "30 places fit" in found.summary()
    assert found.to_dict()["places"] == 30


@pytest.mark.slow
def test_more_places_than_are_counted_are_said():
    found = locate(
        np.tile(grey(ASTRONAUT[100:116, 100:116]), (16, 17)),
        grey(np.tile(ASTRONAUT[100:116, 100:116], (2, 2, 1))),
    )
    assert found.places == 200
    assert "200 or more places fit" in found.summary()


@pytest.mark.parametrize(
    ("shape", "angle", "period", "window"),
    [
        ((166, 136), 1.1253, 36.63, Window(43.163, 69.066, 0.82098, 0.61, n=(25, 35))),  # 34 places
        ((166, 178), 1.74862, 7.7646, Window(62.853, 85.453, 1.92887, 0.87, n=(26, 47))),  # 2 places
    ],
)
def test_stripes_at_an_angle_are_undetermined_though_places_are_far_apart(shape, angle, period, window):
    y, x = np.mgrid[: shape[0], : shape[1]]
    waves = np.sin(2 * np.pi / period * (y * np.cos(angle) + x * np.sin(angle)) + 1.17)
    image = np.rint(127 + 104 * np.sign(waves)).astype(np.uint8)
    found = locate(image, np.rint(read(image, window)).astype(np.uint8))
    assert found.others
    assert found.undetermined


def test_a_fine_pattern_is_undetermined():
    image = np.tile(grey(ASTRONAUT[100:112, 100:112]), (12, 12))
    found = locate(image, image[10:50, 20:60])
    assert found.undetermined
    assert "fine patterns" in found.refusal()


STRIPES = np.tile(np.arange(160) // 8 % 2 * 200 + 20, (120, 1))
PLACELESS = {
    "ramp": np.tile(np.arange(160) * 255 // 159, (120, 1)),
    "diagonal ramp": (np.arange(120)[:, None] + np.arange(160)) * 255 // 278,
    "stripes": STRIPES,
    "waves": np.tile(np.rint(127 + 100 * np.sin(np.arange(160) / 5)), (120, 1)),
    "slant edge": np.rint(127 + 60 * np.clip(0.4 * np.arange(120)[:, None] + np.arange(160) - 90, -1, 1)),
    "slant stripes": np.rint(127 + 80 * np.sin((np.arange(90)[:, None] * 0.6 + np.arange(100)) / 2.3)),
    "edge": np.where(np.arange(160) < 75, 30, 220) * np.ones((120, 1)),
}


@pytest.mark.parametrize(
    "name", ["edge", *(pytest.param(k, marks=pytest.mark.slow) for k in PLACELESS if k != "edge")]
)
def test_what_no_sample_determines_is_refused_as_undetermined(name):
    image = PLACELESS[name].astype(np.uint8)
    found = locate(image, image[40:72, 50:90])
    assert not found.found
    assert "undetermined" in found.refusal()


# the rounding of slanting ones tells the place, once a start is near
@pytest.mark.parametrize("name", [name for name in PLACELESS if not name.startswith("slant")])
def test_from_a_start_the_samples_determine_no_more(name):
    image = PLACELESS[name].astype(np.uint8)
    found = locate(image, image[40:72, 50:90], start=Window(55.6, 69.4, 1, n=(32, 40)))
    assert not found.found
    assert "undetermined" in found.refusal()


def test_a_location_is_told_in_a_line():
    image, piece, _ = copies()
    assert len(repr(locate(image, piece, start=Window(27.5, 30.5, 1, 0.5, n=piece.shape)))) < 600


@pytest.mark.slow
def test_a_likeness_of_what_noise_left_is_no_surer_than_the_place():
    rng, window = np.random.default_rng(22), Window(131.3, 87.7, delta=1.37, sigma=0.9, n=(71, 75))
    for _ in range(3):
        patch = np.array(cut(data.astronaut(), window))
        for _ in range(10):
            top, left = rng.integers(0, 58, 2)
            patch[top : top + 13, left : left + 13] = rng.integers(0, 256, (13, 13, 3))
        found = find(data.astronaut(), jpeg(patch))
        assert found.confidence > 0.6
        assert corner_error(found, window.box) < 0.2


def test_a_fit_that_trusts_more_of_the_patch_on_its_own_scale_costs_more_on_the_bests():
    wide = np.random.default_rng(0).normal(size=1600) * 30  # most of it within three of its own deviations
    close = np.where(np.arange(1600) < 600, 10 * wide, 0.05 * wide)
    fits = [Fit(WINDOW, 1.0, 0.0, 0.0, left=left) for left in (wide, close)]
    likeness, place = ranked(fits)
    assert place.error < 0.6 * likeness.error


def test_texture_of_another_picture_explains_nothing_though_the_patch_was_mended_with_it():
    wanted, other = (gaussian_filter(noise, 1) for noise in np.random.default_rng(0).normal(size=(2, 40, 60)))
    own = np.arange(60) < 30
    mended = Target(np.where(own, wanted, 5 * other), np.where(own, 1.0, 0.1) * np.ones((40, 1)))
    assert texture(mended, np.where(own, wanted - other, 0)) < 0
    assert texture(mended, np.where(own, 0.1 * wanted, 0)) == pytest.approx(0.99, abs=0.002)
    assert texture(Target(wanted), wanted - other) == pytest.approx(-1, abs=0.2)
    assert texture(Target(wanted + 90), np.full(wanted.shape, 90.0)) == pytest.approx(1)


def test_a_patch_is_mended_on_the_scale_of_all_samples_where_most_of_the_steep_ones_were_painted():
    left = 2 * np.random.default_rng(0).normal(size=(50, 60))
    covered = np.arange(50) < 20
    left[covered] = 60
    steep = np.where(covered[:, None], 1.0, np.arange(60) % 4 == 0)
    found = mended(Target(np.zeros(left.shape, np.float32)), left.ravel(), steep.ravel())
    assert found.weights[covered].max() < 0.01
    assert found.weights[~covered].mean() > 0.6


def test_texture_is_known_beneath_noise():
    noise = np.random.default_rng(1).normal(size=(60, 60))
    wanted = gaussian_filter(np.random.default_rng(0).normal(size=(60, 60)), 2)
    wanted *= 2 / wanted.std()
    assert texture(Target(wanted + noise, np.where(np.abs(noise) < 1.65, 1.0, 0.1)), noise) > 0.8


def test_a_smooth_patch_beneath_noise_is_as_far_off_as_is_told():
    image, rng = gaussian_filter(grey(ASTRONAUT).astype(float), 6), np.random.default_rng(2)
    window = Window(*rng.uniform(60, (200, 250)), delta=1.3, sigma=0.8, n=(48, 52))
    found = locate(image, eight_bits(read(image, window) + 8 * rng.normal(size=(48, 52))))
    assert found.found
    assert corner_error(found, window.box) < 2 * found.deviation < 1


@pytest.mark.slow
def test_patches_half_of_which_is_noise_are_found():
    image, found = grey(ASTRONAUT), 0
    for seed in range(12):
        window, patch = noisy(seed)
        found += corner_error(locate(image, patch.astype(np.uint8)), window.box) < 0.1
    assert found >= 10


@pytest.mark.slow
def test_no_foreign_patch_is_sure():
    rng, sure = np.random.default_rng(3), 0
    for _ in range(20):
        n = tuple(int(k) for k in rng.integers(24, 60, 2))
        window = Window(rng.uniform(40, 90), rng.uniform(40, 120), rng.uniform(0.8, 1.5), 0.7, n=n)
        patch = np.rint(read(grey(CLUTTER).astype(np.float32), window))
        sure += matches(IMAGE, patch.astype(np.uint8))
    print(f"{sure} of 20 foreign patches are sure")
    assert sure == 0


PATTERNS = {
    "ramp": lambda y, x: x * 255 / 179,
    "slanted ramp": lambda y, x: (x + 0.7 * y) * 0.5,
    "stripes": lambda y, x: 30 + 190 * ((x + y) // 11 % 2),
    "waves": lambda y, x: 127 + 100 * np.sin((x + 0.4 * y) * 0.3),
    "checkers": lambda y, x: 20 + 200 * ((y // 8 + x // 8) % 2),
    "checkers stretched": lambda y, x: 20 + 200 * ((y // 19 + x // 19) % 2),
    "grid": lambda y, x: np.where((y % 12 == 0) | (x % 12 == 0), 40, 240),
}


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_that_are_painted_over_are_undetermined(pattern):
    image = np.rint(PATTERNS[pattern](*np.mgrid[:140, :180])).astype(np.uint8)
    patch = image[60:96, 72:119].copy()
    patch[8:19] = 170
    found = locate(image, patch)
    assert not found.found
    assert found.refusal().startswith("undetermined")


@pytest.mark.slow
def test_squares_that_are_painted_over_are_not_found_stretched():
    y, x = np.mgrid[:240, :320]
    image = np.where((y // 16 + x // 16) % 2, 220, 20).astype(np.uint8)
    patch = image[171:201, 72:119].copy()
    patch[15:24] = 187
    found = locate(image, patch)
    assert found.undetermined
    assert found.window.strides == (1, 1)


@pytest.mark.slow
def test_rings_that_are_painted_over_are_not_found_a_wave_aside():
    y, x = np.mgrid[:240, :320]
    image = np.rint(127 + 100 * np.sin(np.hypot(x - 206.8443, y - 231.4893) * 2 * np.pi / 12.9036))
    window = Window(158.7467, 153.6194, delta=1.89979, n=(59, 25))
    patch = np.rint(read(image, window))
    patch[40:49] = 135
    found = locate(image.astype(np.uint8), patch.astype(np.uint8))
    assert corner_error(found, window.box) < 0.02
    assert not found.inverted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "delta", "top", "left", "painted"), [(51, 2.5913, 133, 46, 0), (89, 2.47888, 53, 72, 44)]
)
def test_one_sky_is_not_another(n, delta, top, left, painted):
    box = left, top, int(n * delta), int(n * delta)
    patch = np.rint(read(data.rocket(), Window.from_box(box, n=n), channel_axis=2)) @ [0.299, 0.587, 0.114]
    patch[:painted] = 178
    assert not locate(CAMERA, np.rint(patch).astype(np.uint8)).found


@pytest.mark.slow
def test_a_shade_that_moves_the_place_is_told_by_its_deviation():
    image, window = grey(ASTRONAUT), Window(200.4, 230.7, delta=1.7, sigma=0.9, n=(80, 90))
    shade = np.linspace(0.8, 1.1, 80)[:, None]
    found = locate(image, np.rint(read(image, window) * shade).astype(np.uint8))
    assert 0.3 < corner_error(found, window.box) < 5 * found.deviation
