"""The default roles are there, and aggregated roles follow the roles that they select."""

from tutorial.sandbox.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING


def may_write(cluster, role, resource):
    return any(
        resource in rule.get("resources", ()) and "create" in rule["verbs"]
        for rule in cluster.get(CLUSTER_ROLE, None, role)["rules"]
    )


def test_edit_and_admin_write_services_but_no_endpoints(cluster):
    assert [may_write(cluster, role, "services") for role in ("view", "edit", "admin")] == [False, True, True]
    for role in ("view", "edit", "admin"):
        assert not may_write(cluster, role, "endpoints")
        assert not may_write(cluster, role, "endpointslices")
    assert may_write(cluster, "admin", "rolebindings")
    assert not may_write(cluster, "edit", "rolebindings")


def test_whoever_is_known_may_look_around(cluster):
    groups = {
        binding["metadata"]["name"]: [subject["name"] for subject in binding["subjects"]]
        for binding in cluster.list(CLUSTER_ROLE_BINDING)
    }
    assert groups["system:discovery"] == groups["system:basic-user"] == ["system:authenticated"]
    assert groups["cluster-admin"] == ["system:masters"]


async def test_a_role_joins_and_leaves_those_that_select_it(cluster):
    label = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    rule = {"apiGroups": ["networking.istio.io"], "resources": ["destinationrules"], "verbs": ["get"]}
    cluster.create(CLUSTER_ROLE, None, {"metadata": {"name": "istio", "labels": label}, "rules": [rule]})
    await cluster.settle()

    for role in ("view", "edit", "admin"):
        assert rule in cluster.get(CLUSTER_ROLE, None, role)["rules"]

    cluster.delete(CLUSTER_ROLE, None, "istio")
    await cluster.settle()

    for role in ("view", "edit", "admin"):
        assert rule not in cluster.get(CLUSTER_ROLE, None, role)["rules"]
