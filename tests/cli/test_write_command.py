"""`glimpse write`: patches come back to where their windows saw them."""

import json
import os
import re
from pathlib import Path
from shlex import split

import numpy as np
import pytest
from helpers import SHAPE, invoke, lines, noise, opened, record, rounded, save
from PIL import Image
from skimage.data import astronaut

from glimpse import Window, limits, read, restore, restore_many, write
from glimpse.io import load_record

KINDS = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,), "I;16": ()}
WINDOW = Window(gx=12, gy=25, delta=1.5, sigma=0.9, n=(9, 12))
TYPED = split("--gx 12 --gy 25 --delta 1.5 --sigma 0.9 -n 9,12")


@pytest.fixture
def patch(image):
    assert invoke("read", image, *TYPED, "-o", "p.png").exit_code == 0
    return "p.png"


def box(window):
    top, bottom, left, right = (round(edge) for edge in window.box)
    return slice(top, bottom), slice(left, right)


def test_a_photograph_comes_back_at_its_brightness_on_black():
    face = np.ascontiguousarray(astronaut()[:430, :500])
    save("face.png", face)
    invoke(*split("read face.png --gx 180 --gy 260 --delta 5 --sigma 2.5 -n 40 -o p.png"))
    result = invoke(*split("write p.png -o c.png"))
    assert result.exit_code == 0
    canvas = opened("c.png").astype(float)
    assert canvas.shape == (430, 500, 3)
    inside = box(Window(180, 260, 5, 2.5, n=40))
    assert inside == (slice(80, 280), slice(160, 360))
    for channel in range(3):
        assert canvas[inside][..., channel].mean() == pytest.approx(
            face[inside][..., channel].mean(), rel=0.05
        )
    outside = canvas.copy()
    outside[68:292, 148:372] = 0  # a filter reaches a few sigma beyond the box
    assert not outside.any()


def test_a_patch_of_ours_needs_no_numbers(patch):
    result = invoke("write", patch, "-o", "c.png")
    assert lines(result.stderr) == [
        "p.png: 30 x 44 canvas, row 12 (gx), col 25 (gy), delta 1.5, sigma 0.9 -> c.png"
    ]
    expected = restore(opened(patch), WINDOW, SHAPE, channel_axis=2)
    np.testing.assert_array_equal(opened("c.png"), rounded(expected))
    assert record("c.png") == {**record(patch), "method": "transpose"}


@pytest.mark.parametrize("gamma", [0.5, 2])
def test_a_flat_picture_comes_back_at_its_own_level(gamma):
    save("flat.png", np.full(SHAPE, 100, np.uint8))
    invoke("read", "flat.png", "--gamma", gamma, "-o", "p.png")
    assert (opened("p.png") == 100 * gamma).all()
    invoke("write", "p.png", "-o", "c.png")
    assert abs(opened("c.png")[10:20, 15:30].astype(int) - 100).max() <= 1


def test_gain_1_is_the_bare_transpose(patch):
    assert invoke("write", patch, "--gain", "1", "-o", "c.png").exit_code == 0
    expected = write(opened(patch), WINDOW, SHAPE, channel_axis=2)
    np.testing.assert_array_equal(opened("c.png"), rounded(expected))


def test_any_gain_scales_the_bare_transpose(patch):
    assert invoke("write", patch, "--gain", "0.3", "-o", "c.npy").exit_code == 0
    expected = write(opened(patch), WINDOW, SHAPE, channel_axis=2) * np.float32(0.3)
    np.testing.assert_allclose(np.load("c.npy"), expected, rtol=1e-6)


def test_gain_auto_is_the_default(patch):
    invoke("write", patch, "-o", "c.png")
    invoke("write", patch, "--gain", "auto", "-o", "d.png")
    assert Path("c.png").read_bytes() == Path("d.png").read_bytes()


def test_the_inverse_reads_as_the_patch_again():
    save("smooth.png", np.add.outer(np.arange(30), np.arange(44)).astype(np.uint8) + 60)
    invoke("read", "smooth.png", *TYPED, "-o", "p.png")
    assert invoke("write", "p.png", "--method", "inverse", "-o", "c.png").exit_code == 0
    assert record("c.png")["method"] == "inverse"
    assert invoke("read", "c.png", "--like", "p.png", "-o", "q.png").exit_code == 0
    assert np.abs(opened("q.png").astype(int) - opened("p.png")).max() <= 1
    assert np.ptp(opened("p.png")) > 20


def test_the_exact_inverse_of_any_patch_reads_as_the_patch_again(image):
    patch = "p.png"
    invoke("read", image, *split("--gx 12 --gy 25 --delta 1.5 -n 9,12 -o p.png"))
    assert invoke("write", patch, "--method", "inverse", "-o", "c.npy").exit_code == 0
    assert invoke("read", "c.npy", "--like", patch, "-o", "q.png").exit_code == 0
    np.testing.assert_array_equal(opened("q.png"), opened(patch))


def test_the_command_line_moves_a_patch_of_ours(patch):
    assert invoke("write", patch, "--gx", "20", "--sigma", "2", "-o", "c.png").exit_code == 0
    moved = Window(20, 25, 1.5, 2, n=(9, 12))
    np.testing.assert_array_equal(
        opened("c.png"), rounded(restore(opened(patch), moved, SHAPE, channel_axis=2))
    )


@pytest.mark.parametrize("canvas", ["50,60", "size.png"])
def test_the_canvas_is_rows_and_columns_or_the_size_of_an_image(canvas, patch):
    save("size.png", noise(50, 60))
    assert invoke("write", patch, "--canvas", canvas, "-o", "c.png").exit_code == 0
    expected = restore(opened(patch), WINDOW, (50, 60), channel_axis=2)
    np.testing.assert_array_equal(opened("c.png"), rounded(expected))
    assert record("c.png")["shape"] == [50, 60]


@pytest.mark.parametrize("words", ["--canvas 40,50 --max-pixels 1999", "--max-pixels 1999 --canvas 40,50"])
def test_a_canvas_of_more_pixels_than_the_limit_is_wrong_usage(words, image):
    result = invoke("write", image, *split(words))
    assert result.exit_code == 2
    assert "'--canvas': a canvas of 40 x 50 is outside 1 to 65535 a side, 1999 pixels" in result.stderr
    assert invoke("write", image, "--delta", "1", *split(words.replace("1999", "2000"))).exit_code == 0


def test_the_pixel_limit_holds_for_the_canvas_that_a_record_names(patch):
    result = invoke("write", patch, "--max-pixels", "1319")
    assert result.exit_code == 1
    assert "a canvas of 30 x 44 is outside 1 to 65535 a side, 1319 pixels in all" in result.stderr


def test_a_record_asks_for_no_canvas_of_much_work(patch):
    result = invoke("write", patch, "--max-pixels", str(3 * 1320 - 1))
    assert result.exit_code == 1
    assert (
        "30 x 44 pixels of a canvas of 3 channels that its record asks for take as much as 3960"
        in result.stderr
    )
    assert invoke("write", patch, "--max-pixels", "3960").exit_code == 0
    assert invoke("write", patch, "--canvas", "30,44", "--max-pixels", "1320", "-o", "d.png").exit_code == 0


def test_a_canvas_that_is_neither_is_told_with_what_it_may_be(patch):
    result = invoke("write", patch, "--canvas", "50-60")
    assert result.exit_code in (1, 2)
    assert "--canvas 50-60: no such file or directory; write ROWS,COLS or name an image" in result.stderr


@pytest.mark.parametrize("below", ["--canvas 60,88", "--onto a.png"])
def test_no_window_is_invented_for_a_picture_of_others(image, below):
    save("edited.png", noise(9, 12, 3))
    result = invoke("write", "edited.png", *split(below), "-o", "c.png")
    assert (result.exit_code, Path("c.png").exists()) == (1, False)
    assert lines(result.stderr) == [
        "glimpse: edited.png: no record of its window; give --like the crop that it was, "
        "its window, or --locate"
    ]


def test_a_picture_of_others_goes_where_the_numbers_say(image):
    place = split("--canvas 60,88 --gx 30 --gy 20 --delta 0.5 --sigma 0.6")
    assert invoke("write", image, *place, "-o", "c.png").exit_code == 0
    window = Window(30, 20, 0.5, 0.6, n=SHAPE)
    np.testing.assert_array_equal(
        opened("c.png"), rounded(restore(opened(image), window, (60, 88), channel_axis=2))
    )


def test_a_picture_of_others_without_a_canvas_is_told_what_to_give(image):
    result = invoke("write", image)
    assert result.exit_code == 1
    assert lines(result.stderr) == [
        "glimpse: a.png: not made by glimpse read; give --canvas ROWS,COLS (or an image), and its window"
    ]


def foreign(kind):
    """A picture of another program, with a comment of its own."""
    picture, exif = Image.fromarray(noise(9, 12)), Image.Exif()
    exif[0x010E] = "Holidays, 2015"
    options = {"gif": {"comment": b"Created with GIMP"}, "webp": {"exif": exif}}
    picture.convert("P" if kind == "gif" else "RGB").save(f"other.{kind}", **options[kind])
    return f"other.{kind}"


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_comment_of_another_program_is_no_broken_record(kind):
    result = invoke("write", foreign(kind), "--canvas", "30,40", "--delta", "2", "-o", "c.png")
    assert result.exit_code == 0, result.stderr


def test_an_npy_patch_takes_window_and_canvas_from_like(patch, image):
    invoke("read", image, *TYPED, "-o", "p.npy")
    result = invoke("write", "p.npy", "--like", patch, "-o", "c.png")
    assert result.exit_code == 0, result.stderr
    np.testing.assert_array_equal(
        opened("c.png"), rounded(restore(np.load("p.npy"), WINDOW, SHAPE, channel_axis=2))
    )


def test_a_patch_whose_pixels_belie_its_record_is_refused(patch):
    with Image.open(patch) as whole:
        text = whole.text["glimpse"]
        cut = whole.crop((0, 0, 11, 9))
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("glimpse", text)
    cut.save("cut.png", pnginfo=info)
    for command in ("write", "info"):
        result = invoke(command, "cut.png")
        assert result.exit_code == 1
        assert lines(result.stderr) == [
            "glimpse: cut.png: not a glimpse patch: it has 9 x 11 pixels, its record says 9 x 12"
            + ("; give --like the crop that it was" if command == "write" else "")
        ]


@pytest.mark.parametrize("make", ["canvas", "animation"])
def test_canvases_and_animations_are_no_patches(make, patch, image):
    invoke("write", patch, "-o", "canvas.png")
    invoke("sweep", image, "--gx", "1:9", "--frames", "2", "-n", "4", "--plain", "-o", "animation.gif")
    name = {"canvas": "canvas.png", "animation": "animation.gif"}[make]
    result = invoke("write", name, "-o", "c.png")
    assert lines(result.stderr) == [
        f"glimpse: {name}: not a patch: its record is of a canvas or an animation"
    ]
    assert result.exit_code == 1


@pytest.fixture
def patches(image):
    invoke("read", image, *TYPED, "-o", "p.png")
    invoke("read", image, *split("--gx 20 --gy 14 --delta 1 --sigma 0.6 -n 8 -o q.png"))
    return ["p.png", "q.png"]


OTHER = Window(20, 14, 1, 0.6, n=8)


def canvas_of(name, window):
    return restore(opened(name), window, SHAPE, channel_axis=2)


def both(**options):
    windows = [WINDOW, OTHER]
    return restore_many([opened("p.png"), opened("q.png")], windows, SHAPE, channel_axis=2, **options)


@pytest.mark.parametrize(("typed", "blend"), [([], "refine"), (["--blend", "mean"], "mean")])
def test_several_patches_in_one_file_refine_it_or_are_their_mean(patches, typed, blend):
    assert invoke("write", *patches, *typed, "-o", "c.png").exit_code == 0
    np.testing.assert_array_equal(opened("c.png"), rounded(both(blend=blend)))


def test_several_patches_in_one_file_add_up_where_that_is_asked_for(patches):
    assert invoke("write", *patches, "--blend", "add", "-o", "c.png").exit_code == 0
    expected = canvas_of("p.png", WINDOW) + canvas_of("q.png", OTHER)
    np.testing.assert_array_equal(opened("c.png"), rounded(expected))


def test_a_gain_is_of_bare_canvases_which_add_up(patches):
    assert invoke("write", *patches, "--gain", "2", "-o", "c.npy").exit_code == 0
    np.testing.assert_allclose(np.load("c.npy"), both(blend="add", gain=2), rtol=1e-6)
    result = invoke("write", *patches, "--gain", "2", "--blend", "mean", "-o", "d.png")
    assert result.exit_code == 2
    assert "--gain is of bare canvases, which add up; leave out --blend mean" in result.stderr


def test_a_canvas_of_several_patches_tells_of_all_and_keeps_their_windows(patches):
    result = invoke("write", *patches, "-o", "c.png")
    assert lines(result.stderr) == [
        "p.png: 30 x 44 canvas, row 12 (gx), col 25 (gy), delta 1.5, sigma 0.9 -> c.png",
        "q.png: 30 x 44 canvas, row 20 (gx), col 14 (gy), delta 1, sigma 0.6 -> c.png",
    ]
    assert load_record("c.png").windows == (WINDOW, OTHER)
    assert json.loads(invoke("info", "c.png").stdout)["windows"][0] == {}
    assert "not a patch: its record is of a canvas" in invoke("write", "c.png", "-o", "d.png").stderr


def test_of_many_patches_one_line_tells_and_a_record_too_long_is_left_out(patches, monkeypatch):
    monkeypatch.setattr(limits, "RECORD_BYTES", 2000)
    result = invoke("write", *(["p.png", "q.png"] * 35), "-o", "c.png")
    assert lines(result.stderr) == ["70 patches: 30 x 44 canvas -> c.png; too many windows for a record"]
    with Image.open("c.png") as canvas:
        assert "glimpse" not in canvas.text
    result = invoke("write", *(["p.png", "q.png"] * 11), "-o", "d.png")
    assert lines(result.stderr) == ["22 patches: 30 x 44 canvas -> d.png"]
    result = invoke("write", *(["p.png", "q.png"] * 11), "--onto", "a.png", "-o", "e.png")
    assert lines(result.stderr) == ["22 patches: 30 x 44 canvas -> e.png; nothing was touched"]


def test_several_patches_in_a_folder_have_each_their_own_canvas(patches):
    assert invoke("write", *patches, "-o", "out/").exit_code == 0
    np.testing.assert_array_equal(opened("out/p-canvas.png"), rounded(canvas_of("p.png", WINDOW)))
    np.testing.assert_array_equal(opened("out/q-canvas.png"), rounded(canvas_of("q.png", OTHER)))


def test_of_several_patches_for_one_canvas_the_bad_one_is_named(patches, folder):
    (folder / "bad.png").write_bytes(b"no picture")
    result = invoke("write", *patches, "bad.png", "-o", "c.png")
    assert result.exit_code == 1
    assert not Path("c.png").exists()
    assert result.stderr.startswith("glimpse: bad.png: not an image")


def test_patches_of_canvases_of_different_sizes_do_not_go_together(patches):
    save("b.png", noise(31, 44))
    invoke("read", "b.png", "-o", "r.png")
    result = invoke("write", "p.png", "r.png", "-o", "c.png")
    assert (result.exit_code, Path("c.png").exists()) == (1, False)
    assert "r.png: canvases of 30 x 44 and 31 x 44 do not go together; give one --canvas" in result.stderr


def test_onto_lays_the_patch_over_a_picture(patch):
    base = noise(*SHAPE, 3, seed=9)
    save("base.png", base)
    assert invoke("write", patch, "--onto", "base.png", "--blend", "mean", "-o", "c.png").exit_code == 0
    expected = restore_many([opened(patch)], [WINDOW], SHAPE, blend="mean", onto=base, channel_axis=2)
    np.testing.assert_array_equal(opened("c.png"), rounded(expected))
    np.testing.assert_array_equal(opened("base.png"), base)


def test_onto_adds_the_patches_where_that_is_asked_for(patches):
    base = noise(*SHAPE, 3, seed=9) // 4
    save("base.png", base)
    assert invoke("write", *patches, "--onto", "base.png", "--blend", "add", "-o", "c.png").exit_code == 0
    np.testing.assert_array_equal(opened("c.png"), rounded(both(blend="add", onto=base)))


def test_onto_one_canvas_after_another_is_the_sum_of_what_is_added(patches):
    invoke("write", "p.png", "-o", "c.png")
    invoke("write", "q.png", "--onto", "c.png", "--blend", "add", "-o", "d.png")
    assert np.abs(opened("d.png").astype(int) - rounded(both(blend="add"))).max() <= 1


@pytest.mark.parametrize("mode", KINDS)
def test_a_crop_goes_back_into_its_picture_as_it_was(mode):
    color = np.array([40, 90, 200, 120])[: sum(KINDS[mode]) or 1] * (257 if mode == "I;16" else 1)
    levels = np.broadcast_to(color, (*SHAPE, len(color)))
    save("a.png", np.squeeze(levels).astype(np.uint16 if mode == "I;16" else np.uint8))
    invoke("read", "a.png", *TYPED, "-o", "p.png")
    invoke("write", "p.png", "--onto", "a.png", "-o", "c.png")
    assert np.abs(opened("c.png").astype(int) - np.squeeze(levels)).max() <= 1


def test_a_cut_out_goes_over_an_opaque_picture_as_far_as_it_is_opaque(folder):
    sprite = np.zeros((*SHAPE, 4), np.uint8)
    sprite[:, :22] = 250, 10, 20, 255
    save("sprite.png", sprite)
    save("base.png", np.full((*SHAPE, 3), 90, np.uint8))
    invoke("read", "sprite.png", *split("--slice :,: -n 30,44 --sigma 0.01 -o p.png"))
    assert invoke("write", "p.png", "--onto", "base.png", "-o", "c.png").exit_code == 0
    assert (opened("c.png")[:, :22] == (250, 10, 20)).all()
    assert (opened("c.png")[:, 22:] == 90).all()


def saved(mode, name, *shape):
    dtype = np.uint16 if mode == "I;16" else np.uint8
    return save(name, noise(*shape, *KINDS[mode]).astype(dtype))


@pytest.mark.parametrize("base", KINDS)
@pytest.mark.parametrize("above", KINDS)
def test_a_patch_of_any_kind_goes_onto_a_picture_of_any_kind(above, base):
    saved(above, "source.png", *SHAPE)
    saved(base, "base.png", *SHAPE)
    invoke("read", "source.png", *TYPED, "-o", "p.png")
    result = invoke("write", "p.png", "--onto", "base.png", "-o", "c.png")
    assert result.exit_code == 0, result.stderr
    assert opened("c.png").shape[:2] == SHAPE


@pytest.mark.parametrize("mode", KINDS)
def test_a_patch_keeps_its_kind_through_a_canvas(mode):
    saved(mode, "source.png", *SHAPE)
    invoke("read", "source.png", *TYPED, "-o", "p.png")
    invoke("write", "p.png", "-o", "c.png")
    with Image.open("c.png") as canvas:
        assert canvas.mode == mode


@pytest.mark.parametrize("protected", ["--canvas", "--onto"])
def test_no_picture_that_is_read_is_replaced(protected, patch, image, folder):
    before = Path(image).read_bytes()
    result = invoke("write", patch, protected, image, "-o", "./a.png", "--overwrite")
    assert result.exit_code == 2
    assert "is the input a.png; an input is never replaced" in result.stderr
    assert Path(image).read_bytes() == before


@pytest.mark.parametrize("name", ["q.png", "p.png"])
def test_of_several_patches_none_is_replaced_by_their_canvas(name, patches):
    result = invoke("write", *patches, "-o", name, "--overwrite")
    assert result.exit_code == 2
    assert "an input is never replaced" in result.stderr


def test_an_exact_canvas_is_written_as_npy(patch):
    assert invoke("write", patch, "-o", "c.npy").exit_code == 0
    np.testing.assert_array_equal(np.load("c.npy"), canvas_of(patch, WINDOW))
    assert sorted(os.listdir()) == ["a.png", "c.npy", "p.png"]


def test_the_patch_is_read_from_a_pipe(patch):
    result = invoke("write", "-", stdin=Path(patch).read_bytes())
    np.testing.assert_array_equal(opened(result.stdout_bytes), rounded(canvas_of(patch, WINDOW)))


def test_canvas_and_onto_exclude_each_other(patch, image):
    result = invoke("write", patch, "--onto", image, "--canvas", "50,60", "-o", "c.png")
    assert result.exit_code == 2
    assert "--canvas" in result.stderr


def test_reading_and_writing_agree_on_where_a_pixel_is(folder):
    dot = np.zeros(SHAPE, np.uint8)
    dot[7, 31] = 255
    save("dot.png", dot)
    invoke("read", "dot.png", *split("--slice :,: -n 30,44 --sigma 0.001 -o p.png"))
    invoke("write", "p.png", "-o", "c.png")
    np.testing.assert_array_equal(opened("c.png"), dot)
    np.testing.assert_array_equal(read(dot, Window(7, 31, 1, 1e-3, n=1)), [[255]])


def test_a_window_wholly_beyond_the_image_is_noted(folder):
    image = save("a.png", noise(30, 44))
    result = invoke("read", image, "--row", "300%", "-n", "4", "--delta", "1", "-o", "p.png")
    assert result.stderr.rstrip().endswith("-> p.png; the window lies wholly beyond the image")
    result = invoke("write", "p.png", "--canvas", "20,30", "-o", "c.png")
    assert "the window lies wholly beyond the image" in result.stderr
    assert "beyond" not in invoke("read", image, "-o", "q.png").stderr


def test_levels_that_a_png_cannot_hold_are_noted(folder):
    image = save("a.png", noise(30, 44))
    how = split("--delta 1 --sigma 0.5 -n 20 --gamma 2 -o")
    note = invoke("read", image, *how, "p.png").stderr.rstrip().partition("; ")[2]
    assert "was cut" not in invoke("read", image, *how, "p.npy").stderr
    share = 100 * (np.load("p.npy") > 255.5).mean()
    assert note == f"{share:.2g} % is beyond black or white and was cut; .npy keeps it"
    assert invoke("write", "p.png", "-o", "c.png").stderr.count("and was cut") == 0
    assert invoke("write", "p.png", "--method", "inverse", "-o", "i.png").stderr.count("and was cut") == 1


def test_what_is_wrong_with_an_output_names_the_output(folder):
    image = save("a.png", noise(30, 44))
    result = invoke("read", image, "-o", "a.png/x.png")
    assert result.exit_code == 1
    assert result.stderr.startswith("glimpse: a.png: -o a.png/x.png: ")


@pytest.fixture
def table(patches):
    """Where two patches belong; other programs have rubbed out their records."""
    for name in patches:
        save(name, opened(name))
    Path("t.csv").write_text("patch,row,col,delta,sigma\np.png,12,25,1.5,0.9\nq.png,20,14,1,0.6\n")
    return "t.csv"


def test_the_rows_of_a_table_are_patches_on_one_canvas(table):
    result = invoke("write", "--table", table, "--canvas", "30,44", "-o", "c.png")
    assert result.exit_code == 0, result.stderr
    np.testing.assert_array_equal(opened("c.png"), rounded(both()))
    assert [line.partition(": ")[0] for line in lines(result.stderr)] == ["t.csv:2", "t.csv:3"]
    assert load_record("c.png").windows == (WINDOW, OTHER)


def test_a_table_alone_names_its_canvas(table):
    assert invoke("write", "--table", table, "--canvas", "30,44").exit_code == 0
    np.testing.assert_array_equal(opened("t-canvas.png"), rounded(both()))


def test_the_rows_of_a_table_in_a_folder_have_each_their_own_canvas(table):
    assert invoke("write", "--table", table, "--canvas", "30,44", "-o", "out/").exit_code == 0
    np.testing.assert_array_equal(opened("out/p-canvas.png"), rounded(canvas_of("p.png", WINDOW)))


def test_a_table_without_names_goes_with_its_patches_in_order(patches):
    Path("t.csv").write_text("gx,gy\n12,25\n20,14\n")
    assert invoke("write", *patches, "--table", "t.csv", "-o", "c.png").exit_code == 0
    np.testing.assert_array_equal(opened("c.png"), rounded(both()))
    Path("t.csv").write_text("gx,gy\n12,25\n")
    result = invoke("write", *patches, "--table", "t.csv", "-o", "d.png")
    assert result.exit_code == 2
    assert "--table t.csv has 1 row for 2 patches" in result.stderr


def test_the_table_that_patches_were_read_by_puts_them_back(image):
    Path("t.csv").write_text("image,x,y,w,h,output\na.png,3,4,12,12,one.png\na.png,20,2,20,20,two.png\n")
    assert invoke("read", "--table", "t.csv", "-n", "8", "-o", "out/").exit_code == 0
    assert invoke("write", "--table", "t.csv", "--images", "out", "-o", "c.png").exit_code == 0
    assert invoke("write", "out/one.png", "out/two.png", "-o", "d.png").exit_code == 0
    np.testing.assert_array_equal(opened("c.png"), opened("d.png"))


def test_a_bad_row_costs_only_itself(table):
    with Path(table).open("a") as file:
        file.write("none.png,1,2,1,1\np.png,,3,1,1\np.png,3,3,0,1\n")
    result = invoke("write", "--table", table, "--canvas", "30,44", "-o", "c.png")
    assert result.exit_code == 1
    np.testing.assert_array_equal(opened("c.png"), rounded(both()))
    found = lines(result.stderr)
    assert found[0] == "glimpse: t.csv:4: none.png: no such file or directory"
    assert [line[:16] for line in found[1:3]] == ["glimpse: t.csv:5", "glimpse: t.csv:6"]
    assert found[-1] == "glimpse: 3 of 5 patches failed"


def test_a_row_whose_filters_are_too_many_costs_only_itself(table, monkeypatch):
    with Path(table).open("a") as file:
        file.write("p.png,12,25,1.5,900\n")
    monkeypatch.setattr(limits, "WEIGHTS", 300)
    result = invoke("write", "--table", table, "--canvas", "30,44", "-o", "c.png")
    assert result.exit_code == 1
    fault = lines(result.stderr)[0]
    assert fault.startswith("glimpse: t.csv:4: ")
    assert "are more than 300 weights" in fault
    np.testing.assert_array_equal(opened("c.png"), rounded(both()))


def test_a_table_of_bad_rows_alone_writes_nothing(folder):
    Path("t.csv").write_text("patch,row,col\nnone.png,1,2\n")
    result = invoke("write", "--table", "t.csv", "--canvas", "30,44", "-o", "c.png")
    assert (result.exit_code, Path("c.png").exists()) == (1, False)


def test_nothing_to_write_is_told(folder):
    result = invoke("write", "-o", "c.png")
    assert result.exit_code == 2
    assert "Missing argument 'PATCH...', or a table of them (--table)" in result.stderr


def test_sigma_follows_a_delta_that_is_typed_and_the_line_says_so(patch):
    result = invoke("write", patch, "--delta", "6", "-o", "c.png")
    assert "delta 6, sigma 3.6" in result.stderr
    assert "sigma follows delta" in result.stderr


@pytest.fixture
def stack(image):
    Path("w.csv").write_text("row,col,delta\n12,25,1.5\n20,14,1\n9,30,2\n")
    assert (
        invoke("read", image, "--table", "w.csv", "-n", "8", "--kernel", "box", "-o", "s.npz").exit_code == 0
    )
    assert (
        invoke("read", image, "--table", "w.csv", "-n", "8", "--kernel", "box", "-o", "out/").exit_code == 0
    )
    return "s.npz"


def test_a_stack_of_patches_is_written_as_their_files_are(stack):
    assert invoke("write", *sorted(map(str, Path("out").iterdir())), "-o", "files.png").exit_code == 0
    result = invoke("write", stack)
    assert result.exit_code == 0, result.stderr
    np.testing.assert_array_equal(opened("s-canvas.png"), opened("files.png"))
    assert load_record("s-canvas.png") == load_record("files.png")
    assert lines(result.stderr)[0].startswith("s.npz[0]: 30 x 44 canvas, row 12 (gx)")


def test_a_stack_in_a_folder_gives_a_canvas_of_each_patch(stack):
    assert invoke("write", stack, "-o", "each/").exit_code == 0
    assert sorted(os.listdir("each")) == [f"s-0000{i}-canvas.png" for i in range(3)]
    invoke("write", sorted(map(str, Path("out").iterdir()))[2], "-o", "one.png")
    np.testing.assert_array_equal(opened("each/s-00002-canvas.png"), opened("one.png"))


def test_an_array_of_patches_takes_its_windows_from_a_table(stack):
    np.save("s.npy", np.load(stack)["patches"])
    typed = ["--table", "w.csv", "--kernel", "box", "--canvas", "30,44"]
    assert invoke("write", "s.npy", *typed, "-o", "c.png").exit_code == 0
    assert invoke("write", stack, "-o", "d.png").exit_code == 0
    np.testing.assert_array_equal(opened("c.png"), opened("d.png"))


def test_what_is_typed_goes_before_a_stack(stack):
    assert invoke("write", stack, "--canvas", "60,70", "--sigma", "2", "-o", "c.png").exit_code == 0
    found = load_record("c.png")
    assert (found.shape, found.window.sigma, found.window.kernel) == ((60, 70), 2, "box")


def test_a_file_that_is_no_stack_is_one_line(folder):
    Path("s.npz").write_bytes(b"PK\3\4 no archive")
    result = invoke("write", "s.npz", "-o", "c.png")
    assert result.exit_code == 1
    assert lines(result.stderr) == ["glimpse: s.npz: not a stack of patches: File is not a zip file"]


def test_a_stack_is_never_replaced(stack):
    os.rename(stack, "s.npy")
    result = invoke("write", "s.npy", "--table", "w.csv", "-o", "s.npy", "--overwrite")
    assert result.exit_code == 2
    assert "an input is never replaced" in result.stderr


def test_several_patches_without_an_output_are_told_the_choice(patches):
    result = invoke("write", *patches)
    assert result.exit_code == 2
    assert (
        "2 patches need -o: a file (all.png) for one canvas, a folder (out/) for one of each" in result.stderr
    )


def test_a_picture_below_of_another_size_than_the_source_is_refused_or_noted(patch):
    save("small.png", noise(15, 22, 3))
    known = "its source was 30 x 44, small.png is 15 x 22"
    refused = invoke("write", patch, "--onto", "small.png", "-o", "c.png")
    assert (refused.exit_code, Path("c.png").exists()) == (1, False)
    assert f"{known}; give its window on that one, such as --box, or --locate" in refused.stderr
    result = invoke("write", patch, "--onto", "small.png", "--blend", "mean", "-o", "c.png")
    assert f"{known}: it lies at the same pixels" in result.stderr
    assert "its source" not in invoke("write", patch, "--onto", "a.png", "-o", "d.png").stderr


# an edited patch, put back


@pytest.mark.parametrize("words", ["--box 8,6,12,9", "--slice 6:15,8:20", "--box 8,6,12,9 -n 9,12"])
def test_a_crop_without_a_record_goes_back_by_the_words_that_read_it(words, image):
    assert invoke("read", image, *split(words), "-o", "p.npy").exit_code == 0
    result = invoke("write", "p.npy", *split(words), "--onto", image, "-o", "back.png")
    assert result.stderr.endswith("nothing was touched\n")
    np.testing.assert_array_equal(opened("back.png"), opened(image))


@pytest.mark.parametrize("mode", KINDS)
@pytest.mark.parametrize(
    "typed", ["--gx 12 --gy 25 --delta 1.7", "--gx 3 --gy 42 --delta 4.1,2.3 --gamma 2.2"]
)
def test_an_untouched_crop_gives_its_picture_back_bit_for_bit(mode, typed):
    saved(mode, "a.png", *SHAPE)
    invoke("read", "a.png", *split(typed), "-n", "9,12", "-o", "p.png")
    result = invoke("write", "p.png", "--onto", "a.png", "-o", "c.png")
    assert result.exit_code == 0, result.stderr
    assert lines(result.stderr)[0].endswith("; nothing was touched")
    with Image.open("a.png") as before, Image.open("c.png") as after:
        assert after.mode == before.mode
        np.testing.assert_array_equal(np.asarray(after), np.asarray(before))  # colours under alpha 0 too


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_crop_that_was_saved_as_colours_gives_a_grey_picture_back(mode):
    saved(mode, "a.png", *SHAPE)
    invoke("read", "a.png", "--box", "9,5,20,16", "-n", "9,12", "-o", "p.png")
    with Image.open("p.png") as crop:
        crop.convert("RGB" if mode == "L" else "RGBA").save("e.png")
    result = invoke("write", "e.png", "--onto", "a.png", "--like", "p.png", "-o", "c.png")
    assert "; nothing was touched" in result.stderr
    with Image.open("a.png") as before, Image.open("c.png") as after:
        assert after.mode == mode
        np.testing.assert_array_equal(np.asarray(after), np.asarray(before))


def test_a_crop_that_saturated_gives_a_picture_of_exact_numbers_back():
    exact = noise(*SHAPE, 3).astype(np.float32)
    np.save("a.npy", exact)
    invoke("read", "a.npy", "--box", "9,5,20,16", "-n", "9,12", "--gamma", "2", "-o", "p.png")
    assert opened("p.png").max() == 255
    result = invoke("write", "p.png", "--onto", "a.npy", "-o", "c.npy")
    assert "; nothing was touched" in result.stderr
    np.testing.assert_array_equal(np.load("c.npy"), exact)


def test_an_edit_is_what_the_library_makes_of_it_and_its_share_is_told(patch, image):
    edited = opened(patch).copy()
    edited[2:5, 3:8] = 255, 0, 0
    save("edited.png", edited)
    result = invoke("write", "edited.png", "--onto", image, "--like", patch, "-o", "c.png")
    assert "; 14 % of the patch changed" in result.stderr  # 15 of 108 samples
    expected = restore_many([edited], [WINDOW], SHAPE, onto=opened(image), channel_axis=2)
    np.testing.assert_array_equal(opened("c.png"), rounded(expected))
    save("other.png", noise(9, 12, 3, seed=5))
    result = invoke("write", "other.png", "--onto", image, "--like", patch, "-o", "d.png")
    assert "; all of it differs: another picture?" in result.stderr


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_the_loss_of_a_crop_is_no_edit_of_it(ending):
    image, crop = "waves.png", f"p.{ending}"
    down, across = np.mgrid[:30, :44]
    save(
        image,
        rounded(128 + 60 * np.dstack([np.sin(down / 3), np.cos(across / 2), np.sin(across / 4 + down)])),
    )
    assert invoke("read", image, "--box", "10,4,24,20", "-o", crop, "--quality", "60").exit_code == 0
    edited = opened(crop).copy()
    edited[5:9, 6:12] = 255
    save("edited.png", edited)
    result = invoke("write", "edited.png", "--onto", image, "--like", crop, "-o", "c.png")
    assert "; 5 % of the patch changed" in result.stderr  # 24 of 480 samples
    changed = (opened("c.png") != opened(image)).any(axis=2)
    assert changed[9:13, 16:22].mean() > 0.9
    changed[8:14, 15:23] = False
    assert not changed.any()
    untouched = invoke("write", crop, "--onto", image, "--like", crop, "-o", "d.png")
    assert "nothing was touched" in untouched.stderr
    alone = invoke("write", crop, "--onto", image, "-o", "e.png")
    assert "saved with a loss" in alone.stderr


def test_edits_of_two_crops_of_one_picture_both_come_back(patches, image):
    for name in patches:
        edited = opened(name).copy()
        edited[4:6, 4:6] = 0
        save(f"e-{name}", edited)
    table = "patch,gx,gy,delta,sigma\ne-p.png,12,25,1.5,0.9\ne-q.png,20,14,1,0.6\n"
    Path("t.csv").write_text(table)
    result = invoke("write", "--table", "t.csv", "--onto", image, "-o", "c.png")
    assert result.exit_code == 0, result.stderr
    edits_ = [opened("e-p.png"), opened("e-q.png")]
    expected = restore_many(edits_, [WINDOW, OTHER], SHAPE, onto=opened(image), channel_axis=2)
    assert np.abs(opened("c.png").astype(int) - rounded(expected)).max() <= 1


def test_a_hole_cut_into_a_crop_comes_back_as_a_hole():
    levels = noise(*SHAPE, 4)
    levels[..., 3] = 255
    save("a.png", levels)
    invoke("read", "a.png", *TYPED, "-o", "p.png")
    edited = opened("p.png").copy()
    edited[3:6, 4:8] = 0
    save("e.png", edited)
    assert invoke("write", "e.png", "--onto", "a.png", "--like", "p.png", "-o", "c.png").exit_code == 0
    found = opened("c.png")
    assert (found[11:14, 23:27] == 0).all()
    assert (found[:2] == levels[:2]).all()


def test_an_enlarged_crop_goes_into_the_box_of_the_crop(patch, image):
    large = opened(patch).repeat(4, axis=0).repeat(4, axis=1)
    save("large.png", large)
    result = invoke("write", "large.png", "--onto", image, "--like", patch, "-o", "c.png")
    assert "the 9 x 12 samples of its window as 36 x 48" in result.stderr
    assert record("c.png")["n"] == [36, 48]
    assert record("c.png")["delta"] == 0.375


def test_a_crop_that_was_enlarged_by_interpolation_leaves_the_detail_below_it():
    save("face.png", face := np.ascontiguousarray(astronaut()[:220, :260]))
    invoke(*split("read face.png --box 120,60,96,96 -n 48 -o p.png"))
    large = Image.fromarray(opened("p.png")).resize((96, 96), Image.Resampling.BICUBIC)
    large.paste((200, 40, 40), (10, 10, 40, 40))
    large.save("large.png")
    result = invoke(*split("write large.png --onto face.png --like p.png -o c.png"))
    assert "its 96 x 96 samples say no more than 48 x 48 would" in result.stderr
    truth = face.astype(float)
    truth[70:100, 130:160] = 200, 40, 40
    off, pasted = opened("c.png") - truth, np.asarray(large) - truth[60:156, 120:216]
    assert np.sqrt(np.square(off[60:156, 120:216]).mean()) < 0.5 * np.sqrt(np.square(pasted).mean())
    sharp = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    save("sharp.png", sharp)
    result = invoke(*split("write sharp.png --onto face.png --like p.png -o d.png"))
    assert "the 48 x 48 samples of its window as 96 x 96" in result.stderr


def test_a_lossy_patch_may_be_off_by_more_and_a_tolerance_says_by_how_much(image):
    Image.fromarray(np.full((30, 44, 3), 120, np.uint8)).save("flat.png")
    invoke("read", "flat.png", *TYPED, "-o", "p.png")
    Image.fromarray(opened("p.png") + np.uint8(2)).save("e.jpg", quality=100)
    Image.fromarray(opened("p.png") + np.uint8(2)).save("e.png")
    said = [
        invoke("write", name, "--onto", "flat.png", "--like", "p.png", *typed, "-o", f"{k}.png").stderr
        for k, (name, typed) in enumerate(
            [("e.jpg", []), ("e.png", []), ("e.png", ["--tolerance", "2"]), ("e.jpg", ["--tolerance", "1"])]
        )
    ]
    assert ["nothing was touched" in text for text in said] == [True, False, True, False]
    data = Path("e.jpg").read_bytes()
    piped = invoke("write", "-", "--onto", "flat.png", "--like", "p.png", "-o", "x.png", stdin=data)
    assert "nothing was touched" in piped.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("p.png --onto a.png --tolerance -1", 2, "tolerance must be >= 0, got -1"),
        ("p.png --tolerance 1", 2, "--tolerance says what of an edited patch is untouched; give --onto"),
        ("nan.npy --onto a.png --like p.png", 1, "not finite, the first at row 2, column 3"),
        ("e.png --onto a.png --gx 300 --gy 400 --delta 1.5", 1, "lies wholly beyond the picture"),
        ("p.png --onto a.png --blend refine --gain 2", 2, "--gain is of bare canvases"),
    ],
)
def test_an_edit_that_has_no_place_is_refused_in_a_line(patch, words, code, message):
    save("e.png", noise(9, 12, 3, seed=5))
    np.save("nan.npy", np.where(np.arange(324).reshape(9, 12, 3) == 82, np.nan, 1.0))
    result = invoke("write", *split(words), "-o", "c.png")
    assert (result.exit_code, Path("c.png").exists()) == (code, False)
    assert re.search(message, result.stderr), result.stderr
    assert len([line for line in lines(result.stderr) if line.startswith("glimpse: ")]) <= 1


def test_patches_of_several_images_on_one_canvas_are_noted(patches):
    save("b.png", noise(*SHAPE, 3))
    invoke("read", "b.png", *TYPED, "-o", "r.png")
    assert "; of 2 images" in lines(invoke("write", "p.png", "r.png", "-o", "c.png").stderr)[-1]
    assert "images" not in invoke("write", *patches, "-o", "d.png").stderr
