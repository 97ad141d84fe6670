"""Where events go: each to every sink, in order, before the engine goes on.

A sink that fails (a closed terminal, a broken pipe, a full disk) is dropped, and the others are
told so. Used by the whole engine through `Context`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tutorial.engine.events import Event, Noticed, made_safe
from tutorial.engine.ports import Clock, Sink


class Emitter:
    """Hands events to sinks."""

    def __init__(self, sinks: Sequence[Sink], clock: Clock) -> None:
        self._sinks = list(sinks)
        self._clock = clock
        self._held: list[Event] | None = None

    def emit(self, make: Callable[..., Event], **fields: object) -> None:
        """Make the event with the present time and hand it on. Its texts are made safe to show:
        some come from a cluster or a kubeconfig of others."""
        self._hand_on(made_safe(make(time=self._clock.time(), **fields)))

    def notice(self, text: str, level: str = "info") -> None:
        self.emit(Noticed, level=level, text=text)

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Hold events back. They are forgotten at the end unless the function that this gives was
        called: then they are handed on."""
        outer, self._held = self._held, []
        mine = self._held
        released = False

        def release() -> None:
            nonlocal released
            released = True

        try:
            yield release
        finally:
            self._held = outer
            if released:
                for event in mine:
                    self._hand_on(event)

    def _hand_on(self, event: Event) -> None:
        if self._held is not None:
            self._held.append(event)
            return
        for sink in tuple(self._sinks):
            try:
                sink.handle(event)
            except Exception as error:  # whatever goes wrong in a view must not skip the rollback
                self._drop(sink, error)

    def _drop(self, sink: Sink, error: Exception) -> None:
        if sink in self._sinks:
            self._sinks.remove(sink)
            reason = str(error) or type(error).__name__
            self.notice(f"{type(sink).__name__} failed and is no longer used: {reason}", "warning")
