"""Advice for the options of other tools, and for words that a shell took apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import click

SYNONYMS = {
    **dict.fromkeys(("--width", "--height", "--samples", "--resolution", "--filters"), "-n"),
    **dict.fromkeys(("--x", "--column", "--cx", "--xc", "--g-x"), "--col"),
    **dict.fromkeys(("--y", "--cy", "--yc", "--g-y"), "--row"),
    **dict.fromkeys(("--bbox", "--rect", "--roi", "--region", "--crop", "--left", "--top"), "--box"),
    **dict.fromkeys(("--center", "--centre", "--position", "--at"), "--row and --col"),
    **dict.fromkeys(("--zoom", "--scale", "--stride", "--step", "--factor"), "--delta"),
    **dict.fromkeys(("--blur", "--std", "--radius"), "--sigma"),
    **dict.fromkeys(("--intensity", "--brightness", "--gain", "--contrast"), "--gamma"),
    **dict.fromkeys(("--padding", "--margin", "--border", "--expand"), "--pad"),
    **dict.fromkeys(("--filter", "--interpolation", "--resample"), "--kernel"),
    **dict.fromkeys(("--aspect", "--mode", "--resize"), "--fit"),
    **dict.fromkeys(("--out", "--out-dir", "--output-dir", "--outdir", "--dest", "--save"), "--output"),
    **dict.fromkeys(("--force", "--replace", "--yes"), "--overwrite"),
    **dict.fromkeys(("--resume", "--no-clobber", "--skip", "--continue"), "--skip-existing"),
    **dict.fromkeys(("--csv", "--boxes", "--annotations", "--fixations", "--list"), "--table"),
    **dict.fromkeys(("--threads", "--workers", "--num-workers", "--cores", "--procs"), "--jobs"),
    **dict.fromkeys(("--image-dir", "--images-dir", "--root", "--folder"), "--images"),
    **dict.fromkeys(("--levels", "--min-max", "--vmin", "--vmax"), "--range"),
    **dict.fromkeys(("--duration", "--delay", "--rate"), "--fps"),
    **dict.fromkeys(("--loop", "--bounce", "--reverse"), "--boomerang"),
    **dict.fromkeys(("--background", "--over"), "--onto"),
    **dict.fromkeys(("--shape", "--canvas-size"), "--canvas"),
    "--silent": "--quiet",
}
"""Names that other tools give to our options; the first of ours that a command has is suggested."""


def for_option(error: click.NoSuchOption) -> str:
    """Return the message of an unknown option, with the option of ours that it probably means."""
    name = error.option_name
    ours = SYNONYMS.get(name.replace("_", "-").lower())
    if ours and _has(error.ctx, ours):
        return f"No such option {name!r}; write {ours}"
    return error.format_message()


def _has(context: click.Context | None, ours: str) -> bool:
    known = {word for parameter in context.command.params for word in parameter.opts} if context else set()
    return set(ours.split(" and ")) <= known


def check_words(context: click.Context, words: Sequence[str]) -> None:
    """Refuse a percent sign that a space parted from its number.

    Raises
    ------
    click.UsageError
        If a word is one.
    """
    for number, sign in pairwise(words):
        if sign == "%":
            raise click.UsageError(f"{number} % has a space too many; write {number}%", context)
