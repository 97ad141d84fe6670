"""The API server: HTTP over TLS on loopback. Started and stopped by `tutorial.sandbox.supervisor`.

It lets in whom `access` admits, tells resource requests from documents about the server itself, and
turns every refusal into a Status.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError
from multidict import CIMultiDict, CIMultiDictProxy

from tutorial.sandbox.api import discovery, errors, health, openapi, replies
from tutorial.sandbox.api.access.control import AccessControl
from tutorial.sandbox.api.handlers import Handlers
from tutorial.sandbox.api.http_server import HttpServer
from tutorial.sandbox.api.metrics import MEDIA_TYPE, Metrics
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.api.routes import UnknownGroupVersionError, UnknownResourceError, parse_path
from tutorial.sandbox.ports import PodRuntime
from tutorial.sandbox.status import ApiError

MAX_BODY_BYTES = 3 * 1024 * 1024
_AGGREGATED_PARAMETERS = set(discovery.AGGREGATED.split(";"))
_PUBLIC = frozenset({*health.paths(), "/version"})
_log = logging.getLogger(__name__)


class ApiServer:
    """Serves `objects`.

    Args:
        objects: what is served.
        runtime: runs `exec` and reads logs.
        token: the bearer token of the one who may do everything; others get theirs from the server.
        tls: the server's certificate (see `tls.ServingCertificate`); None serves plain HTTP.
    """

    def __init__(
        self, objects: ObjectsFacade, runtime: PodRuntime, token: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._access = AccessControl(objects, token)
        self._handlers = Handlers(objects, runtime, self._access)
        self._objects = objects
        self._schemas = objects.schemas
        self._metrics = Metrics()
        self._tls = tls
        self._runner: web.ServerRunner | None = None

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Listen, and return the port (a free one for 0).

        Raises:
            OSError: the port is taken.
        """
        server = HttpServer(
            self._handle,
            request_factory=_make_request,
            handler_cancellation=True,
            keepalive_timeout=300,
            auto_decompress=False,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._tls)
        await site.start()
        found: int = self._runner.addresses[0][1]
        return found

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            if request.path not in _PUBLIC:
                self._access.admit(request)
            return await self._answer(request)
        except UnknownGroupVersionError:
            return replies.path_not_found()
        except (ApiError, UnknownResourceError, web.HTTPRequestEntityTooLarge) as error:
            return replies.error_reply(_refusal(error))
        except RequestPayloadError:
            why = "the body of the request cannot be read"
            return replies.error_reply(ApiError(400, "BadRequest", why))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            message = "Internal error occurred: the sandbox's API server failed; its log says where"
            return replies.error_reply(ApiError(500, "InternalError", message))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith(("/api/", "/apis/")):
            document = discovery.legacy(path) if path.count("/") < 4 else None
            if document is not None:
                return replies.raw_json(document)
            return await self._about_resource(request)
        if path.startswith("/openapi/"):
            return openapi.reply(self._schemas, request)
        if path == "/metrics":
            stored = [(r, len(self._objects.list(r))) for r in discovery.STORED]
            return web.Response(text=self._metrics.text(stored), headers={"Content-Type": MEDIA_TYPE})
        return health.reply(request) or _about_server(request, path.rstrip("/"))

    async def _about_resource(self, request: web.BaseRequest) -> web.StreamResponse:
        target = parse_path(request.rel_url.raw_path)
        try:
            response = await self._handlers.handle(request, target)
        except ApiError as error:
            self._metrics.count(request, target, error.code)
            raise
        self._metrics.count(request, target, response.status)
        return response


def _refusal(error: Exception) -> ApiError:
    match error:
        case ApiError():
            return error
        case UnknownResourceError():
            return errors.unknown_resource()
    message = f"Request entity too large: limit is {MAX_BODY_BYTES}"
    return ApiError(413, "RequestEntityTooLarge", message)


def _about_server(request: web.BaseRequest, path: str) -> web.Response:
    match path:
        case "":
            known = [*discovery.paths(), *health.paths(), "/metrics", *openapi.paths(), "/version"]
            return replies.raw_json(orjson.dumps({"paths": sorted(known)}, option=orjson.OPT_INDENT_2))
        case "/api" | "/apis":
            return _discovery(request, path)
        case "/version":
            return replies.json_reply(discovery.VERSION)
    return replies.path_not_found()


def _discovery(request: web.BaseRequest, path: str) -> web.Response:
    if not _accepts_aggregated(request.headers.get("Accept", "")):
        document = discovery.legacy(path)
        return replies.raw_json(document) if document is not None else replies.path_not_found()
    body, etag = discovery.aggregated(path[1:])
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "public"}
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={**headers, "Content-Type": discovery.AGGREGATED})
    return web.Response(body=body, headers={**headers, "Content-Type": discovery.AGGREGATED})


def _accepts_aggregated(accept: str) -> bool:
    """Whether one of the media types is the aggregated form of today; kubectl 1.26 to 1.29 ask for its
    beta only, and read the older documents instead."""
    return any(
        {parameter.strip() for parameter in media_type.split(";")} >= _AGGREGATED_PARAMETERS
        for media_type in accept.split(",")
    )


def _make_request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    if not all(value.isascii() for value in message.headers.values()):
        message = message._replace(headers=_as_text(message.headers))
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY_BYTES)


def _as_text(headers: CIMultiDictProxy[str]) -> CIMultiDictProxy[str]:
    """Headers whose bytes that are no UTF-8 are replaced: what they name is answered, and stored."""
    known = [
        (name, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        for name, value in headers.items()
    ]
    return CIMultiDictProxy(CIMultiDict(known))
