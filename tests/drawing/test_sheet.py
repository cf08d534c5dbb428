"""Many windows on one picture: each numbered on the image and above its patch, in order."""

import numpy as np
import pytest
from windows_to_draw import ODD, moved, noise, patch_of

from glimpse import GlimpseError, limits
from glimpse.drawing import sheet
from glimpse.drawing.viewport import BACKGROUND, BOX, COL, INK, enlarge


def windows(count):
    random = np.random.default_rng(4)
    return [moved(gx=random.uniform(0, 300), gy=random.uniform(0, 400), delta=3, n=8) for _ in range(count)]


def shown(count):
    many = windows(count)
    patches = [np.full((8, 8, 3), (i % 256, 255, 1), np.uint8) for i in range(count)]
    return many, patches, sheet.show_all(np.zeros((300, 400, 3), np.uint8), many, patches)


@pytest.mark.parametrize("count", [1, 5, 17])
def test_the_patches_stand_in_order_row_by_row(count):
    _, patches, drawing = shown(count)
    places = []
    for patch in patches:
        big = enlarge(patch, sheet.CELL // 8)
        hits = (drawing == big[0, 0]).all(axis=2)
        ys, xs = np.nonzero(hits)
        places.append((ys.min(), xs.min()))
        assert len(ys) == big.shape[0] * big.shape[1]
    assert places == sorted(places)


def test_the_path_goes_through_the_centres_and_numbers_stand_on_them():
    many, _, drawing = shown(5)
    assert (drawing == COL).all(axis=2).sum() > 100
    assert (drawing == BOX).all(axis=2).sum() > 100
    viewport = sheet.fitted(*(sheet._span((300, 400), many, axis).range for axis in (0, 1)), 1)
    for window in many:
        y, x = 44 + viewport.y(window.gx), 44 + viewport.x(window.gy)
        assert (drawing[int(y) - 7 : int(y) + 7, int(x) - 8 : int(x) + 8] == INK).all(axis=2).sum() > 60


def test_many_windows_make_a_larger_picture_up_to_the_limit():
    drawings = [shown(count)[2] for count in (4, 60, 200)]
    sizes = [drawing.size for drawing in drawings]
    assert sizes == sorted(set(sizes))
    reach = [np.nonzero((drawing == BOX).all(axis=2))[0].max() for drawing in drawings]  # of the frames down
    assert reach[1] > 1.3 * reach[0]
    for count in (0, limits.SHEET_WINDOWS + 1):
        with pytest.raises(GlimpseError, match=f"shows 1 to {limits.SHEET_WINDOWS} windows, got {count}"):
            sheet.show_all(np.zeros((3, 4, 3), np.uint8), windows(count), [])


def test_patches_of_any_size_share_a_sheet():
    sizes = [(1, 1), (300, 2), (3, 700), (512, 512), (8, 8)]
    patches = [noise(*size, 3) for size in sizes]
    drawing = sheet.show_all(noise(300, 400, 3), [moved(n=size) for size in sizes], patches)
    assert max(drawing.shape) < 2000


@pytest.mark.parametrize(("shape", "window"), ODD.values(), ids=ODD)
def test_any_window_over_any_image_is_on_the_sheet(shape, window):
    two = [window, moved(window, gy=7)]
    drawing = sheet.show_all(noise(*shape, 3), two, [patch_of(here) for here in two])
    edges = [drawing[:3], drawing[-3:], drawing[:, :3], drawing[:, -3:]]
    assert all((edge == BACKGROUND).all() for edge in edges)
