"""aiohttp's server, with a Status for what is no HTTP in place of a page of its own and a traceback in
the log. Used by `tutorial.sandbox.api.server`."""

from __future__ import annotations

from aiohttp import web

from tutorial.sandbox.api import replies
from tutorial.sandbox.status import ApiError


class HttpServer(web.Server):
    """Makes a connection's protocol for every client."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what cannot be read as a request, and end the connection."""
        if status >= 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        what = (message or "it cannot be read").partition("\n")[0].removesuffix(":")
        why = f"the request is no valid HTTP: {what[:_SHOWN]}"
        response = replies.error_reply(ApiError(status, "BadRequest", why))
        response.force_close()
        return response


_SHOWN = 100
