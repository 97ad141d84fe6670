"""What the API asks about kinds: decoding, defaults, checks, patch rules, OpenAPI documents.

`Schemas` is made once by the supervisor; `tutorial.sandbox.api` is its user. The work is done by
the modules beside this one; the file of definitions is read at the first need of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import ENDPOINTS, ResourceType
from tutorial.sandbox.schemas import advice, custom, defaults, openapi, semantics, typed_value
from tutorial.sandbox.schemas.decoding import decode
from tutorial.sandbox.schemas.definitions import Definitions
from tutorial.sandbox.schemas.errors import FieldError
from tutorial.sandbox.schemas.fields import Field, field_at

ENDPOINTS_WARNING = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"


class Schemas:
    """All that is known of the kinds in `tutorial.sandbox.resources`."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._documents = openapi.Documents(definitions)

    @classmethod
    def load(cls) -> Schemas:
        """The schemas of this installation. The file is read at the first need.

        Raises (at the first need):
            SandboxError: the package was not built.
        """
        return cls(Definitions())

    def decode_strict(
        self, resource: ResourceType, obj: Object, mode: str, repeated: Sequence[str] = ()
    ) -> tuple[Object, list[str]]:
        """An object as the server understands it: a copy without nulls, empty lists and unknown
        fields, and the warnings to send.

        Args:
            mode: `fieldValidation`: `Strict` refuses unknown and repeated fields, `Warn` warns,
                `Ignore` is silent.
            repeated: paths of the fields that the document had twice.

        Raises:
            DecodingError: 400 BadRequest: a wrong type, or such a field in `Strict` mode.
        """
        return decode(self._definitions, resource, obj, mode, repeated)

    def typing_faults(self, resource: ResourceType, obj: Object) -> list[str]:
        """What server-side apply finds wrong with a configuration before it merges it, each with its
        path: wrong types, unknown fields, items of a list with the same or without keys."""
        return typed_value.faults(self._definitions, resource.schema, obj)

    def default(self, resource: ResourceType, obj: Object) -> Object:
        """A copy with every default of its kind filled in. Addresses are the API's to give."""
        return defaults.default(resource, obj)

    def prepare_update(self, resource: ResourceType, old: Object, new: Object) -> Object:
        """A copy of the new object with what an update keeps of the old one or loses with a change
        of type (a Service's addresses); to be called before `default`."""
        return defaults.prepare_update(resource, old, new)

    def validate_create(self, resource: ResourceType, obj: Object) -> list[FieldError]:
        """The faults of a defaulted object, in the server's order; `errors.invalid` makes the answer."""
        return [*self._custom(resource, obj), *semantics.validate_create(resource, obj)]

    def validate_update(self, resource: ResourceType, old: Object, new: Object) -> list[FieldError]:
        """As `validate_create`, and what may not change. Both are whole, defaulted objects."""
        return [*self._custom(resource, new), *semantics.validate_update(resource, old, new)]

    def _custom(self, resource: ResourceType, obj: Object) -> list[FieldError]:
        return custom.validate(self._definitions.component(resource.schema), obj) if resource.custom else []

    def warnings(self, resource: ResourceType) -> list[str]:
        """The texts of the Warning headers that every answer about this kind carries."""
        return [ENDPOINTS_WARNING] if resource == ENDPOINTS else []

    def advice(self, resource: ResourceType, obj: Object) -> list[str]:
        """The warnings about one valid object: settings that have no effect, or soon none."""
        return list(advice.advice(resource, obj))

    def field(self, resource: ResourceType, path: Sequence[str]) -> Field | None:
        """What is known of a field, None when the kind has none there.

        Args:
            path: property names from the top; list items and map values are entered without a name
                of their own: `("spec", "ports")` is the list, `("spec", "ports", "port")` a field of
                its items.
        """
        return field_at(self._definitions, resource, path)

    def list_map_keys(self, resource: ResourceType, path: Sequence[str]) -> tuple[str, ...]:
        """The keys that tell a list's items apart in server-side apply; none for other lists."""
        field = field_at(self._definitions, resource, path)
        return field.list_map_keys if field else ()

    def openapi_index(self) -> dict[str, Any]:
        """The answer to `/openapi/v3`."""
        return self._documents.index()

    def openapi_v3(self, group_version: str) -> bytes:
        """The document of one group version, as JSON.

        Args:
            group_version: `v1` or `apps/v1`, or as in the index: `api/v1`, `apis/apps/v1`.

        Raises:
            KeyError: no kind is of that group version.
        """
        return self._documents.document(group_version)

    def openapi_v2(self) -> bytes:
        """The document of all kinds in OpenAPI's version 2, as JSON."""
        return self._documents.v2()

    def openapi_v2_protobuf(self) -> bytes:
        """The same as protobuf, as old versions of kubectl want it."""
        return self._documents.v2_protobuf()
