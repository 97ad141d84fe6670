"""Puts the sidecar into manifests, as `istioctl kube-inject` does: pod templates only, on the client.

Called by `__main__`. The sidecar is the one that the sandbox's automatic injection adds, from the
same code. Labels of namespaces are not asked; a pod's own wish to have none is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from tutorial.sandbox.mesh.injection import accepts_sidecar, has_sidecar, inject
from tutorial.sandbox.mesh.workload import Workload
from tutorial.sandbox.ports import Object

DEFAULT_NAMESPACE = "default"

_TEMPLATES = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "Pod": (),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}
_HEADER = "# With the sidecar of egress-tutorial's sandbox, for use in that sandbox only.\n"


def inject_manifests(text: str, report: Callable[[str], object]) -> str:
    """The documents of `text` with a sidecar in every pod that takes one.

    Args:
        text: YAML or JSON; several documents are divided by `---`.
        report: is told of each pod that is left as it is, and why.

    Raises:
        ValueError: it is no YAML, or a document is not an object.
    """
    try:
        documents = [document for document in yaml.load_all(text, _Loader) if document is not None]
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML: {error}") from None
    for document in documents:
        if not isinstance(document, dict):
            raise ValueError("a document in it is not an object")
        for item in _objects(document):
            _inject_object(item, report)
    return _HEADER + "---\n".join(_written(document) for document in documents)


def _objects(document: Object) -> Iterator[Object]:
    """The document, or the objects of a List."""
    items = document.get("items")
    if str(document.get("kind")).endswith("List") and isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))
    else:
        yield document


def _inject_object(item: Object, report: Callable[[str], object]) -> None:
    path = _TEMPLATES.get(str(item.get("kind")))
    if path is None:
        return
    pod: Any = item
    for key in path:
        pod = pod.get(key) if isinstance(pod, dict) else None
    workload = _workload(item)
    name = f"{workload.kind}/{workload.name}"
    if not isinstance(pod, dict) or not _has_containers(pod):
        report(f"{name}: left as it is; it has no containers")
        return
    namespace = str(_metadata(item).get("namespace") or DEFAULT_NAMESPACE)
    candidate = {**pod, "metadata": _metadata(pod)}
    if has_sidecar(candidate):
        report(f"{name}: left as it is; it has a sidecar already")
    elif not accepts_sidecar(candidate, namespace):
        report(f"{name}: left as it is; it asks for no sidecar, or cannot have one")
    else:
        pod.update(inject(candidate, namespace=namespace, workload=workload))


def _workload(item: Object) -> Workload:
    metadata = _metadata(item)
    name = metadata.get("name") or str(metadata.get("generateName", "")).rstrip("-")
    return Workload(str(item.get("apiVersion", "v1")), str(item["kind"]), str(name))


def _metadata(item: Object) -> Object:
    metadata = item.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _has_containers(pod: Object) -> bool:
    """Whether the pod has containers with names, which injection needs; the API server says the rest."""
    spec = pod.get("spec")
    if not isinstance(spec, dict) or not spec.get("containers"):
        return False
    containers = [spec["containers"], spec.get("initContainers") or []]
    return all(isinstance(some, list) and all(map(_is_named, some)) for some in containers)


def _is_named(container: object) -> bool:
    return isinstance(container, dict) and "name" in container


class _Loader(yaml.SafeLoader):
    """Reads plain words as kubectl does: no dates, and no numbers to base 60."""


class _Dumper(yaml.SafeDumper):
    """Writes texts so that every reader of YAML takes them for texts, and nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (the form of yaml's method)
        return True


_NUMBERS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)\Z"),
    "tag:yaml.org,2002:float": re.compile(
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z"
    ),
}
_NOT_KUBECTLS = {*_NUMBERS, "tag:yaml.org,2002:timestamp"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_KUBECTLS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern in _NUMBERS.items():
    _Loader.add_implicit_resolver(_tag, _pattern, list("-+.0123456789"))

_WORD = re.compile(r"[A-Za-z/][A-Za-z0-9/._-]*\Z")
_BOOLEANS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Only words that can be nothing else go without quotes."""
    plain = _WORD.match(text) and text.lower() not in _BOOLEANS
    style = None if plain else "|" if "\n" in text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _written(document: Object) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 16)
