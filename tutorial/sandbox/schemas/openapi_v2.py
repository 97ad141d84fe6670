"""The OpenAPI v2 document of all kinds, which kubectl before 1.27 reads: for explain, to check manifests
before it sends them, and to see whether a kind can be tried with `--dry-run=server`.

Called by `openapi.Documents`. It says what the v3 documents say, in the older version's words.
"""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.schemas.definitions import Schema, reference

Document = dict[str, Any]

_OTHERWISE_SAID = ("allOf", "oneOf", "properties", "items", "additionalProperties")


def document(info: Document, paths: Document, components: dict[str, Schema]) -> Document:
    """The document of the paths and components of v3 documents."""
    return {
        "swagger": "2.0",
        "info": info,
        "paths": {
            path: {method: _operation(operation) for method, operation in operations.items()}
            for path, operations in paths.items()
        },
        "definitions": {name: _schema(component) for name, component in components.items()},
    }


def _operation(operation: Document) -> Document:
    parameters = [
        {"in": parameter["in"], "name": parameter["name"], "type": parameter["schema"]["type"]}
        for parameter in operation["parameters"]
    ]
    kept = {name: value for name, value in operation.items() if name != "requestBody"}
    return {**kept, "parameters": parameters}


def _schema(schema: Schema) -> Schema:
    translated = {name: value for name, value in schema.items() if name not in _OTHERWISE_SAID}
    name = reference(schema)
    if name:
        translated["$ref"] = f"#/definitions/{name}"
    if "oneOf" in schema:
        translated["type"] = "string"
    if "properties" in schema:
        translated["properties"] = {name: _schema(field) for name, field in schema["properties"].items()}
    for part in ("items", "additionalProperties"):
        if part in schema:
            translated[part] = _schema(schema[part]) if isinstance(schema[part], dict) else schema[part]
    return translated
