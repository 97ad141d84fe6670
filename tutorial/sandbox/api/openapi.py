"""The OpenAPI documents: the v3 index, one document for each group version, and that of v2.

Called by `tutorial.sandbox.api.server`. kubectl keeps a hashed document as long as it is marked immutable.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiohttp import web

from tutorial.sandbox.api import replies
from tutorial.sandbox.schemas import Schemas

_V2_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_ONE_YEAR = timedelta(days=365)


def paths() -> list[str]:
    """The addresses of the two indexes."""
    return ["/openapi/v2", "/openapi/v3", "/openapi/v3/"]


def reply(schemas: Schemas, request: web.BaseRequest) -> web.Response:
    """The answer to any path under `/openapi`."""
    path = request.path.rstrip("/")
    if path == "/openapi/v2":
        return _v2(schemas, request.headers.get("Accept", ""))
    if path == "/openapi/v3":
        return replies.json_reply(schemas.openapi_index())
    group_version = path.removeprefix("/openapi/v3/").removeprefix("apis/").removeprefix("api/")
    try:
        document = schemas.openapi_v3(group_version)
    except KeyError:
        return replies.path_not_found()
    headers = {"Content-Type": "application/json", "Vary": "Accept"}
    digest = request.query.get("hash", "")
    if digest:
        expires = (datetime.now(UTC) + _ONE_YEAR).strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers |= {"Cache-Control": "public, immutable", "Expires": expires, "Etag": f'"{digest}"'}
    return web.Response(body=document, headers=headers)


def _v2(schemas: Schemas, accepted: str) -> web.Response:
    if "proto-openapi" in accepted:
        content, media_type = schemas.openapi_v2_protobuf(), _V2_TYPE
    else:
        content, media_type = schemas.openapi_v2(), "application/json"
    return web.Response(body=content, headers={"Content-Type": media_type, "Vary": "Accept"})
