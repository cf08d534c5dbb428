"""The pictures of the README: what its own commands make."""

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from glimpse.cli import main

ROOT = Path(__file__).parent.parent
SCENE = "sample_images/scene.png"
CENTRE = "--row 312 --col 222"
FACE = f"{CENTRE} --delta 3.6"
ZOOM = "--row 240:312 --col 320:222 --delta 7.5:3.6"
PATH = "--table sample_images/scanpath.csv -n 48"
SINE = "sample_images/sine.csv --slice 100:600 -n 100"
SIGMAS = "--compare sigma=1,2,4,8 --theme light --width 1280"
PAST = "--row 250:620 --col 260:200 --delta 3.6 --frames 12 --fps 8"

# file in readme/: the command that makes it, as the README has it
COMMANDS = {
    "hero.gif": f"glimpse sweep {SCENE} {ZOOM} --frames 10 --fps 10 --boomerang -o hero.gif",
    "face.png": f"glimpse read {SCENE} {FACE} -o face.png",
    "edited.png": """python -c "from PIL import Image as I; i = I.open('face.png'); """
    """m = I.radial_gradient('L').resize(i.size).point(lambda v: 255 - 2 * v); """
    """I.composite(I.merge('RGB', i.split()[::-1]), i, m).save('edited.png')\"""",
    "back.webp": f"glimpse write edited.png --like face.png --onto {SCENE} --quality lossless -o back.webp",
    "canvas.png": "glimpse write face.png -o canvas.png",
    "inverse.png": "glimpse write face.png --method inverse -o inverse.png",
    "show.webp": f"glimpse show {SCENE} {CENTRE} --delta 7.2 -n 32 -o show.webp",
    "profile.png": f"glimpse show {SCENE} {FACE} --profile -o profile.png",
    "profile-box.png": f"glimpse show {SCENE} {FACE} --kernel box --profile -o profile-box.png",
    "sine.png": f"glimpse show {SINE} --profile -o sine.png",
    "sine-box.png": f"glimpse show {SINE} --kernel box --profile -o sine-box.png",
    "compare.webp": f"glimpse show {SCENE} {FACE} {SIGMAS} -o compare.webp",
    "heat.webp": f"glimpse show {SCENE} {PATH} --heat --theme light -o heat.webp",
    "delta.gif": f"glimpse sweep {SCENE} {CENTRE} --delta 1:16 --sigma 1 --frames 12 --fps 8 -o delta.gif",
    "sigma.gif": f"glimpse sweep {SCENE} {FACE} --sigma 0.5:16 --frames 12 --fps 8 -o sigma.gif",
    "shift.gif": f"glimpse sweep {SCENE} {PAST} -o shift.gif",
    "shift-black.gif": f"glimpse sweep {SCENE} {PAST} --edge black -o shift-black.gif",
    "scanpath.gif": f"glimpse sweep {SCENE} --table sample_images/scanpath.csv -n 48 -o scanpath.gif",
    "gamma.webp": f"glimpse sweep {SCENE} {FACE} --gamma 0.25:2 --frames 6 --fps 6 -o gamma.webp",
}  # fmt: skip


def made_by(name: str) -> Callable[[], bytes]:
    """Return the maker of a picture: it runs its command, as from the top of the project."""

    def make() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / name
            first, *words, last = shlex.split(COMMANDS[name])
            if first == "python":  # a line of Pillow, which edits a picture of the README
                shutil.copy(_patch("face.png"), folder)
                subprocess.run([sys.executable, *words, last], cwd=folder, check=True)
                return target.read_bytes()
            places = [str(ROOT / w if w.startswith("sample_images/") else _patch(w)) for w in words]
            result = CliRunner().invoke(main, [*places, str(target)], standalone_mode=False)
            if result.exception:
                raise result.exception
            return target.read_bytes()

    return make


def _patch(word: str) -> str | Path:
    """The picture of the README that a word of a command names, or the word."""
    return ROOT / "sample_images" / "readme" / word if word.endswith(".png") else word
