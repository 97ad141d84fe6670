"""Checks of ConfigMaps and Secrets."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas import go_json
from tutorial.sandbox.schemas.errors import FieldError, forbidden, invalid_value, required, too_long
from tutorial.sandbox.schemas.semantics import names

_MAX_BYTES = 1024 * 1024
_NEEDED_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_TOKEN_TYPE = "kubernetes.io/service-account-token"
_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_FROZEN = "field is immutable when `immutable` is set"


def validate_config_map(config_map: Object) -> Iterator[FieldError]:
    """The keys must be usable as file names, and be there once; all in all 1 MiB."""
    yield from _keys(config_map)
    texts = config_map.get("data", {}).values()
    size = sum(len(text.encode()) for text in texts) + _decoded_size(config_map.get("binaryData", {}))
    if size > _MAX_BYTES:
        yield too_long("[]", _MAX_BYTES)


def validate_secret(secret: Object) -> Iterator[FieldError]:
    """Keys and size, and the keys that a Secret of its type needs."""
    data = secret.get("data", {})
    yield from _keys(secret)
    if _decoded_size(data) > _MAX_BYTES:
        yield too_long("data", _MAX_BYTES)
    for key in _NEEDED_KEYS.get(secret.get("type", ""), ()):
        if key not in data:
            yield required(f"data[{key}]")
        elif key.startswith(".docker"):
            yield from _docker_configuration(f"data[{key}]", data[key])
    yield from _token_owner(secret)
    if secret.get("type") == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        yield required("data[username]")
        yield required("data[password]")


def _docker_configuration(field: str, packed: str) -> Iterator[FieldError]:
    try:
        go_json.loads(base64.b64decode(packed))
    except go_json.GoSyntaxError as error:
        yield invalid_value(field, "<secret contents redacted>", str(error))


def _token_owner(secret: Object) -> Iterator[FieldError]:
    """A service account's token names its account."""
    annotations = secret["metadata"].get("annotations", {})
    if secret.get("type") == _TOKEN_TYPE and not annotations.get(_ACCOUNT_NAME):
        yield required(f"metadata.annotations[{_ACCOUNT_NAME}]")


def _keys(obj: Object) -> Iterator[FieldError]:
    for part in ("data", "binaryData"):
        for key in sorted(obj.get(part, {})):
            yield from names.named(f"{part}[{key}]", key, names.config_key)
            if part == "binaryData" and key in obj.get("data", {}):
                yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")


def _decoded_size(values: Mapping[str, str]) -> int:
    return sum(len(text) * 3 // 4 for text in values.values())


def validate_update(old: Object, new: Object) -> Iterator[FieldError]:
    """What is marked immutable stays as it is; a Secret keeps its type."""
    if old.get("type") != new.get("type"):
        yield invalid_value("type", new.get("type", ""), names.IMMUTABLE)
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", _FROZEN)
    for part in ("data", "binaryData"):
        if new.get(part) != old.get(part):
            yield forbidden(part, _FROZEN)
