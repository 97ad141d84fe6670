"""Sandboxes from outside: start one, find the ones that are up, keep one, take one down.

Called by `tutorial.backends` and `tutorial.cli`. A sandbox is one supervisor process and
one folder `<root>/<name>/`:

    lock         held (flock) by the supervisor as long as it lives
    users        held shared by every run that uses the sandbox
    state.json   pid, port, context, start time
    kubeconfig   for kubectl
    bin/         programs for PATH: the sandbox's own istioctl
    supervisor.log

`<root>/.lock` is held while somebody decides what to start, so that two never start one name.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tutorial.errors import SandboxError, UsageError
from tutorial.sandbox.launch import START_SECONDS, STOP_SECONDS, Supervisor
from tutorial.sandbox.state import SandboxState, read_state, server_url

DEFAULT_NAME = "default"
_LOCK_SECONDS = START_SECONDS + 5.0


class Sandbox:
    """A sandbox that is up.

    `owned` is true in the process that started it: when that process ends, the sandbox ends,
    unless `keep` was called.
    """

    def __init__(self, folder: Path, state: SandboxState, supervisor: Supervisor | None = None) -> None:
        self.folder = folder
        self.state = state
        self._supervisor = supervisor
        self._users: int | None = None

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def context(self) -> str:
        return self.state.context

    @property
    def server(self) -> str:
        """The API server's URL, as in the kubeconfig."""
        return server_url(self.state.port)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def kubectl_cache(self) -> Path:
        """kubectl's discovery cache, which it keys by host and port: another sandbox may get the
        same port later."""
        return self.folder / "kubectl-cache"

    @property
    def programs(self) -> Path:
        """The folder of its own programs, to be put before PATH."""
        return self.folder / "bin"

    @property
    def owned(self) -> bool:
        return self._supervisor is not None

    def is_gone(self) -> bool:
        """It has ended, or another has taken its name since."""
        state = read_state(self.folder)
        return state is None or state.pid != self.state.pid or not _is_locked(self.folder)

    def use(self) -> None:
        """Count as used by this process until `close`: `down` refuses meanwhile."""
        self._users = self._open_users()
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def keep(self) -> None:
        """Let the sandbox outlive this process. Raises SandboxError when it is gone already."""
        if self._supervisor is None:
            return
        if not self._supervisor.detach():
            raise _gone(self.name)
        self._supervisor = None
        self.state = read_state(self.folder) or self.state

    def close(self) -> None:
        """Stop using it. An owned sandbox that was not kept goes down, and this waits for it."""
        self._close_users()
        if self._supervisor is not None:
            self._supervisor.end()
            self._supervisor = None
            _remove(self.folder)

    def down(self) -> None:
        """Take it down with everything in it. Raises UsageError while a run uses it."""
        self._users = self._users or self._open_users()
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._close_users()
            raise UsageError(
                f"The sandbox {self.name} is in use.",
                why="A run is alive in it.",
                do="End that run first (egress-tutorial status shows it), then take the sandbox down.",
            ) from None
        with suppress(ProcessLookupError):
            os.kill(self.state.pid, signal.SIGTERM)
        if not _wait_until_free(self.folder, STOP_SECONDS):
            with suppress(ProcessLookupError):
                os.kill(self.state.pid, signal.SIGKILL)
            _wait_until_free(self.folder, STOP_SECONDS)
        self.close()
        _remove(self.folder)

    def _open_users(self) -> int:
        return os.open(self.folder / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _close_users(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None


def start(root: Path, name: str, *, kept: bool) -> Sandbox:
    """Start a sandbox and return when its API answers.

    Args:
        root: the folder that holds all sandboxes of this user.
        name: the sandbox's name; its folder is `root/name`.
        kept: true to let it outlive this process (`sandbox up`).

    Raises:
        SandboxError: it cannot start here; says why and what to do.
        UsageError: one of that name is up.
    """
    if not _is_name(name):
        raise SandboxError(f"{name!r} can be the name of no sandbox.", do="egress-tutorial sandbox up")
    with _deciding(root):
        folder = root / name
        if _is_locked(folder):
            raise UsageError(f"The sandbox {name} is up already.", do="egress-tutorial sandbox status")
        _remove(folder)
        folder.mkdir(parents=True, mode=0o700)
        supervisor = None
        try:
            supervisor = Supervisor(folder, name)
            supervisor.wait_until_ready()
        except BaseException:
            if supervisor is not None:
                supervisor.end()
            _remove(folder)
            raise
    state = read_state(folder)
    if state is None:
        raise _gone(name)
    sandbox = Sandbox(folder, state, supervisor)
    if kept:
        sandbox.keep()
    return sandbox


def attach(root: Path, name: str = DEFAULT_NAME) -> Sandbox | None:
    """The sandbox of that name if it is up, else None. What a dead one left is removed."""
    if not _is_name(name):
        return None
    folder = root / name
    sandbox = _find(folder)
    if sandbox is not None or not folder.is_dir():
        return sandbox
    with _deciding(root):  # it may be about to come up
        if not _is_locked(folder):
            _remove(folder)
        return _find(folder)


def remove_dead(root: Path) -> None:
    """Remove what sandboxes left that were killed while they were taken down."""
    if root.is_dir():
        with _deciding(root):
            for folder in root.iterdir():
                if folder.is_dir() and not _is_locked(folder):
                    _remove(folder)


def all_sandboxes(root: Path) -> list[Sandbox]:
    """Every sandbox of this user that is up, by name. It only looks."""
    folders = sorted(root.iterdir()) if root.is_dir() else []
    return [sandbox for sandbox in map(_find, folders) if sandbox]


def _find(folder: Path) -> Sandbox | None:
    """The sandbox of the folder, if it is up and has said so."""
    state = read_state(folder)
    return Sandbox(folder, state) if state and _is_locked(folder) else None


@contextmanager
def _deciding(root: Path) -> Iterator[None]:
    """Hold the lock under which sandboxes are started and found."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SandboxError(
            f"The sandbox's folder {root} cannot be written.",
            why=error.strerror or str(error),
            do="Set XDG_STATE_HOME to a folder that you can write.",
        ) from None
    try:
        _lock_within(descriptor, _LOCK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _lock_within(descriptor: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SandboxError(
                    "Another egress-tutorial has been starting a sandbox for too long.",
                    do="Look for it with: ps -ef | grep egress-tutorial",
                ) from None
            time.sleep(0.02)


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _wait_until_free(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _is_locked(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _is_name(name: str) -> bool:
    """Whether it names a folder of its own: what a dead sandbox left there is removed."""
    return Path(name).name == name and name not in ("", "..")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _gone(name: str) -> SandboxError:
    return SandboxError(f"The sandbox {name} is gone.", do="Start again: egress-tutorial sandbox up")
