"""Many patches on one canvas: the mean of what they show, weighed by how finely they show it."""

from dataclasses import replace

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from strategies import frozen, pixels, scenes

from glimpse import GlimpseError, Window, read, restore, restore_many
from glimpse.attention import blending
from glimpse.window import BLENDS, METHODS

SHAPE = (30, 44)
WINDOWS = [
    Window(12, 25, 1.5, 0.9, n=(9, 12)),
    Window(20, 14, 1, 0.6, n=8),
    Window(16, 20, (4, 3), (2, 1.6), gamma=1.5, n=(6, 9)),
    Window(28, 41, 2, 0.6, n=5, kernel="box", edge="black"),
]
PATCHES = [pixels(*window.shape, 3, seed=seed) for seed, window in enumerate(WINDOWS)]


def by_definition(patches, windows, shape, onto=0.0, **how):
    """The sums of the equation, in full, of patches with their channels last."""
    light, weight, opacity = np.zeros((3, *shape, 3))
    for patch, window in zip(patches, windows, strict=True):
        down, across = reference.pair(window.delta)
        w = 1 / (down * across)
        alpha = restore(np.ones((*window.shape, 1)), replace(window, gamma=1), shape, channel_axis=2)
        light += w * restore(patch, window, shape, channel_axis=2, **how)
        weight += w * alpha
        opacity += alpha
    shown = np.minimum(opacity, 1)
    return np.divide(light, weight, out=np.zeros_like(light), where=weight > 0) * shown + onto * (1 - shown)


@pytest.mark.parametrize("method", METHODS)
def test_the_mean_is_its_equation(method):
    found = restore_many(PATCHES, WINDOWS, SHAPE, blend="mean", method=method, channel_axis=2)
    expected = by_definition(PATCHES, WINDOWS, SHAPE, method=method)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_the_mean_hides_the_picture_below_as_far_as_it_is_opaque():
    picture = pixels(*SHAPE, 3, seed=9)
    found = restore_many(PATCHES, WINDOWS, SHAPE, blend="mean", onto=picture, channel_axis=2)
    np.testing.assert_allclose(found, by_definition(PATCHES, WINDOWS, SHAPE, picture), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("how", [{}, {"method": "inverse"}, {"gain": 1.5}, {"gain": 2, "method": "inverse"}])
@pytest.mark.parametrize("below", [0, 1])
def test_patches_that_add_up_are_the_sum_of_their_canvases(how, below):
    picture = below * pixels(*SHAPE, 3, seed=9)
    found = restore_many(PATCHES, WINDOWS, SHAPE, blend="add", onto=picture, channel_axis=2, **how)
    expected = picture + sum(
        restore(patch, window, SHAPE, channel_axis=2, **how)
        for patch, window in zip(PATCHES, WINDOWS, strict=True)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("blend", BLENDS)
@given(
    scene=scenes(), dtype=st.sampled_from([np.uint8, np.float32, np.float64]), method=st.sampled_from(METHODS)
)
def test_one_patch_is_restored_as_by_itself(blend, scene, dtype, method):
    shape, window = scene
    patch = pixels(*window.shape, dtype=dtype)
    found = restore_many([patch], [window], shape, blend=blend, method=method)
    expected = restore(patch, window, shape, method=method)
    assert found.dtype == expected.dtype
    scale = max(np.abs(expected).max(), 1e-30)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-6, atol=1e-12)


@given(st.lists(scenes(gamma=1), min_size=1, max_size=4))
def test_flat_patches_of_one_level_never_shine(scenes):
    shape, windows = scenes[0][0], [window for _, window in scenes]
    canvas = restore_many([np.full(w.shape, 200.0) for w in windows], windows, shape)
    assert canvas.min() >= 0
    assert canvas.max() <= 200 * (1 + 1e-9)


def test_flat_patches_of_any_scale_have_no_seam():
    windows = [Window(30, 40, d, d / 2, n=12) for d in (1, 2.5, 5)] + [Window(44, 52, 2, 1, n=(9, 14))]
    canvas = restore_many([np.full(w.shape, 180.0) for w in windows], windows, (70, 90))
    np.testing.assert_allclose(canvas[0:60, 10:70], 180, rtol=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("blend", ["refine", "mean"])
def test_a_flat_picture_stays_flat_whatever_is_put_back(seed, blend):
    flat, rng = np.full(SHAPE, 90.0), np.random.default_rng(seed)
    windows = [replace(WINDOWS[0], gx=gx, gy=gy) for gx, gy in rng.uniform(-5, 45, (6, 2))]
    patches = [read(flat, window) for window in windows]
    np.testing.assert_allclose(restore_many(patches, windows, SHAPE, blend=blend, onto=flat), 90, rtol=1e-9)


def test_the_finer_patch_weighs_more_by_the_area_of_its_stride():
    fine, coarse = Window(20, 22, 1, 0.5, n=16), Window(20, 22, 3, 1.5, n=16)
    canvas = restore_many(
        [np.full((16, 16), 200.0), np.full((16, 16), 100.0)], [fine, coarse], (41, 45), blend="mean"
    )
    assert canvas[20, 22] == pytest.approx((9 * 200 + 100) / 10)
    assert canvas[20, 5] == pytest.approx(100)


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("axis", [0, 1, pytest.param(2, marks=pytest.mark.slow), -1])
def test_channels_stay_where_they_are(blend, axis):
    moved = [frozen(np.moveaxis(patch, 2, axis)) for patch in PATCHES]
    below = pixels(*SHAPE, 3, seed=9)
    onto = frozen(np.moveaxis(below, 2, axis))
    found = restore_many(moved, WINDOWS, SHAPE, blend=blend, onto=onto, channel_axis=axis)
    expected = restore_many(PATCHES, WINDOWS, SHAPE, blend=blend, onto=below, channel_axis=2)
    np.testing.assert_allclose(np.moveaxis(found, axis, 2), expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("method", METHODS)
def test_strips_show_in_no_result(blend, method, monkeypatch):
    how = {"blend": blend, "method": method, "channel_axis": 2}
    shape = (130, 44)
    windows = [
        *WINDOWS,
        Window(90, 10, 6, 3, n=(20, 4)),
        Window(60, 20, 9, 40, n=3),
        Window(-300, 10, 2, 1, n=4),
        Window(400, 10, 2, 1, n=4),
    ]
    patches = [*PATCHES, *(pixels(*window.shape, 3, seed=7) for window in windows[4:])]
    whole = restore_many(patches, windows, shape, **how)
    monkeypatch.setattr(blending, "STRIP_BYTES", 1)  # 16 rows, the least
    np.testing.assert_allclose(restore_many(patches, windows, shape, **how), whole, rtol=1e-9, atol=1e-9)


def test_integers_give_float32_and_one_float64_gives_float64():
    small = [np.rint(patch).astype(np.uint8) for patch in PATCHES]
    assert restore_many(small, WINDOWS, SHAPE, channel_axis=2).dtype == np.float32
    assert restore_many([*small[:3], PATCHES[3]], WINDOWS, SHAPE, channel_axis=2).dtype == np.float64


@pytest.mark.parametrize(
    ("patches", "windows", "options", "message"),
    [
        ([], [], {}, "^each patch needs a window: got 0 patches, 0 windows$"),
        (PATCHES, WINDOWS[:3], {}, "^each patch needs a window: got 4 patches, 3 windows$"),
        (PATCHES, WINDOWS, {"blend": "max"}, "^blend must be refine, mean or add, got 'max'$"),
        (
            PATCHES,
            WINDOWS,
            {"gain": 2},
            "^a gain is of bare canvases, which add up; give blend='add' with it$",
        ),
        (
            [PATCHES[0], PATCHES[1][..., :2]],
            WINDOWS[:2],
            {},
            r"^patch 1 has channels \(2,\), patch 0 has \(3,\)$",
        ),
        (
            PATCHES,
            WINDOWS,
            {"onto": np.zeros((30, 44, 4))},
            r"^a picture of shape \(30, 44, 4\) takes no patches",
        ),
        (
            PATCHES,
            WINDOWS,
            {"onto": np.zeros((31, 44, 3))},
            r"^a picture of 31 x 44 is no canvas of 30 x 44$",
        ),
        (PATCHES[:1], WINDOWS[1:2], {}, "^a patch of 9 x 12 samples does not fit a window of 8 x 8$"),
    ],
)
def test_what_does_not_go_together_is_refused(patches, windows, options, message):
    with pytest.raises(GlimpseError, match=message):
        restore_many(patches, windows, SHAPE, channel_axis=2, **options)


@pytest.mark.parametrize("blend", BLENDS)
def test_tensors_blend_as_numpys_arrays_do(blend):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: the extra torch brings it")
    below = pixels(*SHAPE, 3, seed=9)
    few = slice(2 if blend == "refine" else None)
    for onto in (None, *([] if blend == "refine" else [below])):  # an edit is found in NumPy's pictures only
        tensors = [torch.tensor(patch, requires_grad=True) for patch in PATCHES[few]]
        given_onto = None if onto is None else torch.tensor(onto)
        found = restore_many(tensors, WINDOWS[few], SHAPE, blend=blend, onto=given_onto, channel_axis=2)
        expected = restore_many(PATCHES[few], WINDOWS[few], SHAPE, blend=blend, onto=onto, channel_axis=2)
        np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-6, atol=1e-6)
        found.sum().backward()
        assert all(torch.isfinite(tensor.grad).all() for tensor in tensors)


# a canvas that is refined


def slow_and_fine(rows, cols, seed=0):
    """A picture with detail of every size, 0 to 255, three channels."""
    rng = np.random.default_rng(seed)
    picture = sum(
        np.kron(rng.normal(0, 20, (rows // size + 1, cols // size + 1, 3)), np.ones((size, size, 1)))[
            :rows, :cols
        ]
        for size in (2, 5, 13)
    )
    return frozen(np.clip(128 + picture, 0, 255))


GLIMPSES = [
    Window(row, col, stride, n=16)
    for row, col in ((20, 30), (38, 60), (60, 40))
    for stride in (1, 2.5, 5)
]  # fmt: skip


def test_a_refined_canvas_is_nearer_to_its_scene_than_the_mean():
    scene = slow_and_fine(80, 96)
    patches = [np.rint(read(scene, window, channel_axis=2)) for window in GLIMPSES]
    covered = restore_many([np.ones(w.shape) for w in GLIMPSES], GLIMPSES, (80, 96), blend="mean") > 0.99
    errors = [
        np.sqrt(
            np.square(restore_many(patches, GLIMPSES, (80, 96), blend=blend, channel_axis=2) - scene)[
                covered
            ].mean()
        )
        for blend in ("refine", "mean")
    ]
    assert errors[0] < 0.85 * errors[1]


def test_what_a_refined_canvas_reads_is_nearly_what_the_finest_patches_are():
    scene = slow_and_fine(80, 96)
    patches = [read(scene, window, channel_axis=2) for window in GLIMPSES]
    canvas = restore_many(patches, GLIMPSES, (80, 96), channel_axis=2)
    for patch, window in zip(patches[::3], GLIMPSES[::3], strict=True):
        error = (read(canvas, window, channel_axis=2) - patch)[2:-2, 2:-2]
        assert np.sqrt(np.square(error).mean()) < 3


@pytest.mark.parametrize("at", [(0, 0), (79, 50), (40, 95), (-6, 40)])
def test_a_refined_canvas_does_not_overshoot_where_it_ends(at):
    scene = slow_and_fine(80, 96)
    windows = [Window(40, 48, 6, n=16), Window(*at, 2, n=16), Window(at[0] + 3, at[1] + 4, 1.5, n=12)]
    patches = [read(scene, window, channel_axis=2) for window in windows]
    canvas = restore_many(patches, windows, (80, 96), channel_axis=2)
    for line, before in ((canvas[-1], canvas[-4]), (canvas[:, -1], canvas[:, -4]), (canvas[0], canvas[3])):
        assert np.abs(line.mean() - before.mean()) < 12
        assert line.std() < 1.5 * before.std() + 5


def test_flat_glimpses_of_one_level_refine_to_that_level_without_a_seam():
    windows = [Window(30, 40, d, d / 2, n=12) for d in (1, 2.5, 5)] + [Window(44, 52, 2, 1, n=(9, 14))]
    canvas = restore_many([np.full(w.shape, 180.0) for w in windows], windows, (70, 90), blend="refine")
    np.testing.assert_allclose(canvas[2:58, 12:68], 180, atol=2)


def test_the_order_of_the_patches_shows_in_no_refined_canvas_of_several_strides():
    windows = [Window(20, 22, d, n=9) for d in (1, 2, 4)]
    patches = [pixels(9, 9, seed=k) for k in range(3)]
    found = [restore_many(patches[::k], windows[::k], (41, 45)) for k in (1, -1)]
    np.testing.assert_array_equal(*found)
