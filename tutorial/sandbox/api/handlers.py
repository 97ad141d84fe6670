"""Requests about resources: one method for each verb. Called by `tutorial.sandbox.api.server`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tutorial.sandbox.api import bodies, deletion, errors, patching, replies, scale, subresources
from tutorial.sandbox.api.absent import is_absent, refusal
from tutorial.sandbox.api.access import reviews
from tutorial.sandbox.api.access.control import AccessControl
from tutorial.sandbox.api.access.token_request import issue_token
from tutorial.sandbox.api.access.user import user_of
from tutorial.sandbox.api.listing import ListQuery, list_reply, shown
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.api.options import DeleteOptions, WriteOptions
from tutorial.sandbox.api.routes import Target, UnknownResourceError
from tutorial.sandbox.api.tables import scale_table
from tutorial.sandbox.api.watch_stream import serve_watch
from tutorial.sandbox.api.write_query import delete_options, flag, repeated_fields, write_options
from tutorial.sandbox.ports import PodRuntime
from tutorial.sandbox.resources import TOKEN_REQUEST, ResourceType
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]
Reply = web.StreamResponse

_ONLY_CREATED = frozenset({"token"})


class Handlers:
    """The verbs of the API over `objects`; `runtime` serves a pod's own subresources, `access` has
    admitted every request and answers questions about rights."""

    def __init__(self, objects: ObjectsFacade, runtime: PodRuntime, access: AccessControl) -> None:
        self._objects = objects
        self._runtime = runtime
        self._access = access
        self._verbs: dict[str, Callable[[web.BaseRequest, Target], Awaitable[Reply]]] = {
            "GET": self._get,
            "HEAD": self._get,
            "POST": self._create,
            "PUT": self._update,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    async def handle(self, request: web.BaseRequest, target: Target) -> Reply:
        """Answer a request about a resource. Every answer carries the warnings of its kind.

        Raises:
            ApiError: the request is refused (only for kinds without warnings).
        """
        verb = self._verbs.get(request.method)
        if verb is None:
            raise errors.method_not_allowed()
        if is_absent(target.resource) and verb != self._get:
            if target.name and not self._objects.exists(target.resource, target.namespace, target.name):
                raise errors.not_found(target.resource, target.name)
            raise errors.forbidden(target.resource, target.name, refusal(target.resource))
        if target.resource.virtual:
            return await self._review(request, target)
        warnings = self._objects.schemas.warnings(target.resource)
        if not warnings:
            return await verb(request, target)
        try:
            response = await verb(request, target)
        except ApiError as error:
            return replies.error_reply(error, warnings)
        if not response.prepared:
            replies.add_warnings(response, warnings)
        return response

    async def _get(self, request: web.BaseRequest, target: Target) -> Reply:
        if target.subresource in subresources.SERVED_BY_NODE:
            if target.subresource in subresources.INTERACTIVE:
                self._access.require_also(request, "create")
            return await subresources.serve(request, target, self._objects, self._runtime)
        if target.subresource in _ONLY_CREATED:
            raise errors.method_not_allowed()
        query = ListQuery.parse(request, target)
        if query.watch:
            return await serve_watch(request, self._objects, target, query)
        if not target.name:
            return list_reply(self._objects, target, query)
        obj = self._objects.get(target.resource, target.namespace, target.name)
        if target.subresource == "scale":
            found = scale.scale_of(obj)
            in_columns = query.form == "Table"
            return replies.json_reply(scale_table(found, query.include) if in_columns else found)
        return replies.json_reply(shown(target.resource, obj, query))

    async def _create(self, request: web.BaseRequest, target: Target) -> Reply:
        if target.subresource in subresources.SERVED_BY_NODE:
            return await subresources.serve(request, target, self._objects, self._runtime)
        if target.subresource == "token":
            return await self._issue_token(request, target)
        if target.name:
            raise errors.method_not_allowed()
        if target.resource.namespaced and target.namespace is None:
            raise errors.method_not_allowed()
        options = self._write_options(request, target)
        body = await request.read()
        obj = bodies.parse_object(target.resource, request.headers.get("Content-Type", ""), body)
        options.repeated = repeated_fields(options, body)
        created = self._objects.create(target.resource, target.namespace, obj, options)
        return self._written(request, target, created, options, 201)

    async def _update(self, request: web.BaseRequest, target: Target) -> Reply:
        _require_name(target)
        options = self._write_options(request, target)
        body = await request.read()
        if target.subresource == "scale":
            wanted = bodies.parse_document(body)
            changed = self._objects.modify(
                target.resource, target.namespace, target.name, scale.scaling(wanted), options
            )
            return replies.json_reply(scale.scale_of(changed))
        obj = bodies.parse_object(target.resource, request.headers.get("Content-Type", ""), body)
        _check_url(target, obj)
        options.repeated = repeated_fields(options, body)
        if target.subresource == "status":
            stored = self._objects.update_status(target.resource, obj, options)
        else:
            stored = self._objects.update(target.resource, obj, options)
        return self._written(request, target, stored, options)

    async def _patch(self, request: web.BaseRequest, target: Target) -> Reply:
        _require_name(target)
        options = self._write_options(request, target)
        media_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
        body = await request.read()
        resource, namespace, name = target.resource, target.namespace, target.name
        if media_type == patching.APPLY:
            if not self._objects.exists(resource, namespace, name):
                self._access.require_also(request, "create")
            obj, is_new = patching.server_side_apply(
                self._objects, resource, (namespace, name), body, options, force=flag(request, "force")
            )
            return self._written(request, target, obj, options, 201 if is_new else 200)
        change = patching.patch_function(self._objects, resource, media_type, body, options)
        options.repeated = repeated_fields(options, body)
        if target.subresource == "scale":
            obj = self._objects.modify(resource, namespace, name, scale.patched(change), options)
            return replies.json_reply(scale.scale_of(obj))
        obj = self._objects.modify(resource, namespace, name, change, options)
        return self._written(request, target, obj, options)

    async def _delete(self, request: web.BaseRequest, target: Target) -> Reply:
        body = await request.read()
        options = delete_options(request, body)
        if not target.name:
            return self._delete_collection(request, target, options)
        if target.subresource:
            raise errors.method_not_allowed()
        obj = self._objects.get(target.resource, target.namespace, target.name)
        gone = deletion.delete(self._objects, target.resource, obj, options)
        if deletion.answers_with_object(target.resource, gone):
            return replies.json_reply(gone)
        return replies.json_reply(_deleted(target, gone))

    def _delete_collection(self, request: web.BaseRequest, target: Target, options: DeleteOptions) -> Reply:
        query = ListQuery.parse(request, target)
        found = query.select(self._objects.list(target.resource, target.namespace))
        for obj in found:
            deletion.delete(self._objects, target.resource, obj, options)
        return replies.json_reply(
            {
                "kind": f"{target.resource.kind}List",
                "apiVersion": target.resource.api_version,
                "metadata": {"resourceVersion": str(self._objects.store.revision)},
                "items": found,
            }
        )

    async def _review(self, request: web.BaseRequest, target: Target) -> Reply:
        if request.method != "POST" or target.name:
            raise errors.method_not_allowed()
        review = await self._decoded(request, target, target.resource)
        user = user_of(request)
        answered = reviews.answer(target.resource, review, target.namespace, user, self._access)
        return replies.json_reply(answered, 201)

    async def _issue_token(self, request: web.BaseRequest, target: Target) -> Reply:
        wanted = await self._decoded(request, target, TOKEN_REQUEST)
        issued = issue_token(
            self._objects,
            self._access.tokens,
            target.namespace or "",
            target.name,
            wanted,
            dry_run=write_options(request, target).dry_run,
        )
        return replies.json_reply(issued, 201)

    async def _decoded(self, request: web.BaseRequest, target: Target, kind: ResourceType) -> Object:
        """The body of a request that stores nothing, with known fields only."""
        obj = bodies.parse_object(kind, request.headers.get("Content-Type", ""), await request.read())
        options = write_options(request, target)
        decoded, _ = self._objects.schemas.decode_strict(kind, obj, options.strictness)
        return decoded

    def _write_options(self, request: web.BaseRequest, target: Target) -> WriteOptions:
        options = write_options(request, target)
        options.confirm = self._access.grant_check(request, target.resource)
        return options

    def _written(
        self, request: web.BaseRequest, target: Target, obj: Object, options: WriteOptions, status: int = 200
    ) -> Reply:
        if options.dry_run and status == 201:
            obj = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}}
        reply = shown(target.resource, obj, ListQuery.parse(request, target))
        return replies.json_reply(reply, status, options.warnings)


def _require_name(target: Target) -> None:
    if not target.name:
        raise errors.method_not_allowed()
    if target.subresource in subresources.SERVED_BY_NODE:
        raise UnknownResourceError
    if target.subresource in _ONLY_CREATED:
        raise errors.method_not_allowed()


def _check_url(target: Target, obj: Object) -> None:
    metadata = obj.setdefault("metadata", {})
    name = metadata.setdefault("name", target.name)
    if name != target.name:
        raise errors.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({target.name})"
        )
    if target.resource.namespaced and metadata.setdefault("namespace", target.namespace) != target.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def _deleted(target: Target, obj: Object) -> Object:
    details = {
        "name": obj["metadata"]["name"],
        "group": target.resource.group,
        "kind": target.resource.plural,
        "uid": obj["metadata"]["uid"],
    }
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
