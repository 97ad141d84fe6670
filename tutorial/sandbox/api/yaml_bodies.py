"""YAML as JSON, as Kubernetes reads it: used by `tutorial.sandbox.api.bodies` for bodies that are YAML.

What JSON has no form for (sets, infinite numbers) is refused, and so are aliases that would make much
more of a document than was sent.
Source: sigs.k8s.io/yaml and the limits of go-yaml.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import yaml

_ALIASED = 10_000
"""Values that a document may have beyond one for each of its bytes."""

_DEEPEST = 200
_LARGEST = 2**64
_SMALLEST = -(2**63)


class NoJsonError(ValueError):
    """A value that JSON has no form for."""


_SafeLoader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _Loader(_SafeLoader):  # type: ignore[misc]
    """Dates stay texts, as in Kubernetes."""


def _text(loader: Any, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _binary(loader: Any, node: yaml.ScalarNode) -> str:
    return base64.b64decode(_text(loader, node), validate=True).decode("utf-8", "replace")


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)
_Loader.add_constructor("tag:yaml.org,2002:binary", _binary)


def load_yaml(body: bytes) -> Any:
    """The value of a YAML document, of JSON's types only.

    Raises:
        yaml.YAMLError: it is no YAML.
        ValueError: it is nested too deeply, has a value that JSON has no form for, or aliases beyond all
            measure.
        RecursionError: it holds itself.
    """
    _check_depth(body)
    return _Converter(len(body) + _ALIASED).value(yaml.load(body, Loader=_Loader))


def _check_depth(body: bytes) -> None:
    """Before anything recursive looks at it."""
    depth = 0
    for event in yaml.parse(body, Loader=_SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise NoJsonError("exceeded max depth")


class _Converter:
    """Counts the values that it converts: only aliases make more of them than there are bytes."""

    def __init__(self, most: int) -> None:
        self._left = most

    def value(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise NoJsonError("document contains excessive aliasing")
        if isinstance(value, dict):
            return {self._key(key): self.value(child) for key, child in value.items()}
        if isinstance(value, list):
            return [self.value(child) for child in value]
        if isinstance(value, float | int) and not isinstance(value, bool):
            return _number(value)
        if value is None or isinstance(value, bool | str):
            return value
        raise NoJsonError(f"unsupported type: {type(value).__name__}")

    def _key(self, key: Any) -> str:
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, str | int | float):
            return str(key)
        raise NoJsonError(f"unsupported map key of type: {type(key).__name__}")


def _number(value: float) -> float:
    """Whole numbers beyond 64 bits become floating ones, as in Go."""
    if isinstance(value, int) and _SMALLEST <= value < _LARGEST:
        return value
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise NoJsonError(f"json: unsupported value: {'NaN' if math.isnan(number) else '+Inf'}")
    return number
