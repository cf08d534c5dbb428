"""`glimpse sweep --page`: a crop of an animation keeps its frames and their delays; films as video."""

import json
from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import invoke, opened, rounded
from PIL import Image, ImageSequence

from glimpse import read
from glimpse.drawing import paths
from glimpse.io import open_frames, video
from glimpse.window import Window

COUNT, DELAYS = 5, [70, 100, 40, 70, 330]
HOW = "--box 3,4,21,15"


def levels(k):
    """A frame of few colours, so that every format keeps it."""
    rows, cols = np.mgrid[:30, :44]
    return np.stack([(rows * 7 + cols + 9 * k) % 6 * 40, (cols + k) % 5 * 50, rows % 3 * 90], -1).astype(
        np.uint8
    )


@pytest.fixture(params=[".gif", ".webp", ".png"])
def clip(folder, request):
    frames = [Image.fromarray(levels(k)) for k in range(COUNT)]
    name = "clip" + request.param
    more = {"lossless": True} if request.param == ".webp" else {}
    frames[0].save(name, save_all=True, append_images=frames[1:], duration=DELAYS, loop=0, **more)
    return name


def played(name):
    """The frames and the delays of a file, as Pillow reads them."""
    with Image.open(name) as image:
        found = [
            (np.asarray(frame.convert("RGB")), frame.info["duration"])
            for frame in ImageSequence.Iterator(image)
        ]
    return [frame for frame, _ in found], [delay for _, delay in found]


@pytest.mark.parametrize("ending", [".gif", ".webp", ".apng"])
def test_a_crop_of_an_animation_has_its_frames_and_delays(clip, ending):
    assert invoke(*split(f"sweep {clip} {HOW} --page all -o crop{ending}")).exit_code == 0
    frames, delays = played(f"crop{ending}")
    assert delays == DELAYS
    for k, frame in enumerate(frames):
        np.testing.assert_array_equal(frame, levels(k)[4:19, 3:24])


def test_transparency_that_a_film_cannot_show_is_told():
    frames = [Image.new("RGBA", (30, 20), (200, 0, 0, 255)) for _ in range(2)]
    frames[0].save("opaque.webp", save_all=True, append_images=frames[1:], lossless=True)
    frames[0].putpixel((7, 6), (0, 0, 0, 0))
    frames[0].save("clip.webp", save_all=True, append_images=frames[1:], lossless=True)
    words = split("--box 3,4,21,15 --page all")
    said = [
        "on black" in invoke("sweep", name, *words, "-o", output).stderr
        for name, output in (("clip.webp", "a.gif"), ("opaque.webp", "b.gif"), ("clip.webp", "{index}.png"))
    ]
    assert said == [True, False, False]
    with Image.open("0.png") as still:
        assert still.getpixel((4, 2))[3] == 0


def test_some_frames_through_a_window_that_moves(clip):
    moves = "--gx 8 --gy 9:30 --delta 1.5 --sigma 1 -n 8 --page 2:4"
    assert invoke(*split(f"sweep {clip} {moves} -o crop.webp")).exit_code == 0
    assert invoke(*split(f"sweep {clip} {moves} -o still-{{index}}.png")).exit_code == 0
    frames, delays = played("crop.webp")
    assert delays == DELAYS[1:4]
    windows = paths.path(*(Window(8, gy, 1.5, 1, n=8) for gy in (9, 30)), 3)
    for k, (frame, window) in enumerate(zip(frames, windows, strict=True)):
        wanted = rounded(read(levels(k + 1), window, channel_axis=2))
        np.testing.assert_array_equal(frame, wanted)
        np.testing.assert_array_equal(opened(f"still-{k}.png"), wanted)
    assert json.loads(invoke("info", "crop.webp").stdout)["last"] == {"gy": 30}


@pytest.mark.parametrize(
    ("more", "delays"),
    [("--fps 10", [100] * 5), ("--hold 0.5", [*DELAYS[:4], 500]), ("--fps 20 --hold 0.3", [50] * 4 + [300])],
)
def test_what_is_typed_goes_before_the_delays_of_the_file(clip, more, delays):
    assert invoke(*split(f"sweep {clip} {HOW} --page all {more} -o crop.apng")).exit_code == 0
    assert played("crop.apng")[1] == delays


def test_frames_that_flash_are_shown_as_browsers_do():
    frames = [Image.fromarray(levels(k)) for k in range(3)]
    frames[0].save("clip.webp", save_all=True, append_images=frames[1:], duration=[0, 10, 20], lossless=True)
    with open_frames("clip.webp", "all") as found:
        assert found.delays == [100, 100, 20]


def test_pages_without_delays_play_evenly_and_are_told_and_have_one_size():
    pages = [Image.fromarray(levels(k)) for k in range(3)]
    pages[0].save("a.tif", save_all=True, append_images=pages[1:])
    result = invoke(*split(f"sweep a.tif {HOW} --page all -o crop.webp"))
    assert "frames without a delay are shown as 25 a second" in result.stderr
    assert played("crop.webp")[1] == [40] * 3
    pages[0].save("b.tif", save_all=True, append_images=[pages[1].crop((0, 0, 30, 30))])
    result = invoke(*split(f"sweep b.tif {HOW} --page all -o b.webp"))
    assert result.exit_code == 1
    assert "b.tif: frame 2 is 30 x 30, the first one 30 x 44; a film has one size" in result.stderr
    assert not Path("b.webp").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--frames 9", "leave out --frames"),
        ("--boomerang", "leave out --boomerang"),
        ("--profile row", "leave out --profile"),
        ("--table t.csv", "--page plays the frames of IMAGE, a --table the windows of one"),
        ("--page 4:6", "it has no page 6"),
    ],
)
def test_what_does_not_go_with_frames_is_told(clip, more, message):
    Path("t.csv").write_text("gx,gy,delta\n8,9,1\n8,12,1\n")
    how = HOW if "table" not in more else ""
    result = invoke(*split(f"sweep {clip} {how} {'' if 'page' in more else '--page all'} {more} -o x.gif"))
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert not Path("x.gif").exists()


def test_without_the_extra_a_video_is_refused_in_one_line(image, monkeypatch):
    monkeypatch.setattr(video, "find_spec", lambda name: None)
    result = invoke(*split(f"sweep {image} --delta 1:2 -o s.mp4"))
    assert result.exit_code == 2
    assert (
        "-o s.mp4: video is written by PyAV, and there is none: pip install 'glimpse-crop[video]'"
        in result.stderr
    )


@pytest.mark.parametrize("ending", video.CODECS)
def test_a_video_has_even_sides_the_frames_and_the_times_that_are_told(clip, ending):
    pytest.importorskip("av", reason="PyAV is not installed")
    import imageio.v3 as iio

    result = invoke(*split(f"sweep {clip} --box 0,0,43,29 --page all --zoom 5 -o crop{ending}"))
    assert "61 frames of 146 x 216, 0.61 s at 100 frames a second" in result.stderr
    found = iio.imread(f"crop{ending}", plugin="pyav")
    assert found.shape == (61, 146, 216, 3)
    assert iio.immeta(f"crop{ending}", plugin="pyav")["fps"] == 100
    for k, first in enumerate(np.cumsum([0, *DELAYS])[:-1] // 10):
        wanted = levels(k)[:29, :43].repeat(5, 0).repeat(5, 1)
        errors = [
            np.abs(each[:145, :215].astype(int) - wanted).mean()
            for each in found[first : first + DELAYS[k] // 10]
        ]
        assert max(errors) < 40  # half of the colours are lost to 4:2:0; another frame is 80 off


def test_a_range_is_a_video_at_its_own_rate(image):
    pytest.importorskip("av", reason="PyAV is not installed")
    result = invoke(*split(f"sweep {image} --delta 1:2 --frames 5 --fps 24 --hold 0.6 -o s.mp4"))
    assert "18 frames of" in result.stderr  # 4 and 14.4
    assert "0.75 s at 24 frames a second" in result.stderr
    assert "delays were rounded to frames of 41.67 ms" in result.stderr


def test_drawings_of_stills_have_even_sides_and_bare_patches_their_own(image):
    assert (
        invoke(
            *split(f"sweep {image} --delta 1:2 --frames 2 -n 7 --plain --zoom 3 -o z-{{index}}.png")
        ).exit_code
        == 0
    )
    assert (
        invoke(*split(f"sweep {image} --delta 1:2 --frames 2 -n 7 --plain -o p-{{index}}.png")).exit_code == 0
    )
    assert (
        invoke(*split(f"sweep {image} --delta 1:2 --frames 2 --width 401 -o d-{{index}}.png")).exit_code == 0
    )
    assert opened("z-0.png").shape[:2] == (22, 22)
    assert opened("p-0.png").shape[:2] == (7, 7)
    assert opened("d-0.png").shape[1] == 402
    assert opened("d-0.png").shape[0] % 2 == 0
