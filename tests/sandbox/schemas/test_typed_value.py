"""What server-side apply says of a configuration that is no value of its kind's type."""

import pytest

from tutorial.sandbox.resources import CONFIG_MAP, DEPLOYMENT, DESTINATION_RULE, POD, SERVICE


def of_container(**fields):
    return {"spec": {"containers": [{"name": "a", **fields}]}}


@pytest.mark.parametrize(
    ("resource", "obj", "faults"),
    [
        (
            SERVICE,
            {"spec": {"ports": [{"port": 80}, {"port": 80, "protocol": "TCP", "name": "b"}]}},
            ['.spec.ports: duplicate entries for key [port=80,protocol="TCP"]'],
        ),
        (
            POD,
            {"spec": {"containers": [{"image": "curl"}]}},
            [
                ".spec.containers: element 0: associative list with keys has an element that omits "
                'all key fields ["name"] '
                "(and doesn't have default values for any key fields)"
            ],
        ),
        (
            POD,
            of_container(env=[{"name": "A", "value": True}]),
            [
                '.spec.containers[name="a"].env[name="A"].value: expected string, '
                "got &value.valueUnstructured{Value:true}"
            ],
        ),
        (
            CONFIG_MAP,
            {"data": {"list": ["a", {"b": 1}]}},
            [
                ".data.list: expected string, got &value.valueUnstructured"
                '{Value:[]interface {}{"a", map[string]interface {}{"b":1}}}'
            ],
        ),
        (
            DEPLOYMENT,
            {"spec": {"replicas": "1", "paused": "no", "selector": "app"}},
            [
                ".spec.replicas: expected numeric (int or float), got string",
                ".spec.paused: expected boolean, got &{no}",
                ".spec.selector: expected map, got &{app}",
            ],
        ),
        (POD, of_container(args="curl"), ['.spec.containers[name="a"].args: expected list, got &{curl}']),
        (
            POD,
            of_container(args=[1.5]),
            ['.spec.containers[name="a"].args[0]: expected string, got &value.valueUnstructured{Value:1.5}'],
        ),
        (
            POD,
            of_container(resources={"limits": {"cpu": {}, "memory": 3}}),
            ['.spec.containers[name="a"].resources.limits.cpu: expected any scalar, got &{map[]}'],
        ),
        (
            POD,
            {"metadata": {"finalizers": ["a/b", "a/b", {}]}},
            [
                '.metadata.finalizers: duplicate entries for key [="a/b"]',
                ".metadata.finalizers: element 2: "
                "associative list without keys has an element that's a map type",
            ],
        ),
        (
            DESTINATION_RULE,
            {"spec": {"host": 1, "trafficPolicy": {"tsl": {}}}},
            [
                ".spec.host: expected string, got &value.valueUnstructured{Value:1}",
                ".spec.trafficPolicy.tsl: field not declared in schema",
            ],
        ),
    ],
)
def test_faults_are_told_with_their_places(schemas, resource, obj, faults):
    assert schemas.typing_faults(resource, obj) == faults


def test_a_good_configuration_has_no_faults(schemas):
    ports = [{"port": 53}, {"port": 53, "protocol": "UDP", "targetPort": "dns"}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "labels": None}}

    assert schemas.typing_faults(SERVICE, {**service, "spec": {"ports": ports}, "status": {}}) == []
