"""PeerAuthentications: the nearest policy decides."""

import pytest

from tutorial.sandbox.mesh.authentication import InboundModes, inbound_modes

POD = {"metadata": {"name": "p", "namespace": "default", "labels": {"app": "web"}}}


def policy(name, mode="", *, namespace="default", labels=None, ports=None, age="1"):
    spec = {"mtls": {"mode": mode}} if mode else {}
    if labels is not None:
        spec["selector"] = {"matchLabels": labels}
    if ports:
        spec["portLevelMtls"] = {port: {"mode": wanted} for port, wanted in ports.items()}
    return {"metadata": {"name": name, "namespace": namespace, "creationTimestamp": age}, "spec": spec}


MESH = policy("mesh", "STRICT", namespace="istio-system")
SPACE = policy("space", "DISABLE")
WEB = policy("web", "PERMISSIVE", labels={"app": "web"})


@pytest.mark.parametrize(
    ("policies", "mode"),
    [
        ([], "PERMISSIVE"),
        ([MESH], "STRICT"),
        ([MESH, SPACE], "DISABLE"),
        ([MESH, SPACE, WEB], "PERMISSIVE"),
        ([MESH, policy("space", "UNSET")], "STRICT"),
        ([MESH, policy("space")], "STRICT"),
        ([policy("other", "STRICT", namespace="elsewhere")], "PERMISSIVE"),
        ([policy("others", "STRICT", labels={"app": "other"})], "PERMISSIVE"),
        ([policy("b", "STRICT", age="2"), policy("a", "DISABLE", age="1")], "DISABLE"),
    ],
)
def test_the_nearest_policy_decides(policies, mode):
    assert inbound_modes(policies, POD) == InboundModes(mode)


def test_ports_of_a_policy_that_selects_the_pod():
    ports = policy("web", "STRICT", labels={"app": "web"}, ports={"8000": "DISABLE", "9000": "UNSET"})
    modes = inbound_modes([ports], POD)

    assert [modes.at(port) for port in (80, 8000, 9000)] == ["STRICT", "DISABLE", "STRICT"]


def test_ports_of_a_policy_for_all_are_not_followed():
    modes = inbound_modes([policy("space", "STRICT", ports={"8000": "DISABLE"})], POD)

    assert modes == InboundModes("STRICT")
