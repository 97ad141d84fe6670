"""Rules, bindings and subjects decide; nothing is allowed that no rule allows."""

from __future__ import annotations

import pytest
from sandbox.api.access.roles import JANE, Cluster, rule

from tutorial.sandbox.api.access.attributes import Attributes
from tutorial.sandbox.api.access.rbac import allows
from tutorial.sandbox.api.access.user import ADMIN, User
from tutorial.sandbox.resources import CLUSTER_ROLE_BINDING
from tutorial.sandbox.status import ApiError

GET_POD = Attributes("get", "", "pods", "", "a", "x")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (rule("get", "pods"), GET_POD),
        (rule("*", "pods"), GET_POD),
        (rule("get", "*"), GET_POD),
        (rule("get", "*", "*"), GET_POD),
        (rule("get", "pods", names="x y"), GET_POD),
        (rule("create", "pods/exec"), Attributes("create", "", "pods", "exec", "a", "x")),
        (rule("create", "*/exec"), Attributes("create", "", "pods", "exec", "a", "x")),
        (rule("create", "*"), Attributes("create", "", "pods", "exec", "a", "x")),
        ({"verbs": ["get"], "nonResourceURLs": ["/metrics"]}, Attributes("get", path="/metrics")),
        ({"verbs": ["get"], "nonResourceURLs": ["/api/*"]}, Attributes("get", path="/api/v1")),
        ({"verbs": ["*"], "nonResourceURLs": ["*"]}, Attributes("post", path="/anything")),
    ],
)
def test_a_rule_allows(given, wanted):
    assert allows(given, wanted)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (rule("list", "pods"), GET_POD),
        (rule("get", "services"), GET_POD),
        (rule("get", "pods", "apps"), GET_POD),
        (rule("get", "pods", names="y"), GET_POD),
        (rule("list", "pods", names="x"), Attributes("list", "", "pods", "", "a")),
        (rule("create", "pods"), Attributes("create", "", "pods", "exec", "a", "x")),
        (rule("create", "*/log"), Attributes("create", "", "pods", "exec", "a", "x")),
        (rule("*", "*", "*"), Attributes("get", path="/metrics")),
        ({"verbs": ["get"], "nonResourceURLs": ["/api"]}, Attributes("get", path="/api/v1")),
        ({"verbs": ["*"], "nonResourceURLs": ["*"]}, GET_POD),
    ],
)
def test_a_rule_does_not_allow(given, wanted):
    assert not allows(given, wanted)


def test_a_role_counts_in_its_namespace_only():
    cluster = Cluster()
    cluster.in_namespace("a", rule("get", "pods"))

    assert cluster.rbac.decide(JANE, GET_POD).allowed
    assert not cluster.rbac.decide(JANE, Attributes("get", "", "pods", "", "b", "x")).allowed
    assert not cluster.rbac.decide(JANE, Attributes("list", "", "pods")).allowed
    assert not cluster.rbac.decide(User("joe", ("devs",)), GET_POD).allowed


@pytest.mark.parametrize(
    ("subject", "user"),
    [
        ({"kind": "Group", "name": "devs"}, JANE),
        ({"kind": "ServiceAccount", "name": "s", "namespace": "b"}, User("system:serviceaccount:b:s", ())),
        ({"kind": "ServiceAccount", "name": "s"}, User("system:serviceaccount:a:s", ())),
    ],
)
def test_groups_and_service_accounts_are_subjects(subject, user):
    cluster = Cluster()
    cluster.in_namespace("a", rule("get", "pods"), subject=subject)

    assert cluster.rbac.decide(user, GET_POD).allowed
    assert not cluster.rbac.decide(User(subject["name"], ()), GET_POD).allowed


def test_the_reason_names_the_binding():
    cluster = Cluster()
    cluster.everywhere(rule("get", "pods"))

    reason = cluster.rbac.decide(JANE, GET_POD).reason
    assert reason == 'RBAC: allowed by ClusterRoleBinding "test" of ClusterRole "test" to User "jane"'


def test_what_is_refused_is_said_in_kubernetes_words():
    with pytest.raises(ApiError) as raised:
        Cluster().rbac.require(JANE, Attributes("create", "", "pods", "exec", "a", "x"))

    status = raised.value.to_status()
    assert status["message"] == (
        'pods "x" is forbidden: User "jane" cannot create resource "pods/exec" in API group "" '
        'in the namespace "a"'
    )
    assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert status["details"] == {"name": "x", "kind": "pods"}


def test_a_master_needs_no_role():
    assert Cluster().rbac.decide(ADMIN, GET_POD).allowed


def test_a_change_of_any_role_or_binding_counts_at_once():
    cluster = Cluster()
    assert not cluster.rbac.decide(JANE, GET_POD).allowed
    cluster.in_namespace("a", rule("get", "pods"))
    assert cluster.rbac.decide(JANE, GET_POD).allowed
    cluster.in_namespace("a", rule("get", "services"))
    assert not cluster.rbac.decide(JANE, GET_POD).allowed
    cluster.everywhere(rule("get", "pods"))
    assert cluster.rbac.decide(JANE, GET_POD).allowed
    binding = cluster.objects.get(CLUSTER_ROLE_BINDING, None, "test")
    cluster.objects.store.remove(CLUSTER_ROLE_BINDING, binding)
    assert not cluster.rbac.decide(JANE, GET_POD).allowed
