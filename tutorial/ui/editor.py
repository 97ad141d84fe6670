"""The user's own editor, for changing a step's command. Called by `tutorial.ui.prompts`."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tutorial.errors import UsageError
from tutorial.ui.environment import Environment

FALLBACKS = ("vi", "nano")


def find_editor(variables: Mapping[str, str]) -> list[str]:
    """The editor as a command line: $VISUAL, $EDITOR, or the first of FALLBACKS that is there.

    Raises:
        UsageError: there is none, or the named one cannot be found.
    """
    for name in ("VISUAL", "EDITOR"):
        if variables.get(name, "").strip():
            return _named_editor(name, variables[name], variables.get("PATH"))
    for program in FALLBACKS:
        if shutil.which(program, path=variables.get("PATH")):
            return [program]
    raise UsageError("There is no editor here.", do="Name one: export EDITOR=nano")


def _named_editor(name: str, value: str, path: str | None) -> list[str]:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise UsageError(f"{name} cannot be read: {value}", why=str(error)) from None
    if not words or not shutil.which(words[0], path=path):
        raise UsageError(
            f"The editor of {name} was not found: {value}", do=f"Name another: export {name}=nano"
        )
    return words


def edit(text: str, environment: Environment) -> str | None:
    """`text` as the user left it, or None when it was left as it was, emptied, or not saved.

    Raises:
        UsageError: there is no editor, or it failed.
    """
    editor = find_editor(environment.variables)
    terminal = environment.stdout if environment.stdout_is_terminal else environment.stderr
    with tempfile.TemporaryDirectory(prefix="egress-tutorial-") as folder:
        path = Path(folder) / "command.sh"
        path.write_text(text.rstrip("\n") + "\n")
        try:
            done = subprocess.run(
                [*editor, str(path)],
                env=dict(environment.variables),
                stdin=environment.stdin,
                stdout=terminal,
                stderr=terminal,
                check=False,
            )
        except OSError as error:
            raise UsageError(f"{editor[0]} does not start.", why=str(error)) from None
        if done.returncode != 0:
            raise UsageError(f"{editor[0]} ended with {done.returncode}; nothing was changed.")
        changed = path.read_text(errors="replace") if path.exists() else ""
    if not changed.strip() or changed.rstrip() == text.rstrip():
        return None
    return changed
