"""`--adopt`: what is there already is saved whole, replaced by a step, and put back at the end.

Only services, endpoints and destination rules. `tutorial.engine.ownership` announces before the first
step; `tutorial.engine.attempt` sets aside just before a step's command; undo and rollback put back
(`tutorial.engine.putting_back`). An object is deleted and created again rather than changed in place,
because the step must find what the document finds, and only the whole manifest can be put back exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from tutorial.engine.by_hand import age
from tutorial.engine.context import Context
from tutorial.engine.history import adopted_objects, owned_objects
from tutorial.engine.manifests import is_created_from, is_programs_alone, metadata_of, spec_of
from tutorial.engine.patience import Patience, Stopped
from tutorial.engine.ports import ObjectState
from tutorial.engine.records import Adopted, Announced, Made, Record
from tutorial.errors import TutorialError
from tutorial.steps.model import ObjectReference, Step

_ADOPTABLE = frozenset({("", "Service"), ("", "Endpoints"), ("networking.istio.io", "DestinationRule")})
_SLICE_MANAGER = "endpointslice.kubernetes.io/managed-by"
_ENDPOINTS_MANAGER = "endpoints.kubernetes.io/managed-by"
_CONTROLLERS_OF_SLICES = frozenset(
    {"endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"}
)


def reasons_against(
    context: Context, found: Mapping[ObjectReference, ObjectState], *, rehearse: bool = True
) -> dict[ObjectReference, str]:
    """Which of these objects cannot be adopted, and why.

    Args:
        rehearse: whether to ask the server as well if it would take each back, by a dry run.

    Raises:
        NotReadyError: the cluster cannot be asked.
    """
    reasons = {reference: _reason_against(context, state) for reference, state in found.items()}
    if rehearse:
        for reference in [each for each, reason in reasons.items() if not reason]:
            refusal = context.cluster.rehearse(found[reference].manifest)
            reasons[reference] = f"it could not be put back: {refusal}" if refusal else ""
    return {reference: reason for reference, reason in reasons.items() if reason}


def without_followers(
    context: Context, found: Mapping[ObjectReference, ObjectState]
) -> dict[ObjectReference, ObjectState]:
    """All but the endpoints that a controller writes for a service which is among them: these go and
    come with their service."""
    return {
        reference: state
        for reference, state in found.items()
        if not (_service_of(reference) in found and _is_maintained(context, state))
    }


def announce(context: Context, found: Mapping[ObjectReference, ObjectState]) -> str:
    """Record that the run's steps may replace these; the sentence that tells the reader so."""
    context.ledger.note(Announced(tuple(found)))
    now = context.cluster.server_time()
    names = "; ".join(f"{reference} ({described(state, now)})" for reference, state in found.items())
    return f"There already, so saved, replaced when its step comes, and put back at the end: {names}."


def described(state: ObjectState, now: float) -> str:
    """Its age and who made it: `3 days old, made by kubectl-create`."""
    return f"{age(now - state.created)} old" + (f", made by {state.owner}" if state.owner else "")


def found_beside(context: Context, services: Iterable[ObjectReference]) -> dict[ObjectReference, ObjectState]:
    """The endpoints of these services' names that a person made: deleting such a service deletes them."""
    found: dict[ObjectReference, ObjectState] = {}
    for reference in services:
        if reference.kind == "service":
            service = context.cluster.lookup(reference)
            beside = _endpoints_of(context, reference, service)
            if beside is not None:
                found[beside.reference] = beside
    return found


def set_aside(context: Context, step: Step, replaced: Sequence[ObjectState]) -> str:
    """Save these objects and delete them, so that the step can make its own; why not, if not.

    Raises:
        JournalError: they could not be saved; nothing was touched.
        NotReadyError: the cluster cannot be asked; what was deleted is put back at the end.
    """
    against = reasons_against(context, {state.reference: state for state in replaced})
    if against:
        return "; ".join(f"{reference} cannot be adopted: {reason}" for reference, reason in against.items())
    beside = _saved_beside(context, step)
    if not replaced and not beside:
        return ""
    saved = {state.reference: state for state in (*beside.values(), *replaced)}
    records = context.ledger.records()
    objects = tuple(_as_it_was(records, state) for state in saved.values())
    context.ledger.begin(Adopted(step.id, objects, _homes(context, objects)))
    for state in replaced:
        if reason := _delete(context, state):
            return reason
        context.emitter.notice(f"{state.reference} is saved and set aside; the end puts it back.")
    going = [(state.reference, state.uid) for state in saved.values() if _goes(state, replaced)]
    return _wait_until_gone(context, going)


def _homes(context: Context, objects: Sequence[Made]) -> dict[str, str]:
    """The uids of the objects' namespaces, by name; without those that the user may not look at."""
    homes: dict[str, str] = {}
    for namespace in {each.reference.namespace for each in objects if each.reference.namespace}:
        with suppress(TutorialError):
            state = context.cluster.lookup(ObjectReference("namespace", namespace))
            homes |= {namespace: state.uid} if state is not None else {}
    return homes


def _saved_beside(context: Context, step: Step) -> dict[ObjectReference, ObjectState]:
    """Endpoints that are not the run's and go when the service of their name goes: with the one that
    is replaced, or with the step's own."""
    owned = owned_objects(context.ledger.records())
    services = [each for each in context.plan.creates(step) if each.kind == "service"]
    beside = found_beside(context, services)
    return {reference: state for reference, state in beside.items() if state.uid not in owned}


def _goes(state: ObjectState, replaced: Sequence[ObjectState]) -> bool:
    """Whether it is one of `replaced`, or goes with the service of its name."""
    places = {each.reference for each in replaced}
    return state.reference in places or _service_of(state.reference) in places


def _delete(context: Context, state: ObjectState) -> str:
    """Delete the object as it was saved, and no other; why that could not be. An object that is not
    there any more counts as deleted by us: the answer to a first request may have been lost."""
    if context.cluster.delete(state.reference, state.uid, state.resource_version):
        return ""
    if context.cluster.lookup(state.reference) is None:
        return ""
    return f"{state.reference} was changed at this very moment. Run the step again."


def _wait_until_gone(context: Context, going: Sequence[tuple[ObjectReference, str]]) -> str:
    try:
        left = Patience(context.tools).until_gone(going)
    except Stopped:
        context.stopper.clear()
        return "It was stopped while what was there before went."
    names = ", ".join(str(state.reference) for state in left.values())
    return f"{names} is still being deleted." if left else ""


def _reason_against(context: Context, state: ObjectState) -> str:
    """Why this object cannot be adopted; empty when it can."""
    return reason_in(state) or _reason_around(context, state)


def reason_in(state: ObjectState) -> str:
    """Why the object by itself cannot be adopted; empty when nothing in it speaks against it."""
    group, _, _ = str(state.manifest.get("apiVersion", "")).rpartition("/")
    if (group, state.manifest.get("kind")) not in _ADOPTABLE:
        return "only services, endpoints and destination rules can be adopted"
    if state.terminating:
        return "it is being deleted"
    if state.finalizers:
        return f"the finalizer {', '.join(state.finalizers)} has work to do when it is deleted"
    if controller := _controller(state.manifest):
        return f"{controller} controls it, and would make it again"
    is_load_balancer = spec_of(state.manifest).get("type") == "LoadBalancer"
    return "its address outside the cluster would be lost" if is_load_balancer else ""


def _reason_around(context: Context, state: ObjectState) -> str:
    """A reason that what is around the object gives."""
    if _is_maintained(context, state):
        return "a controller writes it from the pods of its service"
    if run := context.run_of(state.uid):
        return f"your run {run.id}, {run.standing}, made it; to undo that: {run.way_out}"
    dependants = _dependants(context, state)
    return f"{', '.join(dependants)} would be deleted with it" if dependants else ""


def _controller(manifest: Mapping[str, object]) -> str:
    """`ReplicaSet/web`: the owner that controls the object, if any."""
    for owner in metadata_of(manifest).get("ownerReferences") or ():
        if owner.get("controller"):
            return f"{owner.get('kind')}/{owner.get('name')}"
    return ""


def _is_maintained(context: Context, state: ObjectState) -> bool:
    """Whether these are endpoints that a controller writes."""
    service = _service_of(state.reference)
    return service is not None and _endpoints_are_maintained(state, context.cluster.lookup(service))


def _service_of(reference: ObjectReference) -> ObjectReference | None:
    """The service that these endpoints are of; None for another kind."""
    if reference.kind != "endpoints":
        return None
    return ObjectReference("service", reference.name, reference.namespace)


def _endpoints_of(
    context: Context, reference: ObjectReference, service: ObjectState | None
) -> ObjectState | None:
    """The endpoints of this service's name that a person made."""
    place = ObjectReference("endpoints", reference.name, reference.namespace)
    endpoints = context.cluster.lookup(place)
    if endpoints is None or _endpoints_are_maintained(endpoints, service):
        return None
    return endpoints


def _endpoints_are_maintained(endpoints: ObjectState, service: ObjectState | None) -> bool:
    labels = metadata_of(endpoints.manifest).get("labels") or {}
    selector = spec_of(service.manifest).get("selector") if service is not None else None
    return bool(selector) or _ENDPOINTS_MANAGER in labels


def _dependants(context: Context, state: ObjectState) -> list[str]:
    """What Kubernetes would delete with the object and not make again."""
    namespace = state.reference.namespace or str(metadata_of(state.manifest).get("namespace", ""))
    return [
        str(each.reference)
        for each in context.cluster.namespace_contents(namespace)
        if state.uid in each.owners and not _is_made_again(each)
    ]


def _is_made_again(state: ObjectState) -> bool:
    """A slice that a controller of Kubernetes makes from the service or its endpoints."""
    labels = metadata_of(state.manifest).get("labels") or {}
    return labels.get(_SLICE_MANAGER) in _CONTROLLERS_OF_SLICES


def _as_it_was(records: Sequence[Record], state: ObjectState) -> Made:
    """The whole object, as it is to come back. Of one that a rollback had put back, but was cut off
    before it could give the fields back, what was saved before."""
    saved = (each.manifest for each in adopted_objects(records).values() if each.reference == state.reference)
    if is_programs_alone(state.manifest):
        for manifest in saved:
            if is_created_from(manifest, state.manifest):
                return Made(state.reference, state.uid, manifest)
    return Made(state.reference, state.uid, dict(state.manifest))
