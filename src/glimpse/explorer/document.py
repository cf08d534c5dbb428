"""One HTML file out of the parts beside this module; nothing in it asks for another file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from PIL import Image

from glimpse import limits
from glimpse.drawing.viewport import reduced
from glimpse.explorer.backdrop import encoded, in_srgb, reduction
from glimpse.window import EDGES, KERNELS, Window

SCRIPTS = ("state", "pictures", "stage", "pointer", "controls", "png", "page")
"""The parts of the page's script, in order. ``layer.js``, the mathematics, is a script of its own."""


@dataclass(frozen=True)
class Subject:
    """The subject of a page; its texts may be anyone's.

    Parameters
    ----------
    record : mapping
        The record of the window that the page begins with, as JSON: its numbers, ``shape`` and ``source``.
    command : str
        The command that reads the image, without the window.
    channel_axis : int or None
        The axis of the channels of the image's array, for the line of Python.
    notes : sequence of str
        Notes on the picture for the user.
    """

    record: Mapping[str, Any]
    command: str
    channel_axis: int | None = None
    notes: Sequence[str] = ()


def page(subject: Subject, pixels: Any, white: int = 255, profile: bytes | None = None) -> bytes:
    """Return a page on which a window is chosen by looking.

    Parameters
    ----------
    subject : Subject
        What it is about.
    pixels : array_like, shape (A, B) or (A, B, C)
        The image, or an object that slices like it; its colours are multiplied by their alpha.
    white : int
        The level of white.
    profile : bytes or None
        The colour profile of the levels; None is sRGB.

    Returns
    -------
    bytes
        HTML, in UTF-8.
    """
    scale = reduction(*pixels.shape[:2])
    grey = len(pixels.shape) == 2 or pixels.shape[2] == 2
    levels = reduced(pixels, white, scale)
    picture, notes = in_srgb(
        Image.fromarray(np.ascontiguousarray(levels[..., 0]) if grey else levels), profile
    )
    if scale > 1:
        notes.append(f"The picture is reduced {scale} times here; numbers are in pixels of the full image.")
    given = {
        "record": dict(subject.record),
        "command": subject.command,
        "channelAxis": subject.channel_axis,
        "grey": grey,
        "scale": scale,
        "notes": [*subject.notes, *notes],
        "limits": {"n": limits.N_MAX, "number": limits.NUMBER_MAX},
        "defaults": {name: getattr(Window, name) for name in ("gamma", "kernel", "edge")},
    }
    return _joined(given, encoded(picture)).encode("utf-8", "replace")


def _joined(given: Mapping[str, Any], picture: bytes) -> str:
    style, layer = _text("page.css"), _text("layer.js")
    script = '"use strict";\n' + "".join(_text(f"{name}.js") for name in SCRIPTS)
    parts = {
        "policy": _policy(style, layer, script),
        "name": html.escape(given["record"]["source"]),
        "style": style,
        "picture": f"data:image/webp;base64,{base64.b64encode(picture).decode()}",
        "kernels": _choices(KERNELS),
        "edges": _choices(EDGES),
        "given": _harmless(json.dumps(given)),
        "layer": layer,
        "page": script,
    }
    # in one pass: a text that is filled in is not looked through for more names
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _text("page.html"))


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
