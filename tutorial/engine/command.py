"""Runs one command and tells what happens as events; every command of the engine goes through here."""

from __future__ import annotations

from tutorial.engine.context import Tools
from tutorial.engine.emit import Emitter
from tutorial.engine.events import CommandEnded, CommandStarted, OutputReceived
from tutorial.engine.ports import CommandResult, Shell
from tutorial.text.escapes import EscapeFilter
from tutorial.text.masking import Masker, StreamMasker


def run_command(
    tools: Tools,
    shell: Shell,
    step: str,
    purpose: str,
    command: str,
    *,
    shown: str,
    timeout: float,
    carry: bool = True,
    attempt: int = 1,
    steadfast: bool = False,
) -> CommandResult:
    """Run `command` and emit what it does.

    Args:
        purpose: as in `CommandStarted`.
        shown: the command with the run's settings filled in.
        timeout: seconds.
        carry: whether later commands see the state that it leaves.
        steadfast: whether only a Ctrl-C interrupts it.
    """
    emitter = tools.emitter
    emitter.emit(
        CommandStarted, step=step, purpose=purpose, command=tools.masker.mask(shown), attempt=attempt
    )
    output = SafeOutput(emitter, tools.masker, step, purpose)
    result = shell.run(command, timeout=timeout, on_output=output.receive, carry=carry, steadfast=steadfast)
    output.end()
    emitter.emit(
        CommandEnded,
        step=step,
        purpose=purpose,
        exit_code=result.exit_code,
        seconds=result.seconds,
        ended_by=result.ended_by,
        state_saved=result.state_saved,
    )
    return result


class SafeOutput:
    """Turns raw output into events that are safe to show and hold no credential."""

    def __init__(self, emitter: Emitter, masker: Masker, step: str, purpose: str) -> None:
        self._emitter = emitter
        self._masker = masker
        self._step = step
        self._purpose = purpose
        self._streams: dict[str, tuple[EscapeFilter, StreamMasker]] = {}

    def receive(self, stream: str, text: str) -> None:
        """Take a piece of `stdout` or `stderr`."""
        if stream not in self._streams:
            self._streams[stream] = (EscapeFilter(), StreamMasker(self._masker))
        escapes, masking = self._streams[stream]
        self._emit(stream, masking.feed(escapes.feed(text)))

    def end(self) -> None:
        """Hand on what was held back."""
        for stream, (escapes, masking) in self._streams.items():
            self._emit(stream, masking.feed(escapes.flush()) + masking.flush())

    def _emit(self, stream: str, text: str) -> None:
        if text:
            self._emitter.emit(
                OutputReceived, step=self._step, purpose=self._purpose, stream=stream, text=text
            )
