"""Requests that the sandbox's API takes, in every form of body, and the hostile parts to put into them.

Used by `test_mutated_requests`. They go to the namespace `mutated`; nothing in them starts a pod.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from tutorial.sandbox.api.protobuf_messages import KINDS, MESSAGES, Field

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

CORE = "/api/v1/namespaces/mutated"
APPS = "/apis/apps/v1/namespaces/mutated"
ISTIO = "/apis/networking.istio.io/v1/namespaces/mutated"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/mutated"


@dataclass(frozen=True)
class Request:
    """One request; `text` makes of it what goes over the wire."""

    method: str
    path: str
    body: bytes = b""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def with_type(self, media_type: str) -> Request:
        return replace(self, headers={**self.headers, "Content-Type": media_type})


_POD = {
    "containers": [
        {
            "name": "main",
            "image": "curlimages/curl",
            "command": ["/bin/sleep", "infinity"],
            "env": [{"name": "A", "value": "b"}],
            "ports": [{"containerPort": 80}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5},
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        }
    ],
    "volumes": [{"name": "v", "emptyDir": {}}],
    "nodeSelector": {"nowhere": "at-all"},
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}],
}
_LABELS = {"app": "mutated"}

OBJECTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (f"{CORE}/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b", "c": "1"}}),
    (f"{CORE}/secrets", {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"a": "aGk="}}),
    (
        f"{CORE}/services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "spec": {"selector": _LABELS, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        },
    ),
    (
        f"{CORE}/services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "spec": {"type": "ExternalName", "externalName": "httpbin.org", "ports": [{"port": 80}]},
        },
    ),
    (
        f"{CORE}/endpoints",
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"name": "https", "port": 443}]}],
        },
    ),
    (
        "/apis/discovery.k8s.io/v1/namespaces/mutated/endpointslices",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["192.0.2.1"], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": 443, "protocol": "TCP"}],
        },
    ),
    (f"{CORE}/pods", {"apiVersion": "v1", "kind": "Pod", "spec": _POD}),
    (
        f"{APPS}/deployments",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": _LABELS},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
                "template": {"metadata": {"labels": _LABELS}, "spec": _POD},
            },
        },
    ),
    (
        f"{ISTIO}/destinationrules",
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "spec": {"host": "a.mutated.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "SIMPLE"}}},
        },
    ),
    (
        f"{RBAC}/roles",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
        },
    ),
    (
        f"{RBAC}/rolebindings",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"},
            "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "mutated"}],
        },
    ),
    (
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "mutated"}},
        },
    ),
    (
        f"{CORE}/serviceaccounts/default/token",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": ["a"], "expirationSeconds": 600},
        },
    ),
)

_JSON_PATCH = [
    {"op": "test", "path": "/metadata/name", "value": "kept"},
    {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
    {"op": "replace", "path": "/metadata/labels/a", "value": "c"},
    {"op": "copy", "from": "/metadata/labels/a", "path": "/metadata/labels/b"},
    {"op": "move", "from": "/metadata/labels/a", "path": "/metadata/labels/c~1d"},
    {"op": "remove", "path": "/metadata/labels/b"},
]
_STRATEGIC = {
    "metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "labels": {"a": None}},
    "spec": {"ports": [{"port": 80, "$patch": "delete"}], "$setElementOrder/ports": [{"port": 80}]},
    "$retainKeys": ["spec"],
}
KEPT = (f"{CORE}/services/kept", f"{APPS}/deployments/kept", f"{CORE}/configmaps/kept")
"""Objects that the test makes, and that every patch is for."""

QUERIES = (
    "limit=2&continue=abc",
    "labelSelector=app+in+(a,b),!c&fieldSelector=metadata.name%3Da",
    "watch=true&timeoutSeconds=1&resourceVersion=0&allowWatchBookmarks=true&sendInitialEvents=true",
    "resourceVersion=1&resourceVersionMatch=Exact",
    "dryRun=All&fieldManager=a&fieldValidation=Strict&force=true",
    "propagationPolicy=Foreground&gracePeriodSeconds=0",
    "container=main&follow=false&tailLines=1&sinceSeconds=5&timestamps=true",
    "stdout=true&command=ls&container=main",
)
PATHS = (
    *("/api", "/apis", "/apis/apps/v1", "/version", "/openapi/v2", "/openapi/v3/apis/apps/v1", "/readyz"),
    *("/metrics", "/api/v1/namespaces", "/api/v1/nodes", "/api/v1/pods", "/api/v1/events"),
    *(f"{CORE}/pods", f"{CORE}/pods/kept/log", f"{CORE}/pods/kept/exec", f"{CORE}/pods/kept/portforward"),
    *(f"{CORE}/services", f"{APPS}/deployments/kept/scale", f"{APPS}/deployments/kept/status", *KEPT),
)
HEADERS = {
    "Accept": (
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
        "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    ),
    "Content-Type": (JSON, YAML, PROTOBUF, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY),
    "Content-Encoding": ("gzip", "identity"),
    "Authorization": ("Bearer abc", "Basic YTpi"),
    "Impersonate-User": ("system:serviceaccount:mutated:default", "jane"),
    "Impersonate-Group": ("system:masters",),
    "If-None-Match": ('"abc"',),
    "Upgrade": ("websocket", "SPDY/3.1"),
    "Connection": ("Upgrade", "close"),
    "Sec-WebSocket-Key": ("dGhlIHNhbXBsZSBub25jZQ==",),
    "Sec-WebSocket-Protocol": ("v5.channel.k8s.io", "v4.channel.k8s.io"),
    "Transfer-Encoding": ("chunked", "gzip, chunked"),
    "Content-Length": ("0", "5", "99"),
    "Expect": ("100-continue",),
    "Range": ("bytes=0-5",),
}


def requests() -> list[Request]:
    """Each kind of request that changes something, in each form that its body may have."""
    found = []
    for path, content in OBJECTS:
        named = {**content, "metadata": {"name": "a", "labels": _LABELS}}
        text = json.dumps(named, indent=1).encode()
        found += [Request("POST", path, text).with_type(JSON), Request("POST", path, text).with_type(YAML)]
        found += [Request("PUT", f"{path}/a", text).with_type(JSON)]
        found += [Request("PATCH", f"{path}/a", text, "fieldManager=m&force=true").with_type(APPLY)]
        if (named["apiVersion"], named["kind"]) in KINDS:
            found += [Request("POST", path, protobuf(named)).with_type(PROTOBUF)] * 2
    for path in KEPT:
        found += [
            Request("PATCH", path, json.dumps(_JSON_PATCH, indent=1).encode()).with_type(JSON_PATCH),
            Request("PATCH", path, json.dumps(_STRATEGIC, indent=1).encode()).with_type(STRATEGIC_PATCH),
            Request("PATCH", path, b'{"metadata":\n {"labels": {"a": null}}}').with_type(MERGE_PATCH),
        ]
    options = b'{"kind": "DeleteOptions", "apiVersion": "v1",\n "preconditions": {"uid": "a"}}'
    found += [Request("DELETE", f"{path}/a", options).with_type(JSON) for path, _ in OBJECTS]
    return found


def protobuf(content: dict[str, Any]) -> bytes:
    """An object as kubectl sends it; fields that it does not send are left out."""
    types = _bytes(1, content["apiVersion"].encode()) + _bytes(2, content["kind"].encode())
    raw = _message(KINDS[content["apiVersion"], content["kind"]], content)
    return b"k8s\x00" + _bytes(1, types) + _bytes(2, raw)


def _message(name: str, content: dict[str, Any]) -> bytes:
    encoded = b""
    for number, each in MESSAGES[name].items():
        if each.name not in content:
            continue
        value = content[each.name]
        if each.map:
            for key, text in value.items():
                encoded += _bytes(number, _bytes(1, key.encode()) + _bytes(2, str(text).encode()))
        else:
            for item in value if each.repeated else (value,):
                encoded += _value(number, each, item)
    return encoded


def _value(number: int, each: Field, value: Any) -> bytes:
    if each.type in ("int", "bool"):
        return _varint(number << 3) + _varint(int(value))
    if each.type in MESSAGES:
        return _bytes(number, _message(each.type, value))
    return _bytes(number, str(value).encode())


def _bytes(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])
