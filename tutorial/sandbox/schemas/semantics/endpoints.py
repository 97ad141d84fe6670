"""Checks of Endpoints and EndpointSlices."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.errors import FieldError, duplicate, invalid_value, required, unsupported
from tutorial.sandbox.schemas.semantics import names

_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_NO_ADDRESS = "must specify `addresses` or `notReadyAddresses`"


def validate_endpoints(endpoints: Object) -> Iterator[FieldError]:
    """The faults of an Endpoints object."""
    for index, subset in enumerate(endpoints.get("subsets", ())):
        field = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield required(field, _NO_ADDRESS)
        for part in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(part, ())):
                yield from _address(f"{field}.{part}[{number}]", address)
        ports: Sequence[dict[str, Any]] = subset.get("ports", ())
        for number, port in enumerate(ports):
            yield from _port(f"{field}.ports[{number}]", port, named=len(ports) > 1)


def _address(field: str, address: dict[str, Any]) -> Iterator[FieldError]:
    text = address.get("ip", "")
    if not names.is_address(text):
        yield invalid_value(f"{field}.ip", text, names.NOT_AN_ADDRESS)
    if address.get("hostname"):
        yield from names.named(f"{field}.hostname", address["hostname"], names.dns_label)
    yield from names.unusual_address(f"{field}.ip", text)


def _port(field: str, port: dict[str, Any], *, named: bool) -> Iterator[FieldError]:
    name = port.get("name", "")
    if named and not name:
        yield required(f"{field}.name")
    elif name:
        yield from names.named(f"{field}.name", name, names.dns_label)
    yield from names.port_number(f"{field}.port", port.get("port", 0))
    yield from names.protocol(f"{field}.protocol", port.get("protocol", ""))


def validate_slice(endpoint_slice: Object) -> Iterator[FieldError]:
    """The faults of an EndpointSlice."""
    kind = endpoint_slice.get("addressType", "")
    if not kind:
        yield required("addressType")
    elif kind not in _ADDRESS_TYPES:
        yield unsupported("addressType", kind, _ADDRESS_TYPES)
    for index, endpoint in enumerate(endpoint_slice.get("endpoints") or ()):
        field = f"endpoints[{index}].addresses"
        addresses = endpoint.get("addresses") or ()
        if not addresses:
            yield required(field, "must contain at least 1 address")
        for number, address in enumerate(addresses):
            yield from _slice_address(f"{field}[{number}]", kind, address)
        if endpoint.get("hostname"):
            yield from names.named(f"endpoints[{index}].hostname", endpoint["hostname"], names.dns_label)
    yield from _slice_ports(endpoint_slice.get("ports") or ())


def _slice_address(field: str, kind: str, text: str) -> Iterator[FieldError]:
    if kind == "FQDN":
        yield from names.named(field, text, names.dns_subdomain)
    elif kind in ("IPv4", "IPv6"):
        if names.is_address(text) and f"IPv{ipaddress.ip_address(text).version}" == kind:
            yield from names.unusual_address(field, text)
        else:
            yield invalid_value(field, text, f"must be a valid {kind} address")


def _slice_ports(ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        name = port.get("name", "")
        if name:
            yield from names.named(f"ports[{index}].name", name, names.dns_label)
        if name in seen:
            yield duplicate(f"ports[{index}].name", name)
        seen.add(name)
        yield from names.protocol(f"ports[{index}].protocol", port.get("protocol", ""))


def validate_slice_update(old: Object, new: Object) -> Iterator[FieldError]:
    """The address type of a slice stays."""
    if old.get("addressType") != new.get("addressType"):
        yield invalid_value("addressType", new.get("addressType"), names.IMMUTABLE)
