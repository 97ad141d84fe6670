"""Lists: selectors, pages, and the form that the client wants (plain, Table, metadata only).

Called by `tutorial.sandbox.api.handlers` and `watch_stream`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from tutorial.sandbox.api import errors, replies
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.api.routes import Target
from tutorial.sandbox.api.selectors import Test, field_test, label_test
from tutorial.sandbox.api.tables import partial_metadata, table
from tutorial.sandbox.resources import ResourceType

Object = dict[str, Any]

_FORM = re.compile(r"as=(\w+)")


@dataclass(frozen=True)
class ListQuery:
    """What a GET asks for. `form` is empty for plain objects, or `Table` or `PartialObjectMetadata`
    (`...List`); `revision` is the resourceVersion, empty for none."""

    tests: tuple[Test, ...] = ()
    form: str = ""
    include: str = "Metadata"
    limit: int = 0
    after: tuple[str, str] | None = None
    watch: bool = False
    revision: str = ""
    bookmarks: bool = False
    initial_events: bool = False
    timeout_seconds: float | None = None

    @classmethod
    def parse(cls, request: web.BaseRequest, target: Target) -> ListQuery:
        """Read query and Accept header.

        Raises:
            ApiError: 400: a selector or `continue` cannot be read.
        """
        form = _form(request.headers.get("Accept", ""))
        query = request.query
        if not query:
            return cls(form=form)
        tests = [
            label_test(query.get("labelSelector", "")),
            field_test(target.resource, query.get("fieldSelector", "")),
        ]
        if target.name:
            tests.append(lambda obj: obj["metadata"]["name"] == target.name)
        return cls(
            tests=tuple(test for test in tests if test),
            form=form,
            include=query.get("includeObject") or "Metadata",
            limit=_number(query.get("limit", "")),
            after=_start(query.get("continue", "")),
            watch=query.get("watch") in ("true", "1"),
            revision=query.get("resourceVersion", ""),
            bookmarks=query.get("allowWatchBookmarks") in ("true", "1"),
            initial_events=query.get("sendInitialEvents") in ("true", "1"),
            timeout_seconds=_number(query.get("timeoutSeconds", "")) or None,
        )

    def matches(self, obj: Object) -> bool:
        return all(test(obj) for test in self.tests)

    def select(self, objects: Sequence[Object]) -> Sequence[Object]:
        return [obj for obj in objects if self.matches(obj)] if self.tests else objects


def list_reply(objects: ObjectsFacade, target: Target, query: ListQuery) -> web.Response:
    """One page of a collection."""
    resource = target.resource
    found = query.select(objects.list(resource, target.namespace))
    metadata: Object = {"resourceVersion": str(objects.store.revision)}
    if query.after is not None:
        found = [obj for obj in found if _position(obj) > query.after]
    if query.limit and len(found) > query.limit:
        metadata["continue"] = _token(found[query.limit - 1])
        metadata["remainingItemCount"] = len(found) - query.limit
        found = found[: query.limit]
    if query.form == "Table":
        return replies.json_reply(table(resource, found, metadata, query.include))
    if query.form:
        document = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        items = [partial_metadata(obj) for obj in found]
    else:
        document = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
        items = list(found)
    return replies.json_reply({**document, "metadata": metadata, "items": items})


def shown(resource: ResourceType, obj: Object, query: ListQuery, *, columns: bool = True) -> Object:
    """One object in the form that the client wants."""
    if query.form == "Table":
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table(resource, [obj], metadata, query.include, columns=columns)
    return partial_metadata(obj) if query.form else obj


def _form(accept: str) -> str:
    """The first of the accepted media types that is understood."""
    if "as=" not in accept:
        return ""
    for media_type in accept.split(","):
        if not media_type.strip().startswith("application/json"):
            continue
        form = _FORM.search(media_type)
        if form is None:
            return ""
        if form[1].startswith("PartialObjectMetadata") or ("v=v1" in media_type and form[1] == "Table"):
            return form[1].removesuffix("List")
    return ""


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _position(obj: Object) -> tuple[str, str]:
    return (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _token(last: Object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(_position(last))).decode()


def _start(token: str) -> tuple[str, str] | None:
    if not token:
        return None
    try:
        namespace, name = orjson.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise errors.bad_request("continue key is not valid: it is none that this server gave") from None
    return str(namespace), str(name)
