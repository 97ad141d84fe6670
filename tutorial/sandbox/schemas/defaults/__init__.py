"""What the API server fills in that a client left out, kind by kind.

Called through `Schemas.default` and `Schemas.prepare_update`. Source of the values: objects read
back from a 1.36 server.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import orjson

from tutorial.sandbox import resources
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas.defaults import endpoints, pod, rbac, service, workload


def default(resource: ResourceType, obj: Object) -> Object:
    """A copy of `obj` with every default of its kind."""
    result = _copy(obj)
    result.setdefault("apiVersion", resource.api_version)
    result.setdefault("kind", resource.kind)
    fill = _DEFAULTS.get(resource.storage_key)
    if fill:
        fill(result)
    return result


def prepare_update(resource: ResourceType, old: Object, new: Object) -> Object:
    """A copy of `new` with what it keeps of `old` or loses with a change of type."""
    result = _copy(new)
    if resource == resources.SERVICE:
        service.carry_over(old, result)
    return result


def _copy(obj: Object) -> Object:
    copied: Object = orjson.loads(orjson.dumps(obj))
    return copied


def _default_namespace(namespace: Object) -> None:
    spec = namespace.setdefault("spec", {})
    if "deletionTimestamp" not in namespace.get("metadata", {}):
        spec.setdefault("finalizers", ["kubernetes"])
    namespace.setdefault("status", {}).setdefault("phase", "Active")


def _default_secret(secret: Object) -> None:
    secret.setdefault("type", "Opaque")
    texts = secret.pop("stringData", None)
    if texts:
        packed = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
        secret["data"] = {**secret.get("data", {}), **packed}


_DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    resources.SERVICE.storage_key: service.default,
    resources.POD.storage_key: pod.default,
    resources.DEPLOYMENT.storage_key: workload.default_deployment,
    resources.REPLICA_SET.storage_key: workload.default_replica_set,
    resources.ENDPOINTS.storage_key: endpoints.default_endpoints,
    resources.ENDPOINT_SLICE.storage_key: endpoints.default_slice,
    resources.NAMESPACE.storage_key: _default_namespace,
    resources.SECRET.storage_key: _default_secret,
    resources.ROLE_BINDING.storage_key: rbac.default_binding,
    resources.CLUSTER_ROLE_BINDING.storage_key: rbac.default_binding,
}
