"""A Deployment's replica sets: which is the new one, their revisions, and how a new one is made.

Used by `deployment.py` and `rolling_update.py`.
"""

from collections.abc import Sequence

import orjson

from tutorial.sandbox.controllers.ownership import reference_to
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import DEPLOYMENT

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
        "deprecated.deployment.rollback.to",
    }
)

_FNV_OFFSET, _FNV_PRIME = 2166136261, 16777619
_SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: Object, collisions: int = 0) -> str:
    """The text that tells a template's pods and replica sets apart: FNV-1a of its content, in
    letters that spell no word."""
    value = _FNV_OFFSET
    content = orjson.dumps([template, collisions], option=orjson.OPT_SORT_KEYS)
    for byte in content:
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return "".join(_SAFE_LETTERS[ord(digit) % len(_SAFE_LETTERS)] for digit in str(value))


def revision_of(obj: Object) -> int:
    """The number of a replica set's or Deployment's revision, 0 for none."""
    text = obj["metadata"].get("annotations", {}).get(REVISION, "0")
    return int(text) if text.isdecimal() else 0


def find_new(deployment: Object, replica_sets: Sequence[Object]) -> Object | None:
    """The oldest replica set that has the Deployment's present template."""
    wanted = deployment["spec"]["template"]
    same = [one for one in replica_sets if _without_hash(one["spec"]["template"]) == _without_hash(wanted)]
    return min(
        same, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]), default=None
    )


def _without_hash(template: Object) -> Object:
    metadata = template.get("metadata", {})
    labels = {name: value for name, value in metadata.get("labels", {}).items() if name != HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": labels}}


def make_new(deployment: Object, revision: int, replicas: int, most: int) -> Object:
    """The replica set of a Deployment's present template."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    template, selector = spec["template"], spec["selector"]
    mark = {HASH_LABEL: template_hash(template, deployment.get("status", {}).get("collisionCount", 0))}
    labels = {**template.get("metadata", {}).get("labels", {}), **mark}
    replica_set: Object = {
        "metadata": {
            "name": f"{metadata['name']}-{mark[HASH_LABEL]}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": carried_annotations(deployment, revision, most),
            "ownerReferences": [reference_to(DEPLOYMENT, deployment)],
        },
        "spec": {
            "replicas": replicas,
            "selector": {**selector, "matchLabels": {**selector.get("matchLabels", {}), **mark}},
            "template": {**template, "metadata": {**template.get("metadata", {}), "labels": labels}},
        },
    }
    if spec.get("minReadySeconds"):
        replica_set["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    return replica_set


def carried_annotations(deployment: Object, revision: int, most: int) -> dict[str, str]:
    """What a replica set carries of its Deployment, with its revision and sizes."""
    return {
        **_carried(deployment),
        REVISION: str(revision),
        **sizes(deployment, most),
    }


def sizes(deployment: Object, most: int) -> dict[str, str]:
    """The sizes at which a replica set was last scaled: what is wanted, and with surge."""
    return {DESIRED_REPLICAS: str(deployment["spec"]["replicas"]), MAX_REPLICAS: str(most)}


def following(replica_set: Object, deployment: Object, revision: int) -> Object:
    """The replica set of the present template as its Deployment wants it: with the annotations that
    are carried over (the cause of the change, say), and as the newest revision. A former revision
    of it joins its history."""
    annotations = dict(replica_set["metadata"].get("annotations", {}))
    if revision_of(replica_set) < revision:
        history = [text for text in (annotations.get(REVISION_HISTORY), annotations.get(REVISION)) if text]
        annotations |= {REVISION_HISTORY: ",".join(history)} if history else {}
        annotations[REVISION] = str(revision)
    annotations |= _carried(deployment)
    metadata = {**replica_set["metadata"], "annotations": annotations}
    spec = dict(replica_set["spec"])
    spec.pop("minReadySeconds", None)
    if deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    return {**replica_set, "metadata": metadata, "spec": spec}


def _carried(deployment: Object) -> dict[str, str]:
    copied = deployment["metadata"].get("annotations", {})
    return {name: value for name, value in copied.items() if name not in _NOT_COPIED}
