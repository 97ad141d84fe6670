"""The files of a pod beside the host's programs: its own /etc, certificates, volumes.

Called by `pod_worker`, and by whoever makes a pod that the API does not know (`system_files`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tutorial.sandbox.node.environment import object_texts, pod_field
from tutorial.sandbox.node.failures import ContainerFault
from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import CONFIG_MAP, SECRET, ResourceType
from tutorial.sandbox.status import ApiError

BUNDLE_IN_POD = "/etc/ssl/certs/ca-certificates.crt"
_BUNDLE_LINKS = (
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
)
"""Where Debian, SUSE, Fedora and Alpine programs look for trusted certificates."""

_PLACEHOLDER_TOKEN = "sandbox-token-not-accepted-by-the-api-server"


@dataclass(frozen=True)
class PodSettings:
    """What all pods of a sandbox have in common.

    Attributes:
        dns_address: the cluster DNS's address.
        ca_bundle: a host file of trusted certificates that pods see as their system's; None for none.
        root_ca: the API server's CA (PEM), for the service account folder.
    """

    dns_address: str = "10.96.0.10"
    ca_bundle: Path | None = None
    root_ca: str = ""


@dataclass
class PodFiles:
    """Texts and links in a pod's root, by absolute path."""

    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


def system_files(hostname: str, address: str, namespace: str, settings: PodSettings) -> PodFiles:
    """A pod's own /etc: users, hosts, resolver, certificates."""
    search = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
    result = PodFiles(
        {
            "/etc/passwd": "root:x:0:0:root:/:/bin/sh\nistio-proxy:x:1337:1337::/:/bin/false\n"
            "nobody:x:65534:65534:nobody:/:/bin/false\n",
            "/etc/group": "root:x:0:\ntty:x:5:\nistio-proxy:x:1337:\nnogroup:x:65534:\n",
            "/etc/hostname": f"{hostname}\n",
            "/etc/hosts": "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost\n"
            f"{address}\t{hostname}\n",
            "/etc/resolv.conf": f"search {search}\nnameserver {settings.dns_address}\noptions ndots:5\n",
            "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        }
    )
    if settings.ca_bundle is not None:
        result.links = dict.fromkeys(_BUNDLE_LINKS, BUNDLE_IN_POD)
    return result


class PodFilesBuilder:
    """Puts one pod's files together. `build` raises ContainerFault."""

    def __init__(self, pod: Object, address: str, settings: PodSettings, objects: Objects) -> None:
        self._pod = pod
        self._settings = settings
        self._objects = objects
        meta, spec = pod["metadata"], pod["spec"]
        hostname = spec.get("hostname") or meta["name"]
        self._result = system_files(hostname, address, meta["namespace"], settings)
        self._placed: dict[str, str] = {}

    def build(self) -> PodFiles:
        """All files of the pod: its system's and its volumes'.

        Raises:
            ContainerFault: a volume names an object that is not there, or is of a type that the
                sandbox does not have.
        """
        spec = self._pod["spec"]
        volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
        for container in [*spec.get("initContainers", ()), *spec["containers"]]:
            for mount in container.get("volumeMounts", ()):
                self._place(mount, volumes[mount["name"]])
        return self._result

    def _place(self, mount: Object, volume: Object) -> None:
        """A volume is a folder where it is mounted first, and a link to it wherever else."""
        path = mount["mountPath"].rstrip("/") or "/"
        first = self._placed.setdefault(volume["name"], path)
        if first != path:
            if path not in self._placed.values():
                self._result.links[path] = first
            return
        if not mount.get("subPath"):
            self._result.files[f"{path}/"] = ""
        for name, text in self._volume_files(volume).items():
            if mount.get("subPath") in (None, name):
                target = path if mount.get("subPath") else f"{path}/{name}"
                self._result.files[target] = text

    def _volume_files(self, volume: Object) -> dict[str, str]:
        if "emptyDir" in volume:
            return {}
        if "projected" in volume:
            files: dict[str, str] = {}
            for source in volume["projected"].get("sources", ()):
                files |= self._volume_files(source)
            return files
        if "serviceAccountToken" in volume:
            return {volume["serviceAccountToken"]["path"]: _PLACEHOLDER_TOKEN}
        if "downwardAPI" in volume:
            items = volume["downwardAPI"].get("items", ())
            paths = {item["path"]: item.get("fieldRef", {}).get("fieldPath", "") for item in items}
            return {path: pod_field(self._pod, wanted, "") for path, wanted in paths.items()}
        if "configMap" in volume:
            return self._object_files(CONFIG_MAP, volume["configMap"], volume["configMap"]["name"])
        if "secret" in volume:
            source = volume["secret"]
            return self._object_files(SECRET, source, source.get("secretName") or source["name"])
        kinds = ", ".join(sorted(set(volume) - {"name"}))
        name = volume.get("name", "projected")
        raise ContainerFault("FailedMount", f'volume "{name}": the sandbox has no volumes of type {kinds}')

    def _object_files(self, resource: ResourceType, source: Object, name: str) -> dict[str, str]:
        if name == "kube-root-ca.crt":
            return {"ca.crt": self._settings.root_ca}
        try:
            data = object_texts(self._objects.get(resource, self._pod["metadata"]["namespace"], name))
        except ApiError as error:
            if source.get("optional"):
                return {}
            raise ContainerFault("FailedMount", error.message) from error
        if "items" in source:
            return {item["path"]: data[item["key"]] for item in source["items"] if item["key"] in data}
        return data
