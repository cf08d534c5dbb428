"""How often and how well `locate` finds a crop.

    python tests/bench/locate.py [WINDOWS [glimpse|OpenCV [PATCHES OF...]]]
    python tests/bench/locate.py painted [WINDOWS]
    python tests/bench/locate.py honest [WINDOWS [FOREIGN]]

Random windows on scikit-image's photographs, 8-bit patches: our own, with random sigma, and crops by other
tools where they are installed (Pillow, OpenCV, ImageMagick, libvips); plain, with brightness and contrast
changed, and through JPEG at quality 75. A window is drawn again where the patch is flatter than 8 levels.
The same croppers resize boxes of aspect 0.5 to 2 to squares ("squashed"), and Pillow makes thumbnails of
parts of the photographs, with sides that it rounds. Found means accepted and within half a pixel at every
corner. The peer is OpenCV's matchTemplate over the same scales, then findTransformECC; it has no notion of no
match, so it accepts all. Patches from other pictures are to be refused.

"painted" covers 10 to 50 % of our own patches of four photographs, 48 to 128 samples a side, in one to ten
pieces, by a flat colour, black, noise, a mosaic or a part of another photograph; the rest deviates by 16
levels or more. SIFT with RANSAC (a similarity) is a peer there, too. "told" is `locate` with the place for a
start and what was painted over transparent: noise and losses leave errors there, too.

"honest" counts what is sure and wrong (confidence over 0.3): windows of ramps, stripes, waves, rings and
edges in any direction, half of them exact copies, and patches of other photographs, half of them painted
over. An answer is right where the place is the first or among the others that it tells.
"""

import contextlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from skimage import data

from glimpse import GlimpseError, Window, locate, read

PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "rocket", "immunohistochemistry")
SCENE = Path(__file__).parents[2] / "sample_images" / "scene.png"
FLAT = 8.0
SEED = int(os.environ.get("SEED", "7"))


class Case(NamedTuple):
    """A crop of a photograph: a box of whole pixels in n samples."""

    photo: str
    top: int
    left: int
    shape: tuple[int, int]
    n: tuple[int, int]

    @property
    def box(self) -> tuple[float, float, float, float]:
        return self.top, self.top + self.shape[0], self.left, self.left + self.shape[1]


def photograph(name: str) -> np.ndarray:
    return getattr(data, name)()


def draw(rng: np.random.Generator) -> Case:
    """A box of whole pixels, 24 to 64 samples a side, a stride of 1 to 8 pixels."""
    while True:
        photo = str(rng.choice(PHOTOGRAPHS))
        image = photograph(photo)
        n = tuple(int(k) * 4 for k in rng.integers(6, 17, 2))
        delta = round(np.exp(rng.uniform(0, np.log(8))) * 4) / 4
        rows, cols = (int(k * delta) for k in n)
        if rows > image.shape[0] or cols > image.shape[1]:
            continue
        top, left = (int(rng.integers(0, a - k + 1)) for a, k in zip(image.shape, (rows, cols), strict=False))
        case = Case(photo, top, left, (rows, cols), (n[0], n[1]))
        if np.std(levels(pillow(image, case, Image.Resampling.BOX))) >= FLAT:
            return case


def draw_squashed(rng: np.random.Generator) -> Case:
    """A box of whole pixels and of aspect 0.5 to 2 for 24 to 64 samples a side, a stride of 1 to 8 pixels."""
    while True:
        photo, n = str(rng.choice(PHOTOGRAPHS)), int(rng.integers(6, 17)) * 4
        image, side = photograph(photo), n * np.exp(rng.uniform(0, np.log(8)))
        aspect = np.exp(rng.uniform(-np.log(2), np.log(2)) / 2)
        rows, cols = round(side * aspect), round(side / aspect)
        if rows > image.shape[0] or cols > image.shape[1] or min(rows, cols) < n:
            continue
        top, left = (int(rng.integers(0, a - k + 1)) for a, k in zip(image.shape, (rows, cols), strict=False))
        case = Case(photo, top, left, (rows, cols), (n, n))
        if np.std(levels(pillow(image, case, Image.Resampling.BOX))) >= FLAT:
            return case


def thumbnails(rng: np.random.Generator, count: int) -> list[tuple[Any, ...]]:
    """Parts of photographs, the thumbnails that Pillow makes of them, and their whole boxes."""
    made: list[tuple[Any, ...]] = []
    while len(made) < count:
        image = photograph(str(rng.choice(PHOTOGRAPHS)))
        part = image[
            : image.shape[0] - int(rng.integers(0, 100)), : image.shape[1] - int(rng.integers(0, 100))
        ]
        small = Image.fromarray(part)
        small.thumbnail((int(rng.integers(32, 161)),) * 2)
        if np.std(levels(np.asarray(small))) >= FLAT:
            made.append((part, np.asarray(small), (0, part.shape[0], 0, part.shape[1])))
    return made


def levels(array: np.ndarray) -> np.ndarray:
    """Grey levels."""
    return array @ (0.299, 0.587, 0.114) if array.ndim == 3 else array.astype(float)


def ours(image: np.ndarray, case: Case, rng: np.random.Generator) -> tuple[np.ndarray, tuple[float, ...]]:
    """A patch of a window near the case's, no number whole, and its box."""
    delta = case.shape[0] / case.n[0] * rng.uniform(0.9, 1)
    gx, gy = (
        first + (size - 1) / 2 + rng.uniform(-0.05, 0.05) * size
        for first, size in zip((case.top, case.left), case.shape, strict=True)
    )
    window = Window(gx, gy, delta, max(delta, 1) * rng.uniform(0.4, 1), n=case.n)
    return rounded(read(image, window, channel_axis=2 if image.ndim == 3 else None)), window.box


def rounded(array: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(array), 0, 255).astype(np.uint8)


def pillow(image: np.ndarray, case: Case, how: Image.Resampling) -> np.ndarray:
    top, bottom, left, right = case.box
    return np.asarray(Image.fromarray(image).resize(case.n[::-1], how, (left, top, right, bottom)))


def opencv(image: np.ndarray, case: Case) -> np.ndarray:
    import cv2

    top, bottom, left, right = map(int, case.box)
    return cv2.resize(image[top:bottom, left:right], case.n[::-1], interpolation=cv2.INTER_AREA)


def command(image: np.ndarray, case: Case, line: Callable[[str, str], list[list[str]]]) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(image).save(f"{folder}/in.png", compress_level=1)
        for call in line(f"{folder}/in.png", folder):
            subprocess.run(call, check=True, capture_output=True)
        return np.asarray(Image.open(f"{folder}/out.png"))


def magick(image: np.ndarray, case: Case) -> np.ndarray:
    crop = f"{case.shape[1]}x{case.shape[0]}+{case.left}+{case.top}"
    size = f"{case.n[1]}x{case.n[0]}!"
    tool = "/usr/bin/convert"
    return command(
        image, case, lambda a, d: [[tool, a, "-crop", crop, "+repage", "-resize", size, f"{d}/out.png"]]
    )


def vips(image: np.ndarray, case: Case) -> np.ndarray:
    place = [str(k) for k in (case.left, case.top, case.shape[1], case.shape[0])]
    size = [str(case.n[1]), "--height", str(case.n[0]), "--size", "force"]
    return command(
        image,
        case,
        lambda a, d: [
            ["vips", "crop", a, f"{d}/crop.png", *place],
            ["vips", "thumbnail", f"{d}/crop.png", f"{d}/out.png", *size],
        ],
    )  # fmt: skip


def croppers() -> dict[str, Callable[[np.ndarray, Case], np.ndarray]]:
    """The other tools that are installed."""
    found: dict[str, Any] = {
        f"Pillow {how.name}": lambda image, case, how=how: pillow(image, case, how)
        for how in (Image.Resampling.BOX, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
    }
    if importlib.util.find_spec("cv2"):
        found["OpenCV AREA"] = opencv
    if Path("/usr/bin/convert").exists():
        found["ImageMagick"] = magick
    if shutil.which("vips"):
        found["libvips"] = vips
    return found


def jpeg(patch: np.ndarray, quality: int = 75) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(patch).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": lambda patch: patch,
    "bright": lambda patch: rounded(patch * 0.75 + 40),
    "JPEG 75": jpeg,
    "grey": lambda patch: rounded(levels(patch)),
}


def by_glimpse(image: np.ndarray, patch: np.ndarray) -> tuple[bool, tuple[float, ...]]:
    # a colour axis of one for grey, so that both have three
    try:
        found = locate(np.atleast_3d(image), np.atleast_3d(patch), channel_axis=2)
    except GlimpseError:  # no match at all
        return False, (0.0, 0.0, 0.0, 0.0)
    return found.found, found.window.box


def by_opencv(image: np.ndarray, patch: np.ndarray) -> tuple[bool, tuple[float, ...]]:
    """matchTemplate over scales, then findTransformECC, without its blur, which draws the corners inwards."""
    import cv2

    grey, small = (levels(array).astype(np.float32) for array in (image, patch))
    delta, best = min(a / n for a, n in zip(grey.shape, small.shape, strict=True)), (-2.0, 1.0, (0, 0), grey)
    while delta >= 0.95:  # the crops are not enlarged, and smaller ones are found where they are not
        size = tuple(max(1, round(side / delta)) for side in grey.shape[::-1])
        level = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        if level.shape[0] >= small.shape[0] and level.shape[1] >= small.shape[1]:
            _, score, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(level, small, cv2.TM_CCOEFF_NORMED))
            best = max(best, (score, delta, (x, y), level), key=lambda item: item[0])
        delta /= 1.12
    _, _, (x, y), level = best
    warp = np.array([[1, 0, x], [0, 1, y]], np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-7)
    with contextlib.suppress(cv2.error):  # it did not converge: matchTemplate's place stays
        _, warp = cv2.findTransformECC(small, level, warp, cv2.MOTION_AFFINE, criteria, None, 1)
    ends = np.array([[-0.5, -0.5, 1], [small.shape[1] - 0.5, small.shape[0] - 0.5, 1]]) @ warp.T
    (left, top), (right, bottom) = (ends + 0.5) * (np.array(grey.shape[::-1]) / level.shape[::-1])
    return True, (top, bottom, left, right)


def by_sift(image: np.ndarray, patch: np.ndarray) -> tuple[bool, tuple[float, ...]]:
    """SIFT, the ratio test, and a similarity by RANSAC, of four matches or more."""
    import cv2

    sift = cv2.SIFT_create()
    (points, what), (others, where) = (
        sift.detectAndCompute(rounded(levels(a)), None) for a in (patch, image)
    )
    if what is None or where is None or min(len(what), len(where)) < 2:
        return False, (0.0,) * 4
    pairs = [pair for pair in cv2.BFMatcher().knnMatch(what, where, k=2) if len(pair) == 2]
    good = [one for one, other in pairs if one.distance < 0.75 * other.distance]
    if len(good) < 4:
        return False, (0.0,) * 4
    ends = (np.array([points[k.queryIdx].pt for k in good]), np.array([others[k.trainIdx].pt for k in good]))
    warp, inliers = cv2.estimateAffinePartial2D(*ends, ransacReprojThreshold=2.0)
    if warp is None or inliers.sum() < 4:
        return False, (0.0,) * 4
    sides = np.array([[-0.5, -0.5, 1], [patch.shape[1] - 0.5, patch.shape[0] - 0.5, 1]]) @ warp.T
    (left, top), (right, bottom) = sides + 0.5
    return True, (top, bottom, left, right)


def by_told(image: np.ndarray, told: tuple[np.ndarray, Window, np.ndarray]) -> tuple[bool, tuple[float, ...]]:
    """`locate` told the place and, by alpha, what was painted over: what the samples that are left allow."""
    patch, window, covered = told
    alpha = np.where(covered, 0, 255).astype(np.uint8)
    found = locate(np.atleast_3d(image), np.dstack([patch, alpha]), start=window, channel_axis=2)
    return True, found.window.box


PAINTS = ("flat", "black", "noise", "mosaic", "photograph")


def paint(
    rng: np.random.Generator, patch: np.ndarray, share: float, name: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """A patch, this share of which was painted over, and where; None where what is left is too flat."""
    grey, (rows, cols) = levels(patch), patch.shape[:2]
    covered, how, pieces = np.zeros((rows, cols), bool), str(rng.choice(PAINTS)), int(rng.choice([1, 3, 10]))
    patch = patch.copy()
    while covered.mean() < share - 0.005:
        area = min(share / pieces, share - covered.mean()) * rows * cols
        tall = min(rows, max(1, round(np.sqrt(area * np.exp(rng.uniform(-0.7, 0.7))))))
        wide = min(cols, max(1, round(area / tall)))
        top, left = int(rng.integers(0, rows - tall + 1)), int(rng.integers(0, cols - wide + 1))
        part = np.s_[top : top + tall, left : left + wide]
        covered[part] = True
        if how == "flat":
            patch[part] = rng.integers(0, 256, patch.shape[2:])
        elif how == "black":
            patch[part] = 0
        elif how == "noise":
            patch[part] = rng.integers(0, 256, patch[part].shape)
        elif how == "mosaic":
            for y, x in np.ndindex(-(-tall // 6), -(-wide // 6)):
                tile = patch[part][6 * y : 6 * y + 6, 6 * x : 6 * x + 6]
                tile[:] = tile.mean(axis=(0, 1))
        else:
            other = photograph("chelsea" if name != "chelsea" else "rocket")
            y, x = (int(rng.integers(0, a - k)) for a, k in zip(other.shape, (tall, wide), strict=False))
            piece = other[y : y + tall, x : x + wide]
            patch[part] = piece if patch.ndim == 3 else levels(piece)
    return (patch, covered) if grey[~covered].std() >= 16 else None


def draw_painted(rng: np.random.Generator, share: float) -> tuple[np.ndarray, np.ndarray, Window, np.ndarray]:
    """A photograph, a painted patch of it, its window, and what was painted over."""
    while True:
        name = str(rng.choice(("astronaut", "camera", "coffee", "scene")))
        image = np.asarray(Image.open(SCENE).convert("RGB")) if name == "scene" else photograph(name)
        n = tuple(int(np.exp(rng.uniform(np.log(48), np.log(128)))) for _ in range(2))
        delta = np.exp(rng.uniform(np.log(0.8), np.log(3.5)))
        spare = [a - k * delta for a, k in zip(image.shape, n, strict=False)]
        if max(n) > 2 * min(n) or min(spare) < 0:
            continue
        gx, gy = (rng.uniform(0, room) + (k * delta - 1) / 2 for room, k in zip(spare, n, strict=True))
        window = Window(gx, gy, delta, max(delta, 1) * rng.uniform(0.45, 0.7), n=n)
        patch = rounded(read(image, window, channel_axis=2 if image.ndim == 3 else None))
        if (painted := paint(rng, patch, share, name)) is not None:
            patch, covered = painted
            return image, patch, window, covered


def painted(count: int) -> None:
    """Print the table of patches that were painted over."""
    peers = {"glimpse": by_glimpse}
    if importlib.util.find_spec("cv2"):
        peers |= {"OpenCV": by_opencv, "SIFT": by_sift}
    changes = {
        "": lambda patch: patch,
        "JPEG 50": lambda patch: jpeg(patch, 50),
        "noise 8": lambda patch: rounded(patch + 8 * np.random.default_rng(0).normal(size=patch.shape)),
        "dim": lambda patch: rounded(0.6 * patch + 40),
        "negative": lambda patch: 255 - patch,
    }
    for share in (0.1, 0.3, 0.4, 0.5):
        rng = np.random.default_rng(SEED)
        drawn = [draw_painted(rng, share) for _ in range(count)]
        for change, change_of in changes.items():
            if change and share != 0.3:
                continue
            title = f"{share:.0%} painted over" + f", {change}" * bool(change)
            patches = [(image, change_of(patch), window.box) for image, patch, window, _ in drawn]
            for peer, finder in peers.items():
                measure(f"{peer}: {title}", finder, patches)
            told = [
                (image, (change_of(patch), window, covered), window.box)
                for image, patch, window, covered in drawn
            ]
            measure(f"told: {title}", by_told, told)


TEXTURES = ("ramp", "slow ramp", "sine", "square", "soft square", "bent", "edge", "rings")


def draw_texture(rng: np.random.Generator) -> tuple[str, np.ndarray, np.ndarray, tuple[float, ...]]:
    """A texture that determines a place badly or not at all, its name, a patch of it, and the patch's box."""
    shape = tuple(int(k) for k in rng.integers(110, 200, 2))
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    angle = rng.uniform(0, np.pi) if rng.random() < 0.75 else rng.integers(4) * np.pi / 4
    along, beside = y * np.cos(angle) + x * np.sin(angle), x * np.cos(angle) - y * np.sin(angle)
    name, period, amplitude = str(rng.choice(TEXTURES)), rng.uniform(6, 40), rng.uniform(20, 110)
    phase, turn = rng.uniform(0, 2 * np.pi), 2 * np.pi / period
    wave, rise = np.sin(turn * along + phase), (along - along.min()) / np.ptp(along)
    bend = rng.uniform(2, 8) * np.sin(2 * np.pi * beside / rng.uniform(30, 90))
    center = [side * rng.uniform(-0.5, 1.5) for side in shape]
    image = {
        "ramp": 255 * rise,
        "slow ramp": 100 + rng.uniform(5, 30) * rise,
        "sine": 127 + amplitude * wave,
        "square": 127 + amplitude * np.sign(wave),
        "soft square": 127 + amplitude * np.clip(wave * period / 4, -1, 1),
        "bent": 127 + amplitude * np.sin(turn * (along + bend) + phase),
        "edge": 127 + amplitude * np.clip(along - np.median(along), -1, 1),
        "rings": 127 + amplitude * np.sin(turn * np.hypot(y - center[0], x - center[1])),
    }[name]
    image, n = rounded(image), tuple(int(k) for k in rng.integers(24, 52, 2))
    if rng.random() < 0.5:
        top, left = (int(rng.integers(0, a - k)) for a, k in zip(shape, n, strict=True))
        bottom, right = top + n[0], left + n[1]
        return name, image, image[top:bottom, left:right], (top, bottom, left, right)
    delta = min(rng.uniform(0.8, 2), *((a - 2) / k for a, k in zip(shape, n, strict=True)))
    gx, gy = (
        rng.uniform((k * delta - 1) / 2, a - (k * delta + 1) / 2) for a, k in zip(shape, n, strict=True)
    )
    window = Window(gx, gy, delta, max(delta, 1) * rng.uniform(0.4, 0.7), n=n)
    return name, image, rounded(read(image, window)), tuple(window.box)


def answer(image: np.ndarray, patch: np.ndarray, box: tuple[float, ...]) -> str:
    """What is said of a patch, in a word or three."""
    try:
        found = locate(np.atleast_3d(image), np.atleast_3d(patch), channel_axis=2)
    except GlimpseError:
        return "refused"
    if not found.found:
        return "undetermined" if found.undetermined else "no match"
    near = [
        max(abs(a - b) for a, b in zip(each.box, box, strict=True)) for each in (found.window, *found.others)
    ]
    return "right" if near[0] < 0.5 else "listed" if min(near) < 0.5 else "sure and wrong"


def honest(count: int, foreign: int) -> None:
    """Print what is said where nothing determines a place, and of patches of other pictures."""
    rng, told = np.random.default_rng(SEED), dict[str, list[str]]()
    for _ in range(count):
        name, *case = draw_texture(rng)
        told.setdefault(name, []).append(answer(*case))
    for _ in range(foreign):
        image, patch, *_ = draw_painted(rng, float(rng.choice([0, 0.3])))
        others = [name for name in PHOTOGRAPHS if photograph(name).shape != image.shape]
        told.setdefault("foreign", []).append(
            answer(photograph(str(rng.choice(others))), patch, (0, 0, 0, 0))
        )
    kinds = ("right", "listed", "undetermined", "refused", "no match", "sure and wrong")
    print(f"{'':14}" + "".join(f"{kind:>16}" for kind in kinds))
    for name, answers in told.items():
        print(f"{name:14}" + "".join(f"{answers.count(kind):16}" for kind in kinds), flush=True)


def report(title: str, errors: list[float], seconds: list[float]) -> None:
    """One line: misses are errors without end."""
    finite = [error for error in errors if error <= 0.5]
    middle, high = (np.percentile(errors, q, method="higher") for q in (50, 95))
    share = 100 * len(finite) / len(errors)
    print(f"{title:34} {share:6.1f} % {middle:8.4f} {high:8.4f} {np.median(seconds):7.3f} s", flush=True)


def measure(
    title: str, finder: Callable[..., Any], patches: list[tuple[np.ndarray, np.ndarray, tuple[float, ...]]]
) -> None:
    errors, seconds = [], []
    for image, patch, box in patches:
        begin = time.process_time()
        accepted, found = finder(image, patch)
        seconds.append(time.process_time() - begin)
        error = max(abs(a - b) for a, b in zip(found, box, strict=True))
        errors.append(error if accepted else np.inf)
    report(title, errors, seconds)


def sources(cases: list[Case], squashed: list[Case], rng: np.random.Generator) -> dict[str, list[Any]]:
    """Images, patches and their boxes by who cropped them."""
    found = {"ours": [(photograph(case.photo), *ours(photograph(case.photo), case, rng)) for case in cases]}
    for name, crop in croppers().items():
        for kind, drawn in (("", cases), (" squashed", squashed)):
            images = [photograph(case.photo) for case in drawn]
            found[name + kind] = [
                (image, crop(image, case), case.box) for image, case in zip(images, drawn, strict=True)
            ]
    return found | {"thumbnails": thumbnails(rng, len(cases))}


def main() -> None:
    """Print the tables."""
    if sys.argv[1:2] == ["painted"]:
        painted(int(sys.argv[2]) if len(sys.argv) > 2 else 100)
        return
    if sys.argv[1:2] == ["honest"]:
        given = [int(k) for k in sys.argv[2:]]
        honest(given[0] if given else 200, given[1] if len(given) > 1 else 1000)
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rng = np.random.default_rng(SEED)
    cases, squashed = ([draw_one(rng) for _ in range(count)] for draw_one in (draw, draw_squashed))
    peers = {"glimpse": by_glimpse}
    if importlib.util.find_spec("cv2"):
        peers["OpenCV"] = by_opencv
    peers = {name: finder for name, finder in peers.items() if name in (sys.argv[2:3] or peers)}
    items = sources(cases, squashed, rng)
    items = {name: patches for name, patches in items.items() if name in (sys.argv[3:] or items)}
    print(f"{count} windows; corner error in pixels, median and 95th percentile\n")
    print(f"{'patches':34} {'found':>8} {'median':>8} {'95 %':>8} {'CPU':>9}")
    for peer, finder in peers.items():
        for name, patches in items.items():
            changes = {"plain": CHANGES["plain"]} if "squashed" in name or name == "thumbnails" else CHANGES
            for change, change_of in changes.items():
                changed = [(image, change_of(patch), box) for image, patch, box in patches]
                measure(f"{peer}: {name}, {change}", finder, changed)
    if "glimpse" in peers:
        for name, drawn in (("ours", cases), ("Pillow BICUBIC squashed", squashed)):
            if name in items:
                refusals(name, drawn, [patch for _, patch, _ in items[name]])
        if not sys.argv[3:]:
            large()


def refusals(name: str, cases: list[Case], patches: list[np.ndarray]) -> None:
    others = [PHOTOGRAPHS[(PHOTOGRAPHS.index(case.photo) + 1) % len(PHOTOGRAPHS)] for case in cases]
    wrong = [by_glimpse(photograph(other), patch)[0] for other, patch in zip(others, patches, strict=True)]
    print(f"patches of other pictures accepted ({name}): {sum(wrong)} of {len(wrong)}", flush=True)


def large() -> None:
    photo = Image.fromarray(photograph("astronaut"))
    image = np.asarray(photo.resize((4000, 3000), Image.Resampling.BICUBIC))
    for n, delta in ((64, 40), (200, 10), (100, 4), (32, 2)):
        window = Window(1400.3, 1800.7, delta, delta / 2, n=n)
        patch = rounded(read(image, window, channel_axis=2))
        measure(f"12 megapixels, {n} samples, {delta} apart", by_glimpse, [(image, patch, window.box)])


if __name__ == "__main__":
    main()
