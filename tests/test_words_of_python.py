"""Errors of Python's own that a first try meets: each is one of ours, in words that name the argument."""

import numpy as np
import pytest
from PIL import Image

import glimpse
from glimpse import GlimpseError, Span, Window, batch, read, restore_many, show

IMAGE, WINDOW = np.zeros((48, 64, 3)), Window(20, 30, 2, n=8)
GREY, PATCH, SHAPE = np.zeros((48, 64)), np.zeros((8, 8)), (48, 64)

GOOD = {
    glimpse.read: {"image": GREY, "window": WINDOW, "channel_axis": "auto", "dtype": None},
    glimpse.read_many: {"image": GREY, "windows": [WINDOW], "channel_axis": "auto"},
    glimpse.write: {"patch": PATCH, "window": WINDOW, "shape": SHAPE, "method": "inverse"},
    glimpse.restore: {"patch": PATCH, "window": WINDOW, "shape": SHAPE, "gain": 1.0, "method": "transpose"},
    glimpse.restore_many: {
        "patches": [PATCH], "windows": [WINDOW], "shape": SHAPE, "blend": "refine", "onto": GREY,
        "tolerance": 0.5, "gain": None, "method": "transpose",
    },
    glimpse.read_labels: {"image": GREY, "window": WINDOW, "channel_axis": None},
    glimpse.write_labels: {"patch": PATCH, "window": WINDOW, "onto": GREY, "channel_axis": None},
    glimpse.read_vjp: {"image": GREY, "window": WINDOW, "cotangent": PATCH},
    glimpse.write_vjp: {"patch": PATCH, "window": WINDOW, "shape": SHAPE, "cotangent": GREY},
    glimpse.read_jacobian: {"image": GREY, "window": WINDOW},
    glimpse.filterbank: {"size": 48, "n": 8, "center": 20.0, "delta": 2.0, "sigma": 1.0},
    glimpse.to_light: {"levels": GREY, "white": 255, "curve": "srgb"},
    glimpse.from_light: {"light": GREY, "white": 255, "curve": 2.2},
    glimpse.locate: {"image": GREY, "patch": PATCH, "start": WINDOW},
    glimpse.show: {"image": GREY[:8, :8], "window": WINDOW, "theme": "dark", "width": 200},
    glimpse.profile: {"image": GREY[:8, :8], "window": WINDOW, "along": "row", "theme": "dark", "width": 200},
    glimpse.sweep: {"image": GREY[:8, :8], "first": WINDOW, "last": WINDOW, "frames": 1, "fps": 9},
    glimpse.explore: {"image": GREY[:8, :8], "window": WINDOW, "name": "a"},
    Window: {"gx": 1, "gy": 2, "delta": 3, "sigma": 1, "gamma": 1, "n": 8, "kernel": "box", "edge": "black"},
    Span: {"center": 1, "delta": 3, "sigma": 1, "gamma": 1, "n": 8, "kernel": "box", "edge": "black"},
    Window.centered: {"shape": SHAPE, "n": 8, "gx": 1, "delta": 2, "kernel": "box"},
    Window.from_slice: {"text": "1:5", "shape": SHAPE, "n": 8},
    Window.from_xywh: {"box": (1, 2, 3, 4), "n": 8, "fit": "cover", "pad": 0, "shape": SHAPE},
    Window.from_outputs: {"values": np.zeros(5), "shape": SHAPE, "n": 8, "sigma": "exp"},
    Span.centered: {"size": 9, "n": 8, "delta": 2}, Span.from_slice: {"text": "1:5", "size": 9, "n": 8},
    WINDOW.axes: {"shape": SHAPE}, WINDOW.sees: {"shape": SHAPE}, WINDOW.looks_swapped: {"shape": SHAPE},
}  # fmt: skip
WRONG = {
    "None": None, "text": "x", "fraction": 2.5, "nothing": 0, "negative": -1, "endless": float("inf"),
    "truth": True, "digits": 10**400, "ragged": [[1, 2], [3]], "object": object(), "dictionary": {"a": 1},
    "vector": np.arange(5.0), "stack": np.ones((8, 8, 3)), "empty": np.zeros((0, 8)), "holes": PATCH + np.nan,
    "infinite": PATCH + np.inf, "complex": PATCH + 1j, "words": np.array([["a", "b"]]), "list": [WINDOW],
    "record": np.zeros((8, 8), [("a", float)]), "batch": Window(np.arange(2.0), 1, 1), "span": Span(1, 2),
    "picture": Image.new("RGB", (9, 8)), "palette": Image.new("P", (9, 8)), "half": np.ones(3, "f2"),
}  # fmt: skip


@pytest.mark.parametrize("function", GOOD, ids=lambda function: function.__qualname__)
def test_whatever_an_argument_is_the_answer_is_a_result_or_our_own_short_words(function):
    for name, wrong in [(name, wrong) for name in GOOD[function] for wrong in WRONG]:
        told = ""
        try:
            made = function(**{**GOOD[function], name: WRONG[wrong]})
            list(made if function is glimpse.read_many else ())
        except GlimpseError as error:
            told = str(error)
        except Exception as error:
            raise AssertionError(f"{name} as {wrong}: {error!r}") from error
        assert len(told) < 300, (name, wrong)


@pytest.mark.parametrize("put", [glimpse.write, glimpse.restore])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_patch_with_holes_is_refused_with_the_place_of_the_first(put, number):
    patch = PATCH.copy()
    patch[3, 4] = number
    with pytest.raises(GlimpseError, match=r"1 sample is not finite, the first is (nan|inf) at \(3, 4\)"):
        put(patch, WINDOW, SHAPE)
    with pytest.raises(GlimpseError, match="1 sample is not finite"):
        restore_many([PATCH, patch], [WINDOW, WINDOW], SHAPE)


@pytest.mark.parametrize("axis", ["last", 1.0, True, (0, 1)])
def test_an_axis_of_channels_is_a_whole_number(axis):
    with pytest.raises(GlimpseError, match="channel_axis is a whole number"):
        read(IMAGE, WINDOW, channel_axis=axis)


def test_a_type_that_is_none_is_refused():
    with pytest.raises(GlimpseError, match="dtype is 'uint8' or 'uint16'"):
        read(IMAGE, WINDOW, channel_axis=-1, dtype="uint9")


@pytest.mark.parametrize("points", ["x", None, [[1, "b"]], [1, 2, 3], 5])
def test_points_are_pairs_of_numbers(points):
    with pytest.raises(GlimpseError, match=r"points are numbers of shape \(\.\.\., 2\): row, column"):
        WINDOW.to_image(points)


def test_each_patch_has_a_window_of_its_own():
    with pytest.raises(GlimpseError, match="windows are a list with one for each patch"):
        restore_many([np.zeros((8, 8))], WINDOW, (48, 64))


def test_a_window_is_made_of_a_dictionary():
    with pytest.raises(GlimpseError, match="a dictionary"):
        Window.from_dict(None)


@pytest.mark.parametrize("width", ["x", 0, 199, 8193, 10**9, 640.0, True])
def test_a_width_is_a_number_of_pixels_that_memory_holds(width):
    with pytest.raises(GlimpseError, match="width must be a whole number"):
        show(IMAGE, WINDOW, width=width)


@pytest.mark.parametrize("make", [Window.from_xywh, Window.from_xyxy, Window.from_box])
def test_the_box_of_a_window_is_its_window_again(make):
    again = make(WINDOW.box, n=8)
    assert (again.gx, again.gy, again.delta) == (WINDOW.gx, WINDOW.gy, WINDOW.delta)


@pytest.mark.parametrize("door", [batch.read, batch.show, batch.sweep, batch.write])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"windows": {"a.png": [WINDOW]}}, "a list of images with a window each"),
        ({"windows": [("a.png", 5)]}, "a list of images with a window each"),
        ({"windows": 5}, "a list of images with a window each"),
        ({"output": 5}, "a name of a file or a folder is a text, got 5"),
        ({"run": {"overwrite": True}}, "run is of the type Run"),
        ({"decoding": "fast"}, "decoding is of the type DecodeOptions"),
    ],
)
def test_doors_of_a_batch_tell_what_they_take(door, given, message):
    arguments = {"windows": [("a.png", WINDOW)], "output": "o.png", **given}
    with pytest.raises(GlimpseError, match=message):
        door(arguments.pop("windows"), **arguments)


@pytest.mark.parametrize(
    ("options", "given"),
    [
        (batch.FilmOptions, {"fps": "fast"}), (batch.FilmOptions, {"frames": 0}),
        (batch.FilmOptions, {"hold": -1}),
        (batch.CanvasOptions, {"gain": np.ones(2)}), (batch.CanvasOptions, {"method": "x"}),
        (batch.CanvasOptions, {"onto": 5}),
    ],
)  # fmt: skip
def test_options_of_a_batch_tell_what_they_take(options, given):
    with pytest.raises(GlimpseError, match=next(iter(given))):
        options(**given)
