"""Runs one command in bash with the run's carried state: the engine's `Shell` port.

Made by `tutorial.wiring`, once a run. Its folder holds:

    state       the carried state (`ShellState.to_file`), replaced at once after each command
    running     which process runs the command, while it runs
    leftovers   background processes that live on

What bash reads and writes meanwhile goes through an `Exchange`:

    restore     the carried state as a script
    command     the command that runs, or the start file of an interactive bash
    save        the script of the EXIT trap
    saved       what that script wrote
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tutorial.engine.ports import CommandResult, Stopper
from tutorial.errors import JournalError, NotReadyError, UsageError
from tutorial.shell.command_record import CommandRecord
from tutorial.shell.exchange import Exchange
from tutorial.shell.leftovers import Leftovers
from tutorial.shell.process import RunningProcess
from tutorial.shell.state import SAVE_SCRIPT, ShellState
from tutorial.shell.terminal import run_on_terminal, standard_terminal

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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
        survive_damage: bool = False,
    ) -> None:
        """Go on with the state in `folder`, or start from `environment` and `cwd`. A command that a
        killed process of the run left running is ended first.

        Args:
            folder: a private folder of the run's (0700); made if it is not there.
            environment: what the first command finds exported. It is not looked at where there
                is a carried state.
            cwd: the first command's working folder.
            stopper: says when a running command must stop.
            path_prefix: folders to put before `PATH`, again at each start.
            survive_damage: start from `environment` where the carried state is damaged, as a
                rollback does: it must go on.

        Raises:
            NotReadyError: there is no bash.
            JournalError: the state in the folder is damaged.
        """
        self._bash = _find_bash(environment)
        self._folder = folder
        self._home = cwd
        self._stopper = stopper
        self._failure: JournalError | None = None
        self._record = CommandRecord(folder / "running")
        self._record.end_command()
        self._leftovers = Leftovers(folder / "leftovers")
        carried = self._read_state(survive_damage=survive_damage)
        self._state = _with_path_prefix(carried or ShellState.initial(environment, cwd), path_prefix)
        self._keep(self._state)

    def run(
        self,
        command: str,
        *,
        timeout: float,
        on_output: Callable[[str, str], None],
        carry: bool = True,
        steadfast: bool = False,
    ) -> CommandResult:
        """Run `command`; see `Shell.run`. Raises JournalError when bash cannot be told: on a system
        without files in memory, where the folder cannot be written."""
        with self._exchange() as exchange:
            exchange.put("command", command.encode("utf-8", "surrogateescape") + b"\n")
            with self._leftovers.adopting(), _pipe() as (waiting, waking):
                process = RunningProcess(
                    [self._bash, "--noprofile", "--norc", "-c", self._script(exchange, waiting), "bash"],
                    cwd=self._start_folder(),
                    stopper=self._stopper,
                    on_output=on_output,
                    old_pipes=self._leftovers.pipes,
                    kept_open=(waiting,),
                    steadfast=steadfast,
                )
                try:
                    ended = process.run(timeout, let_begin=lambda: self._let_begin(process.group, waking))
                    self._leftovers.pipes += process.pipes_left()
                finally:
                    process.close()
                    self._record.forget()
                    self._leftovers.note_group(process.group)
            state_saved = self._adopt(exchange.content("saved"), carry)
        return CommandResult(
            exit_code=ended.exit_code,
            stdout=process.capture.stdout.text(),
            stderr=process.capture.stderr.text(),
            output=process.capture.output.text(),
            seconds=ended.seconds,
            ended_by=ended.ended_by,
            state_saved=state_saved,
        )

    @property
    def failure(self) -> JournalError | None:
        """See `Shell.failure`."""
        return self._failure

    def variables(self) -> Mapping[str, str]:
        """The carried variables, by name (scalars only)."""
        return self._state.scalars()

    def set_variable(self, name: str, value: str) -> None:
        """Set and export a variable. Raises UsageError when bash could not hold it."""
        if not _NAME.fullmatch(name) or "\0" in value:
            raise UsageError(
                f"{name} cannot be set.",
                why="A variable's name has letters, digits and _ only, and its value no NUL.",
                do="Write it as NAME=VALUE.",
            )
        self._keep(self._state.with_variable(name, value))

    def interactive(self, banner: str) -> None:
        """Open bash on the terminal with the run's environment; returns when it ends. What it
        changes is carried on.

        Raises:
            UsageError: there is no terminal.
            JournalError: bash cannot be told what to do, as in `run`.
        """
        terminal = standard_terminal()
        with self._exchange() as exchange:
            exchange.put("command", self._interactive_script(exchange, banner))
            arguments = [self._bash, "--noprofile", "--rcfile", str(exchange.path("command")), "-i"]
            with self._leftovers.adopting():
                run_on_terminal(
                    arguments,
                    terminal=terminal,
                    cwd=self._start_folder(),
                    environment={},
                    stopper=self._stopper,
                )
            self._adopt(exchange.content("saved"), carry=True)

    def reap_leftovers(self) -> None:
        """End the background processes that commands left."""
        self._leftovers.end()

    @contextmanager
    def _exchange(self) -> Iterator[Exchange]:
        """The files for one bash, but for its command."""
        with Exchange(self._folder) as exchange:
            exchange.put("restore", self._state.restore_script())
            exchange.put("save", SAVE_SCRIPT)
            exchange.put("saved", b"")
            yield exchange

    def _start_folder(self) -> Path:
        """Where bash starts, and stays when the folder that a command went to is gone."""
        folders = (self._home, self._folder)
        return next((folder for folder in folders if folder.is_dir()), Path("/"))

    def _let_begin(self, process: int, waking: int) -> None:
        """Put the process on record, and only then let it run the command: whenever this runner is
        killed, the next one finds the command."""
        try:
            self._record.write(process)
        except OSError as error:
            self._failure = JournalError.unwritable(self._folder / "running", error)
        os.write(waking, b"\n")

    def _script(self, exchange: Exchange, waiting: int) -> str:
        """What bash is told. It holds paths only; the command comes out of its file, and `eval`
        names it in messages as a reader knows it: `bash: line 1: ...`. It waits for a line from the
        descriptor `waiting`; without one, the runner is gone and nothing runs."""
        wait = f"read -r -u {waiting} _ || exit 125; exec {waiting}<&-;"
        noise = "".join(rf"\builtin set -o {name}; " for name in self._state.noisy_options())
        return f'{wait} {_prologue(exchange)} builtin eval "{noise}$(<{exchange.quoted("command")})"'

    def _interactive_script(self, exchange: Exchange, banner: str) -> bytes:
        prompt = r"PS1='egress-tutorial:\w\$ '"
        forget = r"\builtin unset -v HISTFILE PROMPT_COMMAND"
        show = rf"\builtin printf '%s\n' {shlex.quote(banner)}"
        noise = "".join(f"\n\\builtin set -o {name}" for name in self._state.noisy_options())
        return f"{_prologue(exchange)}\n{prompt}\n{forget}\n{show}{noise}\n".encode()

    def _adopt(self, saved: bytes, carry: bool) -> bool:
        """Take over what the EXIT trap wrote; False when it wrote nothing whole."""
        try:
            state = ShellState.from_saved(saved, self._state)
        except ValueError:
            return False
        if carry and state != self._state:
            self._keep(state)
        return True

    def _keep(self, state: ShellState) -> None:
        """Carry this state, also where it cannot be written: then `failure` says so."""
        self._state = state
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._folder / "state", state.to_file())
        except OSError as error:
            self._failure = JournalError.unwritable(self._folder / "state", error)

    def _read_state(self, *, survive_damage: bool) -> ShellState | None:
        try:
            return ShellState.from_file((self._folder / "state").read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if survive_damage:
                return None
            raise JournalError(
                f"The shell's state {self._folder / 'state'} cannot be read.",
                why=str(error),
                do="Roll the run back: egress-tutorial rollback",
            ) from None


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def end_processes(folder: Path) -> None:
    """End what a run's commands left running, from the records in its shell's folder."""
    CommandRecord(folder / "running").end_command()
    Leftovers(folder / "leftovers").end()


def _prologue(exchange: Exchange) -> str:
    """Saves the state at the end, restores it now."""
    source = shlex.quote(rf"{{ \builtin . {exchange.quoted('save')} ")
    into = shlex.quote(f" >| {exchange.quoted('saved')}; }} 2>/dev/null")
    return (
        f"""builtin trap {source}"'$SHELLOPTS' '${{BASHOPTS-}}'"{into} EXIT;"""
        f""" builtin . {exchange.quoted("restore")};"""
    )


def _replace(path: Path, content: bytes) -> None:
    """Replace a file at once, on disk before this returns, readable for this user only."""
    temporary = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _find_bash(environment: Mapping[str, str]) -> str:
    found = shutil.which("bash", path=environment.get("PATH") or os.defpath)
    if found is None:
        raise NotReadyError(
            "There is no bash.",
            why="It is not in any folder of PATH, and every step is run by it.",
            do="Install it with the system's package manager: apt install bash",
        )
    return str(Path(found).absolute())


def _with_path_prefix(state: ShellState, prefix: Sequence[Path]) -> ShellState:
    """The state with the folders of `prefix` first in PATH, none of them twice."""
    first = [str(folder) for folder in prefix]
    if not first:
        return state
    rest = [each for each in state.scalars().get("PATH", os.defpath).split(":") if each not in first]
    return state.with_variable("PATH", ":".join((*first, *rest)))
