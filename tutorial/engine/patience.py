"""Waits for a cluster: for an API server that is away, and for objects to be gone.

Used by undo and rollback, and wherever else a run waits: `adoption`, `recheck` and `resume`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import ParamSpec, TypeVar

from tutorial.engine.context import Tools
from tutorial.engine.events import Waiting
from tutorial.engine.holding import finalizers_of, holders
from tutorial.engine.ports import ObjectState
from tutorial.errors import ClusterAwayError, ForbiddenError, NotReadyError, TutorialError, in_words
from tutorial.steps.model import ObjectReference

_FIRST_DELAY, _LONGEST_DELAY = 0.2, 2.0
_FIRST_POLL, _LONGEST_POLL = 0.02, 0.5
_LONGEST_START = 5.0
"""Seconds for which an API server that was away may refuse what it will allow (seen on 1.20: one or two)."""
_SILENT_SECONDS = 2.0
"""Most objects are gone by then, and their waiting is not worth a word."""

_ALWAYS_THERE = ObjectReference("namespace", "default")

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Stopped(Exception):
    """A Ctrl-C came while something was being undone, or a key while it waited: stop and say what is
    left."""


class Patience:
    """Calls the cluster again while it is away, at most `limits.api` seconds in a row.

    Once that time was spent in vain, a further call fails at once. `waits` counts how often the
    cluster was away.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._away_since: float | None = None
        self._refused_since: float | None = None
        self._gave_up: ClusterAwayError | None = None
        self._tries = 0
        self.waits = 0

    def call(
        self, ask: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Answer:
        """The answer of `ask`, called with these arguments.

        Raises:
            ClusterAwayError: the API server stayed away.
            Stopped: Ctrl-C, or a key while it waits.
        """
        delay = _FIRST_DELAY
        while True:
            self.check_stop()
            if self._gave_up is not None:
                raise self._gave_up
            try:
                answer = ask(*args, **kwargs)
            except ClusterAwayError as error:
                self.check_stop()
                self._begin_to_wait(error)
                if self._is_over():
                    self._gave_up = error
                    continue
                self._wait(delay)
                delay = min(delay * 2, _LONGEST_DELAY)
            except ForbiddenError:
                if not self._may_be_starting():
                    self._end_wait()
                    raise
                self._wait(_FIRST_DELAY)
            else:
                self._end_wait()
                return answer

    def answers(self) -> bool:
        """Wait until the API server answers; false when it stays away.

        Raises:
            Stopped: Ctrl-C.
        """
        try:
            self.call(self._tools.cluster.lookup, _ALWAYS_THERE)
        except ClusterAwayError:
            return False
        except TutorialError:  # a refusal is an answer, too
            return True
        return True

    def check_stop(self) -> None:
        """Raises Stopped after a Ctrl-C."""
        if self._tools.stopper.interrupts:
            raise Stopped

    def until_gone(
        self, objects: Collection[tuple[ObjectReference, str]]
    ) -> dict[tuple[ObjectReference, str], ObjectState]:
        """Wait until each object (by uid) is gone, at most `limits.gone` seconds or until a key is pressed;
        what is left. A wait that lasts is told, with the finalizer that holds.

        Raises:
            Stopped: Ctrl-C.
            TutorialError: the cluster refuses to be asked.
        """
        left: dict[tuple[ObjectReference, str], ObjectState] = {}
        waiting = list(objects)
        if not waiting:
            return left

        def all_gone() -> bool:
            nonlocal waiting
            left.clear()
            there = self.call(self._tools.cluster.lookup_all, [reference for reference, _ in waiting])
            for reference, uid in waiting:
                state = there[reference]
                if state is not None and state.uid == uid:
                    left[reference, uid] = state
            waiting = list(left)
            return not left

        self._poll(all_gone, lambda: self._tell_what_stays(left.values()))
        return left

    def until_free(self, reference: ObjectReference, uid: str, *, do: str = "") -> None:
        """Wait until the object's place is free.

        Raises:
            NotReadyError: the object is still there; `do` is as in `TutorialError`.
            Stopped, TutorialError: as `until_gone`.
        """
        for state in self.until_gone([(reference, uid)]).values():
            raise NotReadyError(f"{reference} is still being deleted.", why=self.what_holds(state), do=do)

    def _poll(self, done: Callable[[], bool], tell: Callable[[], None]) -> None:
        """Ask until it is done or the time is over; `tell` says once what a wait that lasts is for, and
        from there on a key ends it."""
        clock, limit = self._tools.clock, self._tools.limits.gone
        begin = clock.monotonic()
        delay = _FIRST_POLL
        shown = 0
        while not done() and (waited := clock.monotonic() - begin) < limit:
            if waited >= _SILENT_SECONDS:
                if not shown:
                    tell()
                    clock.forget_keys()
                shown += 1
                self._tools.emitter.emit(Waiting, step="", attempt=shown, elapsed=waited, timeout=limit)
            if clock.sleep(delay) and shown:
                return
            delay = min(delay * 1.5, _LONGEST_POLL)

    def _tell_what_stays(self, objects: Collection[ObjectState]) -> None:
        names = ", ".join(str(state.reference) for state in objects)
        holding = "".join(f" {text}" for state in objects if (text := self.what_holds(state)))
        self._tools.emitter.notice(f"Waiting for {names} to be gone.{holding}")

    def what_holds(self, state: ObjectState) -> str:
        """`It is held by the finalizer ....`; empty when none is known to hold it."""
        try:
            held = holders(state, lambda name: self.call(self._tools.cluster.namespace_contents, name))
        except TutorialError:
            return ""
        return f"It is held by the finalizer {finalizers_of(held)}." if held else ""

    def _begin_to_wait(self, error: ClusterAwayError) -> None:
        if self._away_since is not None:
            return
        self._away_since = self._tools.clock.monotonic()
        self._tries = 0
        self._tools.clock.forget_keys()
        self.waits += 1
        if not self._tools.cluster.is_gone():
            limit = f"{self._tools.limits.api:g} s"
            waiting = f"Waiting for it, {limit} at most; Ctrl-C ends the waiting."
            self._tools.emitter.notice(f"{in_words(error)} {waiting}", "warning")

    def _wait(self, seconds: float) -> None:
        """Say how long it has been, and sleep. Raises Stopped after a key."""
        clock = self._tools.clock
        self._tries += 1
        self._tools.emitter.emit(
            Waiting,
            step="",
            attempt=self._tries,
            elapsed=clock.monotonic() - (self._away_since or 0.0),
            timeout=self._tools.limits.api,
        )
        if clock.sleep(seconds):
            raise Stopped

    def _end_wait(self) -> None:
        self._refused_since = None
        if self._away_since is not None:
            self._away_since = None
            self._tools.emitter.notice("The API server answers again.")

    def _may_be_starting(self) -> bool:
        """Whether a refusal may pass: an API server that comes back knows no roles for a moment."""
        if self._away_since is None:
            return False
        now = self._tools.clock.monotonic()
        self._refused_since = now if self._refused_since is None else self._refused_since
        return now - self._refused_since < _LONGEST_START

    def _is_over(self) -> bool:
        """Whether it has been away for as long as anyone waits for it, or for good."""
        waited = self._tools.clock.monotonic() - (self._away_since or 0.0)
        return waited >= self._tools.limits.api or self._tools.cluster.is_gone()
