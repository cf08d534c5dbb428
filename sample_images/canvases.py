"""The canvas of many patches in the README: a scene as ten fixations saw it, at three scales each."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner

from glimpse.cli import main

FOLDER = Path(__file__).parent


def foveated() -> bytes:
    """Read the windows of fixations.csv out of the scene, and write all patches onto one canvas."""
    with tempfile.TemporaryDirectory() as folder:
        looks, canvas = Path(folder, "looks"), Path(folder, "foveated.png")
        table = FOLDER / "fixations.csv"
        _run(["read", FOLDER / "scene.png", "--table", table, "-n", 48, "-o", f"{looks}/"])
        _run(["write", *sorted(looks.iterdir()), "-o", canvas])
        return canvas.read_bytes()


def _run(words: Sequence[object]) -> None:
    result = CliRunner().invoke(main, [str(word) for word in words], standalone_mode=False)
    if result.exception:
        raise result.exception
