"""Before each command: is all still there that its step needs, and has the machine slept meanwhile?

Used by `tutorial.engine.loop`. Only what the step needs is looked up, so that this costs little; after a
sleep everything is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tutorial.engine.attempt import Attempt, unable
from tutorial.engine.by_hand import age
from tutorial.engine.context import Context
from tutorial.engine.history import owned_objects
from tutorial.engine.patience import Patience, Stopped
from tutorial.engine.ports import ObjectState
from tutorial.engine.quiet import recapture
from tutorial.engine.records import Made, Outcome
from tutorial.engine.undo import make_again
from tutorial.errors import NotReadyError, TutorialError
from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.steps.model import Step

_WITHOUT_IT = "Enter runs the step all the same, e changes its command, q quits."

_SHORTEST_SLEEP = 5.0
"""Seconds; the clocks of some machines drift apart by less."""


@dataclass(frozen=True)
class Lost:
    """An object of the run that is not there as it should be. `fate` is `gone`, `being deleted` or
    `replaced by another`; `step` made it."""

    made: Made
    step: str
    fate: str

    @property
    def can_return(self) -> bool:
        """Whether it can be made again: its place is free, or will be."""
        return self.fate != "replaced by another"


@dataclass(frozen=True)
class Hindrance:
    """Why a step's command does not run now: `attempt` is its failure; None where the reader was told,
    and decides."""

    attempt: Attempt | None = None


class Recheck:
    """Remembers what was told, and how long the machine has slept.

    Args:
        auto: nobody is there to be told: the step fails.
    """

    def __init__(self, context: Context, *, auto: bool) -> None:
        self._context = context
        self._auto = auto
        self._asleep = context.clock.suspended()
        self._lost: tuple[Lost, ...] = ()

    def hindrance(self, step: Step) -> Hindrance | None:
        """What keeps the step from being run, if anything does. What was told once does not."""
        told = self._lost
        try:
            needed = None if self._has_slept() else self._context.plan.needs(step.id)
            self._lost = find_lost(self._context, needed)
        except TutorialError as error:
            return Hindrance(unable(self._context, step, error))
        if self._lost in ((), told):
            return None
        if self._auto:
            return Hindrance(_failed_by_loss(self._context, step, self._lost))
        self._context.emitter.notice(_told(self._context, self._lost, way_out="u"), "warning")
        return Hindrance()

    def restore(self) -> bool:
        """Restore what was told to be lost, and remember what could not be; false when nothing was."""
        lost = self._lost
        if lost and not any(each.can_return for each in lost):
            self._context.emitter.notice(f"There is nothing that u could restore. {_WITHOUT_IT}")
        elif lost:
            self._lost = restore_lost(self._context, lost)
        return bool(lost)

    def forget(self) -> None:
        """The reader stands elsewhere: what was told is to be told again there."""
        self._lost = ()

    def _has_slept(self) -> bool:
        """Whether the machine has slept since the last time; then the cluster is asked anew, with
        patience, because a network needs a moment to come back."""
        before, self._asleep = self._asleep, self._context.clock.suspended()
        slept = self._asleep - before
        if slept < _SHORTEST_SLEEP:
            return False
        try:
            self._look_around(slept)
        except TutorialError:
            self._asleep = before
            raise
        return True

    def _look_around(self, slept: float) -> None:
        context = self._context
        context.emitter.notice(f"The machine slept for {age(slept)}. Looking whether all is as before.")
        try:
            facts = Patience(context.tools).call(context.cluster.facts)
        except Stopped:
            context.stopper.clear()
            raise NotReadyError(
                "The waiting for the API server was ended.", do="Run the step again."
            ) from None
        for name, value in facts.items():
            known = context.plan.facts.get(name, value)
            if value != known:
                context.emitter.notice(
                    f"{name} is {value} now; it was {known}. The run goes on with what held at its start.",
                    "warning",
                )


def find_lost(context: Context, steps: Collection[str] | None) -> tuple[Lost, ...]:
    """What these steps (None: all) made and nobody of the run has deleted, but is not there.

    Raises:
        NotReadyError: the cluster cannot be asked.
    """
    wanted = [
        (step, made)
        for step, made in owned_objects(context.ledger.records()).values()
        if steps is None or step in steps
    ]
    there = context.cluster.lookup_all([made.reference for _, made in wanted])
    fates = [(made, step, _fate(made, there[made.reference])) for step, made in wanted]
    return tuple(Lost(made, step, fate) for made, step, fate in fates if fate)


def _fate(made: Made, now: ObjectState | None) -> str:
    """As in `Lost`; empty for an object that is there."""
    if now is None:
        return "gone"
    if now.uid != made.uid:
        return "replaced by another"
    return "being deleted" if now.terminating else ""


def _told(context: Context, lost: Sequence[Lost], *, way_out: str = "") -> str:
    """`service/my-httpbin@default, made in step 7, is gone: u restores it.`; `way_out` is the key that
    restores, where there is one."""
    sentence = "; ".join(
        f"{each.made.reference}, made in {_place(context, each.step)}, "
        + (f"is {each.fate}" if each.can_return else f"was {each.fate}, which is left alone")
        for each in lost
    )
    if way_out and not any(each.can_return for each in lost):
        return f"{sentence}. {_WITHOUT_IT}"
    if not way_out:
        return f"{sentence}."
    return f"{sentence}: {way_out} restores {'it' if len(lost) == 1 else 'what is gone'}."


def _failed_by_loss(context: Context, step: Step, lost: Sequence[Lost]) -> Attempt:
    """The step has failed, because what it needs is not there."""
    context.ledger.note(Outcome(step.id, "failed", 0))
    sentence = _told(context, lost)
    names = ", ".join(str(each.made.reference) for each in lost)
    cause = "Somebody else has deleted or replaced it during the run."
    mismatch = Mismatch("cluster", "there", names, "", sentence)
    return Attempt("failed", Verdict((mismatch,), cause=cause), reason=f"{sentence} {cause}")


def restore_lost(context: Context, lost: Sequence[Lost]) -> tuple[Lost, ...]:
    """Make again what can be, wait for it as its step does, and set the variables anew that later
    steps took from it; a notice says how it went. What is still lost.

    Raises:
        JournalError: an intent could not be written.
    """
    left = list(lost)
    try:
        for each in lost:
            if each.can_return:
                _restore(context, each)
                left.remove(each)
        makers = {each.step for each in lost if each.can_return}
        attempt = recapture(context, makers) if makers else None
    except Stopped:
        context.stopper.clear()
        context.emitter.notice("It was stopped.", "warning")
    except TutorialError as error:
        if error is context.ledger.failure:
            raise
        context.emitter.notice(error.in_one_line(), "warning")
    else:
        if attempt is not None:
            context.emitter.notice("It is there again, but not yet as its step expects it.", "warning")
    return tuple(left)


def _restore(context: Context, lost: Lost) -> None:
    patience = Patience(context.tools)
    reference = lost.made.reference
    if not lost.made.manifest:
        raise NotReadyError(
            f"{reference} cannot be made again by itself.",
            why="The journal does not hold what was in it.",
            do=f"Go to {_place(context, lost.step)} and undo it; then run it again.",
        )
    patience.until_free(reference, lost.made.uid, do="Press u again later.")
    make_again(context, lost.step, lost.step, lost.made)


def _place(context: Context, step_id: str) -> str:
    """`step 7`, or the step's id for an aside."""
    position = context.plan.position(step_id)
    number = context.plan.steps[position].number if position is not None else 0
    return f"step {number}" if number else step_id
