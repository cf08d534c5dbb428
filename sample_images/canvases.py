"""Pictures of the README that take more than one command: a canvas of many patches, a table."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner

from glimpse.cli import main

FOLDER = Path(__file__).parent


def foveated() -> bytes:
    """Read the windows of fixations.csv out of the scene, and write all patches onto one canvas."""
    with tempfile.TemporaryDirectory() as folder:
        looks, canvas = Path(folder, "looks"), Path(folder, "foveated.jpg")
        table = FOLDER / "fixations.csv"
        _run(["read", FOLDER / "scene.png", "--table", table, "-n", 48, "-o", f"{looks}/"])
        _run(["write", *sorted(looks.iterdir()), "-o", canvas])
        return canvas.read_bytes()


def boxes() -> bytes:
    """Draw the boxes of the README's table over the scene, with the patch of each."""
    rows = "image,class,x,y,w,h\nscene.png,face,140,225,165,180\nscene.png,sign,480,300,150,110\n"
    with tempfile.TemporaryDirectory() as folder:
        table, drawing = Path(folder, "boxes.csv"), Path(folder, "boxes.webp")
        table.write_text(rows)
        _run(["show", "--table", table, "--images", FOLDER, "-n", 64, "--width", 1280, "-o", drawing])
        return drawing.read_bytes()


def _run(words: Sequence[object]) -> None:
    result = CliRunner().invoke(main, [str(word) for word in words], standalone_mode=False)
    if result.exception:
        raise result.exception
