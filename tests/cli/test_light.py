"""Linear light: levels there and back, and means that an eye would take."""

import io
import json
import struct
from shlex import split

import numpy as np
import pytest
from helpers import invoke, opened, save
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from glimpse import Window, from_light, read, restore, restore_many, to_light
from glimpse.drawing import figure, viewport
from glimpse.errors import GlimpseError
from glimpse.io.light import curve_of

TABLE = np.linspace(0, 1, 100) ** 1.8
CURVES = {"srgb": "srgb", "power": 2.2, "table": TABLE}


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
@given(levels=st.lists(st.floats(-300, 300), min_size=1, max_size=9))
def test_levels_come_back_from_light(curve, levels):
    levels = np.clip(levels, -255, 255) if isinstance(curve, np.ndarray) else np.array(levels)
    np.testing.assert_allclose(from_light(to_light(levels, 255, curve), 255, curve), levels, atol=1e-6)


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_black_and_white_stay_and_light_grows(curve, dtype):
    white = 65535 if dtype == np.uint16 else 255
    light = to_light(np.linspace(0, white, 50).astype(dtype), white, curve)
    assert light.dtype == np.float32
    np.testing.assert_allclose(light[[0, -1]], [0, white], rtol=1e-6)
    assert (np.diff(light) > 0).all()
    assert (light[1:-1] < np.linspace(0, white, 50)[1:-1]).all()


def checkerboard(*channels):
    board = np.indices((16, 24)).sum(axis=0) % 2 * 255
    return np.stack([board] * channels[0], axis=-1).astype(np.uint8) if channels else board.astype(np.uint8)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_checkerboard_at_half_its_size_is_188(channels):
    save("a.png", checkerboard(*channels))
    how = "--box 0,0,24,16 -n 8,12 --kernel box"
    assert invoke(*split(f"read a.png {how} --linear -o light.png")).exit_code == 0
    assert invoke(*split(f"read a.png {how} -o levels.png")).exit_code == 0
    assert set(np.unique(opened("light.png"))) == {188}
    assert set(np.unique(opened("levels.png"))) <= {127, 128}
    assert json.loads(invoke("info", "light.png").stdout)["linear"] is True
    assert "linear" not in json.loads(invoke("info", "levels.png").stdout)


def test_read_is_the_library_between_the_two_functions_and_alpha_is_no_light():
    array = np.random.default_rng(1).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    save("a.png", array)
    assert invoke(*split("read a.png --row 9 --col 14 --delta 2 -n 6 --linear -o p.npy")).exit_code == 0
    alpha = array[..., 3:] / 255
    light = np.concatenate([to_light(array[..., :3].astype(float)) * alpha, array[..., 3:]], axis=2)
    patch = read(light, Window(9, 14, 2, 1, n=6), channel_axis=2)
    wanted = np.concatenate([from_light(patch[..., :3] / patch[..., 3:] * 255), patch[..., 3:]], axis=2)
    np.testing.assert_allclose(np.load("p.npy"), wanted, atol=0.02)


@pytest.mark.parametrize(
    ("color", "curve"),
    [
        ({}, "srgb"),
        ({"sRGB": b"\0", "gAMA": struct.pack(">I", 50000)}, "srgb"),
        ({"gAMA": struct.pack(">I", 50000)}, 2.0),
        ({"gAMA": bytes(4)}, "srgb"),
        ({"cICP": bytes([1, 8, 0, 1])}, 1.0),
        ({"icc_profile": b"RGB " * 20}, "srgb"),
        ({"icc_profile": bytes(128) + b"\0\0\0\1gTRC" + struct.pack(">II", 144, 14)
          + b"para\0\0\0\0\0\x09\0\0" + bytes(40)}, "srgb"),
        ({"icc_profile": bytes(128) + b"\0\0\0\1gTRC" + struct.pack(">II", 144, 14)
          + b"curv\0\0\0\0\0\0\0\1" + struct.pack(">H", 461)}, 461 / 256),
        ({"icc_profile": bytes(128) + b"\0\0\0\1kTRC" + struct.pack(">II", 144, 12)
          + b"curv" + bytes(8)}, 1.0),
    ],
)  # fmt: skip
def test_the_curve_is_the_one_that_the_picture_tells(color, curve):
    assert curve_of(color) == curve


def test_the_profile_of_srgb_has_srgbs_curve():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    levels = np.arange(256.0)
    found = to_light(levels, 255, curve_of({"icc_profile": profile}))
    np.testing.assert_allclose(found, to_light(levels), atol=0.02)


def test_high_dynamic_range_and_labels_are_refused():
    with pytest.raises(GlimpseError, match="high dynamic range"):
        curve_of({"cICP": bytes([9, 16, 0, 1])})
    save("a.png", checkerboard())
    assert "leave out --linear" in invoke(*split("read a.png --linear --nearest -o p.png")).stderr


def test_the_gamma_of_a_png_is_used():
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add(b"gAMA", struct.pack(">I", 100000))
    Image.fromarray(checkerboard()).save(file := io.BytesIO(), "PNG", pnginfo=info)
    with open("a.png", "wb") as out:
        out.write(file.getvalue())
    invoke(*split("read a.png --box 0,0,24,16 -n 8,12 --kernel box --linear -o p.png"))
    assert set(np.unique(opened("p.png"))) <= {127, 128}


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
def test_a_crop_of_light_goes_back_bit_for_bit(mode):
    rng = np.random.default_rng(5)
    channels = {"LA": (2,), "RGB": (3,), "RGBA": (4,)}.get(mode, ())
    deep = mode == "I;16"
    picture = rng.integers(0, 65536 if deep else 256, (20, 30, *channels), np.uint16 if deep else np.uint8)
    save("a.png", picture)
    how = "--row 8 --col 20 --delta 1.7 -n 9,11 --gamma 1.4 --edge black"
    assert invoke(*split(f"read a.png {how} --linear -o p.png")).exit_code == 0
    result = invoke(*split("write p.png --onto a.png -o b.png"))
    assert "nothing was touched" in result.stderr
    np.testing.assert_array_equal(opened("b.png"), picture)
    assert json.loads(invoke(*split("info --check p.png a.png")).stdout)["same"]


def test_an_edit_of_a_crop_of_light_changes_its_place_alone():
    picture = np.random.default_rng(5).integers(60, 120, (20, 30, 3), np.uint8)
    save("a.png", picture)
    assert invoke(*split("read a.png --box 4,4,16,12 -n 6,8 --linear -o p.png")).exit_code == 0
    patch = opened("p.png").copy()
    patch[2:4, 3:5] = 200
    save("edited.png", patch)
    assert invoke(*split("write edited.png --like p.png --onto a.png -o b.png")).exit_code == 0
    changed = (opened("b.png") != picture).any(axis=2)
    assert changed[8:12, 10:14].all()
    assert not changed[:4].any()
    assert not changed[16:].any()
    assert not changed[:, :4].any()
    assert abs(opened("b.png")[9:11, 11:13].mean() - 200) < 12


def test_the_negative_of_a_crop_of_light_is_the_negative_of_the_pixels():
    y, x = np.mgrid[:30, :40]
    picture = np.rint(np.stack([130 + 100 * np.sin(x / 3 + k + y / 4) for k in range(3)], 2)).astype(np.uint8)
    save("a.png", picture)
    assert invoke(*split("read a.png --box 4,5,32,20 -n 24,30 --linear -o p.png")).exit_code == 0
    save("edited.png", 255 - opened("p.png"))
    assert invoke(*split("write edited.png --like p.png --onto a.png -o b.png")).exit_code == 0
    picture[5:25, 4:36] = 255 - picture[5:25, 4:36]
    assert np.abs(opened("b.png").astype(int) - picture).max() <= 1


HOW = "--row 9 --col 14 --delta 2.5 --sigma 1.5 -n 8"
MOVES = HOW.replace("14", "14:16")
LOOK = Window(9, 14, 2.5, 1.5, n=8)


@pytest.fixture
def scene():
    """A picture of bright dots, whose light is not the light of its mean."""
    array = np.random.default_rng(3).choice([0, 60, 255], (20, 30, 3), p=[0.5, 0.3, 0.2]).astype(np.uint8)
    return save("a.png", array), array


def test_a_canvas_of_light_is_the_librarys_between_the_two_functions(scene):
    assert invoke(*split(f"read a.png {HOW} --linear -o p.png")).exit_code == 0
    assert invoke(*split("write p.png -o c.png")).exit_code == 0
    wanted = from_light(restore(to_light(opened("p.png")), LOOK, (20, 30), channel_axis=2))
    np.testing.assert_allclose(opened("c.png"), wanted, atol=0.51)
    assert json.loads(invoke("info", "c.png").stdout)["linear"] is True
    # of a crop without a record the user says so
    assert invoke(*split(f"read a.png {HOW} --linear -o p.npy")).exit_code == 0
    assert invoke(*split(f"write p.npy {HOW} --canvas 20,30 --linear -o d.png")).exit_code == 0
    np.testing.assert_allclose(opened("d.png").astype(int), opened("c.png"), atol=1)
    assert invoke(*split(f"write p.npy {HOW} --canvas 20,30 -o e.png")).exit_code == 0
    assert np.abs(opened("e.png").astype(int) - opened("d.png")).max() > 5
    assert "linear" not in json.loads(invoke("info", "e.png").stdout)


@pytest.mark.parametrize("mode", ["alpha", "deep"])
def test_a_flat_patch_of_light_keeps_its_level_over_any_picture(mode):
    white = 65535 if mode == "deep" else 255
    flat = np.full(
        (20, 30, *((4,) if mode == "alpha" else ())), white // 3, np.uint16 if white > 255 else np.uint8
    )
    save("a.png", flat)
    assert invoke(*split("read a.png --box 6,4,16,12 -n 6,8 --linear -o p.png")).exit_code == 0
    for more in ("", "--onto a.png --blend mean", "--onto a.png --blend refine"):
        assert invoke(*split(f"write p.png {more} -o c.png --overwrite")).exit_code == 0
        inner = opened("c.png")[7:13, 10:18].astype(int)
        assert np.abs(inner - white // 3).max() <= white / 255


def test_patches_of_light_and_of_levels_share_a_canvas_of_light(scene):
    invoke(*split(f"read a.png {HOW} --linear -o p.png"))
    invoke(*split(f"read a.png {HOW} -o q.png"))
    assert invoke(*split("write p.png q.png --blend mean -o c.png")).exit_code == 0
    parts = [to_light(opened(name)) for name in ("p.png", "q.png")]
    wanted = restore_many(parts, [LOOK, LOOK], (20, 30), blend="mean", channel_axis=2)
    np.testing.assert_allclose(opened("c.png"), from_light(wanted), atol=1)


def test_a_stack_of_light_says_so_and_is_restored_as_its_patches_are(scene):
    table = "gx,gy,delta,sigma\n9,14,2.5,1.5\n9,15,2.5,1.5\n"
    with open("t.csv", "w") as file:
        file.write(table)
    how = "read a.png --table t.csv -n 8"
    assert invoke(*split(f"{how} --linear -o s.npz")).exit_code == 0
    assert invoke(*split(f"{how} -o levels.npz")).exit_code == 0
    assert invoke(*split(f"{how} --linear -o p-{{index}}.png")).exit_code == 0
    with np.load("s.npz") as stack, np.load("levels.npz") as levels:
        assert stack["linear"].tolist() == [True, True]
        assert "linear" not in levels.files
        np.testing.assert_array_equal(stack["patches"][1], opened("p-1.png"))
    invoke(*split("write s.npz -o c.png"))
    invoke(*split("write p-0.png p-1.png -o d.png"))
    np.testing.assert_array_equal(opened("c.png"), opened("d.png"))
    assert json.loads(invoke("info", "c.png").stdout)["linear"] is True


def test_films_and_drawings_of_light_show_what_read_reads(scene):
    invoke(*split(f"read a.png {HOW} --linear -o p.png"))
    assert (
        invoke(*split(f"sweep a.png {MOVES} --frames 3 --plain --linear -o s-{{index}}.png")).exit_code == 0
    )
    np.testing.assert_array_equal(opened("s-0.png"), opened("p.png"))
    assert json.loads(invoke("info", "s-0.png").stdout)["linear"] is True
    assert invoke(*split(f"sweep a.png {MOVES} --frames 3 --plain --linear -o s.webp")).exit_code == 0
    np.testing.assert_array_equal(opened("s.webp"), opened("p.png"))
    assert json.loads(invoke("info", "s.webp").stdout)["linear"] is True
    assert invoke(*split(f"show a.png {HOW} --linear --width 400 -o show.png")).exit_code == 0
    image = viewport.thumbnail(scene[1], 255)
    expected = figure.show(image, LOOK, opened("p.png"), (20, 30), width=400)
    np.testing.assert_array_equal(opened("show.png"), expected)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("show a.png --linear -o a.html", "-o a.html shows levels; leave out --linear"),
        ("show a.png --linear --profile -o b.png", "--profile shows levels; leave out --linear"),
        ("sweep a.png --delta 1:2 --linear --profile -o b.gif", "--profile draws levels; leave out --linear"),
        ("write n.png --linear -o b.png", "it is of labels, which are no light; leave out --linear"),
    ],
)
def test_what_shows_no_light_says_so(scene, line, message):
    invoke(*split("read a.png --nearest -n 4 -o n.png"))
    result = invoke(*split(line))
    assert result.exit_code in (1, 2)
    assert message in result.stderr
