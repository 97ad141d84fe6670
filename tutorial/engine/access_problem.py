"""What kubectl says when the cluster refuses the user or does not answer: then neither the step nor the
outside is to blame. Pure; the wordings are kubectl's own (its `checkErr` and client-go), 1.20 to 1.37.

Used by `tutorial.engine.diagnosis` and `waiting`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tutorial.text.escapes import safe_text

_LOG_IN = re.compile(r"You must be logged in to the server|unable to upgrade connection: Unauthorized")
_PLUGIN = re.compile(r"getting credentials: (?:exec: )?(?P<why>[^\n]{1,200})")
_FORBIDDEN = re.compile(
    r"is forbidden: User \"(?P<user>[^\"\n]{1,200})\" cannot (?P<verb>\w{1,30}) "
    r"resource \"(?P<resource>[\w.-]{1,100})(?:/(?P<sub>[\w-]{1,50}))?\""
    r"(?: in API group \"(?P<group>[\w.-]{0,100})\")?(?: in the namespace \"(?P<namespace>[\w.-]{1,100})\")?"
)
_AWAY = re.compile(
    r"Unable to connect to the server: (?P<why>[^\n]{1,200})"
    r"|The connection to the server \S{1,200} was (?P<refused>refused)"
    r"|Get \"https?://[^\"\n]{1,300}\": (?P<get>(?:dial|read|write) tcp|EOF|net/http|http2|context deadline)"
    r"|(?P<trouble>Error from server \((?:ServiceUnavailable|Timeout|InternalError|TooManyRequests)\))"
)
_RUN_AGAIN = "Then run the step again (a): nothing is lost meanwhile."


@dataclass(frozen=True)
class AccessProblem:
    """Args:
    cause, fix: for the reader.
    is_certain: it outranks a hint of the step. Many refusals have a cause that only a hint knows.
    may_pass: waiting may end it.
    """

    cause: str
    fix: str
    is_certain: bool
    may_pass: bool


def access_problem(stderr: str, options: str = "") -> AccessProblem | None:
    """The problem that kubectl's messages tell of, if they do.

    Args:
        options: of a person's own kubectl, to choose the cluster.
    """
    kubectl = f"kubectl {options}".rstrip()
    return _unauthorized(stderr) or _forbidden(stderr, kubectl) or _away(stderr, kubectl)


def _unauthorized(stderr: str) -> AccessProblem | None:
    plugin = _PLUGIN.search(stderr)
    if plugin:
        return AccessProblem(
            f"The kubeconfig's credential plugin failed: {safe_text(plugin['why'])}",
            f"Log in again, the way this cluster wants it. {_RUN_AGAIN}",
            is_certain=True,
            may_pass=False,
        )
    if not _LOG_IN.search(stderr):
        return None
    return AccessProblem(
        "The API server does not accept your credentials: they have expired, or were revoked.",
        f"Log in again, the way this cluster wants it. {_RUN_AGAIN}",
        is_certain=True,
        may_pass=False,
    )


def _forbidden(stderr: str, kubectl: str) -> AccessProblem | None:
    found = _FORBIDDEN.search(stderr)
    if found is None:
        return None
    resource = ".".join(filter(None, (found["resource"], found["group"])))
    sub = f"/{found['sub']}" if found["sub"] else ""
    where = f" in the namespace {found['namespace']}" if found["namespace"] else ""
    options = f" --subresource={found['sub']}" if found["sub"] else ""
    options += f" -n {found['namespace']}" if found["namespace"] else ""
    verb = found["verb"]
    ask = f"{kubectl} auth can-i {verb} {resource}{options}"
    return AccessProblem(
        f"{safe_text(found['user'])} may not {verb} {resource}{sub}{where}.",
        f"Ask who runs the cluster for that right; see it with: {ask}",
        is_certain=False,
        may_pass=True,
    )


def _away(stderr: str, kubectl: str) -> AccessProblem | None:
    found = _AWAY.search(stderr)
    if found is None:
        return None
    why = found["why"] or (
        f"it was {found['refused']}" if found["refused"] else found["get"] or found["trouble"]
    )
    return AccessProblem(
        f"The API server did not answer kubectl: {safe_text(why)}",
        f"Try it with: {kubectl} get --raw /readyz. {_RUN_AGAIN}",
        is_certain=True,
        may_pass=True,
    )
