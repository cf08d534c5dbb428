"""Where errors end: one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, NoReturn, TypeVar

import click

from glimpse.window import GlimpseError

Item = TypeVar("Item")


class _Terminated(BaseException):
    """SIGTERM arrived."""


class Boundary(click.Group):
    """A group that turns every end of a command into a line and an exit code.

    0 done; 1 some image failed; 2 usage; 70 internal error; the signal's own where one ended it.
    """

    def main(self, *args: Any, standalone_mode: bool = True, **rest: Any) -> Any:
        run_commands: Callable[..., Any] = super().main
        if not standalone_mode:
            return run_commands(*args, standalone_mode=False, **rest)
        _prepare()
        try:
            _finish(run_commands(*args, standalone_mode=False, **rest))
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            _finish(2)
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "glimpse"
            say(f"{where}: {error.format_message()} (see {where} --help)")
            _finish(2)
        except GlimpseError as error:
            say(f"glimpse: {error}")
            _finish(2)
        except OSError as error:  # of standard output: whatever else is opened has errors of its own
            say(f"glimpse: standard output: {(error.strerror or str(error)).lower()}")
            _abandon(1)
        except Exception as error:
            if "--debug" in sys.argv[1:3]:
                raise
            say(f"glimpse: internal error: {type(error).__name__}: {error}; run with glimpse --debug")
            _finish(70)

    def invoke(self, ctx: click.Context) -> Any:
        # Click would turn a signal into "Aborted!" and a closed pipe into exit code 1
        try:
            result = super().invoke(ctx)
            if sys.stdout:
                sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            _die(signal.SIGINT)
        except _Terminated:
            _die(signal.SIGTERM)
        except BrokenPipeError:
            _die(signal.SIGPIPE)


def say(line: str) -> None:
    """Write one line for people to stderr, odd characters of file names escaped."""
    click.echo("".join(_printable(c) for c in line), err=True)


def run(
    job: Callable[[Item], str],
    items: Iterable[Item],
    name: Callable[[Item], str],
    *,
    quiet: bool = False,
    jobs: int = 1,
) -> None:
    """Run a job over items, tell of each in a line, and exit with 1 where some failed.

    Parameters
    ----------
    job : callable
        Does the work and returns the line that tells of it, or raises `GlimpseError`.
    items : iterable
        What to work on.
    name : callable
        The file name of an item, for its error line.
    quiet : bool
        Tell of failures only.
    jobs : int
        Threads.
    """
    from glimpse import batch

    items = list(items)
    failed = 0
    shown = len(items) > 1 and not quiet and sys.stderr.isatty()
    with click.progressbar(length=len(items), file=sys.stderr, hidden=not shown) as bar:
        for item, result in batch.run(job, items, min(jobs, len(items))):
            failed += isinstance(result, GlimpseError)
            line = result
            if isinstance(result, GlimpseError):
                line = ": ".join(part for part in ("glimpse", name(item), str(result)) if part)
            if line and (not quiet or isinstance(result, GlimpseError)):
                click.echo("\r\033[K" * shown, nl=False, err=True)  # in place of the bar
                say(str(line))
            bar.update(1)
    if failed and len(items) > 1:
        say(f"glimpse: {failed} of {len(items)} files failed")
    if failed:
        raise click.exceptions.Exit(1)


def _printable(character: str) -> str:
    if character.isprintable() and not 0xDC80 <= ord(character) <= 0xDCFF:
        return character
    return character.encode("unicode_escape", "surrogateescape").decode("ascii", "replace")


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated


def _prepare() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # files are worked on at once, not matrices
    signal.signal(signal.SIGTERM, _terminate)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  for the rest of the process
    if not {"-v", "--verbose"} & set(sys.argv[1:2]):
        warnings.simplefilter("ignore")


def _finish(code: object) -> NoReturn:
    """End with an exit code, if what was written has arrived."""
    if sys.stdout:
        sys.stdout.flush()
    sys.exit(code if isinstance(code, int) else 0)


def _abandon(code: int) -> NoReturn:
    """End without another try to write what standard output did not take."""
    os._exit(code)


def _die(signum: int) -> NoReturn:
    """End by a signal, so that the shell sees it; other threads' unfinished files go first."""
    if files := sys.modules.get("glimpse.image.files"):
        files.discard_temporaries()
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    os._exit(128 + signum)
