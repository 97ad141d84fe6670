"""What the mesh ignores is said, and nothing else."""

from dataclasses import replace

import pytest
from sandbox.objects_for_tests import destination_rule

from tutorial.sandbox.mesh.advice import advice
from tutorial.sandbox.mesh.envoy.clusters import REFUSED_MESSAGE
from tutorial.sandbox.resources import (
    DESTINATION_RULE,
    PEER_AUTHENTICATION,
    SERVICE,
    SERVICE_ENTRY,
    VIRTUAL_SERVICE,
)

FOLLOWED = {
    "tls": {"mode": "SIMPLE", "sni": "a.b"},
    "loadBalancer": {"simple": "RANDOM"},
    "portLevelSettings": [{"port": {"number": 443}, "tls": {"mode": "DISABLE"}}],
}


@pytest.mark.parametrize(
    ("policy", "ignored"),
    [
        (FOLLOWED, None),
        ({"connectionPool": {"tcp": {}}}, "spec.trafficPolicy.connectionPool"),
        ({"tls": {"mode": "SIMPLE", "credentialName": "c"}}, "spec.trafficPolicy.tls.credentialName"),
        (
            {"portLevelSettings": [{"outlierDetection": {}}, {"outlierDetection": {}}]},
            "spec.trafficPolicy.portLevelSettings.outlierDetection",
        ),
        (
            {"loadBalancer": {"consistentHash": {}}, "outlierDetection": {}},
            "spec.trafficPolicy.loadBalancer.consistentHash, spec.trafficPolicy.outlierDetection",
        ),
    ],
)
def test_fields_of_a_rule(policy, ignored):
    said = list(advice(DESTINATION_RULE, destination_rule("r", "a", policy)))

    assert said == ([f"the sandbox's mesh does not act on {ignored}"] if ignored else [])


def test_subsets():
    rule = destination_rule("r", "a", {})
    rule["spec"]["subsets"] = [{"name": "v1"}]

    assert list(advice(DESTINATION_RULE, rule)) == ["the sandbox's mesh does not act on spec.subsets"]


def test_mutual_tls():
    rule = destination_rule("r", "a", {"tls": {"mode": "MUTUAL"}})

    assert list(advice(DESTINATION_RULE, rule)) == [REFUSED_MESSAGE]


@pytest.mark.parametrize("kind", [VIRTUAL_SERVICE, SERVICE_ENTRY])
@pytest.mark.parametrize("version", ["v1", "v1alpha3"])
def test_kinds_that_are_only_stored(kind, version):
    obj = {"metadata": {"name": "x"}, "spec": {}}
    (said,) = advice(replace(kind, version=version), obj)

    assert said == (
        f"the sandbox's mesh does not act on {kind.plural}.networking.istio.io: x is stored and changes no "
        "traffic"
    )


@pytest.mark.parametrize("kind", [PEER_AUTHENTICATION, SERVICE])
def test_kinds_that_are_followed(kind):
    assert not list(advice(kind, {"metadata": {"name": "x"}, "spec": {"mtls": {"mode": "STRICT"}}}))
