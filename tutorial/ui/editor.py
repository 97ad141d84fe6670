"""The user's own editor, for changing a step's command. Called by `tutorial.ui.prompts`."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tutorial.engine.ports import Stopper
from tutorial.errors import UsageError
from tutorial.shell.terminal import run_on_terminal
from tutorial.ui.environment import Environment

_ENCODING = ("utf-8", "surrogateescape")
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


def edit(text: str, environment: Environment, signals: Stopper) -> str | None:
    """`text` as the user left it, or None when it was left as it was, emptied, or not saved. SIGTERM
    and SIGHUP end the editor.

    Raises:
        UsageError: there is no editor, it failed, or there is no place for a file.
    """
    editor = find_editor(environment.variables)
    try:
        with tempfile.TemporaryDirectory(prefix="egress-tutorial-") as folder:
            path = Path(folder) / "command.sh"
            path.write_bytes(f"{text.rstrip()}\n".encode(*_ENCODING))
            code = run_on_terminal(
                [*editor, str(path)],
                terminal=environment.stdin.fileno(),
                cwd=Path(folder),
                environment=environment.variables,
                stopper=signals,
            )
            changed = path.read_bytes().decode(*_ENCODING) if path.exists() else ""
    except OSError as error:
        raise UsageError("The command cannot be edited.", why=str(error)) from None
    if code != 0:
        raise UsageError(f"{editor[0]} ended with {code}; nothing was changed.")
    if not changed.strip() or changed.rstrip() == text.rstrip():
        return None
    return changed
