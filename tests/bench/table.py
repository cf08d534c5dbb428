"""Many windows of one picture, from a table: `python tests/bench/table.py`."""

import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench import SCENE, command, glimpse, interleaved, table
from PIL import Image

WINDOWS, N, DELTA = 10_000, 25, 10

PEER = """
import csv, sys
from pathlib import Path
from PIL import Image
picture, fixations, folder = map(Path, sys.argv[1:4])
n, delta = map(int, sys.argv[4:])
folder.mkdir()
image = Image.open(picture)
half = n * delta / 2
for index, row in enumerate(csv.DictReader(open(fixations))):
    y, x = float(row["gx"]) + 0.5, float(row["gy"]) + 0.5
    box = max(x - half, 0), max(y - half, 0), min(x + half, image.width), min(y + half, image.height)
    image.resize((n, n), Image.Resampling.LANCZOS, box).save(folder / f"{picture.stem}-{index:05d}.png")
"""


def main() -> None:
    """Print the time of the whole command, its PNG files included."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        picture, fixations = Path(folder, "picture.jpg"), Path(folder, "fixations.csv")
        Image.open(SCENE).resize((4000, 3000), Image.Resampling.BICUBIC).save(picture, quality=90)
        rows = [f"{row:.2f},{col:.2f}" for row, col in rng.uniform((0, 0), (2999, 3999), (WINDOWS, 2))]
        fixations.write_text("\n".join(["gx,gy", *rows]), encoding="utf-8")
        outputs = (Path(folder, f"patches-{number}") for number in itertools.count())

        def ours(*more: object, ending: str = "/") -> Callable[[], object]:
            words = ("--table", fixations, "-n", N, "--delta", DELTA, "-q", *more)
            return lambda: glimpse("read", picture, *words, "-o", f"{next(outputs)}{ending}")()

        def peer() -> object:
            return command(sys.executable, "-c", PEER, picture, fixations, next(outputs), N, DELTA)()

        calls = {
            "glimpse read --table": ours(),
            "glimpse read --table -j 1": ours("-j", 1),
            "the same, all in one .npz": ours("-j", 1, ending=".npz"),
            "Pillow, LANCZOS in a loop": peer,
        }
        times = interleaved(calls, rounds=3)
        assert all(len(list(done.iterdir())) == WINDOWS for done in Path(folder).glob("patches-*[0-9]"))
    table(f"{WINDOWS:,} windows ({N} x {N}, delta {DELTA}, RGB) of 12 MP, one PNG each", times,
          "glimpse read --table")  # fmt: skip


if __name__ == "__main__":
    main()
