"""What a sweep costs: `python tests/bench/sweep.py`.

Two tables, medians of interleaved runs. Rendering the 48 panels of the sample scene against encoding them
as a GIF; and `glimpse sweep` as a whole command against a script that makes the same animation (the scene
with a moving box, the patch beside it, a label) with matplotlib's FuncAnimation and PillowWriter.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from glimpse import Window, read
from glimpse.drawing import panels, paths, viewport
from glimpse.drawing.viewport import COLOURS
from glimpse.io.animation import encode_animation

SAMPLE = Path(__file__).parents[2] / "sample_images" / "scene.png"
PEER = """
import sys
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.patches import Rectangle
from PIL import Image
from glimpse import Window, read

scene = np.asarray(Image.open(sys.argv[1]))
deltas = np.geomspace(1, 7, 48)
figure, (left, right) = plt.subplots(1, 2, figsize=(6.5, 3.06), dpi=100)
left.imshow(scene)
box = left.add_patch(Rectangle((0, 0), 1, 1, fill=False, color="gold"))
patch = right.imshow(np.zeros((64, 64, 3), np.uint8))
label = figure.text(0.02, 0.02, "")

def draw(i):
    window = Window.centered(scene.shape[:2], delta=deltas[i])
    top, bottom, start, stop = window.box
    box.set_bounds(start, top, stop - start, bottom - top)
    patch.set_data(np.clip(np.rint(read(scene, window, channel_axis=2)), 0, 255).astype(np.uint8))
    label.set_text(f"delta {deltas[i]:.2f}")
    return box, patch, label

FuncAnimation(figure, draw, frames=48).save(sys.argv[2], PillowWriter(fps=25))
"""


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def interleaved(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each call, the calls taking turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return {name: median(values) for name, values in times.items()}


def render() -> list[np.ndarray]:
    """The 48 panels, reads included."""
    scene = np.asarray(Image.open(SAMPLE))
    shape = (scene.shape[0], scene.shape[1])
    windows = paths.path(Window.centered(shape, delta=1), Window.centered(shape, delta=7), 48)
    panel = panels.Panel(scene, windows)
    return [panel.draw(w, viewport.to_rgb(read(scene, w, channel_axis=2), 255)) for w in windows]


def table(title: str, times: dict[str, float]) -> None:
    first = next(iter(times.values()))
    print(title)
    for name, value in times.items():
        print(f"  {name:44} {value:7.3f} s {value / first:7.2f} x")


def main() -> None:
    """Print the tables."""
    frames = render()
    encode = {"rendering 48 panels": render}
    encode["encoding them as GIF"] = lambda: encode_animation(frames, [4] * 48, ".gif", exact=COLOURS)
    table("In one process", interleaved(encode, 7))
    with tempfile.TemporaryDirectory() as folder:
        ours = [sys.executable, "-m", "glimpse", "sweep", str(SAMPLE), "--delta", "1:7", "--overwrite", "-q"]
        peer = [sys.executable, "-c", PEER, str(SAMPLE), f"{folder}/peer.gif"]
        commands = {
            "glimpse sweep": lambda: subprocess.run([*ours, "-o", f"{folder}/ours.gif"], check=True),
            "matplotlib FuncAnimation and PillowWriter": lambda: subprocess.run(peer, check=True),
        }
        table("As commands", interleaved(commands, 5))
        for name in ("ours", "peer"):
            print(f"  {name}.gif: {Path(folder, name + '.gif').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
