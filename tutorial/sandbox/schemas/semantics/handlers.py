"""Checks of a container's probes and lifecycle hooks. Part of `pod.validate_spec`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.schemas.errors import FieldError, forbidden, invalid_value, required, unsupported
from tutorial.sandbox.schemas.semantics import names

_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_ONCE = ("livenessProbe", "startupProbe")
_SCHEMES = ("HTTP", "HTTPS")


def validate_lifecycle(field: str, lifecycle: dict[str, Any]) -> Iterator[FieldError]:
    """The faults of what runs after a container's start and before its end."""
    for name in ("postStart", "preStop"):
        if name in lifecycle:
            yield from _handler(f"{field}.{name}", lifecycle[name], _HOOK_HANDLERS)


def validate_probe(field: str, name: str, container: dict[str, Any]) -> Iterator[FieldError]:
    """The faults of one probe of the container at `field`."""
    if name not in container:
        return
    probe, place = container[name], f"{field}.{name}"
    yield from _handler(place, probe, _PROBE_HANDLERS)
    for count in _COUNTS:
        yield from names.not_negative(f"{place}.{count}", probe.get(count))
    successes = probe.get("successThreshold", 1)
    if name in _ONCE and successes != 1:
        yield invalid_value(f"{place}.successThreshold", successes, "must be 1")


def _handler(field: str, handler: dict[str, Any], known: tuple[str, ...]) -> Iterator[FieldError]:
    given = [name for name in known if name in handler]
    if not given:
        yield required(field, "must specify a handler type")
    for name in given[1:]:
        yield forbidden(f"{field}.{name}", "may not specify more than 1 handler type")
    for name in given[:1]:
        yield from _action(f"{field}.{name}", name, handler[name])


def _action(field: str, kind: str, action: dict[str, Any]) -> Iterator[FieldError]:
    if kind == "exec" and not action.get("command"):
        yield required(f"{field}.command")
    if kind in ("httpGet", "tcpSocket", "grpc"):
        port = action.get("port", 0)
        if isinstance(port, int):
            yield from names.port_number(f"{field}.port", port)
        else:
            yield from names.named(f"{field}.port", port, names.port_name)
    if kind == "httpGet" and action.get("scheme", "HTTP") not in _SCHEMES:
        yield unsupported(f"{field}.scheme", action["scheme"], _SCHEMES)
