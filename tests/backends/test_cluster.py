"""The cluster port over the API: by aggregated and by legacy discovery."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from backends.api_server import ApiServer, Fault

from tutorial.backends.cluster import ApiCluster
from tutorial.backends.response import Response
from tutorial.errors import AlreadyThereError, ClusterAwayError, ForbiddenError, NotReadyError
from tutorial.steps.model import ObjectReference

SERVICES = "/api/v1/namespaces/default/services"
SERVICE = ObjectReference("service", "a", "default")


@pytest.fixture(autouse=True, params=["aggregated", "legacy"])
def discovery(request: pytest.FixtureRequest, api: ApiServer) -> None:
    api.aggregated = request.param == "aggregated"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.backends.rest.RETRY_DELAYS", (0.01, 0.02))
    monkeypatch.setattr("tutorial.backends.cluster._CONFLICT_SECONDS", 0.01)


def test_an_object_is_looked_up(api: ApiServer, cluster: ApiCluster) -> None:
    found = api.put(
        f"{SERVICES}/a",
        "Service",
        resourceVersion="7",
        finalizers=["x/y"],
        deletionTimestamp="2026-11-24T03:10:00Z",
        annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        ownerReferences=[{"uid": "u1"}, {"uid": "u2"}],
        managedFields=[
            {"manager": "later", "time": "2026-11-24T03:02:00Z"},
            {"manager": "kubectl-create", "time": "2026-11-24T03:00:00Z"},
        ],
    )
    state = cluster.lookup(SERVICE)
    assert state is not None
    assert state.reference == SERVICE
    assert state.uid == found["metadata"]["uid"]
    assert state.created == datetime(2026, 11, 24, 3, tzinfo=UTC).timestamp()
    assert (state.resource_version, state.finalizers, state.terminating) == ("7", ("x/y",), True)
    assert (state.last_applied, state.owner, state.owners) == ("{}", "kubectl-create", ("u1", "u2"))
    assert state.manifest == found


def test_who_only_wrote_its_status_did_not_make_an_object(api: ApiServer, cluster: ApiCluster) -> None:
    api.put(
        f"{SERVICES}/a",
        "Service",
        managedFields=[
            {"manager": "kube-controller-manager", "time": "2026-11-24T03:00:00Z", "subresource": "status"},
            {"manager": "kubectl", "time": "2026-11-24T03:00:00Z"},
        ],
    )
    state = cluster.lookup(SERVICE)
    assert state is not None
    assert state.owner == "kubectl"


@pytest.mark.parametrize("kind", ["service", "Service", "services", "svc"])
def test_kinds_are_named_as_for_kubectl(api: ApiServer, cluster: ApiCluster, kind: str) -> None:
    api.put(f"{SERVICES}/a", "Service")
    assert cluster.lookup(ObjectReference(kind, "a")) is not None


def test_a_group_can_be_named(api: ApiServer, cluster: ApiCluster) -> None:
    api.put("/apis/apps/v1/namespaces/x/deployments/a", "Deployment")
    assert cluster.lookup(ObjectReference("deployment.apps", "a", "x")) is not None
    assert cluster.lookup(ObjectReference("deployment.other", "a", "x")) is None


def test_kinds_without_a_namespace_and_odd_plurals_are_found(api: ApiServer, cluster: ApiCluster) -> None:
    api.put("/api/v1/namespaces/x", "Namespace")
    api.put("/api/v1/namespaces/default/endpoints/a", "Endpoints")
    assert cluster.lookup(ObjectReference("namespace", "x")) is not None
    assert cluster.lookup(ObjectReference("endpoints", "a")) is not None


def test_what_is_not_there_is_none(cluster: ApiCluster) -> None:
    assert cluster.lookup(SERVICE) is None
    assert cluster.lookup(ObjectReference("destinationrule", "a")) is None
    assert not cluster.delete(ObjectReference("destinationrule", "a"), "u")


def test_what_a_server_does_not_name_while_it_starts_is_no_proof_of_absence(
    api: ApiServer, cluster: ApiCluster
) -> None:
    rule = ObjectReference("destinationrule", "my-httpbin")
    api.refused["/readyz"] = 500
    for ask in (lambda: cluster.lookup(rule), lambda: cluster.delete(rule, "uid")):
        with pytest.raises(ClusterAwayError, match="The API server is not ready"):
            ask()
    with pytest.raises(ClusterAwayError, match="The API server is not ready"):
        cluster.namespace_contents("default")
    del api.refused["/readyz"]
    assert cluster.lookup(rule) is None


def test_a_group_that_does_not_answer_is_no_proof_of_absence(api: ApiServer, cluster: ApiCluster) -> None:
    api.stale_groups.add("apps/v1beta1")
    with pytest.raises(NotReadyError, match="does not say now") as caught:
        cluster.lookup(ObjectReference("destinationrule", "a"))
    assert "apps/v1beta1" in caught.value.why


def test_a_refused_look_is_an_error(api: ApiServer, cluster: ApiCluster) -> None:
    api.refused[f"{SERVICES}/a"] = 403
    with pytest.raises(ForbiddenError, match="refused to look at service/a@default") as caught:
        cluster.lookup(SERVICE)
    assert caught.value.why == "refused with 403"


def test_what_others_wrote_cannot_speak_to_the_terminal(api: ApiServer, cluster: ApiCluster) -> None:
    managers = [{"manager": "a\x1b]0;title\x07\x1b[2Jb", "time": "2026-11-24T03:00:00Z"}]
    api.put(f"{SERVICES}/a", "Service", managedFields=managers)
    state = cluster.lookup(SERVICE)
    assert state is not None
    assert state.owner == "ab"
    assert Response(403, {}, b"no\x1b[2J way").message == "no way"


def test_deleting_sends_the_uid_and_works_in_the_background(api: ApiServer, cluster: ApiCluster) -> None:
    uid = api.put(f"{SERVICES}/a", "Service")["metadata"]["uid"]
    assert cluster.delete(SERVICE, uid)
    assert api.objects == {}
    assert api.seen[-1].body["preconditions"] == {"uid": uid}
    assert api.seen[-1].body["propagationPolicy"] == "Background"
    assert not cluster.delete(SERVICE, uid)


def test_another_object_of_the_name_is_left(api: ApiServer, cluster: ApiCluster) -> None:
    api.put(f"{SERVICES}/a", "Service")
    assert not cluster.delete(SERVICE, "another-uid")
    assert f"{SERVICES}/a" in api.objects


def test_a_conflict_of_a_terminating_object_counts_as_deleted(api: ApiServer, cluster: ApiCluster) -> None:
    namespace = api.put("/api/v1/namespaces/x", "Namespace", deletionTimestamp="2026-11-24T03:10:00Z")
    cluster.lookup(ObjectReference("namespace", "x"))
    api.faults.append(Fault(409))
    assert cluster.delete(ObjectReference("namespace", "x"), namespace["metadata"]["uid"])


def test_a_conflict_that_passes_is_tried_again(api: ApiServer, cluster: ApiCluster) -> None:
    uid = api.put(f"{SERVICES}/a", "Service")["metadata"]["uid"]
    cluster.lookup(SERVICE)
    api.faults.append(Fault(409))
    assert cluster.delete(SERVICE, uid)
    assert api.objects == {}


def test_a_delete_whose_answer_was_lost_is_no_error(api: ApiServer, cluster: ApiCluster) -> None:
    uid = api.put(f"{SERVICES}/a", "Service")["metadata"]["uid"]
    cluster.lookup(SERVICE)
    api.faults.append(Fault(cut=True, act_first=True))
    assert not cluster.delete(SERVICE, uid)
    assert api.objects == {}


def test_only_the_version_that_is_meant_is_deleted(api: ApiServer, cluster: ApiCluster) -> None:
    uid = api.put(f"{SERVICES}/a", "Service", resourceVersion="7")["metadata"]["uid"]
    assert not cluster.delete(SERVICE, uid, "6")
    assert f"{SERVICES}/a" in api.objects
    assert cluster.delete(SERVICE, uid, "7")
    assert api.objects == {}


def test_a_refused_delete_is_an_error(api: ApiServer, cluster: ApiCluster) -> None:
    api.refused[f"{SERVICES}/a"] = 403
    with pytest.raises(NotReadyError, match="refused to delete service/a@default"):
        cluster.delete(SERVICE, "u")


@pytest.mark.parametrize("status", [200, 404])
def test_what_is_no_answer_of_the_api_proves_nothing(
    api: ApiServer, cluster: ApiCluster, status: int
) -> None:
    """A login page before the server: what it says of an object is no proof that it has gone."""
    uid = api.put(f"{SERVICES}/a", "Service")["metadata"]["uid"]
    assert cluster.lookup(SERVICE)
    for ask in (
        lambda: cluster.lookup(SERVICE),
        lambda: cluster.delete(SERVICE, uid),
        lambda: cluster.namespace_contents("default"),
    ):
        api.faults.append(Fault(status, page=True))
        with pytest.raises(ClusterAwayError, match="Something else answers") as caught:
            ask()
        assert f"HTTP {status}, text/html" in caught.value.why
    assert cluster.lookup(SERVICE)


@pytest.mark.parametrize("fault", [Fault(200, page=True), Fault(500), Fault(429)])
def test_a_server_that_does_not_say_now_what_it_serves_is_away(
    api: ApiServer, cluster: ApiCluster, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("tutorial.backends.rest.RETRY_DELAYS", ())
    api.faults.extend([fault] * 4)  # both roots, the readiness, and the one that is asked again
    with pytest.raises(ClusterAwayError):
        cluster.lookup(SERVICE)
    api.faults.clear()
    assert cluster.lookup(SERVICE) is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_away(
    api: ApiServer, cluster: ApiCluster, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Rollback waits for it, then."""
    monkeypatch.setattr("tutorial.backends.rest.RETRY_DELAYS", ())
    assert cluster.lookup(SERVICE) is None
    api.faults.append(Fault(status))
    with pytest.raises(ClusterAwayError, match="refused to look at"):
        cluster.lookup(SERVICE)


def test_a_namespace_is_listed_in_pages_without_events(api: ApiServer, cluster: ApiCluster) -> None:
    for name in "abcde":
        api.put(f"{SERVICES}/{name}", "Service")
    api.put("/api/v1/namespaces/default/events/e", "Event")
    api.put("/apis/apps/v1/namespaces/default/deployments/d", "Deployment")
    api.put("/api/v1/namespaces/default/secrets/s", "Secret")
    api.refused["/api/v1/namespaces/default/secrets"] = 403
    contents = cluster.namespace_contents("default")
    assert sorted(str(state.reference) for state in contents) == [
        "deployment/d@default",
        *(f"service/{name}@default" for name in "abcde"),
    ]


def test_all_kinds_of_a_namespace_are_asked_for_together(
    api: ApiServer, cluster: ApiCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.put(f"{SERVICES}/a", "Service")
    api.put("/apis/apps/v1/namespaces/default/deployments/d", "Deployment")
    cluster.lookup(SERVICE)
    monkeypatch.setattr(
        "tutorial.backends.rest.RestClient.request", lambda *_, **__: pytest.fail("one was asked for alone")
    )
    kinds = sorted(state.reference.kind for state in cluster.namespace_contents("default"))
    assert kinds == ["deployment", "service"]
    assert {seen.headers["accept"].partition(";")[2] for seen in api.seen if "limit=" in seen.path} == {
        "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
    }


def test_a_list_whose_pages_expired_is_begun_again(api: ApiServer, cluster: ApiCluster) -> None:
    for name in "abc":
        api.put(f"{SERVICES}/{name}", "Service")
    cluster.lookup(SERVICE)
    api.expired_pages = 1
    contents = cluster.namespace_contents("default")
    assert sorted(state.reference.name for state in contents) == ["a", "b", "c"]
    assert api.expired_pages == 0


def test_one_object_under_two_names_is_listed_once(api: ApiServer, cluster: ApiCluster) -> None:
    body = api.put(f"{SERVICES}/a", "Service")
    api.objects["/apis/serving.test/v1/namespaces/default/services/a"] = body
    assert len(cluster.namespace_contents("default")) == 1


def test_what_has_no_uid_is_no_object(api: ApiServer, cluster: ApiCluster) -> None:
    del api.put(f"{SERVICES}/a", "Service")["metadata"]["uid"]
    assert cluster.namespace_contents("default") == ()


def test_an_object_is_put_back(api: ApiServer, cluster: ApiCluster) -> None:
    manifest = {
        "apiVersion": "apps/v1beta1",
        "kind": "Deployment",
        "metadata": {
            "name": "a",
            "namespace": "x",
            "labels": {"l": "1"},
            "uid": "old",
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [],
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    state = cluster.restore(manifest)
    assert (str(state.reference), state.uid != "old") == ("deployment/a@x", True)
    assert api.seen[-1].method == "POST"
    assert api.seen[-1].path == "/apis/apps/v1beta1/namespaces/x/deployments"
    assert api.seen[-1].body == {
        "apiVersion": "apps/v1beta1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "x", "labels": {"l": "1"}},
        "spec": {"replicas": 1},
    }
    assert manifest["metadata"]["uid"] == "old"


@pytest.mark.parametrize("status", [200, 403])
def test_the_fields_of_an_object_that_is_put_back_belong_to_those_who_had_set_them(
    api: ApiServer, cluster: ApiCluster, status: int
) -> None:
    """Their next server-side apply would meet a conflict with this program otherwise."""
    managers = [{"manager": "argocd-controller", "operation": "Apply"}]
    metadata = {"name": "a", "managedFields": managers}
    if status != 200:
        api.refused[f"{SERVICES}/a"] = status
    state = cluster.restore({"apiVersion": "v1", "kind": "Service", "metadata": metadata})
    assert state.uid == api.objects[f"{SERVICES}/a"]["metadata"]["uid"]
    patch = api.seen[-1]
    assert (patch.method, patch.path) == ("PATCH", f"{SERVICES}/a")
    assert patch.headers["content-type"] == "application/merge-patch+json"
    assert patch.body == {"metadata": {"uid": state.uid, "managedFields": managers}}


def test_a_service_whose_address_is_taken_gets_another(api: ApiServer, cluster: ApiCluster) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"clusterIP": "10.0.0.1"},
    }
    assert str(cluster.restore(manifest).reference) == "service/a@default"
    assert api.objects[f"{SERVICES}/a"]["spec"] == {}


def test_putting_back_can_be_rehearsed(api: ApiServer, cluster: ApiCluster) -> None:
    spec = {"clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 30001}]}
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "uid": "u"}, "spec": spec}
    assert cluster.rehearse(manifest) == ""
    review, tried = api.seen[-2:]
    assert review.body["spec"]["resourceAttributes"] == {
        "verb": "delete",
        "group": "",
        "resource": "services",
        "namespace": "default",
        "name": "a",
    }
    assert tried.path == f"{SERVICES}?dryRun=All"
    assert (tried.body["metadata"], tried.body["spec"]) == ({"generateName": "a-"}, {"ports": [{"port": 80}]})
    assert api.objects == {}
    api.refused[SERVICES] = 403
    assert cluster.rehearse(manifest) == "refused with 403"
    api.forbidden.add("delete")
    assert cluster.rehearse(manifest) == "you may not delete it"


def test_an_object_that_is_there_is_not_put_back(api: ApiServer, cluster: ApiCluster) -> None:
    api.put(f"{SERVICES}/a", "Service")
    with pytest.raises(AlreadyThereError):
        cluster.restore({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}})


def test_a_kind_that_is_not_served_cannot_be_put_back(cluster: ApiCluster) -> None:
    with pytest.raises(NotReadyError, match="Y cannot be created again"):
        cluster.restore({"apiVersion": "x/v1", "kind": "Y", "metadata": {"name": "a"}})


def test_the_servers_clock_is_its_date(cluster: ApiCluster) -> None:
    assert abs(cluster.server_time() - time.time()) < 2
