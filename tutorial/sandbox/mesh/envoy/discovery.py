"""The files of a proxy that Envoy reads again whenever they are replaced, and their versions.

Made by `mesh.control`. One file for all clusters, one for all listeners, one for each route
configuration: Envoy wants a single resource in a file of routes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tutorial.sandbox.mesh.envoy.names import CLUSTERS_FILE, LISTENERS_FILE, routes_file

_CLUSTERS_STATISTIC = "cluster_manager.cds.version_text"
_LISTENERS_STATISTIC = "listener_manager.lds.version_text"

Config = dict[str, Any]


@dataclass(frozen=True)
class DiscoveryFile:
    """One file: its version, its content (JSON), and the end of the statistic in which Envoy says which
    version it has applied."""

    version: str
    content: bytes
    statistic: str

    def applied(self, statistics: Mapping[str, str]) -> str | None:
        """The version that Envoy has applied; None when it has none."""
        return next((value for name, value in statistics.items() if name.endswith(self.statistic)), None)


def discovery_files(
    clusters: Sequence[Config], routes: Iterable[Config], listeners: Sequence[Config]
) -> dict[str, DiscoveryFile]:
    """The files by name, in the order in which to write them: clusters first, so that no route
    names one that is not there yet, and routes before the listeners that ask for them."""
    files = {CLUSTERS_FILE: _file("envoy.config.cluster.v3.Cluster", clusters, _CLUSTERS_STATISTIC)}
    for route in routes:
        name = route["name"]
        # Envoy writes a colon in the name of a statistic as an underscore.
        statistic = f".rds.{name.replace(':', '_')}.version_text"
        files[routes_file(name)] = _file("envoy.config.route.v3.RouteConfiguration", [route], statistic)
    files[LISTENERS_FILE] = _file("envoy.config.listener.v3.Listener", listeners, _LISTENERS_STATISTIC)
    return files


def _file(kind: str, resources: Sequence[Config], statistic: str) -> DiscoveryFile:
    typed = [{"@type": f"type.googleapis.com/{kind}", **resource} for resource in resources]
    encoded = orjson.dumps(typed, option=orjson.OPT_SORT_KEYS)
    version = hashlib.sha256(encoded).hexdigest()[:16]
    content = b'{"version_info":"%s","resources":%s}' % (version.encode(), encoded)
    return DiscoveryFile(version, content, statistic)
