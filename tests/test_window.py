"""The window checks itself, finds good numbers by itself, and comes back from a slice and from JSON."""

import dataclasses
import itertools
import json
import math
import re
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from strategies import scenes

from glimpse import GlimpseError, Window
from glimpse.limits import N_MAX, NUMBER_MAX
from glimpse.slices import FITS
from glimpse.validation import number
from glimpse.window import EDGES, KERNELS, default_sigma

COSTLY = "numpy", "scipy", "PIL", "imageio", "click"
NUMBERS = {"gx": 1.5, "gy": 2.5, "delta": 3, "sigma": 4}


def window(**changes):
    return Window(**{**NUMBERS, **changes})


def after_importing(statement):
    """Which costly modules a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print([m for m in {COSTLY} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "import glimpse",
        "import glimpse.window",
        "from glimpse import Window; Window.from_slice('1:3', (5, 5), 2).to_dict()",
        "from glimpse import GlimpseError",
        "import glimpse; dir(glimpse)",
    ],
)
def test_a_window_costs_no_numpy(statement):
    assert after_importing(statement) == "[]"


def test_numpy_is_loaded_by_the_name_that_needs_it():
    assert "numpy" in after_importing("from glimpse import read")


# numbers


def test_numbers_become_plain_floats_and_defaults_are_those_of_the_layer():
    plain = window()
    assert [getattr(plain, name) for name in NUMBERS] == [1.5, 2.5, 3.0, 4.0]
    assert all(type(getattr(plain, name)) is float for name in (*NUMBERS, "gamma"))
    assert (plain.gamma, plain.n, plain.kernel, plain.edge) == (1.0, 64, "gaussian", "extend")


NUMBER_TYPES = [
    int,
    np.int8,
    np.uint16,
    np.int64,
    np.float16,
    np.float32,
    np.float64,
    np.longdouble,
    Fraction,
]


@pytest.mark.parametrize("number_type", NUMBER_TYPES)
def test_every_real_number_is_accepted_and_becomes_a_float(number_type):
    made = Window(*(number_type(7) for _ in range(5)))
    assert made == Window(7, 7, 7, 7, 7)
    assert all(type(getattr(made, name)) is float for name in (*NUMBERS, "gamma"))


@pytest.mark.parametrize("n", [5, np.int8(5), np.uint64(5), (5, 5), (np.int32(5), 5)])
def test_equal_sides_become_one_plain_int(n):
    made = window(n=n)
    assert made.n == 5
    assert type(made.n) is int
    assert made.shape == (5, 5)


@pytest.mark.parametrize("n", [(5, 3), (np.int64(5), np.uint8(3))])
def test_two_sides_stay_rows_and_columns(n):
    made = window(n=n)
    assert made.n == (5, 3)
    assert [type(side) for side in made.n] == [int, int]
    assert made.shape == (5, 3)


NO_NUMBERS = [math.nan, math.inf, -math.inf, True, False, np.True_]
NO_NUMBERS += ["5", b"5", 1j, [5], Decimal(5)]


@pytest.mark.parametrize("name", ["gx", "gy", "delta", "sigma", "gamma"])
@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_finite_number_is_refused(name, value):
    pair = " or (rows, columns)" if isinstance(value, list) and name in ("delta", "sigma") else ""
    message = f"{name} must be a finite number{pair}, got {value!r}"
    with pytest.raises(GlimpseError, match="^" + re.escape(message) + "$"):
        window(**{name: value})


BEYOND = math.nextafter(NUMBER_MAX, math.inf)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delta": 0}, "delta must be > 0, got 0"),
        ({"delta": -1.5}, "delta must be > 0, got -1.5"),
        ({"sigma": 0.0}, "sigma must be > 0, got 0"),
        ({"sigma": -1e-300}, "sigma must be > 0, got -1e-300"),
        ({"gamma": -2}, "gamma must be > 0, got -2"),
        ({"gamma": Fraction(-1, 2)}, "gamma must be > 0, got -0.5"),
        ({"gx": 2e9}, "gx must be -1e+09 to 1e+09, got 2000000000.0"),
        ({"gy": -2e9}, "gy must be -1e+09 to 1e+09, got -2000000000.0"),
        ({"gx": BEYOND}, f"gx must be -1e+09 to 1e+09, got {BEYOND}"),
        ({"delta": BEYOND}, f"delta must be 1e-09 to 1e+09, got {BEYOND}"),
        ({"sigma": 9e-10}, "sigma must be 1e-09 to 1e+09, got 9e-10"),
        ({"gamma": 1e-300}, "gamma must be 1e-09 to 1e+09, got 1e-300"),
        ({"n": 0}, "n must be 1 to 4096 filters per axis, got 0"),
        ({"n": -3}, "n must be 1 to 4096 filters per axis, got -3"),
        ({"n": 4097}, "n must be 1 to 4096 filters per axis, got 4097"),
        ({"n": (0, 5)}, "n must be 1 to 4096 filters per axis, got (0, 5)"),
        ({"n": (5, 4097)}, "n must be 1 to 4096 filters per axis, got (5, 4097)"),
        ({"n": 10**400}, "n must be 1 to 4096 filters per axis, got 1000"),
        ({"n": 5.0}, "n must be a whole number or (rows, columns), got 5.0"),
        ({"n": True}, "n must be a whole number or (rows, columns), got True"),
        ({"n": "5"}, "n must be a whole number or (rows, columns), got '5'"),
        ({"n": None}, "n must be a whole number or (rows, columns), got None"),
        ({"n": ()}, "n must be a whole number or (rows, columns), got ()"),
        ({"n": (5,)}, "n must be a whole number or (rows, columns), got (5,)"),
        ({"n": (5, 3, 2)}, "n must be a whole number or (rows, columns), got (5, 3, 2)"),
        ({"n": (5, 3.0)}, "n must be a whole number or (rows, columns), got (5, 3.0)"),
        ({"n": (5, False)}, "n must be a whole number or (rows, columns), got (5, False)"),
        ({"kernel": "cubic"}, f"kernel must be {' or '.join(KERNELS)}, got 'cubic'"),
        ({"kernel": "Gaussian"}, f"kernel must be {' or '.join(KERNELS)}, got 'Gaussian'"),
        ({"kernel": None}, f"kernel must be {' or '.join(KERNELS)}, got None"),
        ({"kernel": ["box"]}, f"kernel must be {' or '.join(KERNELS)}, got ['box']"),
        ({"edge": "mirror"}, "edge must be extend or black, got 'mirror'"),
        ({"edge": ""}, "edge must be extend or black, got ''"),
        ({"edge": 0}, "edge must be extend or black, got 0"),
    ],
)
def test_every_refusal_states_its_fact(changes, message):
    with pytest.raises(GlimpseError, match="^" + re.escape(message)):
        window(**changes)


def test_numbers_beyond_every_float_are_refused_like_any_other():
    with pytest.raises(GlimpseError, match=r"^gx must be .*, got 1000"):
        window(gx=10**400)
    with pytest.raises(GlimpseError, match=r"^sigma must be .*, got "):
        window(sigma=Fraction(1, 10**400))


def test_the_limits_themselves_are_accepted():
    Window(NUMBER_MAX, -NUMBER_MAX, NUMBER_MAX, 1 / NUMBER_MAX, NUMBER_MAX, n=N_MAX)
    Window(-NUMBER_MAX, NUMBER_MAX, 1 / NUMBER_MAX, NUMBER_MAX, 1 / NUMBER_MAX, n=(1, N_MAX))


@pytest.mark.parametrize(("kernel", "edge"), list(itertools.product(KERNELS, EDGES)))
def test_every_kernel_and_edge_is_accepted(kernel, edge):
    made = window(kernel=kernel, edge=edge)
    assert (made.kernel, made.edge) == (kernel, edge)


def test_an_error_of_glimpse_is_a_value_error():
    assert issubclass(GlimpseError, ValueError)


def test_a_window_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        window().gx = 5


def test_windows_of_equal_numbers_are_equal_and_share_a_hash():
    same = Window(np.float64(1.5), 2.5, 3.0, np.int8(4), n=(64, 64))
    assert same == window()
    assert hash(same) == hash(window())
    assert len({same, window(), window(n=(64, 63))}) == 2


OTHERS = {"gx": 1, "gy": 1, "delta": 1, "sigma": 1, "gamma": 2, "n": 3, "kernel": "box", "edge": "black"}


@pytest.mark.parametrize("name", list(OTHERS))
def test_windows_that_differ_in_anything_differ(name):
    assert window(**{name: OTHERS[name]}) != window()


# to and from JSON


@given(scenes(extreme=True))
def test_a_window_comes_back_from_json(scene):
    _, made = scene
    assert Window.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False))) == made


def test_a_dict_holds_plain_values_in_the_order_of_the_window():
    values = window(gx=np.float32(1.5), n=(np.int8(5), 3)).to_dict()
    assert list(values) == ["gx", "gy", "delta", "sigma", "gamma", "n", "kernel", "edge"]
    assert list(values.values()) == [1.5, 2.5, 3.0, 4.0, 1.0, [5, 3], "gaussian", "extend"]
    assert window(n=5).to_dict()["n"] == 5


def test_a_dict_needs_only_the_four_numbers():
    assert Window.from_dict(NUMBERS) == window()
    assert Window.from_dict({**NUMBERS, "n": [5, 5]}) == window(n=5)


def test_from_dict_leaves_its_argument_as_it_was():
    values = {**NUMBERS, "n": [5, 3]}
    Window.from_dict(values)
    assert values == {**NUMBERS, "n": [5, 3]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "a window needs gx, gy, delta, sigma"),
        ({"gx": 1, "sigma": 2, "n": 3}, "a window needs gy, delta"),
        (
            {**NUMBERS, "zoom": 2, "angle": 3},
            "a window has no 'angle'; it has gx, gy, delta, sigma, gamma, n, kernel, edge",
        ),
        ({**NUMBERS, "gx": "1"}, "gx must be a finite number, got '1'"),
        ({**NUMBERS, "gx": None}, "gx must be a finite number, got None"),
        ({**NUMBERS, "gamma": True}, "gamma must be a finite number, got True"),
        ({**NUMBERS, "gx": [1, 8]}, "gx must be a finite number, got [1, 8]"),
        ({**NUMBERS, "delta": [1]}, "delta must be a finite number or (rows, columns), got [1]"),
        ({**NUMBERS, "delta": [1, [2, 3]]}, "delta must be a finite number, got [2, 3]"),
        ({**NUMBERS, "sigma": [1, 0]}, "sigma must be > 0, got 0"),
        ({**NUMBERS, "n": None}, "n must be a whole number or (rows, columns), got None"),
        ({**NUMBERS, "n": [5]}, "n must be a whole number or (rows, columns), got [5]"),
        ({**NUMBERS, "n": [[5], 3]}, "n must be a whole number or (rows, columns), got [[5], 3]"),
        ({**NUMBERS, "kernel": {}}, f"kernel must be {' or '.join(KERNELS)}, got {{}}"),
        ({**NUMBERS, "edge": None}, "edge must be extend or black, got None"),
    ],
)
def test_from_dict_refuses_what_is_no_window(values, message):
    with pytest.raises(GlimpseError, match="^" + re.escape(message) + "$"):
        Window.from_dict(values)


# numbers in text

PLAIN = {"5": 5, "-2.5e1": -25, "+.5": 0.5, "5.": 5, "1e-9": 1e-9, "007": 7, "2E3": 2000, "-0": 0}
NOT_PLAIN = ["", " 5", "5\n", "nan", "inf", "-Infinity", "1_000", "0x10"]
NOT_PLAIN += ["1e", ".", "1,5", "1e999", "٣", "5px", "--5", "1 2"]


@pytest.mark.parametrize("text", list(PLAIN))
def test_a_plain_number_is_read(text):
    assert number(text) == PLAIN[text]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_only_a_programming_language_accepts_is_refused(text):
    message = f"{text!r} is not a plain finite number such as 2.5"
    with pytest.raises(GlimpseError, match="^" + re.escape(message) + "$"):
        number(text)


# slices


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("3:9,10:16", (3, 9, 10, 16)),
        ("[3:9,10:16]", (3, 9, 10, 16)),
        (" [ 3 : 9 , 10 : 16 ] ", (3, 9, 10, 16)),
        ("[3:9],[10:16]", (3, 9, 10, 16)),
        ("3:9", (3, 9, 3, 9)),
        ("[3:9]", (3, 9, 3, 9)),
        (":6,:6", (0, 6, 0, 6)),
        (":6", (0, 6, 0, 6)),
        ("14:,24:", (14, 20, 24, 30)),
        ("-6:,-6:", (14, 20, 24, 30)),
        ("-6:", (14, 20, 24, 30)),
        (":-14,:-24", (0, 6, 0, 6)),
        ("-9:-3,-9:-3", (11, 17, 21, 27)),
        ("14:600,24:600", (14, 20, 24, 30)),
        ("-600:6,-600:6", (0, 6, 0, 6)),
        ("2.5:8.75,10.25:16.5", (2.5, 8.75, 10.25, 16.5)),
        ("-6.5:-0.25,.5:6.75", (13.5, 19.75, 0.5, 6.75)),
        ("0:1e1,5:15", (0, 10, 5, 15)),
        ("+3:+9,10:16", (3, 9, 10, 16)),
    ],
)
def test_a_slice_becomes_a_window_whose_box_it_is(text, box):
    made = Window.from_slice(text, (20, 30), n=4)
    assert made.box == pytest.approx(box, abs=1e-12)
    assert made.gx == pytest.approx((box[0] + box[1] - 1) / 2)
    assert made.gy == pytest.approx((box[2] + box[3] - 1) / 2)
    assert made.delta == pytest.approx((box[1] - box[0]) / 4)


ends = st.none() | st.integers(-25, 25)


@given(ends, ends, ends, ends)
def test_a_slice_is_what_numpy_makes_of_it(top, bottom, left, right):
    rows, cols = np.arange(11)[top:bottom], np.arange(17)[left:right]
    text = f"{'' if top is None else top}:{'' if bottom is None else bottom},"
    text += f"{'' if left is None else left}:{'' if right is None else right}"
    if not rows.size or not cols.size:
        with pytest.raises(GlimpseError, match=r"^slice '.*' is empty on an axis of 1[17] pixels$"):
            Window.from_slice(text, (11, 17))
        return
    made = Window.from_slice(text, (11, 17), n=(rows.size, cols.size))
    assert made.box == (rows[0], rows[-1] + 1, cols[0], cols[-1] + 1)
    assert made.delta == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5:5", "slice '5:5' is empty on an axis of 20 pixels"),
        ("9:3,0:6", "slice '9:3' is empty on an axis of 20 pixels"),
        ("0:6,30:40", "slice '30:40' is empty on an axis of 30 pixels"),
        ("0:6,:-30", "slice ':-30' is empty on an axis of 30 pixels"),
        ("0:6:2,0:6", "'0:6:2' is not a slice such as 100:600 (first:last, without a step)"),
        ("::", "'::' is not a slice such as 100:600 (first:last, without a step)"),
        ("::2", "'::2' is not a slice such as 100:600 (first:last, without a step)"),
        ("0:6 0:6", "'0:6 0:6' is not a slice such as 100:600 (first:last, without a step); a comma parts"),
        ("", "'' is not a slice such as 100:600"),
        ("7", "'7' is not a slice such as 100:600"),
        ("0:6,7", "'7' is not a slice such as 100:600"),
        ("0:6,...", "'...' is not a slice such as 100:600"),
        ("a:b", "'a:b' is not a slice such as 100:600"),
        ("0x1:6", "'0x1:6' is not a slice such as 100:600"),
        ("1_0:16", "'1_0:16' is not a slice such as 100:600"),
        ("nan:6", "'nan:6' is not a slice such as 100:600"),
        ("0:inf", "'0:inf' is not a slice such as 100:600"),
        ("0:٦", "'0:٦' is not a slice such as 100:600"),
        ("0:1e999", "'1e999' is not a plain finite number"),
        ("0:6,0:6,0:6", "slice '0:6,0:6,0:6' has 3 parts; write 100:600,200:700"),
    ],
)
def test_what_is_no_slice_is_refused(text, message):
    with pytest.raises(GlimpseError, match="^" + re.escape(message)):
        Window.from_slice(text, (20, 30), n=4)


@pytest.mark.parametrize("text", ["1 0:16", "0:6,1 0:16", "0:1 6"])
def test_a_number_is_not_put_together_across_a_space(text):
    with pytest.raises(GlimpseError, match="is not a slice such as 100:600"):
        Window.from_slice(text, (20, 30), n=4)


def test_the_samples_of_a_slice_own_equal_shares_of_its_area():
    made = Window.from_slice("100:600,200:450", (640, 480), n=(100, 50), kernel="box", gamma=2, edge="black")
    assert made == Window(349.5, 324.5, 5, 5 / math.sqrt(12), 2, (100, 50), "box", "black")


def test_a_slice_takes_a_sigma_and_otherwise_half_a_stride_but_at_least_half_a_pixel():
    assert Window.from_slice("0:12", (20, 30), n=4).sigma == 1.5
    assert Window.from_slice("0:4", (20, 30), n=16).sigma == 0.5
    assert Window.from_slice("0:12", (20, 30), n=4, sigma=0.2).sigma == 0.2


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 80), st.integers(1, 80))
def test_a_slice_of_any_aspect_is_tiled_by_any_n(height, width, rows, cols):
    made = Window.from_slice(f"0:{height},0:{width}", (300, 300), (rows, cols))
    assert made.box == pytest.approx((0, height, 0, width), abs=1e-9)
    assert made.strides == pytest.approx((height / rows, width / cols))
    assert isinstance(made.delta, float) == (height * cols == width * rows)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("10%:50%,20%:80%", (2, 10, 6, 24)),
        ("[10 % : 50 %, 20% : 24]", (2, 10, 6, 24)),
        ("50%", None),
        ("50%:", (10, 20, 15, 30)),
        ("-25%:,:-50%", (15, 20, 0, 15)),
        ("2.5%:110%,0%:1", (0.5, 20, 0, 1)),
    ],
)
def test_a_slice_takes_percentages_of_the_sides(text, box):
    if box is None:
        with pytest.raises(GlimpseError, match="is not a slice"):
            Window.from_slice(text, (20, 30), n=4)
    else:
        assert Window.from_slice(text, (20, 30), n=4).box == pytest.approx(box, abs=1e-12)


# boxes


@pytest.mark.parametrize(
    ("box", "options", "expected"),
    [
        ((3, 2, 8, 12), {}, Window(7.5, 6.5, (3, 2), (1.5, 1), n=4)),
        ([3.0, 2, 8, np.int64(12)], {}, Window(7.5, 6.5, (3, 2), (1.5, 1), n=4)),
        ("3,2,8,12", {}, Window(7.5, 6.5, (3, 2), (1.5, 1), n=4)),
        ("10%, 10%, 8, 60%", {"shape": (20, 30)}, Window(7.5, 6.5, (3, 2), (1.5, 1), n=4)),
        ((3, 2, 8, 12), {"fit": "contain"}, Window(7.5, 6.5, 3, 1.5, n=4)),
        ((3, 2, 8, 12), {"fit": "cover"}, Window(7.5, 6.5, 2, 1, n=4)),
        ((3, 2, 8, 12), {"pad": 2}, Window(7.5, 6.5, (4, 3), (2, 1.5), n=4)),
        ((3, 2, 8, 12), {"pad": "50%"}, Window(7.5, 6.5, (6, 4), (3, 2), n=4)),
        ((3, 2, 8, 12), {"pad": "2", "fit": "contain"}, Window(7.5, 6.5, 4, 2, n=4)),
        ((-4, -6, 8, 8), {"sigma": 3, "kernel": "box"}, Window(-2.5, -0.5, 2, 3, n=4, kernel="box")),
    ],
)
def test_a_box_counts_from_the_left_and_top_edge(box, options, expected):
    assert Window.from_box(box, 4, **options) == expected


@given(*[st.floats(0.5, 200)] * 4, st.integers(1, 40), st.integers(1, 40))
def test_the_fits_share_see_or_fill_the_box(x, y, w, h, rows, cols):
    box = (y, y + h, x, x + w)
    made = {fit: Window.from_box((x, y, w, h), (rows, cols), fit=fit) for fit in FITS}
    assert made["stretch"].box == pytest.approx(box, abs=1e-9)
    for fit, inside in (("contain", 1), ("cover", -1)):
        assert isinstance(made[fit].delta, float)
        (top, bottom, left, right), (gx, gy) = made[fit].box, (made[fit].gx, made[fit].gy)
        assert (gx, gy) == pytest.approx((y + h / 2 - 0.5, x + w / 2 - 0.5))
        over = (bottom - top) - h, (right - left) - w
        assert min(inside * side for side in over) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("box", "options", "message"),
    [
        ((1, 2, 3), {}, "a box is four numbers, x,y,w,h (x across, y down), not (1, 2, 3)"),
        ("1,2,3", {}, "a box is four numbers, x,y,w,h (x across, y down), not '1,2,3'"),
        ((1, 2, 0, 3), {}, "w and h of a box must be > 0, got 0 and 3"),
        ((1, 2, 3, -4), {}, "w and h of a box must be > 0, got 3 and -4"),
        ((math.nan, 2, 3, 4), {}, "x of a box must be a finite number, got nan"),
        ("1,2,3,four", {}, "'four' is not a plain finite number such as 2.5"),
        ("1,2,3,50%", {}, "h of a box is 50% of an image, and no shape of the image is given"),
        ((1, 2, 3, 4), {"fit": "crop"}, "fit must be stretch, contain or cover, got 'crop'"),
        ((1, 2, 3, 4), {"pad": -1}, "pad must be >= 0, got -1"),
        ((1, 2, 3, 4), {"pad": True}, "pad must be a finite number, got True"),
        ((0, 0, 9, 4097), {"n": "native"}, "4097 x 9 pixels are more than 4096 a side; give an n instead"),
        ((1, 2, 3, 4), {"n": "all"}, "n must be a whole number or (rows, columns), got 'all'"),
    ],
)
def test_what_is_no_box_is_refused(box, options, message):
    with pytest.raises(GlimpseError, match="^" + re.escape(message)):
        Window.from_box(box, **options)


NATIVE = {
    "box": partial(Window.from_box, (3, 2, 8, 12), n="native"),
    "slice": partial(Window.from_slice, "2:14,3:11", (20, 30), n="native"),
}


@pytest.mark.parametrize("make", NATIVE.values(), ids=NATIVE)
def test_native_is_one_sample_per_pixel_by_the_box_kernel_unless_another_is_given(make):
    assert make() == Window(7.5, 6.5, 1, 1 / math.sqrt(12), n=(12, 8), kernel="box")
    assert make(kernel="gaussian") == Window(7.5, 6.5, 1, 0.5, n=(12, 8))
    assert make(sigma=2).sigma == 2


def test_a_native_box_between_pixels_shares_them_evenly():
    made = Window.from_box((0.25, 0, 3.4, 0.2), n="native")
    assert made.shape == (1, 3)
    assert made.strides == pytest.approx((0.2, 3.4 / 3))


class Table:
    """As pandas and polars have it: columns by name, and an array of it all."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows

    def to_numpy(self):
        return np.array(self.rows)


WHOLE = [[3, 2, 8, 12], [0, 5, 60, 200], [250, 120, 5, 9]]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("pad", [0, 1.5, "10%"])
@pytest.mark.parametrize(
    "kind",
    [list, np.array, np.uint8, np.float32, partial(map, tuple), partial(Table, ["x", "y", "w", "h"])],
)
def test_many_boxes_are_each_of_them_in_either_order(kind, fit, pad):
    boxes = kind(WHOLE)
    boxes = list(boxes) if isinstance(boxes, map) else boxes
    batch = Window.from_xywh(boxes, (4, 5), fit=fit, pad=pad, kernel="box")
    if kind is np.array:  # x + w of the others is no number of their kind, or no x2 of a table
        corners = boxes + np.pad(boxes[:, :2], ((0, 0), (2, 0)))
        assert Window.from_xyxy(corners, (4, 5), fit=fit, pad=pad, kernel="box") == batch
    for k, box in enumerate(WHOLE):
        one = Window.from_xywh(box, (4, 5), fit=fit, pad=pad, kernel="box")
        assert (batch.gx[k], batch.gy[k]) == (one.gx, one.gy)
        for many, single in ((batch.strides, one.strides), (batch.sigmas, one.sigmas)):
            assert [array[k] for array in many] == pytest.approx(single)
        x, y, w, h = box
        assert Window.from_xyxy((x, y, x + w, y + h), (4, 5), fit=fit, pad=pad, kernel="box") == one


def test_the_older_names_of_boxes_are_the_same_functions():
    assert Window.from_box((3, 2, 8, 12), 4) == Window.from_xywh((3, 2, 8, 12), 4)
    assert Window.from_boxes(np.array([[3, 2, 8, 12]]), 4) == Window.from_xyxy(np.array([[3, 2, 8, 12]]), 4)


@pytest.mark.parametrize(
    ("make", "boxes", "message"),
    [
        (Window.from_xyxy, Table(["x", "y", "w", "h"], WHOLE), "a column 'h' says .* Window.from_xywh"),
        (Window.from_xywh, Table(["xmin", "ymin", "xmax", "ymax"], WHOLE), "'xmax' .* Window.from_xyxy"),
        (Window.from_xyxy, Table([*"abcde"], np.ones((2, 5))), r"x1, y1, x2, y2, got shape \(2, 5\)"),
        (Window.from_xyxy, np.ones((2, 3)), r"got shape \(2, 3\)"),
        (Window.from_xyxy, [[1, 2, 3], [1, 2, 3, 4]], "each box is four numbers, x1, y1, x2, y2"),
        (Window.from_xyxy, (5, 5, 3, 9), "x2 and y2 of a box must be more than x1 and y1, got 5,5,3,9"),
        (Window.from_xyxy, None, "a box is four numbers, x1,y1,x2,y2"),
        (Window.from_xyxy, np.array([[0, 0, 5, 5], [9, 0, 5, 5]]), "delta must be > 0"),
    ],
)  # fmt: skip
def test_boxes_that_are_none_or_of_the_other_order_are_refused(make, boxes, message):
    with pytest.raises(GlimpseError, match=message):
        make(boxes, 4)
    with pytest.raises(GlimpseError, match="n='native' is for one box"):
        Window.from_xyxy(np.array(WHOLE), "native")


# the box, the defaults, the swap


def test_a_box_prints_its_names_and_comes_back():
    made = Window.from_xywh((3, 2, 8, 12), 4)
    assert str(made.box) == "Box(top=2.0, bottom=14.0, left=3.0, right=11.0)"
    top, bottom, left, right = made.box
    assert Window.from_xyxy((left, top, right, bottom), 4) == made


@given(scenes())
def test_a_window_sees_an_image_if_their_areas_overlap_by_however_little(scene):
    shape, made = scene
    half = [n * stride / 2 for n, stride in zip(made.shape, made.strides, strict=True)]
    inside = made.replace(gx=2.0, gy=shape[1] / 2)
    for outside, nudge in ((-0.5 - half[0], 1e-9), (shape[0] - 0.5 + half[0], -1e-9)):
        assert not inside.replace(gx=outside - nudge * 100).sees(shape)
        assert inside.replace(gx=outside + nudge * 100).sees(shape)
    for outside, nudge in ((-0.5 - half[1], 1e-9), (shape[1] - 0.5 + half[1], -1e-9)):
        assert not inside.replace(gx=0.0, gy=outside - nudge * 100).sees(shape)
        assert inside.replace(gx=0.0, gy=outside + nudge * 100).sees(shape)


def test_a_network_s_window_is_held_where_numbers_stay_finite():
    far = np.array([[0, 0, -900, -900, -900], [0, 0, 900, 900, 900]], float)
    window = Window.from_outputs(far, (31, 41), n=5)
    np.testing.assert_allclose(window.delta, [1e-4, 0.5e9])
    np.testing.assert_allclose(window.sigma, [1e-4, 0.5e9])
    np.testing.assert_allclose(window.gamma, [2e-9, 0.5e9])


def test_a_bounded_window_spans_from_a_thirty_second_of_the_image_to_twice_of_it():
    outputs = np.array([[-1e9, -1e9, -1e9], [1e9, 1e9, 1e9], [0, 0, 0]])
    window = Window.from_outputs(outputs, (31, 41), n=5, bounded=True)
    np.testing.assert_allclose(window.delta, [10 / 32, 20, 10], rtol=1e-6)
    np.testing.assert_allclose(window.gx, [0, 30, 15], atol=1e-6)
    np.testing.assert_allclose(window.gy, [0, 40, 20], atol=1e-6)


def test_native_counts_the_nearest_number_of_pixels_of_a_box_with_fractions():
    assert Window.from_xywh((3, 2, 10.6, 7.4), "native").n == (7, 11)
    assert Window.from_slice("2:9.4,3:13.6", (40, 50), "native").n == (7, 11)


def test_a_window_that_only_touches_an_image_does_not_see_it():
    for gx, gy, seen in (
        (-3.5, 5, False),
        (22.5, 5, False),
        (5, -3.5, False),
        (5, 32.5, False),
        (-3.4, 32.4, True),
    ):
        assert Window(gx, gy, 2, 1, n=3).sees((20, 30)) is seen


def test_sigma_is_by_default_that_of_the_stride_and_the_kernel():
    for kernel in KERNELS:
        for delta in (0.3, 7.0, (2.0, 9.0)):
            assert Window(1, 2, delta, kernel=kernel).sigma == default_sigma(delta, kernel)
    assert Window(1, 2, 6).replace(delta=8, sigma=None).sigma == 4
    assert Window(1, 2, 6, 3).replace(gx=9, n=(2, 3)) == Window(9, 2, 6, 3, n=(2, 3))
    with pytest.raises(GlimpseError, match="a window has no 'sgima'; it has gx, gy"):
        Window(1, 2, 6).replace(sgima=3)
    with pytest.raises(GlimpseError, match="sigma must be a finite number"):
        Window.from_dict({**NUMBERS, "sigma": None})


SLICES = [
    (np.s_[2:10, 3:12], "2:10,3:12"),
    (np.s_[:, -5:], ":,-5:"),
    (slice(4, None), "4:"),
    ([slice(1, 5), slice(None, -1, 1)], "1:5,:-1"),
    (np.s_[1.5 : np.float32(7.25), np.int64(2) :], "1.5:7.25,2:"),
]


@pytest.mark.parametrize(("crop", "text"), SLICES)
def test_real_slices_are_those_that_are_written(crop, text):
    assert Window.from_slice(crop, (20, 30), 4) == Window.from_slice(text, (20, 30), 4)


@pytest.mark.parametrize(
    ("crop", "message"),
    [
        (np.s_[0:8:2, 0:8], "a slice has no step here"),
        (np.s_[3, 0:8], "3 is not a slice; write"),
        (np.s_[..., 0:8], "Ellipsis is not a slice"),
        (np.s_[0:8, 0:8, 0:3], "has 3 parts"),
        (slice("1", 2), "an end of a slice must be a finite number"),
        (None, "None is not a slice"),
        (np.s_[5:5], "is empty"),
    ],
)
def test_what_is_no_real_slice_is_refused(crop, message):
    with pytest.raises(GlimpseError, match=message):
        Window.from_slice(crop, (20, 30), 4)


@pytest.mark.parametrize(
    "like",
    [
        (20, 30),
        [20, 30],
        (20, 30, 3),
        (4, 20, 30),
        np.zeros((20, 30)),
        np.zeros((20, 30, 1)),
        Image.new("RGB", (30, 20)),
    ],
)
def test_a_shape_may_have_channels_or_be_an_image(like):
    assert Window.centered(like, 4) == Window.centered((20, 30), 4)
    assert Window.from_slice("2:10", like, 4) == Window.from_slice("2:10", (20, 30), 4)
    assert Window.from_xywh("50%,0,5,5", 4, shape=like).gy == 17
    assert Window.centered((20, 30), 4).sees(like)


@pytest.mark.parametrize("shape", [(2, 3, 4), (20, 30, 40), (20,), 5, None, (1, 20, 30, 3)])
def test_a_shape_that_could_be_another_is_refused(shape):
    with pytest.raises(GlimpseError, match="a shape is two whole numbers, rows and columns, not"):
        Window.centered(shape)


@given(scenes())
def test_the_box_is_the_area_that_the_samples_share(scene):
    _, made = scene
    top, bottom, left, right = made.box
    assert (bottom - top) / made.shape[0] == pytest.approx(made.strides[0])
    assert (right - left) / made.shape[1] == pytest.approx(made.strides[1])
    assert ((top + bottom - 1) / 2, (left + right - 1) / 2) == pytest.approx((made.gx, made.gy), abs=1e-9)


@given(*[st.integers(1, most) for most in (40, 40, 9, 9, 4, 4)])
def test_the_box_written_as_a_slice_gives_the_window_back(top, left, rows, cols, down, across):
    center = top + (rows * down - 1) / 2, left + (cols * across - 1) / 2
    made = Window(*center, (down, across), 1, n=(rows, cols))
    text = "{!r}:{!r},{!r}:{!r}".format(*made.box)
    assert Window.from_slice(text, (90, 95), (rows, cols), sigma=1) == made


@pytest.mark.parametrize(
    ("shape", "n", "expected"),
    [
        ((430, 500), 43, Window(214.5, 249.5, 10, 5, n=43)),
        ((500, 430), 43, Window(249.5, 214.5, 10, 5, n=43)),
        ((60, 100), (10, 50), Window(29.5, 49.5, 2, 1, n=(10, 50))),
        ((60, 100), (30, 5), Window(29.5, 49.5, 2, 1, n=(30, 5))),
        ((30, 31), 60, Window(14.5, 15, 0.5, 0.5, n=60)),
        ((1, 1), 4, Window(0, 0, 0.25, 0.5, n=4)),
    ],
)
def test_a_centered_window_spans_the_shorter_side(shape, n, expected):
    assert Window.centered(shape, n) == expected


def test_a_centered_window_has_64_filters_unless_told():
    assert Window.centered((128, 200)).n == Window(0, 0, 1, 1).n == 64
    assert Window.centered((128, 200)).delta == 2


@pytest.mark.parametrize(
    ("given_numbers", "expected"),
    [
        ({"gx": 3}, Window(3, 49.5, 6, 3, n=10)),
        ({"gy": -7.5}, Window(29.5, -7.5, 6, 3, n=10)),
        ({"delta": 8}, Window(29.5, 49.5, 8, 4, n=10)),
        ({"delta": 0.5}, Window(29.5, 49.5, 0.5, 0.5, n=10)),
        ({"sigma": 0.1}, Window(29.5, 49.5, 6, 0.1, n=10)),
        ({"gx": 0, "gy": 0}, Window(0, 0, 6, 3, n=10)),
        (
            {"gamma": 2, "kernel": "box", "edge": "black"},
            Window(29.5, 49.5, 6, 6 / math.sqrt(12), 2, 10, "box", "black"),
        ),
        ({"gx": None, "gy": None, "delta": None, "sigma": None}, Window(29.5, 49.5, 6, 3, n=10)),
    ],
)
def test_a_centered_window_keeps_what_it_is_given(given_numbers, expected):
    assert Window.centered((60, 100), 10, **given_numbers) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delta": 0}, "delta must be > 0"),
        ({"delta": "5"}, "delta must be a finite"),
        ({"sigma": -1}, "sigma must be > 0"),
        ({"n": 0}, "n must be 1 to"),
    ],
)
def test_a_centered_window_checks_what_it_is_given(changes, message):
    with pytest.raises(GlimpseError, match=message):
        Window.centered((60, 100), **changes)


@pytest.mark.parametrize(
    ("gx", "gy", "swapped"),
    [
        (80, 30, True),  # off the 60 rows, but row 30 and column 80 are there
        (30, 80, False),  # on the image
        (80, 80, False),  # off it either way
        (59.5, 20, False),  # the last row's lower edge
        (59.6, 20, True),
        (-0.5, 20, False),
        (-0.6, 20, False),
        (99.5, 59.5, True),
        (99.6, 59.5, False),
        (-5, -5, False),
        (500, 500, False),
    ],
)
def test_a_centre_that_looks_swapped_is_off_the_image_but_on_it_swapped(gx, gy, swapped):
    assert Window(gx, gy, 1, 1).looks_swapped((60, 100)) is swapped


def test_the_default_sigma_is_the_kernels_own():
    assert [default_sigma(delta) for delta in (0.5, 1, 6)] == [0.5, 0.5, 3]
    assert [default_sigma(delta, "box") * math.sqrt(12) for delta in (0.5, 6)] == pytest.approx([0.5, 6])


def test_the_axes_of_a_window_are_its_rows_and_its_columns():
    window = Window(1, 2, 3, 4, n=(5, 6), kernel="box", edge="black")
    rows, cols = window.axes((70, 80))
    assert rows == (70, 5, 1, 3, 4, "box", "black")
    assert cols == (80, 6, 2, 3, 4, "box", "black")
    assert (window.strides, window.sigmas) == ((3, 3), (4, 4))


def test_a_pair_is_rows_and_columns_and_one_number_where_they_are_equal():
    window = Window(1, 2, (3, 4), [5, 6], n=[7, 8])
    assert (window.delta, window.sigma, window.n) == ((3, 4), (5, 6), (7, 8))
    assert (window.strides, window.sigmas) == ((3, 4), (5, 6))
    rows, cols = window.axes((70, 80))
    assert (rows[2:5], cols[2:5]) == ((1, 3, 5), (2, 4, 6))
    assert Window(1, 2, (3, 3), (4, 4.0)) == Window(1, 2, 3, 4)
    assert Window.from_dict(json.loads(json.dumps(window.to_dict()))) == window


def test_the_default_sigma_of_a_pair_is_a_pair():
    assert Window.centered((60, 100), 10, delta=(0.5, 6)).sigma == (0.5, 3)
