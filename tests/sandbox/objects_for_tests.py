"""A small `Objects` for the tests of net and mesh: the port without the API's own semantics."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence

from tutorial.sandbox.ports import Change, Object
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.status import ApiError

Key = tuple[str | None, str]


class _Watch:
    def __init__(self, present: Sequence[Object]) -> None:
        self.changes: asyncio.Queue[Change] = asyncio.Queue()
        for obj in present:
            self.changes.put_nowait(Change("ADDED", obj))
        self.changes.put_nowait(Change("SYNCED", {}))

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            yield await self.changes.get()

    def close(self) -> None:
        pass


class MemoryObjects:
    """Keeps what `put` and `create` gave it, and tells watches."""

    def __init__(self, *objects: tuple[ResourceType, Object]) -> None:
        self._kept: dict[str, dict[Key, Object]] = {}
        self._watches: dict[str, list[_Watch]] = {}
        self._numbers = itertools.count(1)
        for resource, obj in objects:
            self.put(resource, obj)

    def put(self, resource: ResourceType, obj: Object) -> None:
        metadata = obj["metadata"]
        kept = self._kept.setdefault(resource.plural, {})
        key = (metadata.get("namespace"), metadata["name"])
        self._tell(resource, Change("MODIFIED" if key in kept else "ADDED", obj))
        kept[key] = obj

    def get(self, resource: ResourceType, namespace: str | None, name: str) -> Object:
        try:
            return self._kept.get(resource.plural, {})[(namespace, name)]
        except KeyError:
            raise ApiError(404, "NotFound", f'{resource.plural} "{name}" not found') from None

    def list(
        self, resource: ResourceType, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Object]:
        return [
            obj
            for (its_namespace, _), obj in self._kept.get(resource.plural, {}).items()
            if namespace in (None, its_namespace)
            and (labels or {}).items() <= (obj["metadata"].get("labels") or {}).items()
        ]

    def create(self, resource: ResourceType, namespace: str | None, obj: Object) -> Object:
        metadata = {**obj["metadata"], "namespace": namespace}
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{next(self._numbers)}")
        made = {**obj, "metadata": metadata}
        self.put(resource, made)
        return made

    def update(self, resource: ResourceType, obj: Object) -> Object:
        self.put(resource, obj)
        return obj

    def update_status(self, resource: ResourceType, obj: Object) -> Object:
        self.put(resource, obj)
        return obj

    def delete(
        self,
        resource: ResourceType,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        grace_seconds: int | None = None,
        propagation: str = "Background",
    ) -> Object:
        gone = self._kept[resource.plural].pop((namespace, name))
        self._tell(resource, Change("DELETED", gone))
        return gone

    def watch(self, resource: ResourceType, namespace: str | None = None) -> _Watch:
        watch = _Watch(self.list(resource, namespace))
        self._watches.setdefault(resource.plural, []).append(watch)
        return watch

    def _tell(self, resource: ResourceType, change: Change) -> None:
        for watch in self._watches.get(resource.plural, ()):
            watch.changes.put_nowait(change)


def service(
    name: str, *ports: Object, namespace: str = "default", cluster_ip: str = "", **spec: object
) -> Object:
    """A Service as the API would store it."""
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": list(ports), **({"clusterIP": cluster_ip} if cluster_ip else {}), **spec},
    }


def endpoint_slice(
    service_name: str,
    addresses: Sequence[str],
    ports: Mapping[str, int],
    namespace: str = "default",
    conditions: Mapping[str, bool] | None = None,
) -> Object:
    """An EndpointSlice with one endpoint for each address; `ports` are numbers by name."""
    return {
        "metadata": {
            "name": f"{service_name}-abcde",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service_name},
        },
        "addressType": "IPv4",
        "ports": [{"name": name, "port": number, "protocol": "TCP"} for name, number in ports.items()],
        "endpoints": [
            {"addresses": [address], "conditions": dict(conditions or {})} for address in addresses
        ],
    }


def destination_rule(
    name: str, host: str, policy: Object, namespace: str = "default", **metadata: object
) -> Object:
    """A DestinationRule."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", **metadata},
        "spec": {"host": host, "trafficPolicy": policy},
    }


def pod(name: str, namespace: str = "default", labels: Mapping[str, str] | None = None) -> Object:
    """A pod with one container."""
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            **({"labels": dict(labels)} if labels else {}),
        },
        "spec": {"containers": [{"name": "sleep"}], "serviceAccountName": "sleep"},
    }
