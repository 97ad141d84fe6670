"""What edited commands and opened shells made: found by comparing before and after, listed at the end.

Such objects are never deleted: no step declares them.
"""

from __future__ import annotations

from tutorial.engine.by_hand import delete_command
from tutorial.engine.context import Context, Tools
from tutorial.engine.history import ever_made, found_objects
from tutorial.engine.ownership import all_made, foreign_contents
from tutorial.engine.ports import ObjectState
from tutorial.engine.records import Found, Made
from tutorial.errors import TutorialError

Snapshot = dict[str, ObjectState]


def snapshot(context: Context) -> Snapshot | None:
    """Every object in the run's namespaces, by uid; None when the cluster cannot be asked."""
    try:
        return {
            state.uid: state
            for namespace in context.plan.namespaces()
            for state in context.cluster.namespace_contents(namespace)
        }
    except TutorialError:
        return None


def note_found(context: Context, step: str, before: Snapshot | None) -> None:
    """Compare with `before`, and record what is new and no step's."""
    if before is None:
        context.emitter.notice("What this made cannot be found out: the cluster did not answer.", "warning")
        return
    records = context.ledger.records()
    made = ever_made(records)
    new: list[Made] = []
    for namespace in context.plan.namespaces():
        try:
            contents = context.cluster.namespace_contents(namespace)
        except TutorialError:
            continue
        new += [
            Made(state.reference, state.uid)
            for state in foreign_contents(contents, all_made(records))
            if state.uid not in before and state.uid not in made and not state.owners
        ]
    if new:
        context.ledger.note(Found(step, tuple(new)))


def report_found(tools: Tools) -> None:
    """List what is still there of it, with the commands that remove it."""
    commands: list[str] = []
    for uid, made in found_objects(tools.ledger.records()).items():
        try:
            state = tools.cluster.lookup(made.reference)
        except TutorialError:
            continue
        if state is not None and state.uid == uid:
            commands.append(delete_command(made.reference, tools.kubectl_options))
    if commands:
        tools.emitter.notice(
            "Your own commands made these; they stay. To remove them: " + "; ".join(commands), "warning"
        )
