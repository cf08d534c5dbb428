"""What it costs to start: `python tests/bench/startup.py`; `... startup.py TREE`: against another checkout.

Beside the bare imports stand two programs that do as little as can be: Click alone with the options of
`glimpse read`, and ten lines that read the same picture with whole matrices and save a PNG.
"""

import os
import statistics
import sys
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


def seconds(tree: Path, words: list[str]) -> float:
    """CPU time of a call of the command of a checkout."""
    argv = [sys.executable, "-c", "from glimpse.__main__ import main; main()", *words]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    env["PYTHONPATH"] = str(tree / "src")
    _, status, used = os.wait4(os.posix_spawn(argv[0], argv, env, file_actions=quiet), 0)
    assert status == 0, words
    return used.ru_utime + used.ru_stime


def compare(other: Path, runs: int = 40) -> None:
    """Print what commands cost by turns here and in another checkout, medians of CPU time."""
    trees = Path(__file__).resolve().parents[2], other
    with tempfile.TemporaryDirectory() as folder:
        patch = ["-o", f"{folder}/p.png", "--overwrite"]
        tiny = f"{folder}/tiny.png"
        seconds(trees[0], ["read", str(SCENE), *["--slice", "100:148,200:264", "-n", "native", "-o"], tiny])
        asked = ["--row", "312", "--col", "222", "--delta", "3.6"]
        for words in (
            ["--help"],
            ["read", "--help"],
            ["read", tiny, *patch],
            ["read", str(SCENE), *asked, *patch],
        ):
            times = [[seconds(tree, words) for tree in trees] for _ in range(runs + 1)][1:]
            here, there = map(statistics.median, zip(*times, strict=True))
            told = " ".join(Path(word).name if "/" in word else word for word in words)
            print(f"{here / there:.3f} x ({1e3 * here:.1f} ms, {1e3 * there:.1f} ms there)  glimpse {told}")


def main() -> None:
    """Print the tables."""
    if len(sys.argv) > 1:
        compare(Path(sys.argv[1]).resolve())
        return
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
