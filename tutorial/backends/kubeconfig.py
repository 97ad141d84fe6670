"""Reads kubeconfig files the way kubectl does. Called by all that opens a cluster: the backends and `doctor`.

Several files are merged by kubectl's rule: the first file that names a cluster, user or context,
or sets the current context, wins. Paths inside a file are relative to that file.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tutorial.backends.advice import context_options, files_command, usual_kubeconfig
from tutorial.errors import NoContextError, NotReadyError, UsageError

EXTENSION = "egress-tutorial"
"""The name of the context's extension that says what a run with this context is given. kubectl keeps
extensions and does not look at them (`NamedExtension` of kubeconfig, v1)."""

_PATH_KEYS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


@dataclass(frozen=True)
class Access:
    """One context, looked up: how to reach the API server and as whom. `cluster` and `user` are
    the mappings of the kubeconfig with absolute paths; their names are the kubeconfig's. `settings`
    are variables for tutorials that come with the context: its namespace, where it has one, and those of
    its extension; `facts` are what the extension tells of a cluster whose user may not find it out. `file`
    is the kubeconfig that holds all of it, None where it is spread over several; `options` are those by
    which a person's kubectl reaches the cluster (`context_options`)."""

    context: str
    cluster_name: str
    user_name: str
    namespace: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]
    settings: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    options: str = ""

    @property
    def server(self) -> str:
        return str(self.cluster["server"])

    @property
    def kubectl_options(self) -> str:
        """Those by which a person's own kubectl reaches the cluster, whatever is current in their shell."""
        return self.options or shlex.join(["--context", self.context])

    def kubectl(self, words: str) -> str:
        """A kubectl command for this cluster that a person can paste anywhere."""
        return f"kubectl {self.kubectl_options} {words}"


@dataclass(frozen=True)
class KubeConfig:
    """Merged kubeconfig files. `files` are those that are there, `usual` the one that kubectl reads without
    being told; `holders` says which file each entry of `contexts`, `clusters` and `users` is from."""

    files: tuple[Path, ...]
    current_context: str = ""
    contexts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    clusters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    usual: Path | None = None
    holders: Mapping[tuple[str, str], Path] = field(default_factory=dict)

    def access(self, context: str | None = None) -> Access:
        """The named context, or the current one.

        Raises:
            NoContextError: there is no such context; names those that are there.
            NotReadyError: it names a cluster or user that is not there.
        """
        name = context or self.current_context
        if name not in self.contexts:
            raise self._no_context(name)
        wanted = self.contexts[name]
        cluster_name, user_name = str(wanted.get("cluster", "")), str(wanted.get("user", ""))
        cluster = self.clusters.get(cluster_name, {})
        if not cluster.get("server"):
            raise self._broken(name, f"its cluster {cluster_name or '(none)'} has no entry with a server")
        if not _is_address(str(cluster["server"])):
            raise self._broken(name, f"the server of its cluster {cluster_name} is no address")
        if user_name and user_name not in self.users:
            raise self._broken(name, f"its user {user_name} has no entry")
        user = self.users.get(user_name, {})
        namespace = str(wanted.get("namespace") or "")
        extension = _extension(wanted)
        settings = {"NAMESPACE": namespace} if namespace else {}
        file = self._only_holder(name, cluster_name, user_name)
        return Access(
            name,
            cluster_name,
            user_name,
            namespace or "default",
            cluster,
            user,
            {**_texts(extension.get("settings")), **settings},
            _texts(extension.get("facts")),
            file,
            context_options(name, file, self.usual, str(cluster["server"])),
        )

    def _only_holder(self, context: str, cluster: str, user: str) -> Path | None:
        places = (("contexts", context), ("clusters", cluster), ("users", user))
        found = {self.holders[place] for place in places if place in self.holders}
        return found.pop() if len(found) == 1 else None

    def _no_context(self, name: str) -> NoContextError:
        known = ", ".join(sorted(self.contexts))
        return NoContextError(
            f"There is no context {name}." if name else "The kubeconfig names no current context.",
            why=f"The contexts are: {known}." if known else "No kubeconfig with a context was found.",
            do=f"See them with: {files_command(self.files, self.usual, 'config get-contexts')}",
        )

    def _broken(self, context: str, why: str) -> NotReadyError:
        return NotReadyError(
            f"The context {context} cannot be used.",
            why=f"In the kubeconfig, {why}.",
            do=files_command(self.files, self.usual, "config view"),
        )


def user_kubeconfig(environment: Mapping[str, str], explicit: str | None = None) -> KubeConfig:
    """The kubeconfig that `--kubeconfig` names, or else the user's own.

    Raises:
        UsageError, NotReadyError: as `kubeconfig_paths` and `load_kubeconfig`.
    """
    return load_kubeconfig(kubeconfig_paths(environment, explicit), usual_kubeconfig(environment))


def kubeconfig_paths(environment: Mapping[str, str], explicit: str | None = None) -> tuple[Path, ...]:
    """Where kubectl would look: `--kubeconfig`, else `KUBECONFIG`, else `~/.kube/config`.

    Raises:
        UsageError: the file of `--kubeconfig` is not there.
    """
    if explicit:
        path = Path(explicit).expanduser().absolute()
        if not _is_file(path):
            raise UsageError(f"There is no kubeconfig {path}.", do="Check --kubeconfig.")
        return (path,)
    listed = [Path(each).absolute() for each in environment.get("KUBECONFIG", "").split(os.pathsep) if each]
    home = environment.get("HOME")
    if not listed and home:
        listed = [Path(home, ".kube", "config").absolute()]
    return tuple(dict.fromkeys(listed))


def load_kubeconfig(paths: Sequence[Path], usual: Path | None = None) -> KubeConfig:
    """Read and merge the files; those that are not there are left out. `usual` as in `KubeConfig`.

    Raises:
        NotReadyError: a file cannot be read, or is no kubeconfig.
    """
    files = tuple(path for path in paths if _is_there(path))
    current = ""
    merged: dict[str, dict[str, Mapping[str, Any]]] = {"contexts": {}, "clusters": {}, "users": {}}
    holders: dict[tuple[str, str], Path] = {}
    for path in files:
        content = _read(path)
        current = current or str(content.get("current-context") or "")
        for section, item in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
            for name, value in _named(path, content, section, item):
                merged[section].setdefault(name, value)
                holders.setdefault((section, name), path)
    return KubeConfig(files, current, **merged, usual=usual, holders=holders)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_there(path: Path) -> bool:
    """False only where there is surely nothing: what may not be looked up is no reason to go on without."""
    try:
        return path.exists()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None


def from_base64(text: str) -> bytes:
    """What a `-data` entry holds, decoded as strictly as kubectl does (Go's `encoding/json`).

    Raises:
        ValueError: it is no base64.
    """
    return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        content = _as_json(yaml.safe_load(path.read_bytes())) or {}
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise _unreadable(path, str(error)) from None
    if not isinstance(content, dict):
        raise _unreadable(path, "it is no mapping")
    return content


def _as_json(content: Any) -> Any:
    """As kubectl takes YAML: what JSON has no form for is text (a date), or refused (what contains
    itself, a list as a key). Raises ValueError or TypeError."""
    return json.loads(json.dumps(content, default=str))


def _named(
    path: Path, content: Mapping[str, Any], section: str, item: str
) -> list[tuple[str, Mapping[str, Any]]]:
    entries = content.get(section) or []
    if not isinstance(entries, list):
        raise _unreadable(path, f"{section} is no list")
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get(item) or {}, dict):
            raise _unreadable(path, f"an entry of {section} is no mapping")
        found.append((str(entry.get("name", "")), _absolute(path, entry.get(item) or {})))
    return found


def _is_address(server: str) -> bool:
    try:
        urlsplit(server)
    except ValueError:
        return False
    return True


def _extension(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the context's extension of ours says; empty without one."""
    entries = context.get("extensions")
    for each in entries if isinstance(entries, list) else ():
        if (
            isinstance(each, dict)
            and each.get("name") == EXTENSION
            and isinstance(each.get("extension"), dict)
        ):
            found: Mapping[str, Any] = each["extension"]
            return found
    return {}


def _texts(values: Any) -> dict[str, str]:
    """The texts of a mapping; whatever else is there says nothing."""
    if not isinstance(values, dict):
        return {}
    return {str(name): value for name, value in values.items() if isinstance(value, str)}


def _absolute(path: Path, values: Mapping[str, Any]) -> Mapping[str, Any]:
    resolved = dict(values)
    for key in _PATH_KEYS:
        if resolved.get(key):
            resolved[key] = str(path.parent / str(resolved[key]))
    plugin = resolved.get("exec")
    if isinstance(plugin, dict) and "/" in str(plugin.get("command", "")):
        resolved["exec"] = {**plugin, "command": str(path.parent / str(plugin["command"]))}
    return resolved


def _unreadable(path: Path, why: str) -> NotReadyError:
    return NotReadyError(
        f"The kubeconfig {path} cannot be read.",
        why=why,
        do=f"Try it with: {files_command([path], None, 'config view')}",
    )
