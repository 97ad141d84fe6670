"""Checks of every object's metadata: names, labels, annotations, owners, finalizers."""

from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.errors import FieldError, forbidden, invalid_value, required, too_long
from tutorial.sandbox.schemas.semantics.names import Rule, labels, named, qualified_name

_ANNOTATIONS_LIMIT = 256 * 1024
_OWNER_FIELDS = ("apiVersion", "kind", "name", "uid")
_PLAIN_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")


def validate(obj: Object, name_rule: Rule) -> Iterator[FieldError]:
    """The faults of an object's metadata; `name_rule` is its kind's rule for names."""
    metadata = obj.get("metadata", {})
    prefix = metadata.get("generateName", "")
    if prefix:
        yield from named("metadata.generateName", prefix, lambda text: name_rule(text.rstrip("-") or text))
    name = metadata.get("name", "")
    if name:
        yield from named("metadata.name", name, name_rule)
    else:
        yield required("metadata.name", "name or generateName is required")
    yield from labels("metadata.labels", metadata.get("labels", {}))
    yield from annotation_set("metadata.annotations", metadata.get("annotations", {}))
    yield from _owners(metadata.get("ownerReferences", ()))
    for finalizer in metadata.get("finalizers", ()):
        yield from _finalizer(finalizer)


def annotation_set(field: str, values: dict[str, str]) -> Iterator[FieldError]:
    """The keys of annotations, and their size in all."""
    for key in sorted(values):
        yield from named(field, key, lambda text: qualified_name(text.lower()))
    if sum(len(key.encode()) + len(value.encode()) for key, value in values.items()) > _ANNOTATIONS_LIMIT:
        yield too_long(field, _ANNOTATIONS_LIMIT)


def _owners(owners: Any) -> Iterator[FieldError]:
    for owner in owners:
        for name in _OWNER_FIELDS:
            if not owner.get(name):
                detail = "version must not be empty" if name == "apiVersion" else "must not be empty"
                yield invalid_value(f"metadata.ownerReferences.{name}", "", detail)
    if sum(1 for owner in owners if owner.get("controller")) > 1:
        detail = "Only one reference can have Controller set to true."
        yield invalid_value("metadata.ownerReferences", owners, detail)


def _finalizer(finalizer: str) -> Iterator[FieldError]:
    yield from named("metadata.finalizers", finalizer, qualified_name)


def qualified_finalizers(obj: Object) -> Iterator[FieldError]:
    """Kubernetes' own kinds want the finalizers of others with their domain."""
    for index, finalizer in enumerate(obj.get("metadata", {}).get("finalizers", ())):
        if "/" not in finalizer and finalizer not in _PLAIN_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value(f"metadata.finalizers[{index}]", finalizer, detail)


def validate_update(old: Object, new: Object) -> Iterator[FieldError]:
    """No finalizer may be added to an object that is being deleted."""
    if "deletionTimestamp" not in old["metadata"]:
        return
    before = old["metadata"].get("finalizers", ())
    added = [f for f in new["metadata"].get("finalizers", ()) if f not in before]
    if added:
        shown = ", ".join(f'"{finalizer}"' for finalizer in added)
        detail = (
            f"no new finalizers can be added if the object is being deleted, found new finalizers [{shown}]"
        )
        yield forbidden("metadata.finalizers", detail)
