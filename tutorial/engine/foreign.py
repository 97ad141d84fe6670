"""Whose the objects in a namespace are: the run's, everybody's, or somebody else's. Pure.

Called before a namespace is deleted or used (`ownership`, `removal`), and by `found`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tutorial.engine.furnished import came_with_namespace, is_by_controllers, serves_accounts
from tutorial.engine.history import ever_made
from tutorial.engine.manifests import metadata_of
from tutorial.engine.ports import ObjectState
from tutorial.engine.records import Made, Record
from tutorial.steps.model import ObjectReference

_DEFAULTS = frozenset(
    {
        ("serviceaccount", "default"),
        ("configmap", "kube-root-ca.crt"),
        ("configmap", "istio-ca-root-cert"),
        ("configmap", "openshift-service-ca.crt"),
    }
)
"""What every namespace has: Kubernetes makes the first two, Istio the third, OpenShift the fourth."""

_OWNERS = frozenset(
    {
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Endpoints",
        "Job",
        "Pod",
        "ReplicaSet",
        "ReplicationController",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }
)
"""Kinds of owners that are in the namespace of what they own. An owner of another kind may belong to no
namespace (a ClusterRole), so that a namespace's contents do not tell whether it is gone."""


def foreign_contents(contents: Sequence[ObjectState], made: Iterable[Made], born: float) -> list[ObjectState]:
    """What in a namespace is neither of `made`, nor one of the defaults, nor came with the namespace, nor
    descends from any of these (from the last two only what controllers made).

    What owners in the namespace have left is garbage that Kubernetes is about to collect. Endpoints carry no
    owner: they belong to the service of the same name.

    Args:
        born: when the namespace was created, seconds since the epoch, by the API server's clock.
    """
    made = tuple(made)
    usual = {
        state.uid
        for state in contents
        if (state.reference.kind, state.reference.name) in _DEFAULTS or came_with_namespace(state, born)
    }
    usual = descendants([state for state in contents if is_by_controllers(state)], usual)
    ours = descendants(contents, {each.uid for each in made}) | usual
    accounts = {state.uid for state in contents if state.reference.kind == "serviceaccount"} & ours
    present = {state.uid for state in contents}
    services = [each.reference for each in made if each.reference.kind == "service"]
    return [
        state
        for state in contents
        if state.uid not in ours
        and not serves_accounts(state, accounts)
        and not _is_garbage(state, present)
        and not (state.reference.kind == "endpoints" and _belongs_to_one_of(state, services))
    ]


def all_made(records: Sequence[Record]) -> list[Made]:
    """Everything that the run has ever made."""
    return [made for _, made in ever_made(records).values()]


def descendants(contents: Sequence[ObjectState], owned: Iterable[str]) -> set[str]:
    """The uids in `owned` and of everything in `contents` that descends from them."""
    ours = set(owned)
    grown = True
    while grown:
        new = {state.uid for state in contents if not ours.isdisjoint(state.owners)} - ours
        ours |= new
        grown = bool(new)
    return ours


def _is_garbage(state: ObjectState, present: Collection[str]) -> bool:
    """Whether all of its owners were in the namespace, and none is there any more."""
    owners = metadata_of(state.manifest).get("ownerReferences") or ()
    return (
        bool(state.owners)
        and not any(uid in present for uid in state.owners)
        and all(each.get("kind") in _OWNERS for each in owners)
    )


def _belongs_to_one_of(endpoints: ObjectState, services: Sequence[ObjectReference]) -> bool:
    namespace, name = endpoints.reference.namespace, endpoints.reference.name
    return any(each.name == name and each.namespace in (None, namespace) for each in services)
