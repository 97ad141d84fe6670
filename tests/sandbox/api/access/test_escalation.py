"""Nobody gives away what they do not have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some
from sandbox.api.access.roles import JANE, Cluster, rule

from tutorial.sandbox.api.access.attributes import Attributes
from tutorial.sandbox.api.access.escalation import confirm_no_escalation
from tutorial.sandbox.api.access.rbac import allows
from tutorial.sandbox.resources import CLUSTER_ROLE, RBAC_GROUP, ROLE, ROLE_BINDING
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]


def role(*rules: Object, **more: Any) -> Object:
    return {"metadata": {"name": "new", "namespace": "a"}, "rules": list(rules), **more}


def binding(kind: str, name: str) -> Object:
    reference = {"apiGroup": RBAC_GROUP, "kind": kind, "name": name}
    return {"metadata": {"name": "new", "namespace": "a"}, "roleRef": reference}


VERBS = some.sampled_from(["get", "create", "*"])
GROUPS = some.sampled_from(["", "apps", "*"])
RESOURCES = some.sampled_from(["pods", "pods/exec", "*/exec", "*"])
NAMES = some.sampled_from(["x", "y"])


def several(values: some.SearchStrategy[str], least: int = 1) -> some.SearchStrategy[list[str]]:
    return some.lists(values, min_size=least, max_size=2, unique=True)


RULES = some.lists(
    some.fixed_dictionaries(
        {
            "verbs": several(VERBS),
            "apiGroups": several(GROUPS),
            "resources": several(RESOURCES),
            "resourceNames": several(NAMES, 0),
        }
    )
    | some.fixed_dictionaries(
        {"verbs": several(VERBS), "nonResourceURLs": several(some.sampled_from(["/a", "/a/*", "*"]))}
    ),
    max_size=3,
)
ESCALATE = Attributes("escalate", RBAC_GROUP, "roles", namespace="a", name="new")
REQUESTS = [
    Attributes(verb, group, resource, subresource, "a", name)
    for verb in ("get", "create", "other")
    for group in ("", "apps", "other")
    for resource in ("pods", "other")
    for subresource in ("", "exec")
    for name in ("", "x", "other")
] + [Attributes(verb, path=path) for verb in ("get", "other") for path in ("/a", "/a/b", "/c")]


@given(held=RULES, wanted=RULES)
def test_what_may_be_given_is_held(held: list[Object], wanted: list[Object]) -> None:
    cluster = Cluster()
    cluster.in_namespace("a", *held)
    assume(not cluster.rbac.decide(JANE, ESCALATE).allowed)
    try:
        confirm_no_escalation(cluster.rbac, JANE, ROLE, None, role(*wanted))
    except ApiError as error:
        assert error.code == 403
        return
    gained = [
        request
        for request in REQUESTS
        if any(allows(each, request) for each in wanted) and not any(allows(each, request) for each in held)
    ]
    assert gained == []


@given(RULES)
def test_all_that_is_held_may_be_given(rules: list[Object]) -> None:
    cluster = Cluster()
    cluster.in_namespace("a", *rules)
    confirm_no_escalation(cluster.rbac, JANE, ROLE, None, role(*rules))


def test_what_is_lacking_is_listed():
    cluster = Cluster()
    cluster.in_namespace("a", rule("get", "pods"))
    with pytest.raises(ApiError) as raised:
        confirm_no_escalation(
            cluster.rbac, JANE, ROLE, None, role(rule("get create delete", "pods"), rule("get", "secrets"))
        )
    assert raised.value.message == (
        'roles.rbac.authorization.k8s.io "new" is forbidden: user "jane" '
        '(groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not '
        "currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["create" "delete"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'
    )


def test_a_role_may_be_changed_in_all_but_its_rules():
    cluster = Cluster()
    old = role(rule("delete", "pods"))
    new = {**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}}
    confirm_no_escalation(cluster.rbac, JANE, ROLE, old, new)


def test_an_aggregated_role_needs_everything():
    cluster = Cluster()
    cluster.everywhere(rule("*", "*"))
    aggregated = role(aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]})
    with pytest.raises(ApiError):
        confirm_no_escalation(cluster.rbac, JANE, CLUSTER_ROLE, None, aggregated)


def test_a_binding_gives_its_roles_rules():
    cluster = Cluster()
    cluster.in_namespace("a", rule("get", "pods"))
    confirm_no_escalation(cluster.rbac, JANE, ROLE_BINDING, None, binding("Role", "test"))
    cluster.everywhere(rule("get", "secrets"), subject={"kind": "User", "name": "somebody else"})
    with pytest.raises(ApiError, match="secrets"):
        confirm_no_escalation(cluster.rbac, JANE, ROLE_BINDING, None, binding("ClusterRole", "test"))
    with pytest.raises(ApiError, match="not found"):
        confirm_no_escalation(cluster.rbac, JANE, ROLE_BINDING, None, binding("Role", "no-such"))


@pytest.mark.parametrize(
    ("right", "resource", "new"),
    [
        (rule("escalate", "roles", RBAC_GROUP), ROLE, role(rule("*", "*"))),
        (rule("bind", "clusterroles", RBAC_GROUP, "big"), ROLE_BINDING, binding("ClusterRole", "big")),
    ],
)
def test_the_rights_to_escalate_and_to_bind(right, resource, new):
    cluster = Cluster()
    cluster.in_namespace("a", right)
    confirm_no_escalation(cluster.rbac, JANE, resource, None, new)
