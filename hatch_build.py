"""Build hook: takes the sandbox's schemas out of the packages that keep them, into one file.

Called by hatchling for every wheel and editable install (`[tool.hatch.build.targets.wheel.hooks]`),
and by hand in a checkout: `python hatch_build.py` with the `[build-system]` requirements installed.
It reads Kubernetes' own definitions out of `kubernetes-validate` and Istio's out of
`cloudcoil-models-istio`, keeps what the resource types of `tutorial.sandbox.resources` need, turns
both into OpenAPI v3 components, and writes `tutorial/sandbox/schemas/definitions.json.gz` with the
notices of both packages beside it. Neither file is committed.
"""

from __future__ import annotations

import gzip
import importlib.util
import inspect
import json
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

Schema = dict[str, Any]

ROOT = Path(__file__).resolve().parent
SCHEMAS = Path("tutorial/sandbox/schemas")
DEFINITIONS = SCHEMAS / "definitions.json.gz"
NOTICES = SCHEMAS / "THIRD_PARTY_NOTICES.txt"

KUBERNETES = "1.36"
KUBERNETES_PACKAGE = "kubernetes-validate"
ISTIO_PACKAGE = "cloudcoil-models-istio"

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_ALWAYS = (
    _META + "Status",
    _META + "DeleteOptions",
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.authentication.v1.TokenRequest",
)
_COMPONENTS = "#/components/schemas/"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"


class SchemasHook(BuildHookInterface[Any]):
    """Runs before hatchling collects the wheel's files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the generated files into the package. A wheel (`version` is `standard`) also gets
        the step files; an editable install reads them in the checkout."""
        write(Path(self.root))
        if version == "standard":
            build_data["force_include"]["steps"] = "tutorial/_steps"


def write(root: Path) -> None:
    """Write the definitions and the notices below `root`, a checkout or an unpacked sdist."""
    resources = _resource_types(root)
    istio_names = {r.schema for r in resources if r.custom}
    kubernetes_names = {r.schema for r in resources if not r.custom}
    lists = {f"{r.schema}List" for r in resources if not r.custom and not r.virtual}
    definitions = kubernetes_definitions({*kubernetes_names, *lists, *_ALWAYS})
    for name in sorted(istio_names):
        gvks = [
            {"group": r.group, "version": r.version, "kind": r.kind} for r in resources if r.schema == name
        ]
        definitions |= istio_definitions(name, gvks)
    document = {"kubernetes": KUBERNETES, "definitions": dict(sorted(definitions.items()))}
    packed = gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)
    (root / DEFINITIONS).write_bytes(packed)
    (root / NOTICES).write_text(notices((KUBERNETES_PACKAGE, ISTIO_PACKAGE)), encoding="utf-8")


def kubernetes_definitions(names: Iterable[str]) -> dict[str, Schema]:
    """The named definitions of Kubernetes and all that they refer to, as OpenAPI v3 components.

    Raises:
        KeyError: Kubernetes has no definition of that name.
    """
    package = import_module("kubernetes_validate")
    folder = Path(str(package.__file__)).parent / "kubernetes-json-schema" / f"v{KUBERNETES}.0-local"
    known = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    found: dict[str, Schema] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = known[name]
            wanted.extend(_references(known[name]))
    return {name: _component(name, schema) for name, schema in found.items()}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _component(name: str, schema: Schema) -> Schema:
    """A definition in the form that the API server publishes: no null types, no fixed kinds."""
    if name == _INT_OR_STRING:
        return {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}
    return _openapi(schema)


def _openapi(schema: Schema) -> Schema:
    result: Schema = {}
    for key, value in schema.items():
        match key:
            case "properties":
                result[key] = {name: _openapi(field) for name, field in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                result[key] = _openapi(value)
            case "oneOf" | "anyOf":
                result[key] = [_openapi(option) for option in value]
            case "type":
                result[key] = next(t for t in value if t != "null") if isinstance(value, list) else value
            case "$ref":
                result["allOf"] = [{"$ref": _COMPONENTS + value.rpartition("/")[2]}]
            case "enum":
                pass
            case _:
                result[key] = value
    return result


def istio_definitions(name: str, gvks: list[dict[str, str]]) -> dict[str, Schema]:
    """One kind of Istio's and its list. `name` is `io.istio.<group>.<version>.<Kind>`; as in a
    CustomResourceDefinition everything but the metadata is written out in place."""
    group, version, kind = name.removeprefix("io.istio.").split(".")
    module = import_module(f"cloudcoil.models.istio.{group}.{version}")
    model = getattr(module, kind)
    schema = model.model_json_schema(by_alias=True)
    known = schema.pop("$defs")
    result = _written_out(schema, model, module, known)
    result["properties"]["metadata"] = {"allOf": [{"$ref": f"{_COMPONENTS}{_META}ObjectMeta"}]}
    for field in ("apiVersion", "kind"):
        result["properties"][field] = {"type": "string"}
    result["required"] = ["spec"]
    result["x-kubernetes-group-version-kind"] = gvks
    listed: Schema = {
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"allOf": [{"$ref": f"{_COMPONENTS}{_META}ListMeta"}]},
            "items": {"type": "array", "items": {"allOf": [{"$ref": _COMPONENTS + name}]}},
        },
        "x-kubernetes-group-version-kind": [{**gvk, "kind": kind + "List"} for gvk in gvks],
    }
    return {name: result, name + "List": listed}


def _written_out(schema: Schema, model: type | None, module: ModuleType, known: dict[str, Schema]) -> Schema:
    """A model's JSON schema with its references replaced by what they refer to, options for null
    dropped, and the descriptions that the package keeps on its builders put back. Its models have no
    type for bytes (`directResponse.body.bytes`): there the one of Istio's definition stands."""
    if "anyOf" in schema:
        return _one_of(schema["anyOf"], module, known)
    if "$ref" in schema:
        title = schema["$ref"].rpartition("/")[2]
        return _written_out(known[title], getattr(module, title, None), module, known)
    if schema.get("type") == "null":
        return {"type": "string", "format": "binary"}
    result = {key: value for key, value in schema.items() if key not in ("title", "default", "$ref")}
    if "items" in schema:
        result["items"] = _written_out(schema["items"], None, module, known)
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = _written_out(schema["additionalProperties"], None, module, known)
    if "properties" in schema:
        result["properties"] = {
            name: _described(_written_out(field, None, module, known), _description(model, name))
            for name, field in schema["properties"].items()
        }
    return result


def _one_of(options: list[Schema], module: ModuleType, known: dict[str, Schema]) -> Schema:
    """The one option that is not null. The models have a variant for each member of a union; the
    variants' properties are the same, only the required ones differ, and only one is kept."""
    present = [o for o in options if o.get("type") != "null"]
    types = {o.get("type") for o in present}
    if types == {"integer", "string"}:
        return {"x-kubernetes-int-or-string": True}
    result = _written_out(present[0], None, module, known)
    if len(present) > 1:
        for option in present[1:]:
            variant = _written_out(option, None, module, known)
            result["properties"] = {**variant.get("properties", {}), **result.get("properties", {})}
        result.pop("required", None)
    return result


def _described(schema: Schema, description: str) -> Schema:
    return {"description": description, **schema} if description else schema


def _description(model: type | None, field: str) -> str:
    """What the package says of a model's field: the docstring of its builder's method."""
    builder = getattr(model, "Builder", None)
    for name, info in getattr(model, "model_fields", {}).items():
        if field in (name, info.alias):
            return inspect.getdoc(getattr(builder, name, None)) or ""
    return ""


def notices(packages: Iterable[str]) -> str:
    """Who made the definitions and under which licence, with the licence texts as installed."""
    parts = [
        "The file definitions.json.gz beside this one was generated from the packages below.",
        "Both are published under the Apache License, Version 2.0. Kubernetes' definitions are",
        "copyright The Kubernetes Authors, Istio's are copyright Istio Authors.",
    ]
    for package in packages:
        distribution = metadata.distribution(package)
        parts.append(f"\n==== {package} {distribution.version} ====\n")
        parts.extend(
            file.read_text(encoding="utf-8").strip()
            for file in distribution.files or ()
            if file.name == "LICENSE"
        )
    return "\n".join(parts) + "\n"


def _resource_types(root: Path) -> tuple[Any, ...]:
    """`RESOURCES` and `ABSENT` of the checkout, without importing the package around it."""
    spec = importlib.util.spec_from_file_location(
        "egress_tutorial_resources", root / "tutorial/sandbox/resources.py"
    )
    if spec is None or spec.loader is None:
        raise FileNotFoundError(root / "tutorial/sandbox/resources.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    resources: tuple[Any, ...] = (*module.RESOURCES, *module.ABSENT)
    return resources


if __name__ == "__main__":
    write(ROOT)
