"""What stands in the columns of `kubectl get`, kind by kind; pods are in `pod_cells`.

Called by `tutorial.sandbox.api.tables`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

Object = dict[str, Any]
Cell = Callable[[Object], Any]

NONE = "<none>"
UNKNOWN = "<unknown>"
UNSET = "<unset>"
_SHOWN = 3
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
_DURATIONS = (
    (120, "s", ""),
    (600, "m", "s"),
    (3 * 3600, "m", ""),
    (8 * 3600, "h", "m"),
    (48 * 3600, "h", ""),
    (8 * 86400, "d", "h"),
    (2 * 365 * 86400, "d", ""),
    (8 * 365 * 86400, "y", "d"),
    (math.inf, "y", ""),
)
"""Below how many seconds a duration is written in which unit, and in which finer one besides."""


def at(obj: Object, path: str) -> Any:
    """The value at a dotted path, or None."""
    value: Any = obj
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def field(path: str, empty: str = "") -> Cell:
    """A text field, or `empty` when it is missing."""
    return lambda obj: at(obj, path) or empty


def number(path: str, missing: int = 0) -> Cell:
    return lambda obj: at(obj, path) or missing


def length(*paths: str) -> Cell:
    """How many entries the maps or lists at `paths` have together."""
    return lambda obj: sum(len(at(obj, path) or ()) for path in paths)


def json_list(path: str) -> Cell:
    """A list as a custom resource's column shows it."""

    def cell(obj: Object) -> str:
        value = at(obj, path)
        return "" if value is None else orjson.dumps(value).decode()

    return cell


def name(obj: Object) -> str:
    found: str = obj["metadata"]["name"]
    return found


def created_at(obj: Object) -> str:
    found: str = obj["metadata"].get("creationTimestamp", "")
    return found


def age(obj: Object) -> str:
    return since(obj["metadata"].get("creationTimestamp"))


def since(moment: str | None) -> str:
    """How long ago a timestamp was, as kubectl writes it."""
    if not moment:
        return UNKNOWN
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return human_duration(int((datetime.now(UTC) - then).total_seconds()))


def human_duration(seconds: int) -> str:
    """Seconds in kubectl's short form: `45s`, `3m20s`, `5h`, `2d3h`, `400d`, `3y12d`."""
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    unit, rest_unit = next((unit, rest) for below, unit, rest in _DURATIONS if seconds < below)
    count, left = divmod(seconds, _SECONDS[unit])
    rest = left // _SECONDS[rest_unit] if rest_unit else 0
    return f"{count}{unit}" + (f"{rest}{rest_unit}" if rest else "")


def labels(pairs: Object | None) -> str:
    """`a=b,c=d`, or `<none>`."""
    return ",".join(f"{key}={value}" for key, value in sorted((pairs or {}).items())) or NONE


def few(texts: Iterable[str], empty: str) -> str:
    """The first three texts and how many more there are."""
    every = list(texts)
    shown = ",".join(every[:_SHOWN])
    if len(every) > _SHOWN:
        return f"{shown} + {len(every) - _SHOWN} more..."
    return shown or empty


def external_ip(service: Object) -> str:
    spec = service["spec"]
    given = list(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "ExternalName":
            return spec.get("externalName") or NONE
        case "LoadBalancer":
            entries = at(service, "status.loadBalancer.ingress") or ()
            given = [entry.get("ip") or entry.get("hostname", "") for entry in entries] + given
            return ",".join(given) or "<pending>"
    return ",".join(given) or NONE


def service_ports(service: Object) -> str:
    return ",".join(_service_port(port) for port in service["spec"].get("ports") or ()) or NONE


def _service_port(port: Object) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"


def service_selector(service: Object) -> str:
    return labels(service["spec"].get("selector"))


def endpoint_addresses(endpoints: Object) -> str:
    return few(_endpoint_addresses(endpoints), NONE)


def _endpoint_addresses(endpoints: Object) -> Iterable[str]:
    for subset in endpoints.get("subsets") or ():
        ports = subset.get("ports") or ()
        for address in subset.get("addresses") or ():
            if not ports:
                yield address["ip"]
            for port in ports:
                ip = address["ip"]
                yield f"[{ip}]:{port['port']}" if ":" in ip else f"{ip}:{port['port']}"


def slice_ports(endpoint_slice: Object) -> str:
    ports = endpoint_slice.get("ports") or ()
    return few((str(port["port"]) if port.get("port") else "*" for port in ports), UNSET)


def slice_endpoints(endpoint_slice: Object) -> str:
    entries = endpoint_slice.get("endpoints") or ()
    return few((address for entry in entries for address in entry.get("addresses") or ()), UNSET)


def node_status(node: Object) -> str:
    ready = next((c for c in at(node, "status.conditions") or () if c.get("type") == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if node.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def node_roles(node: Object) -> str:
    prefix = "node-role.kubernetes.io/"
    marks = node["metadata"].get("labels") or {}
    return ",".join(sorted(key.removeprefix(prefix) for key in marks if key.startswith(prefix))) or NONE


def node_address(kind: str) -> Cell:
    def cell(node: Object) -> str:
        addresses = at(node, "status.addresses") or ()
        return next((a.get("address", "") for a in addresses if a.get("type") == kind), NONE)

    return cell


def ready_replicas(workload: Object) -> str:
    return f"{at(workload, 'status.readyReplicas') or 0}/{at(workload, 'spec.replicas') or 0}"


def container_names(workload: Object) -> str:
    return ",".join(c["name"] for c in at(workload, "spec.template.spec.containers") or ())


def container_images(workload: Object) -> str:
    return ",".join(c.get("image", "") for c in at(workload, "spec.template.spec.containers") or ())


def workload_selector(workload: Object) -> str:
    selector = at(workload, "spec.selector") or {}
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    terms += [_expression(expression) for expression in selector.get("matchExpressions") or ()]
    return ",".join(terms) or NONE


def _expression(expression: Object) -> str:
    key: str = expression["key"]
    values = ",".join(sorted(expression.get("values") or ()))
    forms: dict[str, str] = {
        "In": f"{key} in ({values})",
        "NotIn": f"{key} notin ({values})",
        "Exists": key,
        "DoesNotExist": f"!{key}",
    }
    return forms[expression["operator"]]


def role_reference(binding: Object) -> str:
    """`ClusterRole/view`."""
    role = binding["roleRef"]
    return f"{role['kind']}/{role['name']}"


def subjects(kind: str) -> Cell:
    """The names of a binding's subjects of one kind."""

    def cell(binding: Object) -> str:
        found = [subject for subject in binding.get("subjects") or () if subject["kind"] == kind]
        return ", ".join(
            f"{subject.get('namespace', '')}/{subject['name']}"
            if kind == "ServiceAccount"
            else subject["name"]
            for subject in found
        )

    return cell


def last_seen(event: Object) -> str:
    moment = event.get("lastTimestamp") or at(event, "series.lastObservedTime") or event.get("eventTime")
    return since(moment or event["metadata"].get("creationTimestamp"))


def first_seen(event: Object) -> str:
    return since(event.get("firstTimestamp") or event.get("eventTime"))


def involved_object(event: Object) -> str:
    involved = event.get("involvedObject") or {}
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def event_source(event: Object) -> str:
    source = event.get("source") or {}
    parts = (source.get("component") or event.get("reportingComponent"), source.get("host"))
    return ", ".join(part for part in parts if part)


def event_message(event: Object) -> str:
    message: str = event.get("message", "")
    return message.strip()
