"""Removes a class and proves that it is gone. Called by `egress-tutorial class down`.

Everything that a class makes in a cluster is in its namespaces, so they are all that is deleted, each by
its uid.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tutorial.classroom.api import ClassApi
from tutorial.classroom.manifests import Object
from tutorial.classroom.roster import CLASS_LABEL, attendee_of
from tutorial.errors import RollbackIncompleteError, TutorialError

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Doomed:
    """One namespace that is the class's."""

    name: str
    uid: str


@dataclass(frozen=True)
class Found:
    """What carries a class's label: `doomed` is the class's own; `strange` has the label but no name of
    the class, and stays."""

    doomed: tuple[Doomed, ...]
    strange: tuple[str, ...]


def find(api: ClassApi, prefix: str) -> Found:
    """The namespaces of a class, by their labels."""
    doomed: list[Doomed] = []
    strange: list[str] = []
    for each in api.class_namespaces(prefix):
        metadata = each["metadata"]
        if attendee_of(metadata["name"], metadata.get("labels") or {}):
            doomed.append(Doomed(metadata["name"], metadata["uid"]))
        else:
            strange.append(metadata["name"])
    return Found(tuple(doomed), tuple(strange))


def remove(
    api: ClassApi, prefix: str, found: Found, seconds: float, kubectl_options: str = ""
) -> Iterator[int]:
    """Delete the namespaces and wait until the cluster shows none of them; yields how many are gone.

    A refusal does not keep the others from being deleted.

    Args:
        seconds: how long to wait after the last deletion was asked for.
        kubectl_options: choose the cluster in commands that a person may type.

    Raises:
        RollbackIncompleteError: some are still there, or stay because they are not the class's.
    """
    refused: dict[str, str] = {}
    for each in found.doomed:
        try:
            api.delete_namespace(each.name, each.uid)
        except TutorialError as error:
            refused[each.name] = error.why or error.what
    deadline = time.monotonic() + seconds
    wanted = {each.uid for each in found.doomed}
    left = _present(api, prefix, wanted)
    while any(each["metadata"]["name"] not in refused for each in left) and time.monotonic() < deadline:
        yield len(wanted) - len(left)
        time.sleep(POLL_SECONDS)
        left = _present(api, prefix, wanted)
    yield len(wanted) - len(left)
    if left or found.strange:
        raise _incomplete(left, refused, found.strange, f"kubectl {kubectl_options}".rstrip())


def _present(api: ClassApi, prefix: str, uids: set[str]) -> list[Object]:
    return [each for each in api.class_namespaces(prefix) if each["metadata"]["uid"] in uids]


def _incomplete(
    left: Sequence[Object], refused: dict[str, str], strange: Sequence[str], kubectl: str
) -> RollbackIncompleteError:
    lines = [f"{_name(each)}: {refused.get(_name(each)) or _what_holds(each)}" for each in left]
    lines += [f"{name}: it has the class's label but no name of the class" for name in strange]
    commands = [f"{kubectl} get namespace {_name(each)} -o yaml" for each in left]
    commands += [f"{kubectl} label namespace {name} {CLASS_LABEL}-" for name in strange]
    counted = (
        "A namespace of the class is" if len(lines) == 1 else f"{len(lines)} namespaces of the class are"
    )
    return RollbackIncompleteError(
        f"{counted} still there.",
        why="; ".join(lines),
        do="Look, remove what holds it, or the label from what is not the class's, and run class down "
        "again: " + "; ".join(commands),
    )


def _name(namespace: Object) -> str:
    name: str = namespace["metadata"]["name"]
    return name


def _what_holds(namespace: Object) -> str:
    """What the cluster says of a namespace that does not go."""
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    said = [str(each.get("message")) for each in conditions if each.get("status") == "True"]
    return " ".join(said) or "it is not gone yet"
