"""What the sandbox's parts ask of each other. The supervisor alone wires them together.

Parts meet through watches on `Objects`; the other ports are the few synchronous needs.
Objects are JSON-ready dicts as on the wire and are never changed once handed out: copy first.
Everything but the node agent runs in one asyncio loop in one thread, so plain methods are atomic.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tutorial.sandbox.resources import ResourceType

Object = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One change seen by a watch; `type` is ADDED, MODIFIED, DELETED or (initial list done) SYNCED,
    whose object is empty."""

    type: str
    object: Object


class Watch(Protocol):
    """Changes in order, the present objects first (as ADDED), then one SYNCED, then live.
    Dropping it (`close`) ends it."""

    def __aiter__(self) -> AsyncIterator[Change]: ...

    def close(self) -> None: ...


class Objects(Protocol):
    """The API's own semantics (defaults, validation, admission, owner and finalizer rules) for
    the parts in this process. Raises `tutorial.sandbox.status.ApiError` with the Status that
    kubectl would see (`error.reason` is `NotFound`, `AlreadyExists`, `Conflict`, ...)."""

    def get(self, resource: ResourceType, namespace: str | None, name: str) -> Object: ...

    def list(
        self, resource: ResourceType, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Sequence[Object]:
        """All of them, in every namespace when `namespace` is None; `labels` must all match."""
        ...

    def create(self, resource: ResourceType, namespace: str | None, obj: Object) -> Object: ...

    def update(self, resource: ResourceType, obj: Object) -> Object:
        """Replace all but status. A resourceVersion in `obj` must be the present one."""
        ...

    def update_status(self, resource: ResourceType, obj: Object) -> Object:
        """Replace `status` (and a pod's deletion fields stay as they are)."""
        ...

    def bind(self, pod: Object, node: str) -> Object:
        """Give a pod to a node: the scheduler's write. Raises Conflict when it has one, or is not
        the pod of that uid any more."""
        ...

    def delete(
        self,
        resource: ResourceType,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        grace_seconds: int | None = None,
        propagation: str = "Background",
    ) -> Object:
        """As DELETE on the wire: a pod with grace only gets its deletionTimestamp; with
        `grace_seconds=0` it goes at once."""
        ...

    def watch(self, resource: ResourceType, namespace: str | None = None) -> Watch: ...


class Admission(Protocol):
    """Changes a pod on its way in: sidecar injection."""

    def admit_pod(self, pod: Object, namespace: Object) -> Object:
        """The pod to store: a changed copy, or `pod` itself."""
        ...


Advisor = Callable[[ResourceType, Object], Iterable[str]]
"""What a part will not act on in an object that a client writes, as warnings for that client."""


class ExecSession(Protocol):
    """A command that runs in a container. Descriptors are ours to close; `stdin` is None without
    stdin, `stderr` is None on a TTY, `stdout` is then the terminal's controlling side and `stdin`
    a second descriptor of it."""

    stdin: int | None
    stdout: int
    stderr: int | None

    async def wait(self) -> int:
        """The exit code, 128+n for a signal."""
        ...

    def resize(self, columns: int, rows: int) -> None: ...

    def kill(self) -> None: ...


class PodRuntime(Protocol):
    """What the API needs of the node. Raises ApiError (`BadRequest`, `NotFound`) with the
    kubelet's words for a container that is not there or not running."""

    async def exec(
        self, pod: Object, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> ExecSession: ...

    async def attach(self, pod: Object, container: str, *, stdin: bool) -> ExecSession:
        """The container's own program as a session: `kill` only lets go of it. `stdin` is None where
        the container has none."""
        ...

    async def logs(
        self,
        pod: Object,
        container: str,
        *,
        follow: bool,
        tail: int | None,
        timestamps: bool,
        previous: bool = False,
    ) -> AsyncIterator[bytes]:
        """The container's output, of its previous run with `previous`."""
        ...

    async def dial(self, pod: Object, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to `port` on the pod's loopback (port-forward)."""
        ...


class NetworkPlane(Protocol):
    """What the node gives to the network parts: sockets and rules inside its namespaces."""

    async def listen(self, address: str, port: int, kind: str, pod_uid: str | None = None) -> Any:
        """A bound socket (`kind` is `tcp`, listening, or `udp`) made inside the node's network
        namespace, or inside a pod's."""
        ...

    async def apply_rules(self, batch: bytes, pod_uid: str | None = None) -> None:
        """One atomic nftables netlink batch, in the node's or a pod's network namespace. Raises
        OSError with the kernel's errno."""
        ...


class SidecarConfiguration(Protocol):
    """What the node asks of the mesh before it starts a pod's proxy."""

    def prepare(self, pod: Object, pod_ip: str) -> ProxyStart | None:
        """Write the proxy's configuration into its folder and say how to start it; None when the
        pod has no sidecar."""
        ...

    async def ready(self, pod: Object) -> bool:
        """The proxy of this pod is live and has the present configuration."""
        ...

    def forget(self, pod_uid: str) -> None: ...


@dataclass(frozen=True)
class ProxyStart:
    """How to start a pod's proxy. `folder` is the host folder that the proxy sees at
    `/etc/istio/proxy`; `arguments` follow the program's name; `redirect` is the nftables batch
    that sends the pod's traffic through it, applied before any container starts."""

    program: str
    arguments: tuple[str, ...]
    folder: str
    redirect: bytes
