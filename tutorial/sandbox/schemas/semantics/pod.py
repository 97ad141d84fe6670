"""Checks of Pods and of the pods that templates describe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid_value,
    required,
    unsupported,
)
from tutorial.sandbox.schemas.semantics import (
    environment,
    handlers,
    names,
    placement,
    resource_amounts,
    volumes,
)

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_SYSTEMS = ("linux", "windows")
_MAX_INT32 = 2**31 - 1
_MAY_CHANGE = ("containers", "initContainers", "activeDeadlineSeconds", "tolerations")
_UPDATE_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
    "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)"
)


def validate(pod: Object) -> Iterator[FieldError]:
    """The faults of a Pod."""
    spec = pod.get("spec", {})
    yield from validate_spec("spec", spec)
    if spec.get("ephemeralContainers"):
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")


def validate_update(old: Object, new: Object) -> Iterator[FieldError]:
    """A running pod keeps nearly all of its spec."""
    before, after = old.get("spec", {}), new.get("spec", {})
    for part in ("containers", "initContainers"):
        if len(before.get(part, ())) != len(after.get(part, ())):
            yield forbidden(f"spec.{part}", "pod updates may not add or remove containers")
            return
    if not before.get("nodeName") and after.get("nodeName"):
        before = {**before, "nodeName": after["nodeName"]}
    if _fixed_part(before) != _fixed_part(after):
        yield forbidden("spec", _UPDATE_RULE)


def _fixed_part(spec: dict[str, Any]) -> dict[str, Any]:
    fixed = {name: value for name, value in spec.items() if name not in _MAY_CHANGE}
    for part in ("containers", "initContainers"):
        fixed[part] = [{k: v for k, v in c.items() if k != "image"} for c in spec.get(part, ())]
    return fixed


def validate_spec(field: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    """The faults of a pod's spec at `field`."""
    yield from volumes.validate_volumes(f"{field}.volumes", spec.get("volumes", ()))
    yield from _containers(field, spec)
    yield from _choice(f"{field}.restartPolicy", spec.get("restartPolicy", ""), _RESTART_POLICIES)
    yield from _choice(f"{field}.dnsPolicy", spec.get("dnsPolicy", ""), _DNS_POLICIES)
    yield from names.labels(f"{field}.nodeSelector", spec.get("nodeSelector", {}))
    yield from _security(f"{field}.securityContext", spec.get("securityContext", {}))
    yield from placement.validate_affinity(f"{field}.affinity", spec.get("affinity", {}))
    yield from _dns_settings(f"{field}.dnsConfig", spec)
    if spec.get("serviceAccountName"):
        place = f"{field}.serviceAccountName"
        yield from names.named(place, spec["serviceAccountName"], names.dns_subdomain)
    yield from _deadline_and_names(field, spec)
    yield from placement.validate_tolerations(f"{field}.tolerations", spec.get("tolerations", ()))
    constraints = spec.get("topologySpreadConstraints", ())
    yield from placement.validate_spreading(f"{field}.topologySpreadConstraints", constraints)
    system = spec.get("os")
    if system is not None:
        yield from _choice(f"{field}.os.name", system.get("name", ""), _SYSTEMS)
    grace = spec.get("terminationGracePeriodSeconds")
    yield from names.not_negative(f"{field}.terminationGracePeriodSeconds", grace)


def _containers(field: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    known_volumes = {volume.get("name", "") for volume in spec.get("volumes", ())}
    if not spec.get("containers"):
        yield required(f"{field}.containers")
    seen: set[str] = set()
    for part in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(part, ())):
            place = f"{field}.{part}[{index}]"
            yield from _container(place, container, known_volumes)
            name = container.get("name", "")
            if name and name in seen:
                yield duplicate(f"{place}.name", name)
            seen.add(name)
            if spec.get("hostNetwork"):
                yield from _host_ports(f"{place}.ports", container.get("ports", ()))


def _host_ports(field: str, ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    for index, port in enumerate(ports):
        number = port.get("containerPort", 0)
        if port.get("hostPort", 0) != number:
            detail = "must match `hostPort` when `hostNetwork` is true"
            yield invalid_value(f"{field}[{index}].containerPort", number, detail)


def _dns_settings(field: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    settings = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if settings is None:
            yield required(field, "must provide `dnsConfig` when `dnsPolicy` is None")
        elif not settings.get("nameservers"):
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{field}.nameservers", detail)


def _deadline_and_names(field: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 0 < deadline <= _MAX_INT32:
        detail = f"must be between 1 and {_MAX_INT32}, inclusive"
        yield invalid_value(f"{field}.activeDeadlineSeconds", deadline, detail)
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            yield from names.named(f"{field}.{name}", spec[name], names.dns_label)


def _choice(field: str, value: str, choices: Sequence[str]) -> Iterator[FieldError]:
    if not value:
        yield required(field)
    elif value not in choices:
        yield unsupported(field, value, choices)


def _container(field: str, container: dict[str, Any], known_volumes: set[str]) -> Iterator[FieldError]:
    name = container.get("name", "")
    if name:
        yield from names.named(f"{field}.name", name, names.dns_label)
    else:
        yield required(f"{field}.name")
    image = container.get("image", "")
    if not image:
        yield required(f"{field}.image")
    elif image != image.strip():
        yield invalid_value(f"{field}.image", image, "must not have leading or trailing whitespace")
    yield from handlers.validate_lifecycle(f"{field}.lifecycle", container.get("lifecycle", {}))
    yield from handlers.validate_probe(field, "livenessProbe", container)
    policy = container.get("terminationMessagePolicy", "")
    yield from _choice(f"{field}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)
    yield from handlers.validate_probe(field, "readinessProbe", container)
    yield from handlers.validate_probe(field, "startupProbe", container)
    yield from _container_ports(f"{field}.ports", container.get("ports", ()))
    yield from environment.validate_variables(f"{field}.env", container.get("env", ()))
    yield from environment.validate_sources(f"{field}.envFrom", container.get("envFrom", ()))
    mounts = container.get("volumeMounts", ())
    yield from volumes.validate_mounts(f"{field}.volumeMounts", mounts, known_volumes)
    yield from _choice(f"{field}.imagePullPolicy", container.get("imagePullPolicy", ""), _PULL_POLICIES)
    yield from resource_amounts.validate(f"{field}.resources", container.get("resources", {}))
    yield from _security(f"{field}.securityContext", container.get("securityContext", {}))


def _security(field: str, context: dict[str, Any]) -> Iterator[FieldError]:
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        if not 0 <= context.get(name, 0) <= _MAX_INT32:
            detail = f"must be between 0 and {_MAX_INT32}, inclusive"
            yield invalid_value(f"{field}.{name}", context[name], detail)


def _container_ports(field: str, ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        place = f"{field}[{index}]"
        name = port.get("name", "")
        if name:
            yield from names.named(f"{place}.name", name, names.port_name)
            if name in seen:
                yield duplicate(f"{place}.name", name)
            seen.add(name)
        if port.get("containerPort"):
            yield from names.port_number(f"{place}.containerPort", port["containerPort"])
        else:
            yield required(f"{place}.containerPort")
        if port.get("hostPort"):
            yield from names.port_number(f"{place}.hostPort", port["hostPort"])
        yield from names.protocol(f"{place}.protocol", port.get("protocol", ""))
