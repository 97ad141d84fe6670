"""A container's own program as a session of `kubectl attach`: the `ExecSession` port.

Made by `runtime.NodeRuntime`, consumed by the API's attach endpoint.
"""

from __future__ import annotations

import os
from contextlib import suppress

from tutorial.sandbox.node.client import Process
from tutorial.sandbox.node.container import Container
from tutorial.sandbox.node.output import ContainerOutput
from tutorial.sandbox.node.process import set_size


class AttachedSession:
    """See `ExecSession`. The program goes on when the client goes.

    Args:
        stdin: the client wants to type.
    """

    def __init__(
        self, container: Container, process: Process, output: ContainerOutput, *, stdin: bool
    ) -> None:
        has_terminal = process.stderr is None
        self._process = process
        self._terminal = process.stdin if has_terminal else None
        self.stdin = _take_stdin(container, process, has_terminal=has_terminal) if stdin else None
        self.stderr: int | None = None
        self._output = output
        stdout, self.stdout = output.follow("stdout")
        self._followers = [stdout]
        if not has_terminal:
            stderr, self.stderr = output.follow("stderr")
            self._followers.append(stderr)

    async def wait(self) -> int:
        return await self._process.wait()

    def resize(self, columns: int, rows: int) -> None:
        if self._terminal is not None and not self._process.ended.done():
            with suppress(OSError):
                set_size(self._terminal, columns, rows)

    def kill(self) -> None:
        """Let go of the program's output; the session's descriptors are closed by their holder."""
        for follower in self._followers:
            self._output.unfollow(follower)


def _take_stdin(container: Container, process: Process, *, has_terminal: bool) -> int | None:
    """A descriptor of the program's input. With `stdinOnce` it is the only one, so that the program's
    input ends with the client's; a terminal stays."""
    stdin = process.stdin
    if stdin is None:
        return None
    if container.spec.get("stdinOnce") and not has_terminal:
        process.stdin = None
        return stdin
    return os.dup(stdin)
