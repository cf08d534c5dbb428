"""The command line: parse, one library call, report."""

from __future__ import annotations

import click

from glimpse.cli.boundary import Boundary
from glimpse.cli.info import info
from glimpse.cli.read import read
from glimpse.cli.show import show
from glimpse.cli.sweep import sweep
from glimpse.cli.write import write


@click.group(
    cls=Boundary,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every option has an environment default, GLIMPSE_ and its name: GLIMPSE_SIGMA=2. "
    'Completion for bash: eval "$(_GLIMPSE_COMPLETE=bash_source glimpse)", likewise zsh and fish.',
)
@click.version_option(None, "--version", package_name="glimpse-crop", message="glimpse %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.option("-v", "--verbose", is_flag=True, help="Show the warnings of the libraries underneath.")
def main(debug: bool, verbose: bool) -> None:
    """Crop images the way a neural network looks at them.

    A window of n x n Gaussian filters, centred at row gx (counted DOWN) and column gy (counted
    ACROSS), delta pixels apart and sigma pixels wide, reads a patch out of an image: crop and
    rescale in one. Without numbers the window spans the image.
    """


for command in (read, write, sweep, show, info):
    main.add_command(command)
