"""`--debug`: a log file of everything, masked, in the state folder. Made by `tutorial.cli.main`."""

from __future__ import annotations

import logging
import os
import platform
import shlex
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from tutorial.errors import JournalError
from tutorial.journal.paths import make_in_state_home, state_home
from tutorial.text.masking import Masker
from tutorial.ui.environment import Environment

_FORM = "%(asctime)s.%(msecs)03d %(name)s %(levelname)s %(message)s"
_logger = logging.getLogger("tutorial")


class _MaskedFormatter(logging.Formatter):
    """Masks the whole entry, its traceback included."""

    def __init__(self) -> None:
        super().__init__(_FORM, "%Y-%m-%dT%H:%M:%S")
        self._masker = Masker()

    def format(self, record: logging.LogRecord) -> str:
        return self._masker.mask(super().format(record))


class _LogFile(logging.StreamHandler[TextIO]):
    """Ends at the first entry that cannot be written: then `failure` says why."""

    failure = ""

    def emit(self, record: logging.LogRecord) -> None:
        if not self.failure:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002 (logging's form)
        """Called by `emit` while it handles the exception."""
        self.failure = str(sys.exc_info()[1])


class DebugLog:
    """Takes all logging of this process into a new file of the user's own (0600), at `path`.

    Raises:
        JournalError: the state folder cannot be written.
    """

    def __init__(self, environment: Environment) -> None:
        folder = make_in_state_home(state_home(environment.variables) / "debug")
        self.path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError.unwritable(self.path, error) from None
        self._file = _LogFile(os.fdopen(descriptor, "w", encoding="utf-8", errors="replace"))
        self._file.setFormatter(_MaskedFormatter())
        logging.getLogger().addHandler(self._file)
        logging.getLogger().setLevel(logging.DEBUG)

    def begin(self, arguments: Sequence[str]) -> None:
        """Note what was asked for, and where."""
        _logger.debug("egress-tutorial %s", shlex.join(arguments))
        _logger.debug("Python %s on %s", platform.python_version(), platform.platform())

    def place(self) -> str:
        """Where the log is, and whether it lacks something."""
        return f"{self.path}" + (f" (incomplete: {self._file.failure})" if self._file.failure else "")

    def exception(self, error: Exception) -> None:
        """Keep an exception with its traceback."""
        _logger.error("%s", type(error).__name__, exc_info=error)
