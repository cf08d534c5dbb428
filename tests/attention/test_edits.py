"""An edited patch back on its picture: what nobody touched keeps its bits, paint comes back sharp."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from strategies import edges, frozen, kernels, log_uniform, pixels

from glimpse import GlimpseError, Window, read, restore_many
from glimpse.attention import edits
from glimpse.attention.banded import BlockSpec
from glimpse.attention.banks import band
from glimpse.window import EDGES, KERNELS, default_sigma


def saved(patch, white=255):
    """The patch as a file has it."""
    return np.clip(np.rint(patch), 0, white).astype(np.uint8 if white == 255 else np.uint16)


def back(patch, window, picture, **how):
    """The edited picture, in the picture's own type."""
    shape = picture.shape[:2]
    axis = 2 if picture.ndim == 3 else None
    canvas = restore_many([patch], [window], shape, onto=picture, channel_axis=axis, **how)
    white = {np.uint8: 255, np.uint16: 65535}[picture.dtype.type]
    return saved(canvas, white)


@st.composite
def crops(draw):
    """A picture and a window on it, at any stride, over the edge too."""
    rows, cols = draw(st.integers(6, 24)), draw(st.integers(25, 40))
    delta = draw(st.one_of(log_uniform(0.3, 20), st.tuples(log_uniform(0.3, 20), log_uniform(0.3, 20))))
    kernel = draw(kernels)
    window = Window(
        draw(st.floats(-4, rows + 4)),
        draw(st.floats(-4, cols + 4)),
        delta,
        default_sigma(delta, kernel),
        gamma=draw(log_uniform(0.3, 3)),
        n=(draw(st.integers(1, 9)), draw(st.integers(1, 9))),
        kernel=kernel,
        edge=draw(edges),
    )
    white = draw(st.sampled_from([255, 65535]))
    channels = draw(st.sampled_from([(), (3,)]))
    dtype = np.uint8 if white == 255 else np.uint16
    return pixels(rows, cols, *channels, seed=draw(st.integers(0, 9)), dtype=dtype, high=white), window, white


def read_as_saved(picture, window, white):
    return saved(read(picture, window, channel_axis=2 if picture.ndim == 3 else None), white)


@given(crops())
def test_an_untouched_patch_gives_its_picture_back_bit_for_bit(crop):
    picture, window, white = crop
    patch = read_as_saved(picture, window, white)
    np.testing.assert_array_equal(back(patch, window, picture), picture)


@given(crops(), st.lists(st.tuples(*[st.integers(0, 8)] * 2, st.integers(0, 255)), min_size=1, max_size=3))
def test_what_no_touched_sample_reaches_keeps_its_bits(crop, edited):
    picture, window, white = crop
    patch = read_as_saved(picture, window, white)
    axis = 2 if picture.ndim == 3 else None
    kept = np.ones(picture.shape[:2], bool)
    for row, col, level in edited:
        row, col = min(row, window.shape[0] - 1), min(col, window.shape[1] - 1)
        patch[row, col] = level * (white // 255)
        spans = []
        for line, index in zip(window.axes(picture.shape[:2]), (row, col), strict=True):
            bank = band(line, BlockSpec(np.dtype(np.float32)))
            inside = np.abs(np.arange(line.size) - line.center) < line.n * line.delta / 2 + 0.5
            reached = np.isin(np.arange(line.size), bank.pixels[index][bank.weights[index] != 0])
            spans.append(inside & reached)
        kept &= ~np.logical_and.outer(*spans)
    found = restore_many([patch], [window], picture.shape[:2], onto=picture, channel_axis=axis)
    np.testing.assert_array_equal(found[kept], picture[kept])


def test_pixels_between_two_edits_keep_their_bits(textured):
    patch = saved(read(textured, WINDOW, channel_axis=2))
    patch[2, 2], patch[20, 22] = 255 - patch[2, 2], 255 - patch[20, 22]
    found = back(patch, WINDOW, textured)
    np.testing.assert_array_equal(found[40:, :55], textured[40:, :55])
    np.testing.assert_array_equal(found[:40, 55:], textured[:40, 55:])


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_negative_of_an_edit_is_the_edit_of_the_negative(textured, kernel):
    window = Window.from_box((15, 10, 80, 72), n=(24, 27), kernel=kernel)
    patch = saved(read(textured, window, channel_axis=2))
    patch[3:7, 4:20] = 10
    patch[8:16, 9:18] = 250
    patch[18, 2:25] = 40
    found = back(patch, window, textured).astype(int)
    negative = back(255 - patch, window, 255 - textured)
    assert np.abs(found + negative - 255).max() <= 1


def test_another_texture_hides_the_grain_below_it():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:96, :110]
    grain = rng.normal(0, 8, (96, 110))
    texture = 128 + rng.normal(0, 60, (18, 20))[y // 6, x // 6]
    picture = saved(120 + 50 * np.sin(x / 17) + 30 * np.cos(y / 13) + grain)
    left = (back(saved(read(saved(texture), WINDOW)), WINDOW, picture) - texture)[14:78, 19:91]
    below = grain[14:78, 19:91]
    assert abs((left * below).sum() / np.square(below).sum()) < 0.25


def test_sharp_filters_reach_no_further_than_they_reach():
    picture = pixels(60, 64, 3, dtype=np.uint16, high=65535)
    window = Window.from_box((2, 3, 60, 54), n=(9, 10), sigma=1.2)
    patch = read_as_saved(picture, window, 65535)
    patch[4, 5] = 0
    canvas = restore_many([patch], [window], (60, 64), onto=picture, channel_axis=2)
    rows, cols = (
        band(axis, BlockSpec(np.dtype(np.float32))).pixels[k]
        for axis, k in zip(window.axes((60, 64)), (4, 5), strict=True)
    )
    kept = np.ones((60, 64), bool)
    kept[np.ix_(rows, cols)] = False
    np.testing.assert_array_equal(canvas[kept], picture[kept])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("edge", EDGES)
def test_a_flat_edit_of_a_flat_picture_is_flat_up_to_the_border_of_the_box(kernel, edge):
    flat = frozen(np.full((60, 70, 3), 90, np.uint8))
    window = Window.from_box((20, 10, 32, 24), n=(12, 16), kernel=kernel, edge=edge)
    found = back(np.full((12, 16, 3), 200, np.uint8), window, flat)
    np.testing.assert_array_equal(found[10:34, 20:52], 200)
    found[10:34, 20:52] = 90
    np.testing.assert_array_equal(found, flat)


def test_an_edit_of_16_bits_is_as_bright_as_it_was_painted():
    flat = frozen(np.full((60, 70), 30_000, np.uint16))
    window = Window.from_box((20, 10, 32, 24), n=(12, 16))
    np.testing.assert_array_equal(
        back(np.full((12, 16), 50_000, np.uint16), window, flat)[10:34, 20:52], 50_000
    )


def test_a_fine_edit_lies_on_a_coarse_one_in_whatever_order_they_come():
    flat = frozen(np.full((60, 70), 90, np.uint8))
    coarse, fine = (Window.from_box(box, n=8, kernel="box") for box in ((10, 10, 40, 40), (18, 18, 16, 16)))
    pairs = [(np.full((8, 8), 200, np.uint8), coarse), (np.full((8, 8), 20, np.uint8), fine)]
    for some in (pairs, pairs[::-1]):
        patches, windows = zip(*some, strict=True)
        found = restore_many(patches, windows, (60, 70), onto=flat)
        np.testing.assert_allclose(found[20:32, 20:32], 20, atol=0.5)
        np.testing.assert_allclose(found[40:46, 40:46], 200, atol=0.5)


def test_an_edge_painted_over_a_faint_one_leaves_the_grain_as_it_is():
    picture = np.full((96, 110), 120.0) + np.random.default_rng(1).normal(0, 2, (96, 110))
    picture[:, 55:] += 8
    painted = np.where(np.arange(110) < 55, 60, 190)
    columns = WINDOW.gy + (np.arange(27) - 13) * WINDOW.strides[1]
    patch = np.where(columns < 54.5, 60, 190)[None].repeat(24, 0).astype(np.uint8)
    found = back(patch, WINDOW, saved(picture))
    away = [column for column in range(25, 85) if abs(column - 54.5) > 4]
    assert np.abs(found.astype(int) - painted)[20:72, away].max() < 10


def test_a_pixel_on_the_border_changes_by_the_share_of_it_that_lies_inside():
    flat = frozen(np.full((20, 20), 100, np.uint8))
    window = Window.from_box((5.25, 5, 8, 8), n=8)
    found = back(np.full((8, 8), 200, np.uint8), window, flat)
    assert found[8, 4:13].tolist() == [100, 175, 200, 200, 200, 200, 200, 200, 200]
    assert 100 < found[8, 13] <= 125  # filters fade there
    assert found[8, 14] == 100


@pytest.fixture(scope="module")
def textured():
    """Fine detail over slow changes, three channels."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:96, :110]
    slow = 120 + 50 * np.sin(x / 17) + 30 * np.cos(y / 13)
    return frozen(saved(slow[..., None] + rng.normal(0, 12, (96, 110, 3))))


WINDOW = Window.from_box((15, 10, 80, 72), n=(24, 27))


def error(found, truth):
    return np.sqrt(np.square(found.astype(float) - truth).mean())


def test_the_detail_of_the_picture_follows_a_tint(textured):
    patch = saved(read(textured, WINDOW, channel_axis=2) * (1.2, 1, 0.9))
    truth = textured.copy()
    truth[10:82, 15:95] = saved(truth[10:82, 15:95] * (1.2, 1, 0.9))
    found = back(patch, WINDOW, textured)
    assert error(found, truth) < 1.5
    blurred = restore_many([patch], [WINDOW], (96, 110), onto=textured, blend="mean", channel_axis=2)
    assert error(blurred, truth) > 6


def test_paint_hides_the_old_detail_and_leaves_no_rim(textured):
    patch, truth = saved(read(textured, WINDOW, channel_axis=2)), textured.copy()
    patch[8:16, 9:18] = 40
    rows, cols = slice(10 + 24, 10 + 48), slice(15 + 27, 15 + 53)
    truth[rows, cols] = 40
    found = back(patch, WINDOW, textured)
    assert error(found, truth) < 2
    inner = found[rows, cols].astype(int) - 40
    assert np.abs(inner).max() <= 12
    assert np.abs(inner[4:-4, 4:-4]).max() <= 1
    outside = np.abs(found.astype(int) - truth)
    outside[rows.start - 4 : rows.stop + 4, cols.start - 4 : cols.stop + 4] = 0
    assert outside.max() <= 12
    low, high = np.minimum(textured, 40), np.maximum(textured, 40)
    around = np.ones((96, 110), bool)
    around[rows, cols] = False
    assert (found >= low)[around].all()
    assert (found <= high)[around].all()


def test_ten_times_in_a_row_is_once(textured):
    patch = saved(read(textured, WINDOW, channel_axis=2))
    patch[3:9, 4:7, 0] = 250
    found = back(patch, WINDOW, textured)
    again = found
    for _ in range(9):
        again = back(saved(read(again, WINDOW, channel_axis=2)), WINDOW, again)
    np.testing.assert_array_equal(again, found)


def test_edits_of_neighbouring_crops_do_not_undo_each_other(textured):
    windows = [WINDOW, replace(WINDOW, gy=WINDOW.gy + 9.5, delta=2.2)]
    patches = [saved(read(textured, window, channel_axis=2)) for window in windows]
    patches[0][10:14, 10:14] = 0
    patches[1][2:4, 2:4] = 255
    both = restore_many(patches, windows, (96, 110), onto=textured, channel_axis=2)
    for patch, window in zip(patches, windows, strict=True):
        alone = restore_many([patch], [window], (96, 110), onto=textured, channel_axis=2)
        changed = np.abs(alone - textured) > 40
        assert np.abs(both - alone)[changed].max() < 10


def test_a_channel_that_saturated_is_not_darkened_by_an_edit_of_another():
    picture = frozen(np.full((30, 34, 3), 200, np.uint8))
    window = Window.from_box((4, 5, 24, 20), n=(10, 12), gamma=2)
    patch = saved(read(picture, window, channel_axis=2))
    assert patch.min() == 255
    patch[4:7, 4:7, 1] = 0
    found = back(patch, window, picture)
    np.testing.assert_array_equal(found[..., ::2], 200)
    assert found[14, 15, 1] < 20


def test_a_tolerance_leaves_smaller_differences(textured):
    patch = saved(read(textured, WINDOW, channel_axis=2))
    patch[5:9, 5:9] += 2
    assert (back(patch, WINDOW, textured) != textured).any()
    np.testing.assert_array_equal(back(patch, WINDOW, textured, tolerance=3), textured)


def test_tiles_show_in_no_result(textured, monkeypatch):
    patch = saved(read(textured, WINDOW, channel_axis=2))
    patch[2:22, 3:24] = 255 - patch[2:22, 3:24]
    whole = back(patch, WINDOW, textured)
    monkeypatch.setattr(edits, "_TILE", 2000)
    assert np.abs(back(patch, WINDOW, textured).astype(int) - whole).max() <= 1


CURVES = {
    "negative": lambda levels: 1 - levels,
    "posterised": lambda levels: np.floor(levels * 5.99) / 5,
    "solarised": lambda levels: np.where(levels > 0.5, 1 - levels, levels),
    "darker, with more contrast": lambda levels: levels**2 * (3 - 2 * levels) * 0.9,
}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(
    ("white", "gamma", "kernel", "edge", "n"),
    [
        (255, 1, "gaussian", "extend", 54),
        (255, 1, "box", "black", 100),
        (65535, 0.8, "gaussian", "black", 70),
    ],
)
def test_the_pixels_take_the_curve_of_an_edit_that_is_one(curve, white, gamma, kernel, edge, n):
    def edited(levels):
        return saved(CURVES[curve](np.clip(levels * (gamma / white), 0, 1)) * white, white) / gamma

    y, x = np.mgrid[:96, :110] / 3
    waves = [np.sin(x) * np.cos(y), np.sin(x + y), np.cos(x - 2 * y)]
    picture = saved((np.stack(waves, 2) + 1) * (white / 2), white)
    window = Window.from_box((15, 10, 80, 72), n=n, gamma=gamma, kernel=kernel, edge=edge)
    patch = edited(saved(read(picture, window, channel_axis=2), white) / gamma) * gamma
    truth = picture.astype(float)
    truth[10:82, 15:95] = edited(truth[10:82, 15:95])
    off = (back(saved(patch, white), window, picture) - saved(truth, white).astype(float)) * 255 / white
    steps = {"posterised": 4, "solarised": 3}  # of 16 bits, whose steps lie somewhere between two knots
    assert np.sqrt(np.square(off).mean()) < (1.3 if white == 255 else steps.get(curve, 0.3))
    off[10:82, 15:95] = 0
    assert not off.any()


def test_a_curve_has_an_edge_where_the_edit_has_one_and_words_stay_on_it(textured):
    window = Window.from_box((15, 10, 80, 72), n=(72, 80))
    patch, truth = saved(read(textured, window, channel_axis=2)), textured.copy()
    for array, part in ((patch, np.s_[10:60, 8:50]), (truth, np.s_[20:70, 23:65])):
        array[part] = array[part] // 40 * 40 + 20
    patch[20:24, 20:30], truth[30:34, 35:45] = 250, 250
    found = back(patch, window, textured)
    assert error(found, truth) < 3
    assert np.mean(found[36:68, 26:62] != truth[36:68, 26:62]) < 0.05
    assert error(found[30:34, 35:45], 250) < 12


def test_the_detail_of_the_picture_is_turned_by_a_negative_that_begins_softly(textured):
    window = Window.from_box((15, 10, 80, 72), n=(36, 40))
    patch, truth = read(textured, window, channel_axis=2), textured.astype(float)
    soft = [np.clip(2 - 4 * np.abs((np.arange(size) + 0.5) / size - 0.5), 0, 1)[:, None] for size in (40, 80)]
    truth[10:82, 15:95] += soft[1] * (255 - 2 * truth[10:82, 15:95])
    found = back(saved(patch + soft[0] * (255 - 2 * patch)), window, textured)
    assert error(found, truth) < 5


def test_thin_strokes_on_more_samples_than_pixels_are_no_worse_than_pasted(textured):
    rows, cols = (np.arange(size) for size in (216, 240))
    slant = np.clip(2.5 - np.abs((rows[:, None] + cols) % 60 - 30), 0, 1)[..., None]
    window = Window.from_box((15, 10, 80, 72), n=(216, 240))
    patch = read(textured, window, channel_axis=2)
    part = textured[10:82, 15:95]
    small = slant.reshape(72, 3, 80, 3, 1).mean(axis=(1, 3))
    truth = saved(part + small * (250.0 - part))
    found = back(saved(patch + slant * (250 - patch)), window, textured)[10:82, 15:95]
    up = Image.fromarray(part).resize((240, 216), Image.Resampling.LANCZOS)
    pasted = Image.fromarray(saved(up + slant * (250.0 - np.asarray(up)))).resize(
        (80, 72), Image.Resampling.LANCZOS
    )
    assert error(found, truth) < error(np.asarray(pasted), truth)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_channels_stay_where_they_are(textured, axis):
    patch = saved(read(textured, WINDOW, channel_axis=2))
    patch[5:9, 5:9] = 0
    expected = restore_many([patch], [WINDOW], (96, 110), onto=textured, channel_axis=2)
    found = restore_many(
        [np.moveaxis(patch, 2, axis)],
        [WINDOW],
        (96, 110),
        onto=np.moveaxis(textured, 2, axis),
        channel_axis=axis,
    )
    np.testing.assert_allclose(np.moveaxis(found, axis, 2), expected, atol=1e-3)


def test_a_hole_cut_into_a_crop_with_alpha_comes_back_as_a_hole(textured):
    opaque = np.dstack([textured, np.full((96, 110), 255)]).astype(np.float32)
    patch = np.rint(read(opaque, WINDOW, channel_axis=2))
    patch[8:16, 9:18] = 0
    found = edits.find_edit(patch, WINDOW, opaque, white=255, alpha=True)
    assert found.share == 8 * 9 / (24 * 27)
    canvas = opaque.copy()
    edits.put_back([found], canvas, 255, alpha=True)
    assert canvas[38:54, 46:64, 3].max() < 0.5
    assert (canvas[..., :3] <= canvas[..., 3:] + 1e-3).all()
    assert canvas[..., 3].min() >= 0
    np.testing.assert_array_equal(canvas[:20], opaque[:20])


def test_a_crop_that_was_only_made_transparent_keeps_its_colours():
    picture = np.full((40, 44, 4), (100, 50, 20, 255), np.float32)
    window = Window.from_box((6, 5, 30, 30), n=10)
    patch = read(picture, window, channel_axis=2)
    patch[3:7, 3:7] *= 0.5
    edits.put_back([edits.find_edit(patch, window, picture, white=255, alpha=True)], picture, 255, alpha=True)
    np.testing.assert_allclose(picture[18:22, 18:22] / 127.5 * 255, [[(100, 50, 20, 255)] * 4] * 4, atol=2)


def test_numbers_that_are_none_are_refused(textured):
    patch = read(textured, WINDOW, channel_axis=2)
    patch[0, 0] = np.nan
    with pytest.raises(GlimpseError, match="not finite, the first is nan"):
        restore_many([patch], [WINDOW], (96, 110), onto=textured, channel_axis=2)
