"""What it costs to start: `python tests/bench/startup.py`.

Beside the bare imports stand two programs that do as little as can be: Click alone with the options of
`glimpse read`, and ten lines that read the same picture with whole matrices and save a PNG.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import click
from bench import SCENE, interleaved, python, table

from glimpse.cli import COMMANDS
from glimpse.cli.read import read

BARE = """
import click, numpy as np
from PIL import Image

@click.command()
@click.argument("image")
@click.argument("patch")
def main(image, patch):
    pixels = np.asarray(Image.open(image)).astype(np.float32)
    (rows, cols, _), n = pixels.shape, 64
    Fx, Fy = (np.full((n, size), 1 / size, np.float32) for size in (rows, cols))
    found = np.tensordot(Fx, np.tensordot(pixels, Fy, (1, 1)), 1)
    Image.fromarray(np.rint(found).astype(np.uint8).transpose(0, 2, 1)).save(patch)

main()
"""


def options_of_read() -> str:
    """A program of Click alone with the options of `glimpse read` and their help."""
    lines = ["import click", f"@click.command(help={read.help!r})"]
    for parameter in read.params:
        if isinstance(parameter, click.Option):
            words = ", ".join(map(repr, (parameter.name, *parameter.opts)))
            more = f"help={parameter.help!r}, metavar={parameter.metavar!r}, is_flag={parameter.is_flag}"
            lines.append(f"@click.option({words}, {more})")
    return "\n".join([*lines, "def main(**values): pass", "main()"])


def run(program: str, *words: object) -> Callable[[], object]:
    """A call of a program as the command is started: without `python -m`, which imports more."""
    return python(f"import sys; sys.argv[1:] = {list(map(str, words))!r}\n{program}")


def glimpse(*words: object) -> Callable[[], object]:
    """A call of the command."""
    return run("from glimpse.__main__ import main; main()", *words)


def main() -> None:
    """Print the tables."""
    words = {
        "import click": python("import click"),
        "Click with the options of read, --help": run(options_of_read(), "--help"),
        **{f"glimpse {word}": glimpse(word) for word in ("--help", "--version")},
        **{f"glimpse {name} --help": glimpse(name, "--help") for name in COMMANDS},
    }
    table("Words", interleaved(words, 15), "import click")
    with tempfile.TemporaryDirectory() as folder:
        patch, tiny = f"{folder}/p.png", Path(folder, "tiny.png")
        glimpse("read", SCENE, "--slice", "100:148,200:264", "-n", "native", "-o", tiny)()
        base = "import click, numpy, PIL.Image"
        for picture in (tiny, SCENE):
            small = {
                base: python(base),
                f"ten lines on {picture.name}": run(BARE, picture, patch),
                f"glimpse read {picture.name}": glimpse("read", picture, "-o", patch, "--overwrite"),
            }
            table(f"A small picture, {picture.name}", interleaved(small, 15), base)


if __name__ == "__main__":
    main()
