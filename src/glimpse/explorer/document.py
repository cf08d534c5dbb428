"""One HTML file out of the parts beside this module; nothing in it asks for another file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from glimpse import limits
from glimpse.drawing.viewport import reduced
from glimpse.errors import GlimpseError
from glimpse.explorer.backdrop import MOST_PIXELS, encoded, in_srgb, reduction
from glimpse.window import EDGES, KERNELS, Window

SCRIPTS = ("state", "pictures", "stage", "pointer", "history", "table", "controls", "png", "page")
"""The parts of the page's script, in order. ``layer.js``, the mathematics, is a script of its own."""

PIXELS_IN_ALL = 24_000_000
"""Pixels of all pictures of a page, which makes it about 40 MB at most."""

FEWEST_PIXELS = 100_000
"""Pixels of a picture at least: on smaller ones nothing can be chosen."""


@dataclass(frozen=True)
class Subject:
    """The image of a page; its texts may be anyone's.

    Parameters
    ----------
    record : mapping
        The record of the window that the page begins with, as JSON: its numbers, ``shape`` and ``source``.
    command : str
        The command that reads the image, without the window.
    pixels : array_like, shape (A, B) or (A, B, C)
        The image, or an object that slices like it; its colours are multiplied by their alpha.
    channel_axis : int or None
        The axis of the channels of the image's array, for the line of Python.
    white : int
        The level of white.
    profile : bytes or None
        The colour profile of the levels; None is sRGB.
    notes : sequence of str
        Notes on the picture for the user.
    """

    record: Mapping[str, Any]
    command: str
    pixels: Any
    channel_axis: int | None = None
    white: int = 255
    profile: bytes | None = None
    notes: Sequence[str] = ()


class TableRow(NamedTuple):
    """A row of a table: its place in it, its window, and the cells that are kept as they are."""

    place: int
    window: Window
    cells: Sequence[str]


def page(subject: Subject) -> bytes:
    """Return a page on which a window is chosen by looking: HTML, in UTF-8."""
    facts, picture = _shown(subject, MOST_PIXELS)
    rows = [{**subject.record, "image": 0}]
    return _joined({"images": [facts], "rows": rows, "table": None}, picture)


def table_page(
    images: Iterable[tuple[Subject, Sequence[TableRow]]],
    count: int,
    *,
    name: str,
    header: Sequence[str],
    places: Sequence[str] = ("x", "y", "w", "h"),
) -> bytes:
    """Return a page that goes through the rows of a table, and saves it with its windows corrected.

    Parameters
    ----------
    images : iterable of (Subject, sequence of TableRow)
        The images with their rows, each looked at once.
    count : int
        How many images there are, at most.
    name : str
        The name of the file that is saved.
    header : sequence of str
        The columns of the cells that are kept.
    places : sequence of str
        The columns that say where: ``x, y, w, h``, or ``gx, gy, delta``.

    Raises
    ------
    GlimpseError
        If a page cannot hold so many images, or there are no rows.
    """
    most = PIXELS_IN_ALL // FEWEST_PIXELS
    if count > most:
        raise GlimpseError(f"the table names {count} images; one page holds at most {most}")
    facts: list[dict[str, Any]] = []
    rows: list[tuple[int, dict[str, Any], Sequence[str]]] = []
    for subject, own in images:
        fact, picture = _shown(subject, min(MOST_PIXELS, PIXELS_IN_ALL // count))
        rows += [(row.place, {**row.window.to_dict(), "image": len(facts)}, row.cells) for row in own]
        facts.append({**fact, "picture": picture})
    if not rows:
        raise GlimpseError("there are no windows to show")
    rows.sort(key=lambda row: row[0])
    windows = [window for _, window, _ in rows]
    table = {"name": name, "header": header, "places": places, "cells": [cells for *_, cells in rows]}
    first: str = facts[windows[0]["image"]]["picture"]
    return _joined({"images": facts, "rows": windows, "table": table}, first)


def _shown(subject: Subject, most: int) -> tuple[dict[str, Any], str]:
    """The facts of an image that the page's script reads, and its picture as a link of its own bytes."""
    shape = subject.pixels.shape
    scale = reduction(shape[0], shape[1], most)
    grey = len(shape) == 2 or shape[2] == 2
    levels = reduced(subject.pixels, subject.white, scale)
    levels = np.ascontiguousarray(levels[..., 0] if grey else levels)
    picture, notes = in_srgb(Image.fromarray(levels), subject.profile)
    if scale > 1:
        notes.append(f"The picture is reduced {scale} times here; numbers are in pixels of the full image.")
    facts = {
        "record": dict(subject.record),
        "shape": subject.record["shape"],
        "source": subject.record["source"],
        "command": subject.command,
        "channelAxis": subject.channel_axis,
        "grey": grey,
        "scale": scale,
        "notes": [*subject.notes, *notes],
    }
    return facts, f"data:image/webp;base64,{base64.b64encode(encoded(picture)).decode()}"


def _joined(given: Mapping[str, Any], picture: str) -> bytes:
    style, layer = _text("page.css"), _text("layer.js")
    script = '"use strict";\n' + "".join(_text(f"{name}.js") for name in SCRIPTS)
    more = {
        "limits": {"n": limits.N_MAX, "number": limits.NUMBER_MAX},
        "defaults": {name: getattr(Window, name) for name in ("gamma", "kernel", "edge")},
    }
    parts = {
        "policy": _policy(style, layer, script),
        "name": html.escape(given["images"][given["rows"][0]["image"]]["source"]),
        "style": style,
        "picture": picture,
        "kernels": _choices(KERNELS),
        "edges": _choices(EDGES),
        "given": _harmless(json.dumps({**given, **more})),
        "layer": layer,
        "page": script,
    }
    # in one pass: a text that is filled in is not looked through for more names
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _text("page.html"))
    return text.encode("utf-8", "replace")


def _policy(style: str, *scripts: str) -> str:
    """The content security policy: these scripts, this style, pictures out of the page itself."""
    hashes = " ".join(map(_hash, scripts))
    allowed = f"script-src {hashes}; style-src {_hash(style)}; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _harmless(text: str) -> str:
    """JSON that no parser of HTML takes for anything else."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _choices(names: Sequence[str]) -> str:
    return "".join(f"<option>{html.escape(name)}</option>" for name in names)


def _text(name: str) -> str:
    return resources.files("glimpse.explorer").joinpath(name).read_text("utf-8")
