"""Which endpoints take a service's connections: read from EndpointSlices.

Used by the service proxy and by the mesh's registry.
"""

from __future__ import annotations

from collections.abc import Iterable

from tutorial.sandbox.ports import Object


def usable_endpoints(slices: Iterable[Object], port_name: str) -> tuple[tuple[str, int], ...]:
    """Address and port of the endpoints that take connections for the service port `port_name`:
    the ready ones or, when there are none, those that end but still serve."""
    ready: set[tuple[str, int]] = set()
    ending: set[tuple[str, int]] = set()
    for endpoint_slice in slices:
        if endpoint_slice.get("addressType") != "IPv4":
            continue
        ports = [
            port["port"]
            for port in endpoint_slice.get("ports") or ()
            if (port.get("name") or "") == port_name and port.get("port")
        ]
        for endpoint in endpoint_slice.get("endpoints") or ():
            conditions = endpoint.get("conditions") or {}
            places = {(address, port) for address in endpoint["addresses"] for port in ports}
            if conditions.get("ready") is not False:
                ready |= places
            elif conditions.get("serving") and conditions.get("terminating"):
                ending |= places
    return tuple(sorted(ready or ending))


def slices_by_service(slices: Iterable[Object]) -> dict[tuple[str, str], list[Object]]:
    """The slices of each service, by its namespace and name."""
    found: dict[tuple[str, str], list[Object]] = {}
    for endpoint_slice in slices:
        metadata = endpoint_slice["metadata"]
        service = (metadata.get("labels") or {}).get("kubernetes.io/service-name")
        if service:
            found.setdefault((metadata["namespace"], service), []).append(endpoint_slice)
    return found
