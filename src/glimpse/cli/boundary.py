"""Where errors end: one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from types import FrameType
from typing import Any, NoReturn, TypeVar

import click

from glimpse.errors import GlimpseError

Item = TypeVar("Item")


class _Terminated(BaseException):
    """SIGTERM or SIGHUP arrived."""

    def __init__(self, signum: int) -> None:
        self.signum = signum


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
        except (KeyboardInterrupt, click.Abort):  # before the command began, or a second one
            _die(signal.SIGINT)
        except _Terminated as end:
            _die(end.signum)
        except Exception as error:
            if "--debug" in _first_flags():
                raise
            say(f"glimpse: internal error: {type(error).__name__}: {error}; run with glimpse --debug")
            _finish(70)

    def invoke(self, ctx: click.Context) -> Any:
        if not ctx.params.get("verbose"):
            _silence_libraries()
        # Click would turn a signal into "Aborted!" and a closed pipe into exit code 1
        try:
            result = super().invoke(ctx)
            if sys.stdout:
                sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            _die(signal.SIGINT)
        except _Terminated as end:
            _die(end.signum)
        except BrokenPipeError:
            _die(signal.SIGPIPE)


def say(line: str) -> None:
    """Write one line for people to stderr, odd characters of file names escaped."""
    click.echo("".join(_printable(c) for c in line), err=True)


def run(
    job: Callable[[Item], str | list[str | GlimpseError]],
    items: Iterable[Item],
    name: Callable[[Item], str],
    *,
    quiet: bool = False,
    jobs: int = 1,
    cluster: str | None = None,
    what: str = "files",
) -> None:
    """Run a job over items, tell of each in a line, and exit with 1 where some failed.

    Parameters
    ----------
    job : callable
        Does the work and returns the line that tells of it, or raises `GlimpseError`; of several things
        in one item a list of lines and errors, which name what they are about.
    items : iterable
        What to work on.
    name : callable
        The file name of an item, for the error line of the whole of it.
    quiet : bool
        Tell of failures only.
    jobs, cluster
        As for `glimpse.parallel.run`.
    what : str
        What is counted in the last line.
    """
    from glimpse import parallel

    items = list(items)
    failed = done = 0
    shown = len(items) > 1 and not quiet and sys.stderr.isatty()
    with click.progressbar(length=len(items), file=sys.stderr) if shown else nullcontext() as bar:
        for item, result in parallel.run(job, items, min(jobs, len(items)), cluster):
            results = result if isinstance(result, list) else [_named(result, name(item))]
            done += len(results)
            failed += sum(isinstance(each, GlimpseError) for each in results)
            _tell(results, quiet=quiet, bar=shown)
            if bar:
                bar.update(1)
    if failed and done > 1:
        say(f"glimpse: {failed} of {done} {what} failed")
    if failed:
        raise click.exceptions.Exit(1)


def _named(result: str | GlimpseError, name: str) -> str | GlimpseError:
    return GlimpseError(f"{name}: {result}") if name and isinstance(result, GlimpseError) else result


def _tell(results: Iterable[str | GlimpseError], *, quiet: bool, bar: bool) -> None:
    for result in results:
        if isinstance(result, GlimpseError) or (result and not quiet):
            click.echo("\r\033[K" * bar, nl=False, err=True)  # in place of the progress bar
            say(f"glimpse: {result}" if isinstance(result, GlimpseError) else result)


def _printable(character: str) -> str:
    if character.isprintable() and not 0xDC80 <= ord(character) <= 0xDCFF:
        return character
    return character.encode("unicode_escape", "surrogateescape").decode("ascii", "replace")


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signum, signal.SIG_IGN)
    raise _Terminated(signum)


def _prepare() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # files are worked on at once, not matrices
    os.environ.setdefault("PILLOW_BLOCKS_MAX", "4")  # the next picture takes the memory of the last one
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # until the imports were done; see __main__.py
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup
        signal.signal(signal.SIGHUP, _terminate)
    if sys.stderr is None:
        _open_null()
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  for the rest of the process


def _silence_libraries() -> None:
    """Keep stderr for our own lines: no warnings, no log, no words of C libraries."""
    import logging  # 4 ms, which Pillow pays anyway and `glimpse --help` need not

    warnings.simplefilter("ignore")
    logging.lastResort = None
    _keep_stderr()


def _first_flags() -> set[str]:
    """The options before the command."""
    return set(itertools.takewhile(lambda word: word.startswith("-"), sys.argv[1:]))


def _open_null() -> None:
    """Take file descriptor 2 where it is closed, lest an output gets it and the words of C libraries."""
    number = os.open(os.devnull, os.O_RDWR)
    if number > 2:
        os.close(number)


def _keep_stderr() -> None:
    """Move our stderr to another file descriptor; what C libraries write to number 2 goes nowhere."""
    stream = sys.stderr
    if stream is not sys.__stderr__ or stream is None or stream.fileno() != 2:
        return  # somebody else's, who runs us within Python
    own, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    sys.stderr = open(own, "w", 1, stream.encoding, stream.errors)  # noqa: SIM115  for the rest of the process


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
    for other in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C has nothing to add
        signal.signal(other, signal.SIG_IGN)
    if files := sys.modules.get("glimpse.io.files"):
        files.creating.acquire()  # never released: no thread begins another file
        files.discard_temporaries()
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    os._exit(128 + signum)
