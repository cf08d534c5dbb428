"""One HTML file out of the parts beside this module; nothing in it asks for another file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from glimpse import limits
from glimpse.explorer.backdrop import Levels, encoded, in_srgb, reduced, reduction
from glimpse.window import EDGES, KERNELS, Window

SCRIPTS = ("state", "pictures", "stage", "pointer", "controls", "png", "page")
"""The parts of the page's script, in order. ``layer.js``, the mathematics, is a script of its own."""

_COMMENT = re.compile(r"(^|(?<=[;,{(\[]) )(//.*|/\*\*.*\*/)$")
_CODE = re.compile(r"^[^\"'`/]+|[^\"'`/]+$")  # of a line, before the first and after the last text or pattern


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


def page(
    subject: Subject, pixels: Any, to_rgb: Callable[[Any], Levels], profile: bytes | None = None
) -> bytes:
    """Return a page on which a window is chosen by looking.

    Parameters
    ----------
    subject : Subject
        What it is about.
    pixels : array_like, shape (A, B) or (A, B, C)
        The image, or an object that slices like it.
    to_rgb : callable
        Makes 8-bit RGB on black of some rows of the image.
    profile : bytes or None
        The colour profile of the levels; None is sRGB.

    Returns
    -------
    bytes
        HTML, in UTF-8.
    """
    scale = reduction(*pixels.shape[:2])
    grey = len(pixels.shape) == 2 or pixels.shape[2] == 2
    picture, notes = in_srgb(reduced(pixels, to_rgb, scale, grey=grey), profile)
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
    style, layer = _style("page.css"), _script("layer.js")
    script = '"use strict";\n' + "".join(_script(f"{name}.js") for name in SCRIPTS)
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
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], re.sub("\n *", "\n", _text("page.html")))


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


def _style(name: str) -> str:
    return re.sub(r"\s*([{};,]|:(?= ))\s*", r"\1", _text(name)).strip()


def _script(name: str) -> str:
    """A script without indents, comments, and the spaces and line breaks that mean nothing."""
    lines = (_COMMENT.sub("", line.strip()) for line in _text(name).splitlines())
    code = "\n".join(_CODE.sub(_squeezed, line) for line in lines if line)
    return re.sub(r"(?<=[;,{(])\n", "", code) + "\n"


def _squeezed(code: re.Match[str]) -> str:
    code_only = re.sub(r" ?([=*<>?:,;{}()&|%]) ?", r"\1", code[0])
    return re.sub(r"(?<![-+]) ?([-+]) ?(?![-+ ])", r"\1", code_only)


def _text(name: str) -> str:
    return resources.files("glimpse.explorer").joinpath(name).read_text("utf-8")
