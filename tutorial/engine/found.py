"""What edited commands and opened shells made: found by comparing before and after, listed at the end.

Such objects are never deleted: no step declares them.
"""

from __future__ import annotations

import math

from tutorial.engine.by_hand import delete_command
from tutorial.engine.context import Context, Tools
from tutorial.engine.foreign import all_made, foreign_contents
from tutorial.engine.history import ever_made, found_objects
from tutorial.engine.ports import ObjectState
from tutorial.engine.records import Found, Made
from tutorial.errors import TutorialError
from tutorial.steps.model import ObjectReference

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
            for state in foreign_contents(contents, all_made(records), _born(context, namespace))
            if state.uid not in before and state.uid not in made and not state.owners
        ]
    if new:
        context.ledger.note(Found(step, tuple(new)))


def _born(context: Context, namespace: str) -> float:
    """When the namespace was created; where that may not be seen, so long ago that nothing came with it."""
    try:
        state = context.cluster.lookup(ObjectReference("namespace", namespace))
    except TutorialError:
        return -math.inf
    return state.created if state is not None else -math.inf


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
