"""A network that learns where to look: `python tests/bench/learn_to_look.py [looks.png]`."""

import sys

import numpy as np
import torch
from clutter import SIDE, scenes, tiles
from PIL import Image, ImageDraw
from torch.nn import Flatten, Linear, Module, ReLU, Sequential
from training import sampled

from glimpse import Window, read


class Looker(Module):  # a coarse glance at all says where to look; only that look may name the digit
    def __init__(self, see):
        super().__init__()
        self.see, self.all = see, torch.tensor([0, 0, 1.8, 0, 0])
        self.where = Sequential(Flatten(), Linear(400, 128), ReLU(), Linear(128, 5))
        self.what = Sequential(Flatten(), Linear(144, 128), ReLU(), Linear(128, 10))
        self.where[-1].weight.data *= 0  # every look begins at the middle half of the image
        self.where[-1].bias.data = torch.tensor([0, 0, 1.5, -0.7, 0])

    def forward(self, images):
        glance = self.see(images, Window.from_outputs(self.all.expand(len(images), 5), (SIDE, SIDE), 20))
        window = Window.from_outputs(self.where(glance), (SIDE, SIDE), 12)
        return self.what(self.see(images, window)), window


def main(path="looks.png", rounds=2500, shapes=800):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    digits, test = tiles(shapes, rng), scenes(tiles(shapes // 4, rng), 1000, rng)
    images, labels = map(torch.tensor, test)
    grid = Looker(lambda images, w: sampled(images, w.gx, w.gy, w.delta, w.sigma, w.n))
    nets = {"glimpse": Looker(read), "grid_sample": grid}
    optimizers = {name: torch.optim.Adam(net.parameters(), 2e-3) for name, net in nets.items()}
    for _ in range(rounds):
        seen, meant = map(torch.tensor, scenes(digits, 64, rng))
        for name, net in nets.items():
            optimizers[name].zero_grad()
            torch.nn.functional.cross_entropy(net(seen)[0], meant).backward()
            optimizers[name].step()
    sheet = Image.new("RGB", (8 * 204, 404), "white")
    for row, (name, net) in enumerate(nets.items()):
        with torch.no_grad():
            said, window = net(images)
        print(f"{name}: {(said.argmax(1) == labels).float().mean():.1%} of 1000 new images named right")
        for k in range(8):
            tile = Image.fromarray(images[k, 0].mul(255).byte().numpy()).resize((200, 200)).convert("RGB")
            top, bottom, left, right = (200 / SIDE * float(edge[k]) for edge in window.box)
            ImageDraw.Draw(tile).rectangle((left, top, right, bottom), outline="red", width=2)
            sheet.paste(tile, (204 * k, 204 * row))
    sheet.save(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
