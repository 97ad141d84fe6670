"""What the steps of a plan ask of a cluster, found out from the steps themselves. Pure.

Made by `tutorial.preflight.check` from the plan; read by the checks and the probe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tutorial.engine.plan import Plan
from tutorial.preflight.workloads import ReadFile, Workload, workloads_of
from tutorial.steps.kubectl_calls import Request, kubectl_calls, requests_of
from tutorial.steps.model import ObjectReference, Outside, Step
from tutorial.steps.substitute import references

_OWN_VERBS = {"creates": ("get", "create", "delete"), "deletes": ("get", "delete")}
"""What the runner and its steps do with declared objects: look at them, make them, delete them."""


@dataclass(frozen=True)
class Question:
    """Something outside that pods ask: `command` is a shell's, and reads its `variables` from the
    environment, so that no value becomes part of it. `name` and `host` are filled in."""

    name: str
    command: str
    host: str = ""
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Requirements:
    """`requests` are the rights that are needed, with the ids of the steps that need them; `creates`
    the objects that will be made; `sidecars` how the pods of a namespace come to a sidecar, for the
    namespaces that pods are made in."""

    namespace: str
    requests: Mapping[Request, tuple[str, ...]] = field(default_factory=dict)
    creates: tuple[ObjectReference, ...] = ()
    workloads: tuple[Workload, ...] = ()
    sidecars: Mapping[str, str] = field(default_factory=dict)
    outside: tuple[Question, ...] = ()

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Every namespace that is worked in, the run's own first."""
        created = (each.namespace for each in self.creates if each.namespace)
        running = (each.namespace for each in self.workloads)
        return tuple(dict.fromkeys((self.namespace, *created, *running, *self.sidecars)))


def requirements_of(plan: Plan, read_file: ReadFile) -> Requirements:
    """What the plan's steps need."""
    namespace = plan.variables.get("NAMESPACE", "default")
    requests: dict[Request, tuple[str, ...]] = {}
    creates: dict[ObjectReference, None] = {}
    workloads: dict[tuple[str, str, str], Workload] = {}
    for planned in plan.steps:
        step = planned.step
        for reference in plan.creates(step):
            creates[_in(reference, namespace)] = None
        for request in _requests(plan, step, namespace):
            requests[request] = tuple(dict.fromkeys((*requests.get(request, ()), step.id)))
        for workload in workloads_of(plan.fill(step.command), namespace, read_file):
            workloads.setdefault((workload.namespace, workload.kind, workload.name), workload)
    tutorial = plan.tutorial
    running = {each.namespace for each in workloads.values()}
    return Requirements(
        namespace=namespace,
        requests=requests,
        creates=tuple(creates),
        workloads=tuple(workloads.values()),
        sidecars={
            plan.fill(each.namespace): each.sidecar
            for each in tutorial.sidecars
            if plan.applies(each.when) and plan.fill(each.namespace) in running
        },
        outside=tuple(_question(plan, each) for each in tutorial.outside if plan.applies(each.when)),
    )


def merged(requirements: Iterable[Requirements]) -> Requirements:
    """What several plans need together. They work in the same namespaces."""
    every = list(requirements)
    requests: dict[Request, tuple[str, ...]] = {}
    for each in every:
        for request, steps in each.requests.items():
            requests[request] = tuple(dict.fromkeys((*requests.get(request, ()), *steps)))
    questions: dict[tuple[object, ...], Question] = {}
    for question in (each for one in every for each in one.outside):
        asked = (question.command, question.variables)
        if asked not in questions or question.host:  # the one that asks more of the mesh
            questions[asked] = question
    workloads = {(each.namespace, each.kind, each.name): each for one in every for each in one.workloads}
    return Requirements(
        namespace=every[0].namespace,
        requests=requests,
        creates=tuple(dict.fromkeys(each for one in every for each in one.creates)),
        workloads=tuple(workloads.values()),
        sidecars={name: sidecar for one in every for name, sidecar in one.sidecars.items()},
        outside=tuple(questions.values()),
    )


def _question(plan: Plan, outside: Outside) -> Question:
    used = dict.fromkeys(name for _, name in references(outside.command))
    variables = tuple((name, plan.variables[name]) for name in used if name in plan.variables)
    return Question(plan.fill(outside.name), outside.command, plan.fill(outside.host), variables)


def _in(reference: ObjectReference, namespace: str) -> ObjectReference:
    """The reference with its namespace named; a namespace itself is in none."""
    if reference.kind == "namespace" or reference.namespace is not None:
        return reference
    return ObjectReference(reference.kind, reference.name, namespace)


def _requests(plan: Plan, step: Step, namespace: str) -> Iterator[Request]:
    declared = {"creates": plan.creates(step), "deletes": plan.deletes(step)}
    for field_name, verbs in _OWN_VERBS.items():
        for reference in declared[field_name]:
            there = _in(reference, namespace)
            for verb in verbs:
                name = "" if verb == "create" else there.name
                yield Request(verb, there.kind, there.namespace or "", name)
    commands = (step.command, step.until.command if step.until else "")
    for call in (each for command in commands for each in kubectl_calls(plan.fill(command))):
        for request in requests_of(call):
            if request.resource in ("namespace", "namespaces", "ns"):
                yield request
            else:
                yield Request(
                    request.verb,
                    request.resource,
                    request.namespace or namespace,
                    request.name,
                    request.subresource,
                )
