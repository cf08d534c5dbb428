"""``glimpse info``: the window a file was made with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from glimpse.batch.outcomes import Outcome
from glimpse.batch.runner import Run, outcomes
from glimpse.cli.options import Sectioned, input_options, option
from glimpse.cli.param_types import FileName
from glimpse.cli.reporter import report
from glimpse.cli.streams import put, say
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from glimpse.io import DecodeOptions


@click.command(cls=Sectioned)
@click.argument("files", nargs=-1, type=FileName(), required=True, metavar="FILE...")
@option("--check", is_flag=True, help="Compare a crop with what its window reads of its source: CROP SOURCE.")
@input_options
def info(files: tuple[str, ...], check: bool, decoding: DecodeOptions) -> None:
    """Print the record of each FILE (patch, canvas or animation), one JSON object per line.

    Of a TIFF without a record that holds smaller versions of itself, print the rows and columns of all.

    With --check the files are a crop and its source: the window is read again, and its pixels compared; exit
    code 1 if they differ.
    """
    from glimpse.io import load_levels, load_record

    if check:
        from glimpse.batch.retouching import compare

        if len(files) != 2 or "-" in files:
            raise click.UsageError("--check takes a crop and its source: glimpse info --check CROP SOURCE")
        found = compare(*files, decoding)
        put(json.dumps(found))
        if found["lossy"] and not found["same"]:
            say(f"glimpse: {files[0]} was saved with a loss, which may be all that differs; check a PNG")
        if not found["same"]:
            raise click.exceptions.Exit(1)
        return

    def job(name: str) -> str:
        try:
            return json.dumps({"file": name, **load_record(name, decoding).to_dict()})
        except GlimpseError:
            levels = [] if name == "-" else load_levels(name)
            if len(levels) < 2:
                raise
            return json.dumps({"file": name, "shape": levels[0], "levels": levels})

    def finish(name: str, line: str) -> Outcome:
        put(line)
        return Outcome(name)

    report(outcomes(job, files, Run(), lambda name: name, finish), len(files))
