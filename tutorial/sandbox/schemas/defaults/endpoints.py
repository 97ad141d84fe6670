"""Defaults of Endpoints and EndpointSlices."""

from __future__ import annotations

from tutorial.sandbox.ports import Object


def default_endpoints(endpoints: Object) -> None:
    """Fill in an Endpoints object, in place."""
    for subset in endpoints.get("subsets", ()):
        for port in subset.get("ports", ()):
            port.setdefault("protocol", "TCP")


def default_slice(endpoint_slice: Object) -> None:
    """Fill in an EndpointSlice, in place."""
    for port in endpoint_slice.get("ports", ()):
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")
