"""Label maps through the command line: no class is invented on the way, and palettes stay."""

import json
from shlex import split

import numpy as np
import pytest
from helpers import invoke, noise, save
from PIL import Image

from glimpse import Window, read_labels


def classes(dtype=np.uint8):
    """Blocks of a few classes whose means are other classes."""
    found = np.random.default_rng(5).choice([0, 1, 3, 200], (6, 8))
    return np.kron(found, np.ones((5, 6), int)).astype(dtype)


def levels(name):
    with Image.open(name) as found:
        return found.mode, np.asarray(found), found.getpalette()


@pytest.mark.parametrize("kind", ["grey", "16 bits", "palette"])
def test_no_class_is_invented_there_and_back(kind):
    array = classes(np.uint16) * 257 if kind == "16 bits" else classes()
    image = Image.fromarray(array)
    palette = np.random.default_rng(6).integers(0, 256, 768).tolist()
    if kind == "palette":
        image.putpalette(palette)
    image.save("map.png")
    assert invoke(*split("read map.png --nearest --box 3,2,37,22 -n 7,9 -o p.png")).exit_code == 0
    mode, patch, colours = levels("p.png")
    window = Window.from_xywh((3, 2, 37, 22), n=(7, 9))
    np.testing.assert_array_equal(patch, read_labels(array, window))
    assert mode == {"grey": "L", "16 bits": "I;16", "palette": "P"}[kind]
    assert json.loads(invoke("info", "p.png").stdout)["nearest"] is True
    for more in ("", "--onto map.png"):
        assert invoke(*split(f"write p.png -o c.png --overwrite {more}")).exit_code == 0
        mode_back, canvas, colours_back = levels("c.png")
        assert (mode_back, canvas.shape) == (mode, array.shape)
        assert set(np.unique(canvas)) <= set(np.unique(array)) | {0}
        np.testing.assert_array_equal(read_labels(canvas, window), patch)
        if kind == "palette":
            assert colours == colours_back == palette
        if more:
            np.testing.assert_array_equal(canvas[25:], array[25:])


@pytest.mark.parametrize(
    ("line", "message", "code"),
    [
        ("read map.png --nearest -o p.jpg", "JPEG would change labels; write .png or .npy", 1),
        ("read map.png --nearest -o p.webp", "WebP would change labels", 1),
        ("read map.png --nearest --fast -o p.png", "leave out --fast, --level and --gamma", 2),
        ("read map.png --nearest --gamma 2 -o p.png", "leave out --fast, --level and --gamma", 2),
    ],
)
def test_what_would_change_labels_is_refused(line, message, code):
    save("map.png", classes())
    result = invoke(*split(line))
    assert (result.exit_code, result.stderr.count("\n")) == (code, 1)
    assert message in result.stderr


def test_a_photograph_without_nearest_says_nothing_of_labels():
    save("a.png", noise(20, 30))
    invoke(*split("read a.png -n 4 -o p.png"))
    assert "nearest" not in json.loads(invoke("info", "p.png").stdout)
