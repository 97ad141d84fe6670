"""Roles and bindings are refused with the sentences of a 1.36 server, and filled in as it does."""

import pytest

from tutorial.sandbox.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    RBAC_GROUP,
    ROLE,
    ROLE_BINDING,
)

READ = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
URLS = {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}
BOTH = "rules cannot apply to both regular resources and non-resource URLs"
TO_ROLE = {"kind": "Role", "name": "r"}
TO_CLUSTER_ROLE = {"kind": "ClusterRole", "name": "r"}


def faults(schemas, resource, obj):
    whole = schemas.default(resource, {"metadata": {"name": "x"}, **obj})
    return [str(error) for error in schemas.validate_create(resource, whole)]


@pytest.mark.parametrize(
    ("resource", "rule", "expected"),
    [
        (ROLE, READ, []),
        (CLUSTER_ROLE, URLS, []),
        (
            ROLE,
            {**READ, "verbs": []},
            ["rules[0].verbs: Required value: verbs must contain at least one value"],
        ),
        (
            ROLE,
            URLS,
            [
                'rules[0].nonResourceURLs: Invalid value: ["/metrics"]: namespaced rules cannot apply to '
                "non-resource URLs"
            ],
        ),
        (CLUSTER_ROLE, {**READ, **URLS}, [f'rules[0].nonResourceURLs: Invalid value: ["/metrics"]: {BOTH}']),
        (
            ROLE,
            {"verbs": ["get"]},
            [
                "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[0].resources: Required value: resource rules must supply at least one resource",
            ],
        ),
        (
            ROLE,
            {**READ, "resources": ["pods", "services"], "resourceNames": ["a"]},
            ["rules[0].resourceNames: Required value: resource names cannot apply to multiple resources"],
        ),
    ],
)
def test_rules(schemas, resource, rule, expected):
    assert faults(schemas, resource, {"rules": [rule]}) == expected


@pytest.mark.parametrize(
    ("resource", "role", "subject", "expected"),
    [
        (ROLE_BINDING, TO_ROLE, {"kind": "User", "name": "jane"}, []),
        (ROLE_BINDING, TO_CLUSTER_ROLE, {"kind": "ServiceAccount", "name": "s"}, []),
        (
            CLUSTER_ROLE_BINDING,
            TO_ROLE,
            {"kind": "ServiceAccount", "name": "s"},
            [
                'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
                "subjects[0].namespace: Required value",
            ],
        ),
        (
            ROLE_BINDING,
            {"kind": "Role"},
            {"kind": "Robot", "name": "x"},
            [
                "roleRef.name: Required value",
                'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", '
                '"Group"',
            ],
        ),
        (
            ROLE_BINDING,
            {"kind": "Role", "name": "a/b"},
            {"kind": "ServiceAccount", "name": "s", "apiGroup": RBAC_GROUP},
            [
                "roleRef.name: Invalid value: \"a/b\": may not contain '/'",
                f'subjects[0].apiGroup: Unsupported value: "{RBAC_GROUP}": supported values: ""',
            ],
        ),
    ],
)
def test_bindings(schemas, resource, role, subject, expected):
    assert faults(schemas, resource, {"roleRef": role, "subjects": [subject]}) == expected


def test_names_of_roles_may_hold_colons(schemas):
    named = {"rules": [READ], "metadata": {"name": "system:Any thing"}}
    assert faults(schemas, CLUSTER_ROLE, named) == []
    assert faults(schemas, CLUSTER_ROLE, {"metadata": {"name": ".."}}) == [
        "metadata.name: Invalid value: \"..\": may not be '..'"
    ]


def test_groups_follow_from_kinds(schemas):
    subjects = [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s"}]
    filled = schemas.default(ROLE_BINDING, {"roleRef": TO_ROLE, "subjects": subjects})
    assert filled["roleRef"]["apiGroup"] == RBAC_GROUP
    assert [subject.get("apiGroup") for subject in filled["subjects"]] == [RBAC_GROUP, None]


def test_a_binding_keeps_its_role(schemas):
    old, new = (
        schemas.default(ROLE_BINDING, {"metadata": {"name": "x"}, "roleRef": role})
        for role in (TO_ROLE, TO_CLUSTER_ROLE)
    )
    (fault,) = schemas.validate_update(ROLE_BINDING, old, new)
    assert fault.message.endswith("cannot change roleRef")
