"""The pictures of the README: what its own commands make, and one plot of filters over a signal."""

import io
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from glimpse import filterbank
from glimpse.cli import main

ROOT = Path(__file__).parent.parent
SCENE = "sample_images/scene.png"
CENTRE = "--row 312 --col 222"
FACE = f"{CENTRE} --delta 3.6"
ZOOM = "--row 240:312 --col 320:222 --delta 7.5:3.6"
PAST = "--row 250:620 --col 260:200 --delta 3.6 --frames 16 --fps 10"

# file in readme/: the command that makes it, as the README has it
COMMANDS = {
    "hero.gif": f"glimpse sweep {SCENE} {ZOOM} --frames 12 --fps 12 --boomerang -o hero.gif",
    "face.png": f"glimpse read {SCENE} {FACE} -o face.png",
    "canvas.png": "glimpse write face.png -o canvas.png",
    "inverse.png": "glimpse write face.png --method inverse -o inverse.png",
    "show.png": f"glimpse show {SCENE} {CENTRE} --delta 7.2 -n 32 -o show.png",
    "where.png": f"glimpse locate {SCENE} face.png -o where.png",
    "delta.gif": f"glimpse sweep {SCENE} {CENTRE} --delta 1:16 --sigma 1 --frames 16 --fps 10 -o delta.gif",
    "sigma.gif": f"glimpse sweep {SCENE} {FACE} --sigma 0.5:16 --frames 16 --fps 10 -o sigma.gif",
    "shift.gif": f"glimpse sweep {SCENE} {PAST} -o shift.gif",
    "shift-black.gif": f"glimpse sweep {SCENE} {PAST} --edge black -o shift-black.gif",
    "gamma.webp": f"glimpse sweep {SCENE} {FACE} --gamma 0.25:2 --frames 8 --fps 8 -o gamma.webp",
}  # fmt: skip


def made_by(name: str) -> Callable[[], bytes]:
    """Return the maker of a picture: it runs its command, as from the top of the project."""

    def make() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / name
            words = shlex.split(COMMANDS[name])[1:-1]
            places = [str(ROOT / w if w.startswith("sample_images/") else _patch(w)) for w in words]
            result = CliRunner().invoke(main, [*places, str(target)], standalone_mode=False)
            if result.exception:
                raise result.exception
            return target.read_bytes()

    return make


def _patch(word: str) -> str | Path:
    """The picture of the README that a word of a command names, or the word."""
    return ROOT / "sample_images" / "readme" / word if word.endswith(".png") else word


def filters() -> bytes:
    """Draw two banks of filters over a sine wave, the products, and what both make of ys[100:600]."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    xs, ys = np.arange(800), np.sin(np.linspace(0, 4 * np.pi, 800))
    figure, axes = plt.subplots(3, 2, figsize=(10, 6.4), sharey="row", layout="constrained")
    for column, kernel in zip(axes.T, ("gaussian", "box"), strict=True):
        few = filterbank(800, 8, center=349.5, delta=62.5, sigma=16, kernel=kernel)
        F = filterbank(800, 100, center=349.5, delta=5, sigma=2.5, kernel=kernel)
        column[0].plot(xs, ys, color="0.6")
        column[0].plot(xs, (few / few.max()).T, linewidth=1)
        column[0].set_title(f"{kernel}: 8 of the filters over the signal")
        column[1].plot(xs, (few / few.max() * ys).T, linewidth=1)
        column[1].set_title("filter times signal")
        column[2].plot(F @ ys, ".", markersize=3, color="C3")
        column[2].set_title("F @ ys: ys[100:600] in 100 values")
    file = io.BytesIO()
    figure.savefig(file, dpi=80)
    plt.close(figure)
    return file.getvalue()
