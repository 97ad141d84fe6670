"""Checks of Nodes."""

from collections.abc import Iterator

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.errors import FieldError, duplicate, invalid_value, required, unsupported
from tutorial.sandbox.schemas.semantics import names

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def validate_node(node: Object) -> Iterator[FieldError]:
    """The faults of a Node's taints."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(node.get("spec", {}).get("taints", ())):
        field = f"spec.taints[{index}]"
        key, value, effect = (taint.get(name, "") for name in ("key", "value", "effect"))
        yield from names.named(f"{field}.key", key, names.qualified_name)
        faults = list(names.label_value(value))
        if faults:
            yield invalid_value(f"{field}.value", value, ";".join(faults))
        if not effect:
            yield required(f"{field}.effect")
        elif effect not in _EFFECTS:
            yield unsupported(f"{field}.effect", effect, _EFFECTS)
        if (key, effect) in seen:
            yield duplicate(field, taint)
        seen.add((key, effect))
