"""The error tree: what happened, why, and what to do next. Every room raises these.

`tutorial.cli.main` turns them into a message on stderr and an exit code, in one place.
"""

from __future__ import annotations

import errno
from enum import IntEnum
from pathlib import Path
from typing import Self

_WAYS_OUT = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "Make room on that disk."),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "Make that place writable for you."),
}
"""What to do when a file cannot be written, by the error's number."""


class ExitCode(IntEnum):
    """What the process tells its parent. A higher rule outranks a lower one (see `worst`)."""

    OK = 0
    STEP_FAILED = 1
    USAGE = 2
    BAD_STEP_FILE = 3
    NOT_READY = 4
    ROLLBACK_INCOMPLETE = 5
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


_RANK = (
    ExitCode.OK,
    ExitCode.STEP_FAILED,
    ExitCode.USAGE,
    ExitCode.BAD_STEP_FILE,
    ExitCode.NOT_READY,
    ExitCode.HANGUP,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.ROLLBACK_INCOMPLETE,
)


def worst(*codes: ExitCode) -> ExitCode:
    """The exit code that outranks the others: an incomplete rollback outranks a signal,
    a signal outranks a failed step."""
    return max(codes, key=_RANK.index, default=ExitCode.OK)


class TutorialError(Exception):
    """Something a person can act on.

    Args:
        what: one sentence: what happened.
        why: the cause, when it is known.
        do: what to do next: a command or a sentence.
    """

    exit_code = ExitCode.STEP_FAILED

    def __init__(self, what: str, *, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def in_one_line(self) -> str:
        """What, why and what to do next, where there is no room for three lines."""
        sentences = [_sentence(part) for part in (self.what, self.why) if part]
        return " ".join([*sentences, self.do]).rstrip()


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def in_words(error: TutorialError) -> str:
    """What happened and why, as sentences in one line."""
    why = error.why.strip()
    return f"{error.what} {why}{'' if why[-1:] in '.!?' else '.'}" if why else error.what


class UsageError(TutorialError):
    """The command line asks for something that cannot be."""

    exit_code = ExitCode.USAGE


class NoContextError(UsageError):
    """The kubeconfig has no such context."""


class StepFileError(TutorialError):
    """A step file or tutorial.yaml has faults; `what` lists them all, one a line."""

    exit_code = ExitCode.BAD_STEP_FILE


class NotReadyError(TutorialError):
    """The environment cannot run the tutorial: no user namespaces, no kubectl, no cluster,
    or the outside is down."""

    exit_code = ExitCode.NOT_READY


class ClusterAwayError(NotReadyError):
    """The API server cannot be reached now, or answers that it is overloaded or starting: waiting
    may help. A refusal (no right, no such kind) is another error."""


class OtherClusterError(NotReadyError):
    """A run was begun on another cluster than the one that its context leads to now."""


class UnauthorizedError(NotReadyError):
    """The API server does not know the user, or no longer: logging in again helps."""


class ForbiddenError(NotReadyError):
    """The user lacks a right that the run needs."""


class AlreadyThereError(NotReadyError):
    """An object that the run would create was there before the run."""


class StoppedError(TutorialError):
    """A Ctrl-C where there is no pause to return to."""

    exit_code = ExitCode.INTERRUPTED


class JournalError(TutorialError):
    """The journal cannot be read or written: no new step may begin."""

    exit_code = ExitCode.NOT_READY

    @classmethod
    def unwritable(cls, path: Path, error: OSError) -> Self:
        """The error for a path of the state folder that cannot be written, with the way out."""
        do = _WAYS_OUT.get(error.errno or 0, "See whether that disk is in order.")
        return cls(f"{path} cannot be written.", why=error.strerror or str(error), do=do)


class RollbackIncompleteError(TutorialError):
    """Something the run made is still there."""

    exit_code = ExitCode.ROLLBACK_INCOMPLETE


class SandboxError(NotReadyError):
    """The sandbox cannot start, or a part of it failed."""
