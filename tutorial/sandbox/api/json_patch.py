"""JSON merge patch (RFC 7386) and JSON patch (RFC 6902). Called by `tutorial.sandbox.api.patching`."""

from __future__ import annotations

from typing import Any


class JsonPatchError(Exception):
    """The patch cannot be applied; the message says which operation and why."""


def merge_patch(target: Any, patch: Any) -> Any:
    """`target` with `patch` merged in; null takes a key out. May share parts of both."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def json_patch(document: Any, operations: list[Any]) -> Any:
    """`document` after all operations, in order. Changes `document`: pass a copy.

    Raises:
        JsonPatchError: an operation is malformed, its path is missing, or its test fails.
    """
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise JsonPatchError("each operation needs an op and a path")
        document = _apply(document, operation)
    return document


def _apply(document: Any, operation: dict[str, Any]) -> Any:
    path = operation["path"]
    match operation.get("op"):
        case "add":
            return _put(document, path, _value(operation), insert=True)
        case "replace":
            _get(document, path)
            return _put(document, path, _value(operation), insert=False)
        case "remove":
            return _remove(document, path)
        case "move":
            value = _get(document, _source(operation))
            return _put(_remove(document, _source(operation)), path, value, insert=True)
        case "copy":
            return _put(document, path, _copied(_get(document, _source(operation))), insert=True)
        case "test":
            if _get(document, path) != operation.get("value"):
                raise JsonPatchError(f"testing value {path} failed")
            return document
        case other:
            raise JsonPatchError(f"Unexpected kind: {other}")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise JsonPatchError(f"{operation['op']} operation at {operation['path']} needs a value")
    return operation["value"]


def _source(operation: dict[str, Any]) -> str:
    source = operation.get("from")
    if not isinstance(source, str):
        raise JsonPatchError(f"{operation['op']} operation at {operation['path']} needs a from")
    return source


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(child) for key, child in value.items()}
    return [_copied(child) for child in value] if isinstance(value, list) else value


def _tokens(path: str) -> list[str]:
    if not path:
        return []
    if not path.startswith("/"):
        raise JsonPatchError(f"path {path} does not start with a slash")
    return [token.replace("~1", "/").replace("~0", "~") for token in path[1:].split("/")]


def _get(document: Any, path: str) -> Any:
    node = document
    for token in _tokens(path):
        node = _child(node, token, path)
    return node


def _child(node: Any, token: str, path: str) -> Any:
    if isinstance(node, dict) and token in node:
        return node[token]
    if isinstance(node, list):
        return node[_index(node, token, path, end=len(node) - 1)]
    raise JsonPatchError(f"path does not exist: {path}")


def _index(items: list[Any], token: str, path: str, *, end: int) -> int:
    if token == "-" and end == len(items):
        return end
    if not token.isdecimal() or int(token) > end:
        raise JsonPatchError(f"no such index: {path}")
    return int(token)


def _put(document: Any, path: str, value: Any, *, insert: bool) -> Any:
    tokens = _tokens(path)
    if not tokens:
        return value
    parent = document
    for token in tokens[:-1]:
        parent = _child(parent, token, path)
    last = tokens[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and insert:
        parent.insert(_index(parent, last, path, end=len(parent)), value)
    elif isinstance(parent, list):
        parent[_index(parent, last, path, end=len(parent) - 1)] = value
    else:
        raise JsonPatchError(f"path does not exist: {path}")
    return document


def _remove(document: Any, path: str) -> Any:
    tokens = _tokens(path)
    if not tokens:
        raise JsonPatchError("the whole document cannot be removed")
    _get(document, path)
    parent = document
    for token in tokens[:-1]:
        parent = _child(parent, token, path)
    if isinstance(parent, list):
        del parent[int(tokens[-1])]
    else:
        del parent[tokens[-1]]
    return document
