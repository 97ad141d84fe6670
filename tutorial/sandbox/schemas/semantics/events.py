"""Checks of Events."""

from collections.abc import Iterator

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.errors import FieldError, invalid_value


def validate_event(event: Object) -> Iterator[FieldError]:
    """An Event lies in the namespace of what it is about; of what has none in `default`."""
    namespace = event["metadata"].get("namespace", "")
    involved = event.get("involvedObject", {}).get("namespace", "")
    fits = namespace in ("", "default") if not involved else namespace == involved
    if not fits:
        detail = "does not match event.namespace"
        yield invalid_value("involvedObject.namespace", involved, detail)
