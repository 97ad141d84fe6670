"""A pod's own subresources, which the node serves: `log` and `exec`.

Called by `tutorial.sandbox.api.handlers`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.exec import serve_exec
from tutorial.sandbox.api.logs import serve_logs
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.api.routes import Target
from tutorial.sandbox.ports import PodRuntime
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]

SERVED_BY_NODE = frozenset({"log", "exec", "attach", "portforward"})


async def serve(
    request: web.BaseRequest, target: Target, objects: ObjectsFacade, runtime: PodRuntime
) -> web.StreamResponse:
    """Answer `log` or `exec`.

    Raises:
        ApiError: no such pod or container, or a subresource that the sandbox does not serve.
    """
    pod = objects.get(target.resource, target.namespace, target.name)
    if target.subresource == "log":
        return await serve_logs(request, pod, container_of(pod, request.query.get("container", "")), runtime)
    if target.subresource == "exec":
        container = container_of(pod, request.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            raise errors.bad_request(f"pod {target.name} does not have a host assigned")
        return await serve_exec(request, pod, container, runtime)
    message = f"the sandbox does not serve {target.subresource}"
    raise ApiError(501, "NotImplemented", message)


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
