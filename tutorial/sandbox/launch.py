"""Spawns a supervisor and waits for its word. Called by `tutorial.sandbox.lifecycle` alone.

The supervisor answers on its lifeline, a socket pair whose other end stays with the process that
started it: `ready`, or one line of JSON that says what is wrong. When that end closes, it ends.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tutorial.errors import SandboxError
from tutorial.sandbox.node.environment import PATH

START_SECONDS = 30.0
STOP_SECONDS = 5.0


class Supervisor:
    """A supervisor process of ours and our end of its lifeline."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._lifeline, theirs = socket.socketpair()
        with theirs, (folder / "supervisor.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "tutorial.sandbox.supervisor",
                    str(folder),
                    name,
                    str(theirs.fileno()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                cwd="/",
            )

    def wait_until_ready(self) -> None:
        """Return when the API answers.

        Raises:
            SandboxError: what the supervisor said, or that pods would have no curl.
        """
        _require_curl()
        said = self._listen()
        if said == b"ready\n":
            return
        if said.endswith(b"\n"):
            raise SandboxError(**json.loads(said))
        self._process.wait(STOP_SECONDS)
        raise SandboxError(
            "The sandbox stopped while it was starting.",
            why=_last_line(self._folder / "supervisor.log"),
            do="egress-tutorial doctor",
        )

    def detach(self) -> bool:
        """Tell it to outlive this process; false when it is gone already."""
        try:
            self._lifeline.sendall(b"keep\n")
            kept = self._lifeline.recv(16) == b"kept\n"
        except OSError:
            return False
        self._lifeline.close()
        # It is no child to wait for any more: without this, Popen would warn that it still runs.
        self._process.returncode = 0
        return kept

    def end(self) -> None:
        """Close the lifeline and wait for the end; kill it when it takes too long."""
        self._lifeline.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> bytes:
        self._lifeline.settimeout(START_SECONDS)
        said = b""
        try:
            while not said.endswith(b"\n"):
                chunk = self._lifeline.recv(4096)
                if not chunk:
                    break
                said += chunk
        except TimeoutError:
            raise SandboxError(
                f"The sandbox did not start within {START_SECONDS:.0f} s.", do="egress-tutorial doctor"
            ) from None
        finally:
            self._lifeline.settimeout(None)
        return said


def _require_curl() -> None:
    """Pods run this machine's own programs, looked for in the folders that pods see."""
    if shutil.which("curl", path=PATH) is None:
        raise SandboxError(
            "There is no curl on this machine, and the sandbox's pods need it.",
            why=f"It is looked for in {PATH}.",
            do="Install it: sudo apt install curl, or your system's equivalent.",
        )


def _last_line(path: Path) -> str:
    with suppress(OSError):
        lines = path.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
    return ""
