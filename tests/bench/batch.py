"""A batch beside its peers: `python tests/bench/batch.py`.

24 JPEG files of 12 MP, a window of 2000 x 2000 pixels to 64 x 64. The yardstick is Pillow that only decodes
the files, with as many threads; a process that has begun before, and has memory from the round before, takes
less time. ImageMagick and GraphicsMagick crop and resize with their default filters; libvips' thumbnailer
shrinks the whole picture while it decodes, which is less work and another picture. Each is one process for
all files.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bench
import numpy as np
from bench import SCENE, glimpse, have, interleaved, peak, seconds, table
from PIL import Image

FILES = 24
WORDS = ("--delta", 31.25, "-n", 64, "--overwrite", "-q")


def photographs(folder: Path) -> list[Path]:
    """The sample scene, enlarged, with grain, each file another."""
    scene = Image.open(SCENE).resize((4000, 3000), Image.Resampling.BICUBIC)
    rng = np.random.default_rng(0)
    files = []
    for number in range(FILES):
        grain = rng.normal(0, 4, (3000, 4000, 1))
        levels = np.clip(np.asarray(scene) + grain, 0, 255).astype(np.uint8)
        files.append(folder / f"photo{number:02}.jpg")
        Image.fromarray(levels).save(files[-1], quality=88)
    return files


def decode_only(files: list[Path], threads: int) -> None:
    """What no batch can do without; no picture is kept."""
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda path: Image.open(path).load() and None, files):
            pass


DECODE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from PIL import Image

with ThreadPoolExecutor(int(sys.argv[1])) as pool:
    for _ in pool.map(lambda path: Image.open(path).load() and None, sys.argv[2:]):
        pass
"""


def peers(files: list[Path], out: str) -> dict:
    """Commands that crop and shrink, where they are installed; each takes all files at once."""
    crop = ["-crop", "2000x2000+1000+500", "+repage", "-resize", "64x64!"]
    known = {
        "ImageMagick, crop and resize": ["mogrify", "-path", out, "-format", "png", *crop],
        "GraphicsMagick, crop and resize": [
            "gm", "mogrify", "-output-directory", out, "-create-directories", "-format", "png", *crop
        ],
        "libvips thumbnail (less work)": ["vipsthumbnail", "-s", "64x64", "-o", f"{out}/%s.png"],
    }  # fmt: skip
    return {name: bench.command(*words, *files) for name, words in known.items() if have(words[0])}


def main() -> None:
    """Print the tables."""
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        files = photographs(Path(folder))
        Path(folder, "peer").mkdir()
        base = f"Pillow, decoding only, {cores} threads"
        calls = {
            base: bench.command(sys.executable, "-c", DECODE, cores, *files),
            "the same in a process that runs": lambda: decode_only(files, cores),
            "glimpse read": glimpse("read", *files, "-o", f"{folder}/out/", *WORDS),
            "glimpse read --fast": glimpse("read", *files, "-o", f"{folder}/fast/", "--fast", *WORDS),
            **peers(files, f"{folder}/peer"),
        }
        table(f"{FILES} JPEG files of 12 MP", interleaved(calls, 5), base)
        scaling(files, Path(folder))


def scaling(files: list[Path], folder: Path) -> None:
    """Time and memory against the number of files, and of jobs."""
    print("\nAgainst the number of files, and of jobs")
    many = [folder / f"{number:03}.jpg" for number in range(200)]
    for number, path in enumerate(many):
        path.symlink_to(files[number % FILES])
    for count in (1, 5, 24, 200):
        for jobs in (1, 2):
            words = ("read", *many[:count], "-o", f"{folder}/out/", "-j", jobs, *WORDS)
            print(f"  {count:3} files, {jobs} jobs {seconds(glimpse(*words)):7.2f} s {peak(*words):6.0f} MB")


if __name__ == "__main__":
    main()
