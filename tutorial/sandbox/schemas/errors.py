"""Faults of a field, in Kubernetes' words, and the refusal that lists them.

Made by `validation.py` and `semantics/`; the API turns them into one 422 answer with `invalid`.
Source of the words: the field errors of k8s.io/apimachinery, seen in a 1.36 server's answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.status import ApiError


@dataclass(frozen=True)
class FieldError:
    """One fault: `field` is its path (`spec.ports[0].port`), `reason` the machine-readable cause
    (`FieldValueRequired`), `message` what kubectl prints after the path."""

    field: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def required(field: str, detail: str = "") -> FieldError:
    """A field that must be there is not."""
    return FieldError(field, "FieldValueRequired", _with_detail("Required value", detail))


def invalid_value(field: str, value: Any, detail: str = "") -> FieldError:
    """A value breaks a rule, which `detail` says."""
    return FieldError(field, "FieldValueInvalid", _with_detail(f"Invalid value: {quoted(value)}", detail))


def wrong_type(field: str, value: Any, detail: str) -> FieldError:
    """A value of a custom resource has another JSON type than its schema says."""
    return FieldError(field, "FieldValueTypeInvalid", _with_detail(f"Invalid value: {quoted(value)}", detail))


def unsupported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    """A value is none of the possible ones, which are listed in the given order."""
    listed = ", ".join(quoted(option) for option in supported)
    message = f"Unsupported value: {quoted(value)}: supported values: {listed}"
    return FieldError(field, "FieldValueNotSupported", message)


def duplicate(field: str, value: Any) -> FieldError:
    """A value is there twice."""
    return FieldError(field, "FieldValueDuplicate", f"Duplicate value: {quoted(value)}")


def forbidden(field: str, detail: str) -> FieldError:
    """A field may not be set, or not changed."""
    return FieldError(field, "FieldValueForbidden", _with_detail("Forbidden", detail))


def too_long(field: str, limit: int) -> FieldError:
    """A text has more than `limit` bytes."""
    return FieldError(field, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")


def invalid(resource: ResourceType, name: str, errors: Sequence[FieldError]) -> ApiError:
    """The refusal (422 Invalid) that lists all faults of one object."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details: dict[str, Any] = {"name": name, "group": resource.group, "kind": resource.kind}
    if not resource.group:
        del details["group"]
    details["causes"] = [{"reason": e.reason, "message": e.message, "field": e.field} for e in errors]
    return ApiError(422, "Invalid", f"{kind} {quoted(name)} is invalid: {listed}", details)


def quoted(value: Any) -> str:
    """A value as Kubernetes shows it in a message: JSON, texts in double quotes."""
    return orjson.dumps(value).decode()


def _with_detail(text: str, detail: str) -> str:
    return f"{text}: {detail}" if detail else text
