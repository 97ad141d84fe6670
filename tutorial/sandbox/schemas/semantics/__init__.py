"""Kubernetes' hand-written checks: what a schema cannot say, kind by kind.

Called through `Schemas.validate_create` and `Schemas.validate_update` with defaulted objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tutorial.sandbox import resources
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas.errors import FieldError
from tutorial.sandbox.schemas.semantics import (
    data,
    endpoints,
    events,
    metadata,
    names,
    node,
    pod,
    rbac,
    service,
    workload,
)

Check = Callable[[Object], Iterator[FieldError]]
UpdateCheck = Callable[[Object, Object], Iterator[FieldError]]

_NAMES: dict[tuple[str, str], names.Rule] = {
    resources.SERVICE.storage_key: names.dns_label,
    resources.NAMESPACE.storage_key: names.dns_label,
    resources.ROLE.storage_key: names.path_segment,
    resources.ROLE_BINDING.storage_key: names.path_segment,
    resources.CLUSTER_ROLE.storage_key: names.path_segment,
    resources.CLUSTER_ROLE_BINDING.storage_key: names.path_segment,
}
_CHECKS: dict[tuple[str, str], Check] = {
    resources.SERVICE.storage_key: service.validate,
    resources.POD.storage_key: pod.validate,
    resources.DEPLOYMENT.storage_key: workload.validate_deployment,
    resources.REPLICA_SET.storage_key: workload.validate_replica_set,
    resources.ENDPOINTS.storage_key: endpoints.validate_endpoints,
    resources.ENDPOINT_SLICE.storage_key: endpoints.validate_slice,
    resources.CONFIG_MAP.storage_key: data.validate_config_map,
    resources.NODE.storage_key: node.validate_node,
    resources.EVENT.storage_key: events.validate_event,
    resources.SECRET.storage_key: data.validate_secret,
    resources.ROLE.storage_key: rbac.validate_role,
    resources.ROLE_BINDING.storage_key: rbac.validate_role_binding,
    resources.CLUSTER_ROLE.storage_key: rbac.validate_cluster_role,
    resources.CLUSTER_ROLE_BINDING.storage_key: rbac.validate_cluster_role_binding,
}
_UPDATE_CHECKS: dict[tuple[str, str], UpdateCheck] = {
    resources.SERVICE.storage_key: service.validate_update,
    resources.POD.storage_key: pod.validate_update,
    resources.DEPLOYMENT.storage_key: workload.validate_update,
    resources.REPLICA_SET.storage_key: workload.validate_update,
    resources.ENDPOINT_SLICE.storage_key: endpoints.validate_slice_update,
    resources.CONFIG_MAP.storage_key: data.validate_update,
    resources.SECRET.storage_key: data.validate_update,
    resources.ROLE_BINDING.storage_key: rbac.validate_binding_update,
    resources.CLUSTER_ROLE_BINDING.storage_key: rbac.validate_binding_update,
}


def validate_create(resource: ResourceType, obj: Object) -> Iterator[FieldError]:
    """The faults of a new object, metadata first."""
    if resource.virtual:
        return
    yield from metadata.validate(obj, _NAMES.get(resource.storage_key, names.dns_subdomain))
    if not resource.custom:
        yield from metadata.qualified_finalizers(obj)
    check = _CHECKS.get(resource.storage_key)
    if check:
        yield from check(obj)


def validate_update(resource: ResourceType, old: Object, new: Object) -> Iterator[FieldError]:
    """The faults of a changed object: what may not change first."""
    yield from metadata.validate_update(old, new)
    check = _UPDATE_CHECKS.get(resource.storage_key)
    if check:
        yield from check(old, new)
    yield from validate_create(resource, new)
