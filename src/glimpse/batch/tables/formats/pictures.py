"""The picture that a file of annotations is of, by its name and by the folders beside it."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache

IMAGES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".avif", ".ppm", ".pgm", ".npy")


_SIDES = {
    **dict.fromkeys(("labels", "annotations"), ("images", "JPEGImages")),
    "labeltxt": ("images",),  # of DOTA
    "label_2": ("image_2",),  # of KITTI
}
"""The folders of images beside a folder of labels."""


def beside(name: str, image: str) -> str:
    """The image that a file of annotations names relative to itself."""
    plain = image.replace("\\", "/") or os.path.splitext(os.path.basename(name))[0]
    for folder in (os.path.dirname(name), *_beside_labels(name)) if name != "-" else ():
        for each in (plain, plain.rsplit("/", 1)[-1]):
            path = os.path.normpath(os.path.join(folder, each))
            if os.path.lexists(path):
                return os.path.abspath(path)
    return plain.rsplit("/", 1)[-1]


def sibling(name: str, images: str) -> str:
    """The image of a file of labels: in `images`, in a sibling folder images/ of labels/, or beside it."""
    stem, folder = os.path.splitext(os.path.basename(name))[0], os.path.dirname(os.path.abspath(name))
    for place in (*([images] if images else []), *_beside_labels(name), folder):
        if found := of_stem(os.path.join(place, stem)):
            return os.path.abspath(found)
    return stem


def _beside_labels(name: str) -> list[str]:
    """The folders of images beside a folder of labels or annotations, as sets are trained with."""
    parts = os.path.dirname(os.path.abspath(name)).split(os.sep)
    places = [k for k, part in enumerate(parts) if part.lower() in _SIDES]
    return [
        os.sep.join([*parts[:at], side, *parts[at + 1 :]])
        for at in places[-1:]
        for side in _SIDES[parts[at].lower()]
    ]


def of_stem(path: str) -> str:
    """Return the one image that has this name but for its ending, or but for its case; else empty."""
    folder, stem = os.path.split(os.path.abspath(path))
    try:
        changed = os.stat(folder).st_mtime_ns
    except (OSError, ValueError):
        return ""
    stems, names = _pictures(folder, changed)
    found = stems.get(stem) or names.get(stem.casefold(), [])
    return os.path.join(os.path.dirname(path), found[0]) if len(found) == 1 else ""


@lru_cache(maxsize=8)
def _pictures(folder: str, changed: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The images in a folder by their names without ending, and without case, as of its last change."""
    stems: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    with suppress(OSError):
        for file in sorted(os.listdir(folder)):
            base, ending = os.path.splitext(file)
            if ending.lower() in IMAGES:
                stems.setdefault(base, []).append(file)
                names.setdefault(file.casefold(), []).append(file)
    return stems, names
