"""A container's environment and command, as its spec says.

Called by the kubelet's parts. Nothing of the supervisor's own environment passes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from tutorial.sandbox.node.failures import ContainerFault, no_image
from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import CONFIG_MAP, SECRET, ResourceType
from tutorial.sandbox.status import ApiError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KUBERNETES_ADDRESS = "10.96.0.1"

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][\w.-]*)\)")


def object_texts(obj: Object) -> dict[str, str]:
    """A config map's or secret's values; bytes that are no text keep their value as surrogates."""
    texts: dict[str, str] = {}
    plain = obj["kind"] == "ConfigMap"
    for name, value in obj.get("data", {}).items():
        texts[name] = value if plain else base64.b64decode(value).decode(errors="surrogateescape")
    for name, value in obj.get("binaryData", {}).items():
        texts[name] = base64.b64decode(value).decode(errors="surrogateescape")
    return texts


def container_env(pod: Object, container: Object, address: str, objects: Objects) -> dict[str, str]:
    """A container's environment. Raises ContainerFault when it refers to something missing."""
    server = f"tcp://{KUBERNETES_ADDRESS}:443"
    env = {
        "PATH": PATH,
        "HOSTNAME": pod["spec"].get("hostname") or pod["metadata"]["name"],
        "HOME": "/",
        "KUBERNETES_SERVICE_HOST": KUBERNETES_ADDRESS,
        "KUBERNETES_SERVICE_PORT": "443",
        "KUBERNETES_SERVICE_PORT_HTTPS": "443",
        "KUBERNETES_PORT": server,
        "KUBERNETES_PORT_443_TCP": server,
        "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
        "KUBERNETES_PORT_443_TCP_PORT": "443",
        "KUBERNETES_PORT_443_TCP_ADDR": KUBERNETES_ADDRESS,
    }
    for source in container.get("envFrom", ()):
        resource, key = (CONFIG_MAP, "configMapRef") if "configMapRef" in source else (SECRET, "secretRef")
        values = _referred(resource, source[key], pod, objects) or {}
        env |= {source.get("prefix", "") + name: value for name, value in values.items()}
    for entry in container.get("env", ()):
        value = _env_value(entry, pod, container, address, objects)
        if value is not None:
            env[entry["name"]] = expand(value, env)
    return env


def _env_value(entry: Object, pod: Object, container: Object, address: str, objects: Objects) -> str | None:
    origin = entry.get("valueFrom")
    if not origin:
        return str(entry.get("value", ""))
    if "fieldRef" in origin:
        return pod_field(pod, origin["fieldRef"]["fieldPath"], address)
    for key, resource in (("configMapKeyRef", CONFIG_MAP), ("secretKeyRef", SECRET)):
        if key not in origin:
            continue
        reference = origin[key]
        values = _referred(resource, reference, pod, objects)
        if values is None or reference["key"] in values:
            return values[reference["key"]] if values else None
        if reference.get("optional"):
            return None
        where = f"{resource.kind} {pod['metadata']['namespace']}/{reference['name']}"
        raise ContainerFault("CreateContainerConfigError", f"couldn't find key {reference['key']} in {where}")
    resources = container.get("resources", {})
    section, _, name = origin.get("resourceFieldRef", {}).get("resource", "").partition(".")
    return str(resources.get(section, {}).get(name, "0"))


def _referred(
    resource: ResourceType, reference: Object, pod: Object, objects: Objects
) -> Mapping[str, str] | None:
    try:
        return object_texts(objects.get(resource, pod["metadata"]["namespace"], reference["name"]))
    except ApiError as error:
        if reference.get("optional"):
            return None
        message = f'{resource.singular} "{reference["name"]}" not found'
        raise ContainerFault("CreateContainerConfigError", message) from error


def pod_field(pod: Object, path: str, address: str) -> str:
    """The downward API's fields."""
    meta, spec = pod["metadata"], pod["spec"]
    match = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if match:
        return str(meta.get(match[1], {}).get(match[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        values = meta.get(path.removeprefix("metadata."), {})
        return "\n".join(f'{name}="{values[name]}"' for name in sorted(values))
    fields: dict[str, Any] = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta["uid"],
        "spec.nodeName": spec.get("nodeName"),
        "spec.serviceAccountName": spec.get("serviceAccountName"),
        "status.podIP": address,
        "status.podIPs": address,
        "status.hostIP": pod.get("status", {}).get("hostIP"),
    }
    return str(fields.get(path) or "")


def container_command(container: Object, env: Mapping[str, str]) -> list[str]:
    """The program and arguments of a container. Raises ContainerFault (ErrImagePull) when only the
    image would know them."""
    words = [*container.get("command", ()), *container.get("args", ())]
    if not words:
        raise no_image(container.get("image", ""))
    return [expand(word, env) for word in words]


def expand(text: str, env: Mapping[str, str]) -> str:
    """Kubernetes' `$(NAME)`; an unknown name stays as it is, `$$` is one dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return env.get(match[1], match[0])

    return _REFERENCE.sub(value, text)
