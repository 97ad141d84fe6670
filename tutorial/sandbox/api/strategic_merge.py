"""Strategic merge patch: a merge that knows which lists are merged by which key.

Called by `tutorial.sandbox.api.patching`. Source of the rules: Kubernetes' description of strategic
merge patch; directives `$patch`, `$retainKeys`, `$setElementOrder`, `$deleteFromPrimitiveList`.
"""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.api.errors import bad_request
from tutorial.sandbox.api.field_paths import FieldTypes, Path
from tutorial.sandbox.schemas.go_types import go_text
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]

_DIRECTIVE = "$patch"
_RETAIN = "$retainKeys"
_ORDER = "$setElementOrder/"
_DELETE_ITEMS = "$deleteFromPrimitiveList/"
_GO_LIST = "[]interface {}"
_GO_TYPES = {
    dict: "map[string]interface {}",
    list: _GO_LIST,
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    type(None): "<nil>",
}


def strategic_merge(types: FieldTypes, live: Object, patch: Object) -> Object:
    """`live` with `patch` merged in. May change and share parts of both: pass copies.

    Raises:
        ApiError: 500: an item of the patch lacks its merge key; 400: a directive is unknown.
    """
    return _merge_object(types, (), live, patch)


def _merge_object(types: FieldTypes, names: Path, live: Object, patch: Object) -> Object:
    directive = patch.pop(_DIRECTIVE, None)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"Unknown patch type found: {directive}")
    if _RETAIN in patch:
        retained = patch.pop(_RETAIN)
        live = {key: value for key, value in live.items() if key in retained}
    before = dict(live)
    for key, value in patch.items():
        if key.startswith(_DELETE_ITEMS):
            name = key.removeprefix(_DELETE_ITEMS)
            live[name] = [item for item in live.get(name) or [] if item not in value]
        elif not key.startswith(_ORDER):
            _merge_field(types, (*names, key), live, key, value)
    for key, order in patch.items():
        if key.startswith(_ORDER):
            name = key.removeprefix(_ORDER)
            if isinstance(live.get(name), list):
                merge_key = _merge_key(types, (*names, name))
                live[name] = _ordered(live[name], order, before.get(name) or [], merge_key)
    return live


def _merge_key(types: FieldTypes, names: Path) -> str | None:
    field = types.at(names)
    return field.merge_key if field else None


def _merge_field(types: FieldTypes, names: Path, live: Object, key: str, value: Any) -> None:
    if value is None:
        live.pop(key, None)
        return
    field = types.at(names) if isinstance(value, dict | list) else None
    strategies = field.patch_strategies if field else ()
    if isinstance(value, dict):
        present = live.get(key)
        if not isinstance(present, dict) or "replace" in strategies:
            present = {}
        live[key] = _merge_object(types, names, present, value)
    elif isinstance(value, list) and "merge" in strategies:
        present = live.get(key)
        live[key] = _merge_list(types, names, present if isinstance(present, list) else [], value)
    else:
        live[key] = value


def _merge_list(types: FieldTypes, names: Path, live: list[Any], patch: list[Any]) -> list[Any]:
    _require_one_type([*live, *patch])
    merge_key = _merge_key(types, names)
    if merge_key is None or not any(isinstance(item, dict) for item in patch):
        merged = [*live, *(item for item in patch if item not in live)]
        return _ordered(merged, patch, live, None)
    if any(item.get(_DIRECTIVE) == "replace" for item in patch):
        return [item for item in patch if _DIRECTIVE not in item]
    result = list(live)
    for item in patch:
        if merge_key not in item:
            message = f"map: {go_text(item)} does not contain declared merge key: {merge_key}"
            raise ApiError(500, "", message)
        places = [i for i, present in enumerate(result) if present.get(merge_key) == item[merge_key]]
        if item.get(_DIRECTIVE) == "delete":
            result = [present for i, present in enumerate(result) if i not in places]
        elif places:
            result[places[0]] = _merge_object(types, names, result[places[0]], item)
        else:
            result.append(_merge_object(types, names, {}, item))
    return _ordered(result, patch, live, merge_key)


def _require_one_type(items: list[Any]) -> None:
    """Lists that are merged hold values of one type, and no lists."""
    found = [_GO_TYPES[type(item)] for item in items]
    if found and found[0] == _GO_LIST:
        raise ApiError(422, "Invalid", "lists of lists are not supported", details={})
    other = next((one for one in found if one != found[0]), None)
    if other is not None:
        raise ApiError(500, "", f"list element types are not identical: {found[0]} {other}")


def _ordered(items: list[Any], wanted: list[Any], before: list[Any], merge_key: str | None) -> list[Any]:
    """The wanted items in the wanted order. Each other item stays before the wanted ones that it
    stood before; new ones come before what is left."""

    def identity(item: Any) -> Any:
        return item.get(merge_key) if isinstance(item, dict) and merge_key else item

    order = [identity(item) for item in wanted]
    places = [identity(item) for item in before]
    listed = sorted((i for i in items if identity(i) in order), key=lambda i: order.index(identity(i)))
    others = [item for item in items if identity(item) not in order]
    result = []
    for item in listed:
        place = places.index(identity(item)) if identity(item) in places else -1
        while others and places.index(identity(others[0])) < place:
            result.append(others.pop(0))
        result.append(item)
    return result + others
