"""Undoes every begun step of a run, last first, from its records alone, and proves it.

Called at the end of a run (`tutorial.engine.run`) and by `tutorial.wiring` for a run that was left; its list
of commands also by `tutorial.left_runs` and `tutorial.forgetting`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tutorial.engine.by_hand import delete_unseen_command, look_command, without_remark
from tutorial.engine.context import Tools
from tutorial.engine.events import RollbackEnded, RollbackStarted
from tutorial.engine.found import report_found
from tutorial.engine.history import Begun, begun_steps, owned_objects
from tutorial.engine.patience import Stopped
from tutorial.engine.putting_back import PuttingBack
from tutorial.engine.records import Record, Undone
from tutorial.engine.removal import Remover


@dataclass(frozen=True)
class RollbackResult:
    """As in `RollbackEnded`; both tuples are empty when `complete`."""

    complete: bool
    left: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()


def roll_back(tools: Tools, *, objects: bool = True, run_id: str = "") -> RollbackResult:
    """Undo every begun step. It goes on after a failure, and can be run again.

    A Ctrl-C that led here must have been cleared; the next one stops the rollback, and what is
    left is listed.

    Args:
        objects: false where the objects vanish with their sandbox anyway.
        run_id: names a run that was left, to be told from others that are undone after it.
    """
    begun = list(reversed(begun_steps(tools.ledger.records())))
    count = _count_objects(tools) if objects else 0
    tools.emitter.emit(RollbackStarted, steps=len(begun), objects=count, run_id=run_id)
    remover = Remover(tools, purpose="cleanup", objects=objects)
    putting_back = PuttingBack(tools, remover.patience)
    try:
        complete = _undo_all(tools, remover, putting_back, begun)
        if objects:
            report_found(tools)
    except Stopped:
        complete = False
        tools.emitter.notice("The rollback was stopped.", "warning")
    left = () if complete else _what_is_left(tools, remover)
    saved = () if complete else tuple(putting_back.commands())
    tools.emitter.emit(RollbackEnded, complete=complete, left=left, saved=saved, run_id=run_id)
    return RollbackResult(complete, left, saved)


def _undo_all(tools: Tools, remover: Remover, putting_back: PuttingBack, begun: list[Begun]) -> bool:
    """Undo the steps, look again after those that were cut off, and put back what they replaced;
    whether all is undone."""
    undone = {step.step: remover.remove(step) for step in begun}
    undone |= dict.fromkeys(remover.remove_late(begun), False)
    all_back = not remover.objects or putting_back.run()
    for step in begun:
        tools.ledger.note(Undone(step.step, None, undone[step.step]))
    return all(undone.values()) and all_back


def _count_objects(tools: Tools) -> int:
    return len(owned_objects(tools.ledger.records()))


def commands_to_undo(
    records: Sequence[Record],
    by_hand: Callable[[str], str],
    *,
    options: str = "",
    cleaned: Collection[str] = (),
    sought: Collection[str] = (),
) -> tuple[str, ...]:
    """The commands by which a person can undo what the records say is not undone, last first: the
    cleanups of begun steps (which `by_hand` makes fit for their own shell), but for those `cleaned`; the
    objects; and those objects that a command that was cut off may have made, but for the steps whose
    objects were `sought`. `options` are kubectl's, to choose the cluster."""
    begun = list(reversed(begun_steps(records)))
    unclean = [step for step in begun if step.step not in cleaned]
    cleanups = [by_hand(command) for step in unclean for command in step.cleanup]
    owned = [made.reference for _, made in reversed(owned_objects(records).values())]
    made = [delete_unseen_command(each, options) for each in owned]
    cut_off = [step for step in begun if step.was_cut_off and step.step not in sought]
    perhaps = [look_command(each, options) for step in cut_off for each in step.unconfirmed]
    return tuple(dict.fromkeys((*cleanups, *made, *perhaps)))


def _what_is_left(tools: Tools, remover: Remover) -> tuple[str, ...]:
    """What the remover could not undo, and what it did not come to."""
    records = tools.ledger.records()
    rest = commands_to_undo(
        records, tools.by_hand, options=tools.kubectl_options, cleaned=remover.cleaned, sought=remover.sought
    )
    told = {without_remark(each) for each in remover.left}
    return (*remover.left, *(each for each in rest if without_remark(each) not in told))
