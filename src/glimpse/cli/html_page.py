"""The page of ``glimpse show -o page.html``: the facts of an image that it shows."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from glimpse.batch.outcomes import source_name
from glimpse.window import Window

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions, Picture

SUFFIXES = (".html", ".htm")

_OPTIONS = {"levels": "--range"}  # whose name is not that of the field


def is_page(target: str) -> bool:
    """Tell whether an output is a page by its ending."""
    return target.lower().endswith(SUFFIXES)


def save_page(
    name: str, picture: Picture, window: Window, decoding: DecodeOptions, target: str, *, overwrite: bool
) -> None:
    """Write a page that begins with a window on an image."""
    from glimpse import explorer, io

    subject = explorer.Subject(
        io.Record(window, picture.shape, source_name(name)).to_dict(),
        " ".join(["glimpse read", shell_word(name), *_asked(decoding)]),
        picture.pixels,
        picture.channel_axis,
        picture.white,
        picture.color.get("icc_profile"),
        [*picture.notes, *_shown_as(picture)],
    )
    io.save_bytes(target, explorer.page(subject), overwrite=overwrite)


def shell_word(name: str) -> str:
    """Quote a file name for a shell, so that no name is an option or leaves its line.

    Examples
    --------
    >>> print(shell_word("it's.png"), shell_word("-o.png"), shell_word("two\\nlines.png"))
    'it'"'"'s.png' ./-o.png $'two\\nlines.png'
    """
    name = f"./{name}" if name.startswith("-") and name != "-" else name
    if name.isprintable():
        return shlex.quote(name)
    return "$'" + "".join(map(_escaped, name)) + "'"


def _escaped(character: str) -> str:
    if character in "'\\":
        return "\\" + character
    if character == "\n":
        return "\\n"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _asked(decoding: DecodeOptions) -> list[str]:
    """The options that said how to decode the image."""
    words = []
    for name, value in decoding._asdict().items():
        if value != decoding._field_defaults[name]:
            option = _OPTIONS.get(name, "--" + name.replace("_", "-"))
            words.append(f"{option} {','.join(map(repr, value)) if isinstance(value, tuple) else value}")
    return words


def _shown_as(picture: Picture) -> list[str]:
    notes = []
    if picture.white > 255:
        notes.append("The picture is shown in 8 bits; the command keeps 16.")
    if picture.alpha:
        notes.append("Transparent pixels are shown on black; the command keeps their alpha.")
    return notes
