"""Pods are refused with the sentences of a 1.36 server."""

import pytest

from tutorial.sandbox.resources import POD

NO_SOURCE = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
POD_FIELDS = (
    '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", '
    '"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"'
)
ENV = "spec.containers[0].env[0].valueFrom"
TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"


def faults(schemas, container=None, **spec):
    """The faults of a pod with one container, which has `container` beside its name and image."""
    containers = [{"name": "c", "image": "i", **(container or {})}]
    pod = {"metadata": {"name": "bad"}, "spec": {"containers": containers, **spec}}
    return [str(error) for error in schemas.validate_create(POD, schemas.default(POD, pod))]


def variable(**source):
    return {"env": [{"name": "A", **source}]}


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (variable(valueFrom={}), f'{ENV}: Invalid value: "": {NO_SOURCE}'),
        (
            variable(valueFrom={"fieldRef": {"fieldPath": "spec.foo"}}),
            f'{ENV}.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label '
            "not supported: spec.foo",
        ),
        (
            variable(valueFrom={"fieldRef": {"fieldPath": "status.phase"}}),
            f'{ENV}.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: {POD_FIELDS}',
        ),
        (variable(valueFrom={"fieldRef": {}}), f"{ENV}.fieldRef.fieldPath: Required value"),
        (
            variable(valueFrom={"configMapKeyRef": {"name": "a"}}),
            f"{ENV}.configMapKeyRef.key: Required value",
        ),
        (
            variable(valueFrom={"resourceFieldRef": {"resource": "limits.gpu"}}),
            f'{ENV}.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported values: '
            '"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", '
            '"requests.ephemeral-storage", "requests.memory"',
        ),
        (
            variable(value="1", valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}),
            f'{ENV}: Invalid value: "": may not be specified when `value` is not empty',
        ),
        (
            {"envFrom": [{}]},
            'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or '
            "`secretRef`",
        ),
        (
            {"envFrom": [{"secretRef": {}}]},
            "spec.containers[0].envFrom[0].secretRef.name: Required value",
        ),
        (
            {"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}},
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            {"readinessProbe": {"tcpSocket": {"port": "Http"}}},
            'spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: "Http": must contain only '
            "alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (
            {"livenessProbe": {"exec": {}}},
            "spec.containers[0].livenessProbe.exec.command: Required value",
        ),
        (
            {"lifecycle": {"preStop": {}}},
            "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type",
        ),
        (
            {"securityContext": {"runAsUser": -1}},
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and "
            "2147483647, inclusive",
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
            'spec.containers[0].volumeMounts[0].name: Not found: "v"',
        ),
    ],
)
def test_containers(schemas, container, expected):
    assert faults(schemas, container) == [expected]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"dnsPolicy": "None"},
            "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
        ),
        (
            {"volumes": [{"name": "v", "configMap": {}}]},
            "spec.volumes[0].configMap.name: Required value",
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]},
            "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type",
        ),
        (
            {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}},
            f"{TERMS}: Required value: must have at least one node selector term",
        ),
        (
            {"tolerations": [{"value": "v"}]},
            'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, '
            'which means "match all values and all keys"',
        ),
        (
            {"tolerations": [{"key": "k", "operator": "Exists", "tolerationSeconds": 1}]},
            "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when "
            "`tolerationSeconds` is set",
        ),
        (
            {
                "topologySpreadConstraints": [
                    {"maxSkew": 0, "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule"}
                ]
            },
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        ),
        (
            {"os": {"name": "mac"}},
            'spec.os.name: Unsupported value: "mac": supported values: "linux", "windows"',
        ),
        (
            {"ephemeralContainers": [{"name": "e"}]},
            "spec.ephemeralContainers: Forbidden: cannot be set on create",
        ),
        (
            {"securityContext": {"fsGroup": -1}},
            "spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        ),
        (
            {
                "hostNetwork": True,
                "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 1, "hostPort": 2}]}],
            },
            "spec.containers[0].ports[0].containerPort: Invalid value: 1: must match `hostPort` when "
            "`hostNetwork` is true",
        ),
    ],
)
def test_specs(schemas, spec, expected):
    assert faults(schemas, **spec) == [expected]
