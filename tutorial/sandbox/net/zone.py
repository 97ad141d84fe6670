"""What the cluster's DNS knows: names to records, from the present objects and the outside table.

Used by `dns.DnsServer`. Follows the Kubernetes DNS specification (v1.1.0): services, headless
services and their endpoints, ExternalName, named ports, pods by address, and reverse names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import ENDPOINT_SLICE, NAMESPACE, SERVICE
from tutorial.sandbox.status import ApiError

CLUSTER_DOMAIN = "cluster.local"

_REVERSE = ".in-addr.arpa"
_LONGEST_ALIAS_CHAIN = 8


@dataclass(frozen=True)
class Record:
    """One answer: `type` is A, CNAME, SRV or PTR; `value` is an address or a name, or for SRV a
    name beside its `port`."""

    name: str
    type: str
    value: str
    port: int = 0


@dataclass(frozen=True)
class Answer:
    """The records for a question. No records and `exists` is NODATA; not `exists` is NXDOMAIN.
    `ours` says that the name is in the cluster's zone."""

    exists: bool
    records: tuple[Record, ...] = field(default=())
    ours: bool = False


_NOTHING = Answer(exists=False)


class Zone:
    """Looks names up at the moment they are asked for: a service that was just made is found."""

    def __init__(self, objects: Objects, outside: Mapping[str, Sequence[str]]) -> None:
        self._objects = objects
        self._outside = {name.lower(): tuple(addresses) for name, addresses in outside.items()}

    def look_up(self, name: str, kind: str) -> Answer:
        """The answer for `name` (any case, no final dot) and a record type by name (`A`)."""
        return self._look_up(name.lower(), kind, _LONGEST_ALIAS_CHAIN)

    def _look_up(self, name: str, kind: str, aliases_left: int) -> Answer:
        if name == CLUSTER_DOMAIN:
            return Answer(exists=True, ours=True)
        if name.endswith("." + CLUSTER_DOMAIN):
            labels = name.removesuffix("." + CLUSTER_DOMAIN).split(".")
            found = self._in_cluster(name, labels, kind, aliases_left)
            return Answer(found.exists, found.records, ours=True)
        if name.endswith(_REVERSE):
            return self._reverse(name, kind)
        addresses = self._outside.get(name)
        if addresses is None:
            return _NOTHING
        return _addresses(name, kind, addresses)

    def _in_cluster(self, name: str, labels: list[str], kind: str, aliases_left: int) -> Answer:
        match labels:
            case ["svc"] | ["pod"]:
                return Answer(exists=True)
            case [namespace, "svc"] | [namespace, "pod"]:
                return Answer(exists=self._has_namespace(namespace))
            case [dashed, namespace, "pod"]:
                return self._pod(name, dashed, namespace, kind)
            case [*within, service_name, namespace, "svc"]:
                service = self._service(namespace, service_name)
                if service is not None:
                    return self._in_service(name, within, service, kind, aliases_left)
        return _NOTHING

    def _in_service(
        self, name: str, within: list[str], service: Object, kind: str, aliases_left: int
    ) -> Answer:
        match within:
            case []:
                return self._service_answer(name, service, kind, aliases_left)
            case [endpoint]:
                return self._endpoint(name, endpoint, service, kind)
            case [port, protocol]:
                return self._named_port(name, port, protocol, service, kind)
        return _NOTHING

    def _service_answer(self, name: str, service: Object, kind: str, aliases_left: int) -> Answer:
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return self._alias(name, spec.get("externalName", "").rstrip(".").lower(), kind, aliases_left)
        if _is_headless(service):
            endpoints = self._endpoints(service)
            if not endpoints:
                return _NOTHING
            return _addresses(name, kind, sorted({address for _, address, _ in endpoints}))
        return _addresses(name, kind, (spec["clusterIP"],))

    def _alias(self, name: str, target: str, kind: str, aliases_left: int) -> Answer:
        """A CNAME, with what is known about its target behind it."""
        own = Record(name, "CNAME", target)
        if kind == "CNAME" or not aliases_left:
            return Answer(exists=True, records=(own,))
        return Answer(exists=True, records=(own, *self._look_up(target, kind, aliases_left - 1).records))

    def _endpoint(self, name: str, endpoint: str, service: Object, kind: str) -> Answer:
        if endpoint.startswith("_") or not _is_headless(service):
            return _NOTHING
        found = sorted({address for label, address, _ in self._endpoints(service) if label == endpoint})
        return _addresses(name, kind, found) if found else _NOTHING

    def _named_port(self, name: str, port: str, protocol: str, service: Object, kind: str) -> Answer:
        wanted = (port.removeprefix("_"), protocol.removeprefix("_"))
        if not (port.startswith("_") and protocol.startswith("_")):
            return _NOTHING
        host = _host_name(service)
        records: list[Record] = []
        if _is_headless(service):
            for label, _, ports in self._endpoints(service):
                records += [
                    Record(name, "SRV", f"{label}.{host}", number)
                    for port_name, port_protocol, number in ports
                    if (port_name, port_protocol) == wanted
                ]
        else:
            records += [
                Record(name, "SRV", host, entry["port"])
                for entry in service["spec"].get("ports") or ()
                if (entry.get("name"), entry.get("protocol", "TCP").lower()) == wanted
            ]
        if not records:
            return _NOTHING
        return Answer(exists=True, records=tuple(records) if kind == "SRV" else ())

    def _pod(self, name: str, dashed: str, namespace: str, kind: str) -> Answer:
        try:
            address = str(ipaddress.IPv4Address(dashed.replace("-", ".")))
        except ValueError:
            return _NOTHING
        if not self._has_namespace(namespace):
            return _NOTHING
        return _addresses(name, kind, (address,))

    def _reverse(self, name: str, kind: str) -> Answer:
        address = ".".join(reversed(name.removesuffix(_REVERSE).split(".")))
        hosts = sorted(set(self._names_of(address)))
        if not hosts:
            return _NOTHING
        records = tuple(Record(name, "PTR", host) for host in hosts) if kind == "PTR" else ()
        return Answer(exists=True, records=records)

    def _names_of(self, address: str) -> Iterator[str]:
        for service in self._objects.list(SERVICE):
            if service["spec"].get("clusterIP") == address:
                yield _host_name(service)
            elif _is_headless(service):
                for label, endpoint, _ in self._endpoints(service):
                    if endpoint == address:
                        yield f"{label}.{_host_name(service)}"

    def _service(self, namespace: str, name: str) -> Object | None:
        try:
            return self._objects.get(SERVICE, namespace, name)
        except ApiError:
            return None

    def _has_namespace(self, name: str) -> bool:
        try:
            self._objects.get(NAMESPACE, None, name)
        except ApiError:
            return False
        return True

    def _endpoints(self, service: Object) -> list[tuple[str, str, list[tuple[str, str, int]]]]:
        """Label, address and ports (name, protocol, number) of the endpoints that may be named."""
        metadata = service["metadata"]
        slices = self._objects.list(
            ENDPOINT_SLICE, metadata["namespace"], {"kubernetes.io/service-name": metadata["name"]}
        )
        found = []
        for endpoint_slice in slices:
            if endpoint_slice.get("addressType") != "IPv4":
                continue
            ports = [
                (port.get("name") or "", (port.get("protocol") or "TCP").lower(), port["port"])
                for port in endpoint_slice.get("ports") or ()
                if port.get("port")
            ]
            for endpoint in endpoint_slice.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is False:
                    continue
                for address in endpoint["addresses"]:
                    found.append((endpoint.get("hostname") or address.replace(".", "-"), address, ports))
        return found


def _addresses(name: str, kind: str, addresses: Sequence[str]) -> Answer:
    records = tuple(Record(name, "A", address) for address in addresses) if kind == "A" else ()
    return Answer(exists=True, records=records)


def _is_headless(service: Object) -> bool:
    spec = service["spec"]
    return spec.get("type") != "ExternalName" and spec.get("clusterIP") in (None, "", "None")


def _host_name(service: Object) -> str:
    metadata = service["metadata"]
    return f"{metadata['name']}.{metadata['namespace']}.svc.{CLUSTER_DOMAIN}"
