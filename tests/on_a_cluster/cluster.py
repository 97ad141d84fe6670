"""The cluster that these tests run on, and what is in it.

It is a sandbox's API server, reached by a copy of its kubeconfig as any cluster is; or the one that
EGRESS_TUTORIAL_TEST_KUBECONFIG (and EGRESS_TUTORIAL_TEST_CONTEXT) names: see docs/testing.md.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from end_to_end.machine import KUBECTL, Machine, wait_until

from tutorial.backends.discovery import Resource, discover
from tutorial.backends.kubeconfig import Access, load_kubeconfig
from tutorial.backends.rest import RestClient

KUBECONFIG = os.environ.get("EGRESS_TUTORIAL_TEST_KUBECONFIG", "")
CONTEXT = os.environ.get("EGRESS_TUTORIAL_TEST_CONTEXT") or None
INJECTION = os.environ.get("EGRESS_TUTORIAL_TEST_INJECTION", "istio-injection=enabled")
"""The label that turns a namespace's injection on."""

PREFIX = "egress-test-"
"""How every namespace of these tests begins."""

_RESTLESS = frozenset({"Event", "Lease", "APIService", "ComponentStatus"})
"""Kinds whose objects change by themselves."""

Snapshot = dict[str, str]
"""Objects by `kind/name@namespace`, each as JSON without what the server owns."""


@dataclass(frozen=True)
class Namespaces:
    """The two namespaces of a run: the first is there before it, the second is made by it."""

    first: str
    plain: str

    @property
    def settings(self) -> tuple[str, ...]:
        return ("--set", f"NAMESPACE={self.first}", "--set", f"PLAIN_NAMESPACE={self.plain}")

    def __contains__(self, name: str) -> bool:
        return name in (self.first, self.plain)


class Cluster:
    """A cluster by its kubeconfig. `is_sandbox`: it is the tests' own, and nobody else changes it."""

    def __init__(self, kubeconfig: Path, context: str | None, folder: Path, *, is_sandbox: bool) -> None:
        self.kubeconfig = kubeconfig
        self.context = context
        self.folder = folder
        self.is_sandbox = is_sandbox
        self.access: Access = load_kubeconfig([kubeconfig]).access(context)
        self._client = RestClient(self.access, os.environ)
        self._resources: tuple[Resource, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the program's command line needs."""
        context = ("--context", self.context) if self.context else ()
        return ("--kubeconfig", str(self.kubeconfig), *context)

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """kubectl against the cluster; its stdout."""
        return self._run([KUBECTL, *self.arguments, *arguments], given)

    def shell(self, command: str) -> str:
        """A line that a person types, with `kubectl` for this cluster; its stdout."""
        words = " ".join(quote(word) for word in (KUBECTL, *self.arguments))
        return self._run(["bash", "-c", f'kubectl() {{ {words} "$@"; }}; {command}'])

    def _run(self, command: Sequence[str], given: str | None = None) -> str:
        done = subprocess.run(
            command,
            env={**os.environ, "KUBECACHEDIR": str(self.folder / "kubectl-cache"), "KUBERC": "off"},
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make_namespaces(self, *labels: str) -> Namespaces:
        """The first namespace, and in it things of somebody else that must stay as they are."""
        mark = secrets.token_hex(3)
        namespaces = Namespaces(f"{PREFIX}{mark}", f"{PREFIX}{mark}-plain")
        self.kubectl("create", "namespace", namespaces.first)
        for label in labels:
            self.kubectl("label", "namespace", namespaces.first, label)
        self.kubectl("apply", "-n", namespaces.first, "-f", "-", given=_BYSTANDERS)
        self._wait_for_defaults(namespaces)
        return namespaces

    def _wait_for_defaults(self, namespaces: Namespaces) -> None:
        """Wait until controllers have put into the namespace what every namespace gets."""
        kinds = ("serviceaccount/default", "configmap/kube-root-ca.crt")
        self.kubectl("wait", "--for=create", *kinds, "-n", namespaces.first, "--timeout=60s")
        seen: list[Snapshot] = []
        while not self.is_sandbox and len(seen) < 2:
            seen = [each for each in seen if each == self.snapshot(namespaces.__contains__)]
            seen.append(self.snapshot(namespaces.__contains__))
            time.sleep(1)

    def remove_namespaces(self, namespaces: Namespaces) -> None:
        self.kubectl("delete", "namespace", namespaces.first, namespaces.plain, "--ignore-not-found")

    def snapshot(self, wanted: Callable[[str], bool] = lambda _: True) -> Snapshot:
        """Every object in the namespaces that are wanted, and these namespaces themselves; in a
        sandbox everything without a namespace, too."""
        self._resources = self._resources or discover(self._client).resources
        found: Snapshot = {}
        for resource in self._resources:
            if "list" in resource.verbs and resource.kind not in _RESTLESS:
                for item in self._list(resource):
                    metadata = item["metadata"]
                    namespace = metadata.get("namespace") or (
                        metadata["name"] if resource.kind == "Namespace" else ""
                    )
                    if self._is_compared(namespace, wanted):
                        name = f"{resource.kind.lower()}/{metadata['name']}"
                        found[f"{name}@{namespace}"] = _without_server_fields(item)
        return found

    def assert_as_before(self, before: Snapshot, wanted: Callable[[str], bool] = lambda _: True) -> None:
        """Wait until every object is as it was: what goes in the background may take a moment."""
        wait_until(lambda: self.snapshot(wanted) == before, 20 if self.is_sandbox else 90)
        now = self.snapshot(wanted)
        changed = {
            name: (before.get(name), now.get(name))
            for name in before | now
            if before.get(name) != now.get(name)
        }
        assert not changed

    def another_client(self) -> Cluster:
        """The same cluster for another thread."""
        return Cluster(self.kubeconfig, self.context, self.folder, is_sandbox=self.is_sandbox)

    def close(self) -> None:
        self._client.close()

    def _is_compared(self, namespace: str, wanted: Callable[[str], bool]) -> bool:
        if self.is_sandbox:
            return not namespace.startswith(PREFIX) or wanted(namespace)
        return namespace.startswith(PREFIX) and wanted(namespace)

    def _list(self, resource: Resource) -> list[dict[str, Any]]:
        response = self._client.request("GET", resource.path())
        if response.status in (403, 404, 405):
            return []
        assert response.status == 200, response.message
        return [item for item in response.json()["items"] if "uid" in item["metadata"]]


@contextmanager
def opened_cluster(folder: Path) -> Iterator[Cluster]:
    """The named cluster, or a sandbox that lives as long."""
    if KUBECONFIG:
        cluster = Cluster(Path(KUBECONFIG).absolute(), CONTEXT, folder, is_sandbox=False)
        yield cluster
        cluster.close()
        return
    machine = Machine(folder / "provider")
    machine.folder.mkdir()
    machine.make()
    done = machine.run("sandbox", "up")
    assert done.returncode == 0, done.stderr
    try:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_bytes((machine.sandboxes / "default" / "kubeconfig").read_bytes())
        cluster = Cluster(kubeconfig, None, folder, is_sandbox=True)
        yield cluster
        cluster.close()
    finally:
        assert machine.run("sandbox", "down").returncode == 0


def _without_server_fields(item: Mapping[str, Any]) -> str:
    metadata = {
        name: value
        for name, value in item["metadata"].items()
        if name not in ("managedFields", "resourceVersion")
    }
    content = {name: value for name, value in item.items() if name != "status"}
    return json.dumps({**content, "metadata": metadata}, sort_keys=True)


_BYSTANDERS = """\
kind: Service
apiVersion: v1
metadata: {name: theirs, labels: {app: theirs}}
spec: {type: ExternalName, externalName: example.org}
---
kind: ConfigMap
apiVersion: v1
metadata: {name: theirs, labels: {app: first}}
data: {theirs: everything}
---
kind: Secret
apiVersion: v1
metadata: {name: theirs, annotations: {made: by hand}}
stringData: {theirs: everything}
"""
