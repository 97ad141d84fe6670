"""Reads a client's object as the server's typed decoder would: wrong types, unknown fields, nulls.

Called through `Schemas.decode_strict` for every body that a client sends. The words are those of
Go's JSON decoder and of Kubernetes' strict decoding, as a 1.36 server answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas import go_types, scalars
from tutorial.sandbox.schemas.definitions import Definitions, Schema, reference
from tutorial.sandbox.status import ApiError


class DecodingError(ApiError):
    """An object that cannot be read. `why` is the fault without the kind before it; `conversion` is
    a wrong type in the words of a strategic merge patch, which converts values without JSON;
    `unknown` are the paths of unknown fields."""

    def __init__(
        self, resource: ResourceType, why: str, conversion: str = "", unknown: Sequence[str] = ()
    ) -> None:
        kind = resource.kind
        message = f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}'
        super().__init__(400, "BadRequest", message)
        self.why = why
        self.conversion = conversion or why
        self.unknown = tuple(unknown)


def decode(
    definitions: Definitions, resource: ResourceType, obj: Object, mode: str, repeated: Sequence[str] = ()
) -> tuple[Object, list[str]]:
    """See `Schemas.decode_strict`."""
    decoder = _CustomDecoder(definitions) if resource.custom else _Decoder(definitions)
    decoded = decoder.top(resource, obj)
    if decoder.wrong_type:
        raise DecodingError(resource, decoder.wrong_type, decoder.conversion)
    strange = [f'duplicate field "{field}"' for field in repeated]
    strange += [f'unknown field "{field}"' for field in decoder.unknown]
    if strange and mode == "Strict":
        why = f"strict decoding error: {', '.join(strange)}"
        raise DecodingError(resource, why, unknown=decoder.unknown)
    return decoded, strange if mode == "Warn" else []


class _Place(NamedTuple):
    """Where the walk is: the field of a Go structure, its path with list indices and map keys, as
    unknown fields are reported, and its path without them, as wrong types are."""

    structure: str
    field: str = ""
    path: str = ""
    plain: str = ""

    def member(self, structure: str, field: str) -> _Place:
        """A field of the structure that is here."""
        dot = "." if self.path else ""
        return _Place(structure, field, f"{self.path}{dot}{field}", f"{self.plain}{dot}{field}")

    def entry(self, suffix: str) -> _Place:
        """An item (`[0]`) or a value (`.key`) of the list or map that is here."""
        return _Place(self.structure, self.field, self.path + suffix, self.plain)


class _Decoder:
    """One walk over an object and its schema. Like Go's decoder it goes on after a wrong type and
    reports the first."""

    _omits_empty = True

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self.unknown: list[str] = []
        self.wrong_type = ""
        self.conversion = ""

    def top(self, resource: ResourceType, obj: Object) -> Object:
        component = self._definitions.component(resource.schema)
        name = go_types.short_name(resource.schema)
        return self._structure(name, component, obj, _Place(name))

    def _structure(self, name: str, schema: Schema, value: Object, place: _Place) -> Object:
        properties = schema["properties"]
        required = schema.get("required", ())
        result: Object = {}
        for field, child in value.items():
            member = place.member(name, field)
            if field not in properties:
                self.unknown.append(member.path)
            elif child is not None:
                decoded = self._value(properties[field], child, member)
                if decoded or field in required or not self._is_omitted(properties[field], decoded):
                    result[field] = decoded
        if place.plain.partition(".")[0] == "status" and self._omits_empty:
            self._complete(result, properties, required)
        return result

    def _complete(self, status: Object, properties: Schema, required: Sequence[str]) -> None:
        """Nobody checks a status that a client writes. What it leaves out is written as zero, like every
        field that is not optional."""
        for name in required:
            resolved = self._definitions.resolve(properties[name])
            if name not in status and resolved.get("type") in ("string", "integer", "boolean"):
                status[name] = scalars.zero(reference(properties[name]), resolved)

    def _is_omitted(self, schema: Schema, empty: Any) -> bool:
        """Empty lists and maps are not stored, empty structures (`emptyDir: {}`) and zeros are."""
        if not self._omits_empty:
            return False
        if isinstance(empty, dict):
            return "additionalProperties" in self._definitions.resolve(schema)
        return isinstance(empty, list)

    def _value(self, schema: Schema, value: Any, place: _Place) -> Any:
        resolved = self._definitions.resolve(schema)
        if value is None:
            return scalars.zero(reference(schema), resolved) if self._is_typed(place) else None
        match resolved, value:
            case {"properties": _}, dict():
                name = reference(schema)
                structure = go_types.short_name(name) if name else place.structure
                return self._structure(structure, resolved, value, place)
            case {"type": "array", "items": items}, list():
                return [
                    self._value(items, item, place.entry(f"[{index}]")) for index, item in enumerate(value)
                ]
            case {"additionalProperties": dict(values)}, dict():
                return {key: self._value(values, item, place.entry(f".{key}")) for key, item in value.items()}
        return self._leaf(schema, value, place)

    def _is_typed(self, place: _Place) -> bool:
        """Whether the decoder knows the Go type here: of a null in a list it makes the zero value."""
        return bool(place.structure)

    def _leaf(self, schema: Schema, value: Any, place: _Place) -> Any:
        """A value that the walk does not enter: a scalar, an open structure, or a wrong type."""
        match self._definitions.resolve(schema).get("type"):
            case "object" if isinstance(value, dict):
                return value
            case "object" | "array":
                return self._report(schema, value, place)
        return self._scalar(schema, value, place)

    def _scalar(self, schema: Schema, value: Any, place: _Place) -> Any:
        decode_self = scalars.SELF_DECODING.get(reference(schema) or "")
        resolved = self._definitions.resolve(schema)
        if decode_self:
            decoded, fault = decode_self(value)
        elif scalars.fits(resolved, value):
            decoded, fault = value, scalars.format_fault(resolved, value)
        else:
            return self._report(schema, value, place)
        self.wrong_type = self.wrong_type or fault
        return decoded

    def _report(self, schema: Schema, value: Any, place: _Place) -> Any:
        wanted = go_types.go_type(place.structure, place.field, schema)
        got = scalars.json_word(value, into_integer=wanted in ("int32", "int64"))
        target = f"Go struct field {place.structure}.{place.plain} of type {wanted}"
        if not self.wrong_type:
            self.wrong_type = f"json: cannot unmarshal {got} into {target}"
            self.conversion = go_types.conversion_fault(value, wanted)
        return value


class _CustomDecoder(_Decoder):
    """Custom resources: only the metadata is typed, wrong types elsewhere are found by validation,
    and what is empty stays."""

    _omits_empty = False

    def _is_typed(self, place: _Place) -> bool:
        return place.plain == "metadata" or place.plain.startswith("metadata.")

    def _scalar(self, schema: Schema, value: Any, place: _Place) -> Any:
        return super()._scalar(schema, value, place) if self._is_typed(place) else value

    def _report(self, schema: Schema, value: Any, place: _Place) -> Any:
        return super()._report(schema, value, place) if self._is_typed(place) else value
