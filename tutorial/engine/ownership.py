"""What is the run's and what is not: nothing else is ever changed or deleted.

`guard` runs before the first step; `before_step` before each command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tutorial.engine.adoption import announce, described, found_beside, reasons_against, without_followers
from tutorial.engine.by_hand import delete_command
from tutorial.engine.context import Context, OtherRun
from tutorial.engine.foreign import all_made, foreign_contents
from tutorial.engine.history import announced_objects, owned_objects, used_objects
from tutorial.engine.ports import Cluster, ObjectState
from tutorial.engine.records import Intent, Made
from tutorial.engine.sent import sent_text
from tutorial.errors import AlreadyThereError
from tutorial.steps.model import ObjectReference, Step

_POLICIES = frozenset({"role", "rolebinding", "resourcequota", "limitrange", "networkpolicy"})
"""Kinds by which whoever makes a namespace says what may be done in it."""

_NAMED = 3
"""How many objects in a namespace are named; the others are counted."""


@dataclass(frozen=True)
class Refused:
    """The step must not run: it would touch what is not the run's. `outcome` is `failed`, or
    `skipped` where leaving things as they are is right."""

    reason: str
    outcome: str = "failed"


@dataclass(frozen=True)
class Cleared:
    """The step may run. With `already` there is nothing to do: what it makes was there before.
    `replaced` are to be set aside first."""

    intent: Intent
    already: bool = False
    replaced: tuple[ObjectState, ...] = ()


@dataclass(frozen=True)
class BeforeRun:
    """What the run may begin with: `adopted` is to be told of the objects that it replaces; `present`
    are namespaces made beforehand, which it uses and leaves."""

    adopted: str = ""
    present: frozenset[ObjectReference] = frozenset()


def guard(context: Context) -> BeforeRun:
    """Look for every object that the run will create.

    Raises:
        AlreadyThereError: some are there that are not this run's and cannot be adopted; nothing was
            touched.
    """
    owned = owned_objects(context.ledger.records())
    creates = [each for planned in context.plan.steps for each in context.plan.creates(planned.step)]
    states = context.cluster.lookup_all(list(dict.fromkeys(creates)))
    found = {each: state for each, state in states.items() if state and state.uid not in owned}
    present = frozenset(each for each, state in found.items() if is_usable_namespace(context.cluster, state))
    found = {each: state for each, state in found.items() if each not in present}
    if context.adopt:
        found = {**found, **found_beside(context, creates)}
    if not found:
        return BeforeRun(present=present)
    leading = without_followers(context, found)
    against = reasons_against(context, leading, rehearse=context.adopt)
    if context.adopt and not against:
        return BeforeRun(announce(context, leading), present)
    settings = context.plan.variables.items()
    raise already_there(
        found,
        against,
        context.cluster.server_time(),
        adopt=context.adopt,
        options=context.tools.kubectl_options,
        obstacles={each: tuple(_obstacles(context.cluster, state)) for each, state in found.items()},
        namings=[name for name, value in settings if ObjectReference("namespace", value) in found],
        makers={each: run for each, state in found.items() if (run := context.run_of(state.uid))},
    )


def already_there(
    found: Mapping[ObjectReference, ObjectState],
    against: Mapping[ObjectReference, str],
    now: float,
    *,
    adopt: bool,
    options: str,
    obstacles: Mapping[ObjectReference, Sequence[str]],
    namings: Sequence[str],
    makers: Mapping[ObjectReference, OtherRun],
) -> AlreadyThereError:
    """The error that names each object with its age and owner, and the way out.

    Args:
        against: why an object cannot be adopted, for those that cannot.
        adopt: whether `--adopt` was given; without it, it is named where it would help.
        options: of kubectl, to choose the cluster.
        obstacles: why a namespace cannot be used: what it holds.
        namings: the settings that name such a namespace.
        makers: the user's other runs that made them.
    """
    lines = [
        ", and ".join((_whose(reference, state, now, makers.get(reference)), *obstacles.get(reference, ())))
        for reference, state in found.items()
    ]
    reasons = [f"{reference} cannot be adopted: {reason}." for reference, reason in against.items()]
    count = "An object" if len(found) == 1 else f"{len(found)} objects"
    ways_out = dict.fromkeys(run.way_out for run in makers.values())
    unknown = [delete_command(reference, options) for reference in found if reference not in makers]
    if unknown:
        ways_out[f"If you do not need {'it' if len(unknown) == 1 else 'them'}: {'; '.join(unknown)}"] = None
    do = ". ".join(ways_out)
    do += "".join(f". To take another namespace: --set {name}=NAME" for name in namings)
    if not adopt and not against:
        do += ". To have it saved, replaced for the run and put back at the end: --adopt"
    return AlreadyThereError(
        f"{count} that this tutorial creates {'is' if len(found) == 1 else 'are'} there already: "
        + "; ".join(lines)
        + ". Nothing was touched.",
        why=" ".join(reasons) if adopt else "The tutorial never changes or deletes what it did not make.",
        do=do,
    )


def _whose(reference: ObjectReference, state: ObjectState, now: float, maker: OtherRun | None) -> str:
    """What is known of an object that is in the way."""
    made = f"made by your run {maker.id}, which is {maker.standing}" if maker else described(state, now)
    return f"{reference} is {made}"


def is_usable_namespace(cluster: Cluster, state: ObjectState) -> bool:
    """A namespace made beforehand that holds nothing but what every namespace has, and policies."""
    return state.reference.kind == "namespace" and not any(_obstacles(cluster, state))


def _obstacles(cluster: Cluster, state: ObjectState) -> Iterator[str]:
    """What keeps a namespace that was made beforehand from being used: `holds configmap/mine`."""
    if state.reference.kind != "namespace":
        return
    if state.terminating:
        yield "is being deleted"
    foreign = foreign_contents(cluster.namespace_contents(state.reference.name), (), state.created)
    names = sorted(
        f"{each.reference.kind}/{each.reference.name}"
        for each in foreign
        if each.reference.kind not in _POLICIES and not each.owners
    )
    if names:
        count = f"{len(names)} objects: " if len(names) > 1 else ""
        rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"holds {count}{', '.join(names[:_NAMED])}{rest}"


def before_step(context: Context, step: Step, command: str) -> Cleared | Refused:
    """Hold the step against the cluster as it is now.

    Raises:
        NotReadyError: the API server cannot be reached.
    """
    owned = owned_objects(context.ledger.records())
    absent: list[ObjectReference] = []
    present: list[ObjectReference] = []
    replaced: list[ObjectState] = []
    creates = context.plan.creates(step)
    announced = announced_objects(context.ledger.records())
    for reference, state in context.cluster.lookup_all(creates).items():
        if state is None:
            absent.append(reference)
        elif state.uid not in owned and reference in announced:
            absent.append(reference)
            replaced.append(state)
        elif state.uid not in owned:
            if not is_usable_namespace(context.cluster, state):
                facts = ", ".join(("is there", *_obstacles(context.cluster, state)))
                return Refused(f"{reference} {facts}, and this run did not make it.")
            present.append(reference)
    doomed = _doomed(context, step)
    if isinstance(doomed, Refused):
        return doomed
    intent = Intent(
        step=step.id,
        command=command,
        server_time=context.cluster.server_time() if absent else 0.0,
        absent=tuple(absent),
        present=tuple(present),
        doomed=doomed,
        sent=_sent(context, command) if absent else "",
        cleanup=step.cleanup.commands,
        by_hand=context.plan.fill(step.cleanup.by_hand),
        seconds=_longest(step),
    )
    already = bool(creates) and set(creates) == set(present)
    return Cleared(intent, already=already, replaced=tuple(replaced))


def _doomed(context: Context, step: Step) -> tuple[Made, ...] | Refused:
    """What the step deletes, as it is now; refused when some of it is not the run's."""
    owned = owned_objects(context.ledger.records())
    doomed: list[Made] = []
    for reference in context.plan.deletes(step):
        state = context.cluster.lookup(reference)
        if state is None:
            continue
        if state.uid not in owned:
            if reference in used_objects(context.ledger.records()):
                return Refused(f"{reference} was there before the run, so it stays.", outcome="skipped")
            return Refused(f"{reference} is not this run's, so it is not deleted.")
        if reference.kind == "namespace":
            contents = context.cluster.namespace_contents(reference.name)
            foreign = foreign_contents(contents, all_made(context.ledger.records()), state.created)
            if foreign:
                names = ", ".join(str(each.reference) for each in foreign)
                return Refused(f"{reference} holds what this run did not make: {names}.")
            doomed.append(_made(state))
            doomed.extend(_made(each) for each in contents if each.uid in owned)
        else:
            doomed.append(_made(state))
    return tuple(doomed)


def _longest(step: Step) -> float:
    """How long the step's command can take at most, seconds, its retries included."""
    if step.retry is None or not step.repeatable:
        return step.timeout
    return step.retry.attempts * (step.timeout + step.retry.interval)


def _made(state: ObjectState) -> Made:
    return Made(state.reference, state.uid, state.manifest)


def _sent(context: Context, command: str) -> str:
    variables = {**context.shell.variables(), **context.plan.variables}
    return sent_text(command, variables, context.read_file)
