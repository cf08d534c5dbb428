"""DRAW draws digits: `python tests/bench/draw.py [rounds]`, the loss with glimpse and with banks by hand.

Gregor et al. 2015, section 3, small: eight glimpses of 5 x 5 samples, a code of 10 numbers each, LSTMs of 64.
"""

import math
import sys
import time

import numpy as np
import torch
from clutter import TILE, tiles
from torch import nn

from glimpse.torch import Attention

GLIMPSES, N, CODE, HIDDEN = 8, 5, 10, 64


class ByHand(nn.Module):
    """The same attention, as one writes it: banks by a softmax of each filter's exponents."""

    def __init__(self, n, features):
        super().__init__()
        self.n, self.where = n, nn.Linear(features, 5)
        for parameter in self.where.parameters():
            nn.init.zeros_(parameter)

    def banks(self, hidden):
        down, across, spread, zoom, gain = self.where(hidden).unbind(-1)
        gx, gy = ((TILE + 1) / 2 * (g + 1) - 1 for g in (down, across))
        delta = (TILE - 1) / (self.n - 1) * zoom.exp()
        steps = torch.arange(self.n) - (self.n - 1) / 2
        mus = (g[:, None] + steps * delta[:, None] for g in (gx, gy))
        pixels = torch.arange(float(TILE))
        Fx, Fy = (
            torch.softmax(-((pixels - mu[..., None]) ** 2) / (2 * spread.exp()[:, None, None]), -1)
            for mu in mus
        )
        return Fx, Fy, gain.exp()[:, None, None]

    def forward(self, image, hidden):
        Fx, Fy, gamma = self.banks(hidden)
        return gamma * (Fx @ image @ Fy.mT)

    def write(self, patch, hidden, shape):
        Fx, Fy, gamma = self.banks(hidden)
        return Fx.mT @ patch @ Fy / gamma


class Draw(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.look, self.pen = attention(N, HIDDEN), attention(N, HIDDEN)
        self.encoder = nn.LSTMCell(2 * N * N + HIDDEN, HIDDEN)
        self.decoder = nn.LSTMCell(CODE, HIDDEN)
        self.code, self.patch = nn.Linear(HIDDEN, 2 * CODE), nn.Linear(HIDDEN, N * N)

    def forward(self, images):
        """The loss in nats: how unlikely the images are on the canvas, and what the codes cost."""
        canvas, cost = torch.zeros_like(images), 0.0
        seen, drawn = None, (torch.zeros(len(images), HIDDEN), torch.zeros(len(images), HIDDEN))
        for _ in range(GLIMPSES):
            error = images - torch.sigmoid(canvas)
            read = [self.look(part, drawn[0]).flatten(1) for part in (images, error)]
            seen = self.encoder(torch.cat([*read, drawn[0]], 1), seen)
            mean, log_sigma = self.code(seen[0]).chunk(2, 1)
            code = mean + log_sigma.exp() * torch.randn_like(mean)
            drawn = self.decoder(code, drawn)
            canvas = canvas + self.pen.write(self.patch(drawn[0]).view(-1, N, N), drawn[0], (TILE, TILE))
            cost = cost + 0.5 * (mean**2 + (2 * log_sigma).exp() - 1 - 2 * log_sigma).sum(1)
        likely = nn.functional.binary_cross_entropy_with_logits(canvas, images, reduction="none")
        return (likely.sum((1, 2)) + cost).mean()


def main(rounds=900):
    torch.set_num_threads(1)
    digits = torch.tensor(tiles(500, np.random.default_rng(1)), dtype=torch.float32)
    for name, attention in {"glimpse": Attention, "by hand": ByHand}.items():
        torch.manual_seed(0)
        model, losses = Draw(attention), []
        descent, begun = torch.optim.Adam(model.parameters(), 2e-3), time.process_time()
        for _ in range(rounds):
            descent.zero_grad()
            loss = model(digits[torch.randint(len(digits), (32,))])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5)
            descent.step()
            losses.append(float(loss.detach()))
        few = math.ceil(rounds / 20)
        ends = np.mean(losses[:1]), np.mean(losses[-few:])
        print(f"{name}: loss {ends[0]:.1f} to {ends[1]:.1f}, {time.process_time() - begun:.0f} s of CPU")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
