"""The attendees' kubeconfig files: what is in them, written for their owner's eyes only, found again.

Called by `up` and `down`. A file holds its attendee's token, so it is 0600 in a folder of 0700.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tutorial.backends.kubeconfig import EXTENSION, Access
from tutorial.backends.proxies import without_credentials
from tutorial.classroom.roster import Attendee
from tutorial.errors import AlreadyThereError, NotReadyError

_SUFFIX = ".kubeconfig"
_REACHING = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url", "disable-compression")


def default_folder(prefix: str) -> Path:
    """`class-PREFIX` in the working folder."""
    return Path(f"class-{prefix}")


def file_of(folder: Path, attendee: Attendee) -> Path:
    return folder / f"{attendee.name}{_SUFFIX}"


def kubeconfig(attendee: Attendee, access: Access, token: str, facts: Mapping[str, str]) -> dict[str, Any]:
    """One context with the attendee's token and namespace. Its extension says which class on which
    server it is for, and gives a run the other namespace and what its user may not find out.

    Raises:
        NotReadyError: the certificate authority's file cannot be read.
    """
    extension = {
        "class": attendee.prefix,
        "server": access.server,
        "settings": {"PLAIN_NAMESPACE": attendee.plain_namespace},
        **({"facts": dict(facts)} if facts else {}),
    }
    name = attendee.name
    context = {
        "cluster": name,
        "user": name,
        "namespace": attendee.namespace,
        "extensions": [{"name": EXTENSION, "extension": extension}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": _cluster(access)}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }


def refuse_foreign(folder: Path, roster: Iterable[Attendee], server: str) -> None:
    """Every attendee's file must be missing, or of this class on this server: then it is replaced.

    Raises:
        AlreadyThereError: one is not.
    """
    wanted = [(file_of(folder, each), each.prefix) for each in roster]
    foreign = [
        str(path) for path, prefix in wanted if os.path.lexists(path) and _class_of(path) != (prefix, server)
    ]
    if foreign:
        raise AlreadyThereError(
            f"{', '.join(foreign)} {'is' if len(foreign) == 1 else 'are'} there already, and not of this "
            "class on this cluster. Nothing was touched.",
            why="It may hold the token of another class, or be somebody's own.",
            do="Name another folder (--output FOLDER), or move the file away.",
        )


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write one file in one step.

    Raises:
        NotReadyError: it cannot be written.
    """
    import yaml

    unfinished = path.with_name(f".{path.name}.new")
    try:
        unfinished.unlink(missing_ok=True)  # whoever made it could read the token
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yaml.safe_dump(dict(content), file, sort_keys=False)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise _unwritable(path, error) from None


def make_folder(folder: Path) -> None:
    """Make the folder for its owner only; one that is there is used as it is.

    Raises:
        NotReadyError: it cannot be made, or nothing can be written to it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NotReadyError(f"The folder {folder} cannot be written.", do="Name another one: --output FOLDER")


def remove(folder: Path, prefix: str, server: str) -> list[Path]:
    """Delete the files of the class on this server from the folder, and the folder if nothing else is in
    it. Other files stay, also those of a class of the same name elsewhere. Returns the deleted files."""
    paths = sorted(folder.glob(f"{prefix}-*{_SUFFIX}"))
    removed = [path for path in paths if _class_of(path) == (prefix, server)]
    for path in removed:
        with suppress(FileNotFoundError):
            path.unlink()
    with suppress(OSError):
        folder.rmdir()
    return removed


def _class_of(path: Path) -> tuple[str, str] | None:
    """Which class's file it is, by prefix and server; None for none's."""
    import yaml

    try:
        content = yaml.safe_load(path.read_bytes())
        extensions = content["contexts"][0]["context"]["extensions"]
        mark = next(each["extension"] for each in extensions if each["name"] == EXTENSION)
        return str(mark["class"]), str(mark["server"])
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError, StopIteration):
        return None


def _cluster(access: Access) -> dict[str, Any]:
    """How to reach the cluster, with the authority's certificate written out. The user and the password of a
    proxy are not the attendees': its address goes without."""
    found = {name: access.cluster[name] for name in _REACHING if name in access.cluster}
    if found.get("proxy-url"):
        found["proxy-url"] = without_credentials(str(found["proxy-url"]))
    data = access.cluster.get("certificate-authority-data")
    file = access.cluster.get("certificate-authority")
    if not data and file:
        try:
            data = base64.b64encode(Path(file).read_bytes()).decode()
        except OSError as error:
            raise NotReadyError(f"{file} cannot be read.", why=error.strerror or str(error)) from None
    return {**found, **({"certificate-authority-data": data} if data else {})}


def _unwritable(path: Path, error: OSError) -> NotReadyError:
    return NotReadyError(
        f"{path} cannot be written.",
        why=error.strerror or str(error),
        do="Name another folder: --output FOLDER",
    )
