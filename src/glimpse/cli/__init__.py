"""The command line: parse, one library call, report."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from glimpse import __version__
from glimpse.cli.boundary import Boundary
from glimpse.cli.suggestions import for_command

COMMANDS = {
    "read": "Crop windows out of images.",
    "write": "Put patches back onto their picture, or on black.",
    "sweep": "Animate a window while its numbers change.",
    "show": "Draw the window over its image.",
    "locate": "Find where a patch was cropped.",
    "info": "Print the window that a file was made with.",
    "map": "Move points of patches into their source.",
}


class Commands(Boundary):
    """A group whose commands are imported when they are called: `glimpse --help` needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"glimpse.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] not in COMMANDS and not ctx.resilient_parsing and not args[0].startswith("-"):
            ctx.fail(for_command(args[0], args[1:], list(COMMANDS)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every option has an environment default, GLIMPSE_ and its name: GLIMPSE_SIGMA=2. "
    'Completion for bash: eval "$(_GLIMPSE_COMPLETE=bash_source glimpse)", likewise zsh and fish.',
)
@click.version_option(__version__, message="glimpse %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.option("-v", "--verbose", is_flag=True, help="Show the warnings of the libraries underneath.")
def main(debug: bool, verbose: bool) -> None:
    """Crop images the way a neural network looks at them.

    A window of n x n Gaussian filters, centred at row gx (counted DOWN) and column gy (counted
    ACROSS), delta pixels apart and sigma pixels wide, reads a patch out of an image: crop and
    rescale in one. Without numbers the window spans the shorter side of the image.
    """
