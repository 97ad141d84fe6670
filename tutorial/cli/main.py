"""The program's entry: runs a command and turns every exception into a message and an exit code.

This is the one place where errors become exit codes; no user error shows a traceback.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, TextIO

import click

from tutorial.cli.program import PROGRAM, program
from tutorial.errors import ExitCode, NotReadyError, TutorialError, UsageError
from tutorial.ui.environment import Environment

if TYPE_CHECKING:
    from tutorial.cli.debug import DebugLog

DEBUG = "--debug"


class _Ended(BaseException):
    """A signal has ended the program; `args` is its number."""


def main() -> int:
    """Run the command line of this process; called by the installed script."""
    for stream in (sys.stdout, sys.stderr):
        _forgive_encoding(stream)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    return run_program(sys.argv[1:], Environment.resolve())


def run_program(arguments: Sequence[str], environment: Environment) -> int:
    """Run one command line and return its exit code."""
    arguments = _debug_first(arguments)
    log: DebugLog | None = None
    try:
        if arguments[:1] == [DEBUG]:
            log = _open_log(arguments, environment)
        code = program.main(arguments, prog_name=PROGRAM, standalone_mode=False, obj=environment)
        return int(code or ExitCode.OK)
    except BrokenPipeError:
        _silence(environment.stdout)
        return ExitCode.OK
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.INTERRUPTED
    except _Ended as ended:
        return 128 + int(ended.args[0])
    except Exception as error:
        if log:
            log.exception(error)
        return _report(error, environment)
    finally:
        if log:
            _print([f"Log: {log.place()}"], environment.stderr)
        for stream in (environment.stdout, environment.stderr):
            _flush(stream)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (a handler's form)
    """End by an exception, as Ctrl-C does, so that what was begun is tidied up. A run has handlers of
    its own."""
    raise _Ended(number)


def _open_log(arguments: Sequence[str], environment: Environment) -> DebugLog:
    from tutorial.cli.debug import DebugLog

    log = DebugLog(environment)
    log.begin(arguments)
    return log


def _report(error: Exception, environment: Environment) -> ExitCode:
    """Say what went wrong, why, and what to do next; return the exit code for it."""
    from tutorial.cli.hanging import hanging
    from tutorial.text.escapes import safe_text

    problem = _as_tutorial_error(error)
    columns = environment.columns(environment.stderr)
    what, *faults = safe_text(problem.what).splitlines() or [""]
    lines = [hanging("Error: ", what, columns), *faults]
    lines += [hanging("Why: ", safe_text(problem.why), columns)] if problem.why else []
    lines += [f"Next: {safe_text(problem.do)}"] if problem.do else []
    _print(lines, environment.stderr)
    return problem.exit_code


def _print(lines: Sequence[str], stream: TextIO) -> None:
    """Write to a stream that may have lost its reader."""
    try:
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()
    except OSError:
        _silence(stream)


def _flush(stream: TextIO) -> None:
    """Write what is left in the buffer; a reader that has gone does not change the exit code."""
    try:
        stream.flush()
    except OSError:
        _silence(stream)


def _as_tutorial_error(error: Exception) -> TutorialError:
    """Any exception as what, why and what next."""
    if isinstance(error, TutorialError):
        return error
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else PROGRAM
        return UsageError(error.format_message(), do=f"{command} --help")
    if isinstance(error, click.ClickException):
        return UsageError(error.format_message())
    if isinstance(error, OSError):
        return _system_error(error)
    return TutorialError(
        f"The program has a defect: {type(error).__name__}: {error}",
        do="Run it again with --debug, and report the log file that it names. "
        "If a run was going on: egress-tutorial rollback",
    )


def _system_error(error: OSError) -> TutorialError:
    what = error.strerror or str(error)
    place = f": {error.filename}" if error.filename else ""
    return NotReadyError(f"The system refuses{place}", why=what, do="egress-tutorial doctor")


def _debug_first(arguments: Sequence[str]) -> list[str]:
    """`--debug` is the program's option; it is accepted behind the command's name, too."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    own, rest = list(arguments[:end]), list(arguments[end:])
    if DEBUG not in own:
        return own + rest
    return [DEBUG, *(argument for argument in own if argument != DEBUG), *rest]


def _silence(stream: TextIO) -> None:
    """Nobody reads this stream any more: let what is left in its buffer go nowhere."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    except (OSError, ValueError):
        return


def _forgive_encoding(stream: TextIO) -> None:
    """A character that the terminal's encoding lacks becomes `?`, not an exception."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
