"""Where errors end: one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import click

from glimpse.cli import signals
from glimpse.cli.streams import StandardOutputError, ensure_stderr, flush, say, silence_libraries
from glimpse.cli.suggestions import for_option
from glimpse.errors import GlimpseError, UsageError
from glimpse.portability import PIPE

_ASKS = "_GLIMPSE_COMPLETE"  # the variable by which a shell asks for the completion of words


class Boundary(click.Group):
    """A group that turns every end of a command into a line and an exit code.

    0 done; 1 some image failed; 2 usage; 70 internal error; the signal's own where one ended it.
    """

    def main(self, *args: Any, standalone_mode: bool = True, **rest: Any) -> Any:
        run_commands: Callable[..., Any] = partial(super().main, standalone_mode=False, complete_var=_ASKS)
        if not standalone_mode:
            return run_commands(*args, **rest)
        _prepare()
        if os.environ.get(_ASKS):
            run_commands = partial(_completed, run_commands)
        try:
            _finish(run_commands(*args, **rest))
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            _finish(2)
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "glimpse"
            words = for_option(error) if isinstance(error, click.NoSuchOption) else error.format_message()
            say(f"{where}: {words} (see {where} --help)")
            _finish(2)
        except GlimpseError as error:
            say(f"glimpse: {error}")
            _finish(2)
        except StandardOutputError as error:
            say(f"glimpse: standard output: {error}")
            os._exit(1)  # without another try to write what it did not take
        except OSError as error:  # files have errors of their own
            words = (error.strerror or str(error)).lower()
            if _came_from_click(error):  # which writes help and versions to standard output
                say(f"glimpse: standard output: {words}")
                os._exit(1)
            with suppress(FileNotFoundError):
                os.getcwd()
                where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
                say(f"glimpse: {where}{words}")
                _finish(1)
            say("glimpse: the current folder is gone; change to one that is there")
            _finish(2)
        except (KeyboardInterrupt, click.Abort):  # before the command began, or a second one
            signals.die(signal.SIGINT)
        except signals.Terminated as end:
            signals.die(end.signum)
        except Exception as error:
            if signals.received:  # within a lock of Python's own the signal's exception becomes another
                signals.die(signals.received[0])
            if "--debug" in itertools.takewhile(lambda word: word.startswith("-"), sys.argv[1:]):
                raise
            say(f"glimpse: internal error: {type(error).__name__}: {error}; run with glimpse --debug")
            _finish(70)

    def invoke(self, ctx: click.Context) -> Any:
        words = itertools.takewhile("--".__ne__, ctx.args)
        asks = {"-h", "--help"} & {*words}  # which no library answers: logging takes 4 ms
        if not (ctx.params.get("verbose") or asks):
            silence_libraries()
        # Click would turn a signal into "Aborted!" and a closed pipe into exit code 1
        try:
            return super().invoke(ctx)
        except (click.UsageError, UsageError) as wrong:
            error = wrong if isinstance(wrong, click.UsageError) else click.UsageError(str(wrong))
            if error.ctx is None and ctx.invoked_subcommand:  # of a missing value Click tells no command
                command = self.get_command(ctx, ctx.invoked_subcommand)
                error.ctx = click.Context(command, ctx, ctx.invoked_subcommand) if command else ctx
            raise error from None
        except KeyboardInterrupt:
            signals.die(signal.SIGINT)
        except signals.Terminated as end:
            signals.die(end.signum)
        except BrokenPipeError:
            signals.die(PIPE)


def _completed(run_commands: Callable[..., Any], *args: Any, **rest: Any) -> None:
    """Complete words for a shell, which is all that Click does where the variable is set."""
    bogus = f"{_ASKS} is set, as a shell does that completes words, to nothing that is understood"
    try:
        run_commands(*args, **rest)
    except SystemExit as end:
        if end.code:
            raise click.UsageError(bogus) from None
        raise
    except (KeyError, ValueError, RuntimeError):
        raise click.UsageError(bogus) from None


def _prepare() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # files are worked on at once, not matrices
    os.environ.setdefault("PILLOW_BLOCKS_MAX", "4")  # the next picture takes the memory of the last one
    signals.listen()
    ensure_stderr()


def _finish(code: object) -> NoReturn:
    """End with an exit code, if the output has arrived."""
    flush()
    sys.exit(code if isinstance(code, int) else 0)


def _came_from_click(error: BaseException) -> bool:
    """Tell whether an error was raised where Click writes, not by any work of ours."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return bool(trace and trace.tb_frame.f_globals.get("__name__", "").startswith("click."))
