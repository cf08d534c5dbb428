"""What tests of `locate` share: pictures, crops of them, and where those were found, looked for once."""

import functools
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage import data
from strategies import frozen

from glimpse import GlimpseError, Window, locate, read

ASTRONAUT = frozen(data.astronaut()[20:320, 100:460])
CAMERA = frozen(data.camera()[60:340, 120:440])
COFFEE = frozen(data.coffee()[50:330, 150:470])

WINDOWS = {
    "small": Window(150.3, 125.8, delta=2.4, sigma=1.2, n=25),
    "rows": Window(170.6, 120.4, delta=3.7, sigma=1.5, n=(48, 30)),
    "columns": Window(130.2, 170.9, delta=5.1, sigma=4.0, n=(24, 60)),
    "sharp": Window(130.1, 120.7, delta=4.2, sigma=0.9, n=(32, 28)),
    "fine": Window(120.4, 108.3, delta=1.1, sigma=0.6, n=40),
    "enlarged": Window(120.4, 108.3, delta=0.6, sigma=0.7, n=60),
    "large": Window(149.2, 178.9, delta=1.8, sigma=1.2, n=160),
    "squashed": Window(140.4, 150.3, delta=(5.1, 3.0), sigma=(2.4, 1.6), n=40),
    "stretched": Window(140.4, 150.3, delta=(2.3, 4.4), sigma=(1.1, 1.2), n=(50, 44)),
}

OFTEN = [  # the names of some, and of the others where there is time
    name if name in ("rows", "sharp", "enlarged", "squashed") else pytest.param(name, marks=pytest.mark.slow)
    for name in WINDOWS
]


def eight_bits(array):
    return np.clip(np.rint(array), 0, 255).astype(np.uint8)


def jpeg(patch):
    file = io.BytesIO()
    Image.fromarray(patch).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file))


def grey(array):
    return np.asarray(Image.fromarray(array).convert("L"))


def cut(image, window):
    return frozen(eight_bits(read(image, window, channel_axis=2 if image.ndim == 3 else None)))


def find(image, patch, **options):
    """Both with a colour axis, of one for grey."""
    return locate(np.atleast_3d(image), np.atleast_3d(patch), channel_axis=2, **options)


def beside(image, patch, box):
    """Where a patch is found from beside a box (top, bottom, left, right): by the last fit alone."""
    top, bottom, left, right = box
    near = Window.from_xyxy((left, top, right, bottom), n=patch.shape[:2])
    (rows, cols), sigma = near.strides, tuple(max(stride, 1) / 2 for stride in near.strides)
    near = replace(near, gx=near.gx + 0.3 * rows, gy=near.gy - 0.3 * cols, sigma=sigma)
    return find(image, patch, start=replace(near, delta=(1.01 * rows, 0.99 * cols)))


def anywhere(image, patch, box):
    return find(image, patch)


LOOK = pytest.mark.parametrize("look", [beside, pytest.param(anywhere, marks=pytest.mark.slow)])
"""For laws of the last fit, which is alike wherever it starts; searches take five times as long."""


@functools.cache
def located(name):
    """Where the patch of a window of `WINDOWS` is found."""
    return find(ASTRONAUT, cut(ASTRONAUT, WINDOWS[name]))


def matches(image, patch):
    """Whether there is a match; none whatever may be told by an error, too."""
    try:
        return find(image, patch).found
    except GlimpseError as error:
        return "no match" not in str(error)


def corner_error(found, box):
    return max(abs(a - b) for a, b in zip(found.window.box, box, strict=True))


def resized(image, shape, box, how, *, crop=False):
    """Another tool's crop of a box (top, bottom, left, right), cut before it is resized or within."""
    top, bottom, left, right = box
    place = (left, top, right, bottom)
    picture, how, size = Image.fromarray(image), Image.Resampling[how], (shape[1], shape[0])
    return np.asarray(picture.crop(place).resize(size, how) if crop else picture.resize(size, how, place))
