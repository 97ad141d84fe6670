"""`/healthz`, `/livez` and `/readyz`: how the server is, in the API server's form.

Called by `tutorial.sandbox.api.server`. That it answers at all is most of what there is to tell: its
parts live in one process.
"""

from __future__ import annotations

from aiohttp import web

from tutorial.sandbox.api import replies

CHECKS = {
    "healthz": ("ping", "log", "store"),
    "livez": ("ping", "log", "store"),
    "readyz": ("ping", "log", "store", "informer-sync", "shutdown"),
}
"""The checks of each address; every one has an address of its own below it."""


def reply(request: web.BaseRequest) -> web.Response | None:
    """The answer to an address of this module's; None for another one."""
    root, _, name = request.path.strip("/").partition("/")
    checks = CHECKS.get(root)
    if checks is None or (name and name not in checks):
        return None
    if name or "verbose" not in request.query:
        return replies.text_reply("ok")
    excluded = request.query.getall("exclude", [])
    lines = [f"[+]{check} {'excluded: ' if check in excluded else ''}ok" for check in checks]
    return replies.text_reply("\n".join([*lines, f"{root} check passed", ""]))


def paths() -> list[str]:
    """All addresses of this module's."""
    return [
        path for root, checks in CHECKS.items() for path in (f"/{root}", *(f"/{root}/{c}" for c in checks))
    ]
