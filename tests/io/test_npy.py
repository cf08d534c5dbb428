"""Stacks of patches read back: the same patches and windows, and whatever else stands there is refused."""

import contextlib
import io
import zipfile

import numpy as np
import pytest
from strategies import pixels

from glimpse import GlimpseError, Window
from glimpse.io.npy import load_stack
from glimpse.io.picture import DecodeOptions

PATCHES = pixels(3, 4, 5, 3, dtype=np.uint8)
COLUMNS = {"gx": [1.0, 2, 3], "gy": [4.0, 5, 6], "delta": [[1, 2], [1, 2], [3, 3.5]], "sigma": [1.0, 1, 1]}
COLUMNS |= {"gamma": [1.0, 2, 1], "image": ["a.png", "x/b.png", "../c.png"], "kernel": ["box"] * 3}
COLUMNS |= {"edge": ["extend", "black", "extend"], "shape": [[30, 40]] * 3, "label": ["x", "y", "z"]}


def saved(name="s.npz", patches=PATCHES, **columns):
    np.savez(name, patches=patches, **{key: np.asarray(value) for key, value in columns.items()})
    return name


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_gives_its_patches_and_their_records(save):
    save(
        "s.npz",
        patches=PATCHES,
        **{k: np.asarray(v) for k, v in COLUMNS.items() if k != "delta"},
        delta=[2.0] * 3,
    )
    stack = load_stack("s.npz")
    assert len(stack) == 3
    np.testing.assert_array_equal(stack.picture(1).pixels, PATCHES[1])
    record = stack.record(1)
    assert record.window == Window(2, 5, 2, 1, gamma=2, n=(4, 5), kernel="box", edge="black")
    assert (record.shape, record.source) == ((30, 40), "b.png")


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_patches_knows_no_windows(order):
    np.save("s.npy", np.asarray(PATCHES, order=order))
    stack = load_stack("s.npy")
    np.testing.assert_array_equal(stack.picture(2).pixels, PATCHES[2])
    assert stack.record(2) is None


def test_whole_levels_with_alpha_come_multiplied_by_it():
    patches = np.zeros((1, 2, 2, 4), np.uint8)
    patches[...] = 200, 100, 50, 51
    picture = load_stack(saved(patches=patches)).picture(0)
    np.testing.assert_allclose(picture.pixels, np.broadcast_to([40, 20, 10, 51], (2, 2, 4)), rtol=1e-6)
    assert picture.alpha


def test_sixteen_bits_and_exact_numbers_keep_their_white():
    assert load_stack(saved(patches=np.ones((2, 3, 3), np.uint16))).picture(0).white == 65535
    exact = load_stack(saved(patches=np.ones((2, 3, 3, 1))), DecodeOptions(levels=(0, 2)))
    np.testing.assert_allclose(exact.picture(1).pixels, 127.5)


def test_a_stack_without_the_size_of_its_images_asks_for_a_canvas():
    stack = load_stack(saved(**{name: COLUMNS[name] for name in ("gx", "gy", "sigma")}, delta=[1.0] * 3))
    assert stack.record(0, (7, 8)).shape == (7, 8)
    with pytest.raises(GlimpseError, match="does not say how large its images are; give --canvas ROWS,COLS"):
        stack.record(0)


@pytest.mark.parametrize("name", ["gx", "delta", "kernel", "shape"])
def test_a_column_of_another_shape_or_type_is_refused(name):
    for bad in (
        np.zeros(4),
        np.zeros((3, 3)),
        np.array(["a", "b"]),
        np.array([b"a"] * 3),
        np.zeros(3, complex),
    ):
        with pytest.raises(GlimpseError, match=f"^its column {name} is an array of shape"):
            load_stack(saved(**{name: bad}))


def test_a_window_that_is_none_fails_alone():
    columns = {name: COLUMNS[name] for name in ("gx", "gy", "shape")} | {
        "sigma": [1.0, 0, 1],
        "delta": [1.0] * 3,
    }
    stack = load_stack(saved(**columns))
    assert stack.record(0).window.gx == 1
    with pytest.raises(GlimpseError, match=r"^sigma must be > 0"):
        stack.record(1)


@pytest.mark.parametrize(
    "patches",
    [np.zeros((4, 5)), np.zeros((0, 4, 5)), np.zeros((1, 2, 2, 2, 2)), np.array(["a"] * 8).reshape(2, 2, 2)],
)
def test_what_is_no_stack_of_patches_is_refused(patches):
    with pytest.raises(GlimpseError, match=r"is no stack of patches$"):
        load_stack(saved(patches=patches))


def test_values_that_are_not_finite_fail_their_patch_alone():
    patches = np.ones((2, 3, 3))
    patches[1, 1, 1] = np.nan
    stack = load_stack(saved(patches=patches))
    stack.picture(0)
    with pytest.raises(GlimpseError, match="not finite"):
        stack.picture(1)


def test_more_pixels_than_the_limit_are_refused_before_they_are_read():
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 500, 500)}
    )
    with zipfile.ZipFile("s.npz", "w") as archive:
        archive.writestr("patches.npy", header.getvalue())
    with pytest.raises(GlimpseError, match=r"^1000000 patches of 500 x 500 are more than"):
        load_stack("s.npz")


def test_text_of_many_bytes_is_refused_before_it_is_read():
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<U99999999", "fortran_order": False, "shape": (3,)}
    )
    saved()
    with zipfile.ZipFile("s.npz", "a") as archive:
        archive.writestr("image.npy", header.getvalue())
    with pytest.raises(GlimpseError, match=r"^its column image"):
        load_stack("s.npz")


def test_objects_are_never_unpickled():
    np.savez("s.npz", patches=PATCHES, image=np.array([{}, {}, {}], dtype=object))
    with pytest.raises(GlimpseError, match=r"^its column image"):
        load_stack("s.npz")


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_archive_is_refused_or_read_and_never_a_traceback(seed):
    rng = np.random.default_rng(seed)
    columns = {k: np.asarray(v) for k, v in COLUMNS.items()}
    (np.savez_compressed if seed % 2 else np.savez)("s.npz", patches=PATCHES, **columns)
    with open("s.npz", "rb") as file:
        data = bytearray(file.read())
    for place in rng.integers(0, len(data), 8):
        data[place] = rng.integers(0, 256)
    with open("s.npz", "wb") as file:
        file.write(data[: len(data) - int(rng.integers(0, 200)) * (seed % 3 == 0)])
    with contextlib.suppress(GlimpseError):
        stack = load_stack("s.npz")
        for index in range(len(stack)):
            stack.picture(index)
            stack.record(index, (5, 5))
