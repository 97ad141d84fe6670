"""The API's semantics for the parts in this process: the `Objects` port."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.api.options import WriteOptions
from tutorial.sandbox.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    DESTINATION_RULE,
    ENDPOINTS,
    NAMESPACE,
    POD,
    SERVICE,
)
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.status import ApiError
from tutorial.sandbox.store.store import Store

BETA = replace(DESTINATION_RULE, version="v1beta1")

Object = dict[str, Any]


class Injector:
    """Adds a sidecar to every pod."""

    def admit_pod(self, pod: Object, namespace: Object) -> Object:
        sidecar = {"name": "proxy", "image": "proxy"}
        return {**pod, "spec": {**pod["spec"], "containers": [*pod["spec"]["containers"], sidecar]}}


@pytest.fixture
def objects() -> ObjectsFacade:
    facade = ObjectsFacade(Store(), Schemas.load(), Injector())
    facade.create(NAMESPACE, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    return facade


def config(name: str = "a", **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"k": "v"},
    }


def pod(name: str = "p", **spec: Any) -> Object:
    containers = [{"name": "main", "image": "curl"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": containers, **spec},
    }


def refusal(call: Any, *arguments: Any, **options: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call(*arguments, **options)
    return caught.value


def test_create_fills_in_the_identity(objects: ObjectsFacade) -> None:
    made = objects.create(CONFIG_MAP, "default", config(uid="mine"))["metadata"]
    assert made["uid"] != "mine"
    assert made["namespace"] == "default"
    assert made["creationTimestamp"].endswith("Z")


def test_generated_names_differ(objects: ObjectsFacade) -> None:
    unnamed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "some-"}}
    names = {objects.create(CONFIG_MAP, "default", unnamed)["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("some-") and len(name) == 10 for name in names)


def test_an_update_needs_the_present_revision(objects: ObjectsFacade) -> None:
    made = objects.create(CONFIG_MAP, "default", config())
    changed = objects.update(CONFIG_MAP, {**made, "data": {"k": "w"}})
    assert changed["data"] == {"k": "w"}
    assert refusal(objects.update, CONFIG_MAP, {**made, "data": {}}).reason == "Conflict"


def test_an_update_that_changes_nothing_is_no_write(objects: ObjectsFacade) -> None:
    made = objects.create(CONFIG_MAP, "default", config())
    before = objects.store.revision
    assert objects.update(CONFIG_MAP, made) == made
    assert objects.store.revision == before


def test_status_and_spec_are_written_apart(objects: ObjectsFacade) -> None:
    made = objects.create(POD, "default", pod())
    with_status = objects.update_status(POD, {**made, "status": {"phase": "Running"}})
    relabelled = {**with_status, "metadata": {**with_status["metadata"], "labels": {"a": "b"}}, "status": {}}
    changed = objects.update(POD, relabelled)
    assert changed["status"]["phase"] == "Running"
    assert changed["metadata"]["labels"] == {"a": "b"}


def test_generation_counts_what_is_wanted_only(objects: ObjectsFacade) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    made = objects.create(
        DEPLOYMENT,
        "default",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "d"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
        },
    )
    assert made["metadata"]["generation"] == 1
    reported = objects.update_status(DEPLOYMENT, {**made, "status": {"replicas": 1}})
    assert reported["metadata"]["generation"] == 1
    scaled = objects.update(DEPLOYMENT, {**reported, "spec": {**reported["spec"], "replicas": 3}})
    assert scaled["metadata"]["generation"] == 2


def test_admission_changes_pods_on_create(objects: ObjectsFacade) -> None:
    made = objects.create(POD, "default", pod())
    assert [c["name"] for c in made["spec"]["containers"]] == ["main", "proxy"]


def test_finalizers_hold_an_object(objects: ObjectsFacade) -> None:
    objects.create(CONFIG_MAP, "default", config(finalizers=["example.com/hold"]))
    marked = objects.delete(CONFIG_MAP, "default", "a")
    assert "deletionTimestamp" in marked["metadata"]
    present = objects.get(CONFIG_MAP, "default", "a")
    objects.update(CONFIG_MAP, {**present, "metadata": {**present["metadata"], "finalizers": []}})
    assert refusal(objects.get, CONFIG_MAP, "default", "a").reason == "NotFound"


@pytest.mark.parametrize(
    ("propagation", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")]
)
def test_propagation_leaves_its_finalizer(objects: ObjectsFacade, propagation: str, finalizer: str) -> None:
    objects.create(CONFIG_MAP, "default", config())
    marked = objects.delete(CONFIG_MAP, "default", "a", propagation=propagation)
    assert marked["metadata"]["finalizers"] == [finalizer]


def test_a_pod_goes_after_its_grace(objects: ObjectsFacade) -> None:
    objects.create(POD, "default", pod(nodeName="node", terminationGracePeriodSeconds=30))
    marked = objects.delete(POD, "default", "p")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
    again = objects.delete(POD, "default", "p", grace_seconds=5)
    assert again["metadata"]["deletionGracePeriodSeconds"] == 5
    objects.delete(POD, "default", "p", grace_seconds=0)
    assert refusal(objects.get, POD, "default", "p").reason == "NotFound"


def test_a_pod_without_a_node_goes_at_once(objects: ObjectsFacade) -> None:
    objects.create(POD, "default", pod())
    objects.delete(POD, "default", "p")
    assert refusal(objects.get, POD, "default", "p").reason == "NotFound"


def test_delete_with_another_uid_is_refused(objects: ObjectsFacade) -> None:
    objects.create(CONFIG_MAP, "default", config())
    assert refusal(objects.delete, CONFIG_MAP, "default", "a", uid="other").reason == "Conflict"
    objects.get(CONFIG_MAP, "default", "a")


def test_a_service_takes_its_endpoints_along(objects: ObjectsFacade) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80}]},
    }
    objects.create(SERVICE, "default", service)
    objects.create(ENDPOINTS, "default", {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "s"}})
    objects.delete(SERVICE, "default", "s")
    assert refusal(objects.get, ENDPOINTS, "default", "s").reason == "NotFound"


def test_a_namespace_goes_when_it_is_finalized(objects: ObjectsFacade) -> None:
    objects.create(NAMESPACE, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    marked = objects.delete(NAMESPACE, None, "n")
    assert marked["status"]["phase"] == "Terminating"
    objects.finalize({**marked, "spec": {}})
    assert refusal(objects.get, NAMESPACE, None, "n").reason == "NotFound"


def test_a_dry_run_stores_nothing(objects: ObjectsFacade) -> None:
    objects.create(CONFIG_MAP, "default", config(), WriteOptions(dry_run=True))
    assert refusal(objects.get, CONFIG_MAP, "default", "a").reason == "NotFound"


def test_versions_show_the_same_object(objects: ObjectsFacade) -> None:
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "r"},
        "spec": {"host": "h"},
    }
    made = objects.create(DESTINATION_RULE, "default", rule)
    beta = objects.get(BETA, "default", "r")
    assert beta["apiVersion"] == "networking.istio.io/v1beta1"
    assert beta["metadata"]["uid"] == made["metadata"]["uid"]


async def test_a_watch_begins_with_what_is_there(objects: ObjectsFacade) -> None:
    objects.create(CONFIG_MAP, "default", config("a"))
    watch = objects.watch(CONFIG_MAP, "default")
    objects.create(CONFIG_MAP, "default", config("b"))
    objects.delete(CONFIG_MAP, "default", "a")
    seen = [await anext(watch) for _ in range(4)]
    watch.close()
    names = [(change.type, change.object.get("metadata", {}).get("name")) for change in seen]
    assert names == [("ADDED", "a"), ("SYNCED", None), ("ADDED", "b"), ("DELETED", "a")]


async def test_an_empty_watch_is_synced_at_once(objects: ObjectsFacade) -> None:
    watch = objects.watch(CONFIG_MAP, "default")
    assert (await anext(watch)).type == "SYNCED"
    watch.close()


def test_labels_must_all_match(objects: ObjectsFacade) -> None:
    objects.create(CONFIG_MAP, "default", config("a", labels={"x": "1", "y": "2"}))
    objects.create(CONFIG_MAP, "default", config("b", labels={"x": "1"}))
    found = objects.list(CONFIG_MAP, None, {"x": "1", "y": "2"})
    assert [obj["metadata"]["name"] for obj in found] == ["a"]
