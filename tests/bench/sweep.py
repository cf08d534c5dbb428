"""What a sweep costs: `python tests/bench/sweep.py`.

Two tables, medians of interleaved runs. Rendering the 48 panels of the sample scene against encoding them
as a GIF; and `glimpse sweep` as a whole command against a script that makes the same animation (the scene
with a moving box, the patch beside it, a label) with matplotlib's FuncAnimation and PillowWriter.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from bench import SCENE, command, glimpse, have, interleaved, table
from PIL import Image

from glimpse import Window, read
from glimpse.drawing import panels, paths, viewport
from glimpse.drawing.viewport import COLOURS
from glimpse.io.animation import encode_animation

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


def render() -> list[np.ndarray]:
    """The 48 panels, reads included."""
    scene = np.asarray(Image.open(SCENE))
    shape = (scene.shape[0], scene.shape[1])
    windows = paths.path(Window.centered(shape, delta=1), Window.centered(shape, delta=7), 48)
    panel = panels.Panel(scene, windows)
    return [panel.draw(w, viewport.to_rgb(read(scene, w, channel_axis=2), 255)) for w in windows]


def main() -> None:
    """Print the tables."""
    frames = render()
    encode = {"rendering 48 panels": render}
    encode["encoding them as GIF"] = lambda: encode_animation(frames, [4] * 48, ".gif", exact=COLOURS)
    table("In one process", interleaved(encode, 7), "rendering 48 panels")
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "glimpse sweep": glimpse(
                "sweep", SCENE, "--delta", "1:7", "-q", "-o", f"{folder}/ours.gif", "--overwrite"
            )
        }
        if have("matplotlib"):
            peer = command(sys.executable, "-c", PEER, SCENE, f"{folder}/peer.gif")
            commands["matplotlib FuncAnimation and PillowWriter"] = peer
        table("As commands", interleaved(commands, 5), "glimpse sweep")
        for file in sorted(Path(folder).iterdir()):
            print(f"  {file.name}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
