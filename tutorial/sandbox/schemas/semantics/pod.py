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
from tutorial.sandbox.schemas.semantics import names, resource_amounts

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_TOLERATION_OPERATORS = ("Equal", "Exists")
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
    return validate_spec("spec", pod.get("spec", {}))


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
    yield from _volumes(f"{field}.volumes", spec.get("volumes", ()))
    volumes = {volume.get("name", "") for volume in spec.get("volumes", ())}
    containers = spec.get("containers", ())
    if not containers:
        yield required(f"{field}.containers")
    seen: set[str] = set()
    for part in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(part, ())):
            place = f"{field}.{part}[{index}]"
            yield from _container(place, container, volumes)
            name = container.get("name", "")
            if name and name in seen:
                yield duplicate(f"{place}.name", name)
            seen.add(name)
    yield from _choice(f"{field}.restartPolicy", spec.get("restartPolicy", ""), _RESTART_POLICIES)
    yield from _choice(f"{field}.dnsPolicy", spec.get("dnsPolicy", ""), _DNS_POLICIES)
    yield from names.labels(f"{field}.nodeSelector", spec.get("nodeSelector", {}))
    if spec.get("serviceAccountName"):
        place = f"{field}.serviceAccountName"
        yield from names.named(place, spec["serviceAccountName"], names.dns_subdomain)
    yield from _deadline_and_names(field, spec)
    grace = spec.get("terminationGracePeriodSeconds")
    yield from names.not_negative(f"{field}.terminationGracePeriodSeconds", grace)


def _deadline_and_names(field: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 0 < deadline <= _MAX_INT32:
        detail = f"must be between 1 and {_MAX_INT32}, inclusive"
        yield invalid_value(f"{field}.activeDeadlineSeconds", deadline, detail)
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            yield from names.named(f"{field}.{name}", spec[name], names.dns_label)
    for index, toleration in enumerate(spec.get("tolerations", ())):
        operator = toleration.get("operator") or "Equal"
        if operator not in _TOLERATION_OPERATORS:
            place = f"{field}.tolerations[{index}].operator"
            yield unsupported(place, operator, _TOLERATION_OPERATORS)


def _choice(field: str, value: str, choices: Sequence[str]) -> Iterator[FieldError]:
    if not value:
        yield required(field)
    elif value not in choices:
        yield unsupported(field, value, choices)


def _volumes(field: str, volumes: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        place = f"{field}[{index}]"
        name = volume.get("name", "")
        sources = [source for source in volume if source != "name"]
        if len(sources) > 1:
            for source in sources[1:]:
                yield forbidden(f"{place}.{source}", "may not specify more than 1 volume type")
        if not name:
            yield required(f"{place}.name")
            continue
        yield from names.named(f"{place}.name", name, names.dns_label)
        if name in seen:
            yield duplicate(f"{place}.name", name)
        seen.add(name)


def _container(field: str, container: dict[str, Any], volumes: set[str]) -> Iterator[FieldError]:
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
    policy = container.get("terminationMessagePolicy", "")
    yield from _choice(f"{field}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)
    yield from _container_ports(f"{field}.ports", container.get("ports", ()))
    yield from _environment(f"{field}.env", container.get("env", ()))
    yield from _mounts(f"{field}.volumeMounts", container.get("volumeMounts", ()), volumes)
    for probe in _PROBES:
        if probe in container:
            yield from _probe(f"{field}.{probe}", container[probe])
    yield from resource_amounts.validate(f"{field}.resources", container.get("resources", {}))
    user = container.get("securityContext", {}).get("runAsUser", 0)
    if not 0 <= user <= _MAX_INT32:
        detail = f"must be between 0 and {_MAX_INT32}, inclusive"
        yield invalid_value(f"{field}.securityContext.runAsUser", user, detail)
    yield from _choice(f"{field}.imagePullPolicy", container.get("imagePullPolicy", ""), _PULL_POLICIES)


def _probe(field: str, probe: dict[str, Any]) -> Iterator[FieldError]:
    handlers = [name for name in _HANDLERS if name in probe]
    if not handlers:
        yield required(field, "must specify a handler type")
    for name in handlers[1:]:
        yield forbidden(f"{field}.{name}", "may not specify more than 1 handler type")
    for name in handlers[:1]:
        port = probe[name].get("port")
        if isinstance(port, int):
            yield from names.port_number(f"{field}.{name}.port", port)
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds"):
        yield from names.not_negative(f"{field}.{name}", probe.get(name))


_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


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


def _environment(field: str, variables: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    for index, variable in enumerate(variables):
        name = variable.get("name", "")
        if name:
            yield from names.named(f"{field}[{index}].name", name, names.environment_name)
        else:
            yield required(f"{field}[{index}].name")
        if variable.get("value") and "valueFrom" in variable:
            detail = "may not be specified when `value` is not empty"
            yield invalid_value(f"{field}[{index}].valueFrom", "", detail)


def _mounts(field: str, mounts: Sequence[dict[str, Any]], volumes: set[str]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, mount in enumerate(mounts):
        place = f"{field}[{index}]"
        name, path = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{place}.name")
        elif name not in volumes:
            yield FieldError(f"{place}.name", "FieldValueNotFound", f'Not found: "{name}"')
        if not path:
            yield required(f"{place}.mountPath")
        elif path in seen:
            yield invalid_value(f"{place}.mountPath", path, "must be unique")
        seen.add(path)
