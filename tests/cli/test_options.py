"""Where a number comes from: the command line, then --like, then the environment, then the default."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import invoke, lines, noise, opened, record, save

from glimpse import Window, read

LIKE = Window(gx=11, gy=17, delta=1.5, sigma=0.9, gamma=0.5, n=(9, 12), kernel="box", edge="black")
TYPED = ["--gx", "11", "--gy", "17", "--delta", "1.5", "--sigma", "0.9", "--gamma", "0.5", "-n", "9,12"]
TYPED += ["--kernel", "box", "--edge", "black"]


pytestmark = pytest.mark.usefixtures("image")


@pytest.fixture
def patch(image):
    assert invoke("read", image, *TYPED, "-o", "like.png").exit_code == 0
    return "like.png"


def window_of(path):
    values = record(path)
    return Window.from_dict({key: values[key] for key in LIKE.to_dict()})


def read_with(*args, env=None):
    result = invoke("read", "a.png", *args, "-o", "p.png", "--overwrite", env=env)
    assert result.exit_code == 0, result.stderr
    return window_of("p.png")


def test_like_takes_the_whole_window_of_a_patch(patch):
    assert read_with("--like", patch) == LIKE
    np.testing.assert_array_equal(opened("p.png"), opened(patch))


def test_like_takes_it_for_an_image_of_any_size(patch):
    save("b.png", noise(25, 60, 3, seed=1))
    assert invoke("read", "b.png", "--like", patch, "-o", "q.png").exit_code == 0
    assert window_of("q.png") == LIKE
    expected = read(opened("b.png"), LIKE, channel_axis=2)
    np.testing.assert_array_equal(opened("q.png"), np.rint(expected))


def test_like_takes_the_window_of_a_canvas(patch):
    assert invoke("write", patch, "-o", "c.png").exit_code == 0
    assert read_with("--like", "c.png") == LIKE


@pytest.mark.parametrize("pretty", [None, 2])
def test_like_takes_the_window_of_its_json(pretty, patch):
    line = invoke("info", patch).stdout
    Path("w.json").write_text(json.dumps(json.loads(line), indent=pretty) + "\n")
    assert read_with("--like", "w.json") == LIKE


def test_like_reads_standard_input(patch):
    line = invoke("info", patch).stdout
    assert invoke("read", "a.png", "--like", "-", "-o", "q.png", stdin=line).exit_code == 0
    assert window_of("q.png") == LIKE


@pytest.mark.parametrize(
    ("option", "change"),
    [
        *[(["--gx", "20"], {"gx": 20}), (["--col", "50%"], {"gy": 21.5})],
        (["--delta", "2"], {"delta": 2, "sigma": 1.2}),  # which follows in proportion
        (["--delta", "2", "--sigma", "0.9"], {"delta": 2}),
        *[(["--sigma", "2"], {"sigma": 2}), (["--gamma", "2"], {"gamma": 2}), (["-n", "5"], {"n": 5})],
        *[(["--kernel", "gaussian"], {"kernel": "gaussian"}), (["--edge", "extend"], {"edge": "extend"})],
    ],
)
def test_the_command_line_goes_before_like(option, change, patch):
    assert read_with("--like", patch, *option) == Window(**{**LIKE.to_dict(), "n": LIKE.n, **change})


ENVIRONMENT = {"GX": "20", "GY": "10", "DELTA": "3", "SIGMA": "4", "GAMMA": "3", "N": "7"}
ENVIRONMENT |= {"KERNEL": "box", "EDGE": "black"}
ENVIRONMENT = {f"GLIMPSE_{name}": value for name, value in ENVIRONMENT.items()}
OUTSIDE = Window(20, 10, 3, 4, 3, 7, "box", "black")


def test_the_environment_goes_before_the_default():
    assert read_with(env=ENVIRONMENT) == OUTSIDE
    for name, value in ENVIRONMENT.items():
        one = read_with(env={name: value})
        key = name.removeprefix("GLIMPSE_").lower()
        assert getattr(one, key) == getattr(OUTSIDE, key)
        assert one != OUTSIDE


def test_like_goes_before_the_environment(patch):
    assert read_with("--like", patch, env=ENVIRONMENT) == LIKE


def test_the_command_line_goes_before_the_environment():
    assert read_with(*TYPED, env=ENVIRONMENT) == LIKE


def test_all_three_at_once(patch):
    found = read_with("--like", patch, "--sigma", "2", env=ENVIRONMENT)
    assert found == Window(**{**LIKE.to_dict(), "n": LIKE.n, "sigma": 2})


def test_like_from_the_environment_is_still_before_other_numbers_of_the_environment(patch):
    assert read_with(env={**ENVIRONMENT, "GLIMPSE_LIKE": patch}) == LIKE


def test_a_slice_goes_before_the_environment():
    assert read_with(
        "--slice", "5:25,4:34", "-n", "10,15", env={"GLIMPSE_GX": "1", "GLIMPSE_DELTA": "9"}
    ) == Window(14.5, 18.5, 2, 1, n=(10, 15))


def test_the_command_line_goes_before_a_slice_of_the_environment():
    assert read_with("--gx", "3", "-n", "10", env={"GLIMPSE_SLICE": "5:25,4:24"}).gx == 3


def test_like_goes_before_a_slice_of_the_environment(patch):
    assert read_with("--like", patch, env={"GLIMPSE_SLICE": "5:23,4:28"}) == LIKE


def test_a_slice_moves_the_window_of_like_and_leaves_the_rest(patch):
    found = read_with("--like", patch, "--slice", "5:23,4:28")
    assert (found.gx, found.gy, found.delta) == (13.5, 15.5, 2)
    assert (found.n, found.kernel, found.edge, found.gamma) == (LIKE.n, LIKE.kernel, LIKE.edge, LIKE.gamma)


@pytest.mark.parametrize("name", ["GLIMPSE_SIGMA", "GLIMPSE_N", "GLIMPSE_KERNEL"])
def test_a_wrong_number_of_the_environment_is_a_usage_error(name):
    result = invoke("read", "a.png", env={name: "-1"})
    assert result.exit_code == 2
    assert len(lines(result.stderr)) == 1


def test_other_options_have_their_environment_too():
    assert invoke("read", "a.png", env={"GLIMPSE_OUTPUT": "env.png", "GLIMPSE_QUIET": "1"}).output == ""
    assert opened("env.png").shape == (64, 64, 3)
    assert invoke("read", "a.png", env={"GLIMPSE_OUTPUT": "env.png", "GLIMPSE_OVERWRITE": "1"}).exit_code == 0


def test_the_environment_leaves_a_patch_of_ours_where_it_was(patch):
    assert invoke("write", patch, "-o", "c.png").exit_code == 0
    assert invoke("write", patch, "-o", "d.png", env=ENVIRONMENT).exit_code == 0
    assert Path("c.png").read_bytes() == Path("d.png").read_bytes()


def test_the_environments_n_does_not_keep_other_pictures_from_being_written():
    result = invoke(
        "write", "a.png", "--canvas", "60,88", "--delta", "1", "-o", "c.png", env={"GLIMPSE_N": "7"}
    )
    assert result.exit_code == 0


def test_every_long_name_of_an_option_has_an_environment_default(image):
    assert read_with(env={"GLIMPSE_ROW": "11", "GLIMPSE_COL": "12"}).gx == 11
    assert read_with(env={"GLIMPSE_GX": "11", "GLIMPSE_COL": "12"}).gy == 12


@pytest.mark.parametrize(
    ("option", "text", "both"),
    [("-n", "64x48", ("64,48", "48,64")), ("--canvas", "640x480", ("640,480", "480,640"))],
)
def test_sides_with_an_x_are_refused_where_the_order_matters(option, text, both):
    command = "read" if option == "-n" else "write"
    result = invoke(command, "a.png", option, text, "-o", "p.png")
    assert result.exit_code == 2
    assert all(f"{option} {sides}" in result.stderr for sides in both)
    assert not Path("p.png").exists()


def test_equal_sides_may_have_an_x():
    assert read_with("-n", "9x9") == read_with("-n", "9")
    assert invoke("write", "a.png", "--canvas", "50x50", "--delta", "1", "-o", "c.png").exit_code == 0


@pytest.mark.parametrize("option", ["--row", "-o", "-n"])
def test_an_option_without_its_value_names_the_command(option):
    result = invoke("read", "a.png", option)
    assert (result.exit_code, lines(result.stderr)) == (
        2,
        [f"glimpse read: Option '{option}' requires an argument. (see glimpse read --help)"],
    )
