"""Objects as a `Table`: the columns that `kubectl get` prints.

Called by `tutorial.sandbox.api.handlers` and `watching`. Source of columns: `kubectl get -o wide` on 1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tutorial.sandbox.api import cells, pod_cells
from tutorial.sandbox.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    DESTINATION_RULE,
    ENDPOINT_SLICE,
    ENDPOINTS,
    EVENT,
    LEASE,
    NAMESPACE,
    NODE,
    PEER_AUTHENTICATION,
    POD,
    REPLICA_SET,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    SERVICE_ENTRY,
    VIRTUAL_SERVICE,
    ResourceType,
)

Object = dict[str, Any]
Cell = Callable[[Object], Any]


@dataclass(frozen=True)
class Column:
    """One column; those with `wide` show with `-o wide` only."""

    name: str
    cell: Cell
    wide: bool = False
    type: str = "string"


_NAME = Column("Name", cells.name)
_AGE = Column("Age", cells.age)
_CONTAINERS = (
    Column("Containers", cells.container_names, wide=True),
    Column("Images", cells.container_images, wide=True),
    Column("Selector", cells.workload_selector, wide=True),
)
_ROLE = (_NAME, Column("Created At", cells.created_at, type="date"))
_BINDING = (
    _NAME,
    Column("Role", cells.role_reference),
    _AGE,
    Column("Users", cells.subjects("User"), wide=True),
    Column("Groups", cells.subjects("Group"), wide=True),
    Column("ServiceAccounts", cells.subjects("ServiceAccount"), wide=True),
)

_COLUMNS: dict[tuple[str, str], tuple[Column, ...]] = {
    POD.storage_key: (
        _NAME,
        Column("Ready", pod_cells.ready),
        Column("Status", pod_cells.status),
        Column("Restarts", pod_cells.restarts),
        _AGE,
        Column("IP", cells.field("status.podIP", "<none>"), wide=True),
        Column("Node", cells.field("spec.nodeName", "<none>"), wide=True),
        Column("Nominated Node", cells.field("status.nominatedNodeName", "<none>"), wide=True),
        Column("Readiness Gates", pod_cells.readiness_gates, wide=True),
    ),
    SERVICE.storage_key: (
        _NAME,
        Column("Type", cells.field("spec.type")),
        Column("Cluster-IP", cells.field("spec.clusterIP", "<none>")),
        Column("External-IP", cells.external_ip),
        Column("Port(s)", cells.service_ports),
        _AGE,
        Column("Selector", cells.service_selector, wide=True),
    ),
    ENDPOINTS.storage_key: (_NAME, Column("Endpoints", cells.endpoint_addresses), _AGE),
    NAMESPACE.storage_key: (_NAME, Column("Status", cells.field("status.phase")), _AGE),
    NODE.storage_key: (
        _NAME,
        Column("Status", cells.node_status),
        Column("Roles", cells.node_roles),
        _AGE,
        Column("Version", cells.field("status.nodeInfo.kubeletVersion")),
        Column("Internal-IP", cells.node_address("InternalIP"), wide=True),
        Column("External-IP", cells.node_address("ExternalIP"), wide=True),
        Column("OS-Image", cells.field("status.nodeInfo.osImage", "<unknown>"), wide=True),
        Column("Kernel-Version", cells.field("status.nodeInfo.kernelVersion", "<unknown>"), wide=True),
        Column(
            "Container-Runtime",
            cells.field("status.nodeInfo.containerRuntimeVersion", "<unknown>"),
            wide=True,
        ),
    ),
    SERVICE_ACCOUNT.storage_key: (_NAME, Column("Secrets", cells.length("secrets"), type="integer"), _AGE),
    CONFIG_MAP.storage_key: (_NAME, Column("Data", cells.length("data", "binaryData"), type="integer"), _AGE),
    SECRET.storage_key: (
        _NAME,
        Column("Type", cells.field("type")),
        Column("Data", cells.length("data"), type="integer"),
        _AGE,
    ),
    LEASE.storage_key: (_NAME, Column("Holder", cells.field("spec.holderIdentity")), _AGE),
    EVENT.storage_key: (
        Column("Last Seen", cells.last_seen),
        Column("Type", cells.field("type")),
        Column("Reason", cells.field("reason")),
        Column("Object", cells.involved_object),
        Column("Subobject", cells.field("involvedObject.fieldPath"), wide=True),
        Column("Source", cells.event_source, wide=True),
        Column("Message", cells.event_message),
        Column("First Seen", cells.first_seen, wide=True),
        Column("Count", cells.number("count", 1), wide=True),
        Column("Name", cells.name, wide=True),
    ),
    DEPLOYMENT.storage_key: (
        _NAME,
        Column("Ready", cells.ready_replicas),
        Column("Up-to-date", cells.number("status.updatedReplicas"), type="integer"),
        Column("Available", cells.number("status.availableReplicas"), type="integer"),
        _AGE,
        *_CONTAINERS,
    ),
    REPLICA_SET.storage_key: (
        _NAME,
        Column("Desired", cells.number("spec.replicas"), type="integer"),
        Column("Current", cells.number("status.replicas"), type="integer"),
        Column("Ready", cells.number("status.readyReplicas"), type="integer"),
        _AGE,
        *_CONTAINERS,
    ),
    ENDPOINT_SLICE.storage_key: (
        _NAME,
        Column("AddressType", cells.field("addressType")),
        Column("Ports", cells.slice_ports),
        Column("Endpoints", cells.slice_endpoints),
        _AGE,
    ),
    CUSTOM_RESOURCE_DEFINITION.storage_key: (
        _NAME,
        Column("Created At", cells.field("metadata.creationTimestamp"), type="date"),
    ),
    DESTINATION_RULE.storage_key: (_NAME, Column("Host", cells.field("spec.host")), _AGE),
    SERVICE_ENTRY.storage_key: (
        _NAME,
        Column("Hosts", cells.json_list("spec.hosts")),
        Column("Location", cells.field("spec.location")),
        Column("Resolution", cells.field("spec.resolution")),
        _AGE,
    ),
    PEER_AUTHENTICATION.storage_key: (_NAME, Column("Mode", cells.field("spec.mtls.mode")), _AGE),
    VIRTUAL_SERVICE.storage_key: (
        _NAME,
        Column("Gateways", cells.json_list("spec.gateways")),
        Column("Hosts", cells.json_list("spec.hosts")),
        _AGE,
    ),
    ROLE.storage_key: _ROLE,
    CLUSTER_ROLE.storage_key: _ROLE,
    ROLE_BINDING.storage_key: _BINDING,
    CLUSTER_ROLE_BINDING.storage_key: _BINDING,
}
_ONLY_NAME = (_NAME, _AGE)
_SCALE = (
    _NAME,
    Column("Desired", cells.number("spec.replicas"), type="integer"),
    Column("Available", cells.number("status.replicas"), type="integer"),
    _AGE,
)


def table(
    resource: ResourceType,
    objects: Sequence[Object],
    list_metadata: Object,
    include: str,
    *,
    columns: bool = True,
) -> Object:
    """The Table of some objects.

    Args:
        include: `includeObject`: `Metadata`, `Object` or `None`.
        columns: leave the definitions out in all but a watch's first event.
    """
    return _table(_COLUMNS.get(resource.storage_key, _ONLY_NAME), objects, list_metadata, include, columns)


def scale_table(scale: Object, include: str) -> Object:
    """The Table of a `scale` subresource."""
    metadata = {"resourceVersion": scale["metadata"].get("resourceVersion", "")}
    return _table(_SCALE, [scale], metadata, include, True)


def _table(
    chosen: Sequence[Column], objects: Sequence[Object], list_metadata: Object, include: str, columns: bool
) -> Object:
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_metadata,
        "columnDefinitions": [_definition(column) for column in chosen] if columns else None,
        "rows": [_row(chosen, obj, include) for obj in objects],
    }


def _definition(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column.name == "Name" else "",
        "description": "",
        "priority": 1 if column.wide else 0,
    }


def _row(columns: Sequence[Column], obj: Object, include: str) -> Object:
    row: Object = {"cells": [column.cell(obj) for column in columns]}
    if include == "Object":
        row["object"] = obj
    elif include != "None":
        row["object"] = partial_metadata(obj)
    return row


def partial_metadata(obj: Object) -> Object:
    """The object without all but its metadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
