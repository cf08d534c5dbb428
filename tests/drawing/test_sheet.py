"""Many windows on one picture: each numbered on the image and above its patch, in order."""

import numpy as np
import pytest
from windows_to_draw import ODD, ODD_NAMES, moved, noise, of_colour, patch_of

from glimpse import GlimpseError, limits
from glimpse.drawing import scanpath, sheet
from glimpse.drawing.viewport import BACKGROUND, BOX, COL, INK, LIGHT, Viewport, enlarge


def windows(count):
    random = np.random.default_rng(4)
    return [moved(gx=random.uniform(0, 300), gy=random.uniform(0, 400), delta=3, n=8) for _ in range(count)]


def shown(count):
    many = windows(count)
    patches = [np.full((8, 8, 3), (i % 256, 255, 1), np.uint8) for i in range(count)]
    return many, patches, sheet.show_all(np.zeros((300, 400, 3), np.uint8), many, patches)


@pytest.mark.parametrize("count", [1, 5, 11])
def test_the_patches_stand_in_order_row_by_row(count):
    _, patches, drawing = shown(count)
    places = []
    for patch in patches:
        big = enlarge(patch, sheet.CELL // 8)
        hits = of_colour(drawing, big[0, 0])
        ys, xs = np.nonzero(hits)
        places.append((ys.min(), xs.min()))
        assert len(ys) == big.shape[0] * big.shape[1]
    assert places == sorted(places)


def test_the_path_goes_through_the_centres_and_numbers_stand_on_them():
    many, _, drawing = shown(5)
    assert of_colour(drawing, COL).sum() > 100
    assert of_colour(drawing, BOX).sum() > 100
    viewport = sheet.space(*(sheet._span((300, 400), many, axis).range for axis in (0, 1)), 1)
    for window in many:
        y, x = 44 + viewport.y(window.gx), 44 + viewport.x(window.gy)
        assert of_colour(drawing[int(y) - 7 : int(y) + 7, int(x) - 8 : int(x) + 8], INK).sum() > 60


def test_many_windows_make_a_larger_picture_up_to_the_limit():
    drawings = [shown(count)[2] for count in (4, 48)]
    sizes = [drawing.size for drawing in drawings]
    assert sizes == sorted(set(sizes))
    reach = [np.nonzero((drawing == 0).all(axis=2))[0].max() for drawing in drawings]  # of the image down
    assert reach[1] > 1.3 * reach[0]
    for count in (0, limits.SHEET_WINDOWS + 1):
        with pytest.raises(GlimpseError, match=f"shows 1 to {limits.SHEET_WINDOWS} windows, got {count}"):
            sheet.show_all(np.zeros((3, 4, 3), np.uint8), windows(count), [])


def test_patches_of_any_size_share_a_sheet():
    sizes = [(1, 1), (300, 2), (3, 700), (512, 512), (8, 8)]
    patches = [noise(*size, 3) for size in sizes]
    drawing = sheet.show_all(noise(300, 400, 3), [moved(n=size) for size in sizes], patches)
    assert max(drawing.shape) < 2000


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_window_over_any_image_is_on_the_sheet(name):
    shape, window = ODD[name]
    two = [window, moved(window, gy=7)]
    drawing = sheet.show_all(noise(*shape, 3), two, [patch_of(here) for here in two], width=640)
    edges = [drawing[:3], drawing[-3:], drawing[:, :3], drawing[:, -3:]]
    assert all((edge == BACKGROUND).all() for edge in edges)


def flat(count):
    """Patches of one colour each, which nothing else has."""
    return [np.full((8, 8, 3), (i, 255, 1), np.uint8) for i in range(count)]


def places(drawing, patches):
    """Top, left, height and width of each patch on a drawing."""
    found = []
    for patch in patches:
        ys, xs = np.nonzero(of_colour(drawing, patch[0, 0]))
        found.append((ys.min(), xs.min(), np.ptp(ys) + 1, np.ptp(xs) + 1))
    return np.array(found)


def test_compared_windows_stand_alike_side_by_side():
    many = [moved(gx=150, gy=200, delta=3, sigma=s, n=8) for s in (1, 2, 4, 8)]
    image, labels = np.zeros((300, 400, 3), np.uint8), ["sigma 1", "sigma 2", "sigma 4", "sigma 8"]
    drawing = sheet.compare(image, many, flat(4), labels)
    at = places(drawing, flat(4))
    assert len(set(at[:, 0])) == 1
    assert len(set(np.diff(at[:, 1]))) == 1
    assert (at[:, 2:] == at[0, 2:]).all()
    assert at[0, 2] > 300  # large
    left = np.nonzero((drawing[60] == 0).all(axis=1))[0].min()
    assert left == at[0, 1]  # the image and its patch begin in one column
    assert drawing.shape[1] > 1.2 * drawing.shape[0]


@pytest.mark.parametrize(("count", "width"), [(1, 480), (12, 480), (5, 900)])
def test_a_sheet_is_as_wide_as_it_is_told(count, width):
    many, image = windows(count), noise(300, 400, 3)
    for drawing in (
        sheet.show_all(image, many, flat(count), theme=LIGHT, width=width),
        sheet.compare(image, many, flat(count), ["a label"] * count, theme=LIGHT, width=width),
        sheet.heat_map(image, many, [200.0] * count, theme=LIGHT, width=width),
        sheet.grid([flat(3)] * count, ["up"] * count, ["label"] * 3, theme=LIGHT, width=width),
    ):
        assert drawing.shape[1] == width
        assert all(
            (edge == 255).all() for edge in (drawing[:3], drawing[-3:], drawing[:, :3], drawing[:, -3:])
        )


def test_a_grid_has_one_number_going_down_and_one_across():
    patches = flat(6)
    drawing = sheet.grid(
        [patches[:3], patches[3:]], ["delta 1", "delta 2"], ["sigma 1", "sigma 2", "sigma 3"]
    )
    at = places(drawing, patches)
    assert len(set(at[:3, 0])) == len(set(at[3:, 0])) == 1
    np.testing.assert_array_equal(at[:3, 1], at[3:, 1])
    assert at[0, 0] < at[3, 0]
    assert at[0, 1] < at[1, 1] < at[2, 1]


def test_the_heat_of_a_pixel_is_the_time_it_was_looked_at():
    many, times = windows(9), np.random.default_rng(2).uniform(50, 900, 9)
    viewport = Viewport(-3, -5, 40, 70, 0.2)
    found = scanpath.heat(viewport, many, times)
    assert found.shape == (40, 70)
    near = [(int(viewport.y(w.gx)) % 40, int(viewport.x(w.gy)) % 70 + 1) for w in many[:4]]
    assert max(found[y, min(x, 69)] for y, x in near) > 30
    for y, x in ((0, 0), *((y, min(x, 69)) for y, x in near)):
        expected = 0.0
        for window, time in zip(many, times, strict=True):
            down = (y + 0.5 - viewport.y(window.gx)) / (0.2 * 8 * 3 / 4)
            across = (x + 0.5 - viewport.x(window.gy)) / (0.2 * 8 * 3 / 4)
            expected += time * np.exp(-(down**2 + across**2) / 2)
        assert found[y, x] == pytest.approx(expected, rel=1e-9)


def test_the_words_of_heat_are_whole_however_narrow_the_image_is():
    drawing = sheet.heat_map(np.zeros((300, 3, 3), np.uint8), windows(2), [600_000.0, 599_999.0])
    assert of_colour(drawing[-40:], INK).any()
    assert (drawing[:, -3:] == BACKGROUND).all()


def test_the_warmest_place_is_the_longest_fixation():
    many = [moved(gx=100, gy=100, delta=3, n=8), moved(gx=220, gy=330, delta=3, n=8)]
    drawing = sheet.heat_map(np.full((300, 400, 3), 90, np.uint8), many, [100, 800]).astype(int)
    red = drawing[..., 0] - drawing[..., 2]
    red[:52], red[-60:], red[:, :52] = 0, 0, 0  # the rulers, the scale below
    y, x = np.unravel_index(red.argmax(), red.shape)
    unit = (drawing.shape[1] - 72) / 400
    assert abs((y - 52) / unit - 220) < 25
    assert abs((x - 60) / unit - 330) < 25


def test_circles_are_as_large_as_durations():
    times = [100, 200, 100]
    many = [moved(gx=150, gy=gy, delta=0.1, n=8) for gy in (60, 200, 340)]
    patches = flat(3)
    drawing = sheet.show_all(np.zeros((300, 400, 3), np.uint8), many, patches, durations=times)
    inside = of_colour(drawing[:, : places(drawing, patches)[0, 1] - 40], INK)
    columns = np.split(inside, 3, axis=1) if inside.shape[1] % 3 == 0 else np.array_split(inside, 3, axis=1)
    heights = [np.ptp(np.nonzero(part)[0]) for part in columns]
    assert heights[0] == heights[2]
    assert heights[1] == pytest.approx(2**0.5 * heights[0], rel=0.12)


def test_a_picture_too_narrow_for_its_words_is_refused():
    with pytest.raises(GlimpseError, match=r"at least [0-9]+ pixels wide with letters to read, got 200"):
        sheet.grid([flat(12)], ["up"], ["label"] * 12, width=200)
