"""Makes a class, or what is missing of it. Called by `egress-tutorial class up`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tutorial.backends.kubeconfig import Access
from tutorial.classroom import files
from tutorial.classroom.api import ClassApi, already_there
from tutorial.classroom.manifests import Injection, objects_of
from tutorial.classroom.roster import Attendee, attendee_of
from tutorial.errors import NotReadyError, TutorialError

_TRIES = 10
_TRY_SECONDS = 0.5


@dataclass(frozen=True)
class Place:
    """An attendee who can begin: `made` counts the objects that were made or mended, `until` is when the
    token of `file` ends."""

    attendee: Attendee
    file: Path
    until: datetime
    made: int


def set_up(
    api: ClassApi,
    roster: Sequence[Attendee],
    *,
    injection: Injection,
    seconds: int,
    folder: Path,
    access: Access,
    facts: Mapping[str, str],
    removal: str,
) -> Iterator[Place]:
    """Make each attendee's objects and file, one attendee after the other.

    Args:
        seconds: how long the tokens shall be good.
        folder: where the files go.
        access: how the attendees reach the cluster; its user is not handed on.
        facts: what runs are told of the cluster because attendees may not find it out.
        removal: the command that removes the class, for a person.

    Raises:
        AlreadyThereError: a namespace or a file is there and not the class's; nothing was touched.
        NotReadyError: the API server refused; what was made is found again by another `up`.
    """
    _refuse_foreign(api, roster)
    files.refuse_foreign(folder, roster, access.server)
    files.make_folder(folder)
    for attendee in roster:
        try:
            made = sum(api.ensure(each) for each in objects_of(attendee, injection))
            token, until = api.token(attendee.namespace, seconds)
            content = files.kubeconfig(attendee, access, token, facts)
            _try_out(api, attendee, access, token)
        except TutorialError as error:
            raise _continued(error, attendee, roster[0], removal) from None
        file = files.file_of(folder, attendee)
        files.write(file, content)
        yield Place(attendee, file, until, made)


def _refuse_foreign(api: ClassApi, roster: Sequence[Attendee]) -> None:
    """Every name must be free, or the class's own."""
    prefix = roster[0].prefix
    own = {
        each["metadata"]["name"]
        for each in api.class_namespaces(prefix)
        if attendee_of(each["metadata"]["name"], each["metadata"].get("labels") or {})
    }
    wanted = [name for attendee in roster for name in attendee.namespaces if name not in own]
    foreign = [name for name in wanted if api.namespace(name) is not None]
    if foreign:
        raise already_there(foreign)


def _try_out(api: ClassApi, attendee: Attendee, access: Access, token: str) -> None:
    """Ask for the attendee's namespaces with the attendee's token: a role takes a moment to count.

    Raises:
        NotReadyError: the token does not let its attendee in.
    """
    own = replace(access, user_name=attendee.name, namespace=attendee.namespace, user={"token": token})
    client = api.as_user(own)
    try:
        for name in attendee.namespaces:
            for attempt in range(_TRIES):
                response = client.request("GET", f"/api/v1/namespaces/{name}")
                if response.status == 200:
                    break
                if attempt == _TRIES - 1:
                    raise NotReadyError(
                        f"The token of {attendee.name} does not let its attendee in.",
                        why=response.message,
                        do="Does the cluster decide by roles (RBAC)?",
                    )
                time.sleep(_TRY_SECONDS)
    finally:
        client.close()


def _continued(error: TutorialError, attendee: Attendee, first: Attendee, removal: str) -> TutorialError:
    """The error, and that nothing is lost."""
    ready = "" if attendee == first else f"The attendees before {attendee.name} are ready. "
    do = f"{error.do} {ready}The same command goes on from here; {removal} removes what was made."
    return type(error)(error.what, why=error.why, do=do.strip())
