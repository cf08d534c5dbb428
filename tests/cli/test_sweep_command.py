"""`glimpse sweep`: the frames are the library's reads, the delays sum to what was asked."""

import io
import json
import os
import sys
from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import SHAPE, invoke, lines, noise, opened, record, rounded, save
from PIL import Image
from skimage.data import astronaut

from glimpse import Window, read
from glimpse.drawing import panels, paths, profile, viewport


@pytest.fixture
def grey():
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return save("g.png", (4 * rows + 3 * cols).astype(np.uint8) ^ (noise(*SHAPE) & 15))


def shown(source, count, step):
    """The picture that stands at each step of milliseconds, and the milliseconds in all."""
    pictures, ends = [], []
    with Image.open(source) as animation:
        for i in range(animation.n_frames):
            animation.seek(i)
            pictures.append(np.asarray(animation.convert("RGB")))
            ends.append((ends or [0])[-1] + animation.info["duration"])
    found = [pictures[int(np.searchsorted(ends, i * step, "right"))] for i in range(count)]
    return found, ends[-1]


def info(source):
    """The record that info prints, without the name of the file."""
    return {key: value for key, value in json.loads(invoke("info", source).stdout).items() if key != "file"}


def ends(source, name):
    """The first and the last value of a number, or the one that it keeps."""
    values = info(source)
    last = values.get("last", {})
    return [values[name], last[name]] if name in last else values[name]


def grey_face():
    face = np.ascontiguousarray(astronaut()[60:275, 130:380, 1])
    return face, save("face.png", face)


# 48 is the default
SWEEPS = {"delta": ("1:8", 6, "gif"), "sigma": ("0.5:8", 6, "gif"), "gx": ("0:214", 48, "webp")}


@pytest.mark.parametrize("name", SWEEPS)
def test_the_frames_of_a_photograph_are_its_reads(name):
    ends, count, suffix = SWEEPS[name]
    face, path = grey_face()
    fixed = {"gx": 90.0, "gy": 130.0, "delta": 5.0, "sigma": 2.5}
    typed = [f"--{key}={value}" for key, value in fixed.items() if key != name]
    typed += [] if count == 48 else ["--frames", count]
    result = invoke("sweep", path, f"--{name}", ends, *typed, *split(f"-n 28 --zoom 1 --plain -o s.{suffix}"))
    assert result.exit_code == 0, result.stderr
    first, last = map(float, ends.split(":"))
    windows = paths.path(*(Window(**{**fixed, name: end}, n=28) for end in (first, last)), count)
    frames, total = shown(f"s.{suffix}", count, 40)
    for frame, window in zip(frames, windows, strict=True):
        assert np.abs(frame.astype(int) - rounded(read(face, window))[..., None]).max() <= 1
    assert total == (count - 1) * 40 + 600
    assert Image.open(f"s.{suffix}").info["loop"] == 0
    assert info(f"s.{suffix}") == {
        **Window(**fixed, n=28).to_dict(),
        **{"glimpse": 2, "axes": "gx=row, gy=col", "shape": [215, 250], "source": "face.png"},
        **{name: first, "last": {name: last}},
    }


@pytest.mark.parametrize(
    ("frames", "fps", "hold"), [(7, 24, 0.6), (10, 12.5, 2), (5, 7, 0), (2, 50, 0.1), (1, 25, 1)]
)
def test_the_delays_sum_to_what_was_asked(frames, fps, hold, grey):
    how = split(f"--frames {frames} --fps {fps} --hold {hold} -n 2 --zoom 1")
    result = invoke("sweep", grey, "--gx", "0:29", *how, "--plain", "-o", "s.gif")
    with Image.open("s.gif") as animation:
        total = sum(seek(animation, i).info.get("duration", 0) for i in range(animation.n_frames))
    expected = (frames - 1) / fps + max(hold, 1 / fps)
    if frames > 1:
        assert abs(total / 1000 - expected) <= 0.01
    assert f"{frames} frame{'s' * (frames > 1)} of 2 x 2, {expected:.2f} s" in result.stderr


def seek(animation, index):
    animation.seek(index)
    return animation


@pytest.mark.parametrize(
    ("suffix", "plain"),
    [(".webp", ["--plain"]), (".apng", ["--plain"]), (".WEBP", ["--plain"]), (".webp", []), (".apng", [])],
)
def test_webp_and_apng_are_exact(suffix, plain, image):
    name = f"s{suffix}"
    assert invoke(*split(f"sweep {image} --delta 0.5:2 --frames 5 -n 9 -o {name}"), *plain).exit_code == 0
    windows = paths.path(Window.centered(SHAPE, 9, delta=0.5), Window.centered(SHAPE, 9, delta=2), 5)
    patches = [rounded(read(opened(image), window, channel_axis=2)) for window in windows]
    expected = patches if plain else list(panels.frames(opened(image), windows, patches))
    for frame, wanted in zip(shown(name, 5, 40)[0], expected, strict=True):
        np.testing.assert_array_equal(frame, wanted)
    assert ends(name, "delta") == [0.5, 2]


def test_a_boomerang_plays_there_and_back_without_doubled_ends(grey):
    how = split("--gx 5:25 --gy 20 --frames 4 --boomerang --plain -n 12 --fps 10")
    assert invoke("sweep", grey, *how, "-o", "s.webp").exit_code == 0
    windows = paths.path(Window.centered(SHAPE, 12, gx=5, gy=20), Window.centered(SHAPE, 12, gx=25, gy=20), 4)
    frames, total = shown("s.webp", 6, 100)
    assert total == 600
    for frame, i in zip(frames, [0, 1, 2, 3, 2, 1], strict=True):
        np.testing.assert_array_equal(frame[..., 0], rounded(read(opened(grey), windows[i])))
    assert ends("s.webp", "gx") == [5, 25]


@pytest.mark.parametrize(("frames", "count"), [(1, 1), (2, 2), (3, 4), (5, 8)])
def test_short_boomerangs_come_out(frames, count, grey):
    result = invoke(
        "sweep", grey, *split(f"--gx 5:25 --frames {frames} -n 2 --zoom 1 --boomerang --plain -o s.gif")
    )
    assert result.exit_code == 0
    assert f"{count} frame" in result.stderr


def test_two_ranges_change_together(grey):
    assert (
        invoke("sweep", grey, *split("--gx 5:25 --sigma 0.5:4 --frames 3 --plain -o s.webp")).exit_code == 0
    )
    windows = [Window.centered(SHAPE, gx=gx, sigma=sigma) for gx, sigma in ((5, 0.5), (15, 2**0.5), (25, 4))]
    for frame, window in zip(shown("s.webp", 3, 40)[0], windows, strict=True):
        np.testing.assert_array_equal(frame[..., 0], rounded(read(opened(grey), window)))
    assert (ends("s.webp", "gx"), ends("s.webp", "sigma")) == ([5, 25], [0.5, 4])


def test_a_swept_stride_takes_its_default_sigma_along(grey):
    assert invoke("sweep", grey, *split("--delta 1:4 --frames 2 --plain -o s.webp")).exit_code == 0
    assert (ends("s.webp", "delta"), ends("s.webp", "sigma")) == ([1, 4], [0.5, 2])


def test_a_range_may_be_in_percent_and_fall(grey):
    assert (
        invoke("sweep", grey, *split("--gx 100%:0 --gy -10:50% --frames 2 --plain -o s.webp")).exit_code == 0
    )
    assert (ends("s.webp", "gx"), ends("s.webp", "gy")) == ([29.5, 0], [-10, 21.5])


def test_zoom_enlarges_the_patch(grey):
    invoke("sweep", grey, *split("--gx 5:25 --frames 2 --plain -n 9,12 --zoom 3 -o s.webp"))
    invoke("sweep", grey, *split("--gx 5:25 --frames 2 --plain -n 9,12 -o t.webp"))
    one, three = (shown(name, 2, 40)[0] for name in ("t.webp", "s.webp"))
    np.testing.assert_array_equal(three[1], viewport.enlarge(one[1], 3))


def test_stills_are_named_by_the_template_and_remember_their_windows(grey):
    result = invoke(
        "sweep", grey, *split("--gx 5:25 --frames 3 --plain -n 9"), "-o", "f/{stem}-{index:03d}-{gx:g}.png"
    )
    assert result.exit_code == 0
    assert sorted(os.listdir("f")) == ["g-000-5.png", "g-001-15.png", "g-002-25.png"]
    window = Window.centered(SHAPE, 9, gx=15)
    np.testing.assert_array_equal(opened("f/g-001-15.png"), rounded(read(opened(grey), window)))
    assert Window.from_dict({key: record("f/g-001-15.png")[key] for key in window.to_dict()}) == window


def test_stills_of_panels_are_the_panels(image):
    assert invoke("sweep", image, *split("--gx 5:25 --frames 2 -n 9"), "-o", "{index}.png").exit_code == 0
    windows = [Window.centered(SHAPE, 9, gx=gx) for gx in (5, 25)]
    patches = [rounded(read(opened(image), window, channel_axis=2)) for window in windows]
    for i, panel in enumerate(panels.frames(opened(image), windows, patches)):
        np.testing.assert_array_equal(opened(f"{i}.png"), panel)


def test_stills_that_share_a_name_are_refused_before_any_is_written(grey):
    result = invoke("sweep", grey, *split("--gx 5:25 --frames 3"), "-o", "f/{stem}.png")
    assert result.exit_code == 2
    assert "f/g.png" in result.stderr
    assert not Path("f").exists()


def test_stills_keep_16_bits(folder):
    deep = np.random.default_rng(0).integers(0, 65536, SHAPE, dtype=np.uint16)
    save("d.png", deep)
    assert (
        invoke("sweep", "d.png", *split("--gx 5:25 --frames 2 --plain -n 9"), "-o", "{index}.png").exit_code
        == 0
    )
    expected = np.rint(read(deep, Window.centered(SHAPE, 9, gx=5)))
    np.testing.assert_array_equal(opened("0.png"), expected)


def test_an_animation_goes_through_a_pipe(image):
    result = invoke(
        "sweep",
        "-",
        *split("--gx 5:25 --frames 3 -n 3 --zoom 2 --plain -o -"),
        stdin=Path(image).read_bytes(),
    )
    invoke("sweep", image, *split("--gx 5:25 --frames 3 -n 3 --zoom 2 --plain -o s.gif"))
    frames, total = shown(io.BytesIO(result.stdout_bytes), 3, 40)
    wanted, also = shown("s.gif", 3, 40)
    np.testing.assert_array_equal(frames, wanted)
    assert total == also
    Path("pipe.gif").write_bytes(result.stdout_bytes)
    assert info("pipe.gif") == {**info("s.gif"), "source": "stdin"}


@pytest.mark.parametrize("suffix", ["gif", "webp", "apng"])
def test_like_repeats_a_sweep_on_another_image(suffix, image):
    how = split("--gx 5:25 --sigma 2 --frames 3 -n 3,4 --kernel box --edge black --zoom 2 --plain")
    invoke("sweep", image, *how, "-o", f"s.{suffix}")
    save("b.png", noise(25, 60, 3, seed=1))
    again = split(f"--like s.{suffix} --frames 3 --zoom 2 --plain -o t.{suffix}")
    assert invoke("sweep", "b.png", *again).exit_code == 0
    assert info(f"t.{suffix}") == {**info(f"s.{suffix}"), "shape": [25, 60], "source": "b.png"}
    assert invoke("sweep", image, *again, "--overwrite").exit_code == 0
    np.testing.assert_array_equal(shown(f"t.{suffix}", 3, 40)[0], shown(f"s.{suffix}", 3, 40)[0])


def test_like_a_sweep_with_one_number_changed(image):
    invoke("sweep", image, *split("--gx 5:25 --frames 3 --plain -o s.webp"))
    assert (
        invoke("sweep", image, *split("--like s.webp --sigma 3 --frames 2 --plain -o t.webp")).exit_code == 0
    )
    assert (ends("t.webp", "gx"), ends("t.webp", "sigma")) == ([5, 25], 3)


def test_like_a_patch_with_a_range(image):
    invoke("read", image, *split("--gx 5 --sigma 2 -n 9 -o p.png"))
    assert (
        invoke("sweep", image, *split("--like p.png --gx 5:25 --frames 2 --plain -o t.webp")).exit_code == 0
    )
    assert (ends("t.webp", "gx"), ends("t.webp", "sigma"), info("t.webp")["n"]) == ([5, 25], 2, 9)


def test_reading_like_a_sweep_is_refused_for_it_has_no_single_window(image):
    invoke("sweep", image, *split("--gx 5:25 --frames 2 --plain -o s.webp"))
    result = invoke("read", image, "--like", "s.webp", "-o", "p.png")
    assert result.exit_code == 2
    assert "names no single window" in result.stderr


@pytest.mark.parametrize("ends", ["4:4", "4:4.0"])
def test_a_range_that_does_not_change_is_refused_or_leaves_a_file_that_info_reads(ends, image):
    result = invoke("sweep", image, "--delta", ends, "--frames", "2", "--plain", "-o", "s.webp")
    assert result.exit_code == 2 or info("s.webp")["delta"] == 4


def test_a_sweep_that_the_command_line_holds_still_is_refused(image):
    invoke("sweep", image, *split("--gx 5:25 --frames 2 --plain -o s.webp"))
    result = invoke("sweep", image, *split("--like s.webp --gx 7 --frames 2 -o t.webp"))
    assert result.exit_code == 2
    assert "nothing changes" in result.stderr


def test_the_summary_tells_frames_seconds_and_size(image):
    result = invoke("sweep", image, *split("--gx 5:25 --frames 4 -n 9 --zoom 1 --plain -o s.gif"))
    kilobytes = round(Path("s.gif").stat().st_size / 1000)
    (line,) = lines(result.stderr)
    assert line.startswith("a.png: 4 frames of ")
    assert f", 0.72 s, {kilobytes} kB, row 5:25 (gx), col 21.5 (gy), " in line
    assert line.endswith(" -> s.gif")


def test_the_summary_tells_of_a_gamma_that_changes(image):
    told = invoke("sweep", image, *split("--gx 5:25 --gamma 0.5:2 --frames 2 --plain -o s.webp")).stderr
    assert ", gamma 0.5:2 -> s.webp" in told
    told = invoke("sweep", image, *split("--gx 5:25 --gamma 2 --frames 2 --plain -o t.webp")).stderr
    assert "gamma" not in told


def test_the_summary_tells_which_frames_lie_beyond_the_image(image):
    how = split("--gx -96:129 --gy 9 --delta 1 --frames 10 -n 9 --zoom 1 -o s.webp --boomerang --plain")
    told = invoke("sweep", image, *how).stderr
    assert "; the window lies wholly beyond the image (frames 1 to 4, 7 to 10 of 10)" in told


def test_a_box_of_the_environment_may_have_spaces(image):
    for text in ("1, 2, 30, 20", "1,2,30,20"):
        result = invoke(
            "sweep",
            image,
            *split("--gamma 1:2 --frames 1 -n 9 --zoom 1 --plain --overwrite"),
            env={"GLIMPSE_BOX": text},
        )
        assert "row 11.5 (gx), col 15.5 (gy)" in result.stderr
    two = invoke(
        "sweep", image, *split("--frames 1 -n 9 --plain -o t.gif"), env={"GLIMPSE_BOX": "1,2, 30,20  3,4,9,9"}
    )
    assert "row 11.5:8 (gx), col 15.5:7 (gy)" in two.stderr


def test_a_large_animation_is_told_how_to_become_smaller(image, monkeypatch):
    monkeypatch.setattr(sys.modules["glimpse.batch.films"], "LARGE", 100)
    assert (
        "kB; --frames or .webp make it smaller"
        in invoke("sweep", image, "--gx", "5:25", "--frames", "2", "-n", "9", "--zoom", "1", "--plain").stderr
    )


def test_too_much_work_is_refused_before_it_is_done(image):
    result = invoke("sweep", image, *split("--gx 5:25 --frames 999 -n 4096 --plain -o s.gif"))
    assert result.exit_code == 1
    assert "999 frames of 4096 x 4096 pixels are more than 59652323 pixels; give less" in result.stderr


def test_a_panel_that_is_too_large_is_refused_before_it_is_made(image):
    result = invoke("sweep", image, *split("--gx 5:25 --frames 2 -n 4096 --zoom 512 -o s.gif"))
    assert result.exit_code == 1
    assert "2 frames of 2097152 x 2097152 pixels are more than " in result.stderr


FRAGILE = {
    "a webp of over 16383 pixels": "--sigma 1:2 --frames 2 -n 4096,1 --zoom 5 --plain -o s.webp",
    "a gif that stands for over 655 s": "--gx -9000:-8000 --frames 80 --fps 0.1 --plain -n 3 -o s.gif",
}


@pytest.mark.parametrize("how", FRAGILE.values(), ids=FRAGILE)
def test_what_a_format_cannot_hold_is_told_in_one_line(how, image):
    result = invoke("sweep", image, *split(how))
    assert result.exit_code in (1, 2), result.stderr
    assert len(lines(result.stderr)) == 1


ODD = {
    "one frame": "--gx 1:2 --frames 1",
    "one filter": "--gx 1:2 --frames 2 -n 1",
    "a large window": "--delta 1:90 --frames 2",
    "far away": "--gx -9000:-8000 --frames 2 -n 9",
    "a tall patch": "--gx 1:2 --frames 2 -n 100,1",
    "a wide patch": "--gx 1:2 --frames 2 -n 1,100",
    "black beyond": "--gy -90:0 --frames 2 --edge black",
    "the largest gamma": "--gamma 1:1e9 --frames 2",
    "the farthest centre": "--gx -1e9:0 --frames 2",
    "all five": "--gx 1:2 --gy 3:4 --delta 1:2 --sigma 1:2 --gamma 1:2 --frames 2",
}


@pytest.mark.parametrize("plain", ["--width 320", "--plain"])
@pytest.mark.parametrize("how", ODD.values(), ids=ODD)
def test_odd_sweeps_come_out(how, plain, image):
    result = invoke("sweep", image, *split(f"{how} {plain} -o s.webp"))
    assert result.exit_code == 0, result.stderr
    assert opened("s.webp").shape[2] in (3, 4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 5, 2), (3, 5, 4)])
def test_odd_images_are_swept(shape):
    save("o.png", noise(*shape))
    for how in ("--width 320 -o s.webp", "--zoom 2 -o s.gif --plain"):
        result = invoke("sweep", "o.png", *split(f"--sigma 0.5:2 --frames 2 -n 9 {how}"))
        assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize("name", ["c.png", "C.PNG"])
def test_an_animation_is_no_png_and_the_advice_works(name, image):
    result = invoke("sweep", image, *split(f"--gx 5:25 --frames 2 -n 9 -o {name}"))
    assert result.exit_code == 2
    assert f"-o {name}: an animation is .gif, .webp or .apng; stills are {{index:03d}}.png" in result.stderr
    for other in ("c.apng", "{index:03d}.png"):
        assert invoke("sweep", image, *split("--gx 5:25 --frames 2 -n 9 --plain"), "-o", other).exit_code == 0
    assert sorted(os.listdir()) == ["000.png", "001.png", "a.png", "c.apng"]


def test_sigma_follows_delta_in_proportion_along_a_sweep_like_a_patch(image):
    invoke("read", image, *split("--delta 2 --sigma 1.5 -n 9 -o p.png"))
    result = invoke("sweep", image, *split("--like p.png --delta 1:8 --frames 2 --zoom 1 --plain -o s.gif"))
    assert (ends("s.gif", "delta"), ends("s.gif", "sigma")) == ([1, 8], [0.75, 6])
    assert "sigma 0.75:6" in result.stderr
    assert "sigma follows delta" in result.stderr


def test_n_is_swept_with_every_patch_in_the_middle(image):
    result = invoke("sweep", image, *split("-n 2:8 --frames 3 --fps 10 -o n.apng"))
    assert result.exit_code == 0, result.stderr
    assert "n 2:8" in result.stderr
    told = info("n.apng")
    assert (told["n"], told["last"]["n"]) == (2, 8)
    invoke("sweep", image, *split("-n 2:8 --frames 3 --plain -o {index}.png"))
    assert [opened(f"{index}.png").shape[:2] for index in range(3)] == [(2, 2), (4, 4), (8, 8)]
    invoke("sweep", image, *split("-n 2:8 --frames 3 --plain -o p.apng"))
    with Image.open("p.apng") as animation:
        assert animation.size == (256, 256)


def test_the_filters_move_over_a_profile(image):
    words = split("--col 10:30 --row 9 --delta 2 -n 6 --profile --frames 2 --theme light --width 640")
    result = invoke("sweep", image, *words, "-o", "{index}.png")
    assert result.exit_code == 0, result.stderr
    source = opened(image)
    windows = paths.path(Window(9, 10, 2, 1, n=6), Window(9, 30, 2, 1, n=6), 2)
    for index, window in enumerate(windows):
        row = viewport.to_rgb(source, 255)[9]
        expected = profile.profile(row, window, among=windows, theme=viewport.LIGHT, width=640)
        rows, cols = expected.shape[:2]
        np.testing.assert_array_equal(opened(f"{index}.png")[:rows, :cols], expected)


def test_two_boxes_are_the_ends_of_a_sweep(image):
    result = invoke(
        "sweep", image, *split("--box 0,0,8,8 --box 10,4,16,8 -n 4 --frames 2 --zoom 1 --plain -o b.gif")
    )
    assert result.exit_code == 0, result.stderr
    told = info("b.gif")
    assert Window.from_dict({k: told[k] for k in Window(0, 0, 1, 1).to_dict()}).box == (0, 8, 0, 8)
    assert told["last"]["delta"] == [2, 4]


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_a_film_has_the_theme_and_the_width_that_are_asked_for(suffix, image):
    result = invoke(
        "sweep", image, *split(f"--col 10:30 -n 6 --frames 2 --theme light --width 600 -o t.{suffix}")
    )
    assert result.exit_code == 0, result.stderr
    with Image.open(f"t.{suffix}") as film:
        levels = np.asarray(film.convert("RGB"))
    assert levels.shape[1] == 600
    assert (levels[:3] == 255).all()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("--plain --profile", "--profile is of a drawing, --plain is the patch alone"),
        ("--plain --width 400", "--width is of a drawing, --plain is the patch alone"),
        ("--profile diagonal", "--profile is of a row or a column"),
        ("-n 4:native", "-n native counts the pixels of a box"),
    ],
)
def test_films_that_cannot_be_are_refused_in_one_line(how, message, image):
    result = invoke("sweep", image, *split(f"--col 10:30 {how}"))
    assert (result.exit_code, len(result.stderr.splitlines())) in ((2, 1), (1, 1))
    assert message in result.stderr
