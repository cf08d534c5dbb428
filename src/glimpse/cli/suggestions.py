"""Advice for the options and commands of other tools."""

from __future__ import annotations

from collections.abc import Sequence

import click

SYNONYMS = {
    **dict.fromkeys(("--n", "-N"), "-n"),
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
    name, context = error.option_name, error.ctx
    if context and context.parent and _has(context.parent, name):
        return f"{name} goes before the command: {context.parent.command_path} {name} {context.info_name}"
    if context and isinstance(context.command, click.Group):
        return f"No such option {name!r} before the command; write it after the command's name"
    ours = SYNONYMS.get(name) or SYNONYMS.get(name.replace("_", "-").lower())
    if ours and _has(error.ctx, ours):
        return f"No such option {name!r}; write {ours}"
    if context and context.parent and (owners := _owners(context.parent, name)):
        return f"No such option {name!r} here; it is of glimpse {', '.join(owners)}"
    return error.format_message()


def _owners(group: click.Context, name: str) -> list[str]:
    """The commands that have an option of this name."""
    if not isinstance(group.command, click.Group):
        return []
    found = [(each, group.command.get_command(group, each)) for each in group.command.list_commands(group)]
    return [each for each, command in found if command and any(name in one.opts for one in command.params)]


def _has(context: click.Context | None, ours: str) -> bool:
    known = {word for parameter in context.command.params for word in parameter.opts} if context else set()
    return set(ours.split(" and ")) <= known


def for_command(name: str, words: Sequence[str], commands: Sequence[str]) -> str:
    """Return the message of an unknown command."""
    if name == "help":
        wanted = next((word for word in words if word in commands), "")
        return f"No such command 'help'; write glimpse {wanted}{' ' if wanted else ''}--help"
    return f"No such command {name!r}; there are {', '.join(commands)}; read crops, locate finds crops"
