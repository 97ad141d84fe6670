"""The pods that a command's manifests make: from its heredocs and the files that it names. Pure.

Used by `tutorial.preflight.requirements`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tutorial.steps.commands import heredocs
from tutorial.steps.kubectl_calls import kubectl_calls

ReadFile = Callable[[str], str]
"""The text of a file that a command names, values filled in; empty when there is none."""


@dataclass(frozen=True)
class Workload:
    """A manifest that makes pods. `template` is the pod's own part of it."""

    namespace: str
    kind: str
    name: str
    template: Mapping[str, Any]
    replicas: int = 1

    @property
    def spec(self) -> Mapping[str, Any]:
        return mapping(self.template.get("spec"))

    @property
    def labels(self) -> Mapping[str, Any]:
        return mapping(mapping(self.template.get("metadata")).get("labels"))

    @property
    def annotations(self) -> Mapping[str, Any]:
        return mapping(mapping(self.template.get("metadata")).get("annotations"))

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """Its init containers and its containers."""
        listed = (self.spec.get("initContainers"), self.spec.get("containers"))
        return [mapping(each) for some in listed if isinstance(some, list) for each in some]


def workloads_of(command: str, namespace: str, read_file: ReadFile) -> Iterator[Workload]:
    """The workloads that `command` sends, `namespace` being the one that is meant without `-n`. Its
    variables are filled in already."""
    for call in kubectl_calls(command):
        for path in call.files if call.words[:1] != ("delete",) else ():
            texts = heredocs(command) if path == "-" else [read_file(path)]
            for manifest in (each for text in texts for each in _manifests(text)):
                workload = _workload(manifest, call.namespace or namespace)
                if workload is not None:
                    yield workload


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one: manifests may hold anything."""
    return value if isinstance(value, dict) else {}


def _manifests(text: str) -> Iterator[Mapping[str, Any]]:
    import yaml

    try:
        for document in yaml.safe_load_all(text):
            if isinstance(document, dict):
                yield document
    except (yaml.YAMLError, RecursionError, ValueError):
        return  # what cannot be read is kubectl's to refuse


def _workload(manifest: Mapping[str, Any], namespace: str) -> Workload | None:
    """The manifest as a workload, when it makes pods."""
    spec = mapping(manifest.get("spec"))
    if manifest.get("kind") == "CronJob":
        spec = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    template = manifest if manifest.get("kind") == "Pod" else mapping(spec.get("template"))
    if not mapping(template.get("spec")).get("containers"):
        return None
    metadata = mapping(manifest.get("metadata"))
    replicas = spec.get("replicas", 1)
    return Workload(
        namespace=str(metadata.get("namespace") or namespace),
        kind=str(manifest.get("kind")).lower(),
        name=str(metadata.get("name", "")),
        template=template,
        replicas=replicas if isinstance(replicas, int) else 1,
    )
