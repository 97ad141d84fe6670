"""A class against a real API server: made, made again, looked at, removed; nothing else is touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from backends.connect_proxy import proxying
from sandbox.api.cluster_for_tests import Cluster

from tutorial.backends.kubeconfig import Access, load_kubeconfig
from tutorial.backends.rest import RestClient
from tutorial.classroom import down
from tutorial.classroom.api import ClassApi
from tutorial.classroom.manifests import ACCOUNT, Injection
from tutorial.classroom.roster import attendees
from tutorial.classroom.status import seats
from tutorial.classroom.up import Place, set_up
from tutorial.errors import AlreadyThereError, ClusterAwayError, NotReadyError, RollbackIncompleteError
from tutorial.sandbox.resources import CONFIG_MAP, NAMESPACE, ROLE, SERVICE, SERVICE_ACCOUNT

Up = Callable[..., list[Place]]
GONE_SECONDS = 10


@pytest.fixture
def up(api: ClassApi, prefix: str, folder: Path, access: Access) -> Up:
    def run(count: int, hours: int = 8, injection: Injection = Injection()) -> list[Place]:  # noqa: B008
        places = set_up(
            api,
            attendees(prefix, count),
            injection=injection,
            seconds=hours * 3600,
            folder=folder,
            access=access,
            facts={"mesh": "sidecar"},
            removal=f"egress-tutorial class down --prefix {prefix} --context kind",
        )
        return list(places)

    return run


@pytest.fixture
def as_attendee(up: Up) -> Iterator[Callable[[Place], RestClient]]:
    clients: list[RestClient] = []

    def client(place: Place) -> RestClient:
        clients.append(RestClient(load_kubeconfig([place.file]).access(), os.environ))
        return clients[-1]

    yield client
    for each in clients:
        each.close()


def test_a_token_is_tried_by_the_way_that_the_class_is_made(
    access: Access, folder: Path, prefix: str
) -> None:
    """Through the proxy of the environment, too: the server's name is known to nobody else."""
    server = urlsplit(access.server)
    away = replace(
        access,
        cluster={
            **access.cluster,
            "server": f"https://api.test:{server.port}",
            "tls-server-name": server.hostname,
        },
    )
    with proxying(str(server.hostname), server.port or 0) as proxy:
        client = RestClient(away, {"HTTPS_PROXY": proxy.address})
        made = set_up(
            ClassApi(client),
            attendees(prefix, 1),
            injection=Injection(),
            seconds=3600,
            folder=folder,
            access=away,
            facts={},
            removal="egress-tutorial class down",
        )
        assert len(list(made)) == 1
        client.close()
    assert proxy.targets == [f"api.test:{server.port}"] * 2


def names(cluster: Cluster, prefix: str) -> list[str]:
    every = cluster.call(lambda: cluster.objects.list(NAMESPACE))
    return [each["metadata"]["name"] for each in every if each["metadata"]["name"].startswith(f"{prefix}-")]


def make_namespace(cluster: Cluster, name: str, **metadata: Any) -> dict[str, Any]:
    body = {"metadata": {"name": name, **metadata}}
    return cluster.call(lambda: cluster.objects.create(NAMESPACE, None, body))


def take_down(api: ClassApi, prefix: str, seconds: float = GONE_SECONDS) -> list[int]:
    return list(down.remove(api, prefix, down.find(api, prefix), seconds, "--context kind"))


def test_an_attendee_has_two_namespaces_and_sees_nobody_else(
    cluster: Cluster, up: Up, prefix: str, as_attendee: Callable[[Place], RestClient]
) -> None:
    first, second = up(2)
    assert names(cluster, prefix) == [*first.attendee.namespaces, *second.attendee.namespaces]
    client = as_attendee(first)
    for namespace in first.attendee.namespaces:
        assert client.request("GET", f"/api/v1/namespaces/{namespace}/services").status == 200
        assert client.request("GET", f"/api/v1/namespaces/{namespace}/secrets").status == 403
    for path in (
        f"/api/v1/namespaces/{second.attendee.namespace}",
        f"/api/v1/namespaces/{second.attendee.namespace}/pods",
        "/api/v1/namespaces",
        "/api/v1/pods",
        "/api/v1/nodes",
    ):
        assert client.request("GET", path).status == 403, path


def test_again_adds_what_is_missing_and_renews_the_tokens(cluster: Cluster, up: Up, prefix: str) -> None:
    (before,) = up(1)
    token = before.file.read_text()
    namespace = before.attendee.namespace
    role = cluster.call(lambda: cluster.objects.get(ROLE, namespace, ACCOUNT))
    cluster.call(lambda: cluster.objects.update(ROLE, {**role, "rules": role["rules"][:1]}))
    cluster.call(lambda: cluster.objects.delete(SERVICE_ACCOUNT, namespace, ACCOUNT))
    mended, added = up(2)
    assert (mended.made, added.made) == (2, 7)
    assert cluster.call(lambda: cluster.objects.get(ROLE, namespace, ACCOUNT))["rules"] == role["rules"]
    assert before.file.read_text() != token
    assert [place.made for place in up(2)] == [0, 0]


def test_another_revision_is_labelled_anew(cluster: Cluster, up: Up, prefix: str) -> None:
    up(1)
    (place,) = up(1, injection=Injection("1-27"))
    namespace = cluster.call(lambda: cluster.objects.get(NAMESPACE, None, place.attendee.namespace))
    assert namespace["metadata"]["labels"]["istio.io/rev"] == "1-27"


def test_a_token_lasts_as_long_as_it_is_asked_for(up: Up) -> None:
    (place,) = up(1, hours=3)
    token = load_kubeconfig([place.file]).access().user["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert abs(place.until - datetime.now(UTC) - timedelta(hours=3)) < timedelta(minutes=1)
    assert claims["exp"] == place.until.timestamp()


def test_somebody_elses_namespace_is_refused_before_anything_is_made(
    cluster: Cluster, up: Up, prefix: str, folder: Path
) -> None:
    make_namespace(cluster, f"{prefix}-02-plain")
    with pytest.raises(AlreadyThereError, match=f"{prefix}-02-plain is there already"):
        up(3)
    assert names(cluster, prefix) == [f"{prefix}-02-plain"]
    assert not folder.exists()


def test_somebody_elses_file_is_refused_before_anything_is_made(
    cluster: Cluster, up: Up, prefix: str, folder: Path
) -> None:
    folder.mkdir()
    (folder / f"{prefix}-02.kubeconfig").write_text("mine\n")
    with pytest.raises(AlreadyThereError, match=rf"{prefix}-02\.kubeconfig is there already"):
        up(3)
    assert names(cluster, prefix) == []
    assert [(each.name, each.read_text()) for each in folder.iterdir()] == [
        (f"{prefix}-02.kubeconfig", "mine\n")
    ]


def test_a_crash_in_the_middle_is_found_and_gone_on_from(
    cluster: Cluster, api: ClassApi, up: Up, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure = ClassApi.ensure
    calls = iter(range(100))

    def ensure_ten(self: ClassApi, manifest: dict[str, Any]) -> bool:
        if next(calls) == 10:
            raise ClusterAwayError("The API server cannot be reached.")
        return ensure(self, manifest)

    monkeypatch.setattr(ClassApi, "ensure", ensure_ten)
    with pytest.raises(ClusterAwayError, match="cannot be reached") as caught:
        up(3)
    assert f"class down --prefix {prefix} --context kind removes what was made" in caught.value.do
    assert f"The attendees before {prefix}-02 are ready." in caught.value.do
    assert names(cluster, prefix) == [
        f"{prefix}-01",
        f"{prefix}-01-plain",
        f"{prefix}-02",
        f"{prefix}-02-plain",
    ]
    monkeypatch.undo()
    assert [place.made for place in up(3)] == [0, 4, 7]
    take_down(api, prefix)
    assert names(cluster, prefix) == []


def test_where_the_first_attendee_is_refused_nobody_is_said_to_be_ready(
    up: Up, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: ClassApi, manifest: dict[str, Any]) -> bool:
        raise NotReadyError(
            "The API server refused to create Role attendee.", do="Ask for the right to do so."
        )

    monkeypatch.setattr(ClassApi, "ensure", refuse)
    with pytest.raises(NotReadyError) as caught:
        up(2)
    assert caught.value.do.startswith("Ask for the right to do so. The same command goes on from here; ")


def test_what_a_person_may_try_names_the_context_that_the_person_has(
    up: Up, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attendee's is in no kubeconfig yet."""
    as_user = ClassApi.as_user

    def away(self: ClassApi, own: Access) -> RestClient:
        return as_user(self, replace(own, cluster={**own.cluster, "server": "https://127.0.0.1:1"}))

    monkeypatch.setattr(ClassApi, "as_user", away)
    with pytest.raises(ClusterAwayError) as caught:
        up(1)
    assert access.kubectl("get --raw /readyz") in caught.value.do


def test_down_takes_all_of_the_class_and_nothing_else(
    cluster: Cluster, api: ClassApi, up: Up, prefix: str, as_attendee: Callable[[Place], RestClient]
) -> None:
    (place, _) = up(2)
    client = as_attendee(place)
    made = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "mine"},
        "spec": {"ports": [{"port": 1}]},
    }
    path = f"/api/v1/namespaces/{place.attendee.namespace}/services"
    assert client.request("POST", path, made).status == 201
    others = [make_namespace(cluster, f"{prefix}-09"), make_namespace(cluster, f"{prefix}-x")]
    assert take_down(api, prefix)[-1] == 4
    assert names(cluster, prefix) == [each["metadata"]["name"] for each in others]
    with pytest.raises(NotReadyError):
        client.request("GET", path)
    assert down.find(api, prefix) == down.Found((), ())
    assert take_down(api, prefix) == [0]


def test_a_namespace_that_only_has_the_label_stays_and_is_named(
    cluster: Cluster, api: ClassApi, up: Up, prefix: str
) -> None:
    up(1)
    labels = {"egress-tutorial/class": prefix, "egress-tutorial/attendee": "01"}
    make_namespace(cluster, f"theirs-{prefix}"[:60], labels=labels)
    with pytest.raises(RollbackIncompleteError, match="A namespace of the class is still there") as caught:
        take_down(api, prefix)
    assert f"theirs-{prefix}"[:60] in caught.value.why
    unmarking = f"kubectl --context kind label namespace {f'theirs-{prefix}'[:60]} egress-tutorial/class-"
    assert unmarking in caught.value.do
    assert "delete" not in caught.value.do
    assert names(cluster, prefix) == []
    assert f"theirs-{prefix}"[:60] in names(cluster, "theirs")


def test_what_holds_a_namespace_is_named_and_the_others_go(
    cluster: Cluster, api: ClassApi, up: Up, prefix: str
) -> None:
    up(2)
    held = f"{prefix}-01"
    holder = {"metadata": {"name": "held", "finalizers": ["example.org/wait"]}}
    cluster.call(lambda: cluster.objects.create(CONFIG_MAP, held, holder))
    with pytest.raises(RollbackIncompleteError) as caught:
        take_down(api, prefix, seconds=2)
    assert names(cluster, prefix) == [held]
    assert "example.org/wait" in caught.value.why
    assert f"kubectl --context kind get namespace {held} -o yaml" in caught.value.do
    config_map = cluster.call(lambda: cluster.objects.get(CONFIG_MAP, held, "held"))
    metadata = {name: value for name, value in config_map["metadata"].items() if name != "finalizers"}
    cluster.call(lambda: cluster.objects.update(CONFIG_MAP, {**config_map, "metadata": metadata}))
    take_down(api, prefix)
    assert names(cluster, prefix) == []


def test_a_refusal_does_not_keep_the_others_from_going(
    cluster: Cluster, api: ClassApi, up: Up, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(2)
    delete = ClassApi.delete_namespace

    def refuse_one(self: ClassApi, name: str, uid: str) -> None:
        if name == f"{prefix}-01-plain":
            raise NotReadyError("The API server refused.", why="not you")
        delete(self, name, uid)

    monkeypatch.setattr(ClassApi, "delete_namespace", refuse_one)
    with pytest.raises(RollbackIncompleteError) as caught:
        take_down(api, prefix)
    assert caught.value.why == f"{prefix}-01-plain: not you"
    assert names(cluster, prefix) == [f"{prefix}-01-plain"]


def test_a_namespace_that_is_going_is_not_filled(
    cluster: Cluster, api: ClassApi, up: Up, prefix: str
) -> None:
    up(1)
    held = f"{prefix}-01"
    holder = {"metadata": {"name": "held", "finalizers": ["example.org/wait"]}}
    cluster.call(lambda: cluster.objects.create(CONFIG_MAP, held, holder))
    cluster.call(lambda: cluster.objects.delete(NAMESPACE, None, held))
    with pytest.raises(NotReadyError, match="is being deleted"):
        up(1)


def test_status_shows_where_each_attendee_is(
    cluster: Cluster, client: RestClient, api: ClassApi, up: Up, prefix: str
) -> None:
    assert seats(client, prefix) == []
    first, _, third = up(3)
    service = {
        "metadata": {"name": "my-httpbin"},
        "spec": {"type": "ExternalName", "externalName": "httpbin.org"},
    }
    cluster.call(lambda: cluster.objects.create(SERVICE, first.attendee.namespace, service))
    cluster.call(lambda: cluster.objects.delete(NAMESPACE, None, third.attendee.plain_namespace))
    found = seats(client, prefix)
    assert [seat.attendee.name for seat in found] == [f"{prefix}-0{number}" for number in (1, 2, 3)]
    assert [seat.standing.state for seat in found] == ["at a step", "not begun", "not begun"]
    assert found[0].standing.step == "create-service"
    assert [seat.whole for seat in found] == [True, True, False]
    assert {seat.attendee.prefix for seat in seats(client, None)} >= {prefix}
