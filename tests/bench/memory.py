"""Peak memory of every command against the pixels of its picture: `python tests/bench/memory.py`.

One job. The promise is 5 bytes a pixel and 150 MB; `locate`, which searches the picture in floating
point, takes up to 11 bytes a pixel and 250 MB.
"""

import tempfile
from pathlib import Path

from bench import SCENE, peak
from PIL import Image

PROMISED = {"locate": (11, 250)}  # bytes a pixel, MB
SIZES = ((1000, 1500), (4000, 6000), (8000, 12000))
LINKS = [f"{{folder}}/link{number}.{{suffix}}" for number in range(12)]  # one picture under many names
COMMANDS = {
    "read": ("read", "{picture}", "-o", "{folder}/p.png"),
    "show": ("show", "{picture}", "-o", "{folder}/s.png"),
    "show page": ("show", "{picture}", "-o", "{folder}/s.html"),
    "sweep": ("sweep", "{picture}", "--delta", "1:8", "--frames", "4", "-o", "{folder}/s.gif"),
    "write": ("write", "{folder}/p.png", "-o", "{folder}/c.png", "--max-pixels", "300000000"),
    "write --onto": ("write", "{folder}/p.png", "--onto", "{picture}", "-o", "{folder}/c.png"),
    "locate": ("locate", "{picture}", "{folder}/q.png"),
    "read 12": ("read", *LINKS, "-j", "1", "-o", "{folder}/{{index}}.png"),
}


def main() -> None:
    """Print the table."""
    print("command        file      MP   peak MB  promised MB  bytes a pixel beyond 150 MB")
    with tempfile.TemporaryDirectory() as folder:
        for rows, cols in SIZES:
            for suffix in ("jpg", "png"):
                picture = Path(folder, f"picture.{suffix}")
                Image.open(SCENE).convert("RGB").resize((cols, rows), Image.Resampling.BICUBIC).save(picture)
                for link in LINKS:
                    place = Path(link.format(folder=folder, suffix=suffix))
                    place.unlink(missing_ok=True)  # of the size before
                    place.symlink_to(picture)
                window = ("--row", rows // 2, "--col", cols // 2, "--delta", 4, "-n", 64)
                peak("read", picture, *window, "-o", f"{folder}/q.png", "--overwrite", "-q")
                for name, words in COMMANDS.items():
                    spent = peak(
                        *(w.format(picture=picture, folder=folder, suffix=suffix) for w in words),
                        *quiet(name),
                    )
                    pixels, (each, fixed) = rows * cols / 1e6, PROMISED.get(name, (5, 150))
                    print(
                        f"{name:14} {suffix:5} {pixels:6.1f} {spent:9.0f} {each * pixels + fixed:12.0f} "
                        f"{max(0, spent - 150) / pixels:10.1f}"
                    )


def quiet(name: str) -> tuple[str, ...]:
    """The options of a command that writes a file."""
    return () if name == "locate" else ("--overwrite", "-q")


if __name__ == "__main__":
    main()
