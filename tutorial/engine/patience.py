"""Waits for a cluster: for an API server that is away, and for objects to be gone.

Used by undo and rollback.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import ParamSpec, TypeVar

from tutorial.engine.context import Tools
from tutorial.engine.ports import ObjectState
from tutorial.errors import ClusterAwayError
from tutorial.steps.model import ObjectReference

_FIRST_DELAY, _LONGEST_DELAY = 0.2, 2.0
_FIRST_POLL, _LONGEST_POLL = 0.02, 0.5

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Stopped(Exception):
    """A Ctrl-C came while something was being undone: stop and say what is left."""


class Patience:
    """Calls the cluster again while it is away, at most `limits.api` seconds in a row.

    Once that time was spent in vain, a further call waits no more.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._away_since: float | None = None

    def call(
        self, ask: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Answer:
        """The answer of `ask`, called with these arguments.

        Raises:
            ClusterAwayError: the API server stayed away.
            Stopped: Ctrl-C.
        """
        delay = _FIRST_DELAY
        while True:
            self.check_stop()
            try:
                answer = ask(*args, **kwargs)
            except ClusterAwayError:
                if self._is_over():
                    raise
                self._tools.clock.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)
            else:
                self._away_since = None
                return answer

    def check_stop(self) -> None:
        """Raises Stopped after a Ctrl-C."""
        if self._tools.stopper.interrupts:
            raise Stopped

    def until_gone(
        self, objects: Collection[tuple[ObjectReference, str]]
    ) -> dict[tuple[ObjectReference, str], ObjectState]:
        """Wait until each object (by uid) is gone, at most `limits.gone` seconds; what is left."""
        left: dict[tuple[ObjectReference, str], ObjectState] = {}
        waiting = list(objects)

        def all_gone() -> bool:
            nonlocal waiting
            left.clear()
            for reference, uid in waiting:
                state = self.call(self._tools.cluster.lookup, reference)
                if state is not None and state.uid == uid:
                    left[reference, uid] = state
            waiting = list(left)
            return not left

        self._poll(all_gone)
        return left

    def _poll(self, done: Callable[[], bool]) -> None:
        clock = self._tools.clock
        deadline = clock.monotonic() + self._tools.limits.gone
        delay = _FIRST_POLL
        while not done() and clock.monotonic() < deadline:
            clock.sleep(delay)
            delay = min(delay * 1.5, _LONGEST_POLL)

    def _is_over(self) -> bool:
        """Whether the API server has been away for as long as anyone waits for it."""
        clock = self._tools.clock
        if self._away_since is None:
            self._away_since = clock.monotonic()
            self._tools.emitter.notice("The API server does not answer. Waiting for it.", "warning")
        return clock.monotonic() - self._away_since >= self._tools.limits.api
