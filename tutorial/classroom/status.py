"""Where each attendee of the classes on a cluster is. Called by `egress-tutorial class status`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tutorial.backends.discovery import Resource, discover
from tutorial.backends.rest import RestClient
from tutorial.classroom.api import ClassApi
from tutorial.classroom.manifests import Object
from tutorial.classroom.progress import Milestone, Standing, milestones, standing
from tutorial.classroom.roster import Attendee, attendee_of
from tutorial.errors import NotReadyError
from tutorial.steps.loader import find_tutorial, load_tutorial
from tutorial.steps.model import ObjectReference, Tutorial

WHOLE_TUTORIAL = "all"


@dataclass(frozen=True)
class Seat:
    """One attendee as the cluster shows it. `whole` is false while one of the pair of namespaces is
    missing or being deleted."""

    attendee: Attendee
    whole: bool
    standing: Standing


def seats(client: RestClient, prefix: str | None) -> list[Seat]:
    """Every attendee of the class, or of all classes for None, in order.

    Raises:
        NotReadyError: the cluster cannot be asked.
    """
    api = ClassApi(client)
    spaces = _by_attendee(api.class_namespaces(prefix))
    if not spaces:
        return []
    tutorial = load_tutorial(find_tutorial(WHOLE_TUTORIAL))
    plans = {attendee: milestones(tutorial, attendee, _samples(tutorial)) for attendee in spaces}
    present = _present(client, api, plans.values())
    events = _last_events(api)
    found = []
    for attendee, namespaces in sorted(spaces.items(), key=lambda each: (each[0].prefix, each[0].number)):
        last = max((events[name] for name in attendee.namespaces if name in events), default=None)
        whole = {each["metadata"]["name"] for each in namespaces if _is_alive(each)} == {*attendee.namespaces}
        found.append(Seat(attendee, whole, standing(plans[attendee], present, last)))
    return found


def _by_attendee(namespaces: Iterable[Object]) -> dict[Attendee, list[Object]]:
    found: dict[Attendee, list[Object]] = {}
    for each in namespaces:
        attendee = attendee_of(each["metadata"]["name"], each["metadata"].get("labels") or {})
        if attendee is not None:
            found.setdefault(attendee, []).append(each)
    return found


def _samples(tutorial: Tutorial) -> list[str]:
    """The samples that come with the tutorial: a folder for each."""
    folder: Path | None = tutorial.files
    names = [each.name for each in folder.iterdir() if each.is_dir()] if folder else []
    return sorted(names) or [tutorial.variables.get("SAMPLE", "")]


def _present(
    client: RestClient, api: ClassApi, plans: Iterable[list[Milestone]]
) -> dict[ObjectReference, datetime]:
    """Every object of the kinds that steps make, and when it was made: one list a kind."""
    kinds = {reference.kind for plan in plans for each in plan for reference in each.objects}
    served = discover(client).resources
    found: dict[ObjectReference, datetime] = {}
    for kind in sorted(kinds):
        resource = next((each for each in served if each.answers_to(kind)), None)
        for item in _listed(api, resource):
            metadata = item["metadata"]
            reference = ObjectReference(kind, metadata["name"], metadata.get("namespace"))
            found[reference] = datetime.fromisoformat(metadata["creationTimestamp"])
    return found


def _last_events(api: ClassApi) -> dict[str, datetime]:
    """When something last happened in each namespace, as far as the cluster remembers."""
    found: dict[str, datetime] = {}
    try:
        events = api.list("/api/v1/events", partial=True)
    except NotReadyError:
        return found
    for item in events:
        namespace = str(item["metadata"].get("namespace"))
        moment = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
        found[namespace] = max(moment, found.get(namespace, moment))
    return found


def _listed(api: ClassApi, resource: Resource | None) -> list[Object]:
    return api.list(resource.path(), partial=True) if resource else []


def _is_alive(namespace: Object) -> bool:
    return "deletionTimestamp" not in namespace["metadata"]
