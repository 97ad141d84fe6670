"""The kinds' schemas: decoding, defaults, checks, patch rules and OpenAPI documents (`Schemas`)."""

from tutorial.sandbox.schemas.catalog import Schemas
from tutorial.sandbox.schemas.decoding import DecodingError
from tutorial.sandbox.schemas.definitions import Definitions
from tutorial.sandbox.schemas.errors import FieldError, invalid
from tutorial.sandbox.schemas.fields import Field

__all__ = ["DecodingError", "Definitions", "Field", "FieldError", "Schemas", "invalid"]
