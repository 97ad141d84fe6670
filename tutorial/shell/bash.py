"""Runs one command in bash with the run's carried state: the engine's `Shell` port.

Made by `tutorial.app`, once a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tutorial.engine.ports import CommandResult, Stopper


class BashShell:
    """A fresh bash for each command; what a command leaves behind is carried to the next."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str],
        cwd: Path,
        stopper: Stopper,
        path_prefix: Sequence[Path] = (),
    ) -> None:
        """Go on with the state in `folder`, or start from `environment` and `cwd`.

        Args:
            folder: a private folder of the run's (0700).
            environment: what the first command finds exported. On later starts its variables are
                used only if there is no carried state.
            cwd: the first command's working folder.
            stopper: says when a running command must stop.
            path_prefix: folders to put before `PATH`.

        Raises:
            NotReadyError: there is no bash.
        """
        raise NotImplementedError

    def run(
        self,
        command: str,
        *,
        timeout: float,
        on_output: Callable[[str, str], None],
        carry: bool = True,
    ) -> CommandResult:
        """See `Shell.run`."""
        raise NotImplementedError

    def variables(self) -> Mapping[str, str]:
        """The carried variables, by name (scalars only)."""
        raise NotImplementedError

    def set_variable(self, name: str, value: str) -> None:
        """Set and export a variable. Raises UsageError when bash could not hold it."""
        raise NotImplementedError

    def interactive(self, banner: str) -> None:
        """Open bash on the terminal with the run's environment; returns when it ends."""
        raise NotImplementedError

    def reap_leftovers(self) -> None:
        """End the background processes that commands left."""
        raise NotImplementedError
