"""Brushes: anti-aliased shapes, gradients and noise on a float picture.

Points are (x, y) as Pillow counts them, x across and y down; whole numbers are pixel centres.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

OVERSAMPLING = 4

Points = np.ndarray | Sequence[tuple[float, float]]
Colour = str | np.ndarray


def rgb(colour: Colour) -> np.ndarray:
    """Levels in 0..1 of a "#rrggbb" code; arrays pass through."""
    if isinstance(colour, str):
        return np.array(list(bytes.fromhex(colour[1:])), np.float32) / 255
    return colour


def ramp(t: np.ndarray, *colours: str) -> np.ndarray:
    """Colour of every t in 0..1 along evenly spaced colours, shape ``t.shape + (3,)``."""
    stops = np.linspace(0, 1, len(colours))
    table = np.stack([rgb(colour) for colour in colours])
    return np.stack([np.interp(t, stops, channel) for channel in table.T], axis=-1).astype(np.float32)


def smoothstep(low: float, high: float, t: np.ndarray) -> np.ndarray:
    """0 below low, 1 above high, smooth between."""
    s = np.clip((t - low) / (high - low), 0, 1)
    return s * s * (3 - 2 * s)


def spline(points: Points, closed: bool = True, steps: int = 10) -> np.ndarray:
    """A smooth curve through the points (Catmull-Rom)."""
    p = np.asarray(points, float)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = [_catmull_rom(*p[i : i + 4], t) for i in range(len(p) - 3)]
    return np.concatenate(pieces if closed else [*pieces, p[-1:]])


def _catmull_rom(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, t: np.ndarray) -> np.ndarray:
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def ribbon(path: Points, width: float, taper: tuple[float, float] = (1, 0)) -> np.ndarray:
    """The outline of a brush stroke; taper gives its relative width at either end, full in the middle."""
    p = np.asarray(path, float)
    along = np.gradient(p, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    t = np.linspace(0, 1, len(p))
    half = width / 2 * np.interp(t, [0, 0.5, 1], [taper[0], 1, taper[1]])[:, None]
    return np.concatenate([p + half * across, (p - half * across)[::-1]])


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0, steps: int = 32) -> np.ndarray:
    """An ellipse as a polygon, turned by so many radians."""
    angle = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    u, v = rx * np.cos(angle), ry * np.sin(angle)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([x + cos * u - sin * v, y + sin * u + cos * v], axis=1)


def shifted(points: Points, dx: float, dy: float) -> np.ndarray:
    """The points moved across by dx and down by dy."""
    return np.asarray(points, float) + np.array([dx, dy])


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """An upright rectangle between two corners."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)


def noise(
    shape: tuple[int, int], cell: tuple[float, float], rng: np.random.Generator, octaves: int = 4
) -> np.ndarray:
    """Smooth random relief, about 0..1: each octave has half the (rows, columns) cell and half the height."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        size = [int(np.ceil(n * 2**octave / c)) + 3 for n, c in zip(shape, cell, strict=True)]
        grid = Image.fromarray(rng.random(size, dtype=np.float32))
        total += np.asarray(grid.resize(shape[::-1], Image.Resampling.BICUBIC)) / 2**octave
    return total / (2 - 0.5 ** (octaves - 1))


class Painting:
    """A picture in progress: RGB levels in 0..1, painted shape over shape."""

    def __init__(self, rows: int, columns: int) -> None:
        self.pixels = np.zeros((rows, columns, 3), np.float32)
        self.y, self.x = np.mgrid[:rows, :columns].astype(np.float32)

    def coverage(self, shapes: Iterable[Points], blur: float = 0) -> np.ndarray:
        """How much of each pixel the polygons cover, 0..1; blur is in pixels."""

        def draw(pen: ImageDraw.ImageDraw) -> None:
            for shape in shapes:
                corners = (np.asarray(shape, float) + 0.5) * OVERSAMPLING - 0.5
                pen.polygon(corners.ravel().tolist(), fill=255)

        return self._rasterise(draw, blur)

    def lettering(self, text: str, x: float, y: float, size: float) -> np.ndarray:
        """Coverage of a line of text centred on (x, y)."""
        font = ImageFont.load_default(size * OVERSAMPLING)
        centre = ((x + 0.5) * OVERSAMPLING, (y + 0.5) * OVERSAMPLING)
        return self._rasterise(lambda pen: pen.text(centre, text, fill=255, font=font, anchor="mm"), 0)

    def _rasterise(self, draw: Callable[[ImageDraw.ImageDraw], None], blur: float) -> np.ndarray:
        rows, columns = self.pixels.shape[:2]
        mask = Image.new("L", (columns * OVERSAMPLING, rows * OVERSAMPLING))
        draw(ImageDraw.Draw(mask))
        mask = mask.reduce(OVERSAMPLING)
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        return np.asarray(mask, np.float32) / 255

    def lay(self, mask: np.ndarray, colour: Colour, opacity: float = 1) -> None:
        """Lay a colour (a code, or an array as large as the picture) over the pixels of the mask."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows) == 0:
            return
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        tint = rgb(colour)
        tint = tint[part] if tint.ndim == 3 else tint
        self.pixels[part] += opacity * mask[part][..., None] * (tint - self.pixels[part])

    def fill(
        self,
        shapes: Iterable[Points],
        colour: Colour,
        *,
        opacity: float = 1,
        blur: float = 0,
        within: np.ndarray | None = None,
    ) -> None:
        """Paint polygons, kept within a mask if one is given."""
        mask = self.coverage(shapes, blur)
        self.lay(mask if within is None else mask * within, colour, opacity)

    def down(self, top: float, bottom: float, *colours: str) -> np.ndarray:
        """A gradient as large as the picture, from row top to row bottom."""
        return ramp((self.y - top) / (bottom - top), *colours)

    def image(self) -> Image.Image:
        """The picture in 8 bits."""
        return Image.fromarray(np.rint(np.clip(self.pixels, 0, 1) * 255).astype(np.uint8))
