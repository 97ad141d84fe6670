"""The definitions of all kinds, as the build hook wrote them: OpenAPI v3 components.

Read once, at the first need, by `Schemas`; everything else in this package asks here.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from tutorial.errors import SandboxError

Schema = dict[str, Any]

_FILE = Path(__file__).with_name("definitions.json.gz")


class Definitions:
    """Components by name (`io.k8s.api.core.v1.Service`). Schemas are never changed."""

    def __init__(self, file: Path = _FILE) -> None:
        self._file = file

    @cached_property
    def _components(self) -> dict[str, Schema]:
        try:
            packed = self._file.read_bytes()
        except FileNotFoundError:
            raise SandboxError(
                "The sandbox's schemas are missing.",
                why=f"{self._file.name} is made when the package is built, and this copy was not built.",
                do="pip install -e .",
            ) from None
        components: dict[str, Schema] = orjson.loads(gzip.decompress(packed))["definitions"]
        return components

    def component(self, name: str) -> Schema:
        """The definition of that name. Raises KeyError when there is none."""
        return self._components[name]

    def resolve(self, schema: Schema) -> Schema:
        """The schema itself, or the component that it refers to."""
        name = reference(schema)
        return self._components[name] if name else schema

    def closure(self, names: Iterable[str]) -> dict[str, Schema]:
        """The named components and all that they refer to, by name in order."""
        found: dict[str, Schema] = {}
        wanted = list(names)
        while wanted:
            name = wanted.pop()
            if name not in found:
                found[name] = self._components[name]
                wanted.extend(_references(found[name]))
        return dict(sorted(found.items()))


def reference(schema: Schema) -> str | None:
    """The name of the component that a schema stands for, if it does."""
    options = schema.get("allOf")
    if not options:
        return None
    target: str = options[0]["$ref"]
    return target.rpartition("/")[2]


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        name = reference(schema) if isinstance(schema.get("allOf"), list) else None
        if name:
            yield name
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
