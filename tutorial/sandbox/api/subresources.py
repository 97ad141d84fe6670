"""A pod's own subresources, which the node serves: its log, its commands, its ports.

Called by `tutorial.sandbox.api.handlers`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.exec import serve_attach, serve_exec
from tutorial.sandbox.api.logs import serve_logs
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.api.port_forward import serve_port_forward
from tutorial.sandbox.api.routes import Target
from tutorial.sandbox.ports import PodRuntime

Object = dict[str, Any]

INTERACTIVE = frozenset({"exec", "attach", "portforward"})
"""Whoever opens one of these, by whichever method, needs the right to create it (Kubernetes 1.35)."""

SERVED_BY_NODE = frozenset({"log", *INTERACTIVE})


async def serve(
    request: web.BaseRequest, target: Target, objects: ObjectsFacade, runtime: PodRuntime
) -> web.StreamResponse:
    """Answer one of `SERVED_BY_NODE`.

    Raises:
        ApiError: no such pod or container, or the request is not what the subresource needs.
    """
    pod = objects.get(target.resource, target.namespace, target.name)
    if target.subresource == "portforward":
        _require_host(pod)
        return await serve_port_forward(request, pod, runtime)
    container = container_of(pod, request.query.get("container", ""))
    if target.subresource == "log":
        return await serve_logs(request, pod, container, runtime)
    _require_host(pod)
    if target.subresource == "exec":
        return await serve_exec(request, pod, container, runtime)
    return await serve_attach(request, pod, container, runtime)


def _require_host(pod: Object) -> None:
    if not pod["spec"].get("nodeName"):
        raise errors.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")


def container_of(pod: Object, wanted: str) -> str:
    """The container that is meant: the named one, or the only one.

    Raises:
        ApiError: 400: there is none of that name, or several and no name.
    """
    name = pod["metadata"]["name"]
    containers = [c["name"] for c in pod["spec"].get("containers") or ()]
    init_containers = [c["name"] for c in pod["spec"].get("initContainers") or ()]
    if not wanted:
        if len(containers) == 1:
            return str(containers[0])
        message = (
            f"a container name must be specified for pod {name}, choose one of: [{' '.join(containers)}]"
        )
        if init_containers:
            message += f" or one of the init containers: [{' '.join(init_containers)}]"
        raise errors.bad_request(message)
    if wanted not in (*containers, *init_containers):
        raise errors.bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted
