from __future__ import annotations

import pytest
from sandbox.objects_for_tests import destination_rule

from tutorial.sandbox.mesh.destination_rules import VisibleRules, policy_for
from tutorial.sandbox.mesh.registry import Service
from tutorial.sandbox.ports import Object

WEB = Service("default", "web", "10.96.0.1", ())


def chosen(*rules: Object, proxy: str = "default") -> str | None:
    rule = VisibleRules(rules, proxy).rule_for(WEB)
    return None if rule is None else rule["metadata"]["name"]


@pytest.mark.parametrize(
    ("host", "namespace", "matches"),
    [
        ("web", "default", True),
        ("web.default.svc.cluster.local", "default", True),
        ("WEB.default.svc.cluster.local", "default", True),
        ("*.local", "default", True),
        ("*.default.svc.cluster.local", "default", True),
        ("*", "default", True),
        ("web", "client", False),
        ("web.default", "default", False),
        ("other", "default", False),
        ("*.other.svc.cluster.local", "default", False),
        ("eb.default.svc.cluster.local", "default", False),
    ],
)
def test_hosts(host: str, namespace: str, matches: bool) -> None:
    rule = destination_rule("rule", host, {}, namespace=namespace)
    assert (chosen(rule, proxy="client") is not None) is matches


def test_the_most_specific_host_wins() -> None:
    rules = [
        destination_rule("all", "*", {}),
        destination_rule("local", "*.local", {}),
        destination_rule("namespace", "*.default.svc.cluster.local", {}),
        destination_rule("exact", "web", {}),
    ]
    assert [chosen(*rules[: end + 1]) for end in range(4)] == ["all", "local", "namespace", "exact"]


def test_the_proxys_namespace_comes_before_the_services_and_the_root() -> None:
    root = destination_rule("root", "web.default.svc.cluster.local", {}, namespace="istio-system")
    of_service = destination_rule("service", "*.local", {})
    of_proxy = destination_rule("proxy", "*.local", {}, namespace="client")
    assert chosen(root, proxy="client") == "root"
    assert chosen(root, of_service, proxy="client") == "service"
    assert chosen(root, of_service, of_proxy, proxy="client") == "proxy"
    assert chosen(of_proxy, proxy="another") is None


def test_of_the_same_host_the_oldest_wins() -> None:
    young = destination_rule("a", "web", {}, creationTimestamp="2026-02-01T00:00:00Z")
    old = destination_rule("b", "web", {}, creationTimestamp="2026-01-01T00:00:00Z")
    assert chosen(young, old) == "b"


def test_a_rule_may_be_for_its_own_namespace_only() -> None:
    private = destination_rule("private", "web", {})
    private["spec"]["exportTo"] = ["."]
    assert (chosen(private), chosen(private, proxy="client")) == ("private", None)


def test_settings_of_a_port_stand_in_for_all_others() -> None:
    level = {"port": {"number": 80}, "tls": {"mode": "SIMPLE"}}
    rule = destination_rule(
        "rule", "web", {"tls": {"mode": "DISABLE"}, "loadBalancer": {}, "portLevelSettings": [level]}
    )
    assert policy_for(rule, 80) == level
    assert policy_for(rule, 81)["tls"] == {"mode": "DISABLE"}
    assert policy_for(None, 80) == {}
