"""Objects are refused with the sentences of a 1.36 server, as `field: message` in its order."""

import pytest

from tutorial.sandbox import resources
from tutorial.sandbox.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    DESTINATION_RULE,
    ENDPOINT_SLICE,
    ENDPOINTS,
    NAMESPACE,
    POD,
    SECRET,
    SERVICE,
)
from tutorial.sandbox.schemas import invalid

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
RANGE = "must be between 1 and 65535, inclusive"


def faults(schemas, resource, obj):
    whole = schemas.default(resource, {"metadata": {"name": "bad"}, **obj})
    return [str(error) for error in schemas.validate_create(resource, whole)]


def changes(schemas, resource, old, new):
    old, new = (schemas.default(resource, {"metadata": {"name": "x"}, **obj}) for obj in (old, new))
    return [str(error) for error in schemas.validate_update(resource, old, new)]


def deployment(**spec):
    return {
        "spec": {
            "selector": {"matchLabels": {"app": "a"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
            **spec,
        }
    }


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"type": "ExternalName", "externalName": "httpbin.org"}, []),
        ({"type": "ExternalName", "externalName": "httpbin.org."}, []),
        ({"type": "ExternalName"}, ["spec.externalName: Required value"]),
        ({}, ["spec.ports: Required value"]),
        ({"clusterIP": "None"}, []),
        (
            {"type": "External"},
            [
                "spec.ports: Required value",
                'spec.type: Unsupported value: "External": supported values: "ClusterIP", "ExternalName", '
                '"LoadBalancer", "NodePort"',
            ],
        ),
        (
            {"ports": [{"port": 70000}]},
            [
                f"spec.ports[0].port: Invalid value: 70000: {RANGE}",
                f"spec.ports[0].targetPort: Invalid value: 70000: {RANGE}",
            ],
        ),
        (
            {"ports": [{"port": 80}, {"port": 81, "name": "b"}]},
            ["spec.ports[0].name: Required value"],
        ),
        (
            {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]},
            ['spec.ports[1].name: Duplicate value: "a"'],
        ),
        (
            {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]},
            [
                'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,'
                '"TargetPort":0,"NodePort":0}'
            ],
        ),
        (
            {"ports": [{"port": 80, "protocol": "HTTP"}]},
            [
                'spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
            ],
        ),
        (
            {"type": "ExternalName", "externalName": "a.b", "clusterIPs": ["10.96.0.9"]},
            ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"],
        ),
    ],
)
def test_services(schemas, spec, expected):
    assert faults(schemas, SERVICE, {"spec": spec}) == expected


@pytest.mark.parametrize(
    ("resource", "name", "rule"),
    [(SERVICE, "My_Httpbin", LABEL_RULE), (NAMESPACE, "a.b", LABEL_RULE)],
)
def test_names(schemas, resource, name, rule):
    obj = {"metadata": {"name": name}, "spec": {"type": "ExternalName", "externalName": "a.b"}}

    assert faults(schemas, resource, obj) == [f'metadata.name: Invalid value: "{name}": {rule}']


def test_a_name_that_is_too_long(schemas):
    text = "a" * 64
    obj = {"metadata": {"name": text}}

    assert faults(schemas, NAMESPACE, obj) == [
        f'metadata.name: Invalid value: "{text}": must be no more than 63 bytes'
    ]


def test_an_object_without_a_name(schemas):
    assert faults(schemas, CONFIG_MAP, {"metadata": {}}) == [
        "metadata.name: Required value: name or generateName is required"
    ]


def test_labels(schemas):
    errors = faults(schemas, CONFIG_MAP, {"metadata": {"name": "a", "labels": {"a b": "c", "d": "e f"}}})

    assert [error.split(":")[0] for error in errors] == ["metadata.labels", "metadata.labels"]
    assert "name part must consist of alphanumeric characters" in errors[0]
    assert "a valid label must be an empty string or consist of" in errors[1]


@pytest.mark.parametrize(
    ("address", "messages"),
    [
        ("198.35.26.96", []),
        ("127.0.0.1", ["may not be in the loopback range (127.0.0.0/8, ::1/128)"]),
        ("0.0.0.0", ["may not be unspecified (0.0.0.0)"]),
        ("169.254.1.1", ["may not be in the link-local range (169.254.0.0/16, fe80::/10)"]),
        ("224.0.0.1", ["may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"]),
        (
            "en.wikipedia.org",
            [
                "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
                "must be a valid IP address",
            ],
        ),
    ],
)
def test_endpoint_addresses(schemas, address, messages):
    endpoints = {"subsets": [{"addresses": [{"ip": address}], "ports": [{"port": 443}]}]}

    assert faults(schemas, ENDPOINTS, endpoints) == [
        f'subsets[0].addresses[0].ip: Invalid value: "{address}": {message}' for message in messages
    ]


def test_endpoints_need_addresses_and_named_ports(schemas):
    endpoints = {"subsets": [{"ports": [{"port": 443}, {"port": 80, "name": "b"}]}]}

    assert faults(schemas, ENDPOINTS, endpoints) == [
        "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
        "subsets[0].ports[0].name: Required value",
    ]


def test_endpoint_slices(schemas):
    one = {"addressType": "IPv4", "endpoints": [{"addresses": ["::1"]}, {"addresses": []}]}

    assert faults(schemas, ENDPOINT_SLICE, one) == [
        'endpoints[0].addresses[0]: Invalid value: "::1": must be a valid IPv4 address',
        "endpoints[1].addresses: Required value: must contain at least 1 address",
    ]


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (deployment(), []),
        (
            deployment(selector={"matchLabels": {"app": "b"}}),
            [
                'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match '
                "template `labels`"
            ],
        ),
        (
            deployment(replicas=-1),
            ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}),
            [
                'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when '
                "`maxSurge` is 0"
            ],
        ),
        (
            deployment(strategy={"type": "Blue"}),
            ['spec.strategy.type: Unsupported value: "Blue": supported values: "Recreate", "RollingUpdate"'],
        ),
    ],
)
def test_deployments(schemas, obj, expected):
    assert faults(schemas, DEPLOYMENT, obj) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": []}, ["spec.containers: Required value"]),
        (
            {"containers": [{"name": "a", "image": ""}, {"name": "a", "image": "b"}]},
            ["spec.containers[0].image: Required value", 'spec.containers[1].name: Duplicate value: "a"'],
        ),
        (
            {
                "containers": [
                    {"name": "a", "image": "b", "volumeMounts": [{"name": "no", "mountPath": "/x"}]}
                ]
            },
            ['spec.containers[0].volumeMounts[0].name: Not found: "no"'],
        ),
        (
            {"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Sometimes"},
            [
                'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", '
                '"OnFailure", "Never"'
            ],
        ),
    ],
)
def test_pods(schemas, spec, expected):
    assert faults(schemas, POD, {"spec": spec}) == expected


def test_config_map_keys(schemas):
    (error,) = faults(schemas, CONFIG_MAP, {"data": {"a/b": "c"}})

    assert error.startswith('data[a/b]: Invalid value: "a/b": a valid config key must consist of')


def test_the_cluster_ip_stays(schemas):
    old = {"spec": {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ports": [{"port": 80}]}}
    new = {"spec": {"clusterIP": "10.96.0.77", "clusterIPs": ["10.96.0.77"], "ports": [{"port": 80}]}}

    assert changes(schemas, SERVICE, old, new) == [
        'spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set'
    ]
    assert changes(schemas, SERVICE, old, {"spec": {"type": "ExternalName", "externalName": "a.b"}}) == []


def test_a_selector_stays(schemas):
    labels = {
        "metadata": {"labels": {"app": "a", "v": "2"}},
        "spec": deployment()["spec"]["template"]["spec"],
    }
    new = deployment(selector={"matchLabels": {"v": "2"}}, template=labels)

    assert changes(schemas, DEPLOYMENT, deployment(), new) == [
        'spec.selector: Invalid value: {"matchLabels":{"v":"2"}}: field is immutable'
    ]


def test_a_pod_s_command_stays_and_its_image_may_change(schemas):
    old, image, command = (
        {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "a", "image": "i:1", **more}]}}
        for more in ({}, {"image": "i:2"}, {"command": ["sh"]})
    )
    volume = {"automountServiceAccountToken": False}
    for pod in (old, image, command):
        pod["spec"] |= volume

    assert changes(schemas, POD, old, image) == []
    (error,) = changes(schemas, POD, old, command)
    assert error.startswith("spec: Forbidden: pod updates may not change fields other than")


def test_immutable_data_stays(schemas):
    old = {"immutable": True, "data": {"a": "b"}}

    assert changes(schemas, SECRET, old, {"data": {"a": "c"}}) == [
        "immutable: Forbidden: field is immutable when `immutable` is set",
        "data: Forbidden: field is immutable when `immutable` is set",
    ]


def test_a_custom_resource_s_faults(schemas):
    rule = {"spec": {"trafficPolicy": {"tls": {"mode": False}}}}

    assert faults(schemas, DESTINATION_RULE, rule) == [
        "spec.host: Required value",
        'spec.trafficPolicy.tls.mode: Invalid value: "boolean": spec.trafficPolicy.tls.mode in body must be '
        'of type string: "boolean"',
        'spec.trafficPolicy.tls.mode: Unsupported value: false: supported values: "DISABLE", "SIMPLE", '
        '"MUTUAL", "ISTIO_MUTUAL"',
        "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
        "correct the existing errors to complete validation",
    ]


def test_a_good_custom_resource(schemas):
    rule = {"spec": {"host": "a", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}}

    assert faults(schemas, DESTINATION_RULE, rule) == []


def test_the_refusal_lists_every_fault_once_and_gives_the_causes(schemas):
    whole = schemas.default(SERVICE, {"metadata": {"name": "bad"}, "spec": {"type": "External"}})
    error = invalid(SERVICE, "bad", schemas.validate_create(SERVICE, whole))

    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message.startswith('Service "bad" is invalid: [spec.ports: Required value, spec.type: ')
    assert error.details["kind"] == "Service"
    assert error.details["causes"][0] == {
        "reason": "FieldValueRequired",
        "message": "Required value",
        "field": "spec.ports",
    }


def test_a_single_fault_stands_without_brackets_and_a_group_qualifies_the_kind(schemas):
    error = invalid(
        DEPLOYMENT,
        "x",
        schemas.validate_create(DEPLOYMENT, deployment(replicas=-1) | {"metadata": {"name": "x"}}),
    )

    assert error.message.startswith('Deployment.apps "x" is invalid: ')


@pytest.mark.parametrize("resource", [r for r in resources.RESOURCES if not r.virtual], ids=lambda r: r.kind)
def test_every_kind_can_be_checked_when_it_is_all_but_empty(schemas, resource):
    assert isinstance(faults(schemas, resource, {}), list)
